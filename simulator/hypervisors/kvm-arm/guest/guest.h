// The guest: a small kernel at EL1 that measures what its exits cost.
#pragma once

#include <stdint.h>

void guest_enable_mmu(void);
void guest_interrupts_prepare(uint64_t vcpu);
void guest_print(const char *format, ...); // %s and %u (uint64_t); %l is %s, padded to 12
uint64_t guest_hypercall(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);
void guest_fp_write(uint64_t value);
uint64_t guest_fp_read(void);

void guest_send(uint64_t id, unsigned vcpu);      // a software generated interrupt to a vCPU
void guest_complete(uint64_t acknowledged);       // an interrupt, by what acknowledging it gave

// Interrupts that came, by number, on whichever vCPU.
extern volatile uint64_t guest_interrupts[32];

// The measurements. In guest-bench.c.
void bench_all(int second_vcpu);
