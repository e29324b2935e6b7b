// A vCPU comes to a PE and leaves it: around a whole visit to the kernel, not around each exit. In the redesign everything
// that the host kernel itself does not need is moved here; it is paid when the VMM is wanted.

#include "../hyp/hyp.h"
#include "../registers.h"
#include "kvm.h"

void vcpu_load(struct vcpu *vcpu) { /* BP: vcpu-load */
  struct pe *pe = &pes[vcpu->pe];
  pe->loaded = vcpu;
  vcpu->loaded = true;
  if (step_is_on(STEP_DEBUG_FLAG)) note_debug_use(vcpu);
  if (step_is_on(STEP_USER_STATE)) {
    save_user_state(&pe->host);
    restore_user_state(&vcpu->guest);
  }
  if (step_is_on(STEP_EL1_STATE)) restore_el1_state(&vcpu->guest);
  if (step_is_on(STEP_VGIC_PRIORITY)) restore_vgic_priorities(&vcpu->hardware.vgic);
  if (step_is_on(STEP_TIMER)) {
    timer_load(vcpu);
    restore_timer(&vcpu->hardware.timer);
  }
  if (step_is_on(STEP_TRAPS)) {
    activate_traps(vcpu);
    activate_stage2(vcpu);
    isb();
  }
}

void vcpu_put(struct vcpu *vcpu) { /* BP: vcpu-put */
  struct pe *pe = &pes[vcpu->pe];
  if (step_is_on(STEP_TRAPS)) {
    give_fp_back(vcpu);
    deactivate_traps();
    deactivate_stage2();
    isb();
  }
  if (step_is_on(STEP_TIMER)) save_timer(&vcpu->hardware.timer);
  if (step_is_on(STEP_VGIC_PRIORITY)) save_vgic_priorities(&vcpu->hardware.vgic);
  if (step_is_on(STEP_EL1_STATE)) save_el1_state(&vcpu->guest);
  if (step_is_on(STEP_USER_STATE)) {
    save_user_state(&vcpu->guest);
    restore_user_state(&pe->host);
  }
  vcpu->loaded = false;
  pe->loaded = 0;
}
