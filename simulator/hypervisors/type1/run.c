// What the hypervisor does between an exit and the next entry.

#include "../kvm-arm/hyp/hyp.h"
#include "../kvm-arm/host/list-register.h"
#include "../kvm-arm/registers.h"
#include "type1.h"

#define VMID_SHIFT 48
#define VMID_GUEST 1
#define VMID_DOM0 2

extern char guest_entry[];

static struct vm guest, dom0;
static struct vcpu guest_vcpus[MAX_PES] __attribute__((aligned(16)));
static struct vcpu dom0_vcpus[MAX_PES] __attribute__((aligned(16)));
static struct kvm_run requests[MAX_PES] __attribute__((section(".shared"), aligned(4096)));

static void create(struct vm *vm, struct vcpu *vcpu, unsigned id, uint64_t vmid) {
  vm->vcpus[id] = vcpu;
  vm->vcpu_count = id + 1;
  vcpu->vm = vm;
  vcpu->id = id;
  vcpu->pe = id;
  vcpu->hardware.vttbr = vmid << VMID_SHIFT | vm->stage2_root;
  // Debug registers are lent to nobody; event counters are.
  vcpu->hardware.mdcr = pmu_counters | MDCR_TDRA | MDCR_TDOSA | MDCR_TDA;
}

void domains_create(unsigned pe_count) {
  vgic_count_list_registers();
  list_registers_prepare();
  guest.stage2_root = stage2_prepare();
  dom0.stage2_root = dom0_stage2();
  uint64_t now = read_register(cntpct_el0);
  for (unsigned id = 0; id < pe_count; id++) {
    struct vcpu *vcpu = &guest_vcpus[id];
    create(&guest, vcpu, id, VMID_GUEST);
    vcpu->run = &requests[id];
    vcpu->hardware.hcr = (uint32_t)(HCR_RW | HCR_GUEST);
    vcpu->hardware.timer.offset = now;
    create(&dom0, &dom0_vcpus[id], id, VMID_DOM0);
    dom0_prepare(&dom0_vcpus[id]);
  }
  vgic_create(&guest);
  vgic_register(&guest);
  vhost_register();
  vcpu_power_on(&guest_vcpus[0], (uint64_t)guest_entry, 0);
}

struct vcpu *first_of(unsigned pe) {
  domain_in(&dom0_vcpus[pe]);
  return &dom0_vcpus[pe];
}

struct vcpu *vcpu_find(uint64_t number) {
  return number < guest.vcpu_count ? guest.vcpus[number] : 0;
}

// As after a reset: EL1, MMU off, interrupts masked.
void vcpu_power_on(struct vcpu *vcpu, uint64_t pc, uint64_t argument) {
  vcpu->guest.pc = pc;
  vcpu->guest.pstate = PSTATE_EL1H | PSTATE_MASKED;
  vcpu->guest.x[0] = argument;
  vcpu->guest.sysregs[R_SCTLR_EL1] = SCTLR_EL1_RES1;
  vcpu->guest.sysregs[R_MPIDR_EL1] = 1U << 31 | vcpu->id;
  dsb();
  vcpu->powered = true;
  vcpu_kick(vcpu);
}

void vcpu_kick(struct vcpu *vcpu) {
  dsb(); // what it has got is there before its mode is read
  if (vcpu->mode != OUTSIDE && vcpu->pe != this_pe()) gic_send(vcpu->pe, INTERRUPT_KICK); /* BP: type1-kick */
}

// One that is off waits for PSCI CPU_ON, one that is on for an interrupt. Its timer stays in the hardware meanwhile.
void vcpu_block(struct vcpu *vcpu) {
  bool is_off = !vcpu->powered;
  vcpu->mode = BLOCKED;
  dsb();
  while (is_off ? !vcpu->powered : !vgic_has_work(vcpu)) {
    wait_for_interrupt();
    take_interrupts();
    if (!is_off) timer_sync(vcpu);
  }
  vcpu->mode = OUTSIDE;
}

// The last before entry: interrupts to list registers.
static struct vcpu *enter(struct vcpu *vcpu) { /* BP: type1-enter */
  vcpu->mode = IN_GUEST;
  dsb(); // who gives it something from here on sees the mode and kicks
  timer_flush(vcpu);
  vgic_flush(vcpu);
  restore_vgic(&vcpu->hardware.vgic);
  return vcpu;
}

static struct vcpu *exit_of_guest(struct vcpu *vcpu, unsigned exit) { /* BP: type1-handle */
  vcpu->mode = OUTSIDE;
  save_vgic(&vcpu->hardware.vgic);
  timer_sync(vcpu);
  vgic_sync(vcpu);
  if (exit == EXIT_IRQ) take_interrupts();
  enum exit_reason reason = handle_exit(vcpu, exit);
  if (reason == NEEDS_NOTHING) return enter(vcpu);

  vcpu->run->reason = reason; /* BP: type1-to-dom0 */
  struct vcpu *backend = &dom0_vcpus[vcpu->id];
  backend->guest.x[0] = reason;
  domain_out(vcpu);
  domain_in(backend);
  return backend;
}

// dom0 has answered and wants the guest to go on.
static struct vcpu *go_on(struct vcpu *backend, struct vcpu *vcpu) { /* BP: type1-from-dom0 */
  if (!vcpu->powered) {
    vcpu_block(vcpu);
    backend->guest.x[0] = NEEDS_NOTHING;
    return backend;
  }
  finish_user_read(vcpu);
  domain_out(backend);
  domain_in(vcpu);
  return enter(vcpu);
}

static struct vcpu *exit_of_dom0(struct vcpu *vcpu, unsigned exit) {
  if (exit == EXIT_IRQ) {
    take_interrupts();
    return vcpu;
  }
  if (exit != EXIT_SYNC || bits(vcpu->hardware.esr, 31, ESR_EC_SHIFT) != EC_HVC64)
    give_up("dom0 has done something wrong", vcpu->hardware.esr, vcpu->guest.pc);
  uint64_t *x = vcpu->guest.x;
  if (x[8] == CALL_VCPU_RUN && vcpu_find(x[0])) return go_on(vcpu, vcpu_find(x[0]));
  x[0] = dom0_call(x[8], x[0]);
  return vcpu;
}

struct vcpu *hypervisor_exit(struct vcpu *vcpu, unsigned exit) { /* BP: type1-exit */
  if (handled_without_host(vcpu, exit)) return vcpu;
  return is_dom0(vcpu) ? exit_of_dom0(vcpu, exit) : exit_of_guest(vcpu, exit);
}
