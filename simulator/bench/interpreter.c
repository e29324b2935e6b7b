// A machine with a stack whose operations are one `switch`: it counts primes, and the steps of Collatz to each of them.

#include "bench.h"

const char bench_name[] = "interpreter";
volatile uint64_t bench_rounds = 650;

enum operation {
  NOTHING, PUSH, LOAD, STORE, INCREMENT, ADD, SUBTRACT, MULTIPLY, REMAINDER, HALVE, IS_LESS, IS_ODD, GO, GO_IF, GO_UNLESS,
  STOP,
};

enum variable { LIMIT, NUMBER, DIVISOR, PRIMES, VALUE, STEPS, VARIABLES };

/** Places in the program. */
enum label { NEXT_NUMBER = 2, NEXT_DIVISOR = 8, PRIME = 21, NEXT_STEP = 24, ODD = 36, STEPPED = 41, COMPOSITE = 43, END = 45 };

struct instruction {
  uint8_t operation, operand;
};

static const struct instruction program[] = {
    {PUSH, 2}, {STORE, NUMBER},
    [NEXT_NUMBER] = {LOAD, NUMBER}, {LOAD, LIMIT}, {IS_LESS, 0}, {GO_UNLESS, END}, {PUSH, 2}, {STORE, DIVISOR},
    [NEXT_DIVISOR] = {LOAD, NUMBER}, {LOAD, DIVISOR}, {LOAD, DIVISOR}, {MULTIPLY, 0}, {IS_LESS, 0}, {GO_IF, PRIME},
    {LOAD, NUMBER}, {LOAD, DIVISOR}, {REMAINDER, 0}, {GO_UNLESS, COMPOSITE}, {INCREMENT, DIVISOR}, {GO, NEXT_DIVISOR},
    {NOTHING, 0},
    [PRIME] = {INCREMENT, PRIMES}, {LOAD, NUMBER}, {STORE, VALUE},
    [NEXT_STEP] = {PUSH, 1}, {LOAD, VALUE}, {IS_LESS, 0}, {GO_UNLESS, COMPOSITE}, {INCREMENT, STEPS}, {LOAD, VALUE},
    {IS_ODD, 0}, {GO_IF, ODD}, {LOAD, VALUE}, {HALVE, 0}, {STORE, VALUE}, {GO, NEXT_STEP},
    [ODD] = {LOAD, VALUE}, {PUSH, 3}, {MULTIPLY, 0}, {PUSH, 1}, {ADD, 0},
    [STEPPED] = {STORE, VALUE}, {GO, NEXT_STEP},
    [COMPOSITE] = {INCREMENT, NUMBER}, {GO, NEXT_NUMBER},
    [END] = {LOAD, PRIMES}, {LOAD, STEPS}, {SUBTRACT, 0}, {STOP, 0},
};

// Never part of its caller, so that registers are those of the machine.
__attribute__((noinline)) static uint64_t interpret(const struct instruction *code, uint64_t limit) {
  uint64_t stack[16], variables[VARIABLES] = {[LIMIT] = limit};
  uint64_t *top = stack;
  for (const struct instruction *at = code;; at++) {
    switch (at->operation) {
    case PUSH: *++top = at->operand; break;
    case LOAD: *++top = variables[at->operand]; break;
    case STORE: variables[at->operand] = *top--; break;
    case INCREMENT: variables[at->operand]++; break;
    case ADD: top--; *top += top[1]; break;
    case SUBTRACT: top--; *top -= top[1]; break;
    case MULTIPLY: top--; *top *= top[1]; break;
    case REMAINDER: top--; *top %= top[1]; break;
    case HALVE: *top >>= 1; break;
    case IS_LESS: top--; *top = *top < top[1]; break;
    case IS_ODD: *top &= 1; break;
    case GO: at = code + at->operand - 1; break;
    case GO_IF: if (*top--) at = code + at->operand - 1; break;
    case GO_UNLESS: if (!*top--) at = code + at->operand - 1; break;
    case STOP: return *top;
    }
  }
}

uint64_t bench(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t round = 0; round < rounds; round++) sum = sum * 31 + interpret(program, 500 + (round & 63));
  return sum;
}
