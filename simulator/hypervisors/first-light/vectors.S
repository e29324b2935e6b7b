// The world switch: into the guest by ERET, out of it through the vectors of EL2.

#include "vcpu.h"

    .text

// unsigned vcpu_enter(struct vcpu *vcpu)
//
// Looks to C like a function that takes long. Its first half ends with ERET; the exception that comes next continues in
// guest_exit, which returns to the caller.
    .global vcpu_enter
vcpu_enter:
    // What C expects to find again goes to the hypervisor's stack. SP_EL2 itself stays as it is: the guest has SP_EL1.
    stp     x29, x30, [sp, #-96]!
    stp     x27, x28, [sp, #16]
    stp     x25, x26, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x21, x22, [sp, #64]
    stp     x19, x20, [sp, #80]
    msr     tpidr_el2, x0           // guest_exit finds the vCPU here

    ldr     x1, [x0, #VCPU_PC]
    ldr     x2, [x0, #VCPU_PSTATE]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    ldp     x2, x3, [x0, #VCPU_X + 16]
    ldp     x4, x5, [x0, #VCPU_X + 32]
    ldp     x6, x7, [x0, #VCPU_X + 48]
    ldp     x8, x9, [x0, #VCPU_X + 64]
    ldp     x10, x11, [x0, #VCPU_X + 80]
    ldp     x12, x13, [x0, #VCPU_X + 96]
    ldp     x14, x15, [x0, #VCPU_X + 112]
    ldp     x16, x17, [x0, #VCPU_X + 128]
    ldp     x18, x19, [x0, #VCPU_X + 144]
    ldp     x20, x21, [x0, #VCPU_X + 160]
    ldp     x22, x23, [x0, #VCPU_X + 176]
    ldp     x24, x25, [x0, #VCPU_X + 192]
    ldp     x26, x27, [x0, #VCPU_X + 208]
    ldp     x28, x29, [x0, #VCPU_X + 224]
    ldr     x30, [x0, #VCPU_X + 240]
    ldp     x0, x1, [x0, #VCPU_X]
    eret                            /* BP: vm-enter */

// Here every general register but x0 and x1 is the guest's; those two are on the stack, and w1 has the reason.
guest_exit:
    mrs     x0, tpidr_el2           /* BP: vm-exit */
    stp     x2, x3, [x0, #VCPU_X + 16]
    stp     x4, x5, [x0, #VCPU_X + 32]
    stp     x6, x7, [x0, #VCPU_X + 48]
    stp     x8, x9, [x0, #VCPU_X + 64]
    stp     x10, x11, [x0, #VCPU_X + 80]
    stp     x12, x13, [x0, #VCPU_X + 96]
    stp     x14, x15, [x0, #VCPU_X + 112]
    stp     x16, x17, [x0, #VCPU_X + 128]
    stp     x18, x19, [x0, #VCPU_X + 144]
    stp     x20, x21, [x0, #VCPU_X + 160]
    stp     x22, x23, [x0, #VCPU_X + 176]
    stp     x24, x25, [x0, #VCPU_X + 192]
    stp     x26, x27, [x0, #VCPU_X + 208]
    stp     x28, x29, [x0, #VCPU_X + 224]
    str     x30, [x0, #VCPU_X + 240]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x0, #VCPU_X]
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

// An exception of the hypervisor itself: there is nothing to return to.
host_fault:
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    mrs     x2, far_el2
    b       explain_fault

    .macro  from_guest reason
    .balign 0x80
    stp     x0, x1, [sp, #-16]!
    mov     w1, #\reason
    b       guest_exit
    .endm

    .macro  from_host
    .balign 0x80
    b       host_fault
    .endm

// Sixteen entries of 128 bytes (Arm ARM D1.3.1.4): where the exception comes from, by what kind it is.
    .balign 0x800
    .global vectors
vectors:
    from_host                       // from EL2 with SP_EL0: synchronous, IRQ, FIQ, SError
    from_host
    from_host
    from_host
    from_host                       // from EL2 with SP_EL2
    from_host
    from_host
    from_host
    from_guest EXIT_SYNC            // from a lower level in AArch64
    from_guest EXIT_IRQ
    from_guest EXIT_FIQ
    from_guest EXIT_SERROR
    from_host                       // from a lower level in AArch32, which the guest never is
    from_host
    from_host
    from_host
