import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createTarget, type Machine } from '../../machine.ts';
import type { MachineConfig } from '../../target.ts';
import { X } from '../layout.ts';
import { drawCounts, TwoTiers } from './compare-tiers.ts';

const MIB = 2 ** 20;
const START = 0x40200000;

const base = {
  cpu: 'armv8.4',
  features: [],
  gic: 3,
  pes: 1,
  memory: 32 * MIB,
  el: 1,
  semihosting: false,
} as const;

function elf(path: string, el: 1 | 2 = 1): Omit<MachineConfig, 'tier'> {
  return { ...base, el, image: readFileSync(new URL(`../../${path}`, import.meta.url)), imageName: path };
}

/** A flat binary of instruction words, at START. */
function program(...words: number[]): Omit<MachineConfig, 'tier'> {
  return { ...base, image: new Uint8Array(Uint32Array.from(words).buffer), imageName: 'program', loadAddress: START };
}

function follow(tiers: TwoTiers, seed: number, limit: number): void {
  for (const count of drawCounts(seed)) {
    const stop = tiers.run(count);
    if (stop.kind !== 'limit' || tiers.interpreting.instructions >= limit) break;
  }
  tiers.compareMemory();
}

const compiled = (tiers: TwoTiers): number => tiers.compiling.engine.compiler?.statistics.regions ?? 0;

const workloads = [
  ...['integer', 'memory', 'branches', 'indirect', 'fp', 'simd', 'svc'],
  ...['sort', 'hash', 'text', 'tree', 'recursion', 'interpreter', 'atomics', 'matrix', 'image'],
];
for (const name of workloads) {
  test(`the workload ${name} has the same state with and without compiled code`, () => {
    const tiers = new TwoTiers(elf(`bench/${name}.elf`));
    follow(tiers, 1, 2_000_000);
    assert.ok(compiled(tiers) > 0);
  });
}

test('a workload that calls a hypervisor has the same state with and without compiled code', () => {
  const tiers = new TwoTiers(elf('bench/hvc.elf', 2));
  follow(tiers, 2, 1_000_000);
  assert.ok(compiled(tiers) > 0);
});

for (const seed of [3, 4]) {
  test(`first light has the same state with and without compiled code, drawn from ${seed}`, () => {
    const tiers = new TwoTiers(elf('hypervisors/first-light/first-light.elf', 2));
    for (const count of drawCounts(seed)) {
      // Shorter runs than some that are drawn, as it is over soon, but not too short for compiled code.
      if (tiers.run(1024 + (count % 3000)).kind !== 'limit') break;
    }
    tiers.compareMemory();
    assert.ok(compiled(tiers) > 0);
  });
}

for (const [name, features] of [
  ['split', []],
  ['vhe', ['+vhe']],
] as const) {
  test(`KVM/ARM in miniature, ${name}, has the same state with and without compiled code`, () => {
    const tiers = new TwoTiers({
      ...elf(`hypervisors/kvm-arm/${name}.elf`, 2),
      ...{ cpu: 'max', features: [...features], pes: 2, memory: 128 * MIB },
    });
    follow(tiers, 6, 1_500_000);
    assert.ok(compiled(tiers) > 0);
  });
}

test('code that does not fit goes, the oldest first, and comes back', () => {
  const tiers = new TwoTiers({ ...elf('hypervisors/kvm-arm/split.elf', 2), memory: 128 * MIB, codeBytes: 20_000 });
  follow(tiers, 10, 1_000_000);
  const statistics = tiers.compiling.engine.compiler?.statistics;
  assert.ok(statistics && statistics.dropped > 0 && statistics.regions > statistics.dropped);
});

test('a storm of TLB and cache maintenance in a hot loop changes nothing', () => {
  const tiers = new TwoTiers(
    program(
      0x10000001, // adr x1, .
      0x1100054a, // loop: add w10, w10, #1
      0xd508871f, // tlbi vmalle1
      0xd5088761, // tlbi vaae1, x1
      0xd50b7b21, // dc cvau, x1
      0xd5033b9f, // dsb ish
      0xd50b7521, // ic ivau, x1
      0xd508751f, // ic iallu
      0xd5033fdf, // isb
      0xf9400022, // ldr x2, [x1]
      0x8b020000, // add x0, x0, x2
      0x17fffff6, // b loop
    ),
  );
  follow(tiers, 11, 100_000);
  assert.ok(compiled(tiers) > 0);
});

