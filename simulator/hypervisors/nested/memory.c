// The guest's memory, and that of its own guests.
//
// A guest hypervisor has an ordinary stage 2. For each of its guests it makes stage-2 tables of its own, from the guest's
// guest to IPAs of the guest, which no hardware can walk. What the hardware walks is a shadow: made here entry by entry, when
// an access faults, out of the two.

#include "../common/print.h"
#include "../common/psci.h"
#include "../common/tables.h"
#include "../kvm-arm/hyp/hyp.h"
#include "nested.h"

// VTCR_EL2 (Arm ARM D19.2.165), and how VTTBR_EL2 has a VMID and a root.
#define VTCR_T0SZ (64 - 39)
#define VTCR_START_AT_LEVEL_1 (1 << 6)
#define VTCR_WRITE_BACK_WALKS (1 << 8 | 1 << 10)
#define VTCR_INNER_SHAREABLE_WALKS (3 << 12)
#define VTCR_PS_40_BITS (2 << 16)
#define VTCR_RES1 (1U << 31)
#define IPA_BITS 39
#define VMID_SHIFT 48
#define VTTBR_ROOT(vttbr) ((vttbr) & 0x0000fffffffffffeULL)

// Descriptors of stage 2.
#define VALID 1
#define TABLE 2 // or page, at level 3
#define ADDRESS 0x0000fffffffff000ULL
#define MEMATTR (0xfULL << 2)
#define S2AP (3ULL << 6)
#define XN (3ULL << 53)

// ESR_ELx.ISS of an abort: kinds of fault, to which the level is added.
#define FSC_MASK 0x3f
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS_FLAG 0x08
#define FSC_ADDRESS_SIZE 0x00
#define ISS_WNR (1 << 6)

// VMIDs. One for each world that has its own stage 1 or its own stage 2: they must not see each other's TLB entries.
#define VMID_GUEST 1UL
#define VMID_VIRTUAL_EL2 2UL
#define VMID_SHADOW 3UL
#define SHADOWS 4

// The same for an observer: who a VMID is. Our own code runs without stage 2.
const struct nesting_level nesting_levels[] = {
    {VMID_GUEST, VMID_GUEST, 1, 1},
    {VMID_VIRTUAL_EL2, VMID_VIRTUAL_EL2, 1, 2},
    {VMID_SHADOW, VMID_SHADOW + SHADOWS - 1, 2, 1},
    {0, 0, 0, 0},
};

static struct table root;

// A shadow stage 2 for each virtual stage 2 that is in use, known by what VTTBR_EL2 of the guest hypervisor says.
#define SHADOW_TABLES 32
static struct shadow {
  uint64_t vttbr; // 0 for none
  uint64_t vtcr;
  struct table *root;
  unsigned used; // of `tables`
} shadows[SHADOWS];
static struct table tables[SHADOWS][SHADOW_TABLES];

// For debuggers: whose stage 2 a shadow stands for. A row begins with VTTBR_EL2 and VTCR_EL2 of the guest hypervisor.
const struct nesting_shadows nesting_shadows = {VMID_SHADOW, SHADOWS, sizeof(struct shadow), shadows};

static struct lock shadow_lock;
static unsigned next_victim;

uint64_t stage2_control(void) {
  return VTCR_T0SZ | VTCR_START_AT_LEVEL_1 | VTCR_WRITE_BACK_WALKS | VTCR_INNER_SHAREABLE_WALKS | VTCR_PS_40_BITS |
         VTCR_RES1;
}

uint64_t stage2_prepare(void) {
  tables_map(&root, GUEST_RAM, GUEST_RAM_PA, GUEST_RAM_SIZE,
             STAGE2_READ | STAGE2_WRITE | STAGE2_NORMAL | LEAF_INNER_SHAREABLE | LEAF_AF);
  // Devices are not mapped: each access to one becomes an exit.
  return (uint64_t)&root;
}

void *guest_memory(uint64_t ipa, uint64_t size) {
  uint64_t offset = ipa - GUEST_RAM;
  return offset < GUEST_RAM_SIZE && size <= GUEST_RAM_SIZE - offset ? (void *)(GUEST_RAM_PA + offset) : 0;
}

static void clear(struct table *table) {
  for (unsigned index = 0; index < 512; index++) table->descriptors[index] = 0;
}

static void empty(struct shadow *shadow) {
  shadow->root = &tables[shadow - shadows][0];
  shadow->used = 1;
  clear(shadow->root);
}

