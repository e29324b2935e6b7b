// The parts of the host that help a guest hypervisor.
#pragma once

#include "../kvm-arm/host/nesting.h"
#include "../kvm-arm/registers.h"
#include "page.h"

// HCR_EL2, more of it (Arm ARM D19.2.48).
#define HCR_VF (1ULL << 6)
#define HCR_VI (1ULL << 7)
#define HCR_TTLB (1ULL << 25)
#define HCR_TRVM (1ULL << 30)
#define HCR_APK (1ULL << 40)
#define HCR_API (1ULL << 41)
#define HCR_NV (1ULL << 42)
#define HCR_NV1 (1ULL << 43)
#define HCR_AT (1ULL << 44)
#define HCR_NV2 (1ULL << 45)

#define CPTR_TCPAC (1ULL << 31)

#define PSTATE_SPX 1
#define PSTATE_LEVEL(pstate) bits(pstate, 3, 2)
#define PSTATE_AARCH32 (1 << 4)

#define EC_ERET 0x1a

// The offsets of vectors.
#define VECTOR_CURRENT_SP0 0x000
#define VECTOR_CURRENT_SPX 0x200
#define VECTOR_LOWER 0x400
#define VECTOR_IRQ 0x080

// An access by its place in ESR_ELx.ISS (Arm ARM D19.2.37, "ISS encoding for an exception from MSR, MRS").
#define SYSREG(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define SYSREG_MASK SYSREG(3, 7, 15, 15, 7)
#define SYSREG_IS_READ(esr) ((esr) & 1)
#define SYSREG_TARGET(esr) bits(esr, 9, 5)

// The guest's RAM: what it believes to be at GUEST_RAM is at GUEST_RAM_PA.
#define GUEST_RAM 0x40000000UL
#define GUEST_RAM_PA 0x44000000UL
#define GUEST_RAM_SIZE 0x3000000UL

// The memory at an IPA of the guest; null when there is none, or not `size` bytes of it.
void *guest_memory(uint64_t ipa, uint64_t size);

// The exception level that the vCPU believes to be at.
static inline unsigned virtual_el(struct vcpu *vcpu) {
  unsigned level = PSTATE_LEVEL(vcpu->guest.pstate);
  return level == 1 && vcpu->nested.in_hyp ? 2 : level;
}

static inline uint64_t virtual_hcr(struct vcpu *vcpu) {
  return in_page(vcpu, PAGE_HCR_EL2);
}

// A guest of the guest hypervisor is what runs now, with stage 2 of its own.
static inline bool is_nested_guest(struct vcpu *vcpu) {
  return !vcpu->nested.in_hyp && (virtual_hcr(vcpu) & HCR_VM);
}

// Between virtual EL1 and virtual EL2. In levels.c.
void enter_virtual_el2(struct vcpu *vcpu);
void leave_virtual_el2(struct vcpu *vcpu);
void derive_shadow(struct vcpu *vcpu);

// Exceptions that the vCPU takes at virtual EL2, and its return. In exceptions.c.
void inject_sync(struct vcpu *vcpu, uint64_t esr, uint64_t far);
void inject_irq(struct vcpu *vcpu);
bool emulate_eret(struct vcpu *vcpu);

// Registers and instructions of EL2, and those of EL1 that mean others at virtual EL2. In registers.c. False when the
// access is nothing special here.
bool emulate_access(struct vcpu *vcpu);
bool emulate_id_register(struct vcpu *vcpu);

// Whether the guest hypervisor has asked for this exception of virtual EL1 or EL0. In forward.c.
bool wants_exception(struct vcpu *vcpu, uint64_t esr);
bool wants_fp(struct vcpu *vcpu);

// Stage 2. In memory.c.
void memory_prepare(void);
uint64_t stage2_of(struct vcpu *vcpu); // VTTBR_EL2 for what runs now
enum memory_fault { MEMORY_MAPPED, MEMORY_FORWARDED, MEMORY_DEVICE };
enum memory_fault handle_nested_fault(struct vcpu *vcpu);
void invalidate_stage2(struct vcpu *vcpu, bool all_vmids);
void invalidate_stage2_page(struct vcpu *vcpu, uint64_t ipa);

// The virtual interface of the guest hypervisor. In interrupts.c.
void interrupts_prepare(struct vcpu *vcpu);
void load_nested_list_registers(struct vcpu *vcpu);
void put_nested_list_registers(struct vcpu *vcpu);
void update_maintenance(struct vcpu *vcpu);
bool interrupt_is_due(struct vcpu *vcpu);

// Timers. In timers.c.
void timers_enter_hyp(struct vcpu *vcpu);
void timers_leave_hyp(struct vcpu *vcpu);
void timers_prepare(struct vcpu *vcpu);
bool access_timer(struct vcpu *vcpu, uint64_t encoding, bool is_read, uint64_t *value);
void set_line(struct vcpu *vcpu, unsigned id, bool level);

// For debuggers: where the register sets of each vCPU are, by its number; what is in them says `nesting_registers`. A vCPU
// stays on the PE of its number. In observer.c.
struct nesting_vcpu {
  uint64_t *el1, *shadow, *page;
  bool *in_hyp, *e2h;
  uint64_t machine_has_page; // the machine looks at the page
};
extern struct nesting_vcpu nesting_vcpus[];
void observe_vcpu(struct vcpu *vcpu);

// At EL2, called by hyp_call. In at-el2.c and probe.S.
uint64_t probe_vncr(void);         // whether there is a VNCR_EL2
uint64_t read_ich_vtr(void);
struct translation_request {
  uint64_t va, vttbr;
  unsigned operation; // op2 of the AT instruction
  const uint64_t *sysregs;
  uint64_t par;
};
void translate_at_el1(struct translation_request *request);
