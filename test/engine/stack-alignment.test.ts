// Stack pointer alignment checking (Arm ARM D1, SCTLR_ELx.SA and SA0), which QEMU leaves out. What is expected is counted
// by the assembler: each `faults` is one exception of class 0x26, each `traps` another one, each `works` is none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from '../../simulator/machine.ts';
import type { MachineConfig, Target } from '../../simulator/target.ts';
import { MACROS, machineFor, runToEnd } from './assembled.ts';

const ROUNDS = 30;

/** X20 counts stack alignment faults, X21 other exceptions, X22 is the sum of the values of SP that blocks ended with. */
const program = (blocks: string) => `${MACROS}
    .set    expected, 0
    .macro faults instruction:vararg
    .set    expected, expected + 1
    \\instruction
    .endm
    .set    others, 0
    .macro traps instruction:vararg
    .set    others, others + 1
    \\instruction
    .endm
    .macro works instruction:vararg
    \\instruction
    .endm
    .macro sum
    mov     x2, sp
    sub     x2, x2, x9
    add     x22, x22, x2
    .endm
main:
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    adr     x0, vectors_el1
    msr     vbar_el1, x0
    set     cptr_el2, 0x33ff
    set     cpacr_el1, 0x300000
    set     hcr_el2, 0x80000000
    set     sctlr_el2, 0x30c50838   // SA
    set     sctlr_el1, 0x30d00818   // SA, SA0
    msr     far_el1, xzr
    msr     far_el2, xzr
    isb
    adr     x9, area
    adr     x0, area_el2
    msr     spsel, #1
    mov     sp, x0
    msr     spsel, #0
    mov     x4, #${ROUNDS}
loop:
    mov     sp, x9
${blocks}
    subs    x4, x4, #1
    b.ne    loop
    mov     x23, #expected
    mov     x26, #others
    mrs     x24, far_el1
    mrs     x25, far_el2
    end
    .ltorg
on_el1:
    mrs     x1, esr_el1
    mrs     x3, elr_el1
    lsr     x27, x1, #26
    cmp     x27, #0x15              // an SVC climbs as well
    b.ne    3f
    hvc     #1
3:
    add     x3, x3, #4
    msr     elr_el1, x3
    b       1f
on_el2:
    mrs     x1, elr_el2
    lsr     x5, x28, #26
    cmp     x5, #0x16               // an HVC climbs
    b.ne    2f
    tst     x28, #1
    csel    x1, x3, x1, ne
    mov     x5, #0x3c8
    msr     spsr_el2, x5
    msr     elr_el2, x1
    eret
2:  add     x1, x1, #4
    msr     elr_el2, x1
    mov     x1, x28
1:  movz    x3, #0x9a00, lsl #16   // class 0x26, IL, no ISS
    cmp     x1, x3
    cinc    x20, x20, eq
    cinc    x21, x21, ne
    eret
    .balign 16
    .skip   256
area:
    .skip   256
    .skip   256
area_el2:
    .skip   256
`;

