// A hypervisor with one guest: what the guest may do by itself, and what it has done for it.

#include "hypervisor.h"

// HCR_EL2.
#define HCR_VM (1ull << 0)   // stage 2 is on
#define HCR_IMO (1ull << 4)  // physical interrupts go to EL2
#define HCR_TWI (1ull << 13) // WFI traps
#define HCR_RW (1ull << 31)  // EL1 is AArch64

// VTCR_EL2: 4 KiB pages, 39 bits of IPA, so that the walk starts at level 1; write-back tables; 40 bits of PA.
#define VTCR (1ull << 31 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | (64 - 39))

// A stage-2 block: AF, inner shareable, reads and writes, normal write-back memory.
#define BLOCK (1 << 10 | 3 << 8 | 3 << 6 | 0xf << 2 | 1)

#define SCTLR_EL1_OFF 0x30d00800 // the bits that are 1 whatever the features are; the MMU is off
#define SPSR_EL1H (0xf << 6 | 5) // EL1 with SP_EL1, all interrupts masked

// ESR_EL2.
#define EC_WFX 0x01
#define EC_HVC 0x16
#define EC_DATA_ABORT 0x24

#define UART 0x09000000ull
#define PSCI_SYSTEM_OFF 0x84000008

extern char guest_stack_top[];

static struct vcpu vcpu;
static uint64_t stage2[512] __attribute__((aligned(4096)));

static void put(char character) {
  volatile uint32_t *uart = (volatile uint32_t *)UART;
  while (uart[6] & 1 << 5) { // UARTFR.TXFF: the FIFO is full.
  }
  uart[0] = (unsigned char)character;
}

static void print(const char *text) {
  while (*text) put(*text++);
}

static _Noreturn void power_off(void) {
  register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;
  __asm__ volatile("smc #0" : "+r"(x0)::"memory");
  for (;;) __asm__ volatile("wfi");
}

/** The guest has the first GiB of RAM, at the address where it is; it has no device. */
static void start_guest(void) {
  stage2[1] = 0x40000000 | BLOCK;
  __asm__ volatile("dsb ish" ::: "memory");
  write_register(vtcr_el2, VTCR);
  write_register(vttbr_el2, (1ull << 48) | (uintptr_t)stage2); // VMID 1
  write_register(hcr_el2, HCR_RW | HCR_VM | HCR_IMO | HCR_TWI);
  write_register(sctlr_el1, SCTLR_EL1_OFF);
  write_register(sp_el1, (uintptr_t)guest_stack_top);
  __asm__ volatile("isb; tlbi vmalls12e1; dsb nsh; isb" ::: "memory");
  vcpu.pc = (uintptr_t)guest_main;
  vcpu.pstate = SPSR_EL1H;
}

/** A load or store where stage 2 maps nothing. ESR_EL2.ISS says which register it is, and in what direction. */
static void handle_data_abort(uint64_t esr) {
  // HPFAR_EL2 has the page of the IPA, FAR_EL2 the address within it.
  uint64_t ipa = (read_register(hpfar_el2) >> 4) << 12 | (read_register(far_el2) & 0xfff);
  unsigned target = esr >> 16 & 31;
  int is_write = esr >> 6 & 1;
  if (ipa == UART && is_write) put(target == 31 ? 0 : vcpu.x[target]);
  else if (!is_write && target != 31) vcpu.x[target] = 0;
  vcpu.pc += 4;
}

/** Does what the guest left for; 0 when the guest has finished. */
static int handle_exit(unsigned reason) {
  uint64_t esr = read_register(esr_el2);
  if (reason != EXIT_SYNC) return 1;
  switch (esr >> 26) {
  case EC_HVC:
    if (vcpu.x[0] == PSCI_SYSTEM_OFF) return 0;
    vcpu.x[0] = -1; // SMCCC: not supported
    return 1;
  case EC_DATA_ABORT:
    handle_data_abort(esr);
    return 1;
  case EC_WFX:
    vcpu.pc += 4;
    return 1;
  default:
    print("The guest did something that nobody handles: look at ESR_EL2.\n");
    return 0;
  }
}

int main(void) {
  print("The hypervisor runs.\n");
  start_guest();
  while (handle_exit(vcpu_run(&vcpu))) {
  }
  print("The guest has finished.\n");
  power_off();
}
