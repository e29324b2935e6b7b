/** Floating-point arithmetic on vectors and AdvSIMD scalars: functions of the core, and what quick.ts does without them. */

import type { Fields } from '../../../arch/instructions/row.ts';
import { elementIndex, elementRegister } from '../../../arch/instructions/simd/by-element.ts';
import { call, type Expr, fused, op, setVZ, v } from '../../ir.ts';
import {
  F_ABD,
  F_ACGE,
  F_ACGT,
  F_ADD,
  F_CMEQ,
  F_CMEQ0,
  F_CMGE,
  F_CMGE0,
  F_CMGT,
  F_CMGT0,
  F_CMLE0,
  F_CMLT0,
  F_CURRENT,
  F_DIV,
  F_ELEMENT,
  F_FROM_SIGNED,
  F_FROM_UNSIGNED,
  F_MAX,
  F_MAXNM,
  F_MIN,
  F_MINNM,
  F_MLA,
  F_MLS,
  F_MUL,
  F_MULX,
  F_PAIRS,
  F_RECPE,
  F_RECPS,
  F_RECPX,
  F_RINT,
  F_RINT32,
  F_RINT64,
  F_RINTX,
  F_RSQRTE,
  F_RSQRTS,
  F_SQRT,
  F_SUB,
  F_TO_SIGNED,
  F_TO_UNSIGNED,
} from '../../simd-operations.ts';
import { simd } from '../handler.ts';
import { configure, lanesIn } from '../simd/arithmetic.ts';
import {
  and,
  c32,
  core,
  every,
  fp,
  immLow,
  rd,
  registers,
  rm,
  rn,
  Semantics,
  splatElement,
  unzip,
  write,
  xor,
  zeros,
} from '../simd/build.ts';
import {
  all,
  areNumbers,
  arithmetic,
  floating,
  floatShapes,
  given,
  type Precision,
  powerOfTwo,
  precisions,
  roundings,
  scalarOp,
  selection,
  vectorOp,
  vectors,
} from './quick.ts';

const semantics = new Semantics();
export const { handlers: vectorHandlers, lowerings: vectorLowerings } = semantics;

const floatTwo = core('floatTwo', rd, rn, rm, immLow);
const floatOne = core('floatOne', rd, rn, immLow);
semantics.add('floatTwo', fp([floatTwo]));
semantics.add('floatOne', fp([floatOne]));
semantics.add('floatAcross', fp([core('floatAcross', rd, rn, immLow)]));

/** The handler of a vector or scalar (`lanes` is 1): a quick one by this name if there is one. */
const handlerOf = (name: string, size: number, lanes: number, general: string): string => {
  const quick = `${name}.${size}.${lanes === 1 ? 's' : lanes === 8 >> size ? 0 : 1}`;
  return quick in semantics.handlers ? quick : general;
};

/** Lowers the vector and scalar rows of a mnemonic, in all precisions that the tables have. */
function lowerAll(
  name: string,
  general: string,
  configuration: (size: number, lanes: number) => number,
  forms: string,
  quick = name,
): void {
  const lower = (f: Fields, size: number, lanes: number) => ({
    handler: handlerOf(quick, size, lanes, general),
    ...registers(f),
    imm: configuration(size, lanes),
  });
  if (forms.includes('V')) semantics.lower(`${name}_vec`, f => lower(f, 2 + f.sz, lanesIn(2 + f.sz, f.Q)));
  if (forms.includes('S')) semantics.lower(`${name}_scalar`, f => lower(f, 2 + f.sz, 1));
  if (!forms.includes('H')) return;
  if (forms.includes('V')) semantics.lower(`${name}_vec_half`, f => lower(f, 1, lanesIn(1, f.Q)));
  if (forms.includes('S')) semantics.lower(`${name}_scalar_half`, f => lower(f, 1, 1));
}

