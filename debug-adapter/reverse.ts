/** Backwards by instruction and by source line, on a machine that records its run. */

import type { ExceptionLevel, Moment, PeView, Target, TranslationRegime } from '../simulator/target.ts';
import type { Machine } from './machine.ts';
import type { Stop } from './runner.ts';
import type { Symbols } from './symbols/index.ts';
import { callerOf, type PhysicalFrame, topFrame } from './unwind.ts';

/** Instructions that a step back by line looks at first, and at most. */
const NEAR = 2_000;
const FAR = 100_000;

/** One instruction that was executed on the way to now: where a PE stood before it. */
interface Visited {
  readonly moment: Moment;
  readonly pc: bigint;
  readonly sp: bigint;
  readonly el: ExceptionLevel;
}

/** The moment one instruction before now; undefined at the start of the recording. */
export function instructionBefore(target: Target): Moment | undefined {
  const { moment, recording } = target;
  if (!recording) throw new Error('This run is not recorded: launch it with "timeTravel": true to go back.');
  if (moment.instructions <= recording.start.instructions) return undefined;
  return { ...moment, instructions: moment.instructions - 1 };
}

/**
 * The moment at which the source line before the present one began, with calls and exceptions on the way passed over.
 * Without line information it is the instruction before. Undefined at the start of the recording.
 */
export function lineBefore(target: Target, symbols: Symbols, pe: number): Moment | undefined {
  const earlier = instructionBefore(target);
  const here = target.pes[pe];
  const line = (visited: Pick<Visited, 'pc'>) => symbols.at(visited.pc, here.regime)?.lineAt(visited.pc);
  const now = { pc: here.pc, sp: here.readRegister('SP'), el: here.el };
  const present = line(now);
  if (!earlier || !present) return earlier;
  for (const distance of [NEAR, FAR]) {
    const visited = visitedBefore(target, pe, distance);
    // What runs deeper (a callee) or at another level (an exception) is passed over.
    const level = visited.filter(one => one.el === now.el && one.sp >= now.sp);
    const isPresent = (one: Visited): boolean => {
      const row = line(one);
      return row !== undefined && row.path === present.path && row.line === present.line;
    };
    let index = level.length - 1;
    // In the middle of a line its beginning comes first.
    if (index >= 0 && isPresent(level[index])) {
      while (index > 0 && isPresent(level[index - 1])) index--;
      if (index > 0 || visited.length < distance) return level[index].moment;
      continue;
    }
    if (index < 0) continue;
    const wanted = line(level[index]);
    while (index > 0) {
      const before = line(level[index - 1]);
      if (before?.line !== wanted?.line || before?.path !== wanted?.path) return level[index].moment;
      index--;
    }
    if (visited.length < distance) return level[0].moment;
  }
  return earlier;
}

const START: Omit<Stop, 'pe'> = { reason: 'entry', description: 'Start of the recording' };

/**
 * Back out of the present function, to the instruction that called it; in a handler to the instruction that its exception
 * interrupted.
 */
export function* outOf(machine: Machine, pe: PeView): Generator<unknown, Stop> {
  const { symbols } = machine;
  const caller = callerOf(topFrame(pe, symbols), symbols);
  if (caller === undefined && pe.el === 0) throw new Error('This function has no caller to step back to.');
  if (caller === undefined || caller.boundary !== undefined) return yield* beforeException(machine, pe);
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

/** Back to where the exception was taken that brought a PE to its level. */
function* beforeException({ target }: Machine, pe: PeView): Generator<unknown, Stop> {
  const { el, index } = pe;
  let at: Moment | undefined = standsAtVector(pe) ? target.moment : undefined;
  if (at === undefined) {
    const id = target.addBreakpoint({
      kind: 'exception',
      match: event => event.kind === 'taken' && event.pe === index && event.to === el && event.from < el,
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
  const before = { ...at, instructions: at.instructions - 1 };
  yield* target.travel(before);
  yield* target.travel(at);
  if (pe.el === el) yield* target.travel(before);
  return { reason: 'step', pe: index };
}

/** At the first instruction of an exception vector of its level, which is where an exception has just led. */
function standsAtVector(pe: PeView): boolean {
  const base = pe.readRegister(`VBAR_EL${pe.el}`) & ~0x7ffn;
  return pe.pc >= base && pe.pc < base + 0x800n && (pe.pc & 0x7fn) === 0n;
}

/** Runs the last instructions before now once more, one by one, unheard. Ends where it began. */
function visitedBefore(target: Target, pe: number, distance: number): Visited[] {
  const now = target.moment;
  const first = Math.max((target.recording as { start: Moment }).start.instructions, now.instructions - distance);
  const visited: Visited[] = [];
  const { onException, onConsole } = target;
  target.onException = undefined;
  target.onConsole = undefined;
  try {
    target.goTo({ ...now, instructions: first });
    const view = target.pes[pe];
    while (target.moment.instructions < now.instructions) {
      visited.push({ moment: target.moment, pc: view.pc, sp: view.readRegister('SP'), el: view.el });
      target.run({ instructions: 1, stepOff: true });
    }
  } finally {
    target.onException = onException;
    target.onConsole = onConsole;
  }
  return visited;
}
