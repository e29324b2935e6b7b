/** Breakpoints of the user: what the machine has to watch for each, and whether a hit of one is a stop. */

import { exceptionClasses } from '../simulator/arch/esr.ts';
import type {
  BreakpointSpec,
  ExceptionEvent,
  PeView,
  StopReason,
  SystemRegisterEvent,
  Target,
} from '../simulator/target.ts';
import { hex } from './address.ts';
import { compileCondition, type Getter } from './expressions/compile.ts';
import { type EvaluationContext, evaluateExpression, isTrue, isVariable, number } from './expressions/evaluate.ts';
import { type Node, parseExpression } from './expressions/parse.ts';
import { EXCEPTION_TYPES, narrowed, wantedValue } from './sieves.ts';
import { UINT64 } from './symbols/dwarf/types.ts';
import type { Symbols } from './symbols/index.ts';
import { innermost } from './unwind.ts';
import { formatValue, type Value } from './values.ts';

/** Those of `launch` belong to the launch configuration: no list of a client has them. */
export type Family = 'source' | 'function' | 'instruction' | 'data' | 'exception' | 'watch' | 'launch';

export interface Guard {
  readonly condition?: string;
  /** `5`, `>= 5`, `% 5`, as VS Code writes hit conditions. */
  readonly hitCondition?: string;
  /** Printed instead of a stop; expressions in braces. */
  readonly logMessage?: string;
  readonly changes?: Changes;
  /** What is watched, in words. */
  readonly what?: string;
}

/** What makes hits count only when they leave something else than before. */
export interface Changes {
  /** What is watched, as text that can be compared. */
  readonly state: () => string;
}

export interface UserBreakpoint {
  /** Of the protocol. */
  readonly id: number;
  readonly family: Family;
  /** Source path, function name or filter. */
  readonly key: string;
  targetIds: number[];
  readonly condition?: Node;
  readonly hitTest?: (hits: number) => boolean;
  readonly logMessage?: string;
  readonly changes?: Changes;
  readonly what?: string;
  /** The state after the last hit, and that before it. */
  state: string;
  before: string;
  hits: number;
  /** The condition in compiled form by PC, where a name has one meaning; null where it needs the evaluator. */
  readonly compiled: Map<bigint, Getter | null>;
}

function hitTest(text: string): (hits: number) => boolean {
  const match = /^\s*(>=|<=|==|=|>|<|%)?\s*(\d+)\s*$/.exec(text);
  if (match === null || (match[1] === '%' && Number(match[2]) === 0)) {
    throw new Error(`"${text}" is no hit condition: write a number, or one of > >= < <= == % before it.`);
  }
  const count = Number(match[2]);
  switch (match[1]) {
    case '>':
      return hits => hits > count;
    case '<':
      return hits => hits < count;
    case '<=':
      return hits => hits <= count;
    case '%':
      return hits => hits % count === 0;
    case '=':
    case '==':
      return hits => hits === count;
    default:
      return hits => hits >= count;
  }
}

/** What a condition can look at beside registers and variables: values of what has happened, by name. */
type Happening = ExceptionEvent | SystemRegisterEvent | undefined;

const isException = (event: Happening): event is ExceptionEvent => event !== undefined && 'from' in event;

/** Names of an exception, as rows. Those of a syndrome are 0 for interrupts and returns. */
type ExceptionName = (event: ExceptionEvent, pe: PeView, target: Target) => bigint;

const EXCEPTION_NAMES: Readonly<Record<string, ExceptionName>> = {
  'from.el': event => BigInt(event.from),
  'to.el': event => BigInt(event.to),
  pe: event => BigInt(event.pe),
  type: event => BigInt(EXCEPTION_TYPES.indexOf(event.type)),
  class: event => BigInt(event.ec ?? 0),
  target: event => event.target,
  esr: event => event.esr ?? 0n,
  'esr.ec': event => BigInt(event.ec ?? 0),
  'esr.iss': event => (event.esr ?? 0n) & 0x1ffffffn,
  far: event => event.far ?? 0n,
  hpfar: event => event.hpfar ?? 0n,
  vmid: (event, pe) => guestOf(event, pe),
  intid: (event, _pe, target) => BigInt(interruptTaken(event, target) ?? NO_INTERRUPT),
};

