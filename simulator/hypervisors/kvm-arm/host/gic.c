// The physical GIC at the places of the `virt` board, version 3 (Arm IHI 0069, chapter 12) or 2 (Arm IHI 0048, chapter 4).
// With version 2 private interrupts are in the distributor and the CPU interface is in memory; each PE sees its own.

#include "../registers.h"
#include "kvm.h"

#define GICD_BASE 0x08000000
#define GICD_CTLR GICD_BASE
#define GICD_CTLR_ENABLE (1 << 0) // GICv2 without security: the only group
#define GICD_CTLR_ENABLE_GROUP_1 (1 << 1)
#define GICD_CTLR_ARE (1 << 4) // affinity routing: the GICv3 way

// Each PE has two frames of 64 KB: one for waking it, one for its private interrupts.
#define GICR_FRAME(pe) (0x080a0000UL + (pe) * 0x20000UL)
#define GICR_WAKER 0x0014
#define GICR_WAKER_PROCESSOR_SLEEP (1 << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1 << 2)
#define GICR_PRIVATE 0x10000 // the second frame
// Registers of private interrupts, in that frame or in the distributor.
#define IGROUPR0 0x080
#define ISENABLER0 0x100
#define ISACTIVER0 0x300
#define ICACTIVER0 0x380
#define IPRIORITYR 0x400 // one byte for each interrupt

#define ICC_CTLR_EOIMODE (1 << 1) // completing is two steps: drop the priority, deactivate
#define SGI_ID_SHIFT 24

static volatile uint32_t *redistributor(uint64_t offset) {
  return device(GICR_FRAME(this_pe()) + offset);
}

static volatile uint32_t *private_interrupts(uint64_t offset) {
  return gic_version == 2 ? device(GICD_BASE + offset) : redistributor(GICR_PRIVATE + offset);
}

static volatile uint32_t *cpu_interface(uint64_t offset) {
  return device(GICC_BASE + offset);
}

void gic_prepare(void) {
  if (gic_version == 2)
    *device(GICD_CTLR) = GICD_CTLR_ENABLE;
  else
    *device(GICD_CTLR) = GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP_1;
}

static void enable_private(uint64_t id) {
  ((volatile uint8_t *)private_interrupts(IPRIORITYR))[id] = 0x80;
  *private_interrupts(ISENABLER0) = 1U << id;
}

static void wake_redistributor(void) {
  *redistributor(GICR_WAKER) &= ~GICR_WAKER_PROCESSOR_SLEEP;
  while (*redistributor(GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) {
  }
  *private_interrupts(IGROUPR0) = ~0U;
}

void gic_prepare_pe(void) {
  if (gic_version == 3) wake_redistributor();
  enable_private(INTERRUPT_KICK);
  enable_private(INTERRUPT_MAINTENANCE);
  enable_private(INTERRUPT_HOST_TIMER);
  enable_private(INTERRUPT_GUEST_TIMER);

  if (gic_version == 2) {
    *cpu_interface(GICC_PMR) = 0xff;
    *cpu_interface(GICC_CTLR) = GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE;
    return;
  }
  write_register(icc_pmr_el1, 0xff);
  write_register(icc_ctlr_el1, ICC_CTLR_EOIMODE);
  write_register(icc_igrpen1_el1, 1);
  isb();
}

uint64_t gic_acknowledge(void) {
  if (gic_version == 2) return *cpu_interface(GICC_IAR); // an SGI with the PE that sent it: completing wants both
  uint64_t id = read_register(icc_iar1_el1);
  dsb();
  return bits(id, 23, 0);
}

void gic_drop_priority(uint64_t id) {
  if (gic_version == 2) {
    *cpu_interface(GICC_EOIR) = id;
    return;
  }
  write_register(icc_eoir1_el1, id);
  isb();
}

void gic_deactivate(uint64_t id) {
  if (gic_version == 2) {
    *cpu_interface(GICC_DIR) = id;
    return;
  }
  write_register(icc_dir_el1, id);
  isb();
}

void gic_send(unsigned pe, uint64_t id) {
  dsb(); // what it is about is there before it
  if (gic_version == 2) {
    *device(GICD_SGIR) = 1U << (GICD_SGIR_TARGETS_SHIFT + pe) | id;
    return;
  }
  write_register(icc_sgi1r_el1, id << SGI_ID_SHIFT | 1UL << pe);
  isb();
}

void gic_set_active(uint64_t id, bool active) {
  *private_interrupts(active ? ISACTIVER0 : ICACTIVER0) = 1U << id;
  dsb();
}
