// Trapped accesses of a guest hypervisor: to registers of EL2, to those of EL1 that it means for its guest, and to
// instructions that are about the regimes of either. What a register is, is a row of a table; how a machine with a page
// spares the trap is not its business.

#include "../kvm-arm/hyp/hyp.h"
#include "nested.h"

enum kind {
  IN_PAGE,    // kept in the page, of no consequence before virtual EL2 is left
  IN_SHADOW,  // the EL1 register of the PE is the register
  IN_EL1,     // an EL1 register of the vCPU, which virtual EL2 reaches by its name of EL1 or as _EL12
  TRANSLATED, // kept in the page; the shadow register follows, and is the register itself with E2H
  TIMER,
  ZERO,       // reads as zero, ignores writes
};

struct row {
  uint32_t encoding;
  uint8_t kind;
  uint8_t place;  // of IN_SHADOW, IN_EL1 and TRANSLATED
  uint16_t page;  // of IN_PAGE and TRANSLATED
};

#define PAGE(encoding, offset) {encoding, IN_PAGE, 0, offset}
#define SHADOW(encoding, place) {encoding, IN_SHADOW, place, 0}
#define BOTH(encoding, place, offset) {encoding, TRANSLATED, place, offset}
// The same register by its name of EL1 and by that with _EL12.
#define EL1(crn, crm, op2, place) {SYSREG(3, 0, crn, crm, op2), IN_EL1, place, 0}, {SYSREG(3, 5, crn, crm, op2), IN_EL1, place, 0}
#define TIMER_ROW(op1, crm, op2) {SYSREG(3, op1, 14, crm, op2), TIMER, 0, 0}
#define TIMER_ROWS(op1, crm) TIMER_ROW(op1, crm, 0), TIMER_ROW(op1, crm, 1), TIMER_ROW(op1, crm, 2)

// In virtual EL2. Sorted by how often they are wanted: those of a world switch first.
static const struct row rows[] = {
    PAGE(SYSREG(3, 4, 2, 1, 0), PAGE_VTTBR_EL2),
    PAGE(SYSREG(3, 4, 13, 0, 2), PAGE_TPIDR_EL2),
    SHADOW(SYSREG(3, 4, 5, 2, 0), R_ESR_EL1),
    SHADOW(SYSREG(3, 4, 6, 0, 0), R_FAR_EL1),
    SHADOW(SYSREG(3, 4, 4, 0, 1), R_ELR_EL1),
    SHADOW(SYSREG(3, 4, 4, 0, 0), R_SPSR_EL1),
    PAGE(SYSREG(3, 4, 0, 0, 5), PAGE_VMPIDR_EL2),
    EL1(1, 0, 0, R_SCTLR_EL1),
    EL1(1, 0, 2, R_CPACR_EL1),
    EL1(2, 0, 0, R_TTBR0_EL1),
    EL1(2, 0, 1, R_TTBR1_EL1),
    EL1(2, 0, 2, R_TCR_EL1),
    EL1(5, 2, 0, R_ESR_EL1),
    EL1(5, 1, 0, R_AFSR0_EL1),
    EL1(5, 1, 1, R_AFSR1_EL1),
    EL1(6, 0, 0, R_FAR_EL1),
    EL1(10, 2, 0, R_MAIR_EL1),
    EL1(12, 0, 0, R_VBAR_EL1),
    EL1(13, 0, 1, R_CONTEXTIDR_EL1),
    EL1(10, 3, 0, R_AMAIR_EL1),
    EL1(4, 0, 1, R_ELR_EL1),
    EL1(4, 0, 0, R_SPSR_EL1),
    {SYSREG(3, 5, 14, 1, 0), IN_EL1, R_CNTKCTL_EL1, 0},
    {SYSREG(3, 4, 4, 1, 0), IN_EL1, R_SP_EL1, 0},
    PAGE(SYSREG(3, 4, 1, 1, 0), PAGE_HCR_EL2),
    PAGE(SYSREG(3, 4, 1, 1, 3), PAGE_HSTR_EL2),
    PAGE(SYSREG(3, 4, 1, 1, 1), PAGE_MDCR_EL2),
    BOTH(SYSREG(3, 4, 1, 1, 2), R_CPACR_EL1, PAGE_CPTR_EL2),
    BOTH(SYSREG(3, 4, 14, 1, 0), R_CNTKCTL_EL1, PAGE_CNTHCTL_EL2),
    PAGE(SYSREG(3, 4, 14, 0, 3), PAGE_CNTVOFF_EL2),
    PAGE(SYSREG(3, 4, 6, 0, 4), PAGE_HPFAR_EL2),
    PAGE(SYSREG(3, 4, 0, 0, 0), PAGE_VPIDR_EL2),
    PAGE(SYSREG(3, 4, 2, 1, 2), PAGE_VTCR_EL2),
    PAGE(SYSREG(3, 4, 1, 1, 7), PAGE_HACR_EL2),
    PAGE(SYSREG(3, 4, 12, 9, 5), PAGE_ICC_SRE_EL2),
    BOTH(SYSREG(3, 4, 1, 0, 0), R_SCTLR_EL1, PAGE_SCTLR_EL2),
    BOTH(SYSREG(3, 4, 2, 0, 0), R_TTBR0_EL1, PAGE_TTBR0_EL2),
    BOTH(SYSREG(3, 4, 2, 0, 2), R_TCR_EL1, PAGE_TCR_EL2),
    SHADOW(SYSREG(3, 4, 2, 0, 1), R_TTBR1_EL1),
    SHADOW(SYSREG(3, 4, 5, 1, 0), R_AFSR0_EL1),
    SHADOW(SYSREG(3, 4, 5, 1, 1), R_AFSR1_EL1),
    SHADOW(SYSREG(3, 4, 10, 2, 0), R_MAIR_EL1),
    SHADOW(SYSREG(3, 4, 10, 3, 0), R_AMAIR_EL1),
    SHADOW(SYSREG(3, 4, 12, 0, 0), R_VBAR_EL1),
    SHADOW(SYSREG(3, 4, 13, 0, 1), R_CONTEXTIDR_EL1),
    {SYSREG(3, 4, 1, 0, 1), ZERO, 0, 0}, // ACTLR_EL2
    {SYSREG(3, 0, 1, 0, 1), ZERO, 0, 0}, // ACTLR_EL1
    TIMER_ROW(3, 0, 1),  // CNTPCT_EL0
    TIMER_ROWS(3, 2),    // CNTP, or CNTHP with E2H
    TIMER_ROWS(4, 2),    // CNTHP
    TIMER_ROWS(4, 3),    // CNTHV
    TIMER_ROWS(5, 2),    // CNTP_EL02
    TIMER_ROWS(5, 3),    // CNTV_EL02
};

