/**
 * How long the rounds are in which PEs take turns. Without a seed all rounds are equal. With one their lengths vary, so
 * that another seed lets the PEs meet at other instructions: races are searched by trying seeds, and a seed that shows one
 * shows it again.
 */
export class Schedule {
  readonly #quantum: number;
  readonly #seed: number | undefined;
  readonly #from: number;

  /**
   * `quantum`: instructions of a round, or the longest one while there is a seed. `from`: modelled time before which rounds
   * are equal all the same, so that schedules that differ only later have a beginning in common.
   */
  constructor(quantum: number, seed?: number, from = 0) {
    this.#quantum = quantum;
    this.#seed = seed;
    this.#from = from;
  }

  /** The same with another seed. */
  withSeed(seed: number): Schedule {
    return new Schedule(this.#quantum, seed, this.#from);
  }

  /** Whether rounds are as long as they can be, not as a seed draws them. */
  get isFixed(): boolean {
    return this.#seed === undefined;
  }

  /**
   * Instructions of a round, by its number and the modelled time at which it begins. Short ones are as likely as long ones,
   * by powers of two.
   */
  roundLength(round: number, start: number): number {
    if (this.#seed === undefined || start < this.#from) return this.#quantum;
    const random = mix(Math.imul(this.#seed, 0x9e3779b1) ^ mix(round));
    const exponent = Math.log2(this.#quantum) * ((random >>> 0) / 2 ** 32);
    return Math.max(1, Math.round(2 ** exponent));
  }
}

/** A 32-bit finaliser (MurmurHash3). */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
