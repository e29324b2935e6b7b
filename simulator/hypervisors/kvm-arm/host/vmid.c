// VMIDs. There are fewer than there may be VMs: when they run out, a new generation begins, all translations of guests
// are forgotten and everyone asks anew.

#include "../hyp/hyp.h"
#include "kvm.h"

#define VMID_SHIFT 48
#define VMID_LIMIT 256 // 8 bits are always there

static struct lock vmid_lock;
static uint64_t generation = 1;
static uint64_t next = 1; // 0 is the host's

void update_vmid(struct vcpu *vcpu) {
  lock(&vmid_lock);
  struct vm *vm = vcpu->vm;
  if (vm->vmid_generation != generation) {
    if (next == VMID_LIMIT) {
      generation++;
      next = 1;
      hyp_call(flush_all_guests);
    }
    vm->vmid = next++;
    vm->vmid_generation = generation;
  }
  vcpu->hardware.vttbr = vm->vmid << VMID_SHIFT | vm->stage2_root;
  unlock(&vmid_lock);
}
