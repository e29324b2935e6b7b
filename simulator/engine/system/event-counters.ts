/**
 * The event counters of the performance monitors (Arm ARM D13). The event that is counted is SW_INCR; PMCEID0_EL0 names
 * no other one, and counters of other events stand still.
 */

import { EVENT_COUNTERS } from '../../arch/registers/rows/pmu.ts';
import { pure, type SpecialRegister } from './special.ts';

export interface EventCountersHost {
  stored(name: string): bigint;
  store(name: string, value: bigint): void;
  /** Exception level of the active PE. */
  el(): number;
}

/** PMSELR_EL0.SEL of the cycle counter. */
const CYCLE_COUNTER = 31;
const ALL = (1n << BigInt(EVENT_COUNTERS)) - 1n;
// PMEVTYPER<n>_EL0.
const P = 1n << 31n;
const U = 1n << 30n;
const NSH = 1n << 27n;
const EVENT = 0xffffn;
const SW_INCR = 0n;

/** A counter that is on counts at a level: NSK and NSU are taken as equal to P and U, and M too. */
function countsAt(type: bigint, el: number): boolean {
  if (el === 0) return (type & U) === 0n;
  return el === 2 ? (type & NSH) !== 0n : (type & P) === 0n;
}

/** The registers by which the counters are selected and incremented. */
export function eventCounters({ stored, store, el }: EventCountersHost): Map<string, SpecialRegister> {
  const selected = () => Number(stored('PMSELR_EL0') & 31n);
  const through = (prefix: string, cycles: string | undefined): SpecialRegister => {
    const name = () => {
      const n = selected();
      if (n === CYCLE_COUNTER) return cycles;
      return n < EVENT_COUNTERS ? `${prefix}${n}_EL0` : undefined;
    };
    return pure(
      () => {
        const target = name();
        return target === undefined ? 0n : stored(target);
      },
      value => {
        const target = name();
        if (target !== undefined) store(target, value & 0xffff_ffffn);
      },
    );
  };
  const increment = (written: bigint): void => {
    if ((stored('PMCR_EL0') & 1n) === 0n) return;
    const on = written & stored('PMCNTENSET_EL0') & ALL;
    for (let n = 0; n < EVENT_COUNTERS; n++) {
      const type = stored(`PMEVTYPER${n}_EL0`);
      if (((on >> BigInt(n)) & 1n) === 0n || (type & EVENT) !== SW_INCR || !countsAt(type, el())) continue;
      const next = (stored(`PMEVCNTR${n}_EL0`) + 1n) & 0xffff_ffffn;
      store(`PMEVCNTR${n}_EL0`, next);
      if (next === 0n) store('PMOVSCLR_EL0', stored('PMOVSCLR_EL0') | (1n << BigInt(n)));
    }
  };
  return new Map<string, SpecialRegister>([
    ['PMXEVTYPER_EL0', through('PMEVTYPER', 'PMCCFILTR_EL0')],
    ['PMXEVCNTR_EL0', through('PMEVCNTR', undefined)],
    ['PMSWINC_EL0', { write: increment }],
  ]);
}

/** PMCR_EL0.P: event counters start again at zero. */
export function resetEventCounters(store: (name: string, value: bigint) => void): void {
  for (let n = 0; n < EVENT_COUNTERS; n++) store(`PMEVCNTR${n}_EL0`, 0n);
}
