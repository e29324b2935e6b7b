// The guest: a small kernel at EL1 that measures what its exits cost.
#pragma once

#include <stdint.h>

void guest_enable_mmu(void);
void guest_interrupts_prepare(uint64_t vcpu);
void guest_print(const char *format, ...); // %s and %u (uint64_t); %l is %s, padded to 12
uint64_t guest_hypercall(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);
void guest_interrupt(void);                                 // the handler of interrupts
uint64_t guest_fault(uint64_t esr, uint64_t elr); // an exception: returns where to go on, or says what happened and ends
_Noreturn void guest_end(void);                             // turns the machine off
void guest_fp_write(uint64_t value);
uint64_t guest_fp_read(void);

void guest_send(uint64_t id, unsigned vcpu);      // a software generated interrupt to a vCPU
void guest_complete(uint64_t acknowledged);       // an interrupt, by what acknowledging it gave

extern unsigned guest_gic_version; // 2 or 3

// Interrupts that came, by number, on whichever vCPU.
extern volatile uint64_t guest_interrupts[64];

// A program of the guest: what each vCPU does. `second_vcpu` says whether there is one.
struct guest_program {
  void (*first)(int second_vcpu);
  void (*second)(void); // null for one that only takes its interrupts
};

void micro_benchmarks(int second_vcpu); // in guest-bench.c
void workloads(int second_vcpu);        // in guest-workloads.c
void processes(int second_vcpu);        // in guest-processes.c
void storm(int second_vcpu);            // in guest-storm.c
void storm_second(void);
void checks(int second_vcpu); // in guest-checks.c

// Nonzero while the next undefined instruction is meant: it is skipped, and this becomes 0.
extern volatile uint64_t guest_undefined_expected;
