// Illegal returns by every mode of SPSR_ELx, PAN and UAO, and unaligned accesses without translation. Starts at EL2.

    .arch armv8.5-a
#include "guest.h"

    // An exception return of EL2 with a mode of SPSR_EL2: a legal one goes to `arrival` of its level.
    .macro return_to mode
    say     "SPSR_EL2.M \mode: "
    mov     x0, #(0x3c0 | \mode)
    msr     spsr_el2, x0
    adr     x0, .Larrival\@
    msr     elr_el2, x0
    eret
.Larrival\@:
    nop
    mrs     x0, currentel
    hvc     #CLIMB
    .endm

test:
    // Legal are EL1t, EL1h, EL2t and EL2h; EL2t would print on another stack.
    return_to 1
    return_to 2
    return_to 3
    return_to 4
    return_to 5
    return_to 6
    return_to 7
    return_to 9
    return_to 10
    return_to 11
    return_to 12
    return_to 13
    return_to 14
    return_to 15
    say     "EL1 is gone while HCR_EL2.TGE is 1: "
    set_register hcr_el2, (HCR_RW_ONLY | 1 << 27)
    isb
    mov     x0, #AT_EL1
    msr     spsr_el2, x0
    adr     x0, 1f
    msr     elr_el2, x0
    eret
1:  nop
    set_register hcr_el2, HCR_RW_ONLY
    isb

    say     "SPSR_EL2.IL by a legal return: "
    mov     x0, #AT_EL1
    orr     x0, x0, #1 << 20
    msr     spsr_el2, x0
    adr     x0, 2f
    msr     elr_el2, x0
    eret
2:  nop
    hvc     #CLIMB

    say     "what a return restores\n"
    ldr     x0, =(AT_EL2 | 0xf << 28 | 1 << 24 | 1 << 23 | 1 << 22 | 1 << 12)
    msr     spsr_el2, x0
    adr     x0, 3f
    msr     elr_el2, x0
    eret
3:  mrs     x4, nzcv
    mrs     x5, pan
    mrs     x6, uao
    mrs     x7, dit
    mrs     x8, s3_3_c4_c2_6        // SSBS
    hvc     #1
    msr     pan, #0
    msr     uao, #0
    msr     dit, #0
    show    "NZCV", x4
    show    " PAN", x5
    show    " UAO", x6
    show    " DIT", x7
    show    " SSBS", x8
    say     "\nPSTATE on entry by SCTLR_EL2.SPAN and DSSBS\n"
    mrs     x10, sctlr_el2
    orr     x11, x10, #1 << 44
    msr     sctlr_el2, x11
    isb
    svc     #1
    msr     sctlr_el2, x10
    isb
    svc     #1

    say     "unaligned without translation is Device memory: "
    adr     x6, test
    ldr     x7, [x6, #1]
    finish
    .ltorg
