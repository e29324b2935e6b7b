// Where the registers of a guest hypervisor are in its page: the offsets of FEAT_NV2 (Arm ARM D8.12.8), the ones that the
// machine here takes for the proposal NEVE, and from PAGE_OURS on our own for those that neither keeps in memory.
#pragma once

#define PAGE_VTTBR_EL2 0x020
#define PAGE_VTCR_EL2 0x040
#define PAGE_VMPIDR_EL2 0x050
#define PAGE_CNTVOFF_EL2 0x060
#define PAGE_HCR_EL2 0x078
#define PAGE_HSTR_EL2 0x080
#define PAGE_VPIDR_EL2 0x088
#define PAGE_TPIDR_EL2 0x090
#define PAGE_CPACR_EL1 0x100
#define PAGE_CONTEXTIDR_EL1 0x108
#define PAGE_SCTLR_EL1 0x110
#define PAGE_ACTLR_EL1 0x118
#define PAGE_TCR_EL1 0x120
#define PAGE_AFSR0_EL1 0x128
#define PAGE_AFSR1_EL1 0x130
#define PAGE_ESR_EL1 0x138
#define PAGE_MAIR_EL1 0x140
#define PAGE_AMAIR_EL1 0x148
#define PAGE_MDSCR_EL1 0x158
#define PAGE_SPSR_EL1 0x160
#define PAGE_CNTV_CVAL_EL0 0x168
#define PAGE_CNTV_CTL_EL0 0x170
#define PAGE_CNTP_CVAL_EL0 0x178
#define PAGE_CNTP_CTL_EL0 0x180
#define PAGE_TTBR0_EL1 0x200
#define PAGE_TTBR1_EL1 0x210
#define PAGE_FAR_EL1 0x220
#define PAGE_ELR_EL1 0x230
#define PAGE_SP_EL1 0x240
#define PAGE_VBAR_EL1 0x250
#define PAGE_ICH_LR0_EL2 0x400
#define PAGE_ICH_AP0R0_EL2 0x480
#define PAGE_ICH_AP1R0_EL2 0x4a0
#define PAGE_ICH_HCR_EL2 0x4c0
#define PAGE_ICH_VMCR_EL2 0x4c8

#define PAGE_MDCR_EL2 0xc00
#define PAGE_CPTR_EL2 0xc08
#define PAGE_HACR_EL2 0xc10
#define PAGE_TTBR0_EL2 0xc18
#define PAGE_TCR_EL2 0xc20
#define PAGE_HPFAR_EL2 0xc28
#define PAGE_CNTHCTL_EL2 0xc30
#define PAGE_ICH_VTR_EL2 0xc38
#define PAGE_ICH_MISR_EL2 0xc40
#define PAGE_ICH_EISR_EL2 0xc48
#define PAGE_ICH_ELRSR_EL2 0xc50

#define PAGE_OURS 0xd00
#define PAGE_SCTLR_EL2 (PAGE_OURS + 0x00)
#define PAGE_ICC_SRE_EL2 (PAGE_OURS + 0x08)

// One of the above in the page of a vCPU.
#define in_page(vcpu, offset) ((vcpu)->nested.page[(offset) / 8])
