// The VMM: a process at EL0 of the host, with a thread for each vCPU. It has the devices that the kernel has not.

#include "../host/calls.h"

uint64_t vmm_call(uint64_t argument, uint64_t number);

// The UART of the guest, as far as a guest that prints needs it.
#define UART 0x09000000
#define UART_SIZE 0x1000
#define UART_DATA 0x00

// The first slot for virtio devices. It is empty, and says so (Virtual I/O Device specification 1.1, 4.2.2).
#define VIRTIO 0x0a000000
#define VIRTIO_SIZE 0x200
#define VIRTIO_MAGIC 0x00
#define VIRTIO_VERSION 0x04

static void put(char c) {
  vmm_call((uint64_t)(unsigned char)c, CALL_PUT);
}

static void say(const char *text) {
  for (; *text; text++) {
    if (*text == '\n') put('\r');
    put(*text);
  }
}

static void say_number(uint64_t value) {
  say("0x");
  for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

static void write_device(uint64_t address, uint64_t value) {
  if (address == UART + UART_DATA) put((char)value);
}

static uint64_t read_device(uint64_t address) {
  switch (address) {
  case VIRTIO + VIRTIO_MAGIC:
    return 0x74726976;
  case VIRTIO + VIRTIO_VERSION:
    return 2;
  default:
    return 0; // no flag of the UART is ever set, and the virtio device has the number of none
  }
}

static int is_device(uint64_t address) {
  return address - UART < UART_SIZE || address - VIRTIO < VIRTIO_SIZE;
}

static void report(const struct kvm_run *run) {
  say("\nThe guest cannot go on: ESR ");
  say_number(run->esr);
  say(", PC ");
  say_number(run->pc);
  say(", address ");
  say_number(run->address);
  say(".\n");
}

static void finish(void) {
  vmm_call(0, CALL_STATISTICS);
  vmm_call(0, CALL_POWER_OFF);
}

// On each PE; `thread` is the number of the vCPU that it runs.
void vmm_main(uint64_t thread) {
  struct kvm_run *run = (struct kvm_run *)vmm_call(thread, CALL_RUN_PAGE);
  for (;;) {
    switch (vmm_call(thread, CALL_VCPU_RUN)) { /* BP: vmm-run */
    case NEEDS_MMIO:
      if (!is_device(run->address)) {
        report(run);
        return finish();
      }
      if (run->is_write)
        write_device(run->address, run->data); /* BP: vmm-write */
      else
        run->data = read_device(run->address); /* BP: vmm-read */
      break;
    case NEEDS_REPORT:
      report(run);
      return finish();
    case NEEDS_OFF:
      return finish();
    }
  }
}