test('floating point on drawn operands has the same bits and flags with and without compiled code', () => {
  // A draw in X1: as it is, near 1, and such that a product and the addend nearly cancel. FPSR and FPCR change at times.
  const tiers = new TwoTiers(
    program(
      0xd2800000, // mov x0, #0x0
      0xd2a00609, // mov x9, #0x300000
      0xd5181049, // msr cpacr_el1, x9
      0xd5033fdf, // isb
      0xd2824681, // mov x1, #0x1234
      0xf2f579a1, // movk x1, #0xabcd, lsl #48
      0xca013421, // loop: eor x1, x1, x1, lsl #13
      0xca411c21, // eor x1, x1, x1, lsr #7
      0xca014421, // eor x1, x1, x1, lsl #17
      0x9e670020, // fmov d0, x1
      0x9241d822, // and x2, x1, #0x803fffffffffffff
      0xb24a1c42, // orr x2, x2, #0x3fc0000000000000
      0x9e670041, // fmov d1, x2
      0x93c22c43, // ror x3, x2, #11
      0x9241d863, // and x3, x3, #0x803fffffffffffff
      0xb24a1c63, // orr x3, x3, #0x3fc0000000000000
      0x9e670062, // fmov d2, x3
      0x1e620823, // fmul d3, d1, d2
      0x9e660064, // fmov x4, d3
      0xca41f484, // eor x4, x4, x1, lsr #61
      0x9e670084, // fmov d4, x4
      0x1f629025, // fnmsub d5, d1, d2, d4
      0x1f420026, // fmadd d6, d1, d2, d0
      0x1f418807, // fmsub d7, d0, d1, d2
      0x1f611050, // fnmadd d16, d2, d1, d4
      0x1f010811, // fmadd s17, s0, s1, s2
      0x1f029032, // fmsub s18, s1, s2, s4
      0x1e6318b3, // fdiv d19, d5, d3
      0x1e61c014, // fsqrt d20, d0
      0x1e322a35, // fadd s21, s17, s18
      0x1e6738d6, // fsub d22, d6, d7
      0x4ec13817, // zip1 v23.2d, v0.2d, v1.2d
      0x4ec43858, // zip1 v24.2d, v2.2d, v4.2d
      0x4e78cef9, // fmla v25.2d, v23.2d, v24.2d
      0x4fb852fa, // fmls v26.4s, v23.4s, v24.s[1]
      0x2e38defb, // fmul v27.2s, v23.2s, v24.2s
      0x5fd8183c, // fmla d28, d1, v24.d[1]
      0x6e38d75d, // faddp v29.4s, v26.4s, v24.4s
      0x4e37f75e, // fmax v30.4s, v26.4s, v23.4s
      0x6e77e73f, // fcmge v31.2d, v25.2d, v23.2d
      0x9e7800aa, // fcvtzs x10, d5
      0x9e63003e, // ucvtf d30, x1
      0x1e6620e0, // fcmp d7, d6
      0x1e25409f, // frintm s31, s4
      0x9e6600a5, // fmov x5, d5
      0x9e6600c6, // fmov x6, d6
      0x9e6600e7, // fmov x7, d7
      0xca050000, // eor x0, x0, x5
      0xcac014c0, // eor x0, x6, x0, ror #5
      0xcac024e0, // eor x0, x7, x0, ror #9
      0xf2781c3f, // tst x1, #0xff00
      0x54fffa61, // b.ne loop
      0xd51b443f, // msr fpsr, xzr
      0xd36aa428, // lsl x8, x1, #22
      0x926a0508, // and x8, x8, #0xc00000
      0xf270083f, // tst x1, #0x70000
      0x9a9f0108, // csel x8, x8, xzr, eq
      0xd51b4408, // msr fpcr, x8
      0x17ffffcc, // b loop
    ),
  );
  follow(tiers, 12, 600_000);
  assert.ok(compiled(tiers) > 0);
});

test('two PEs that share compiled code have the same state as without', () => {
  const tiers = new TwoTiers({ ...elf('bench/branches.elf'), pes: 2 });
  follow(tiers, 5, 1_000_000);
  assert.ok(compiled(tiers) > 0);
});

const ADD_X0_1 = 0x91000400; // add x0, x0, #1

/** A loop that counts in X0 by an immediate, which it makes one more each time that bits of its counter are all zero. */
const selfChanging = (mask: number) =>
  program(
    0x100000e1, // adr x1, target
    0xb9400022, // ldr w2, [x1]
    0x1100054a, // loop: add w10, w10, #1
    mask, // and w11, w10, #mask
    0x3500006b, // cbnz w11, target
    0x11100042, // add w2, w2, #0x400: the next immediate
    0xb9000022, // str w2, [x1]
    ADD_X0_1, // target
    0x17fffffa, // b loop
  );

test('a loop that changes an instruction of its own runs the new one at once', () => {
  const tiers = new TwoTiers(selfChanging(0x1200254b)); // #0x3ff
  follow(tiers, 7, 300_000);
  const { compiler, u64 } = tiers.compiling.engine;
  assert.ok((compiler?.statistics.dropped ?? 0) > 0);
  assert.ok(u64[X >> 3] > u64[(X >> 3) + 10]);
});

