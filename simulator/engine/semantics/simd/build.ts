/** What the semantics of SIMD instructions are made of: 128-bit expressions by element size, and ways to write them. */

import type { Fields } from '../../../arch/instructions/row.ts';
import {
  bind,
  c32,
  c64,
  type Expr,
  immLow,
  lane,
  number,
  op,
  perform,
  type Stmt,
  setState,
  setV,
  setVZ,
  shuffle,
  state,
  v,
  vector,
} from '../../ir.ts';
import { FPSR } from '../../layout.ts';
import { type Handler, type Handlers, type Lowered, type Lowerings, simd } from '../handler.ts';

/** Shapes by element size (log2 of bytes). */
export const shapes = ['i8x16', 'i16x8', 'i32x4', 'i64x2'] as const;

export const zeros: Expr = vector(0n, 0n);
export const ones: Expr = vector(0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn);

/** A vector instruction at an element size. */
export const at = (size: number, name: string, ...args: Expr[]): Expr => op(`${shapes[size]}.${name}`, ...args);
export const and = (a: Expr, b: Expr): Expr => op('v128.and', a, b);
export const or = (a: Expr, b: Expr): Expr => op('v128.or', a, b);
export const xor = (a: Expr, b: Expr): Expr => op('v128.xor', a, b);
export const not = (a: Expr): Expr => op('v128.not', a);
/** Bits of `yes` where the mask has ones, of `no` where it has zeros. */
export const bitselect = (mask: Expr, yes: Expr, no: Expr): Expr => op('v128.bitselect', yes, no, mask);

/** The same constant in all elements. */
export function every(size: number, value: bigint): Expr {
  const bits = 8 << size;
  let all = 0n;
  for (let i = 0; i < 64; i += bits) all |= BigInt.asUintN(bits, value) << BigInt(i);
  return vector(all, all);
}

/** All elements equal to the one at an operand, which points at it. */
export const splatElement = (size: number, operand: 'rn' | 'rm'): Expr =>
  size === 3 ? at(3, 'splat', v(operand, 'i64')) : at(size, 'splat', v(operand, 'i32', 0, 1 << size));

/** Elements of the lower or upper half in twice the width. */
export const widen = (size: number, signed: boolean, upper: boolean, value: Expr): Expr =>
  op(`${shapes[size + 1]}.extend_${upper ? 'high' : 'low'}_${shapes[size]}_${signed ? 's' : 'u'}`, value);

/** Bytes of elements, given as numbers of elements of `a` (first) and `b` (after those of `a`), as shuffle lanes. */
export function lanesOf(size: number, elements: readonly number[]): number[] {
  const bytes = elements.flatMap(e => Array.from({ length: 1 << size }, (_, i) => (e << size) + i));
  while (bytes.length < 16) bytes.push(0);
  return bytes;
}

/** The lower 64 bits of two registers, one after the other. */
export const joinLow = (a: Expr, b: Expr): Expr => shuffle(a, b, lanesOf(3, [0, 2]));

/** Even (0) or odd (1) elements of the first and then of the second operand, of 64 or 128 bits each. */
export function unzip(size: number, q: number, odd: number, a: Expr, b: Expr): Expr {
  const per = (8 << q) >> size;
  const all = 16 >> size;
  const elements = [0, all].flatMap(base => Array.from({ length: per / 2 }, (_, i) => base + 2 * i + odd));
  // A 64-bit vector of two elements has one pair in each operand.
  return shuffle(a, b, lanesOf(size, elements));
}

/** The low or high halves of elements of twice `size`, in the lower 64 bits. */
export const narrow = (size: number, high: boolean, value: Expr): Expr =>
  shuffle(
    value,
    value,
    lanesOf(
      size,
      Array.from({ length: 8 >> size }, (_, i) => 2 * i + (high ? 1 : 0)),
    ),
  );

/** Writes 128 bits, or the lower 64 and clears the upper. */
export const write = (q: number, value: Expr): Stmt[] =>
  q ? [setV('rd', value)] : setVZ('rd', lane('i64x2.extract_lane', 0, value));

/** Writes the lower 64 bits of a value as the lower half (clearing the upper) or as the upper half. */
export const writeHalf = (q: number, value: Expr): Stmt[] => {
  const half = lane('i64x2.extract_lane', 0, value);
  return q ? [setV('rd', half, 8, 8)] : setVZ('rd', half);
};

/** An operand with zeros beyond `bytes`, for results that set FPSR.QC. */
export function masked(operand: 'rd' | 'rn' | 'rm', bytes: number): Expr {
  if (bytes === 16) return v(operand);
  if (bytes === 8) return lane('i64x2.replace_lane', 0, zeros, v(operand, 'i64'));
  return lane('i32x4.replace_lane', 0, zeros, v(operand, 'i32', 0, bytes));
}

/** Sets FPSR.QC if any bit of a vector is set. */
export const setSaturated = (mask: Expr): Stmt =>
  setState(FPSR, op('i32.or', state('i32', FPSR), op('i32.shl', op('v128.any_true', mask), c32(27))));

/** A temporary for each value. */
export function bindAll(...values: Expr[]): [Expr[], Stmt[]] {
  const bound = values.map(bind);
  return [bound.map(([value]) => value), bound.map(([, statement]) => statement)];
}

/** A handler that uses FP and SIMD registers. */
export const fp = (body: readonly Stmt[]): Handler => ({ body, fp: true });

/** A call of the core with the registers as offsets, and configuration words. */
export const core = (fn: string, ...args: Expr[]): Stmt => perform(fn, ...args);
export const rd = number('rd');
export const rn = number('rn');
export const rm = number('rm');
export { c32, c64, immLow };

/** Register operands of a word. */
export const registers = (f: Fields): { rd: number; rn: number; rm: number } => ({
  rd: simd(f.Rd),
  rn: simd(f.Rn),
  rm: simd(f.Rm ?? 0),
});

/** Handlers and lowerings of one file, as they are collected. */
export class Semantics {
  readonly handlers: Handlers = {};
  readonly lowerings: Lowerings = {};

  add(name: string, handler: Handler): void {
    if (name in this.handlers) throw new Error(`The handler ${name} exists already.`);
    this.handlers[name] = handler;
  }

  lower(row: string, lowering: (f: Fields) => Lowered | undefined): void {
    if (row in this.lowerings) throw new Error(`The row ${row} is lowered already.`);
    this.lowerings[row] = lowering;
  }
}
