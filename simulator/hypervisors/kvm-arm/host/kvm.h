// The parts of KVM in the host kernel.
#pragma once

#include "host.h"

// In run.c.
void vm_create(unsigned vcpu_count);
struct vcpu *vcpu_find(uint64_t number); // null when there is none
uint64_t vcpu_run(struct vcpu *vcpu);    // an `enum exit_reason`
void vcpu_power_on(struct vcpu *vcpu, uint64_t pc, uint64_t argument);
void vcpu_kick(struct vcpu *vcpu);  // makes it look at what it has got
void vcpu_block(struct vcpu *vcpu); // waits until it has got something

// In load.c.
void vcpu_load(struct vcpu *vcpu);
void vcpu_put(struct vcpu *vcpu);

// In vmid.c: gives the VM a VMID that no other has in this generation.
void update_vmid(struct vcpu *vcpu);

// In exits.c.
enum exit_reason handle_exit(struct vcpu *vcpu, unsigned exit);
void print_exits(void);
enum exit_reason report(struct vcpu *vcpu);

// In mmio.c.
enum exit_reason handle_mmio(struct vcpu *vcpu);
void finish_user_read(struct vcpu *vcpu);

// In io-bus.c: memory of the guest, and devices of the kernel by their place.
typedef void (*io_access)(struct vcpu *vcpu, uint64_t offset, bool is_write, unsigned size, uint64_t *value);
void memory_slot_add(uint64_t base, uint64_t size);
bool is_guest_memory(uint64_t ipa);
void io_register(uint64_t base, uint64_t size, struct vcpu *owner, io_access access); // `owner` null: the accessing vCPU's
bool io_bus_access(struct vcpu *vcpu, uint64_t ipa, bool is_write, unsigned size, uint64_t *value); // false: no device
void vgic_register(struct vm *vm); // in vgic-mmio.c
void vhost_register(void);         // in vhost.c
// Finds by halves in a sorted array; null when it is not there. `compare` is less than, equal to or greater than 0.
const void *search(uint64_t key, const void *array, unsigned count, unsigned size,
                   int (*compare)(uint64_t key, const void *element));

// In system-registers.c.
enum exit_reason handle_system_register(struct vcpu *vcpu);
uint64_t read_guest_sysreg(struct vcpu *vcpu, unsigned place);
void write_guest_sysreg(struct vcpu *vcpu, unsigned place, uint64_t value);
void inject_undefined(struct vcpu *vcpu);

// In psci-calls.c.
enum exit_reason handle_call(struct vcpu *vcpu);

// In timer.c.
void timer_load(struct vcpu *vcpu);
void timer_flush(struct vcpu *vcpu);
void timer_sync(struct vcpu *vcpu);
void timer_interrupt(void);
void timer_alarm(struct vcpu *vcpu); // a physical interrupt when the guest's timer expires
void timer_alarm_interrupt(void);

#if VHE
#define INTERRUPT_HOST_TIMER 26 // CNTHP, which a host at EL2 calls CNTP
#else
#define INTERRUPT_HOST_TIMER 30 // CNTP
#endif

// The VGIC: vgic-new.c or vgic-old.c.
extern const char vgic_name[];
enum vgic_property { VGIC_ENABLED, VGIC_PENDING, VGIC_ACTIVE, VGIC_EDGE };
void vgic_create(struct vm *vm);
void vgic_set_line(struct vcpu *vcpu, unsigned id, bool level); // a device of the VM moves its line
void vgic_send(struct vcpu *target, unsigned id, struct vcpu *source); // a software generated interrupt
bool vgic_has_work(struct vcpu *vcpu);                          // something that could be delivered
bool vgic_in_flight(struct vcpu *vcpu, unsigned id);
bool vgic_has_signal(struct vcpu *vcpu); // something that is not being handled already; the new VGIC only
void vgic_flush(struct vcpu *vcpu); // before entry: state to list registers
void vgic_sync(struct vcpu *vcpu);  // after exit: list registers to state
bool vgic_get(struct vcpu *vcpu, enum vgic_property property, unsigned id);
void vgic_change(struct vcpu *vcpu, enum vgic_property property, unsigned id, bool value);
void vgic_set_target(struct vcpu *target, unsigned id); // to whom a shared interrupt goes
unsigned vgic_target(struct vcpu *vcpu, unsigned id);
uint8_t vgic_priority(struct vcpu *vcpu, unsigned id);
void vgic_set_priority(struct vcpu *vcpu, unsigned id, uint8_t priority);
#define VGIC_PRIVATE 32
#define VGIC_INTERRUPTS 64

// General registers; 31 is the zero register.
static inline uint64_t get_x(struct vcpu *vcpu, unsigned number) {
  return number == 31 ? 0 : vcpu->guest.x[number];
}

static inline void set_x(struct vcpu *vcpu, unsigned number, uint64_t value) {
  if (number != 31) vcpu->guest.x[number] = value;
}

// The instruction has been done for the guest: it continues behind it.
static inline void skip_instruction(struct vcpu *vcpu) {
  vcpu->guest.pc += 4;
}
