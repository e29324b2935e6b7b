/** What the panels ask of the log of exceptions: the timeline, its events and sums, and world switches. */

import { describeLogged } from '../../simulator/observe/describe.ts';
import { CLASS_COUNT, EXCEPTION_CLASSES } from '../../simulator/observe/exception-classes.ts';
import type { ExceptionLog, Totals } from '../../simulator/observe/exception-log.ts';
import type { WorldSwitch } from '../../simulator/observe/world-switch.ts';
import type { ExceptionLevel, PeView, TranslationRegime } from '../../simulator/target.ts';
import { hex } from '../address.ts';
import { type Handler, handler } from '../handler.ts';
import type { CustomRequests, TimelineEvent, TimelineLane, WorldSwitchView } from '../protocol.ts';
import type { Session } from '../session.ts';

type Observed =
  | 'hyperstep/timeline'
  | 'hyperstep/timelineEvents'
  | 'hyperstep/timelineStatistics'
  | 'hyperstep/worldSwitches'
  | 'hyperstep/worldSwitch';

/** Most parts that one answer has, and most events. */
const MOST_PARTS = 4096;
const MOST_EVENTS = 10_000;

function custom<K extends Observed>(
  need: 'machine' | 'stopped',
  handle: (session: Session, args: CustomRequests[K]['arguments']) => CustomRequests[K]['body'],
): Handler {
  return handler<CustomRequests[K]['arguments'], CustomRequests[K]['body']>(need, handle);
}

function logOf(session: Session): ExceptionLog {
  const log = session.machine.target.exceptionLog;
  if (!log) throw new Error('Exceptions of this run are not logged: launch it with "timeTravel": true.');
  return log;
}

function peOf(session: Session, threadId: number | undefined): PeView {
  return threadId === undefined ? session.machine.focusedPe : session.machine.peOfThread(threadId);
}

/** A count, or what it is when left out; throws a sentence for anything else. */
function count(name: string, value: unknown, otherwise: number, most = Number.MAX_SAFE_INTEGER): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new Error(`"${name}" is ${JSON.stringify(value)}; it has to be a number that is not negative.`);
  }
  return Math.min(value, most);
}

/** The furthest moment that is known of any PE. */
function endOf(log: ExceptionLog): number {
  return Math.max(...log.pes.map((_, pe) => log.end(pe).instructions));
}

function stretch(log: ExceptionLog, args: { readonly from?: number; readonly to?: number }): [number, number] {
  const from = count('from', args.from, log.start);
  const to = count('to', args.to, endOf(log));
  return [from, Math.max(from, to)];
}

function lane(log: ExceptionLog, pe: number, from: number, to: number, parts: number): TimelineLane {
  const events = log.pes[pe];
  const end = log.end(pe);
  const level = events.levelAt(from);
  const first = events.find(from);
  const last = events.find(to);
  if (first >= events.oldest && last - first <= parts) {
    const single: number[] = [];
    for (let number = first; number < last; number++) {
      const event = events.event(number);
      if (event) {
        const vmid = event.guest ? event.vmid : -1;
        single.push(event.instructions, event.cycles, event.class, event.from, event.to, vmid);
      }
    }
    return { pe, level, levels: [], classes: [], events: single };
  }
  const levels: number[] = [];
  const classes: number[] = [];
  events.buckets(from, to, parts, end).forEach((part, index) => {
    for (const cycles of part.levelCycles) levels.push(Math.round(cycles));
    part.counts.forEach((number, kind) => {
      if (number > 0) classes.push(index, kind, number);
    });
  });
  return { pe, level, levels, classes };
}

function statistics(pe: number, totals: Totals) {
  const classes = Array.from({ length: CLASS_COUNT }, (_, index) => ({
    class: EXCEPTION_CLASSES[index].key,
    count: Math.round(totals.counts[index]),
    cycles: Math.round(totals.classCycles[index]),
  }));
  return { pe, levels: [...totals.levelCycles].map(Math.round), classes: classes.filter(one => one.count > 0) };
}

function view({ pe, exit, entry }: WorldSwitch): WorldSwitchView {
  return {
    exit: exit.number,
    entry: entry.number,
    pe,
    vmid: exit.vmid,
    cause: describeLogged(exit),
    at: exit.instructions,
    instructions: entry.instructions - exit.instructions,
    cycles: entry.cycles - exit.cycles,
  };
}

