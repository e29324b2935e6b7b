// Breakpoints and watchpoints of the guest: EL1 watches EL0 and itself, EL2 watches EL1 and itself. The handler of guest.h
// goes on behind the instruction that was caught, so that a report says whether it was executed.

#include "guest.h"

    .arch armv8.1-a

#define MDE (1 << 15)
#define KDE (1 << 13)
#define TDE 0x100
#define UNMASKED_EL0 0x1c0              // A, I and F masked; D is not
#define UNMASKED_EL1 0x1c5
#define UNMASKED_EL2 0x1c9

#define ENABLED 1
#define EL1_ONLY (1 << 1)
#define EL0_ONLY (2 << 1)
#define EL1_EL0 (3 << 1)
#define WITH_EL2 (1 << 13)
#define ANY_INSTRUCTION (15 << 5)
#define LINKED_ADDRESS (1 << 20)
#define CONTEXT (2 << 20)
#define LINKED_CONTEXT (3 << 20)
#define LBN(n) ((n) << 16)
#define LOADS (1 << 3)
#define STORES (2 << 3)
#define BYTES(mask) ((mask) << 5)
#define WATCH_LINKED (1 << 20)
#define MASK(bits) ((bits) << 24)

    .macro breakpoint n, place, control
    adr     x0, \place
    msr     dbgbvr\n\()_el1, x0
    ldr     x0, =\control
    msr     dbgbcr\n\()_el1, x0
    .endm

    .macro watchpoint n, place, offset, control
    adr     x0, \place
    add     x0, x0, #\offset
    msr     dbgwvr\n\()_el1, x0
    ldr     x0, =\control
    msr     dbgwcr\n\()_el1, x0
    .endm

    // Goes on behind it at another level, with debug exceptions unmasked; `svc #CLIMB` and `hvc #CLIMB` lead back.
    .macro at_el0
    enter   1, UNMASKED_EL0, .Lel0\@
    .ltorg
.Lel0\@:
    .endm

    .macro at_el1_from_el2
    enter   2, UNMASKED_EL1, .Lel1\@
    .ltorg
.Lel1\@:
    .endm

    .macro report register
    show    "\register", \register
    say     "\n"
    .endm

test:
    .irp n, 0, 1, 2, 3, 4, 5
    msr     dbgbcr\n\()_el1, xzr
    msr     dbgbvr\n\()_el1, xzr
    .endr
    .irp n, 0, 1, 2, 3
    msr     dbgwcr\n\()_el1, xzr
    msr     dbgwvr\n\()_el1, xzr
    .endr
    msr     contextidr_el1, xzr
    msr     oslar_el1, xzr
    isb
    enter   2, AT_EL1, at_el1
    .ltorg

at_el1:
    set_register mdscr_el1, MDE
    say     "breakpoints of EL0\n"
    breakpoint 0, broken, ENABLED | EL0_ONLY | ANY_INSTRUCTION
    breakpoint 5, broken_too, ENABLED | EL1_EL0 | ANY_INSTRUCTION
    breakpoint 1, not_broken, ENABLED | EL1_ONLY | ANY_INSTRUCTION
    isb
    at_el0
    mov     x4, #0
    mov     x5, #3
1:  add     x4, x4, #1
broken:
    add     x4, x4, #16             // skipped each time
    subs    x5, x5, #1
    b.ne    1b
not_broken:
    add     x4, x4, #64
broken_too:
    svc     #3                      // not taken
    svc     #CLIMB
    report  x4
    msr     dbgbcr0_el1, xzr
    msr     dbgbcr1_el1, xzr
    msr     dbgbcr5_el1, xzr

    say     "a context to link to\n"
    set_register dbgbvr4_el1, 0x77
    set_register dbgbcr4_el1, ENABLED | EL1_EL0 | ANY_INSTRUCTION | LINKED_CONTEXT
    breakpoint 0, linked, ENABLED | EL0_ONLY | ANY_INSTRUCTION | LINKED_ADDRESS | LBN(4)
    isb
    mov     x10, #0x76
2:  msr     contextidr_el1, x10
    isb
    at_el0
    mov     x4, #0
