// Virtual interrupts: by HCR_EL2.VI, VF and VSE, and by list registers, with priorities, EOI modes, the HW bit and
// maintenance interrupts. Starts at EL2.

    .arch armv8.5-a
#define ON_INTERRUPT
#include "guest.h"

#define GICD 0x08000000
#define GICR 0x080a0000
#define HCR_VF (1 << 6)
#define HCR_VI (1 << 7)
#define HCR_VSE (1 << 8)
#define VMCR 0xff000002         // PMR 0xff, VENG1
#define LR_PENDING (1 << 62)
#define LR_HW (1 << 61)
#define LR_GROUP1 (1 << 60)
#define LR_EOI (1 << 41)
#define AT_EL1_OPEN 0x305       // I and F open
#define AT_EL1_ALL 0x205        // A too

    .macro list_register number, value
    ldr     x0, =(\value)
    msr     ich_lr\number\()_el2, x0
    .endm

    // What EL2 sees of the virtual interface.
    .macro show_interface
    mrs     x9, ich_lr0_el2
    show    "  LR0", x9
    mrs     x9, ich_lr1_el2
    show    " LR1", x9
    mrs     x9, ich_lr2_el2
    show    " LR2", x9
    mrs     x9, ich_ap1r0_el2
    show    "\n  AP1R0", x9
    mrs     x9, ich_elrsr_el2
    and     x9, x9, #7
    show    " ELRSR", x9
    mrs     x9, ich_eisr_el2
    show    " EISR", x9
    mrs     x9, ich_misr_el2
    show    " MISR", x9
    say     "\n"
    .endm

    .macro clear_interface
    msr     ich_hcr_el2, xzr
    msr     ich_lr0_el2, xzr
    msr     ich_lr1_el2, xzr
    msr     ich_lr2_el2, xzr
    msr     ich_ap1r0_el2, xzr
    set_register ich_vmcr_el2, VMCR
    isb
    .endm

    .macro maintenance_by what, bits
    clear_interface
    mov     x1, #\bits
    msr     ich_hcr_el2, x1
    isb
    mrs     x9, ich_misr_el2
    show    "\what: MISR", x9
    mrs     x9, isr_el1
    show    " ISR_EL1", x9
    say     "\n"
    .endm

    // Guests run with interrupts open until they call.
    .macro guest
    enter   2, AT_EL1_OPEN, .Lguest\@
.Lguest\@:
    nop
    .endm

