// The old VGIC: a bitmap of all interrupts for each property, one lock around everything, and after each change of state
// the question asked anew for every vCPU whether anything is pending for it. List registers stay occupied from one entry
// to the next, until the guest has completed what is in them.

#include "../hyp/hyp.h"
#include "../registers.h"
#include "kvm.h"
#include "list-register.h"

const char vgic_name[] = "old";

// A bit for each interrupt: 32 of each vCPU's own, then those that all share.
struct bitmap {
  uint32_t private[MAX_PES];
  uint32_t shared;
};

#define NO_LIST_REGISTER 0xff

static struct {
  struct lock lock;
  struct vm *vm;
  struct bitmap enabled, edge;
  struct bitmap line;    // level-sensitive: the line is up
  struct bitmap latched; // pending by an edge or a write
  struct bitmap queued;  // level-sensitive and in a list register: its line is not looked at until that is done
  struct bitmap active;
  uint8_t priority[MAX_PES][VGIC_INTERRUPTS];
  uint8_t list_register[MAX_PES][VGIC_INTERRUPTS]; // where it is
  uint8_t sources[MAX_PES][16]; // GICv2: the vCPUs that have sent a software generated interrupt not delivered yet
  uint32_t shared_target[MAX_PES]; // a bit for each shared interrupt that goes to the vCPU
  uint32_t pending_on;                             // the vCPUs that have something pending
} distributor;

static uint32_t *word(struct bitmap *bitmap, unsigned vcpu, unsigned id) {
  return id < VGIC_PRIVATE ? &bitmap->private[vcpu] : &bitmap->shared;
}

static bool test_bit(struct bitmap *bitmap, struct vcpu *vcpu, unsigned id) {
  return *word(bitmap, vcpu->id, id) >> id % 32 & 1;
}

static void set_bit(struct bitmap *bitmap, struct vcpu *vcpu, unsigned id, bool value) {
  uint32_t *bits = word(bitmap, vcpu->id, id);
  *bits = value ? *bits | 1U << id % 32 : *bits & ~(1U << id % 32);
}

// What could be delivered to a vCPU, of its own interrupts and of the shared.
static uint32_t pending_private(unsigned vcpu) {
  uint32_t lines = distributor.line.private[vcpu] & ~distributor.edge.private[vcpu];
  return (distributor.latched.private[vcpu] | (lines & ~distributor.queued.private[vcpu])) &
         distributor.enabled.private[vcpu];
}

static uint32_t pending_shared(unsigned vcpu) {
  uint32_t lines = distributor.line.shared & ~distributor.edge.shared;
  return (distributor.latched.shared | (lines & ~distributor.queued.shared)) & distributor.enabled.shared &
         distributor.shared_target[vcpu];
}

// After every change: who has something pending?
static void update_state(void) {
  distributor.pending_on = 0;
  for (unsigned vcpu = 0; vcpu < distributor.vm->vcpu_count; vcpu++)
    if (pending_private(vcpu) | pending_shared(vcpu)) distributor.pending_on |= 1U << vcpu;
}

static void unlock_and_kick(void) {
  update_state();
  uint32_t pending_on = distributor.pending_on;
  unlock(&distributor.lock);
  for (unsigned vcpu = 0; vcpu < distributor.vm->vcpu_count; vcpu++)
    if (pending_on >> vcpu & 1) vcpu_kick(distributor.vm->vcpus[vcpu]);
}

void vgic_create(struct vm *vm) {
  distributor.vm = vm;
  distributor.shared_target[0] = ~0U;
  for (unsigned vcpu = 0; vcpu < vm->vcpu_count; vcpu++) {
    distributor.enabled.private[vcpu] = 0xffff; // SGIs always are
    distributor.edge.private[vcpu] = 0xffff;
    for (unsigned id = 0; id < VGIC_INTERRUPTS; id++) {
      distributor.priority[vcpu][id] = 0xa0;
      distributor.list_register[vcpu][id] = NO_LIST_REGISTER;
    }
  }
}

void vgic_set_line(struct vcpu *vcpu, unsigned id, bool level) { /* BP: old-inject */
  lock(&distributor.lock);
  set_bit(&distributor.line, vcpu, id, level);
  if (level && test_bit(&distributor.edge, vcpu, id)) set_bit(&distributor.latched, vcpu, id, true);
  unlock_and_kick();
}

void vgic_send(struct vcpu *target, unsigned id, struct vcpu *source) { /* BP: old-send */
  lock(&distributor.lock);
  if (has_source(id)) distributor.sources[target->id][id] |= 1 << source->id;
  set_bit(&distributor.latched, target, id, true);
  unlock_and_kick();
}

bool vgic_has_work(struct vcpu *vcpu) {
  lock(&distributor.lock);
  bool found = distributor.pending_on >> vcpu->id & 1;
  unlock(&distributor.lock);
  return found;
}

bool vgic_in_flight(struct vcpu *vcpu, unsigned id) {
  lock(&distributor.lock);
  bool pending = id < VGIC_PRIVATE ? pending_private(vcpu->id) >> id & 1 : pending_shared(vcpu->id) >> id % 32 & 1;
  bool in_flight = pending || distributor.list_register[vcpu->id][id] != NO_LIST_REGISTER;
  unlock(&distributor.lock);
  return in_flight;
}

// A list register that is free, or NO_LIST_REGISTER.
static unsigned find_free(const struct vgic_hardware *hardware) {
  for (unsigned index = 0; index < list_register_count; index++)
    if (index >= hardware->used || !(lr_is_pending(hardware->lr[index]) || lr_is_active(hardware->lr[index])))
      return index;
  return NO_LIST_REGISTER;
}

