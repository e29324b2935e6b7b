/**
 * Which control traps which access, as rows. The order of checks is: traps to EL1, to EL2, to EL3, and within one level
 * the order of the rows. The source is the accessibility pseudocode of each register in the Arm ARM (D24), that of
 * fine-grained traps is in `fineGrained.ts`, and what nested virtualization does instead of trapping in `nested.ts`.
 */
import { debugCommunication, debugLocked, debugRegisters } from './targets.ts';

export type Condition =
  /** HCR_EL2.{E2H, TGE} is not {1, 1}: EL0 belongs to a guest, or to an operating system at EL1. */
  | 'guest'
  /** HCR_EL2.{E2H, TGE} is {1, 1}: EL0 belongs to the host at EL2. */
  | 'host'
  /** HCR_EL2.TGE is 1 or 0. */
  | 'tge'
  | 'noTge'
  /** HCR_EL2.E2H is 1 or 0; it also chooses the layout of CPTR_EL2, CNTHCTL_EL2 and SCTLR_EL2. */
  | 'e2h'
  | 'noE2h'
  /** HCR_EL2.{NV2, NV1, NV} is {1, 0, 1}: a guest hypervisor that uses E2H. */
  | 'nv2Vhe'
  /** HCR_EL2.{NV2, NV1, NV} is {0, 1, 1}. */
  | 'nv1WithoutNv2'
  /** HCR_EL2.NV is 1. */
  | 'nv'
  /** Fine-grained traps are on: SCR_EL3.FGTEn, if there is an EL3. */
  | 'fineGrained';

export interface TrapRule {
  /** The control register. */
  readonly control: string;
  /** Its field; of several, all have to match. */
  readonly field: string | readonly string[];
  /** Values of the field that trap: 1 if left out. */
  readonly values?: readonly number[];
  /** Exception levels whose accesses are trapped. */
  readonly at: readonly number[];
  /** An exception to EL1 goes to EL2 while HCR_EL2.TGE is 1. */
  readonly to: 1 | 2 | 3;
  readonly when?: Condition | readonly Condition[];
  readonly direction?: 'read' | 'write';
  /** Names with `*`, or `@` and the name of a set of `targets.ts`. */
  readonly targets: readonly string[];
  /** Exception class, if not that of the target. */
  readonly ec?: number;
  readonly iss?: number;
  /** TGE turns the exception into one of class 0 (FP and AdvSIMD only). */
  readonly uncategorizedByTge?: boolean;
}

/** ISS of an FP trap: CV = 1, COND = always. */
const fpTrap = { ec: 0x07, iss: 0x1e0_0000 };

const zero = [0];
const cacheToUnification = ['IC IALLU', 'IC IVAU', 'DC CVAU'];
const cacheToCoherency = ['DC IVAC', 'DC CIVAC', 'DC CVAC', 'DC CVAP', 'DC CVADP'];
const cacheAtEl0 = ['DC CVAU', 'DC CIVAC', 'DC CVAC', 'DC CVAP', 'DC CVADP', 'IC IVAU'];
const prediction = ['CFP RCTX', 'DVP RCTX', 'CPP RCTX'];
const keys = ['AP??Key??_EL1'];
const regions = ['LOR*_EL1'];
const daif = ['DAIF', 'DAIFSet', 'DAIFClr'];
const fp = ['FP', 'FPCR', 'FPSR'];
const wfi = ['WFI', 'WFIT'];
const wfe = ['WFE', 'WFET'];
const physicalTimer = ['CNTP_*_EL0'];
const virtualTimer = ['CNTV_*_EL0'];
const physicalCounter = ['CNTPCT_EL0', 'CNTPCTSS_EL0'];
const virtualCounter = ['CNTVCT_EL0', 'CNTVCTSS_EL0'];

