// Stage 1 of the host: of its kernel and its VMM, and in split mode of the hypervisor code at EL2, which has tables of
// its own. All map a VA to the PA of the same number, so that a pointer means the same to all of them.

#include "../../common/tables.h"
#include "../hyp/hyp.h"
#include "../registers.h"
#include "host.h"
#include "nesting.h"

// Leaves of a regime with two levels of privilege (EL1&0, EL2&0).
#define STAGE1_EL0 (1ULL << 6)
#define LEAF_PXN (1ULL << 53)

// TCR_EL1, and TCR_EL2 with E2H, which is like it.
#define TCR_T0SZ (64 - 39)
#define TCR_WRITE_BACK_WALKS (1 << 8 | 1 << 10)
#define TCR_INNER_SHAREABLE_WALKS (3 << 12)
#define TCR_EPD1 (1 << 23)
#define TCR_IPS_40_BITS (2ULL << 32)
// TCR_EL2 without E2H.
#define TCR_EL2_PS_40_BITS (2 << 16)
#define TCR_EL2_RES1 (1U << 31 | 1 << 23)

#define DEVICES_END 0x40000000

extern char text_start[], text_end[], data_start[], data_end[], shared_start[], shared_end[];
extern char vmm_text_start[], vmm_text_end[], vmm_data_start[], vmm_data_end[];

static struct table host_root;

static void map(struct table *root, const char *start, const char *end, uint64_t attributes) {
  tables_map(root, (uint64_t)start, (uint64_t)start, end - start, attributes | LEAF_INNER_SHAREABLE | LEAF_AF);
}

#if VHE

static void hyp_tables_prepare(void) {
  // With the host at EL2 its tables are those of EL2.
}

#else

static struct table hyp_root;

static void hyp_tables_prepare(void) {
  map(&hyp_root, 0, (char *)DEVICES_END, STAGE1_DEVICE | STAGE1_AP_RES1 | LEAF_XN);
  map(&hyp_root, text_start, text_end, STAGE1_NORMAL | STAGE1_AP_RES1 | STAGE1_READ_ONLY);
  map(&hyp_root, data_start, shared_end, STAGE1_NORMAL | STAGE1_AP_RES1 | LEAF_XN);
}

void hyp_stage1_enable(void) {
  write_register(mair_el2, TABLES_MAIR);
  write_register(tcr_el2,
                 TCR_T0SZ | TCR_WRITE_BACK_WALKS | TCR_INNER_SHAREABLE_WALKS | TCR_EL2_PS_40_BITS | TCR_EL2_RES1);
  write_register(ttbr0_el2, &hyp_root);
  dsb();
  isb();
  __asm__ volatile("tlbi alle2" ::: "memory");
  dsb();
  write_register(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
  isb();
}

#endif

void host_tables_prepare(void) {
  map(&host_root, 0, (char *)DEVICES_END, STAGE1_DEVICE | LEAF_XN | LEAF_PXN);
  map(&host_root, text_start, text_end, STAGE1_NORMAL | STAGE1_READ_ONLY | LEAF_XN);
  map(&host_root, data_start, data_end, STAGE1_NORMAL | LEAF_XN | LEAF_PXN);
  map(&host_root, shared_start, shared_end, STAGE1_NORMAL | STAGE1_EL0 | LEAF_XN | LEAF_PXN);
  map(&host_root, vmm_text_start, vmm_text_end, STAGE1_NORMAL | STAGE1_EL0 | STAGE1_READ_ONLY | LEAF_PXN);
  map(&host_root, vmm_data_start, vmm_data_end, STAGE1_NORMAL | STAGE1_EL0 | LEAF_XN | LEAF_PXN);
  nesting_map(&host_root);
  hyp_tables_prepare();
}

void host_stage1_enable(void) {
  write_register(mair_el1, TABLES_MAIR);
  write_register(tcr_el1,
                 TCR_T0SZ | TCR_WRITE_BACK_WALKS | TCR_INNER_SHAREABLE_WALKS | TCR_EPD1 | TCR_IPS_40_BITS);
  write_register(ttbr0_el1, &host_root);
  dsb();
  isb();
  // With E2H and TGE set this is about the host's own regime, EL2&0.
  __asm__ volatile("tlbi vmalle1" ::: "memory");
  dsb();
  write_register(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
  isb();
}