// Three registers: arithmetic, also by element and in scalars.
for (const [name, compute, isByElement] of [
  ['FADD', (size, a, b) => vectorOp(size, 'add', a, b), false],
  ['FSUB', (size, a, b) => vectorOp(size, 'sub', a, b), false],
  ['FABD', (size, a, b) => vectorOp(size, 'abs', vectorOp(size, 'sub', a, b)), false],
  ['FDIV', (size, a, b) => vectorOp(size, 'div', a, b), false],
  ['FMUL', (size, a, b) => vectorOp(size, 'mul', a, b), true],
  ['FMULX', (size, a, b) => vectorOp(size, 'mul', a, b), true],
  ['FMLA', (size, a, b) => fused(floatShapes[size], a, b, v('rd')), true],
  ['FMLS', (size, a, b) => fused(floatShapes[size], vectorOp(size, 'neg', a), b, v('rd')), true],
] as [string, (size: Precision, a: Expr, b: Expr) => Expr, boolean][]) {
  for (const [size, q] of vectors) {
    semantics.add(`${name}.${size}.${q}`, fp(arithmetic(size, q, compute(size, v('rn'), v('rm')), [floatTwo])));
    if (!isByElement) continue;
    const value = compute(size, v('rn'), splatElement(size, 'rm'));
    semantics.add(`${name}.element.${size}.${q}`, fp(arithmetic(size, q, value, [floatTwo])));
  }
}
for (const size of precisions) {
  const [n, m, d] = (['rn', 'rm', 'rd'] as const).map(operand => floating(operand, size));
  for (const [name, value] of [
    ['FMUL', scalarOp(size, 'mul', n, m)],
    ['FMLA', fused(floatShapes[size], n, m, d)],
    ['FMLS', fused(floatShapes[size], scalarOp(size, 'neg', n), m, d)],
  ] as const)
    semantics.add(`${name}.element.${size}.s`, fp(arithmetic(size, 1, value, [floatTwo])));
}
// Pairs of adjacent elements.
for (const [size, q] of vectors) {
  const sum = vectorOp(size, 'add', unzip(size, q, 0, v('rn'), v('rm')), unzip(size, q, 1, v('rn'), v('rm')));
  semantics.add(`FADDP.${size}.${q}`, fp(arithmetic(size, q, sum, [floatTwo])));
}
for (const size of precisions) {
  const sum = scalarOp(size, 'add', floating('rn', size), floating('rn', size, 1 << size));
  semantics.add(`FADDP.pair.${size}.s`, fp(arithmetic(size, 1, sum, [floatTwo])));
}
for (const [size, q] of vectors) {
  for (const name of ['max', 'min']) {
    const value = vectorOp(size, name, v('rn'), v('rm'));
    semantics.add(`F${name.toUpperCase()}.${size}.${q}`, fp(selection(size, q, value, [floatTwo])));
  }
}

// Comparisons, with a register or with zero.
for (const [size, q] of vectors) {
  for (const name of ['eq', 'ge', 'gt', 'le', 'lt']) {
    const mnemonic = `FCM${name.toUpperCase()}`;
    const [a, b] = [v('rn'), v('rm')];
    const withZero = vectorOp(size, name, a, zeros);
    semantics.add(`${mnemonic}_zero.${size}.${q}`, fp(given(areNumbers(size, q, a), q, withZero, [floatOne])));
    if (name.startsWith('l')) continue;
    const mask = vectorOp(size, name, a, b);
    semantics.add(`${mnemonic}.${size}.${q}`, fp(given(areNumbers(size, q, a, b), q, mask, [floatTwo])));
  }
}

// One register: roots, roundings, and conversions of singles and words.
for (const [size, q] of vectors) {
  const root = vectorOp(size, 'sqrt', v('rn'));
  semantics.add(`FSQRT.${size}.${q}`, fp(arithmetic(size, q, root, [floatOne])));
  for (const name of ['nearest', 'ceil', 'floor', 'trunc']) {
    const value = vectorOp(size, name, v('rn'));
    semantics.add(`FRINT.${name}.${size}.${q}`, fp(selection(size, q, value, [floatOne])));
  }
  if (size === 3) continue;
  for (const [name, sign] of [
    ['SCVTF', 's'],
    ['UCVTF', 'u'],
  ]) {
    const value = op(`f32x4.convert_i32x4_${sign}`, v('rn'));
    semantics.add(`${name}.2.${q}`, fp(given(undefined, q, value, [floatOne])));
  }
  const below = (value: Expr, power: number): Expr => op('f32x4.lt', value, op('f32x4.splat', powerOfTwo(2, power)));
  const signed = below(op('f32x4.abs', v('rn')), 31);
  const unsigned = and(op('f32x4.ge', v('rn'), zeros), below(v('rn'), 32));
  for (const [name, sign, inRange] of [
    ['FCVTZS', 's', signed],
    ['FCVTZU', 'u', unsigned],
  ] as const) {
    const value = op(`i32x4.trunc_sat_f32x4_${sign}`, v('rn'));
    semantics.add(`${name}.2.${q}`, fp(given(all(2, q, inRange), q, value, [floatOne])));
  }
}

