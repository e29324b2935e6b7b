// The first instructions of each PE, at EL2 with the MMU off. A host in split mode leaves EL2 here, once.

#include "vcpu.h"
#include "registers.h"
#include "stacks.h"

    .macro  address register, symbol
    adrp    \register, \symbol
    add     \register, \register, :lo12:\symbol
    .endm

    .text
    .global _start
_start:
    msr     spsel, #1
    address x0, host_stacks
    add     x0, x0, #HOST_STACK_SIZE
    mov     sp, x0
    address x0, bss_start
    address x1, bss_end
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0], #16
    b       1b

2:  mrs     x0, currentel
    lsr     x0, x0, #2
    cmp     x0, #2
    b.ne    wrong_level
    bl      boot_first
    mov     x19, #0
    b       begin_host

// The firmware starts the other PEs here; x0 is what PE 0 gave it, the PE's number.
    .global secondary_start
secondary_start:
    mov     x19, x0
    msr     spsel, #1
    address x0, host_stacks + HOST_STACK_SIZE
    mov     x1, #HOST_STACK_SIZE
    madd    x0, x19, x1, x0
    mov     sp, x0

// x19: number of this PE.
begin_host:
    mov     x0, x19
    bl      el2_prepare
#if !VHE && !TYPE1
    // From here on EL2 is the hypervisor code, with its own stack, and the host kernel goes on below it.
    mov     x0, sp
    msr     sp_el1, x0
    address x0, hyp_stacks + HYP_STACK_SIZE
    mov     x1, #HYP_STACK_SIZE
    madd    x0, x19, x1, x0
    mov     sp, x0
    address x0, 3f
    msr     elr_el2, x0
    mov     x0, #PSTATE_EL1H | PSTATE_MASKED
    msr     spsr_el2, x0
    eret                            /* BP: leave-el2 */
3:
#endif
    mov     x0, x19
    bl      host_main
4:  wfi
    b       4b

// Not at EL2: say so. There is no other level from which a hypervisor could be started.
wrong_level:
    bl      explain_level
5:  wfi
    b       5b
