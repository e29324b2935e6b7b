// Into a guest and out of it. Nothing has to be found again behind an exit but the stack pointer, which is ours alone: the
// general registers go to the vCPU, and everything else of the guest stays where it is.

#include "../kvm-arm/registers.h"
#include "../kvm-arm/vcpu.h"

    .text

    .macro  from_guest reason
    .balign 0x80
    stp     x0, x1, [sp, #-16]!
    mov     w1, #\reason
    b       leave_guest
    .endm

    .macro  fatal
    .balign 0x80
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    mrs     x2, far_el2
    b       explain_hyp_fault
    .endm

leave_guest:
    mrs     x0, tpidr_el2           /* BP: type1-save */
    stp     x2, x3, [x0, #CONTEXT_X + 16]
    stp     x4, x5, [x0, #CONTEXT_X + 32]
    stp     x6, x7, [x0, #CONTEXT_X + 48]
    stp     x8, x9, [x0, #CONTEXT_X + 64]
    stp     x10, x11, [x0, #CONTEXT_X + 80]
    stp     x12, x13, [x0, #CONTEXT_X + 96]
    stp     x14, x15, [x0, #CONTEXT_X + 112]
    stp     x16, x17, [x0, #CONTEXT_X + 128]
    stp     x18, x19, [x0, #CONTEXT_X + 144]
    stp     x20, x21, [x0, #CONTEXT_X + 160]
    stp     x22, x23, [x0, #CONTEXT_X + 176]
    stp     x24, x25, [x0, #CONTEXT_X + 192]
    stp     x26, x27, [x0, #CONTEXT_X + 208]
    stp     x28, x29, [x0, #CONTEXT_X + 224]
    ldp     x2, x3, [sp], #16
    str     x30, [x0, #CONTEXT_X + 240]
    stp     x2, x3, [x0, #CONTEXT_X]
    mrs     x2, elr_el2
    mrs     x3, spsr_el2
    stp     x2, x3, [x0, #CONTEXT_PC]
    bl      hypervisor_exit

    .global enter_guest
enter_guest:
    msr     tpidr_el2, x0           /* BP: type1-restore */
    ldp     x2, x3, [x0, #CONTEXT_PC]
    msr     elr_el2, x2
    msr     spsr_el2, x3
    ldp     x2, x3, [x0, #CONTEXT_X + 16]
    ldp     x4, x5, [x0, #CONTEXT_X + 32]
    ldp     x6, x7, [x0, #CONTEXT_X + 48]
    ldp     x8, x9, [x0, #CONTEXT_X + 64]
    ldp     x10, x11, [x0, #CONTEXT_X + 80]
    ldp     x12, x13, [x0, #CONTEXT_X + 96]
    ldp     x14, x15, [x0, #CONTEXT_X + 112]
    ldp     x16, x17, [x0, #CONTEXT_X + 128]
    ldp     x18, x19, [x0, #CONTEXT_X + 144]
    ldp     x20, x21, [x0, #CONTEXT_X + 160]
    ldp     x22, x23, [x0, #CONTEXT_X + 176]
    ldp     x24, x25, [x0, #CONTEXT_X + 192]
    ldp     x26, x27, [x0, #CONTEXT_X + 208]
    ldp     x28, x29, [x0, #CONTEXT_X + 224]
    ldr     x30, [x0, #CONTEXT_X + 240]
    ldp     x0, x1, [x0, #CONTEXT_X]
    eret                            /* BP: type1-eret */

    .balign 0x800
    .global hyp_vectors
hyp_vectors:
    .rept   8
    fatal                           // from EL2 itself
    .endr
    from_guest EXIT_SYNC            /* BP: type1-trap */
    from_guest EXIT_IRQ
    from_guest EXIT_FIQ
    from_guest EXIT_SERROR
    .rept   4
    fatal                           // from AArch32, which nobody here is
    .endr
