/** The custom requests of `protocol.ts`, for the panels of the extension. */

import type { ExceptionEvent, PeView, TranslationRegime, WalkResult, WalkStep } from '../../simulator/target.ts';
import { hex, parsePlace } from '../address.ts';
import { evaluateExpression } from '../expressions/evaluate.ts';
import { type Handler, handler } from '../handler.ts';
import { lastWrite } from '../last-write.ts';
import type { Machine } from '../machine.ts';
import { addSymbols } from '../more-symbols.ts';
import { type NestedStage, walkNested } from '../nested-walk.ts';
import { nestingOf } from '../nesting.ts';
import { asItLastRan, lastRuns } from '../past-guest.ts';
import type {
  CustomRequests,
  ExceptionRecord,
  MappingsResponse,
  NestedStageView,
  WalkArguments,
  WalkResponse,
  WhyResponse,
} from '../protocol.ts';
import type { Session } from '../session.ts';
import { describeSubject } from '../subjects.ts';
import { numeric } from '../values.ts';
import { reasonOf } from '../why.ts';
import { sendConsole } from './evaluate.ts';
import { OBSERVE } from './observe.ts';
import { PANELS, peState } from './panels.ts';
import { contextOf } from './variables.ts';

const MOST_RANGES = 1000;
const REGIMES: readonly string[] = ['EL1&0', 'EL2', 'EL2&0', 'EL3'];

type Requests = { [K in keyof CustomRequests]?: Handler };

function custom<K extends keyof CustomRequests>(
  handle: (
    session: Session,
    args: CustomRequests[K]['arguments'],
  ) => CustomRequests[K]['body'] | Promise<CustomRequests[K]['body']>,
): Handler {
  return handler<CustomRequests[K]['arguments'], CustomRequests[K]['body']>('machine', handle);
}

function peOf(session: Session, threadId: number | undefined): PeView {
  return threadId === undefined ? session.machine.focusedPe : session.machine.peOfThread(threadId);
}

function regimeOf(pe: PeView, regime: unknown): TranslationRegime {
  if (regime === undefined) return pe.regime;
  if (!REGIMES.includes(regime as string))
    throw new Error(`"${String(regime)}" is no translation regime: use one of ${REGIMES.join(', ')}.`);
  return regime as TranslationRegime;
}

function optional<K extends string>(key: K, value: bigint | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: hex(value) } as { [P in K]?: string });
}

function register(pe: PeView, name: string): bigint | undefined {
  try {
    return pe.readRegister(name);
  } catch {
    return undefined;
  }
}

/** Whether a stage translates, and where its tables are (Arm ARM D24.2: HCR_EL2, VTTBR_EL2, SCTLR_ELx, TTBR0_ELx). */
function stageState(
  pe: PeView,
  stage: 1 | 2,
  regime: TranslationRegime,
): { enabled: boolean; vmid?: number; base?: string } {
  if (stage === 2) {
    const hcr = register(pe, 'HCR_EL2') ?? 0n;
    const vttbr = register(pe, 'VTTBR_EL2') ?? 0n;
    const enabled = (hcr & 1n) !== 0n || ((hcr >> 12n) & 1n) !== 0n;
    return { enabled, vmid: Number(vttbr >> 48n), base: hex(vttbr & 0xfffffffffffen) };
  }
  const level = regime === 'EL1&0' ? 1 : regime === 'EL3' ? 3 : 2;
  const base = register(pe, `TTBR0_EL${level}`);
  return {
    enabled: ((register(pe, `SCTLR_EL${level}`) ?? 0n) & 1n) !== 0n,
    ...optional('base', base === undefined ? undefined : base & 0xfffffffffffen),
  };
}

/** VTTBR_EL2 of a guest that is not the present one; undefined when it is. */
function otherGuest(session: Session, pe: PeView, vmid: number | undefined): bigint | undefined {
  if (vmid === undefined || BigInt(vmid) === (register(pe, 'VTTBR_EL2') ?? 0n) >> 48n) return undefined;
  const found = session.machine.target.exceptionLog?.guests.get(vmid);
  if (found === undefined) throw new Error(`No guest with VMID ${vmid} has run yet.`);
  return found;
}

