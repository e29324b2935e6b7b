/** Who wrote something last: found by running the past again and watching, so that no write is missed. */

import type { Moment, StopReason } from '../simulator/target.ts';
import { hex } from './address.ts';
import { contentsOf, describeSubject, mayBeSame, type Subject, specsOf, stateOf, type Where } from './subjects.ts';

/** The machine stands at the instruction that wrote, which has not run yet. */
export interface LastWrite {
  readonly moment: Moment;
  readonly pe: number;
  readonly pc: bigint;
  readonly text: string;
}

/**
 * Goes back to the last write before now. Yields on the way; returns undefined when nothing has written since the start
 * of the recording, and stands where it began then. A caller that gives it up is put back, too.
 */
export function* lastWrite(subject: Subject, where: Where): Generator<unknown, LastWrite | undefined> {
  const { target, pe } = where;
  const now = target.moment;
  const present = contentsOf(subject, target, pe);
  // By PA: tables may have been others at the time of the write.
  const ids = specsOf(physical(subject, where), 'write', where).map(spec => target.addBreakpoint(spec));
  let found = false;
  try {
    for (let first = true; ; first = false) {
      const reason = yield* target.reverseContinue(ids, first);
      if (reason.kind === 'limit') return undefined;
      const after = stateOf(subject, target, pe);
      const at = yield* beforeStop(reason, where);
      if (mayBeSame(subject) && stateOf(subject, target, pe) === after) continue;
      found = true;
      const writer = 'pe' in reason ? reason.pe : pe.index;
      const { pc } = target.pes[writer];
      return { moment: at, pe: writer, pc, text: sentence(subject, where, writer, now.instructions, present, reason) };
    }
  } finally {
    for (const id of ids) target.removeBreakpoint(id);
    if (!found) target.goTo(now);
  }
}

function physical(subject: Subject, { pe }: Where): Subject {
  if (subject.kind !== 'memory' || subject.space.kind === 'pa') return subject;
  const pa = pe.physicalAddress(subject.space, BigInt(subject.address));
  if (pa === undefined) throw new Error(`${subject.address} is not mapped now, so its writes cannot be looked for.`);
  return { ...subject, space: { kind: 'pa' }, address: hex(pa) };
}

/** From behind the instruction to where it is about to run. */
function* beforeStop(reason: StopReason, { target }: Where): Generator<unknown, Moment> {
  // At a breakpoint the instruction has not run; an exception was taken between two instructions.
  if (reason.kind === 'watchpoint' || reason.kind === 'system-register') {
    yield* target.travel({ ...target.moment, instructions: target.moment.instructions - 1 });
  }
  return target.moment;
}

function sentence(
  subject: Subject,
  where: Where,
  writer: number,
  now: number,
  present: bigint | undefined,
  reason: StopReason,
): string {
  const { target, symbols } = where;
  const pe = target.pes[writer];
  const before = contentsOf(subject, target, where.pe);
  const values = before === undefined || present === undefined ? '' : `: ${hex(before)}, now ${hex(present)}`;
  const place = whereabouts(pe.pc, symbols.at(pe.pc, pe.regime));
  const ago = (now - target.moment.instructions).toLocaleString('en');
  const name = describeSubject(subject, where.pe);
  if (reason.kind === 'exception')
    return `${name} was written last by taking an exception to EL${reason.event.to}, ${ago} instructions ago${values}.`;
  return `${name} was written last by ${instructionAt(where, writer)} at ${place} on PE ${writer}, ${ago} instructions ago${values}.`;
}

function instructionAt({ target }: Where, index: number): string {
  const pe = target.pes[index];
  const data = pe.read({ kind: 'va' }, pe.pc, 4);
  if (data === undefined) return 'an instruction';
  const word = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  return `"${target.disassemble(word, pe.pc) ?? `.inst ${hex(word, 8)}`}"`;
}

function whereabouts(pc: bigint, table: ReturnType<Where['symbols']['at']>): string {
  const symbol = table?.functionAt(pc);
  const line = table?.lineAt(pc);
  const file = line?.path.slice(line.path.lastIndexOf('/') + 1);
  return `${hex(pc)}${symbol === undefined ? '' : ` in ${symbol.name}`}${line === undefined ? '' : ` (${file}:${line.line})`}`;
}
