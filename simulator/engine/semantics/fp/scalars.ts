/** Scalar floating-point: arithmetic, comparisons, conversions and moves. */

import type { Fields } from '../../../arch/instructions/row.ts';
import { expandFloat } from '../../../arch/instructions/simd/move.ts';
import {
  bind,
  c32,
  c64,
  call,
  condition,
  conditionMask,
  constant,
  type Expr,
  either,
  fused,
  immHigh,
  immLow,
  mostly,
  op,
  r,
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
import { core, fp, rd, registers, rm, rn, Semantics } from '../simd/build.ts';
import {
  areOrdered,
  arithmetic,
  floating,
  floatShapes,
  given,
  isPlain,
  orderOf,
  powerOfTwo,
  precisions,
  roundings,
  scalarOp,
  selection,
  writeScalar,
  zero,
} from './quick.ts';

const semantics = new Semantics();
export const { handlers: scalarHandlers, lowerings: scalarLowerings } = semantics;

/** Precisions by log2 of their bytes. */
const sizes = [1, 2, 3] as const;
const typeOf = (size: number): 'i32' | 'i64' => (size === 3 ? 'i64' : 'i32');
/** The bits of a scalar, as i64 for doubles and i32 for others. */
const bits = (operand: 'rn' | 'rm' | 'ra', size: number): Expr => v(operand, typeOf(size), 0, 1 << size);
const wideBits = (operand: 'rn' | 'rm', size: number): Expr => v(operand, 'i64', 0, 1 << size);
const floatTwo = core('floatTwo', rd, rn, rm, immLow);
const floatOne = core('floatOne', rd, rn, immLow);
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

// Arithmetic of singles and doubles has functions of its own, that of halves is done as on vectors.
for (const [name, operation, fn] of [
  ['FADD', F_ADD, 'fadd'],
  ['FSUB', F_SUB, 'fsub'],
  ['FMUL', F_MUL, 'fmul'],
  ['FDIV', F_DIV, 'fdiv'],
] as const) {
  for (const size of precisions) {
    const value = scalarOp(size, fn.slice(1), floating('rn', size), floating('rm', size));
    const exact = call(typeOf(size), `${fn}${8 << size}`, bits('rn', size), bits('rm', size));
    semantics.add(`${name}.scalar.${size}`, fp(arithmetic(size, 1, value, writeScalar(exact))));
  }
  lower(name, (f, size) =>
    size === 1
      ? { handler: 'floatTwo', ...registers(f), imm: configure(operation, 1, 1) }
      : { handler: `${name}.scalar.${size}`, ...registers(f) },
  );
}
for (const [name, operation, fn] of [
  ['FMAX', F_MAX, 'max'],
  ['FMIN', F_MIN, 'min'],
  ['FMAXNM', F_MAXNM, 'max'],
  ['FMINNM', F_MINNM, 'min'],
  ['FNMUL', F_NMUL, 'mul'],
] as const) {
  for (const size of precisions) {
    const value = scalarOp(size, fn, floating('rn', size), floating('rm', size));
    const body =
      operation === F_NMUL
        ? arithmetic(size, 1, scalarOp(size, 'neg', value), [floatTwo])
        : selection(size, 1, value, [floatTwo]);
    semantics.add(`${name}.scalar.${size}`, fp(body));
  }
  lower(name, (f, size) => ({
    handler: size === 1 ? 'floatTwo' : `${name}.scalar.${size}`,
    ...registers(f),
    imm: configure(operation, size, 1),
  }));
}
for (const size of precisions) {
  const exact = call(typeOf(size), `fsqrt${8 << size}`, bits('rn', size));
  const body = arithmetic(size, 1, scalarOp(size, 'sqrt', floating('rn', size)), writeScalar(exact));
  semantics.add(`FSQRT.scalar.${size}`, fp(body));
}
lower('FSQRT', (f, size) =>
  size === 1
    ? { handler: 'floatOne', ...registers(f), imm: configure(F_SQRT, 1, 1) }
    : { handler: `FSQRT.scalar.${size}`, ...registers(f) },
);
for (const name of ['nearest', 'ceil', 'floor', 'trunc']) {
  for (const size of precisions)
    semantics.add(
      `FRINT.${name}.${size}`,
      fp(selection(size, 1, scalarOp(size, name, floating('rn', size)), [floatOne])),
    );
}
for (const [letter, mode, name] of roundings) {
  const operation = letter === 'X' ? F_RINTX : F_RINT;
  lower(`FRINT${letter}`, (f, size) => ({
    handler: size > 1 && name ? `FRINT.${name}.${size}` : 'floatOne',
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
    const exact = writeScalar(call(typeOf(size), fn, ...args));
    if (size === 1) {
      semantics.add(`${name}.scalar.1`, fp(exact));
      continue;
    }
    const signed = (operand: 'rn' | 'ra', negate: boolean): Expr =>
      negate ? scalarOp(size, 'neg', floating(operand, size)) : floating(operand, size);
    const value = fused(
      floatShapes[size],
      signed('rn', negateProduct),
      floating('rm', size),
      signed('ra', negateAddend),
    );
    const body = arithmetic(size, 1, value, exact);
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
    const compare = (isZero: boolean): Expr => {
      const exact = call(
        'i32',
        'fcompare',
        wideBits('rn', size),
        isZero ? c64(0) : wideBits('rm', size),
        c32(size),
        c32(all),
      );
      if (size === 1) return exact;
      const [a, b] = [floating('rn', size), isZero ? zero(size) : floating('rm', size)];
      return mostly(op('i32.and', isPlain, areOrdered(size, a, b)), orderOf(size, a, b), exact);
    };
    const name = all ? 'FCMPE' : 'FCMP';
    semantics.add(`${name}.${size}`, fp([setNzcv(compare(false))]));
    semantics.add(`${name}.zero.${size}`, fp([setNzcv(compare(true))]));
    const conditional = either(condition(immHigh), compare(false), immLow);
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
  const exact = writeScalar(call('i64', 'fconvert', wideBits('rn', from), c32(from | (to << 2))));
  if (from === 2 && to === 3) semantics.add(row, fp(selection(3, 1, op('f64.promote_f32', floating('rn', 2)), exact)));
  else if (from === 3 && to === 2)
    semantics.add(row, fp(arithmetic(2, 1, op('f32.demote_f64', floating('rn', 3)), exact)));
  else semantics.add(row, fp(exact));
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
  if (size === 1) continue;
  // Towards zero, without fraction bits.
  for (const sf of [0, 1]) {
    const width = 32 << sf;
    const from = floating('rn', size);
    const below = (number: Expr, power: number): Expr => scalarOp(size, 'lt', number, powerOfTwo(size, power));
    const inRange = [
      below(scalarOp(size, 'abs', from), width - 1),
      op('i32.and', scalarOp(size, 'ge', from, zero(size)), below(from, width)),
    ];
    for (const [unsigned, letter] of ['s', 'u'].entries()) {
      const truncated = zeroExtend(op(`i${width}.trunc_sat_f${8 << size}_${letter}`, from));
      const body = mostly(op('i32.and', isPlain, inRange[unsigned]), truncated, value);
      semantics.add(`FCVTZ.${letter}.${sf}.${size}`, fp([setX('rd', body)]));
    }
  }
}
const toInteger = (f: Fields, size: number, mode: number, fraction: number, unsigned: boolean) => ({
  handler:
    mode === 3 && fraction === 0 && size > 1 ? `FCVTZ.${unsigned ? 'u' : 's'}.${f.sf}.${size}` : `FCVT.integer.${size}`,
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
      const exact = writeScalar(call('i64', 'fromint', value, c32(size), immLow, c32(unsigned)));
      const name = unsigned ? 'UCVTF' : 'SCVTF';
      semantics.add(`${name}.fixed.${sf}.${size}`, fp(exact));
      if (size === 1) continue;
      const converted = scalarOp(size, `convert_i${32 << sf}_${unsigned ? 'u' : 's'}`, r(32 << sf, 'rn'));
      // Doubles have all words.
      const isExact = size === 3 && sf === 0;
      semantics.add(
        `${name}.${sf}.${size}`,
        fp(isExact ? writeScalar(converted) : given(undefined, 1, converted, exact)),
      );
    }
  }
}
for (const name of ['SCVTF', 'UCVTF']) {
  const fromInteger = (f: Fields, size: number, fraction: number) => ({
    handler: `${name}.${fraction || size === 1 ? 'fixed.' : ''}${f.sf}.${size}`,
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
