/**
 * Semantics of exclusive, ordered and atomic accesses. PEs take turns, so a load and a store of one instruction are
 * one step, and ordering needs nothing. What remains is that these accesses have to be aligned.
 */

import { signed } from '../../arch/instructions/operands.ts';
import type { Fields } from '../../arch/instructions/row.ts';
import {
  ACQUIRE,
  ALIGNED,
  arith,
  bind,
  c32,
  c64,
  constant,
  type Expr,
  imm64,
  immHigh,
  lane,
  load,
  local,
  memory,
  number,
  op,
  type Stmt,
  select,
  setState,
  setX,
  signExtend,
  state,
  store,
  use,
  w,
  when,
  x,
  zeroExtend,
} from '../ir.ts';
import { EXCLUSIVE_ADDRESS, EXCLUSIVE_BYTES, X } from '../layout.ts';
import { destination, type Handlers, type Lowered, type Lowerings, orSp, source } from './handler.ts';
import { requireAlignedStack } from './stack-pointer.ts';

export const handlers: Handlers = {};
export const lowerings: Lowerings = {};

const define = (name: string, body: readonly Stmt[]): void => {
  handlers[name] = { body };
};

const sizes = [1, 2, 4, 8] as const;
/** Width at which a value of so many bytes is computed. */
const widthOf = (bytes: number): 32 | 64 => (bytes === 8 ? 64 : 32);
const register = (bytes: number, operand: 'rd' | 'rm'): Expr => (bytes === 8 ? x(operand) : w(operand));

/** The low bytes of a register as a number of their width. */
function low(bytes: number, value: Expr, sign = false): Expr {
  if (bytes >= 4) return value;
  return sign ? op(`i32.extend${bytes * 8}_s`, value) : op('i32.and', value, c32((1 << (bytes * 8)) - 1));
}

function loadAligned(bytes: number, address: Expr, sign = false, mode = ALIGNED): [Expr, Stmt] {
  const value = local(bytes === 16 ? 'v128' : bytes === 8 ? 'i64' : 'i32');
  return [use(value), load(value, address, bytes, sign && bytes < 4, mode)];
}

// --- Ordered loads and stores ---------------------------------------------------------------------------------------

const loadOrdered = (bytes: number, address: Expr, sign = false): [Expr, Stmt] =>
  loadAligned(bytes, address, sign, ALIGNED | ACQUIRE);

for (const bytes of sizes) {
  for (const [name, address] of [
    ['', x('rn')],
    ['u', op('i64.add', x('rn'), imm64)],
  ] as const) {
    const [value, access] = loadOrdered(bytes, address);
    define(`lda${name}r${bytes}`, [access, setX('rd', value)]);
    define(`stl${name}r${bytes}`, [store(address, register(bytes, 'rd'), bytes, ALIGNED | ACQUIRE)]);
    if (name === 'u' && bytes < 8) {
      for (const signedTo of bytes === 4 ? [64] : [32, 64]) {
        const [signedValue, signedAccess] = loadOrdered(bytes, address, true);
        const result = signedTo === 64 ? signExtend(signedValue) : signedValue;
        define(`ldaur${bytes}_s${signedTo}`, [signedAccess, setX('rd', result)]);
      }
    }
  }
}

for (const id of ['LDAR', 'LDLAR', 'LDAPR']) {
  lowerings[id] = f => ({ handler: `ldar${1 << f.size}`, rd: destination(f.Rt), rn: orSp(f.Rn) });
}
for (const id of ['STLR', 'STLLR']) {
  lowerings[id] = f => ({ handler: `stlr${1 << f.size}`, rd: source(f.Rt), rn: orSp(f.Rn) });
}
const unscaled =
  (bytes: (f: Fields) => number, kind: 'load' | 'signed' | 'store') =>
  (f: Fields): Lowered => {
    const size = bytes(f);
    const signedTo = f.narrow ? 32 : 64;
    const handler = kind === 'store' ? `stlur${size}` : kind === 'load' ? `ldaur${size}` : `ldaur${size}_s${signedTo}`;
    const rd = kind === 'store' ? source(f.Rt) : destination(f.Rt);
    return { handler, rd, rn: orSp(f.Rn), imm: signed(f.imm9, 9) };
  };
