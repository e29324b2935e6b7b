// Branches that depend on data: sorts short arrays and looks values up in them.

#include "bench.h"

#define COUNT 512

const char bench_name[] = "branches";
volatile uint64_t bench_rounds = 8400;

static uint32_t values[COUNT];

// Shell's sort with the gaps of Ciura.
static void sort(void) {
  static const uint32_t gaps[] = {301, 132, 57, 23, 10, 4, 1};
  for (uint32_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
    uint32_t gap = gaps[g];
    for (uint32_t i = gap; i < COUNT; i++) {
      uint32_t value = values[i], j = i;
      for (; j >= gap && values[j - gap] > value; j -= gap) values[j] = values[j - gap];
      values[j] = value;
    }
  }
}

// Index of the first value that is not less.
static uint32_t find(uint32_t wanted) {
  uint32_t low = 0, high = COUNT;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (values[middle] < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0x13198a2e03707344, sum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    for (uint32_t i = 0; i < COUNT; i++) values[i] = (uint32_t)random_next(&state);
    sort();
    for (uint32_t i = 0; i < COUNT; i++) {
      uint32_t index = find((uint32_t)random_next(&state));
      switch (index & 7) {
      case 0: sum += index; break;
      case 1: sum ^= index; break;
      case 2: sum -= values[0]; break;
      case 3: sum = sum * 5 + 1; break;
      case 4: sum ^= sum >> 7; break;
      default: sum += 3;
      }
    }
  }
  return sum;
}
