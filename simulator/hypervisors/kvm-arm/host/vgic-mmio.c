// The registers of the GIC that the guest believes in: a distributor, and with GICv3 a redistributor for each vCPU (Arm IHI
// 0069, 12.8 to 12.11; Arm IHI 0048, 4.3). What they mean is the VGIC's business; here is only how they look.

#include "../registers.h"
#include "kvm.h"

#define DISTRIBUTOR 0x08000000UL
#define DISTRIBUTOR_SIZE 0x10000UL
#define REDISTRIBUTOR 0x080a0000UL
#define REDISTRIBUTOR_SIZE 0x20000UL
#define SGI_FRAME 0x10000UL // private interrupts have registers at the distributor's offsets in the second frame

#define CTLR 0x0000
#define CTLR_GROUP_1 (1 << 1)
#define CTLR_ENABLE_V2 (1 << 0)
#define CTLR_ARE (1 << 4)
#define CTLR_DS (1 << 6)
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_TYPER_LAST (1 << 4)
#define GICR_WAKER 0x0014
#define IIDR_VALUE 0x4b00043b // of KVM, implemented by Arm
#define ID_BITS 9             // interrupt numbers have ten bits
#define PIDR2 0xffe8
#define PIDR2_GICV3 0x3b
#define IROUTER 0x6000 // eight bytes for each interrupt
#define PIDR2_OF_V2 0xfe8
#define PIDR2_GICV2 0x2b
#define ITARGETSR 0x0800 // of GICv2: one byte for each interrupt
#define SGIR 0x0f00      // of GICv2: sends

static uint32_t control;
static bool asleep[MAX_PES] = {true, true};

// Registers of interrupts have a region each, in the order of their offsets.
struct region {
  uint32_t offset, size; // bytes
  void (*access)(struct vcpu *vcpu, const struct region *region, uint32_t offset, bool is_write, unsigned size,
                 uint64_t *value);
  // Of a region with a bit for each interrupt: what it is about, and whether a one sets or clears.
  enum vgic_property property;
  bool sets;
};

static void access_groups(struct vcpu *vcpu, const struct region *region, uint32_t offset, bool is_write, unsigned size,
                          uint64_t *value) {
  (void)vcpu, (void)region, (void)offset, (void)size;
  if (!is_write) *value = 0xffffffff; // all in group 1
}

static void access_bits(struct vcpu *vcpu, const struct region *region, uint32_t offset, bool is_write, unsigned size,
                        uint64_t *value) {
  (void)size;
  unsigned first = offset * 8;
  if (!is_write) *value = 0;
  for (unsigned bit = 0; bit < 32 && first + bit < VGIC_INTERRUPTS; bit++) {
    if (!is_write)
      *value |= (uint64_t)vgic_get(vcpu, region->property, first + bit) << bit;
    else if (*value >> bit & 1)
      vgic_change(vcpu, region->property, first + bit, region->sets);
  }
}

static void access_priorities(struct vcpu *vcpu, const struct region *region, uint32_t first, bool is_write,
                              unsigned size, uint64_t *value) {
  (void)region;
  if (!is_write) *value = 0;
  for (unsigned byte = 0; byte < size && first + byte < VGIC_INTERRUPTS; byte++) {
    if (is_write)
      vgic_set_priority(vcpu, first + byte, *value >> 8 * byte);
    else
      *value |= (uint64_t)vgic_priority(vcpu, first + byte) << 8 * byte;
  }
}

// Two bits for each interrupt, the upper of which says that it is edge-triggered.
static void access_configuration(struct vcpu *vcpu, const struct region *region, uint32_t offset, bool is_write,
                                 unsigned size, uint64_t *value) {
  (void)region, (void)size;
  unsigned first = offset * 4;
  if (!is_write) *value = 0;
  for (unsigned index = 0; index < 16 && first + index < VGIC_INTERRUPTS; index++) {
    if (!is_write)
      *value |= (uint64_t)vgic_get(vcpu, VGIC_EDGE, first + index) << (2 * index + 1);
    else if (first + index >= VGIC_PRIVATE)
      vgic_change(vcpu, VGIC_EDGE, first + index, *value >> (2 * index + 1) & 1);
  }
}

static const struct region regions[] = {
    {0x080, 0x80, access_groups, 0, false},
    {0x100, 0x80, access_bits, VGIC_ENABLED, true},
    {0x180, 0x80, access_bits, VGIC_ENABLED, false},
    {0x200, 0x80, access_bits, VGIC_PENDING, true},
    {0x280, 0x80, access_bits, VGIC_PENDING, false},
    {0x300, 0x80, access_bits, VGIC_ACTIVE, true},
    {0x380, 0x80, access_bits, VGIC_ACTIVE, false},
    {0x400, VGIC_INTERRUPTS, access_priorities, 0, false},
    {0xc00, VGIC_INTERRUPTS / 4, access_configuration, 0, false},
};

static int compare_region(uint64_t offset, const void *element) {
  const struct region *region = element;
  if (offset < region->offset) return -1;
  return offset - region->offset >= region->size;
}

// What distributor and redistributor have in common. Registers that are not here read as zero and ignore writes.
static void access_interrupts(struct vcpu *vcpu, uint32_t offset, bool is_write, unsigned size, uint64_t *value) {
  const struct region *region =
      search(offset, regions, sizeof regions / sizeof regions[0], sizeof regions[0], compare_region);
  if (region)
    region->access(vcpu, region, offset - region->offset, is_write, size, value);
  else if (!is_write)
    *value = 0;
}

