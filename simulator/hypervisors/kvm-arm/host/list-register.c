#include "list-register.h"

static const struct list_register_format formats[] = {
    // GICv2 has five bits of priority, the upper ones.
    {.pending = 1ULL << 28,
     .active = 1ULL << 29,
     .hardware = 1ULL << 31,
     .eoi = 1ULL << 19,
     .id_mask = 0x3ff,
     .physical_shift = 10,
     .source_shift = 10,
     .priority_shift = 20,
     .priority_mask = 0xf8},
    {.pending = 1ULL << 62,
     .active = 1ULL << 63,
     .hardware = 1ULL << 61,
     .eoi = 1ULL << 41,
     .group = 1ULL << 60,
     .id_mask = 0xffffffff,
     .physical_shift = 32,
     .priority_shift = 48,
     .priority_mask = 0xff},
};

const struct list_register_format *list_register_format;

void list_registers_prepare(void) {
  list_register_format = &formats[gic_version - 2];
}
