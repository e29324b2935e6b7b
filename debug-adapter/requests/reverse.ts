/** Backwards: stepBack, reverseContinue, and what DAP has no request for. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ExceptionEvent, Moment } from '../../simulator/target.ts';
import { type Handler, handler } from '../handler.ts';
import type { Machine } from '../machine.ts';
import type {
  GoToArguments,
  MarksResponse,
  RemoveMarkArguments,
  ReverseToLevelChangeArguments,
  SetMarkArguments,
} from '../protocol.ts';
import { instructionBefore, lineBefore } from '../reverse.ts';
import type { Session } from '../session.ts';

/** Goes to a moment after the response, and says that the machine stands there. */
function travel(session: Session, pe: number, moment: Moment | undefined): void {
  const { machine } = session;
  machine.lastPe = pe;
  machine.stop = undefined;
  machine.invalidate();
  session.afterResponse(() => {
    if (moment) machine.target.goTo(moment);
    session.stopped(moment ? { reason: 'step', pe } : { reason: 'entry', pe, description: 'Start of the recording' });
  });
}

function reverse(session: Session): void {
  const { machine } = session;
  if (!machine.target.recording)
    throw new Error('This run is not recorded: launch it with "timeTravel": true to go back.');
  machine.stop = undefined;
  machine.invalidate();
  session.afterResponse(() => machine.runner.startReverse());
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
    const { target, symbols } = machine;
    travel(session, pe.index, byInstruction ? instructionBefore(target) : lineBefore(target, symbols, pe.index));
  }),

  reverseContinue: handler<DebugProtocol.ReverseContinueArguments, void>('stopped', (session, args) => {
    session.machine.peOfThread(args.threadId);
    reverse(session);
  }),

  'hyperstep/reverseToLevelChange': handler<ReverseToLevelChangeArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const pe = machine.peOfThread(args.threadId);
    const id = machine.target.addBreakpoint({
      kind: 'exception',
      match: (event: ExceptionEvent) => event.pe === pe.index && event.from !== event.to,
    });
    machine.stop = undefined;
    machine.invalidate();
    session.afterResponse(() => machine.runner.startReverse(id, pe.index));
  }),

  'hyperstep/goTo': handler<GoToArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const { target, lastPe } = machine;
    if (args.mark !== undefined) {
      travel(session, lastPe, machine.mark(args.mark));
      return;
    }
    const { instructions } = args;
    if (instructions === undefined || !Number.isSafeInteger(instructions) || instructions < 0) {
      throw new Error(`A moment is a number of instructions, not ${JSON.stringify(instructions)}.`);
    }
    travel(session, lastPe, { ...target.moment, instructions });
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
