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

// Registers with a bit for each interrupt: a bank of 0x80 bytes, set by one, cleared by the next.
static const struct {
  uint32_t offset;
  enum vgic_property property;
  bool sets;
} banks[] = {
    {0x0100, VGIC_ENABLED, true}, {0x0180, VGIC_ENABLED, false}, {0x0200, VGIC_PENDING, true},
    {0x0280, VGIC_PENDING, false}, {0x0300, VGIC_ACTIVE, true},  {0x0380, VGIC_ACTIVE, false},
};

#define BANK_SIZE 0x80
#define IGROUPR 0x0080
#define IPRIORITYR 0x0400
#define ICFGR 0x0c00

static bool access_bank(struct vcpu *vcpu, uint32_t offset, bool is_write, uint64_t *value) {
  for (unsigned index = 0; index < sizeof banks / sizeof banks[0]; index++) {
    if (offset - banks[index].offset >= BANK_SIZE) continue;
    unsigned first = (offset - banks[index].offset) * 8;
    if (!is_write) *value = 0;
    for (unsigned bit = 0; bit < 32 && first + bit < VGIC_INTERRUPTS; bit++) {
      if (!is_write)
        *value |= (uint64_t)vgic_get(vcpu, banks[index].property, first + bit) << bit;
      else if (*value >> bit & 1)
        vgic_change(vcpu, banks[index].property, first + bit, banks[index].sets);
    }
    return true;
  }
  return false;
}

static void access_priorities(struct vcpu *vcpu, unsigned first, unsigned size, bool is_write, uint64_t *value) {
  if (!is_write) *value = 0;
  for (unsigned byte = 0; byte < size && first + byte < VGIC_INTERRUPTS; byte++) {
    if (is_write)
      vgic_set_priority(vcpu, first + byte, *value >> 8 * byte);
    else
      *value |= (uint64_t)vgic_priority(vcpu, first + byte) << 8 * byte;
  }
}

// Two bits for each interrupt, the upper of which says that it is edge-triggered.
static void access_configuration(struct vcpu *vcpu, unsigned first, bool is_write, uint64_t *value) {
  if (!is_write) *value = 0;
  for (unsigned index = 0; index < 16 && first + index < VGIC_INTERRUPTS; index++) {
    if (!is_write)
      *value |= (uint64_t)vgic_get(vcpu, VGIC_EDGE, first + index) << (2 * index + 1);
    else if (first + index >= VGIC_PRIVATE)
      vgic_change(vcpu, VGIC_EDGE, first + index, *value >> (2 * index + 1) & 1);
  }
}

// What distributor and redistributor have in common. Registers that are not here read as zero and ignore writes.
static void access_interrupts(struct vcpu *vcpu, uint32_t offset, bool is_write, unsigned size, uint64_t *value) {
  if (access_bank(vcpu, offset, is_write, value)) return;
  if (offset - IPRIORITYR < VGIC_INTERRUPTS) return access_priorities(vcpu, offset - IPRIORITYR, size, is_write, value);
  if (offset - ICFGR < VGIC_INTERRUPTS / 4) return access_configuration(vcpu, (offset - ICFGR) * 4, is_write, value);
  if (!is_write) *value = offset - IGROUPR < BANK_SIZE ? 0xffffffff : 0; // all in group 1
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

static void access_distributor(struct vcpu *vcpu, uint32_t offset, bool is_write, unsigned size, uint64_t *value) {
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

static void access_redistributor(struct vcpu *vcpu, uint32_t offset, bool is_write, unsigned size, uint64_t *value) {
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

// Returns false when there is no GIC at that IPA.
bool vgic_access(struct vcpu *vcpu, uint64_t ipa, bool is_write, unsigned size, uint64_t *value) { /* BP: vgic-mmio */
  if (ipa - DISTRIBUTOR < DISTRIBUTOR_SIZE) {
    access_distributor(vcpu, ipa - DISTRIBUTOR, is_write, size, value);
    return true;
  }
  uint64_t offset = ipa - REDISTRIBUTOR;
  struct vcpu *owner = gic_version == 2 ? 0 : vcpu_find(offset / REDISTRIBUTOR_SIZE);
  if (!owner) return false;
  access_redistributor(owner, offset % REDISTRIBUTOR_SIZE, is_write, size, value);
  return true;
}
