// What the guest finds: the memory map, the interrupts, and what the user asked for.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The same places as on QEMU's `virt` board, so that a kernel's early console works in the host and in the guest.
#define GIC_DISTRIBUTOR 0x08000000ull
#define GIC_CPU 0x08010000ull
#define GIC_REDISTRIBUTORS 0x080a0000ull
#define UART 0x09000000ull
#define UART_SIZE 0x1000ull
#define RAM 0x40000000ull

#define UART_SPI 1
#define TIMER_SECURE_PPI 13
#define TIMER_PHYSICAL_PPI 14
#define TIMER_VIRTUAL_PPI 11
#define TIMER_HYP_PPI 10
#define TIMER_HYP_VIRTUAL_PPI 12
#define MAINTENANCE_PPI 9

#define MAX_CPUS 8

struct options {
  const char *kernel;
  const char *initrd;
  const char *append;
  uint64_t memory; // bytes
  unsigned cpus;
  unsigned gic;
  bool el2; // the guest starts at EL2 (FEAT_NV2 in the host's PE)
};

struct machine {
  const struct options *options;
  int kvm;
  int vm;
  int vcpus[MAX_CPUS];
  uint8_t *ram;
  uint64_t entry;
  uint64_t device_tree;
  uint64_t initrd_start;
  uint64_t initrd_end;
};

// Prints one line on standard error and ends the process with code 2.
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

// An ioctl that must succeed; `what` names it in the message.
int must(int fd, unsigned long request, void *argument, const char *what);

// Creates the VM's interrupt controller; all vCPUs exist already.
void gic_create(const struct machine *machine);

// Drives an SPI's level.
void gic_set_spi(const struct machine *machine, unsigned spi, bool level);

// Puts kernel, initrd and device tree into the guest's memory.
void load_images(struct machine *machine);

// Writes a device tree for the machine; returns its size in bytes.
size_t write_device_tree(const struct machine *machine, uint8_t *blob, size_t room);

// Creates one vCPU. All but the first wait for PSCI CPU_ON.
void vcpu_create(struct machine *machine, unsigned index);

// Runs one vCPU until the guest switches off, which ends the process.
void vcpu_run(struct machine *machine, unsigned index);
