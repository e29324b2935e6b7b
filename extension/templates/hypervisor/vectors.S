// The world switch: into the guest by ERET, out of it by the vectors of EL2.

#include "hypervisor.h"

    .text

// unsigned vcpu_run(struct vcpu *vcpu)
//
// To C it looks like a function that takes long. What it begins here, the next exception ends in guest_exit.
    .global vcpu_run
vcpu_run:
    // Registers that C expects to find again.
    stp     x29, x30, [sp, #-96]!
    stp     x27, x28, [sp, #16]
    stp     x25, x26, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x21, x22, [sp, #64]
    stp     x19, x20, [sp, #80]
    msr     tpidr_el2, x0           // guest_exit finds the vCPU here.

    ldr     x1, [x0, #VCPU_PC]
    ldr     x2, [x0, #VCPU_PSTATE]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldp     x18, x19, [x0, #144]
    ldp     x20, x21, [x0, #160]
    ldp     x22, x23, [x0, #176]
    ldp     x24, x25, [x0, #192]
    ldp     x26, x27, [x0, #208]
    ldp     x28, x29, [x0, #224]
    ldr     x30, [x0, #240]
    ldp     x0, x1, [x0]
    eret

// All general registers are the guest's, but x0 and x1, which are on the stack, and w1, which has the reason.
guest_exit:
    mrs     x0, tpidr_el2
    stp     x2, x3, [x0, #16]
    stp     x4, x5, [x0, #32]
    stp     x6, x7, [x0, #48]
    stp     x8, x9, [x0, #64]
    stp     x10, x11, [x0, #80]
    stp     x12, x13, [x0, #96]
    stp     x14, x15, [x0, #112]
    stp     x16, x17, [x0, #128]
    stp     x18, x19, [x0, #144]
    stp     x20, x21, [x0, #160]
    stp     x22, x23, [x0, #176]
    stp     x24, x25, [x0, #192]
    stp     x26, x27, [x0, #208]
    stp     x28, x29, [x0, #224]
    str     x30, [x0, #240]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x0]
    mrs     x2, elr_el2
    mrs     x3, spsr_el2
    str     x2, [x0, #VCPU_PC]
    str     x3, [x0, #VCPU_PSTATE]

    mov     w0, w1
    ldp     x19, x20, [sp, #80]
    ldp     x21, x22, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #32]
    ldp     x27, x28, [sp, #16]
    ldp     x29, x30, [sp], #96
    ret

// The hypervisor itself has trapped: ESR_EL2, ELR_EL2 and FAR_EL2 say why. Hyperstep shows them in the Variables view.
hypervisor_fault:
    wfi
    b       hypervisor_fault

    .macro  from_guest reason
    .balign 0x80
    stp     x0, x1, [sp, #-16]!
    mov     w1, #\reason
    b       guest_exit
    .endm

    .macro  from_hypervisor
    .balign 0x80
    b       hypervisor_fault
    .endm

// Sixteen entries of 128 bytes: where the exception comes from, by what kind it is.
    .balign 0x800
    .global vectors
vectors:
    from_hypervisor                 // from EL2 with SP_EL0: synchronous, IRQ, FIQ, SError
    from_hypervisor
    from_hypervisor
    from_hypervisor
    from_hypervisor                 // from EL2 with SP_EL2
    from_hypervisor
    from_hypervisor
    from_hypervisor
    from_guest EXIT_SYNC            // from the guest in AArch64
    from_guest EXIT_IRQ
    from_guest EXIT_FIQ
    from_guest EXIT_SERROR
    from_hypervisor                 // from a guest in AArch32, which this one is not
    from_hypervisor
    from_hypervisor
    from_hypervisor
