#include "stage2.h"
#include "../common/print.h"
#include "../common/registers.h"
#include "../common/tables.h"

// VTCR_EL2 (Arm ARM D19.2.165).
#define VTCR_T0SZ (64 - 39)
#define VTCR_START_AT_LEVEL_1 (1 << 6)
#define VTCR_WRITE_BACK_WALKS (1 << 8 | 1 << 10)
#define VTCR_INNER_SHAREABLE_WALKS (3 << 12)
#define VTCR_PS_40_BITS (2 << 16)
#define VTCR_RES1 (1U << 31)

// The VMID keeps the guest's TLB entries apart from those of other guests.
#define VMID 1ULL

// The linker script has placed the guest; its symbols are at IPAs.
extern char guest_text_start[], guest_text_end[], guest_data_start[], guest_data_end[], GUEST_PA[];

static struct table root;

static void map(const char *what, const char *start, const char *end, uint64_t attributes) {
  uint64_t ipa = (uint64_t)start;
  uint64_t pa = (uint64_t)GUEST_PA + (start - guest_text_start);
  uint64_t size = end - start;
  tables_map(&root, ipa, pa, size, attributes | STAGE2_NORMAL | LEAF_INNER_SHAREABLE | LEAF_AF);
  print("stage 2: %s, IPA %x to PA %x, %u pages\n", what, ipa, pa, size / PAGE_SIZE);
}

void stage2_prepare(void) {
  map("code", guest_text_start, guest_text_end, STAGE2_READ);
  map("data", guest_data_start, guest_data_end, STAGE2_READ | STAGE2_WRITE | LEAF_XN);
  // The UART is not mapped: each of the guest's accesses to it faults in stage 2 and so becomes an exit.

  write_register(vtcr_el2, VTCR_T0SZ | VTCR_START_AT_LEVEL_1 | VTCR_WRITE_BACK_WALKS | VTCR_INNER_SHAREABLE_WALKS |
                               VTCR_PS_40_BITS | VTCR_RES1);
  write_register(vttbr_el2, VMID << 48 | (uint64_t)&root);
  dsb();
  isb();
  __asm__ volatile("tlbi vmalls12e1" ::: "memory"); /* BP: stage2-ready */
  dsb();
  isb();
}
