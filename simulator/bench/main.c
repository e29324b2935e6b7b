// Runs one workload with the MMU on, prints its checksum and turns the machine off.

#include "../hypervisors/common/print.h"
#include "../hypervisors/common/psci.h"
#include "../hypervisors/common/registers.h"
#include "../hypervisors/common/tables.h"
#include "bench.h"

// Leaves of stage 1 for EL1&0: code may be read and executed by both levels, data belongs to both.
#define EL0_ACCESS (1ULL << 6)
#define READ_ONLY (1ULL << 7)
#define NEVER_EXECUTED (1ULL << 53 | 1ULL << 54)

// TCR_EL1: 39 bits of address by TTBR0_EL1, nothing by TTBR1_EL1, 40 bits of output.
#define TCR_EL1 ((64 - 39) | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2ULL << 32)

extern char text_start[], text_end[], data_start[], data_end[];

static struct table root;

static void map(uint64_t start, uint64_t end, uint64_t attributes) {
  tables_map(&root, start, start, end - start, attributes | LEAF_AF);
}

static void enable_mmu(void) {
  map(0, 0x40000000, STAGE1_DEVICE | NEVER_EXECUTED);
  map((uint64_t)text_start, (uint64_t)text_end, STAGE1_NORMAL | LEAF_INNER_SHAREABLE | EL0_ACCESS | READ_ONLY);
  map((uint64_t)data_start, (uint64_t)data_end, STAGE1_NORMAL | LEAF_INNER_SHAREABLE | EL0_ACCESS | NEVER_EXECUTED);
  write_register(mair_el1, TABLES_MAIR);
  write_register(tcr_el1, TCR_EL1);
  write_register(ttbr0_el1, &root);
  dsb();
  isb();
  __asm__ volatile("tlbi vmalle1" ::: "memory");
  dsb();
  write_register(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
  isb();
}

// By HVC: to EL2 in start.S if the machine was started there, else straight to the firmware.
static void power_off(void) {
  register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;
  __asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

void main(void) {
  enable_mmu();
  uint64_t rounds = bench_rounds;
  uint64_t checksum = bench(rounds);
  print("%s: %u rounds, checksum %x\n", bench_name, rounds, checksum);
  power_off();
}
