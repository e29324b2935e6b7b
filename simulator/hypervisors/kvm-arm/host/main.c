// KVM/ARM in miniature. A host kernel, the hypervisor in it, a VMM in user space, a guest that measures what its exits
// cost. design.h says which of the designs this is.
//
// To read: boot.S and boot.c; run.c for the life of a vCPU; ../hyp/world-switch.c for what each exit pays;
// ../hyp/enter.S for the door; exits.c for what the guest wanted; ../vmm/vmm-main.c and ../guest/guest-main.c for
// the other two worlds.

#include "../../common/print.h"
#include "../../common/psci.h"
#include "../hyp/hyp.h"
#include "../registers.h"
#include "host.h"
#include "kvm.h"

#define VMM_STACK_SIZE 0x1000

extern char host_vectors[], vmm_data_end[];
void vmm_main(uint64_t thread);

static volatile bool ready; // the VM is there for all PEs

#ifdef OPTIMISATIONS
volatile uint32_t optimisations = OPTIMISATIONS;
#endif

unsigned this_pe(void) {
  return bits(read_register(mpidr_el1), 7, 0);
}

void interrupt_window(void) {
  __asm__ volatile("msr daifclr, #2; isb; msr daifset, #2" ::: "memory");
}

void give_up(const char *what, uint64_t syndrome, uint64_t address) {
  print("KVM/ARM cannot go on: %s. ESR %x, at %x.\n", what, syndrome, address);
  psci_system_off();
}

static void introduce(void) {
  print("KVM/ARM: host kernel at EL%u, world switch %s", bits(read_register(currentel), 3, 2), world_switch_name);
#ifdef OPTIMISATIONS
  print(", steps %x", (uint64_t)optimisations);
#endif
  print(", VGIC %s, %u PE%s.\n", vgic_name, (uint64_t)pe_count, pe_count == 1 ? "" : "s");
}

// On each PE, at the level where the host stays.
void host_main(unsigned number) {
  host_stage1_enable();
  write_register(vbar_el1, host_vectors);
  write_register(cpacr_el1, CPACR_FPEN);
  write_register(cntkctl_el1, 3); // EL0 reads the counters
  isb();
  if (number == 0) {
    gic_prepare();
    introduce();
    vm_create(pe_count);
    ready = true;
    __asm__ volatile("dsb sy; sev" ::: "memory");
  }
  while (!ready) __asm__ volatile("wfe");
  gic_prepare_pe();
  enter_user(vmm_main, vmm_data_end - number * VMM_STACK_SIZE, number);
}

// Called by the vectors: an exception of the kernel, and one of EL2 in split mode.
_Noreturn void explain_kernel_fault(uint64_t esr, uint64_t elr, uint64_t far) {
  print("An exception in the host kernel at EL%u: ESR %x, ELR %x, FAR %x.\n", bits(read_register(currentel), 3, 2), esr,
        elr, far);
  psci_system_off();
}

_Noreturn void explain_hyp_fault(uint64_t esr, uint64_t elr, uint64_t far) {
  print("An exception at EL2: ESR_EL2 %x, ELR_EL2 %x, FAR_EL2 %x.\n", esr, elr, far);
  psci_system_off();
}