test('functions that come and go at one place run as they are', () => {
  // Two loops, of which one has an instruction more and the other an immediate of its own, are written to a page in turn,
  // hot enough to be compiled, and called.
  const tiers = new TwoTiers(
    program(
      0xd2a80401, // mov x1, #0x40200000
      0xf2820001, // movk x1, #0x1000
      0x52ba2006, // mov w6, #0xd1000000
      0x72808c66, // movk w6, #0x463
      0x52b6bfe7, // mov w7, #0xb5ff0000
      0x729ff867, // movk w7, #0xffc3
      0x52bacbe8, // mov w8, #0xd65f0000
      0x72807808, // movk w8, #0x3c0
      0x52b94269, // mov w9, #0xca130000
      0x52b6bfea, // mov w10, #0xb5ff0000
      0x729ff46a, // movk w10, #0xffa3
      0x53161e64, // outer: ubfiz w4, w19, #10, #8
      0x52b22005, // mov w5, #0x91000000
      0x2a0400a5, // orr w5, w5, w4
      0xb9000025, // str w5, [x1]
      0xf240027f, // tst x19, #0x1
      0x1a8900cb, // csel w11, w6, w9, eq
      0x1a8600ec, // csel w12, w7, w6, eq
      0x1a8a010d, // csel w13, w8, w10, eq
      0x2900b02b, // stp w11, w12, [x1, #4]
      0x2901a02d, // stp w13, w8, [x1, #12]
      0xd508751f, // ic iallu
      0xd503379f, // dsb nsh
      0xd5033fdf, // isb
      0xd2805783, // mov x3, #0x2bc
      0xd63f0020, // blr x1
      0x91000673, // add x19, x19, #0x1
      0x17fffff0, // b outer
    ),
  );
  follow(tiers, 13, 300_000);
  const statistics = tiers.compiling.engine.compiler?.statistics;
  assert.ok(statistics && statistics.dropped > 1);
});

test('code that changes between the time that it is found hot and the time that it is compiled is not compiled', () => {
  // Found after 200 rounds, changed after 256, compiled after 400.
  const tiers = new TwoTiers(selfChanging(0x12001d4b)); // #0xff
  tiers.run(5_000);
  follow(tiers, 9, 100_000);
});

test('data beside compiled code is written without dropping it', () => {
  const tiers = new TwoTiers(
    program(
      0x100000c1, // adr x1, data
      0x1100054a, // loop: add w10, w10, #1
      0xb900002a, // str w10, [x1]
      0xb9400022, // ldr w2, [x1]
      0x8b020000, // add x0, x0, x2
      0x17fffffc, // b loop
      0,
      0,
      0,
    ),
  );
  follow(tiers, 8, 200_000);
  const statistics = tiers.compiling.engine.compiler?.statistics;
  assert.ok(statistics && statistics.regions > 0);
  assert.equal(statistics.dropped, 0);
});

function runningLoop(): Machine {
  const config = program(
    ADD_X0_1, // loop
    0x91000421, // add x1, x1, #1
    0x91000442, // add x2, x2, #1
    0x17fffffd, // b loop
  );
  const machine = createTarget({ ...config, tier: 1 }) as Machine;
  assert.equal(machine.run({ instructions: 100_000 }).kind, 'limit');
  assert.ok((machine.engine.compiler?.statistics.regions ?? 0) > 0);
  return machine;
}

test('a breakpoint in compiled code stops before its instruction, and the loop goes on after it is gone', () => {
  const machine = runningLoop();
  const id = machine.addBreakpoint({ kind: 'instruction', address: BigInt(START + 8) });
  const stop = machine.run({ instructions: 10_000 });
  assert.equal(stop.kind, 'breakpoint');
  assert.equal(machine.pes[0].pc, BigInt(START + 8));
  assert.equal(machine.pes[0].readRegister('X1'), machine.pes[0].readRegister('X2') + 1n);
  const again = machine.run({ instructions: 10_000, stepOff: true });
  assert.equal(again.kind, 'breakpoint');
  assert.equal(machine.instructions % 4, 2);
  machine.removeBreakpoint(id);
  assert.equal(machine.run({ instructions: 100_000, stepOff: true }).kind, 'limit');
});

test('single steps in compiled code are one instruction each', () => {
  const machine = runningLoop();
  for (let step = 0; step < 12; step++) {
    const before = machine.instructions;
    machine.run({ instructions: 1 });
    assert.equal(machine.instructions, before + 1);
    assert.equal(machine.pes[0].pc, BigInt(START + (machine.instructions % 4) * 4));
  }
});

test('bytes that the debugger writes into compiled code are what runs next', () => {
  const machine = runningLoop();
  const x0 = machine.pes[0].readRegister('X0');
  const word = new Uint8Array(Uint32Array.of(0x91002000).buffer); // add x0, x0, #8
  assert.ok(machine.pes[0].write({ kind: 'va' }, BigInt(START), word));
  machine.run({ instructions: 40_000 });
  assert.equal(machine.pes[0].readRegister('X0'), x0 + 80_000n);
});
