// The guest's memory: stage 2 of its translation, from IPA to PA.

#include "../../common/print.h"
#include "../../common/tables.h"
#include "../registers.h"
#include "kvm.h"

// VTCR_EL2 (Arm ARM D19.2.165).
#define VTCR_T0SZ (64 - 39)
#define VTCR_START_AT_LEVEL_1 (1 << 6)
#define VTCR_WRITE_BACK_WALKS (1 << 8 | 1 << 10)
#define VTCR_INNER_SHAREABLE_WALKS (3 << 12)
#define VTCR_PS_40_BITS (2 << 16)
#define VTCR_RES1 (1U << 31)

// The linker script has placed the guest; its symbols are at IPAs.
extern char guest_text_start[], guest_text_end[], guest_data_start[], guest_data_end[], GUEST_PA[];

#define STAGE2_DEVICE (1ULL << 2) // Device-nGnRE

static struct table root;

static void map(const char *start, const char *end, uint64_t attributes) {
  uint64_t ipa = (uint64_t)start;
  uint64_t pa = (uint64_t)GUEST_PA + (start - guest_text_start);
  tables_map(&root, ipa, pa, end - start, attributes | STAGE2_NORMAL | LEAF_INNER_SHAREABLE | LEAF_AF);
  memory_slot_add(ipa, end - start);
}

uint64_t stage2_control(void) {
  return VTCR_T0SZ | VTCR_START_AT_LEVEL_1 | VTCR_WRITE_BACK_WALKS | VTCR_INNER_SHAREABLE_WALKS | VTCR_PS_40_BITS |
         VTCR_RES1;
}

uint64_t stage2_prepare(void) {
  map(guest_text_start, guest_text_end, STAGE2_READ);
  map(guest_data_start, guest_data_end, STAGE2_READ | STAGE2_WRITE | LEAF_XN);
  // Where a guest with GICv2 looks for its CPU interface it gets the virtual one.
  if (gic_version == 2)
    tables_map(&root, GICC_BASE, GICV_BASE, GICC_SIZE,
               STAGE2_READ | STAGE2_WRITE | STAGE2_DEVICE | LEAF_XN | LEAF_AF);
  // Other devices are not mapped: each of the guest's accesses to one faults in stage 2 and so becomes an exit.
  return (uint64_t)&root;
}
