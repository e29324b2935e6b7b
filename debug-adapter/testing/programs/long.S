// Works for long: what goes over it, and what searches it backwards, takes a while. ROUNDS is how long, by 3 instructions.

#ifndef ROUNDS
#define ROUNDS 100000000
#endif

        .text
        .global _start
        .type   _start, %function
_start:
        ldr     x0, =0x41000000
        mov     x19, #5
        str     x19, [x0]
        ldr     x0, =0x80002000         // HCR_EL2.RW and TWI
        msr     hcr_el2, x0
        bl      work                    // BP: call
        mov     x20, #6                 // BP: behind
        mov     x0, #0x3c5              // EL1h
        msr     spsr_el2, x0
        adr     x0, below
        msr     elr_el2, x0
        eret
below:
        wfi
        b       below
        .size   _start, . - _start

        .type   work, %function
work:
        ldr     x1, =ROUNDS
0:      add     x2, x2, #1
        subs    x1, x1, #1
        b.ne    0b
        ret
        .size   work, . - work

        .type   never, %function
never:
        nop
        ret
        .size   never, . - never
