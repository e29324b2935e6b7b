// Performance monitors: instructions by exception level, with filters, EL2's own counters and overflow. What is printed are
// differences, so that it does not matter when counting began.

#include "guest.h"

#define INST_RETIRED 8
#define NOT_EL1 (1 << 31)
#define NOT_EL0 (1 << 30)
#define NSK (1 << 29)
#define NSU (1 << 28)
#define WITH_EL2 (1 << 27)
#define HPME 0x80
#define HPMD (1 << 17)

    // Four counters into X20 to X23.
    .macro take
    isb
    mrs     x20, pmevcntr0_el0
    mrs     x21, pmevcntr1_el0
    mrs     x22, pmevcntr2_el0
    mrs     x23, pmevcntr3_el0
    .endm

    // What they have counted since.
    .macro report
    isb
    mrs     x24, pmevcntr0_el0
    mrs     x25, pmevcntr1_el0
    mrs     x26, pmevcntr2_el0
    mrs     x27, pmevcntr3_el0
    sub     x24, x24, x20
    sub     x25, x25, x21
    sub     x26, x26, x22
    sub     x27, x27, x23
    show    "0:", x24
    show    " 1:", x25
    show    " 2:", x26
    show    " 3:", x27
    say     "\n"
    .endm

    .macro count n, event
    set_register pmevtyper\n\()_el0, \event
    .endm

test:
    enter   3, AT_EL2, at_el2
    .ltorg

at_el2:
    set_register pmcr_el0, 0x46
    set_register pmcntenset_el0, 0xf
    set_register pmuserenr_el0, 1
    set_register mdcr_el2, 4
    count   0, INST_RETIRED | NOT_EL1
    count   1, INST_RETIRED | NOT_EL0
    count   2, INST_RETIRED | NOT_EL0 | NOT_EL1 | WITH_EL2
    count   3, INST_RETIRED | WITH_EL2
    set_register pmcr_el0, 0x41
    isb
    say     "EL2\n"
    take
    nop
    nop
    nop
    nop
    report
    say     "EL1\n"
    take
    enter   2, AT_EL1, 1f
    .ltorg
1:  nop
    nop
    hvc     #CLIMB
    report
    take
    enter   2, AT_EL1, at_el1
    .ltorg

at_el1:
    say     "EL0\n"
    enter   1, AT_EL0, at_el0
    .ltorg
at_el0:
    mov     x4, #100
1:  subs    x4, x4, #1
    b.ne    1b
    svc     #CLIMB
    hvc     #CLIMB
    report

    say     "NSK and NSU\n"
    count   0, INST_RETIRED | NOT_EL1 | NSK
    count   1, INST_RETIRED | NSU
    count   2, INST_RETIRED | NSK
    count   3, INST_RETIRED | NOT_EL0 | NOT_EL1 | NSK | NSU
    take
    enter   2, AT_EL1, 2f
    .ltorg
2:  mov     x4, #10
1:  subs    x4, x4, #1
    b.ne    1b
    enter   1, AT_EL0, 3f
    .ltorg
3:  mov     x4, #20
1:  subs    x4, x4, #1
    b.ne    1b
    svc     #CLIMB
    hvc     #CLIMB
    report

    say     "EL2's own counters\n"
    count   0, INST_RETIRED | WITH_EL2
    count   1, INST_RETIRED | WITH_EL2
    count   2, INST_RETIRED | WITH_EL2
    count   3, INST_RETIRED | WITH_EL2
    set_register mdcr_el2, 2
    take
    nop
    report
    set_register mdcr_el2, 2 | HPME
    take
    nop
    report
    set_register mdcr_el2, 2 | HPME | HPMD
    take
    nop
    report
    set_register pmcr_el0, 0x40
    take
    nop
    report
    set_register mdcr_el2, 4
    take
    nop
    report

    say     "overflow\n"
    set_register pmcr_el0, 0x41
    set_register pmovsclr_el0, 0xf
    set_register pmevcntr0_el0, 0xffffff00
    isb
    mov     x4, #50
1:  subs    x4, x4, #1
    b.ne    1b
    show_register pmovsset_el0
    mov     x4, #100
1:  subs    x4, x4, #1
    b.ne    1b
    mrs     x4, pmevcntr0_el0
    show_register pmovsset_el0
    set_register pmovsclr_el0, 1
    show_register pmovsclr_el0
    finish
