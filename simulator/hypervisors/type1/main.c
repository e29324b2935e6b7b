// A hypervisor of type 1, in Xen's shape, built of the same parts as kvm-arm: the contrast to the hosted ones. There is no
// host below it whose registers would have to make room, so that an exit saves the general registers and goes to work; but
// what the hypervisor does not do itself is a switch to another VM and back.
//
// To read: vectors.S for what each exit pays; run.c for what happens then; domain-switch.c for what it costs to ask dom0.

#include "../common/print.h"
#include "../common/psci.h"
#include "../kvm-arm/registers.h"
#include "type1.h"

static volatile bool ready; // the domains are there for all PEs

unsigned this_pe(void) {
  return bits(read_register(mpidr_el1), 7, 0);
}

void give_up(const char *what, uint64_t syndrome, uint64_t address) {
  print("The hypervisor cannot go on: %s. ESR %x, at %x.\n", what, syndrome, address);
  psci_system_off();
}

// Called by the vectors: an exception of EL2 itself.
_Noreturn void explain_hyp_fault(uint64_t esr, uint64_t elr, uint64_t far) {
  print("An exception at EL2: ESR_EL2 %x, ELR_EL2 %x, FAR_EL2 %x.\n", esr, elr, far);
  psci_system_off();
}

// On each PE, at EL2.
void host_main(unsigned number) {
  if (number == 0) {
    gic_prepare();
    print("Type 1: hypervisor at EL%u, dom0 beside the guest, VGIC %s, %u PE%s.\n",
          bits(read_register(currentel), 3, 2), vgic_name, (uint64_t)pe_count, pe_count == 1 ? "" : "s");
    domains_create(pe_count);
    ready = true;
    __asm__ volatile("dsb sy; sev" ::: "memory");
  }
  while (!ready) __asm__ volatile("wfe");
  gic_prepare_pe();
  enter_guest(first_of(number));
}
