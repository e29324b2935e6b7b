import { type RegisterSpec, reg } from '../notation.ts';
import {
  addressSize,
  cacheability,
  esr,
  granule0,
  mair,
  sctlrTwoRanges,
  shareability,
  spsr,
  tcrTwoRanges,
  vectorBase,
  whole,
  word,
} from './shared.ts';

/** TCR_EL2 while E2H is 0, and TCR_EL3. */
export const tcrOneRange = `
  32 DS [lpa2] Descriptors for 52-bit addresses with 4 KB and 16 KB granules.
  31 RES1
  29 TBID [pauth] Top byte ignore for data only.
  28 HWU62 [hpds2]
  27 HWU61 [hpds2]
  26 HWU60 [hpds2]
  25 HWU59 [hpds2]
  24 HPD [hpds] Hierarchical permissions disabled.
  23 RES1
  22 HD [hafdbs] Hardware management of dirty state.
  21 HA [hafdbs] Hardware management of the access flag.
  20 TBI Top byte ignored.
  18:16 PS Size of the output address. | ${addressSize}
  15:14 TG0 Granule. | ${granule0}
  13:12 SH0 Shareability of walks. | ${shareability}
  11:10 ORGN0 Outer cacheability of walks. | ${cacheability}
  9:8 IRGN0 Inner cacheability of walks. | ${cacheability}
  5:0 T0SZ The range has 2^(64 - T0SZ) bytes.
`;

/** SCTLR_EL2 while E2H is 0, and SCTLR_EL3. */
export const sctlrOneRange = `
  44 DSSBS [ssbs] PSTATE.SSBS on exception entry.
  36 BT [bti]
  31 EnIA [pauth] Key A for instruction addresses in use.
  30 EnIB [pauth] Key B for instruction addresses in use.
  29:28 RES1
  27 EnDA [pauth] Key A for data addresses in use.
  25 EE Endianness of data. | 0=little; 1=big
  23 RES1
  22 EIS =1 Exception entry is a context synchronization event.
  19 WXN Writable pages are never executable.
  18 RES1
  16 RES1
  13 EnDB [pauth] Key B for data addresses in use.
  12 I Instruction caches. | 0=off; 1=on
  11 EOS =1 Exception return is a context synchronization event.
  6 nAA [lse2] Unaligned accesses within 16 bytes by acquire and release instructions are allowed.
  5:4 RES1
  3 SA SP alignment check.
  2 C Data caches. | 0=off; 1=on
  1 A Alignment check.
  0 M Stage 1 translation. | 0=off; 1=on
`;

const ttbr = `
  63:48 ASID [vhe] Address space identifier, while E2H is 1.
  47:1 BADDR Address of the translation table.
  0 CnP [ttcnp] Common not private.
`;

