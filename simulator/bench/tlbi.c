// TLB maintenance by VMID (at EL1, everything of the present one), each with the load that has to translate again.

#include "bench.h"

const char bench_name[] = "tlbi";
volatile uint64_t bench_rounds = 1000000;

uint64_t bench(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    __asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
    sum += bench_rounds;
  }
  return sum - rounds * bench_rounds;
}