const bySf = (f: Fields): number => (f.sf ? 8 : 4);
lowerings.STLURB = unscaled(() => 1, 'store');
lowerings.STLURH = unscaled(() => 2, 'store');
lowerings.STLUR = unscaled(bySf, 'store');
lowerings.LDAPURB = unscaled(() => 1, 'load');
lowerings.LDAPURH = unscaled(() => 2, 'load');
lowerings.LDAPUR = unscaled(bySf, 'load');
lowerings.LDAPURSB = unscaled(() => 1, 'signed');
lowerings.LDAPURSH = unscaled(() => 2, 'signed');
lowerings.LDAPURSW = unscaled(() => 4, 'signed');

// --- Exclusive accesses ---------------------------------------------------------------------------------------------

// The monitor holds the VA and the size of the last exclusive load, or a size of 0. Who changes what a VA means has to clear it: an
// exception and its return do, as the architecture says.

const setMonitor = (bytes: number): Stmt[] => [
  setState(EXCLUSIVE_ADDRESS, x('rn')),
  setState(EXCLUSIVE_BYTES, c32(bytes)),
];

/** Stores if the monitor covers the access; writes 0 to Rd if it did, else 1. */
function storeExclusive(bytes: number, value: Expr): Stmt[] {
  const covered = op(
    'i32.and',
    op('i64.eq', state('i64', EXCLUSIVE_ADDRESS), x('rn')),
    op('i32.eq', state('i32', EXCLUSIVE_BYTES), c32(bytes)),
  );
  const [passes, check] = bind(covered);
  return [
    check,
    when(passes, [store(x('rn'), value, bytes, ALIGNED)]),
    setState(EXCLUSIVE_BYTES, c32(0)),
    setX('rd', op('i32.eqz', passes)),
  ];
}

/** Where the base is SP, which has to be aligned even if nothing is stored. */
function defineStoreExclusive(name: string, bytes: number, value: Expr): void {
  define(name, storeExclusive(bytes, value));
  define(`${name}_from_sp`, [requireAlignedStack(number('rn')), ...storeExclusive(bytes, value)]);
}
const storeExclusiveName = (name: string, f: Fields): string => (f.Rn === 31 ? `${name}_from_sp` : name);

const joinWords = (first: Expr, second: Expr): Expr =>
  op('i64.or', zeroExtend(first), op('i64.shl', zeroExtend(second), c64(32)));
const joinDoublewords = (first: Expr, second: Expr): Expr =>
  lane('i64x2.replace_lane', 1, op('i64x2.splat', first), second);
const halves = (bytes: number, both: Expr): [Expr, Expr] =>
  bytes === 4
    ? [op('i32.wrap_i64', both), op('i64.shr_u', both, c64(32))]
    : [lane('i64x2.extract_lane', 0, both), lane('i64x2.extract_lane', 1, both)];

for (const bytes of sizes) {
  const [value, access] = loadAligned(bytes, x('rn'));
  // Rt may be the base: the monitor is set before it is written.
  define(`ldxr${bytes}`, [access, ...setMonitor(bytes), setX('rd', value)]);
  defineStoreExclusive(`stxr${bytes}`, bytes, register(bytes, 'rm'));
}
for (const bytes of [4, 8]) {
  const [both, access] = loadAligned(bytes * 2, x('rn'));
  const [first, second] = halves(bytes, both);
  // Where both registers are the same one, QEMU leaves the second value in it; the architecture allows either.
  define(`ldxp${bytes}`, [access, ...setMonitor(bytes * 2), setX('rd', first), setX('rm', second)]);
  const value = bytes === 4 ? joinWords(w('rm'), w('ra')) : joinDoublewords(x('rm'), x('ra'));
  defineStoreExclusive(`stxp${bytes}`, bytes * 2, value);
}
define('clrex', [setState(EXCLUSIVE_BYTES, c32(0))]);

for (const id of ['LDXR', 'LDAXR']) {
  lowerings[id] = f => ({ handler: `ldxr${1 << f.size}`, rd: destination(f.Rt), rn: orSp(f.Rn) });
}
for (const id of ['STXR', 'STLXR']) {
  lowerings[id] = f => ({
    handler: storeExclusiveName(`stxr${1 << f.size}`, f),
    rd: destination(f.Rs),
    rm: source(f.Rt),
    rn: orSp(f.Rn),
  });
}
for (const id of ['LDXP', 'LDAXP']) {
  lowerings[id] = f => ({
    handler: `ldxp${bySf(f)}`,
    rd: destination(f.Rt),
    rm: destination(f.Rt2),
    rn: orSp(f.Rn),
  });
}
for (const id of ['STXP', 'STLXP']) {
  lowerings[id] = f => ({
    handler: storeExclusiveName(`stxp${bySf(f)}`, f),
    rd: destination(f.Rs),
    rm: source(f.Rt),
    ra: source(f.Rt2),
    rn: orSp(f.Rn),
  });
}
lowerings.CLREX = () => ({ handler: 'clrex' });

