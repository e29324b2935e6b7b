// What AT answers for tables of each granule and for controls of stage 1 and stage 2.

#include "guest.h"

    .arch armv8.4-a

#define BLOCK_ATTRIBUTES 0x701          // a block: accessed, inner shareable
#define OUTPUT 0x40000000
#define TCR_4K 0x3500
#define TCR_16K 0xb500
#define TCR_64K 0x7500

    // Puts an instruction's answer into the report.
    .macro ask what, address
    ldr     x10, =\address
    \what, x10
    isb
    mrs     x11, par_el1
    show    " ", x11
    .endm

    // Reads and writes as EL1 and EL0 see an address, in one stage and in both.
    .macro ask_all address
    ask     "at s1e1r", \address
    ask     "at s1e1w", \address
    ask     "at s1e0r", \address
    ask     "at s1e0w", \address
    say     "\n"
    ask     "at s12e1r", \address
    ask     "at s12e1w", \address
    ask     "at s12e0r", \address
    ask     "at s12e0w", \address
    say     "\n"
    .endm

    // The one entry of the tables of stage 1 and of stage 2.
    .macro entry table, value
    ldr     x0, =\value
    adrp    x1, \table
    str     x0, [x1]
    dsb     sy
    tlbi    alle1
    dsb     sy
    isb
    .endm

    .macro tcr value
    set_register tcr_el1, (\value) | 1 << 23 | 2 << 32
    isb
    .endm

test:
    set_register mair_el1, 0xff
    adrp    x0, table1
    msr     ttbr0_el1, x0
    adrp    x0, table2
    msr     vttbr_el2, x0
    set_register sctlr_el1, SCTLR_EL1_RES1 | 1
    entry   table1, OUTPUT | BLOCK_ATTRIBUTES | 1 << 6

    say     "4 KB\n"
    tcr     TCR_4K | 25
    ask_all 0x12345678
    say     "16 KB\n"
    tcr     TCR_16K | 28
    ask_all 0x1345678
    say     "64 KB\n"
    tcr     TCR_64K | 25
    ask_all 0x12345678
    say     "read-only, not for EL0\n"
    tcr     TCR_4K | 25
    entry   table1, OUTPUT | BLOCK_ATTRIBUTES | 1 << 7
    ask_all 0x1000
    say     "not accessed\n"
    entry   table1, (OUTPUT | BLOCK_ATTRIBUTES) & ~0x400
    ask_all 0x1000
    say     "beyond the range\n"
    ask_all 0x8000000000
    say     "E0PD\n"
    entry   table1, OUTPUT | BLOCK_ATTRIBUTES | 1 << 6
    tcr     TCR_4K | 25 | 1 << 55
    ask_all 0x1000
    say     "EPD\n"
    tcr     TCR_4K | 25 | 1 << 7
    ask_all 0x1000
    say     "a small table\n"
    tcr     TCR_4K | 42
    entry   table1, OUTPUT | BLOCK_ATTRIBUTES | 1 << 6 | 2
    ask_all 0x678
    say     "an output that the size forbids\n"
    tcr     TCR_4K | 25
    entry   table1, 0x10000000000 | BLOCK_ATTRIBUTES
    ask_all 0x1000

    // Stage 2: 4 KB from level 1 on, 40 bits in two concatenated tables, to the same output.
    entry   table1, OUTPUT | BLOCK_ATTRIBUTES | 1 << 6
    set_register vtcr_el2, 0x80020000 | 0x3500 | 1 << 6 | 24
    set_register hcr_el2, HCR_RW_ONLY | 1
    isb
    adrp    x1, table2
    ldr     x0, =OUTPUT | 0x7fd     // memory, read and write
    str     x0, [x1, #8]
    str     x0, [x1, #4096]
    dsb     sy
    tlbi    alle1
    dsb     sy
    isb
    say     "stage 2\n"
    ask_all 0x1000
    say     "stage 2, the second table\n"
    entry   table1, 0x8000000000 | BLOCK_ATTRIBUTES | 1 << 6
    ask_all 0x1000
    say     "stage 2, read-only\n"
    adrp    x1, table2
    ldr     x0, =OUTPUT | 0x77d
    str     x0, [x1, #4096]
    entry   table1, 0x8000000000 | BLOCK_ATTRIBUTES | 1 << 6
    ask_all 0x1000
    say     "stage 2, nothing\n"
    entry   table1, 0x10000000 | BLOCK_ATTRIBUTES | 1 << 6
    ask_all 0x1000
    set_register hcr_el2, HCR_RW_ONLY
    isb

    say     "EL2\n"
    set_register mair_el2, 0x44
    adrp    x0, table1
    msr     ttbr0_el2, x0
    entry   table1, OUTPUT | BLOCK_ATTRIBUTES | 1 << 7
    set_register tcr_el2, 0x80823500 | 25
    isb
    ask     "at s1e2r", 0x1000      // without translation
    ask     "at s1e2w", 0x1000
    say     "\n"

    finish

    .bss
    .balign 8192
table2:
    .skip   8192
table1:
    .skip   4096
    .text
