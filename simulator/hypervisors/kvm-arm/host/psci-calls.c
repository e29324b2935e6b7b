// What the guest asks by HVC or SMC: PSCI (Arm DEN 0022), and what nobody knows.

#include "../../common/psci.h"
#include "kvm.h"

#define PSCI_CPU_ON 0xc4000003
#define PSCI_SYSTEM_RESET 0x84000009
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_1_1 (1 << 16 | 1)

static int64_t cpu_on(uint64_t number, uint64_t pc, uint64_t argument) {
  struct vcpu *target = vcpu_find(number);
  if (!target) return PSCI_INVALID_PARAMETERS;
  if (target->powered) return PSCI_ALREADY_ON;
  vcpu_power_on(target, pc, argument);
  return 0;
}

enum exit_reason handle_call(struct vcpu *vcpu) { /* BP: hypercall */
  uint64_t *x = vcpu->guest.x;
  switch (x[0]) {
  case PSCI_VERSION:
    x[0] = PSCI_1_1;
    return NEEDS_NOTHING;
  case PSCI_CPU_ON:
    x[0] = cpu_on(x[1], x[2], x[3]);
    return NEEDS_NOTHING;
  case PSCI_SYSTEM_OFF:
  case PSCI_SYSTEM_RESET:
    return NEEDS_OFF;
  default:
    x[0] = SMCCC_NOT_SUPPORTED;
    return NEEDS_NOTHING;
  }
}
