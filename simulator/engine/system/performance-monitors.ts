/**
 * The performance monitors: counters of events that a machine without speculation can count exactly (Arm ARM D13). The
 * core keeps tallies of each event by exception level while a counter is on; a counter is what it was when its tallies
 * were last looked at, and what they have grown by since. They are looked at when a register is accessed, and at the end
 * of a slice, which is cut so that no counter of instructions or cycles overflows within it unseen.
 */

import type { Features } from '../../arch/features.ts';
import { byName, type RegisterRow, writeMasks } from '../../arch/registers/index.ts';
import { EVENT_COUNTERS } from '../../arch/registers/rows/pmu.ts';
import type { Engine } from '../engine.ts';
import {
  EL,
  PMU_BASES,
  PMU_CONFIGURATION,
  PMU_EVENTS_EXIT,
  PMU_ON,
  PMU_TALLIES,
  TALLY_CYCLES,
  TALLY_DATA_ABORT,
  TALLY_DATA_WALK,
  TALLY_FIQ,
  TALLY_HVC,
  TALLY_INSTRUCTION_ABORT,
  TALLY_INSTRUCTION_WALK,
  TALLY_INSTRUCTIONS,
  TALLY_IRQ,
  TALLY_RETURNS,
  TALLY_SMC,
  TALLY_SVC,
  TALLY_TAKEN,
  TALLY_UNDEFINED,
} from '../layout.ts';
import { slotOf } from '../pe-state.ts';
import { pure, type SpecialRegister } from './special.ts';

export interface PerformanceMonitorsHost {
  readonly engine: Engine;
  readonly features: Features;
  /** The overflow interrupt of the active PE. */
  setInterrupt(pending: boolean): void;
  /** The slice has to be cut anew. */
  deadlineChanged(): void;
}

/** Number of the cycle counter in PMSELR_EL0.SEL and in the enable and overflow bits. */
const CYCLE_COUNTER = 31;
const WORD = 1n << 32n;
const COUNTERS = [...Array(EVENT_COUNTERS).keys(), CYCLE_COUNTER];

// PMEVTYPER<n>_EL0 and PMCCFILTR_EL0.
const bit = (value: bigint, at: number): boolean => ((value >> BigInt(at)) & 1n) === 1n;
const P = 31;
const U = 30;
const NSK = 29;
const NSU = 28;
const NSH = 27;
const M = 26;
const SW_INCR = 0x00;
const CHAIN = 0x1e;

/** Events by number, and their tallies. Above 0x7f are the recommended numbers for exceptions by class. */
const TALLY_OF: ReadonlyMap<number, number> = new Map([
  [0x02, TALLY_INSTRUCTION_WALK], // L1I_TLB_REFILL
  [0x05, TALLY_DATA_WALK], // L1D_TLB_REFILL
  [0x08, TALLY_INSTRUCTIONS],
  [0x09, TALLY_TAKEN],
  [0x0a, TALLY_RETURNS],
  [0x11, TALLY_CYCLES],
  [0x34, TALLY_DATA_WALK],
  [0x35, TALLY_INSTRUCTION_WALK],
  [0x81, TALLY_UNDEFINED],
  [0x82, TALLY_SVC],
  [0x83, TALLY_INSTRUCTION_ABORT],
  [0x84, TALLY_DATA_ABORT],
  [0x86, TALLY_IRQ],
  [0x87, TALLY_FIQ],
  [0x88, TALLY_SMC],
  [0x8a, TALLY_HVC],
]);

/** What a counter does, packed for PMU_CONFIGURATION: bit 0 it is on, bits 4:1 the levels, bits 15:8 the tally plus one. */
const pack = (on: boolean, levels: number, tally: number | undefined): number =>
  (on ? 1 : 0) | (levels << 1) | (((tally ?? -1) + 1) << 8);

export class PerformanceMonitors {
  readonly #host: PerformanceMonitorsHost;

  constructor(host: PerformanceMonitorsHost) {
    this.#host = host;
  }

