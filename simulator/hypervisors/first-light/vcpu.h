// A virtual PE: what of the guest is not in the hardware while the hypervisor runs.
//
// At EL2 without VHE a hypervisor uses no EL1 register, so that with a single guest the EL1 state (SCTLR_EL1, VBAR_EL1,
// ELR_EL1, ...) can stay where it is: a world switch is the general registers, PC and PSTATE. A hypervisor with several
// guests, or one whose host lives in EL1, has to move all of that too.
#pragma once

// Offsets into `struct vcpu` for vectors.S.
#define VCPU_X 0
#define VCPU_PC 248
#define VCPU_PSTATE 256

// What took the PE out of the guest.
#define EXIT_SYNC 0   // an exception by an instruction: ESR_EL2 says which
#define EXIT_IRQ 1    // a physical interrupt, not yet acknowledged
#define EXIT_FIQ 2
#define EXIT_SERROR 3

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct vcpu {
  uint64_t x[31];
  uint64_t pc;
  uint64_t pstate;
  int finished; // the guest has turned itself off
};

_Static_assert(offsetof(struct vcpu, x) == VCPU_X, "vectors.S");
_Static_assert(offsetof(struct vcpu, pc) == VCPU_PC, "vectors.S");
_Static_assert(offsetof(struct vcpu, pstate) == VCPU_PSTATE, "vectors.S");

// Runs the guest until something takes the PE back to EL2. Returns an EXIT_ value. In vectors.S.
unsigned vcpu_enter(struct vcpu *vcpu);

// Does what the exit asks for. In exits.c.
void handle_exit(struct vcpu *vcpu, unsigned reason);

// Prints how often each kind of exit happened.
void print_exits(void);

#endif
