// The guest: a program at EL1 that does one of each of the things that need a hypervisor. It cannot share code with the
// hypervisor, whose memory it cannot even name.

#include "../common/pl011.h"
#include "../common/psci.h"
#include "../common/registers.h"
#include "calls.h"

static volatile unsigned interrupts;

static uint64_t hypercall(uint64_t function) {
  register uint64_t x0 __asm__("x0") = function;
  __asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
  return x0;
}

// Each access to the UART is an exit, and the guest can't tell.
static void say(const char *text) {
  for (; *text; text++) {
    while (*device(PL011_BASE + PL011_FR) & PL011_FR_TXFF) {
    }
    *device(PL011_BASE + PL011_DR) = (unsigned char)*text;
  }
}

static void enable_interrupts(void) {
  write_register(icc_sre_el1, 1);
  isb();
  write_register(icc_pmr_el1, 0xff);
  write_register(icc_igrpen1_el1, 1);
  isb();
  __asm__ volatile("msr daifclr, #2" ::: "memory");
}

// Acknowledging and completing go to the virtual CPU interface: no exit. Only the words in between are exits.
void guest_interrupt(void) {
  uint64_t id = read_register(icc_iar1_el1); /* BP: guest-irq */
  say(id == 27 ? "interrupt 27 acknowledged\n" : "an interrupt that nobody expects\n");
  interrupts++;
  write_register(icc_eoir1_el1, id); /* BP: guest-eoi */
}

void guest_fault(void) {
  say("an exception that nobody expects\n");
  hypercall(PSCI_SYSTEM_OFF);
}

void guest_main(void) {
  say("hello from EL1\n");

  if (hypercall(PSCI_VERSION) == (1 << 16 | 1)) say("PSCI 1.1\n");

  uint64_t features = read_register(id_aa64pfr0_el1);
  say(bits(features, 11, 8) ? "this PE has EL2\n" : "this PE has no EL2\n");

  enable_interrupts();
  __asm__ volatile("wfi" ::: "memory"); /* BP: guest-wfi */
  say("woken up\n");

  hypercall(CALL_ALARM);
  while (interrupts < 2) {
  }
  say("the alarm came\n");

  hypercall(PSCI_SYSTEM_OFF);
}
