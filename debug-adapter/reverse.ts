/** Backwards by instruction and by source line, on a machine that records its run. */

import type { ExceptionLevel, Moment, Target } from '../simulator/target.ts';
import type { Symbols } from './symbols/index.ts';

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
