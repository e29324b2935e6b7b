// What the timeline shows, apart from how it is drawn: the stretch in view, and tiles of data for it, which are asked
// for once, kept, and drawn in place of finer ones that have not come yet. So scrolling never waits.

import type { TimelineLane, TimelineResponse } from '../../debug-adapter/protocol.ts';

/** Parts of a tile: each is one or two pixels wide when its level of zoom is the best one. */
export const PARTS = 256;
/** A tile has 2^k instructions. */
const SMALLEST = 8;
const LARGEST = 50;
const MOST_TILES = 600;

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Tile extends Stretch {
  readonly lanes: readonly TimelineLane[];
  /** The log went on behind the end that was known when it was asked for. */
  readonly complete: boolean;
}

/** Numbers of an event in `TimelineLane.events`. */
export const EVENT_NUMBERS = 6;

export interface Shown {
  readonly instructions: number;
  readonly cycles: number;
  readonly class: number;
  readonly from: number;
  readonly to: number;
  readonly vmid: number;
}

export function eventAt(events: readonly number[], index: number): Shown {
  const [instructions, cycles, kind, from, to, vmid] = events.slice(index * EVENT_NUMBERS, (index + 1) * EVENT_NUMBERS);
  return { instructions, cycles, class: kind, from, to, vmid };
}

/** The stretch in view: moves and zooms, and stays in bounds. */
export class View {
  #from = 0;
  #to = 1;
  #bounds: Stretch = { from: 0, to: 1 };

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  get span(): number {
    return this.#to - this.#from;
  }

  get bounds(): Stretch {
    return this.#bounds;
  }

  /** Whether all that there is can be seen. */
  get whole(): boolean {
    return this.#from <= this.#bounds.from && this.#to >= this.#bounds.to;
  }

  setBounds(from: number, to: number): void {
    const { whole } = this;
    this.#bounds = { from, to: Math.max(to, from + 1) };
    if (whole) this.show(from, to);
    else this.show(this.#from, this.#to);
  }

  show(from: number, to: number): void {
    const least = 16;
    const most = this.#bounds.to - this.#bounds.from;
    const span = Math.min(Math.max(to - from, Math.min(least, most)), most);
    const middle = (from + to) / 2;
    this.#from = Math.min(Math.max(middle - span / 2, this.#bounds.from), this.#bounds.to - span);
    this.#to = this.#from + span;
  }

  pan(instructions: number): void {
    const from = Math.min(Math.max(this.#from + instructions, this.#bounds.from), this.#bounds.to - this.span);
    this.#to = from + this.span;
    this.#from = from;
  }

  /** Zooms so that `at` stays where it is; a factor above 1 shows more. */
  zoom(factor: number, at: number): void {
    const share = (at - this.#from) / this.span;
    const span = Math.min(Math.max(this.span * factor, 16), this.#bounds.to - this.#bounds.from);
    this.show(at - share * span, at + (1 - share) * span);
  }

  /** Brings a moment into view, in the middle unless it can be seen already. */
  reveal(at: number): void {
    if (at < this.#from || at > this.#to) this.show(at - this.span / 2, at + this.span / 2);
  }

  x(instructions: number, width: number): number {
    return ((instructions - this.#from) / this.span) * width;
  }

  instructionsAt(x: number, width: number): number {
    return this.#from + (x / width) * this.span;
  }
}

type Ask = (args: { from: number; to: number; parts: number }) => Promise<TimelineResponse>;

/** Tiles by level of zoom and place. */
export class Tiles {
  readonly #ask: Ask;
  readonly #changed: () => void;
  #tiles = new Map<string, Tile>();
  readonly #asked = new Set<string>();
  #generation = 0;
  #end = 0;

  /** `changed` is called when there is something new to draw. */
  constructor(ask: Ask, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Requests under way. */
  get pending(): number {
    return this.#asked.size;
  }

  /** The state of the log: drops what is no longer true. */
  update({ generation, end }: Pick<TimelineResponse, 'generation' | 'end'>): void {
    if (generation !== this.#generation) {
      this.#tiles.clear();
      this.#asked.clear();
    }
    this.#generation = generation;
    if (end !== this.#end) {
      for (const [key, tile] of this.#tiles) if (!tile.complete) this.#tiles.delete(key);
    }
    this.#end = end;
  }

  clear(): void {
    this.#tiles.clear();
    this.#asked.clear();
    this.#generation = -1;
  }

  /** Tiles for a stretch, drawn on so many pixels, coarse ones first; asks for those that are missing. */
  cover(from: number, to: number, pixels: number): readonly Tile[] {
    const wanted = ((to - from) / Math.max(1, pixels)) * 2 * PARTS;
    const level = Math.min(LARGEST, Math.max(SMALLEST, Math.floor(Math.log2(wanted))));
    const size = 2 ** level;
    const found = new Map<string, Tile>();
    for (let index = Math.floor(from / size); index * size < to; index++) {
      const key = `${level} ${index}`;
      const tile = this.#tiles.get(key);
      if (tile) {
        this.#touch(key, tile);
        found.set(key, tile);
        continue;
      }
      this.#request(key, index * size, size);
      for (const [other, stand] of this.#standIns(level, index)) found.set(other, stand);
    }
    return [...found.values()].sort((a, b) => b.to - b.from - (a.to - a.from));
  }

  /** What was drawn there at other levels of zoom. */
  #standIns(level: number, index: number): [string, Tile][] {
    for (let up = 1; level + up <= LARGEST; up++) {
      const key = `${level + up} ${Math.floor(index / 2 ** up)}`;
      const tile = this.#tiles.get(key);
      if (tile) return [[key, tile]];
    }
    const finer: [string, Tile][] = [];
    for (let down = 1; down <= 3 && level - down >= SMALLEST && finer.length === 0; down++) {
      for (let part = 0; part < 2 ** down; part++) {
        const key = `${level - down} ${index * 2 ** down + part}`;
        const tile = this.#tiles.get(key);
        if (tile) finer.push([key, tile]);
      }
    }
    return finer;
  }

  /** Keeps what is used: the map is in the order of use. */
  #touch(key: string, tile: Tile): void {
    this.#tiles.delete(key);
    this.#tiles.set(key, tile);
  }

  #request(key: string, from: number, size: number): void {
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    const generation = this.#generation;
    this.#ask({ from, to: from + size, parts: PARTS }).then(
      answer => {
        if (generation !== this.#generation || !this.#asked.delete(key)) return;
        if (answer.generation !== generation) {
          this.update(answer);
        } else {
          this.#tiles.set(key, { from, to: from + size, lanes: answer.lanes, complete: answer.end >= from + size });
          for (const oldest of this.#tiles.keys()) {
            if (this.#tiles.size <= MOST_TILES) break;
            this.#tiles.delete(oldest);
          }
        }
        this.#changed();
      },
      () => this.#asked.delete(key),
    );
  }
}

/** Marks of an axis: round distances, at least `least` pixels apart. */
export function ticks(from: number, to: number, width: number, least = 110): number[] {
  const raw = ((to - from) / width) * least;
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  const step = Math.max(1, ([1, 2, 5, 10].find(factor => factor * power >= raw) ?? 10) * power);
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
  return found;
}
