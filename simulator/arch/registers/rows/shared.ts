/** Layouts that several registers have in common. */

/** Saved program status, for an exception taken from AArch64. */
export const spsr = `
  31 N Negative.
  30 Z Zero.
  29 C Carry.
  28 V Overflow.
  24 DIT [dit] Data-independent timing.
  23 UAO [uao] User access override.
  22 PAN [pan] Privileged access never.
  21 SS Software step.
  20 IL Illegal execution state.
  12 SSBS [ssbs] Speculative store bypass safe.
  11:10 BTYPE [bti] Branch type for BTI.
  9 D Debug exceptions masked.
  8 A SError masked.
  7 I IRQ masked.
  6 F FIQ masked.
  4:0 M Exception level and stack pointer. | 0=EL0t; 4=EL1t; 5=EL1h; 8=EL2t; 9=EL2h; 12=EL3t; 13=EL3h
`;

/** Exception syndrome. The meanings of EC are in `arch/esr.ts`. */
export const esr = `
  55:32 ISS2
  31:26 EC Exception class.
  25 IL Length of the instruction. | 0=16 bits; 1=32 bits
  24:0 ISS Syndrome of this class.
`;

export const mair = `
  63:56 Attr7
  55:48 Attr6
  47:40 Attr5
  39:32 Attr4
  31:24 Attr3
  23:16 Attr2
  15:8 Attr1
  7:0 Attr0
`;

/** The whole register is one number. */
export const whole = (name: string) => `63:0 ${name}`;
export const word = (name: string) => `31:0 ${name}`;

export const vectorBase = '63:11 VBA Bits 63:11 of the address of the vector table.';

/** Granule sizes; TG1 of TCR_EL1 numbers them in another way. */
export const granule0 = '0=4 KB; 1=64 KB; 2=16 KB';
export const granule1 = '1=16 KB; 2=4 KB; 3=64 KB';
export const cacheability =
  '0=Non-cacheable; 1=Write-Back Read-Allocate Write-Allocate; 2=Write-Through Read-Allocate; 3=Write-Back Read-Allocate';
export const shareability = '0=Non-shareable; 2=Outer Shareable; 3=Inner Shareable';
export const addressSize = '0=32 bits; 1=36 bits; 2=40 bits; 3=42 bits; 4=44 bits; 5=48 bits; 6=52 bits';

/** TCR_EL1, and TCR_EL2 while E2H is 1. */
export const tcrTwoRanges = `
  59 DS [lpa2] Descriptors for 52-bit addresses with 4 KB and 16 KB granules.
  56 E0PD1 [e0pd] EL0 accesses to the upper range fault.
  55 E0PD0 [e0pd] EL0 accesses to the lower range fault.
  54 NFD1 =0
  53 NFD0 =0
  52 TBID1 [pauth] Top byte ignore for data only, upper range.
  51 TBID0 [pauth] Top byte ignore for data only, lower range.
  50 HWU162 [hpds2]
  49 HWU161 [hpds2]
  48 HWU160 [hpds2]
  47 HWU159 [hpds2]
  46 HWU062 [hpds2]
  45 HWU061 [hpds2]
  44 HWU060 [hpds2]
  43 HWU059 [hpds2]
  42 HPD1 [hpds] Hierarchical permissions disabled, upper range.
  41 HPD0 [hpds] Hierarchical permissions disabled, lower range.
  40 HD [hafdbs] Hardware management of dirty state.
  39 HA [hafdbs] Hardware management of the access flag.
  38 TBI1 Top byte ignored, upper range.
  37 TBI0 Top byte ignored, lower range.
  36 AS ASID size. | 0=8 bits; 1=16 bits
  34:32 IPS Size of the output address. | ${addressSize}
  31:30 TG1 Granule of TTBR1. | ${granule1}
  29:28 SH1 Shareability of walks through TTBR1. | ${shareability}
  27:26 ORGN1 Outer cacheability of walks through TTBR1. | ${cacheability}
  25:24 IRGN1 Inner cacheability of walks through TTBR1. | ${cacheability}
  23 EPD1 Walks through TTBR1 disabled: a TLB miss faults.
  22 A1 Which TTBR holds the ASID. | 0=TTBR0; 1=TTBR1
  21:16 T1SZ The upper range has 2^(64 - T1SZ) bytes.
  15:14 TG0 Granule of TTBR0. | ${granule0}
  13:12 SH0 Shareability of walks through TTBR0. | ${shareability}
  11:10 ORGN0 Outer cacheability of walks through TTBR0. | ${cacheability}
  9:8 IRGN0 Inner cacheability of walks through TTBR0. | ${cacheability}
  7 EPD0 Walks through TTBR0 disabled: a TLB miss faults.
  5:0 T0SZ The lower range has 2^(64 - T0SZ) bytes.
`;

