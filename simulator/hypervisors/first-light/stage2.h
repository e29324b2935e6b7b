// What the guest has for memory: stage 2, from intermediate physical addresses (IPA) to physical ones.
#pragma once

// Maps the guest's memory and sets VTTBR_EL2 and VTCR_EL2. Stage 2 works once HCR_EL2.VM is set.
void stage2_prepare(void);
