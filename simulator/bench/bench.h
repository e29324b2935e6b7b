// What a workload gives to main.c.
#pragma once

#include <stdint.h>

extern const char bench_name[];

// How much work to do. The default makes about 10^9 instructions, for exceptions 2 million of them; whoever runs it may
// write another number here, into the ELF file or into memory before the start.
extern volatile uint64_t bench_rounds;

// Does the work and returns a checksum of it, so that two machines can be compared.
uint64_t bench(uint64_t rounds);

// Pseudo-random numbers (xorshift with the triple 13, 7, 17 of Marsaglia's paper). The state is never 0.
static inline uint64_t random_next(uint64_t *state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}