const NO_INTERRUPT = 1023;
const HCR_EL2_TGE = 1n << 27n;
/** Bits of HCR_EL2 by which a level below EL2 gets virtual interrupts. */
const VIRTUAL = { irq: 1n << 4n, fiq: 1n << 3n } as const;

/**
 * INTID of the interrupt that was taken, which is the most urgent one that is pending: of the GIC, or of the list registers
 * for a virtual interrupt. 1023 where there is none, as for HCR_EL2.VI; undefined for an exception that is no interrupt.
 */
export function interruptTaken(event: ExceptionEvent, target: Target): number | undefined {
  const { type, to, pe } = event;
  if (event.kind !== 'taken' || (type !== 'irq' && type !== 'fiq')) return undefined;
  const view = target.pes[pe];
  const hasEl2 = view.systemRegisters().some(({ name }) => name === 'HCR_EL2');
  const hcr = hasEl2 ? view.readRegister('HCR_EL2') : 0n;
  const isVirtual = to === 1 && (hcr & (VIRTUAL[type] | HCR_EL2_TGE)) === VIRTUAL[type];
  if (!isVirtual) {
    const first = target.pendingInterrupts(pe).find(({ enabled, active }) => enabled && !active);
    return first?.intid ?? NO_INTERRUPT;
  }
  const [best] = target
    .listRegisters(pe)
    .filter(({ state }) => state === 'pending')
    .sort((a, b) => a.priority - b.priority);
  return best?.virtualId ?? NO_INTERRUPT;
}

/** VTTBR_EL2.VMID of the guest that the exception came from or returns to; 0 without one. */
function guestOf(event: ExceptionEvent, pe: PeView): bigint {
  if (Math.min(event.from, event.to) > 1) return 0n;
  try {
    return pe.readRegister('VTTBR_EL2') >> 48n;
  } catch {
    return 0n; // a PE without EL2
  }
}

const REGISTER_NAMES: Readonly<Record<string, (event: SystemRegisterEvent) => bigint>> = {
  pe: event => BigInt(event.pe),
  value: event => event.value,
  old: event => event.old ?? 0n,
  write: event => BigInt(event.write),
};

/** Constants that conditions of exceptions know: classes as `HVC64`, types as `irq`. */
const CONSTANTS: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ...exceptionClasses.map(({ name, ec }) => [name.toUpperCase(), BigInt(ec)] as const),
  ...EXCEPTION_TYPES.map((name, index) => [name.toUpperCase(), BigInt(index)] as const),
]);

/** Names that every condition knows: whose stop it is. */
const PE_NAMES: Readonly<Record<string, (pe: PeView) => bigint>> = {
  pe: pe => BigInt(pe.index),
  el: pe => BigInt(pe.el),
  vmid: pe => BigInt(pe.vmid ?? 0),
  asid: pe => BigInt(pe.asid ?? 0),
};

type EventGetter = (event: Happening, pe: PeView, target: Target) => bigint;

/** The getter of a name of an event, for any event of the same kind. */
function eventGetter(name: string, event: Happening): EventGetter | undefined {
  const own = Object.hasOwn(PE_NAMES, name) ? PE_NAMES[name] : undefined;
  if (own !== undefined && !(isException(event) && name in EXCEPTION_NAMES)) return (_, pe) => own(pe);
  if (event === undefined) return undefined;
  if (!isException(event)) return REGISTER_NAMES[name] as ((event: Happening) => bigint) | undefined;
  const get = Object.hasOwn(EXCEPTION_NAMES, name) ? (EXCEPTION_NAMES[name] as EventGetter) : undefined;
  const constant = get === undefined ? CONSTANTS.get(name.toUpperCase()) : undefined;
  return constant === undefined ? get : () => constant;
}

/** The names of an event as values, for the evaluator and for log messages. */
function eventNames(event: Happening, pe: PeView, target: Target): Map<string, Value> {
  const names = new Map<string, Value>(Object.entries(PE_NAMES).map(([name, get]) => [name, number(get(pe))]));
  if (event === undefined) return names;
  if (!isException(event)) {
    for (const [name, get] of Object.entries(REGISTER_NAMES)) names.set(name, number(get(event)));
    return names;
  }
  for (const [name, value] of CONSTANTS) names.set(name, number(value));
  for (const [name, get] of Object.entries(EXCEPTION_NAMES)) names.set(name, number(get(event, pe, target)));
  const named = (name: string, meaning: string): void => {
    names.set(name, { type: UINT64, scalar: names.get(name)?.scalar, meaning });
  };
  named('type', event.type);
  named('class', event.class ?? event.type);
  named('esr.ec', event.class ?? event.type);
  names.set('esr', { type: UINT64, scalar: event.esr ?? 0n, register: `ESR_EL${Math.max(1, event.to)}` });
  return names;
}

