// The micro-benchmarks, after those of kvm-unit-tests and of the papers: one operation in a loop between two looks at the
// clock. A watcher outside counts between the calls of bench_begin and bench_end.

#include "../registers.h"
#include "guest-bench.h"
#include "guest.h"

#define GICD_IIDR 0x08000008
#define VIRTIO_DEVICE_ID 0x0a000008
#define UNKNOWN_CALL 0x4b000000
#define SPURIOUS 1023
#define IPI 1
#define TIMER 27
#define TIMER_TICKS 20000

static void hypercall(void) {
  guest_hypercall(UNKNOWN_CALL, 0, 0, 0);
}

// A register of the distributor, emulated in the kernel.
static void io_kernel(void) {
  (void)*device(GICD_IIDR); /* BP: guest-io-kernel */
}

// A register of a device that the VMM has.
void io_user(void) {
  (void)*device(VIRTIO_DEVICE_ID); /* BP: guest-io-user */
}

// The number of no interrupt is ignored, in the virtual CPU interface: no exit.
static void eoi(void) {
  guest_complete(SPURIOUS); /* BP: guest-eoi */
}

// From this vCPU to the other, which has it when its handler has counted it.
void virtual_ipi(void) {
  uint64_t before = guest_interrupts[IPI];
  guest_send(IPI, 1);
  while (guest_interrupts[IPI] == before) {
  }
}

static void timer(void) {
  uint64_t before = guest_interrupts[TIMER];
  write_register(cntv_cval_el0, read_register(cntvct_el0) + TIMER_TICKS);
  write_register(cntv_ctl_el0, 1);
  isb();
  while (guest_interrupts[TIMER] == before) __asm__ volatile("wfi" ::: "memory"); /* BP: guest-wfi */
}

static const struct bench benches[] = {
    {"hypercall", hypercall, 256, 0},     {"io-kernel", io_kernel, 256, 0}, {"io-user", io_user, 256, 0},
    {"virtual-ipi", virtual_ipi, 64, 1}, {"eoi", eoi, 256, 0},             {"timer", timer, 4, 0},
};

// Where a watcher sets its marks; x0 is the number of the measurement, x1 how often it is done.
__attribute__((noinline)) void bench_begin(uint64_t number, uint64_t iterations) {
  __asm__ volatile("" ::"r"(number), "r"(iterations) : "memory");
}

__attribute__((noinline)) void bench_end(uint64_t number) {
  __asm__ volatile("" ::"r"(number) : "memory");
}

static void count_cycles(void) {
  write_register(pmccfiltr_el0, 1 << 27); // at EL2 too
  write_register(pmcntenset_el0, 1U << 31);
  write_register(pmcr_el0, read_register(pmcr_el0) | 1 | 1 << 6); // enabled, 64 bits
  isb();
}

// Each operation is measured so many times less often, but twice at least: for a loader that has little time.
volatile uint32_t bench_divisor = 1;

static void measure(const struct bench *bench, uint64_t number) {
  uint64_t iterations = bench->iterations / bench_divisor;
  if (iterations < 2) iterations = 2;
  bench->operation(); // once before, for caches and TLBs
  bench_begin(number, iterations);
  __asm__ volatile("dsb ish; isb" ::: "memory");
  uint64_t ticks = read_register(cntvct_el0);
  uint64_t cycles = read_register(pmccntr_el0);
  isb();
  for (uint64_t left = iterations; left; left--) bench->operation();
  __asm__ volatile("dsb ish; isb" ::: "memory");
  cycles = read_register(pmccntr_el0) - cycles;
  ticks = read_register(cntvct_el0) - ticks;
  isb();
  bench_end(number);
  guest_print("%l iterations %u ticks %u cycles %u\n", bench->name, iterations, ticks / iterations, cycles / iterations);
}

void bench_list(const struct bench *list, uint64_t count, uint64_t first_number, int second_vcpu) {
  count_cycles();
  for (uint64_t index = 0; index < count; index++)
    if (second_vcpu || !list[index].needs_second) measure(&list[index], first_number + index);
}

void micro_benchmarks(int second_vcpu) {
  bench_list(benches, sizeof benches / sizeof benches[0], 0, second_vcpu);
}
