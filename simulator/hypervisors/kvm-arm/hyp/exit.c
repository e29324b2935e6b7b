// The first look at an exit, still between the worlds.

#include "../host/nesting.h"
#include "../registers.h"
#include "hyp.h"

#define PAR_F 1
#define PAR_PA_MASK 0x000ffffffffff000ULL

// After a permission fault of stage 2 the hardware does not have to say which IPA it was. Stage 1 of the guest can be
// asked, unless the walk of stage 1 itself was what faulted.
static uint64_t faulting_page(uint64_t esr, uint64_t far) {
  if ((ISS_FSC_TYPE(esr) != FSC_PERMISSION) || (esr & ISS_S1PTW)) return read_register(hpfar_el2);
  uint64_t par = read_register(par_el1); // it is the guest's
  __asm__ volatile("at s1e1r, %0" ::"r"(far) : "memory");
  isb();
  uint64_t found = read_register(par_el1);
  write_register(par_el1, par);
  if (found & PAR_F) return read_register(hpfar_el2);
  return (found & PAR_PA_MASK) >> 12 << 4;
}

bool handled_without_host(struct vcpu *vcpu, unsigned exit) {
  if (exit != EXIT_SYNC) return false;
  uint64_t esr = read_register(esr_el2);
  unsigned class = bits(esr, 31, ESR_EC_SHIFT);
  vcpu->hardware.esr = esr;
  if (class == EC_DABT_LOWER || class == EC_IABT_LOWER) {
    vcpu->hardware.far = read_register(far_el2);
    vcpu->hardware.hpfar = faulting_page(esr, vcpu->hardware.far);
  }
  if (class != EC_FP || (nesting_cptr(vcpu) & CPTR_TFP)) return false;
  load_guest_fp(vcpu);
  return true;
}