const GENERAL_REGISTER = /^(?:[xw](?:[0-9]|[12][0-9]|30)|sp|pc|lr|fp)$/i;
const REGISTER_ALIASES: Readonly<Record<string, string>> = { LR: 'X30', FP: 'X29', WSP: 'SP' };

function textOf(answer: object): string {
  return JSON.stringify(answer);
}

export class Breakpoints {
  /** Lines for the console since it was last taken: log messages, and conditions that could not be evaluated. */
  output: string[] = [];
  /** While the machine looks for a stop in the past, hits are neither counted nor logged. */
  searching = false;
  private readonly all = new Map<number, UserBreakpoint>();
  private readonly byTargetId = new Map<number, UserBreakpoint>();
  /** What the debugger itself wants to know of, by the machine's number: no stop to the user. */
  private readonly noticed = new Map<number, (reason: StopReason) => void>();
  /** How breakpoints that depend on symbols are set again when those have changed. */
  private readonly placements = new Map<number, { family: Family; key: string; again: () => object; last: string }>();
  private nextId = 1;
  /** What has happened on which PE, for the getters of compiled conditions. */
  private event: Happening;
  private pe: PeView;

  constructor(
    private readonly target: Target,
    private readonly symbols: Symbols,
  ) {
    [this.pe] = target.pes;
  }

  /** Removes those of a family with a key; all of the family when no key is given. */
  clear(family: Family, key?: string): void {
    for (const [id, placement] of this.placements)
      if (placement.family === family && (key === undefined || placement.key === key)) this.placements.delete(id);
    for (const breakpoint of [...this.all.values()]) {
      if (breakpoint.family !== family || (key !== undefined && breakpoint.key !== key)) continue;
      this.remove(breakpoint);
    }
  }

  /** Sets one breakpoint on every place given. Throws a sentence; then nothing is set. */
  add(
    family: Family,
    key: string,
    specs: readonly BreakpointSpec[],
    guard: Guard,
    id = this.unusedId(),
  ): UserBreakpoint {
    const condition = guard.condition?.trim() ? parseExpression(guard.condition) : undefined;
    const test = guard.hitCondition?.trim() ? hitTest(guard.hitCondition) : undefined;
    const targetIds: number[] = [];
    const breakpoint: UserBreakpoint = {
      id,
      family,
      key,
      targetIds,
      ...(condition === undefined ? {} : { condition }),
      ...(test === undefined ? {} : { hitTest: test }),
      ...(guard.logMessage ? { logMessage: guard.logMessage } : {}),
      ...(guard.changes === undefined ? {} : { changes: guard.changes }),
      ...(guard.what === undefined ? {} : { what: guard.what }),
      state: guard.changes?.state() ?? '',
      before: '',
      hits: 0,
      compiled: new Map(),
    };
    const isPlain = guard.changes || (condition === undefined && test === undefined && !guard.logMessage);
    try {
      for (const spec of specs)
        targetIds.push(this.target.addBreakpoint(isPlain ? spec : this.guarded(breakpoint, spec)));
    } catch (error) {
      for (const id of targetIds) this.target.removeBreakpoint(id);
      throw error;
    }
    this.all.set(breakpoint.id, breakpoint);
    for (const id of targetIds) this.byTargetId.set(id, breakpoint);
    return breakpoint;
  }

