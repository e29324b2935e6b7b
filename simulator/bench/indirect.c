// Indirect calls and returns: a small interpreter that calls each operation through a table.

#include "bench.h"

const char bench_name[] = "indirect";
volatile uint64_t bench_rounds = 320000;

struct state {
  uint64_t a, b;
  uint64_t stack[16];
  unsigned depth;
};

__attribute__((noinline)) static void op_add(struct state *s) { s->a += s->b; }
__attribute__((noinline)) static void op_xor(struct state *s) { s->a ^= s->b; }
__attribute__((noinline)) static void op_shift(struct state *s) { s->a = s->a << 5 | s->a >> 59; }
__attribute__((noinline)) static void op_swap(struct state *s) { uint64_t a = s->a; s->a = s->b; s->b = a; }
__attribute__((noinline)) static void op_push(struct state *s) { s->stack[s->depth++ & 15] = s->a; }
__attribute__((noinline)) static void op_pop(struct state *s) { s->b = s->stack[--s->depth & 15]; }
__attribute__((noinline)) static void op_increment(struct state *s) { s->b++; }
// A call within the call, so that returns nest.
__attribute__((noinline)) static void op_both(struct state *s) { op_add(s); op_shift(s); }

static void (*const operations[])(struct state *) = {op_add,  op_xor, op_shift,     op_swap,
                                                    op_push, op_pop, op_increment, op_both};

static uint8_t program[256];

uint64_t bench(uint64_t rounds) {
  struct state s = {1, 2, {0}, 0};
  uint64_t random = 0xa4093822299f31d0;
  for (unsigned i = 0; i < sizeof program; i++) program[i] = random_next(&random) >> 32 & 7;
  for (uint64_t round = 0; round < rounds; round++) {
    for (unsigned i = 0; i < sizeof program; i++) operations[program[i]](&s);
  }
  return s.a ^ s.b;
}
