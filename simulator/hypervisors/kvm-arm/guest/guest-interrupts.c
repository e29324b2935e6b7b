// The guest's GIC, which is emulated but for the CPU interface: acknowledging and completing are no exits.

#include "../registers.h"
#include "guest.h"

#define GICD_CTLR 0x08000000
#define GICD_CTLR_GROUP_1 (1 << 1)
#define GICD_CTLR_ARE (1 << 4)
#define GICR_FRAME(vcpu) (0x080a0000UL + (vcpu) * 0x20000UL)
#define GICR_WAKER 0x0014
#define GICR_WAKER_PROCESSOR_SLEEP (1 << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1 << 2)
#define GICR_IGROUPR0 0x10080
#define GICR_ISENABLER0 0x10100

#define TIMER 27

volatile uint64_t guest_interrupts[32];

void guest_interrupts_prepare(uint64_t vcpu) {
  if (vcpu == 0) *device(GICD_CTLR) = GICD_CTLR_ARE | GICD_CTLR_GROUP_1;
  *device(GICR_FRAME(vcpu) + GICR_WAKER) &= ~GICR_WAKER_PROCESSOR_SLEEP;
  while (*device(GICR_FRAME(vcpu) + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) {
  }
  *device(GICR_FRAME(vcpu) + GICR_IGROUPR0) = ~0U;
  *device(GICR_FRAME(vcpu) + GICR_ISENABLER0) = 0xffff | 1 << TIMER;
  write_register(icc_sre_el1, 1);
  isb();
  write_register(icc_pmr_el1, 0xff);
  write_register(icc_igrpen1_el1, 1);
  isb();
  __asm__ volatile("msr daifclr, #2" ::: "memory");
}

void guest_interrupt(void) {
  uint64_t id = read_register(icc_iar1_el1); /* BP: guest-acknowledge */
  if (id >= 1020) return;
  if (id == TIMER) write_register(cntv_ctl_el0, 0);
  write_register(icc_eoir1_el1, id); /* BP: guest-complete */
  isb();
  guest_interrupts[id]++;
}
