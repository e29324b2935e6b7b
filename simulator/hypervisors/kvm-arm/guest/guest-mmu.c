// Stage 1 of the guest: the first and the third gigabyte, each in one block.

#include "../registers.h"
#include "guest.h"

#define BLOCK_DEVICE (1ULL | 1 << 10 | 1ULL << 54) // AF, XN, attributes 0
#define BLOCK_NORMAL (1ULL | 1 << 10 | 3 << 8 | 1 << 2) // AF, Inner Shareable, attributes 1
#define MAIR 0xff04
#define TCR_T0SZ (64 - 39)
#define TCR_WRITE_BACK_WALKS (1 << 8 | 1 << 10)
#define TCR_INNER_SHAREABLE_WALKS (3 << 12)
#define TCR_EPD1 (1 << 23)
#define TCR_IPS_40_BITS (2ULL << 32)

const uint64_t guest_table[512] __attribute__((aligned(4096))) = {
    [0] = BLOCK_DEVICE,
    [2] = 0x80000000 | BLOCK_NORMAL,
};

void guest_enable_mmu(void) {
  write_register(mair_el1, MAIR);
  write_register(tcr_el1, TCR_T0SZ | TCR_WRITE_BACK_WALKS | TCR_INNER_SHAREABLE_WALKS | TCR_EPD1 | TCR_IPS_40_BITS);
  write_register(ttbr0_el1, guest_table);
  write_register(cpacr_el1, CPACR_FPEN);
  dsb();
  isb();
  __asm__ volatile("tlbi vmalle1; dsb ish; isb" ::: "memory");
  write_register(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I); /* BP: guest-mmu */
  isb();
}
