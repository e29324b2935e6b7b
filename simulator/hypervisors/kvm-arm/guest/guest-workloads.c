// Workloads whose exits come in the mix of the applications that the talks and papers measure. Nothing of the application
// itself is here: between its exits a vCPU computes, and how much it computes for each exit is what tells one from the
// other. One iteration is one unit of work of the application.
//
// The mixes follow what is said of each application, not a trace of it:
//
//   kernel-compile   The compiler computes. Exits are the timer's tick, now and then a block from the disk of the VMM, and an
//                    interrupt to wake the other CPU.
//   hackbench        Groups of processes write to each other through sockets: every message wakes somebody, so that
//                    interrupts between CPUs come as fast as they can.
//   netperf-rr       One byte there and one back, and nothing can be overlapped: a notification and an interrupt for each,
//                    and hardly any computing.
//   netperf-stream   The guest receives as fast as it can: the driver fetches many packets for each interrupt and gives the
//                    buffers back in one notification.
//   netperf-maerts   The guest sends as fast as it can: more notifications than interrupts, since that a packet is sent need
//                    not be told.
//   apache           Requests over the network with 40 KB of answer each: several packets out and in, worker threads woken on
//                    the other CPU, and some computing.
//   memcached        As Apache with answers of one packet and less computing: the exits weigh more.
//
// Interrupts of the disk and of the network are the same here: an SPI that a device behind the kernel raises.

#include "../registers.h"
#include "guest-bench.h"
#include "guest.h"

#define NETWORK_NOTIFY 0x0a000250
#define NETWORK_INTERRUPT 49
#define QUEUE_WITH_ANSWER 0
#define QUEUE_WITHOUT_ANSWER 1
#define TIMER 27
#define GICD_ISENABLER1 0x08000104
#define GICD_ICFGR3 0x08000c0c // interrupts 48 to 63
#define EDGE(id) (2U << 2 * ((id) - 48))

// What a unit of work has of each.
struct mix {
  unsigned compute;  // rounds of a loop of four instructions
  unsigned requests; // notifications whose answer is an interrupt
  unsigned sends;    // notifications without
  unsigned wakes;    // interrupts to the other vCPU
  unsigned ticks;    // interrupts of the timer
  unsigned disk;     // accesses to a device of the VMM
};

static void compute(unsigned rounds) {
  uint64_t value = rounds;
  for (; rounds; rounds--) __asm__ volatile("eor %0, %0, %0, lsl #13" : "+r"(value));
}

static void request(void) {
  uint64_t before = guest_interrupts[NETWORK_INTERRUPT];
  *device(NETWORK_NOTIFY) = QUEUE_WITH_ANSWER; /* BP: guest-notify */
  while (guest_interrupts[NETWORK_INTERRUPT] == before) {
  }
}

static void tick(void) {
  uint64_t before = guest_interrupts[TIMER];
  write_register(cntv_cval_el0, read_register(cntvct_el0));
  write_register(cntv_ctl_el0, 1);
  isb();
  while (guest_interrupts[TIMER] == before) {
  }
}

static void work(const struct mix *mix) {
  compute(mix->compute);
  for (unsigned count = 0; count < mix->requests; count++) request();
  for (unsigned count = 0; count < mix->sends; count++) *device(NETWORK_NOTIFY) = QUEUE_WITHOUT_ANSWER;
  for (unsigned count = 0; count < mix->wakes; count++) virtual_ipi();
  for (unsigned count = 0; count < mix->ticks; count++) tick();
  for (unsigned count = 0; count < mix->disk; count++) io_user();
}

#define WORKLOAD(name, ...)                                                                                            \
  static void name(void) {                                                                                             \
    static const struct mix mix = {__VA_ARGS__};                                                                       \
    work(&mix);                                                                                                        \
  }

WORKLOAD(kernel_compile, .compute = 20000, .requests = 1, .wakes = 1, .ticks = 1, .disk = 1)
WORKLOAD(hackbench, .compute = 1500, .wakes = 4)
WORKLOAD(netperf_rr, .compute = 300, .requests = 1)
WORKLOAD(netperf_stream, .compute = 4000, .requests = 1)
WORKLOAD(netperf_maerts, .compute = 4000, .requests = 1, .sends = 7)
WORKLOAD(apache, .compute = 5000, .requests = 3, .sends = 2, .wakes = 2)
WORKLOAD(memcached, .compute = 1200, .requests = 1, .wakes = 1)

static const struct bench list[] = {
    {"kernel-compile", kernel_compile, 8, 1}, {"hackbench", hackbench, 8, 1},
    {"netperf-rr", netperf_rr, 32, 0},        {"netperf-stream", netperf_stream, 16, 0},
    {"netperf-maerts", netperf_maerts, 16, 0}, {"apache", apache, 8, 1},
    {"memcached", memcached, 16, 1},
};

#define FIRST_NUMBER 6 // behind the micro-benchmarks

void workloads(int second_vcpu) {
  *device(GICD_ICFGR3) = EDGE(NETWORK_INTERRUPT);
  *device(GICD_ISENABLER1) = 1U << NETWORK_INTERRUPT % 32;
  bench_list(list, sizeof list / sizeof list[0], FIRST_NUMBER, second_vcpu);
}
