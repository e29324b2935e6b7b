// The guest's virtual timer, between memory and hardware, and who may use the physical one.

#include "../registers.h"
#include "hyp.h"

#define READ(name) read_register(name)
#define WRITE(name, value) write_register(name, value)

#if VHE
#define CNTHCTL_SHIFT CNTHCTL_E2H_SHIFT
#define CNTHCTL_HOST (3 | 3 << CNTHCTL_SHIFT) // EL0 of the host also reads the counters
#else
#define CNTHCTL_SHIFT 0
#define CNTHCTL_HOST 3
#endif

void restore_timer(const struct timer_hardware *timer) {
  // The guest reads the physical counter, but the physical timer is the host's. A guest hypervisor takes its own offset
  // from the virtual counter, so that the other has to show the same time as we have given it: it traps.
  write_register(cnthctl_el2, NESTED ? 0 : CNTHCTL_EL1PCTEN << CNTHCTL_SHIFT);
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
  write_register(cnthctl_el2, CNTHCTL_HOST);
  write_register(cntvoff_el2, 0);
}
