// Debug registers. This hypervisor lends none to its guests: their accesses trap and read as zero. What a switch pays
// all the same is to find out that there is nothing to move.

#include "../registers.h"
#include "hyp.h"

void note_debug_use(struct vcpu *vcpu) {
  vcpu->hardware.debug_dirty = (vcpu->guest.sysregs[R_MDSCR_EL1] & (MDSCR_KDE | MDSCR_MDE)) != 0;
}

// Debug exceptions of the one world must not be taken in the other.
void switch_debug(struct vcpu *vcpu) {
  if (!step_is_on(STEP_DEBUG_FLAG)) note_debug_use(vcpu);
  if (!vcpu->hardware.debug_dirty) return;
  write_register(mdscr_el1, read_register(mdscr_el1) & ~(uint64_t)(MDSCR_KDE | MDSCR_MDE));
}
