// Measurements: an operation in a loop between two looks at the clock.
#pragma once

#include <stdint.h>

struct bench {
  const char *name;
  void (*operation)(void);
  uint64_t iterations;
  int needs_second; // a second vCPU
};

// Measures each of a list; to a watcher the first is `first_number`.
void bench_list(const struct bench *list, uint64_t count, uint64_t first_number, int second_vcpu);

// Operations that workloads are made of.
void io_user(void);
void virtual_ipi(void);
