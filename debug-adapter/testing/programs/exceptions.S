// Lines that take exceptions: at EL1, to EL1 and to EL2, called, faulting, and interrupted in the midst.

        .text
        .global _start
        .type   _start, %function
_start:
        adr     x0, vectors_el2
        msr     vbar_el2, x0
        adr     x0, vectors_el1
        msr     vbar_el1, x0
        ldr     x0, =0x80000010         // HCR_EL2.RW and IMO
        msr     hcr_el2, x0
        mrs     x0, sctlr_el1
        orr     x0, x0, #2              // A
        msr     sctlr_el1, x0
        mov     x0, #0x3c5              // EL1h
        msr     spsr_el2, x0
        adr     x0, main
        msr     elr_el2, x0
        eret
        .size   _start, . - _start

        .type   main, %function
main:
        ldr     x0, =0x41000000
        mov     sp, x0
        svc     #1                      // BP: svc
        hvc     #2                      // BP: hvc
        bl      faults                  // BP: call
        ldr     x4, [x0, #1]            // BP: abort
        hvc     #3                      // BP: pend
        msr     daifclr, #2 ; add x5, x5, #1 ; add x5, x5, #1   // BP: irq
        nop                             // BP: end
0:      b       0b
        .size   main, . - main

        // SCTLR_EL1.A: an access that is not aligned faults.
        .type   faults, %function
faults:
        ldr     x4, [x0, #1]
        ret
        .size   faults, . - faults

        .type   on_sync, %function
on_sync:
        mrs     x10, esr_el1
        lsr     x10, x10, #26
        cmp     x10, #0x25
        b.ne    0f
        mrs     x10, elr_el1            // an access that faults is left out
        add     x10, x10, #4
        msr     elr_el1, x10
0:      add     x20, x20, #1
        eret
        .size   on_sync, . - on_sync

        .type   on_irq, %function
on_irq:
        add     x21, x21, #1
        hvc     #4
        eret
        .size   on_irq, . - on_irq

        // HVC 3 makes a virtual interrupt pending, HVC 4 takes it back.
        .type   on_el2, %function
on_el2:
        add     x22, x22, #1
        mrs     x11, esr_el2
        and     x11, x11, #0xff
        cmp     x11, #3
        b.lt    1f
        ldr     x12, =0x80000010
        b.ne    0f
        orr     x12, x12, #0x80         // HCR_EL2.VI
0:      msr     hcr_el2, x12
1:      eret
        .size   on_el2, . - on_el2

        .ltorg
        .macro  vectors name, sync, irq
        .balign 2048
        .type   \name, %function
\name:
        .rept   8
        b       \sync
        .balign 128
        b       \irq
        .balign 128
        .endr
        .size   \name, . - \name
        .endm

        vectors vectors_el1, on_sync, on_irq
        vectors vectors_el2, on_el2, on_el2
