/**
 * What the TLBs hold, as a value that can be put back. A walk may set an access flag, so whether one is made belongs to the
 * run: a snapshot has the TLBs too, and neither taking it nor going on from it makes a walk that would not be made without.
 */

import type { Engine } from './engine.ts';
import {
  CONTEXT_BYTES,
  CONTEXT_HASH,
  CONTEXT_LIVE,
  CONTEXT_NEXT,
  CONTEXTS,
  CONTEXTS_END,
  ITLB,
  ITLB_BYTES,
  ITLB_ENTRIES,
  ITLB_RECORDS,
  TLB,
  TLB_ANY,
  TLB_ENTRIES,
  TLB_ENTRY_BITS,
  TLB_INFO,
  WALK_CACHE_END,
} from './layout.ts';

const TLB_BYTES = 1 << TLB_ENTRY_BITS;
const ID = 0xfff;

/** Entries of a table, by their numbers. */
interface Rows {
  readonly numbers: Uint16Array;
  readonly bytes: Uint8Array;
}

export interface Translations {
  /** How contexts are found, the id of the next one, and the addresses of tables. */
  readonly found: Uint8Array;
  readonly contexts: Rows;
  readonly tlb: Rows;
  readonly info: Rows;
  readonly itlb: Rows;
  /** Page of RAM by entry of `itlb`: its records may be elsewhere later. */
  readonly pages: Uint32Array;
}

/** Contexts that were given up leave no trace: nothing finds their entries. */
export function captureTranslations({ u8, u32, records }: Engine): Translations {
  const isLive = (id: number) => u32[(CONTEXTS + id * CONTEXT_BYTES + CONTEXT_LIVE) >> 2] !== 0;
  const numbers = (count: number, holds: (number: number) => boolean): Uint16Array => {
    const all = new Uint16Array(count);
    let held = 0;
    for (let number = 0; number < count; number++) if (holds(number)) all[held++] = number;
    return all.slice(0, held);
  };
  const rows = (numbers: Uint16Array, from: number, size: number): Rows => {
    const bytes = new Uint8Array(numbers.length * size);
    numbers.forEach((number, row) => {
      const at = from + number * size;
      bytes.set(u8.subarray(at, at + size), row * size);
    });
    return { numbers, bytes };
  };
  // That of an empty entry has the one id that is never given out.
  const holds = (tag: number) => isLive(u32[tag >> 2] & ID);
  const ids = numbers(u32[CONTEXT_NEXT >> 2], id => id > 0 && isLive(id));
  const data = numbers(TLB_ENTRIES, number => holds(TLB + number * TLB_BYTES + TLB_ANY));
  const code = numbers(ITLB_ENTRIES, number => holds(ITLB + number * ITLB_BYTES));
  return {
    found: u8.slice(CONTEXT_HASH, WALK_CACHE_END),
    contexts: rows(ids, CONTEXTS, CONTEXT_BYTES),
    tlb: rows(data, TLB, TLB_BYTES),
    info: rows(data, TLB_INFO, TLB_BYTES),
    itlb: rows(code, ITLB, ITLB_BYTES),
    pages: Uint32Array.from(code, number => records.pageOf(u32[(ITLB + number * ITLB_BYTES + ITLB_RECORDS) >> 2])),
  };
}

/** Puts back what `captureTranslations` gave. Every PE has to resolve its contexts anew then. */
export function restoreTranslations({ u8, u32, core, records }: Engine, saved: Translations): void {
  core.flushAll();
  u8.fill(0, CONTEXTS, CONTEXTS_END);
  u8.set(saved.found, CONTEXT_HASH);
  const put = ({ numbers, bytes }: Rows, to: number, size: number): void =>
    numbers.forEach((number, row) => {
      u8.set(bytes.subarray(row * size, (row + 1) * size), to + number * size);
    });
  put(saved.contexts, CONTEXTS, CONTEXT_BYTES);
  put(saved.info, TLB_INFO, TLB_BYTES);
  put(saved.tlb, TLB, TLB_BYTES);
  // The slow path says again what may go straight to memory, as that is not the same at all times.
  core.dropAllTags();
  saved.pages.forEach((page, row) => {
    // Ahead of the entry: to make room for records looks after those that are there.
    const address = records.forPage(page);
    const at = ITLB + saved.itlb.numbers[row] * ITLB_BYTES;
    u8.set(saved.itlb.bytes.subarray(row * ITLB_BYTES, (row + 1) * ITLB_BYTES), at);
    u32[(at + ITLB_RECORDS) >> 2] = address;
  });
}
