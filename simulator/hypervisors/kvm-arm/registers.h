// Fields of system registers beyond those of ../common/registers.h.
#pragma once

#include "../common/registers.h"

// HCR_EL2 (Arm ARM D19.2.48), more of it.
#define HCR_FB (1 << 9)           // TLB maintenance of the guest reaches the whole Inner Shareable domain
#define HCR_BSU_INNER (1 << 10)   // so do its barriers
#define HCR_TIDCP (1 << 20)       // IMPLEMENTATION DEFINED registers trap
#define HCR_TACR (1 << 21)        // ACTLR_EL1 traps
#define HCR_TSW (1 << 22)         // cache maintenance by set and way traps
#define HCR_TVM (1 << 26)         // writes of the stage-1 translation controls trap
#define HCR_TGE_SHIFT 27          // EL0 belongs to the host at EL2
#define HCR_TGE (1ULL << HCR_TGE_SHIFT)
#define HCR_E2H (1ULL << HCR_E2H_SHIFT)
#define HCR_GUEST                                                                                                      \
  (HCR_TSC | HCR_TSW | HCR_TWE | HCR_TWI | HCR_VM | HCR_TVM | HCR_BSU_INNER | HCR_FB | HCR_TACR | HCR_AMO | HCR_SWIO | \
   HCR_TIDCP | HCR_FMO | HCR_IMO)

// CPTR_EL2 with E2H 0, and with E2H 1, where it has the layout of CPACR_EL1.
#define CPTR_RES1 0x33ff
#define CPTR_TFP (1 << 10)
#define CPTR_TTA (1 << 20)
#define CPACR_FPEN (3 << 20)
#define CPACR_TTA (1 << 28)

#define MDCR_HPMN_MASK 0x1f
#define MDCR_TDA (1 << 9)   // debug registers trap
#define MDCR_TDOSA (1 << 10)
#define MDCR_TDRA (1 << 11)
#define MDCR_E2PB (3 << 12) // the profiling buffer belongs to the host

#define HSTR_T15 (1 << 15)

#define MDSCR_KDE (1 << 13)
#define MDSCR_MDE (1 << 15)

#define CNTHCTL_EL1PCTEN (1 << 0)
#define CNTHCTL_EL1PCEN (1 << 1)
#define CNTHCTL_E2H_SHIFT 10 // with E2H 1 those two are here
#define CNT_CTL_ENABLE (1 << 0)
#define CNT_CTL_IMASK (1 << 1)
#define CNT_CTL_ISTATUS (1 << 2)

#define PSTATE_EL0T 0x0
#define PSTATE_MASKED 0x3c0 // D, A, I and F

#define EC_FP 0x07    // access to FP or AdvSIMD registers
#define EC_SVC64 0x15

// ESR_ELx.ISS of an abort.
#define ISS_FSC_TYPE(esr) ((esr) & 0x3c)
#define FSC_PERMISSION 0x0c
#define ISS_S1PTW (1 << 7)

// ICH_HCR_EL2, and GICH_HCR, which is like it.
#define ICH_HCR_EN (1 << 0)
#define ICH_HCR_UIE (1 << 1)

// GICv2 has its virtual CPU interface in memory (Arm IHI 0048, chapter 5): at this place of the `virt` board how the
// hypervisor sees it, and how the guest does, who finds it where it expects the CPU interface, GICC.
#define GICC_BASE 0x08010000
#define GICH_BASE 0x08030000
#define GICV_BASE 0x08040000
#define GICC_SIZE 0x2000
#define GICH_HCR 0x00
#define GICH_VTR 0x04
#define GICH_VMCR 0x08
#define GICH_MISR 0x10
#define GICH_EISR0 0x20
#define GICH_EISR1 0x24
#define GICH_ELRSR0 0x30
#define GICH_ELRSR1 0x34
#define GICH_APR 0xf0
#define GICH_LR0 0x100
#define GICC_CTLR 0x0000
#define GICC_PMR 0x0004
#define GICC_IAR 0x000c
#define GICC_EOIR 0x0010
#define GICC_DIR 0x1000
#define GICC_CTLR_ENABLE (1 << 0)
#define GICC_CTLR_EOIMODE (1 << 9)
#define GICD_SGIR 0x08000f00
#define GICD_SGIR_TARGETS_SHIFT 16
