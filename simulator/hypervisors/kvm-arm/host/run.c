// The life of a vCPU on its PE: in user space, in the kernel, in the guest.

#include "../hyp/hyp.h"
#include "../registers.h"
#include "kvm.h"
#include "nesting.h"
#include "list-register.h"

static struct vm vm;
static struct vcpu vcpus[MAX_PES] __attribute__((aligned(16)));
static struct kvm_run run_pages[MAX_PES] __attribute__((section(".shared"), aligned(4096)));

void vm_create(unsigned vcpu_count) {
  hyp_call(vgic_count_list_registers);
  list_registers_prepare();
  vm.stage2_root = stage2_prepare();
  vm.vcpu_count = vcpu_count;
  for (unsigned id = 0; id < vcpu_count; id++) {
    struct vcpu *vcpu = &vcpus[id];
    vm.vcpus[id] = vcpu;
    vcpu->vm = &vm;
    vcpu->id = id;
    vcpu->run = &run_pages[id];
    vcpu->hardware.hcr = (uint32_t)(HCR_RW | HCR_GUEST);
    vcpu->hardware.timer.offset = read_register(cntpct_el0); // the guest's time begins now, the same for all vCPUs
    if (id) vcpu->hardware.timer.offset = vcpus[0].hardware.timer.offset;
  }
  vgic_create(&vm);
  vgic_register(&vm);
  vhost_register();
  nesting_prepare(&vm);
  vcpu_power_on(&vcpus[0], first_instruction(), 0);
}

struct vcpu *vcpu_find(uint64_t number) {
  return number < vm.vcpu_count ? vm.vcpus[number] : 0;
}

// As after a reset: EL1, MMU off, interrupts masked.
void vcpu_power_on(struct vcpu *vcpu, uint64_t pc, uint64_t argument) {
  nesting_reset(vcpu);
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
  if (vcpu->mode != OUTSIDE && vcpu->pe != this_pe()) gic_send(vcpu->pe, INTERRUPT_KICK); /* BP: kick */
}

// One that is off waits for PSCI CPU_ON, one that is on for an interrupt.
void vcpu_block(struct vcpu *vcpu) {
  bool is_off = !vcpu->powered;
  vcpu->mode = BLOCKED;
  dsb();
  while (is_off ? !vcpu->powered : !vgic_has_work(vcpu)) {
    if (!is_off) timer_alarm(vcpu);
    wait_for_interrupt();
    interrupt_window();
    if (!is_off) timer_sync(vcpu);
  }
  vcpu->mode = OUTSIDE;
}

// What the run loop does before each entry, until the redesign finds that once for each load is enough.
static void prepare_entry(struct vcpu *vcpu) {
  update_vmid(vcpu);
  // Debug registers stay the host's, and the guest has all event counters but none of the controls above it.
  vcpu->hardware.mdcr = pmu_counters | MDCR_TDRA | MDCR_TDOSA | MDCR_TDA;
}

uint64_t vcpu_run(struct vcpu *vcpu) { /* BP: vcpu-run */
  vcpu->pe = this_pe();
  if (!vcpu->powered) {
    vcpu_block(vcpu);
    return NEEDS_NOTHING;
  }
  finish_user_read(vcpu);
  if (step_is_on(STEP_RUN_LOOP) || step_is_on(STEP_TRAPS)) prepare_entry(vcpu);
  vcpu_load(vcpu);
  enum exit_reason reason;
  do {
    if (!step_is_on(STEP_RUN_LOOP)) prepare_entry(vcpu);
    vcpu->mode = IN_GUEST; /* BP: host-runs */
    dsb(); // who gives it something from here on sees the mode and kicks
    nesting_enter(vcpu);
    timer_flush(vcpu);
    if (!nesting_owns_list_registers(vcpu)) vgic_flush(vcpu);
    unsigned exit = step_is_on(STEP_OWN_SWITCH) ? world_switch_vhe(vcpu) : hyp_call(world_switch, vcpu);
    vcpu->mode = OUTSIDE;
    timer_sync(vcpu);
    if (!nesting_owns_list_registers(vcpu)) vgic_sync(vcpu);
    nesting_leave(vcpu);
    interrupt_window();
    reason = handle_exit(vcpu, exit);
  } while (reason == NEEDS_NOTHING);
  vcpu_put(vcpu);
  vcpu->run->reason = reason;
  return reason;
}
