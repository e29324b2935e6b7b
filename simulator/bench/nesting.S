// Nested virtualization by FEAT_NV2 in its least form. L0 is at EL2, with its MMU off. L1 is a guest hypervisor: at EL1, and
// believes to be at EL2. L2 is its guest, the workload that has called start_nesting. A hypercall of L2 takes L0 to L1, whose
// ERET traps to L0, which goes back to L2. Registers of EL1 belong to who runs there; those of L2 are in the page of
// VNCR_EL2 meanwhile, where L1 finds them. All share x0 to x2: x0 of 0 adds the class of the exception, as L1 sees it, to x1;
// x0 of 1 has L1 access a register in the page x2 times, and anything else is for the firmware (PSCI). x3 to x9 belong to a
// hypercall.

#include "../hypervisors/common/registers.h"
#include "../hypervisors/nested/page.h"

#define EC_ERET 0x1a // trapped ERET
#define HCR_NV_SHIFT 42
#define HCR_NV2_SHIFT 45
// 39 bits of address, from level 1 on, Normal Write-Back Inner Shareable tables, 40 bits of output.
#define VTCR ((64 - 39) | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 2 << 16 | 1 << 31)

    .arch   armv8.4-a
    .text

// void start_nesting(struct table *stage2): the caller becomes L2. Needs FEAT_NV2 and the hypercalls of start.S.
    .global start_nesting
start_nesting:
    mov     x2, x0
    mov     x0, #2
    adr     x1, begin_nesting
    hvc     #0
    ret

// uint64_t count_nested_exits(uint64_t rounds): so many hypercalls of L2.
    .global count_nested_exits
count_nested_exits:
    mov     x2, x0
    mov     x0, #0
    mov     x1, #0
1:  hvc     #0
    subs    x2, x2, #1
    b.ne    1b
    mov     x0, x1
    ret

// uint64_t count_accesses(uint64_t rounds): L1 writes and reads a register of EL2 so many times.
    .global count_accesses
count_accesses:
    mov     x2, x0
    mov     x0, #1
    mov     x1, #0
    hvc     #0
    mov     x0, x1
    ret

    .macro  registers act
    \act    sctlr, PAGE_SCTLR_EL1
    \act    cpacr, PAGE_CPACR_EL1
    \act    ttbr0, PAGE_TTBR0_EL1
    \act    ttbr1, PAGE_TTBR1_EL1
    \act    tcr, PAGE_TCR_EL1
    \act    mair, PAGE_MAIR_EL1
    \act    amair, PAGE_AMAIR_EL1
    \act    vbar, PAGE_VBAR_EL1
    \act    contextidr, PAGE_CONTEXTIDR_EL1
    \act    esr, PAGE_ESR_EL1
    \act    far, PAGE_FAR_EL1
    \act    afsr0, PAGE_AFSR0_EL1
    \act    afsr1, PAGE_AFSR1_EL1
    \act    elr, PAGE_ELR_EL1
    \act    spsr, PAGE_SPSR_EL1
    .endm
    .macro  save name, offset
    mrs     x4, \name\()_el1
    str     x4, [x5, #\offset]
    .endm
    .macro  restore name, offset
    ldr     x4, [x5, #\offset]
    msr     \name\()_el1, x4
    .endm
    .macro  save_guest name, offset
    mrs     x4, \name\()_el12
    str     x4, [x5, #\offset]
    .endm
    .macro  restore_guest name, offset
    ldr     x4, [x5, #\offset]
    msr     \name\()_el12, x4
    .endm
    .macro  address register, symbol
    adrp    \register, \symbol
    add     \register, \register, :lo12:\symbol
    .endm

// Stage 2 is the same for both, under the VMID of each.
    .macro  controls_of vmid, hcr
    mrs     x4, tpidr_el2
    mov     x8, #\vmid << 48
    orr     x4, x4, x8
    msr     vttbr_el2, x4
    ldr     x4, =\hcr
    msr     hcr_el2, x4
    .endm
    .macro  controls_of_l1
    controls_of 1, HCR_RW_VM | 1 << HCR_NV_SHIFT | 1 << HCR_NV2_SHIFT
    .endm
    .macro  controls_of_l2
    controls_of 2, HCR_RW_VM
    .endm
    .equ    HCR_RW_VM, 0x80000001

// --- L0 -----------------------------------------------------------------------------------------------------------------

// By a hypercall of start.S, with the table of stage 2 in x2. L1 begins with a copy of what L2 has in registers.
begin_nesting:
    address x3, l0_vectors
    msr     vbar_el2, x3
    msr     tpidr_el2, x2
    address x3, page
    msr     vncr_el2, x3
    ldr     x3, =VTCR
    msr     vtcr_el2, x3
    address x5, l1_registers
    registers save
    controls_of_l2
    isb
    tlbi    alle1
    dsb     nsh
    isb
    eret

    .macro  unexpected count
    .rept   \count
    .balign 0x80
    b       .
    .endr
    .endm

    .balign 0x800
l0_vectors:
    unexpected 8
    .balign 0x80
    mrs     x3, esr_el2             // synchronous from L1 or L2
    lsr     x4, x3, #ESR_EC_SHIFT
    cmp     x4, #EC_ERET
    b.eq    enter_l2
    cmp     x0, #1
    b.ls    enter_l1
    smc     #0
    eret
    unexpected 7

// The virtual ESR_EL2, ELR_EL2 and SPSR_EL2 of L1 are in the registers of EL1.
enter_l1:
    mrs     x6, elr_el2
    mrs     x7, spsr_el2
    address x5, page
    registers save
    mrs     x4, sp_el1
    str     x4, [x5, #PAGE_SP_EL1]
    address x5, l1_registers
    registers restore
    msr     esr_el1, x3
    msr     elr_el1, x6
    msr     spsr_el1, x7
    controls_of_l1
    adr     x4, l1_exit
    msr     elr_el2, x4
    mov     x4, #PSTATE_EL1H | PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F
    msr     spsr_el2, x4
    eret

enter_l2:
    mrs     x6, elr_el1
    mrs     x7, spsr_el1
    address x5, l1_registers
    registers save
    address x5, page
    registers restore
    ldr     x4, [x5, #PAGE_SP_EL1]
    msr     sp_el1, x4
    controls_of_l2
    msr     elr_el2, x6
    msr     spsr_el2, x7
    eret

// --- L1 -----------------------------------------------------------------------------------------------------------------

// As a hypervisor at an exit of its guest: why, then the guest's registers out and in again, which are in the page.
l1_exit:
    cbnz    x0, 1f
    mrs     x3, esr_el2
    add     x1, x1, x3, lsr #ESR_EC_SHIFT
    mrs     x6, elr_el2
    mrs     x7, spsr_el2
    address x5, vcpu
    registers save_guest
    mrs     x4, hcr_el2
    msr     hcr_el2, xzr
    mrs     x3, vttbr_el2
    msr     vttbr_el2, xzr
    registers restore_guest
    msr     hcr_el2, x4
    msr     vttbr_el2, x3
    msr     elr_el2, x6
    msr     spsr_el2, x7
    eret
1:  msr     tpidr_el2, x1
    mrs     x1, tpidr_el2
    add     x1, x1, #1
    subs    x2, x2, #1
    b.ne    1b
    eret

    .bss
    .balign 4096
page:
    .skip   4096
l1_registers:
    .skip   1024
vcpu:
    .skip   1024
