// Several PEs: PSCI, SGIs to each of them, exclusives and LSE against each other, WFE and SEV. Only the first PE prints.
// Starts at EL1 with four PEs.

    .arch armv8.5-a
#define ON_INTERRUPT
#include "guest.h"

#define GICD 0x08000000
#define GICR 0x080a0000
#define OTHERS 3
#define ROUNDS 1000
#define CPU_ON 0xc4000003
#define AFFINITY_INFO 0xc4000004
#define CPU_OFF 0x84000002

    // Calls firmware; X0 is the result.
    .macro psci function, a, b, c
    ldr     x0, =\function
    mov     x1, \a
    mov     x2, \b
    mov     x3, \c
    hvc     #0
    .endm

    // Waits until a word is a number.
    .macro await symbol, number
    adrp    x1, \symbol
    add     x1, x1, :lo12:\symbol
1:  ldar    w0, [x1]
    cmp     w0, #\number
    b.ne    1b
    .endm

test:
    ldr     x1, =GICD
    mov     w2, #0x12
    str     w2, [x1]
    bl      wake_redistributor
    mov     x19, #1
1:  psci    AFFINITY_INFO, x19, xzr, xzr
    show    "affinity info", x0
    adrp    x21, other
    add     x21, x21, :lo12:other
    psci    CPU_ON, x19, x21, x19
    show    " CPU_ON", x0
    say     "\n"
    add     x19, x19, #1
    cmp     x19, #OTHERS
    b.ls    1b
    await   ready, OTHERS
    psci    CPU_ON, #1, x21, xzr
    show    "again", x0
    psci    CPU_ON, #77, x21, xzr
    show    " nobody", x0
    psci    AFFINITY_INFO, #1, xzr, xzr
    show    " on", x0
    say     "\ncounters of all PEs\n"
    // Start: everybody waits for this event.
    adrp    x1, start
    add     x1, x1, :lo12:start
    mov     w0, #1
    stlr    w0, [x1]
    sev
    bl      count
    await   counted, OTHERS + 1
    ldr     x1, =counters
    ldp     x4, x5, [x1]
    ldp     x6, x7, [x1, #16]
    show    "exclusives", x4
    show    " LSE", x5
    show    " lock", x6
    show    " CAS", x7
    say     "\nSGI 5 to each of the others, then SGI 6 to all of them\n"
    ldr     x0, =(5 << 24 | 0xe)
    msr     icc_sgi1r_el1, x0
    await   interrupted, OTHERS
    ldr     x0, =(1 << 40 | 6 << 24)
    msr     icc_sgi1r_el1, x0
    await   interrupted, 2 * OTHERS
    ldr     x1, =seen
    ldp     x4, x5, [x1]
    ldp     x6, x7, [x1, #16]
    show    "seen by", x4
    show    " 1", x5
    show    " 2", x6
    show    " 3", x7
    say     "\nthey switch themselves off\n"
    ldr     x0, =(1 << 40 | 7 << 24)
    msr     icc_sgi1r_el1, x0
    mov     x19, #1
2:  psci    AFFINITY_INFO, x19, xzr, xzr
    cmp     x0, #1
    b.ne    2b
    show    "off", x0
    say     "\n"
    add     x19, x19, #1
    cmp     x19, #OTHERS
    b.ls    2b
    finish
    .ltorg

    // Makes the redistributor of this PE listen, and its CPU interface. Changes X0 to X3.
wake_redistributor:
    mrs     x0, mpidr_el1
    and     x0, x0, #0xff
    ldr     x1, =GICR
    add     x1, x1, x0, lsl #17
    ldr     w2, [x1, #0x14]
    bic     w2, w2, #2
    str     w2, [x1, #0x14]
1:  ldr     w2, [x1, #0x14]
    tbnz    w2, #2, 1b
    add     x1, x1, #0x10000
    mov     w2, #-1
    str     w2, [x1, #0x80]
    mov     w2, #0xff
    str     w2, [x1, #0x100]
    mov     x0, #7
    msr     icc_sre_el1, x0
    isb
    mov     x0, #0xff
    msr     icc_pmr_el1, x0
    mov     x0, #1
    msr     icc_igrpen1_el1, x0
    isb
    ret

    // Where the others start, with their number in X0.
other:
    mov     x19, x0
    msr     spsel, #1
    ldr     x1, =stacks
    add     x1, x1, x0, lsl #9
    mov     sp, x1
    ldr     x1, =vectors_quiet
    msr     vbar_el1, x1
    isb
    bl      wake_redistributor
    adrp    x1, ready
    add     x1, x1, :lo12:ready
    mov     w2, #1
    ldaddal w2, w3, [x1]
    adrp    x1, start
    add     x1, x1, :lo12:start
1:  ldar    w0, [x1]
    cbnz    w0, 2f
    wfe
    b       1b
2:  bl      count
    msr     daifclr, #2
3:  wfi
    b       3b

    // Adds to shared counters in four ways.
count:
    ldr     x1, =counters
    add     x8, x1, #64             // the lock
    mov     x2, #ROUNDS
    mov     x3, #1
1:  ldxr    x4, [x1]
    add     x4, x4, #1
    stxr    w5, x4, [x1]
    cbnz    w5, 1b
    add     x6, x1, #8
    stadd   x3, [x6]
    // A lock by swap.
2:  mov     w4, #1
    swpa    w4, w5, [x8]
    cbnz    w5, 2b
    ldr     x4, [x1, #16]
    add     x4, x4, #1
    str     x4, [x1, #16]
    stlr    wzr, [x8]
    add     x6, x1, #24
3:  ldr     x4, [x6]
    mov     x5, x4
    add     x7, x4, #1
    casal   x5, x7, [x6]
    cmp     x5, x4
    b.ne    3b
    subs    x2, x2, #1
    b.ne    1b
    adrp    x1, counted
    add     x1, x1, :lo12:counted
    mov     w2, #1
    ldaddal w2, w3, [x1]
    ret
    .ltorg

    // The others take interrupts without a word.
    .balign 0x800
vectors_quiet:
    .skip   0x280
    mrs     x0, icc_iar1_el1
    ldr     x1, =seen
    add     x1, x1, x19, lsl #3
    ldr     x2, [x1]
    orr     x2, x0, x2, lsl #8
    str     x2, [x1]
    msr     icc_eoir1_el1, x0
    cmp     x0, #7
    b.eq    1f
    adrp    x1, interrupted
    add     x1, x1, :lo12:interrupted
    mov     w2, #1
    ldaddal w2, w3, [x1]
    eret
1:  ldr     x0, =CPU_OFF
    hvc     #0
    b       .
    .ltorg

on_interrupt:
    ret

    .bss
    .balign 64
ready:
    .skip   64
start:
    .skip   64
counted:
    .skip   64
interrupted:
    .skip   64
counters:
    .skip   128
seen:
    .skip   64
    .balign 512
stacks:
    .skip   512 * (OTHERS + 1)
