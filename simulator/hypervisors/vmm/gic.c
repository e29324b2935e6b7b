// The guest's interrupt controller, which KVM emulates (Linux documentation, "ARM Virtual Generic Interrupt Controller").
#include "machine.h"
#include <linux/kvm.h>
#include <sys/ioctl.h>

#define SPIS 64

// Not in the headers of older C libraries.
#define GROUP_MAINTENANCE_INTERRUPT 9

static void set(int device, uint32_t group, uint64_t attribute, void *value, const char *what) {
  struct kvm_device_attr argument = {.group = group, .attr = attribute, .addr = (uintptr_t)value};
  must(device, KVM_SET_DEVICE_ATTR, &argument, what);
}

void gic_create(const struct machine *machine) {
  bool v3 = machine->options->gic == 3;
  struct kvm_create_device create = {.type = v3 ? KVM_DEV_TYPE_ARM_VGIC_V3 : KVM_DEV_TYPE_ARM_VGIC_V2};
  must(machine->vm, KVM_CREATE_DEVICE, &create, v3 ? "create a GICv3" : "create a GICv2");
  int device = (int)create.fd;

  uint32_t interrupts = 32 + SPIS;
  set(device, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts, "set the number of interrupts");
  uint64_t distributor = GIC_DISTRIBUTOR;
  uint64_t other = v3 ? GIC_REDISTRIBUTORS : GIC_CPU;
  set(device, KVM_DEV_ARM_VGIC_GRP_ADDR, v3 ? KVM_VGIC_V3_ADDR_TYPE_DIST : KVM_VGIC_V2_ADDR_TYPE_DIST, &distributor,
      "place the distributor");
  set(device, KVM_DEV_ARM_VGIC_GRP_ADDR, v3 ? KVM_VGIC_V3_ADDR_TYPE_REDIST : KVM_VGIC_V2_ADDR_TYPE_CPU, &other,
      v3 ? "place the redistributors" : "place the CPU interface");
  if (machine->options->el2) {
    uint32_t maintenance = 16 + MAINTENANCE_PPI;
    struct kvm_device_attr argument = {.group = GROUP_MAINTENANCE_INTERRUPT, .addr = (uintptr_t)&maintenance};
    // Older kernels have neither the attribute nor nested virtualization with a GIC.
    if (ioctl(device, KVM_HAS_DEVICE_ATTR, &argument) == 0)
      must(device, KVM_SET_DEVICE_ATTR, &argument, "choose the maintenance interrupt");
  }
  set(device, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, "start the GIC");
}

void gic_set_spi(const struct machine *machine, unsigned spi, bool level) {
  struct kvm_irq_level line = {.irq = (KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT) | (32 + spi), .level = level};
  must(machine->vm, KVM_IRQ_LINE, &line, "drive an interrupt");
}
