// Whether this PE has a VNCR_EL2: it is UNDEFINED where there is neither FEAT_NV2 nor NEVE, and no ID register tells of NEVE.
// Called at EL2.

    .text
// uint64_t probe_vncr(void)
    .global probe_vncr
probe_vncr:
    mrs     x1, vbar_el2
    adr     x2, probe_vectors
    msr     vbar_el2, x2
    isb
    mrs     x3, elr_el2             // of the call that we are in
    mrs     x4, spsr_el2
    mov     x0, #1
    mrs     x2, s3_4_c2_c2_0
    msr     elr_el2, x3
    msr     spsr_el2, x4
    msr     vbar_el2, x1
    isb
    ret

    .balign 0x800
probe_vectors:
    .balign 0x80
    .skip   0x200                   // from EL2 with SP_EL2: behind those with SP_EL0
    mov     x0, #0
    mrs     x2, elr_el2
    add     x2, x2, #4
    msr     elr_el2, x2
    eret
