// The kernel's side of host/calls.h, and the interrupts of the host.

#include "../../common/pl011.h"
#include "../../common/psci.h"
#include "../registers.h"
#include "frame.h"
#include "kvm.h"

// A vCPU is run by one thread at a time.
static uint64_t run(struct vcpu *vcpu) {
  lock(&vcpu->running);
  uint64_t reason = vcpu_run(vcpu);
  unlock(&vcpu->running);
  return reason;
}

uint64_t system_call(uint64_t number, uint64_t argument) {
  struct vcpu *vcpu;
  switch (number) {
  case CALL_VCPU_RUN:
    vcpu = vcpu_find(argument);
    return vcpu ? run(vcpu) : NEEDS_OFF;
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

void host_user_sync(struct user_frame *frame) {
  uint64_t esr = read_register(esr_el1);
  if (bits(esr, 31, ESR_EC_SHIFT) != EC_SVC64) give_up("the VMM has done something wrong", esr, frame->pc);
  frame->x[0] = system_call(frame->x[8], frame->x[0]);
}

void host_interrupt(void) { /* BP: host-interrupt */
  uint64_t acknowledged = gic_acknowledge();
  uint64_t id = bits(acknowledged, 9, 0);
  if (id >= 1020) return;
  gic_drop_priority(acknowledged);
  switch (id) {
  case INTERRUPT_GUEST_TIMER:
    // Stays active, so that it does not come again: the guest's own EOI deactivates it, through its list register.
    return timer_interrupt();
  case INTERRUPT_HOST_TIMER:
    timer_alarm_interrupt();
    break;
  default:
    // A kick, or maintenance: to have left the guest is all that was wanted.
    break;
  }
  gic_deactivate(acknowledged);
}
