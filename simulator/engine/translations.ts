/**
 * What the TLBs hold, as words that can be put back. A walk may set an access flag, so whether one is made belongs to the
 * run: a snapshot has the TLBs too, and neither taking it nor going on from it makes a walk that would not be made without.
 *
 * The words are how contexts are found, then four lists with their lengths ahead: contexts, words of their sets of blocks,
 * entries of the TLB, and entries of the ITLB. Loops move single words: a snapshot is taken every few milliseconds, and
 * views of entries would cost more than all else of it.
 */

import type { Engine } from './engine.ts';
import {
  BLOCK_SET_BYTES,
  BLOCK_SETS,
  CONTEXT_BYTES,
  CONTEXT_HASH,
  CONTEXT_LIVE,
  CONTEXT_NEXT,
  CONTEXT_SIZES,
  CONTEXTS,
  CONTEXTS_END,
  ITLB,
  ITLB_BYTES,
  ITLB_ENTRIES,
  ITLB_RECORDS,
  TLB,
  TLB_ADDEND,
  TLB_ANY,
  TLB_ENTRIES,
  TLB_ENTRY_BITS,
  TLB_INFO,
  WALK_CACHE_END,
} from './layout.ts';

const TLB_BYTES = 1 << TLB_ENTRY_BITS;
const ID = 0xfff;
const FOUND_WORDS = (WALK_CACHE_END - CONTEXT_HASH) >> 2;
const CONTEXT_WORDS = CONTEXT_BYTES >> 2;
const SET_WORDS = BLOCK_SET_BYTES >> 2;
const TLB_WORDS = TLB_BYTES >> 2;
const ITLB_WORDS = ITLB_BYTES >> 2;
/** Tags for reads and writes are ahead of this, and not kept: the slow path says again what may go straight to memory. */
const TLB_FIRST = TLB_ADDEND >> 2;
const ITLB_PLACE = ITLB_RECORDS >> 2;
const CONTEXTS_MAX = (CONTEXTS_END - CONTEXTS) / CONTEXT_BYTES;

/** Words that `captureTranslations` writes at most. */
export const TRANSLATIONS_WORDS_MAX =
  FOUND_WORDS +
  4 +
  CONTEXTS_MAX * (1 + CONTEXT_WORDS + 2 * SET_WORDS) +
  TLB_ENTRIES * (1 + 2 * TLB_WORDS - TLB_FIRST) +
  ITLB_ENTRIES * (1 + ITLB_WORDS);

/**
 * Writes what the TLBs hold to `to` from index `at` on; returns the index of its end. Contexts that were given up leave no
 * trace: nothing finds their entries.
 */
export function captureTranslations({ u32, records }: Engine, to: Uint32Array, at: number): number {
  let end = at;
  for (let word = 0; word < FOUND_WORDS; word++) to[end++] = u32[(CONTEXT_HASH >> 2) + word];

  const ids = u32[CONTEXT_NEXT >> 2];
  let count = end++;
  for (let id = 1; id < ids; id++) {
    const from = (CONTEXTS + id * CONTEXT_BYTES) >> 2;
    if (u32[from + (CONTEXT_LIVE >> 2)] === 0) continue;
    to[end++] = id;
    for (let word = 0; word < CONTEXT_WORDS; word++) to[end++] = u32[from + word];
  }
  to[count] = (end - count - 1) / (1 + CONTEXT_WORDS);

  // A set has few bits, and means nothing before the first of them.
  count = end++;
  for (let id = 1; id < ids; id++) {
    const context = (CONTEXTS + id * CONTEXT_BYTES) >> 2;
    if (u32[context + (CONTEXT_LIVE >> 2)] === 0) continue;
    if ((u32[context + (CONTEXT_SIZES >> 2)] | u32[context + (CONTEXT_SIZES >> 2) + 1]) === 0) continue;
    const from = (BLOCK_SETS + id * BLOCK_SET_BYTES) >> 2;
    for (let word = from; word < from + SET_WORDS; word++) {
      if (u32[word] === 0) continue;
      to[end++] = word;
      to[end++] = u32[word];
    }
  }
  to[count] = (end - count - 1) / 2;

  // The tag of an empty entry has the one id that is never given out.
  count = end++;
  for (let entry = 0; entry < TLB_ENTRIES; entry++) {
    const from = (TLB + entry * TLB_BYTES) >> 2;
    const id = u32[from + (TLB_ANY >> 2)] & ID;
    if (u32[(CONTEXTS + id * CONTEXT_BYTES + CONTEXT_LIVE) >> 2] === 0) continue;
    const info = (TLB_INFO + entry * TLB_BYTES) >> 2;
    to[end++] = entry;
    for (let word = TLB_FIRST; word < TLB_WORDS; word++) to[end++] = u32[from + word];
    for (let word = 0; word < TLB_WORDS; word++) to[end++] = u32[info + word];
  }
  to[count] = (end - count - 1) / (1 + 2 * TLB_WORDS - TLB_FIRST);

  count = end++;
  for (let entry = 0; entry < ITLB_ENTRIES; entry++) {
    const from = (ITLB + entry * ITLB_BYTES) >> 2;
    if (u32[(CONTEXTS + (u32[from] & ID) * CONTEXT_BYTES + CONTEXT_LIVE) >> 2] === 0) continue;
    to[end++] = entry;
    for (let word = 0; word < ITLB_WORDS; word++) to[end++] = u32[from + word];
    // Its records may be elsewhere later.
    to[end - ITLB_WORDS + ITLB_PLACE] = records.pageOf(u32[from + ITLB_PLACE]);
  }
  to[count] = (end - count - 1) / (1 + ITLB_WORDS);
  return end;
}

/** Puts back what `captureTranslations` wrote at `at`. Every PE has to resolve its contexts anew then. */
export function restoreTranslations({ u8, u32, core, records }: Engine, saved: Uint32Array, at: number): void {
  core.flushAll();
  u8.fill(0, CONTEXTS, CONTEXTS_END);
  let next = at;
  for (let word = 0; word < FOUND_WORDS; word++) u32[(CONTEXT_HASH >> 2) + word] = saved[next++];

  for (let count = saved[next++]; count > 0; count--) {
    const id = saved[next++];
    const to = (CONTEXTS + id * CONTEXT_BYTES) >> 2;
    for (let word = 0; word < CONTEXT_WORDS; word++) u32[to + word] = saved[next++];
    const set = BLOCK_SETS + id * BLOCK_SET_BYTES;
    u8.fill(0, set, set + BLOCK_SET_BYTES);
  }
  for (let count = saved[next++]; count > 0; count--) {
    const word = saved[next++];
    u32[word] = saved[next++];
  }
  for (let count = saved[next++]; count > 0; count--) {
    const entry = saved[next++];
    const to = (TLB + entry * TLB_BYTES) >> 2;
    const info = (TLB_INFO + entry * TLB_BYTES) >> 2;
    for (let word = TLB_FIRST; word < TLB_WORDS; word++) u32[to + word] = saved[next++];
    for (let word = 0; word < TLB_WORDS; word++) u32[info + word] = saved[next++];
  }
  core.dropAllTags();
  for (let count = saved[next++]; count > 0; count--) {
    const to = (ITLB + saved[next++] * ITLB_BYTES) >> 2;
    // Ahead of the entry: to make room for records looks after those that are there.
    const address = records.forPage(saved[next + ITLB_PLACE]);
    for (let word = 0; word < ITLB_WORDS; word++) u32[to + word] = saved[next++];
    u32[to + ITLB_PLACE] = address;
  }
}