for (const size of precisions) {
  const width = 8 << size;
  for (const [name, sign] of [
    ['SCVTF', 's'],
    ['UCVTF', 'u'],
  ]) {
    const value = scalarOp(size, `convert_i${width}_${sign}`, v('rn', size === 3 ? 'i64' : 'i32'));
    semantics.add(`${name}.${size}.s`, fp(given(undefined, 1, value, [floatOne])));
  }
}

for (const [name, operation, forms] of [
  ['FMAXNM', F_MAXNM, 'VH'],
  ['FMINNM', F_MINNM, 'VH'],
  ['FMLA', F_MLA, 'VH'],
  ['FMLS', F_MLS, 'VH'],
  ['FADD', F_ADD, 'VH'],
  ['FSUB', F_SUB, 'VH'],
  ['FABD', F_ABD, 'VSH'],
  ['FMULX', F_MULX, 'VSH'],
  ['FMUL', F_MUL, 'VH'],
  ['FCMEQ', F_CMEQ, 'VSH'],
  ['FCMGE', F_CMGE, 'VSH'],
  ['FACGE', F_ACGE, 'VSH'],
  ['FCMGT', F_CMGT, 'VSH'],
  ['FACGT', F_ACGT, 'VSH'],
  ['FMAX', F_MAX, 'VH'],
  ['FMIN', F_MIN, 'VH'],
  ['FRECPS', F_RECPS, 'VSH'],
  ['FRSQRTS', F_RSQRTS, 'VSH'],
  ['FDIV', F_DIV, 'VH'],
] as const) {
  lowerAll(name, 'floatTwo', (size, lanes) => configure(operation, size, lanes), forms, name.replace('NM', ''));
}

for (const [name, operation, across] of [
  ['FMAXNM', F_MAXNM, true],
  ['FMINNM', F_MINNM, true],
  ['FMAX', F_MAX, true],
  ['FMIN', F_MIN, true],
  ['FADD', F_ADD, false],
] as const) {
  lowerAll(`${name}P`, 'floatTwo', (size, lanes) => configure(operation, size, lanes) | F_PAIRS, 'VH');
  const pair = (f: Fields, size: number) => ({
    handler: handlerOf(`${name}P.pair`, size, 1, 'floatTwo'),
    ...registers(f),
    imm: configure(operation, size, 1) | F_PAIRS,
  });
  semantics.lower(`${name}P_pair`, f => pair(f, 2 + f.sz));
  semantics.lower(`${name}P_pair_half`, f => pair(f, 1));
  if (!across) continue;
  semantics.lower(`${name}V_across`, f => ({
    handler: 'floatAcross',
    ...registers(f),
    imm: configure(operation, 2, 4),
  }));
  semantics.lower(`${name}V_across_half`, f => ({
    handler: 'floatAcross',
    ...registers(f),
    imm: configure(operation, 1, lanesIn(1, f.Q)),
  }));
}

