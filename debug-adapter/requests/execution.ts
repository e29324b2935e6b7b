/** continue, steps, pause, goto. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import { hex } from '../address.ts';
import { type Handler, handler } from '../handler.ts';
import { Continue, type Step, StepInstruction, StepInto, StepLine, StepOut, stepInTargets } from '../motions.ts';
import type { Motion } from '../runner.ts';
import type { Session } from '../session.ts';

function resume(session: Session, motion: Motion): void {
  const { machine } = session;
  machine.stop = undefined;
  machine.invalidate();
  session.afterResponse(() => machine.runner.start(motion));
}

/** DAP leaves the granularity to `statement` by default; statements are lines here. */
function step(session: Session, args: DebugProtocol.NextArguments, over: boolean): void {
  const { machine } = session;
  const pe = machine.peOfThread(args.threadId);
  machine.lastPe = pe.index;
  const byInstruction = args.granularity === 'instruction';
  const motion = byInstruction
    ? new StepInstruction(machine.target, machine.symbols, pe.index, over)
    : new StepLine(machine.target, machine.symbols, pe.index, over);
  go(session, motion, args);
}

/** All PEs run while one steps, unless it is to step alone. */
function go(session: Session, motion: Step, { singleThread }: { singleThread?: boolean }): void {
  motion.holdsInterrupts = session.machine.stepping.interrupts === 'held';
  motion.alone = singleThread === true;
  resume(session, motion);
}

export const EXECUTION: Readonly<Record<string, Handler>> = {
  continue: handler<DebugProtocol.ContinueArguments, { allThreadsContinued: boolean }>('stopped', (session, args) => {
    const pe = session.machine.peOfThread(args.threadId);
    const single = args.singleThread === true;
    resume(session, new Continue(single ? pe.index : undefined));
    return { allThreadsContinued: !single };
  }),

  next: handler<DebugProtocol.NextArguments, void>('stopped', (session, args) => step(session, args, true)),

  stepIn: handler<DebugProtocol.StepInArguments, void>('stopped', (session, args) => {
    if (args.targetId === undefined) {
      step(session, args, false);
      return;
    }
    const { machine } = session;
    const pe = machine.peOfThread(args.threadId);
    const target = machine.stepInTargets.get(args.targetId);
    if (target === undefined)
      throw new Error(`There is no target ${args.targetId} to step into; ask for the targets of the frame first.`);
    machine.lastPe = pe.index;
    go(session, new StepInto(machine.target, machine.symbols, pe.index, target), args);
  }),

  stepInTargets: handler<DebugProtocol.StepInTargetsArguments, { targets: DebugProtocol.StepInTarget[] }>(
    'stopped',
    (session, args) => {
      const { machine } = session;
      const { physical } = machine.frame(args.frameId);
      // Only the live frame is about to execute something.
      const found = physical.live ? stepInTargets(physical.pe, machine.symbols) : [];
      return {
        targets: found.map(({ label, line, ...target }) => {
          const id = machine.stepInTargets.size + 1;
          machine.stepInTargets.set(id, target);
          return { id, label, ...(line === undefined ? {} : { line }) };
        }),
      };
    },
  ),

  terminateThreads: handler<DebugProtocol.TerminateThreadsArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const wanted = Array.isArray(args.threadIds) ? args.threadIds : [];
    if (wanted.length === 0) throw new Error('"threadIds" has to name the PEs to power off.');
    const pes = wanted.map(id => machine.peOfThread(id));
    const left = machine.target.pes.filter(pe => pe.powered && !pes.includes(pe));
    if (left.length === 0)
      throw new Error('The last PE that is on cannot be powered off; use terminate to end the session.');
    for (const pe of pes) machine.target.powerOff(pe.index);
    session.changed();
    session.afterResponse(() => {
      for (const pe of pes) session.event('thread', { reason: 'exited', threadId: pe.index + 1 });
    });
  }),

  stepOut: handler<DebugProtocol.StepOutArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const pe = machine.peOfThread(args.threadId);
    machine.lastPe = pe.index;
    go(session, new StepOut(machine.target, machine.symbols, pe.index), args);
  }),

  pause: handler<DebugProtocol.PauseArguments, void>('machine', (session, args) => {
    const { machine } = session;
    const pe = machine.peOfThread(args.threadId);
    if (!machine.running) throw new Error('The machine stands still already.');
    machine.lastPe = pe.index;
    session.afterResponse(() => machine.runner.pause());
  }),

  gotoTargets: handler<DebugProtocol.GotoTargetsArguments, { targets: DebugProtocol.GotoTarget[] }>(
    'stopped',
    (session, args) => {
      const { machine } = session;
      const path = args.source?.path;
      if (typeof path !== 'string') throw new Error('A jump needs a source file: "source.path" is missing.');
      const found = machine.symbols.tables.flatMap(table => table.addressesOf(path, args.line));
      return {
        targets: found.map(({ address, line }) => {
          const id = machine.gotoTargets.size + 1;
          machine.gotoTargets.set(id, { address });
          return { id, label: `Line ${line} at ${hex(address)}`, line, instructionPointerReference: hex(address) };
        }),
      };
    },
  ),

  goto: handler<DebugProtocol.GotoArguments, void>('stopped', (session, args) => {
    const { machine } = session;
    const pe = machine.peOfThread(args.threadId);
    const target = machine.gotoTargets.get(args.targetId);
    if (target === undefined)
      throw new Error(`There is no jump target ${args.targetId}; ask for the targets of a line first.`);
    pe.pc = target.address;
    session.afterResponse(() => session.stopped({ reason: 'goto', pe: pe.index }));
  }),
};