const hcr = `
  63:60 TWEDEL [twed] Delay of trapped WFE.
  59 TWEDEn [twed] TWEDEL is in use.
  58 TID5 =0
  57 DCT =0
  56 ATA =0
  55 TTLBOS [evt] Traps TLBI of the outer shareable domain.
  54 TTLBIS [evt] Traps TLBI of the inner shareable domain.
  53 EnSCXT [csv2_2] SCXTNUM_EL1 and SCXTNUM_EL0. | 0=trapped; 1=allowed
  52 TOCU [evt] Traps cache maintenance to the point of unification, but not IC IALLUIS.
  51 AMVOFFEN =0
  50 TICAB [evt] Traps IC IALLUIS.
  49 TID4 [evt] Traps CCSIDR_EL1, CCSIDR2_EL1, CLIDR_EL1 and CSSELR_EL1.
  48 GPF =0
  47 FIEN =0
  46 FWB [s2fwb] Stage 2 attributes override those of stage 1.
  45 NV2 [nv2] EL2 registers of a guest hypervisor are in memory.
  44 AT [nv] Traps AT S1E0 and S1E1.
  43 NV1 [nv] The guest hypervisor does not use E2H.
  42 NV [nv] Nested virtualization: EL2 registers and ERET of EL1 trap.
  41 API [pauth] PAuth instructions at EL1 and EL0. | 0=trapped; 1=allowed
  40 APK [pauth] PAuth keys at EL1. | 0=trapped; 1=allowed
  39 TME =0
  38 MIOCNCE =0
  37 TEA [ras] Synchronous external aborts go to EL2.
  36 TERR [ras] Traps error record registers.
  35 TLOR [lor] Traps the registers of limited ordering regions.
  34 E2H [vhe] EL2 hosts an operating system. | 0=EL2 regime; 1=EL2&0 regime
  33 ID Stage 2 makes instruction accesses Non-cacheable.
  32 CD Stage 2 makes data accesses Non-cacheable.
  31 RW =1 EL1 uses AArch64, the only state of this PE. | 1=AArch64
  30 TRVM Traps reads of the translation registers of EL1.
  29 HCD [el2highest] Disables HVC, if EL3 is not implemented.
  28 TDZ Traps DC ZVA.
  27 TGE Exceptions from EL0 go to EL2, and there is no EL1.
  26 TVM Traps writes of the translation registers of EL1.
  25 TTLB Traps TLBI at EL1.
  24 TPU Traps cache maintenance to the point of unification.
  23 TPCP Traps data cache maintenance to the point of coherency or persistence.
  22 TSW Traps data cache maintenance by set and way.
  21 TACR Traps ACTLR_EL1.
  20 TIDCP Traps implementation defined registers and instructions.
  19 TSC Traps SMC at EL1.
  18 TID3 Traps reads of the feature ID registers.
  17 TID2 Traps CTR_EL0, CCSIDR_EL1, CCSIDR2_EL1, CLIDR_EL1 and CSSELR_EL1.
  16 TID1 Traps reads of REVIDR_EL1 and AIDR_EL1.
  15 TID0 =0
  14 TWE Traps WFE.
  13 TWI Traps WFI.
  12 DC Default cacheability: stage 1 off means Normal Write-Back.
  11:10 BSU Barriers of EL1 and EL0 reach at least this domain. | 0=as encoded; 1=Inner Shareable; 2=Outer Shareable; 3=full system
  9 FB TLBI and IC IALLU of EL1 are broadcast.
  8 VSE Virtual SError pending.
  7 VI Virtual IRQ pending.
  6 VF Virtual FIQ pending.
  5 AMO Physical SError goes to EL2, virtual SError is on.
  4 IMO Physical IRQ goes to EL2, virtual IRQ is on.
  3 FMO Physical FIQ goes to EL2, virtual FIQ is on.
  2 PTW Stage 1 walks that hit Device memory fault.
  1 SWIO DC ISW of EL1 behaves as DC CISW.
  0 VM Stage 2 translation of EL1&0. | 0=off; 1=on
`;

// Fine-grained traps. A field has the name of what it traps, where the architecture names it so; those that stand for
// several registers are spelled out in traps/fineGrained.ts. Fields of extensions that no PE here has are RES0, also
// those with inverted sense (n...).
const fineRead = `
  49:40 ERX [ras] =0
  39 ICC_IGRPENn_EL1
  38 VBAR_EL1
  37 TTBR1_EL1
  36 TTBR0_EL1
  35 TPIDR_EL0
  34 TPIDRRO_EL0
  33 TPIDR_EL1
  32 TCR_EL1
  31 SCXTNUM_EL0 [csv2_2]
  30 SCXTNUM_EL1 [csv2_2]
  29 SCTLR_EL1
  28 REVIDR_EL1
  27 PAR_EL1
  26 MPIDR_EL1
  25 MIDR_EL1
  24 MAIR_EL1
  23 LORSA_EL1 [lor]
  22 LORN_EL1 [lor]
  21 LORID_EL1 [lor]
  20 LOREA_EL1 [lor]
  19 LORC_EL1 [lor]
  18 ISR_EL1
  17 FAR_EL1
  16 ESR_EL1
  15 DCZID_EL0
  14 CTR_EL0
  13 CSSELR_EL1
  12 CPACR_EL1
  11 CONTEXTIDR_EL1
  10 CLIDR_EL1
  9 CCSIDR_EL1
  8 APIBKey [pauth]
  7 APIAKey [pauth]
  6 APGAKey [pauth]
  5 APDBKey [pauth]
  4 APDAKey [pauth]
  3 AMAIR_EL1
  2 AIDR_EL1
  1 AFSR1_EL1
  0 AFSR0_EL1
`;

