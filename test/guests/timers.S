// Timers through the GIC, waking up from WFI, and virtual interrupts by HCR_EL2. Starts at EL2.

#define ON_INTERRUPT
#include "guest.h"

#define GICD 0x08000000
#define GICR 0x080a0000

test:
    // Distributor with affinity routing, redistributor awake, timers of this PE in group 1 and enabled.
    ldr     x1, =GICD
    mov     w2, #0x12
    str     w2, [x1]
    ldr     x1, =GICR
    ldr     w2, [x1, #0x14]
    bic     w2, w2, #2
    str     w2, [x1, #0x14]
1:  ldr     w2, [x1, #0x14]
    tbnz    w2, #2, 1b
    add     x1, x1, #0x10000
    mov     w2, #-1
    str     w2, [x1, #0x80]
    mov     w2, #0x4c000000         // 26, 27 and 30
    str     w2, [x1, #0x100]
    set_register icc_sre_el2, 9
    isb
    set_register icc_pmr_el1, 0xff
    set_register icc_igrpen1_el1, 1
    isb

    say     "EL2 physical timer at EL2, masked: WFI wakes up\n"
    set_register hcr_el2, (HCR_RW_ONLY | HCR_IMO)
    set_register cnthp_tval_el2, 5000
    set_register cnthp_ctl_el2, 1
    isb
    wfi
    show_register isr_el1
    show_register cnthp_ctl_el2
    show_register icc_hppir1_el1
    say     "unmasked: it is taken\n"
    msr     daifclr, #2
    isb
    msr     daifset, #2
    show_register isr_el1

    say     "EL1 physical timer, taken at EL2 from EL1, which masks it\n"
    set_register cntp_tval_el0, 5000
    set_register cntp_ctl_el0, 1
    enter   2, AT_EL1, 2f
2:  wfi
    mrs     x9, cntp_ctl_el0
    tbz     x9, #1, 2b              // until the handler has masked the timer
    hvc     #CLIMB

    say     "virtual timer, taken at EL1\n"
    set_register hcr_el2, HCR_RW_ONLY
    enter   2, AT_EL1, 3f
3:  set_register cntv_tval_el0, 5000
    set_register cntv_ctl_el0, 1
    isb
    wfi
    show_register isr_el1
    msr     daifclr, #2
    isb
    msr     daifset, #2
    show_register cntv_ctl_el0
    say     "not due yet: the condition is false\n"
    set_register cntv_tval_el0, 0x7fffffff
    set_register cntv_ctl_el0, 1
    isb
    show_register cntv_ctl_el0
    set_register cntv_ctl_el0, 0
    hvc     #CLIMB

    say     "virtual IRQ by HCR_EL2.VI, seen by EL1, which masks it\n"
    set_register hcr_el2, (HCR_RW_ONLY | HCR_IMO | 1 << 7)
    enter   2, AT_EL1, 4f
4:  show_register isr_el1
    wfi
    hvc     #CLIMB
    finish
    .ltorg

    // Takes the interrupt, masks its timer and completes it.
on_interrupt:
    mrs     x0, icc_iar1_el1
    show    "  INTID", x0
    mov     x2, #3
    cmp     x0, #26
    b.ne    5f
    msr     cnthp_ctl_el2, x2
5:  cmp     x0, #27
    b.ne    6f
    msr     cntv_ctl_el0, x2
6:  cmp     x0, #30
    b.ne    7f
    msr     cntp_ctl_el0, x2
7:  isb
    msr     icc_eoir1_el1, x0
    isb
    say     "\n"
    ret
