// Compiled code belongs to pages of RAM, whoever runs them: programs in which the pages, the tables and the state about a
// piece of code change have the same state with and without compiled code, at drawn instruction counts. Each program also
// checks its own results, and counts in X28 those that are wrong, since a mistake of both tiers would be no difference.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawCounts, TwoTiers } from '../../simulator/engine/compiler/compare-tiers.ts';
import type { MachineConfig } from '../../simulator/target.ts';
import { assemble } from './assembled.ts';

function run(source: string, limit: number, seed: number, config: Partial<Omit<MachineConfig, 'tier'>> = {}) {
  const tiers = new TwoTiers({
    ...{ cpu: 'max', features: [], gic: 3, pes: 1, memory: 32 * 2 ** 20, el: 2, semihosting: false },
    ...{ image: assemble(source), imageName: 'test.bin', loadAddress: 0x40080000 },
    ...config,
  });
  for (const count of drawCounts(seed)) {
    // Short enough that several stops are in each stay in a guest.
    assert.equal(tiers.run(1 + (count % 7000)).kind, 'limit');
    if (tiers.interpreting.instructions >= limit) break;
  }
  tiers.compareMemory();
  const { regions = 0, dropped = 0 } = tiers.compiling.engine.compiler?.statistics ?? {};
  assert.ok(regions > 0, 'Something was compiled.');
  return { regions, dropped, x: (n: number, pe = 0) => tiers.compiling.pes[pe].readRegister(`X${n}`) as bigint };
}

const vectors = (...handlers: string[]): string => `
    .balign 0x800
vectors:
${handlers.map(handler => `    .balign 0x80\n    b ${handler}`).join('\n')}
`;
/** `wide register, number` loads a number of 32 bits. */
const WIDE = `
    .macro wide register, number
    mov     \\register, #((\\number) & 0xffff)
    movk    \\register, #((\\number) >> 16), lsl #16
    .endm
`;
const toAll = (handler: string): string => vectors(...new Array<string>(16).fill(handler));

