// The guest's first instructions on each vCPU, and its vectors.

    .text
    .global guest_entry
guest_entry:                        // x0: number of this vCPU
    mov     x19, x0
    adrp    x1, guest_data_end
    mov     x2, #0x1000
    msub    x1, x0, x2, x1
    mov     sp, x1
    adrp    x1, guest_vectors
    add     x1, x1, :lo12:guest_vectors
    msr     vbar_el1, x1
    isb
    bl      guest_enable_mmu
    mov     x0, x19
    bl      guest_main
1:  wfi
    b       1b

// Registers that a C function may change, around a handler.
    .macro  save_for_c
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
    .endm

    .macro  restore_from_c
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
    .endm

guest_interrupt_entry:
    save_for_c                      /* BP: guest-irq */
    bl      guest_interrupt
    restore_from_c
    eret

    .global guest_unexpected
guest_unexpected:
    save_for_c
    mrs     x0, esr_el1
    mrs     x1, elr_el1
    bl      guest_fault             // returns when it was expected
    msr     elr_el1, x0
    restore_from_c
    eret

// A value in an FP register, to see whether it is still there after others had the PE.
    .arch_extension fp
    .global guest_fp_write
guest_fp_write:
    fmov    d8, x0
    ret
    .global guest_fp_read
guest_fp_read:
    fmov    x0, d8
    ret

    .macro  entry target
    .balign 0x80
    b       \target
    .endm

    .balign 0x800
guest_vectors:
    .rept   5
    entry   guest_unexpected        // from EL1 with SP_EL0, and synchronous from EL1
    .endr
    entry   guest_interrupt_entry   // IRQ
    .rept   10
    entry   guest_unexpected
    .endr
