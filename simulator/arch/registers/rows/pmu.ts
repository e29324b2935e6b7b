import { family, type RegisterSpec, type RowOptions, reg } from '../notation.ts';
import { counterBits, whole } from './shared.ts';

/** Event counters that are there; PMCR_EL0.N and MDCR_EL2.HPMN at reset say the same. */
export const EVENT_COUNTERS = 6;

const v3: RowOptions = { feature: 'pmuv3' };

const eventBits = (...events: number[]): bigint => events.reduce((bits, event) => bits | (1n << BigInt(event)), 0n);

const filter = `
  31 P EL1 is not counted.
  30 U EL0 is not counted.
  29 NSK [el3] Non-secure EL1 is treated differently from P.
  28 NSU [el3] Non-secure EL0 is treated differently from U.
  27 NSH [el2] EL2 is counted.
  26 M [el3] Secure EL3 is treated differently from P.
`;

const eventType = `${filter}
  15:0 evtCount Event. | 0=SW_INCR; 1=L1I_CACHE_REFILL; 2=L1I_TLB_REFILL; 3=L1D_CACHE_REFILL; 4=L1D_CACHE; 5=L1D_TLB_REFILL; 8=INST_RETIRED; 9=EXC_TAKEN; 10=EXC_RETURN; 16=BR_MIS_PRED; 17=CPU_CYCLES; 18=BR_PRED; 30=CHAIN; 0x34=DTLB_WALK; 0x35=ITLB_WALK; 0x81=EXC_UNDEF; 0x82=EXC_SVC; 0x83=EXC_PABORT; 0x84=EXC_DABORT; 0x86=EXC_IRQ; 0x87=EXC_FIQ; 0x88=EXC_SMC; 0x8a=EXC_HVC
`;

/** PMEVCNTR<n> and PMEVTYPER<n>: bits 4:3 of the index are in CRm, bits 2:0 in op2. */
const at = (base: number) => (n: number) => `3 3 14 ${base + (n >> 3)} ${n & 7}`;

/** Performance monitors, PMUv3. */
export const pmu: readonly RegisterSpec[] = [
  reg(
    'PMCR_EL0',
    '3 3 9 12 0',
    'rw0',
    'Control of the performance monitors.',
    `
    31:24 IMP =0
    23:16 IDCODE =0
    15:11 N =${EVENT_COUNTERS} Number of event counters.
    7 LP [pmuv3p5] Event counters overflow at 64 bits.
    6 LC Cycle counter overflows at 64 bits.
    5 DP Cycle counter stops where counting is prohibited.
    4 X Export of events.
    3 D Cycle counter counts every 64th cycle.
    2 C Resets the cycle counter.
    1 P Resets the event counters.
    0 E | 0=off; 1=on
  `,
    // LC is UNKNOWN after reset; AArch32 would need 0, and an AArch64-only PE may make it RES1. Here it can be written.
    v3,
  ),
  reg('PMCNTENSET_EL0', '3 3 9 12 1', 'rw0', 'Counters that are on: sets.', counterBits, v3),
  reg('PMCNTENCLR_EL0', '3 3 9 12 2', 'rw0', 'Counters that are on: clears.', counterBits, {
    ...v3,
    storage: 'PMCNTENSET_EL0',
  }),
  reg('PMOVSCLR_EL0', '3 3 9 12 3', 'rw0', 'Overflows: clears.', counterBits, v3),
  reg('PMSWINC_EL0', '3 3 9 12 4', 'w0', 'Increments counters of SW_INCR.', '30:0 P', v3),
  reg('PMSELR_EL0', '3 3 9 12 5', 'rw0', 'Counter that PMXEVCNTR_EL0 and PMXEVTYPER_EL0 reach.', '4:0 SEL', v3),
  reg(
    'PMCEID0_EL0',
    '3 3 9 12 6',
    'r0',
    'Which common events there are, 0 to 31 and 0x4000 to 0x401f.',
    `
    63:32 IDhi
    31:0 ID
  `,
    // What engine/system/performance-monitors.ts counts.
    { ...v3, reset: eventBits(0x00, 0x02, 0x05, 0x08, 0x09, 0x0a, 0x11, 0x1e) },
  ),
  reg(
    'PMCEID1_EL0',
    '3 3 9 12 7',
    'r0',
    'Which common events there are, 32 to 63 and 0x4020 to 0x403f.',
    `
    63:32 IDhi
    31:0 ID
  `,
    { ...v3, reset: eventBits(0x34 - 32, 0x35 - 32) },
  ),
  reg('PMCCNTR_EL0', '3 3 9 13 0', 'rw0', 'Cycle counter.', whole('CCNT'), v3),
  // PMXEV* reach the counter that PMSELR_EL0 selects and have no state of their own.
  reg('PMXEVTYPER_EL0', '3 3 9 13 1', 'rw0', 'Event of the selected counter.', eventType, v3),
  reg('PMXEVCNTR_EL0', '3 3 9 13 2', 'rw0', 'Value of the selected counter.', whole('PMEVCNTR'), v3),
  reg(
    'PMUSERENR_EL0',
    '3 3 9 14 0',
    'r0w1',
    'What EL0 may do with the performance monitors.',
    `
    3 ER Event counters may be read.
    2 CR Cycle counter may be read.
    1 SW PMSWINC_EL0 may be written.
    0 EN Everything is allowed.
  `,
    v3,
  ),
  reg('PMOVSSET_EL0', '3 3 9 14 3', 'rw0', 'Overflows: sets.', counterBits, { ...v3, storage: 'PMOVSCLR_EL0' }),
  reg('PMINTENSET_EL1', '3 0 9 14 1', 'rw1', 'Interrupts on overflow: sets.', counterBits, v3),
  reg('PMINTENCLR_EL1', '3 0 9 14 2', 'rw1', 'Interrupts on overflow: clears.', counterBits, {
    ...v3,
    storage: 'PMINTENSET_EL1',
  }),
  reg(
    'PMMIR_EL1',
    '3 0 9 14 6',
    'r1',
    'Parameters of the monitors.',
    `
    15:8 BUS_SLOTS =0
    7:0 SLOTS =0
  `,
    { feature: 'pmuv3p4' },
  ),
  // Counters from EVENT_COUNTERS on have encodings but are not implemented: RES0.
  ...family(31, 'PMEVCNTR<n>_EL0', at(8), 'rw0', 'Event counter <n>.', whole('Counter'), n => ({
    ...v3,
    raz: n >= EVENT_COUNTERS,
  })),
  ...family(31, 'PMEVTYPER<n>_EL0', at(12), 'rw0', 'Event of counter <n>.', eventType, n => ({
    ...v3,
    raz: n >= EVENT_COUNTERS,
  })),
  reg('PMCCFILTR_EL0', '3 3 14 15 7', 'rw0', 'Where cycles are counted.', filter, v3),
];
