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

for (const name of ['integer', 'memory', 'branches', 'indirect', 'fp', 'simd', 'svc']) {
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
