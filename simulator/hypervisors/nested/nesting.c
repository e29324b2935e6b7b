// A guest that is a hypervisor: where the host calls in, see ../kvm-arm/host/nesting.h.

#include "../common/print.h"
#include "../common/psci.h"
#include "../common/tables.h"
#include "../kvm-arm/hyp/hyp.h"
#include "image.h"
#include "nested.h"

enum nesting_mode nesting_mode;

static uint64_t pages[MAX_PES][512] __attribute__((aligned(4096)));
static uint64_t entry;

extern char nested_low_end[], nested_high_start[];

// All RAM of the machine beside our own.
#define RAM 0x40000000UL
#define RAM_END 0x48000000UL

void nesting_map(struct table *root) {
  const uint64_t attributes = STAGE1_NORMAL | LEAF_INNER_SHAREABLE | LEAF_AF | LEAF_XN | 1ULL << 53;
  tables_map(root, RAM, RAM, (uint64_t)nested_low_end - RAM, attributes);
  tables_map(root, (uint64_t)nested_high_start, (uint64_t)nested_high_start, RAM_END - (uint64_t)nested_high_start,
             attributes);
}

uint64_t first_instruction(void) {
  return entry;
}

// Which of the machines this is: by its ID registers, and where they say nothing by trying.
static void choose_mode(void) {
  static const char *const names[] = {"FEAT_NV", "NEVE", "FEAT_NV2"};
  switch (bits(read_register(s3_0_c0_c7_2), 27, 24)) { // ID_AA64MMFR2_EL1.NV
  case 0:
    print("This machine has no nested virtualization (FEAT_NV), or is itself the guest of one that gives it none: "
          "there can be no guest hypervisor.\n");
    psci_system_off();
  case 1:
    nesting_mode = hyp_call(probe_vncr) ? MODE_NEVE : MODE_NV;
    break;
  default:
    nesting_mode = MODE_NV2;
  }
  if (gic_version != 3) {
    print("A guest hypervisor needs the virtual interface of GICv3, and this machine has GICv%u.\n", (uint64_t)gic_version);
    psci_system_off();
  }
  print("Nested virtualization by %s.\n", names[nesting_mode]);
}

void nesting_prepare(struct vm *vm) {
  choose_mode();
  entry = load_image();
  for (unsigned id = 0; id < vm->vcpu_count; id++) {
    struct vcpu *vcpu = vm->vcpus[id];
    pes[id].host.sysregs = pes[id].host.el1;
    vcpu->nested.page = pages[id];
    observe_vcpu(vcpu);
    timers_prepare(vcpu);
    interrupts_prepare(vcpu);
  }
}

// Virtual EL2 with everything off.
void nesting_reset(struct vcpu *vcpu) {
  struct nested *nested = &vcpu->nested;
  uint64_t mpidr = 1U << 31 | vcpu->id;
  nested->in_hyp = true;
  nested->stale = true;
  vcpu->guest.sysregs = nested->shadow;
  vcpu->guest.el1[R_SCTLR_EL1] = SCTLR_EL1_RES1;
  in_page(vcpu, PAGE_SCTLR_EL1) = SCTLR_EL1_RES1;
  in_page(vcpu, PAGE_SCTLR_EL2) = SCTLR_EL2_RES1;
  in_page(vcpu, PAGE_CPTR_EL2) = CPTR_RES1;
  in_page(vcpu, PAGE_CNTHCTL_EL2) = CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN;
  in_page(vcpu, PAGE_MDCR_EL2) = pmu_counters;
  in_page(vcpu, PAGE_VMPIDR_EL2) = mpidr;
  in_page(vcpu, PAGE_VPIDR_EL2) = read_register(midr_el1);
}

