// What a guest may rely on beside what the measurements use: PSCI's answers, every kind of load from a device, FP registers
// that survive exits of each kind, and an undefined instruction that becomes the guest's own exception.

#include "../../common/psci.h"
#include "../registers.h"
#include "guest-bench.h"
#include "guest.h"

#define PSCI_CPU_ON 0xc4000003
#define PSCI_1_1 0x10001
#define PSCI_INVALID_PARAMETERS ((uint64_t)-2)
#define PSCI_ALREADY_ON ((uint64_t)-4)
#define UNKNOWN_CALL 0x4b000000
#define VIRTIO_MAGIC 0x0a000000UL // a register of a device of the VMM, "virt"
#define GICD_IPRIORITYR 0x08000400UL
#define GICR_IPRIORITYR 0x080b0400UL // of private interrupts with GICv3; each is 0xa0

static unsigned done, failed;

static void check(const char *what, uint64_t found, uint64_t expected) {
  done++;
  if (found == expected) return;
  failed++;
  guest_print("%s: %u instead of %u\n", what, found, expected);
}

#define LOAD(instruction, register_format, address)                                                                    \
  ({                                                                                                                   \
    uint64_t loaded;                                                                                                   \
    __asm__ volatile(instruction " " register_format ", [%1]" : "=&r"(loaded) : "r"(address) : "memory");              \
    loaded;                                                                                                            \
  })

static void check_loads(void) {
  uint64_t priorities = guest_gic_version == 2 ? GICD_IPRIORITYR : GICR_IPRIORITYR;
  check("ldrb", LOAD("ldrb", "%w0", priorities), 0xa0);
  check("ldrh", LOAD("ldrh", "%w0", priorities), 0xa0a0);
  check("ldr w", LOAD("ldr", "%w0", priorities), 0xa0a0a0a0);
  check("ldrsb w", LOAD("ldrsb", "%w0", priorities), 0xffffffa0);
  check("ldrsb x", LOAD("ldrsb", "%0", priorities), 0xffffffffffffffa0);
  check("ldrsh w", LOAD("ldrsh", "%w0", priorities), 0xffffa0a0);
  check("ldrsh x", LOAD("ldrsh", "%0", priorities), 0xffffffffffffa0a0);
  check("ldrsw", LOAD("ldrsw", "%0", priorities), 0xffffffffa0a0a0a0);
  check("ldrh from the VMM", LOAD("ldrh", "%w0", VIRTIO_MAGIC), 0x6976);
  check("ldrb from the VMM", LOAD("ldrb", "%w0", VIRTIO_MAGIC), 0x76);
  __asm__ volatile("ldr wzr, [%0]\n str wzr, [%0]" ::"r"(VIRTIO_MAGIC) : "memory"); // nothing happens to SP
}

static void check_psci(int second_vcpu) {
  check("PSCI_VERSION", guest_hypercall(PSCI_VERSION, 0, 0, 0), PSCI_1_1);
  check("CPU_ON of no CPU", guest_hypercall(PSCI_CPU_ON, 9, 0, 0), PSCI_INVALID_PARAMETERS);
  check("CPU_ON of oneself", guest_hypercall(PSCI_CPU_ON, 0, 0, 0), PSCI_ALREADY_ON);
  if (second_vcpu) check("CPU_ON twice", guest_hypercall(PSCI_CPU_ON, 1, 0, 0), PSCI_ALREADY_ON);
  check("an unknown call", guest_hypercall(UNKNOWN_CALL, 0, 0, 0), (uint64_t)-1);
}

static void check_fp(int second_vcpu) {
  guest_fp_write(0x0123456789abcdef);
  guest_hypercall(UNKNOWN_CALL, 0, 0, 0);
  check("FP behind a hypercall", guest_fp_read(), 0x0123456789abcdef);
  io_user();
  check("FP behind the VMM", guest_fp_read(), 0x0123456789abcdef);
  if (second_vcpu) virtual_ipi();
  check("FP behind an interrupt", guest_fp_read(), 0x0123456789abcdef);
  guest_fp_write(0x40490fdb);
}

// An IMPLEMENTATION DEFINED register, which the hypervisor does not know either.
static void check_undefined(void) {
  guest_undefined_expected = 1;
  __asm__ volatile("mrs xzr, s3_0_c15_c7_7" ::: "memory"); /* BP: guest-undefined */
  check("an undefined instruction", guest_undefined_expected, 0);
}

void checks(int second_vcpu) {
  check_psci(second_vcpu);
  check_loads();
  check_fp(second_vcpu);
  check_undefined();
  guest_print("checks: %u, failed: %u\n", (uint64_t)done, (uint64_t)failed);
}