// The shadow for the virtual stage 2 in use. When there are more than we have, the oldest gives way.
static struct shadow *shadow_of(struct vcpu *vcpu) {
  uint64_t vttbr = in_page(vcpu, PAGE_VTTBR_EL2), vtcr = in_page(vcpu, PAGE_VTCR_EL2);
  for (unsigned index = 0; index < SHADOWS; index++)
    if (shadows[index].root && shadows[index].vttbr == vttbr && shadows[index].vtcr == vtcr) return &shadows[index];
  struct shadow *shadow = &shadows[next_victim++ % SHADOWS];
  if (shadow->root) hyp_call(flush_all_guests);
  shadow->vttbr = vttbr;
  shadow->vtcr = vtcr;
  empty(shadow);
  return shadow;
}

uint64_t stage2_of(struct vcpu *vcpu) {
  if (vcpu->nested.in_hyp) return VMID_VIRTUAL_EL2 << VMID_SHIFT | (uint64_t)&root;
  if (!is_nested_guest(vcpu)) return VMID_GUEST << VMID_SHIFT | (uint64_t)&root;
  lock(&shadow_lock);
  struct shadow *shadow = shadow_of(vcpu);
  uint64_t vttbr = (VMID_SHADOW + (shadow - shadows)) << VMID_SHIFT | (uint64_t)shadow->root;
  unlock(&shadow_lock);
  return vttbr;
}

// VMIDs are given out here, once: there is one guest.
void update_vmid(struct vcpu *vcpu) {
  (void)vcpu;
}

// What the tables of the guest hypervisor say of an IPA of its guest.
struct virtual_walk {
  unsigned fault; // as in ESR_ELx, level included; 0 for none
  bool faulted;
  uint64_t output;   // IPA of the guest hypervisor
  uint64_t span;     // bytes that the descriptor is for
  uint64_t attributes;
};

static struct virtual_walk fault_at(unsigned kind, unsigned level) {
  return (struct virtual_walk){.faulted = true, .fault = kind + level};
}

static struct virtual_walk walk(struct vcpu *vcpu, uint64_t ipa) { /* BP: virtual-stage2-walk */
  uint64_t vtcr = in_page(vcpu, PAGE_VTCR_EL2);
  uint64_t table = VTTBR_ROOT(in_page(vcpu, PAGE_VTTBR_EL2));
  unsigned input_bits = 64 - bits(vtcr, 5, 0);
  if (bits(vtcr, 15, 14) != 0) {
    print("The guest hypervisor has stage-2 tables with a granule other than 4 KB, which is not supported.\n");
    psci_system_off();
  }
  unsigned level = 2 - bits(vtcr, 7, 6);
  if (ipa >> input_bits) return fault_at(FSC_TRANSLATION, 0);
  for (bool first = true;; level++, first = false) {
    unsigned shift = 12 + 9 * (3 - level);
    // Tables of the first level may be concatenated: all bits that are left select there.
    uint64_t index = first ? ipa >> shift : ipa >> shift & 511;
    uint64_t *place = guest_memory(table + 8 * index, 8);
    if (!place) return fault_at(FSC_ADDRESS_SIZE, level);
    uint64_t descriptor = *(volatile uint64_t *)place;
    if (!(descriptor & VALID)) return fault_at(FSC_TRANSLATION, level);
    if (level < 3 && (descriptor & TABLE)) {
      table = descriptor & ADDRESS;
      continue;
    }
    if (level == 0 || (level == 3 && !(descriptor & TABLE))) return fault_at(FSC_TRANSLATION, level);
    if (!(descriptor & LEAF_AF)) return fault_at(FSC_ACCESS_FLAG, level);
    uint64_t span = 1UL << shift;
    return (struct virtual_walk){.output = (descriptor & ADDRESS & ~(span - 1)) | (ipa & (span - 1)),
                                 .span = span,
                                 .attributes = descriptor & (MEMATTR | S2AP | LEAF_INNER_SHAREABLE | XN),
                                 .fault = level};
  }
}

// What the access of ESR_EL2 would need is not there.
static bool is_forbidden(uint64_t esr, uint64_t attributes) {
  bool is_fetch = bits(esr, 31, ESR_EC_SHIFT) == EC_IABT_LOWER;
  if (esr & ISS_S1PTW) return !(attributes & STAGE2_READ);
  if (is_fetch) return (attributes & LEAF_XN) || !(attributes & STAGE2_READ);
  return !(attributes & (esr & ISS_WNR ? STAGE2_WRITE : STAGE2_READ));
}