/** SCTLR_EL1, and SCTLR_EL2 while E2H is 1, but for UMA (bit 9), which only SCTLR_EL1 has. EL0 cannot use AArch32. */
export const sctlrTwoRanges = (uma: string) => `
  57 EPAN [pan3] PAN also counts pages that EL0 may execute.
  49:46 TWEDEL [twed]
  45 TWEDEn [twed]
  44 DSSBS [ssbs] PSTATE.SSBS on exception entry.
  36 BT1 [bti]
  35 BT0 [bti]
  31 EnIA [pauth] Key A for instruction addresses in use.
  30 EnIB [pauth] Key B for instruction addresses in use.
  29 LSMAOE =1
  28 nTLSMD =1
  27 EnDA [pauth] Key A for data addresses in use.
  26 UCI EL0 may execute DC CVAU, CIVAC, CVAC, CVAP and IC IVAU. | 0=trapped; 1=allowed
  25 EE Endianness of data. | 0=little; 1=big
  24 E0E Endianness of data at EL0. | 0=little; 1=big
  23 SPAN [pan:1] Exception entry leaves PSTATE.PAN as it is. | 0=sets PAN; 1=leaves PAN
  22 EIS =1 Exception entry is a context synchronization event.
  20 TSCXT [csv2_2:1] SCXTNUM_EL0 is trapped at EL0.
  19 WXN Writable pages are never executable.
  18 nTWE WFE at EL0. | 0=trapped; 1=executed
  16 nTWI WFI at EL0. | 0=trapped; 1=executed
  15 UCT CTR_EL0 at EL0. | 0=trapped; 1=allowed
  14 DZE DC ZVA at EL0. | 0=trapped; 1=allowed
  13 EnDB [pauth] Key B for data addresses in use.
  12 I Instruction caches. | 0=off; 1=on
  11 EOS =1 Exception return is a context synchronization event.
  10 EnRCTX [specres] CFP, CPP and DVP at EL0. | 0=trapped; 1=allowed
  ${uma}
  8 SED =1
  7 ITD =1
  6 nAA [lse2] Unaligned accesses within 16 bytes by acquire and release instructions are allowed.
  4 SA0 SP alignment check at EL0.
  3 SA SP alignment check.
  2 C Data caches. | 0=off; 1=on
  1 A Alignment check.
  0 M Stage 1 translation. | 0=off; 1=on
`;

export const timerControl = `
  2 ISTATUS The condition is met, whatever IMASK says.
  1 IMASK The interrupt is masked. | 0=not masked; 1=masked
  0 ENABLE Timer. | 0=off; 1=on
`;

/** One bit for each event counter, and the cycle counter at bit 31. */
export const counterBits = `
  31 C Cycle counter.
  30:0 P One bit for each event counter.
`;

/** Interrupt id as the CPU interface reads and takes it. */
export const intid = '23:0 INTID | 1020=Secure group 1 pending; 1021=group 1 pending; 1022=legacy; 1023=none pending';
