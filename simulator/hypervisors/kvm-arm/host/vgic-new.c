// The new VGIC: a record for each interrupt, and for each vCPU a list of those that are active or pending, the AP list.
// Nothing in flight is an empty list, and then there is nothing to do.
//
// Locks, in this order: the list of a vCPU, then an interrupt; of two lists that of the lower vCPU first. Whoever holds
// an interrupt and wants its list lets go, takes the list, then the interrupt, and looks whether all is still as it was.
//
// `lock_order_reversed` is a mistake on demand: with it a vCPU that gives an interrupt away takes its own list first. Two that
// do so at the same time may wait for each other for ever. Mostly they don't: a search through schedules finds when.

#include "../hyp/hyp.h"
#include "../registers.h"
#include "kvm.h"
#include "list-register.h"

const char vgic_name[] = "new";

// 1 in the image, or written before the first vCPU runs. In the image also with the value 0.
__attribute__((section(".data"))) volatile uint32_t lock_order_reversed = 0;

struct irq {
  struct lock lock;
  struct irq *next;    // in the AP list
  struct vcpu *vcpu;   // whose AP list has it; null when none
  struct vcpu *target; // to whom it goes when it is pending
  unsigned id;
  bool enabled, active, edge;
  bool latched; // pending by an edge or a write, until it is delivered
  bool line;    // level-sensitive: pending as long as this is up
  bool forwarded; // a physical interrupt stands behind it, of the same number
  uint8_t priority;
  uint8_t sources; // software generated, GICv2: the vCPUs that have sent it and whose interrupt is not delivered yet
  uint8_t source;  // the one whose interrupt is active
};

struct ap_list {
  struct lock lock;
  struct irq *first;
};

static struct irq private[MAX_PES][VGIC_PRIVATE];
static struct irq shared[VGIC_INTERRUPTS - VGIC_PRIVATE];
static struct ap_list lists[MAX_PES];

static struct irq *irq_of(struct vcpu *vcpu, unsigned id) {
  return id < VGIC_PRIVATE ? &private[vcpu->id][id] : &shared[id - VGIC_PRIVATE];
}

void vgic_create(struct vm *vm) {
  for (unsigned number = 0; number < vm->vcpu_count; number++) {
    struct vcpu *vcpu = vm->vcpus[number];
    for (unsigned id = 0; id < VGIC_PRIVATE; id++)
      private[number][id] = (struct irq){.id = id,
                                         .target = vcpu,
                                         .enabled = id < 16,
                                         .edge = id < 16,
                                         .forwarded = id == INTERRUPT_GUEST_TIMER,
                                         .priority = 0xa0};
  }
  for (unsigned index = 0; index < VGIC_INTERRUPTS - VGIC_PRIVATE; index++)
    shared[index] = (struct irq){.id = VGIC_PRIVATE + index, .target = vm->vcpus[0], .priority = 0xa0};
}

static bool is_pending(const struct irq *irq) {
  return irq->latched || (!irq->edge && irq->line);
}

// Whose AP list should have it: the one rule that everything else only carries out.
static struct vcpu *oracle(const struct irq *irq) {
  if (irq->active) return irq->vcpu ? irq->vcpu : irq->target;
  if (irq->enabled && is_pending(irq)) return irq->target;
  return 0;
}

static void append(struct ap_list *list, struct irq *irq) {
  struct irq **end = &list->first;
  while (*end) end = &(*end)->next;
  irq->next = 0;
  *end = irq;
}

// Lets go of `irq`, which the caller has locked, after putting it on the list that the oracle names.
static void queue_and_unlock(struct irq *irq) {
  for (;;) {
    struct vcpu *vcpu = oracle(irq);
    if (irq->vcpu || !vcpu) {
      // On a list already, which its owner will prune, or on none with good reason.
      struct vcpu *owner = irq->vcpu;
      unlock(&irq->lock);
      if (owner && vcpu) vcpu_kick(owner);
      return;
    }
    unlock(&irq->lock);
    lock(&lists[vcpu->id].lock);
    lock(&irq->lock);
    bool as_before = !irq->vcpu && oracle(irq) == vcpu;
    if (as_before) {
      append(&lists[vcpu->id], irq); /* BP: queue */
      irq->vcpu = vcpu;
      unlock(&irq->lock);
      unlock(&lists[vcpu->id].lock);
      vcpu_kick(vcpu);
      return;
    }
    unlock(&lists[vcpu->id].lock);
  }
}

