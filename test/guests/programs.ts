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
  { name: 'timers', el: 2, what: 'timers through the GIC, WFI and virtual IRQs' },
];