test('guests that come and go in the same pages, under the same VMID and at the same addresses, run their own code', () => {
  // A guest is a loop at IPA 2 GB that calls a function in the page behind it. X19 counts stays: its bits choose which of
  // two pages with the loop and which of two with the function are mapped, by which tables and which VMID. After every
  // 16 stays the pages are filled with other code: other immediates, and a function of another length.
  const { dropped, x } = run(
    `${WIDE}    // Copies words up to one that is 0 to where X3 points. Changes X7.
    .macro copy from
    adr     x6, \\from
1:  ldr     w7, [x6], #4
    str     w7, [x3], #4
    cbnz    w7, 1b
    .endm
    adr     x0, vectors
    msr     vbar_el2, x0
    wide    x0, 2 << 16 | 25 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12
    msr     vtcr_el2, x0
    wide    x0, 0x80000001          // RW, VM
    msr     hcr_el2, x0
    wide    x0, 0x30d00800
    msr     sctlr_el1, x0
    mov     x28, #0
    mov     x19, #0
    wide    x20, 0x40100000         // two sets of tables, 3 pages each
    mov     x21, #2
tables:
    add     x1, x20, #0x1000
    orr     x2, x1, #3
    str     x2, [x20, #16]
    add     x1, x1, #0x1000
    orr     x2, x1, #3
    str     x2, [x20, #0x1000]
    wide    x2, 0x401087ff          // data, read and written
    str     x2, [x1, #16]
    add     x20, x20, #0x3000
    subs    x21, x21, #1
    b.ne    tables

stay:
    tst     x19, #15
    b.ne    enter
    // Others come: loops in 0x40109000 and 0x4010a000, functions in 0x4010b000 and 0x4010c000.
    wide    x1, 0x40109000
    ubfiz   x2, x19, #0, #10
    and     x2, x2, #0x3f0          // a number of theirs
    mov     x5, #0
fill:
    add     w8, w2, w5
    wide    x4, 0x91000800          // add x0, x0, #(number + 2)
    add     w4, w4, w8, lsl #10
    mov     x3, x1
    str     w4, [x3], #4
    copy    loop
    wide    x4, 0x91000c42          // add x2, x2, #(number + 3)
    add     w4, w4, w8, lsl #10
    add     x3, x1, #0x2000
    str     w4, [x3], #4
    tbz     x19, #4, short
    wide    x4, 0xd503201f          // every other function has an instruction more
    str     w4, [x3], #4
short:
    copy    function
    add     x1, x1, #0x1000
    add     x5, x5, #1
    cmp     x5, #2
    b.ne    fill
    dsb     ish
    ic      ialluis
    dsb     ish
    isb

enter:
    and     x10, x19, #1            // which loop
    ubfx    x11, x19, #1, #1        // which function
    ubfx    x12, x19, #2, #1        // by which tables
    wide    x13, 0x40100000
    mov     x14, #0x3000
    madd    x13, x12, x14, x13
    wide    x1, 0x4010977f          // read-only for the guest
    add     x1, x1, x10, lsl #12
    wide    x2, 0x4010b77f
    add     x2, x2, x11, lsl #12
    add     x14, x13, #0x2000
    stp     x1, x2, [x14]
    mov     x15, #5
    orr     x15, x13, x15, lsl #48
    msr     vttbr_el2, x15
    dsb     ish
    isb
    tbz     x19, #3, by_page
    tlbi    vmalls12e1is
    b       told
by_page:
    mov     x3, #0x80000            // IPA 2 GB, and the page behind it
    tlbi    ipas2e1is, x3
    add     x3, x3, #1
    tlbi    ipas2e1is, x3
    dsb     ish
    tlbi    vmalle1is
told:
    dsb     ish
    isb
    wide    x0, 0x80000000
    msr     elr_el2, x0
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    mov     x0, #0
    mov     x2, #0
    mov     x1, #450                // times round
    wide    x4, 0x80002000
    eret

came:
    mrs     x3, esr_el2
    lsr     x3, x3, #26
    cmp     x3, #0x16               // HVC
    b.ne    wrong
    and     x5, x19, #0x3f0
    add     x5, x5, #2
    mov     x7, #450
    add     x6, x5, x10
    mul     x6, x6, x7
    cmp     x0, x6
    b.ne    wrong
    add     x6, x5, x11
    madd    x6, x6, x7, x7
    cmp     x2, x6
    b.eq    right
wrong:
    add     x28, x28, #1
right:
    add     x19, x19, #1
    b       stay

loop:                               // what follows its ADD
    eor     x9, x9, x0
    .inst   0x940003fe              // bl, to the page behind
    subs    x1, x1, #1
    .inst   0x54ffff81              // b.ne, to the ADD
    hvc     #0
    .inst   0
function:
    ldr     x3, [x4]
    add     x3, x3, x2
    str     x3, [x4]
    eor     x9, x3, x9, ror #7
    ret
    .inst   0
${toAll('came')}
`,
    1_500_000,
    21,
  );
  assert.ok(x(19) > 100n, `Only ${x(19)} stays.`);
  assert.equal(x(28), 0n);
  assert.ok(dropped > 1);
});

