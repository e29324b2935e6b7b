// A guest hypervisor at EL1 under HCR_EL2.NV, NV1 and NV2: what level it believes to be at, its exceptions and returns, the
// permissions of its translation tables, and faults of the page that VNCR_EL2 names.

#include "guest.h"

    .arch armv8.4-a

#define HCR_NV (1 << 42)
#define HCR_NV1 (1 << 43)
#define HCR_NV2 (1 << 45)
#define HCR_TVM (1 << 26)
#define vncr_el2 s3_4_c2_c2_0
#define PAGES 0x50000000
#define HOLE 0x90000000
#define READ_ONLY 0xc0000000

    // What is in X0 becomes HCR_EL2.
    .macro use_hcr bits
    set_register hcr_el2, HCR_RW_ONLY | \bits
    isb
    .endm

    // Goes to EL1, behind the macro; an HVC leads back.
    .macro to_el1
    enter   2, AT_EL1, .Lguest\@
    .ltorg
.Lguest\@:
    .endm

    // What an exception from EL1 to EL1 left; its vector comes here by HVC.
    .macro taken what
    adr     x28, .Ltaken\@
    to_el1
    \what
    .ltorg
.Ltaken\@:
    mrs     x20, spsr_el1
    mrs     x21, esr_el1
    show    "SPSR_EL1", x20
    show    " ESR_EL1", x21
    say     "\n"
    .endm

    .macro guest_hypervisor bits
    use_hcr \bits
    set_address vbar_el1, guest_vectors
    mov     x27, #0
    to_el1
    mrs     x27, currentel
    hvc     #CLIMB
    show    "CurrentEL", x27
    say     "\n"
    taken   "svc #1"
    taken   "udf #1"
    say     "ERET\n"
    to_el1
    eret
    hvc     #CLIMB
    say     "SMC\n"
    to_el1
    smc     #2
    hvc     #CLIMB
    say     "from EL0\n"
    adr     x28, .Lback\@
    enter   2, AT_EL0, .Lel0\@
    .ltorg
.Lel0\@:
    mrs     x27, midr_el1
    svc     #3
.Lback\@:
    mrs     x20, spsr_el1
    show    "SPSR_EL1", x20
    say     "\n"
    .endm

    // Answers of AT for the pages of EL1's table, for reads and writes of EL1 and EL0.
    .macro probe bits
    use_hcr \bits
    ldr     x10, =PAGES
    mov     x11, #16
1:  at      s1e1r, x10
    isb
    mrs     x12, par_el1
    at      s1e1w, x10
    isb
    mrs     x13, par_el1
    at      s1e0r, x10
    isb
    mrs     x14, par_el1
    at      s1e0w, x10
    isb
    mrs     x15, par_el1
    at      s1e1rp, x10
    isb
    mrs     x16, par_el1
    show    "", x12
    show    "", x13
    show    "", x14
    show    "", x15
    show    "", x16
    say     "\n"
    add     x10, x10, #4096
    subs    x11, x11, #1
    b.ne    1b
    .endm

test:
    adrp    x0, page
    msr     vncr_el2, x0
    say     "NV\n"
    guest_hypervisor HCR_NV
    say     "NV and NV1\n"
    guest_hypervisor HCR_NV | HCR_NV1
    say     "NV and NV2\n"
    guest_hypervisor HCR_NV | HCR_NV2
    say     "NV, NV1 and NV2\n"
    guest_hypervisor HCR_NV | HCR_NV1 | HCR_NV2

    // Sixteen pages with AP[2:1] and bits 54 and 53 in every combination.
    adrp    x0, table_el1
    msr     ttbr0_el1, x0
    set_register tcr_el1, 25 | 0x3500 | 1 << 23 | 2 << 32
    set_register mair_el1, 0xff
    adrp    x0, table_el1
    adrp    x1, table2_el1
    orr     x2, x1, #TABLE
    str     x2, [x0, #8]            // 0x40000000
    adrp    x2, table3_el1
    orr     x3, x2, #TABLE
    str     x3, [x1, #0x80 * 8]     // 0x50000000
    mov     x3, #0
1:  ldr     x4, =0x40000403 | 3 << 8
    and     x5, x3, #3
    orr     x4, x4, x5, lsl #6
    lsr     x5, x3, #2
    orr     x4, x4, x5, lsl #53
    str     x4, [x2, x3, lsl #3]
    add     x3, x3, #1
    cmp     x3, #16
    b.ne    1b
    set_register sctlr_el1, SCTLR_EL1_RES1 | 1 | 1 << 23
    dsb     sy
    isb
    say     "tables without NV1\n"
    probe   HCR_NV
    say     "tables with NV1\n"
    probe   HCR_NV | HCR_NV1
    set_register sctlr_el1, SCTLR_EL1_RES1
    isb

    // EL2 translates: its own memory, a hole, and its memory once more but read-only.
    adrp    x0, table_el2
    msr     ttbr0_el2, x0
    ldr     x1, =0x401              // devices
    str     x1, [x0]
    ldr     x1, =0x40000000 | 3 << 8 | 0x405
    str     x1, [x0, #8]
    orr     x1, x1, #0x80
    str     x1, [x0, #24]
    set_register mair_el2, 0xff00
    set_register tcr_el2, 0x80823500 | 25
    dsb     sy
    isb
    set_register sctlr_el2, 0x30c51835
    isb
    say     "VNCR_EL2 to nowhere\n"
    set_register vncr_el2, HOLE
    use_hcr HCR_NV | HCR_NV1 | HCR_NV2
    to_el1
    mrs     x4, tpidr_el2
    msr     tpidr_el2, x4
    mrs     x4, sctlr_el1
    msr     vbar_el1, x4
    hvc     #CLIMB
    say     "VNCR_EL2 to what cannot be written\n"
    ldr     x0, =READ_ONLY - 0x40000000
    adrp    x1, page
    add     x0, x0, x1
    msr     vncr_el2, x0
    isb
    to_el1
    mrs     x4, tpidr_el2
    msr     tpidr_el2, x4
    mrs     x4, vttbr_el2
    msr     sctlr_el1, x4
    hvc     #CLIMB
    say     "a trap comes first\n"
    use_hcr HCR_NV | HCR_NV1 | HCR_NV2 | HCR_TVM
    to_el1
    msr     sctlr_el1, x4
    mrs     x4, sctlr_el1
    hvc     #CLIMB
    say     "without NV the bits do nothing\n"
    use_hcr HCR_NV1 | HCR_NV2
    taken   "mrs x27, currentel; mrs x4, tpidr_el2"
    show    "CurrentEL", x27
    say     "\n"
    use_hcr 0
    finish

    .balign 0x800
guest_vectors:
    .rept   16
    .balign 0x80
    hvc     #CLIMB
    br      x28
    .endr

    .bss
    .balign 4096
page:
    .skip   4096
table_el1:
    .skip   4096
table2_el1:
    .skip   4096
table3_el1:
    .skip   4096
table_el2:
    .skip   4096
    .text
