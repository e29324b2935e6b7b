// A spin lock. The host masks interrupts around what an interrupt handler also locks.
#pragma once

#include <stdint.h>

struct lock {
  uint32_t taken;
};

static inline void lock(struct lock *lock) {
  uint32_t value, failed;
  __asm__ volatile("1: ldaxr %w0, [%2]\n"
                   "   cbnz %w0, 1b\n"
                   "   stxr %w1, %w3, [%2]\n"
                   "   cbnz %w1, 1b"
                   : "=&r"(value), "=&r"(failed)
                   : "r"(&lock->taken), "r"(1)
                   : "memory");
}

static inline void unlock(struct lock *lock) {
  __asm__ volatile("stlr wzr, [%0]" ::"r"(&lock->taken) : "memory");
}
