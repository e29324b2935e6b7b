/** A launched machine with everything that belongs to it: symbols, breakpoints, the runner, what was shown at the last stop. */

import type { ExceptionEvent, Moment, PeView, Target, TranslationRegime } from '../simulator/target.ts';
import { addSpaces } from './address.ts';
import { Breakpoints } from './breakpoints.ts';
import { RequestError } from './handler.ts';
import type { Launch } from './launch.ts';
import type { StepInPlace } from './motions.ts';
import { nestedSpace } from './nested-space.ts';
import { nestingBelow } from './nesting.ts';
import type { SteppingArguments, SteppingResponse } from './protocol.ts';
import type { Container } from './requests/variables.ts';
import { Runner, type RunnerEvents, type Stop } from './runner.ts';
import { type AddressContext, Symbols } from './symbols/index.ts';
import { type Frame, unwind } from './unwind.ts';

/** Whose code a regime runs now. What the PE cannot tell is left out. */
function contextIn(pe: PeView, regime: TranslationRegime): AddressContext {
  const read = (name: string): bigint => {
    try {
      return pe.readRegister(name);
    } catch {
      return 0n; // a PE without that level
    }
  };
  const level = regime === 'EL1&0' ? 1 : regime === 'EL3' ? 3 : 2;
  const tableBase = read(`TTBR0_EL${level}`) & 0xffff_ffff_fffen;
  const guest = regime === 'EL1&0' && (read('HCR_EL2') & 1n) !== 0n;
  return { regime, tableBase, ...(guest ? { vmid: Number(read('VTTBR_EL2') >> 48n) } : {}) };
}

/** A stop at an exception says `L2 EL1 → L0 EL2` where a host tells of its guest hypervisors. */
function withLevels(stop: Stop, target: Target, symbols: Symbols): Stop {
  const { description, exception } = stop;
  if (description === undefined || exception === undefined) return stop;
  const pe = target.pes[exception.pe];
  const level = (el: string) => nestingBelow(pe, symbols, Number(el)) ?? `L0 EL${el}`;
  const isNested = symbols.symbol('nesting_levels') !== undefined;
  return isNested ? { ...stop, description: description.replace(/\bEL(\d)/g, (_, el) => level(el)) } : stop;
}

const LONGEST_LOG = 10_000;

/** A line of a source. */
export interface Location {
  readonly path: string;
  readonly line: number;
}

export class Machine {
  readonly symbols = new Symbols();
  readonly breakpoints: Breakpoints;
  readonly runner: Runner;
  /** The last stop; undefined before the first and while the machine runs. */
  stop: Stop | undefined;
  lastPe = 0;
  private readonly frames = new Map<number, Frame>();
  private readonly stacks = new Map<number, { readonly firstId: number; readonly frames: readonly Frame[] }>();
  private readonly containers = new Map<number, Container>();
  // Numbers go on over stops, so that one from an earlier stop is known as such.
  private nextReference = 1;
  private firstReference = 1;
  readonly stepInTargets = new Map<number, StepInPlace>();
  readonly gotoTargets = new Map<number, { readonly address: bigint }>();
  private readonly locations = new Map<number, Location>();
  readonly exceptions: ExceptionEvent[] = [];
  /** Kernels whose own symbols were looked for. */
  readonly kernelsLookedFor = new Set<string>();
  /** Moments that the user has named. */
  readonly marks = new Map<string, Moment>();

  constructor(
    readonly target: Target,
    readonly launch: Launch,
    events: RunnerEvents,
  ) {
    target.keepInterrupted = true;
    for (const pe of target.pes) addSpaces(pe, prefix => nestedSpace(this, pe, prefix));
    for (const table of launch.symbols) this.symbols.add(table);
    this.symbols.present = regime => contextIn(this.focusedPe, regime);
    this.breakpoints = new Breakpoints(target, this.symbols);
    this.runner = new Runner(target, this.breakpoints, {
      ...events,
      stopped: stop => events.stopped(withLevels(stop, target, this.symbols)),
    });
  }

  get running(): boolean {
    return this.runner.running;
  }

  get recording(): boolean {
    return this.target.onException !== undefined;
  }

  record(on: boolean): void {
    this.target.onException = on
      ? event => {
          this.exceptions.push(event);
          if (this.exceptions.length > 2 * LONGEST_LOG) this.exceptions.splice(0, LONGEST_LOG);
        }
      : undefined;
  }