  /** The same, but the machine asks the guard before it stops. */
  private guarded(breakpoint: UserBreakpoint, spec: BreakpointSpec): BreakpointSpec {
    const { pes } = this.target;
    switch (spec.kind) {
      case 'instruction':
      case 'register': {
        const { match } = spec;
        return { ...spec, match: (pe: PeView) => (match?.(pe) ?? true) && this.passes(breakpoint, pe, undefined) };
      }
      case 'exception': {
        const { match } = spec;
        const sieves = narrowed(spec.sieves, breakpoint.condition);
        return {
          ...spec,
          ...(sieves === undefined ? {} : { sieves }),
          match: (event: ExceptionEvent) => match(event) && this.passes(breakpoint, pes[event.pe], event),
        };
      }
      case 'system-register': {
        const { match } = spec;
        const wanted = wantedValue(breakpoint.condition);
        return {
          ...spec,
          ...(wanted === undefined ? {} : { wanted }),
          match: (event: SystemRegisterEvent) =>
            (match?.(event) ?? true) && this.passes(breakpoint, pes[event.pe], event),
        };
      }
      case 'data':
      case 'mapping':
        return spec; // in the middle of an access; asked after it
    }
  }

  /** Removes one that no list of a client has. Throws a sentence for another number. */
  drop(id: number): void {
    const breakpoint = this.all.get(id);
    if (breakpoint === undefined || breakpoint.family !== 'watch')
      throw new Error(`There is no stop with number ${id}.`);
    this.remove(breakpoint);
  }

  /** Calls back when something happens that is no stop. */
  notice(spec: BreakpointSpec, then: (reason: StopReason) => void): void {
    this.noticed.set(this.target.addBreakpoint(spec), then);
  }

  /** Remembers how a breakpoint is set from symbols, and how it was answered. */
  dependsOnSymbols(id: number, family: Family, key: string, again: () => object, answer: object): void {
    this.placements.set(id, { family, key, again, last: textOf(answer) });
  }

  /** Sets breakpoints again after a change of the symbols; returns the answers that are others now. */
  resolve(): readonly object[] {
    const changed: object[] = [];
    for (const [id, placement] of this.placements) {
      const breakpoint = this.all.get(id);
      if (breakpoint !== undefined) this.remove(breakpoint);
      const answer = placement.again();
      const now = this.all.get(id);
      if (breakpoint !== undefined && now !== undefined) now.hits = breakpoint.hits;
      if (textOf(answer) === placement.last) continue;
      placement.last = textOf(answer);
      changed.push(answer);
    }
    return changed;
  }

  private remove(breakpoint: UserBreakpoint): void {
    for (const id of breakpoint.targetIds) {
      this.target.removeBreakpoint(id);
      this.byTargetId.delete(id);
    }
    this.all.delete(breakpoint.id);
  }

  /** An id for a breakpoint that could not be set. */
  unusedId(): number {
    return this.nextId++;
  }

  /** The breakpoints that a stop of the machine belongs to; none when it is to go on. */
  hit(reason: StopReason & { readonly ids: readonly number[]; readonly pe: number }): readonly UserBreakpoint[] {
    if (!this.searching) for (const id of reason.ids) this.noticed.get(id)?.(reason);
    const found = [...new Set(reason.ids.map(id => this.byTargetId.get(id)).filter(one => one !== undefined))];
    const event = reason.kind === 'exception' || reason.kind === 'system-register' ? reason.event : undefined;
    return found.filter(one => {
      if (one.changes !== undefined && !this.searching && !this.hasChanged(one, one.changes)) return false;
      const asked = reason.kind !== 'watchpoint' && one.changes === undefined;
      return asked || this.passes(one, this.target.pes[reason.pe], event);
    });
  }

  private hasChanged(breakpoint: UserBreakpoint, { state }: Changes): boolean {
    breakpoint.before = breakpoint.state;
    breakpoint.state = state();
    return breakpoint.state !== breakpoint.before;
  }

  /** What those watch whose hits count only when they change it; undefined when one of them counts in any case. */
  statesOf(ids: readonly number[]): (() => string) | undefined {
    const all = ids.map(id => this.all.get(id)?.changes);
    if (all.length === 0 || all.includes(undefined)) return undefined;
    return () => all.map(changes => changes?.state()).join('\n');
  }

  /** The machine has gone somewhere else in time: changes count from what is there now. */
  moved(): void {
    for (const one of this.all.values()) if (one.changes !== undefined) one.state = one.changes.state();
  }

  takeOutput(): readonly string[] {
    return this.output.splice(0);
  }

  /** Whether a hit is a stop: asks the condition, counts the hit, writes the log message. */
  private passes(breakpoint: UserBreakpoint, pe: PeView, event: Happening): boolean {
    if (breakpoint.condition !== undefined && !this.holds(breakpoint, breakpoint.condition, pe, event)) return false;
    if (this.searching) return breakpoint.logMessage === undefined;
    breakpoint.hits++;
    if (breakpoint.hitTest !== undefined && !breakpoint.hitTest(breakpoint.hits)) return false;
    if (breakpoint.logMessage === undefined) return true;
    this.output.push(this.interpolate(breakpoint.logMessage, pe, event));
    return false;
  }

