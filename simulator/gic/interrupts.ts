/**
 * The state of every SGI, PPI and SPI: what the distributor and the redistributors of a GICv3, or the distributor of a
 * GICv2, keep per interrupt (GIC architecture specification, IHI 0069 section 4.1). The front ends differ in how
 * software reaches it, not in what it is.
 */

import { restoreFields, saveFields } from '../board/device.ts';

/** INTIDs of a PE's own interrupts: SGIs 0 to 15, PPIs 16 to 31. */
export const PRIVATE = 32;
/** Lowest INTID of a shared interrupt. */
export const FIRST_SPI = 32;
/** No interrupt of sufficient priority is pending. */
export const SPURIOUS = 1023;
/** Lowest INTID of a message based interrupt. */
export const FIRST_LPI = 8192;
/** The priority that is never signalled. */
export const IDLE_PRIORITY = 0xff;
/** Of the 8 priority bits the upper 5 are implemented. */
export const PRIORITY_MASK = 0xf8;

const FIELDS = ['enabled', 'group', 'latch', 'line', 'active', 'edge', 'priority', 'routes'] as const;

/**
 * Interrupts are addressed by an index: `pe * 32 + INTID` for private ones, then the SPIs. For every PE a bitmap holds
 * the candidates: pending, enabled, not active and routed there, so that the best one is found without a scan of all.
 */
export class Interrupts {
  readonly pes: number;
  readonly spis: number;
  readonly enabled: Uint8Array;
  readonly group: Uint8Array;
  /** Pending by an edge, a message or software. For an SGI of a GICv2: one bit for each source PE. */
  readonly latch: Uint8Array;
  /** Level of the input wire. */
  readonly line: Uint8Array;
  readonly active: Uint8Array;
  /** 1 for edge-triggered, 0 for level-sensitive. */
  readonly edge: Uint8Array;
  readonly priority: Uint8Array;
  /** `spi * pes + pe`: 1 where the SPI may be taken by the PE. */
  readonly routes: Uint8Array;
  /** Words of one PE's bitmap: the first is for the private interrupts. */
  readonly words: number;
  readonly candidates: Uint32Array;
  readonly #changed: (pe: number) => void;

  /** `changed` is called for a PE whose set of candidates changed. */
  constructor(pes: number, spis: number, changed: (pe: number) => void) {
    this.pes = pes;
    this.spis = spis;
    const count = pes * PRIVATE + spis;
    this.enabled = new Uint8Array(count);
    this.group = new Uint8Array(count);
    this.latch = new Uint8Array(count);
    this.line = new Uint8Array(count);
    this.active = new Uint8Array(count);
    this.edge = new Uint8Array(count);
    this.priority = new Uint8Array(count);
    this.routes = new Uint8Array(spis * pes);
    this.words = 1 + Math.ceil(spis / 32);
    this.candidates = new Uint32Array(pes * this.words);
    this.#changed = changed;
    for (let pe = 0; pe < pes; pe++) this.edge.fill(1, pe * PRIVATE, pe * PRIVATE + 16);
  }

  /** Index of an INTID below 1020 as a PE sees it; -1 when it is not implemented. */
  index(pe: number, intid: number): number {
    if (intid < PRIVATE) return pe * PRIVATE + intid;
    return intid - FIRST_SPI < this.spis ? this.pes * PRIVATE + intid - FIRST_SPI : -1;
  }

  isPending(index: number): boolean {
    return this.latch[index] !== 0 || (this.line[index] !== 0 && this.edge[index] === 0);
  }

  /** Sets an input wire. A rising edge makes an edge-triggered interrupt pending. */
  setLine(index: number, level: boolean): void {
    const value = level ? 1 : 0;
    if (this.line[index] === value) return;
    this.line[index] = value;
    if (level && this.edge[index] !== 0) this.latch[index] = 1;
    this.refresh(index);
  }

  /** Recomputes whether an interrupt is a candidate, after any change of its state. */
  refresh(index: number): void {
    const ready = this.enabled[index] !== 0 && this.active[index] === 0 && this.isPending(index);
    if (index < this.pes * PRIVATE) {
      this.#mark(index >>> 5, index & 31, ready);
    } else {
      const spi = index - this.pes * PRIVATE;
      for (let pe = 0; pe < this.pes; pe++) {
        this.#mark(pe, FIRST_SPI + spi, ready && this.routes[spi * this.pes + pe] !== 0);
      }
    }
  }

  #mark(pe: number, intid: number, ready: boolean): void {
    const word = pe * this.words + (intid >>> 5);
    const bit = 1 << (intid & 31);
    const old = this.candidates[word];
    const value = (ready ? old | bit : old & ~bit) >>> 0;
    // A candidate that stays one may have changed its priority or group.
    if (value === old && !ready) return;
    this.candidates[word] = value;
    this.#changed(pe);
  }

  snapshot(): unknown {
    return saveFields(this, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this, FIELDS, state);
    for (let index = 0; index < this.enabled.length; index++) this.refresh(index);
  }
}