// Puts a leaf for `ipa` into a shadow, as large as both stages allow.
static void install(struct shadow *shadow, uint64_t ipa, const struct virtual_walk *found) { /* BP: shadow-install */
  unsigned last = found->span >= 1UL << 21 ? 2 : 3;
  if (last == 2 && !guest_memory(found->output & ~((1UL << 21) - 1), 1UL << 21)) last = 3;
  struct table *table = shadow->root;
  for (unsigned level = 1; level < last; level++) {
    uint64_t *descriptor = &table->descriptors[ipa >> (12 + 9 * (3 - level)) & 511];
    if ((*descriptor & (VALID | TABLE)) != (VALID | TABLE)) {
      if (shadow->used == SHADOW_TABLES) {
        // Begin again: what is needed comes back by faults.
        empty(shadow);
        hyp_call(flush_all_guests);
        return install(shadow, ipa, found);
      }
      struct table *next = &tables[shadow - shadows][shadow->used++];
      clear(next);
      *descriptor = (uint64_t)next | TABLE | VALID;
    }
    table = (struct table *)(*descriptor & ADDRESS);
  }
  uint64_t span = 1UL << (12 + 9 * (3 - last));
  uint64_t pa = (uint64_t)guest_memory(found->output & ~(span - 1), span);
  table->descriptors[ipa >> (12 + 9 * (3 - last)) & 511] =
      pa | found->attributes | LEAF_AF | VALID | (last == 3 ? TABLE : 0);
  dsb();
}

// A stage-2 fault of the guest's guest. Its own hypervisor's tables are asked first.
enum memory_fault handle_nested_fault(struct vcpu *vcpu) { /* BP: nested-fault */
  uint64_t esr = vcpu->hardware.esr;
  uint64_t ipa = bits(vcpu->hardware.hpfar, 43, 4) << 12;
  struct virtual_walk found = walk(vcpu, ipa);
  if (!found.faulted && is_forbidden(esr, found.attributes)) found = fault_at(FSC_PERMISSION, found.fault);
  if (found.faulted) {
    uint64_t hpfar = vcpu->hardware.hpfar;
    inject_sync(vcpu, (esr & ~(uint64_t)FSC_MASK) | found.fault, vcpu->hardware.far);
    in_page(vcpu, PAGE_HPFAR_EL2) = hpfar;
    return MEMORY_FORWARDED;
  }
  if (!guest_memory(found.output & ADDRESS, PAGE_SIZE)) {
    // A device of ours that the guest hypervisor has given away. From here on it is an access by the guest.
    vcpu->hardware.hpfar = (found.output & ADDRESS) >> 12 << 4;
    return MEMORY_DEVICE;
  }
  lock(&shadow_lock);
  install(shadow_of(vcpu), ipa, &found);
  unlock(&shadow_lock);
  vcpu->nested.exits.stage2++;
  return MEMORY_MAPPED;
}

// The guest hypervisor has changed its tables, and says so.
void invalidate_stage2(struct vcpu *vcpu, bool all_vmids) {
  lock(&shadow_lock);
  for (unsigned index = 0; index < SHADOWS; index++) {
    struct shadow *shadow = &shadows[index];
    bool mine = shadow->vttbr >> VMID_SHIFT == in_page(vcpu, PAGE_VTTBR_EL2) >> VMID_SHIFT;
    if (shadow->root && (all_vmids || mine)) empty(shadow);
  }
  unlock(&shadow_lock);
}

void invalidate_stage2_page(struct vcpu *vcpu, uint64_t ipa) {
  lock(&shadow_lock);
  for (unsigned index = 0; index < SHADOWS; index++) {
    struct shadow *shadow = &shadows[index];
    bool mine = shadow->vttbr >> VMID_SHIFT == in_page(vcpu, PAGE_VTTBR_EL2) >> VMID_SHIFT;
    if (!shadow->root || !mine || ipa >> IPA_BITS) continue;
    struct table *table = shadow->root;
    for (unsigned level = 1; level <= 3; level++) {
      uint64_t *descriptor = &table->descriptors[ipa >> (12 + 9 * (3 - level)) & 511];
      if (level == 3 || (*descriptor & (VALID | TABLE)) != (VALID | TABLE)) {
        *descriptor = 0;
        break;
      }
      table = (struct table *)(*descriptor & ADDRESS);
    }
  }
  unlock(&shadow_lock);
}
