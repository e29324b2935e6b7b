// Physical interrupts. They come to EL2 while a guest runs, as an exit; at EL2 they are masked.

#include "../kvm-arm/registers.h"
#include "type1.h"

void take_interrupts(void) { /* BP: type1-interrupts */
  for (;;) {
    uint64_t acknowledged = gic_acknowledge();
    uint64_t id = bits(acknowledged, 9, 0);
    if (id >= 1020) return;
    gic_drop_priority(acknowledged);
    if (id == INTERRUPT_GUEST_TIMER)
      timer_interrupt(); // stays active until the guest completes it
    else
      gic_deactivate(acknowledged); // a kick, or maintenance: to have left the guest is all that was wanted
  }
}
