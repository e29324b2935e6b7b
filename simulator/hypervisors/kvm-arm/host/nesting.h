// Where nested virtualization comes in: what the host does more for a guest that is a hypervisor itself. It is in ../../nested;
// in a host that has no such guests it is nothing.
#pragma once

#include "kvm.h"

#if NESTED

// At the beginning: finds out how the machine helps, loads the guest hypervisor, prepares its vCPUs.
void nesting_prepare(struct vm *vm);
uint64_t first_instruction(void);      // where the first vCPU begins
void nesting_reset(struct vcpu *vcpu); // a vCPU begins at virtual EL2

// Around each visit to the guest.
void nesting_enter(struct vcpu *vcpu);
bool nesting_owns_list_registers(struct vcpu *vcpu); // those of a nested guest are loaded
void nesting_leave(struct vcpu *vcpu);
// True when the exit has been dealt with, and `reason` is what is left to do.
bool nesting_handles(struct vcpu *vcpu, unsigned exit, enum exit_reason *reason);

// At EL2: controls of the guest beyond those of every guest.
uint64_t nesting_cptr(struct vcpu *vcpu); // bits of CPTR_EL2
void nesting_activate(struct vcpu *vcpu);

// Memory that the host looks at on behalf of a guest hypervisor.
struct table;
void nesting_map(struct table *root);

#else

extern char guest_entry[];

#define nesting_prepare(vm) ((void)(vm))
#define first_instruction() ((uint64_t)guest_entry)
#define nesting_reset(vcpu) ((void)(vcpu))
#define nesting_enter(vcpu) ((void)(vcpu))
#define nesting_owns_list_registers(vcpu) ((void)(vcpu), false)
#define nesting_leave(vcpu) ((void)(vcpu))
#define nesting_handles(vcpu, exit, reason) ((void)(vcpu), (void)(exit), (void)(reason), false)
#define nesting_cptr(vcpu) ((void)(vcpu), 0)
#define nesting_activate(vcpu) ((void)(vcpu))
#define nesting_map(root) ((void)(root))

#endif
