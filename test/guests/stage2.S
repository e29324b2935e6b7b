// Faults of stage 2: what ESR_EL2.ISS tells of the instruction, FAR_EL2 and HPFAR_EL2. Starts at EL2.

#include "guest.h"

#define STAGE2_NORMAL (0xf << 2)
#define STAGE2_RW (3 << 6)
#define STAGE2_RO (1 << 6)

test:
    // Level 1: devices as they are, RAM by a level 2 table.
    adrp    x1, level1
    ldr     x2, =(BLOCK | STAGE2_RW | 1 << 54)
    str     x2, [x1]
    adrp    x3, level2
    orr     x2, x3, #TABLE
    str     x2, [x1, #8]
    // Level 2: code, data, a table of pages.
    ldr     x2, =(0x40000000 | BLOCK | STAGE2_NORMAL | STAGE2_RO)
    str     x2, [x3]
    ldr     x2, =(0x40200000 | BLOCK | STAGE2_NORMAL | STAGE2_RW | 1 << 54)
    str     x2, [x3, #8]
    adrp    x5, level3
    orr     x2, x5, #TABLE
    str     x2, [x3, #16]
    // Pages at IPA 0x40400000: one that lies elsewhere, a read-only one, one not accessed, then nothing.
    ldr     x2, =(0x40500000 | PAGE | STAGE2_NORMAL | STAGE2_RW | 1 << 54)
    str     x2, [x5]
    ldr     x2, =(0x40501000 | PAGE | STAGE2_NORMAL | STAGE2_RO)
    str     x2, [x5, #8]
    ldr     x2, =(0x40502000 | 3 | 3 << 8 | STAGE2_NORMAL | STAGE2_RW)
    str     x2, [x5, #16]

    set_register vtcr_el2, (25 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 2 << 16 | 1 << 31)
    ldr     x2, =(7 << 48)
    orr     x2, x2, x1
    msr     vttbr_el2, x2
    dsb     sy
    isb
    tlbi    vmalls12e1
    dsb     sy
    set_register hcr_el2, (HCR_RW_ONLY | HCR_VM)
    enter   2, AT_EL1, guest

guest:
    say     "EL1 under stage 2\n"
    ldr     x6, =0x40400008
    ldr     x7, =0x1122334455667788
    str     x7, [x6]
    ldr     x8, [x6]
    show    "read back", x8
    say     "\nloads and stores where nothing is\n"
    ldr     x6, =0x40403120
    ldrb    w7, [x6]
    ldrsh   x8, [x6]
    ldrsw   x9, [x6]
    ldr     w10, [x6]
    ldr     x30, [x6, #8]
    str     xzr, [x6, #8]
    strh    w11, [x6]
    ldur    w12, [x6, #-4]
    ldar    w13, [x6]
    stlrb   w14, [x6]
    say     "without a syndrome of the instruction\n"
    ldp     x7, x8, [x6, #8]
    ldr     x9, [x6], #8
    ldr     q0, [x6]
    say     "at other levels, and out of range\n"
    ldr     x6, =0x40600010
    ldr     x7, [x6]
    ldr     x6, =0x80000010
    str     w7, [x6]
    ldr     x6, =0x8000000010
    ldr     x7, [x6]
    say     "read only, not accessed\n"
    ldr     x6, =0x40401000
    ldr     x7, [x6]
    str     x7, [x6]
    ldr     x6, =0x40402000
    ldr     x7, [x6]
    say     "fetches: never executed, unmapped\n"
    ldr     x6, =0x40400000
    blr     x6
    ldr     x6, =0x40404000
    blr     x6
    hvc     #CLIMB

    say     "EL2: the page lies elsewhere\n"
    ldr     x6, =0x40500008
    ldr     x7, [x6]
    show    "at the PA", x7
    say     "\n"
    ldr     x6, =0x40400008
    at      s12e1r, x6
    isb
    mrs     x7, par_el1
    show    "AT S12E1R: PAR", x7
    ldr     x6, =0x40403000
    at      s12e1w, x6
    isb
    mrs     x7, par_el1
    show    "\nAT S12E1W: PAR", x7
    say     "\n"

    say     "a stage 1 table that stage 2 does not map\n"
    set_register tcr_el1, (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
    set_register mair_el1, 0xff04
    adrp    x1, guest_level1
    ldr     x2, =(BLOCK | 3 << 53)
    str     x2, [x1]
    ldr     x2, =(0x40000000 | BLOCK | 1 << 2)
    str     x2, [x1, #8]
    ldr     x2, =(0x40405000 | TABLE)
    str     x2, [x1, #16]
    msr     ttbr0_el1, x1
    dsb     sy
    set_register sctlr_el1, (SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I)
    isb
    tlbi    vmalls12e1
    dsb     sy
    enter   2, AT_EL1, 1f
1:  ldr     x6, =0x80001238
    ldr     x7, [x6]
    str     x7, [x6]
    blr     x6
    at      s1e1r, x6
    hvc     #CLIMB
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
guest_level1:
    .skip   4096
