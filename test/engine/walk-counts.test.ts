// A walk may set an access flag, so that memory tells when it was made. Programs that take their own page away from the
// TLB, in the midst of it, and clear and read the flags all the time: each walk is made at the same instruction with and
// without compiled code, in runs that are cut into slices of any length, with and without recording, and in replay.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TwoTiers } from '../../simulator/engine/compiler/compare-tiers.ts';
import { RAM } from '../../simulator/engine/layout.ts';
import { createTarget, type Machine } from '../../simulator/machine.ts';
import type { MachineConfig } from '../../simulator/target.ts';
import { assemble } from './assembled.ts';

const MEMORY = 8 * 2 ** 20;
/** What the programs map. */
const MAPPED = 2 * 2 ** 20;
const LIMIT = 150_000;

/** `wide register, number` loads a number of 32 bits. */
const MACROS = `
    .macro wide register, number
    mov     \\register, #((\\number) & 0xffff)
    movk    \\register, #((\\number) >> 16), lsl #16
    .endm
    // What the flag at X20 says goes into X0, after some times round; the flag is cleared, and looked at once more after a
    // return within the page and a call to another one.
    .macro observe
    and     x9, x19, #7
1:  sub     x9, x9, #1
    tbz     x9, #63, 1b
    ldr     x2, [x20]
    ubfx    x3, x2, #10, #1
    eor     x0, x3, x0, ror #63
    bic     x2, x2, #0x400
    str     x2, [x20]
    bl      near
    tbz     x19, #4, 2f
    bl      far
2:  ldr     x2, [x20]
    ubfx    x3, x2, #10, #1
    eor     x0, x3, x0, ror #63
    .endm
    // Stage 1 of EL2 by the tables at 0x40100000, with HA.
    .macro translate
    wide    x1, 0xff
    msr     mair_el2, x1
    wide    x1, 0x80800000 | 1 << 21 | 3 << 12 | 1 << 10 | 1 << 8 | 25
    msr     tcr_el2, x1
    wide    x1, 0x40100000
    msr     ttbr0_el2, x1
    isb
    wide    x1, 0x30c51835
    msr     sctlr_el2, x1
    isb
    adr     x21, loop
    lsr     x21, x21, #12
    .endm
`;
/** The page of the loop, where X20 has the address of its descriptor. */
const loop = (body: string): string => `
    .balign 0x1000
loop:
    add     x19, x19, #1
${body}
    b       loop
near:
    eor     x10, x10, x19
    ret
    .balign 0x1000
far:
    add     x11, x11, x10
    ret
`;
/** Tables at 0x40100000 that map 2 MB from 0x40000000 on by pages with these attributes. */
const tables = (bits: string): string => `
    wide    x20, 0x40100000
    add     x1, x20, #0x1000
    orr     x2, x1, #3
    str     x2, [x20, #8]           // level 1
    add     x3, x1, #0x1000
    orr     x2, x3, #3
    str     x2, [x1]                // level 2
    wide    x2, 0x40000000 | ${bits}
    mov     x4, #512
3:  str     x2, [x3], #8
    add     x2, x2, #0x1000
    subs    x4, x4, #1
    b.ne    3b
    adr     x1, loop
    ubfx    x1, x1, #12, #9
    sub     x20, x3, #0x1000
    add     x20, x20, x1, lsl #3
`;

/** Source, and PEs that run it. */
const programs: Readonly<Record<string, readonly [string, number?]>> = {
  'stage 1 of EL2': [
    `${MACROS}${tables('0x703')}
    translate
    b       loop
${loop(`
    tlbi    vae2, x21
    observe
    tlbi    alle2
    observe
    mov     x1, #0xff               // contexts that are new or known, until ids run out
    bfi     x1, x19, #8, #13
    msr     mair_el2, x1
    observe
    tst     x19, #1
    mov     x1, #0xff
    msr     mair_el2, x1
    b.eq    4f
    tlbi    vae2is, x21
4:  observe
    adr     x1, far                 // a page of data, which is code
    ldr     x4, [x1]
    tlbi    vae2, x1
    ldr     x4, [x1]
    observe
    mrs     x1, sctlr_el2
    eor     x1, x1, #1 << 19        // WXN, which denies nothing of what is read-only
    eor     x1, x1, #1 << 19
    msr     sctlr_el2, x1
    observe
`)}`,
  ],
  'a PE whose translations another one drops': [
    `${MACROS}${tables('0x703')}
    wide    x0, 0xc4000003          // CPU_ON
    mov     x1, #1
    adr     x2, second
    smc     #0
    translate
    b       loop
    .balign 0x1000
second:
    translate
5:  add     x19, x19, #1
    tlbi    vae2is, x21
    and     x9, x19, #31
6:  sub     x9, x9, #1
    tbz     x9, #63, 6b
    tst     x19, #63
    b.ne    5b
    tlbi    alle2is
    b       5b
${loop('    observe\n    observe\n')}`,
    2,
  ],
  'stage 2 of a guest': [
    `${MACROS}${tables('0x7ff')}
    wide    x1, 0x80000000 | 1 << 21 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | 25 // HA
    msr     vtcr_el2, x1
    wide    x1, 0x40100000
    msr     vttbr_el2, x1
    wide    x1, 0x80000001          // RW, VM
    msr     hcr_el2, x1
    wide    x1, 0x30d00800
    msr     sctlr_el1, x1
    adr     x1, loop
    msr     elr_el2, x1
    mov     x1, #0x3c5
    msr     spsr_el2, x1
    eret
${loop(`
    tlbi    vmalle1
    observe
    wide    x1, 0x30d00800
    and     x4, x19, #1
    orr     x1, x1, x4, lsl #1      // A: another context
    msr     sctlr_el1, x1
    observe
    tlbi    vmalle1is
    msr     contextidr_el1, x19
    observe
    msr     ttbr0_el1, x19
    observe
`)}`,
  ],
};

