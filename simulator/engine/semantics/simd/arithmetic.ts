/** Integer arithmetic on vectors: three same, three different, by element, two registers, across lanes. */

import type { Fields } from '../../../arch/instructions/row.ts';
import { elementIndex, elementRegister } from '../../../arch/instructions/simd/by-element.ts';
import { bind, c32, type Expr, op, setV, shuffle, v } from '../../ir.ts';
import {
  A_ADD,
  A_SADDL,
  A_SMAX,
  A_SMIN,
  A_UADDL,
  A_UMAX,
  A_UMIN,
  F_ARGUMENT_SHIFT,
  F_LANES_SHIFT,
  F_SIZE_SHIFT,
  I_CLS,
  I_CLZ,
  I_ELEMENT,
  I_PMUL,
  I_RBIT,
  I_SQABS,
  I_SQDMULH,
  I_SQNEG,
  I_SQRDMLAH,
  I_SQRDMLSH,
  I_SQRDMULH,
  I_SQRSHL,
  I_SQSHL,
  I_SRSHL,
  I_SSHL,
  I_SUQADD,
  I_UPPER,
  I_UQRSHL,
  I_UQSHL,
  I_URECPE,
  I_URSHL,
  I_URSQRTE,
  I_USHL,
  I_USQADD,
  L_PMULL,
  L_SQDMLAL,
  L_SQDMLSL,
  L_SQDMULL,
  N_MIXED,
  N_SIGNED,
  N_UNSIGNED,
} from '../../simd-operations.ts';
import { simd } from '../handler.ts';
import {
  and,
  at,
  bindAll,
  bitselect,
  core,
  every,
  fp,
  immLow,
  lanesOf,
  masked,
  narrow,
  not,
  ones,
  or,
  rd,
  registers,
  rm,
  rn,
  Semantics,
  setSaturated,
  shapes,
  splatElement,
  unzip,
  widen,
  write,
  writeHalf,
  xor,
  zeros,
} from './build.ts';

const semantics = new Semantics();
export const { handlers: arithmeticHandlers, lowerings: arithmeticLowerings } = semantics;

type Compute = (size: number, a: Expr, b: Expr, d: Expr) => Expr;

const sign = (size: number): bigint => 1n << BigInt((8 << size) - 1);
const add: Compute = (size, a, b) => at(size, 'add', a, b);
const sub: Compute = (size, a, b) => at(size, 'sub', a, b);

/** a > b, unsigned: WebAssembly lacks it for 64 bits. */
const higher: Compute = (size, a, b) =>
  size < 3 ? at(size, 'gt_u', a, b) : at(3, 'gt_s', xor(a, every(3, sign(3))), xor(b, every(3, sign(3))));

/** Products of bytes: the low halves of their 16-bit products. */
const multiply: Compute = (size, a, b) =>
  size
    ? at(size, 'mul', a, b)
    : shuffle(
        op('i16x8.extmul_low_i8x16_u', a, b),
        op('i16x8.extmul_high_i8x16_u', a, b),
        Array.from({ length: 16 }, (_, i) => 2 * i),
      );

const shr = (size: number, signed: boolean, value: Expr, by: number): Expr =>
  at(size, signed ? 'shr_s' : 'shr_u', value, c32(by));
const halvingAdd =
  (signed: boolean): Compute =>
  (size, a, b) =>
    add(size, and(a, b), shr(size, signed, xor(a, b), 1), zeros);
const roundingHalvingAdd =
  (signed: boolean): Compute =>
  (size, a, b) =>
    sub(size, or(a, b), shr(size, signed, xor(a, b), 1), zeros);
const halvingSub =
  (signed: boolean): Compute =>
  (size, a, b) =>
    sub(size, shr(size, signed, xor(a, b), 1), and(not(a), b), zeros);
const extreme =
  (name: string): Compute =>
  (size, a, b) =>
    at(size, name, a, b);
const distance =
  (sign: 's' | 'u'): Compute =>
  (size, a, b) =>
    sub(size, at(size, `max_${sign}`, a, b), at(size, `min_${sign}`, a, b), zeros);

