#include "psci.h"

uint64_t psci_call(uint64_t function, uint64_t argument1, uint64_t argument2, uint64_t argument3) {
  register uint64_t x0 __asm__("x0") = function;
  register uint64_t x1 __asm__("x1") = argument1;
  register uint64_t x2 __asm__("x2") = argument2;
  register uint64_t x3 __asm__("x3") = argument3;
  // Every register that the SMC Calling Convention lets a callee change.
  __asm__ volatile("smc #0"
                   : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                   :
                   : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                     "memory");
  return x0;
}

_Noreturn void psci_system_off(void) {
  psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
  for (;;) __asm__ volatile("wfi");
}
