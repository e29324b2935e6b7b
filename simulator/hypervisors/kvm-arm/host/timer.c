// The guest's virtual timer, as the host sees it. While it is not in the hardware the kernel compares numbers; while it
// is, the hardware interrupts.

#include "../hyp/hyp.h"
#include "../registers.h"
#include "kvm.h"

#define READ(name) read_register(name)

static bool is_firing(uint64_t ctl) {
  return (ctl & CNT_CTL_ENABLE) && !(ctl & CNT_CTL_IMASK) && (ctl & CNT_CTL_ISTATUS);
}

static bool has_expired(const struct timer_hardware *timer) {
  if (!(timer->ctl & CNT_CTL_ENABLE) || (timer->ctl & CNT_CTL_IMASK)) return false;
  return read_register(cntpct_el0) - timer->offset >= timer->cval;
}

static void set_level(struct vcpu *vcpu, bool level) {
  if (vcpu->timer_level == level) return;
  vcpu->timer_level = level;
  vgic_set_line(vcpu, INTERRUPT_GUEST_TIMER, level);
}

// Before the timer comes to this PE for many exits: its physical interrupt is what the vCPU left it as, wherever that was.
void timer_load(struct vcpu *vcpu) {
  vcpu->timer_active = vgic_in_flight(vcpu, INTERRUPT_GUEST_TIMER);
  gic_set_active(INTERRUPT_GUEST_TIMER, vcpu->timer_active);
}

// Before entry. The interrupt that the guest has still to complete is held active in the physical GIC, else its line, as
// long as it is up, would take the PE out of the guest again at once.
void timer_flush(struct vcpu *vcpu) {
  // Held active by its acknowledgement already, if at all.
  if (step_is_on(STEP_TIMER) && !vcpu->timer_active) return;
  bool active = vgic_in_flight(vcpu, INTERRUPT_GUEST_TIMER);
  if (!active && !vcpu->timer_active) return;
  gic_set_active(INTERRUPT_GUEST_TIMER, active);
  vcpu->timer_active = active;
}

// After exit: what the line to the VGIC has to be.
void timer_sync(struct vcpu *vcpu) {
  if (step_is_on(STEP_TIMER) && vcpu->loaded) {
    // The line goes up by interrupt. Only that it has gone down again has to be asked for.
    if (vcpu->timer_level && !is_firing(READ(TIMER_NAME(cntv_ctl)))) set_level(vcpu, false);
    return;
  }
  set_level(vcpu, has_expired(&vcpu->hardware.timer));
}

// The physical interrupt of the virtual timer.
void timer_interrupt(void) {
  struct vcpu *vcpu = pes[this_pe()].loaded;
  if (!vcpu) return gic_deactivate(INTERRUPT_GUEST_TIMER);
  vcpu->timer_active = true;
  if (step_is_on(STEP_TIMER)) set_level(vcpu, is_firing(READ(TIMER_NAME(cntv_ctl))));
}

// The guest waits with its timer running: wake up in time. A timer that is in the hardware does that by itself.
void timer_alarm(struct vcpu *vcpu) {
  const struct timer_hardware *timer = &vcpu->hardware.timer;
  if (step_is_on(STEP_TIMER) && vcpu->loaded) return;
  if (!(timer->ctl & CNT_CTL_ENABLE) || (timer->ctl & CNT_CTL_IMASK)) return;
  write_register(cntp_cval_el0, timer->cval + timer->offset);
  write_register(cntp_ctl_el0, CNT_CTL_ENABLE);
  isb();
}

void timer_alarm_interrupt(void) {
  write_register(cntp_ctl_el0, 0);
  isb();
}
