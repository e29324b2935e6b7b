// The format of ICH_LR<n>_EL2 (Arm IHI 0069, 12.4.8), for both VGICs.
#pragma once

#include <stdint.h>

#define LR_ID_MASK 0xffffffffULL
#define LR_PHYSICAL_SHIFT 32
#define LR_EOI (1ULL << 41) // with HW 0: a maintenance interrupt when the guest completes it
#define LR_PRIORITY_SHIFT 48
#define LR_GROUP_1 (1ULL << 60)
#define LR_HW (1ULL << 61) // completing it also deactivates the physical interrupt
#define LR_PENDING (1ULL << 62)
#define LR_ACTIVE (1ULL << 63)