  /** Threads are PEs, counted from 1. Throws a sentence for one that is not there. */
  peOfThread(threadId: unknown): PeView {
    const pe = typeof threadId === 'number' ? this.target.pes[threadId - 1] : undefined;
    if (pe === undefined)
      throw new Error(
        `There is no thread ${String(threadId)}: the machine has ${this.target.pes.length} PEs, counted from 1.`,
      );
    return pe;
  }

  get focusedPe(): PeView {
    return this.target.pes[this.lastPe];
  }

  /** Forgets what was shown: after a resume and after a change of state. */
  invalidate(): void {
    this.frames.clear();
    this.stacks.clear();
    this.containers.clear();
    this.gotoTargets.clear();
    this.stepInTargets.clear();
    this.locations.clear();
    this.firstReference = this.nextReference;
  }

  /** After a change by the user: stacks are unwound anew, references stay good. */
  forgetStacks(): void {
    this.stacks.clear();
  }

  stackOf(pe: PeView): { readonly firstId: number; readonly frames: readonly Frame[] } {
    let stack = this.stacks.get(pe.index);
    if (stack === undefined) {
      const frames = unwind(pe, this.symbols);
      stack = { firstId: this.nextReference, frames };
      for (const frame of frames) this.frames.set(this.nextReference++, frame);
      this.stacks.set(pe.index, stack);
    }
    return stack;
  }

  frame(id: unknown): Frame {
    const frame = this.frames.get(id as number);
    if (frame === undefined) throw this.unknown('frame', id);
    return frame;
  }

  /** Keeps a container of variables until the next resume; returns its reference. */
  keep(container: Container): number {
    const reference = this.nextReference++;
    this.containers.set(reference, container);
    return reference;
  }

  container(reference: unknown): Container {
    const container = this.containers.get(reference as number);
    if (container === undefined) throw this.unknown('variables reference', reference);
    return container;
  }

  /** Keeps a place in the sources until the next resume; returns its reference for the request `locations`. */
  keepLocation(location: Location): number {
    const reference = this.nextReference++;
    this.locations.set(reference, location);
    return reference;
  }

  location(reference: unknown): Location {
    const location = this.locations.get(reference as number);
    if (location === undefined) throw this.unknown('location', reference);
    return location;
  }

  /** The end of what was recorded when it was looked at last. */
  private recorded: { readonly of: unknown; readonly end: number } = { of: undefined, end: 0 };

  /**
   * What there is to say when a change in the past, or a step of a PE alone, has begun another future: marks in the one that
   * is no more are dropped. Undefined when nothing was lost.
   */
  noticeFork(): string | undefined {
    const { recording } = this.target;
    const end = recording?.end.instructions ?? 0;
    const before = this.recorded;
    this.recorded = { of: recording, end };
    // After a reset it is recorded anew.
    if (before.of !== recording || end >= before.end) return undefined;
    const lost = [...this.marks].filter(([, { instructions }]) => instructions > end).map(([name]) => name);
    for (const name of lost) this.marks.delete(name);
    const marks = lost.length === 0 ? '' : ` The marks there are gone: ${lost.join(', ')}.`;
    return `The run takes another course from instruction ${end.toLocaleString('en')} on: what came later is forgotten.${marks}`;
  }

  /** How steps treat interrupts. */
  stepping: SteppingResponse = { interrupts: 'taken' };

  setStepping({ interrupts }: SteppingArguments): void {
    if (interrupts !== undefined && interrupts !== 'taken' && interrupts !== 'held')
      throw new Error(`Interrupts can be "taken" or "held", not "${String(interrupts)}".`);
    if (interrupts !== undefined) this.stepping = { interrupts };
  }

  /** Throws a sentence for a name that no mark has. */
  mark(name: string): Moment {
    const moment = this.marks.get(name);
    if (moment === undefined) throw new Error(`There is no mark "${name}"; "marks" lists them.`);
    return moment;
  }

  private unknown(what: string, id: unknown): Error {
    const stale = typeof id === 'number' && id > 0 && id < this.firstReference;
    return stale
      ? new RequestError('notStopped', `The ${what} ${id} is from an earlier stop; ask for the stack again.`)
      : new Error(`There is no ${what} ${String(id)}.`);
  }
}
