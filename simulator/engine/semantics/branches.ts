/** Semantics of branches. Direct ones have the distance in bytes in the immediate. */

import { branchDistance, testedBit } from '../../arch/instructions/branches.ts';
import type { Fields } from '../../arch/instructions/row.ts';
import {
  arith,
  bind,
  branch,
  branchTo,
  c64,
  constant,
  holds,
  immLow,
  number,
  op,
  perform,
  r,
  remaining,
  type Stmt,
  setState,
  state,
  when,
  x,
  zeroExtend,
} from '../ir.ts';
import { BTYPE, BTYPE_REMAINING, GUARDED_PAGES } from '../layout.ts';
import { type Handlers, type Lowerings, source } from './handler.ts';

export const handlers: Handlers = {};
export const lowerings: Lowerings = {};

handlers.b = { body: [branch()] };
handlers.bl = { body: [branch(undefined, true)] };
lowerings.B = f => ({ handler: 'b', imm: branchDistance(f) });
lowerings.BL = f => ({ handler: 'bl', imm: branchDistance(f) });

const codes = ['eq', 'ne', 'hs', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le'];
for (const [code, name] of codes.entries()) handlers[`b_${name}`] = { body: [branch(holds(code))] };
// Codes 14 and 15 both mean always.
lowerings.B_cond = f => ({ handler: f.cond < 14 ? `b_${codes[f.cond]}` : 'b', imm: branchDistance(f) });

for (const width of [32, 64]) {
  handlers[`cbz${width}`] = { body: [branch(arith(width, 'eqz', r(width, 'rn')))] };
  handlers[`cbnz${width}`] = { body: [branch(arith(width, 'ne', r(width, 'rn'), constant(width, 0)))] };
}
const compareAndBranch = (name: string) => (f: Fields) => ({
  handler: `${name}${f.sf ? 64 : 32}`,
  rn: source(f.Rt),
  imm: branchDistance(f),
});
lowerings.CBZ = compareAndBranch('cbz');
lowerings.CBNZ = compareAndBranch('cbnz');

const bit = op('i64.and', op('i64.shr_u', x('rn'), zeroExtend(number('rm'))), c64(1));
handlers.tbz = { body: [branch(op('i64.eqz', bit))] };
handlers.tbnz = { body: [branch(op('i32.wrap_i64', bit))] };
const testAndBranch = (name: string) => (f: Fields) => ({
  handler: name,
  rn: source(f.Rt),
  rm: testedBit(f),
  imm: branchDistance(f),
});
lowerings.TBZ = testAndBranch('tbz');
lowerings.TBNZ = testAndBranch('tbnz');

/**
 * PSTATE.BTYPE (FEAT_BTI) as BR and BLR set it: `rd` is the value from a page that is not guarded, the immediate the one
 * from a guarded page. BTYPE holds for the next instruction alone, so it is stamped with the count at that instruction.
 */
export const setBranchType: readonly Stmt[] = [
  setState(BTYPE, number('rd')),
  setState(BTYPE_REMAINING, remaining),
  when(state('i32', GUARDED_PAGES), [perform('branchedIndirectly', immLow)]),
];
/** BTYPE of BR and its forms with authentication; branches through X16 and X17 are those of linkers. */
export const jumpType = (f: Fields) => ({ rd: 1, imm: f.Rn === 16 || f.Rn === 17 ? 1 : 3 });
export const callType = { rd: 2, imm: 2 };

handlers.ret = { body: [branchTo(x('rn'))] };
handlers.br = { body: [...setBranchType, branchTo(x('rn'))] };
// The target is read before the link is written: it may be in X30.
const [target, readTarget] = bind(x('rn'));
handlers.blr = { body: [readTarget, ...setBranchType, branchTo(target, true)] };
lowerings.BR = f => ({ handler: 'br', rn: source(f.Rn), ...jumpType(f) });
lowerings.BLR = f => ({ handler: 'blr', rn: source(f.Rn), ...callType });
lowerings.RET = f => ({ handler: 'ret', rn: source(f.Rn) });