/** Functions by address, as the symbols of the session know them. */
function functionNames(session: Session, pe: PeView): (pc: bigint, level: ExceptionLevel) => string | undefined {
  const { symbols } = session.machine;
  const known = new Map<string, string | undefined>();
  const atEl2: TranslationRegime = hasE2h(pe) ? 'EL2&0' : 'EL2';
  return (pc, level) => {
    const key = `${level} ${pc}`;
    if (!known.has(key)) {
      const regime = level === 3 ? 'EL3' : level === 2 ? atEl2 : 'EL1&0';
      known.set(key, symbols.at(pc, regime)?.functionAt(pc)?.name);
    }
    return known.get(key);
  };
}

function hasE2h(pe: PeView): boolean {
  try {
    return (pe.readRegister('HCR_EL2') & (1n << 34n)) !== 0n;
  } catch {
    return false; // a PE without EL2
  }
}

export const OBSERVE: { [K in Observed]: Handler } = {
  'hyperstep/timeline': custom<'hyperstep/timeline'>('machine', (session, args) => {
    const log = logOf(session);
    const { target } = session.machine;
    const [from, to] = stretch(log, args);
    const parts = count('parts', args.parts, 0, MOST_PARTS);
    const lanes = parts === 0 ? [] : log.pes.map((_, pe) => lane(log, pe, from, to, parts));
    const { start, generation } = log;
    return { start, now: target.instructions, end: endOf(log), generation, from, to, lanes };
  }),

  'hyperstep/timelineEvents': custom<'hyperstep/timelineEvents'>('machine', (session, args) => {
    const log = logOf(session);
    const pe = peOf(session, args.threadId).index;
    log.end(pe);
    const events = log.pes[pe];
    const first = args.at === undefined ? count('first', args.first, 0) : events.find(count('at', args.at, 0));
    const most = count('count', args.count, 100, MOST_EVENTS);
    const found: TimelineEvent[] = [];
    const begin = Math.max(first, events.oldest);
    for (let number = begin; number < begin + most; number++) {
      const event = events.event(number);
      if (!event) break;
      const { instructions, cycles, from, to, guest, vmid } = event;
      const reason = describeLogged(event);
      const common = { number, instructions, cycles, from, to, class: EXCEPTION_CLASSES[event.class].key, reason };
      found.push(guest ? { ...common, vmid } : common);
    }
    return { total: events.length, oldest: events.oldest, events: found };
  }),

  'hyperstep/timelineStatistics': custom<'hyperstep/timelineStatistics'>('machine', (session, args) => {
    const log = logOf(session);
    const [from, to] = stretch(log, args);
    return { from, to, pes: log.pes.map((events, pe) => statistics(pe, events.totals(from, to, log.end(pe)))) };
  }),

  'hyperstep/worldSwitches': custom<'hyperstep/worldSwitches'>('stopped', (session, args) => {
    const log = logOf(session);
    const { target } = session.machine;
    const { index: pe } = peOf(session, args.threadId);
    log.end(pe);
    const before = count('before', args.before, target.instructions);
    const found = target.worldSwitches(pe, before, count('limit', args.limit, 20, 1000), args.sameGuest === true);
    // What has not happened yet is only known of a run that was taken back.
    return { pe, switches: found.filter(one => one.entry.instructions <= before).map(view) };
  }),

  'hyperstep/worldSwitch': custom<'hyperstep/worldSwitch'>('stopped', (session, args) => {
    const log = logOf(session);
    const { target } = session.machine;
    const pe = peOf(session, args.threadId);
    const exit = log.pes[pe.index].event(count('exit', args.exit, 0));
    const entry = log.pes[pe.index].event(count('entry', args.entry, 0));
    if (!exit || !entry || entry.instructions < exit.instructions) {
      throw new Error(
        `The log of PE ${pe.index} has no world switch from event ${args.exit} to ${args.entry} any more.`,
      );
    }
    const recorded = target.recordWorldSwitch({ pe: pe.index, exit, entry }, functionNames(session, pe));
    return {
      ...recorded,
      accesses: recorded.accesses.map(({ value, old, pc, ...rest }) => ({
        ...rest,
        value: hex(value, 16),
        ...(old === undefined ? {} : { old: hex(old, 16) }),
        pc: hex(pc),
      })),
    };
  }),
};
