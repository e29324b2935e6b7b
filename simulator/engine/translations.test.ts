import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTarget, type Machine } from '../machine.ts';
import {
  BLOCK_SET_BYTES,
  BLOCK_SETS,
  CONTEXT_BYTES,
  CONTEXT_LIVE,
  CONTEXT_NEXT,
  CONTEXT_SIZES,
  CONTEXTS,
  ITLB,
  ITLB_BYTES,
  ITLB_RECORDS,
  TLB,
  TLB_ANY,
  TLB_ENTRY_BITS,
  TLB_INFO,
  TLB_PAGE,
} from './layout.ts';
import { captureTranslations, restoreTranslations, TRANSLATIONS_WORDS_MAX } from './translations.ts';

const [KEPT, GIVEN_UP] = [5, 6];
const context = (id: number): number => (CONTEXTS + id * CONTEXT_BYTES) >> 2;
const set = (id: number): number => (BLOCK_SETS + id * BLOCK_SET_BYTES) >> 2;
const data = (entry: number): number => (TLB + (entry << TLB_ENTRY_BITS)) >> 2;
const info = (entry: number): number => (TLB_INFO + (entry << TLB_ENTRY_BITS)) >> 2;
const code = (entry: number): number => (ITLB + entry * ITLB_BYTES) >> 2;

test('contexts, the blocks they have entered and entries of the TLBs are put back as they were', () => {
  const { engine } = createTarget({
    image: new Uint8Array(16),
    imageName: 'test.bin',
    loadAddress: 0x40080000,
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: 8 * 2 ** 20,
    el: 2,
    semihosting: false,
  }) as Machine;
  const { u32, records, core } = engine;
  core.flushAll();
  u32[CONTEXT_NEXT >> 2] = GIVEN_UP + 1;
  // A block of 2^39 bytes, whose bit is in the upper word.
  u32[context(KEPT) + (CONTEXT_SIZES >> 2) + 1] = 0x80;
  u32[context(KEPT) + (CONTEXT_LIVE >> 2)] = 1;
  u32[set(KEPT) + 3] = 0x10;
  for (const [entry, id] of [KEPT, GIVEN_UP].entries()) {
    u32[data(entry) + (TLB_ANY >> 2)] = 0x40000000 | id;
    u32[data(entry) + (TLB_PAGE >> 2)] = 0x40000;
    u32[info(entry)] = 0x1234;
    u32[code(entry)] = 0x40000000 | id;
    u32[code(entry) + (ITLB_RECORDS >> 2)] = records.forPage(2);
  }
  const saved = new Uint32Array(TRANSLATIONS_WORDS_MAX);
  const end = captureTranslations(engine, saved, 1);

  // Another context gets the id, and records get another place.
  u32[set(KEPT) + 3] = 0x20;
  u32[set(KEPT) + 4] = 0x40;
  core.flushAll();
  records.clear();
  records.forPage(3);
  restoreTranslations(engine, saved, 1);

  assert.equal(u32[CONTEXT_NEXT >> 2], GIVEN_UP + 1);
  assert.deepEqual([...u32.subarray(set(KEPT) + 3, set(KEPT) + 5)], [0x10, 0]);
  assert.equal(u32[data(0) + (TLB_ANY >> 2)], 0x40000000 | KEPT);
  assert.equal(u32[data(0) + (TLB_PAGE >> 2)], 0x40000);
  assert.equal(u32[info(0)], 0x1234);
  assert.equal(u32[code(0)], 0x40000000 | KEPT);
  assert.equal(u32[code(0) + (ITLB_RECORDS >> 2)], records.forPage(2));
  assert.equal(u32[data(1) + (TLB_ANY >> 2)], 0xffffffff);
  const again = new Uint32Array(TRANSLATIONS_WORDS_MAX);
  assert.equal(captureTranslations(engine, again, 1), end);
  assert.deepEqual(again, saved);
});
