// A small virtual machine monitor for Linux guests on arm64: /dev/kvm, memory, vCPUs, a GIC and a UART. Tests use it
// where a large one would take longer to load than to run.
//
//   vmm --kernel Image [--initrd FILE] [--append TEXT] [--memory MIB] [--cpus N] [--gic 2|3] [--el2]
//
// Exit codes: 0 the guest switched off, 1 it asked for a reset, 2 anything else, with a line on standard error.
#include "machine.h"
#include "uart.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static struct machine machine;

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  uart_restore_terminal();
  fputs("vmm: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(2);
}

int must(int fd, unsigned long request, void *argument, const char *what) {
  int result = ioctl(fd, request, argument);
  if (result < 0) fail("KVM cannot %s: %s.", what, strerror(errno));
  return result;
}

static unsigned long number(const char *option, const char *text, unsigned long least, unsigned long most) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (*text == 0 || *end != 0 || value < least || value > most)
    fail("%s takes a number from %lu to %lu, not \"%s\".", option, least, most, text);
  return value;
}

static struct options parse(int count, char **arguments) {
  struct options options = {.append = "console=ttyAMA0", .memory = 256ull << 20, .cpus = 1, .gic = 3};
  for (int index = 1; index < count; index++) {
    const char *option = arguments[index];
    if (strcmp(option, "--el2") == 0) {
      options.el2 = true;
      continue;
    }
    const char *value = index + 1 < count ? arguments[++index] : NULL;
    if (value == NULL) fail("%s is no option, or its value is missing.", option);
    if (strcmp(option, "--kernel") == 0) options.kernel = value;
    else if (strcmp(option, "--initrd") == 0) options.initrd = value;
    else if (strcmp(option, "--append") == 0) options.append = value;
    else if (strcmp(option, "--memory") == 0) options.memory = (uint64_t)number(option, value, 16, 65536) << 20;
    else if (strcmp(option, "--cpus") == 0) options.cpus = (unsigned)number(option, value, 1, MAX_CPUS);
    else if (strcmp(option, "--gic") == 0) options.gic = (unsigned)number(option, value, 2, 3);
    else fail("There is no option %s.", option);
  }
  if (options.kernel == NULL) fail("Which kernel? Give its Image with --kernel.");
  return options;
}

static void *run_vcpu(void *index) {
  vcpu_run(&machine, (unsigned)(uintptr_t)index);
  return NULL;
}

int main(int count, char **arguments) {
  struct options options = parse(count, arguments);
  machine.options = &options;
  machine.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (machine.kvm < 0) fail("/dev/kvm cannot be opened: %s.", strerror(errno));
  machine.vm = must(machine.kvm, KVM_CREATE_VM, NULL, "create a VM");
  machine.ram = mmap(NULL, options.memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (machine.ram == MAP_FAILED) fail("There is no memory for the guest: %s.", strerror(errno));
  struct kvm_userspace_memory_region region = {
      .guest_phys_addr = RAM, .memory_size = options.memory, .userspace_addr = (uintptr_t)machine.ram};
  must(machine.vm, KVM_SET_USER_MEMORY_REGION, &region, "give the guest memory");

  for (unsigned index = 0; index < options.cpus; index++) vcpu_create(&machine, index);
  gic_create(&machine);
  load_images(&machine);
  atexit(uart_restore_terminal);
  uart_start(&machine);
  for (unsigned index = 1; index < options.cpus; index++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_vcpu, (void *)(uintptr_t)index) != 0) fail("A vCPU's thread cannot be started.");
  }
  vcpu_run(&machine, 0);
}
