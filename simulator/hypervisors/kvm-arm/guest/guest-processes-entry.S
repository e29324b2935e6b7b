// Processes of the guest's kernel: in by ERET, out through vectors that save all of them.

#define PROCESS_SP 248
#define PROCESS_PC 256
#define PROCESS_PSTATE 264

    .text

// The code of every process, on a page of its own, wherever that is mapped. x0: its data.
    .balign 4096
    .global guest_process_code
guest_process_code:
    ldr     x1, [x0]
    add     x1, x1, #1
    str     x1, [x0]                /* BP: guest-process */
    tst     x1, #63
    b.ne    guest_process_code
    svc     #0
    b       guest_process_code
    .balign 4096

// A process begins or goes on: x0 is it. The stack of the kernel is empty meanwhile.
    .global guest_process_run
guest_process_run:
    msr     tpidr_el1, x0
    ldr     x1, [x0, #PROCESS_SP]
    ldp     x2, x3, [x0, #PROCESS_PC]
    msr     sp_el0, x1
    msr     elr_el1, x2
    msr     spsr_el1, x3
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

// The process goes to where TPIDR_EL1 says; x0 and x1 are on the stack, and w1 tells an interrupt from the rest.
save:
    mrs     x0, tpidr_el1
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
    mrs     x2, sp_el0
    mrs     x3, elr_el1
    mrs     x4, spsr_el1
    str     x2, [x0, #PROCESS_SP]
    stp     x3, x4, [x0, #PROCESS_PC]
    mov     w0, w1
    bl      guest_process_exception
    b       guest_process_run

    .macro  from_process is_interrupt
    .balign 0x80
    stp     x0, x1, [sp, #-16]!
    mov     w1, #\is_interrupt
    b       save
    .endm

    .macro  unexpected
    .balign 0x80
    b       guest_unexpected
    .endm

    .balign 0x800
    .global guest_process_vectors
guest_process_vectors:
    .rept   8
    unexpected                      // the kernel has interrupts masked
    .endr
    from_process 0
    from_process 1
    .rept   6
    unexpected
    .endr
