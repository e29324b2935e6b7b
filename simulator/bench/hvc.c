// Exceptions from EL1 to EL2 and back: the least that a hypercall costs. Needs a start at EL2.

#include "bench.h"

const char bench_name[] = "hvc";
volatile uint64_t bench_rounds = 2000000;

uint64_t count_hvc(uint64_t rounds);

uint64_t bench(uint64_t rounds) {
  return count_hvc(rounds);
}
