// World switches: hypercalls after which EL2 returns into the other of two guests. Needs a start at EL2.

#include "bench.h"

const char bench_name[] = "switch";
volatile uint64_t bench_rounds = 500000;

uint64_t count_switches(uint64_t rounds);

uint64_t bench(uint64_t rounds) {
  return count_switches(rounds);
}
