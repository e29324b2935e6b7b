#include "stage1.h"
#include "../common/registers.h"
#include "../common/tables.h"

// TCR_EL2 in its layout for E2H 0 (Arm ARM D19.2.139).
#define TCR_T0SZ (64 - 39)
#define TCR_WRITE_BACK_WALKS (1 << 8 | 1 << 10)
#define TCR_INNER_SHAREABLE_WALKS (3 << 12)
#define TCR_PS_40_BITS (2 << 16)
#define TCR_RES1 (1U << 31 | 1 << 23)

extern char text_start[], text_end[], data_start[], data_end[];

static struct table root;

static void map(const char *start, uint64_t end, uint64_t attributes) {
  uint64_t address = (uint64_t)start;
  tables_map(&root, address, address, end - address, attributes | STAGE1_AP_RES1 | LEAF_AF);
}

void stage1_enable(void) {
  // All devices of the board are in the first gigabyte, RAM begins with the second.
  map((char *)0, 0x40000000, STAGE1_DEVICE | LEAF_XN);
  map(text_start, (uint64_t)text_end, STAGE1_NORMAL | LEAF_INNER_SHAREABLE | STAGE1_READ_ONLY);
  map(data_start, (uint64_t)data_end, STAGE1_NORMAL | LEAF_INNER_SHAREABLE | LEAF_XN);

  write_register(mair_el2, TABLES_MAIR);
  write_register(tcr_el2, TCR_T0SZ | TCR_WRITE_BACK_WALKS | TCR_INNER_SHAREABLE_WALKS | TCR_PS_40_BITS | TCR_RES1);
  write_register(ttbr0_el2, &root);
  dsb();
  isb();
  __asm__ volatile("tlbi alle2" ::: "memory");
  dsb();
  write_register(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
  isb();
}
