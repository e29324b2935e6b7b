// The world switch of split mode by hand, as it was before it became C: the same work in the same order as
// world-switch.c, so that the two can be read side by side.
//
// x19: the vCPU; x20: the context of the host; x21: why the guest was left.

#include "../registers.h"
#include "../vcpu.h"

    .text

// All system registers of both worlds, from the hardware to the context at x0. Changes x4 and x5.
save_sysregs:
    mrs     x4, mdscr_el1
    mrs     x5, sp_el0
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_MDSCR_EL1)]
    mrs     x4, tpidr_el0
    mrs     x5, tpidrro_el0
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_TPIDR_EL0)]
    mrs     x4, actlr_el1
    mrs     x5, vmpidr_el2
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_ACTLR_EL1)]
    mrs     x4, csselr_el1
    mrs     x5, sctlr_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_CSSELR_EL1)]
    mrs     x4, cpacr_el1
    mrs     x5, ttbr0_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_CPACR_EL1)]
    mrs     x4, ttbr1_el1
    mrs     x5, tcr_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_TTBR1_EL1)]
    mrs     x4, esr_el1
    mrs     x5, afsr0_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_ESR_EL1)]
    mrs     x4, afsr1_el1
    mrs     x5, far_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_AFSR1_EL1)]
    mrs     x4, mair_el1
    mrs     x5, vbar_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_MAIR_EL1)]
    mrs     x4, contextidr_el1
    mrs     x5, amair_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_CONTEXTIDR_EL1)]
    mrs     x4, cntkctl_el1
    mrs     x5, par_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_CNTKCTL_EL1)]
    mrs     x4, tpidr_el1
    mrs     x5, sp_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_TPIDR_EL1)]
    mrs     x4, elr_el1
    mrs     x5, spsr_el1
    stp     x4, x5, [x0, #CONTEXT_SYSREG(R_ELR_EL1)]
    mrs     x4, elr_el2
    mrs     x5, spsr_el2
    stp     x4, x5, [x0, #CONTEXT_PC]
    ret

// And back.
restore_sysregs:
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_MDSCR_EL1)]
    msr     mdscr_el1, x4
    msr     sp_el0, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_TPIDR_EL0)]
    msr     tpidr_el0, x4
    msr     tpidrro_el0, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_ACTLR_EL1)]
    msr     actlr_el1, x4
    msr     vmpidr_el2, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_CSSELR_EL1)]
    msr     csselr_el1, x4
    msr     sctlr_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_CPACR_EL1)]
    msr     cpacr_el1, x4
    msr     ttbr0_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_TTBR1_EL1)]
    msr     ttbr1_el1, x4
    msr     tcr_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_ESR_EL1)]
    msr     esr_el1, x4
    msr     afsr0_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_AFSR1_EL1)]
    msr     afsr1_el1, x4
    msr     far_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_MAIR_EL1)]
    msr     mair_el1, x4
    msr     vbar_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_CONTEXTIDR_EL1)]
    msr     contextidr_el1, x4
    msr     amair_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_CNTKCTL_EL1)]
    msr     cntkctl_el1, x4
    msr     par_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_TPIDR_EL1)]
    msr     tpidr_el1, x4
    msr     sp_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_SYSREG(R_ELR_EL1)]
    msr     elr_el1, x4
    msr     spsr_el1, x5
    ldp     x4, x5, [x0, #CONTEXT_PC]
    msr     elr_el2, x4
    msr     spsr_el2, x5
    ret

// What the guest may not do by itself. Changes x4.
activate_traps_asm:
    mov     x4, #HSTR_T15
    msr     hstr_el2, x4
    msr     pmselr_el0, xzr
    mov     x4, #0xf
    msr     pmuserenr_el0, x4
    ldr     x4, [x19, #VCPU_MDCR]
    msr     mdcr_el2, x4
    ldr     x4, =CPTR_RES1 | CPTR_TTA | CPTR_TFP
    msr     cptr_el2, x4
    ldr     x4, [x19, #VCPU_HCR]
    msr     hcr_el2, x4
    ldr     x4, [x19, #VCPU_VTTBR]
    msr     vttbr_el2, x4
    ret

deactivate_traps_asm:
    msr     hstr_el2, xzr
    msr     pmuserenr_el0, xzr
    mrs     x4, mdcr_el2
    and     x4, x4, #MDCR_HPMN_MASK
    orr     x4, x4, #MDCR_E2PB
    msr     mdcr_el2, x4
    mov     x4, #CPTR_RES1
    msr     cptr_el2, x4
    mov     x4, #0x80000000         // HCR_RW
    msr     hcr_el2, x4
    msr     vttbr_el2, xzr
    ret

// The virtual CPU interface. There may be fewer list registers than names for them: the code for each has the same
// length, and a computed branch skips those of the last. x5: how many are in use.
restore_vgic_asm:
    adrp    x6, gic_version
    ldr     w6, [x6, #:lo12:gic_version]
    cmp     w6, #2
    b.eq    restore_vgic_v2_asm
    ldr     x4, [x19, #VCPU_VGIC_HCR]
    msr     ich_hcr_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_VMCR]
    msr     ich_vmcr_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_AP0R0]
    msr     ich_ap0r0_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_AP1R0]
    msr     ich_ap1r0_el2, x4
    ldr     x5, [x19, #VCPU_VGIC_USED]
    adrp    x6, list_register_count
    ldr     w6, [x6, #:lo12:list_register_count]
    adr     x7, 1f
    sub     x7, x7, x6, lsl #4      // four instructions each
    br      x7
    ldr     x4, [x19, #VCPU_VGIC_LR + 120]
    cmp     x5, #15
    csel    x4, x4, xzr, hi
    msr     ich_lr15_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 112]
    cmp     x5, #14
    csel    x4, x4, xzr, hi
    msr     ich_lr14_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 104]
    cmp     x5, #13
    csel    x4, x4, xzr, hi
    msr     ich_lr13_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 96]
    cmp     x5, #12
    csel    x4, x4, xzr, hi
    msr     ich_lr12_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 88]
    cmp     x5, #11
    csel    x4, x4, xzr, hi
    msr     ich_lr11_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 80]
    cmp     x5, #10
    csel    x4, x4, xzr, hi
    msr     ich_lr10_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 72]
    cmp     x5, #9
    csel    x4, x4, xzr, hi
    msr     ich_lr9_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 64]
    cmp     x5, #8
    csel    x4, x4, xzr, hi
    msr     ich_lr8_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 56]
    cmp     x5, #7
    csel    x4, x4, xzr, hi
    msr     ich_lr7_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 48]
    cmp     x5, #6
    csel    x4, x4, xzr, hi
    msr     ich_lr6_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 40]
    cmp     x5, #5
    csel    x4, x4, xzr, hi
    msr     ich_lr5_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 32]
    cmp     x5, #4
    csel    x4, x4, xzr, hi
    msr     ich_lr4_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 24]
    cmp     x5, #3
    csel    x4, x4, xzr, hi
    msr     ich_lr3_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 16]
    cmp     x5, #2
    csel    x4, x4, xzr, hi
    msr     ich_lr2_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 8]
    cmp     x5, #1
    csel    x4, x4, xzr, hi
    msr     ich_lr1_el2, x4
    ldr     x4, [x19, #VCPU_VGIC_LR + 0]
    cmp     x5, #0
    csel    x4, x4, xzr, hi
    msr     ich_lr0_el2, x4
1:  ret

save_vgic_asm:
    adrp    x6, gic_version
    ldr     w6, [x6, #:lo12:gic_version]
    cmp     w6, #2
    b.eq    save_vgic_v2_asm
    mrs     x4, ich_misr_el2
    str     x4, [x19, #VCPU_VGIC_MISR]
    mrs     x4, ich_eisr_el2
    str     x4, [x19, #VCPU_VGIC_EISR]
    mrs     x4, ich_elrsr_el2
    str     x4, [x19, #VCPU_VGIC_ELRSR]
    mrs     x4, ich_vmcr_el2
    str     x4, [x19, #VCPU_VGIC_VMCR]
    mrs     x4, ich_ap0r0_el2
    str     x4, [x19, #VCPU_VGIC_AP0R0]
    mrs     x4, ich_ap1r0_el2
    str     x4, [x19, #VCPU_VGIC_AP1R0]
    adrp    x6, list_register_count
    ldr     w6, [x6, #:lo12:list_register_count]
    adr     x7, 1f
    add     x6, x6, x6, lsl #1
    sub     x7, x7, x6, lsl #2      // three instructions each
    br      x7
    mrs     x4, ich_lr15_el2
    str     x4, [x19, #VCPU_VGIC_LR + 120]
    msr     ich_lr15_el2, xzr
    mrs     x4, ich_lr14_el2
    str     x4, [x19, #VCPU_VGIC_LR + 112]
    msr     ich_lr14_el2, xzr
    mrs     x4, ich_lr13_el2
    str     x4, [x19, #VCPU_VGIC_LR + 104]
    msr     ich_lr13_el2, xzr
    mrs     x4, ich_lr12_el2
    str     x4, [x19, #VCPU_VGIC_LR + 96]
    msr     ich_lr12_el2, xzr
    mrs     x4, ich_lr11_el2
    str     x4, [x19, #VCPU_VGIC_LR + 88]
    msr     ich_lr11_el2, xzr
    mrs     x4, ich_lr10_el2
    str     x4, [x19, #VCPU_VGIC_LR + 80]
    msr     ich_lr10_el2, xzr
    mrs     x4, ich_lr9_el2
    str     x4, [x19, #VCPU_VGIC_LR + 72]
    msr     ich_lr9_el2, xzr
    mrs     x4, ich_lr8_el2
    str     x4, [x19, #VCPU_VGIC_LR + 64]
    msr     ich_lr8_el2, xzr
    mrs     x4, ich_lr7_el2
    str     x4, [x19, #VCPU_VGIC_LR + 56]
    msr     ich_lr7_el2, xzr
    mrs     x4, ich_lr6_el2
    str     x4, [x19, #VCPU_VGIC_LR + 48]
    msr     ich_lr6_el2, xzr
    mrs     x4, ich_lr5_el2
    str     x4, [x19, #VCPU_VGIC_LR + 40]
    msr     ich_lr5_el2, xzr
    mrs     x4, ich_lr4_el2
    str     x4, [x19, #VCPU_VGIC_LR + 32]
    msr     ich_lr4_el2, xzr
    mrs     x4, ich_lr3_el2
    str     x4, [x19, #VCPU_VGIC_LR + 24]
    msr     ich_lr3_el2, xzr
    mrs     x4, ich_lr2_el2
    str     x4, [x19, #VCPU_VGIC_LR + 16]
    msr     ich_lr2_el2, xzr
    mrs     x4, ich_lr1_el2
    str     x4, [x19, #VCPU_VGIC_LR + 8]
    msr     ich_lr1_el2, xzr
    mrs     x4, ich_lr0_el2
    str     x4, [x19, #VCPU_VGIC_LR + 0]
    msr     ich_lr0_el2, xzr
1:  msr     ich_hcr_el2, xzr
    ret

// The same with GICv2, whose interface is in memory: x8 is GICH.
restore_vgic_v2_asm:
    ldr     x8, =GICH_BASE
    ldr     x4, [x19, #VCPU_VGIC_VMCR]
    str     w4, [x8, #GICH_VMCR]
    ldr     x4, [x19, #VCPU_VGIC_AP0R0]
    str     w4, [x8, #GICH_APR]
    ldr     x4, [x19, #VCPU_VGIC_HCR]
    str     w4, [x8, #GICH_HCR]
    ldr     x5, [x19, #VCPU_VGIC_USED]
    adrp    x6, list_register_count
    ldr     w6, [x6, #:lo12:list_register_count]
    add     x7, x19, #VCPU_VGIC_LR
    add     x8, x8, #GICH_LR0
1:  ldr     x4, [x7], #8
    cbz     x5, 2f
    sub     x5, x5, #1
    b       3f
2:  mov     x4, xzr                 // not in use
3:  str     w4, [x8], #4
    subs    w6, w6, #1
    b.ne    1b
    ret

save_vgic_v2_asm:
    ldr     x8, =GICH_BASE
    ldr     w4, [x8, #GICH_VMCR]
    str     x4, [x19, #VCPU_VGIC_VMCR]
    ldr     w4, [x8, #GICH_APR]
    str     x4, [x19, #VCPU_VGIC_AP0R0]
    ldr     w4, [x8, #GICH_HCR]
    str     x4, [x19, #VCPU_VGIC_HCR]
    ldr     w4, [x8, #GICH_MISR]
    str     x4, [x19, #VCPU_VGIC_MISR]
    ldr     w4, [x8, #GICH_EISR0]
    ldr     w5, [x8, #GICH_EISR1]
    orr     x4, x4, x5, lsl #32
    str     x4, [x19, #VCPU_VGIC_EISR]
    ldr     w4, [x8, #GICH_ELRSR0]
    ldr     w5, [x8, #GICH_ELRSR1]
    orr     x4, x4, x5, lsl #32
    str     x4, [x19, #VCPU_VGIC_ELRSR]
    str     wzr, [x8, #GICH_HCR]
    adrp    x6, list_register_count
    ldr     w6, [x6, #:lo12:list_register_count]
    add     x7, x19, #VCPU_VGIC_LR
    add     x8, x8, #GICH_LR0
1:  ldr     w4, [x8], #4
    str     x4, [x7], #8
    subs    w6, w6, #1
    b.ne    1b
    ret

// The virtual timer, and who may use the physical one.
restore_timer_asm:
    mrs     x4, cnthctl_el2
    bic     x4, x4, #CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN
    orr     x4, x4, #CNTHCTL_EL1PCTEN
    msr     cnthctl_el2, x4
    ldr     x4, [x19, #VCPU_TIMER_OFFSET]
    msr     cntvoff_el2, x4
    ldr     x4, [x19, #VCPU_TIMER_CVAL]
    msr     cntv_cval_el0, x4
    isb
    ldr     x4, [x19, #VCPU_TIMER_CTL]
    msr     cntv_ctl_el0, x4
    ret

save_timer_asm:
    mrs     x4, cntv_ctl_el0
    str     x4, [x19, #VCPU_TIMER_CTL]
    mrs     x4, cntv_cval_el0
    str     x4, [x19, #VCPU_TIMER_CVAL]
    msr     cntv_ctl_el0, xzr
    isb
    mrs     x4, cnthctl_el2
    orr     x4, x4, #CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN
    msr     cnthctl_el2, x4
    msr     cntvoff_el2, xzr
    ret

// Debug exceptions of the guest, when it has enabled any, are not to be taken in it: its debug registers are not real.
switch_debug_asm:
    ldr     x4, [x19, #VCPU_GUEST + CONTEXT_SYSREG(R_MDSCR_EL1)]
    mov     x5, #MDSCR_KDE | MDSCR_MDE
    and     x5, x4, x5
    cmp     x5, #0
    cset    x6, ne
    str     x6, [x19, #VCPU_DEBUG_DIRTY]
    cbz     x6, 1f
    bic     x4, x4, x5
    msr     mdscr_el1, x4
1:  ret

// The page of the IPA that faulted, to x22: from HPFAR_EL2, or when that need not say, by asking stage 1 of the guest.
// x4: ESR_EL2, x5: FAR_EL2.
faulting_page_asm:
    mrs     x22, hpfar_el2
    and     x6, x4, #0x3c           // the type of the fault
    cmp     x6, #FSC_PERMISSION
    b.ne    1f
    tbnz    x4, #7, 1f              // on a walk of stage 1
    mrs     x6, par_el1             // it is the guest's
    at      s1e1r, x5
    isb
    mrs     x7, par_el1
    msr     par_el1, x6
    tbnz    x7, #0, 1f
    ubfx    x22, x7, #12, #36
    lsl     x22, x22, #4
1:  ret

// unsigned world_switch(struct vcpu *vcpu)
    .global world_switch
world_switch:
    stp     x29, x30, [sp, #-48]!   /* BP: asm-hyp-entry */
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    mov     x19, x0
    ldr     w1, [x19, #VCPU_PE]
    mov     x2, #PE_SIZE
    adrp    x20, pes
    add     x20, x20, :lo12:pes
    madd    x20, x1, x2, x20

    mov     x0, x20
    bl      save_sysregs            /* BP: asm-save-host */
    bl      activate_traps_asm      /* BP: asm-activate-traps */
    bl      restore_vgic_asm
    bl      restore_timer_asm
    mov     x0, x19
    bl      restore_sysregs         /* BP: asm-restore-guest */
    bl      switch_debug_asm
    isb

enter:
    mov     x0, x19
    bl      guest_enter             /* BP: asm-guest-runs */
    mov     w21, w0
    cbnz    w21, left               // an interrupt has no syndrome
    mrs     x4, esr_el2
    str     x4, [x19, #VCPU_ESR]
    ubfx    x6, x4, #ESR_EC_SHIFT, #6
    cmp     x6, #EC_FP
    b.eq    fp
    and     x6, x6, #~(EC_DABT_LOWER ^ EC_IABT_LOWER)
    cmp     x6, #EC_IABT_LOWER      // either abort
    b.ne    left
    mrs     x5, far_el2
    str     x5, [x19, #VCPU_FAR]
    bl      faulting_page_asm
    str     x22, [x19, #VCPU_HPFAR]
    b       left

// The guest's first touch of an FP register: its own come in, and it goes on.
fp: ldr     x4, =CPTR_RES1 | CPTR_TTA
    msr     cptr_el2, x4
    isb
    add     x0, x20, #CONTEXT_FP
    bl      save_fp
    add     x0, x19, #VCPU_GUEST + CONTEXT_FP
    bl      restore_fp
    mov     x4, #1
    str     x4, [x19, #VCPU_FP_LOADED]
    b       enter

left:
    mov     x0, x19
    bl      save_sysregs            /* BP: asm-save-guest */
    bl      save_timer_asm
    bl      save_vgic_asm
    ldr     x4, [x19, #VCPU_FP_LOADED]
    cbz     x4, 1f
    add     x0, x19, #VCPU_GUEST + CONTEXT_FP
    bl      save_fp
    add     x0, x20, #CONTEXT_FP
    bl      restore_fp
    str     xzr, [x19, #VCPU_FP_LOADED]
1:  bl      deactivate_traps_asm    /* BP: asm-deactivate-traps */
    isb
    mov     x0, x20
    bl      restore_sysregs         /* BP: asm-restore-host */

    mov     w0, w21
    ldp     x21, x22, [sp, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp], #48
    ret                             /* BP: asm-return-to-host */

    .section .rodata
    .global world_switch_name
world_switch_name:
    .asciz  "in assembly"
