// Trapped accesses to system registers, and the kernel's own look at those of a guest.

#include "../hyp/hyp.h"
#include "../registers.h"
#include "kvm.h"

#define READ(name) read_register(name)
#define WRITE(name, value) write_register(name, value)

// The syndrome names the register by its encoding, in this order (Arm ARM D19.2.37).
#define SYSREG(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define SYSREG_MASK SYSREG(3, 7, 15, 15, 7)
#define SYS_ICC_SGI1R_EL1 SYSREG(3, 0, 12, 11, 5)

// What HCR_EL2.TVM traps when written, and where the context has it. It is trapped until the guest has its MMU and caches
// on; before that a hypervisor has cache maintenance to do on its behalf.
#define TRANSLATION_CONTROLS(ROW)                                                                                      \
  ROW(SYSREG(3, 0, 1, 0, 0), R_SCTLR_EL1, sctlr)                                                                       \
  ROW(SYSREG(3, 0, 2, 0, 0), R_TTBR0_EL1, ttbr0)                                                                       \
  ROW(SYSREG(3, 0, 2, 0, 1), R_TTBR1_EL1, ttbr1)                                                                       \
  ROW(SYSREG(3, 0, 2, 0, 2), R_TCR_EL1, tcr)                                                                           \
  ROW(SYSREG(3, 0, 5, 1, 0), R_AFSR0_EL1, afsr0)                                                                       \
  ROW(SYSREG(3, 0, 5, 1, 1), R_AFSR1_EL1, afsr1)                                                                       \
  ROW(SYSREG(3, 0, 5, 2, 0), R_ESR_EL1, esr)                                                                           \
  ROW(SYSREG(3, 0, 6, 0, 0), R_FAR_EL1, far)                                                                           \
  ROW(SYSREG(3, 0, 10, 2, 0), R_MAIR_EL1, mair)                                                                        \
  ROW(SYSREG(3, 0, 10, 3, 0), R_AMAIR_EL1, amair)                                                                      \
  ROW(SYSREG(3, 0, 13, 0, 1), R_CONTEXTIDR_EL1, contextidr)

// Where the value is depends on the design: in memory as soon as the guest is left, or still in the hardware.
static bool is_in_hardware(struct vcpu *vcpu) {
  return step_is_on(STEP_EL1_STATE) && vcpu->loaded;
}

uint64_t read_guest_sysreg(struct vcpu *vcpu, unsigned place) {
  if (is_in_hardware(vcpu)) {
    switch (place) {
    case R_VBAR_EL1:
      return READ(EL1_NAME(vbar));
#define ROW(encoding, place, name)                                                                                     \
  case place:                                                                                                          \
    return READ(EL1_NAME(name));
      TRANSLATION_CONTROLS(ROW)
#undef ROW
    }
  }
  return vcpu->guest.sysregs[place];
}

void write_guest_sysreg(struct vcpu *vcpu, unsigned place, uint64_t value) {
  if (is_in_hardware(vcpu)) {
    switch (place) {
    case R_ELR_EL1:
      WRITE(EL1_NAME(elr), value);
      return;
    case R_SPSR_EL1:
      WRITE(EL1_NAME(spsr), value);
      return;
#define ROW(encoding, place, name)                                                                                     \
  case place:                                                                                                          \
    WRITE(EL1_NAME(name), value);                                                                                      \
    return;
      TRANSLATION_CONTROLS(ROW)
#undef ROW
    }
  }
  vcpu->guest.sysregs[place] = value;
}

#define VECTOR_CURRENT_SPX 0x200
#define VECTOR_LOWER 0x400
#define ESR_IL (1 << 25)

// The guest takes an exception at its EL1, as an undefined instruction would give (EC 0).
void inject_undefined(struct vcpu *vcpu) {
  bool from_el0 = bits(vcpu->guest.pstate, 3, 2) == 0;
  write_guest_sysreg(vcpu, R_ELR_EL1, vcpu->guest.pc);
  write_guest_sysreg(vcpu, R_SPSR_EL1, vcpu->guest.pstate);
  write_guest_sysreg(vcpu, R_ESR_EL1, ESR_IL);
  vcpu->guest.pc = read_guest_sysreg(vcpu, R_VBAR_EL1) + (from_el0 ? VECTOR_LOWER : VECTOR_CURRENT_SPX);
  vcpu->guest.pstate = PSTATE_EL1H | PSTATE_MASKED;
}

// ICC_SGI1R_EL1: an interrupt from one vCPU to others. The virtual CPU interface cannot send, so the write traps.
static void send_interrupt(struct vcpu *vcpu, uint64_t value) { /* BP: virtual-ipi */
  unsigned id = bits(value, 27, 24);
  bool to_others = bits(value, 40, 40);
  struct vcpu *target;
  for (unsigned number = 0; (target = vcpu_find(number)); number++)
    if (to_others ? target != vcpu : value >> number & 1) vgic_send(target, id, vcpu);
}

// The guest has written a register of stage 1.
static void written(struct vcpu *vcpu, unsigned place, uint64_t value) {
  write_guest_sysreg(vcpu, place, value);
  bool caches_on = place == R_SCTLR_EL1 && (value & SCTLR_M) && (value & SCTLR_C);
  if (!caches_on) return;
  vcpu->hardware.hcr &= ~(uint64_t)HCR_TVM;
  if (step_is_on(STEP_TRAPS)) write_register(hcr_el2, vcpu->hardware.hcr | (VHE ? HCR_E2H : 0));
}

enum exit_reason handle_system_register(struct vcpu *vcpu) { /* BP: system-register */
  uint64_t esr = vcpu->hardware.esr;
  unsigned target = bits(esr, 9, 5);
  bool is_read = esr & 1;
  uint64_t value = get_x(vcpu, target);
  if (!is_read) {
    switch (esr & SYSREG_MASK) {
    case SYS_ICC_SGI1R_EL1:
      send_interrupt(vcpu, value);
      skip_instruction(vcpu);
      return NEEDS_NOTHING;
#define ROW(encoding, place, name)                                                                                     \
  case encoding:                                                                                                       \
    written(vcpu, place, value);                                                                                       \
    skip_instruction(vcpu);                                                                                            \
    return NEEDS_NOTHING;
      TRANSLATION_CONTROLS(ROW)
#undef ROW
    }
  }
  if (bits(esr, 21, 20) == 2) {
    // Debug registers, which this hypervisor does not lend: they read as zero and ignore writes.
    if (is_read) set_x(vcpu, target, 0);
    skip_instruction(vcpu);
    return NEEDS_NOTHING;
  }
  inject_undefined(vcpu);
  return NEEDS_NOTHING;
}
