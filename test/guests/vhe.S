// HCR_EL2.E2H: which register an access reaches, the EL2&0 regime with both tables, PAN, and TGE. Starts at EL2.

    .arch armv8.5-a
#include "guest.h"

#define E2H (1 << 34)
#define TGE (1 << 27)

    // Gives the EL1 and the EL2 register of a pair values of their own, and reads all names of them with E2H.
    .macro pair el1, el2, el12, value1, value2
    say     "\el1: "
    mrs     x20, \el1
    mrs     x21, \el2
    ldr     x4, =\value1
    ldr     x5, =\value2
    msr     \el1, x4
    msr     \el2, x5
    msr     hcr_el2, x11
    isb
    mrs     x6, \el1
    mrs     x7, \el2
    mrs     x8, \el12
    msr     \el12, x20
    msr     \el1, x21
    msr     hcr_el2, x10
    isb
    mrs     x12, \el1
    mrs     x13, \el2
    show    "EL1", x6
    show    " EL2", x7
    show    " EL12", x8
    cmp     x12, x20
    ccmp    x13, x21, #0, eq
    cset    x12, eq
    show    " restored", x12
    say     "\n"
    b       .Lbehind_literals\@
    .ltorg
.Lbehind_literals\@:
    .endm

test:
    ldr     x10, =HCR_RW_ONLY
    ldr     x11, =(HCR_RW_ONLY | E2H)
    pair    afsr0_el1, afsr0_el2, afsr0_el12, 0, 0
    pair    amair_el1, amair_el2, amair_el12, 0, 0
    pair    contextidr_el1, contextidr_el2, contextidr_el12, 0x11, 0x22
    pair    elr_el1, elr_el2, elr_el12, 0x1111, 0x2222
    pair    esr_el1, esr_el2, esr_el12, 0x56000001, 0x5a000002
    pair    far_el1, far_el2, far_el12, 0x1111222233334444, 0xffff0000aaaabbbb
    pair    mair_el1, mair_el2, mair_el12, 0xff04, 0x44ff
    pair    spsr_el1, spsr_el2, spsr_el12, 0x600003c5, 0x800003c9
    pair    ttbr0_el1, ttbr0_el2, ttbr0_el12, 0x41000000, 0x42000000
    pair    vbar_el1, vbar_el2, vbar_el12, 0x40001000, 0x40002000
    pair    cntkctl_el1, cnthctl_el2, cntkctl_el12, 2, 3
    pair    cntp_cval_el0, cnthp_cval_el2, cntp_cval_el02, 0x1000, 0x2000
    pair    cntv_cval_el0, cnthv_cval_el2, cntv_cval_el02, 0x1000, 0x2000
    say     "names that E2H alone brings, at EL1\n"
    msr     hcr_el2, x11
    isb
    enter   2, AT_EL1, 1f
1:  mrs     x5, sctlr_el12
    mrs     x5, cntp_ctl_el02
    mrs     x5, ttbr1_el2
    hvc     #CLIMB

    say     "EL2&0: a lower and an upper range\n"
    adrp    x1, level1
    ldr     x2, =(BLOCK | 3 << 53)
    str     x2, [x1]
    adrp    x3, level2
    orr     x2, x3, #TABLE
    str     x2, [x1, #8]
    ldr     x2, =(0x40000000 | BLOCK | 1 << 2 | 1 << 7)     // code, which EL0 only executes
    str     x2, [x3]
    ldr     x2, =(0x40200000 | BLOCK | 1 << 2 | 3 << 53)    // data of EL2
    str     x2, [x3, #8]
    ldr     x2, =(0x40400000 | BLOCK | 1 << 2 | 3 << 53)
    str     x2, [x3, #16]
    ldr     x2, =(0x40600000 | BLOCK | 1 << 2 | 1 << 6 | 3 << 53)  // data for both
    str     x2, [x3, #24]
    adrp    x4, upper_level1
    adrp    x3, upper_level2
    orr     x2, x3, #TABLE
    str     x2, [x4]
    ldr     x2, =(0x40400000 | BLOCK | 1 << 2 | 3 << 53 | 1 << 11)
    str     x2, [x3, #8]
    msr     ttbr0_el1, x1
    msr     ttbr1_el1, x4
    set_register mair_el1, 0xff04
    set_register tcr_el1, (25 | 1 << 8 | 1 << 10 | 3 << 12 | 25 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30 | 2 << 32)
    set_register hcr_el2, (HCR_RW_ONLY | E2H | TGE)
    isb
    tlbi    vmalle1
    dsb     sy
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | 1 << 23)
    isb
    ldr     x6, =0xffffff8000200010
    ldr     x7, =0x1122334455667788
    str     x7, [x6]
    ldr     x6, =0x40400010
    ldr     x8, [x6]
    show    "through the lower range", x8
    say     "\nfaults of both ranges\n"
    ldr     x6, =0xffffff8000000010
    ldr     x7, [x6]
    ldr     x6, =0xfffffe0000000010
    ldr     x7, [x6]
    ldr     x6, =0x80000010
    str     x7, [x6]
    ldr     x6, =0x40080000
    str     x7, [x6]
    say     "PAN at EL2\n"
    ldr     x6, =0x40600010
    ldr     x7, [x6]
    msr     pan, #1
    isb
    ldr     x7, [x6]
    ldtr    x7, [x6]
    msr     pan, #0
    ldr     x6, =0x40400010
    ldtr    x7, [x6]
    say     "SCTLR_EL2.SPAN 0 sets PAN on entry, of EL0 under TGE too\n"
    set_register sctlr_el1, (SCTLR_EL1_RES1 & ~(1 << 23) | SCTLR_M | SCTLR_C | SCTLR_I)
    isb
    svc     #1
    mrs     x9, pan
    show    "PAN", x9
    say     "\n"
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | 1 << 23)
    isb
    say     "EL0 of the host\n"
    ldr     x6, =0x40400010
    enter   2, AT_EL0, 2f
2:  ldr     x7, [x6]
    svc     #2
    mrs     x7, sctlr_el1
    hvc     #3
    wfi
    brk     #4
    blr     x6
    svc     #CLIMB
    say     "AT in the host's regime\n"
    ldr     x6, =0x40400010
    at      s1e0r, x6
    isb
    mrs     x9, par_el1
    and     x9, x9, #0xfffffffffff
    show    "S1E0R", x9
    at      s1e1r, x6
    isb
    mrs     x9, par_el1
    and     x9, x9, #0xfffffffffff
    show    " S1E1R", x9
    at      s1e2w, x6
    isb
    mrs     x9, par_el1
    and     x9, x9, #0xfffffffffff
    show    " S1E2W", x9
    say     "\nno EL1 while TGE is 1: "
    enter   2, AT_EL1, 3f
3:  nop
    say     "an ASID has entries of its own, and leaves a global one\n"
    set_register tcr_el1, (25 | 1 << 8 | 1 << 10 | 3 << 12 | 25 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30 | 2 << 32)
    mrs     x9, ttbr1_el1
    orr     x9, x9, #3 << 48
    msr     ttbr1_el1, x9
    isb
    ldr     x6, =0xffffff8000200010
    ldr     x7, [x6]
    show    "upper", x7
    tlbi    aside1, x9
    dsb     sy
    isb
    ldr     x7, [x6]
    show    " again", x7
    say     "\n"
    finish
    .ltorg

    .bss
    .balign 4096
level1:
    .skip   4096
level2:
    .skip   4096
upper_level1:
    .skip   4096
upper_level2:
    .skip   4096
