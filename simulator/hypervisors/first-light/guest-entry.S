// The guest's first instructions and its vectors. It believes to be alone on a board whose RAM is at 0x80000000.

    .text
    .global guest_entry
guest_entry:
    adrp    x0, guest_stack_top
    add     x0, x0, :lo12:guest_stack_top
    mov     sp, x0
    adrp    x0, guest_vectors
    add     x0, x0, :lo12:guest_vectors
    msr     vbar_el1, x0
    isb
    bl      guest_main
1:  wfi
    b       1b

// Registers that a C function may change, and the way back, around the handler.
guest_interrupt_entry:
    stp     x0, x1, [sp, #-160]!
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x30, [sp, #144]
    bl      guest_interrupt
    ldp     x18, x30, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #160
    eret

    .macro  unexpected
    .balign 0x80
    b       guest_fault
    .endm

    .balign 0x800
guest_vectors:
    unexpected                      // from EL1 with SP_EL0
    unexpected
    unexpected
    unexpected
    unexpected                      // from EL1 with SP_EL1: synchronous
    .balign 0x80
    b       guest_interrupt_entry   // IRQ
    unexpected
    unexpected
    unexpected                      // from EL0, which this guest has not
    unexpected
    unexpected
    unexpected
    unexpected
    unexpected
    unexpected
    unexpected
