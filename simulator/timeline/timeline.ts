/**
 * Time travel: snapshots that a run leaves behind, and the way back to one. A run is a pure function of the image, the
 * configuration and the logged input, so every moment is a snapshot and some instructions of replay away.
 *
 * A snapshot holds the state of PEs, TLBs, devices and scheduling, and no RAM at first: pages are marked clean, and the first
 * store to one afterwards copies it into the newest snapshot. What a page held at a snapshot is therefore in that
 * snapshot or in the first later one that has the page; what none has is still in RAM.
 *
 * What the engine holds besides of RAM is kept by pages too: those that are as in the snapshot before are shared with it.
 */

import type { Engine } from '../engine/engine.ts';
import { EXCEPTIONS_TAKEN, EXIT_REQUEST, PAGE_CLEAN, PAGE_CODE, PAGE_FLAGS, RAM } from '../engine/layout.ts';
import type { Moment, Recording, RecordingOptions } from '../target.ts';
import { PAGE_BYTES, PAGE_WORDS, SavedPages } from './saved-pages.ts';

/** Negative when `a` is before `b`. */
export function compareMoments(a: Moment, b: Moment): number {
  return a.instructions - b.instructions || a.taken - b.taken || a.turns - b.turns || a.time - b.time;
}

export interface TimelineHost {
  readonly engine: Engine;
  /** Bytes of RAM. */
  readonly ramBytes: number;
  readonly moment: Moment;
  /** Grows with each turn of a PE and each access to a device. */
  readonly hostCalls: number;
  /** What the engine holds besides of RAM. The next call may overwrite it. */
  captureEngine(): Uint32Array;
  /** All the rest, as a value that nothing changes later. */
  capture(): unknown;
  /** Takes what both gave, after RAM has been put back; `engine` may be longer. */
  restore(state: unknown, engine: Uint32Array): void;
}

interface Snapshot {
  readonly moment: Moment;
  readonly state: unknown;
  /** What the engine held besides of RAM, by numbers of saved pages. */
  readonly engine: readonly number[];
  /** Contents at this snapshot of pages that were stored to between it and the next one, by page of RAM. */
  readonly pages: Map<number, number>;
}

// What is slower than an instruction, in instructions, so that the way from a snapshot to the next one takes about the
// same time whatever is done. Counts and no clock, as everywhere.
const EXCEPTION_WORK = 150;
const HOST_CALL_WORK = 500;
/** A page costs its copy and two walks: snapshots come less often while a run writes to many, up to a limit. */
const PAGE_WORK = 120_000;
const LONGEST_INTERVALS = 2;
/** Below so many, there is nothing between them to drop. */
const FEWEST = 2;
/** Each has the state of all PEs and devices. */
const MOST_SNAPSHOTS = 1024;

const DEFAULTS: RecordingOptions = { interval: 15_000_000, limit: 512 * 2 ** 20 };

/** Index of the first word of a page of RAM. */
const wordOf = (page: number): number => (RAM + page * PAGE_BYTES) >> 2;

export class Timeline implements Recording {
  readonly #host: TimelineHost;
  readonly #options: RecordingOptions;
  readonly #snapshots: Snapshot[] = [];
  readonly #saved = new SavedPages();
  /** Work done when the newest snapshot was taken. */
  #since = 0;
  /** Doubles each time that snapshots are thinned out. */
  #interval: number;
  /** The furthest moment that was reached: beyond it input is new, before it input comes from the log. */
  #end: Moment;

  constructor(host: TimelineHost, options: Partial<RecordingOptions> = {}) {
    this.#host = host;
    this.#options = { ...DEFAULTS, ...options };
    this.#interval = this.#options.interval;
    this.#end = host.moment;
    const { u8 } = host.engine;
    const pages = host.ramBytes / PAGE_BYTES;
    for (let page = 0; page < pages; page++) u8[PAGE_FLAGS + page] |= PAGE_CLEAN;
    this.#take();
  }

  /** The first moment that can be returned to. */
  get start(): Moment {
    return this.#snapshots[0].moment;
  }

  get end(): Moment {
    return compareMoments(this.#host.moment, this.#end) > 0 ? this.#host.moment : this.#end;
  }

  /** Another future begins now: what lay behind this moment is not to be reached any more. */
  fork(): void {
    this.#end = this.#host.moment;
  }

  /** Bytes that snapshots hold of RAM and of the rest of the engine. */
  get bytes(): number {
    return this.#saved.count * PAGE_BYTES;
  }

  get snapshots(): number {
    return this.#snapshots.length;
  }

  get #newest(): Snapshot {
    return this.#snapshots[this.#snapshots.length - 1];
  }

