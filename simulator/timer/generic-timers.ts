/**
 * The generic timers of every PE (Arm ARM D12): CTL, CVAL and TVAL registers over the physical count, and their
 * interrupts as levels. Who may access a register, and which one a name means under E2H, is decided before it gets here.
 */

import type { Clock } from '../board/device.ts';

/** Offset that is subtracted from the physical count before the comparison. */
type Offset = 'none' | 'virtual' | 'physical';

interface TimerRow {
  /** Name of the registers around `_CTL_`, `_CVAL_`, `_TVAL_`. */
  readonly prefix: string;
  readonly suffix: string;
  /** INTID of its PPI. */
  readonly ppi: number;
  readonly offset: Offset;
}

/** Base System Architecture, recommended PPIs; Arm ARM D12.2 for the offsets. */
export const TIMERS: readonly TimerRow[] = [
  { prefix: 'CNTP', suffix: 'EL0', ppi: 30, offset: 'physical' },
  { prefix: 'CNTV', suffix: 'EL0', ppi: 27, offset: 'virtual' },
  { prefix: 'CNTHP', suffix: 'EL2', ppi: 26, offset: 'none' },
  { prefix: 'CNTHV', suffix: 'EL2', ppi: 28, offset: 'none' },
  { prefix: 'CNTPS', suffix: 'EL1', ppi: 29, offset: 'none' },
  { prefix: 'CNTHPS', suffix: 'EL2', ppi: 20, offset: 'none' },
  { prefix: 'CNTHVS', suffix: 'EL2', ppi: 19, offset: 'none' },
];

const ENABLE = 1;
const IMASK = 2;
const ISTATUS = 4;
const WRAP = 1n << 64n;

/** What the timers need of the machine. */
export interface TimerHost {
  readonly clock: Clock;
  /** CNTVOFF_EL2 of a PE. */
  virtualOffset(pe: number): bigint;
  /** CNTPOFF_EL2 of a PE, or 0 when nothing makes it apply (SCR_EL3.ECVEn, CNTHCTL_EL2.ECV, not HCR_EL2.{E2H,TGE}). */
  physicalOffset(pe: number): bigint;
  /** Level of a timer's PPI. */
  setPpi(pe: number, intid: number, level: boolean): void;
}

class Timer {
  readonly row: TimerRow;
  control = 0;
  compare = 0n;
  /** The timer condition, as of the last evaluation; only while it is enabled. */
  met = false;
  /** Physical count at which the condition changes by itself. */
  flips = Number.POSITIVE_INFINITY;

  constructor(row: TimerRow) {
    this.row = row;
  }
}

type Field = 'CTL' | 'CVAL' | 'TVAL';

export class GenericTimers {
  /** Names of the registers that `readRegister` and `writeRegister` know. */
  readonly registerNames: readonly string[];
  readonly #host: TimerHost;
  readonly #timers: readonly (readonly Timer[])[];
  readonly #registers = new Map<string, { timer: number; field: Field }>();
  /** For each PE the count at which `update` has something to do. */
  readonly #next: number[];