/** What TVM traps writes of, and TRVM reads of. */
const translation = [
  'SCTLR_EL1',
  'TTBR0_EL1',
  'TTBR1_EL1',
  'TCR_EL1',
  'ESR_EL1',
  'FAR_EL1',
  'AFSR0_EL1',
  'AFSR1_EL1',
  'MAIR_EL1',
  'AMAIR_EL1',
  'CONTEXTIDR_EL1',
];

/** Controls of EL1, which trap EL0; and those of EL2 that take their place while EL0 belongs to a host. */
const el0Rules: readonly TrapRule[] = [
  { control: 'SCTLR_EL1', field: 'UMA', values: zero, at: [0], to: 1, when: 'guest', targets: daif },
  { control: 'HCR_EL2', field: 'TGE', at: [0], to: 2, when: 'host', targets: daif },
  { control: 'SCTLR_EL1', field: 'UCT', values: zero, at: [0], to: 1, when: 'guest', targets: ['CTR_EL0'] },
  { control: 'SCTLR_EL2', field: 'UCT', values: zero, at: [0], to: 2, when: ['host', 'e2h'], targets: ['CTR_EL0'] },
  { control: 'SCTLR_EL1', field: 'UCI', values: zero, at: [0], to: 1, when: 'guest', targets: cacheAtEl0 },
  { control: 'SCTLR_EL2', field: 'UCI', values: zero, at: [0], to: 2, when: ['host', 'e2h'], targets: cacheAtEl0 },
  { control: 'SCTLR_EL1', field: 'DZE', values: zero, at: [0], to: 1, when: 'guest', targets: ['DC ZVA'] },
  { control: 'SCTLR_EL2', field: 'DZE', values: zero, at: [0], to: 2, when: ['host', 'e2h'], targets: ['DC ZVA'] },
  { control: 'SCTLR_EL1', field: 'EnRCTX', values: zero, at: [0], to: 1, when: 'guest', targets: prediction },
  { control: 'SCTLR_EL2', field: 'EnRCTX', values: zero, at: [0], to: 2, when: ['host', 'e2h'], targets: prediction },
  { control: 'SCTLR_EL1', field: 'nTWI', values: zero, at: [0], to: 1, when: 'guest', targets: wfi },
  { control: 'SCTLR_EL2', field: 'nTWI', values: zero, at: [0], to: 2, when: ['host', 'e2h'], targets: wfi },
  { control: 'SCTLR_EL1', field: 'nTWE', values: zero, at: [0], to: 1, when: 'guest', targets: wfe },
  { control: 'SCTLR_EL2', field: 'nTWE', values: zero, at: [0], to: 2, when: ['host', 'e2h'], targets: wfe },
  { control: 'SCTLR_EL1', field: 'TSCXT', at: [0], to: 1, when: 'guest', targets: ['SCXTNUM_EL0'] },
  { control: 'SCTLR_EL2', field: 'TSCXT', at: [0], to: 2, when: ['host', 'e2h'], targets: ['SCXTNUM_EL0'] },

  { control: 'MDSCR_EL1', field: 'TDCC', at: [0], to: 1, targets: debugCommunication },

  { control: 'CNTKCTL_EL1', field: 'EL0PCTEN', values: zero, at: [0], to: 1, when: 'guest', targets: physicalCounter },
  { control: 'CNTKCTL_EL1', field: 'EL0VCTEN', values: zero, at: [0], to: 1, when: 'guest', targets: virtualCounter },
  {
    control: 'CNTKCTL_EL1',
    field: ['EL0PCTEN', 'EL0VCTEN'],
    values: zero,
    at: [0],
    to: 1,
    when: 'guest',
    targets: ['CNTFRQ_EL0'],
  },
  { control: 'CNTKCTL_EL1', field: 'EL0PTEN', values: zero, at: [0], to: 1, when: 'guest', targets: physicalTimer },
  { control: 'CNTKCTL_EL1', field: 'EL0VTEN', values: zero, at: [0], to: 1, when: 'guest', targets: virtualTimer },
  ...(
    [
      ['EL0PCTEN', physicalCounter],
      ['EL0VCTEN', virtualCounter],
      [['EL0PCTEN', 'EL0VCTEN'], ['CNTFRQ_EL0']],
      ['EL0PTEN', physicalTimer],
      ['EL0VTEN', virtualTimer],
    ] as const
  ).map(
    ([field, targets]): TrapRule => ({
      control: 'CNTHCTL_EL2',
      field,
      values: zero,
      at: [0],
      to: 2,
      when: ['host', 'e2h'],
      targets,
    }),
  ),

  {
    control: 'PMUSERENR_EL0',
    field: 'EN',
    values: zero,
    at: [0],
    to: 1,
    targets: [
      'PMCR_EL0',
      'PMCNTEN*_EL0',
      'PMOVS*_EL0',
      'PMCEID?_EL0',
      'PMXEVTYPER_EL0',
      'PMEVTYPER*_EL0',
      'PMCCFILTR_EL0',
    ],
  },
  { control: 'PMUSERENR_EL0', field: ['EN', 'SW'], values: zero, at: [0], to: 1, targets: ['PMSWINC_EL0'] },
  { control: 'PMUSERENR_EL0', field: ['EN', 'ER'], values: zero, at: [0], to: 1, targets: ['PMSELR_EL0'] },
  ...(
    [
      ['CR', ['PMCCNTR_EL0']],
      ['ER', ['PMXEVCNTR_EL0', 'PMEVCNTR*_EL0']],
    ] as const
  ).flatMap(([field, targets]): TrapRule[] => [
    {
      control: 'PMUSERENR_EL0',
      field: ['EN', field],
      values: zero,
      at: [0],
      to: 1,
      direction: 'read',
      targets,
    },
    { control: 'PMUSERENR_EL0', field: 'EN', values: zero, at: [0], to: 1, direction: 'write', targets },
  ]),

  {
    control: 'CPACR_EL1',
    field: 'FPEN',
    values: [0, 1, 2],
    at: [0],
    to: 1,
    when: 'guest',
    targets: fp,
    ...fpTrap,
    uncategorizedByTge: true,
  },
  { control: 'CPACR_EL1', field: 'FPEN', values: [0, 2], at: [1], to: 1, targets: fp, ...fpTrap },

  { control: 'ICC_SRE_EL1', field: 'SRE', values: zero, at: [1], to: 1, targets: ['@GicInterface'] },
];

