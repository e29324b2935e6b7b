// The physical GIC, version 3 (Arm IHI 0069, chapter 12), at the places of the `virt` board.

#include "../registers.h"
#include "kvm.h"

#define GICD_CTLR 0x08000000
#define GICD_CTLR_ENABLE_GROUP_1 (1 << 1)
#define GICD_CTLR_ARE (1 << 4) // affinity routing: the GICv3 way

// Each PE has two frames of 64 KB: one for waking it, one for its private interrupts.
#define GICR_FRAME(pe) (0x080a0000UL + (pe) * 0x20000UL)
#define GICR_WAKER 0x0014
#define GICR_WAKER_PROCESSOR_SLEEP (1 << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1 << 2)
#define GICR_IGROUPR0 0x10080
#define GICR_ISENABLER0 0x10100
#define GICR_ISACTIVER0 0x10300
#define GICR_ICACTIVER0 0x10380
#define GICR_IPRIORITYR 0x10400 // one byte for each interrupt

#define ICC_CTLR_EOIMODE (1 << 1) // completing is two steps: drop the priority, deactivate
#define SGI_ID_SHIFT 24

static volatile uint32_t *redistributor(uint64_t offset) {
  return device(GICR_FRAME(this_pe()) + offset);
}

void gic_prepare(void) {
  *device(GICD_CTLR) = GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP_1;
}

static void enable_private(uint64_t id) {
  ((volatile uint8_t *)redistributor(GICR_IPRIORITYR))[id] = 0x80;
  *redistributor(GICR_ISENABLER0) = 1U << id;
}

void gic_prepare_pe(void) {
  *redistributor(GICR_WAKER) &= ~GICR_WAKER_PROCESSOR_SLEEP;
  while (*redistributor(GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) {
  }
  *redistributor(GICR_IGROUPR0) = ~0U;
  enable_private(INTERRUPT_KICK);
  enable_private(INTERRUPT_MAINTENANCE);
  enable_private(INTERRUPT_HOST_TIMER);
  enable_private(INTERRUPT_GUEST_TIMER);

  write_register(icc_pmr_el1, 0xff);
  write_register(icc_ctlr_el1, ICC_CTLR_EOIMODE);
  write_register(icc_igrpen1_el1, 1);
  isb();
}

uint64_t gic_acknowledge(void) {
  uint64_t id = read_register(icc_iar1_el1);
  dsb();
  return bits(id, 23, 0);
}

void gic_drop_priority(uint64_t id) {
  write_register(icc_eoir1_el1, id);
  isb();
}

void gic_deactivate(uint64_t id) {
  write_register(icc_dir_el1, id);
  isb();
}

void gic_send(unsigned pe, uint64_t id) {
  dsb(); // what it is about is there before it
  write_register(icc_sgi1r_el1, id << SGI_ID_SHIFT | 1UL << pe);
  isb();
}

void gic_set_active(uint64_t id, bool active) {
  *redistributor(active ? GICR_ISACTIVER0 : GICR_ICACTIVER0) = 1U << id;
  dsb();
}