const same: Record<string, Compute> = {
  SHADD: halvingAdd(true),
  UHADD: halvingAdd(false),
  SRHADD: roundingHalvingAdd(true),
  URHADD: roundingHalvingAdd(false),
  SHSUB: halvingSub(true),
  UHSUB: halvingSub(false),
  CMGT: (size, a, b) => at(size, 'gt_s', a, b),
  CMHI: higher,
  CMGE: (size, a, b) => at(size, 'ge_s', a, b),
  CMHS: (size, a, b) => not(higher(size, b, a, zeros)),
  CMTST: (size, a, b) => at(size, 'ne', and(a, b), zeros),
  CMEQ: (size, a, b) => at(size, 'eq', a, b),
  SMAX: extreme('max_s'),
  UMAX: extreme('max_u'),
  SMIN: extreme('min_s'),
  UMIN: extreme('min_u'),
  SABD: distance('s'),
  UABD: distance('u'),
  SABA: (size, a, b, d) => add(size, d, distance('s')(size, a, b, d), d),
  UABA: (size, a, b, d) => add(size, d, distance('u')(size, a, b, d), d),
  ADD: add,
  SUB: sub,
  MUL: multiply,
  MLA: (size, a, b, d) => add(size, d, multiply(size, a, b, d), d),
  MLS: (size, a, b, d) => sub(size, d, multiply(size, a, b, d), d),
};

for (const [name, compute] of Object.entries(same)) {
  const doubles = /^(CM|ADD$|SUB$)/.test(name);
  for (let size = 0; size < (doubles ? 4 : 3); size++) {
    for (const q of [0, 1]) {
      const [[a, b], bound] = bindAll(v('rn'), v('rm'));
      const result = compute(size, a, b, v('rd'));
      semantics.add(`${name}.${shapes[size]}.${q}`, fp([...bound, ...write(q, result)]));
    }
  }
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q}`, ...registers(f) }));
  if (doubles) semantics.lower(`${name}_scalar`, f => ({ handler: `${name}.i64x2.0`, ...registers(f) }));
}

const logical: Record<string, (a: Expr, b: Expr, d: Expr) => Expr> = {
  AND: (a, b) => and(a, b),
  BIC: (a, b) => op('v128.andnot', a, b),
  ORR: (a, b) => or(a, b),
  ORN: (a, b) => or(a, not(b)),
  EOR: (a, b) => xor(a, b),
  BSL: (a, b, d) => bitselect(d, a, b),
  BIT: (a, b, d) => bitselect(b, a, d),
  BIF: (a, b, d) => bitselect(b, d, a),
};
for (const [name, compute] of Object.entries(logical)) {
  for (const q of [0, 1]) {
    semantics.add(`${name}.v128.${q}`, fp(write(q, compute(v('rn'), v('rm'), v('rd')))));
  }
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.v128.${f.Q}`, ...registers(f) }));
}
// A move of a whole register needs one operand only.
semantics.add('MOV.v128', fp([setV('rd', v('rn'))]));
semantics.lowerings['ORR_vec'] = f => ({
  handler: f.Rn === f.Rm && f.Q ? 'MOV.v128' : `ORR.v128.${f.Q}`,
  ...registers(f),
});