const readOnlyFine =
  /^ *\d+ (REVIDR_EL1|MPIDR_EL1|MIDR_EL1|LORID_EL1|ISR_EL1|DCZID_EL0|CTR_EL0|CLIDR_EL1|CCSIDR_EL1|AIDR_EL1)\b.*\n/gm;

const fineDebugRead = `
  58 PMCEIDn_EL0 [pmuv3]
  57 PMUSERENR_EL0 [pmuv3]
  22 PMMIR_EL1 [pmuv3p4]
  19 PMSELR_EL0 [pmuv3]
  18 PMOVS [pmuv3]
  17 PMINTEN [pmuv3]
  16 PMCNTEN [pmuv3]
  15 PMCCNTR_EL0 [pmuv3]
  14 PMCCFILTR_EL0 [pmuv3]
  13 PMEVTYPERn_EL0 [pmuv3]
  12 PMEVCNTRn_EL0 [pmuv3]
  11 OSDLR_EL1 [doublelock]
  10 OSECCR_EL1
  9 OSLSR_EL1
  7 DBGPRCR_EL1
  6 DBGAUTHSTATUS_EL1
  5 DBGCLAIM
  4 MDSCR_EL1
  3 DBGWVRn_EL1
  2 DBGWCRn_EL1
  1 DBGBVRn_EL1
  0 DBGBCRn_EL1
`;

const fineDebugWrite = `
  57 PMUSERENR_EL0 [pmuv3]
  49 TRFCR_EL1 [trf]
  21 PMCR_EL0 [pmuv3]
  20 PMSWINC_EL0 [pmuv3]
  19 PMSELR_EL0 [pmuv3]
  18 PMOVS [pmuv3]
  17 PMINTEN [pmuv3]
  16 PMCNTEN [pmuv3]
  15 PMCCNTR_EL0 [pmuv3]
  14 PMCCFILTR_EL0 [pmuv3]
  13 PMEVTYPERn_EL0 [pmuv3]
  12 PMEVCNTRn_EL0 [pmuv3]
  11 OSDLR_EL1 [doublelock]
  10 OSECCR_EL1
  8 OSLAR_EL1
  7 DBGPRCR_EL1
  5 DBGCLAIM
  4 MDSCR_EL1
  3 DBGWVRn_EL1
  2 DBGWCRn_EL1
  1 DBGBVRn_EL1
  0 DBGBCRn_EL1
`;

