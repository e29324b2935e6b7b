#include "gic.h"
#include "../common/registers.h"

// Arm IHI 0069, chapter 12. Frames of the `virt` board; the redistributor is that of the first PE.
#define GICD_CTLR 0x08000000
#define GICD_CTLR_ENABLE_GROUP_1 (1 << 1)
#define GICD_CTLR_ARE (1 << 4) // affinity routing: the GICv3 way

#define GICR_WAKER 0x080a0014
#define GICR_WAKER_PROCESSOR_SLEEP (1 << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1 << 2)
#define GICR_IGROUPR0 0x080b0080
#define GICR_ISENABLER0 0x080b0100
#define GICR_IPRIORITYR 0x080b0400 // one byte for each interrupt

#define ICC_SRE_SRE (1 << 0)    // the CPU interface is in system registers
#define ICC_SRE_ENABLE (1 << 3) // also for EL1

void gic_prepare(void) {
  *device(GICD_CTLR) = GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP_1;

  *device(GICR_WAKER) &= ~GICR_WAKER_PROCESSOR_SLEEP;
  while (*device(GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) {
  }
  *device(GICR_IGROUPR0) = ~0U;
  *(volatile uint8_t *)(GICR_IPRIORITYR + GIC_HYPERVISOR_TIMER) = 0x80;
  *device(GICR_ISENABLER0) = 1 << GIC_HYPERVISOR_TIMER;

  write_register(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_ENABLE);
  isb();
  write_register(icc_pmr_el1, 0xff);
  write_register(icc_igrpen1_el1, 1);
  isb();
}

uint64_t gic_acknowledge(void) {
  uint64_t id = read_register(icc_iar1_el1);
  dsb();
  return bits(id, 23, 0);
}

void gic_complete(uint64_t id) {
  write_register(icc_eoir1_el1, id);
  isb();
}
