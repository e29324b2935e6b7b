/**
 * Runs the machine in slices of bounded wall time and gives the event loop its turn between them, so that pause, changed
 * breakpoints, console input and disconnect are served while the guest runs.
 */

import type { ExceptionEvent, RunOptions, StopReason, Target } from '../simulator/target.ts';
import { hex } from './address.ts';
import { type Breakpoints, describeAccess, describeTaken, type UserBreakpoint } from './breakpoints.ts';

/** Why the machine stands still, in the words of DAP's `stopped` event. */
export interface Stop {
  readonly reason:
    | 'entry'
    | 'step'
    | 'breakpoint'
    | 'function breakpoint'
    | 'data breakpoint'
    | 'instruction breakpoint'
    | 'exception'
    | 'pause'
    | 'goto'
    | 'restart';
  readonly pe: number;
  readonly description?: string;
  readonly text?: string;
  readonly hitBreakpointIds?: readonly number[];
  readonly exception?: ExceptionEvent;
}

/** The guest is at its end. */
export interface End {
  readonly exitCode: number;
  readonly message: string;
}

/** What the machine is asked to do until it stops: continue, or a step. */
export interface Motion {
  /** How the next run may go; `instructions` is left out for as many as the slice allows. */
  next(): Partial<RunOptions>;
  /** After a run that ended by its own limit, or by a breakpoint that the motion set: a stop, or undefined to go on. */
  after(reason: StopReason): Stop | undefined;
  /** Addresses of symbols have changed. */
  symbolsChanged?(): void;
  /** What takes long, for a progress bar; none for what is to last. */
  readonly title?: string;
  /** Ids of breakpoints that the motion set. */
  owns?(id: number): boolean;
  /** Removes what the motion set. */
  end?(): void;
}

export interface RunnerEvents {
  stopped(stop: Stop): void;
  ended(end: End): void;
  output(category: 'console' | 'stderr', text: string): void;
  /** After each slice. */
  slice(): void;
}

const SLICE_MILLISECONDS = 20;
const FEWEST = 1000;
const MOST = 1 << 30;

const STOP_REASONS = {
  source: 'breakpoint',
  function: 'function breakpoint',
  instruction: 'instruction breakpoint',
  data: 'data breakpoint',
  exception: 'exception',
  watch: 'data breakpoint',
  launch: 'exception',
} as const;

export class Runner {
  private motion: Motion | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Instructions that a slice takes, adapted to the speed of the machine. */
  private sliceInstructions = 100_000;
  private pauseRequested = false;

  constructor(
    private readonly target: Target,
    private readonly breakpoints: Breakpoints,
    private readonly events: RunnerEvents,
  ) {}

  get running(): boolean {
    return this.motion !== undefined;
  }

  /** What it is at, if that is to come to an end. */
  get title(): string | undefined {
    return this.motion?.title;
  }

  start(motion: Motion): void {
    this.motion = motion;
    this.pauseRequested = false;
    this.schedule();
  }

  pause(): void {
    this.pauseRequested = true;
  }

  symbolsChanged(): void {
    this.motion?.symbolsChanged?.();
  }

  /**
   * Works through the past, or anything else that takes long, a little at each turn of the event loop, until the task
   * returns why the machine stands still. Pause gives it up: the machine stands where the task leaves it.
   */
  startTask(task: Generator<unknown, Stop>): void {
    this.motion = { next: () => ({}), after: () => undefined };
    this.pauseRequested = false;
    this.breakpoints.searching = true;
    this.work(task);
  }

