// Access tables: for each trap context (exception level, PSTATE.SP, and every control bit that a trap rule looks at) what
// an access to a system register, a system instruction or a trapped instruction does. The host answers for an entry
// once; contexts that were seen before are found here by their controls, so that a world switch asks nobody.
//
// The first table stays empty: it is that of contexts that have not been looked up since a control changed. Other
// tables have a header before their entries: the values of the controls, EL and PSTATE.SP, next of the same bucket.

import {
  CTX_GENERATION_NOW,
  EL,
  ENTRY_ALLOWED,
  ENTRY_KIND,
  ENTRY_UNKNOWN,
  FP_ENABLED,
  FP_ENTRY,
  SPSEL,
  TRAP_CONTROL_COUNT,
  TRAP_CONTROLS,
  TRAP_HASH,
  TRAP_HASH_BUCKETS,
  TRAP_HASHED,
  TRAP_TABLE,
  TRAP_TABLE_BYTES,
  TRAP_TABLE_CACHE,
  TRAP_TABLE_NEXT,
  TRAP_TABLES,
  TRAP_TABLES_END,
} from '../layout';
import { accessTablesDropped, accessEntry as ask } from './env';

// Fields of the header, before the table.
const LEVEL: usize = 4;
const NEXT: usize = 8;
const VALUES: usize = 8;

// An odd number that mixes well: one of Stafford's finalizer.
const MIX: u64 = (0xbf58476d << 32) | 0x1ce4e5b9;

function levelNow(): u32 {
  return (load<u32>(EL) << 1) | (load<u32>(SPSEL) & 1);
}

/** A control changed that answers depend on: every level has to find its table again. */
export function accessTablesChanged(): void {
  for (let cached: usize = 0; cached < 64; cached += 8) {
    store<u64>(TRAP_TABLE_CACHE + cached, TRAP_TABLES);
  }
  store<u32>(TRAP_TABLE, TRAP_TABLES);
  store<u32>(FP_ENABLED, 0);
}

/** EL or PSTATE.SP changed. */
export function arriveAtTable(): void {
  const cached: usize = TRAP_TABLE_CACHE + (levelNow() << 3);
  store<u32>(TRAP_TABLE, load<u32>(cached));
  store<u32>(FP_ENABLED, load<u32>(cached, 4));
}

/** Puts the table of the present context in place. */
export function enterAccessTable(): void {
  if (load<u32>(TRAP_TABLE) != TRAP_TABLES) return;
  const level = levelNow();
  const end: usize = TRAP_CONTROLS + (load<u32>(TRAP_CONTROL_COUNT) << 4);
  let hash: u64 = level;
  const hashed: usize = TRAP_CONTROLS + (TRAP_HASHED << 4);
  for (let control: usize = TRAP_CONTROLS; control < hashed; control += 16) {
    hash = (hash ^ (load<u64>(load<u32>(control)) & load<u64>(control, 8))) * MIX;
    hash ^= hash >> 32;
  }
  const bucket: usize = TRAP_HASH + ((u32(hash) & (TRAP_HASH_BUCKETS - 1)) << 2);
  let table: usize = load<u32>(bucket);
  while (table != 0 && !isFor(table, level, end)) table = load<u32>(table - NEXT);
  if (table == 0) table = newTable(bucket, level, end);
  store<u32>(TRAP_TABLE, u32(table));
  const fp = u32((entryOf(table, load<u32>(FP_ENTRY)) & ENTRY_KIND) == ENTRY_ALLOWED);
  store<u32>(FP_ENABLED, fp);
  const cached: usize = TRAP_TABLE_CACHE + (level << 3);
  store<u32>(cached, u32(table));
  store<u32>(cached, fp, 4);
}

function isFor(table: usize, level: u32, end: usize): bool {
  if (load<u32>(table - LEVEL) != level) return false;
  let value = table - VALUES;
  for (let control: usize = TRAP_CONTROLS; control < end; control += 16) {
    value -= 8;
    if (load<u64>(value) != (load<u64>(load<u32>(control)) & load<u64>(control, 8))) return false;
  }
  return true;
}

function newTable(bucket: usize, level: u32, end: usize): usize {
  const header = VALUES + ((end - TRAP_CONTROLS) >> 1);
  const bytes: usize = load<u32>(TRAP_TABLE_BYTES);
  let start: usize = load<u32>(TRAP_TABLE_NEXT);
  if (start == 0 || start + header + bytes > usize(TRAP_TABLES_END)) {
    dropAccessTables();
    start = load<u32>(TRAP_TABLE_NEXT);
  }
  const table = start + header;
  store<u32>(TRAP_TABLE_NEXT, u32(table + bytes));
  store<u32>(table - NEXT, load<u32>(bucket));
  store<u32>(bucket, u32(table));
  store<u32>(table - LEVEL, level);
  let value: usize = table - VALUES;
  for (let control: usize = TRAP_CONTROLS; control < end; control += 16) {
    value -= 8;
    store<u64>(value, load<u64>(load<u32>(control)) & load<u64>(control, 8));
  }
  return table;
}

/** Forgets all answers. PEs that are parked notice by the generation. */
export function dropAccessTables(): void {
  memory.fill(TRAP_TABLES, 0, TRAP_TABLES_END - TRAP_TABLES);
  memory.fill(TRAP_HASH, 0, TRAP_HASH_BUCKETS * 4);
  accessTablesChanged();
  store<u32>(CTX_GENERATION_NOW, load<u32>(CTX_GENERATION_NOW) + 1);
  store<u32>(TRAP_TABLE_NEXT, TRAP_TABLES + load<u32>(TRAP_TABLE_BYTES));
  accessTablesDropped();
}

function entryOf(table: usize, offset: u32): u32 {
  const known = load<u32>(table + offset);
  if (known != ENTRY_UNKNOWN) return known;
  const entry = ask(offset);
  store<u32>(table + offset, entry);
  return entry;
}

/** The entry at an offset in the present context. */
export function accessEntry(offset: u32): u32 {
  enterAccessTable();
  return entryOf(load<u32>(TRAP_TABLE), offset);
}