/** Controls of EL2. A trap from EL0 spares the host, unless the row says otherwise. */
const el2Rules: readonly TrapRule[] = [
  { control: 'HCR_EL2', field: 'TID1', at: [1], to: 2, direction: 'read', targets: ['REVIDR_EL1', 'AIDR_EL1'] },
  { control: 'HCR_EL2', field: 'TID2', at: [0, 1], to: 2, when: 'guest', targets: ['CTR_EL0'] },
  { control: 'HCR_EL2', field: 'TID2', at: [1], to: 2, targets: ['CCSIDR_EL1', 'CLIDR_EL1', 'CSSELR_EL1'] },
  { control: 'HCR_EL2', field: 'TID4', at: [1], to: 2, targets: ['CCSIDR_EL1', 'CLIDR_EL1', 'CSSELR_EL1'] },
  { control: 'HCR_EL2', field: 'TID3', at: [1], to: 2, direction: 'read', targets: ['@FeatureSpace'] },
  { control: 'HCR_EL2', field: 'TACR', at: [1], to: 2, targets: ['ACTLR_EL1'] },
  { control: 'HCR_EL2', field: 'TIDCP', at: [1], to: 2, targets: ['@ImplementationDefined'] },
  { control: 'HCR_EL2', field: 'TVM', at: [1], to: 2, direction: 'write', targets: translation },
  { control: 'HCR_EL2', field: 'TRVM', at: [1], to: 2, direction: 'read', targets: translation },
  { control: 'HCR_EL2', field: 'TLOR', at: [1], to: 2, targets: regions },
  { control: 'HCR_EL2', field: 'TERR', at: [1], to: 2, targets: ['ERR*_EL1', 'ERX*_EL1'] },
  { control: 'HCR_EL2', field: 'APK', values: zero, at: [1], to: 2, targets: keys },
  { control: 'HCR_EL2', field: 'API', values: zero, at: [0, 1], to: 2, when: 'guest', targets: ['PAUTH'] },
  { control: 'HCR_EL2', field: 'EnSCXT', values: zero, at: [1], to: 2, targets: ['SCXTNUM_EL1'] },
  { control: 'HCR_EL2', field: 'EnSCXT', values: zero, at: [0, 1], to: 2, when: 'guest', targets: ['SCXTNUM_EL0'] },
  { control: 'HCR_EL2', field: 'TWI', at: [0, 1], to: 2, when: 'guest', targets: wfi },
  { control: 'HCR_EL2', field: 'TWE', at: [0, 1], to: 2, when: 'guest', targets: wfe },
  { control: 'HCR_EL2', field: 'TDZ', at: [0, 1], to: 2, when: 'guest', targets: ['DC ZVA'] },
  { control: 'HCR_EL2', field: 'TSW', at: [1], to: 2, targets: ['DC ISW', 'DC CSW', 'DC CISW'] },
  { control: 'HCR_EL2', field: 'TPCP', at: [0, 1], to: 2, when: 'guest', targets: cacheToCoherency },
  {
    control: 'HCR_EL2',
    field: 'TPU',
    at: [0, 1],
    to: 2,
    when: 'guest',
    targets: [...cacheToUnification, 'IC IALLUIS'],
  },
  { control: 'HCR_EL2', field: 'TOCU', at: [0, 1], to: 2, when: 'guest', targets: cacheToUnification },
  { control: 'HCR_EL2', field: 'TICAB', at: [1], to: 2, targets: ['IC IALLUIS'] },
  { control: 'HCR_EL2', field: 'TTLB', at: [1], to: 2, targets: ['TLBI *'] },
  { control: 'HCR_EL2', field: 'TTLBIS', at: [1], to: 2, targets: ['TLBI *IS'] },
  { control: 'HCR_EL2', field: 'TTLBOS', at: [1], to: 2, targets: ['TLBI *OS'] },
  { control: 'HCR_EL2', field: 'AT', at: [1], to: 2, targets: ['AT S1E??', 'AT S1E1?P'] },
  // With NV2 these are in memory instead (nested.ts).
  {
    control: 'HCR_EL2',
    field: 'NV1',
    at: [1],
    to: 2,
    when: 'nv1WithoutNv2',
    targets: ['VBAR_EL1', 'ELR_EL1', 'SPSR_EL1', 'SCXTNUM_EL1'],
  },
  { control: 'HCR_EL2', field: 'NV', at: [1], to: 2, targets: ['ERET', 'ERETAA', 'ERETAB', ...prediction] },

  { control: 'CPTR_EL2', field: 'TCPAC', at: [1], to: 2, targets: ['CPACR_EL1'] },
  { control: 'CPTR_EL2', field: 'TFP', at: [0, 1, 2], to: 2, when: 'noE2h', targets: fp, ...fpTrap },
  { control: 'CPTR_EL2', field: 'FPEN', values: [0, 2], at: [1, 2], to: 2, when: 'e2h', targets: fp, ...fpTrap },
  {
    control: 'CPTR_EL2',
    field: 'FPEN',
    values: [0, 2],
    at: [0],
    to: 2,
    when: ['e2h', 'noTge'],
    targets: fp,
    ...fpTrap,
  },
  {
    control: 'CPTR_EL2',
    field: 'FPEN',
    values: [0, 1, 2],
    at: [0],
    to: 2,
    when: ['e2h', 'tge'],
    targets: fp,
    ...fpTrap,
  },

  // HSTR_EL2 traps AArch32 accesses only, and CPTR_EL2.TTA only trace registers: there is neither here.

  // Debug exceptions to EL2, by TDE or by TGE, imply TDA, TDRA and TDOSA.
  ...(
    [
      ['TDA', debugRegisters],
      ['TDRA', ['MDRAR_EL1']],
      ['TDOSA', debugLocked],
    ] as const
  ).flatMap(([field, targets]): TrapRule[] => [
    { control: 'MDCR_EL2', field, at: [0, 1], to: 2, targets },
    { control: 'MDCR_EL2', field: 'TDE', at: [0, 1], to: 2, targets },
    { control: 'HCR_EL2', field: 'TGE', at: [0, 1], to: 2, targets },
  ]),
  { control: 'MDCR_EL2', field: 'TDCC', at: [0, 1], to: 2, targets: debugCommunication },
  { control: 'MDCR_EL2', field: 'TTRF', at: [1], to: 2, targets: ['TRFCR_EL1'] },
  // QEMU 7.2 has no TPMCR, and forgets TPM at EL0 where PMUSERENR_EL0.ER, CR or SW allowed the access.
  { control: 'MDCR_EL2', field: 'TPM', at: [0, 1], to: 2, targets: ['@PMU'] },
  { control: 'MDCR_EL2', field: 'TPMCR', at: [0, 1], to: 2, targets: ['PMCR_EL0'] },

  // QEMU 7.2 looks at EL1PCEN for the physical counter at EL0; the accessibility pseudocode has EL1PCTEN at both levels.
  {
    control: 'CNTHCTL_EL2',
    field: 'EL1PCTEN',
    values: zero,
    at: [0, 1],
    to: 2,
    when: 'noE2h',
    targets: physicalCounter,
  },
  { control: 'CNTHCTL_EL2', field: 'EL1PCEN', values: zero, at: [0, 1], to: 2, when: 'noE2h', targets: physicalTimer },
  {
    control: 'CNTHCTL_EL2',
    field: 'EL1PCTEN',
    values: zero,
    at: [0, 1],
    to: 2,
    when: ['guest', 'e2h'],
    targets: physicalCounter,
  },
  {
    control: 'CNTHCTL_EL2',
    field: 'EL1PTEN',
    values: zero,
    at: [0, 1],
    to: 2,
    when: ['guest', 'e2h'],
    targets: physicalTimer,
  },
  { control: 'CNTHCTL_EL2', field: 'EL1TVCT', at: [0, 1], to: 2, when: 'guest', targets: virtualCounter },
  { control: 'CNTHCTL_EL2', field: 'EL1TVT', at: [0, 1], to: 2, when: 'guest', targets: virtualTimer },
  {
    control: 'CNTHCTL_EL2',
    field: 'EL1NVPCT',
    at: [1],
    to: 2,
    when: 'nv2Vhe',
    targets: ['CNTP_CTL_EL02', 'CNTP_CVAL_EL02'],
  },
  {
    control: 'CNTHCTL_EL2',
    field: 'EL1NVVCT',
    at: [1],
    to: 2,
    when: 'nv2Vhe',
    targets: ['CNTV_CTL_EL02', 'CNTV_CVAL_EL02'],
  },

  { control: 'ICC_SRE_EL2', field: 'SRE', values: zero, at: [2], to: 2, targets: ['@GicInterface', 'ICH_*'] },
  { control: 'ICC_SRE_EL2', field: 'Enable', values: zero, at: [1], to: 2, targets: ['ICC_SRE_EL1'] },
  { control: 'ICH_HCR_EL2', field: 'TC', at: [1], to: 2, targets: ['@GicCommon', '@GicSgi'] },
  { control: 'ICH_HCR_EL2', field: 'TALL0', at: [1], to: 2, targets: ['@GicGroup0'] },
  { control: 'ICH_HCR_EL2', field: 'TALL1', at: [1], to: 2, targets: ['@GicGroup1'] },
  { control: 'ICH_HCR_EL2', field: 'TDIR', at: [1], to: 2, targets: ['ICC_DIR_EL1'] },
  { control: 'HCR_EL2', field: 'FMO', at: [1], to: 2, targets: ['@GicSgi'] },
  { control: 'HCR_EL2', field: 'IMO', at: [1], to: 2, targets: ['@GicSgi'] },
];