// Saturating sums: the value, and a mask that is not zero where it was saturated.
const saturating: Record<string, (size: number, a: Expr, b: Expr, sum: Expr) => { overflow: Expr; limit: Expr }> = {
  SQADD: (size, a, b, sum) => ({
    overflow: and(xor(a, sum), xor(b, sum)),
    limit: xor(shr(size, true, a, (8 << size) - 1), every(size, sign(size) - 1n)),
  }),
  SQSUB: (size, a, b, sum) => ({
    overflow: and(xor(a, b), xor(a, sum)),
    limit: xor(shr(size, true, a, (8 << size) - 1), every(size, sign(size) - 1n)),
  }),
  UQADD: (_size, a, b, sum) => ({ overflow: or(and(a, b), and(or(a, b), not(sum))), limit: ones }),
  UQSUB: (_size, a, b, sum) => ({ overflow: or(and(not(a), b), and(not(xor(a, b)), sum)), limit: zeros }),
};
for (const [name, compute] of Object.entries(saturating)) {
  for (let size = 0; size < 4; size++) {
    for (const bytes of new Set([16, 8, 1 << size])) {
      const [[a, b], bound] = bindAll(masked('rn', bytes), masked('rm', bytes));
      const [sum, bindSum] = bind(at(size, name.endsWith('ADD') ? 'add' : 'sub', a, b));
      const { overflow, limit } = compute(size, a, b, sum);
      const [mask, bindMask] = bind(shr(size, true, overflow, (8 << size) - 1));
      semantics.add(
        `${name}.${shapes[size]}.${bytes}`,
        fp([...bound, bindSum, bindMask, setSaturated(mask), setV('rd', bitselect(mask, limit, sum))]),
      );
    }
  }
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q ? 16 : 8}`, ...registers(f) }));
  semantics.lower(`${name}_scalar`, f => ({ handler: `${name}.${shapes[f.size]}.${1 << f.size}`, ...registers(f) }));
}

// Pairs of adjacent elements.
const pairs: Record<string, Compute> = {
  ADDP: add,
  SMAXP: extreme('max_s'),
  UMAXP: extreme('max_u'),
  SMINP: extreme('min_s'),
  UMINP: extreme('min_u'),
};
for (const [name, compute] of Object.entries(pairs)) {
  for (let size = 0; size < (name === 'ADDP' ? 4 : 3); size++) {
    for (const q of size === 3 ? [1] : [0, 1]) {
      const [[a, b], bound] = bindAll(v('rn'), v('rm'));
      const result = compute(size, unzip(size, q, 0, a, b), unzip(size, q, 1, a, b), zeros);
      semantics.add(`${name}.${shapes[size]}.${q}`, fp([...bound, ...write(q, result)]));
    }
  }
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q}`, ...registers(f) }));
}
semantics.add('ADDP.pair', fp(write(0, at(3, 'add', v('rn'), shuffle(v('rn'), v('rn'), lanesOf(3, [1, 0]))))));
semantics.lower('ADDP_pair', f => ({ handler: 'ADDP.pair', ...registers(f) }));

// Long and wide forms, lower (0) or upper (1) half of the sources.
const extended =
  (signed: boolean, name: 'add' | 'sub'): ((size: number, q: number, a: Expr, b: Expr, d: Expr) => Expr) =>
  (size, q, a, b) =>
    at(size + 1, name, widen(size, signed, q === 1, a), widen(size, signed, q === 1, b));
const wide =
  (signed: boolean, name: 'add' | 'sub'): ((size: number, q: number, a: Expr, b: Expr, d: Expr) => Expr) =>
  (size, q, a, b) =>
    at(size + 1, name, a, widen(size, signed, q === 1, b));
const product = (size: number, signed: boolean, q: number, a: Expr, b: Expr): Expr =>
  op(`${shapes[size + 1]}.extmul_${q ? 'high' : 'low'}_${shapes[size]}_${signed ? 's' : 'u'}`, a, b);
const longDistance = (size: number, signed: boolean, q: number, a: Expr, b: Expr): Expr =>
  widen(size, false, q === 1, distance(signed ? 's' : 'u')(size, a, b, zeros));

const long: Record<string, (size: number, q: number, a: Expr, b: Expr, d: Expr) => Expr> = {};
for (const [letter, signed] of [
  ['S', true],
  ['U', false],
] as const) {
  long[`${letter}ADDL`] = extended(signed, 'add');
  long[`${letter}SUBL`] = extended(signed, 'sub');
  long[`${letter}ADDW`] = wide(signed, 'add');
  long[`${letter}SUBW`] = wide(signed, 'sub');
  long[`${letter}ABDL`] = (size, q, a, b) => longDistance(size, signed, q, a, b);
  long[`${letter}ABAL`] = (size, q, a, b, d) => at(size + 1, 'add', d, longDistance(size, signed, q, a, b));
  long[`${letter}MULL`] = (size, q, a, b) => product(size, signed, q, a, b);
  long[`${letter}MLAL`] = (size, q, a, b, d) => at(size + 1, 'add', d, product(size, signed, q, a, b));
  long[`${letter}MLSL`] = (size, q, a, b, d) => at(size + 1, 'sub', d, product(size, signed, q, a, b));
}
for (const [name, compute] of Object.entries(long)) {
  for (let size = 0; size < 3; size++) {
    for (const q of [0, 1]) {
      const [[a, b], bound] = bindAll(v('rn'), v('rm'));
      const result = compute(size, q, a, b, v('rd'));
      semantics.add(`${name}.${shapes[size]}.${q}`, fp([...bound, setV('rd', result)]));
    }
  }
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q}`, ...registers(f) }));
}

// High halves.
for (const [name, operation, rounded] of [
  ['ADDHN', 'add', false],
  ['RADDHN', 'add', true],
  ['SUBHN', 'sub', false],
  ['RSUBHN', 'sub', true],
] as const) {
  for (let size = 0; size < 3; size++) {
    for (const q of [0, 1]) {
      const sum = at(size + 1, operation, v('rn'), v('rm'));
      const value = rounded ? at(size + 1, 'add', sum, every(size + 1, sign(size))) : sum;
      const [bound, statement] = bind(value);
      semantics.add(`${name}.${shapes[size]}.${q}`, fp([statement, ...writeHalf(q, narrow(size, true, bound))]));
    }
  }
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q}`, ...registers(f) }));
}