linked:
    add     x4, x4, #1
    svc     #CLIMB
    report  x4
    add     x10, x10, #1
    cmp     x10, #0x78
    b.ls    2b
    msr     dbgbcr0_el1, xzr
    msr     dbgbcr4_el1, xzr

    say     "watchpoints of EL0\n"
    watchpoint 0, data, 0, ENABLED | EL0_ONLY | LOADS | BYTES(0x0f)
    watchpoint 1, data, 8, ENABLED | EL0_ONLY | STORES | BYTES(0x18)
    watchpoint 2, more, 4, ENABLED | EL0_ONLY | LOADS | STORES | BYTES(0x0f)
    watchpoint 3, page, 0, ENABLED | EL0_ONLY | LOADS | STORES | BYTES(0xff) | MASK(12)
    isb
    at_el0
    adr     x6, data
    mov     x4, #0
    ldr     x4, [x6]
    ldrb    w4, [x6, #3]
    ldrb    w4, [x6, #4]
    report  x4
    str     x4, [x6]
    ldr     x4, [x6, #8]
    str     x5, [x6, #8]
    strb    w5, [x6, #10]
    strh    w5, [x6, #10]
    strb    w5, [x6, #11]
    strb    w5, [x6, #13]
    stp     x4, x5, [x6], #16
    sub     x6, x6, #0
    ldp     x4, x5, [x6, #-16]!
    adr     x7, more
    ldr     w4, [x7]
    ldr     x4, [x7]
    ldr     w4, [x7, #4]
    ldr     w4, [x7, #8]
    ldp     x4, x5, [x7]
    dc      zva, x7
    adrp    x8, page
    ldr     x4, [x8, #-8]
    ldr     x4, [x8, #4088]
    ldxr    x4, [x8, #0]
    stxr    w5, x4, [x8]
    ldadd   x4, x5, [x8]
    cas     x4, x5, [x8]
    add     x8, x8, #4092
    ldr     w4, [x8]
    ldr     w4, [x8, #4]
    svc     #CLIMB
    adr     x6, data
    say     "EL1 as EL0\n"
    ldr     w4, [x6]
    ldtr    w4, [x6]
    sttr    w4, [x6, #8]
    .irp n, 0, 1, 2, 3
    msr     dbgwcr\n\()_el1, xzr
    .endr
    isb
    at_el0
    ldr     x4, [x6]
    str     x4, [x6, #8]
    svc     #CLIMB

    say     "a linked watchpoint\n"
    set_register dbgbcr5_el1, ENABLED | EL1_EL0 | ANY_INSTRUCTION | LINKED_CONTEXT
    set_register dbgbvr5_el1, 0x79
    watchpoint 0, data, 0, ENABLED | EL0_ONLY | LOADS | BYTES(0xff) | WATCH_LINKED | LBN(5)
    isb
    mov     x10, #0x79
3:  msr     contextidr_el1, x10
    isb
    at_el0
    adr     x6, data
    ldr     x4, [x6]
    svc     #CLIMB
    add     x10, x10, #1
    cmp     x10, #0x7a
    b.ls    3b
    msr     dbgwcr0_el1, xzr
    msr     dbgbcr5_el1, xzr

    say     "EL1 by itself\n"
    watchpoint 0, data, 0, ENABLED | EL1_EL0 | LOADS | BYTES(0xff)
    breakpoint 0, by_itself, ENABLED | EL1_EL0 | ANY_INSTRUCTION
    isb
    adr     x6, data
    msr     daifclr, #8
    ldr     x4, [x6]                // MDSCR_EL1.KDE is 0
    set_register mdscr_el1, MDE | KDE
    isb
    ldr     x4, [x6]
    mov     x4, #0
by_itself:
    add     x4, x4, #1
    msr     daifset, #8
    ldr     x4, [x6, #16]
    report  x4
    say     "the OS lock\n"
    msr     daifclr, #8
    set_register oslar_el1, 1
    isb
    ldr     x4, [x6]
    msr     oslar_el1, xzr
    isb
    set_register mdscr_el1, 0
    isb
    ldr     x4, [x6]
    hvc     #CLIMB

    say     "EL2 watches EL1\n"
    set_register mdscr_el1, MDE
    set_register mdcr_el2, TDE
    isb
    at_el1_from_el2
    ldr     x4, [x6]
    mov     x4, #0
    b       by_el2
    .balign 4
by_el2:
    add     x4, x4, #1
    enter   1, UNMASKED_EL0, el0_by_el2
    .ltorg
el0_by_el2:
    adr     x6, data
    ldr     x4, [x6]
    svc     #CLIMB
    hvc     #CLIMB
    say     "EL2 by itself\n"
    ldr     x4, [x6]
    set_register mdscr_el1, MDE | KDE
    watchpoint 1, data, 8, ENABLED | WITH_EL2 | EL1_EL0 | LOADS | BYTES(0xff)
    breakpoint 1, el2_broken, ENABLED | WITH_EL2 | EL1_EL0 | ANY_INSTRUCTION
    isb
    ldr     x4, [x6]
    ldr     x5, [x6, #8]            // masked
    msr     daifclr, #8
    isb
    ldr     x4, [x6]                // EL1 and EL0 only
    ldr     x5, [x6, #8]
    mov     x4, #0
el2_broken:
    add     x4, x4, #1
    msr     daifset, #8
    report  x4
    finish

    .balign 4096
    .skip   4088
data:
    .quad   0x1111111111111111, 0x2222222222222222
    .skip   240
more:
    .quad   0, 0, 0, 0, 0, 0, 0, 0
    .balign 4096
page:
    .skip   4096
    .quad   0, 0