// Puts a pending interrupt into a list register. Returns false when there is none left.
static bool queue(struct vcpu *vcpu, unsigned id) {
  struct vgic_hardware *hardware = &vcpu->hardware.vgic;
  bool edge = test_bit(&distributor.edge, vcpu, id);
  uint8_t *place = &distributor.list_register[vcpu->id][id];
  uint8_t *sources = has_source(id) ? &distributor.sources[vcpu->id][id] : 0;
  if (*place != NO_LIST_REGISTER && sources) {
    hardware->lr[*place] |= list_register_format->eoi; // it may be another's: when this one is completed it comes
    return true;
  }
  if (*place != NO_LIST_REGISTER) {
    hardware->lr[*place] |= list_register_format->pending; // it is active, and comes again
  } else {
    unsigned index = find_free(hardware);
    if (index == NO_LIST_REGISTER) return false;
    uint64_t value = lr_of(id, distributor.priority[vcpu->id][id]) | list_register_format->pending;
    if (id == INTERRUPT_GUEST_TIMER)
      value |= lr_forwarded(id);
    else if (!edge)
      value |= list_register_format->eoi;
    if (sources && *sources) {
      value |= (uint64_t)__builtin_ctz(*sources) << list_register_format->source_shift;
      *sources &= *sources - 1;
      if (*sources) value |= list_register_format->eoi;
    }
    hardware->lr[index] = value; /* BP: old-list-register */
    *place = index;
    if (index >= hardware->used) hardware->used = index + 1;
  }
  if (edge)
    set_bit(&distributor.latched, vcpu, id, sources && *sources);
  else
    set_bit(&distributor.queued, vcpu, id, true);
  return true;
}

void vgic_flush(struct vcpu *vcpu) { /* BP: old-vgic-flush */
  struct vgic_hardware *hardware = &vcpu->hardware.vgic;
  hardware->hcr = ICH_HCR_EN;
  lock(&distributor.lock);
  if (distributor.pending_on >> vcpu->id & 1) {
    uint64_t pending = pending_private(vcpu->id) | (uint64_t)pending_shared(vcpu->id) << VGIC_PRIVATE;
    for (unsigned id = 0; id < VGIC_INTERRUPTS; id++)
      if ((pending >> id & 1) && !queue(vcpu, id)) hardware->hcr |= ICH_HCR_UIE; // come back when there is room
    update_state();
  }
  unlock(&distributor.lock);
}

void vgic_sync(struct vcpu *vcpu) { /* BP: old-vgic-sync */
  struct vgic_hardware *hardware = &vcpu->hardware.vgic;
  lock(&distributor.lock);
  unsigned used = 0;
  for (unsigned index = 0; index < hardware->used; index++) {
    uint64_t value = hardware->lr[index];
    unsigned id = lr_id(value);
    if (distributor.list_register[vcpu->id][id] != index) continue; // free already
    set_bit(&distributor.active, vcpu, id, lr_is_active(value));
    if (lr_is_pending(value) || lr_is_active(value)) {
      used = index + 1;
      continue;
    }
    // The guest has completed it: from here on the line counts again. Left as it is the list register would tell so for ever.
    hardware->lr[index] = 0;
    distributor.list_register[vcpu->id][id] = NO_LIST_REGISTER;
    set_bit(&distributor.queued, vcpu, id, false);
    if (!test_bit(&distributor.edge, vcpu, id)) set_bit(&distributor.latched, vcpu, id, false);
  }
  hardware->used = used;
  update_state();
  unlock(&distributor.lock);
}

static struct bitmap *bitmap_of(enum vgic_property property) {
  switch (property) {
  case VGIC_ENABLED:
    return &distributor.enabled;
  case VGIC_PENDING:
    return &distributor.latched;
  case VGIC_ACTIVE:
    return &distributor.active;
  default:
    return &distributor.edge;
  }
}

bool vgic_get(struct vcpu *vcpu, enum vgic_property property, unsigned id) {
  lock(&distributor.lock);
  bool value = test_bit(bitmap_of(property), vcpu, id);
  if (property == VGIC_PENDING && !test_bit(&distributor.edge, vcpu, id))
    value = value || test_bit(&distributor.line, vcpu, id);
  unlock(&distributor.lock);
  return value;
}

void vgic_change(struct vcpu *vcpu, enum vgic_property property, unsigned id, bool value) {
  lock(&distributor.lock);
  set_bit(bitmap_of(property), vcpu, id, value);
  unlock_and_kick();
}

void vgic_set_target(struct vcpu *target, unsigned id) {
  lock(&distributor.lock);
  for (unsigned vcpu = 0; vcpu < MAX_PES; vcpu++) distributor.shared_target[vcpu] &= ~(1U << id % 32);
  distributor.shared_target[target->id] |= 1U << id % 32;
  unlock_and_kick();
}

unsigned vgic_target(struct vcpu *vcpu, unsigned id) {
  if (id < VGIC_PRIVATE) return vcpu->id;
  return distributor.shared_target[0] >> id % 32 & 1 ? 0 : 1;
}

uint8_t vgic_priority(struct vcpu *vcpu, unsigned id) {
  return distributor.priority[id < VGIC_PRIVATE ? vcpu->id : 0][id];
}

void vgic_set_priority(struct vcpu *vcpu, unsigned id, uint8_t priority) {
  distributor.priority[id < VGIC_PRIVATE ? vcpu->id : 0][id] = priority;
}
