// Power State Coordination Interface (Arm DEN 0022), called by SMC: the firmware of a board whose EL2 is ours is above
// us, in EL3 or played by the machine.
#pragma once

#include <stdint.h>

#define PSCI_VERSION 0x84000000
#define PSCI_SYSTEM_OFF 0x84000008
#define SMCCC_NOT_SUPPORTED (-1) // Arm DEN 0028

uint64_t psci_call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);

// Turns the machine off.
_Noreturn void psci_system_off(void);