static const struct row *find(uint32_t encoding) {
  for (const struct row *row = rows; row != rows + sizeof rows / sizeof rows[0]; row++)
    if (row->encoding == encoding) return row;
  return 0;
}

// ICH_*_EL2: all of them are in the page, and what can only be read is worked out when anything else changes.
static uint64_t *interface_register(struct vcpu *vcpu, uint32_t encoding) {
  unsigned crm = bits(encoding, 4, 1), op2 = bits(encoding, 19, 17);
  if ((encoding & SYSREG(3, 7, 15, 0, 0)) != SYSREG(3, 4, 12, 0, 0)) return 0;
  switch (crm) {
  case 8:
    return op2 < 4 ? &in_page(vcpu, PAGE_ICH_AP0R0_EL2 + 8 * op2) : 0;
  case 9:
    return op2 < 4 ? &in_page(vcpu, PAGE_ICH_AP1R0_EL2 + 8 * op2) : 0;
  case 11: {
    static const uint16_t places[] = {PAGE_ICH_HCR_EL2,  PAGE_ICH_VTR_EL2,   PAGE_ICH_MISR_EL2, PAGE_ICH_EISR_EL2, 0,
                                      PAGE_ICH_ELRSR_EL2, 0, PAGE_ICH_VMCR_EL2};
    return places[op2] ? &in_page(vcpu, places[op2]) : 0;
  }
  case 12:
  case 13:
    return &in_page(vcpu, PAGE_ICH_LR0_EL2 + 64 * (crm - 12) + 8 * op2);
  }
  return 0;
}

static void access_interface(struct vcpu *vcpu, uint64_t *place, bool is_read, uint64_t *value) {
  if (is_read) {
    *value = *place;
    return;
  }
  *place = *value;
  update_maintenance(vcpu);
}

static bool access_register(struct vcpu *vcpu, uint32_t encoding, bool is_read, uint64_t *value) {
  struct nested *nested = &vcpu->nested;
  uint64_t *place = interface_register(vcpu, encoding);
  if (place) {
    access_interface(vcpu, place, is_read, value);
    return true;
  }
  const struct row *row = find(encoding);
  if (!row) return false;
  switch (row->kind) {
  case IN_PAGE:
    place = &in_page(vcpu, row->page);
    if (!is_read && row->page == PAGE_HCR_EL2) nested->stale = true; // E2H, perhaps
    break;
  case IN_SHADOW:
    place = &nested->shadow[row->place];
    break;
  case IN_EL1:
    place = &vcpu->guest.el1[row->place];
    break;
  case TRANSLATED:
    place = nested->e2h ? &nested->shadow[row->place] : &in_page(vcpu, row->page);
    if (!is_read) {
      in_page(vcpu, row->page) = *value;
      nested->stale = true;
    }
    break;
  case TIMER:
    return access_timer(vcpu, encoding, is_read, value);
  case ZERO:
    if (is_read) *value = 0;
    return true;
  }
  if (is_read)
    *value = *place;
  else
    *place = *value;
  return true;
}

