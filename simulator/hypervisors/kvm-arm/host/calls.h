// Between the host kernel and the VMM: SVC with the number in x8 and an argument in x0, the result in x0; and a page for
// each vCPU that both see, in the manner of Linux's `struct kvm_run`.
#pragma once

#include <stdint.h>

#define CALL_VCPU_RUN 1   // runs the vCPU of this number until the VMM is needed
#define CALL_PUT 2        // a character for the console
#define CALL_POWER_OFF 3  // the end
#define CALL_STATISTICS 4 // says what exits there were
#define CALL_RUN_PAGE 5   // address of the `struct kvm_run` of the vCPU of this number; 0 when there is no such vCPU

enum exit_reason {
  NEEDS_NOTHING,
  NEEDS_MMIO,  // a device of the VMM is read or written
  NEEDS_OFF,   // the guest has turned itself off
  NEEDS_REPORT // the guest cannot go on; `esr`, `pc`, `address` say where
};

struct kvm_run {
  uint64_t reason;
  uint64_t address; // IPA
  uint64_t data;    // what is written, or by the VMM what is read
  uint32_t size;    // bytes
  uint32_t is_write;
  uint64_t esr, pc;
};
