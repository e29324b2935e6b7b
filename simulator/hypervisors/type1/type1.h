// A hypervisor of type 1: all of it is at EL2, and stays there. What is not its business is that of dom0, another VM.
#pragma once

#include "../kvm-arm/host/kvm.h"

// In vectors.S. Enters a vCPU for good: what comes next is hypervisor_exit.
_Noreturn void enter_guest(struct vcpu *vcpu);

// Called by the vectors with the vCPU that was left, all of whose general registers are in its context, and an EXIT_ value.
// Returns the vCPU that is to be entered. In run.c.
struct vcpu *hypervisor_exit(struct vcpu *vcpu, unsigned exit);
void domains_create(unsigned pe_count);
struct vcpu *first_of(unsigned pe); // the vCPU that a PE begins with: of dom0

// In domain-switch.c: all registers of EL1 and EL0 that are not in the way of EL2, and the general registers not.
void domain_out(struct vcpu *vcpu);
void domain_in(struct vcpu *vcpu);

// In dom0.c.
uint64_t dom0_stage2(void);         // the root of its tables
void dom0_prepare(struct vcpu *vcpu); // its first instruction
// What dom0 asks for, but CALL_VCPU_RUN.
uint64_t dom0_call(uint64_t number, uint64_t argument);

// Takes what physical interrupts there are. They are never unmasked at EL2. In interrupts.c.
void take_interrupts(void);

static inline bool is_dom0(const struct vcpu *vcpu) {
  return vcpu->run == 0;
}
