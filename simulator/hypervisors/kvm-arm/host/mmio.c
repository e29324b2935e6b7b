// A load or store at an IPA that stage 2 doesn't map: a device. ESR_EL2.ISS describes the instruction, so that nobody has
// to fetch and decode it (Arm ARM D19.2.37, "ISS encoding for an exception from a Data Abort").

#include "../registers.h"
#include "kvm.h"

#define ISS_ISV(esr) bits(esr, 24, 24)         // the rest is valid
#define ISS_SIZE(esr) (1U << bits(esr, 23, 22)) // bytes
#define ISS_SSE(esr) bits(esr, 21, 21)         // the value loaded is sign-extended
#define ISS_SRT(esr) bits(esr, 20, 16)         // the register
#define ISS_SF(esr) bits(esr, 15, 15)          // which is a 64-bit one
#define ISS_WNR(esr) bits(esr, 6, 6)           // a store

static uint64_t fault_ipa(struct vcpu *vcpu) {
  return bits(vcpu->hardware.hpfar, 43, 4) << 12 | bits(vcpu->hardware.far, 11, 0);
}

static uint64_t low_bytes(uint64_t value, unsigned size) {
  return bits(value, size * 8 - 1, 0);
}

// A value arrives in the register as the load instruction would have put it there.
static void load_result(struct vcpu *vcpu, uint64_t value) {
  uint64_t esr = vcpu->hardware.esr;
  unsigned size = ISS_SIZE(esr);
  value = low_bytes(value, size);
  if (ISS_SSE(esr)) {
    uint64_t sign = 1ULL << (size * 8 - 1);
    value = (value ^ sign) - sign;
  }
  if (!ISS_SF(esr)) value = (uint32_t)value;
  set_x(vcpu, ISS_SRT(esr), value);
}

enum exit_reason handle_mmio(struct vcpu *vcpu) { /* BP: mmio */
  uint64_t esr = vcpu->hardware.esr;
  uint64_t ipa = fault_ipa(vcpu);
  // Its own memory, which it may not write: no device answers for that.
  if (!ISS_ISV(esr) || is_guest_memory(ipa)) return report(vcpu);
  bool is_write = ISS_WNR(esr);
  unsigned size = ISS_SIZE(esr);
  uint64_t value = is_write ? low_bytes(get_x(vcpu, ISS_SRT(esr)), size) : 0;
  skip_instruction(vcpu);

  if (io_bus_access(vcpu, ipa, is_write, size, &value)) {
    vcpu->exits.kernel_io++;
    if (!is_write) load_result(vcpu, value);
    return NEEDS_NOTHING;
  }
  vcpu->exits.user_io++;
  struct kvm_run *run = vcpu->run;
  run->address = ipa;
  run->data = value;
  run->size = size;
  run->is_write = is_write;
  return NEEDS_MMIO; /* BP: mmio-to-user */
}

// The VMM is back with what it was asked for.
void finish_user_read(struct vcpu *vcpu) {
  struct kvm_run *run = vcpu->run;
  if (run->reason == NEEDS_MMIO && !run->is_write) load_result(vcpu, run->data);
  run->reason = NEEDS_NOTHING;
}