  constructor(pes: number, host: TimerHost) {
    this.#host = host;
    this.#timers = Array.from({ length: pes }, () => TIMERS.map(row => new Timer(row)));
    this.#next = new Array<number>(pes).fill(Number.POSITIVE_INFINITY);
    TIMERS.forEach(({ prefix, suffix }, timer) => {
      for (const field of ['CTL', 'CVAL', 'TVAL'] as const) {
        this.#registers.set(`${prefix}_${field}_${suffix}`, { timer, field });
      }
    });
    this.registerNames = [...this.#registers.keys()];
  }

  /** The physical count. */
  physicalCount(pe: number): bigint {
    return BigInt(this.#host.clock.ticks(pe));
  }

  /** The physical count less CNTVOFF_EL2: what CNTVCT_EL0 reads wherever that offset applies. */
  virtualCount(pe: number): bigint {
    return BigInt.asUintN(64, this.physicalCount(pe) - this.#host.virtualOffset(pe));
  }

  /** Throws a sentence for an unknown name. */
  readRegister(pe: number, name: string): bigint {
    const { timer, field } = this.#register(name);
    const state = this.#timers[pe][timer];
    switch (field) {
      case 'CTL':
        this.#evaluate(pe, state);
        return BigInt(state.control | (state.met ? ISTATUS : 0));
      case 'CVAL':
        return state.compare;
      case 'TVAL':
        return BigInt.asUintN(32, state.compare - this.#count(pe, state));
    }
  }

  /** True when `nextDeadline` has changed by it. Throws a sentence for an unknown name. */
  writeRegister(pe: number, name: string, value: bigint): boolean {
    const { timer, field } = this.#register(name);
    const state = this.#timers[pe][timer];
    switch (field) {
      case 'CTL':
        state.control = Number(value & 3n);
        break;
      case 'CVAL':
        state.compare = BigInt.asUintN(64, value);
        break;
      case 'TVAL':
        state.compare = BigInt.asUintN(64, this.#count(pe, state) + BigInt.asIntN(32, value));
        break;
    }
    this.#evaluate(pe, state);
    return this.#schedule(pe);
  }

  /**
   * To be called when CNTVOFF_EL2, CNTPOFF_EL2 or a control that makes it apply changes. True when `nextDeadline` has
   * changed by it.
   */
  offsetsChanged(pe: number): boolean {
    for (const timer of this.#timers[pe]) this.#evaluate(pe, timer);
    return this.#schedule(pe);
  }

  /** Brings the interrupt levels of a PE up to the count `now`. */
  update(pe: number, now: number): void {
    if (now >= this.#next[pe]) this.offsetsChanged(pe);
  }

  /** The count at which an interrupt level of a PE changes next; undefined when none will. */
  nextDeadline(pe: number): number | undefined {
    const next = this.#next[pe];
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  snapshot(): unknown {
    return this.#timers.map(timers => timers.map(({ control, compare }) => ({ control, compare })));
  }

  /** The clock and the offsets have to be restored before. */
  restore(state: unknown): void {
    for (const [pe, saved] of (state as { control: number; compare: bigint }[][]).entries()) {
      for (const [index, values] of saved.entries()) Object.assign(this.#timers[pe][index], values);
      this.offsetsChanged(pe);
    }
  }

  #register(name: string): { timer: number; field: Field } {
    const entry = this.#registers.get(name);
    if (entry === undefined) throw new Error(`The generic timers have no register named ${name}.`);
    return entry;
  }

  #count(pe: number, timer: Timer): bigint {
    const { offset } = timer.row;
    const count = this.physicalCount(pe);
    if (offset === 'none') return count;
    const value = offset === 'virtual' ? this.#host.virtualOffset(pe) : this.#host.physicalOffset(pe);
    return BigInt.asUintN(64, count - value);
  }

  #evaluate(pe: number, timer: Timer): void {
    // World switches write a guest's timers that are off.
    if (!(timer.control & ENABLE)) {
      timer.met = false;
      timer.flips = Number.POSITIVE_INFINITY;
      this.#host.setPpi(pe, timer.row.ppi, false);
      return;
    }
    const count = this.#count(pe, timer);
    timer.met = count >= timer.compare;
    // A met condition ends when the count less its offset wraps around.
    const distance = timer.met ? WRAP - count : timer.compare - count;
    const flips = this.#host.clock.ticks(pe) + Number(distance);
    timer.flips = flips <= Number.MAX_SAFE_INTEGER ? flips : Number.POSITIVE_INFINITY;
    this.#host.setPpi(pe, timer.row.ppi, timer.met && !(timer.control & IMASK));
  }

  /** Whether the next deadline has changed. */
  #schedule(pe: number): boolean {
    let next = Number.POSITIVE_INFINITY;
    for (const timer of this.#timers[pe]) {
      if ((timer.control & (ENABLE | IMASK)) === ENABLE && timer.flips < next) next = timer.flips;
    }
    const changed = next !== this.#next[pe];
    this.#next[pe] = next;
    return changed;
  }
}
