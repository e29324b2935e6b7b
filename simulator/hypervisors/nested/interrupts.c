// The virtual interface that a guest hypervisor has for its guests: ICH_*_EL2 in the page, and in the machine while one of
// its guests runs (Arm IHI 0069, 12.4). There are as many list registers as the machine has.

#include "../kvm-arm/host/list-register.h"
#include "../kvm-arm/hyp/hyp.h"
#include "nested.h"

#define LR(vcpu, index) in_page(vcpu, PAGE_ICH_LR0_EL2 + 8 * (index))
#define LR_STATE (3ULL << 62)
#define LR_HW (1ULL << 61)
#define LR_EOI (1ULL << 41)
#define LR_PHYSICAL(lr) bits(lr, 44, 32)
#define LR_PHYSICAL_MASK (0x1fffULL << 32)

#define HCR_LRENPIE (1 << 2)
#define HCR_NPIE (1 << 3)
#define HCR_GROUP_BITS 0xf0
#define MISR_EOI (1 << 0)
#define MISR_U (1 << 1)
#define MISR_LRENP (1 << 2)
#define MISR_NP (1 << 3)
#define VMCR_VENG0 (1 << 0)
#define VMCR_VENG1 (1 << 1)

void interrupts_prepare(struct vcpu *vcpu) {
  in_page(vcpu, PAGE_ICH_VTR_EL2) = hyp_call(read_ich_vtr);
  in_page(vcpu, PAGE_ICC_SRE_EL2) = 0xf; // system registers, for EL1 too; nothing else is possible
}

// What can be read of a virtual interface beside what was written.
struct status {
  uint64_t misr, eisr, elrsr;
};

static struct status status_of(uint64_t hcr, uint64_t vmcr, const uint64_t *lr) {
  struct status status = {0, 0, 0};
  unsigned valid = 0, pending = 0;
  for (unsigned index = 0; index < list_register_count; index++) {
    if (lr[index] & LR_STATE) {
      valid++;
      pending += lr[index] >> 62 & 1;
    } else if (!(lr[index] & LR_HW) && (lr[index] & LR_EOI)) {
      status.eisr |= 1UL << index;
    } else {
      status.elrsr |= 1UL << index;
    }
  }
  if (status.eisr) status.misr |= MISR_EOI;
  if ((hcr & ICH_HCR_UIE) && valid <= 1) status.misr |= MISR_U;
  if ((hcr & HCR_LRENPIE) && bits(hcr, 31, 27)) status.misr |= MISR_LRENP;
  if ((hcr & HCR_NPIE) && !pending) status.misr |= MISR_NP;
  uint64_t groups = (vmcr & VMCR_VENG0 ? 1 << 4 : 1 << 5) | (vmcr & VMCR_VENG1 ? 1 << 6 : 1 << 7);
  status.misr |= hcr & groups & HCR_GROUP_BITS;
  return status;
}

// The maintenance interrupt of the guest hypervisor is a line that this moves.
void update_maintenance(struct vcpu *vcpu) {
  const struct vgic_hardware *loaded = &vcpu->hardware.vgic;
  uint64_t hcr;
  struct status status;
  if (vcpu->nested.owns_list_registers) {
    hcr = loaded->hcr;
    status = status_of(hcr, loaded->vmcr, loaded->lr);
  } else {
    hcr = in_page(vcpu, PAGE_ICH_HCR_EL2);
    status = status_of(hcr, in_page(vcpu, PAGE_ICH_VMCR_EL2), &LR(vcpu, 0));
    in_page(vcpu, PAGE_ICH_MISR_EL2) = status.misr;
    in_page(vcpu, PAGE_ICH_EISR_EL2) = status.eisr;
    in_page(vcpu, PAGE_ICH_ELRSR_EL2) = status.elrsr;
  }
  bool level = (hcr & ICH_HCR_EN) && status.misr;
  if (level && !vcpu->nested.lines[INTERRUPT_MAINTENANCE]) vcpu->nested.exits.maintenance++; /* BP: maintenance */
  set_line(vcpu, INTERRUPT_MAINTENANCE, level);
}

