// What a world switch takes out of a PE and puts into it: one `struct context` for the host of each PE, one in each vCPU.
// Read by C and by assembly.
#pragma once

#include "design.h"

// Places in `sysregs`. Common state: both worlds use it at each switch.
#define R_MDSCR_EL1 0
#define R_SP_EL0 1
// User state: only EL0 looks at it, or nobody (ACTLR_EL1).
#define R_TPIDR_EL0 2
#define R_TPIDRRO_EL0 3
#define R_ACTLR_EL1 4
// EL1 state: in split mode the host kernel runs on it.
#define R_MPIDR_EL1 5 // what MPIDR_EL1 reads as: VMPIDR_EL2
#define R_CSSELR_EL1 6
#define R_SCTLR_EL1 7
#define R_CPACR_EL1 8
#define R_TTBR0_EL1 9
#define R_TTBR1_EL1 10
#define R_TCR_EL1 11
#define R_ESR_EL1 12
#define R_AFSR0_EL1 13
#define R_AFSR1_EL1 14
#define R_FAR_EL1 15
#define R_MAIR_EL1 16
#define R_VBAR_EL1 17
#define R_CONTEXTIDR_EL1 18
#define R_AMAIR_EL1 19
#define R_CNTKCTL_EL1 20
#define R_PAR_EL1 21
#define R_TPIDR_EL1 22
#define R_SP_EL1 23
#define R_ELR_EL1 24
#define R_SPSR_EL1 25
#define SYSREG_COUNT 26

// Offsets into `struct context`.
#define CONTEXT_X 0
#define CONTEXT_PC 248
#define CONTEXT_PSTATE 256
#define CONTEXT_SYSREG(place) (264 + 8 * (place))
#define CONTEXT_FP 480 // aligned to 16 bytes
#define CONTEXT_FPSR (CONTEXT_FP + 512)
#define CONTEXT_FPCR (CONTEXT_FP + 520)

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct fp_state {
  uint64_t v[64]; // V0 to V31, 128 bits each
  uint64_t fpsr, fpcr;
};

struct context {
  uint64_t x[31]; // of the host nothing: its C code keeps what it needs on its stack
  uint64_t pc;     // ELR_EL2
  uint64_t pstate; // SPSR_EL2
#if NESTED
  uint64_t el1[SYSREG_COUNT];
  uint64_t *sysregs; // what a switch moves: those above, or others while a guest hypervisor is at virtual EL2
#else
  uint64_t sysregs[SYSREG_COUNT];
  uint64_t unused;
#endif
  struct fp_state fp;
};

_Static_assert(offsetof(struct context, pc) == CONTEXT_PC, "context.h");
_Static_assert(offsetof(struct context, pstate) == CONTEXT_PSTATE, "context.h");
#if !NESTED
_Static_assert(offsetof(struct context, sysregs) == CONTEXT_SYSREG(0), "context.h");
#endif
_Static_assert(offsetof(struct context, fp) == CONTEXT_FP, "context.h");
_Static_assert(offsetof(struct context, fp.fpsr) == CONTEXT_FPSR, "context.h");

#endif
