import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTarget, type Machine } from '../../machine.ts';
import { RAM } from '../layout.ts';
import { handlers } from '../semantics/index.ts';
import { emitRegion, planRegion, Shared } from './emitter.ts';
import type { Region } from './region.ts';
import { usageOf } from './usage.ts';

const SUBS = 0xeb030041; // subs x1, x2, x3

/** Two words of one handler, which differ in all that they may. */
const pairs: Readonly<Record<string, readonly [number, number]>> = {
  'an addition, to SP': [0x91001c41, 0x913e83f4], // add x1, x2, #7; add x20, sp, #4000
  'a load, to XZR': [0xf9400883, 0xf947fcbf], // ldr x3, [x4, #16]; ldr xzr, [x5, #4088]
  'a load of a pair, with writeback': [0x28c10861, 0x28fe2be9], // ldp w1, w2, [x3], #8; ldp w9, w10, [sp], #-16
  'a store, of WZR': [0xb82878e6, 0xb83f793f], // str w6, [x7, x8, lsl #2]; str wzr, [x9, xzr, lsl #2]
  'four operands': [0x9b031041, 0x9b1c7fbe], // madd x1, x2, x3, x4; madd x30, x29, x28, xzr
  'flags that are set': [0xeb030041, 0xeb09011f], // subs x1, x2, x3; subs xzr, x8, x9
  'a condition': [0x9a831041, 0x9a8683e4], // csel x1, x2, x3, ne; csel x4, xzr, x6, hi
  'the carry': [0x9a030041, 0x9a0600a4], // adc x1, x2, x3; adc x4, x5, x6
  'flags that are set on a condition': [0xfa420023, 0xfa44c060], // ccmp x1, x2, #3, eq; ccmp x3, x4, #0, gt
  'a product of halves': [0x9ba37c41, 0x9ba67ca4], // umull x1, w2, w3; umull x4, w5, w6
  'an FP addition': [0x1e632841, 0x1e602bdf], // fadd d1, d2, d3; fadd d31, d30, d0
  'a single, for which the core is called': [0x1e232841, 0x1e202bdf], // fadd s1, s2, s3; fadd s31, s30, s0
  'a vector, for which the core is called': [0x4e23d441, 0x4e20d7df], // fadd v1.4s, v2.4s, v3.4s; fadd v31.4s, v30.4s, v0.4s
  structures: [0x4c40a021, 0x4c40a3fe], // ld1 {v1.16b, v2.16b}, [x1]; ld1 {v30.16b, v31.16b}, [sp]
  'an exclusive load': [0xc85f7c41, 0xc85f7ffe], // ldxr x1, [x2]; ldxr x30, [sp]
  'a system register': [0xd53bd041, 0xd53bd049], // mrs x1, tpidr_el0; mrs x9, tpidr_el0
  'an address': [0x10000041, 0x10ff8002], // adr x1, .+8; adr x2, .-4096
  'a large immediate': [0xd2ffffe1, 0xd2e00022], // movz x1, #0xffff, lsl #48; movz x2, #1, lsl #48
};

const machine = createTarget({
  ...{ cpu: 'max', features: [], gic: 3, pes: 1, memory: 2 ** 25, el: 1, semihosting: false },
  image: new Uint8Array(4),
  imageName: 'words',
  loadAddress: 0x40200000,
}) as Machine;

/** A region of some words, one after another. */
function regionOf(words: readonly number[]): Region {
  const { u32, records } = machine.engine;
  const instructions = words.map((word, index) => {
    u32[RAM >> 2] = word;
    const ready = records.readyOf(RAM);
    return { offset: index * 4, ready, usage: usageOf(handlers[ready.handler]) };
  });
  const block = { offset: 0, instructions, end: words.length * 4, branch: undefined };
  return { blocks: [block], pages: new Map([[0, { records: 0x1000, page: 0 }]]), entries: new Set([0]) };
}

const imports: string[] = [];
const shared = () =>
  new Shared(name => {
    if (!imports.includes(name)) imports.push(name);
    return imports.indexOf(name);
  });

function emitted(words: readonly number[], by: Shared) {
  const region = regionOf(words);
  const plan = planRegion(region, 1000);
  assert.ok(plan);
  const { code, locals } = emitRegion(region, plan, 1, by);
  return { bytes: code.bytes(), hints: code.hints, locals };
}

for (const [name, [first, second]] of Object.entries(pairs)) {
  test(`code from a template is what its instruction gets without: ${name}`, () => {
    const used = shared();
    emitted([SUBS, first], used);
    assert.deepEqual(emitted([SUBS, second], used), emitted([SUBS, second], shared()));
    // And once more, where nothing is emitted but from templates.
    assert.deepEqual(emitted([SUBS, second], used), emitted([SUBS, second], shared()));
  });
}
