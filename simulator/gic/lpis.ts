/**
 * Message based interrupts (LPIs) as redistributors keep them (IHI 0069, chapter 5): configuration and initial pending
 * state in tables in guest memory, everything else here. They have no active state.
 */

import { type GuestMemory, restoreFields, saveFields } from '../board/device.ts';
import { FIRST_LPI, PRIORITY_MASK } from './interrupts.ts';

/** Bits of an INTID where LPIs are there. */
export const LPI_INTID_BITS = 16;

const CTLR = 0x000;
const PROPBASER = 0x070;
const PENDBASER = 0x078;
const ENABLE_LPIS = 1;
const CONFIG_ENABLE = 1;
/** PENDBASER bit 62: the pending table is all zeros. */
const PENDING_TABLE_ZERO = 1 << 30;
const ADDRESS_HIGH = 0xfffff;

const FIELDS = ['enabled', 'propBase', 'pendBase', 'pending', 'configuration'] as const;

/** The LPIs of one redistributor. */
export class Lpis {
  enabled = false;
  /** GICR_PROPBASER and GICR_PENDBASER, low and high word. */
  propBase = [0, 0];
  pendBase = [0, 0];
  pending = new Set<number>();
  /** Cached bytes of the configuration table, until the ITS invalidates them. */
  configuration = new Map<number, number>();
  readonly #memory: GuestMemory;
  readonly #changed: () => void;

  constructor(memory: GuestMemory, changed: () => void) {
    this.#memory = memory;
    this.#changed = changed;
  }

  /** A register of the RD frame at a word offset; undefined when it is another's. */
  read(offset: number): number | undefined {
    switch (offset) {
      case CTLR:
        return this.enabled ? ENABLE_LPIS : 0;
      case PROPBASER:
      case PROPBASER + 4:
        return this.propBase[(offset - PROPBASER) / 4];
      case PENDBASER:
        return this.pendBase[0];
      case PENDBASER + 4:
        return this.pendBase[1] & ~PENDING_TABLE_ZERO;
      default:
        return undefined;
    }
  }

  write(offset: number, value: number): void {
    if (offset === CTLR) {
      const enable = (value & ENABLE_LPIS) !== 0;
      if (enable && !this.enabled) this.#readPendingTable();
      this.enabled = enable;
      this.#changed();
    } else if (!this.enabled) {
      // The bases may not change while LPIs are enabled.
      if (offset === PROPBASER || offset === PROPBASER + 4) this.propBase[(offset - PROPBASER) / 4] = value;
      if (offset === PENDBASER || offset === PENDBASER + 4) this.pendBase[(offset - PENDBASER) / 4] = value;
    }
  }

  /** Number of LPIs that the configuration table has room for. */
  get #count(): number {
    return 2 ** Math.min((this.propBase[0] & 0x1f) + 1, LPI_INTID_BITS) - FIRST_LPI;
  }

  #readPendingTable(): void {
    this.pending.clear();
    this.configuration.clear();
    if (this.pendBase[1] & PENDING_TABLE_ZERO || this.#count <= 0) return;
    const base = wide(this.pendBase[1] & ADDRESS_HIGH, (this.pendBase[0] & 0xffff0000) >>> 0);
    let table: Uint8Array;
    try {
      table = this.#memory.read(base + FIRST_LPI / 8, this.#count / 8);
    } catch {
      return; // A table outside of RAM has nothing pending.
    }
    for (const [index, byte] of table.entries()) {
      for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) this.pending.add(FIRST_LPI + 8 * index + bit);
    }
  }

  /** Priority of an LPI in its upper bits and whether it is enabled in bit 0. */
  configurationOf(intid: number): number {
    const known = this.configuration.get(intid);
    if (known !== undefined) return known;
    let value = 0;
    try {
      const base = wide(this.propBase[1] & ADDRESS_HIGH, (this.propBase[0] & 0xfffff000) >>> 0);
      value = this.#memory.read(base + intid - FIRST_LPI, 1)[0];
    } catch {
      // A table outside of RAM has everything disabled.
    }
    value &= PRIORITY_MASK | CONFIG_ENABLE;
    this.configuration.set(intid, value);
    return value;
  }

  set(intid: number, pending: boolean): void {
    if (!this.enabled || intid < FIRST_LPI || intid - FIRST_LPI >= this.#count) return;
    if (pending) this.pending.add(intid);
    else this.pending.delete(intid);
    this.#changed();
  }

  /** Forgets cached configuration: of one LPI, or of all. */
  invalidate(intid?: number): void {
    if (intid === undefined) this.configuration.clear();
    else this.configuration.delete(intid);
    this.#changed();
  }

  snapshot(): unknown {
    return saveFields(this as Lpis, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this as Lpis, FIELDS, state);
  }
}

/** A 64-bit address below 2^52 from its two words. */
export function wide(high: number, low: number): number {
  return high * 2 ** 32 + low;
}