// Rounding modes by the letter of FRINTx and FCVTxS.
for (const [letter, mode, name] of roundings) {
  const operation = letter === 'X' ? F_RINTX : F_RINT;
  const configuration = (size: number, lanes: number) => configure(operation, size, lanes, mode);
  lowerAll(`FRINT${letter}`, 'floatOne', configuration, 'VH', `FRINT.${name}`);
  if (mode === F_CURRENT) continue;
  lowerAll(`FCVT${letter}S`, 'floatOne', (size, lanes) => configure(F_TO_SIGNED, size, lanes, mode), 'VSH');
  lowerAll(`FCVT${letter}U`, 'floatOne', (size, lanes) => configure(F_TO_UNSIGNED, size, lanes, mode), 'VSH');
}
for (const [name, operation, forms, argument] of [
  ['FCMGT_zero', F_CMGT0, 'VSH', 0],
  ['FCMGE_zero', F_CMGE0, 'VSH', 0],
  ['FCMEQ_zero', F_CMEQ0, 'VSH', 0],
  ['FCMLE_zero', F_CMLE0, 'VSH', 0],
  ['FCMLT_zero', F_CMLT0, 'VSH', 0],
  ['SCVTF', F_FROM_SIGNED, 'VSH', 0],
  ['UCVTF', F_FROM_UNSIGNED, 'VSH', 0],
  ['FRECPE', F_RECPE, 'VSH', 0],
  ['FRSQRTE', F_RSQRTE, 'VSH', 0],
  ['FRECPX', F_RECPX, 'SH', 0],
  ['FSQRT', F_SQRT, 'VH', 0],
  ['FRINT32Z', F_RINT32, 'V', 3],
  ['FRINT32X', F_RINT32, 'V', F_CURRENT],
  ['FRINT64Z', F_RINT64, 'V', 3],
  ['FRINT64X', F_RINT64, 'V', F_CURRENT],
] as const) {
  lowerAll(name, 'floatOne', (size, lanes) => configure(operation, size, lanes, argument), forms);
}

