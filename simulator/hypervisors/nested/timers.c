// The timers of a guest hypervisor: two of EL1, two of EL2. One at a time has the virtual timer of the machine, which is the
// only one whose registers cannot be trapped; the others are numbers, and the host's own timer wakes us for them. In the place
// of ../kvm-arm/host/timer.c.
//
// Time has two offsets. The guest's physical count is ours less `time_offset`; its virtual count is that less its own
// CNTVOFF_EL2. The machine's CNTVOFF_EL2 is the sum.

#include "../kvm-arm/hyp/hyp.h"
#include "nested.h"

#define INTERRUPT_CNTHP 26
#define INTERRUPT_CNTV INTERRUPT_GUEST_TIMER
#define INTERRUPT_CNTHV 28
#define INTERRUPT_CNTP 30

static uint64_t physical_count(struct vcpu *vcpu) {
  return read_register(cntpct_el0) - vcpu->nested.time_offset;
}

static bool counts(const struct timer_hardware *timer) {
  return (timer->ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) == CNT_CTL_ENABLE;
}

// `timer->offset` is against our own count.
static bool has_expired(const struct timer_hardware *timer) {
  return counts(timer) && (int64_t)(read_register(cntpct_el0) - timer->offset - timer->cval) >= 0;
}

void timers_prepare(struct vcpu *vcpu) {
  struct nested *nested = &vcpu->nested;
  nested->time_offset = vcpu->hardware.timer.offset;
  nested->hyp_virtual.offset = nested->physical.offset = nested->hyp_physical.offset = nested->time_offset;
}

// Whether something else than the virtual timer of EL1 has the hardware in virtual EL2: with E2H its names mean CNTHV, and
// FEAT_NV2 without E2H keeps it in the page.
static bool gives_way(struct vcpu *vcpu) {
  return vcpu->nested.e2h || nesting_mode == MODE_NV2;
}

void timers_enter_hyp(struct vcpu *vcpu) {
  struct nested *nested = &vcpu->nested;
  struct timer_hardware *loaded = &vcpu->hardware.timer;
  if (!gives_way(vcpu)) return;
  nested->kept_timer = *loaded;
  if (nesting_mode == MODE_NV2) {
    in_page(vcpu, PAGE_CNTV_CTL_EL0) = loaded->ctl;
    in_page(vcpu, PAGE_CNTV_CVAL_EL0) = loaded->cval;
  }
  if (nested->e2h)
    *loaded = nested->hyp_virtual;
  else
    loaded->ctl = 0;
}

// In virtual EL2 the virtual timer of EL1 is, for a machine that keeps it in the page, what is there.
static struct timer_hardware *kept_timer(struct vcpu *vcpu) {
  struct timer_hardware *kept = &vcpu->nested.kept_timer;
  if (nesting_mode == MODE_NV2) {
    kept->ctl = in_page(vcpu, PAGE_CNTV_CTL_EL0);
    kept->cval = in_page(vcpu, PAGE_CNTV_CVAL_EL0);
  }
  kept->offset = vcpu->nested.time_offset + in_page(vcpu, PAGE_CNTVOFF_EL2);
  return kept;
}

void timers_leave_hyp(struct vcpu *vcpu) {
  struct nested *nested = &vcpu->nested;
  if (!gives_way(vcpu)) return;
  if (nested->e2h) nested->hyp_virtual = vcpu->hardware.timer;
  vcpu->hardware.timer = *kept_timer(vcpu);
}

void set_line(struct vcpu *vcpu, unsigned id, bool level) {
  if (vcpu->nested.lines[id] == level) return;
  vcpu->nested.lines[id] = level;
  vgic_set_line(vcpu, id, level);
}

static bool is_parked(struct vcpu *vcpu) {
  return vcpu->nested.in_hyp && gives_way(vcpu);
}

void timer_sync(struct vcpu *vcpu) {
  struct nested *nested = &vcpu->nested;
  bool loaded = has_expired(&vcpu->hardware.timer);
  set_line(vcpu, INTERRUPT_CNTV, is_parked(vcpu) ? has_expired(kept_timer(vcpu)) : loaded);
  set_line(vcpu, INTERRUPT_CNTHV, nested->e2h && nested->in_hyp ? loaded : has_expired(&nested->hyp_virtual));
  set_line(vcpu, INTERRUPT_CNTP, has_expired(&nested->physical));
  set_line(vcpu, INTERRUPT_CNTHP, has_expired(&nested->hyp_physical));
}

static void sooner(const struct timer_hardware *timer, uint64_t *deadline) {
  uint64_t at = timer->cval + timer->offset;
  if (counts(timer) && !has_expired(timer) && at < *deadline) *deadline = at;
}

