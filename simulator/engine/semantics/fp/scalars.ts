/** Scalar floating-point: arithmetic, comparisons, conversions and moves. */

import type { Fields } from '../../../arch/instructions/row.ts';
import { expandFloat } from '../../../arch/instructions/simd/move.ts';
import {
  arith,
  bind,
  c32,
  c64,
  call,
  condition,
  conditionMask,
  constant,
  type Expr,
  either,
  fpLimit,
  fused,
  immHigh,
  immLow,
  mostly,
  op,
  type Stmt,
  select,
  setNzcv,
  setV,
  setX,
  signExtend,
  v,
  w,
  x,
  zeroExtend,
} from '../../ir.ts';
import {
  F_ADD,
  F_CURRENT,
  F_DIV,
  F_MAX,
  F_MAXNM,
  F_MIN,
  F_MINNM,
  F_MUL,
  F_NMUL,
  F_RINT,
  F_RINT32,
  F_RINT64,
  F_RINTX,
  F_SQRT,
  F_SUB,
} from '../../simd-operations.ts';
import { destination, simd, source } from '../handler.ts';
import { configure } from '../simd/arithmetic.ts';
import { fp, registers, Semantics } from '../simd/build.ts';

const semantics = new Semantics();
export const { handlers: scalarHandlers, lowerings: scalarLowerings } = semantics;

/** Precisions by log2 of their bytes. */
const sizes = [1, 2, 3] as const;
const typeOf = (size: number): 'i32' | 'i64' => (size === 3 ? 'i64' : 'i32');
/** The bits of a scalar, as i64 for doubles and i32 for others. */
const bits = (operand: 'rn' | 'rm' | 'ra', size: number): Expr => v(operand, typeOf(size), 0, 1 << size);
const wideBits = (operand: 'rn' | 'rm', size: number): Expr => v(operand, 'i64', 0, 1 << size);
/** Writes a scalar and clears the rest of the register: what reads it next is most likely as wide as one of the halves. */
const writeScalar = (value: Expr): Stmt[] => {
  const image = value.type === 'f32' ? op('i32.reinterpret_f32', value) : value;
  const wide = image.type === 'i32' ? op('i64.extend_i32_u', image) : image;
  return [setV('rd', wide), setV('rd', c64(0), 8)];
};
const signOf = (size: number): bigint => 1n << BigInt((8 << size) - 1);
const negated = (size: number, value: Expr): Expr =>
  op(`${typeOf(size)}.xor`, value, constant(8 << Math.max(size, 2), signOf(size)));

/** Lowers the row of single and double and that of half precision. */
function lower(
  name: string,
  make: (f: Fields, size: number) => ReturnType<(typeof semantics.lowerings)[string]>,
): void {
  semantics.lower(`${name}_fp`, f => make(f, 2 + f.sz));
  if (!/^FRINT[36]/.test(name)) semantics.lower(`${name}_fp_half`, f => make(f, 1));
}

/** Least image of an ordinary double and single, shifted left by one: a biased exponent of 2. */
const LEAST = { 64: 2n << 53n, 32: 2n << 24n };

/**
 * WebAssembly's result where it has the same bits and no new flag, else that of the core. So it is with rounding to
 * nearest, nothing flushed and inexact signalled before, if the result is far from the limits of its format: then
 * both operands were finite, and nothing overflowed or was tiny.
 */
function quick(size: number, value: Expr, fn: string, ...args: Expr[]): Stmt[] {
  const type = typeOf(size);
  const width = size === 3 ? 64 : 32;
  const [result, compute] = bind(value);
  const image = op(`${type}.reinterpret_f${width}`, result);
  const shifted = arith(width, 'sub', arith(width, 'shl', image, constant(width, 1)), constant(width, LEAST[width]));
  const ordinary = arith(width, 'lt_u', shifted, fpLimit(type));
  const exact = op(`f${width}.reinterpret_${type}`, call(type, fn, ...args));
  return [compute, ...writeScalar(mostly(ordinary, result, exact))];
}
const floating = (operand: 'rn' | 'rm' | 'ra', size: number): Expr => v(operand, size === 3 ? 'f64' : 'f32');

