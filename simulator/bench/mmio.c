// Loads from a device: an identification register of the UART.

#include "bench.h"

const char bench_name[] = "mmio";
volatile uint64_t bench_rounds = 1000000;

static volatile uint32_t *const identification = (uint32_t *)0x09000fe0;

uint64_t bench(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; round++) sum += *identification;
  return sum;
}
