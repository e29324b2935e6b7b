// Access tables: for each trap context (exception level, PSTATE.SP, and every control bit that a trap rule looks at) what
// an access to a system register, a system instruction or a trapped instruction does. The host answers for an entry
// once.
//
// All controls together are a state: {u32 address of the table, u32 FP_ENABLED} by level and PSTATE.SP, the values of the
// controls, and the next state of the same bucket. A state is found by its values, or, where a single control changes, by
// the state before and the change; so a world switch compares a few words and asks nobody. The first table stays empty:
// it is that of levels whose table has not been looked up.

import {
  CTX_GENERATION_NOW,
  EL,
  ENTRY_ALLOWED,
  ENTRY_KIND,
  ENTRY_UNKNOWN,
  FP_ENABLED,
  FP_ENTRY,
  SPSEL,
  TRAP_CHANGE_BYTES,
  TRAP_CHANGES,
  TRAP_CHANGES_MAX,
  TRAP_CONTROL_COUNT,
  TRAP_CONTROLS,
  TRAP_HASH,
  TRAP_HASH_BUCKETS,
  TRAP_HASHED,
  TRAP_STATE,
  TRAP_TABLE,
  TRAP_TABLE_BYTES,
  TRAP_TABLE_NEXT,
  TRAP_TABLES,
  TRAP_TABLES_END,
  TRAP_UNSEEN,
} from '../layout';
import { accessTablesDropped, accessEntry as ask } from './env';

// Fields of a state.
const LEVELS_BYTES: usize = 64;
const NEXT: usize = 64; // u32
const VALUES: usize = 72; // u64 each

// Fields of a change.
const FROM: usize = 0;
const CONTROL: usize = 4;
const VALUE: usize = 8;
const TO: usize = 16;

// An odd number that mixes well: one of Stafford's finalizer.
const MIX: u64 = (0xbf58476d << 32) | 0x1ce4e5b9;

function present(): usize {
  return load<u32>(TRAP_STATE) + (((load<u32>(EL) << 1) | (load<u32>(SPSEL) & 1)) << 3);
}

/** A control changed that answers depend on: which one, nobody says. */
export function accessTablesChanged(): void {
  store<u32>(TRAP_STATE, TRAP_UNSEEN);
  store<u32>(TRAP_TABLE, TRAP_TABLES);
  store<u32>(FP_ENABLED, 0);
}

/** EL or PSTATE.SP changed. @inline */
export function arriveAtTable(): void {
  const level = present();
  store<u32>(TRAP_TABLE, load<u32>(level));
  store<u32>(FP_ENABLED, load<u32>(level, 4));
}

/** The control at an address has changed to `value`, of which these bits matter; nothing else has. */
export function trapControlChanged(control: usize, value: u64): void {
  const from = load<u32>(TRAP_STATE);
  if (from == TRAP_UNSEEN) return;
  const hash = u32((((value ^ (u64(control) << 7) ^ u64(from)) * MIX) >> 40) & (TRAP_CHANGES_MAX - 1));
  const change: usize = TRAP_CHANGES + hash * TRAP_CHANGE_BYTES;
  if (
    load<u32>(change, FROM) != from ||
    load<u32>(change, CONTROL) != u32(control) ||
    load<u64>(change, VALUE) != value
  ) {
    if (madeRoom()) return;
    const to = findState();
    store<u32>(change, from, FROM);
    store<u32>(change, u32(control), CONTROL);
    store<u64>(change, value, VALUE);
    store<u32>(change, u32(to), TO);
  }
  store<u32>(TRAP_STATE, load<u32>(change, TO));
  arriveAtTable();
}

