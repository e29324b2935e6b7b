// Exceptions that a vCPU takes at virtual EL2, and its returns from there.

#include "nested.h"

// Where it goes on, and what it finds in SPSR_EL2 and ELR_EL2 (Arm ARM D1.3.6).
static void take(struct vcpu *vcpu, unsigned type) {
  struct nested *nested = &vcpu->nested;
  uint64_t pstate = vcpu->guest.pstate;
  unsigned level = virtual_el(vcpu);
  uint64_t vector = level != 2                ? VECTOR_LOWER
                    : (pstate & PSTATE_SPX) ? VECTOR_CURRENT_SPX
                                              : VECTOR_CURRENT_SP0;
  enter_virtual_el2(vcpu);
  nested->shadow[R_ELR_EL1] = vcpu->guest.pc;
  nested->shadow[R_SPSR_EL1] = level == 2 ? (pstate & ~0xcULL) | 2 << 2 : pstate;
  vcpu->guest.pc = nested->shadow[R_VBAR_EL1] + vector + type;
  // Kept are the condition flags, DIT and PAN.
  vcpu->guest.pstate = (pstate & (0xfULL << 28 | 1 << 24 | 1 << 22)) | PSTATE_EL1H | PSTATE_MASKED;
  nested->exits.injected++;
}

void inject_sync(struct vcpu *vcpu, uint64_t esr, uint64_t far) { /* BP: inject-sync */
  take(vcpu, 0);
  vcpu->nested.shadow[R_ESR_EL1] = esr;
  vcpu->nested.shadow[R_FAR_EL1] = far;
}

void inject_irq(struct vcpu *vcpu) { /* BP: inject-irq */
  take(vcpu, VECTOR_IRQ);
}

// ERET of virtual EL2. Returns false for a return that no vCPU here can make.
bool emulate_eret(struct vcpu *vcpu) { /* BP: emulate-eret */
  struct nested *nested = &vcpu->nested;
  uint64_t pstate = nested->shadow[R_SPSR_EL1];
  bool authenticated = bits(vcpu->hardware.esr, 1, 1);
  if (authenticated || (pstate & PSTATE_AARCH32)) return false;
  nested->exits.erets++;
  uint64_t pc = nested->shadow[R_ELR_EL1];
  switch (PSTATE_LEVEL(pstate)) {
  case 2: // within EL2, which is EL1 in truth
    pstate = (pstate & ~0xcULL) | 1 << 2;
    break;
  case 1:
    leave_virtual_el2(vcpu);
    break;
  case 0:
    // The processes of a host at EL2 run under its own registers.
    if ((virtual_hcr(vcpu) & (HCR_E2H | HCR_TGE)) != (HCR_E2H | HCR_TGE)) leave_virtual_el2(vcpu);
    break;
  default:
    return false;
  }
  vcpu->guest.pc = pc;
  vcpu->guest.pstate = pstate;
  return true;
}
