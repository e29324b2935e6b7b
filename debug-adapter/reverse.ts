/** Backwards by instruction and by source line, on a machine that records its run. */

import type { ExceptionLevel, Moment, PeView, Target, TranslationRegime } from '../simulator/target.ts';
import type { Machine } from './machine.ts';
import type { Stop } from './runner.ts';
import { LEVELS, TAKEN } from './sieves.ts';
import type { SymbolTable } from './symbols/index.ts';
import { callerOf, handlesExceptions, type PhysicalFrame, topFrame } from './unwind.ts';

/** Instructions that a step back by line looks at first, and at most. */
const NEAR = 2_000;
const FAR = 100_000;

/** One instruction that was executed on the way to now: where a PE stood before it. */
interface Visited {
  readonly moment: Moment;
  readonly pc: bigint;
  readonly sp: bigint;
  readonly el: ExceptionLevel;
  readonly vmid: number | undefined;
  /** By a call, a return, or an exception return to the same level. */
  leaves?: 'call' | 'return' | 'eret';
  /** At a vector for exceptions from the same level. */
  readonly isVector: boolean;
}

const START: Omit<Stop, 'pe'> = { reason: 'entry', description: 'Start of the recording' };

/** The moment one instruction, or taken interrupt, before now; undefined at the start of the recording. */
export function instructionBefore(target: Target): Moment | undefined {
  const { moment, recording } = target;
  if (!recording) throw new Error('This run is not recorded: launch it with "timeTravel": true to go back.');
  if (moment.taken > 0) return { ...moment, taken: 0 };
  if (moment.instructions <= recording.start.instructions) return undefined;
  return { ...moment, instructions: moment.instructions - 1 };
}

/**
 * Back to where the source line before the present one began, with calls and exceptions on the way passed over; in the
 * middle of a line its beginning comes first. Without line information it is the instruction before.
 */
export function* backByLine(machine: Machine, pe: PeView): Generator<unknown, Stop> {
  const { target } = machine;
  const to = function* (moment: Moment): Generator<unknown, Stop> {
    yield* target.travel(moment);
    return { reason: 'step', pe: pe.index };
  };
  const earlier = instructionBefore(target);
  if (earlier === undefined) return { ...START, pe: pe.index };
  if (lineAt(machine, pe, pe.pc) === undefined) return yield* to(earlier);
  let found = sameFunction(visitedBefore(target, pe, NEAR), pe);
  let begin = beginningOfLine(machine, pe, found);
  if (begin === 'earlier') {
    found = sameFunction(visitedBefore(target, pe, FAR), pe);
    begin = beginningOfLine(machine, pe, found);
  }
  if (begin !== 'earlier') return yield* to(begin ?? earlier);
  const [first] = found.visited;
  const { passedOver } = found;
  const call = passedOver && lineAt(machine, pe, passedOver.pc - 4n);
  if (passedOver === undefined || (first !== undefined && !isSameLine(call, lineAt(machine, pe, first.pc))))
    return yield* to(first?.moment ?? earlier);
  // What was called has run for so long that its call is looked for.
  const stop = yield* backTo(machine, pe, passedOver.pc - 4n, pe.regime, passedOver.sp, 'step');
  if (stop.reason !== 'step') return stop;
  const { visited } = sameFunction(visitedBefore(target, pe, NEAR), pe);
  const other = visited.findLastIndex(one => !isSameLine(lineAt(machine, pe, one.pc), call));
  const start = visited[other + 1];
  return start === undefined ? stop : yield* to(start.moment);
}

type Line = ReturnType<SymbolTable['lineAt']>;

function lineAt({ symbols }: Machine, { regime }: PeView, pc: bigint): Line {
  return symbols.at(pc, regime)?.lineAt(pc);
}

function isSameLine(a: Line, b: Line): boolean {
  return a?.line === b?.line && a?.path === b?.path;
}

/** The moment at which the line of the last instruction begins; undefined without instructions. */
function beginningOfLine(machine: Machine, pe: PeView, found: OneFunction): Moment | 'earlier' | undefined {
  const { visited, whole } = found;
  const wanted = visited.length > 0 ? lineAt(machine, pe, visited[visited.length - 1].pc) : undefined;
  const other = visited.findLastIndex(one => !isSameLine(lineAt(machine, pe, one.pc), wanted));
  return other >= 0 || whole ? visited[other + 1]?.moment : 'earlier';
}

