// First light: the smallest hypervisor that shows every part of one. It gives a guest at EL1 its own memory (stage 2), a
// UART that isn't there (trap and emulate), filtered ID registers, hypercalls and a virtual interrupt.
//
// To read: boot.S, this file, vectors.S for the world switch, exits.c; stage2.c and vgic.c for the hardware's help;
// guest.c for the other side.

#include "../common/print.h"
#include "../common/psci.h"
#include "../common/registers.h"
#include "gic.h"
#include "stage1.h"
#include "stage2.h"
#include "vcpu.h"
#include "vgic.h"

extern char guest_entry[];

static struct vcpu vcpu;

// What the guest may not do by itself. Everything that is not here runs at full speed without the hypervisor's knowledge.
static void set_traps(void) {
  write_register(hcr_el2, (uint32_t)(HCR_RW | HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TWI | HCR_TID3 |
                                     HCR_TSC));
  // The guest believes to have the PE's real number, and the system counter without an offset.
  write_register(vpidr_el2, read_register(midr_el1));
  write_register(vmpidr_el2, read_register(mpidr_el1));
  write_register(cntvoff_el2, 0);
  write_register(cnthctl_el2, 3); // no trap of the EL1 physical counter and timer
}

// The guest begins as after a reset: EL1, MMU off, interrupts masked.
static void reset_guest(void) {
  write_register(sctlr_el1, SCTLR_EL1_RES1);
  vcpu.pc = (uint64_t)guest_entry;
  vcpu.pstate = PSTATE_EL1H | PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F;
}

void main(void) {
  stage1_enable();
  print("First light: a hypervisor at EL%u, its MMU is on.\n", bits(read_register(currentel), 3, 2));
  stage2_prepare();
  gic_prepare();
  vgic_prepare();
  set_traps();
  reset_guest();
  print("entering the guest at IPA %x\n", vcpu.pc);

  while (!vcpu.finished) {
    unsigned reason = vcpu_enter(&vcpu);
    handle_exit(&vcpu, reason);
  }

  print_exits();
  psci_system_off();
}

// Called by boot.S when it finds itself at another level.
void explain_level(void) {
  print("First light is a hypervisor and has to be started at EL2, not at EL%u.\n", bits(read_register(currentel), 3, 2));
}

// Called by vectors.S for an exception of the hypervisor itself.
_Noreturn void explain_fault(uint64_t esr, uint64_t elr, uint64_t far) {
  print("An exception in the hypervisor: ESR_EL2 %x, ELR_EL2 %x, FAR_EL2 %x.\n", esr, elr, far);
  psci_system_off();
}
