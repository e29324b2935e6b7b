// The world switch of the redesign: a plain function of a host that is at EL2 itself. Between vcpu_load and vcpu_put the
// registers of EL1 belong to the guest, and nothing of the host's is in them, so that nothing is to be taken out. No
// barrier stands here: the ERET into the guest and the exception out of it synchronise.

#include "../registers.h"
#include "hyp.h"

unsigned world_switch_vhe(struct vcpu *vcpu) { /* BP: hyp-entry-vhe */
  struct context *host = &pes[vcpu->pe].host;
  struct context *guest = &vcpu->guest;

  save_common_state(host);
  if (!step_is_on(STEP_HOST_RETURN)) save_return_state(host);
  if (!step_is_on(STEP_TRAPS)) {
    activate_traps(vcpu);
    activate_stage2(vcpu);
  }
  restore_vgic(&vcpu->hardware.vgic);
  if (!step_is_on(STEP_TIMER)) restore_timer(&vcpu->hardware.timer);
  if (!step_is_on(STEP_EL1_STATE)) restore_el1_state(guest);
  if (!step_is_on(STEP_USER_STATE)) {
    save_user_state(host);
    restore_user_state(guest);
  }
  restore_common_state(guest);
  restore_return_state(guest);
  switch_debug(vcpu);

  unsigned exit;
  do exit = guest_enter(vcpu); /* BP: guest-runs-vhe */
  while (handled_without_host(vcpu, exit));

  save_common_state(guest); /* BP: save-guest-vhe */
  save_return_state(guest);
  if (!step_is_on(STEP_USER_STATE)) {
    save_user_state(guest);
    restore_user_state(host);
  }
  if (!step_is_on(STEP_EL1_STATE)) save_el1_state(guest);
  if (!step_is_on(STEP_TIMER)) save_timer(&vcpu->hardware.timer);
  save_vgic(&vcpu->hardware.vgic);
  if (!step_is_on(STEP_TRAPS)) {
    give_fp_back(vcpu);
    deactivate_traps();
    deactivate_stage2();
  }
  restore_common_state(host); /* BP: restore-host-vhe */
  if (!step_is_on(STEP_HOST_RETURN)) restore_return_state(host);
  return exit;
}
