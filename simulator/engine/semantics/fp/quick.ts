/**
 * WebAssembly's floating-point instructions in the place of the core's functions. They round to nearest, flush nothing
 * and signal nothing, so their results stand where FPCR asks for just that, inexact has been signalled before, and a
 * result tells that nothing else is to be signalled. All else is left to the core.
 */

import {
  arith,
  bind,
  c32,
  c64,
  constant,
  type Expr,
  fpLimit,
  type Operand,
  op,
  type Stmt,
  seldom,
  setV,
  v,
  vector,
} from '../../ir.ts';
import { F_CURRENT } from '../../simd-operations.ts';
import { and, at, every, or, write } from '../simd/build.ts';

/** WebAssembly's types by precision (log2 of bytes). */
const scalars = { 2: 'f32', 3: 'f64' } as const;
export const floatShapes = { 2: 'f32x4', 3: 'f64x2' } as const;
/** Single and double precision. */
export type Precision = 2 | 3;
export const precisions = [2, 3] as const;

/** Singles in 64 and 128 bits, doubles in 128: precision and Q of the vectors that there are. */
export const vectors = [
  [2, 0],
  [2, 1],
  [3, 1],
] as const;

/** A scalar register as a number. */
export const floating = (operand: Operand, size: Precision, offset = 0): Expr => v(operand, scalars[size], offset);
export const zero = (size: Precision): Expr =>
  size === 3 ? op('f64.reinterpret_i64', c64(0)) : op('f32.reinterpret_i32', c32(0));
/** A power of two. */
export const powerOfTwo = (size: Precision, n: number): Expr =>
  size === 3
    ? op('f64.reinterpret_i64', c64((1023n + BigInt(n)) << 52n))
    : op('f32.reinterpret_i32', c32((127 + n) << 23));

/** A floating-point instruction of scalars, or of vectors. */
export const scalarOp = (size: Precision, name: string, ...args: Expr[]): Expr =>
  op(`${scalars[size]}.${name}`, ...args);
export const vectorOp = (size: Precision, name: string, ...args: Expr[]): Expr =>
  op(`${floatShapes[size]}.${name}`, ...args);

/**
 * Rounding modes by the letter of FRINTx and FCVTxS, and WebAssembly's instruction. Where the mode is that of FPCR, results
 * that stand are rounded to nearest.
 */
export const roundings = [
  ['N', 0, 'nearest'],
  ['P', 1, 'ceil'],
  ['M', 2, 'floor'],
  ['Z', 3, 'trunc'],
  ['A', 4, undefined],
  ['I', F_CURRENT, 'nearest'],
  ['X', F_CURRENT, 'nearest'],
] as const;

/** Whether FPCR and FPSR are as the head of this file says. */
export const isPlain: Expr = op('i32.ne', fpLimit('i32'), c32(0));

/** Least image of an ordinary number, shifted left by one: a biased exponent of 2. */
const LEAST = { 2: 2n << 24n, 3: 2n << 53n };

/** Whether a result is far from the limits of its format: then the operands were finite, and it is neither huge nor tiny. */
export function isOrdinary(size: Precision, result: Expr): Expr {
  const width = 8 << size;
  const image = arith(width, `reinterpret_f${width}`, result);
  const shifted = arith(width, 'sub', arith(width, 'shl', image, constant(width, 1)), constant(width, LEAST[size]));
  return arith(width, 'lt_u', shifted, fpLimit(size === 3 ? 'i64' : 'i32'));
}

/** Whether a comparison holds for all elements of a vector of 64 (q is 0) or 128 bits. */
export const all = (size: number, q: number, mask: Expr): Expr =>
  at(size, 'all_true', q ? mask : or(mask, vector(0n, 0xffff_ffff_ffff_ffffn)));

/** The same of all elements of a vector. Unsigned numbers are compared as signed ones, half of their range apart. */
function areOrdinary(size: Precision, q: number, result: Expr): Expr {
  const type = size === 3 ? 'i64' : 'i32';
  const half = 1n << BigInt((8 << size) - 1);
  const limit = op(`${type}.xor`, fpLimit(type), constant(8 << size, half));
  const shifted = at(size, 'add', at(size, 'shl', result, c32(1)), every(size, half - LEAST[size]));
  return all(size, q, at(size, 'gt_s', at(size, 'splat', limit), shifted));
}

/** Whether no element is a NaN. */
export const areNumbers = (size: Precision, q: number, ...values: Expr[]): Expr =>
  all(size, q, values.map(value => vectorOp(size, 'eq', value, value)).reduce(and));

/** Writes a scalar and clears the rest of the register: what reads it next is most likely as wide as one of the halves. */
export function writeScalar(value: Expr): Stmt[] {
  const image =
    value.type === 'f32'
      ? op('i32.reinterpret_f32', value)
      : value.type === 'f64'
        ? op('i64.reinterpret_f64', value)
        : value;
  const wide = image.type === 'i32' ? op('i64.extend_i32_u', image) : image;
  return [setV('rd', wide), setV('rd', c64(0), 8)];
}

/** Writes a result that stands if a condition on it holds; else the core does the instruction. */
function unlessCore(value: Expr, q: number, stands: (result: Expr) => Expr, core: readonly Stmt[]): Stmt[] {
  const [result, compute] = bind(value);
  return [
    compute,
    seldom(op('i32.eqz', stands(result)), core, result.type === 'v128' ? write(q, result) : writeScalar(result)),
  ];
}

/** Results of arithmetic, which stand if they are ordinary. */
export const arithmetic = (size: Precision, q: number, value: Expr, core: readonly Stmt[]): Stmt[] =>
  unlessCore(
    value,
    q,
    result => (result.type === 'v128' ? areOrdinary(size, q, result) : isOrdinary(size, result)),
    core,
  );

/** Results that are exact for all that is not a NaN, as those of FMAX are. */
export const selection = (size: Precision, q: number, value: Expr, core: readonly Stmt[]): Stmt[] =>
  unlessCore(
    value,
    q,
    result =>
      op(
        'i32.and',
        isPlain,
        result.type === 'v128' ? areNumbers(size, q, result) : scalarOp(size, 'eq', result, result),
      ),
    core,
  );

/** Results that stand if a condition on the operands holds, or whatever they are. */
export const given = (condition: Expr | undefined, q: number, value: Expr, core: readonly Stmt[]): Stmt[] =>
  unlessCore(value, q, () => (condition ? op('i32.and', isPlain, condition) : isPlain), core);

/** Whether neither of two numbers is a NaN. */
export const areOrdered = (size: Precision, a: Expr, b: Expr): Expr =>
  op('i32.or', scalarOp(size, 'lt', a, b), scalarOp(size, 'ge', a, b));
/** NZCV of two numbers of which none is a NaN: less, equal or greater. */
export const orderOf = (size: Precision, a: Expr, b: Expr): Expr =>
  op(
    'i32.or',
    op('i32.shl', scalarOp(size, 'lt', a, b), c32(3)),
    op('i32.or', op('i32.shl', scalarOp(size, 'eq', a, b), c32(2)), op('i32.shl', scalarOp(size, 'ge', a, b), c32(1))),
  );
