// Virtual EL1 and virtual EL2 share EL1 of the machine. Here one takes the other's place there.

#include "nested.h"

// Registers of which there is one for both levels: they go along.
static const uint8_t shared[] = {R_MDSCR_EL1,  R_SP_EL0,      R_TPIDR_EL0, R_TPIDRRO_EL0,
                                 R_ACTLR_EL1, R_CSSELR_EL1, R_PAR_EL1,   R_TPIDR_EL1};

// Registers of EL1 that a machine with such a page keeps there while virtual EL2 runs.
static const struct {
  uint8_t place;
  uint16_t page;
} deferred[] = {
    {R_SCTLR_EL1, PAGE_SCTLR_EL1}, {R_CPACR_EL1, PAGE_CPACR_EL1}, {R_TTBR0_EL1, PAGE_TTBR0_EL1},
    {R_TTBR1_EL1, PAGE_TTBR1_EL1}, {R_TCR_EL1, PAGE_TCR_EL1},     {R_ESR_EL1, PAGE_ESR_EL1},
    {R_AFSR0_EL1, PAGE_AFSR0_EL1}, {R_AFSR1_EL1, PAGE_AFSR1_EL1}, {R_FAR_EL1, PAGE_FAR_EL1},
    {R_MAIR_EL1, PAGE_MAIR_EL1},   {R_AMAIR_EL1, PAGE_AMAIR_EL1}, {R_CONTEXTIDR_EL1, PAGE_CONTEXTIDR_EL1},
    {R_VBAR_EL1, PAGE_VBAR_EL1},   {R_SP_EL1, PAGE_SP_EL1},       {R_ELR_EL1, PAGE_ELR_EL1},
    {R_SPSR_EL1, PAGE_SPSR_EL1},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void copy_shared(struct vcpu *vcpu, uint64_t *to, const uint64_t *from) {
  for (unsigned index = 0; index < COUNT(shared); index++) to[shared[index]] = from[shared[index]];
  // With E2H that name means CNTHCTL_EL2.
  if (!vcpu->nested.e2h) to[R_CNTKCTL_EL1] = from[R_CNTKCTL_EL1];
}

void enter_virtual_el2(struct vcpu *vcpu) { /* BP: enter-virtual-el2 */
  struct nested *nested = &vcpu->nested;
  if (nested->in_hyp) return;
  if (nested->owns_list_registers) put_nested_list_registers(vcpu);
  uint64_t *el1 = vcpu->guest.el1;
  copy_shared(vcpu, nested->shadow, el1);
  if (nesting_mode != MODE_NV)
    for (unsigned index = 0; index < COUNT(deferred); index++)
      in_page(vcpu, deferred[index].page) = el1[deferred[index].place];
  if (nesting_mode == MODE_NV2) {
    in_page(vcpu, PAGE_ACTLR_EL1) = el1[R_ACTLR_EL1];
    in_page(vcpu, PAGE_MDSCR_EL1) = el1[R_MDSCR_EL1];
  }
  vcpu->guest.sysregs = nested->shadow;
  nested->in_hyp = true;
  timers_enter_hyp(vcpu);
  update_maintenance(vcpu);
}

void leave_virtual_el2(struct vcpu *vcpu) { /* BP: leave-virtual-el2 */
  struct nested *nested = &vcpu->nested;
  if (!nested->in_hyp) return;
  timers_leave_hyp(vcpu);
  uint64_t *el1 = vcpu->guest.el1;
  copy_shared(vcpu, el1, nested->shadow);
  if (nested->e2h) {
    // Written by names of EL1, perhaps, which nobody has seen; they are needed while the guest's guest runs.
    in_page(vcpu, PAGE_CPTR_EL2) = nested->shadow[R_CPACR_EL1];
    in_page(vcpu, PAGE_CNTHCTL_EL2) = nested->shadow[R_CNTKCTL_EL1];
  }
  if (nesting_mode != MODE_NV)
    for (unsigned index = 0; index < COUNT(deferred); index++)
      el1[deferred[index].place] = in_page(vcpu, deferred[index].page);
  if (nesting_mode == MODE_NV2) {
    el1[R_ACTLR_EL1] = in_page(vcpu, PAGE_ACTLR_EL1);
    el1[R_MDSCR_EL1] = in_page(vcpu, PAGE_MDSCR_EL1);
  }
  if (nesting_mode == MODE_NEVE) in_page(vcpu, PAGE_SCTLR_EL2) = nested->shadow[R_SCTLR_EL1];
  el1[R_MPIDR_EL1] = in_page(vcpu, PAGE_VMPIDR_EL2);
  vcpu->guest.sysregs = el1;
  nested->in_hyp = false;
  if (virtual_hcr(vcpu) & HCR_IMO) load_nested_list_registers(vcpu);
}

// The registers that are laid out differently at EL2 (Arm ARM D19.2): what EL1 needs for the same effect.
static uint64_t sctlr_for_el1(uint64_t sctlr) {
  const uint64_t same = SCTLR_M | 1 << 1 | SCTLR_C | 1 << 3 | SCTLR_I | 1 << 19 | 1 << 21 | 1 << 25; // A, SA, WXN, IESB, EE
  return (sctlr & same) | SCTLR_EL1_RES1;
}

static uint64_t tcr_for_el1(uint64_t tcr) {
  const uint64_t same = 0xff3f;      // TG0, SH0, ORGN0, IRGN0, T0SZ
  const uint64_t no_upper = 1 << 23; // EPD1
  return (tcr & same) | no_upper | bits(tcr, 18, 16) << 32 | bits(tcr, 20, 20) << 37 | bits(tcr, 22, 21) << 39 |
         bits(tcr, 24, 24) << 41;
}

static uint64_t cpacr_of(uint64_t cptr) {
  return (cptr & CPTR_TFP ? 0 : CPACR_FPEN) | (cptr & CPTR_TTA ? CPACR_TTA : 0);
}

// After the guest hypervisor has changed its registers of EL2.
void derive_shadow(struct vcpu *vcpu) { /* BP: derive-shadow */
  struct nested *nested = &vcpu->nested;
  uint64_t *shadow = nested->shadow;
  nested->stale = false;
  bool e2h = (virtual_hcr(vcpu) & HCR_E2H) != 0;
  if (e2h) {
    // The same layout as at EL1, and the names of EL1 reach them: from here on the shadow registers are the registers.
    if (!nested->e2h) {
      if (nesting_mode != MODE_NEVE) shadow[R_SCTLR_EL1] = in_page(vcpu, PAGE_SCTLR_EL2);
      shadow[R_TCR_EL1] = in_page(vcpu, PAGE_TCR_EL2);
      shadow[R_TTBR0_EL1] = in_page(vcpu, PAGE_TTBR0_EL2);
      shadow[R_CPACR_EL1] = in_page(vcpu, PAGE_CPTR_EL2);
      vcpu->guest.el1[R_CNTKCTL_EL1] = shadow[R_CNTKCTL_EL1];
      shadow[R_CNTKCTL_EL1] = in_page(vcpu, PAGE_CNTHCTL_EL2);
    }
    nested->e2h = true;
    return;
  }
  if (nested->e2h) {
    in_page(vcpu, PAGE_SCTLR_EL2) = shadow[R_SCTLR_EL1];
    in_page(vcpu, PAGE_TCR_EL2) = shadow[R_TCR_EL1];
    in_page(vcpu, PAGE_TTBR0_EL2) = shadow[R_TTBR0_EL1];
    shadow[R_CNTKCTL_EL1] = vcpu->guest.el1[R_CNTKCTL_EL1];
    nested->e2h = false;
  }
  // NEVE has SCTLR_EL2 in SCTLR_EL1 as it is.
  if (nesting_mode != MODE_NEVE) shadow[R_SCTLR_EL1] = sctlr_for_el1(in_page(vcpu, PAGE_SCTLR_EL2));
  shadow[R_TCR_EL1] = tcr_for_el1(in_page(vcpu, PAGE_TCR_EL2));
  shadow[R_TTBR0_EL1] = bits(in_page(vcpu, PAGE_TTBR0_EL2), 47, 0);
  shadow[R_CPACR_EL1] = cpacr_of(in_page(vcpu, PAGE_CPTR_EL2));
}
