// What only EL2 can do: called by the host with hyp_call.

#include "nested.h"

uint64_t read_ich_vtr(void) {
  return read_register(ich_vtr_el2);
}

// AT needs the registers of EL1 in place, which are the host's now.
void translate_at_el1(struct translation_request *request) {
  uint64_t sctlr = read_register(sctlr_el1), tcr = read_register(tcr_el1), mair = read_register(mair_el1);
  uint64_t ttbr0 = read_register(ttbr0_el1), ttbr1 = read_register(ttbr1_el1);
  uint64_t vttbr = read_register(vttbr_el2), hcr = read_register(hcr_el2), par = read_register(par_el1);
  write_register(tcr_el1, request->sysregs[R_TCR_EL1]);
  write_register(mair_el1, request->sysregs[R_MAIR_EL1]);
  write_register(ttbr0_el1, request->sysregs[R_TTBR0_EL1]);
  write_register(ttbr1_el1, request->sysregs[R_TTBR1_EL1]);
  write_register(sctlr_el1, request->sysregs[R_SCTLR_EL1]);
  write_register(vttbr_el2, request->vttbr);
  write_register(hcr_el2, (uint32_t)HCR_RW | HCR_VM);
  isb();
  switch (request->operation) {
  case 0:
    __asm__ volatile("at s1e1r, %0" ::"r"(request->va) : "memory");
    break;
  case 1:
    __asm__ volatile("at s1e1w, %0" ::"r"(request->va) : "memory");
    break;
  case 2:
    __asm__ volatile("at s1e0r, %0" ::"r"(request->va) : "memory");
    break;
  case 3:
    __asm__ volatile("at s1e0w, %0" ::"r"(request->va) : "memory");
    break;
  case 4:
    __asm__ volatile("at s12e1r, %0" ::"r"(request->va) : "memory");
    break;
  case 5:
    __asm__ volatile("at s12e1w, %0" ::"r"(request->va) : "memory");
    break;
  }
  isb();
  request->par = read_register(par_el1);
  write_register(par_el1, par);
  write_register(hcr_el2, hcr);
  write_register(vttbr_el2, vttbr);
  write_register(sctlr_el1, sctlr);
  write_register(ttbr1_el1, ttbr1);
  write_register(ttbr0_el1, ttbr0);
  write_register(mair_el1, mair);
  write_register(tcr_el1, tcr);
  isb();
}

uint64_t nesting_cptr(struct vcpu *vcpu) {
  return vcpu->nested.cptr;
}

#define VNCR_ENABLE 1 // of the proposal NEVE

// Bits that the world switch of any guest doesn't know.
void nesting_activate(struct vcpu *vcpu) {
  write_register(vpidr_el2, vcpu->nested.in_hyp ? read_register(midr_el1) : in_page(vcpu, PAGE_VPIDR_EL2));
  uint64_t page = (uint64_t)vcpu->nested.page;
  if (nesting_mode != MODE_NV)
    __asm__ volatile("msr s3_4_c2_c2_0, %0" ::"r"(page | (nesting_mode == MODE_NEVE ? VNCR_ENABLE : 0))); // VNCR_EL2
}
