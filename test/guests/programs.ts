/** The system programs, and where QEMU prints something else than the Arm ARM wants. docs/coverage.md lists both. */

export type Level = 1 | 2 | 3;

/** What QEMU prints where the Arm ARM wants something else: 7.2, or 10 where its report is kept. */
export interface Deviation {
  readonly qemu: RegExp;
  readonly arm: string;
  /** What QEMU does. */
  readonly why: string;
  /** The rule that decides, and who else follows it. */
  readonly rule: string;
}

export interface Program {
  readonly name: string;
  /** The level that it starts at. */
  readonly el: Level;
  /** 1 unless given. */
  readonly pes?: number;
  readonly what: string;
  /** Compared with what QEMU 10 printed, in NAME.qemu10.txt, since Debian's own has not got what it is about. */
  readonly kept?: true;
  readonly deviations?: readonly Deviation[];
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'calls',
    el: 3,
    what: 'SVC, HVC, SMC and illegal returns between all levels',
    deviations: [
      {
        qemu: /ESR 00000000620793e4/,
        arm: 'ESR 00000000620cd3e4',
        why: 'it swaps Op1 and Op2 of MSR DAIFSet in ISS',
        rule: 'ISS of class 0x18 has Op2 in bits 19:17 and Op1 in bits 16:14 (Arm ARM; Linux reads them so)',
      },
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
      {
        qemu: /(ESR 00000000(92000[01]|820000)[8c])6/,
        arm: '$17',
        why: 'it reports the level of stage 1',
        rule: 'the level of a fault is that of the stage that failed (Arm ARM, AArch64.S2Walk); QEMU 10 reports it so',
      },
    ],
  },
  {
    name: 'translate',
    el: 2,
    what: 'answers of AT for each granule, E0PD, EPD, small and concatenated tables, and faults of both stages',
    deviations: [
      {
        qemu: /(EL2\n) {2}0{12}1a00 {2}0{12}1a00/,
        arm: '$1  0000000000001b00  0000000000001b00',
        why: 'it leaves PAR_EL1.SH zero while translation is off',
        rule: 'SH is 2 for Device memory (Arm ARM, PAR_EL1)',
      },
    ],
  },
  {
    name: 'translate3',
    el: 3,
    what: 'answers of AT about EL3, whose tables give blocks and pages, and that there are none at EL2',
    deviations: [
      {
        qemu: /(0{8}[0-9a-f]{4}[01])[8a]00/,
        arm: '$1b00',
        why: 'it leaves PAR_EL1.SH zero for Device memory',
        rule: 'SH is 2 for Device memory (Arm ARM, PAR_EL1); for NS see the next row',
      },
      {
        qemu: /ff00000040001980/,
        arm: 'ff00000040001b80',
        why: 'its EL3 has Secure memory',
        rule: 'memory has one security state here (ARCHITECTURE.md), so PAR_EL1.NS is 1',
      },
    ],
  },
  { name: 'state', el: 2, what: 'legal and illegal exception returns, and what they restore' },
  { name: 'fp', el: 3, what: 'traps of FP by CPACR_EL1, both layouts of CPTR_EL2, and CPTR_EL3' },
  {
    name: 'vhe',
    el: 2,
    what: 'redirection, the EL2&0 regime, PAN and TGE with HCR_EL2.E2H',
    deviations: [
      {
        qemu: /ESR 0000000097...(...) /,
        arm: 'ESR 0000000096000$1 ',
        why: 'it gives EL2 a syndrome of stage 1',
        rule: 'ISV is 0 but for aborts of stage 2 (Arm ARM, ESR_ELx.ISS of a data abort); QEMU 10 reports it so',
      },
    ],
  },
  {
    name: 'virtual',
    el: 2,
    what: 'virtual interrupts by HCR_EL2 and by list registers',
    deviations: [
      {
        qemu: /(DIE of group 0: MISR) 0{16} ISR_EL1 0{16}/,
        arm: '$1 0000000000000020 ISR_EL1 0000000000000080',
        why: 'it asks VENG1 for group 0',
        rule: 'ICH_MISR_EL2.VGrp0D is about ICH_VMCR_EL2.VENG0 (GIC specification); Linux computes it so for nested guests',
      },
    ],
  },
  {
    name: 'nested',
    el: 2,
    what: 'a guest hypervisor under NV, NV1 and NV2: its level, exceptions, returns and tables, and faults of VNCR_EL2',
    kept: true,
    deviations: [
      {
        qemu: /SPSR (.{12})23c5/,
        arm: 'SPSR $103c5',
        why: 'it has FEAT_NMI, whose PSTATE.ALLINT is in bit 13',
        rule: 'there is no FEAT_NMI before Armv8.8',
      },
    ],
  },
  { name: 'smp', el: 1, pes: 4, what: 'PSCI, SGIs, exclusives and LSE between PEs' },
  {
    name: 'step',
    el: 2,
    what: 'software step of EL0 by EL1, of EL1 by EL2, and of both by themselves',
    deviations: [
      {
        qemu: /(EL[12] steps itself\n(?:.*\n){3})exception.*\n/,
        arm: '$1',
        why: 'it takes a step behind the instruction that switches steps off',
        rule: 'a step is taken before an instruction, if debug exceptions are enabled then (Arm ARM, CheckSoftwareStep)',
      },
    ],
  },
  {
    name: 'debug',
    el: 2,
    what: 'breakpoints and watchpoints of EL0, EL1 and EL2 by EL1 and EL2',
    deviations: [
      {
        qemu: /(the OS lock\n)exception to EL1.*\n/,
        arm: '$1',
        why: 'it looks for the OS lock in bit 0 of OSLSR_EL1',
        rule: 'OSLSR_EL1.OSLK is bit 1, and disables debug exceptions (Arm ARM, AArch64.GenerateDebugExceptionsFrom)',
      },
    ],
  },
  { name: 'pmu', el: 3, what: 'instructions counted by level, filters, counters of EL2 and overflow' },
  { name: 'timers', el: 2, what: 'timers through the GIC, WFI and virtual IRQs' },
];
