// For workloads that run as a nested guest: see nesting.S.
#pragma once

#include "../hypervisors/common/tables.h"
#include "bench.h"

void start_nesting(struct table *stage2);
uint64_t count_nested_exits(uint64_t rounds);
uint64_t count_accesses(uint64_t rounds);

#define DEVICES_END 0x40000000
#define RAM_END 0x50000000

// The caller becomes the guest of a guest hypervisor, in the same memory.
static inline void become_nested_guest(void) {
  static struct table stage2;
  uint64_t attributes = STAGE2_READ | STAGE2_WRITE | LEAF_AF;
  tables_map(&stage2, 0, 0, DEVICES_END, attributes);
  tables_map(&stage2, DEVICES_END, DEVICES_END, RAM_END - DEVICES_END,
             attributes | STAGE2_NORMAL | LEAF_INNER_SHAREABLE);
  start_nesting(&stage2);
}
