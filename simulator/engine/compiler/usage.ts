/** What the compiler has to know of a handler before it emits it: found once per handler from its statements. */

import { readsFlags, writesFlags } from '../emit.ts';
import { REGION_CALLS } from '../interpreter.ts';
import type { Expr, Operand, Stmt } from '../ir.ts';
import { X } from '../layout.ts';
import type { Handler } from '../semantics/handler.ts';
import { type NarrowUsage, narrowUsage } from './narrow.ts';

/**
 * How control goes on: to the next instruction, by a direct branch, to a computed address, by a call-out that the caller
 * of compiled code makes for it (`call`, see REGION_CALLS), or by what only the interpreter does (`leave`).
 */
export type Ending = 'next' | 'branch' | 'branchTo' | 'call' | 'leave';

export interface Usage {
  readonly body: readonly Stmt[];
  readonly ending: Ending;
  /** Operands that name general registers which are read, and which are written. */
  readonly reads: readonly Operand[];
  readonly writes: readonly Operand[];
  readonly fp: boolean;
  /** Loads from, or stores to, the guest's memory with `rn` as the base. */
  readonly loads: boolean;
  readonly stores: boolean;
  /** What it has to do with the condition flags first: they are needed, or set anew, or neither. */
  readonly flags: 'needed' | 'set' | 'kept';
  /** Sets flags on one of several ways through it. */
  readonly flagsInArms: boolean;
  /** Asks for `fpLimit` of ir.ts. */
  readonly fpLimit: boolean;
  /** A branch that may not be taken. */
  readonly conditional: boolean;
  /** A branch that writes X30. */
  readonly link: boolean;
  readonly narrow: NarrowUsage;
  /** Calls functions of the core for their effect. */
  readonly performs: boolean;
  /** Changes the present translation contexts. */
  readonly entersState: boolean;
  /** With `ending` call: which of REGION_CALLS. */
  readonly call: number;
}

/** Functions of the core that resolve the translation contexts. */
const ENTERS_STATE: ReadonlySet<string> = new Set(['enterState', 'stackPointerMoved']);

/** Statements by which a region may be left. */
const LEAVES: ReadonlySet<string> = new Set(['load', 'store', 'orAbort', 'callOut', 'branchTo']);

const known = new WeakMap<Handler, Usage>();

export function usageOf(handler: Handler): Usage {
  let usage = known.get(handler);
  if (!usage) {
    usage = analyse(handler);
    known.set(handler, usage);
  }
  return usage;
}

function analyse(handler: Handler): Usage {
  const reads = new Set<Operand>();
  const writes = new Set<Operand>();
  let performs = false;
  let fpLimit = false;
  let loads = false;
  let stores = false;
  let mayLeave = handler.fp ?? false;
  let entersState = false;
  // A register that is read by its number in memory is not in a local there.
  let byNumber = false;
  visit(handler.body, node => {
    if ('k' in node) {
      fpLimit ||= node.k === 'fpLimit';
      if (node.k === 'x') reads.add(node.operand);
      if (node.k === 'memory' && node.offset === X) byNumber = true;
    } else {
      loads ||= node.s === 'load';
      stores ||= node.s === 'store';
      mayLeave ||= LEAVES.has(node.s);
      if (node.s === 'setX') writes.add(node.operand);
      if (node.s === 'do') {
        performs = true;
        entersState ||= ENTERS_STATE.has(node.fn);
      }
    }
  });
  const last = handler.body.at(-1);
  const called = last?.s === 'callOut' && !last.when ? last.fn : undefined;
  const call = called && handler.body.length === 1 ? REGION_CALLS.indexOf(called) : -1;
  const leaves = byNumber || called !== undefined;
  const branches = last?.s === 'branch' || last?.s === 'branchTo';
  return {
    body: handler.body,
    ending: call >= 0 ? 'call' : leaves ? 'leave' : branches ? last.s : 'next',
    reads: [...reads],
    writes: [...writes],
    fp: handler.fp ?? false,
    loads: loads && reads.has('rn'),
    stores: stores && reads.has('rn'),
    flags: mayLeave || readsFlags(handler.body) ? 'needed' : writesFlags(handler.body) ? 'set' : 'kept',
    flagsInArms: handler.body.some(statement => statement.s === 'if' && writesFlags(statement)),
    fpLimit,
    conditional: last?.s === 'branch' && last.when !== undefined,
    link: branches && last.link,
    narrow: narrowUsage(handler.body),
    performs,
    entersState,
    call,
  };
}

/** Visits all statements and expressions. They are plain trees, so no kind of node has to be known here. */
function visit(node: unknown, found: (node: Expr | Stmt) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, found);
  } else if (typeof node === 'object' && node !== null) {
    if ('k' in node || 's' in node) found(node as Expr | Stmt);
    for (const value of Object.values(node)) if (typeof value === 'object') visit(value, found);
  }
}
