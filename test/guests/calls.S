// SVC, HVC and SMC at every level, where each is taken, and what the state looks like there. Starts at EL3.

#include "guest.h"

test:
    say     "EL3\n"
    svc     #3
    brk     #0x123
    enter   3, AT_EL2, 2f

2:  say     "EL2\n"
    svc     #2
    hvc     #22
    smc     #222
    enter   2, AT_EL1, 3f

3:  say     "EL1\n"
    cmp     xzr, xzr                // Z and C, to be seen in SPSR
    svc     #1
    hvc     #11
    smc     #111
    .inst   0x00000000              // UDF
    mrs     x0, vbar_el2            // not at EL1
    msr     spsel, #0
    svc     #10                     // from EL1 with SP_EL0
    msr     spsel, #1
    enter   1, AT_EL0, 4f

4:  say     "EL0\n"
    svc     #0
    hvc     #0                      // UNDEFINED
    smc     #0                      // UNDEFINED
    mrs     x0, sctlr_el1
    msr     daifset, #2             // SCTLR_EL1.UMA is 0
    brk     #1
    svc     #CLIMB

    say     "EL1: an illegal return to EL2, then an illegal state exception\n"
    enter   1, AT_EL2, 5f
5:  nop
    hvc     #CLIMB

    say     "EL2: SVC with HCR_EL2.TGE goes here\n"
    set_register hcr_el2, 1 << 31 | 1 << 27
    enter   2, AT_EL0, 6f
6:  svc     #7
    svc     #CLIMB

    set_register hcr_el2, HCR_RW_ONLY
    smc     #CLIMB
    say     "EL3: SMC off by SCR_EL3.SMD, HVC off by HCE\n"
    set_register scr_el3, 0x4b1
    enter   3, AT_EL1, 7f
7:  smc     #1
    hvc     #1
    svc     #CLIMB
    finish
