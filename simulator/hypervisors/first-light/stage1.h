// The hypervisor's own translation: stage 1 of the EL2 regime.
#pragma once

// Maps the board's devices and the RAM, every address to itself, and turns the MMU on.
void stage1_enable(void);
