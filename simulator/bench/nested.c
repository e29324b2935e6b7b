// Exits of a nested guest: hypercalls that go to the guest hypervisor by way of the host, and back. Needs a start at EL2 and
// FEAT_NV2.

#include "nesting.h"

const char bench_name[] = "nested";
volatile uint64_t bench_rounds = 250000;

uint64_t bench(uint64_t rounds) {
  become_nested_guest();
  return count_nested_exits(rounds);
}
