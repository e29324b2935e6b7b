// Lazy FP: most exits leave V0 to V31 alone, and so do most visits to a guest.

#include "../host/nesting.h"
#include "../registers.h"
#include "hyp.h"

void load_guest_fp(struct vcpu *vcpu) { /* BP: load-fp */
#if VHE
  write_register(cpacr_el1, CPACR_TTA | CPACR_FPEN);
#else
  write_register(cptr_el2, CPTR_RES1 | CPTR_TTA | nesting_cptr(vcpu));
#endif
  isb();
  save_fp(&pes[vcpu->pe].host.fp);
  restore_fp(&vcpu->guest.fp);
  vcpu->hardware.fp_loaded = true;
}

void give_fp_back(struct vcpu *vcpu) {
  if (!vcpu->hardware.fp_loaded) return;
  save_fp(&vcpu->guest.fp);
  restore_fp(&pes[vcpu->pe].host.fp);
  vcpu->hardware.fp_loaded = false;
}
