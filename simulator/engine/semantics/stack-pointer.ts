/**
 * Instructions that write SP. Accesses with SP as base ask nobody whether it is aligned: the core is told when that
 * changes, see core/stack-pointer.ts. So a handler that may write SP has a second form, `_sp`, which is chosen when a
 * record is made, and only where what it adds to SP is no multiple of 16.
 */

import { bind, c32, call, type Expr, type Operand, op, orAbort, perform, type Stmt, setX, state, when } from '../ir.ts';
import { SLOT_SP, SP_LOW } from '../layout.ts';
import type { Handler, Handlers, Lowered, Lowerings } from './handler.ts';

const SP = SLOT_SP * 8;
const suffix = '_sp';

/** Handlers that have SP as a destination in some of their instructions. */
const mayWriteSp =
  /^(mov(32|64|_imm)|(add|sub)_(imm|reg|lsl|[us]xt[bhw])(32|64)|(and|orr|eor)_imm(32|64)|.*_(pre|post))$/;
/** Of these, the ones that add an immediate to SP if they read it at all. */
const addsImmediate = /^(mov(32|64)|add_imm(32|64)|.*_(pre|post))$/;

/** What follows a write of SP. */
export function stackPointerMoved(value: Expr): Stmt {
  const low = op('i32.and', op('i32.wrap_i64', value), c32(15));
  return when(op('i32.or', state('i32', SP_LOW), low), [perform('stackPointerMoved', low)]);
}

/** What comes first where an instruction may access nothing, although SP is its base. */
export const requireAlignedStack = (base: Expr): Stmt =>
  when(state('i32', SP_LOW), [orAbort(call('i32', 'stackAligned', base))]);

function writingSp(handler: Handler, written: Operand): Handler {
  const body = handler.body.flatMap((statement): Stmt[] => {
    if (statement.s !== 'setX' || statement.operand !== written) return [statement];
    const [value, compute] = bind(statement.value);
    return [compute, setX(written, value), stackPointerMoved(value)];
  });
  return { ...handler, body };
}

const operandOf = (name: string): 'rd' | 'rn' => (/_(pre|post)$/.test(name) ? 'rn' : 'rd');

/** The forms of handlers for SP. */
export function stackPointerHandlers(handlers: Handlers): Handlers {
  const forms: Record<string, Handler> = {};
  for (const [name, handler] of Object.entries(handlers)) {
    if (mayWriteSp.test(name)) forms[name + suffix] = writingSp(handler, operandOf(name));
  }
  return forms;
}

/** Lowerings that choose those forms. */
export function withStackPointer(lowerings: Lowerings): Lowerings {
  return Object.fromEntries(
    Object.entries(lowerings).map(([id, lower]) => [
      id,
      f => {
        const lowered = lower(f);
        return lowered && mayMisalign(lowered) ? { ...lowered, handler: lowered.handler + suffix } : lowered;
      },
    ]),
  );
}

function mayMisalign(lowered: Lowered): boolean {
  const { handler, rd, rn, imm } = lowered;
  // Most instructions have nothing to do with SP.
  if (rd !== SP && rn !== SP) return false;
  if (!mayWriteSp.test(handler) || lowered[operandOf(handler)] !== SP) return false;
  return !(addsImmediate.test(handler) && rn === SP && Number(BigInt(imm ?? 0) & 15n) === 0);
}
