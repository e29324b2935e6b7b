// The guest's virtual timer, between memory and hardware, and who may use the physical one.

#include "../registers.h"
#include "hyp.h"

#define READ(name) read_register(name)
#define WRITE(name, value) write_register(name, value)

// Who may use the physical counter and its timer at EL1. A guest reads the counter, but the timer is the host's. With E2H
// the two bits are about guests only, and boot.c has set them once. The rest of the register is about the event stream.
static void allow_physical(uint64_t allowed) {
#if VHE
  (void)allowed;
#else
  uint64_t others = read_register(cnthctl_el2) & ~(uint64_t)(CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
  write_register(cnthctl_el2, others | allowed);
#endif
}

void restore_timer(const struct timer_hardware *timer) {
  // A guest hypervisor sees both counters with the same offset, which only the virtual one has in hardware: the other traps.
  allow_physical(NESTED ? 0 : CNTHCTL_EL1PCTEN);
  write_register(cntvoff_el2, timer->offset);
  WRITE(TIMER_NAME(cntv_cval), timer->cval);
  isb(); // the compare value is there before the timer works
  WRITE(TIMER_NAME(cntv_ctl), timer->ctl);
}

void save_timer(struct timer_hardware *timer) {
  timer->ctl = READ(TIMER_NAME(cntv_ctl));
  timer->cval = READ(TIMER_NAME(cntv_cval));
  WRITE(TIMER_NAME(cntv_ctl), 0);
  isb();
  allow_physical(CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
  write_register(cntvoff_el2, 0);
}
