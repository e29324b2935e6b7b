/** Semantics of pointer authentication. The codes are computed in the core (`core/pointer-authentication.ts`). */

import { signed } from '../../arch/instructions/operands.ts';
import { pointerHints } from '../../arch/instructions/pointer-authentication.ts';
import type { Fields } from '../../arch/instructions/row.ts';
import { operationRow } from '../access-rows.ts';
import {
  bind,
  branchTo,
  c32,
  c64,
  call,
  callOut,
  type Expr,
  imm64,
  load,
  local,
  op,
  number as operandNumber,
  orAbort,
  type Stmt,
  setX,
  state,
  use,
  x,
} from '../ir.ts';
import { ENTRY_BYTES, PAUTH_REFUSED } from '../layout.ts';
import { callType, jumpType, setBranchType } from './branches.ts';
import { destination, type Handlers, type Lowered, type Lowerings, orSp, source } from './handler.ts';
import { requireAlignedStack } from './stack-pointer.ts';

export const handlers: Handlers = {};
export const lowerings: Lowerings = {};

/** In the order of their numbers in the core. */
const keys = ['ia', 'ib', 'da', 'db'] as const;
type KeyFunction = 'pacAdd' | 'pacAuthenticate' | 'pacVerify';

/**
 * What a function of the core makes of a pointer with a key. HCR_EL2.API and SCR_EL3.API trap whatever uses one (not XPAC),
 * and an authentication may fail.
 */
function keyed(fn: KeyFunction, pointer: Expr, modifier: Expr, key: number): [Expr, Stmt[]] {
  const [result, compute] = bind(call('i64', fn, pointer, modifier, c32(key)));
  return [result, [compute, orAbort(op('i32.eqz', state('i32', PAUTH_REFUSED)))]];
}

const define = (name: string, body: Stmt[]): void => {
  handlers[name] = { body };
};

for (const [number, key] of keys.entries()) {
  for (const [stem, fn] of [
    ['pac', 'pacAdd'],
    ['aut', 'pacVerify'],
  ] as const) {
    const [result, compute] = keyed(fn, x('rd'), x('rn'), number);
    define(`${stem}${key}`, [...compute, setX('rd', result)]);
  }
  for (const stem of ['pac', 'aut']) {
    const handler = `${stem}${key}`;
    // Rd is read and written; number 31 is XZR, for which there is nothing to do.
    const lower = (f: Fields, rn: number): Lowered =>
      f.Rd === 31 ? { handler: 'nop' } : { handler, rd: destination(f.Rd), rn };
    lowerings[handler.toUpperCase()] = f => lower(f, orSp(f.Rn));
    lowerings[`${stem}${key[0]}z${key[1]}`.toUpperCase()] = f => lower(f, source(31));
  }
}
handlers['ereta'] = { body: [callOut('exceptionReturn')] };
define('xpaci', [setX('rd', call('i64', 'pacStrip', x('rd'), c32(0)))]);
define('xpacd', [setX('rd', call('i64', 'pacStrip', x('rd'), c32(1)))]);
for (const name of ['xpaci', 'xpacd']) {
  lowerings[name.toUpperCase()] = f => (f.Rd === 31 ? { handler: 'nop' } : { handler: name, rd: destination(f.Rd) });
}
define('pacga', [orAbort(call('i32', 'pacAllowed', c32(4))), setX('rd', call('i64', 'pacGeneric', x('rn'), x('rm')))]);
lowerings.PACGA = f => ({ handler: 'pacga', rd: destination(f.Rd), rn: source(f.Rn), rm: orSp(f.Rm) });

const modifiers = { X16: source(16), SP: orSp(31), zero: source(31) };
for (const hint of pointerHints) {
  const handler = hint.operation === 'xpac' ? 'xpaci' : `${hint.operation}${hint.key}`;
  lowerings[hint.id] = () => ({ handler, rd: destination(hint.pointer), rn: modifiers[hint.modifier] });
}

for (const [number, key] of (['A', 'B'] as const).entries()) {
  const [target, compute] = keyed('pacAuthenticate', x('rn'), x('rm'), number);
  const name = key.toLowerCase();
  handlers[`reta${name}`] = { body: [...compute, branchTo(target)] };
  handlers[`bra${name}`] = { body: [...compute, ...setBranchType, branchTo(target)] };
  handlers[`blra${name}`] = { body: [...compute, ...setBranchType, branchTo(target, true)] };
  for (const branch of ['bra', 'blra']) {
    const id = `${branch}${name}`.toUpperCase();
    const type = (f: Fields) => (branch === 'bra' ? jumpType(f) : callType);
    lowerings[id] = f => ({ handler: `${branch}${name}`, rn: source(f.Rn), rm: orSp(f.Rm), ...type(f) });
    lowerings[`${id}Z`] = f => ({ handler: `${branch}${name}`, rn: source(f.Rn), rm: source(31), ...type(f) });
  }
  const eret = operationRow(`ERETA${key}`) * ENTRY_BYTES;
  lowerings[`ERETA${key}`] = () => ({ handler: 'ereta', imm: number + 1, high: eret });
  lowerings[`RETA${key}`] = () => ({ handler: `reta${name}`, rn: source(30), rm: orSp(31) });

  for (const form of ['imm', 'pre']) {
    const [base, read] = keyed('pacAuthenticate', x('rn'), c64(0), number + 2);
    const [address, add] = bind(op('i64.add', base, imm64));
    const value = local('i64');
    const writeback = form === 'pre' ? [setX('rn', address)] : [];
    define(`ldra${name}_${form}`, [
      requireAlignedStack(operandNumber('rn')),
      ...read,
      add,
      load(value, address, 8),
      setX('rd', use(value)),
      ...writeback,
    ]);
    lowerings[`LDRA${key}_${form}`] = f => ({
      handler: `ldra${name}_${form}`,
      rd: destination(f.Rt),
      rn: orSp(f.Rn),
      imm: signed((f.S << 9) | f.imm9, 10) * 8,
    });
  }
}
