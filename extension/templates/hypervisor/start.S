// The first instructions. The machine starts here at EL2, with the MMU off.

    .text
    .global _start
_start:
    // A stack and zeroed variables: C needs both.
    adrp    x0, stack_top
    add     x0, x0, :lo12:stack_top
    msr     spsel, #1
    mov     sp, x0
    adrp    x0, bss_start
    add     x0, x0, :lo12:bss_start
    adrp    x1, bss_end
    add     x1, x1, :lo12:bss_end
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0], #16
    b       1b

2:  adrp    x0, vectors
    add     x0, x0, :lo12:vectors
    msr     vbar_el2, x0
    bl      main
3:  wfi
    b       3b
