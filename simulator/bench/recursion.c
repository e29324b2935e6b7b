// Functions that call themselves, with all that they keep on the stack: queens on a board, Takeuchi's function, and an
// expression that is parsed and evaluated.

#include "bench.h"

const char bench_name[] = "recursion";
volatile uint64_t bench_rounds = 3100;

// Ways to put queens on the rows that are left; the sets have the columns and diagonals that are attacked.
static uint64_t queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
  if (columns == all) return 1;
  uint64_t ways = 0;
  for (uint32_t open = all & ~(columns | left | right); open;) {
    uint32_t queen = open & -open;
    open ^= queen;
    ways += queens(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
  }
  return ways;
}

__attribute__((noinline)) static int64_t takeuchi(int64_t x, int64_t y, int64_t z) {
  if (y >= x) return z;
  return takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

static const char *at;

static int64_t sum_of_products(void);

__attribute__((noinline)) static int64_t factor(void) {
  if (*at == '(') {
    at++;
    int64_t value = sum_of_products();
    at++;
    return value;
  }
  if (*at == '-') {
    at++;
    return -factor();
  }
  int64_t value = 0;
  while (*at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
  return value;
}

__attribute__((noinline)) static int64_t product(void) {
  int64_t value = factor();
  while (*at == '*') {
    at++;
    value *= factor();
  }
  return value;
}

__attribute__((noinline)) static int64_t sum_of_products(void) {
  int64_t value = product();
  while (*at == '+' || *at == '-') value += *at++ == '+' ? product() : -product();
  return value;
}

uint64_t bench(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; round++) {
    sum = sum * 31 + queens((1 << 8) - 1, 0, 0, 0);
    sum = sum * 31 + takeuchi(12 + (round & 1), 8, 4);
    for (unsigned i = 0; i < 100; i++) {
      at = "3*(4+5*(6-(7+8)*-2))-((1+2)*(3+(4*(5+6)))-7)*(8-9*(10-11))+12*-(13-(14+15*(16-17)))";
      sum += sum_of_products() ^ i;
    }
  }
  return sum;
}
