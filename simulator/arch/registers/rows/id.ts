import { type RegisterSpec, reg } from '../notation.ts';
import { BREAKPOINTS, WATCHPOINTS } from './debug.ts';
import { addressSize, word } from './shared.ts';

const yes = '0=no; 1=yes';

const main = `
  31:24 Implementer | 0=software; 0x41=Arm
  23:20 Variant
  19:16 Architecture | 15=by ID registers
  15:4 PartNum
  3:0 Revision
`;

/** Named registers of the feature ID space: op0 3, op1 0, CRn 0, CRm 1 to 7. The others there read as zero. */
const featureSpace: readonly RegisterSpec[] = [
  // AArch32 is not there, so its ID registers read as zero (architecturally UNKNOWN).
  ...[
    ['ID_PFR0', 1, 0],
    ['ID_PFR1', 1, 1],
    ['ID_DFR0', 1, 2],
    ['ID_AFR0', 1, 3],
    ['ID_MMFR0', 1, 4],
    ['ID_MMFR1', 1, 5],
    ['ID_MMFR2', 1, 6],
    ['ID_MMFR3', 1, 7],
    ['ID_ISAR0', 2, 0],
    ['ID_ISAR1', 2, 1],
    ['ID_ISAR2', 2, 2],
    ['ID_ISAR3', 2, 3],
    ['ID_ISAR4', 2, 4],
    ['ID_ISAR5', 2, 5],
    ['ID_MMFR4', 2, 6],
    ['ID_ISAR6', 2, 7],
    ['MVFR0', 3, 0],
    ['MVFR1', 3, 1],
    ['MVFR2', 3, 2],
    ['ID_PFR2', 3, 4],
    ['ID_DFR1', 3, 5],
    ['ID_MMFR5', 3, 6],
  ].map(([name, crm, op2]) =>
    reg(`${name}_EL1`, `3 0 0 ${crm} ${op2}`, 'r1', 'Features of AArch32, which this PE has not.', '', { raz: true }),
  ),
  reg(
    'ID_AA64PFR0_EL1',
    '3 0 0 4 0',
    'r1',
    'Processor features 0.',
    `
    63:60 CSV3 Faulting loads do not leak. | ${yes}
    59:56 CSV2 Branch prediction does not leak. | 0=unknown; 1=yes; 2=yes, with SCXTNUM_ELx
    55:52 RME =0
    51:48 DIT Data-independent timing. | ${yes}
    47:44 AMU =0
    43:40 MPAM =0
    39:36 SEL2 =0
    35:32 SVE =0
    31:28 RAS =0
    27:24 GIC System registers of the GIC. | 0=none; 1=version 3.0 or 4.0; 3=version 4.1
    23:20 AdvSIMD | 0=yes; 1=with half precision; 15=no
    19:16 FP | 0=yes; 1=with half precision; 15=no
    15:12 EL3 | 0=not implemented; 1=AArch64; 2=AArch64 and AArch32
    11:8 EL2 | 0=not implemented; 1=AArch64; 2=AArch64 and AArch32
    7:4 EL1 =1 | 1=AArch64; 2=AArch64 and AArch32
    3:0 EL0 =1 | 1=AArch64; 2=AArch64 and AArch32
  `,
  ),
  reg(
    'ID_AA64PFR1_EL1',
    '3 0 0 4 1',
    'r1',
    'Processor features 1.',
    `
    35:32 CSV2_frac =0
    27:24 SME =0
    19:16 MPAM_frac =0
    15:12 RAS_frac =0
    11:8 MTE =0
    7:4 SSBS Speculative store bypass safe. | 0=no; 1=PSTATE.SSBS; 2=with MSR and MRS
    3:0 BT Branch target identification. | ${yes}
  `,
  ),
  reg('ID_AA64ZFR0_EL1', '3 0 0 4 4', 'r1', 'Features of SVE, which this PE has not.', '', { raz: true }),
  reg('ID_AA64SMFR0_EL1', '3 0 0 4 5', 'r1', 'Features of SME, which this PE has not.', '', { raz: true }),
  reg(
    'ID_AA64DFR0_EL1',
    '3 0 0 5 0',
    'r1',
    'Debug features 0.',
    `
    63:60 HPMN0 =0
    55:52 BRBE =0
    51:48 MTPMU =0
    47:44 TraceBuffer =0
    43:40 TraceFilt =0
    39:36 DoubleLock =15 | 0=implemented; 15=not implemented
    35:32 PMSVer =0
    31:28 CTX_CMPs =1 Context-aware breakpoints, minus one.
    23:20 WRPs =${WATCHPOINTS - 1} Watchpoints, minus one.
    15:12 BRPs =${BREAKPOINTS - 1} Breakpoints, minus one.
    11:8 PMUVer Performance monitors. | 0=none; 1=PMUv3; 4=of Armv8.1; 5=of Armv8.4; 6=of Armv8.5; 15=other
    7:4 TraceVer =0
    3:0 DebugVer | 6=of Armv8.0; 7=of Armv8.1 with VHE; 8=of Armv8.2; 9=of Armv8.4
  `,
  ),
  reg('ID_AA64DFR1_EL1', '3 0 0 5 1', 'r1', 'Debug features 1.', '', { raz: true }),
  reg('ID_AA64AFR0_EL1', '3 0 0 5 4', 'r1', 'Auxiliary features 0.', '', { raz: true }),
  reg('ID_AA64AFR1_EL1', '3 0 0 5 5', 'r1', 'Auxiliary features 1.', '', { raz: true }),
  reg(
    'ID_AA64ISAR0_EL1',
    '3 0 0 6 0',
    'r1',
    'Instructions 0.',
    `
    63:60 RNDR Random numbers. | ${yes}
    59:56 TLB TLBI. | 0=Inner Shareable; 1=Outer Shareable; 2=Outer Shareable and ranges
    55:52 TS Flag manipulation. | 0=no; 1=CFINV, RMIF, SETF; 2=with AXFLAG and XAFLAG
    51:48 FHM FMLAL. | ${yes}
    47:44 DP Dot product. | ${yes}
    43:40 SM4 | ${yes}
    39:36 SM3 | ${yes}
    35:32 SHA3 | ${yes}
    31:28 RDM SQRDMLAH. | ${yes}
    27:24 TME =0
    23:20 Atomic LSE. | 0=no; 2=yes
    19:16 CRC32 | ${yes}
    15:12 SHA2 | 0=no; 1=SHA256; 2=SHA256 and SHA512
    11:8 SHA1 | ${yes}
    7:4 AES | 0=no; 1=AES; 2=AES and PMULL
  `,
  ),
  reg(
    'ID_AA64ISAR1_EL1',
    '3 0 0 6 1',
    'r1',
    'Instructions 1.',
    `
    63:60 LS64 =0
    59:56 XS =0
    55:52 I8MM Int8 matrix multiplication. | ${yes}
    51:48 DGH Data gathering hint. | ${yes}
    47:44 BF16 | ${yes}
    43:40 SPECRES CFP, DVP, CPP. | ${yes}
    39:36 SB Speculation barrier. | ${yes}
    35:32 FRINTTS | ${yes}
    31:28 GPI Generic authentication, implementation defined. | ${yes}
    27:24 GPA =0
    23:20 LRCPC LDAPR. | 0=no; 1=LDAPR; 2=with LDAPUR and STLUR
    19:16 FCMA FCMLA and FCADD. | ${yes}
    15:12 JSCVT FJCVTZS. | ${yes}
    11:8 API Address authentication, implementation defined. | 0=no; 1=PAuth; 2=EPAC; 3=PAuth2; 4=FPAC; 5=FPACCOMBINE
    7:4 APA =0
    3:0 DPB DC CVAP. | 0=no; 1=CVAP; 2=CVAP and CVADP
  `,
  ),
  reg(
    'ID_AA64ISAR2_EL1',
    '3 0 0 6 2',
    'r1',
    'Instructions 2.',
    `
    19:16 MOPS =0
    15:12 APA3 =0
    11:8 GPA3 =0
    7:4 RPRES =0
    3:0 WFxT WFET and WFIT. | 0=no; 2=yes
  `,
  ),
  reg(
    'ID_AA64MMFR0_EL1',
    '3 0 0 7 0',
    'r1',
    'Memory model 0.',
    `
    63:60 ECV Counter virtualization. | 0=no; 1=self-synchronized counters; 2=with CNTPOFF_EL2
    59:56 FGT Fine-grained traps. | ${yes}
    47:44 ExS =0
    43:40 TGran4_2 4 KB granule at stage 2. | 0=as TGran4; 1=no; 2=yes; 3=with 52 bits
    39:36 TGran64_2 =0 64 KB granule at stage 2. | 0=as TGran64
    35:32 TGran16_2 16 KB granule at stage 2. | 0=as TGran16; 1=no; 2=yes; 3=with 52 bits
    31:28 TGran4 4 KB granule. | 0=yes; 1=with 52 bits; 15=no
    27:24 TGran64 =0 64 KB granule. | 0=yes; 15=no
    23:20 TGran16 16 KB granule. | 0=no; 1=yes; 2=with 52 bits
    19:16 BigEndEL0 =0
    15:12 SNSMem Secure and Non-secure memory. | ${yes}
    11:8 BigEnd =0
    7:4 ASIDBits =2 | 0=8 bits; 2=16 bits
    3:0 PARange Physical address. | ${addressSize}
  `,
  ),
  reg(
    'ID_AA64MMFR1_EL1',
    '3 0 0 7 1',
    'r1',
    'Memory model 1.',
    `
    59:56 CMOW =0
    55:52 TIDCP1 =0
    51:48 nTLBPA =0
    47:44 AFP =0
    43:40 HCX HCRX_EL2. | ${yes}
    39:36 ETS =0
    35:32 TWED Delay of trapped WFE. | ${yes}
    31:28 XNX Stage 2 execute permission by level. | ${yes}
    27:24 SpecSEI =0
    23:20 PAN | 0=no; 1=yes; 2=with AT S1E1RP; 3=with EPAN
    19:16 LO Limited ordering regions. | ${yes}
    15:12 HPDS Hierarchical permissions. | 0=fixed; 1=can be disabled; 2=with hardware attributes
    11:8 VH Virtualization Host Extensions. | ${yes}
    7:4 VMIDBits | 0=8 bits; 2=16 bits
    3:0 HAFDBS Access flag and dirty state. | 0=software; 1=hardware access flag; 2=both in hardware
  `,
  ),
  reg(
    'ID_AA64MMFR2_EL1',
    '3 0 0 7 2',
    'r1',
    'Memory model 2.',
    `
    63:60 E0PD | ${yes}
    59:56 EVT Enhanced virtualization traps. | 0=no; 1=TID4, TOCU, TICAB; 2=with TTLBIS and TTLBOS
    55:52 BBM Level of break-before-make.
    51:48 TTL Level hint of TLBI. | ${yes}
    43:40 FWB Stage 2 forces Write-Back. | ${yes}
    39:36 IDS ID registers at EL0. | 0=UNDEFINED; 1=system register trap
    35:32 AT Unaligned atomicity. | ${yes}
    31:28 ST Small translation tables. | ${yes}
    27:24 NV Nested virtualization. | 0=no; 1=FEAT_NV; 2=FEAT_NV2
    23:20 CCIDX =0
    19:16 VARange | 0=48 bits; 1=52 bits with 64 KB pages
    15:12 IESB =0
    11:8 LSM =0
    7:4 UAO | ${yes}
    3:0 CnP | ${yes}
  `,
  ),
  reg('ID_AA64MMFR3_EL1', '3 0 0 7 3', 'r1', 'Memory model 3.', '', { raz: true }),
  reg('ID_AA64MMFR4_EL1', '3 0 0 7 4', 'r1', 'Memory model 4.', '', { raz: true }),
];