// By element: the record's rm points at the element.
const byElement = (f: Fields): { rd: number; rn: number; rm: number } => ({
  rd: simd(f.Rd),
  rn: simd(f.Rn),
  rm: simd(elementRegister(f, f.size)) + (elementIndex(f, f.size) << f.size),
});
for (const name of ['MUL', 'MLA', 'MLS']) {
  for (const size of [1, 2]) {
    for (const q of [0, 1]) {
      const result = same[name](size, v('rn'), splatElement(size, 'rm'), v('rd'));
      semantics.add(`${name}.element.${shapes[size]}.${q}`, fp(write(q, result)));
    }
  }
  semantics.lower(`${name}_elem`, f => ({ handler: `${name}.element.${shapes[f.size]}.${f.Q}`, ...byElement(f) }));
}
for (const name of ['SMULL', 'UMULL', 'SMLAL', 'UMLAL', 'SMLSL', 'UMLSL']) {
  for (const size of [1, 2]) {
    for (const q of [0, 1]) {
      const result = long[name](size, q, v('rn'), splatElement(size, 'rm'), v('rd'));
      semantics.add(`${name}.element.${shapes[size]}.${q}`, fp([setV('rd', result)]));
    }
  }
  semantics.lower(`${name}_elem`, f => ({ handler: `${name}.element.${shapes[f.size]}.${f.Q}`, ...byElement(f) }));
}

// Two registers.
const reverse = (container: number) => (size: number, a: Expr) => {
  const per = container >> size;
  const order = Array.from({ length: 16 >> size }, (_, i) => i - (i % per) + (per - 1 - (i % per)));
  return shuffle(a, a, lanesOf(size, order));
};
const longer =
  (signed: boolean) =>
  (size: number, a: Expr): Expr => {
    const letter = signed ? 's' : 'u';
    if (size < 2) return op(`${shapes[size + 1]}.extadd_pairwise_${shapes[size]}_${letter}`, a);
    const low = at(3, `shr_${letter}`, at(3, 'shl', a, c32(32)), c32(32));
    return at(3, 'add', low, at(3, `shr_${letter}`, a, c32(32)));
  };
// Sizes as a number of them from bytes on, and the operation.
const unary: Record<string, [number, (size: number, a: Expr, d: Expr) => Expr]> = {
  REV64: [3, reverse(8)],
  REV32: [2, reverse(4)],
  REV16: [1, reverse(2)],
  SADDLP: [3, longer(true)],
  UADDLP: [3, longer(false)],
  SADALP: [3, (size, a, d) => at(size + 1, 'add', d, longer(true)(size, a))],
  UADALP: [3, (size, a, d) => at(size + 1, 'add', d, longer(false)(size, a))],
  CNT: [1, (_size, a) => op('i8x16.popcnt', a)],
  CMGT_zero: [4, (size, a) => at(size, 'gt_s', a, zeros)],
  CMGE_zero: [4, (size, a) => at(size, 'ge_s', a, zeros)],
  CMEQ_zero: [4, (size, a) => at(size, 'eq', a, zeros)],
  CMLE_zero: [4, (size, a) => at(size, 'le_s', a, zeros)],
  CMLT_zero: [4, (size, a) => at(size, 'lt_s', a, zeros)],
  ABS: [4, (size, a) => at(size, 'abs', a)],
  NEG: [4, (size, a) => at(size, 'neg', a)],
};
for (const [name, [sizes, compute]] of Object.entries(unary)) {
  for (let size = 0; size < sizes; size++) {
    for (const q of [0, 1]) {
      const [a, bound] = bind(v('rn'));
      semantics.add(`${name}.${shapes[size]}.${q}`, fp([bound, ...write(q, compute(size, a, v('rd')))]));
    }
  }
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q}`, ...registers(f) }));
  if (sizes === 4) semantics.lower(`${name}_scalar`, f => ({ handler: `${name}.i64x2.0`, ...registers(f) }));
}
for (const q of [0, 1]) semantics.add(`NOT.v128.${q}`, fp(write(q, not(v('rn')))));
semantics.lower('NOT_vec', f => ({ handler: `NOT.v128.${f.Q}`, ...registers(f) }));

for (let size = 0; size < 3; size++) {
  for (const q of [0, 1]) {
    semantics.add(`XTN.${shapes[size]}.${q}`, fp(writeHalf(q, narrow(size, false, v('rn')))));
    const shifted = at(size + 1, 'shl', widen(size, false, q === 1, v('rn')), c32(8 << size));
    semantics.add(`SHLL.${shapes[size]}.${q}`, fp([setV('rd', shifted)]));
  }
}
for (const name of ['XTN', 'SHLL']) {
  semantics.lower(`${name}_vec`, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q}`, ...registers(f) }));
}

