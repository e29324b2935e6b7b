// The image of the guest hypervisor.
#pragma once

#include <stdint.h>

// Loads the guest hypervisor and returns the address of its first instruction. Ends with a sentence when there is none.
uint64_t load_image(void);