test:
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
    ldr     w2, =(1 << 25 | 1 << 27)        // maintenance, virtual timer
    str     w2, [x1, #0x100]
    set_register icc_sre_el2, 9
    isb
    set_register icc_pmr_el1, 0xff
    set_register icc_igrpen1_el1, 1
    set_register icc_ctlr_el1, 2            // EOImode: EL2 drops the priority, the guest deactivates
    mov     x27, #0                         // 1: the guest's handler leaves the EOI to what it interrupted
    clear_interface

    say     "HCR_EL2.VI and VF, taken at EL1\n"
    set_register hcr_el2, (HCR_RW_ONLY | HCR_IMO | HCR_FMO | HCR_VI)
    guest
    show_register isr_el1
    hvc     #CLIMB
    set_register hcr_el2, (HCR_RW_ONLY | HCR_IMO | HCR_FMO | HCR_VF)
    guest
    hvc     #CLIMB
    say     "nothing without IMO, or at EL2\n"
    set_register hcr_el2, (HCR_RW_ONLY | HCR_VI | HCR_VF)
    guest
    hvc     #CLIMB
    set_register hcr_el2, (HCR_RW_ONLY | HCR_IMO | HCR_FMO | HCR_VI)
    msr     daifclr, #3
    isb
    msr     daifset, #3
    say     "a virtual SError, which takes the request away\n"
    set_register hcr_el2, (HCR_RW_ONLY | 1 << 5 | HCR_VSE)
    enter   2, AT_EL1_ALL, 2f
2:  nop
    show_register esr_el1
    hvc     #CLIMB
    show_register hcr_el2

    say     "two list registers: the one of higher priority first\n"
    set_register hcr_el2, (HCR_RW_ONLY | HCR_IMO | HCR_FMO)
    list_register 0, LR_PENDING | LR_GROUP1 | 0x90 << 48 | 40
    list_register 1, LR_PENDING | LR_GROUP1 | 0x80 << 48 | 41
    set_register ich_hcr_el2, 1
    isb
    guest
    hvc     #CLIMB
    show_interface

    say "one preempts another, by priority groups\n"
    clear_interface
    list_register 0, LR_PENDING | LR_GROUP1 | 0x90 << 48 | 40
    set_register ich_hcr_el2, 1
    mov     x27, #1
    isb
    guest
    show_register icc_rpr_el1
    hvc     #2
    hvc     #CLIMB
    show_interface
    list_register 1, LR_PENDING | LR_GROUP1 | 0x40 << 48 | 41
    list_register 2, LR_PENDING | LR_GROUP1 | 0xa0 << 48 | 42
    guest
    show_register icc_rpr_el1
    show_register icc_hppir1_el1
    mov     x0, #41
    msr     icc_eoir1_el1, x0
    show_register icc_rpr_el1
    mov     x0, #40
    msr     icc_eoir1_el1, x0
    mov     x27, #0
    isb
    nop
    show_register icc_rpr_el1
    hvc     #CLIMB
    show_interface

    say     "EOImode of the guest: priority drop, then deactivation\n"
    clear_interface
    list_register 0, LR_PENDING | LR_GROUP1 | 0x90 << 48 | 40
    set_register ich_hcr_el2, 1
    mov     x27, #1
    isb
    guest
    mov     x0, #2
    msr     icc_ctlr_el1, x0
    mov     x0, #40
    msr     icc_eoir1_el1, x0
    isb
    show_register icc_rpr_el1
    hvc     #CLIMB
    show_interface
    guest
    mov     x0, #40
    msr     icc_dir_el1, x0
    msr     icc_ctlr_el1, xzr
    hvc     #CLIMB
    show_interface
    mov     x27, #0

    say     "maintenance: an EOI, and an EOI of nothing counts\n"
    clear_interface
    list_register 0, LR_PENDING | LR_GROUP1 | LR_EOI | 0x90 << 48 | 40
    set_register ich_hcr_el2, 1
    isb
    guest
    nop
    hvc     #CLIMB
    show_interface
    clear_interface
    mov     x1, #5
    msr     ich_hcr_el2, x1                 // LRENPIE
    isb
    guest
    mov     x0, #77
    msr     icc_eoir1_el1, x0
    isb
    nop
    hvc     #CLIMB
    mrs     x9, ich_hcr_el2
    show    "ICH_HCR_EL2", x9
    say     "\nmaintenance: underflow, nothing pending, groups on and off\n"
    maintenance_by "UIE", 0x3
    maintenance_by "NPIE", 0x9
    maintenance_by "EIE of group 0", 0x11
    maintenance_by "DIE of group 0", 0x21
    maintenance_by "EIE of group 1", 0x41
    maintenance_by "DIE of group 1", 0x81

    say     "the HW bit: the guest's EOI deactivates the timer's interrupt\n"
    clear_interface
    set_register ich_hcr_el2, 1
    set_register cntv_tval_el0, 5000
    set_register cntv_ctl_el0, 1
    isb
    guest
3:  wfi
    mrs     x9, cntv_ctl_el0
    tbz     x9, #1, 3b                      // until the guest's handler has masked it
    hvc     #CLIMB
    show_interface
    ldr     x1, =(GICR + 0x10000)
    ldr     w9, [x1, #0x300]
    show    "active", x9
    say     "\n"
    finish
    .ltorg

    // At EL2: a maintenance interrupt switches the interface off; the timer goes on to the guest. At EL1: ends the
    // interrupt unless X27 says otherwise, and masks all where nothing is to be acknowledged.
on_interrupt:
    mrs     x3, currentel
    mrs     x0, icc_iar1_el1
    show    "  INTID", x0
    say     "\n"
    cmp     x3, #8
    b.eq    6f
    cmp     x0, #1020
    b.hs    4f
    cmp     x0, #27
    b.ne    5f
    mov     x2, #3
    msr     cntv_ctl_el0, x2
    isb
5:  cbnz    x27, 8f
    msr     icc_eoir1_el1, x0
    isb
8:  ret
4:  mrs     x3, spsr_el1
    orr     x3, x3, #0x1c0
    msr     spsr_el1, x3
    ret
6:  cmp     x0, #27
    b.ne    7f
    ldr     x2, =(LR_PENDING | LR_HW | LR_GROUP1 | 0x80 << 48 | 27 << 32 | 27)
    msr     ich_lr0_el2, x2
    msr     icc_eoir1_el1, x0               // drops the priority alone
    isb
    ret
7:  mrs     x2, ich_misr_el2
    show    "  MISR", x2
    mrs     x2, ich_eisr_el2
    show    " EISR", x2
    mrs     x2, ich_hcr_el2
    show    " HCR", x2
    say     "\n"
    msr     ich_hcr_el2, xzr
    msr     icc_eoir1_el1, x0
    msr     icc_dir_el1, x0
    isb
    ret
