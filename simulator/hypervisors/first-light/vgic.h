// Virtual interrupts: the guest acknowledges and completes them without an exit, with the same system registers that the
// hypervisor uses for physical ones. What it finds there is what the hypervisor wrote into list registers.
#pragma once

#include <stdint.h>

void vgic_prepare(void);

// Makes a virtual interrupt pending.
void vgic_inject(uint64_t id);

// Prints the state of the list register in use if it has changed since the last time.
void vgic_report(void);