// Arithmetic of singles and doubles has functions of its own, that of halves is done as on vectors.
for (const [name, operation, fn] of [
  ['FADD', F_ADD, 'fadd'],
  ['FSUB', F_SUB, 'fsub'],
  ['FMUL', F_MUL, 'fmul'],
  ['FDIV', F_DIV, 'fdiv'],
] as const) {
  for (const size of [2, 3]) {
    const value = op(`f${8 << size}.${fn.slice(1)}`, floating('rn', size), floating('rm', size));
    const body = quick(size, value, `${fn}${8 << size}`, bits('rn', size), bits('rm', size));
    semantics.add(`${name}.scalar.${size}`, fp(body));
  }
  lower(name, (f, size) =>
    size === 1
      ? { handler: 'floatTwo', ...registers(f), imm: configure(operation, 1, 1) }
      : { handler: `${name}.scalar.${size}`, ...registers(f) },
  );
}
for (const [name, operation] of [
  ['FMAX', F_MAX],
  ['FMIN', F_MIN],
  ['FMAXNM', F_MAXNM],
  ['FMINNM', F_MINNM],
  ['FNMUL', F_NMUL],
] as const) {
  lower(name, (f, size) => ({ handler: 'floatTwo', ...registers(f), imm: configure(operation, size, 1) }));
}
for (const size of [2, 3]) {
  const value = op(`f${8 << size}.sqrt`, floating('rn', size));
  semantics.add(`FSQRT.scalar.${size}`, fp(quick(size, value, `fsqrt${8 << size}`, bits('rn', size))));
}
lower('FSQRT', (f, size) =>
  size === 1
    ? { handler: 'floatOne', ...registers(f), imm: configure(F_SQRT, 1, 1) }
    : { handler: `FSQRT.scalar.${size}`, ...registers(f) },
);
for (const [letter, mode] of Object.entries({ N: 0, P: 1, M: 2, Z: 3, A: 4, I: F_CURRENT, X: F_CURRENT })) {
  const operation = letter === 'X' ? F_RINTX : F_RINT;
  lower(`FRINT${letter}`, (f, size) => ({
    handler: 'floatOne',
    ...registers(f),
    imm: configure(operation, size, 1, mode),
  }));
}
for (const [name, operation, mode] of [
  ['FRINT32Z', F_RINT32, 3],
  ['FRINT32X', F_RINT32, F_CURRENT],
  ['FRINT64Z', F_RINT64, 3],
  ['FRINT64X', F_RINT64, F_CURRENT],
] as const) {
  lower(name, (f, size) => ({ handler: 'floatOne', ...registers(f), imm: configure(operation, size, 1, mode) }));
}

for (const [name, negateAddend, negateProduct] of [
  ['FMADD', false, false],
  ['FMSUB', false, true],
  ['FNMADD', true, true],
  ['FNMSUB', true, false],
] as const) {
  for (const size of sizes) {
    const a = bits('ra', size);
    const n = bits('rn', size);
    const args = [negateAddend ? negated(size, a) : a, negateProduct ? negated(size, n) : n, bits('rm', size)];
    const fn = `fmadd${8 << size}`;
    const signed = (operand: 'rn' | 'ra', negate: boolean): Expr => {
      const value = floating(operand, size);
      return negate ? op(`${value.type}.neg`, value) : value;
    };
    const body =
      size === 1
        ? writeScalar(call('i32', fn, ...args))
        : quick(
            size,
            fused(signed('rn', negateProduct), floating('rm', size), signed('ra', negateAddend)),
            fn,
            ...args,
          );
    semantics.add(`${name}.scalar.${size}`, fp(body));
  }
  lower(name, (f, size) => ({ handler: `${name}.scalar.${size}`, ...registers(f), ra: simd(f.Ra) }));
}