  #get(name: string): bigint {
    return this.#host.engine.u64[slotOf(name) >> 3];
  }

  #set(name: string, value: bigint): void {
    this.#host.engine.u64[slotOf(name) >> 3] = value;
  }

  #name(n: number): string {
    return n === CYCLE_COUNTER ? 'PMCCNTR_EL0' : `PMEVCNTR${n}_EL0`;
  }

  #type(n: number): bigint {
    return this.#get(n === CYCLE_COUNTER ? 'PMCCFILTR_EL0' : `PMEVTYPER${n}_EL0`);
  }

  #event(n: number): number {
    return n === CYCLE_COUNTER ? 0x11 : Number(this.#type(n) & 0xffffn);
  }

  get #mdcr2(): bigint {
    return this.#host.features.has('el2') ? this.#get('MDCR_EL2') : BigInt(EVENT_COUNTERS);
  }

  /** MDCR_EL2.HPMN: the first counter that is EL2's own. */
  get #ownFrom(): number {
    return Math.min(Number(this.#mdcr2 & 31n), EVENT_COUNTERS);
  }

  /** Counters that the present level sees, as bits. */
  get #visible(): bigint {
    const count = this.#host.engine.u32[EL >> 2] < 2 ? this.#ownFrom : EVENT_COUNTERS;
    return ((1n << BigInt(count)) - 1n) | (1n << BigInt(CYCLE_COUNTER));
  }

  #isOn(n: number): boolean {
    if (!bit(this.#get('PMCNTENSET_EL0'), n)) return false;
    const own = n !== CYCLE_COUNTER && n >= this.#ownFrom;
    return own ? bit(this.#mdcr2, 7) : bit(this.#get('PMCR_EL0'), 0);
  }

  /** Levels at which a counter counts, a bit each: its filter, and where counting is prohibited. */
  #levels(n: number): number {
    const type = this.#type(n);
    const mdcr2 = this.#mdcr2;
    const mdcr3 = this.#host.features.has('el3') ? this.#get('MDCR_EL3') : 0n;
    let levels = 0;
    if (bit(type, U) === bit(type, NSU)) levels |= 1;
    if (bit(type, P) === bit(type, NSK)) levels |= 2;
    if (bit(type, NSH)) levels |= 4;
    if (bit(type, P) === bit(type, M)) levels |= 8;
    const guests = n !== CYCLE_COUNTER && n < this.#ownFrom;
    const stops = n === CYCLE_COUNTER && bit(this.#get('PMCR_EL0'), 5); // DP
    if (bit(mdcr2, 17) && (guests || stops)) levels &= ~4; // HPMD
    if (n === CYCLE_COUNTER && bit(mdcr2, 23)) levels &= ~4; // HCCD
    if (!bit(mdcr3, 17) && (n !== CYCLE_COUNTER || stops)) levels &= ~8; // SPME: EL3 is Secure
    if (n === CYCLE_COUNTER && bit(mdcr3, 23)) levels &= ~8; // SCCD
    return levels;
  }

  #isLong(n: number): boolean {
    const pmcr = this.#get('PMCR_EL0');
    if (n === CYCLE_COUNTER) return bit(pmcr, 6);
    return this.#host.features.has('pmuv3p5') && (n < this.#ownFrom ? bit(pmcr, 7) : bit(this.#mdcr2, 26));
  }

  /** Sum of a counter's tallies, as it was set up last. */
  #tally(n: number): number {
    const { u32, f64 } = this.#host.engine;
    const configuration = u32[(PMU_CONFIGURATION >> 2) + n];
    const tally = configuration >>> 8;
    if ((configuration & 1) === 0 || tally === 0) return 0;
    let sum = 0;
    for (let el = 0; el < 4; el++)
      if ((configuration >> (el + 1)) & 1) sum += f64[(PMU_TALLIES >> 3) + (tally - 1) * 4 + el];
    return Math.floor(sum);
  }

  /** Brings the counters of the active PE up to now. */
  sync(): void {
    const { core, u32, f64 } = this.#host.engine;
    if (u32[PMU_ON >> 2] === 0) return;
    core.countLevel(0);
    for (const n of COUNTERS) {
      const sum = this.#tally(n);
      const base = (PMU_BASES >> 3) + n;
      const grown = sum - f64[base];
      f64[base] = sum;
      if (grown > 0) this.#add(n, BigInt(grown));
    }
    this.#interrupt();
  }

  #add(n: number, count: bigint): void {
    const name = this.#name(n);
    const old = this.#get(name);
    const next = old + count;
    // The cycle counter has 64 bits whatever it overflows at; so have the others with FEAT_PMUv3p5.
    const wide = n === CYCLE_COUNTER || this.#host.features.has('pmuv3p5');
    this.#set(name, wide ? BigInt.asUintN(64, next) : next % WORD);
    const width = this.#isLong(n) ? 64n : 32n;
    const overflows = (next >> width) - (old >> width);
    if (overflows === 0n) return;
    this.#set('PMOVSCLR_EL0', this.#get('PMOVSCLR_EL0') | (1n << BigInt(n)));
    const pair = n + 1;
    if (n % 2 === 0 && pair < EVENT_COUNTERS && this.#event(pair) === CHAIN && this.#isOn(pair))
      this.#add(pair, overflows);
  }

  #interrupt(): void {
    const pending = this.#get('PMOVSCLR_EL0') & this.#get('PMINTENSET_EL1');
    const own = pending & ~(((1n << BigInt(this.#ownFrom)) - 1n) | (1n << BigInt(CYCLE_COUNTER)));
    const on = bit(this.#get('PMCR_EL0'), 0) && pending !== own;
    this.#host.setInterrupt(on || (bit(this.#mdcr2, 7) && own !== 0n));
  }

  /** After a register that says what is counted was written; `sync` came before, or all that had been set up counts. */
  configure(): void {
    const { core, u32, f64 } = this.#host.engine;
    this.sync();
    let any = 0;
    let events = 0;
    const interrupts = this.#get('PMINTENSET_EL1');
    for (const n of COUNTERS) {
      const on = this.#isOn(n);
      const tally = TALLY_OF.get(this.#event(n));
      u32[(PMU_CONFIGURATION >> 2) + n] = pack(on, this.#levels(n), tally);
      if (!on || tally === undefined) continue;
      any = 1;
      const watched = (interrupts >> BigInt(n & ~1)) & (n === CYCLE_COUNTER ? 2n : 3n);
      if (watched !== 0n && tally > TALLY_CYCLES) events = 1;
    }
    if (any && u32[PMU_ON >> 2] === 0) {
      // From here on: what was executed while nothing counted is added to tallies that nobody has looked at.
      u32[PMU_ON >> 2] = 1;
      core.countLevel(0);
    }
    u32[PMU_ON >> 2] = any;
    u32[PMU_EVENTS_EXIT >> 2] = events;
    for (const n of COUNTERS) f64[(PMU_BASES >> 3) + n] = this.#tally(n);
    this.#interrupt();
    this.#host.deadlineChanged();
  }

  /** How many instructions or cycles the active PE may go on until a counter overflows that raises an interrupt. */
  get room(): number {
    const { u32 } = this.#host.engine;
    if (u32[PMU_ON >> 2] === 0) return Number.POSITIVE_INFINITY;
    const interrupts = this.#get('PMINTENSET_EL1');
    let room = Number.POSITIVE_INFINITY;
    for (const n of COUNTERS) {
      const configuration = u32[(PMU_CONFIGURATION >> 2) + n];
      const tally = (configuration >>> 8) - 1;
      if ((configuration & 1) === 0 || (tally !== TALLY_INSTRUCTIONS && tally !== TALLY_CYCLES)) continue;
      const pair = n % 2 === 0 && n !== CYCLE_COUNTER ? 3n : 1n;
      if (((interrupts >> BigInt(n)) & pair) === 0n) continue;
      const limit = this.#isLong(n) ? 1n << 64n : WORD;
      room = Math.min(room, Number(limit - (this.#get(this.#name(n)) % limit)));
    }
    return room;
  }

  // --- Registers ------------------------------------------------------------------------------------------------------

  /** A counter's own register, or RAZ/WI where EL2 has kept the counter for itself. */
  #counter(n: () => number): SpecialRegister {
    const seen = () => n() === CYCLE_COUNTER || (n() < EVENT_COUNTERS && bit(this.#visible, n()));
    return pure(
      () => {
        if (!seen()) return 0n;
        this.sync();
        return this.#get(this.#name(n()));
      },
      value => {
        if (!seen()) return;
        this.sync();
        const wide = n() === CYCLE_COUNTER || this.#host.features.has('pmuv3p5');
        this.#set(this.#name(n()), wide ? value : value % WORD);
        this.#host.deadlineChanged();
      },
    );
  }

  #increment(written: bigint): void {
    this.sync();
    const el = this.#host.engine.u32[EL >> 2];
    for (let n = 0; n < EVENT_COUNTERS; n++) {
      if (!bit(written & this.#visible, n) || !this.#isOn(n) || this.#event(n) !== SW_INCR) continue;
      if ((this.#levels(n) >> el) & 1) this.#add(n, 1n);
    }
    this.#interrupt();
  }

  #control(value: bigint): void {
    this.sync();
    if (value & 2n) for (let n = 0; n < EVENT_COUNTERS; n++) if (bit(this.#visible, n)) this.#set(this.#name(n), 0n);
    if (value & 4n) this.#set('PMCCNTR_EL0', 0n);
    const long = this.#host.features.has('pmuv3p5') ? 0x80n : 0n;
    this.#set('PMCR_EL0', (this.#get('PMCR_EL0') & 0xffff_f800n) | (value & (0x79n | long)));
    this.configure();
  }

  registers(): Map<string, SpecialRegister> {
    const made = new Map<string, SpecialRegister>();
    const selected = () => Number(this.#get('PMSELR_EL0') & 31n);
    for (let n = 0; n < EVENT_COUNTERS; n++) {
      made.set(
        this.#name(n),
        this.#counter(() => n),
      );
      made.set(`PMEVTYPER${n}_EL0`, { after: () => this.configure() });
    }
    made.set(
      'PMCCNTR_EL0',
      this.#counter(() => CYCLE_COUNTER),
    );
    made.set('PMCCFILTR_EL0', { after: () => this.configure() });
    // HLP, HCCD, HPMD, HPME and HPMN; SCCD and SPME.
    made.set('MDCR_EL2', { after: () => this.configure(), effects: 0x0482_009fn });
    made.set('MDCR_EL3', { after: () => this.configure(), effects: 0x0082_0000n });
    const event = this.#counter(selected);
    made.set('PMXEVCNTR_EL0', {
      ...event,
      // PMSELR_EL0.SEL = 31 names PMCCFILTR_EL0, but no counter here.
      read: () => (selected() === CYCLE_COUNTER ? 0n : (event.read?.() ?? 0n)),
      write: value => {
        if (selected() !== CYCLE_COUNTER) event.write?.(value);
      },
    });
    const type = () => {
      const n = selected();
      if (n === CYCLE_COUNTER) return 'PMCCFILTR_EL0';
      return n < EVENT_COUNTERS && bit(this.#visible, n) ? `PMEVTYPER${n}_EL0` : undefined;
    };
    made.set(
      'PMXEVTYPER_EL0',
      pure(
        () => {
          const name = type();
          return name === undefined ? 0n : this.#get(name);
        },
        value => {
          const name = type();
          if (name === undefined) return;
          this.#set(name, value & writeMasks(byName(name) as RegisterRow, { features: this.#host.features }).keep);
          this.configure();
        },
      ),
    );
    made.set('PMSWINC_EL0', { write: value => this.#increment(value) });
    made.set('PMCR_EL0', {
      ...pure(() => {
        const value = this.#get('PMCR_EL0');
        const own = this.#host.engine.u32[EL >> 2] < 2;
        return own ? (value & ~0xf800n) | (BigInt(this.#ownFrom) << 11n) : value;
      }),
      write: value => this.#control(value),
    });
    for (const [set, clear] of [
      ['PMCNTENSET_EL0', 'PMCNTENCLR_EL0'],
      ['PMINTENSET_EL1', 'PMINTENCLR_EL1'],
      ['PMOVSSET_EL0', 'PMOVSCLR_EL0'],
    ]) {
      const read = () => {
        this.sync();
        return this.#get(set) & this.#visible;
      };
      const change = (value: (old: bigint, bits: bigint) => bigint): SpecialRegister =>
        pure(read, written => {
          this.sync();
          this.#set(set, value(this.#get(set), written & this.#visible));
          this.configure();
        });
      made.set(
        set,
        change((old, bits) => old | bits),
      );
      made.set(
        clear,
        change((old, bits) => old & ~bits),
      );
    }
    return made;
  }
}
