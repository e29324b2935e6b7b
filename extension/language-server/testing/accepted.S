// What GNU as takes and a careless reader stumbles over. The assembler is asked about this file, too.

#include "names.h"
    .include "names.inc"

    .arch   armv8.2-a+sve
    .text
    .global start
counter .req x19
low     .req w19
start:  mov counter, #0; add counter, counter, 1
    ldr     SCRATCH, =BITS
    msr     CONTROL, SCRATCH
    mrs     x0, MY_CTLR
    str     SCRATCH, [sp, #SLOT(2)]
    sub     sp, sp, #FRAME
    add     sp, sp, FRAME
    load_pair x0, x1, sp
    LOAD_PAIR x2, x3, sp
    ands    low, low, #0xf
    b.ne    1f
    cbz     x0, 1f
1:  b       1f              /* a comment
    over lines: mofe x0, x1
*/
1:  ldr     x0, =0x123456789abcdef0
    ldr     x1, =start
    adrp    x2, table
    add     x2, x2, :lo12:table
    ldr     x3, [x2, :lo12:table]
    movz    x4, #:abs_g1:start
    mov     w5, #'a'
    mov     x6, #~0
    mov     x6, #0xffff0000
    and     x7, x7, #(1 << 12) - 1
    bic     x7, x7, #63
    b       fp
fp: bl      unknown_function
    tbz     x0, #3, 2f
2:  ld1     {v0.16b - v3.16b}, [x0], #64
    fmov    d0, #1.5
    dsb     sy ; isb
    tlbi    vmalle1is
    dc      civac, x0
    at      s1e1r, x0
    msr     daifset, #2
    msr     SPSel, #1
    mrs     x0, S3_0_C1_C0_0
    whilelo p0.s, x0, x1
    b.first 2b
    ret

#if 0
    this is no code at all
#endif
#ifdef __x86_64__
    movq    %rax, %rbx
#endif
#ifdef SOME_OPTION
    .error "not built"
    option_macro x0, x1
#else
    nop
#endif

    .macro  save regs:vararg
    .irp    reg, \regs
    str     \reg, [sp, #-16]!
    .endr
    .endm
    save    x0, x1, x2

    .if     FRAME > 64
    add     x0, x0, #FRAME * 1000
    .else
    add     x0, x0, #FRAME
    .endif

    .rept   3
    nop
    .endr

#define CALL(function, value) \
    mov x0, value;            \
    bl function
    CALL(start, 3)

table:
    .quad   start, 1f - 2b
1:  .asciz  "a // string; with mofe x0"
    .ascii  "/* no comment"
    .byte   '"', ';'
    hint    #3
