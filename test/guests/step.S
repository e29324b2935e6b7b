// Software step: EL1 steps EL0 through arithmetic, an exclusive load, calls and an exception, EL2 steps EL1 while
// MDCR_EL2.TDE is 1, and both step themselves. The handler of guest.h asks for the next step after each.

#include "guest.h"

#define MDSCR_SS 1
#define MDSCR_KDE (1 << 13)
#define MDCR_TDE 0x100
#define STEPPED_EL0 0x2001c0            // SS, with A, I and F masked
#define STEPPED_EL1 0x2003c5

test:
    msr     oslar_el1, xzr
    isb
    enter   2, AT_EL1, at_el1
    .ltorg

at_el1:
    say     "EL1 steps EL0\n"
    set_register mdscr_el1, MDSCR_SS
    enter   1, STEPPED_EL0, at_el0
    .ltorg

at_el0:
    mov     x4, #1
    add     x4, x4, #1
    adr     x5, word
    ldxr    w6, [x5]
    ldaxp   w6, w7, [x5]
    ldr     w6, [x5]
    svc     #3
    cbnz    x4, 1f
    nop
1:  bl      2f
2:  udf     #7
    mov     x4, #3
    svc     #CLIMB
    say     "back at EL1\n"
    set_register mdscr_el1, 0
    hvc     #CLIMB

    say     "EL2 steps EL1\n"
    set_register mdcr_el2, MDCR_TDE
    set_register mdscr_el1, MDSCR_SS
    enter   2, STEPPED_EL1, stepped_el1
    .ltorg

stepped_el1:
    mov     x4, #1
    ldxr    w6, [sp]
    hvc     #5
    mrs     x4, currentel
    hvc     #CLIMB
    say     "without a step\n"
    enter   2, AT_EL1, unstepped_el1
    .ltorg

unstepped_el1:
    mov     x4, #1
    hvc     #CLIMB

    say     "EL2 steps itself\n"
    set_register mdscr_el1, MDSCR_SS | MDSCR_KDE
    isb
    mov     x4, #1                  // PSTATE.D is 1
    msr     daifclr, #8
    mov     x4, #2
    mov     x5, xzr
    msr     mdscr_el1, x5
    isb
    mov     x4, #3
    msr     daifset, #8
    set_register mdcr_el2, 0
    enter   2, AT_EL1, itself_el1
    .ltorg

itself_el1:
    say     "EL1 steps itself\n"
    set_register mdscr_el1, MDSCR_SS | MDSCR_KDE
    mov     x5, #0x140
    isb
    msr     daif, x5
    mov     x4, #2
    b       1f
    mov     x4, #3
1:  msr     daifset, #8
    mov     x4, #4
    msr     mdscr_el1, xzr
    msr     daif, x5
    mov     x4, #5
    finish

    .balign 8
word:
    .word   0, 0