  get #work(): number {
    const { engine, hostCalls, moment } = this.#host;
    return moment.instructions + EXCEPTION_WORK * engine.f64[EXCEPTIONS_TAKEN >> 3] + HOST_CALL_WORK * hostCalls;
  }

  /** Takes a snapshot if one is due. Between instructions only. */
  advance(): void {
    const interval = Math.max(
      this.#interval,
      Math.min(LONGEST_INTERVALS * this.#interval, PAGE_WORK * this.#newest.pages.size),
    );
    // Without pages of RAM, another one would need as much.
    const helps = this.#isOver && this.#newest.pages.size > 0;
    if (this.#work - this.#since >= interval || helps) this.#take();
  }

  #take(): void {
    const { engine } = this.#host;
    // Pages that the last snapshot saved are dirty: they are clean with respect to this one.
    for (const page of this.#snapshots.at(-1)?.pages.keys() ?? []) engine.u8[PAGE_FLAGS + page] |= PAGE_CLEAN;
    engine.core.dropAllWriteTags();
    const { moment } = this.#host;
    this.#snapshots.push({ moment, state: this.#host.capture(), engine: this.#saveEngine(), pages: new Map() });
    this.#since = this.#work;
    if (this.#snapshots.length > MOST_SNAPSHOTS) this.#thinOut();
    this.#keepLimit();
  }

  #saveEngine(): number[] {
    const held = this.#host.captureEngine();
    const before = this.#snapshots.at(-1)?.engine;
    const count = Math.ceil(held.length / PAGE_WORDS);
    return Array.from({ length: count }, (_, page) => this.#saved.saveUnless(before?.[page], held, page * PAGE_WORDS));
  }

  #loadEngine(pages: readonly number[]): Uint32Array {
    const held = new Uint32Array(pages.length * PAGE_WORDS);
    for (const [index, page] of pages.entries()) this.#saved.load(page, held, index * PAGE_WORDS);
    return held;
  }

  /** The core is about to store to a clean page. */
  firstWrite(page: number): void {
    const { pages } = this.#newest;
    if (page * PAGE_BYTES >= this.#host.ramBytes || pages.has(page)) return;
    pages.set(page, this.#saved.save(this.#host.engine.u32, wordOf(page)));
    if (this.#isOver) this.#keepLimit();
  }

  get #isOver(): boolean {
    return this.bytes > this.#options.limit;
  }

  /** Snapshots are thinned out first. Then the oldest are given up, and at last the newest is replaced soon. */
  #keepLimit(): void {
    while (this.#isOver && this.#snapshots.length > FEWEST) this.#thinOut();
    while (this.#isOver && this.#snapshots.length > 1) {
      const [oldest] = this.#snapshots.splice(0, 1);
      this.#free(oldest);
    }
    if (this.#isOver) this.#host.engine.u32[EXIT_REQUEST >> 2] = 1;
  }

  #free({ engine, pages }: Snapshot): void {
    for (const page of engine) this.#saved.free(page);
    for (const page of pages.values()) this.#saved.free(page);
  }

  /** Drops every other snapshot but the newest; what an earlier one needs of a dropped one goes to it. */
  #thinOut(): void {
    const kept: Snapshot[] = [];
    for (const [index, snapshot] of this.#snapshots.entries()) {
      const last = kept.at(-1);
      if (last === undefined || index % 2 === 0 || index === this.#snapshots.length - 1) {
        kept.push(snapshot);
        continue;
      }
      for (const [page, saved] of snapshot.pages) {
        if (last.pages.has(page)) this.#saved.free(saved);
        else last.pages.set(page, saved);
      }
      for (const page of snapshot.engine) this.#saved.free(page);
    }
    this.#snapshots.splice(0, this.#snapshots.length, ...kept);
    this.#interval *= 2;
  }

  /** Index of the last snapshot at or before a moment. */
  #before(moment: Moment): number {
    let index = this.#snapshots.length - 1;
    while (index > 0 && compareMoments(this.#snapshots[index].moment, moment) > 0) index--;
    return index;
  }

  /** The last snapshot strictly before a moment; undefined at the very start. */
  previous(moment: Moment): Moment | undefined {
    const found = this.#snapshots.findLast(snapshot => compareMoments(snapshot.moment, moment) < 0);
    return found?.moment;
  }

  /** Goes to the last snapshot at or before a moment. What comes after it is made again by running. */
  rewind(moment: Moment): void {
    this.#end = this.end;
    const { engine } = this.#host;
    const target = this.#before(moment);
    const dirty = new Set<number>();
    // From the newest to the oldest: the oldest copy of a page is what it held at the target.
    for (let index = this.#snapshots.length - 1; index >= target; index--) {
      for (const [page, saved] of this.#snapshots[index].pages) {
        this.#saved.load(saved, engine.u32, wordOf(page));
        dirty.add(page);
      }
    }
    for (const page of dirty) {
      engine.u8[PAGE_FLAGS + page] |= PAGE_CLEAN;
      if (engine.u8[PAGE_FLAGS + page] & PAGE_CODE) engine.records.changed(RAM + page * PAGE_BYTES, PAGE_BYTES);
    }
    for (const later of this.#snapshots.splice(target + 1)) this.#free(later);
    const snapshot = this.#snapshots[target];
    for (const page of snapshot.pages.values()) this.#saved.free(page);
    snapshot.pages.clear();
    this.#host.restore(snapshot.state, this.#loadEngine(snapshot.engine));
    this.#since = this.#work;
  }
}
