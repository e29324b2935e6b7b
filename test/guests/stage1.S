// Faults of stage 1 at EL1 and EL0, and what AT answers. Starts at EL1.

#include "guest.h"

    .macro at_and_show address
    ldr     x6, =\address
    at      s1e1r, x6
    isb
    show    "AT S1E1R", x6
    mrs     x9, par_el1
    and     x9, x9, #0xfffffffffff
    show    ": PAR", x9
    say     "\n"
    .endm

test:
    // Level 1: gigabyte 0 is devices, 1 has a level 2 table, 2 is nothing, 3 has a level 2 table of nothing.
    adrp    x1, level1
    ldr     x2, =(BLOCK | 3 << 53 | 1 << 6)
    str     x2, [x1]
    adrp    x3, level2
    orr     x2, x3, #TABLE
    str     x2, [x1, #8]
    adrp    x4, empty
    orr     x2, x4, #TABLE
    str     x2, [x1, #24]
    // Level 2: code for both levels, data for both, then a table of pages.
    ldr     x2, =(0x40000000 | BLOCK | 1 << 2 | 3 << 6)
    str     x2, [x3]
    ldr     x2, =(0x40200000 | BLOCK | 1 << 2 | 1 << 6 | 3 << 53)
    str     x2, [x3, #8]
    adrp    x5, level3
    orr     x2, x5, #TABLE
    str     x2, [x3, #16]
    // Pages at 0x40400000: EL1 read and write, read only, not accessed, EL1 only and executable, nothing.
    ldr     x2, =(0x40400000 | PAGE | 1 << 2 | 3 << 53)
    str     x2, [x5]
    ldr     x2, =(0x40401000 | PAGE | 1 << 2 | 1 << 7)
    str     x2, [x5, #8]
    ldr     x2, =(0x40402000 | 3 | 3 << 8 | 1 << 2)
    str     x2, [x5, #16]
    ldr     x2, =(0x40403000 | PAGE | 1 << 2)
    str     x2, [x5, #24]

    set_register mair_el1, 0xff04
    set_register tcr_el1, (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
    msr     ttbr0_el1, x1
    dsb     sy
    tlbi    vmalle1
    dsb     sy
    isb
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I)
    isb
    say     "the MMU is on\n"

    ldr     x6, =0x40400010
    ldr     x7, =0x1122334455667788
    str     x7, [x6]
    ldr     w8, [x6, #2]
    show    "read back", x8
    say     "\ntranslation faults at levels 1, 2 and 3, and of an address out of range\n"
    ldr     x6, =0x80000123
    ldr     x7, [x6]
    ldr     x6, =0xc0000008
    strb    w7, [x6]
    ldr     x6, =0x40404ff8
    ldp     x7, x8, [x6]
    ldr     x6, =0x8000000000
    ldr     x7, [x6]
    ldr     x6, =0xffff000000000000
    str     x7, [x6]
    say     "permission and access flag faults\n"
    ldr     x6, =0x40401000
    ldr     x7, [x6]
    str     x7, [x6]
    ldr     x6, =0x40402000
    ldr     x7, [x6]
    say     "across a page boundary into nothing\n"
    ldr     x6, =0x40403ffc
    ldr     x7, [x6]
    str     x7, [x6]
    say     "fetches: never executed, unmapped, misaligned\n"
    ldr     x6, =0x40400000
    blr     x6
    ldr     x6, =0x80000000
    blr     x6
    ldr     x6, =0x40403002
    blr     x6
    say     "unaligned: exclusive out of 16 bytes, and any with SCTLR_EL1.A\n"
    ldr     x6, =0x40403009
    ldxr    x7, [x6]
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | 2)
    isb
    ldrh    w7, [x6]
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I)
    isb
    say     "unprivileged at EL1, then EL0\n"
    ldr     x6, =0x40403000
    ldtr    x7, [x6]
    sttrb   w7, [x6]
    at_and_show 0x40400010
    at_and_show 0x40404000
    at_and_show 0x40402000
    at_and_show 0x80000000
    ldr     x6, =0x40403000
    enter   1, AT_EL0, 1f
1:  // The UART is for EL1 and EL0; so are the stacks.
    say     "EL0\n"
    ldr     x7, [x6]
    str     x7, [x6]
    ldr     x6, =0x40400000
    blr     x6
    svc     #CLIMB
    finish
    .ltorg

    .bss
    .balign 4096
level1:
    .skip   4096
level2:
    .skip   4096
level3:
    .skip   4096
empty:
    .skip   4096