test('an indirect branch of compiled code to a guarded place that is no target is an exception there, with its BTYPE', () => {
  // Drawn branches of three kinds to drawn places. X5 and X16 are the place, X6 is BTYPE as the branch sets it, and X7 has
  // a bit for each BTYPE that the place does not take. The handler counts in X27 and returns behind the branch.
  const { x } = run(
    `
    .macro set name, value
    ldr     x0, =\\value
    msr     \\name, x0
    .endm
    adr     x0, vectors
    msr     vbar_el1, x0
    ldr     x1, =0x40100000         // level 1, 2 and 3
    ldr     x2, =0x40101003
    str     x2, [x1, #8]
    ldr     x2, =0x40102003
    ldr     x3, =0x40101000
    str     x2, [x3]
    ldr     x3, =0x40102000
    ldr     x2, =0x40000707
    mov     x4, #512
1:  str     x2, [x3], #8
    add     x2, x2, #0x1000
    subs    x4, x4, #1
    b.ne    1b
    ldr     x3, =0x40102000
    adr     x5, guarded
    ubfx    x5, x5, #12, #9
    mov     x7, #2                  // two pages
1:  ldr     x2, [x3, x5, lsl #3]
    orr     x2, x2, #1 << 50
    str     x2, [x3, x5, lsl #3]
    add     x5, x5, #1
    subs    x7, x7, #1
    b.ne    1b
    msr     ttbr0_el1, x1
    set     mair_el1, 0xff
    set     tcr_el1, (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
    dsb     sy
    tlbi    vmalle1
    dsb     sy
    isb
    set     sctlr_el1, 0x30d01805
    isb
    mov     x28, #0
    mov     x27, #0
    mov     x26, #0
    mov     x25, #0
    ldr     x10, =0x123456789abcdef
    adr     x20, places
    b       loop
    .ltorg

from_other:                         // no guarded page, of the same region: BR leaves BTYPE 1
    adr     x30, behind
    br      x5
    .balign 8
places:                             // a place, and what it does not take
    .quad   with_bti_c, 1 << 3, with_bti_j, 1 << 2, with_bti_jc, 0, with_paciasp, 0
    .quad   with_nop, 1 << 1 | 1 << 2 | 1 << 3, elsewhere, 0, with_bti_jc, 0, with_bti_jc, 0
elsewhere:
    add     x9, x9, #13
    ret

    .balign 4096
guarded:
loop:
    eor     x10, x10, x10, lsl #13
    eor     x10, x10, x10, lsr #7
    eor     x10, x10, x10, lsl #17
    // Mostly places that take all, so that the loop gets hot.
    ands    x1, x10, #0x1c0
    and     x2, x10, #7
    mov     x3, #7
    csel    x2, x2, x3, eq
    add     x2, x20, x2, lsl #4
    ldp     x5, x7, [x2]
    mov     x16, x5
    mov     x24, x27
    ubfx    x2, x10, #20, #2
    cmp     x2, #1
    b.lo    jump
    b.eq    jump16
    mov     x6, #1
    tbz     x2, #0, from_other
    mov     x6, #2
    blr     x5
    b       behind
jump:
    mov     x6, #3
    adr     x30, behind
    br      x5
jump16:
    mov     x6, #1
    adr     x30, behind
    br      x16
behind:
    hint    #36                     // bti j, though nothing needs it: RET sets no BTYPE
    lsr     x7, x7, x6
    and     x7, x7, #1
    add     x7, x7, x24
    cmp     x7, x27
    cinc    x28, x28, ne
    add     x25, x25, #1
    b       loop
with_bti_c:
    hint    #34
    add     x9, x9, #1
    ret
with_bti_j:
    hint    #36
    add     x9, x9, #3
    ret
with_paciasp:
    paciasp
    autiasp
    ret

    .balign 4096
with_bti_jc:
    hint    #38
    add     x9, x9, #5
    ret
with_nop:
    nop
    add     x9, x9, #7
    ret

    .balign 4096
taken:
    add     x27, x27, #1
    mrs     x11, esr_el1
    movz    x12, #0x3600, lsl #16
    orr     x12, x12, x6
    cmp     x11, x12
    cinc    x28, x28, ne
    mrs     x11, spsr_el1
    ubfx    x12, x11, #10, #2
    cmp     x12, x6
    cinc    x28, x28, ne
    bic     x11, x11, #0xc00
    msr     spsr_el1, x11
    mrs     x11, elr_el1
    cmp     x11, x5
    cinc    x28, x28, ne
    msr     elr_el1, x30
    eret
    .ltorg
${toAll('taken')}
`,
    500_000,
    22,
    { el: 1 },
  );
  assert.ok(x(25) > 1000n && x(27) > 100n, `${x(27)} exceptions of ${x(25)} branches.`);
  assert.equal(x(28), 0n);
});