interface OneFunction {
  /** Instructions of the function that is present now, and of its callers before it was called. */
  readonly visited: readonly Visited[];
  /** The list goes back to the start of the recording. */
  readonly whole: boolean;
  /** Where a call returned to that began before the list. */
  readonly passedOver: Open | undefined;
}

/** A call or an exception that has returned, on the way back to where it began. */
interface Open {
  /** Where it returned to. */
  readonly pc: bigint;
  readonly sp: bigint;
  readonly isException: boolean;
}

/**
 * Leaves out what was called and has returned, what handled exceptions, and other levels and guests. Stack pointers
 * would not do: leaf functions, vectors and the last instruction of every function have that of the caller.
 */
function sameFunction(all: { readonly visited: readonly Visited[]; readonly whole: boolean }, pe: PeView): OneFunction {
  const { el, vmid } = pe;
  const visited: Visited[] = [];
  const open: Open[] = [];
  /** Closes the newest that matches, and those that have been opened since without a match. */
  const close = (matches: (one: Open) => boolean): Open | undefined => {
    const index = open.findLastIndex(matches);
    return index < 0 ? undefined : open.splice(index)[0];
  };
  let after = { pc: pe.pc, sp: pe.readRegister('SP'), isVector: false };
  for (let index = all.visited.length - 1; index >= 0; index--) {
    const one = all.visited[index];
    if (one.el !== el || one.vmid !== vmid) continue;
    if (after.isVector) after = { ...after, ...close(({ isException }) => isException) };
    const { pc, sp } = after;
    if (one.leaves === 'return' || one.leaves === 'eret') open.push({ pc, sp, isException: one.leaves === 'eret' });
    else if (one.leaves === 'call') close(({ pc: back, isException }) => !isException && back === one.pc + 4n);
    if (open.length === 0) visited.push(one);
    after = one;
  }
  return { visited: visited.reverse(), whole: all.whole, passedOver: open.find(({ isException }) => !isException) };
}

/**
 * Back out of the present function, to the instruction that called it; in a handler to the instruction that its exception
 * interrupted.
 */
export function* outOf(machine: Machine, pe: PeView): Generator<unknown, Stop> {
  const { symbols } = machine;
  const caller = callerOf(topFrame(pe, symbols), symbols);
  if (caller === undefined && pe.el === 0) throw new Error('This function has no caller to step back to.');
  if (caller === undefined || caller.boundary !== undefined) {
    return yield* beforeException(machine, pe, handlesExceptions(topFrame(pe, symbols)));
  }
  const sp = caller.registers[31];
  return yield* backTo(machine, pe, caller.pc - 4n, caller.regime, sp, 'step');
}

/** Back to the first instruction of the function of a frame, in the call that made this frame. */
export function* beginningOf(
  machine: Machine,
  frame: PhysicalFrame,
  low: bigint | undefined,
): Generator<unknown, Stop> {
  const { pe, regime } = frame;
  const start = low ?? frame.table?.functionAt(frame.pc)?.address;
  if (start === undefined) throw new Error('No symbol says where the function of this frame begins.');
  if (frame.live && pe.pc === start) return { reason: 'restart', pe: pe.index };
  // On entry SP is what it is again after the return.
  const sp = callerOf(frame, machine.symbols)?.registers[31];
  return yield* backTo(machine, pe, start, regime, sp, 'restart');
}

function* backTo(
  { target }: Machine,
  pe: PeView,
  address: bigint,
  regime: TranslationRegime,
  lowest: bigint | undefined,
  why: 'step' | 'restart',
): Generator<unknown, Stop> {
  // By frame records SP is only known to be no lower; calls that this one made stand lower.
  const match = (at: PeView): boolean => lowest === undefined || at.readRegister('SP') >= lowest;
  const id = target.addBreakpoint({ kind: 'instruction', address, regime, pe: pe.index, match });
  try {
    const reason = yield* target.reverseContinue([id]);
    return { ...(reason.kind === 'limit' ? START : { reason: why }), pe: pe.index };
  } finally {
    target.removeBreakpoint(id);
  }
}

