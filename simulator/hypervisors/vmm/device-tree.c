// Writes the guest's device tree in the flattened form (Devicetree Specification 0.4, chapter 5).
#include "machine.h"
#include <stdio.h>
#include <string.h>

#define PHANDLE_GIC 1
#define PHANDLE_CLOCK 2
#define SPI 0
#define PPI 1
#define LEVEL 4
#define HEADER_BYTES 40
#define RESERVED_BYTES 16

static uint8_t *at, *end;
static char strings[1024];
static size_t strings_length;

static void word(uint32_t value) {
  if (end - at < 4) fail("The device tree does not fit: the kernel's command line is too long.");
  for (int shift = 24; shift >= 0; shift -= 8) *at++ = (uint8_t)(value >> shift);
}

static void bytes(const void *data, size_t length) {
  size_t padded = (length + 3) & ~(size_t)3;
  if ((size_t)(end - at) < padded) fail("The device tree does not fit: the kernel's command line is too long.");
  memset(at, 0, padded);
  memcpy(at, data, length);
  at += padded;
}

static uint32_t string(const char *name) {
  for (size_t known = 0; known < strings_length; known += strlen(strings + known) + 1)
    if (strcmp(strings + known, name) == 0) return (uint32_t)known;
  size_t offset = strings_length;
  if (offset + strlen(name) + 1 > sizeof strings) fail("The device tree has too many names.");
  strcpy(strings + offset, name);
  strings_length += strlen(name) + 1;
  return (uint32_t)offset;
}

static void begin(const char *name) {
  word(1);
  bytes(name, strlen(name) + 1);
}

static void finish(void) { word(2); }

static void property(const char *name, const void *data, size_t length) {
  word(3);
  word((uint32_t)length);
  word(string(name));
  bytes(data, length);
}

static void text(const char *name, const char *value) { property(name, value, strlen(value) + 1); }

static void cells(const char *name, size_t count, const uint32_t *values) {
  word(3);
  word((uint32_t)count * 4);
  word(string(name));
  for (size_t index = 0; index < count; index++) word(values[index]);
}

#define CELLS(name, ...) \
  cells(name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

// Addresses and sizes take two cells.
#define WIDE(value) (uint32_t)((uint64_t)(value) >> 32), (uint32_t)(value)

static void cpus(const struct options *options) {
  begin("cpus");
  CELLS("#address-cells", 1);
  CELLS("#size-cells", 0);
  for (unsigned index = 0; index < options->cpus; index++) {
    char name[16];
    snprintf(name, sizeof name, "cpu@%x", index);
    begin(name);
    text("device_type", "cpu");
    text("compatible", "arm,armv8");
    text("enable-method", "psci");
    CELLS("reg", index);
    finish();
  }
  finish();
}

static void gic(const struct options *options) {
  bool v3 = options->gic == 3;
  begin("interrupt-controller@8000000");
  text("compatible", v3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
  property("interrupt-controller", NULL, 0);
  CELLS("#interrupt-cells", 3);
  CELLS("phandle", PHANDLE_GIC);
  if (v3)
    CELLS("reg", WIDE(GIC_DISTRIBUTOR), WIDE(0x10000), WIDE(GIC_REDISTRIBUTORS), WIDE(options->cpus * 0x20000));
  else
    CELLS("reg", WIDE(GIC_DISTRIBUTOR), WIDE(0x1000), WIDE(GIC_CPU), WIDE(0x2000));
  if (options->el2) CELLS("interrupts", PPI, MAINTENANCE_PPI, LEVEL);
  finish();
}

static void timer(const struct options *options) {
  begin("timer");
  text("compatible", "arm,armv8-timer");
  property("always-on", NULL, 0);
  if (options->el2)
    CELLS("interrupts", PPI, TIMER_SECURE_PPI, LEVEL, PPI, TIMER_PHYSICAL_PPI, LEVEL, PPI, TIMER_VIRTUAL_PPI, LEVEL, PPI,
          TIMER_HYP_PPI, LEVEL, PPI, TIMER_HYP_VIRTUAL_PPI, LEVEL);
  else
    CELLS("interrupts", PPI, TIMER_SECURE_PPI, LEVEL, PPI, TIMER_PHYSICAL_PPI, LEVEL, PPI, TIMER_VIRTUAL_PPI, LEVEL, PPI,
          TIMER_HYP_PPI, LEVEL);
  finish();
}

static void uart(void) {
  begin("clock");
  text("compatible", "fixed-clock");
  CELLS("#clock-cells", 0);
  CELLS("clock-frequency", 24000000);
  CELLS("phandle", PHANDLE_CLOCK);
  finish();
  static const char compatible[] = "arm,pl011\0arm,primecell";
  static const char clocks[] = "uartclk\0apb_pclk";
  begin("pl011@9000000");
  property("compatible", compatible, sizeof compatible);
  CELLS("reg", WIDE(UART), WIDE(UART_SIZE));
  CELLS("interrupts", SPI, UART_SPI, LEVEL);
  CELLS("clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
  property("clock-names", clocks, sizeof clocks);
  finish();
}

static void chosen(const struct machine *machine) {
  begin("chosen");
  text("stdout-path", "/pl011@9000000");
  text("bootargs", machine->options->append);
  if (machine->initrd_end != 0) {
    CELLS("linux,initrd-start", WIDE(machine->initrd_start));
    CELLS("linux,initrd-end", WIDE(machine->initrd_end));
  }
  finish();
}

static void tree(const struct machine *machine) {
  const struct options *options = machine->options;
  begin("");
  text("compatible", "linux,dummy-virt");
  text("model", "Hyperstep's small VMM");
  CELLS("#address-cells", 2);
  CELLS("#size-cells", 2);
  CELLS("interrupt-parent", PHANDLE_GIC);
  chosen(machine);
  begin("memory@40000000");
  text("device_type", "memory");
  CELLS("reg", WIDE(RAM), WIDE(options->memory));
  finish();
  cpus(options);
  begin("psci");
  static const char psci[] = "arm,psci-1.0\0arm,psci-0.2";
  property("compatible", psci, sizeof psci);
  // A guest with EL2 has HVC for itself.
  text("method", options->el2 ? "smc" : "hvc");
  finish();
  gic(options);
  timer(options);
  uart();
  finish();
  word(9);
}

size_t write_device_tree(const struct machine *machine, uint8_t *blob, size_t room) {
  strings_length = 0;
  at = blob + HEADER_BYTES + RESERVED_BYTES;
  end = blob + room;
  uint8_t *structure = at;
  tree(machine);
  size_t structure_size = (size_t)(at - structure);
  size_t strings_offset = (size_t)(at - blob);
  bytes(strings, strings_length);
  size_t size = (size_t)(at - blob);
  at = blob;
  const uint32_t header[] = {
      0xd00dfeed,
      (uint32_t)size,
      HEADER_BYTES + RESERVED_BYTES,
      (uint32_t)strings_offset,
      HEADER_BYTES,
      17, // version
      16, // the last compatible one
      0,  // the CPU that boots
      (uint32_t)strings_length,
      (uint32_t)structure_size,
  };
  for (size_t index = 0; index < sizeof header / 4; index++) word(header[index]);
  memset(at, 0, RESERVED_BYTES);
  return size;
}