function mappingsOf(
  pe: PeView,
  stage: 1 | 2,
  regime: TranslationRegime,
  limit: number,
  state: ReturnType<typeof stageState> = stageState(pe, stage, regime),
  other?: bigint,
): MappingsResponse {
  const found = state.enabled ? pe.mappings(stage, regime, limit + 1, other) : [];
  const ranges = found
    .slice(0, limit)
    .map(one => ({ ...one, input: hex(one.input), output: hex(one.output), size: hex(one.size) }));
  return { regime, ...state, ranges, truncated: found.length > limit };
}

function record(event: ExceptionEvent): ExceptionRecord {
  const { kind, pe, instructions, from, to, type } = event;
  return {
    kind,
    pe,
    instructions,
    from,
    to,
    type,
    ...(event.class === undefined ? {} : { class: event.class }),
    ...optional('esr', event.esr),
    ...optional('far', event.far),
    ...optional('hpfar', event.hpfar),
    pc: hex(event.pc),
    target: hex(event.target),
  };
}

/** Why the last exception was taken, and which instruction made it so. The machine stands afterwards where it stood. */
export async function explain(session: Session, threadId?: number): Promise<WhyResponse> {
  const { machine } = session;
  const { target, symbols } = machine;
  const event = machine.stop?.exception;
  const pe =
    threadId !== undefined ? peOf(session, threadId) : event === undefined ? machine.focusedPe : target.pes[event.pe];
  const { text, decided } = reasonOf(pe, event?.pe === pe.index ? event : undefined);
  if (decided === undefined || machine.running || !target.recording) return { text };
  const now = target.moment;
  const where = { pe, symbols, target };
  const found = await session.drain(`Looking for what set ${describeSubject(decided, pe)}`, lastWrite(decided, where));
  if (found === undefined) return { text };
  const line = symbols.at(found.pc, target.pes[found.pe].regime)?.lineAt(found.pc);
  await session.drain('Returning from the search to where you were', target.travel(now));
  return {
    text,
    setBy: {
      register: describeSubject(decided, pe),
      pc: hex(found.pc),
      instructions: found.moment.instructions,
      text: found.text,
      ...(line === undefined ? {} : { path: line.path, line: line.line }),
    },
  };
}

/** Looks at the PE of a guest as it was when that guest was left last. The machine stands afterwards where it stood. */
async function atLastRun<T>(session: Session, vmid: number, look: (pe: PeView) => T): Promise<T> {
  const { target, running } = session.machine;
  if (running) throw new Error('The machine is running: pause it to look at a guest that does not run.');
  const run = lastRuns(target).get(vmid);
  if (run === undefined) throw new Error(`When the guest with VMID ${vmid} ran last is not in the log any more.`);
  return session.drain(`Looking at the guest with VMID ${vmid}`, asItLastRan(target, run, look));
}

/** The walk of an address as the MMU does it; with its stages 2 by software where it is one of a nested guest. */
function walkOf(
  machine: Machine,
  pe: PeView,
  text: string,
  { regime, vmid, frameId }: Omit<WalkArguments, 'address'>,
  guest?: bigint,
): { readonly walk: WalkResult; readonly nested?: readonly NestedStage[] } {
  if (/^\s*ipa\d*:/i.test(text)) {
    const { space, address } = parsePlace(text, pe);
    const other = (space.kind === 'ipa' ? space.vttbr : undefined) ?? guest;
    const nested = other === undefined && vmid === undefined ? walkNested(machine, pe, address) : undefined;
    if (nested === undefined) return { walk: pe.walkIpa(address, other) };
    const { steps: _, ...shadow } = nested.find(({ kind }) => kind === 'shadow') ?? nested[nested.length - 1];
    const { output, readable, writable, executable, fault } = shadow;
    const came = { ...(output === undefined ? {} : { pa: output }), ...(fault === undefined ? {} : { fault }) };
    return { walk: { steps: [], ipa: address, ...came, readable, writable, executable }, nested };
  }
  const frame = frameId === undefined || machine.running ? undefined : machine.frame(frameId);
  const where = frame?.physical.pe === pe ? contextOf(machine, frame) : { pe, symbols: machine.symbols };
  const address = BigInt.asUintN(64, numeric(evaluateExpression(text, where)));
  const present = frame?.physical.pe === pe ? frame.physical.regime : undefined;
  const walk = pe.walk(address, regime === undefined ? present : regimeOf(pe, regime));
  const isNested = pe.vmid !== undefined && nestingOf(pe, machine.symbols)?.startsWith('L2') === true;
  const nested = isNested && walk.ipa !== undefined ? walkNested(machine, pe, walk.ipa) : undefined;
  return { walk, ...(nested === undefined ? {} : { nested }) };
}