const config = (source: string, pes = 1): Omit<MachineConfig, 'tier'> => ({
  ...{
    cpu: 'max',
    features: [],
    gic: 3,
    pes,
    memory: MEMORY,
    el: 2,
    semihosting: false,
  },
  ...{ image: assemble(source), imageName: 'test.bin', loadAddress: 0x40080000 },
});

/** Every double word of RAM, and general registers and PC. */
function stateOf(machine: Machine): BigUint64Array {
  const registers = machine.pes.flatMap(pe => [
    pe.pc,
    ...Array.from({ length: 31 }, (_, n) => pe.readRegister(`X${n}`)),
  ]);
  const ram = machine.engine.u64.subarray(RAM >> 3, (RAM + MAPPED) >> 3);
  const state = new BigUint64Array(registers.length + ram.length);
  state.set(registers);
  state.set(ram, registers.length);
  return state;
}

function assertSame(machine: Machine, expected: BigUint64Array, where: string): void {
  const state = stateOf(machine);
  const different = state.findIndex((value, index) => value !== expected[index]);
  assert.equal(
    different,
    -1,
    `${where}: word ${different} differs (32 for each PE, which are PC and X0 on, and then RAM).`,
  );
}

/** Runs to a count in slices of so many instructions. */
function runTo(machine: Machine, count: number, slice: number): void {
  while (machine.instructions < count) {
    const stop = machine.run({ instructions: Math.min(slice, count - machine.instructions) });
    assert.equal(stop.kind, 'limit');
  }
}

for (const [name, [source, pes]] of Object.entries(programs)) {
  const machine = (tier: 0 | 1): Machine => createTarget({ ...config(source, pes), tier, hot: 200 }) as Machine;

  test(`walks of ${name} are made at the same counts with and without compiled code`, () => {
    const tiers = new TwoTiers(config(source, pes));
    for (let step = 0; step < LIMIT / 50; step++) tiers.run(50);
    for (let step = 0; step < 30; step++) {
      tiers.run(9_973);
      tiers.compareMemory();
    }
    assert.ok((tiers.compiling.engine.compiler?.statistics.regions ?? 0) > 0);
    // What the flags have told is no constant.
    assert.notEqual(new Set(BigInt.asUintN(64, tiers.compiling.pes[0].readRegister('X0')).toString(2)).size, 1);
  });

  test(`walks of ${name} are made at the same counts in slices of any length`, () => {
    const whole = machine(0);
    runTo(whole, LIMIT, LIMIT);
    const expected = stateOf(whole);
    for (const tier of [0, 1] as const) {
      for (const slice of [1, 7, 1000, 2063, LIMIT]) {
        const sliced = machine(tier);
        runTo(sliced, LIMIT, slice);
        assertSame(sliced, expected, `tier ${tier}, slices of ${slice}`);
      }
    }
  });

  for (const tier of [0, 1] as const) {
    test(`walks of ${name} are made at the same counts in replay, and recording changes none, in tier ${tier}`, () => {
      const plain = machine(tier);
      const recorded = machine(tier);
      // Snapshots are thinned out on the way, so that replay begins at another one than the run went on from.
      recorded.record({ interval: 7_000, limit: 48 * 4096 });
      const seen: { readonly moment: Machine['moment']; readonly state: BigUint64Array }[] = [];
      for (let count = 0; count < LIMIT; count += 10_007) {
        runTo(plain, count, LIMIT);
        runTo(recorded, count, 3_331);
        const state = stateOf(plain);
        assertSame(recorded, state, `recorded, at ${count}`);
        seen.push({ moment: recorded.moment, state });
      }
      for (const step of [3, 1, 7, 2, 11, 9]) {
        const { moment, state } = seen[step % seen.length];
        recorded.goTo(moment);
        assertSame(recorded, state, `replayed, at ${moment.instructions}`);
        const end = seen[seen.length - 1];
        runTo(recorded, end.moment.instructions, 5_003);
        assertSame(recorded, end.state, `gone on from ${moment.instructions}`);
      }
    });
  }

  test(`walks of ${name} are made at the same counts whatever breakpoints there are`, () => {
    const plain = machine(1);
    const watched = machine(1);
    const pc = { kind: 'instruction', address: 0x4008_1000n, match: () => false } as const;
    const x9 = { kind: 'register', name: 'X9', match: () => false } as const;
    for (let count = 1_000; count < LIMIT / 5; count += 1_009) {
      runTo(plain, count, LIMIT);
      const id = watched.addBreakpoint(count % 2 ? pc : x9);
      runTo(watched, count - 500, LIMIT);
      watched.removeBreakpoint(id);
      runTo(watched, count, LIMIT);
      assertSame(watched, stateOf(plain), `at ${count}`);
    }
  });
}
