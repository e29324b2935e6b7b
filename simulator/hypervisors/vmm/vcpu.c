#include "machine.h"
#include "uart.h"
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

// Not in the headers of older C libraries.
#define FEATURE_HAS_EL2 7

#define CORE(field) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))

static void set_register(int vcpu, uint64_t id, uint64_t value) {
  struct kvm_one_reg argument = {.id = id, .addr = (uintptr_t)&value};
  must(vcpu, KVM_SET_ONE_REG, &argument, "set a register");
}

void vcpu_create(struct machine *machine, unsigned index) {
  int vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, (unsigned long)index);
  if (vcpu < 0) fail("KVM cannot create vCPU %u: %s.", index, strerror(errno));
  machine->vcpus[index] = vcpu;

  struct kvm_vcpu_init init;
  must(machine->vm, KVM_ARM_PREFERRED_TARGET, &init, "find the kind of vCPU");
  memset(init.features, 0, sizeof init.features);
  init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
  if (index > 0) init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
  if (machine->options->el2) init.features[0] |= 1u << FEATURE_HAS_EL2;
  // KVM gives a guest both kinds of pointer authentication or neither.
  if (ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0)
    init.features[0] |= 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS | 1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
  must(vcpu, KVM_ARM_VCPU_INIT, &init, machine->options->el2 ? "start a vCPU with EL2" : "start a vCPU");
}

static void access_device(struct kvm_run *run) {
  uint64_t offset = run->mmio.phys_addr - UART;
  uint32_t value = 0;
  if (offset >= UART_SIZE)
    fail("The guest accessed 0x%llx, where nothing is.", (unsigned long long)run->mmio.phys_addr);
  if (run->mmio.is_write) {
    memcpy(&value, run->mmio.data, run->mmio.len < 4 ? run->mmio.len : 4);
    uart_write(offset, value);
  } else {
    value = uart_read(offset);
    memset(run->mmio.data, 0, sizeof run->mmio.data);
    memcpy(run->mmio.data, &value, run->mmio.len < 4 ? run->mmio.len : 4);
  }
}

static void system_event(const struct kvm_run *run) {
  switch (run->system_event.type) {
  case KVM_SYSTEM_EVENT_SHUTDOWN: exit(0);
  case KVM_SYSTEM_EVENT_RESET: exit(1);
  default: fail("The guest ended by system event %u.", run->system_event.type);
  }
}

void vcpu_run(struct machine *machine, unsigned index) {
  int vcpu = machine->vcpus[index];
  size_t size = (size_t)must(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "tell the size of a vCPU's page");
  struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  if (run == MAP_FAILED) fail("The page of vCPU %u cannot be mapped: %s.", index, strerror(errno));
  if (index == 0) {
    // Linux documentation, "Booting AArch64 Linux": x0 is the device tree, the other arguments are 0.
    set_register(vcpu, CORE(regs.pc), machine->entry);
    set_register(vcpu, CORE(regs.regs[0]), machine->device_tree);
  }
  for (;;) {
    if (ioctl(vcpu, KVM_RUN, 0) < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      fail("vCPU %u cannot run: %s.", index, strerror(errno));
    }
    switch (run->exit_reason) {
    case KVM_EXIT_MMIO: access_device(run); break;
    case KVM_EXIT_SYSTEM_EVENT: system_event(run); break;
    case KVM_EXIT_INTR: break;
    default: fail("vCPU %u left the guest for reason %u, which this VMM does not know.", index, run->exit_reason);
    }
  }
}