// Moves and signs.
for (const size of sizes) {
  const type = typeOf(size);
  const below = constant(8 << Math.max(size, 2), signOf(size) - 1n);
  semantics.add(`FMOV.scalar.${size}`, fp(writeScalar(bits('rn', size))));
  semantics.add(`FABS.scalar.${size}`, fp(writeScalar(op(`${type}.and`, bits('rn', size), below))));
  semantics.add(`FNEG.scalar.${size}`, fp(writeScalar(negated(size, bits('rn', size)))));
  const [chosen, choose] = bind(select(condition(immLow), bits('rn', size), bits('rm', size)));
  semantics.add(`FCSEL.scalar.${size}`, fp([choose, ...writeScalar(chosen)]));
}
for (const name of ['FMOV', 'FABS', 'FNEG']) {
  lower(name, (f, size) => ({ handler: `${name}.scalar.${size}`, ...registers(f) }));
}
lower('FCSEL', (f, size) => ({ handler: `FCSEL.scalar.${size}`, ...registers(f), imm: conditionMask(f.cond) }));
lower('FMOV_imm', (f, size) => ({
  handler: 'MOVI.0',
  rd: simd(f.Rd),
  imm: expandFloat(f.imm8, (8 << size) as 16 | 32 | 64),
}));

semantics.add('FMOV.to.w', fp([setX('rd', v('rn', 'i32'))]));
semantics.add('FMOV.to.x', fp([setX('rd', v('rn', 'i64'))]));
semantics.add('FMOV.to.half', fp([setX('rd', v('rn', 'i32', 0, 2))]));
semantics.add('FMOV.to.high', fp([setX('rd', v('rn', 'i64', 8))]));
semantics.add('FMOV.from.w', fp(writeScalar(w('rn'))));
semantics.add('FMOV.from.x', fp(writeScalar(x('rn'))));
semantics.add('FMOV.from.half', fp(writeScalar(op('i32.and', w('rn'), c32(0xffff)))));
semantics.add('FMOV.from.high', fp([setV('rd', x('rn'), 8, 8)]));
for (const [row, handler] of [
  ['FMOV_to_w', 'FMOV.to.w'],
  ['FMOV_to_x', 'FMOV.to.x'],
  ['FMOV_to_w_half', 'FMOV.to.half'],
  ['FMOV_to_x_half', 'FMOV.to.half'],
  ['FMOV_to_x_high', 'FMOV.to.high'],
]) {
  semantics.lower(row, f => ({ handler, rd: destination(f.Rd), rn: simd(f.Rn) }));
}
for (const [row, handler] of [
  ['FMOV_from_w', 'FMOV.from.w'],
  ['FMOV_from_x', 'FMOV.from.x'],
  ['FMOV_from_w_half', 'FMOV.from.half'],
  ['FMOV_from_x_half', 'FMOV.from.half'],
  ['FMOV_from_x_high', 'FMOV.from.high'],
]) {
  semantics.lower(row, f => ({ handler, rd: simd(f.Rd), rn: source(f.Rn) }));
}

// Comparisons set NZCV. Compare with zero has no second operand.
for (const size of sizes) {
  for (const all of [0, 1]) {
    const compare = (b: Expr): Expr => call('i32', 'fcompare', wideBits('rn', size), b, c32(size), c32(all));
    const name = all ? 'FCMPE' : 'FCMP';
    semantics.add(`${name}.${size}`, fp([setNzcv(compare(wideBits('rm', size)))]));
    semantics.add(`${name}.zero.${size}`, fp([setNzcv(compare(c64(0)))]));
    const conditional = either(condition(immHigh), compare(wideBits('rm', size)), immLow);
    semantics.add(`${all ? 'FCCMPE' : 'FCCMP'}.${size}`, fp([setNzcv(conditional)]));
  }
}
for (const name of ['FCMP', 'FCMPE']) {
  lower(name, (f, size) => ({ handler: `${name}.${size}`, ...registers(f) }));
  lower(`${name}_zero`, (f, size) => ({ handler: `${name}.zero.${size}`, rn: simd(f.Rn) }));
}
for (const name of ['FCCMP', 'FCCMPE']) {
  lower(name, (f, size) => ({
    handler: `${name}.${size}`,
    ...registers(f),
    imm: f.nzcv,
    high: conditionMask(f.cond),
  }));
}