void vgic_set_line(struct vcpu *vcpu, unsigned id, bool level) { /* BP: inject */
  struct irq *irq = irq_of(vcpu, id);
  lock(&irq->lock);
  irq->line = level;
  if (irq->edge && level) irq->latched = true;
  queue_and_unlock(irq);
}

void vgic_send(struct vcpu *target, unsigned id, struct vcpu *source) { /* BP: send */
  struct irq *irq = irq_of(target, id);
  lock(&irq->lock);
  irq->latched = true;
  if (has_source(id)) irq->sources |= 1 << source->id;
  queue_and_unlock(irq);
}

bool vgic_has_work(struct vcpu *vcpu) {
  struct ap_list *list = &lists[vcpu->id];
  bool found = false;
  lock(&list->lock);
  for (struct irq *irq = list->first; irq && !found; irq = irq->next) {
    lock(&irq->lock);
    found = irq->enabled && is_pending(irq);
    unlock(&irq->lock);
  }
  unlock(&list->lock);
  return found;
}

#if NESTED
bool vgic_has_signal(struct vcpu *vcpu) {
  struct ap_list *list = &lists[vcpu->id];
  bool found = false;
  lock(&list->lock);
  for (struct irq *irq = list->first; irq && !found; irq = irq->next) {
    lock(&irq->lock);
    found = irq->enabled && is_pending(irq) && !irq->active;
    unlock(&irq->lock);
  }
  unlock(&list->lock);
  return found;
}
#endif

bool vgic_in_flight(struct vcpu *vcpu, unsigned id) {
  struct irq *irq = irq_of(vcpu, id);
  lock(&irq->lock);
  bool in_flight = irq->active || (irq->enabled && is_pending(irq));
  unlock(&irq->lock);
  return in_flight;
}

// Whether `a` has to be in a list register before `b`. An active one has to stay, since only there can it be completed.
static bool goes_before(const struct irq *a, const struct irq *b) {
  if (a->active != b->active) return a->active;
  bool a_ready = a->enabled && is_pending(a), b_ready = b->enabled && is_pending(b);
  if (a_ready != b_ready) return a_ready;
  return a->priority < b->priority;
}

// Needed only when there are more than list registers.
static void sort(struct ap_list *list) {
  struct irq *sorted = 0;
  while (list->first) {
    struct irq *irq = list->first;
    list->first = irq->next;
    struct irq **place = &sorted;
    while (*place && !goes_before(irq, *place)) place = &(*place)->next;
    irq->next = *place;
    *place = irq;
  }
  list->first = sorted;
}

// A software generated interrupt of GICv2: the list register names one vCPU that has sent it. Others wait until the guest
// has completed that one, which is told by a maintenance interrupt.
static uint64_t list_register_with_source(struct irq *irq) {
  const struct list_register_format *format = list_register_format;
  uint64_t value = lr_of(irq->id, irq->priority);
  if (irq->active) {
    value |= format->active;
  } else {
    irq->source = __builtin_ctz(irq->sources ? irq->sources : 1);
    irq->sources &= irq->sources - 1;
    irq->latched = irq->sources != 0;
    value |= format->pending;
  }
  value |= (uint64_t)irq->source << format->source_shift;
  return irq->latched ? value | format->eoi : value;
}

static uint64_t list_register(struct irq *irq) {
  if (has_source(irq->id)) return list_register_with_source(irq);
  const struct list_register_format *format = list_register_format;
  uint64_t value = lr_of(irq->id, irq->priority);
  if (irq->active) value |= format->active;
  // One that a physical interrupt stands behind is never both: the physical one cannot be either.
  if (is_pending(irq) && !(irq->forwarded && irq->active)) value |= format->pending;
  if (irq->forwarded)
    value |= lr_forwarded(irq->id);
  else if (!irq->edge)
    value |= format->eoi;
  irq->latched = irq->latched && !irq->edge;
  return value;
}

void vgic_flush(struct vcpu *vcpu) { /* BP: vgic-flush */
  struct ap_list *list = &lists[vcpu->id];
  struct vgic_hardware *hardware = &vcpu->hardware.vgic;
  hardware->hcr = ICH_HCR_EN;
  hardware->used = 0;
  if (step_is_on(STEP_VGIC_EMPTY) && !list->first) return;

  lock(&list->lock);
  unsigned depth = 0;
  for (struct irq *irq = list->first; irq; irq = irq->next) depth++;
  if (depth > list_register_count) sort(list);
  for (struct irq *irq = list->first; irq; irq = irq->next) {
    lock(&irq->lock);
    if (oracle(irq) == vcpu) {
      if (hardware->used < list_register_count)
        hardware->lr[hardware->used++] = list_register(irq); /* BP: list-register */
      else
        hardware->hcr |= ICH_HCR_UIE; // come back when there is room
    }
    unlock(&irq->lock);
  }
  unlock(&list->lock);
}

