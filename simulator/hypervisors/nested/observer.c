// For debuggers: where the three register sets of a vCPU are, without its having to know our structures. Addresses are
// physical. Nothing here is used by the code.

#include "nested.h"

#define NONE 0xffff

enum register_set {
  SET_EL1,    // an element of the array of EL1 registers
  SET_SHADOW, // a virtual EL2 register that is an element of the array of shadow registers
  SET_PAGE,   // a virtual EL2 register in the page; with a place it is the element of the shadow registers while E2H is 1
};

// `page`: offset in the page of VNCR_EL2; of an EL1 register that is where it is while virtual EL2 runs, on machines that
// look there. A row without a name ends the table.
const struct nesting_register {
  char name[20];
  uint16_t set, place, page;
} nesting_registers[] = {
#define EL1(name, page) {#name, SET_EL1, R_##name, page}
#define SHADOW(name, place) {#name, SET_SHADOW, place, NONE}
#define PAGE(name) {#name, SET_PAGE, NONE, PAGE_##name}
#define BOTH(name, place) {#name, SET_PAGE, place, PAGE_##name}
#define PAGE_LR(n) {"ICH_LR" #n "_EL2", SET_PAGE, NONE, PAGE_ICH_LR0_EL2 + 8 * n}
    EL1(SCTLR_EL1, PAGE_SCTLR_EL1),
    EL1(CPACR_EL1, PAGE_CPACR_EL1),
    EL1(TTBR0_EL1, PAGE_TTBR0_EL1),
    EL1(TTBR1_EL1, PAGE_TTBR1_EL1),
    EL1(TCR_EL1, PAGE_TCR_EL1),
    EL1(ESR_EL1, PAGE_ESR_EL1),
    EL1(AFSR0_EL1, PAGE_AFSR0_EL1),
    EL1(AFSR1_EL1, PAGE_AFSR1_EL1),
    EL1(FAR_EL1, PAGE_FAR_EL1),
    EL1(MAIR_EL1, PAGE_MAIR_EL1),
    EL1(VBAR_EL1, PAGE_VBAR_EL1),
    EL1(CONTEXTIDR_EL1, PAGE_CONTEXTIDR_EL1),
    EL1(AMAIR_EL1, PAGE_AMAIR_EL1),
    EL1(CNTKCTL_EL1, NONE),
    EL1(PAR_EL1, NONE),
    EL1(TPIDR_EL1, NONE),
    EL1(SP_EL1, PAGE_SP_EL1),
    EL1(ELR_EL1, PAGE_ELR_EL1),
    EL1(SPSR_EL1, PAGE_SPSR_EL1),
    PAGE(HCR_EL2),
    PAGE(VTTBR_EL2),
    PAGE(VTCR_EL2),
    PAGE(VMPIDR_EL2),
    PAGE(VPIDR_EL2),
    PAGE(TPIDR_EL2),
    PAGE(HSTR_EL2),
    PAGE(MDCR_EL2),
    BOTH(CPTR_EL2, R_CPACR_EL1),
    BOTH(SCTLR_EL2, R_SCTLR_EL1),
    BOTH(TCR_EL2, R_TCR_EL1),
    BOTH(TTBR0_EL2, R_TTBR0_EL1),
    PAGE(HPFAR_EL2),
    BOTH(CNTHCTL_EL2, R_CNTKCTL_EL1),
    PAGE(CNTVOFF_EL2),
    SHADOW(ESR_EL2, R_ESR_EL1),
    SHADOW(FAR_EL2, R_FAR_EL1),
    SHADOW(ELR_EL2, R_ELR_EL1),
    SHADOW(SPSR_EL2, R_SPSR_EL1),
    SHADOW(VBAR_EL2, R_VBAR_EL1),
    SHADOW(MAIR_EL2, R_MAIR_EL1),
    PAGE(ICH_HCR_EL2),
    PAGE(ICH_VMCR_EL2),
    PAGE(ICH_MISR_EL2),
    PAGE(ICH_ELRSR_EL2),
    PAGE_LR(0),
    PAGE_LR(1),
    PAGE_LR(2),
    PAGE_LR(3),
    {"", 0, 0, 0},
};

struct nesting_vcpu nesting_vcpus[MAX_PES];

void observe_vcpu(struct vcpu *vcpu) {
  nesting_vcpus[vcpu->id] = (struct nesting_vcpu){.el1 = vcpu->guest.el1,
                                                  .shadow = vcpu->nested.shadow,
                                                  .page = vcpu->nested.page,
                                                  .in_hyp = &vcpu->nested.in_hyp,
                                                  .e2h = &vcpu->nested.e2h,
                                                  .machine_has_page = nesting_mode != MODE_NV};
}