// Between precisions.
for (const [row, from, to] of [
  ['FCVT_single_double', 2, 3],
  ['FCVT_single_half', 2, 1],
  ['FCVT_double_single', 3, 2],
  ['FCVT_double_half', 3, 1],
  ['FCVT_half_single', 1, 2],
  ['FCVT_half_double', 1, 3],
] as const) {
  semantics.add(row, fp(writeScalar(call('i64', 'fconvert', wideBits('rn', from), c32(from | (to << 2))))));
  semantics.lower(row, f => ({ handler: row, ...registers(f) }));
}
semantics.add('BFCVT', fp(writeScalar(call('i32', 'bfcvt', v('rn', 'i32')))));
semantics.lower('BFCVT', f => ({ handler: 'BFCVT', ...registers(f) }));

// To integers. The immediate: low, rounding mode and fraction bits as the core takes them; high, width and unsigned.
for (const size of sizes) {
  const value = call(
    'i64',
    'ftoint',
    wideBits('rn', size),
    c32(size),
    op('i32.and', immHigh, c32(0xff)),
    immLow,
    op('i32.shr_u', immHigh, c32(8)),
  );
  semantics.add(`FCVT.integer.${size}`, fp([setX('rd', value)]));
}
const toInteger = (f: Fields, size: number, mode: number, fraction: number, unsigned: boolean) => ({
  handler: `FCVT.integer.${size}`,
  rd: destination(f.Rd),
  rn: simd(f.Rn),
  imm: mode | (fraction << 3),
  high: (32 << f.sf) | (unsigned ? 256 : 0),
});
for (const [letter, mode] of Object.entries({ N: 0, P: 1, M: 2, Z: 3, A: 4 })) {
  for (const sign of ['S', 'U']) {
    const name = `FCVT${letter}${sign}`;
    semantics.lower(`${name}_int`, f => toInteger(f, 2 + f.sz, mode, 0, sign === 'U'));
    semantics.lower(`${name}_int_half`, f => toInteger(f, 1, mode, 0, sign === 'U'));
    if (letter !== 'Z') continue;
    semantics.lower(`${name}_fixed`, f => toInteger(f, 2 + f.sz, mode, 64 - f.scale, sign === 'U'));
    semantics.lower(`${name}_fixed_half`, f => toInteger(f, 1, mode, 64 - f.scale, sign === 'U'));
  }
}

// From integers. The immediate: fraction bits.
for (const size of sizes) {
  for (const sf of [0, 1]) {
    for (const unsigned of [0, 1]) {
      const value = sf ? x('rn') : unsigned ? zeroExtend(w('rn')) : signExtend(w('rn'));
      const converted = call('i64', 'fromint', value, c32(size), immLow, c32(unsigned));
      semantics.add(`${unsigned ? 'UCVTF' : 'SCVTF'}.${sf}.${size}`, fp(writeScalar(converted)));
    }
  }
}
for (const name of ['SCVTF', 'UCVTF']) {
  const fromInteger = (f: Fields, size: number, fraction: number) => ({
    handler: `${name}.${f.sf}.${size}`,
    rd: simd(f.Rd),
    rn: source(f.Rn),
    imm: fraction,
  });
  semantics.lower(`${name}_int`, f => fromInteger(f, 2 + f.sz, 0));
  semantics.lower(`${name}_int_half`, f => fromInteger(f, 1, 0));
  semantics.lower(`${name}_fixed`, f => fromInteger(f, 2 + f.sz, 64 - f.scale));
  semantics.lower(`${name}_fixed_half`, f => fromInteger(f, 1, 64 - f.scale));
}

// The core's result has Z in bit 32.
{
  const [value, bound] = bind(call('i64', 'fjcvtzs', v('rn', 'i64')));
  const z = op('i32.wrap_i64', op('i64.shr_u', value, c64(32)));
  semantics.add('FJCVTZS', fp([bound, setX('rd', op('i32.wrap_i64', value)), setNzcv(op('i32.shl', z, c32(2)))]));
  semantics.lower('FJCVTZS', f => ({ handler: 'FJCVTZS', rd: destination(f.Rd), rn: simd(f.Rn) }));
}
