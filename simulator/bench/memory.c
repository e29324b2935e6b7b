// Loads and stores of every size: runs through 1 MB, and a chain of pointers that jumps about in them.

#include "bench.h"

#define WORDS (1 << 18)

const char bench_name[] = "memory";
volatile uint64_t bench_rounds = 330;

static uint32_t source[WORDS], target[WORDS];

// A permutation of the words that is one cycle (Sattolo's algorithm).
static void make_chain(void) {
  uint64_t state = 0x452821e638d01377;
  for (uint32_t i = 0; i < WORDS; i++) source[i] = i;
  for (uint32_t i = WORDS - 1; i > 0; i--) {
    uint32_t j = random_next(&state) % i;
    uint32_t kept = source[i];
    source[i] = source[j];
    source[j] = kept;
  }
}

uint64_t bench(uint64_t rounds) {
  make_chain();
  uint64_t sum = 0;
  uint32_t at = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (uint32_t i = 0; i < WORDS; i++) target[i] = source[i] + (uint32_t)round;
    const uint8_t *bytes = (const uint8_t *)target;
    for (uint32_t i = round & 3; i < 4 * WORDS; i += 8) sum += bytes[i];
    uint64_t *pairs = (uint64_t *)target;
    for (uint32_t i = 1; i < WORDS / 2; i++) pairs[i] ^= pairs[i - 1];
    for (uint32_t i = 0; i < WORDS / 4; i++) {
      at = source[at];
      ((int16_t *)target)[at] += (int16_t)at;
    }
    sum += pairs[round & 1023] + at;
  }
  return sum;
}
