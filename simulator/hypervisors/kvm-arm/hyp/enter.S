// Into the guest by ERET, out of it through the vectors of EL2, and in split mode the host's way to EL2.

#include "../vcpu.h"
#include "../registers.h"

    .text

// unsigned guest_enter(struct vcpu *vcpu)
//
// Looks to C like a function that takes long. Its first half ends with ERET; the exception that comes next continues in
// guest_exit, which returns to the caller.
    .global guest_enter
guest_enter:
    // What C expects to find again stays on this stack: SP_EL2 is not the guest's.
    stp     x29, x30, [sp, #-96]!
    stp     x27, x28, [sp, #16]
    stp     x25, x26, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x21, x22, [sp, #64]
    stp     x19, x20, [sp, #80]
    msr     tpidr_el2, x0           // guest_exit finds the vCPU here

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
    .global guest_eret
guest_eret:
    eret                            /* BP: eret */

// Here every general register but x0 and x1 is the guest's; those two are on the stack, and w1 has the reason.
    .global guest_exit
guest_exit:
    mrs     x0, tpidr_el2           /* BP: exit */
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
    str     x30, [x0, #CONTEXT_X + 240]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x0, #CONTEXT_X]

    mov     w0, w1
    ldp     x19, x20, [sp, #80]
    ldp     x21, x22, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #32]
    ldp     x27, x28, [sp, #16]
    ldp     x29, x30, [sp], #96
    ret

#if VHE

// uint64_t hyp_call(void *function, ...)
//
// The host is at EL2 itself: a call is a call.
    .global hyp_call
hyp_call:
    mov     x16, x0
    mov     x0, x1
    mov     x1, x2
    br      x16

#else

// uint64_t hyp_call(void *function, ...), at EL1.
    .global hyp_call
hyp_call:
    hvc     #0                      /* BP: hvc-to-hyp */
    ret

// A synchronous exception from EL1 or EL0. An HVC while no guest's stage 2 is in use is the host that calls: x0 is the
// function, x1 and x2 its arguments. Both are ours, so that the pointer is trusted.
lower_sync:
    mrs     x0, esr_el2             /* BP: trap */
    lsr     x0, x0, #ESR_EC_SHIFT
    cmp     x0, #EC_HVC64
    b.ne    1f
    mrs     x0, vttbr_el2
    cbz     x0, host_call
1:  mov     w1, #EXIT_SYNC
    b       guest_exit

host_call:
    ldp     x16, x0, [sp], #16      /* BP: hyp-entry */
    mov     x1, x2
    stp     x29, x30, [sp, #-16]!
    blr     x16
    ldp     x29, x30, [sp], #16
    eret                            /* BP: eret-to-host */

#endif

    .macro  from_guest reason
    .balign 0x80
    stp     x0, x1, [sp, #-16]!
    mov     w1, #\reason
    b       guest_exit
    .endm

    .macro  fatal
    .balign 0x80
    mrs     x0, esr_el2
    b       hyp_fault
    .endm

hyp_fault:
    mrs     x1, elr_el2
    mrs     x2, far_el2
    b       explain_hyp_fault

// The vectors of EL2 while a guest runs; in split mode always (Arm ARM D1.3.1.4).
    .balign 0x800
    .global hyp_vectors
hyp_vectors:
    fatal                           // from EL2 with SP_EL0
    fatal
    fatal
    fatal
#if VHE
    // From EL2 with SP_EL2, between two visits to the guest: with STEP_TRAPS the host goes on with these vectors.
    .balign 0x80
    b       host_kernel_sync
    .balign 0x80
    b       host_kernel_interrupt
    fatal
    fatal
#else
    fatal
    fatal
    fatal
    fatal
#endif
#if VHE
    from_guest EXIT_SYNC            /* BP: trap-vhe */
#else
    .balign 0x80
    stp     x0, x1, [sp, #-16]!
    b       lower_sync
#endif
    from_guest EXIT_IRQ
    from_guest EXIT_FIQ
    from_guest EXIT_SERROR
    fatal                           // from AArch32, which nobody here is
    fatal
    fatal
    fatal
