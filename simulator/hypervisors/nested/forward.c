// Who wants an exception of virtual EL1 or EL0: the guest hypervisor, when its own HCR_EL2 and the like say so. What it has
// not asked for is ours, as with any guest.

#include "nested.h"

// CNTHCTL_EL2 has its two bits for EL1 at another place with E2H.
static bool traps_physical(struct vcpu *vcpu, uint64_t bit) {
  return !(in_page(vcpu, PAGE_CNTHCTL_EL2) & (vcpu->nested.e2h ? bit << CNTHCTL_E2H_SHIFT : bit));
}

static bool wants_access(struct vcpu *vcpu, uint64_t esr) {
  uint64_t hcr = virtual_hcr(vcpu);
  uint64_t mdcr = in_page(vcpu, PAGE_MDCR_EL2);
  bool is_read = SYSREG_IS_READ(esr);
  unsigned op0 = bits(esr, 21, 20), op1 = bits(esr, 16, 14), crn = bits(esr, 13, 10), crm = bits(esr, 4, 1);
  unsigned op2 = bits(esr, 19, 17);
  if (op0 == 2) return mdcr & (MDCR_TDA | MDCR_TDOSA | MDCR_TDRA);
  if (op0 == 1) {
    if (crn == 8) return hcr & HCR_TTLB;
    if (crn == 7 && crm == 8) return hcr & HCR_AT;
    return hcr & HCR_TSW;
  }
  switch (crn) {
  case 0: // identification
    return hcr & HCR_TID3;
  case 1:
    if (op2 == 1) return hcr & HCR_TACR;
    if (op2 == 2) return in_page(vcpu, PAGE_CPTR_EL2) & CPTR_TCPAC;
    break;
  case 9: // performance monitors
    return mdcr & (3 << 5);
  case 11:
  case 15:
    return hcr & HCR_TIDCP;
  case 12: // the virtual CPU interface, and sending from it
    return hcr & (HCR_IMO | HCR_FMO);
  case 14:
    if (op1 == 3 && crm == 0) return traps_physical(vcpu, CNTHCTL_EL1PCTEN);
    if (op1 == 3 && crm == 2) return traps_physical(vcpu, CNTHCTL_EL1PCEN);
    if (op1 == 3 && crm >= 8) return mdcr & (3 << 5);
    return false;
  }
  return hcr & (is_read ? HCR_TRVM : HCR_TVM);
}

// CPTR_EL2 with and without E2H.
bool wants_fp(struct vcpu *vcpu) {
  uint64_t cptr = in_page(vcpu, PAGE_CPTR_EL2);
  if (!vcpu->nested.e2h) return cptr & CPTR_TFP;
  unsigned fpen = bits(cptr, 21, 20);
  return fpen == 0 || fpen == 2;
}

bool wants_exception(struct vcpu *vcpu, uint64_t esr) {
  uint64_t hcr = virtual_hcr(vcpu);
  switch (bits(esr, 31, ESR_EC_SHIFT)) {
  case EC_HVC64:
    return true;
  case EC_SMC64:
    return hcr & HCR_TSC;
  case EC_WFX:
    return hcr & (esr & 1 ? HCR_TWE : HCR_TWI);
  case EC_FP:
    return wants_fp(vcpu);
  case EC_SYSREG:
    return wants_access(vcpu, esr);
  default:
    return false;
  }
}
