// Why the guest is not running, and what to do about it.

#include "../../common/print.h"
#include "../registers.h"
#include "kvm.h"
#include "nesting.h"

void print_exits(void) {
  struct vcpu *vcpu;
  for (unsigned id = 0; (vcpu = vcpu_find(id)); id++)
    print("exits of vCPU %u: %u HVC, %u WFx, %u system register, %u I/O in the kernel, %u I/O in the VMM, "
          "%u interrupt\n",
          (uint64_t)id, vcpu->exits.hvc, vcpu->exits.wait, vcpu->exits.sysreg, vcpu->exits.kernel_io,
          vcpu->exits.user_io, vcpu->exits.interrupt);
}

// The guest cannot go on. The VMM says so and ends it.
enum exit_reason report(struct vcpu *vcpu) {
  vcpu->run->esr = vcpu->hardware.esr;
  vcpu->run->pc = vcpu->guest.pc;
  vcpu->run->address = vcpu->hardware.far;
  return NEEDS_REPORT;
}

// Nothing to do until the next interrupt. WFE waits for something that only another vCPU can tell: it just goes on.
static enum exit_reason handle_wait(struct vcpu *vcpu) {
  vcpu->exits.wait++;
  int is_wfi = (vcpu->hardware.esr & 1) == 0;
  skip_instruction(vcpu);
  if (is_wfi) vcpu_block(vcpu);
  return NEEDS_NOTHING;
}

enum exit_reason handle_exit(struct vcpu *vcpu, unsigned exit) { /* BP: handle-exit */
  enum exit_reason reason = NEEDS_NOTHING;
  if (nesting_handles(vcpu, exit, &reason)) return reason;
  if (exit == EXIT_IRQ) {
    vcpu->exits.interrupt++; // taken in the window, by the host
    return NEEDS_NOTHING;
  }
  if (exit != EXIT_SYNC) return report(vcpu);

  switch (bits(vcpu->hardware.esr, 31, ESR_EC_SHIFT)) {
  case EC_HVC64:
    vcpu->exits.hvc++;
    return handle_call(vcpu);
  case EC_SMC64:
    skip_instruction(vcpu); // unlike an HVC, a trapped SMC has not been done
    vcpu->exits.hvc++;
    return handle_call(vcpu);
  case EC_WFX:
    return handle_wait(vcpu);
  case EC_SYSREG:
    vcpu->exits.sysreg++;
    return handle_system_register(vcpu);
  case EC_DABT_LOWER:
    return handle_mmio(vcpu);
  default:
    return report(vcpu);
  }
}