/** The reserved rest of the feature ID space, by its generic names: reads as zero. */
const reservedSpace: readonly RegisterSpec[] = [];
{
  const named = new Set(featureSpace.map(row => `${row.crm} ${row.op2}`));
  for (let crm = 1; crm <= 7; crm++) {
    for (let op2 = 0; op2 <= 7; op2++) {
      if (named.has(`${crm} ${op2}`)) continue;
      (reservedSpace as RegisterSpec[]).push(
        reg(`S3_0_C0_C${crm}_${op2}`, `3 0 0 ${crm} ${op2}`, 'r1', 'Reserved ID register; reads as zero.', '', {
          raz: true,
        }),
      );
    }
  }
}

/** Identification. Values that follow from the PE model are in `registers/reset.ts`. */
export const id: readonly RegisterSpec[] = [
  reg('MIDR_EL1', '3 0 0 0 0', 'r1', 'Which PE this is; VPIDR_EL2 at EL1.', main),
  reg(
    'MPIDR_EL1',
    '3 0 0 0 5',
    'r1',
    'Affinity of this PE; VMPIDR_EL2 at EL1.',
    `
    39:32 Aff3
    31 RES1
    30 U Uniprocessor.
    24 MT Lowest affinity level is a thread.
    23:16 Aff2
    15:8 Aff1
    7:0 Aff0
  `,
  ),
  reg('REVIDR_EL1', '3 0 0 0 6', 'r1', 'Revision, implementation defined.', word('Revision')),
  ...featureSpace,
  ...reservedSpace,
  reg(
    'CCSIDR_EL1',
    '3 1 0 0 0',
    'r1',
    'Size of the cache that CSSELR_EL1 selects.',
    `
    27:13 NumSets Sets, minus one.
    12:3 Associativity Ways, minus one.
    2:0 LineSize | 0=16 bytes; 1=32 bytes; 2=64 bytes; 3=128 bytes
  `,
  ),
  reg(
    'CLIDR_EL1',
    '3 1 0 0 1',
    'r1',
    'Caches.',
    `
    32:30 ICB
    29:27 LoUU
    26:24 LoC
    23:21 LoUIS
    20:18 Ctype7
    17:15 Ctype6
    14:12 Ctype5
    11:9 Ctype4
    8:6 Ctype3
    5:3 Ctype2 | 0=none; 1=instruction; 2=data; 3=separate; 4=unified
    2:0 Ctype1 | 0=none; 1=instruction; 2=data; 3=separate; 4=unified
  `,
  ),
  reg('AIDR_EL1', '3 1 0 0 7', 'r1', 'Auxiliary identification.', word('AIDR')),
  reg(
    'CSSELR_EL1',
    '3 2 0 0 0',
    'rw1',
    'Selects a cache for CCSIDR_EL1.',
    `
    3:1 Level Level, minus one.
    0 InD | 0=data or unified; 1=instruction
  `,
  ),
  reg(
    'CTR_EL0',
    '3 3 0 0 1',
    'r0',
    'Cache type.',
    `
    37:32 TminLine =0
    31 RES1
    29 DIC Instruction caches need no invalidation for coherence with data.
    28 IDC Data caches need no cleaning for coherence with instructions.
    27:24 CWG =4 Write-back granule, log2 of words.
    23:20 ERG =4 Exclusives reservation granule, log2 of words.
    19:16 DminLine =4 Smallest data cache line, log2 of words.
    15:14 L1Ip =3 Level 1 instruction cache. | 2=VIPT; 3=PIPT
    3:0 IminLine =4 Smallest instruction cache line, log2 of words.
  `,
  ),
  reg(
    'DCZID_EL0',
    '3 3 0 0 7',
    'r0',
    'DC ZVA.',
    `
    4 DZP DC ZVA is not permitted here.
    3:0 BS =4 Block size, log2 of words.
  `,
  ),
];