// --- Atomic operations (FEAT_LSE) -----------------------------------------------------------------------------------

type Operation = (bytes: number, old: Expr, operand: Expr) => Expr;
const simple =
  (name: string): Operation =>
  (bytes, old, operand) =>
    arith(widthOf(bytes), name, old, operand);
/** The one of two numbers for which the comparison holds. */
const chosen =
  (comparison: string, sign: boolean): Operation =>
  (bytes, old, operand) => {
    const [a, b] = [low(bytes, old, sign), low(bytes, operand, sign)];
    return select(arith(widthOf(bytes), comparison, a, b), old, operand);
  };
const operations: Record<string, Operation> = {
  LDADD: simple('add'),
  LDCLR: (bytes, old, operand) =>
    arith(widthOf(bytes), 'and', old, arith(widthOf(bytes), 'xor', operand, constant(widthOf(bytes), -1))),
  LDEOR: simple('xor'),
  LDSET: simple('or'),
  LDSMAX: chosen('ge_s', true),
  LDSMIN: chosen('le_s', true),
  LDUMAX: chosen('ge_u', false),
  LDUMIN: chosen('le_u', false),
  SWP: (_bytes, _old, operand) => operand,
};

for (const [id, operation] of Object.entries(operations)) {
  const name = id.toLowerCase();
  for (const bytes of sizes) {
    const [old, access] = loadAligned(bytes, x('rn'));
    define(`${name}${bytes}`, [
      access,
      store(x('rn'), operation(bytes, old, register(bytes, 'rm')), bytes, ALIGNED),
      setX('rd', old),
    ]);
  }
  lowerings[id] = f => ({
    handler: `${name}${1 << f.size}`,
    rd: destination(f.Rt),
    rm: source(f.Rs),
    rn: orSp(f.Rn),
  });
}

// Compare and swap. The store is always made, of the old value if they differ, so that it always needs write permission
// (Arm ARM, shared pseudocode MemAtomicCompareAndSwap). Rd is Rs as a destination and Ra as a source.
for (const bytes of sizes) {
  const [old, access] = loadAligned(bytes, x('rn'));
  const expected = low(bytes, bytes === 8 ? x('ra') : w('ra'));
  const equal = arith(widthOf(bytes), 'eq', old, expected);
  define(`cas${bytes}`, [
    access,
    store(x('rn'), select(equal, register(bytes, 'rm'), old), bytes, ALIGNED),
    setX('rd', old),
  ]);
}
lowerings.CAS = f => ({
  handler: `cas${1 << f.size}`,
  rd: destination(f.Rs),
  ra: source(f.Rs),
  rm: source(f.Rt),
  rn: orSp(f.Rn),
});

// CASP has one register more than a record has operands: Rt+1 is read through its offset in the immediate's high half.
// Rd is Rs and Ra is Rs+1, which may be XZR and then is not written.
for (const bytes of [4, 8]) {
  const [value, access] = loadAligned(bytes * 2, x('rn'));
  const [first, second] = halves(bytes, value);
  const lastNew = memory('i64', immHigh, X);
  const fresh = bytes === 4 ? joinWords(w('rm'), op('i32.wrap_i64', lastNew)) : joinDoublewords(x('rm'), lastNew);
  const equal =
    bytes === 4
      ? op('i64.eq', value, joinWords(w('rd'), w('ra')))
      : op('i32.and', op('i64.eq', first, x('rd')), op('i64.eq', second, x('ra')));
  define(`casp${bytes}`, [
    access,
    store(x('rn'), select(equal, fresh, value), bytes * 2, ALIGNED),
    setX('rd', first),
    when(op('i32.ne', number('ra'), c32(source(31))), [setX('ra', second)]),
  ]);
}
lowerings.CASP = f => ({
  handler: `casp${bySf(f)}`,
  rd: source(f.Rs),
  ra: source(f.Rs + 1),
  rm: source(f.Rt),
  high: source(f.Rt + 1),
  rn: orSp(f.Rn),
});
