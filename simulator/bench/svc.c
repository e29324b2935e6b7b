// Exceptions from EL0 to EL1 and back: the least that a system call costs.

#include "bench.h"

const char bench_name[] = "svc";
volatile uint64_t bench_rounds = 2000000;

uint64_t count_svc(uint64_t rounds);

uint64_t bench(uint64_t rounds) {
  return count_svc(rounds);
}
