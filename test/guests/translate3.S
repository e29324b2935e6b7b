// What AT answers about EL3 for blocks and pages of its tables, with and without translation, and of the levels below.

#include "guest.h"

    .arch armv8.4-a

#define BLOCK_ATTRIBUTES 0x701          // a block: accessed, inner shareable
#define DEVICE 0x405                    // accessed, of the second type of memory
#define RAM_BLOCK 0x40000000
#define READ_ONLY (1 << 7)
#define NON_SECURE (1 << 5)
#define XN (1 << 54)

    .macro ask what, address
    ldr     x10, =\address
    \what, x10
    isb
    mrs     x11, par_el1
    show    " ", x11
    .endm

    .macro ask_both address
    ask     "at s1e3r", \address
    ask     "at s1e3w", \address
    say     "\n"
    .endm

    .macro entry index, value
    ldr     x0, =\value
    adrp    x1, table3
    str     x0, [x1, #8 * \index]
    .endm

test:
    say     "without translation\n"
    ask_both 0x1000
    ask_both 0x12345678901bcd0

    set_register mair_el3, 0x00ff
    adrp    x0, table3
    msr     ttbr0_el3, x0
    entry   0, DEVICE
    entry   1, RAM_BLOCK | BLOCK_ATTRIBUTES
    entry   2, RAM_BLOCK | BLOCK_ATTRIBUTES | READ_ONLY
    entry   3, RAM_BLOCK | (BLOCK_ATTRIBUTES & ~0x400)
    entry   4, RAM_BLOCK | BLOCK_ATTRIBUTES | NON_SECURE
    entry   5, RAM_BLOCK | BLOCK_ATTRIBUTES | XN | 1 << 6
    entry   7, 0x10000000000 | BLOCK_ATTRIBUTES
    adrp    x0, table3_next
    orr     x2, x0, #TABLE
    adrp    x1, table3
    str     x2, [x1, #8 * 8]
    ldr     x2, =RAM_BLOCK | BLOCK_ATTRIBUTES | READ_ONLY
    str     x2, [x0, #8]
    dsb     sy
    set_register tcr_el3, 1 << 31 | 1 << 23 | 2 << 16 | 0x3500 | 25
    isb
    tlbi    alle3
    dsb     sy
    isb
    mrs     x0, sctlr_el3
    orr     x0, x0, #1
    msr     sctlr_el3, x0
    isb

    say     "a device and RAM\n"
    ask_both 0x9000123
    ask_both 0x40001234
    say     "read-only\n"
    ask_both 0x80001234
    say     "not accessed\n"
    ask_both 0xc0001234
    say     "Non-secure\n"
    ask_both 0x100001234
    say     "neither to execute nor for EL0\n"
    ask_both 0x140001234
    say     "not mapped\n"
    ask_both 0x180001234
    say     "an output that the size forbids\n"
    ask_both 0x1c0001234
    say     "in the next table, and beside it\n"
    ask_both 0x200201234
    ask_both 0x200401234
    say     "beyond the range\n"
    ask_both 0x8000000000
    ask_both 0xffffff8040001234
    say     "with a tag\n"
    ask_both 0x5500000040001234
    mrs     x0, tcr_el3
    orr     x0, x0, #1 << 20        // TBI
    msr     tcr_el3, x0
    isb
    ask_both 0x5500000040001234

    say     "of the levels below, without translation\n"
    .irp    what, s1e2r, s1e2w, s1e1r, s1e0w, s12e1r, s12e0w
    ask     "at \what", 0x40001234
    .endr
    say     "\n"

    say     "not at EL2\n"
    enter   3, AT_EL2, 1f
1:  at      s1e3r, x0
    at      s1e3w, x0
    smc     #CLIMB
    finish

    .bss
    .balign 4096
table3:
    .skip   4096
table3_next:
    .skip   4096
    .text
