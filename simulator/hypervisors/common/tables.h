// Translation tables with the 4 KB granule and 39 bits of input address, so that a walk starts at level 1. Stage 1 of
// EL2 and stage 2 of a guest have the same shape; only the attributes of their leaves differ (Arm ARM D8.3).
#pragma once

#include <stdint.h>

#define PAGE_SIZE 0x1000ULL

// Fields common to the leaves of both stages.
#define LEAF_AF (1ULL << 10)              // accessed: without it the first access faults
#define LEAF_INNER_SHAREABLE (3ULL << 8)  // SH
#define LEAF_XN (1ULL << 54)              // never executed

// Leaves of stage 1 for EL2. AttrIndx selects a byte of MAIR_EL2, which TABLES_MAIR fills.
#define STAGE1_AP_RES1 (1ULL << 6)
#define STAGE1_READ_ONLY (1ULL << 7)
#define STAGE1_DEVICE (0ULL << 2)
#define STAGE1_NORMAL (1ULL << 2)
#define TABLES_MAIR 0xff04 // 1: Normal Write-Back, 0: Device-nGnRE

// Leaves of stage 2.
#define STAGE2_READ (1ULL << 6)
#define STAGE2_WRITE (1ULL << 7)
#define STAGE2_NORMAL (0xfULL << 2) // Normal Write-Back, whatever is weaker in stage 1 wins

// One table of any level: 512 descriptors in a page.
struct table {
  uint64_t descriptors[512];
} __attribute__((aligned(4096)));

// Maps `size` bytes from `input` to `output` with the given leaf attributes, in blocks of 1 GB and 2 MB where alignment
// allows and pages elsewhere. All three are multiples of the page size. Takes tables from a fixed pool.
void tables_map(struct table *root, uint64_t input, uint64_t output, uint64_t size, uint64_t attributes);
