/** Breakpoints of the user: what the machine has to watch for each, and whether a hit of one is a stop. */

import type { BreakpointSpec, ExceptionEvent, PeView, StopReason, Target } from '../simulator/target.ts';
import { hex } from './address.ts';
import { type EvaluationContext, evaluateExpression, isTrue, number } from './expressions/evaluate.ts';
import { type Node, parseExpression } from './expressions/parse.ts';
import { UINT64 } from './symbols/dwarf/types.ts';
import type { Symbols } from './symbols/index.ts';
import { unwind } from './unwind.ts';
import { formatValue, type Value } from './values.ts';

export type Family = 'source' | 'function' | 'instruction' | 'data' | 'exception';

export interface Guard {
  readonly condition?: string;
  /** `5`, `>= 5`, `% 5`, as VS Code writes hit conditions. */
  readonly hitCondition?: string;
  /** Printed instead of a stop; expressions in braces. */
  readonly logMessage?: string;
}

export interface UserBreakpoint {
  /** Of the protocol. */
  readonly id: number;
  readonly family: Family;
  /** Source path, function name or filter. */
  readonly key: string;
  readonly targetIds: readonly number[];
  readonly condition?: Node;
  readonly hitTest?: (hits: number) => boolean;
  readonly logMessage?: string;
  hits: number;
}

export interface Hit {
  /** Breakpoints that ask for a stop; empty when the machine is to go on. */
  readonly breakpoints: readonly UserBreakpoint[];
  /** Lines for the console: log messages, and conditions that could not be evaluated. */
  readonly output: readonly string[];
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

/** Names that a condition of an exception filter may use beside registers and variables. */
function eventNames(event: ExceptionEvent, pe: PeView): Map<string, Value> {
  const names = new Map<string, Value>([
    ['from.el', number(BigInt(event.from))],
    ['to.el', number(BigInt(event.to))],
    ['pe', number(BigInt(event.pe))],
    ['type', { type: UINT64, meaning: event.type }],
    ['class', { type: UINT64, meaning: event.class ?? event.type }],
    ['target', number(event.target)],
    ['esr.ec', { type: UINT64, scalar: BigInt(event.ec ?? 0), meaning: event.class ?? event.type }],
  ]);
  if (event.esr !== undefined)
    names.set('esr', { type: UINT64, scalar: event.esr, register: `ESR_EL${Math.max(1, event.to)}` });
  if (event.far !== undefined) names.set('far', number(event.far));
  if (event.hpfar !== undefined) names.set('hpfar', number(event.hpfar));
  names.set('vmid', number(BigInt(pe.vmid ?? 0)));
  return names;
}

export class Breakpoints {
  private readonly all = new Map<number, UserBreakpoint>();
  private readonly byTargetId = new Map<number, UserBreakpoint>();
  private nextId = 1;

  constructor(
    private readonly target: Target,
    private readonly symbols: Symbols,
  ) {}

  /** Removes those of a family with a key; all of the family when no key is given. */
  clear(family: Family, key?: string): void {
    for (const breakpoint of [...this.all.values()]) {
      if (breakpoint.family !== family || (key !== undefined && breakpoint.key !== key)) continue;
      for (const id of breakpoint.targetIds) {
        this.target.removeBreakpoint(id);
        this.byTargetId.delete(id);
      }
      this.all.delete(breakpoint.id);
    }
  }

  /** Sets one breakpoint on every place given. Throws a sentence; then nothing is set. */
  add(family: Family, key: string, specs: readonly BreakpointSpec[], guard: Guard): UserBreakpoint {
    const condition = guard.condition?.trim() ? parseExpression(guard.condition) : undefined;
    const test = guard.hitCondition?.trim() ? hitTest(guard.hitCondition) : undefined;
    const targetIds: number[] = [];
    try {
      for (const spec of specs) targetIds.push(this.target.addBreakpoint(spec));
    } catch (error) {
      for (const id of targetIds) this.target.removeBreakpoint(id);
      throw error;
    }
    const breakpoint: UserBreakpoint = {
      id: this.nextId++,
      family,
      key,
      targetIds,
      ...(condition === undefined ? {} : { condition }),
      ...(test === undefined ? {} : { hitTest: test }),
      ...(guard.logMessage ? { logMessage: guard.logMessage } : {}),
      hits: 0,
    };
    this.all.set(breakpoint.id, breakpoint);
    for (const id of targetIds) this.byTargetId.set(id, breakpoint);
    return breakpoint;
  }

  /** An id for a breakpoint that could not be set. */
  unusedId(): number {
    return this.nextId++;
  }

  /** Evaluates conditions, counts hits and writes log messages for a stop of the machine. */
  hit(reason: StopReason & { readonly ids: readonly number[]; readonly pe: number }): Hit {
    const output: string[] = [];
    const stops: UserBreakpoint[] = [];
    const found = new Set(reason.ids.map(id => this.byTargetId.get(id)).filter(one => one !== undefined));
    for (const breakpoint of found) {
      if (!this.holds(breakpoint, reason, output)) continue;
      breakpoint.hits++;
      if (breakpoint.hitTest !== undefined && !breakpoint.hitTest(breakpoint.hits)) continue;
      if (breakpoint.logMessage === undefined) stops.push(breakpoint);
      else
        output.push(this.interpolate(breakpoint.logMessage, this.context(reason, breakpoint.logMessage.includes('{'))));
    }
    return { breakpoints: stops, output };
  }

  private context(reason: StopReason & { readonly pe: number }, withFrame: boolean): EvaluationContext {
    const pe = this.target.pes[reason.pe];
    return {
      pe,
      symbols: this.symbols,
      ...(withFrame ? { frame: unwind(pe, this.symbols)[0] } : {}),
      ...(reason.kind === 'exception' ? { names: eventNames(reason.event, pe) } : {}),
    };
  }

  private holds(breakpoint: UserBreakpoint, reason: StopReason & { readonly pe: number }, output: string[]): boolean {
    if (breakpoint.condition === undefined) return true;
    try {
      return isTrue(evaluateExpression(breakpoint.condition, this.context(reason, true)));
    } catch (error) {
      output.push(
        `The condition of breakpoint ${breakpoint.id} cannot be evaluated, so it stops: ${(error as Error).message}`,
      );
      return true;
    }
  }

  private interpolate(message: string, context: EvaluationContext): string {
    return message.replace(/\{([^{}]*)\}/g, (_, expression: string) => {
      try {
        return formatValue(context.pe, evaluateExpression(expression, context));
      } catch (error) {
        return `{${(error as Error).message}}`;
      }
    });
  }
}

/** One sentence about an exception or an exception return. */
export function describeException(event: ExceptionEvent): string {
  if (event.kind === 'return') return `Exception return from EL${event.from} to EL${event.to} at ${hex(event.target)}.`;
  const what = event.type === 'sync' ? (event.class ?? 'Synchronous exception') : event.type.toUpperCase();
  const syndrome = event.esr === undefined ? '' : `, syndrome ${hex(event.esr)}`;
  const fault = event.far === undefined ? '' : `, fault address ${hex(event.far)}`;
  return `${what} taken from EL${event.from} to EL${event.to} at ${hex(event.pc)}${syndrome}${fault}${event.text ? `: ${event.text.replace(/\.$/, '')}` : ''}.`;
}