// HCR_EL2 for what runs now.
static uint64_t hcr_for(struct vcpu *vcpu) {
  const uint64_t base =
      ((uint32_t)(HCR_RW | HCR_GUEST | HCR_TID3) & ~(uint64_t)(HCR_TVM | HCR_TACR)) | HCR_API | HCR_APK;
  if (vcpu->nested.in_hyp) {
    uint64_t hcr = base | HCR_NV | HCR_AT | HCR_TTLB;
    if (nesting_mode == MODE_NV2) hcr |= HCR_NV2;
    if (vcpu->nested.e2h) return hcr;
    // The names of EL1 mean registers that are not in the machine now.
    return hcr | HCR_NV1 | (nesting_mode == MODE_NV ? HCR_TVM | HCR_TRVM : 0);
  }
  // What the guest hypervisor wants to trap of its guest, and the virtual interrupts that it raises by hand.
  const uint64_t wishes = HCR_VI | HCR_VF | HCR_TACR | HCR_TVM | HCR_TRVM | HCR_TTLB | HCR_AT;
  return base | (virtual_hcr(vcpu) & wishes);
}

void nesting_enter(struct vcpu *vcpu) { /* BP: nesting-enter */
  struct nested *nested = &vcpu->nested;
  if (interrupt_is_due(vcpu)) inject_irq(vcpu);
  // With a page, E2H is changed without our being told. Each register that has a meaning of its own with E2H traps, so
  // that we look in time.
  bool e2h = (virtual_hcr(vcpu) & HCR_E2H) != 0;
  if (nested->in_hyp && (nested->stale || e2h != nested->e2h)) derive_shadow(vcpu);
  if (nested->in_hyp && nesting_mode == MODE_NV2) update_maintenance(vcpu);
  vcpu->hardware.hcr = hcr_for(vcpu);
  vcpu->hardware.vttbr = stage2_of(vcpu);
  if (nested->in_hyp) {
    // MDSCR_EL1 is moved with every switch anyway, and a guest hypervisor moves it with every switch of its own.
    vcpu->hardware.mdcr &= ~(uint64_t)MDCR_TDA;
    nested->cptr = nesting_mode == MODE_NV && !nested->e2h ? CPTR_TCPAC : 0;
  } else {
    nested->cptr = (wants_fp(vcpu) ? CPTR_TFP : 0) | (!nested->e2h ? in_page(vcpu, PAGE_CPTR_EL2) & CPTR_TCPAC : 0);
  }
}

bool nesting_owns_list_registers(struct vcpu *vcpu) {
  return vcpu->nested.owns_list_registers;
}

void nesting_leave(struct vcpu *vcpu) {
  // What the guest's guest has done to its list registers may be of interest to the guest.
  if (vcpu->nested.owns_list_registers && vcpu->hardware.vgic.used) update_maintenance(vcpu);
}

static bool handles_at_virtual_el2(struct vcpu *vcpu, enum exit_reason *reason) {
  uint64_t esr = vcpu->hardware.esr;
  switch (bits(esr, 31, ESR_EC_SHIFT)) {
  case EC_ERET:
    if (!emulate_eret(vcpu)) *reason = report(vcpu);
    return true;
  case EC_SYSREG:
    return emulate_access(vcpu) || emulate_id_register(vcpu);
  case EC_HVC64:
    inject_sync(vcpu, esr, 0);
    return true;
  default:
    return false;
  }
}

static bool handles_below(struct vcpu *vcpu) {
  uint64_t esr = vcpu->hardware.esr;
  unsigned class = bits(esr, 31, ESR_EC_SHIFT);
  if (wants_exception(vcpu, esr)) {
    inject_sync(vcpu, esr, 0); /* BP: forward */
    return true;
  }
  switch (class) {
  case EC_DABT_LOWER:
  case EC_IABT_LOWER:
    return is_nested_guest(vcpu) && handle_nested_fault(vcpu) != MEMORY_DEVICE;
  case EC_SYSREG:
    return emulate_id_register(vcpu) || ((esr & SYSREG(3, 7, 15, 0, 0)) == SYSREG(3, 3, 14, 0, 0) && emulate_access(vcpu));
  default:
    return false;
  }
}

bool nesting_handles(struct vcpu *vcpu, unsigned exit, enum exit_reason *reason) { /* BP: nesting-handles */
  if (exit != EXIT_SYNC) return false;
  if (vcpu->nested.in_hyp) return handles_at_virtual_el2(vcpu, reason);
  return handles_below(vcpu);
}