static void fold(struct vcpu *vcpu, uint64_t value) {
  struct irq *irq = irq_of(vcpu, lr_id(value));
  bool pending = lr_is_pending(value);
  lock(&irq->lock);
  irq->active = lr_is_active(value);
  if (irq->edge)
    irq->latched = irq->latched || pending;
  else if (!pending)
    irq->latched = false;
  if (pending && has_source(irq->id)) irq->sources |= 1 << lr_source(value);
  unlock(&irq->lock);
}

// Takes an interrupt to the list of another vCPU. The caller holds nothing; neither does this when it returns.
static void migrate(struct irq *irq, struct vcpu *from, struct vcpu *to) {
  struct vcpu *first = from->id < to->id ? from : to, *second = first == from ? to : from;
  if (lock_order_reversed) first = from, second = to;
  lock(&lists[first->id].lock);
  lock(&lists[second->id].lock); /* BP: migrate */
  lock(&irq->lock);
  if (irq->vcpu == from && oracle(irq) == to) {
    struct irq **place = &lists[from->id].first;
    while (*place != irq) place = &(*place)->next;
    *place = irq->next;
    append(&lists[to->id], irq);
    irq->vcpu = to;
  }
  unlock(&irq->lock);
  unlock(&lists[second->id].lock);
  unlock(&lists[first->id].lock);
  vcpu_kick(to);
}

// Only the vCPU itself takes interrupts off its list.
static void prune(struct vcpu *vcpu) {
  struct ap_list *list = &lists[vcpu->id];
  lock(&list->lock);
  struct irq **place = &list->first;
  while (*place) {
    struct irq *irq = *place;
    lock(&irq->lock);
    struct vcpu *wanted = oracle(irq);
    if (!wanted) {
      *place = irq->next;
      irq->vcpu = 0;
    } else if (wanted != vcpu) {
      unlock(&irq->lock);
      unlock(&list->lock);
      migrate(irq, vcpu, wanted);
      lock(&list->lock);
      place = &list->first; // it may be another list by now
      continue;
    } else {
      place = &irq->next;
    }
    unlock(&irq->lock);
  }
  unlock(&list->lock);
}

void vgic_sync(struct vcpu *vcpu) { /* BP: vgic-sync */
  struct vgic_hardware *hardware = &vcpu->hardware.vgic;
  if (step_is_on(STEP_VGIC_EMPTY) && !lists[vcpu->id].first) return;
  for (unsigned index = 0; index < hardware->used; index++) fold(vcpu, hardware->lr[index]);
  hardware->used = 0;
  prune(vcpu);
}

bool vgic_get(struct vcpu *vcpu, enum vgic_property property, unsigned id) {
  struct irq *irq = irq_of(vcpu, id);
  lock(&irq->lock);
  bool value = property == VGIC_ENABLED   ? irq->enabled
               : property == VGIC_PENDING ? is_pending(irq)
               : property == VGIC_ACTIVE  ? irq->active
                                          : irq->edge;
  unlock(&irq->lock);
  return value;
}

void vgic_change(struct vcpu *vcpu, enum vgic_property property, unsigned id, bool value) {
  struct irq *irq = irq_of(vcpu, id);
  lock(&irq->lock);
  switch (property) {
  case VGIC_ENABLED:
    irq->enabled = value;
    break;
  case VGIC_PENDING:
    irq->latched = value;
    break;
  case VGIC_ACTIVE:
    irq->active = value;
    break;
  case VGIC_EDGE:
    irq->edge = value;
    break;
  }
  queue_and_unlock(irq);
}

// One that is on a list stays there until its owner finds that it is wanted elsewhere.
void vgic_set_target(struct vcpu *target, unsigned id) {
  struct irq *irq = irq_of(target, id);
  lock(&irq->lock);
  irq->target = target;
  queue_and_unlock(irq);
}

unsigned vgic_target(struct vcpu *vcpu, unsigned id) {
  return irq_of(vcpu, id)->target->id;
}

uint8_t vgic_priority(struct vcpu *vcpu, unsigned id) {
  return irq_of(vcpu, id)->priority;
}

void vgic_set_priority(struct vcpu *vcpu, unsigned id, uint8_t priority) {
  irq_of(vcpu, id)->priority = priority;
}