// What the core does element by element. One handler for each of its functions; the configuration is the immediate.
semantics.add('simdTwo', fp([core('simdTwo', rd, rn, rm, immLow)]));
semantics.add('simdOne', fp([core('simdOne', rd, rn, immLow)]));
semantics.add('simdLong', fp([core('simdLong', rd, rn, rm, immLow)]));
semantics.add('simdNarrow', fp([core('simdNarrow', rd, rn, immLow)]));
semantics.add('simdAcross', fp([core('simdAcross', rd, rn, immLow)]));

/** A configuration word, see simd-operations.ts. */
export const configure = (operation: number, size: number, lanes: number, argument = 0): number =>
  operation | (size << F_SIZE_SHIFT) | (lanes << F_LANES_SHIFT) | (argument << F_ARGUMENT_SHIFT);
/** Elements of a size in 64 or 128 bits. */
export const lanesIn = (size: number, q: number): number => (8 << q) >> size;

for (const [name, operation, scalar] of [
  ['SSHL', I_SSHL, true],
  ['USHL', I_USHL, true],
  ['SQSHL', I_SQSHL, true],
  ['UQSHL', I_UQSHL, true],
  ['SRSHL', I_SRSHL, true],
  ['URSHL', I_URSHL, true],
  ['SQRSHL', I_SQRSHL, true],
  ['UQRSHL', I_UQRSHL, true],
  ['SQDMULH', I_SQDMULH, true],
  ['SQRDMULH', I_SQRDMULH, true],
  ['SQRDMLAH', I_SQRDMLAH, true],
  ['SQRDMLSH', I_SQRDMLSH, true],
  ['PMUL', I_PMUL, false],
  ['SUQADD', I_SUQADD, true],
  ['USQADD', I_USQADD, true],
] as const) {
  semantics.lower(`${name}_vec`, f => ({
    handler: 'simdTwo',
    ...registers(f),
    imm: configure(operation, f.size, lanesIn(f.size, f.Q)),
  }));
  if (scalar) {
    semantics.lower(`${name}_scalar`, f => ({
      handler: 'simdTwo',
      ...registers(f),
      imm: configure(operation, f.size, 1),
    }));
  }
  if (operation >= I_SQDMULH && operation <= I_SQRDMLSH) {
    semantics.lower(`${name}_elem`, f => ({
      handler: 'simdTwo',
      ...byElement(f),
      imm: configure(operation, f.size, lanesIn(f.size, f.Q)) | I_ELEMENT,
    }));
    semantics.lower(`${name}_elem_scalar`, f => ({
      handler: 'simdTwo',
      ...byElement(f),
      imm: configure(operation, f.size, 1) | I_ELEMENT,
    }));
  }
}

for (const [name, operation, scalar] of [
  ['CLS', I_CLS, false],
  ['CLZ', I_CLZ, false],
  ['SQABS', I_SQABS, true],
  ['SQNEG', I_SQNEG, true],
] as const) {
  semantics.lower(`${name}_vec`, f => ({
    handler: 'simdOne',
    ...registers(f),
    imm: configure(operation, f.size, lanesIn(f.size, f.Q)),
  }));
  if (scalar) {
    semantics.lower(`${name}_scalar`, f => ({
      handler: 'simdOne',
      ...registers(f),
      imm: configure(operation, f.size, 1),
    }));
  }
}
for (const [row, operation, size] of [
  ['RBIT_vec', I_RBIT, 0],
  ['URECPE_vec', I_URECPE, 2],
  ['URSQRTE_vec', I_URSQRTE, 2],
] as const) {
  semantics.lower(row, f => ({
    handler: 'simdOne',
    ...registers(f),
    imm: configure(operation, size, lanesIn(size, f.Q)),
  }));
}

