import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MACROS, runAssembly } from './assembled.ts';

const program = `${MACROS}
main:
    mov     x0, #2
    msr     pmselr_el0, x0
    mov     x0, #0x08000000         // SW_INCR, counted at EL2
    msr     pmxevtyper_el0, x0
    mov     w0, #0xfffffffe
    msr     pmxevcntr_el0, x0
    mov     x0, #4
    msr     pmcntenset_el0, x0
    msr     pmswinc_el0, x0         // PMCR_EL0.E is 0
    mrs     x10, pmevcntr2_el0
    mov     x1, #1
    msr     pmcr_el0, x1
    mov     x1, #0x3f
    msr     pmswinc_el0, x1
    mrs     x11, pmevcntr2_el0
    mrs     x12, pmovsset_el0
    msr     pmintenset_el1, x0
    msr     pmswinc_el0, x1
    mrs     x13, pmxevcntr_el0
    mrs     x14, pmovsclr_el0
    mrs     x15, pmevcntr0_el0
    mov     x2, #0x08000000
    msr     pmevtyper3_el0, xzr     // not at EL2
    mov     x2, #8
    msr     pmcntenset_el0, x2
    msr     pmswinc_el0, x2
    mrs     x16, pmevcntr3_el0
    ldr     x3, =0x080b0200         // GICR_ISPENDR0 of PE 0
    ldr     w17, [x3]
    msr     pmovsclr_el0, x0
    ldr     w18, [x3]
    mrs     x19, pmovsset_el0
    end
    .ltorg
on_el1:
on_el2:
    b       .
`;

test('SW_INCR counts where PMCR_EL0.E, the enable bit and the filter allow it, and raises PPI 23 on overflow', () => {
  const { pes } = runAssembly(program);
  const x = (n: number): string => `0x${pes[0].readRegister(`X${n}`).toString(16)}`;
  assert.equal(x(10), '0xfffffffe');
  assert.equal(x(11), '0xffffffff');
  assert.equal(x(12), '0x0');
  assert.equal(x(13), '0x0');
  assert.equal(x(14), '0x4');
  assert.equal(x(15), '0x0');
  assert.equal(x(16), '0x0');
  assert.equal(x(17), '0x800000');
  assert.equal(x(18), '0x0');
  assert.equal(x(19), '0x0');
});
