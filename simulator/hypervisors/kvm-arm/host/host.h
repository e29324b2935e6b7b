// The host kernel: as much of one as a hypervisor needs below it. One process with a thread on each PE, no scheduler.
#pragma once

#include "../vcpu.h"
#include "calls.h"
#include <stdint.h>

// Number of the PE that this is.
unsigned this_pe(void);

// Interrupts of the host. They are masked in the kernel but here: those that wait are taken now.
void interrupt_window(void);

// Waits until an interrupt is pending, without taking it.
static inline void wait_for_interrupt(void) {
  __asm__ volatile("dsb sy; wfi" ::: "memory");
}

// Ends everything with a sentence.
_Noreturn void give_up(const char *what, uint64_t syndrome, uint64_t address);

// Translation tables. In tables.c.
void host_tables_prepare(void);
void host_stage1_enable(void);

// Stage 2 of a guest. In stage2.c.
uint64_t stage2_control(void); // VTCR_EL2
uint64_t stage2_prepare(void); // the root of the tables

// The physical GIC. In gic.c.
#define INTERRUPT_KICK 0        // SGI: look at what your vCPU has got
#define INTERRUPT_MAINTENANCE 25 // PPI: the virtual CPU interface wants something
#define INTERRUPT_GUEST_TIMER 27 // PPI: the virtual timer
#define INTERRUPT_NONE 1023
void gic_prepare(void);     // on PE 0
void gic_prepare_pe(void);  // on each PE
uint64_t gic_acknowledge(void); // the interrupt in bits 9:0; the others are for the next two
void gic_drop_priority(uint64_t acknowledged); // the interrupt is handled but stays active
void gic_deactivate(uint64_t acknowledged);
void gic_send(unsigned pe, uint64_t id);
void gic_set_active(uint64_t id, bool active); // of a private interrupt of this PE

// Called by the vectors.
void host_interrupt(void);
struct user_frame;
void host_user_sync(struct user_frame *frame);

// The kernel's answer to SVC. In syscalls.c.
uint64_t system_call(uint64_t number, uint64_t argument);

// To EL0, for good: the VMM comes back by SVC only.
_Noreturn void enter_user(void (*program)(uint64_t), void *stack, uint64_t argument);
