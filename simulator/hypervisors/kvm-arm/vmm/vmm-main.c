// The VMM: a process at EL0 of the host, with a thread for each vCPU. It has the devices that the kernel has not.

#include "../host/calls.h"
#include "../lock.h"

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

static uint64_t read_uart(uint64_t offset) {
  (void)offset;
  return 0; // no flag is ever set
}

static void write_uart(uint64_t offset, uint64_t value) {
  if (offset == UART_DATA) put((char)value);
}

static uint64_t read_virtio(uint64_t offset) {
  switch (offset) {
  case VIRTIO_MAGIC:
    return 0x74726976;
  case VIRTIO_VERSION:
    return 2;
  default:
    return 0; // its number is that of no device
  }
}

static void write_virtio(uint64_t offset, uint64_t value) {
  (void)offset, (void)value;
}

static const struct device {
  uint64_t base, size;
  uint64_t (*read)(uint64_t offset);
  void (*write)(uint64_t offset, uint64_t value);
} devices[] = {
    {UART, UART_SIZE, read_uart, write_uart},
    {VIRTIO, VIRTIO_SIZE, read_virtio, write_virtio},
};

// The devices belong to all threads.
static struct lock devices_lock;

// Does what the guest wanted. Returns 0 when there is no such device.
static int access_device(struct kvm_run *run) {
  lock(&devices_lock);
  const struct device *found = 0;
  for (unsigned index = 0; index < sizeof devices / sizeof devices[0] && !found; index++)
    if (run->address - devices[index].base < devices[index].size) found = &devices[index];
  if (found && run->is_write)
    found->write(run->address - found->base, run->data); /* BP: vmm-write */
  else if (found)
    run->data = found->read(run->address - found->base); /* BP: vmm-read */
  unlock(&devices_lock);
  return found != 0;
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
      if (access_device(run)) break;
      report(run);
      return finish();
    case NEEDS_REPORT:
      report(run);
      return finish();
    case NEEDS_OFF:
      return finish();
    }
  }
}