// GICD_ITARGETSR: a bit for each vCPU. An interrupt goes to the first of them.
static void access_targets(struct vcpu *vcpu, unsigned first, unsigned size, bool is_write, uint64_t *value) {
  if (!is_write) *value = 0;
  for (unsigned byte = 0; byte < size && first + byte < VGIC_INTERRUPTS; byte++) {
    unsigned targets = *value >> 8 * byte & 0xff;
    struct vcpu *target = is_write && targets ? vcpu_find(__builtin_ctz(targets)) : 0;
    if (!is_write)
      *value |= 1ULL << vgic_target(vcpu, first + byte) << 8 * byte;
    else if (target && first + byte >= VGIC_PRIVATE)
      vgic_set_target(target, first + byte);
  }
}

// GICD_IROUTER, of which only Aff0 says something here.
static void access_route(struct vcpu *vcpu, unsigned id, bool is_write, uint64_t *value) {
  struct vcpu *target = is_write ? vcpu_find(*value & 0xff) : 0;
  if (!is_write)
    *value = vgic_target(vcpu, id);
  else if (target)
    vgic_set_target(target, id);
}

// GICD_SGIR: to the vCPUs of a list, to all others, or to itself.
static void send(struct vcpu *vcpu, uint64_t value) { /* BP: virtual-ipi-v2 */
  unsigned filter = bits(value, 25, 24), id = bits(value, 3, 0);
  unsigned targets = filter == 0 ? bits(value, 23, 16) : filter == 1 ? ~(1U << vcpu->id) : 1U << vcpu->id;
  struct vcpu *target;
  for (unsigned number = 0; (target = vcpu_find(number)); number++)
    if (targets >> number & 1) vgic_send(target, id, vcpu);
}

// What only GICv2 has in its distributor. Returns false when it is none of that.
static bool access_distributor_v2(struct vcpu *vcpu, uint32_t offset, bool is_write, unsigned size, uint64_t *value) {
  switch (offset) {
  case CTLR:
    if (is_write)
      control = *value & CTLR_ENABLE_V2;
    else
      *value = control;
    return true;
  case GICD_TYPER:
    *value = (VGIC_INTERRUPTS / 32 - 1) | (vcpu->vm->vcpu_count - 1) << 5;
    return true;
  case PIDR2_OF_V2:
    *value = PIDR2_GICV2;
    return true;
  case SGIR:
    if (is_write) send(vcpu, *value);
    return true;
  }
  if (offset - ITARGETSR >= VGIC_INTERRUPTS) return false;
  access_targets(vcpu, offset - ITARGETSR, size, is_write, value);
  return true;
}

static void access_distributor(struct vcpu *vcpu, uint64_t offset, bool is_write, unsigned size,
                               uint64_t *value) { /* BP: vgic-mmio */
  if (gic_version == 2 && access_distributor_v2(vcpu, offset, is_write, size, value)) return;
  unsigned routed = (offset - IROUTER) / 8;
  if (gic_version == 3 && routed >= VGIC_PRIVATE && routed < VGIC_INTERRUPTS && offset % 8 == 0)
    return access_route(vcpu, routed, is_write, value);
  switch (offset) {
  case CTLR:
    if (is_write)
      control = *value & CTLR_GROUP_1;
    else
      *value = control | CTLR_ARE | CTLR_DS;
    return;
  case GICD_TYPER:
    *value = (VGIC_INTERRUPTS / 32 - 1) | ID_BITS << 19;
    return;
  case GICD_IIDR:
    *value = IIDR_VALUE;
    return;
  case PIDR2:
    *value = PIDR2_GICV3;
    return;
  default:
    access_interrupts(vcpu, offset, is_write, size, value);
  }
}

static void access_redistributor(struct vcpu *vcpu, uint64_t offset, bool is_write, unsigned size, uint64_t *value) {
  switch (offset) {
  case GICR_IIDR:
    *value = IIDR_VALUE;
    return;
  case GICR_TYPER:
    *value = (uint64_t)vcpu->id << 32 | vcpu->id << 8 | (vcpu->id + 1 == vcpu->vm->vcpu_count ? GICR_TYPER_LAST : 0);
    return;
  case GICR_TYPER + 4:
    *value = vcpu->id;
    return;
  case GICR_WAKER:
    // ProcessorSleep, bit 1, and ChildrenAsleep, bit 2, which follows at once.
    if (is_write)
      asleep[vcpu->id] = *value >> 1 & 1;
    else
      *value = asleep[vcpu->id] ? 6 : 0;
    return;
  case PIDR2:
    *value = PIDR2_GICV3;
    return;
  default:
    if (offset >= SGI_FRAME && offset < SGI_FRAME + 0x1000)
      access_interrupts(vcpu, offset - SGI_FRAME, is_write, size, value);
    else if (!is_write)
      *value = 0;
  }
}

void vgic_register(struct vm *vm) {
  io_register(DISTRIBUTOR, DISTRIBUTOR_SIZE, 0, access_distributor);
  if (gic_version == 2) return;
  for (unsigned number = 0; number < vm->vcpu_count; number++)
    io_register(REDISTRIBUTOR + number * REDISTRIBUTOR_SIZE, REDISTRIBUTOR_SIZE, vm->vcpus[number],
                access_redistributor);
}
