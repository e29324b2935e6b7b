#include "tables.h"
#include "print.h"
#include "psci.h"

#define DESCRIPTOR_BLOCK 1ULL // a leaf at level 1 or 2
#define DESCRIPTOR_TABLE 3ULL // the address of the next table, at level 1 or 2
#define DESCRIPTOR_PAGE 3ULL  // a leaf at level 3
#define DESCRIPTOR_ADDRESS 0x0000fffffffff000ULL

static struct table pool[16];
static unsigned pool_used;

static struct table *new_table(void) {
  if (pool_used == sizeof pool / sizeof pool[0]) {
    print("The pool of translation tables is empty: make it larger in tables.c.\n");
    psci_system_off();
  }
  return &pool[pool_used++];
}

void tables_map(struct table *root, uint64_t input, uint64_t output, uint64_t size, uint64_t attributes) {
  while (size) {
    struct table *table = root;
    for (unsigned level = 1;; level++) {
      // Nine bits of the address select a descriptor of each level: 38:30, 29:21 and 20:12.
      unsigned shift = 12 + 9 * (3 - level);
      uint64_t span = 1ULL << shift;
      uint64_t *descriptor = &table->descriptors[input >> shift & 511];

      if (size >= span && ((input | output) & (span - 1)) == 0) {
        *descriptor = output | attributes | (level == 3 ? DESCRIPTOR_PAGE : DESCRIPTOR_BLOCK);
        input += span;
        output += span;
        size -= span;
        break;
      }
      if ((*descriptor & DESCRIPTOR_TABLE) != DESCRIPTOR_TABLE) *descriptor = (uint64_t)new_table() | DESCRIPTOR_TABLE;
      table = (struct table *)(*descriptor & DESCRIPTOR_ADDRESS);
    }
  }
}
