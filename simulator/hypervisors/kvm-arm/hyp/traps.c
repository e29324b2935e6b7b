// What the guest may not do by itself, and its stage 2. The host is under none of it, so that a host at EL1 has to have
// all of it taken off before it runs and put on again behind it.

#include "../host/nesting.h"
#include "../registers.h"
#include "hyp.h"

void activate_traps(struct vcpu *vcpu) { /* BP: activate-traps */
  write_register(hstr_el2, HSTR_T15);
  // The guest's own PMU controls are its business, up to here: EL0 may use the counters.
  write_register(pmselr_el0, 0);
  write_register(pmuserenr_el0, 0xf);
  write_register(mdcr_el2, vcpu->hardware.mdcr);
  // FP and AdvSIMD registers are the host's until the guest touches them.
  uint64_t fp = vcpu->hardware.fp_loaded;
#if VHE
  write_register(cpacr_el1, CPACR_TTA | (fp ? CPACR_FPEN : 0)); // CPTR_EL2, by the name that a kernel has for it
  write_register(hcr_el2, vcpu->hardware.hcr | HCR_E2H);
  write_register(vbar_el2, hyp_vectors);
#else
  write_register(cptr_el2, CPTR_RES1 | CPTR_TTA | (fp ? 0 : CPTR_TFP) | nesting_cptr(vcpu));
  write_register(hcr_el2, vcpu->hardware.hcr);
#endif
  nesting_activate(vcpu);
}

extern char host_vectors[];

void deactivate_traps(void) { /* BP: deactivate-traps */
  write_register(hstr_el2, 0);
  write_register(pmuserenr_el0, 0);
  write_register(mdcr_el2, (read_register(mdcr_el2) & MDCR_HPMN_MASK) | MDCR_E2PB);
#if VHE
  write_register(cpacr_el1, CPACR_FPEN);
  write_register(hcr_el2, (uint32_t)HCR_RW | HCR_TGE | HCR_E2H);
  write_register(vbar_el2, host_vectors);
#else
  write_register(cptr_el2, CPTR_RES1);
  write_register(hcr_el2, (uint32_t)HCR_RW);
#endif
}

void activate_stage2(struct vcpu *vcpu) {
  write_register(vttbr_el2, vcpu->hardware.vttbr);
}

void deactivate_stage2(void) {
  write_register(vttbr_el2, 0);
}
