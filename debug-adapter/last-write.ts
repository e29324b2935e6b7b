/** Who wrote something last: found by running the past again and watching, so that no write is missed. */

import type { BreakpointSpec, Moment, StopReason, SystemRegisterEvent } from '../simulator/target.ts';
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
 * Goes back to the last write before now, by whomever: an instruction, an exception, a device, the hardware's update of a
 * table, the user. Yields on the way; returns undefined when nothing has written since the start of the recording, and
 * stands where it began then. A caller that gives it up is put back, too.
 */
export function* lastWrite(subject: Subject, where: Where): Generator<unknown, LastWrite | undefined> {
  const { target, pe } = where;
  const now: Now = { moment: target.moment, present: contentsOf(subject, target, pe) };
  // By PA: tables may have been others at the time of the write.
  const fixed = physical(subject, where);
  const byUser = changedByUser(fixed, where);
  let found: LastWrite | undefined;
  try {
    const seen = yield* lastSeenWrite(subject, fixed, where, now);
    const unseen = yield* unseenWrite(fixed, where, now, seen?.behind);
    found = unseen ?? seen;
    if (byUser !== undefined && byUser.instructions > (found?.moment.instructions ?? -1)) {
      yield* target.travel(byUser);
      found = { moment: byUser, pe: pe.index, pc: pe.pc, text: describe(subject, where, now, 'by you') };
    } else if (found !== undefined) yield* target.travel(found.moment);
    return found;
  } finally {
    if (found === undefined) target.goTo(now.moment);
  }
}

/** The moment from which a search goes back, and what the subject holds then. */
interface Now {
  readonly moment: Moment;
  readonly present: bigint | undefined;
}

function changedByUser(subject: Subject, { target, pe }: Where): Moment | undefined {
  switch (subject.kind) {
    case 'general':
    case 'system':
      return target.lastChange({ pe: pe.index, register: subject.name });
    case 'list-register':
      return target.lastChange({ pe: pe.index, register: `ICH_LR${subject.index}_EL2` });
    case 'memory':
      return target.lastChange({ pa: BigInt(subject.address), bytes: subject.bytes });
    case 'stage2':
      return undefined;
  }
}

/** By what stops the machine: instructions, exceptions and devices. `behind` is the moment when it has been done. */
function* lastSeenWrite(
  subject: Subject,
  fixed: Subject,
  where: Where,
  now: Now,
): Generator<unknown, (LastWrite & { readonly behind: Moment }) | undefined> {
  const { target, pe } = where;
  const ids = specsOf(fixed, 'write', where).map(spec => target.addBreakpoint(ofPe(spec, pe.index)));
  try {
    for (let first = true; ; first = false) {
      const reason = yield* target.reverseContinue(ids, first);
      if (reason.kind === 'limit') return undefined;
      const behind = target.moment;
      const after = stateOf(fixed, target, pe);
      const at = yield* beforeStop(reason, where);
      if (mayBeSame(fixed) && stateOf(fixed, target, pe) === after) continue;
      const writer = 'pe' in reason ? reason.pe : pe.index;
      const { pc } = target.pes[writer];
      const text = describe(subject, where, now, writtenBy(where, writer, reason));
      return { moment: at, behind, pe: writer, pc, text };
    }
  } finally {
    for (const id of ids) target.removeBreakpoint(id);
  }
}

/** Each PE has system registers of its own. */
function ofPe(spec: BreakpointSpec, pe: number): BreakpointSpec {
  if (spec.kind !== 'system-register') return spec;
  const { match } = spec;
  return { ...spec, match: (event: SystemRegisterEvent) => event.pe === pe && (match?.(event) ?? true) };
}

/**
 * What was written to memory later than `after`, or than the start of the recording, without an instruction that stores
 * there: the hardware's update of a table entry (Arm ARM D8.5). Where the contents have become what they are is found by
 * halves.
 */
function* unseenWrite(
  subject: Subject,
  where: Where,
  { moment, present }: Now,
  after: Moment | undefined,
): Generator<unknown, LastWrite | undefined> {
  const { target, pe, symbols } = where;
  const { recording } = target;
  if (subject.kind !== 'memory' || recording === undefined) return undefined;
  const contents = (): bigint | undefined => contentsOf(subject, target, pe);
  let before = (after ?? recording.start).instructions;
  yield* target.travel({ ...moment, instructions: before, taken: 0 });
  if (contents() === present) return undefined;
  let behind = moment.instructions;
  while (behind - before > 1) {
    const middle = Math.floor((before + behind) / 2);
    yield* target.travel({ ...moment, instructions: middle, taken: 0 });
    if (contents() === present) behind = middle;
    else before = middle;
  }
  yield* target.travel({ ...moment, instructions: behind, taken: 0 });
  const places = target.pes.map(({ pc }) => pc);
  const at = { ...moment, instructions: before, taken: 0 };
  yield* target.travel(at);
  const writer = Math.max(
    0,
    target.pes.findIndex(({ pc }, index) => pc !== places[index]),
  );
  const { pc, regime } = target.pes[writer];
  const bits = (contents() ?? 0n) ^ (present ?? 0n);
  const how =
    (bits & ~UPDATED_BY_HARDWARE) === 0n ? 'by the table walk of' : 'by something else than an instruction, during';
  const place = whereabouts(pc, symbols.at(pc, regime));
  const by = `${how} ${instructionAt(where, writer)} at ${place} on PE ${writer}`;
  return { moment: at, pe: writer, pc, text: describe(subject, where, { moment, present }, by) };
}

/** AF, and AP[2] or S2AP[1], of a descriptor (Arm ARM D8.5.1 and D8.5.2). */
const UPDATED_BY_HARDWARE = (1n << 10n) | (1n << 7n);

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
    yield* target.travel({ ...target.moment, instructions: target.moment.instructions - 1, taken: 0 });
  }
  return target.moment;
}

function writtenBy(where: Where, writer: number, reason: StopReason): string {
  const { target, symbols } = where;
  const pe = target.pes[writer];
  if (reason.kind === 'exception') return `by taking an exception to EL${reason.event.to}`;
  const place = whereabouts(pe.pc, symbols.at(pe.pc, pe.regime));
  const instruction = `${instructionAt(where, writer)} at ${place} on PE ${writer}`;
  const device = reason.kind === 'watchpoint' ? reason.by : undefined;
  return device === undefined ? `by ${instruction}` : `by ${device}, during ${instruction}`;
}

/** The sentence about a write by somebody; the machine stands before it. */
function describe(subject: Subject, { target, pe }: Where, { moment, present }: Now, by: string): string {
  const before = contentsOf(subject, target, pe);
  const values =
    before === undefined || present === undefined || before === present ? '' : `: ${hex(before)}, now ${hex(present)}`;
  const ago = (moment.instructions - target.moment.instructions).toLocaleString('en');
  return `${describeSubject(subject, pe)} was written last ${by}, ${ago} instructions ago${values}.`;
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