/** Back to where the exception was taken that brought a PE to its level; with `same` it may be of the level itself. */
function* beforeException({ target }: Machine, pe: PeView, same: boolean): Generator<unknown, Stop> {
  const { el, index } = pe;
  const sp = pe.readRegister('SP');
  let at: Moment | undefined = standsAtVector(pe) ? target.moment : undefined;
  if (at === undefined) {
    const id = target.addBreakpoint({
      kind: 'exception',
      sieves: [{ types: TAKEN, from: LEVELS.filter(level => level < el || (same && level === el)), to: [el] }],
      // Those that the handler has taken itself stand lower.
      match: event => event.pe === index && (event.from < el || pe.readRegister('SP') >= sp),
    });
    try {
      const reason = yield* target.reverseContinue([id]);
      if (reason.kind === 'limit') return { ...START, pe: index };
    } finally {
      target.removeBreakpoint(id);
    }
    at = target.moment;
  }
  // An interrupt comes between two instructions; an instruction that raises an exception counts as run.
  const before = at.taken > 0 ? { ...at, taken: at.taken - 1 } : { ...at, instructions: at.instructions - 1 };
  yield* target.travel(before);
  return { reason: 'step', pe: index };
}

/** At the first instruction of an exception vector of its level, which is where an exception has just led. */
function standsAtVector(pe: PeView): boolean {
  const base = pe.readRegister(`VBAR_EL${pe.el}`) & ~0x7ffn;
  return pe.pc >= base && pe.pc < base + 0x800n && (pe.pc & 0x7fn) === 0n;
}

// Instructions that a stack of calls is known by (Arm ARM C4.1): masks and values of A64 encodings.
const LEAVES: readonly (readonly [mask: number, value: number, leaves: Visited['leaves']])[] = [
  [0xfc000000, 0x94000000, 'call'], // BL
  [0xfffffc1f, 0xd63f0000, 'call'], // BLR
  [0xfefff800, 0xd63f0800, 'call'], // BLRAA, BLRAAZ, BLRAB, BLRABZ
  [0xfffffc1f, 0xd65f0000, 'return'], // RET
  [0xfffffbff, 0xd65f0bff, 'return'], // RETAA, RETAB
  [0xffffffff, 0xd69f03e0, 'eret'], // ERET
  [0xfffffbff, 0xd69f0bff, 'eret'], // ERETAA, ERETAB
];

/** Runs the last instructions before now once more, one by one, unheard. Ends where it began. */
function visitedBefore(
  target: Target,
  view: PeView,
  distance: number,
): { readonly visited: readonly Visited[]; readonly whole: boolean } {
  const now = target.moment;
  const { start } = target.recording as NonNullable<Target['recording']>;
  const first = Math.max(start.instructions, now.instructions - distance);
  const visited: Visited[] = [];
  const { onException, onConsole } = target;
  target.onException = undefined;
  target.onConsole = undefined;
  // Taking an interrupt and the first instruction of its vector are seen one after the other.
  const taken = target.addBreakpoint({ kind: 'exception', sieves: [{ types: TAKEN }], match: () => true });
  try {
    target.goTo({ ...now, instructions: first, taken: 0 });
    while (isBefore(target.moment, now)) {
      const one = visit(target, view);
      const last = visited.at(-1);
      // It was the turn of another PE.
      if (last?.pc === one.pc && last.sp === one.sp && last.el === one.el) visited.pop();
      else if (last?.leaves === 'eret' && last.el !== one.el) delete last.leaves;
      visited.push(one);
      target.run({ instructions: 1, stepOff: true });
    }
  } finally {
    target.removeBreakpoint(taken);
    target.onException = onException;
    target.onConsole = onConsole;
  }
  const last = visited.at(-1);
  if (last?.leaves === 'eret' && last.el !== view.el) delete last.leaves;
  return { visited, whole: first === start.instructions };
}

function isBefore(a: Moment, b: Moment): boolean {
  return a.instructions < b.instructions || (a.instructions === b.instructions && a.taken < b.taken);
}

function visit(target: Target, pe: PeView): Visited {
  const { pc, el, vmid } = pe;
  const data = pe.read({ kind: 'va' }, pc, 4);
  const word = data === undefined ? 0 : new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const leaves = LEAVES.find(([mask, value]) => (word & mask) >>> 0 === value >>> 0)?.[2];
  const isVector = el > 0 && (pc & 0x7fn) === 0n && standsAtVector(pe) && (pc & 0x7ffn) < VECTORS_FROM_BELOW;
  const stands = { moment: target.moment, pc, sp: pe.readRegister('SP'), el, vmid, isVector };
  return leaves === undefined ? stands : { ...stands, leaves };
}

/** Offset of the vectors for exceptions from a lower level (Arm ARM D1.3.1.4). */
const VECTORS_FROM_BELOW = 0x400n;
