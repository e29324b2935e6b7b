// Both vCPUs send each other interrupts as fast as they can, complete what comes, and give each other a shared interrupt that
// is pending. Lists of interrupts are changed by one vCPU while the other walks its own, and interrupts go from list to list
// in both directions at once: what is wrong with the locks of a VGIC goes wrong here, in some schedules.

#include "../registers.h"
#include "guest.h"

#define ROUNDS 6
#define FIRST 2 // software generated interrupts 2 and 3 take turns
#define SECOND 3
#define GIVEN(vcpu) (40 + (vcpu))

#define GICD_IIDR 0x08000008
#define GICD_ISENABLER1 0x08000104
#define GICD_ISPENDR1 0x08000204
#define GICD_ICPENDR1 0x08000284
#define GICD_ITARGETSR(id) (0x08000800 + (id))
#define GICD_IROUTER(id) (0x08006000 + 8 * (id))

static volatile int second_is_done;

static void route(unsigned id, unsigned vcpu) {
  if (guest_gic_version == 2)
    *(volatile uint8_t *)(uint64_t)GICD_ITARGETSR(id) = 1 << vcpu;
  else
    *(volatile uint64_t *)(uint64_t)GICD_IROUTER(id) = vcpu;
}

static void play(unsigned vcpu) {
  unsigned other = !vcpu;
  *device(GICD_ISENABLER1) = 1U << GIVEN(vcpu) % 32;
  for (unsigned round = 0; round < ROUNDS; round++) {
    guest_send(round & 1 ? SECOND : FIRST, other);
    __asm__ volatile("msr daifset, #2" ::: "memory"); // it stays pending
    route(GIVEN(vcpu), vcpu);
    *device(GICD_ISPENDR1) = 1U << GIVEN(vcpu) % 32;
    route(GIVEN(vcpu), other);
    (void)*device(GICD_IIDR); // an exit, at which the vCPU gives it away
    *device(GICD_ICPENDR1) = 1U << GIVEN(vcpu) % 32;
    __asm__ volatile("msr daifclr, #2" ::: "memory");
  }
}

// Where a search begins to vary the schedule.
__attribute__((noinline)) void storm_begins(void) {
  __asm__ volatile("" ::: "memory");
}

void storm_second(void) {
  play(1);
  second_is_done = 1;
}

void storm(int second_vcpu) {
  if (!second_vcpu) return;
  storm_begins();
  play(0);
  while (!second_is_done) {
  }
  guest_end();
}
