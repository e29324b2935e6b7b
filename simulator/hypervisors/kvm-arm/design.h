// Which KVM/ARM this is. Chosen when it is built:
//
//   VHE=0              split mode: host kernel at EL1, hypervisor code at EL2. hyp/world-switch.c or, the same by hand,
//                      hyp/world-switch-asm.S is the switch between them.
//   VHE=1              the host kernel is at EL2, with HCR_EL2.E2H. Nothing else differs from split mode.
//   OPTIMISATIONS=...  with VHE=1: the redesign. Each step can be turned on alone, here or in a running machine by a write
//                      to the variable `optimisations` before the first vCPU runs.
//
//   NESTED=1           the guest is a hypervisor itself, with guests of its own: ../nested has what that takes. VHE=0 only.
//   TYPE1=1            no host at all: ../type1 uses parts of this.
#pragma once

#if !defined(NESTED)
#define NESTED 0
#endif

#if !defined(TYPE1)
#define TYPE1 0
#endif

#if !defined(VHE)
#error "Define VHE as 0 or 1: the list of guests does."
#endif
// The redesign, step by step: what it takes out of each exit.
#define STEP_EL1_STATE (1 << 0)    // the guest's EL1 registers stay loaded from vcpu_load to vcpu_put
#define STEP_TRAPS (1 << 1)        // traps, stage 2 and the vectors for exits stay enabled while the host handles an exit
#define STEP_TIMER (1 << 2)        // the guest's timer stays loaded, and its interrupt tells that it has fired
#define STEP_RUN_LOOP (1 << 3)     // preparations of the run loop move to vcpu_load
#define STEP_OWN_SWITCH (1 << 4)   // a world switch function that knows that the host is at EL2
#define STEP_DEBUG_FLAG (1 << 5)   // whether debug registers are in use is decided at vcpu_load
#define STEP_USER_STATE (1 << 6)   // registers that only EL0 of the host uses wait for vcpu_put
#define STEP_VGIC_EMPTY (1 << 7)   // without interrupts in flight the list registers are not touched
#define STEP_VGIC_PRIORITY (1 << 8) // ICH_VMCR_EL2 and the active priorities stay loaded
#define STEP_HOST_RETURN (1 << 9)  // ELR_EL2 and SPSR_EL2 of the host are not kept: nobody returns through them
#define STEPS_ALL 0x3ff

// What KVM/ARM of Linux v4.10 had of it: list registers that are empty are left alone, in either design; and a host at EL2
// keeps no EL1 registers of its own, but still its ELR_EL2 and SPSR_EL2.
#define STEPS_4_10_SPLIT STEP_VGIC_EMPTY
#define STEPS_4_10_VHE (STEP_VGIC_EMPTY | STEP_OWN_SWITCH)

#if defined(OPTIMISATIONS) && !VHE && ((OPTIMISATIONS) & ~STEPS_4_10_SPLIT)
#error "The other steps of the redesign need a host at EL2."
#endif

// The name of a register of EL1, seen from the hypervisor: with E2H the plain name would be the host's own register.
#if VHE
#define EL1_NAME(name) name##_el12
#define TIMER_NAME(name) name##_el02
#define DESIGN_LEVEL 2
#else
#define EL1_NAME(name) name##_el1
#define TIMER_NAME(name) name##_el0
#define DESIGN_LEVEL 1
#endif

#ifndef __ASSEMBLER__
#include <stdint.h>

#if TYPE1
// Nothing of a host is in the way of a guest: everything stays loaded.
#define step_is_on(step) ((STEPS_ALL & (step)) != 0)
#elif defined(OPTIMISATIONS)
extern volatile uint32_t optimisations;
// In split mode the compiler removes what needs a host at EL2.
#define STEPS_POSSIBLE (VHE ? STEPS_ALL : STEPS_4_10_SPLIT)
#define step_is_on(step) ((STEPS_POSSIBLE & (step)) && (optimisations & (step)) != 0)
#else
// The compiler removes what depends on it.
#define step_is_on(step) 0
#endif

// One of the above in words, for the console. Each world switch names itself.
extern const char world_switch_name[];
#endif