  private work(task: Generator<unknown, Stop>): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      let stop: Stop | undefined;
      try {
        if (this.pauseRequested) {
          task.return({ reason: 'pause', pe: 0 });
          stop = { reason: 'pause', pe: 0 };
        } else {
          const start = performance.now();
          while (stop === undefined && performance.now() - start < SLICE_MILLISECONDS) {
            const step = task.next();
            if (step.done) stop = step.value;
          }
        }
      } catch (error) {
        stop = { reason: 'pause', pe: 0, description: 'Cannot go there', text: (error as Error).message };
      }
      if (stop === undefined) {
        this.work(task);
        return;
      }
      this.finish();
      this.events.stopped(stop);
    }, 0);
  }

  /**
   * Back to the last breakpoint that counts. A breakpoint `own` of the machine's counts too, as a step of a PE, and is
   * removed at the end.
   */
  *reverse(own?: number, pe = 0): Generator<unknown, Stop> {
    const owner: Motion = { next: () => ({}), after: () => ({ reason: 'step', pe }), owns: id => id === own };
    try {
      for (;;) {
        const reason = yield* this.target.reverseContinue();
        if (reason.kind === 'limit') return { reason: 'entry', pe: 0, description: 'Start of the recording' };
        const outcome = this.judge(owner, reason);
        if (outcome !== undefined && 'reason' in outcome && (yield* this.hasChanged(outcome))) return outcome;
        // A breakpoint whose condition does not hold, or a write of what was there: the search goes on before it.
      }
    } finally {
      if (own !== undefined) this.target.removeBreakpoint(own);
    }
  }

  /** Whether one of the breakpoints of a stop in the past counts, by what its instruction has changed. */
  private *hasChanged({ hitBreakpointIds = [] }: Stop): Generator<unknown, boolean> {
    const states = this.breakpoints.statesOf(hitBreakpointIds);
    if (hitBreakpointIds.length === 0 || states === undefined) return true;
    const { moment } = this.target;
    const after = states();
    yield* this.target.travel({ ...moment, instructions: moment.instructions - 1, taken: 0 });
    const before = states();
    yield* this.target.travel(moment);
    return before !== after;
  }

  /** Stops without an event. */
  cancel(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.finish();
  }

  private finish(): void {
    const { motion } = this;
    this.motion = undefined;
    if (this.breakpoints.searching) this.breakpoints.moved();
    this.breakpoints.searching = false;
    motion?.end?.();
  }

  private schedule(): void {
    this.timer = setTimeout(() => this.slice(), 0);
  }

  private slice(): void {
    this.timer = undefined;
    let outcome: Stop | End | undefined;
    try {
      outcome = this.pauseRequested ? { reason: 'pause', pe: 0 } : this.runSlice();
    } catch (error) {
      const text = `The machine stopped with a fault of its own: ${(error as Error).message}`;
      outcome = { reason: 'exception', pe: 0, description: 'Fault of the simulator', text };
    }
    this.events.slice();
    if (outcome === undefined) {
      this.schedule();
      return;
    }
    this.finish();
    if ('exitCode' in outcome) this.events.ended(outcome);
    else this.events.stopped(outcome);
  }

  private runSlice(): Stop | End | undefined {
    try {
      return this.runUntilTimeIsUp();
    } finally {
      for (const line of this.breakpoints.takeOutput()) this.events.output('console', `${line}\n`);
    }
  }

  private runUntilTimeIsUp(): Stop | End | undefined {
    const { motion } = this;
    if (motion === undefined) return undefined;
    const start = performance.now();
    let stepOff = false;
    for (;;) {
      const wish = motion.next();
      const instructions = wish.instructions ?? this.sliceInstructions;
      const before = performance.now();
      const reason = this.target.run({ ...wish, instructions, stepOff: stepOff || (wish.stepOff ?? false) });
      const now = performance.now();
      if (reason.kind === 'limit' && wish.instructions === undefined) this.adapt(now - before);
      const outcome = this.judge(motion, reason);
      if (outcome !== undefined) return outcome;
      // After a breakpoint that was no stop, the same instruction must not be reported again.
      stepOff = reason.kind === 'breakpoint';
      if (now - start >= SLICE_MILLISECONDS) {
        if (stepOff) this.carryStepOff(motion);
        return undefined;
      }
    }
  }

  /** The next slice begins on a breakpoint that was passed already. */
  private carryStepOff(motion: Motion): void {
    const next = motion.next.bind(motion);
    let first = true;
    motion.next = () => {
      const wish = next();
      const result = first ? { ...wish, stepOff: true } : wish;
      first = false;
      return result;
    };
  }

  private adapt(milliseconds: number): void {
    const factor = Math.min(4, Math.max(0.25, SLICE_MILLISECONDS / Math.max(milliseconds, 0.01)));
    this.sliceInstructions = Math.round(Math.min(MOST, Math.max(FEWEST, this.sliceInstructions * factor)));
  }

  private judge(motion: Motion, reason: StopReason): Stop | End | undefined {
    switch (reason.kind) {
      case 'limit':
        return motion.after(reason);
      case 'breakpoint':
      case 'watchpoint':
      case 'exception':
      case 'system-register': {
        const hits = this.breakpoints.hit(reason);
        if (hits.length === 0) return reason.ids.some(id => motion.owns?.(id)) ? motion.after(reason) : undefined;
        const exception = reason.kind === 'exception' ? reason.event : undefined;
        return {
          reason: STOP_REASONS[hits[0].family],
          pe: reason.pe,
          hitBreakpointIds: hits.map(one => one.id),
          ...(exception === undefined
            ? {}
            : { exception, text: describeTaken(exception, this.target), description: summary(exception) }),
          ...(reason.kind === 'system-register' ? { text: describeAccess(reason.event) } : {}),
          ...(reason.kind === 'watchpoint' ? { text: describeWatch(hits[0], reason) } : {}),
        };
      }
      case 'poweroff':
        return { exitCode: 0, message: 'The guest powered the machine off.' };
      case 'semihosting':
        return { exitCode: reason.code, message: `The guest ended by semihosting with code ${reason.code}.` };
      case 'reset':
        this.target.reset();
        this.events.output('console', 'The guest reset the machine.\n');
        return undefined;
      case 'unimplemented':
        return { reason: 'exception', pe: reason.pe, description: 'Not implemented', text: reason.message };
      case 'deadlock':
        return {
          reason: 'pause',
          pe: 0,
          description: 'Every PE waits for an event that cannot come',
          text: reason.message,
        };
    }
  }
}

/** One sentence about an access to what a breakpoint watches. */
function describeWatch(
  { what, changes, before, state }: UserBreakpoint,
  { address, write, by }: Extract<StopReason, { kind: 'watchpoint' }>,
): string {
  const access = `${write ? 'Write to' : 'Read of'} ${what ?? hex(address)}${by === undefined ? '' : ` by ${by}`}`;
  const isShown = changes !== undefined && before !== '' && !before.includes('\n');
  return isShown ? `${access}: ${before} → ${state}.` : `${access}.`;
}

function summary(event: ExceptionEvent): string {
  return `EL${event.from} → EL${event.to}: ${event.kind === 'return' ? 'ERET' : (event.class ?? event.type.toUpperCase())}`;
}
