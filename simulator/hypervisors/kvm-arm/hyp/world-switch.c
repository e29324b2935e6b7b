// The world switch, one function for split mode and for a host at EL2 that has not been told of its luck. The host gives
// the PE away as a whole and gets it back as it was: two switches for each exit.

#include "../registers.h"
#include "hyp.h"

const char world_switch_name[] = "in C";

unsigned world_switch(struct vcpu *vcpu) { /* BP: hyp-entry-c */
  struct context *host = &pes[vcpu->pe].host;
  struct context *guest = &vcpu->guest;

  if (!step_is_on(STEP_EL1_STATE)) save_el1_state(host); /* BP: save-host */
  if (!step_is_on(STEP_USER_STATE)) save_user_state(host);
  save_common_state(host);
  if (!step_is_on(STEP_HOST_RETURN)) save_return_state(host);

  if (!step_is_on(STEP_TRAPS)) {
    activate_traps(vcpu);
    activate_stage2(vcpu);
  }
  restore_vgic(&vcpu->hardware.vgic);
  if (!step_is_on(STEP_TIMER)) restore_timer(&vcpu->hardware.timer);

  if (!step_is_on(STEP_EL1_STATE)) restore_el1_state(guest); /* BP: restore-guest */
  if (!step_is_on(STEP_USER_STATE)) restore_user_state(guest);
  restore_common_state(guest);
  restore_return_state(guest);
  switch_debug(vcpu);
  isb();

  unsigned exit;
  do exit = guest_enter(vcpu); /* BP: guest-runs */
  while (handled_without_host(vcpu, exit));

  if (!step_is_on(STEP_EL1_STATE)) save_el1_state(guest); /* BP: save-guest */
  if (!step_is_on(STEP_USER_STATE)) save_user_state(guest);
  save_common_state(guest);
  save_return_state(guest);

  if (!step_is_on(STEP_TIMER)) save_timer(&vcpu->hardware.timer);
  save_vgic(&vcpu->hardware.vgic);
  if (!step_is_on(STEP_TRAPS)) {
    give_fp_back(vcpu);
    deactivate_traps();
    deactivate_stage2();
  }
  isb();

  if (!step_is_on(STEP_EL1_STATE)) restore_el1_state(host); /* BP: restore-host */
  if (!step_is_on(STEP_USER_STATE)) restore_user_state(host);
  restore_common_state(host);
  if (!step_is_on(STEP_HOST_RETURN)) restore_return_state(host);
  return exit;
}