/** Controls of EL3. */
const el3Rules: readonly TrapRule[] = [
  { control: 'SCR_EL3', field: 'TWI', at: [0, 1, 2], to: 3, targets: wfi },
  { control: 'SCR_EL3', field: 'TWE', at: [0, 1, 2], to: 3, targets: wfe },
  { control: 'SCR_EL3', field: 'API', values: zero, at: [0, 1, 2], to: 3, targets: ['PAUTH'] },
  { control: 'SCR_EL3', field: 'APK', values: zero, at: [1, 2], to: 3, targets: keys },
  { control: 'SCR_EL3', field: 'TLOR', at: [1, 2], to: 3, targets: regions },
  { control: 'SCR_EL3', field: 'TERR', at: [1, 2], to: 3, targets: ['ERR*_EL1', 'ERX*_EL1'] },
  {
    control: 'SCR_EL3',
    field: 'EnSCXT',
    values: zero,
    at: [0, 1, 2],
    to: 3,
    targets: ['SCXTNUM_EL0', 'SCXTNUM_EL1', 'SCXTNUM_EL2', 'SCXTNUM_EL12'],
  },
  { control: 'SCR_EL3', field: 'ECVEn', values: zero, at: [2], to: 3, targets: ['CNTPOFF_EL2'] },
  {
    control: 'SCR_EL3',
    field: 'FGTEn',
    values: zero,
    at: [2],
    to: 3,
    targets: ['HFG?TR_EL2', 'HDFG?TR_EL2'],
  },
  { control: 'SCR_EL3', field: 'HXEn', values: zero, at: [2], to: 3, targets: ['HCRX_EL2'] },
  { control: 'CPTR_EL3', field: 'TCPAC', at: [1, 2], to: 3, targets: ['CPACR_EL1', 'CPACR_EL12', 'CPTR_EL2'] },
  { control: 'CPTR_EL3', field: 'TFP', at: [0, 1, 2, 3], to: 3, targets: fp, ...fpTrap },
  { control: 'MDCR_EL3', field: 'TDA', at: [0, 1, 2], to: 3, targets: [...debugRegisters, 'MDRAR_EL1'] },
  { control: 'MDCR_EL3', field: 'TDOSA', at: [1, 2], to: 3, targets: debugLocked },
  { control: 'MDCR_EL3', field: 'TDCC', at: [0, 1, 2], to: 3, targets: debugCommunication },
  { control: 'MDCR_EL3', field: 'TPM', at: [0, 1, 2], to: 3, targets: ['@PMU'] },
  { control: 'ICC_SRE_EL3', field: 'SRE', values: zero, at: [3], to: 3, targets: ['@GicInterface', 'ICH_*'] },
  { control: 'ICC_SRE_EL3', field: 'Enable', values: zero, at: [1, 2], to: 3, targets: ['ICC_SRE_EL1', 'ICC_SRE_EL2'] },
  // The physical CPU interface belongs to EL3 where EL3 takes the interrupts; the virtual one is not concerned.
  { control: 'SCR_EL3', field: 'FIQ', at: [1, 2], to: 3, targets: ['@GicGroup0'] },
  { control: 'SCR_EL3', field: 'IRQ', at: [1, 2], to: 3, targets: ['@GicGroup1'] },
  { control: 'SCR_EL3', field: ['IRQ', 'FIQ'], at: [1, 2], to: 3, targets: ['@GicCommon', '@GicSgi'] },
];

export const controlRules: readonly TrapRule[] = [...el0Rules, ...el2Rules, ...el3Rules];
