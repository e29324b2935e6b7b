// The first instructions. The machine starts here at EL2 with the MMU off; QEMU and most boot loaders do so for an image
// when the board has EL2.

#include "../common/registers.h"

    .text
    .global _start
_start:
    // Stack and zeroed variables first: C needs both.
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

2:  mrs     x0, currentel
    lsr     x0, x0, #2
    cmp     x0, #2
    b.ne    wrong_level

    adrp    x0, vectors
    add     x0, x0, :lo12:vectors
    msr     vbar_el2, x0
    // HCR_EL2.E2H decides what half of the EL2 registers mean, so it comes before all others. 0: no VHE, EL2 is a
    // level for a hypervisor alone.
    mov     x0, #HCR_RW
    msr     hcr_el2, x0
    isb
    bl      main
3:  wfi
    b       3b

// Not at EL2: say so. There is no other level from which a hypervisor could be started.
wrong_level:
    bl      explain_level
4:  wfi
    b       4b