function stepView({
  descriptorIpa,
  descriptorPa,
  descriptor,
  output,
  ...step
}: WalkStep): WalkResponse['steps'][number] {
  return {
    ...step,
    ...optional('descriptorIpa', descriptorIpa),
    descriptorPa: hex(descriptorPa),
    descriptor: hex(descriptor, 16),
    ...optional('output', output),
  };
}

function stageView({ input, output, steps, ...rest }: NestedStage): NestedStageView {
  return { ...rest, input: hex(input), ...optional('output', output), steps: steps.map(stepView) };
}

export const CUSTOM: Requests = {
  'hyperstep/addSymbols': custom<'hyperstep/addSymbols'>(async (session, args) => ({
    module: await addSymbols(session, args),
  })),

  'hyperstep/why': custom<'hyperstep/why'>((session, args) => explain(session, args.threadId)),

  ...OBSERVE,
  ...PANELS,

  'hyperstep/listRegisters': custom<'hyperstep/listRegisters'>((session, args) => {
    const pe = peOf(session, args.threadId);
    return {
      registers: session.machine.target.listRegisters(pe.index).map(one => {
        // Names of the machine's own wiring: a hypervisor gives its guests the same timers by the same numbers.
        const virtualName = one.virtualId < 32 ? session.machine.target.interruptName(one.virtualId) : undefined;
        return { ...one, value: hex(one.value, 16), ...(virtualName === undefined ? {} : { virtualName }) };
      }),
    };
  }),

  'hyperstep/mappings': custom<'hyperstep/mappings'>((session, args) => {
    const pe = peOf(session, args.threadId);
    if (args.stage !== 1 && args.stage !== 2) throw new Error(`"stage" is ${String(args.stage)}; it has to be 1 or 2.`);
    const regime = args.stage === 2 ? 'EL1&0' : regimeOf(pe, args.regime);
    const limit = args.limit ?? MOST_RANGES;
    if (args.stage === 1 && args.vmid !== undefined && args.vmid !== pe.vmid) {
      const { vmid } = args;
      return atLastRun(session, vmid, then => ({ ...mappingsOf(then, 1, 'EL1&0', limit), vmid }));
    }
    const other = args.stage === 2 ? otherGuest(session, pe, args.vmid) : undefined;
    const state =
      other === undefined
        ? stageState(pe, args.stage, regime)
        : { enabled: true, vmid: args.vmid, base: hex(other & 0xfffffffffffen) };
    return mappingsOf(pe, args.stage, regime, limit, state, other);
  }),

  'hyperstep/walk': custom<'hyperstep/walk'>(async (session, args) => {
    const { machine } = session;
    const pe = peOf(session, args.threadId);
    const text = String(args.address);
    const { vmid } = args;
    const isIpa = /^\s*ipa\d*:/i.test(text);
    // A guest that runs again is there itself.
    const isOther = vmid !== undefined && !isIpa && vmid !== pe.vmid;
    const guest = isIpa ? otherGuest(session, pe, vmid) : undefined;
    const { walk, nested } = isOther
      ? await atLastRun(session, vmid, then => walkOf(machine, then, text, { regime: 'EL1&0' }))
      : walkOf(machine, pe, text, args, guest);
    const { ipa, pa, steps, ...rest } = walk;
    return {
      ...rest,
      ...optional('ipa', ipa),
      ...optional('pa', pa),
      steps: steps.map(stepView),
      ...(nested === undefined ? {} : { nested: nested.map(stageView) }),
    };
  }),

  'hyperstep/console': custom<'hyperstep/console'>((session, args) => {
    if (typeof args.text !== 'string') throw new Error('"text" has to be a string: what the guest is to receive.');
    sendConsole(session, args.text);
    return {};
  }),

  'hyperstep/exceptions': custom<'hyperstep/exceptions'>((session, args) => {
    const { machine } = session;
    if (args.record !== undefined) machine.record(args.record === true);
    const limit = args.limit ?? 1000;
    return { recording: machine.recording, exceptions: limit > 0 ? machine.exceptions.slice(-limit).map(record) : [] };
  }),

  'hyperstep/machine': custom<'hyperstep/machine'>(session => {
    const { target, running } = session.machine;
    const pes = target.pes.map(pe => peState(session, pe));
    return { running, instructions: target.instructions, cycles: target.cycles, pes };
  }),
};
