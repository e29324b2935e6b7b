// A guest hypervisor writes and reads a register of EL2, which FEAT_NV2 makes accesses to memory. Needs a start at EL2.

#include "nesting.h"

const char bench_name[] = "nv2";
volatile uint64_t bench_rounds = 5000000;

uint64_t bench(uint64_t rounds) {
  become_nested_guest();
  return count_accesses(rounds);
}