// TLB maintenance at virtual EL2 (Arm ARM D8.16). Whatever is about more than stage 2 of one guest forgets everything.
static void maintain_tlb(struct vcpu *vcpu, uint32_t encoding, uint64_t value) { /* BP: tlb-maintenance */
  unsigned op1 = bits(encoding, 16, 14), crm = bits(encoding, 4, 1), op2 = bits(encoding, 19, 17);
  bool stage2_page = op1 == 4 && (crm == 0 || crm == 4);
  if (stage2_page)
    invalidate_stage2_page(vcpu, bits(value, 35, 0) << 12);
  else if (op1 == 4 && op2 == 6) // VMALLS12E1
    invalidate_stage2(vcpu, false);
  else if (op1 == 4 && op2 == 4) // ALLE1
    invalidate_stage2(vcpu, true);
  hyp_call(flush_all_guests);
}

// AT of virtual EL2 for stage 1 of EL1&0: the machine does it, with the registers of EL1 in place for the time.
static void translate(struct vcpu *vcpu, uint32_t encoding, uint64_t va) { /* BP: translate */
  struct translation_request request = {
      .va = va, .operation = bits(encoding, 19, 17), .sysregs = vcpu->guest.el1, .vttbr = vcpu->hardware.vttbr};
  bool was_in_hyp = vcpu->nested.in_hyp;
  vcpu->nested.in_hyp = false;
  request.vttbr = stage2_of(vcpu);
  vcpu->nested.in_hyp = was_in_hyp;
  uint64_t deferred[SYSREG_COUNT];
  if (nesting_mode != MODE_NV) {
    for (unsigned place = 0; place < SYSREG_COUNT; place++) deferred[place] = vcpu->guest.el1[place];
    deferred[R_SCTLR_EL1] = in_page(vcpu, PAGE_SCTLR_EL1);
    deferred[R_TCR_EL1] = in_page(vcpu, PAGE_TCR_EL1);
    deferred[R_TTBR0_EL1] = in_page(vcpu, PAGE_TTBR0_EL1);
    deferred[R_TTBR1_EL1] = in_page(vcpu, PAGE_TTBR1_EL1);
    deferred[R_MAIR_EL1] = in_page(vcpu, PAGE_MAIR_EL1);
    request.sysregs = deferred;
  }
  hyp_call(translate_at_el1, &request);
  vcpu->nested.shadow[R_PAR_EL1] = request.par;
}

bool emulate_access(struct vcpu *vcpu) { /* BP: emulate-access */
  uint64_t esr = vcpu->hardware.esr;
  uint32_t encoding = esr & SYSREG_MASK;
  bool is_read = SYSREG_IS_READ(esr);
  unsigned target = SYSREG_TARGET(esr);
  unsigned op0 = bits(encoding, 21, 20), crn = bits(encoding, 13, 10), crm = bits(encoding, 4, 1);
  uint64_t value = is_read ? 0 : get_x(vcpu, target);
  if (op0 == 1 && crn == 8) {
    maintain_tlb(vcpu, encoding, value);
  } else if (op0 == 1 && crn == 7 && crm == 8) {
    translate(vcpu, encoding, value);
  } else {
    if (!access_register(vcpu, encoding, is_read, &value)) return false;
    if (is_read) set_x(vcpu, target, value);
  }
  vcpu->nested.exits.registers++;
  skip_instruction(vcpu);
  return true;
}

#define READ(name) read_register(name)

// The ID registers of the machine, without what a guest does not get: nesting of its own, and what would bring registers
// that nobody here moves.
static uint64_t id_register(unsigned crm, unsigned op2) {
  const uint64_t nv = 0xfULL << 24, fgt_and_ecv = 0xffULL << 56, hcx = 0xfULL << 40, pauth = 0xffULL << 4 | 0xffULL << 24;
  switch (crm << 4 | op2) {
  case 0x40:
    return READ(id_aa64pfr0_el1);
  case 0x41:
    return READ(id_aa64pfr1_el1);
  case 0x50:
    return READ(id_aa64dfr0_el1);
  case 0x60:
    return READ(id_aa64isar0_el1);
  case 0x61:
    return READ(id_aa64isar1_el1) & ~pauth;
  case 0x70:
    return READ(id_aa64mmfr0_el1) & ~fgt_and_ecv;
  case 0x71:
    return READ(id_aa64mmfr1_el1) & ~hcx;
  case 0x72:
    return READ(id_aa64mmfr2_el1) & ~nv;
  default:
    return 0;
  }
}

// HCR_EL2.TID3. Returns false when it is another register.
bool emulate_id_register(struct vcpu *vcpu) {
  uint64_t esr = vcpu->hardware.esr;
  unsigned crm = bits(esr, 4, 1);
  if ((esr & SYSREG(3, 7, 15, 0, 0)) != SYSREG(3, 0, 0, 0, 0) || !SYSREG_IS_READ(esr) || crm == 0) return false;
  set_x(vcpu, SYSREG_TARGET(esr), id_register(crm, bits(esr, 19, 17)));
  skip_instruction(vcpu);
  return true;
}
