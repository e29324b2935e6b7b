// What the bare-metal test programs share. Each is one assembly file that includes this one, starts at the level that its
// row in ../differential-system.test.ts names, and writes a report to the UART that any correct machine gives alike.
//
// Every level has the same handler: it prints the exception and continues behind the instruction that took it, or at the
// return address in X30 when there was no instruction (a fetch that failed). A call with the immediate CLIMB continues at
// the level that took it.

#include "../../simulator/hypervisors/common/registers.h"

#define UART 0x09000000
#define CLIMB 0xff
#define EC_BRANCH_TARGET 0x0d

#define HCR_RW_ONLY 0x80000000 // HCR_EL2 without traps

// PSTATE.M, with D, A, I and F masked.
#define AT_EL0 0x3c0
#define AT_EL1 0x3c5
#define AT_EL1_SP0 0x3c4
#define AT_EL2 0x3c9
#define AT_EL3 0x3cd

// Leaves and tables of translation tables.
#define TABLE 3
#define PAGE (3 | 1 << 10 | 3 << 8)  // accessed, inner shareable
#define BLOCK (1 | 1 << 10 | 3 << 8)

    // Prints a string; changes no register but the flags.
    .macro say text:vararg
    stp     x0, x1, [sp, #-32]!
    stp     x2, x30, [sp, #16]
    adr     x0, .Ltext\@
    bl      print_string
    b       .Lbehind\@
.Ltext\@:
    .asciz  \text
    .balign 4
.Lbehind\@:
    ldp     x2, x30, [sp, #16]
    ldp     x0, x1, [sp], #32
    .endm

    // Prints a name and a general register; changes no register but the flags.
    .macro show name, register
    str     \register, [sp, #-16]!
    say     "\name "
    stp     x0, x1, [sp, #-48]!
    stp     x2, x3, [sp, #16]
    str     x30, [sp, #32]
    ldr     x0, [sp, #48]
    bl      print_hex
    ldr     x30, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #48
    add     sp, sp, #16
    .endm

    // Prints a name and a system register, and ends the line. Changes X9.
    .macro show_register name
    mrs     x9, \name
    show    "\name", x9
    say     "\n"
    .endm

    // Goes on at another place in another state, by an exception return of level `from`. Changes X0.
    .macro enter from, state, place
    ldr     x0, =\state
    msr     spsr_el\from, x0
    adr     x0, \place
    msr     elr_el\from, x0
    isb
    eret
    .endm

    // Ends the run: semihosting SYS_EXIT with ADP_Stopped_ApplicationExit and code 0. Not at EL0.
    .macro finish
    say     "end\n"
    adr     x1, exit_block
    mov     x0, #0x18
    hlt     #0xf000
    b       .
    .endm

    .macro set_register name, value
    ldr     x0, =\value
    msr     \name, x0
    .endm

    .macro set_address name, symbol
    adrp    x0, \symbol
    add     x0, x0, :lo12:\symbol
    msr     \name, x0
    .endm

    .text
    .global _start
_start:
    mrs     x1, currentel
    lsr     x1, x1, #2
    msr     spsel, #1
    adrp    x0, stack_start_level
    add     x0, x0, :lo12:stack_start_level
    mov     sp, x0
    cmp     x1, #3
    b.ne    1f
    set_register scr_el3, 0x531     // NS, HCE, RW
    set_register cptr_el3, 0
    set_address vbar_el3, vectors_el3
    set_address sp_el2, stack_el2
1:  cmp     x1, #2
    b.lo    2f
    set_register hcr_el2, HCR_RW_ONLY
    set_register cptr_el2, 0x33ff
    set_register mdcr_el2, 0
    set_register cnthctl_el2, 3
    set_register cntvoff_el2, 0
    set_register vttbr_el2, 0
    set_address vbar_el2, vectors_el2
    set_address sp_el1, stack_el1
2:  set_register sctlr_el1, SCTLR_EL1_RES1
    set_register cpacr_el1, 3 << 20
    set_address vbar_el1, vectors_el1
    set_address sp_el0, stack_el0
    isb
    b       test
    .ltorg

print_string:
    mov     x1, #UART
1:  ldrb    w2, [x0], #1
    cbz     w2, 2f
    strb    w2, [x1]
    b       1b
2:  ret

print_hex:
    mov     x1, #UART
    mov     x3, #60
1:  lsr     x2, x0, x3
    and     x2, x2, #15
    cmp     x2, #10
    add     x2, x2, #'0'
    b.lo    2f
    add     x2, x2, #'a' - '0' - 10
2:  strb    w2, [x1]
    subs    x3, x3, #4
    b.pl    1b
    ret

    .macro vector level, offset
    .balign 0x80
    stp     x0, x1, [sp, #-64]!
    mov     x0, #\offset
    b       handler_el\level
    .endm

    .macro exception_level level, state
    .balign 0x800
vectors_el\level:
    .irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
    vector  \level, \offset
    .endr

handler_el\level:
    stp     x2, x3, [sp, #16]
    stp     x9, x30, [sp, #32]
    say     "exception to EL\level,"
    show    " vector", x0
    mrs     x2, elr_el\level
    mrs     x3, spsr_el\level
    show    " ELR", x2
    show    " SPSR", x3
    tst     x0, #0x180              // an interrupt or SError?
    b.eq    1f
    say     "\n"
    bl      on_interrupt
    b       9f
1:  mrs     x0, esr_el\level
    show    " ESR", x0
    lsr     x1, x0, #ESR_EC_SHIFT
    // FAR is defined for aborts, watchpoints and a misaligned PC, HPFAR for translation and access flag faults of stage 2.
    and     x9, x1, #~1
    cmp     x9, #0x34
    b.ne    10f
    mrs     x9, far_el\level
    show    " FAR", x9
10: sub     x9, x1, #0x20
    cmp     x9, #5
    b.hi    3f
    mrs     x9, far_el\level
    show    " FAR", x9
    .if \level == 2
    and     x9, x0, #0x3c
    cmp     x9, #0x04
    ccmp    x9, #0x08, #4, ne
    b.ne    2f
    tbnz    x1, #0, 2f              // from EL2 itself: no second stage
    mrs     x9, hpfar_el2
    show    " HPFAR", x9
    .endif
2:  cmp     x1, #0x22
    b.hi    4f
    ldr     x2, [sp, #40]           // no instruction to skip: back to the caller
    b       8f
    // After SVC, HVC and SMC the return address is the next instruction already, unless the SMC was trapped.
3:  cmp     x1, #EC_BRANCH_TARGET   // no target: back to the caller as well
    b.ne    6f
    ldr     x2, [sp, #40]
    and     x3, x3, #~(3 << 10)
    b       8f
6:  cmp     x1, #0x0e               // illegal state: leave it
    b.ne    5f
    bic     x3, x3, #1 << 20
    b       8f
5:  sub     x9, x1, #0x32           // a step: on with the next one
    cmp     x9, #1
    b.hi    7f
    orr     x3, x3, #1 << 21
    b       8f
7:  sub     x9, x1, #0x15
    cmp     x9, #2
    b.hi    4f
    cmp     x1, #EC_SMC64
    .if \level != 3
    b.eq    4f
    .endif
    and     x9, x0, #0xffff
    cmp     x9, #CLIMB
    b.ne    8f
    mov     x3, #\state
    b       8f
4:  add     x2, x2, #4
8:  say     "\n"
    msr     elr_el\level, x2
    msr     spsr_el\level, x3
9:  ldp     x9, x30, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #64
    eret
    .endm

    exception_level 1, AT_EL1
    exception_level 2, AT_EL2
    exception_level 3, AT_EL3

    // A test that expects interrupts defines ON_INTERRUPT and has its own, which may change X0 to X3 and X9.
#ifndef ON_INTERRUPT
on_interrupt:
    ret
#endif

    .balign 8
exit_block:
    .quad   0x20026, 0

    .bss
    .balign 16
    .skip   0x400
stack_el0:
    .skip   0x400
stack_el1:
    .skip   0x400
stack_el2:
    .skip   0x400
stack_start_level:

    .text