const fineInstructions = `
  54 DCCVAC
  53 SVC_EL1
  52 SVC_EL0
  51 ERET
  50 CPPRCTX [specres]
  49 DVPRCTX [specres]
  48 CFPRCTX [specres]
  47 TLBIVAALE1
  46 TLBIVALE1
  45 TLBIVAAE1
  44 TLBIASIDE1
  43 TLBIVAE1
  42 TLBIVMALLE1
  41 TLBIRVAALE1 [tlbirange]
  40 TLBIRVALE1 [tlbirange]
  39 TLBIRVAAE1 [tlbirange]
  38 TLBIRVAE1 [tlbirange]
  37 TLBIRVAALE1IS [tlbirange]
  36 TLBIRVALE1IS [tlbirange]
  35 TLBIRVAAE1IS [tlbirange]
  34 TLBIRVAE1IS [tlbirange]
  33 TLBIVAALE1IS
  32 TLBIVALE1IS
  31 TLBIVAAE1IS
  30 TLBIASIDE1IS
  29 TLBIVAE1IS
  28 TLBIVMALLE1IS
  27 TLBIRVAALE1OS [tlbirange]
  26 TLBIRVALE1OS [tlbirange]
  25 TLBIRVAAE1OS [tlbirange]
  24 TLBIRVAE1OS [tlbirange]
  23 TLBIVAALE1OS [tlbios]
  22 TLBIVALE1OS [tlbios]
  21 TLBIVAAE1OS [tlbios]
  20 TLBIASIDE1OS [tlbios]
  19 TLBIVAE1OS [tlbios]
  18 TLBIVMALLE1OS [tlbios]
  17 ATS1E1WP [pan2]
  16 ATS1E1RP [pan2]
  15 ATS1E0W
  14 ATS1E0R
  13 ATS1E1W
  12 ATS1E1R
  11 DCZVA
  10 DCCIVAC
  9 DCCVADP [dpb2]
  8 DCCVAP [dpb]
  7 DCCVAU
  6 DCCISW
  5 DCCSW
  4 DCISW
  3 DCIVAC
  2 ICIVAU
  1 ICIALLU
  0 ICIALLUIS
`;

/**
 * System registers of EL2. `vncr` is the offset under FEAT_NV2, `nv2` the EL1 register that an access is made to;
 * what has neither traps. `neve` says where the proposal NEVE goes further: its register classes are from the paper
 * (SOSP 2017, tables 3 to 5); the offsets from 0xc00 on are ours, since the paper gives none.
 */
