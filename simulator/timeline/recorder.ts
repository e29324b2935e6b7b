/** Records a run and takes it back: snapshots and the input log, going to a moment, searching the past for a stop. */

import type { Breakpoints } from '../breakpoints.ts';
import type { Moment, RecordingOptions, RunOptions, StopReason } from '../target.ts';
import { type Input, InputLog } from './input-log.ts';
import { compareMoments, Timeline, type TimelineHost } from './timeline.ts';

export interface RecorderHost extends TimelineHost {
  readonly breakpoints: Breakpoints;
  run(options: RunOptions): StopReason;
  /** Runs until an interrupt is taken, or an instruction is executed because there was none. */
  takeInterrupt(): void;
  /** Does what a logged input did when it came in. */
  apply(input: Input): void;
  /** Whether exceptions have to be reported may have changed. */
  observationChanged(): void;
}

/** Instructions of replay between two chances to give up. */
const STRETCH = 20_000_000;

export class Recorder {
  readonly #host: RecorderHost;
  readonly #log = new InputLog();
  #timeline: Timeline | undefined;
  #silent = 0;
  #applying = false;

  constructor(host: RecorderHost) {
    this.#host = host;
  }

  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  /** While the past is run again nobody is told what happens. */
  get silent(): boolean {
    return this.#silent > 0;
  }

  /** Keeps the run from here on. */
  record(options: Partial<RecordingOptions> = {}): void {
    this.#log.clear();
    this.#timeline = new Timeline(this.#host, options);
  }

  stop(): void {
    this.#log.clear();
    this.#timeline = undefined;
  }

  // --- Input ------------------------------------------------------------------------------------------------------------

  /** Something comes in from outside, which its caller does. */
  log(input: Input): void {
    if (this.#timeline === undefined || this.#applying) return;
    this.#log.add(this.#host.moment, input);
    this.#timeline.fork();
  }

  /** When something like this came in for the last time before now. */
  lastInput(isLike: (input: Input) => boolean): Moment | undefined {
    return this.#log.last(isLike);
  }

  get inputWaiting(): boolean {
    return this.#log.waiting;
  }

  untilInput(instructions: number): number {
    return this.#log.untilNext(instructions);
  }

  /** Does what came in at this moment the first time. */
  applyDue(): void {
    this.#applying = true;
    try {
      for (;;) {
        const input = this.#log.takeDue(this.#host.moment);
        if (input === undefined) break;
        this.#host.apply(input);
      }
    } finally {
      this.#applying = false;
    }
  }

  // --- Going to a moment ------------------------------------------------------------------------------------------------

  #required(): Timeline {
    if (!this.#timeline) throw new Error('This run is not recorded: start it with time travel to go back.');
    return this.#timeline;
  }

  goTo(moment: Moment): void {
    const steps = this.travel(moment);
    while (!steps.next().done);
  }

  /**
   * Goes to a moment of the recorded run: the last snapshot before it, and from there instruction by instruction as
   * the first time. Breakpoints do not stop it. Yields now and then; may be given up, anywhere on the way.
   */
  *travel(moment: Moment): Generator<Moment, void> {
    const timeline = this.#required();
    if (compareMoments(moment, this.#host.moment) < 0) {
      timeline.rewind(moment);
      this.#log.rewind(this.#host.moment);
    }
    while (this.#host.moment.instructions < moment.instructions) {
      const left = moment.instructions - this.#host.moment.instructions;
      const stop = this.silently(() =>
        this.#host.breakpoints.suspended(() => this.#host.run({ instructions: Math.min(left, STRETCH) })),
      );
      // The guest is at its end: it has powered itself off, or waits for ever.
      if (stop.kind !== 'limit') break;
      if (left > STRETCH) yield this.#host.moment;
    }
    this.applyDue();
    while (this.#host.moment.instructions === moment.instructions && this.#host.moment.taken < moment.taken) {
      this.silently(() => this.#host.breakpoints.suspended(() => this.#host.takeInterrupt()));
      this.applyDue();
    }
  }

  /** Runs a stretch of the past, of which nobody is told. */
  silently<T>(run: () => T): T {
    this.#silent++;
    this.#host.observationChanged();
    try {
      return run();
    } finally {
      this.#silent--;
      this.#host.observationChanged();
    }
  }

  // --- Searching the past -----------------------------------------------------------------------------------------------

  *reverseContinue(only?: readonly number[], orNow = false): Generator<Moment, StopReason> {
    const timeline = this.#required();
    const now = this.#host.moment;
    let found = false;
    if (only) this.#host.breakpoints.only(only);
    try {
      for (let end = now; ; ) {
        const start = timeline.previous(end);
        if (!start) {
          this.goTo(timeline.start);
          found = true;
          return { kind: 'limit' };
        }
        yield start;
        // Counted first: only the last one is wanted, and the machine has to stand there.
        // What stops behind an instruction may stop at the very end of a stretch.
        const inclusive = orNow || end !== now;
        const { count } = this.#stopsBetween(start, end, Number.POSITIVE_INFINITY, inclusive);
        if (count) {
          const { last } = this.#stopsBetween(start, end, count, inclusive);
          found = true;
          return last as StopReason;
        }
        end = start;
      }
    } finally {
      if (only) this.#host.breakpoints.only();
      if (!found) this.goTo(now);
    }
  }

  #within(end: Moment, inclusive: boolean): boolean {
    const order = compareMoments(this.#host.moment, end);
    return order < 0 || (inclusive && order === 0);
  }

  /** Runs from one moment towards another and counts the stops before it; stands at the last one if there are `most`. */
  #stopsBetween(
    start: Moment,
    end: Moment,
    most: number,
    inclusive: boolean,
  ): { count: number; last: StopReason | undefined } {
    let count = 0;
    let last: StopReason | undefined;
    this.goTo(start);
    return this.silently(() => {
      while (count < most && this.#host.moment.instructions < end.instructions) {
        const instructions = end.instructions - this.#host.moment.instructions;
        const stop = this.#host.run({ instructions, stepOff: count > 0 });
        if (stop.kind === 'limit' || !this.#within(end, inclusive)) break;
        if (!('ids' in stop)) break;
        count++;
        last = stop;
      }
      return { count, last };
    });
  }
}
