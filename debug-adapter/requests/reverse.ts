/** Backwards: stepBack, reverseContinue, and what DAP has no request for. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Moment, PeView } from '../../simulator/target.ts';
import { type Handler, handler } from '../handler.ts';
import { lastWrite } from '../last-write.ts';
import type { Machine } from '../machine.ts';
import type {
  GoToArguments,
  LastWriteArguments,
  MarksResponse,
  RemoveMarkArguments,
  ReverseToLevelChangeArguments,
  SetMarkArguments,
  StepBackOutArguments,
} from '../protocol.ts';
import { backByLine, beginningOf, instructionBefore, outOf } from '../reverse.ts';
import type { Stop } from '../runner.ts';
import type { Session } from '../session.ts';
import { CHANGES_LEVEL } from '../sieves.ts';
import { describeSubject, parseSubject, type Subject, type Where } from '../subjects.ts';

/** Starts a task in the past after the response; a `stopped` event ends it. */
function begin(session: Session, pe: number, task: () => Generator<unknown, Stop>, title: string): void {
  const { machine } = session;
  if (!machine.target.recording)
    throw new Error('This run is not recorded: launch it with "timeTravel": true to go back.');
  machine.lastPe = pe;
  machine.stop = undefined;
  machine.invalidate();
  session.afterResponse(() => machine.runner.startTask(session.withProgress(title, task())));
}

/** To a moment; the start of the recording without one. */
function* travel(machine: Machine, pe: number, moment: Moment | undefined): Generator<unknown, Stop> {
  if (moment === undefined) return { reason: 'entry', pe, description: 'Start of the recording' };
  yield* machine.target.travel(moment);
  return { reason: 'step', pe };
}

function* toLastWrite(machine: Machine, subject: Subject, where: Where): Generator<unknown, Stop> {
  const pe = where.pe.index;
  const found = yield* lastWrite(subject, where);
  const name = describeSubject(subject, where.pe);
  if (found === undefined)
    return {
      reason: 'goto',
      pe,
      description: 'No write found',
      text: `Nothing has written ${name} since the recording began.`,
    };
  machine.lastPe = found.pe;
  return { reason: 'goto', pe: found.pe, description: `Last write of ${name}`, text: found.text };
}

/** Starts the search for the last write of what a text names. Throws a sentence. */
export function startLastWrite(session: Session, pe: PeView, of: string, bytes?: number): void {
  const { machine } = session;
  const where = { pe, symbols: machine.symbols, target: machine.target, frame: machine.stackOf(pe).frames[0] };
  const subject = parseSubject(of, where, bytes);
  begin(session, pe.index, () => toLastWrite(machine, subject, where), `Looking for the last write of ${of}`);
}

export function goTo(session: Session, moment: Moment): void {
  const { machine } = session;
  begin(session, machine.lastPe, () => travel(machine, machine.lastPe, moment), 'Going to a moment');
}

export function stepBackOut(session: Session, pe: PeView): void {
  const { machine } = session;
  begin(session, pe.index, () => outOf(machine, pe), 'Stepping back out');
}

export function marksOf(machine: Machine): MarksResponse {
  const marks = [...machine.marks].map(([name, { instructions }]) => ({ name, instructions }));
  return { marks: marks.sort((a, b) => a.instructions - b.instructions) };
}

export const REVERSE: Readonly<Record<string, Handler>> = {
  stepBack: handler<DebugProtocol.StepBackArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const pe = machine.peOfThread(args.threadId);
    const byInstruction = args.granularity === 'instruction';
    const task = (): Generator<unknown, Stop> =>
      byInstruction ? travel(machine, pe.index, instructionBefore(machine.target)) : backByLine(machine, pe);
    begin(session, pe.index, task, 'Stepping back');
  }),

  reverseContinue: handler<DebugProtocol.ReverseContinueArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    machine.peOfThread(args.threadId);
    begin(session, machine.lastPe, () => machine.runner.reverse(), 'Going back');
  }),

  'hyperstep/reverseToLevelChange': handler<ReverseToLevelChangeArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const pe = machine.peOfThread(args.threadId);
    const task = function* (): Generator<unknown, Stop> {
      const id = machine.target.addBreakpoint({
        kind: 'exception',
        sieves: CHANGES_LEVEL,
        match: event => event.pe === pe.index,
      });
      return yield* machine.runner.reverse(id, pe.index);
    };
    begin(session, pe.index, task, 'Going back to the last change of level');
  }),

  'hyperstep/lastWrite': handler<LastWriteArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    if (typeof args.of !== 'string') throw new Error('"of" has to say whose last write is wanted, such as "x19".');
    const pe = args.threadId === undefined ? machine.focusedPe : machine.peOfThread(args.threadId);
    startLastWrite(session, pe, args.of, args.bytes);
  }),

  'hyperstep/stepBackOut': handler<StepBackOutArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    stepBackOut(session, args.threadId === undefined ? machine.focusedPe : machine.peOfThread(args.threadId));
  }),

  // A frame begins where it was called: DAP's restart of a frame, without what it has changed.
  restartFrame: handler<DebugProtocol.RestartFrameArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const { physical, scope } = machine.frame(args.frameId);
    begin(session, physical.pe.index, () => beginningOf(machine, physical, scope?.low), 'Going back to the beginning');
  }),

  'hyperstep/goTo': handler<GoToArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    if (args.mark !== undefined) {
      goTo(session, machine.mark(args.mark));
      return;
    }
    const { instructions } = args;
    if (instructions === undefined || !Number.isSafeInteger(instructions) || instructions < 0) {
      throw new Error(`A moment is a number of instructions, not ${JSON.stringify(instructions)}.`);
    }
    goTo(session, { ...machine.target.moment, instructions, taken: 0 });
  }),

  'hyperstep/setMark': handler<SetMarkArguments, MarksResponse>('stopped', (session, { name }) => {
    const { machine } = session;
    if (typeof name !== 'string' || name.trim() === '') throw new Error('A mark needs a name.');
    if (!machine.target.recording)
      throw new Error('This run is not recorded: launch it with "timeTravel": true to come back to a mark.');
    machine.marks.set(name, machine.target.moment);
    return marksOf(machine);
  }),

  'hyperstep/removeMark': handler<RemoveMarkArguments, MarksResponse>('machine', ({ machine }, { name }) => {
    machine.mark(name);
    machine.marks.delete(name);
    return marksOf(machine);
  }),

  'hyperstep/marks': handler<unknown, MarksResponse>('machine', ({ machine }) => marksOf(machine)),
};
