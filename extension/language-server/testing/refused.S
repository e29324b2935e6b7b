// Every line with a wrong in its comment is refused by GNU as; the others are not.

    .text
start:
    mofe    x0, x1              // wrong
    add     x0, x1, #4097       // wrong
    add     x0, x1, w2          // wrong
    add     w0, x1, #1          // wrong
    ldr     x0, [x1, #32761]    // wrong
    ldr     x0, [x1, #32760]
    ldp     x0, x1, [sp, #520]  // wrong
    stp     x0, w1, [sp]        // wrong
    ldur    x0, [x1, #256]      // wrong
    and     x0, x0, #5          // wrong
    and     x0, x0, #6
    lsl     x0, x0, #64         // wrong
    ubfx    w0, w1, #32, #1     // wrong
    mov     x0, #0x12345        // wrong
    movk    x0, #1, lsl #8      // wrong
    tbz     w0, #32, start      // wrong
    b.eqq   start               // wrong
    csel    x0, x1, x2, xx      // wrong
    mrs     x0, hcr_el4         // wrong
    msr     foo, x0             // wrong
    msr     daifset, #16        // wrong
    tlbi    vmalle9             // wrong
    tlbi    vae1                // wrong
    dsb     isy                 // wrong
    add     v0.4s, v1.4s, v2.2d // wrong
    shl     v0.4s, v1.4s, #32   // wrong
    fmov    d0, #0.3            // wrong
    hvc     #65536              // wrong
    add     x0, x1, x31         // wrong
    cmp     sp, #1
    orr     x0, sp, x1          // wrong
    ret     w0                  // wrong
