// From one VM to the other on the same PE. An exit is not that: it leaves all of this where it is. It is paid when dom0 has to
// do something for the guest.

#include "../kvm-arm/hyp/hyp.h"
#include "../kvm-arm/registers.h"
#include "type1.h"

void domain_out(struct vcpu *vcpu) { /* BP: domain-out */
  struct context *context = &vcpu->guest;
  save_common_state(context);
  save_user_state(context);
  save_el1_state(context);
  if (!is_dom0(vcpu)) {
    save_timer(&vcpu->hardware.timer);
    save_vgic_priorities(&vcpu->hardware.vgic);
  }
  give_fp_back(vcpu);
  vcpu->loaded = false;
  pes[vcpu->pe].loaded = 0;
}

void domain_in(struct vcpu *vcpu) { /* BP: domain-in */
  const struct context *context = &vcpu->guest;
  restore_el1_state(context);
  restore_user_state(context);
  restore_common_state(context);
  activate_traps(vcpu);
  activate_stage2(vcpu);
  vcpu->loaded = true;
  if (is_dom0(vcpu)) return;
  pes[vcpu->pe].loaded = vcpu;
  restore_vgic_priorities(&vcpu->hardware.vgic);
  timer_load(vcpu);
  restore_timer(&vcpu->hardware.timer);
}
