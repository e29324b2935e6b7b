// The guest's GIC, which is emulated but for the CPU interface: acknowledging and completing are no exits. It has the
// version of the board's.

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
#define GICD_ISENABLER0 0x08000100

#define TIMER 27

volatile uint64_t guest_interrupts[64];
unsigned guest_gic_version;

static void prepare_v2(uint64_t vcpu) {
  if (vcpu == 0) *device(GICD_CTLR) = 1;
  *device(GICD_ISENABLER0) = 0xffff | 1 << TIMER;
  *device(GICC_BASE + GICC_PMR) = 0xff;
  *device(GICC_BASE + GICC_CTLR) = GICC_CTLR_ENABLE;
}

static void prepare_v3(uint64_t vcpu) {
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
}

void guest_interrupts_prepare(uint64_t vcpu) {
  guest_gic_version = bits(read_register(id_aa64pfr0_el1), 27, 24) ? 3 : 2;
  if (guest_gic_version == 2)
    prepare_v2(vcpu);
  else
    prepare_v3(vcpu);
  __asm__ volatile("msr daifclr, #2" ::: "memory");
}

void guest_send(uint64_t id, unsigned vcpu) {
  dsb();
  if (guest_gic_version == 2)
    *device(GICD_SGIR) = 1U << (GICD_SGIR_TARGETS_SHIFT + vcpu) | id; /* BP: guest-ipi-v2 */
  else
    write_register(icc_sgi1r_el1, id << 24 | 1 << vcpu); /* BP: guest-ipi */
  isb();
}

void guest_complete(uint64_t acknowledged) {
  if (guest_gic_version == 2) {
    *device(GICC_BASE + GICC_EOIR) = acknowledged; /* BP: guest-complete-v2 */
    return;
  }
  write_register(icc_eoir1_el1, acknowledged); /* BP: guest-complete */
  isb();
}

static uint64_t acknowledge(void) {
  if (guest_gic_version == 2) return *device(GICC_BASE + GICC_IAR); /* BP: guest-acknowledge-v2 */
  return read_register(icc_iar1_el1);                               /* BP: guest-acknowledge */
}

void guest_interrupt(void) {
  uint64_t acknowledged = acknowledge();
  uint64_t id = bits(acknowledged, 9, 0);
  if (id >= 1020) return;
  if (id == TIMER) write_register(cntv_ctl_el0, 0);
  guest_complete(acknowledged);
  guest_interrupts[id]++;
}
