// What C and assembly share: the vCPU, and why its guest left.

#ifndef HYPERVISOR_H
#define HYPERVISOR_H

// Offsets into struct vcpu.
#define VCPU_PC 248
#define VCPU_PSTATE 256

// What vcpu_run returns.
#define EXIT_SYNC 0
#define EXIT_IRQ 1
#define EXIT_FIQ 2
#define EXIT_SERROR 3

#ifndef __ASSEMBLER__

#include <stdint.h>

/** The general registers of the guest while it does not run. */
struct vcpu {
  uint64_t x[31];
  uint64_t pc;
  uint64_t pstate;
};

_Static_assert(__builtin_offsetof(struct vcpu, pc) == VCPU_PC, "VCPU_PC");
_Static_assert(__builtin_offsetof(struct vcpu, pstate) == VCPU_PSTATE, "VCPU_PSTATE");

/** Runs the guest until it traps or is interrupted; returns which of the four kinds of exceptions it was. */
unsigned vcpu_run(struct vcpu *vcpu);

/** The guest, which starts here at EL1. */
void guest_main(void);

#define read_register(name)                                                                                            \
  ({                                                                                                                   \
    uint64_t value_;                                                                                                   \
    __asm__ volatile("mrs %0, " #name : "=r"(value_));                                                                 \
    value_;                                                                                                            \
  })
#define write_register(name, value) __asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)))

#endif
#endif
