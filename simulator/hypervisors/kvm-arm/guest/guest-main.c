// The guest, from its MMU to the end.

#include "../../common/psci.h"
#include "../registers.h"
#include "guest.h"

#define PSCI_CPU_ON 0xc4000003

extern char guest_entry[];

static volatile int second_is_up;

// Which of the programs runs: changed in the image by whoever loads it, or in memory before the guest begins.
volatile uint32_t guest_program = 0;

static const struct guest_program programs[] = {
    {micro_benchmarks, 0},
    {workloads, 0},
    {processes, 0},
    {storm, storm_second},
    {checks, 0},
};

static const struct guest_program *program(void) {
  uint32_t number = guest_program;
  return &programs[number < sizeof programs / sizeof programs[0] ? number : 0];
}

uint64_t guest_hypercall(uint64_t function, uint64_t argument1, uint64_t argument2, uint64_t argument3) {
  register uint64_t x0 __asm__("x0") = function;
  register uint64_t x1 __asm__("x1") = argument1;
  register uint64_t x2 __asm__("x2") = argument2;
  register uint64_t x3 __asm__("x3") = argument3;
  __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory"); /* BP: guest-hvc */
  return x0;
}

void guest_end(void) {
  guest_hypercall(PSCI_SYSTEM_OFF, 0, 0, 0);
  for (;;) __asm__ volatile("wfi");
}

volatile uint64_t guest_undefined_expected;

uint64_t guest_fault(uint64_t esr, uint64_t elr) {
  if (guest_undefined_expected && bits(esr, 31, ESR_EC_SHIFT) == 0) {
    guest_undefined_expected = 0;
    return elr + 4;
  }
  guest_print("An exception in the guest: ESR %u, ELR %u.\n", esr, elr);
  guest_end();
}

static int start_second(void) {
  if (guest_hypercall(PSCI_CPU_ON, 1, (uint64_t)guest_entry, 1) != 0) return 0;
  while (!second_is_up) {
  }
  return 1;
}

void guest_main(uint64_t vcpu) {
  guest_interrupts_prepare(vcpu);
  if (vcpu != 0) {
    // Spins in the guest, so that its interrupts have to fetch it out.
    second_is_up = 1;
    if (program()->second) program()->second();
    for (;;) __asm__ volatile("yield");
  }
  guest_fp_write(0x40490fdb);
  program()->first(start_second());
  guest_print(guest_fp_read() == 0x40490fdb ? "FP registers kept\n" : "FP registers lost\n");
  guest_end();
}
