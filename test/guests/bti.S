// Branch target identification: PSTATE.BTYPE after each kind of branch, and what may be a target in a guarded page.
// Starts at EL1.

#include "guest.h"

    // Calls a place in a page with a branch of one kind; the handler of a fault returns behind the branch, as X30 says.
    .macro go kind, register, place
    say     "\kind \register to \place: "
    adr     \register, \place
    adr     x30, .Lreturn\@
    \kind   \register
.Lreturn\@:
    .endm

    .macro go_everywhere place
    go      br, x16, \place
    go      br, x17, \place
    go      br, x5, \place
    go      blr, x5, \place
    go      ret, x5, \place
    .endm

test:
    // Level 1: gigabyte 0 is devices, 1 has a level 2 table; there 2 MB of code by pages and 2 MB of data.
    adrp    x1, level1
    ldr     x2, =(BLOCK | 3 << 53 | 1 << 6)
    str     x2, [x1]
    adrp    x3, level2
    orr     x2, x3, #TABLE
    str     x2, [x1, #8]
    adrp    x4, level3
    orr     x2, x4, #TABLE
    str     x2, [x3]
    ldr     x2, =(0x40200000 | BLOCK | 1 << 2 | 3 << 53)
    str     x2, [x3, #8]
    mov     x6, #0
    ldr     x2, =(0x40000000 | PAGE | 1 << 2)
1:  str     x2, [x4, x6, lsl #3]
    add     x2, x2, #0x1000
    add     x6, x6, #1
    cmp     x6, #512
    b.lo    1b
    // The guarded page.
    adr     x5, guarded
    ubfx    x6, x5, #12, #9
    ldr     x2, [x4, x6, lsl #3]
    orr     x2, x2, #1 << 50
    str     x2, [x4, x6, lsl #3]

    set_register mair_el1, 0xff04
    set_register tcr_el1, (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
    msr     ttbr0_el1, x1
    dsb     sy
    tlbi    vmalle1
    dsb     sy
    isb
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I)
    isb

    say     "to an instruction that faults in a page that is not guarded, and SVC there\n"
    go_everywhere undefined
    go_everywhere call
    say     "within a guarded page\n"
    go_everywhere with_nop
    go_everywhere with_bti
    go_everywhere with_bti_c
    go_everywhere with_bti_j
    go_everywhere with_bti_jc
    go_everywhere with_paciasp
    go_everywhere with_brk
    say     "from a guarded page\n"
    adr     x30, 2f
    b       from_guarded_j
2:  adr     x30, 3f
    b       from_guarded_c
3:  adr     x30, 4f
    b       from_guarded_16
4:  adr     x30, 5f
    b       from_guarded_pac
5:  say     "PACIASP with SCTLR_EL1.BT1\n"
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | 1 << 36)
    isb
    adr     x30, 6f
    b       from_guarded_pac
6:  go_everywhere with_paciasp
    say     "by a return from an exception\n"
    ldr     x0, =(AT_EL1 | 2 << 10)
    msr     spsr_el1, x0
    adr     x0, with_bti_c
    msr     elr_el1, x0
    adr     x30, 7f
    eret
7:  ldr     x0, =(AT_EL1 | 2 << 10)
    msr     spsr_el1, x0
    adr     x0, with_nop
    msr     elr_el1, x0
    adr     x30, 8f
    eret
8:  finish
    .ltorg

undefined:
    .inst   0
    ret
call:
    svc     #1
    ret

    .balign 4096
guarded:
with_nop:
    nop
    b       arrived
with_bti:
    hint    #32
    b       arrived
with_bti_c:
    hint    #34
    b       arrived
with_bti_j:
    hint    #36
    b       arrived
with_bti_jc:
    hint    #38
    b       arrived
with_paciasp:
    paciasp
    autiasp
    b       arrived
with_brk:
    brk     #1
    b       arrived
from_guarded_j:
    adr     x5, with_bti_j
    br      x5
from_guarded_c:
    adr     x5, with_bti_c
    br      x5
from_guarded_16:
    adr     x16, with_bti_c
    br      x16
from_guarded_pac:
    adr     x5, with_paciasp
    br      x5
    .balign 4096
arrived:
    mov     x20, x30
    say     "arrived\n"
    br      x20

    .bss
    .balign 4096
level1:
    .skip   4096
level2:
    .skip   4096
level3:
    .skip   4096
