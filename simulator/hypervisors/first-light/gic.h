// The physical interrupt controller, a GICv3, as far as the hypervisor's own timer needs it.
#pragma once

#include <stdint.h>

#define GIC_SPURIOUS 1023 // acknowledging found nothing pending

// Interrupt of the EL2 physical timer.
#define GIC_HYPERVISOR_TIMER 26

void gic_prepare(void);

// Takes the pending interrupt of highest priority: from now on it is active. Returns its INTID.
uint64_t gic_acknowledge(void);

// The interrupt has been dealt with: no longer active.
void gic_complete(uint64_t id);
