// What happens at EL2 before the host kernel begins: the second PE is started, and EL2 gets the shape that the design
// wants.

#include "../common/print.h"
#include "../common/psci.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "registers.h"
#include "stacks.h"
#include "vcpu.h"

#define PSCI_CPU_ON 0xc4000003

uint8_t host_stacks[MAX_PES][HOST_STACK_SIZE] __attribute__((aligned(16)));
uint8_t hyp_stacks[MAX_PES][HYP_STACK_SIZE] __attribute__((aligned(16)));
struct pe pes[MAX_PES];
volatile unsigned pe_count;
uint64_t pmu_counters;
unsigned gic_version;

extern char secondary_start[];

// On PE 0, once.
void boot_first(void) {
  gic_version = bits(read_register(id_aa64pfr0_el1), 27, 24) ? 3 : 2;
  host_tables_prepare();
  pe_count = 1;
  // A PE starts at the level of the caller, so this is done while we are at EL2. On a board with one PE it fails, and
  // then there is one.
  for (uint64_t number = 1; number < MAX_PES; number++)
    if (psci_call(PSCI_CPU_ON, number, (uint64_t)secondary_start, number) == 0) pe_count = number + 1;
}

// On each PE: EL2 as the host wants it while no guest runs.
void el2_prepare(unsigned number) {
  (void)number;
  if (gic_version == 3) {
    write_register(icc_sre_el2, 1 << 0 | 1 << 3); // its CPU interface is in system registers, for EL1 too
    isb();
    write_register(ich_hcr_el2, 0);
  } else {
    *device(GICH_BASE + GICH_HCR) = 0;
  }
  write_register(vpidr_el2, read_register(midr_el1));
  write_register(vmpidr_el2, read_register(mpidr_el1));
  write_register(vttbr_el2, 0);
  write_register(cntvoff_el2, 0);
  write_register(hstr_el2, 0);
  write_register(vtcr_el2, stage2_control());
  pmu_counters = read_register(mdcr_el2) & MDCR_HPMN_MASK;
#if VHE
  // The host's own register names, such as SCTLR_EL1, mean registers of EL2 from here on, and its EL0 is below EL2.
  write_register(hcr_el2, (uint32_t)HCR_RW | HCR_TGE | HCR_E2H);
  isb();
  // EL0 of the host reads the counters; guests read the physical one, and do not get its timer.
  write_register(cnthctl_el2, CNTHCTL_EL1PCTEN << CNTHCTL_E2H_SHIFT | 3);
  write_register(cptr_el2, CPACR_FPEN);
#else
  write_register(hcr_el2, (uint32_t)HCR_RW);
  isb();
  write_register(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
  write_register(cptr_el2, CPTR_RES1);
  write_register(sctlr_el1, SCTLR_EL1_RES1);
  write_register(vbar_el2, hyp_vectors);
  hyp_stage1_enable();
#endif
  isb();
}

// Called by boot.S when it finds itself at another level, where firmware need not listen to SMC.
void explain_level(void) {
  print(TYPE1 ? "The hypervisor" : "KVM/ARM");
  print(" needs EL2 and has to be started there, not at EL%u.\n", bits(read_register(currentel), 3, 2));
}