// The host's own timer, for those that the machine does not have. `and_loaded`: nor the one that it has, at other times.
static void set_alarm(struct vcpu *vcpu, bool and_loaded) {
  uint64_t deadline = ~0UL;
  sooner(&vcpu->nested.physical, &deadline);
  sooner(&vcpu->nested.hyp_physical, &deadline);
  if (is_parked(vcpu)) sooner(kept_timer(vcpu), &deadline);
  if (!(vcpu->nested.in_hyp && vcpu->nested.e2h)) sooner(&vcpu->nested.hyp_virtual, &deadline);
  if (and_loaded) sooner(&vcpu->hardware.timer, &deadline);
  if (deadline == ~0UL) return;
  write_register(cntp_cval_el0, deadline);
  write_register(cntp_ctl_el0, CNT_CTL_ENABLE);
  isb();
}

// A timer in the page is memory: that it has expired is written there, as often as the guest hypervisor is entered.
static void show_status(struct vcpu *vcpu) {
  if (nesting_mode != MODE_NV2 || !is_parked(vcpu)) return;
  const struct timer_hardware *timer = kept_timer(vcpu);
  bool met = (timer->ctl & CNT_CTL_ENABLE) && (int64_t)(read_register(cntpct_el0) - timer->offset - timer->cval) >= 0;
  in_page(vcpu, PAGE_CNTV_CTL_EL0) = (timer->ctl & ~(uint64_t)CNT_CTL_ISTATUS) | (met ? CNT_CTL_ISTATUS : 0);
}

// Before entry: the offset of the timer that has the hardware, and as in ../kvm-arm/host/timer.c the physical interrupt.
void timer_flush(struct vcpu *vcpu) {
  bool hyp_with_e2h = vcpu->nested.in_hyp && vcpu->nested.e2h;
  vcpu->hardware.timer.offset =
      vcpu->nested.time_offset + (hyp_with_e2h ? 0 : in_page(vcpu, PAGE_CNTVOFF_EL2));
  show_status(vcpu);
  set_alarm(vcpu, false);
  bool active = vgic_in_flight(vcpu, INTERRUPT_CNTV) || vgic_in_flight(vcpu, INTERRUPT_CNTHV);
  if (!active && !vcpu->timer_active) return;
  gic_set_active(INTERRUPT_GUEST_TIMER, active);
  vcpu->timer_active = active;
}

void timer_interrupt(void) {
  struct vcpu *vcpu = pes[this_pe()].loaded;
  if (!vcpu) return gic_deactivate(INTERRUPT_GUEST_TIMER);
  vcpu->timer_active = true;
}

void timer_alarm(struct vcpu *vcpu) {
  set_alarm(vcpu, true);
}

void timer_alarm_interrupt(void) {
  write_register(cntp_ctl_el0, 0);
  isb();
}

// A trapped access to a timer, or to the physical count.
bool access_timer(struct vcpu *vcpu, uint64_t encoding, bool is_read, uint64_t *value) { /* BP: nested-timer */
  struct nested *nested = &vcpu->nested;
  unsigned op1 = bits(encoding, 16, 14), crm = bits(encoding, 4, 1), op2 = bits(encoding, 19, 17);
  if (crm == 0) {
    *value = physical_count(vcpu);
    return is_read;
  }
  bool hyp = op1 == 4 || (op1 == 3 && nested->in_hyp && nested->e2h);
  struct timer_hardware *timer;
  if (crm == 2)
    timer = hyp ? &nested->hyp_physical : &nested->physical;
  else if (hyp)
    timer = nested->in_hyp && nested->e2h ? &vcpu->hardware.timer : &nested->hyp_virtual;
  else
    timer = is_parked(vcpu) ? kept_timer(vcpu) : &vcpu->hardware.timer;
  uint64_t now = read_register(cntpct_el0) - timer->offset;
  switch (op2) {
  case 0: // TVAL
    if (is_read)
      *value = (uint32_t)(timer->cval - now);
    else
      timer->cval = now + (int32_t)*value;
    break;
  case 1: // CTL
    if (is_read) {
      bool met = (timer->ctl & CNT_CTL_ENABLE) && (int64_t)(now - timer->cval) >= 0;
      *value = (timer->ctl & 3) | (met ? CNT_CTL_ISTATUS : 0);
    } else {
      timer->ctl = *value & 3;
    }
    break;
  default: // CVAL
    if (is_read)
      *value = timer->cval;
    else
      timer->cval = *value;
  }
  if (!is_read && nesting_mode == MODE_NV2 && timer == &nested->kept_timer) {
    in_page(vcpu, PAGE_CNTV_CTL_EL0) = timer->ctl;
    in_page(vcpu, PAGE_CNTV_CVAL_EL0) = timer->cval;
  }
  timer_sync(vcpu);
  return true;
}
