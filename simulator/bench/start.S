// Start of a benchmark at EL2 or EL1; the workload runs at EL1. When there is an EL2 it only answers hypercalls: x0 of 0
// adds one to x1, x0 of 1 does so in another world, x0 of 2 goes on at x1, anything else is for the firmware (PSCI).

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

// uint64_t count_switches(uint64_t rounds): hypercalls that return into the other world.
    .global count_switches
count_switches:
    mov     x2, x0
    mov     x0, #1
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
1:  cmp     x0, #1
    b.eq    switch_worlds
    cmp     x0, #2
    b.ne    2f
    br      x1
2:  smc     #0
    eret
    unexpected 7

// A world switch as a hypervisor without VHE does it: EL1 and EL0 registers, then what EL2 controls for the world. Both
// worlds run the same code on the same general registers; x3 to x6 belong to the hypercall. TPIDR_EL2 has the world
// that runs; a world begins with the address of the other one.
    .macro  world_registers act
    \act    sctlr_el1, cpacr_el1, 16
    \act    ttbr0_el1, ttbr1_el1, 32
    \act    tcr_el1, mair_el1, 48
    \act    amair_el1, vbar_el1, 64
    \act    contextidr_el1, tpidr_el1, 80
    \act    esr_el1, far_el1, 96
    \act    afsr0_el1, afsr1_el1, 112
    \act    cntkctl_el1, par_el1, 128
    \act    sp_el1, sp_el0, 144
    \act    elr_el1, spsr_el1, 160
    \act    tpidr_el0, tpidrro_el0, 176
    \act    csselr_el1, mdscr_el1, 192
    \act    elr_el2, spsr_el2, 208
    .endm
    .macro  save first, second, offset
    mrs     x4, \first
    mrs     x5, \second
    stp     x4, x5, [x3, #\offset]
    .endm
    .macro  restore first, second, offset
    ldp     x4, x5, [x3, #\offset]
    msr     \first, x4
    msr     \second, x5
    .endm

switch_worlds:
    add     x1, x1, #1
    mrs     x3, tpidr_el2
    cbz     x3, begin_worlds
2:  world_registers save
    ldr     x3, [x3]
    msr     tpidr_el2, x3
    world_registers restore
    restore hcr_el2, vttbr_el2, 224
    restore cptr_el2, mdcr_el2, 240
    restore cnthctl_el2, hstr_el2, 256
    eret

// The second world starts as a copy of the first, with more traps and a VMID of its own.
begin_worlds:
    adrp    x3, worlds
    add     x3, x3, :lo12:worlds
    add     x4, x3, #512
    stp     x4, xzr, [x3]
    stp     x3, xzr, [x4]
    mrs     x5, hcr_el2
    mrs     x6, vttbr_el2
    stp     x5, x6, [x3, #224]
    orr     x5, x5, #HCR_TWI | HCR_TWE
    orr     x5, x5, #HCR_TSC
    orr     x6, x6, #1 << 48
    stp     x5, x6, [x4, #224]
    mrs     x5, cptr_el2
    mrs     x6, mdcr_el2
    stp     x5, x6, [x3, #240]
    orr     x5, x5, #1 << 10        // TFP
    stp     x5, x6, [x4, #240]
    mrs     x5, cnthctl_el2
    mrs     x6, hstr_el2
    stp     x5, x6, [x3, #256]
    stp     x5, x6, [x4, #256]
    mov     x6, x3
    mov     x3, x4
    world_registers save
    mov     x3, x6
    b       2b

    .bss
    .balign 16
worlds:
    .skip   1024
