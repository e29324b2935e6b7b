// Access to system registers, and the names of the fields that the hypervisors here use. Fields are as in the Arm ARM,
// `REGISTER_FIELD`. Included by C and by assembly: everything up to the C part is plain constants.
#pragma once

// HCR_EL2: what the guest may do by itself (Arm ARM D19.2.48).
#define HCR_VM (1 << 0)    // stage 2 of translation is on for EL1 and EL0
#define HCR_SWIO (1 << 1)  // cache invalidation by set and way also cleans
#define HCR_FMO (1 << 3)   // physical FIQs go to EL2, virtual ones exist
#define HCR_IMO (1 << 4)   // physical IRQs go to EL2, virtual ones exist
#define HCR_AMO (1 << 5)   // physical SErrors go to EL2
#define HCR_TWI (1 << 13)  // WFI traps
#define HCR_TWE (1 << 14)  // WFE traps
#define HCR_TID3 (1 << 18) // reads of the ID registers trap
#define HCR_TSC (1 << 19)  // SMC traps
#define HCR_RW (1 << 31)   // EL1 is AArch64
#define HCR_E2H_SHIFT 34   // EL2 runs a host kernel (VHE)

// SCTLR_ELx: the same positions at every level.
#define SCTLR_M (1 << 0)  // the MMU is on
#define SCTLR_C (1 << 2)  // data caches are on
#define SCTLR_I (1 << 12) // instruction caches are on
#define SCTLR_EL2_RES1 0x30c50830
#define SCTLR_EL1_RES1 0x30d00980

// PSTATE as SPSR_ELx holds it.
#define PSTATE_EL1H 0x5 // EL1 with its own stack pointer
#define PSTATE_F (1 << 6)
#define PSTATE_I (1 << 7)
#define PSTATE_A (1 << 8)
#define PSTATE_D (1 << 9)

// ESR_ELx.EC: why an exception was taken (Arm ARM D19.2.37).
#define ESR_EC_SHIFT 26
#define EC_WFX 0x01        // trapped WFI or WFE
#define EC_HVC64 0x16      // HVC
#define EC_SMC64 0x17      // trapped SMC
#define EC_SYSREG 0x18     // trapped MSR, MRS or system instruction
#define EC_IABT_LOWER 0x20 // instruction abort from a lower level
#define EC_DABT_LOWER 0x24 // data abort from a lower level

#ifndef __ASSEMBLER__

#include <stdint.h>

#define read_register(name)                                                                                            \
  ({                                                                                                                   \
    uint64_t value_;                                                                                                   \
    __asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory");                                                       \
    value_;                                                                                                            \
  })

#define write_register(name, value) __asm__ volatile("msr " #name ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

// Later instructions see the system register writes before this.
#define isb() __asm__ volatile("isb" ::: "memory")

// Memory accesses before this are complete for all PEs.
#define dsb() __asm__ volatile("dsb sy" ::: "memory")

// Bits msb to lsb of a value.
static inline uint64_t bits(uint64_t value, unsigned msb, unsigned lsb) {
  return value >> lsb & (~0ULL >> (63 - (msb - lsb)));
}

// A 32-bit device register.
static inline volatile uint32_t *device(uint64_t address) {
  return (volatile uint32_t *)address;
}

#endif