for (const [name, operation] of [
  ['SQDMULL', L_SQDMULL],
  ['SQDMLAL', L_SQDMLAL],
  ['SQDMLSL', L_SQDMLSL],
] as const) {
  const upper = (f: Fields): number => (f.Q ? I_UPPER : 0);
  semantics.lower(`${name}_vec`, f => ({
    handler: 'simdLong',
    ...registers(f),
    imm: configure(operation, f.size, lanesIn(f.size, 0)) | upper(f),
  }));
  semantics.lower(`${name}_elem`, f => ({
    handler: 'simdLong',
    ...byElement(f),
    imm: configure(operation, f.size, lanesIn(f.size, 0)) | upper(f) | I_ELEMENT,
  }));
  semantics.lower(`${name}_scalar`, f => ({
    handler: 'simdLong',
    ...registers(f),
    imm: configure(operation, f.size, 1),
  }));
  semantics.lower(`${name}_elem_scalar`, f => ({
    handler: 'simdLong',
    ...byElement(f),
    imm: configure(operation, f.size, 1) | I_ELEMENT,
  }));
}
for (const row of ['PMULL_vec', 'PMULL_vec_double']) {
  semantics.lower(row, f => {
    const size = row === 'PMULL_vec' ? 0 : 3;
    return {
      handler: 'simdLong',
      ...registers(f),
      imm: configure(L_PMULL, size, 8) | (f.Q ? I_UPPER : 0),
    };
  });
}

for (const [name, operation] of [
  ['SQXTN', N_SIGNED],
  ['UQXTN', N_UNSIGNED],
  ['SQXTUN', N_MIXED],
] as const) {
  semantics.lower(`${name}_vec`, f => ({
    handler: 'simdNarrow',
    ...registers(f),
    imm: configure(operation, f.size, lanesIn(f.size, 0)) | (f.Q ? I_UPPER : 0),
  }));
  semantics.lower(`${name}_scalar`, f => ({
    handler: 'simdNarrow',
    ...registers(f),
    imm: configure(operation, f.size, 1),
  }));
}

for (const [name, operation] of [
  ['ADDV', A_ADD],
  ['SADDLV', A_SADDL],
  ['UADDLV', A_UADDL],
  ['SMAXV', A_SMAX],
  ['UMAXV', A_UMAX],
  ['SMINV', A_SMIN],
  ['UMINV', A_UMIN],
] as const) {
  semantics.lower(`${name}_across`, f => ({
    handler: 'simdAcross',
    ...registers(f),
    imm: configure(operation, f.size, lanesIn(f.size, f.Q)),
  }));
}

// Dot products and matrices of bytes. Bit 0 of the signs is for Vn, bit 1 for Vm.
semantics.add(
  'simdDot',
  fp([
    core(
      'simdDot',
      rd,
      rn,
      rm,
      op('i32.and', immLow, c32(15)),
      op('i32.and', op('i32.shr_u', immLow, c32(4)), c32(3)),
      op('i32.shr_u', immLow, c32(6)),
    ),
  ]),
);
semantics.add('simdMatrix', fp([core('simdMatrix', rd, rn, rm, immLow)]));
for (const [name, signs] of [
  ['SDOT', 3],
  ['UDOT', 0],
  ['USDOT', 2],
  ['SUDOT', 1],
] as const) {
  if (name !== 'SUDOT') {
    semantics.lower(`${name}_vec`, f => ({ handler: 'simdDot', ...registers(f), imm: (2 << f.Q) | (signs << 4) }));
  }
  semantics.lower(`${name}_elem`, f => ({
    handler: 'simdDot',
    rd: simd(f.Rd),
    rn: simd(f.Rn),
    rm: simd((f.M << 4) | f.Rm) + 4 * elementIndex(f, 2),
    imm: (2 << f.Q) | (signs << 4) | 64,
  }));
}
for (const [name, signs] of [
  ['SMMLA', 3],
  ['UMMLA', 0],
  ['USMMLA', 2],
] as const) {
  semantics.lower(`${name}_vec`, f => ({ handler: 'simdMatrix', ...registers(f), imm: signs }));
}
