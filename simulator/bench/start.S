// Start of a benchmark at EL2 or EL1; the workload runs at EL1. When there is an EL2 it only answers hypercalls: x0 of 0
// adds one to x1, anything else is for the firmware (PSCI).

#include "../hypervisors/common/registers.h"

    .text
    .global _start
_start:
    mrs     x0, currentel
    cmp     x0, #2 << 2
    b.ne    at_el1
    mov     x0, #HCR_RW
    msr     hcr_el2, x0
    mov     x0, #0x33ff             // CPTR_EL2 without traps
    msr     cptr_el2, x0
    adrp    x0, vectors_el2
    add     x0, x0, :lo12:vectors_el2
    msr     vbar_el2, x0
    mov     x0, #PSTATE_EL1H | PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F
    msr     spsr_el2, x0
    adr     x0, at_el1
    msr     elr_el2, x0
    ldr     w0, =SCTLR_EL1_RES1
    msr     sctlr_el1, x0
    isb
    eret

at_el1:
    msr     spsel, #1
    mov     x0, #3 << 20            // CPACR_EL1: FP and AdvSIMD without traps
    msr     cpacr_el1, x0
    adrp    x0, vectors_el1
    add     x0, x0, :lo12:vectors_el1
    msr     vbar_el1, x0
    isb
    adrp    x0, stack_top
    add     x0, x0, :lo12:stack_top
    mov     sp, x0
    adrp    x0, bss_start
    add     x0, x0, :lo12:bss_start
    adrp    x1, bss_end
    add     x1, x1, :lo12:bss_end
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0], #16
    b       1b
2:  bl      main
3:  wfi
    b       3b

// uint64_t count_svc(uint64_t rounds): calls EL1 from EL0 so many times; the result is counted by the handler.
    .global count_svc
count_svc:
    mov     x2, x0
    mov     x0, #0
    mov     x1, #0
    adr     x3, 1f
    msr     elr_el1, x3
    msr     spsr_el1, xzr           // EL0
    eret
1:  svc     #0
    subs    x2, x2, #1
    b.ne    1b
    mov     x0, #1
    svc     #0                      // continues in leave_el0

// At EL1 again, with the return address of count_svc still in x30.
leave_el0:
    mov     x0, x1
    ret

// uint64_t count_hvc(uint64_t rounds): the same from EL1 to EL2.
    .global count_hvc
count_hvc:
    mov     x2, x0
    mov     x0, #0
    mov     x1, #0
1:  hvc     #0
    subs    x2, x2, #1
    b.ne    1b
    mov     x0, x1
    ret

    .macro  unexpected count
    .rept   \count
    .balign 0x80
    b       .
    .endr
    .endm

    .balign 0x800
vectors_el1:
    unexpected 8
    .balign 0x80
    cbnz    x0, leave_el0           // synchronous from EL0
    add     x1, x1, #1
    eret
    unexpected 7

    .balign 0x800
vectors_el2:
    unexpected 8
    .balign 0x80
    cbnz    x0, 1f                  // synchronous from EL1
    add     x1, x1, #1
    eret
1:  smc     #0
    eret
    unexpected 7