export const el2: readonly RegisterSpec[] = [
  reg(
    'VPIDR_EL2',
    '3 4 0 0 0',
    'rw2',
    'What EL1 reads as MIDR_EL1.',
    `
    31:24 Implementer
    23:20 Variant
    19:16 Architecture
    15:4 PartNum
    3:0 Revision
  `,
    { vncr: 0x88 },
  ),
  reg(
    'VMPIDR_EL2',
    '3 4 0 0 5',
    'rw2',
    'What EL1 reads as MPIDR_EL1.',
    `
    39:32 Aff3
    31 RES1
    30 U
    24 MT
    23:16 Aff2
    15:8 Aff1
    7:0 Aff0
  `,
    { vncr: 0x50 },
  ),
  reg('SCTLR_EL2', '3 4 1 0 0', 'rw2', 'System control for EL2.', sctlrOneRange, {
    // There is no UMA: DAIF at EL0 of a host always traps.
    e2hFields: sctlrTwoRanges(''),
    neve: { kind: 'el1', register: 'SCTLR_EL1' },
  }),
  reg('ACTLR_EL2', '3 4 1 0 1', 'rw2', 'Auxiliary control; nothing is in it.', '', { raz: true }),
  reg('HCR_EL2', '3 4 1 1 0', 'rw2', 'Hypervisor configuration.', hcr, { vncr: 0x78 }),
  reg(
    'MDCR_EL2',
    '3 4 1 1 1',
    'rw2',
    'Debug and performance monitors, seen from EL2.',
    `
    36 HPMFZS =0
    29 HPMFZO =0
    28 MTPME =0
    27 TDCC [fgt] Traps the debug communication channel.
    26 HLP [pmuv3p5] Event counters of EL2 are 64 bits wide.
    23 HCCD [pmuv3p5] Cycle counter stops at EL2.
    19 TTRF [trf] Traps TRFCR_EL1.
    17 HPMD [pmuv3p1] Event counters stop at EL2.
    14 TPMS =0
    13:12 E2PB =0
    11 TDRA Traps MDRAR_EL1.
    10 TDOSA Traps the registers of the OS lock.
    9 TDA Traps debug registers.
    8 TDE Debug exceptions go to EL2, which also traps debug registers.
    7 HPME [pmuv3] Event counters of EL2 are on.
    6 TPM [pmuv3] Traps performance monitors.
    5 TPMCR [pmuv3] Traps PMCR_EL0.
    4:0 HPMN [pmuv3] Number of event counters that EL1 and EL0 have.
  `,
    { neve: { kind: 'copy', offset: 0xc00 } },
  ),
  reg(
    'CPTR_EL2',
    '3 4 1 1 2',
    'rw2',
    'Traps of FP, AdvSIMD, trace and CPACR_EL1.',
    `
    31 TCPAC Traps CPACR_EL1.
    30 TAM =0
    20 TTA =0
    13:12 RES1
    10 TFP Traps FP and AdvSIMD.
    9:0 RES1
  `,
    {
      e2hFields: `
    31 TCPAC Traps CPACR_EL1.
    30 TAM =0
    28 TTA =0
    21:20 FPEN FP and AdvSIMD. | 0=trapped at EL0, EL1 and EL2; 1=trapped at EL0 while TGE is 1; 2=trapped at EL0, EL1 and EL2; 3=not trapped
  `,
      neve: { kind: 'copy', offset: 0xc08 },
    },
  ),
  // HSTR_EL2 traps AArch32 accesses by CRn only. No PE here has AArch32, so its bits have no effect.
  reg('HSTR_EL2', '3 4 1 1 3', 'rw2', 'Traps of AArch32 coprocessor accesses; without effect on this PE.', '15:0 T', {
    vncr: 0x80,
  }),
  reg('HFGRTR_EL2', '3 4 1 1 4', 'rw2', 'Fine-grained traps of reads.', fineRead, { feature: 'fgt', vncr: 0x1b8 }),
  reg('HFGWTR_EL2', '3 4 1 1 5', 'rw2', 'Fine-grained traps of writes.', fineRead.replace(readOnlyFine, ''), {
    feature: 'fgt',
    vncr: 0x1c0,
  }),
  reg('HFGITR_EL2', '3 4 1 1 6', 'rw2', 'Fine-grained traps of instructions.', fineInstructions, {
    feature: 'fgt',
    vncr: 0x1c8,
  }),
  reg('HDFGRTR_EL2', '3 4 3 1 4', 'rw2', 'Fine-grained traps of reads of debug and PMU registers.', fineDebugRead, {
    feature: 'fgt',
    vncr: 0x1d0,
  }),
  reg('HDFGWTR_EL2', '3 4 3 1 5', 'rw2', 'Fine-grained traps of writes of debug and PMU registers.', fineDebugWrite, {
    feature: 'fgt',
    vncr: 0x1d8,
  }),
  reg('HACR_EL2', '3 4 1 1 7', 'rw2', 'Auxiliary hypervisor control; nothing is in it.', '', {
    raz: true,
    neve: { kind: 'memory', offset: 0xc10 },
  }),
  reg(
    'HCRX_EL2',
    '3 4 1 2 2',
    'rw2',
    'Extended hypervisor configuration.',
    `
    9 CMOW =0
    4 FGTnXS =0
    3 FnXS =0
    2 EnASR =0
    1 EnALS =0
    0 EnAS0 =0
  `,
    { feature: 'hcx', vncr: 0xa0 },
  ),
  reg('TTBR0_EL2', '3 4 2 0 0', 'rw2', 'Translation table of EL2, or of the lower range of EL2&0.', ttbr, {
    neve: { kind: 'el1', register: 'TTBR0_EL1', vheOnly: true, offset: 0xc18 },
  }),
  reg('TTBR1_EL2', '3 4 2 0 1', 'rw2', 'Translation table of the upper range of EL2&0.', ttbr, {
    feature: 'vhe',
    neve: { kind: 'el1', register: 'TTBR1_EL1' },
  }),
  reg('TCR_EL2', '3 4 2 0 2', 'rw2', 'Translation control of EL2 or EL2&0.', tcrOneRange, {
    e2hFields: tcrTwoRanges,
    neve: { kind: 'el1', register: 'TCR_EL1', vheOnly: true, offset: 0xc20 },
  }),
  reg(
    'VTTBR_EL2',
    '3 4 2 1 0',
    'rw2',
    'Stage 2 translation table of EL1&0.',
    `
    63:48 VMID Virtual machine identifier; 8 bits unless VTCR_EL2.VS.
    47:1 BADDR Address of the translation table.
    0 CnP [ttcnp] Common not private.
  `,
    { vncr: 0x20 },
  ),
  reg(
    'VTCR_EL2',
    '3 4 2 1 2',
    'rw2',
    'Stage 2 translation control.',
    `
    33 SL2 [lpa2]
    32 DS [lpa2] Descriptors for 52-bit addresses with 4 KB and 16 KB granules.
    31 RES1
    28 HWU62 [hpds2]
    27 HWU61 [hpds2]
    26 HWU60 [hpds2]
    25 HWU59 [hpds2]
    22 HD [hafdbs] Hardware management of dirty state.
    21 HA [hafdbs] Hardware management of the access flag.
    19 VS [vmid16] VMID size. | 0=8 bits; 1=16 bits
    18:16 PS Size of the output address. | ${addressSize}
    15:14 TG0 Granule. | ${granule0}
    13:12 SH0 Shareability of walks. | ${shareability}
    11:10 ORGN0 Outer cacheability of walks. | ${cacheability}
    9:8 IRGN0 Inner cacheability of walks. | ${cacheability}
    7:6 SL0 Start level; its meaning depends on the granule.
    5:0 T0SZ IPA space has 2^(64 - T0SZ) bytes.
  `,
    { vncr: 0x40 },
  ),
  reg(
    'VNCR_EL2',
    '3 4 2 2 0',
    'rw2',
    'Page with the registers of a guest hypervisor.',
    `
    63:57 RESS Copies of bit 56.
    56:12 BADDR Bits 56:12 of the virtual address of the page.
    0 Enable [neve] NEVE is in use.
  `,
    { feature: 'nv2|neve', vncr: 0xb0 },
  ),
  reg('SPSR_EL2', '3 4 4 0 0', 'rw2', 'Saved program status of EL2.', spsr, { nv2: 'SPSR_EL1' }),
  reg('ELR_EL2', '3 4 4 0 1', 'rw2', 'Exception link register of EL2.', whole('ReturnAddress'), { nv2: 'ELR_EL1' }),
  reg('SP_EL1', '3 4 4 1 0', 'rw2', 'Stack pointer of EL1.', whole('SP'), { vncr: 0x240 }),
  // Without AArch32 at EL1 these four are RES0 (D24.2, SPSR_abt), while DACR32_EL2 and its kin are UNDEFINED.
  ...['irq', 'abt', 'und', 'fiq'].map((mode, n) =>
    reg(`SPSR_${mode}`, `3 4 4 3 ${n}`, 'rw2', `Saved program status of AArch32 mode ${mode}; RES0 on this PE.`, '', {
      raz: true,
    }),
  ),
  reg('AFSR0_EL2', '3 4 5 1 0', 'rw2', 'Auxiliary fault status 0.', word('AFSR'), {
    neve: { kind: 'el1', register: 'AFSR0_EL1' },
  }),
  reg('AFSR1_EL2', '3 4 5 1 1', 'rw2', 'Auxiliary fault status 1.', word('AFSR'), {
    neve: { kind: 'el1', register: 'AFSR1_EL1' },
  }),
  reg('ESR_EL2', '3 4 5 2 0', 'rw2', 'Exception syndrome of EL2.', esr, { nv2: 'ESR_EL1' }),
  reg(
    'VSESR_EL2',
    '3 4 5 2 3',
    'rw2',
    'Syndrome of a virtual SError.',
    `
    24 IDS
    23:0 ISS
  `,
    { feature: 'ras', vncr: 0x508 },
  ),
  reg('FAR_EL2', '3 4 6 0 0', 'rw2', 'Fault address of EL2.', whole('VA'), { nv2: 'FAR_EL1' }),
  reg(
    'HPFAR_EL2',
    '3 4 6 0 4',
    'rw2',
    'Intermediate physical address of a stage 2 fault.',
    `
    63 NS =0
    43:4 FIPA Bits 51:12 of the address.
  `,
    { neve: { kind: 'memory', offset: 0xc28 } },
  ),
  reg('MAIR_EL2', '3 4 10 2 0', 'rw2', 'Memory attributes of EL2.', mair, {
    neve: { kind: 'el1', register: 'MAIR_EL1' },
  }),
  reg('AMAIR_EL2', '3 4 10 3 0', 'rw2', 'Auxiliary memory attributes of EL2.', whole('AMAIR'), {
    neve: { kind: 'el1', register: 'AMAIR_EL1' },
  }),
  reg('VBAR_EL2', '3 4 12 0 0', 'rw2', 'Vector base of EL2.', vectorBase, {
    neve: { kind: 'el1', register: 'VBAR_EL1' },
  }),
  reg('RVBAR_EL2', '3 4 12 0 1', 'r2', 'Reset address, if EL2 is the highest level.', whole('ResetAddress'), {
    feature: 'el2highest',
  }),
  reg(
    'RMR_EL2',
    '3 4 12 0 2',
    'rw2',
    'Warm reset request, if EL2 is the highest level.',
    `
    1 RR Requests a warm reset.
    0 AA64 =1
  `,
    { feature: 'el2highest' },
  ),
  reg(
    'VDISR_EL2',
    '3 4 12 1 1',
    'rw2',
    'Deferred virtual SError.',
    `
    31 A
    24 IDS
    23:0 ISS
  `,
    { feature: 'ras', vncr: 0x500 },
  ),
  reg('CONTEXTIDR_EL2', '3 4 13 0 1', 'rw2', 'Context number of EL2, for debug.', word('PROCID'), {
    feature: 'vhe',
    neve: { kind: 'el1', register: 'CONTEXTIDR_EL1' },
  }),
  reg('TPIDR_EL2', '3 4 13 0 2', 'rw2', 'Thread pointer of EL2, for software.', whole('ThreadID'), { vncr: 0x90 }),
  reg('SCXTNUM_EL2', '3 4 13 0 7', 'rw2', 'Software context number of EL2.', whole('SoftwareContextNumber'), {
    feature: 'csv2_2',
  }),
  reg(
    'TRFCR_EL2',
    '3 4 1 2 1',
    'rw2',
    'Trace filter of EL2.',
    `
    6:5 TS
    3 CX
    1 E2TRE
    0 E0HTRE
  `,
    { feature: 'trf' },
  ),
  // The next five exist for a hypervisor with 32-bit guests.
  reg('DBGVCR32_EL2', '2 4 0 7 0', 'rw2', 'Vector catch of AArch32.', word('VCR'), { feature: 'aarch32' }),
  reg('DACR32_EL2', '3 4 3 0 0', 'rw2', 'Domain access control of AArch32.', word('DACR'), { feature: 'aarch32' }),
  reg('IFSR32_EL2', '3 4 5 0 1', 'rw2', 'Instruction fault status of AArch32.', word('IFSR'), { feature: 'aarch32' }),
  reg('FPEXC32_EL2', '3 4 5 3 0', 'rw2', 'FP exception control of AArch32.', word('FPEXC'), { feature: 'aarch32' }),
  reg('SDER32_EL2', '3 4 1 3 1', 'rw2', 'Secure debug enable of AArch32.', '1 SUNIDEN\n0 SUIDEN', { feature: 'sel2' }),
  reg('VSTTBR_EL2', '3 4 2 6 0', 'rw2', 'Stage 2 translation table of Secure EL1&0.', '47:0 BADDR', {
    feature: 'sel2',
    vncr: 0x30,
  }),
  reg('VSTCR_EL2', '3 4 2 6 2', 'rw2', 'Stage 2 translation control of Secure EL1&0.', word('VSTCR'), {
    feature: 'sel2',
    vncr: 0x48,
  }),
];
