// Traps of FP and AdvSIMD by CPACR_EL1, by both layouts of CPTR_EL2, and by CPTR_EL3, at every level. Starts at EL3.

    .arch armv8.5-a
#include "guest.h"

#define E2H (1 << 34)
#define TGE (1 << 27)

    // FP at EL2, EL1 and EL0 under the present controls; each trap is printed by who takes it.
    .macro everywhere
    say     "EL3: "
    fmov    d0, x3
    say     "EL2: "
    enter   3, AT_EL2, .Lel2\@
.Lel2\@:
    fmov    d0, x3
    smc     #CLIMB
    enter   3, AT_EL1, .Lel1\@
.Lel1\@:
    say     "EL1: "
    fmov    d0, x3
    say     "EL0: "
    enter   1, AT_EL0, .Lel0\@
.Lel0\@:
    ldr     q1, [sp]
    svc     #CLIMB
    smc     #CLIMB
    .endm

    // The host's EL0, with HCR_EL2.TGE.
    .macro host_el0
    enter   3, AT_EL2, .Lhost\@
.Lhost\@:
    enter   2, AT_EL0, .Lhost_el0\@
.Lhost_el0\@:
    ldr     q1, [sp]
    svc     #CLIMB
    smc     #CLIMB
    .endm

    .macro with what, control, value, neutral
    say     "\what\n"
    set_register \control, \value
    isb
    everywhere
    set_register \control, \neutral
    isb
    b       .Lbehind_literals\@
    .ltorg
.Lbehind_literals\@:
    .endm

test:
    set_address sp_el1, stack_el1
    set_register cpacr_el1, 3 << 20
    with    "CPACR_EL1.FPEN 0", cpacr_el1, 0, 3 << 20
    with    "CPACR_EL1.FPEN 1", cpacr_el1, 1 << 20, 3 << 20
    with    "CPACR_EL1.FPEN 2", cpacr_el1, 2 << 20, 3 << 20
    with    "CPACR_EL1.FPEN 3", cpacr_el1, 3 << 20, 3 << 20
    with    "CPTR_EL2.TFP", cptr_el2, 0x37ff, 0x33ff
    with    "CPTR_EL3.TFP", cptr_el3, 1 << 10, 0
    say     "E2H\n"
    set_register hcr_el2, (HCR_RW_ONLY | E2H)
    isb
    with    "CPTR_EL2.FPEN 0", cptr_el2, 0, 3 << 20
    with    "CPTR_EL2.FPEN 1", cptr_el2, 1 << 20, 3 << 20
    with    "CPTR_EL2.FPEN 2", cptr_el2, 2 << 20, 3 << 20
    with    "CPTR_EL2.FPEN 3", cptr_el2, 3 << 20, 3 << 20
    say     "E2H and TGE, EL0\n"
    set_register hcr_el2, (HCR_RW_ONLY | E2H | TGE)
    isb
    set_register cptr_el2, 0
    isb
    host_el0
    set_register cptr_el2, 1 << 20
    isb
    host_el0
    set_register cptr_el2, 2 << 20
    isb
    host_el0
    set_register cptr_el2, 3 << 20
    set_register cpacr_el1, 0       // means nothing to a host
    isb
    host_el0
    say     "TGE without E2H, EL0\n"
    set_register hcr_el2, (HCR_RW_ONLY | TGE)
    set_register cptr_el2, 0x37ff
    isb
    host_el0
    set_register cptr_el2, 0x33ff
    isb
    host_el0
    finish
    .ltorg
