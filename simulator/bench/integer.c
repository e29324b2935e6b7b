// Integer arithmetic in registers: multiply, shift, rotate, divide, select, 32 and 64 bits.

#include "bench.h"

const char bench_name[] = "integer";
volatile uint64_t bench_rounds = 45000000;

uint64_t bench(uint64_t rounds) {
  uint64_t hash = 0x243f6a8885a308d3, least = ~0ULL;
  uint32_t narrow = 1;
  for (uint64_t i = 1; i <= rounds; i++) {
    hash ^= hash >> 33;
    hash *= 0x9e3779b97f4a7c15;
    hash = (hash >> 17 | hash << 47) + i;
    narrow = narrow * 1664525 + (uint32_t)hash;
    narrow ^= (uint32_t)__builtin_clzll(hash | 1) << (i & 15);
    hash += ((__uint128_t)hash * narrow) >> 64;
    hash ^= hash / (narrow | 1);
    least = hash < least ? hash : least;
  }
  return hash ^ least ^ narrow;
}
