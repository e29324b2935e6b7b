// The guest. It believes to have a UART, which the hypervisor plays, and to be alone.

#include "hypervisor.h"

#define UART_DATA ((volatile uint32_t *)0x09000000)
#define PSCI_SYSTEM_OFF 0x84000008

void guest_main(void) {
  // Each store goes to a page that stage 2 does not map: a trap.
  for (const char *text = "Hello from EL1.\n"; *text; text++) *UART_DATA = (unsigned char)*text;

  register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;
  __asm__ volatile("hvc #0" : "+r"(x0)::"memory");
  for (;;) __asm__ volatile("wfi");
}
