// Atomic operations as one PE sees them: counters, locks with tickets, a stack without locks and a queue that hands over by
// acquire and release. By exclusives, as for the first version of the architecture.

#include "bench.h"

#define CELLS 256

const char bench_name[] = "atomics";
volatile uint64_t bench_rounds = 200000;

static struct {
  uint32_t next, serving;
} lock;
static struct cell {
  struct cell *below;
  uint64_t value;
  uint32_t holders;
} cells[CELLS], *stack;
static uint64_t queue[CELLS], written, read, guarded, total;

static void acquire(void) {
  uint32_t ticket = __atomic_fetch_add(&lock.next, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n(&lock.serving, __ATOMIC_ACQUIRE) != ticket);
}

static void release(void) { __atomic_store_n(&lock.serving, lock.serving + 1, __ATOMIC_RELEASE); }

static void push(struct cell *cell) {
  cell->below = __atomic_load_n(&stack, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&stack, &cell->below, cell, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static struct cell *pop(void) {
  struct cell *top = __atomic_load_n(&stack, __ATOMIC_ACQUIRE);
  while (top && !__atomic_compare_exchange_n(&stack, &top, top->below, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  return top;
}

static void hold(struct cell *cell) { __atomic_add_fetch(&cell->holders, 1, __ATOMIC_RELAXED); }

// Whether the last one has let go of it.
static int let_go(struct cell *cell) { return __atomic_sub_fetch(&cell->holders, 1, __ATOMIC_ACQ_REL) == 0; }

static int put(uint64_t value) {
  uint64_t at = written;
  if (at - __atomic_load_n(&read, __ATOMIC_ACQUIRE) == CELLS) return 0;
  queue[at % CELLS] = value;
  __atomic_store_n(&written, at + 1, __ATOMIC_RELEASE);
  return 1;
}

static int get(uint64_t *value) {
  uint64_t at = read;
  if (at == __atomic_load_n(&written, __ATOMIC_ACQUIRE)) return 0;
  *value = queue[at % CELLS];
  __atomic_store_n(&read, at + 1, __ATOMIC_RELEASE);
  return 1;
}

uint64_t bench(uint64_t rounds) {
  uint64_t state = 0xd01adfb7b8e1afed;
  for (unsigned i = 0; i < CELLS; i++) push(&cells[i]);
  for (uint64_t round = 0; round < rounds; round++) {
    for (unsigned i = 0; i < 64; i++) {
      uint64_t random = random_next(&state), value;
      struct cell *cell = pop();
      cell->value += random;
      hold(cell);
      acquire();
      guarded = guarded * 31 + cell->value;
      release();
      put(random);
      if (random % 3 == 0) {
        while (get(&value)) __atomic_fetch_xor(&total, value, __ATOMIC_SEQ_CST);
      }
      if (let_go(cell)) push(cell);
    }
  }
  return guarded ^ total;
}