// Signs are bits.
for (const size of [1, 2, 3]) {
  const sign = 1n << BigInt((8 << size) - 1);
  for (const q of [0, 1]) {
    semantics.add(`FABS.vector.${size}.${q}`, fp(write(q, and(v('rn'), every(size, sign - 1n)))));
    semantics.add(`FNEG.vector.${size}.${q}`, fp(write(q, xor(v('rn'), every(size, sign)))));
  }
}
for (const name of ['FABS', 'FNEG']) {
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.vector.${2 + f.sz}.${f.Q}`, ...registers(f) }));
  semantics.lower(`${name}_vec_half`, f => ({ handler: `${name}.vector.1.${f.Q}`, ...registers(f) }));
}

// By element: the record's rm points at the element.
for (const [name, operation] of [
  ['FMLA', F_MLA],
  ['FMLS', F_MLS],
  ['FMUL', F_MUL],
  ['FMULX', F_MULX],
] as const) {
  const lower = (f: Fields, size: number, lanes: number) => ({
    handler: handlerOf(`${name}.element`, size, lanes, 'floatTwo'),
    rd: simd(f.Rd),
    rn: simd(f.Rn),
    rm: simd(elementRegister(f, size)) + (elementIndex(f, size) << size),
    imm: configure(operation, size, lanes) | F_ELEMENT,
  });
  semantics.lower(`${name}_elem`, f => lower(f, 2 + f.sz, lanesIn(2 + f.sz, f.Q)));
  semantics.lower(`${name}_elem_scalar`, f => lower(f, 2 + f.sz, 1));
  semantics.lower(`${name}_elem_half`, f => lower(f, 1, lanesIn(1, f.Q)));
  semantics.lower(`${name}_elem_scalar_half`, f => lower(f, 1, 1));
}

// Conversions between precisions. The immediate: narrow size 1:0, upper 2, to odd 3, BFloat16 4.
const field = (shift: number, mask: number): Expr => op('i32.and', op('i32.shr_u', immLow, c32(shift)), c32(mask));
semantics.add('floatNarrow', fp([core('floatNarrow', rd, rn, field(0, 3), field(2, 1), field(3, 1), field(4, 1))]));
semantics.add('floatLong', fp([core('floatLong', rd, rn, field(0, 3), field(2, 1))]));
const narrowing = (row: string, imm: (f: Fields) => number): void =>
  semantics.lower(row, f => ({ handler: 'floatNarrow', ...registers(f), imm: imm(f) | (f.Q << 2) }));
narrowing('FCVTN_vec', f => 1 + f.sz);
narrowing('FCVTXN_vec', () => 2 | 8);
narrowing('BFCVTN_vec', () => 1 | 16);
semantics.lower('FCVTL_vec', f => ({ handler: 'floatLong', ...registers(f), imm: (1 + f.sz) | (f.Q << 2) }));
semantics.add('FCVTXN.scalar', fp(setVZ('rd', call('i32', 'fcvtxn', v('rn', 'i64')))));
semantics.lower('FCVTXN_scalar', f => ({ handler: 'FCVTXN.scalar', ...registers(f) }));

// Complex numbers. The immediate: size 1:0, lanes 7:4, rotation 9:8, by element 10.
const complex = [field(0, 3), field(4, 15), field(8, 3)];
semantics.add('floatComplexAdd', fp([core('floatComplexAdd', rd, rn, rm, ...complex)]));
semantics.add('floatComplexMultiply', fp([core('floatComplexMultiply', rd, rn, rm, ...complex, field(10, 1))]));
semantics.lower('FCADD_vec', f => ({
  handler: 'floatComplexAdd',
  ...registers(f),
  imm: f.size | (lanesIn(f.size, f.Q) << 4) | (f.rot << 8),
}));
semantics.lower('FCMLA_vec', f => ({
  handler: 'floatComplexMultiply',
  ...registers(f),
  imm: f.size | (lanesIn(f.size, f.Q) << 4) | (f.rot << 8),
}));
semantics.lower('FCMLA_elem', f => {
  const index = f.size === 1 ? (f.H << 1) | f.L : f.H;
  return {
    handler: 'floatComplexMultiply',
    rd: simd(f.Rd),
    rn: simd(f.Rn),
    rm: simd((f.M << 4) | f.Rm) + index * (2 << f.size),
    imm: f.size | (lanesIn(f.size, f.Q) << 4) | (f.rot << 8) | (1 << 10),
  };
});

// Half to single precision. The immediate: lanes 3:0, subtract 4, by element 5. Operands point at the halves to use.
semantics.add('floatMultiplyLong', fp([core('floatMultiplyLong', rd, rn, rm, field(0, 15), field(4, 1), field(5, 1))]));
for (const [name, upper, subtract] of [
  ['FMLAL', 0, 0],
  ['FMLSL', 0, 1],
  ['FMLAL2', 1, 0],
  ['FMLSL2', 1, 1],
] as const) {
  const first = (f: Fields): number => (upper ? 4 << f.Q : 0);
  semantics.lower(`${name}_vec`, f => ({
    handler: 'floatMultiplyLong',
    rd: simd(f.Rd),
    rn: simd(f.Rn) + first(f),
    rm: simd(f.Rm) + first(f),
    imm: (2 << f.Q) | (subtract << 4),
  }));
  semantics.lower(`${name}_elem`, f => ({
    handler: 'floatMultiplyLong',
    rd: simd(f.Rd),
    rn: simd(f.Rn) + first(f),
    rm: simd(f.Rm) + 2 * elementIndex(f, 1),
    imm: (2 << f.Q) | (subtract << 4) | (1 << 5),
  }));
}

// BFloat16.
semantics.add('bfloatDot', fp([core('bfloatDot', rd, rn, rm, field(0, 15), field(4, 1))]));
semantics.add('bfloatMatrix', fp([core('bfloatMatrix', rd, rn, rm)]));
semantics.add('bfloatMultiplyLong', fp([core('bfloatMultiplyLong', rd, rn, rm, immLow)]));
semantics.lower('BFDOT_vec', f => ({ handler: 'bfloatDot', ...registers(f), imm: 2 << f.Q }));
semantics.lower('BFDOT_elem', f => ({
  handler: 'bfloatDot',
  rd: simd(f.Rd),
  rn: simd(f.Rn),
  rm: simd((f.M << 4) | f.Rm) + 4 * elementIndex(f, 2),
  imm: (2 << f.Q) | 16,
}));
semantics.lower('BFMMLA_vec', f => ({ handler: 'bfloatMatrix', ...registers(f) }));
for (const [name, odd] of [
  ['BFMLALB', 0],
  ['BFMLALT', 2],
] as const) {
  semantics.lower(`${name}_vec`, f => ({
    handler: 'bfloatMultiplyLong',
    rd: simd(f.Rd),
    rn: simd(f.Rn) + odd,
    rm: simd(f.Rm) + odd,
    imm: 0,
  }));
  semantics.lower(`${name}_elem`, f => ({
    handler: 'bfloatMultiplyLong',
    rd: simd(f.Rd),
    rn: simd(f.Rn) + odd,
    rm: simd(f.Rm) + 2 * elementIndex(f, 1),
    imm: 1,
  }));
}