test('PEs that share code, which one of them changes, run the same when hardly any of it is kept', () => {
  // 24 functions in as many pages, which PE 0 calls upwards and PE 1 downwards, each some hundred times. PE 0 changes an
  // immediate after each turn and tells the others as software does; PE 1 may run the old or the new one.
  const source = `${WIDE}    wide    x0, 0xc4000003          // PSCI CPU_ON
    mov     x1, #1
    adr     x2, second
    smc     #0
    mov     x28, x0                 // 0: it is on
    mov     x21, #1
    adr     x20, functions
    b       main
second:
    mov     x28, #0
    mov     x21, #-1
    adr     x20, functions
    add     x20, x20, #23 << 12
main:
    mov     x19, #0
turn:
    mov     x22, #24
1:  mov     x0, #0
    mov     x1, #250
    blr     x20
    cmp     x0, #250                // an immediate is 1 at least
    cinc    x28, x28, lo
    add     x23, x23, x0
    add     x20, x20, x21, lsl #12
    subs    x22, x22, #1
    b.ne    1b
    mov     x2, #-24
    mul     x2, x2, x21
    add     x20, x20, x2, lsl #12
    add     x19, x19, #1
    tbnz    x21, #63, turn
    // The function at X3 adds X4 from here on.
    and     x2, x19, #15
    add     x3, x20, x2, lsl #12
    add     x4, x19, #1
    wide    x5, 0x91000000
    ubfiz   x4, x4, #10, #8
    orr     w5, w5, w4
    str     w5, [x3, #4]
    dc      cvau, x3
    dsb     ish
    ic      ivau, x3
    dsb     ish
    isb
    b       turn
    .balign 4096
functions:
    .rept 24
    eor     x9, x9, x0, ror #3
    add     x0, x0, #1
    tbz     x9, #2, 2f
    add     x9, x9, #5
2:  subs    x1, x1, #1
    b.ne    2b - 12
    ret
    .balign 4096
    .endr
`;
  const { regions, dropped, x } = run(source, 2_000_000, 23, { pes: 2, codeBytes: 6000 });
  assert.ok(regions > 24 && dropped > 24, `${regions} compiled, ${dropped} dropped.`);
  for (const pe of [0, 1]) {
    assert.ok(x(19, pe) > 4n);
    assert.equal(x(28, pe), 0n);
  }
});

test('one page of code runs in all kinds of states of EL1 and EL2, each with the registers of its own', () => {
  // X19 counts stays; a row of the table has HCR_EL2 and the level of a stay, what CurrentEL is there, and the upper half
  // of what the name FAR_EL1 leads to: the registers of EL1 or EL2, memory, or the handler of a trap.
  const contexts = [
    { hcr: 0n, level: 1, shown: 1, far: 0x22220000 },
    { hcr: 0n, level: 2, shown: 2, far: 0x22220000 },
    { hcr: 1n << 34n, level: 2, shown: 2, far: 0x33330000 }, // E2H
    { hcr: 1n << 34n, level: 1, shown: 1, far: 0x22220000 },
    { hcr: 1n << 42n, level: 1, shown: 2, far: 0x22220000 }, // NV
    { hcr: (1n << 42n) | (1n << 45n), level: 1, shown: 2, far: 0x22220000 }, // NV and NV2
    { hcr: (1n << 42n) | (1n << 43n) | (1n << 45n), level: 1, shown: 2, far: 0x11110000 }, // NV, NV1 and NV2
    { hcr: (1n << 30n) | (1n << 26n), level: 1, shown: 1, far: 0 }, // TRVM and TVM: an exception to EL2 at each access
  ];
  const rows = contexts.map(
    ({ hcr, level, shown, far }) =>
      `    .quad 0x${(hcr | (1n << 31n)).toString(16)}, ${level * 4 + 0x3c1}, ${shown * 4}, ${far}`,
  );
  const { x } = run(
    `
    adr     x0, vectors
    msr     vbar_el2, x0
    ldr     x0, =0x40100000
    msr     s3_4_c2_c2_0, x0        // VNCR_EL2
    ldr     x1, =0x1111000011110000
    str     x1, [x0, #0x220]        // FAR_EL1 in memory
    ldr     x1, =0x2222000022220000
    msr     far_el1, x1
    ldr     x1, =0x3333000033330000
    msr     far_el2, x1
    ldr     x0, =0x30d00800
    msr     sctlr_el1, x0
    mov     x28, #0
    mov     x27, #0
    mov     x19, #0
    mov     x22, #0
    adr     x20, table
enter:
    and     x1, x19, #7
    add     x1, x20, x1, lsl #5
    ldp     x2, x3, [x1]
    ldp     x21, x23, [x1, #16]
    msr     hcr_el2, x2
    msr     spsr_el2, x3
    adr     x3, code
    msr     elr_el2, x3
    isb
    mov     x0, #0
    mov     x5, #100
    eret
came:
    mrs     x1, esr_el2
    lsr     x1, x1, #26
    cmp     x1, #0x16
    b.ne    other
    mov     x1, #100
    mul     x1, x1, x21
    cmp     x0, x1
    cinc    x28, x28, ne
    lsr     x7, x7, #32
    cmp     x7, x23
    cinc    x28, x28, ne
    add     x19, x19, #1
    b       enter
other:                              // a trapped access: behind it
    cmp     x1, #0x18
    cinc    x28, x28, ne
    add     x22, x22, #1
    mrs     x1, elr_el2
    add     x1, x1, #4
    msr     elr_el2, x1
    mov     x2, #7
    eret
    .balign 8
table:
${rows.join('\n')}
    .ltorg
    .balign 4096
code:
    mrs     x1, currentel
    add     x0, x0, x1
    mrs     x2, far_el1
    mov     x7, x2
    add     x2, x2, #1
    msr     far_el1, x2
    eor     x9, x9, x2, ror #9
    mrs     x6, tpidr_el0
    add     x6, x6, x2
    msr     tpidr_el0, x6
    subs    x5, x5, #1
    b.ne    code
    hvc     #0
${toAll('came')}
`,
    400_000,
    24,
  );
  assert.ok(x(19) > 64n && x(22) > 1000n, `${x(19)} stays, ${x(22)} traps.`);
  assert.equal(x(28), 0n);
});

