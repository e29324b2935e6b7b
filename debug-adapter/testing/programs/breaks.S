// A guest that debugs itself: it handles its own BRK at EL1, and in the second round its hypervisor takes them (TDE).

        .text
        .global _start
        .type   _start, %function
_start:
        adr     x0, vectors_el2
        msr     vbar_el2, x0
        adr     x0, vectors_el1
        msr     vbar_el1, x0
        mov     x0, #0x80000000         // HCR_EL2.RW
        msr     hcr_el2, x0
        mov     x0, #0x3c5              // EL1h
        msr     spsr_el2, x0
        adr     x0, main
        msr     elr_el2, x0
        eret
        .size   _start, . - _start

        .type   main, %function
main:
        adr     x1, place
        nop                             // BP: before
place:
        brk     #0x123                  // BP: brk
        add     x20, x20, #1            // BP: behind
        ldr     w21, [x1, #-4]
        ldr     w22, [x1]
        ldr     w23, [x1, #4]
        hlt     #7                      // BP: hlt
        hvc     #0                      // BP: hvc
        b       main
        .size   main, . - main

        .type   on_el1, %function
on_el1:
        mrs     x10, elr_el1
        add     x10, x10, #4
        msr     elr_el1, x10
        mrs     x24, esr_el1
        lsr     x10, x24, #26
        cmp     x10, #0x3c
        csel    x25, x24, x25, eq       // of BRK
        eret
        .size   on_el1, . - on_el1

        .type   on_el2, %function
on_el2:
        mrs     x11, esr_el2
        lsr     x12, x11, #26
        cmp     x12, #0x16
        b.eq    0f
        mov     x26, x11
        mrs     x12, elr_el2
        add     x12, x12, #4
        msr     elr_el2, x12
        eret
0:      mov     x12, #0x100             // MDCR_EL2.TDE
        msr     mdcr_el2, x12
        eret
        .size   on_el2, . - on_el2

        .macro  vectors name, handler
        .balign 2048
        .type   \name, %function
\name:
        .rept   16
        b       \handler
        .balign 128
        .endr
        .size   \name, . - \name
        .endm

        vectors vectors_el1, on_el1
        vectors vectors_el2, on_el2
