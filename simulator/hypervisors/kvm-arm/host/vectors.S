// The vectors of the host kernel. It is written with the names of EL1: with HCR_EL2.E2H they reach the registers of EL2.

#include "frame.h"

    .text

// Registers that a C function may change, and the return state, around a handler of kernel interrupts.
    .global host_kernel_interrupt
host_kernel_interrupt:
    stp     x0, x1, [sp, #-176]!
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x30, [sp, #144]
    mrs     x0, elr_el1
    mrs     x1, spsr_el1
    stp     x0, x1, [sp, #160]
    bl      host_interrupt
    ldp     x0, x1, [sp, #160]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    ldp     x18, x30, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #176
    eret

// An exception of the kernel itself: there is nothing to return to.
    .global host_kernel_sync
host_kernel_sync:
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    mrs     x2, far_el1
    b       explain_kernel_fault

// All of a thread at EL0 goes to the kernel's stack, as a `struct user_frame`.
    .macro  from_user handler
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp, #FRAME_X]
    stp     x2, x3, [sp, #FRAME_X + 16]
    stp     x4, x5, [sp, #FRAME_X + 32]
    stp     x6, x7, [sp, #FRAME_X + 48]
    stp     x8, x9, [sp, #FRAME_X + 64]
    stp     x10, x11, [sp, #FRAME_X + 80]
    stp     x12, x13, [sp, #FRAME_X + 96]
    stp     x14, x15, [sp, #FRAME_X + 112]
    stp     x16, x17, [sp, #FRAME_X + 128]
    stp     x18, x19, [sp, #FRAME_X + 144]
    stp     x20, x21, [sp, #FRAME_X + 160]
    stp     x22, x23, [sp, #FRAME_X + 176]
    stp     x24, x25, [sp, #FRAME_X + 192]
    stp     x26, x27, [sp, #FRAME_X + 208]
    stp     x28, x29, [sp, #FRAME_X + 224]
    mrs     x0, sp_el0
    stp     x30, x0, [sp, #FRAME_X + 240]
    mrs     x0, elr_el1
    mrs     x1, spsr_el1
    stp     x0, x1, [sp, #FRAME_PC]
    mov     x0, sp
    bl      \handler
    b       return_to_user
    .endm

user_sync:
    from_user host_user_sync        /* BP: svc */

user_interrupt:
    from_user host_interrupt

return_to_user:
    ldp     x0, x1, [sp, #FRAME_PC]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    ldp     x30, x0, [sp, #FRAME_X + 240]
    msr     sp_el0, x0
    ldp     x28, x29, [sp, #FRAME_X + 224]
    ldp     x26, x27, [sp, #FRAME_X + 208]
    ldp     x24, x25, [sp, #FRAME_X + 192]
    ldp     x22, x23, [sp, #FRAME_X + 176]
    ldp     x20, x21, [sp, #FRAME_X + 160]
    ldp     x18, x19, [sp, #FRAME_X + 144]
    ldp     x16, x17, [sp, #FRAME_X + 128]
    ldp     x14, x15, [sp, #FRAME_X + 112]
    ldp     x12, x13, [sp, #FRAME_X + 96]
    ldp     x10, x11, [sp, #FRAME_X + 80]
    ldp     x8, x9, [sp, #FRAME_X + 64]
    ldp     x6, x7, [sp, #FRAME_X + 48]
    ldp     x4, x5, [sp, #FRAME_X + 32]
    ldp     x2, x3, [sp, #FRAME_X + 16]
    ldp     x0, x1, [sp, #FRAME_X]
    add     sp, sp, #FRAME_SIZE
    eret                            /* BP: eret-to-user */

// void enter_user(void (*program)(uint64_t), void *stack, uint64_t argument)
    .global enter_user
enter_user:
    msr     elr_el1, x0
    msr     spsr_el1, xzr           // EL0, nothing masked
    msr     sp_el0, x1
    mov     x0, x2
    mov     x29, xzr
    mov     x30, xzr
    eret

    .macro  entry target
    .balign 0x80
    b       \target
    .endm

    .balign 0x800
    .global host_vectors
host_vectors:
    entry   host_kernel_sync        // from the kernel with SP_EL0, which it never uses
    entry   host_kernel_sync
    entry   host_kernel_sync
    entry   host_kernel_sync
    entry   host_kernel_sync        // from the kernel
    entry   host_kernel_interrupt
    entry   host_kernel_sync
    entry   host_kernel_sync
    entry   user_sync               // from EL0
    entry   user_interrupt
    entry   host_kernel_sync
    entry   host_kernel_sync
    entry   host_kernel_sync        // from AArch32, which nobody here is
    entry   host_kernel_sync
    entry   host_kernel_sync
    entry   host_kernel_sync
