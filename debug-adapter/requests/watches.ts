/** Stops when something is written, read or changed: DAP's data breakpoints, and those that panels and the console set. */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { PeView } from '../../simulator/target.ts';
import { parsePlace, spaceOf } from '../address.ts';
import type { Family, Guard } from '../breakpoints.ts';
import { type Handler, handler } from '../handler.ts';
import type { Machine } from '../machine.ts';
import type {
  DropStopArguments,
  SteppingArguments,
  SteppingResponse,
  StopWhenArguments,
  StopWhenResponse,
} from '../protocol.ts';
import type { Session } from '../session.ts';
import {
  type Access,
  describeSubject,
  mayBeSame,
  parseSubject,
  pinned,
  type Subject,
  specsOf,
  stateOf,
  subjectFromId,
  subjectOf,
  subjectToId,
  type Where,
} from '../subjects.ts';
import { list, place, regimeOfMode } from './breakpoints.ts';

function whereOf(machine: Machine, pe: PeView): Where {
  const frame = machine.running ? undefined : machine.stackOf(pe).frames[0];
  return { pe, symbols: machine.symbols, target: machine.target, ...(frame === undefined ? {} : { frame }) };
}

/** What has to be watched. A guest's use of its virtual interface changes a list register, but is no write of it. */
function watched(subject: Subject, access: Access, where: Where): ReturnType<typeof specsOf> {
  const specs = specsOf(subject, access, where);
  return subject.kind === 'list-register' && !subject.changes ? specs.slice(0, 1) : specs;
}

/** What has to be asked for a subject. */
function guardOf(subject: Subject, access: Access, where: Where, given: Guard): Guard {
  const { target, pe } = where;
  const guard = { ...given, what: describeSubject(subject, pe) };
  const plain = subject.kind === 'general' || (subject.kind === 'list-register' && !subject.changes);
  if (!mayBeSame(subject) || access === 'read' || plain) return guard;
  const state = (): string => stateOf(subject, target, pe);
  return { ...guard, changes: { state } };
}

const NOWHERE = 'Nothing is mapped there now; it is watched from when something is.';

function isNowhere(subject: Subject, { pe }: Where): boolean {
  return subject.kind === 'memory' && pe.physicalAddress(subject.space, BigInt(subject.address)) === undefined;
}

const ACCESSES: Readonly<Record<NonNullable<StopWhenArguments['on']>, Access>> = {
  change: 'write',
  write: 'write',
  read: 'read',
  access: 'readWrite',
};

/** Sets a stop that no list of the client knows. Throws a sentence. */
export function stopWhen({ machine }: Session, pe: PeView, args: StopWhenArguments): StopWhenResponse {
  if (typeof args.of !== 'string' || args.of.trim() === '')
    throw new Error('Say what is to be watched, such as "hcr_el2.vm" or "ipa:0x80000000".');
  const on = args.on ?? 'change';
  const access = ACCESSES[on];
  if (access === undefined) throw new Error(`"on" can be change, write, read or access, not "${String(args.on)}".`);
  const where = whereOf(machine, pe);
  const parsed = parseSubject(args.of, where, args.bytes);
  const subject = pinned(on === 'change' ? { ...parsed, changes: true } : parsed, pe);
  const guard = guardOf(subject, access, where, args);
  const { id } = machine.breakpoints.add('watch', args.of, watched(subject, access, where), guard);
  const verbs = { change: 'changes of', write: 'writes of', read: 'reads of', access: 'accesses to' };
  return { id, description: `Stops at ${verbs[on]} ${describeSubject(subject, pe)}.` };
}

const ACCESS_TYPES: readonly Access[] = ['read', 'write', 'readWrite'];
/** Mode of data breakpoints: only writes that leave another value. */
export const CHANGES_MODE = 'changes';

function accessTypes(subject: Subject): Access[] {
  const onlyWrites = subject.kind === 'general' || subject.kind === 'stage2' || subject.changes;
  return onlyWrites || (subject.kind === 'system' && subject.field !== undefined) ? ['write'] : [...ACCESS_TYPES];
}

