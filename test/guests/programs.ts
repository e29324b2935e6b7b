/** The system programs, and where QEMU prints something else than the Arm ARM wants. docs/coverage.md lists both. */

export type Level = 1 | 2 | 3;

/** What QEMU 7.2 prints where the Arm ARM wants something else. */
export interface Deviation {
  readonly qemu: RegExp;
  readonly arm: string;
  readonly why: string;
}

export interface Program {
  readonly name: string;
  /** The level that it starts at. */
  readonly el: Level;
  /** 1 unless given. */
  readonly pes?: number;
  readonly what: string;
  readonly deviations?: readonly Deviation[];
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'calls',
    el: 3,
    what: 'SVC, HVC, SMC and illegal returns between all levels',
    deviations: [
      { qemu: /ESR 00000000620793e4/, arm: 'ESR 00000000620cd3e4', why: 'it swaps Op1 and Op2 of MSR DAIFSet in ISS' },
    ],
  },
  { name: 'traps', el: 2, what: 'traps from EL1 by the controls of EL2' },
  { name: 'stage1', el: 1, what: 'faults of stage 1 and answers of AT' },
  { name: 'bti', el: 1, what: 'branch target identification' },
  {
    name: 'stage2',
    el: 2,
    what: 'faults of stage 2 with their syndrome and IPA',
    deviations: [
      // Arm ARM, AArch64.S2Walk: the level of a fault is that of the stage that failed. QEMU 8.0 reports it so.
      { qemu: /(ESR 00000000(92000[01]|820000)[8c])6/, arm: '$17', why: 'it reports the level of stage 1' },
    ],
  },
  { name: 'state', el: 2, what: 'legal and illegal exception returns, and what they restore' },
  { name: 'fp', el: 3, what: 'traps of FP by CPACR_EL1, both layouts of CPTR_EL2, and CPTR_EL3' },
  {
    name: 'vhe',
    el: 2,
    what: 'redirection, the EL2&0 regime, PAN and TGE with HCR_EL2.E2H',
    deviations: [
      // Arm ARM, ESR_ELx.ISS of a data abort: ISV is 0 but for aborts of stage 2.
      { qemu: /ESR 0000000097...(...) /, arm: 'ESR 0000000096000$1 ', why: 'it gives EL2 a syndrome of stage 1' },
    ],
  },
  {
    name: 'virtual',
    el: 2,
    what: 'virtual interrupts by HCR_EL2 and by list registers',
    deviations: [
      // GIC architecture specification, ICH_MISR_EL2.VGrp0D.
      {
        qemu: /(DIE of group 0: MISR) 0{16} ISR_EL1 0{16}/,
        arm: '$1 0000000000000020 ISR_EL1 0000000000000080',
        why: 'it asks VENG1 for group 0',
      },
    ],
  },
  { name: 'smp', el: 1, pes: 4, what: 'PSCI, SGIs, exclusives and LSE between PEs' },
  {
    name: 'step',
    el: 2,
    what: 'software step of EL0 by EL1, of EL1 by EL2, and of both by themselves',
    deviations: [
      // Arm ARM, CheckSoftwareStep: before an instruction, if debug exceptions are enabled then.
      {
        qemu: /(EL[12] steps itself\n(?:.*\n){3})exception.*\n/,
        arm: '$1',
        why: 'it takes a step behind the instruction that switches steps off',
      },
    ],
  },
  {
    name: 'debug',
    el: 2,
    what: 'breakpoints and watchpoints of EL0, EL1 and EL2 by EL1 and EL2',
    deviations: [
      // Arm ARM, AArch64.GenerateDebugExceptionsFrom: OSLSR_EL1.OSLK is bit 1.
      { qemu: /(the OS lock\n)exception to EL1.*\n/, arm: '$1', why: 'it looks for the OS lock in bit 0 of OSLSR_EL1' },
    ],
  },
  { name: 'pmu', el: 3, what: 'instructions counted by level, filters, counters of EL2 and overflow' },
  { name: 'timers', el: 2, what: 'timers through the GIC, WFI and virtual IRQs' },
];
