import { type RegisterSpec, reg } from '../notation.ts';
import { timerControl, whole } from './shared.ts';

const eventStream = `
  17 EVNTIS [ecv] Event stream bits count from bit 8 on.
  7:4 EVNTI Bit of the counter that triggers an event.
  3 EVNTDIR Which transition triggers. | 0=0 to 1; 1=1 to 0
  2 EVNTEN Event stream. | 0=off; 1=on
`;

/** The three registers of a timer, at `op0 op1 14 CRm` with op2 0 to 2. */
function timer(
  name: string,
  level: string,
  place: string,
  access: string,
  text: string,
  more: { feature?: string; e2h?: string; vncr?: { control: number; compare: number } } = {},
): RegisterSpec[] {
  const { feature, e2h, vncr } = more;
  const redirect = (kind: string) => (e2h === undefined ? undefined : `${e2h}_${kind}_EL2`);
  return [
    // TVAL is computed from CVAL and the count and has no state of its own.
    reg(`${name}_TVAL_${level}`, `${place} 0`, access, `${text}: what is left, signed.`, '31:0 TimerValue', {
      feature,
      e2h: redirect('TVAL'),
    }),
    reg(`${name}_CTL_${level}`, `${place} 1`, access, `${text}: control.`, timerControl, {
      feature,
      e2h: redirect('CTL'),
      vncr: vncr?.control,
    }),
    reg(`${name}_CVAL_${level}`, `${place} 2`, access, `${text}: the count at which it fires.`, whole('CompareValue'), {
      feature,
      e2h: redirect('CVAL'),
      vncr: vncr?.compare,
    }),
  ];
}

/** The generic timer. */
export const timers: readonly RegisterSpec[] = [
  reg('CNTFRQ_EL0', '3 3 14 0 0', 'r0w3', 'Frequency of the counter in Hz, as firmware wrote it.', '31:0 Frequency', {
    reset: 62_500_000n,
  }),
  reg('CNTPCT_EL0', '3 3 14 0 1', 'r0', 'Physical count.', whole('PhysicalCount')),
  reg('CNTVCT_EL0', '3 3 14 0 2', 'r0', 'Virtual count: the physical one minus CNTVOFF_EL2.', whole('VirtualCount')),
  reg('CNTPCTSS_EL0', '3 3 14 0 5', 'r0', 'Physical count, read in program order.', whole('PhysicalCount'), {
    feature: 'ecv',
  }),
  reg('CNTVCTSS_EL0', '3 3 14 0 6', 'r0', 'Virtual count, read in program order.', whole('VirtualCount'), {
    feature: 'ecv',
  }),
  ...timer('CNTP', 'EL0', '3 3 14 2', 'rw0', 'EL1 physical timer', {
    e2h: 'CNTHP',
    vncr: { control: 0x180, compare: 0x178 },
  }),
  ...timer('CNTV', 'EL0', '3 3 14 3', 'rw0', 'Virtual timer', {
    e2h: 'CNTHV',
    vncr: { control: 0x170, compare: 0x168 },
  }),
  reg(
    'CNTKCTL_EL1',
    '3 0 14 1 0',
    'rw1',
    'What EL0 may do with counters and timers.',
    `
    ${eventStream}
    9 EL0PTEN Physical timer at EL0. | 0=trapped; 1=allowed
    8 EL0VTEN Virtual timer at EL0. | 0=trapped; 1=allowed
    1 EL0VCTEN Virtual counter at EL0. | 0=trapped; 1=allowed
    0 EL0PCTEN Physical counter at EL0. | 0=trapped; 1=allowed
  `,
    // A guest hypervisor's accesses to CNTKCTL_EL1 reach the register itself, and CNTKCTL_EL12 traps: it has no place
    // in the VNCR_EL2 page. (The 8.5 model traps the EL1 name too; corrected in later releases.)
    { e2h: 'CNTHCTL_EL2' },
  ),
  reg('CNTVOFF_EL2', '3 4 14 0 3', 'rw2', 'What the virtual count lags behind.', whole('VirtualOffset'), {
    vncr: 0x60,
    neve: { kind: 'copy' },
  }),
  reg(
    'CNTPOFF_EL2',
    '3 4 14 0 6',
    'rw2',
    'What the physical count of EL1 and EL0 lags behind.',
    whole('PhysicalOffset'),
    {
      feature: 'ecv',
      vncr: 0x1a8,
    },
  ),
  reg(
    'CNTHCTL_EL2',
    '3 4 14 1 0',
    'rw2',
    'What EL1 and EL0 may do with counters and timers.',
    `
    19 CNTPMASK =0
    18 CNTVMASK =0
    ${eventStream}
    16 EL1NVVCT [ecv] Traps CNTV_CTL_EL02 and CNTV_CVAL_EL02 of a guest hypervisor.
    15 EL1NVPCT [ecv] Traps CNTP_CTL_EL02 and CNTP_CVAL_EL02 of a guest hypervisor.
    14 EL1TVCT [ecv] Traps the virtual counter.
    13 EL1TVT [ecv] Traps the virtual timer.
    12 ECV [ecv] CNTPOFF_EL2 is in use.
    1 EL1PCEN Physical timer at EL1 and EL0. | 0=trapped; 1=allowed
    0 EL1PCTEN Physical counter at EL1 and EL0. | 0=trapped; 1=allowed
  `,
    {
      e2hFields: `
    19 CNTPMASK =0
    18 CNTVMASK =0
    ${eventStream}
    16 EL1NVVCT [ecv] Traps CNTV_CTL_EL02 and CNTV_CVAL_EL02 of a guest hypervisor.
    15 EL1NVPCT [ecv] Traps CNTP_CTL_EL02 and CNTP_CVAL_EL02 of a guest hypervisor.
    14 EL1TVCT [ecv] Traps the virtual counter.
    13 EL1TVT [ecv] Traps the virtual timer.
    12 ECV [ecv] CNTPOFF_EL2 is in use.
    11 EL1PTEN Physical timer at EL1, and at EL0 of a guest. | 0=trapped; 1=allowed
    10 EL1PCTEN Physical counter at EL1, and at EL0 of a guest. | 0=trapped; 1=allowed
    9 EL0PTEN Physical timer at EL0 of the host. | 0=trapped; 1=allowed
    8 EL0VTEN Virtual timer at EL0 of the host. | 0=trapped; 1=allowed
    1 EL0VCTEN Virtual counter at EL0 of the host. | 0=trapped; 1=allowed
    0 EL0PCTEN Physical counter at EL0 of the host. | 0=trapped; 1=allowed
  `,
      neve: { kind: 'copy', offset: 0xc30 },
    },
  ),
  ...timer('CNTHP', 'EL2', '3 4 14 2', 'rw2', 'EL2 physical timer'),
  ...timer('CNTHV', 'EL2', '3 4 14 3', 'rw2', 'EL2 virtual timer', { feature: 'vhe' }),
  ...timer('CNTHVS', 'EL2', '3 4 14 4', 'rw2', 'Secure EL2 virtual timer', { feature: 'sel2' }),
  ...timer('CNTHPS', 'EL2', '3 4 14 5', 'rw2', 'Secure EL2 physical timer', { feature: 'sel2' }),
  // Secure EL1, which could use it by SCR_EL3.ST, is not modelled.
  ...timer('CNTPS', 'EL1', '3 7 14 2', 'rw3', 'Secure physical timer'),
];
