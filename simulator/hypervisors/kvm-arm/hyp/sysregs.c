// The groups of system registers that a world switch moves.

#include "../registers.h"
#include "hyp.h"

#define READ(name) read_register(name) // lets the preprocessor see `name` through before it becomes text
#define WRITE(name, value) write_register(name, value)

// A register that has one name everywhere, and one that belongs to the guest and has another name from a host with E2H.
#define SAVE(place, name) context->sysregs[place] = READ(name)
#define RESTORE(place, name) WRITE(name, context->sysregs[place])
#define SAVE_EL1(place, name) SAVE(place, EL1_NAME(name))
#define RESTORE_EL1(place, name) RESTORE(place, EL1_NAME(name))

void save_common_state(struct context *context) {
  SAVE(R_MDSCR_EL1, mdscr_el1);
  SAVE(R_SP_EL0, sp_el0);
}

void restore_common_state(const struct context *context) {
  RESTORE(R_MDSCR_EL1, mdscr_el1);
  RESTORE(R_SP_EL0, sp_el0);
}

void save_user_state(struct context *context) {
  SAVE(R_TPIDR_EL0, tpidr_el0);
  SAVE(R_TPIDRRO_EL0, tpidrro_el0);
  SAVE(R_ACTLR_EL1, actlr_el1);
}

void restore_user_state(const struct context *context) {
  RESTORE(R_TPIDR_EL0, tpidr_el0);
  RESTORE(R_TPIDRRO_EL0, tpidrro_el0);
  RESTORE(R_ACTLR_EL1, actlr_el1);
}

void save_el1_state(struct context *context) { /* BP: save */
  SAVE(R_MPIDR_EL1, vmpidr_el2);
  SAVE(R_CSSELR_EL1, csselr_el1);
  SAVE_EL1(R_SCTLR_EL1, sctlr);
  SAVE_EL1(R_CPACR_EL1, cpacr);
  SAVE_EL1(R_TTBR0_EL1, ttbr0);
  SAVE_EL1(R_TTBR1_EL1, ttbr1);
  SAVE_EL1(R_TCR_EL1, tcr);
  SAVE_EL1(R_ESR_EL1, esr);
  SAVE_EL1(R_AFSR0_EL1, afsr0);
  SAVE_EL1(R_AFSR1_EL1, afsr1);
  SAVE_EL1(R_FAR_EL1, far);
  SAVE_EL1(R_MAIR_EL1, mair);
  SAVE_EL1(R_VBAR_EL1, vbar);
  SAVE_EL1(R_CONTEXTIDR_EL1, contextidr);
  SAVE_EL1(R_AMAIR_EL1, amair);
  SAVE_EL1(R_CNTKCTL_EL1, cntkctl);
  SAVE(R_PAR_EL1, par_el1);
  SAVE(R_TPIDR_EL1, tpidr_el1);
  SAVE(R_SP_EL1, sp_el1);
  SAVE_EL1(R_ELR_EL1, elr);
  SAVE_EL1(R_SPSR_EL1, spsr);
}

void restore_el1_state(const struct context *context) { /* BP: restore */
  RESTORE(R_MPIDR_EL1, vmpidr_el2);
  RESTORE(R_CSSELR_EL1, csselr_el1);
  RESTORE_EL1(R_SCTLR_EL1, sctlr);
  RESTORE_EL1(R_CPACR_EL1, cpacr);
  RESTORE_EL1(R_TTBR0_EL1, ttbr0);
  RESTORE_EL1(R_TTBR1_EL1, ttbr1);
  RESTORE_EL1(R_TCR_EL1, tcr);
  RESTORE_EL1(R_ESR_EL1, esr);
  RESTORE_EL1(R_AFSR0_EL1, afsr0);
  RESTORE_EL1(R_AFSR1_EL1, afsr1);
  RESTORE_EL1(R_FAR_EL1, far);
  RESTORE_EL1(R_MAIR_EL1, mair);
  RESTORE_EL1(R_VBAR_EL1, vbar);
  RESTORE_EL1(R_CONTEXTIDR_EL1, contextidr);
  RESTORE_EL1(R_AMAIR_EL1, amair);
  RESTORE_EL1(R_CNTKCTL_EL1, cntkctl);
  RESTORE(R_PAR_EL1, par_el1);
  RESTORE(R_TPIDR_EL1, tpidr_el1);
  RESTORE(R_SP_EL1, sp_el1);
  RESTORE_EL1(R_ELR_EL1, elr);
  RESTORE_EL1(R_SPSR_EL1, spsr);
}

void save_return_state(struct context *context) {
  context->pc = read_register(elr_el2);
  context->pstate = read_register(spsr_el2);
}

void restore_return_state(const struct context *context) {
  write_register(elr_el2, context->pc);
  write_register(spsr_el2, context->pstate);
}