function dataSubject(session: Session, args: DebugProtocol.DataBreakpointInfoArguments): Subject {
  const { machine } = session;
  const pe = machine.focusedPe;
  const where = whereOf(machine, pe);
  if (args.asAddress) {
    const { space, address } = parsePlace(args.name, pe);
    return { kind: 'memory', space, address: `0x${address.toString(16)}`, bytes: args.bytes ?? 8 };
  }
  if (args.variablesReference) {
    const value = machine.container(args.variablesReference).value?.(args.name);
    const subject = value && subjectOf(value, where, args.bytes);
    if (subject === undefined) throw new Error(`${args.name} is not in memory, so it cannot be watched.`);
    return subject;
  }
  const frame = args.frameId === undefined ? undefined : machine.frame(args.frameId);
  return parseSubject(args.name, frame === undefined ? where : { ...where, frame }, args.bytes);
}

/** A VA is meant in the regime of the mode; `changes` is a mode of its own. */
function inMode(subject: Subject, mode: string | undefined): Subject {
  if (mode === CHANGES_MODE) return { ...subject, changes: true };
  const regime = regimeOfMode(mode);
  if (regime === undefined || subject.kind !== 'memory') return subject;
  if (subject.space.kind !== 'va') throw new Error(`The mode ${regime} is for virtual addresses only.`);
  return { ...subject, space: { kind: 'va', regime } };
}

export const WATCHES: Readonly<Record<string, Handler>> = {
  dataBreakpointInfo: handler<
    DebugProtocol.DataBreakpointInfoArguments,
    DebugProtocol.DataBreakpointInfoResponse['body']
  >('machine', (session, args) => {
    try {
      const pe = session.machine.focusedPe;
      const subject = pinned(inMode(dataSubject(session, args), args.mode), pe);
      const what = describeSubject(subject, pe);
      const description =
        subject.kind === 'system' && subject.field === undefined && !subject.changes
          ? `MRS and MSR of ${what}`
          : accessTypes(subject).length === 1
            ? `Changes of ${what}`
            : what;
      return { dataId: subjectToId(subject), description, accessTypes: accessTypes(subject) };
    } catch (error) {
      return { dataId: null, description: (error as Error).message };
    }
  }),

  setDataBreakpoints: handler<DebugProtocol.SetDataBreakpointsArguments, { breakpoints: DebugProtocol.Breakpoint[] }>(
    'machine',
    (session, args) => {
      const { machine } = session;
      machine.breakpoints.clear('data');
      const set = (family: Family, one: DebugProtocol.DataBreakpoint): DebugProtocol.Breakpoint => {
        const guard: Guard = one;
        const make = (): ReturnType<Parameters<typeof place>[4]> => {
          const subject = subjectFromId(one.dataId, name => spaceOf(name, machine.focusedPe));
          const where = whereOf(machine, machine.target.pes[subject.pe ?? machine.lastPe] ?? machine.focusedPe);
          const access = one.accessType ?? 'write';
          if (!ACCESS_TYPES.includes(access)) throw new Error(`"${String(access)}" is no kind of access.`);
          return {
            specs: watched(subject, access, where),
            extra: isNowhere(subject, where) ? { message: NOWHERE } : {},
            guard: guardOf(subject, access, where, {
              ...(guard.condition === undefined ? {} : { condition: guard.condition }),
              ...(guard.hitCondition === undefined ? {} : { hitCondition: guard.hitCondition }),
            }),
          };
        };
        return place(session, family, String(one.dataId), {}, make);
      };
      return {
        breakpoints: list<DebugProtocol.DataBreakpoint>(args.breakpoints, 'breakpoints').map(one => set('data', one)),
      };
    },
  ),

  'hyperstep/stopWhen': handler<StopWhenArguments, StopWhenResponse>('machine', (session, args) => {
    const { machine } = session;
    const pe = args.threadId === undefined ? machine.focusedPe : machine.peOfThread(args.threadId);
    return stopWhen(session, pe, args);
  }),

  'hyperstep/dropStop': handler<DropStopArguments, void>('machine', ({ machine }, { id }) =>
    machine.breakpoints.drop(id),
  ),

  'hyperstep/stepping': handler<SteppingArguments, SteppingResponse>('machine', ({ machine }, args) => {
    machine.setStepping(args);
    return machine.stepping;
  }),
};
