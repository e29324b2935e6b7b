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
  // With FEAT_PMUv3p5 a counter has 64 bits, of which the lower half overflows.
  assert.equal(x(13), '0x100000000');
  assert.equal(x(14), '0x4');
  assert.equal(x(15), '0x0');
  assert.equal(x(16), '0x0');
  assert.equal(x(17), '0x800000');
  assert.equal(x(18), '0x0');
  assert.equal(x(19), '0x0');
});

/** EL2 counts exceptions, returns and calls while EL1 makes 20; a chained pair, and an interrupt by instructions retired. */
const events = `${MACROS}
    .macro count n, event
    set     pmevtyper\\n\\()_el0, \\event | 1 << 27
    .endm
main:
    adr     x0, vectors_el2
    msr     vbar_el2, x0
    set     hcr_el2, 0x80000010     // RW, IMO
    count   0, 0x09                 // EXC_TAKEN
    count   1, 0x0a                 // EXC_RETURN
    count   2, 0x8a                 // EXC_HVC
    count   4, 0x08                 // INST_RETIRED
    count   5, 0x1e                 // CHAIN
    set     pmevcntr4_el0, 0xffffffff
    set     pmevcntr5_el0, 6
    set     pmcntenset_el0, 0x37
    set     pmcr_el0, 1
    mov     x2, #0x3c5
    msr     spsr_el2, x2
    adr     x0, guest
    msr     elr_el2, x0
    isb
    eret
guest:
    mov     x3, #20
1:  hvc     #0
    subs    x3, x3, #1
    b.ne    1b
    hvc     #1
back:
    msr     pmcr_el0, xzr
    mrs     x10, pmevcntr0_el0
    mrs     x11, pmevcntr1_el0
    mrs     x12, pmevcntr2_el0
    mrs     x13, pmevcntr5_el0
    // An interrupt when the 100th instruction from here retires.
    set     pmevtyper0_el0, 0x08 | 1 << 27
    set     pmevcntr0_el0, 0xffffff9c
    set     pmcntenset_el0, 0x3f
    set     pmcntenclr_el0, 0x3e
    set     pmovsclr_el0, 0x3f
    set     pmintenset_el1, 1
    ldr     x0, =0x08000000         // GICD_CTLR, GICR_WAKER, group, enable
    mov     w1, #0x12
    str     w1, [x0]
    ldr     x0, =0x080b0000
    mov     w1, #1 << 23
    str     w1, [x0, #0x80]
    str     w1, [x0, #0x100]
    mov     x1, #0xf0
    msr     S3_0_C4_C6_0, x1        // ICC_PMR_EL1
    mov     x1, #7
    msr     S3_4_C12_C9_5, x1       // ICC_SRE_EL2
    isb
    mov     x1, #1
    msr     S3_0_C12_C12_7, x1      // ICC_IGRPEN1_EL1
    isb
    msr     daifclr, #2
    set     pmcr_el0, 1
    mov     x20, #0
2:  add     x20, x20, #1
    b       2b
    .ltorg
on_el1:
    b       .
on_el2:
    mrs     x1, esr_el2
    lsr     x1, x1, #26
    cmp     x1, #0x16
    b.ne    3f
    cbnz    x21, 3f
    mrs     x1, esr_el2
    tbz     x1, #0, 4f
    mov     x21, #1
    b       back
4:  eret
3:  mrs     x22, elr_el2
    adr     x23, 2b
    mrs     x24, S3_0_C12_C12_0     // ICC_IAR1_EL1
    end
    .ltorg
`;

for (const [name, config] of [
  ['interpreted', { tier: 0 }],
  ['compiled', { tier: 1, hot: 4 }],
] as const) {
  test(`events of exceptions, a chain and an interrupt at the very instruction are counted, ${name}`, () => {
    const { pes } = runAssembly(events, config);
    const x = (n: number) => pes[0].readRegister(`X${n}`);
    assert.equal(x(10), 21n, 'exceptions');
    assert.equal(x(11), 21n, 'returns');
    assert.equal(x(12), 21n, 'HVC');
    assert.equal(x(13), 7n, 'chained');
    assert.equal(x(24), 23n, 'INTID');
    // MSR PMCR_EL0, MOV, and 49 rounds of two instructions are 100.
    assert.equal(x(20), 49n);
    assert.equal(x(22), x(23));
  });
}