// A virtual interrupt that deactivates a physical one: the guest hypervisor's physical one is itself virtual, and what the
// machine has to deactivate is the one behind that. Only the timer has one.
static uint64_t shadow_list_register(uint64_t value) {
  if (!(value & LR_HW)) return value;
  return LR_PHYSICAL(value) == INTERRUPT_GUEST_TIMER ? value : value & ~(LR_HW | LR_PHYSICAL_MASK);
}

void load_nested_list_registers(struct vcpu *vcpu) { /* BP: shadow-list-registers */
  struct nested *nested = &vcpu->nested;
  struct vgic_hardware *loaded = &vcpu->hardware.vgic;
  nested->kept_vgic.hcr = loaded->hcr;
  nested->kept_vgic.vmcr = loaded->vmcr;
  nested->kept_vgic.ap0r0 = loaded->ap0r0;
  nested->kept_vgic.ap1r0 = loaded->ap1r0;
  nested->owns_list_registers = true;
  loaded->hcr = in_page(vcpu, PAGE_ICH_HCR_EL2);
  loaded->vmcr = in_page(vcpu, PAGE_ICH_VMCR_EL2);
  loaded->ap0r0 = in_page(vcpu, PAGE_ICH_AP0R0_EL2);
  loaded->ap1r0 = in_page(vcpu, PAGE_ICH_AP1R0_EL2);
  // Anything but an idle interface has to be in the machine.
  loaded->used = (loaded->hcr & ~(uint64_t)ICH_HCR_EN) ? 1 : 0;
  for (unsigned index = 0; index < list_register_count; index++) {
    loaded->lr[index] = shadow_list_register(LR(vcpu, index));
    if (loaded->lr[index]) loaded->used = index + 1;
  }
}

void put_nested_list_registers(struct vcpu *vcpu) { /* BP: put-list-registers */
  struct nested *nested = &vcpu->nested;
  struct vgic_hardware *loaded = &vcpu->hardware.vgic;
  for (unsigned index = 0; index < loaded->used; index++) {
    uint64_t *lr = &LR(vcpu, index);
    bool was_forwarded = loaded->lr[index] & LR_HW;
    bool is_over = (*lr & LR_STATE) && !(loaded->lr[index] & LR_STATE);
    // Completed, and with it the interrupt that the guest hypervisor holds active.
    if (is_over && was_forwarded) vgic_change(vcpu, VGIC_ACTIVE, LR_PHYSICAL(*lr), false);
    *lr = (*lr & ~LR_STATE) | (loaded->lr[index] & LR_STATE);
  }
  in_page(vcpu, PAGE_ICH_HCR_EL2) = loaded->hcr;
  in_page(vcpu, PAGE_ICH_VMCR_EL2) = loaded->vmcr;
  in_page(vcpu, PAGE_ICH_AP0R0_EL2) = loaded->ap0r0;
  in_page(vcpu, PAGE_ICH_AP1R0_EL2) = loaded->ap1r0;
  loaded->hcr = nested->kept_vgic.hcr;
  loaded->vmcr = nested->kept_vgic.vmcr;
  loaded->ap0r0 = nested->kept_vgic.ap0r0;
  loaded->ap1r0 = nested->kept_vgic.ap1r0;
  loaded->used = 0; // filled anew before each entry
  nested->owns_list_registers = false;
}

// An interrupt for the guest hypervisor while its guest runs: HCR_EL2.IMO of the former sends it to virtual EL2, whatever
// the latter masks.
bool interrupt_is_due(struct vcpu *vcpu) {
  if (vcpu->nested.in_hyp || !(virtual_hcr(vcpu) & HCR_IMO)) return false;
  return vgic_has_signal(vcpu);
}