  private holds(breakpoint: UserBreakpoint, condition: Node, pe: PeView, event: Happening): boolean {
    this.pe = pe;
    this.event = event;
    try {
      const { pc } = pe;
      let compiled = breakpoint.compiled.get(pc);
      if (compiled === undefined) {
        compiled = this.compile(condition, pe, event) ?? null;
        breakpoint.compiled.set(pc, compiled);
      }
      return compiled !== null ? compiled() !== 0n : isTrue(evaluateExpression(condition, this.context(pe, event)));
    } catch (error) {
      this.output.push(
        `The condition of breakpoint ${breakpoint.id} cannot be evaluated, so it stops: ${(error as Error).message}`,
      );
      return true;
    }
  }

  private context(pe: PeView, event: Happening): EvaluationContext {
    return { pe, symbols: this.symbols, frame: innermost(pe, this.symbols), names: eventNames(event, pe, this.target) };
  }

  /** The condition as a function of the present event and PE; undefined when it needs the evaluator. */
  private compile(condition: Node, pe: PeView, event: Happening): Getter | undefined {
    const named = (name: string): Getter | undefined => {
      const get = eventGetter(name, event);
      return get && (() => get(this.event, this.pe, this.target));
    };
    const register = (name: string): Getter | undefined => {
      const upper = name.toUpperCase();
      const canonical = REGISTER_ALIASES[upper] ?? upper;
      if (upper === 'WSP' || (!GENERAL_REGISTER.test(name) && !isReadable(pe, canonical))) return undefined;
      return () => this.pe.readRegister(canonical);
    };
    let context: EvaluationContext | undefined;
    return compileCondition(condition, {
      register,
      name: name => {
        const get = named(name);
        if (get !== undefined || !GENERAL_REGISTER.test(name)) return get;
        context ??= this.context(pe, event);
        return isVariable(context, name) ? undefined : register(name);
      },
      member: (object, field) => named(`${object}.${field}`),
    });
  }

  private interpolate(message: string, pe: PeView, event: Happening): string {
    const context = message.includes('{') ? this.context(pe, event) : undefined;
    return message.replace(/\{([^{}]*)\}/g, (_, expression: string) => {
      try {
        return context === undefined ? '' : formatValue(pe, evaluateExpression(expression, context));
      } catch (error) {
        return `{${(error as Error).message}}`;
      }
    });
  }
}

function isReadable(pe: PeView, name: string): boolean {
  return pe.systemRegisters().some(row => row.name === name && row.readable);
}

/** The same with the interrupt that was taken, right after it was. */
export function describeTaken(event: ExceptionEvent, target: Target): string {
  const sentence = describeException(event);
  const intid = interruptTaken(event, target);
  if (intid === undefined || intid === NO_INTERRUPT) return sentence;
  const name = target.interruptName(intid);
  return `${sentence.slice(0, -1)}: INTID ${intid}${name === undefined ? '' : ` (${name})`}.`;
}

/** One sentence about an exception or an exception return. */
export function describeException(event: ExceptionEvent): string {
  if (event.kind === 'return') return `Exception return from EL${event.from} to EL${event.to} at ${hex(event.target)}.`;
  const what = event.type === 'sync' ? (event.class ?? 'Synchronous exception') : event.type.toUpperCase();
  const syndrome = event.esr === undefined ? '' : `, syndrome ${hex(event.esr)}`;
  const fault = event.far === undefined ? '' : `, fault address ${hex(event.far)}`;
  return `${what} taken from EL${event.from} to EL${event.to} at ${hex(event.pc)}${syndrome}${fault}${event.text ? `: ${event.text.replace(/\.$/, '')}` : ''}.`;
}

/** One sentence about an access to a system register. */
export function describeAccess(event: SystemRegisterEvent): string {
  const { name, value, old } = event;
  if (!event.write) return `MRS of ${name}: ${hex(value, 16)}.`;
  return `MSR of ${name}: ${old === undefined ? '' : `${hex(old, 16)} → `}${hex(value, 16)}.`;
}