test('cache maintenance that aborts in compiled code is one exception, to the level that it belongs to', () => {
  // A guest at EL1 maintains the page of its code, and at times an IPA that stage 2 has not got.
  const { x } = run(
    `${WIDE}
    adr     x0, vectors
    msr     vbar_el2, x0
    wide    x0, 2 << 16 | 25 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12
    msr     vtcr_el2, x0
    wide    x0, 0x40100000
    wide    x1, 0x400007fd          // a block of 1 GB
    str     x1, [x0, #8]
    msr     vttbr_el2, x0
    wide    x0, 0x80000001          // RW, VM
    msr     hcr_el2, x0
    wide    x0, 0x30d00800
    msr     sctlr_el1, x0
    dsb     sy
    tlbi    vmalls12e1
    dsb     sy
    isb
    mov     x28, #0
    mov     x27, #0
    mov     x1, #0
    wide    x4, 0x80000000
    adr     x5, loop
    adr     x7, maintained
    msr     elr_el2, x5
    mov     x0, #0x3c5
    msr     spsr_el2, x0
    eret
loop:
    add     x1, x1, #1
    ands    x2, x1, #31
    csel    x3, x4, x5, eq
    eor     x9, x9, x1, ror #5
maintained:
    dc      cvau, x3
    add     x10, x10, #1
    tlbi    vmalle1
    b       loop
taken:
    add     x27, x27, #1
    mrs     x11, esr_el2
    wide    x12, 0x92000147         // write, by cache maintenance: translation, level 1 or more
    bic     x11, x11, #3
    bic     x12, x12, #3
    cmp     x11, x12
    cinc    x28, x28, ne
    mrs     x11, elr_el2
    cmp     x11, x7
    cinc    x28, x28, ne
    cmp     x2, #0
    cinc    x28, x28, ne
    lsr     x12, x1, #5             // one for each time that the address is not mapped
    cmp     x12, x27
    cinc    x28, x28, ne
    add     x11, x11, #4
    msr     elr_el2, x11
    eret
${toAll('taken')}
`,
    200_000,
    25,
  );
  assert.ok(x(27) > 100n, `${x(27)} exceptions.`);
  assert.equal(x(28), 0n);
});

test('a control that the interrupt controller keeps, and a way back, leave the same state', () => {
  // En, which no trap depends on.
  const tiers = new TwoTiers({
    ...{ cpu: 'max', features: [], gic: 3, pes: 1, memory: 32 * 2 ** 20, el: 2, semihosting: false },
    ...{ imageName: 'test.bin', loadAddress: 0x40080000 },
    image: assemble(`
    mov     x1, #1
    msr     ich_hcr_el2, x1
loop:
    mrs     x1, ich_hcr_el2
    add     x0, x0, x1
    b       loop
`),
  });
  tiers.compiling.record({ interval: 5_000 });
  tiers.run(20_001);
  tiers.retrace(10_000);
});
