// What HCR_EL2, CPTR_EL2 and CNTHCTL_EL2 trap, one control at a time. Starts at EL2.

#include "guest.h"

    // Runs an instruction at EL1 under one value of a control register, then without it.
    .macro trap control, value, neutral, instruction:vararg
    say     "\control \value: \instruction\n"
    set_register \control, \value
    enter   2, AT_EL1, .Linside\@
.Linside\@:
    \instruction
    hvc     #CLIMB
    set_register \control, \neutral
    isb
    .endm

    .macro hcr bit, instruction:vararg
    trap    hcr_el2, (1 << 31 | 1 << \bit), HCR_RW_ONLY, \instruction
    .ltorg_jump
    .endm

    // Literals have to stay within reach.
    .macro .ltorg_jump
    b       .Lbehind_literals\@
    .ltorg
.Lbehind_literals\@:
    .endm

test:
    hcr     13, wfi
    hcr     16, mrs x5, aidr_el1
    hcr     16, mrs x5, revidr_el1
    hcr     17, mrs x5, ctr_el0
    hcr     17, mrs x5, clidr_el1
    hcr     17, msr csselr_el1, x6
    hcr     18, mrs x5, id_aa64pfr0_el1
    hcr     18, mrs x30, id_aa64isar1_el1
    hcr     18, mrs xzr, id_aa64mmfr2_el1
    hcr     19, smc #5
    hcr     21, mrs x5, actlr_el1
    hcr     22, dc isw, xzr
    hcr     23, dc civac, x6
    hcr     24, ic iallu
    hcr     25, tlbi vmalle1
    hcr     25, tlbi vae1is, x7
    hcr     26, msr sctlr_el1, x8
    hcr     26, msr ttbr0_el1, x9
    hcr     26, msr contextidr_el1, xzr
    hcr     30, mrs x10, tcr_el1
    hcr     30, mrs x11, far_el1
    hcr     28, dc zva, x6
    trap    cptr_el2, 0x37ff, 0x33ff, fmov d0, x3
    trap    cptr_el2, 0x37ff, 0x33ff, ldr q1, [sp]
    trap    cptr_el2, 0x800033ff, 0x33ff, mrs x4, cpacr_el1
    .ltorg_jump
    trap    cnthctl_el2, 0, 3, mrs x5, cntpct_el0
    trap    cnthctl_el2, 0, 3, msr cntp_ctl_el0, xzr
    trap    mdcr_el2, 0x200, 0, mrs x5, mdscr_el1
    trap    mdcr_el2, 0x400, 0, msr oslar_el1, xzr
    // HCR_EL2.API, bit 41, is 0 in all of these: PACGA is trapped, a key that is off is not, nor is XPACLRI.
    trap    hcr_el2, HCR_RW_ONLY, HCR_RW_ONLY, .inst 0x9ac730c5
    trap    hcr_el2, HCR_RW_ONLY, HCR_RW_ONLY, hint #8
    mrs     x5, sctlr_el1
    orr     x6, x5, #1 << 31
    msr     sctlr_el1, x6
    trap    hcr_el2, HCR_RW_ONLY, HCR_RW_ONLY, hint #8
    trap    hcr_el2, HCR_RW_ONLY, HCR_RW_ONLY, hint #12
    trap    hcr_el2, HCR_RW_ONLY, HCR_RW_ONLY, hint #7
    msr     sctlr_el1, x5
    finish
