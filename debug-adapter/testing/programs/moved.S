// Tells the PE of its exception vectors and works: what has its symbols for another place can find it by them.

        .text
        .global _start
        .type   _start, %function
_start:
        adr     x0, vectors
        msr     vbar_el2, x0
        isb
        bl      work
0:      wfi
        b       0b
        .size   _start, . - _start

        .type   work, %function
work:
        mov     w1, #7
        ret
        .size   work, . - work

#ifndef BUILD
#define BUILD 1
#endif
version_string:
        .ascii  "A program that is moved, build "
        .byte   '0' + BUILD, 0

        .balign 2048
vectors:
        .rept   16
        b       .
        .balign 128
        .endr