/** Puts the table of the present context in place. */
export function enterAccessTable(): void {
  if (load<u32>(TRAP_TABLE) != TRAP_TABLES) return;
  madeRoom();
  if (load<u32>(TRAP_STATE) == TRAP_UNSEEN) store<u32>(TRAP_STATE, u32(findState()));
  const level = present();
  if (load<u32>(level) == TRAP_TABLES) {
    const table = load<u32>(TRAP_TABLE_NEXT);
    store<u32>(TRAP_TABLE_NEXT, table + load<u32>(TRAP_TABLE_BYTES));
    store<u32>(level, table);
    store<u32>(level, u32((entryOf(table, load<u32>(FP_ENTRY)) & ENTRY_KIND) == ENTRY_ALLOWED), 4);
  }
  arriveAtTable();
}

function controlsEnd(): usize {
  return TRAP_CONTROLS + (load<u32>(TRAP_CONTROL_COUNT) << 4);
}

function stateBytes(): usize {
  return VALUES + ((controlsEnd() - TRAP_CONTROLS) >> 1);
}

/** Whether room for a state and a table had to be made, by giving up all of them. */
function madeRoom(): bool {
  const start: usize = load<u32>(TRAP_TABLE_NEXT);
  if (start != 0 && start + stateBytes() + load<u32>(TRAP_TABLE_BYTES) <= usize(TRAP_TABLES_END)) return false;
  dropAccessTables();
  return true;
}

/** The state of the controls as they are, made if it is new. */
function findState(): usize {
  let hash: u64 = 0;
  const hashed: usize = TRAP_CONTROLS + (TRAP_HASHED << 4);
  for (let control: usize = TRAP_CONTROLS; control < hashed; control += 16) {
    hash = (hash ^ (load<u64>(load<u32>(control)) & load<u64>(control, 8))) * MIX;
    hash ^= hash >> 32;
  }
  const bucket: usize = TRAP_HASH + ((u32(hash) & (TRAP_HASH_BUCKETS - 1)) << 2);
  const end = controlsEnd();
  for (let state: usize = load<u32>(bucket); state != 0; state = load<u32>(state, NEXT)) {
    if (isPresent(state, end)) return state;
  }
  const made: usize = load<u32>(TRAP_TABLE_NEXT);
  store<u32>(TRAP_TABLE_NEXT, u32(made + stateBytes()));
  memory.copy(made, TRAP_UNSEEN, LEVELS_BYTES);
  store<u32>(made, load<u32>(bucket), NEXT);
  store<u32>(bucket, u32(made));
  let value = made;
  for (let control: usize = TRAP_CONTROLS; control < end; control += 16) {
    store<u64>(value, load<u64>(load<u32>(control)) & load<u64>(control, 8), VALUES);
    value += 8;
  }
  return made;
}

function isPresent(state: usize, end: usize): bool {
  let value = state;
  for (let control: usize = TRAP_CONTROLS; control < end; control += 16) {
    if (load<u64>(value, VALUES) != (load<u64>(load<u32>(control)) & load<u64>(control, 8))) return false;
    value += 8;
  }
  return true;
}

/** Forgets all answers. PEs that are parked notice by the generation. */
export function dropAccessTables(): void {
  memory.fill(TRAP_TABLES, 0, TRAP_TABLES_END - TRAP_TABLES);
  memory.fill(TRAP_HASH, 0, TRAP_HASH_BUCKETS * 4);
  memory.fill(TRAP_CHANGES, 0, TRAP_CHANGES_MAX * TRAP_CHANGE_BYTES);
  for (let level: usize = TRAP_UNSEEN; level < usize(TRAP_UNSEEN) + LEVELS_BYTES; level += 8) {
    store<u64>(level, TRAP_TABLES);
  }
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

/** The entry at an offset in the present context. @inline */
export function accessEntry(offset: u32): u32 {
  const known = load<u32>(load<u32>(TRAP_TABLE) + offset);
  return known != ENTRY_UNKNOWN ? known : newEntry(offset);
}

/** The first table, of contexts that were not looked up yet, has no entry. */
function newEntry(offset: u32): u32 {
  enterAccessTable();
  return entryOf(load<u32>(TRAP_TABLE), offset);
}