const blocks: Record<string, string> = {
  'every kind of access with SP as base, and no other instruction': `
    sub     sp, sp, #8
    faults  ldr x5, [sp]
    faults  str x5, [sp, #8]
    faults  ldrb w5, [sp, #1]
    faults  ldur x5, [sp, #-8]
    faults  ldr x5, [sp, xzr]
    faults  ldr x5, [sp], #8
    faults  str x5, [sp, #-8]!
    faults  str x5, [sp, #-16]!
    faults  ldp x5, x6, [sp, #8]
    faults  stp x5, x6, [sp], #24
    faults  ldr q0, [sp, #8]
    faults  stp q0, q1, [sp, #16]
    faults  ldtr x5, [sp]
    faults  ldar x5, [sp]
    faults  ldxr x5, [sp]
    faults  stxr w5, x6, [sp]       // although the monitor is open
    faults  swp x5, x6, [sp]
    faults  cas x5, x6, [sp]
    faults  ld1 {v0.8b}, [sp]
    faults  st1 {v0.2d}, [sp], #16
    faults  ldapur x5, [sp]
    works   prfm pldl1keep, [sp]
    works   ldr x5, [x9]
    works   str x5, [x9, #8]
    works   ldr x5, area
    works   ldr q0, [x9]
    works   add x5, sp, #1
    sum
    add     sp, sp, #8
    works   ldr x5, [sp, #8]
    works   ldr x5, [sp, #4]
    works   str x5, [sp], #16
    works   ldp x5, x6, [sp, #-16]!
    sum`,
  'traps of FP come first, alignment faults of the access do not': `
    sub     sp, sp, #4
    mrs     x10, cptr_el2
    orr     x11, x10, #0x400        // TFP
    msr     cptr_el2, x11
    isb
    traps   ldr q0, [sp]
    faults  ldr x5, [sp]
    msr     cptr_el2, x10
    isb
    faults  ldr q0, [sp]
    faults  ldar x5, [sp]           // and not for what LDAR needs
    faults  ldaxr x5, [sp]
    add     x5, x9, #12
    traps   ldaxr x6, [x5]
    msr     far_el2, xzr`,
  'every way to write SP': `
    mov     x6, #8
    mov     x7, #-8
    sub     sp, sp, #4
    faults  ldr x5, [sp]
    add     sp, sp, #4
    works   ldr x5, [sp]
    add     sp, sp, x6
    faults  ldr x5, [sp]
    sub     sp, sp, w6, uxtw
    works   ldr x5, [sp]
    sub     sp, sp, x6, lsl #1
    works   ldr x5, [sp]
    add     sp, sp, w7, sxtw
    faults  ldr x5, [sp, #32]
    sum
    orr     x5, x9, #8
    mov     sp, x5
    faults  ldr x5, [sp]
    and     sp, x9, #~15
    works   ldr x5, [sp]
    orr     sp, x9, #8
    faults  ldr x5, [sp]
    eor     sp, x9, #8
    faults  ldr x5, [sp]
    mov     sp, x9
    works   ldr x5, [sp], #8
    faults  ldr x5, [sp]
    sum
    mov     sp, x9
    works   str x5, [sp, #-24]!
    faults  str x5, [sp, #-24]!
    mov     sp, x9
    works   ldp x5, x6, [sp], #24
    faults  ldp x5, x6, [sp], #-24
    sum
    mov     sp, x9
    works   ld1 {v0.8b}, [sp], #8
    faults  ld1 {v0.8b}, [sp], #8
    mov     sp, x9
    mov     x6, #4
    works   st1 {v0.8b}, [sp], x6
    faults  st1 {v0.8b}, [sp], x6
    add     wsp, wsp, #12
    works   ldr x5, [sp]
    sum`,
  'the SP that PSTATE.SP selects': `
    msr     spsel, #1
    add     x5, x9, #8
    msr     sp_el0, x5
    works   ldr x5, [sp]
    msr     spsel, #0
    faults  ldr x5, [sp]
    msr     spsel, #1
    works   ldr x5, [sp]
    sub     sp, sp, #8
    msr     spsel, #0
    faults  ldr x5, [sp]
    mov     sp, x9
    works   ldr x5, [sp]
    msr     spsel, #1
    add     sp, sp, #8
    works   ldr x5, [sp]
    msr     spsel, #0`,
  'SCTLR_EL2.SA, which may be off and come on': `
    add     sp, sp, #8
    mrs     x10, sctlr_el2
    bic     x11, x10, #8
    msr     sctlr_el2, x11
    isb
    works   ldr x5, [sp]
    works   str x5, [sp, #8]!
    sub     sp, sp, #4
    works   ldr x5, [sp]
    msr     sctlr_el2, x10
    isb
    faults  ldr x5, [sp]
    faults  ldr x5, [sp, #4]`,
  'the level and its bit: SCTLR_EL1.SA at EL1, SA0 at EL0': `
    mrs     x10, sctlr_el1
    add     x5, x9, #8
    msr     sp_el1, x5
    mov     sp, x5
    .irp state, 0x3c4, 0x3c5, 0x3c0
    .irp sa, 0x18, 0x08, 0x10
    bic     x11, x10, #0x18
    orr     x11, x11, #\\sa
    msr     sctlr_el1, x11
    mov     x5, #\\state
    msr     spsr_el2, x5
    adr     x5, 1f
    msr     elr_el2, x5
    eret
1:
    .if (\\state == 0x3c0 && (\\sa & 0x10)) || (\\state != 0x3c0 && (\\sa & 0x08))
    faults  ldr x5, [sp]
    faults  str x5, [sp, #8]
    .else
    works   ldr x5, [sp]
    works   str x5, [sp, #8]
    .endif
    works   ldr x5, [x9]
    .if \\state == 0x3c0
    svc     #0
    .else
    hvc     #0
    .endif
    .endr
    .endr
    msr     sctlr_el1, x10`,
};

const tiers: Record<string, Partial<MachineConfig>> = {
  interpreted: { tier: 0 },
  compiled: { tier: 1, hot: 4 },
  'with cycles counted': { profile: 'seattle' },
};

function check(target: Target): void {
  const x = (n: number) => target.pes[0].readRegister(`X${n}`);
  assert.notEqual(x(23), 0n);
  assert.deepEqual([x(20), x(21)], [x(23) * BigInt(ROUNDS), x(26) * BigInt(ROUNDS)]);
  assert.deepEqual([x(24), x(25)], [0n, 0n], 'FAR_ELx is left alone');
}

for (const [what, block] of Object.entries(blocks)) {
  const sums = new Set<bigint>();
  for (const [tier, config] of Object.entries(tiers)) {
    test(`stack alignment, ${tier}: ${what}`, () => {
      const target = machineFor(program(block), config);
      runToEnd(target);
      check(target);
      const { compiler } = (target as Machine).engine;
      assert.equal((compiler?.statistics.regions ?? 0) > 0, config.tier === 1);
      sums.add(target.pes[0].readRegister('X22'));
      assert.equal(sums.size, 1);
    });
  }
}
