// Both vCPUs send each other interrupts as fast as they can, and complete what comes. Every one of them is queued on the list
// of a vCPU that at the same time walks it: what goes wrong between the locks of a VGIC goes wrong here, in some schedules.

#include "guest.h"

#define ROUNDS 24
#define FIRST 2 // software generated interrupts 2 and 3 take turns
#define SECOND 3

static volatile int second_is_done;

static void send_all(unsigned target) {
  for (unsigned round = 0; round < ROUNDS; round++) guest_send(round & 1 ? SECOND : FIRST, target);
}

void storm_second(void) {
  send_all(0);
  second_is_done = 1;
}

void storm(int second_vcpu) {
  if (!second_vcpu) return;
  send_all(1);
  while (!second_is_done) {
  }
  guest_print("storm over\n");
}
