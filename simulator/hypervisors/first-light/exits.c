// Why the guest is not running, and what to do about it.

#include "../common/pl011.h"
#include "../common/print.h"
#include "../common/psci.h"
#include "../common/registers.h"
#include "calls.h"
#include "gic.h"
#include "uart.h"
#include "vcpu.h"
#include "vgic.h"

// The interrupt that the guest expects: on this board the PPI of the virtual timer.
#define GUEST_INTERRUPT 27

// Ticks of the system counter until the alarm; long enough for the guest to be running again.
#define ALARM_TICKS 100000

// The syndrome of a trapped system register access names the register by its encoding, in this order.
#define SYSREG(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define SYSREG_MASK SYSREG(3, 7, 15, 15, 7)
#define ID_AA64PFR0_EL1 SYSREG(3, 0, 0, 4, 0)
#define ID_AA64PFR0_EL2_FIELD (0xfULL << 8)

static struct {
  uint64_t hvc, wfi, system_register, stage2, interrupt;
} count;

// The instruction has been done for the guest: it continues behind it.
static void skip_instruction(struct vcpu *vcpu) {
  vcpu->pc += 4;
}

// Register 31 is the zero register here.
static uint64_t get_x(struct vcpu *vcpu, unsigned number) {
  return number == 31 ? 0 : vcpu->x[number];
}

static void set_x(struct vcpu *vcpu, unsigned number, uint64_t value) {
  if (number != 31) vcpu->x[number] = value;
}

static void give_up(const char *what, struct vcpu *vcpu) {
  print("The guest cannot go on: %s. ESR_EL2 %x, PC %x, FAR_EL2 %x\n", what, read_register(esr_el2), vcpu->pc,
        read_register(far_el2));
  vcpu->finished = 1;
}

// HVC: the preferred return address is already the next instruction.
static void handle_hypercall(struct vcpu *vcpu) { /* BP: hypercall */
  count.hvc++;
  switch (vcpu->x[0]) {
  case PSCI_VERSION:
    print("hypercall: PSCI_VERSION\n");
    vcpu->x[0] = 1 << 16 | 1; // 1.1
    break;
  case PSCI_SYSTEM_OFF:
    print("hypercall: SYSTEM_OFF\n");
    vcpu->finished = 1;
    break;
  case CALL_ALARM:
    print("hypercall: alarm\n");
    write_register(cnthp_tval_el2, ALARM_TICKS);
    write_register(cnthp_ctl_el2, 1);
    isb();
    break;
  default:
    vcpu->x[0] = SMCCC_NOT_SUPPORTED;
  }
}

// WFI: the guest has nothing to do until the next interrupt. Another guest could have the PE meanwhile; here there
// is none, so its interrupt comes at once.
static void handle_wait(struct vcpu *vcpu) {
  count.wfi++;
  print("trap: WFI, the guest waits\n");
  skip_instruction(vcpu);
  vgic_inject(GUEST_INTERRUPT);
}

// MRS of an ID register: the guest sees a PE without EL2.
static void handle_system_register(struct vcpu *vcpu, uint64_t esr) {
  count.system_register++;
  unsigned target = bits(esr, 9, 5);
  int is_read = esr & 1;
  uint64_t value = 0; // what an ID register without meaning for this guest reads as
  if (!is_read) return give_up("it writes a system register that nobody emulates", vcpu);
  if ((esr & SYSREG_MASK) == ID_AA64PFR0_EL1) {
    value = read_register(id_aa64pfr0_el1) & ~ID_AA64PFR0_EL2_FIELD;
    print("trap: MRS x%u, ID_AA64PFR0_EL1, answered without EL2\n", (uint64_t)target);
  }
  set_x(vcpu, target, value);
  skip_instruction(vcpu);
}

// A load or store at an IPA that stage 2 doesn't map: a device, or a mistake of the guest. ESR_EL2.ISS describes the
// instruction, so that nobody has to fetch and decode it: ISV says that it does, SRT the register, SAS the size, WnR the
// direction.
static void handle_data_abort(struct vcpu *vcpu, uint64_t esr) {
  count.stage2++;
  // HPFAR_EL2 has the page of the IPA, FAR_EL2 the address within it.
  uint64_t ipa = bits(read_register(hpfar_el2), 43, 4) << 12 | bits(read_register(far_el2), 11, 0);
  uint64_t offset = ipa - PL011_BASE;
  int valid = bits(esr, 24, 24);
  unsigned size = 8 << bits(esr, 23, 22); // bits
  unsigned target = bits(esr, 20, 16);
  int is_write = bits(esr, 6, 6);
  if (!valid || offset >= 0x1000) return give_up("it accesses an address where nothing is", vcpu);
  if (is_write)
    uart_write(offset, bits(get_x(vcpu, target), size - 1, 0)); /* BP: mmio-write */
  else
    set_x(vcpu, target, uart_read(offset));
  skip_instruction(vcpu);
}

// A physical interrupt, taken to EL2 because of HCR_EL2.IMO, whatever the guest masks.
static void handle_interrupt(void) {
  count.interrupt++;
  uint64_t id = gic_acknowledge();
  if (id == GIC_SPURIOUS) return;
  print("physical interrupt %u\n", id);
  if (id == GIC_HYPERVISOR_TIMER) write_register(cnthp_ctl_el2, 0);
  gic_complete(id);
  vgic_inject(GUEST_INTERRUPT);
}

void handle_exit(struct vcpu *vcpu, unsigned reason) {
  vgic_report();
  if (reason == EXIT_IRQ) return handle_interrupt();
  if (reason != EXIT_SYNC) return give_up("an FIQ or SError nobody expects", vcpu);

  uint64_t esr = read_register(esr_el2);
  switch (esr >> ESR_EC_SHIFT & 0x3f) {
  case EC_HVC64:
    return handle_hypercall(vcpu);
  case EC_WFX:
    return handle_wait(vcpu);
  case EC_SYSREG:
    return handle_system_register(vcpu, esr);
  case EC_DABT_LOWER:
    return handle_data_abort(vcpu, esr);
  default:
    return give_up("nobody handles this exception", vcpu);
  }
}

void print_exits(void) {
  print("exits: %u HVC, %u WFI, %u system register, %u stage 2, %u interrupt\n", count.hvc, count.wfi,
        count.system_register, count.stage2, count.interrupt);
}
