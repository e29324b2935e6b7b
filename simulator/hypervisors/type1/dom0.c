// dom0: the VM that has the devices which the hypervisor has not. It has a vCPU on each PE, beside that of the guest, and does
// nothing but wait for the guest's requests; so it gets the PE when there is one and gives it back with the answer. Its
// translation is off: HCR_EL2.DC gives it memory that is cached all the same.

#include "../common/pl011.h"
#include "../common/psci.h"
#include "../common/tables.h"
#include "../kvm-arm/registers.h"
#include "type1.h"

#define HCR_DC (1 << 12)
#define VMM_STACK_SIZE 0x1000

extern char vmm_text_start[], vmm_text_end[], vmm_data_start[], vmm_data_end[], shared_start[], shared_end[];
void vmm_main(uint64_t thread);

static struct table root;

static void map(const char *start, const char *end, uint64_t attributes) {
  tables_map(&root, (uint64_t)start, (uint64_t)start, end - start,
             attributes | STAGE2_NORMAL | LEAF_INNER_SHAREABLE | LEAF_AF);
}

// Its program and the pages of requests. What it has to do with devices of the board it asks the hypervisor for.
uint64_t dom0_stage2(void) {
  map(vmm_text_start, vmm_text_end, STAGE2_READ);
  map(vmm_data_start, vmm_data_end, STAGE2_READ | STAGE2_WRITE | LEAF_XN);
  map(shared_start, shared_end, STAGE2_READ | STAGE2_WRITE | LEAF_XN);
  return (uint64_t)&root;
}

void dom0_prepare(struct vcpu *vcpu) {
  vcpu->hardware.hcr = (uint32_t)(HCR_RW | HCR_VM | HCR_DC | HCR_IMO | HCR_FMO | HCR_AMO | HCR_TSC);
  vcpu->guest.pc = (uint64_t)vmm_main;
  vcpu->guest.pstate = PSTATE_EL1H | PSTATE_MASKED;
  vcpu->guest.x[0] = vcpu->id;
  vcpu->guest.sysregs[R_SP_EL1] = (uint64_t)vmm_data_end - vcpu->id * VMM_STACK_SIZE;
  vcpu->guest.sysregs[R_SCTLR_EL1] = SCTLR_EL1_RES1;
  vcpu->guest.sysregs[R_MPIDR_EL1] = 1U << 31 | vcpu->id;
}

uint64_t dom0_call(uint64_t number, uint64_t argument) {
  struct vcpu *vcpu;
  switch (number) {
  case CALL_RUN_PAGE:
    vcpu = vcpu_find(argument);
    return vcpu ? (uint64_t)vcpu->run : 0;
  case CALL_PUT:
    pl011_put((char)argument);
    return 0;
  case CALL_STATISTICS:
    print_exits();
    return 0;
  case CALL_POWER_OFF:
    psci_system_off();
  default:
    return (uint64_t)-1;
  }
}
