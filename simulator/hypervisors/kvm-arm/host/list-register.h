// What a list register says, for both VGICs, and how: in the format of ICH_LR<n>_EL2 (Arm IHI 0069, 12.4.8) or of GICH_LR<n>
// (Arm IHI 0048, 5.3.8).
#pragma once

#include "../vcpu.h"
#include <stdint.h>

struct list_register_format {
  uint64_t pending, active;
  uint64_t hardware; // completing it also deactivates the physical interrupt
  uint64_t eoi;      // without `hardware`: a maintenance interrupt when the guest completes it
  uint64_t group;    // where the guest has its interrupts: group 1 of GICv3, the only group of GICv2 without security
  uint64_t id_mask;
  unsigned physical_shift;
  unsigned source_shift; // of a software generated interrupt of GICv2: the vCPU that sent it
  unsigned priority_shift;
  uint8_t priority_mask;
};

// The format of this machine, chosen by list_registers_prepare. In list-register.c.
extern const struct list_register_format *list_register_format;
void list_registers_prepare(void);

static inline uint64_t lr_of(unsigned id, uint8_t priority) {
  const struct list_register_format *format = list_register_format;
  return id | format->group | (uint64_t)(priority & format->priority_mask) << format->priority_shift;
}

static inline uint64_t lr_forwarded(unsigned id) {
  return list_register_format->hardware | (uint64_t)id << list_register_format->physical_shift;
}

static inline unsigned lr_id(uint64_t value) {
  return value & list_register_format->id_mask;
}

static inline unsigned lr_source(uint64_t value) {
  return value >> list_register_format->source_shift & 7;
}

static inline bool lr_is_pending(uint64_t value) {
  return (value & list_register_format->pending) != 0;
}

static inline bool lr_is_active(uint64_t value) {
  return (value & list_register_format->active) != 0;
}

// Whether an interrupt comes with the vCPU that sent it.
static inline bool has_source(unsigned id) {
  return gic_version == 2 && id < 16;
}
