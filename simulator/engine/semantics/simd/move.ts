/** Copies, permutations, table look-ups and immediates of vectors. */

import { copyIndex, copySize, expandFloat, expandImmediate, immediate8 } from '../../../arch/instructions/simd/move.ts';
import { type Expr, imm64, lane, op, setV, setX, shuffle, signExtend, v, vector, w, x } from '../../ir.ts';
import { destination, simd, source } from '../handler.ts';
import {
  and,
  at,
  bindAll,
  c32,
  core,
  fp,
  immLow,
  joinLow,
  lanesOf,
  not,
  or,
  rd,
  registers,
  rm,
  rn,
  Semantics,
  shapes,
  splatElement,
  unzip,
  write,
  zeros,
} from './build.ts';

const semantics = new Semantics();
export const { handlers: moveHandlers, lowerings: moveLowerings } = semantics;

// Records point at the element itself.
const elementOf = (register: number, imm5: number): number => simd(register) + (copyIndex(imm5) << copySize(imm5));
const load = (size: number): Expr => (size === 3 ? v('rn', 'i64') : v('rn', 'i32', 0, 1 << size));

for (let size = 0; size < 4; size++) {
  const shape = shapes[size];
  for (const q of [0, 1]) {
    semantics.add(`DUP.element.${shape}.${q}`, fp(write(q, splatElement(size, 'rn'))));
    semantics.add(`DUP.general.${shape}.${q}`, fp(write(q, at(size, 'splat', size === 3 ? x('rn') : w('rn')))));
  }
  const scalar = size === 3 ? load(3) : op('i64.extend_i32_u', load(size));
  semantics.add(`DUP.scalar.${shape}`, fp([setV('rd', lane('i64x2.replace_lane', 0, zeros, scalar))]));
  semantics.add(`INS.general.${shape}`, fp([setV('rd', size === 3 ? x('rn') : w('rn'), 0, 1 << size)]));
  semantics.add(`INS.element.${shape}`, fp([setV('rd', load(size), 0, 1 << size)]));
  semantics.add(`UMOV.${shape}`, fp([setX('rd', load(size))]));
  if (size < 2) semantics.add(`SMOV.${shape}.0`, fp([setX('rd', v('rn', 'i32', 0, 1 << size, true))]));
  if (size < 3) semantics.add(`SMOV.${shape}.1`, fp([setX('rd', signExtend(v('rn', 'i32', 0, 1 << size, true)))]));
}
semantics.lower('DUP_element_vec', f => ({
  handler: `DUP.element.${shapes[copySize(f.imm5)]}.${f.Q}`,
  rd: simd(f.Rd),
  rn: elementOf(f.Rn, f.imm5),
}));
semantics.lower('DUP_element_scalar', f => ({
  handler: `DUP.scalar.${shapes[copySize(f.imm5)]}`,
  rd: simd(f.Rd),
  rn: elementOf(f.Rn, f.imm5),
}));
semantics.lower('DUP_general', f => ({
  handler: `DUP.general.${shapes[copySize(f.imm5)]}.${f.Q}`,
  rd: simd(f.Rd),
  rn: source(f.Rn),
}));
semantics.lower('SMOV', f => ({
  handler: `SMOV.${shapes[copySize(f.imm5)]}.${f.Q}`,
  rd: destination(f.Rd),
  rn: elementOf(f.Rn, f.imm5),
}));
semantics.lower('UMOV', f => ({
  handler: `UMOV.${shapes[copySize(f.imm5)]}`,
  rd: destination(f.Rd),
  rn: elementOf(f.Rn, f.imm5),
}));
semantics.lower('INS_general', f => ({
  handler: `INS.general.${shapes[copySize(f.imm5)]}`,
  rd: elementOf(f.Rd, f.imm5),
  rn: source(f.Rn),
}));
semantics.lower('INS_element', f => ({
  handler: `INS.element.${shapes[copySize(f.imm5)]}`,
  rd: elementOf(f.Rd, f.imm5),
  rn: simd(f.Rn) + ((f.imm4 >> copySize(f.imm5)) << copySize(f.imm5)),
}));

// Permutations are shuffles.
const zip = (size: number, q: number, part: number, a: Expr, b: Expr): Expr => {
  const half = (4 << q) >> size;
  const elements = Array.from({ length: half }, (_, i) => part * half + i).flatMap(e => [e, e + (16 >> size)]);
  return shuffle(a, b, lanesOf(size, elements));
};
const transpose = (size: number, part: number, a: Expr, b: Expr): Expr => {
  const elements = Array.from({ length: 8 >> size }, (_, i) => 2 * i + part).flatMap(e => [e, e + (16 >> size)]);
  return shuffle(a, b, lanesOf(size, elements));
};
for (const [name, permute] of [
  ['UZP1', (size: number, q: number, a: Expr, b: Expr) => unzip(size, q, 0, a, b)],
  ['UZP2', (size: number, q: number, a: Expr, b: Expr) => unzip(size, q, 1, a, b)],
  ['ZIP1', (size: number, q: number, a: Expr, b: Expr) => zip(size, q, 0, a, b)],
  ['ZIP2', (size: number, q: number, a: Expr, b: Expr) => zip(size, q, 1, a, b)],
  ['TRN1', (size: number, _q: number, a: Expr, b: Expr) => transpose(size, 0, a, b)],
  ['TRN2', (size: number, _q: number, a: Expr, b: Expr) => transpose(size, 1, a, b)],
] as const) {
  for (let size = 0; size < 4; size++) {
    for (const q of size === 3 ? [1] : [0, 1]) {
      semantics.add(`${name}.${shapes[size]}.${q}`, fp(write(q, permute(size, q, v('rn'), v('rm')))));
    }
  }
  semantics.lower(name, f => ({ handler: `${name}.${shapes[f.size]}.${f.Q}`, ...registers(f) }));
}

// Bytes from `imm` on: a swizzle gives 0 for an index that is not below 16.
const bytes = vector(0x0706050403020100n, 0x0f0e0d0c0b0a0908n);
const from = at(0, 'add', bytes, at(0, 'splat', immLow));
{
  const [[index], bound] = bindAll(from);
  const low = op('i8x16.swizzle', v('rn'), index);
  const high = op('i8x16.swizzle', v('rm'), at(0, 'sub', index, at(0, 'splat', c32(16))));
  semantics.add('EXT.1', fp([...bound, setV('rd', or(low, high))]));
  semantics.add('EXT.0', fp(write(0, op('i8x16.swizzle', joinLow(v('rn'), v('rm')), from))));
}
semantics.lower('EXT', f => ({ handler: `EXT.${f.Q}`, ...registers(f), imm: f.imm4 }));

for (let count = 1; count <= 4; count++) {
  for (const q of [0, 1]) {
    const [[index], bound] = bindAll(v('rm'));
    let result = op('i8x16.swizzle', v('rn'), index);
    for (let i = 1; i < count; i++) {
      const own = at(0, 'sub', index, at(0, 'splat', c32(16 * i)));
      result = or(result, op('i8x16.swizzle', v('rn', 'v128', 16 * i), own));
    }
    semantics.add(`TBL.${count}.${q}`, fp([...bound, ...write(q, result)]));
  }
}
// Number of tables, of lanes, and whether bytes out of range stay.
const field = (shift: number, mask: number): Expr => op('i32.and', op('i32.shr_u', immLow, c32(shift)), c32(mask));
semantics.add('simdTable', fp([core('simdTable', rd, rn, rm, field(0, 7), field(4, 31), field(12, 1))]));
semantics.lower('TBL', f =>
  f.Rn + f.len <= 31
    ? { handler: `TBL.${f.len + 1}.${f.Q}`, ...registers(f) }
    : { handler: 'simdTable', ...registers(f), imm: (f.len + 1) | ((8 << f.Q) << 4) },
);
semantics.lower('TBX', f => ({
  handler: 'simdTable',
  ...registers(f),
  imm: (f.len + 1) | ((8 << f.Q) << 4) | (1 << 12),
}));

// Immediates, expanded when the record is made.
for (const q of [0, 1]) {
  const all = at(3, 'splat', imm64);
  semantics.add(`MOVI.${q}`, fp(q ? [setV('rd', all)] : [setV('rd', lane('i64x2.replace_lane', 0, zeros, imm64))]));
  semantics.add(`ORR.imm.${q}`, fp(write(q, or(v('rd'), all))));
  semantics.add(`BIC.imm.${q}`, fp(write(q, and(v('rd'), not(all)))));
}
const modified = (row: string, handler: string, value: (f: Parameters<typeof immediate8>[0]) => bigint): void =>
  semantics.lower(row, f => ({ handler: `${handler}.${f.Q ?? 1}`, rd: simd(f.Rd), imm: value(f) }));
modified('MOVI_vec_imm', 'MOVI', f => expandImmediate(f.cmode, 0, immediate8(f)));
modified('MOVI_vec_ones', 'MOVI', f => expandImmediate(12 + f.cmode0, 0, immediate8(f)));
modified('MVNI_vec_imm', 'MOVI', f => ~expandImmediate(f.cmode, 1, immediate8(f)));
modified('MVNI_vec_ones', 'MOVI', f => ~expandImmediate(12 + f.cmode0, 1, immediate8(f)));
modified('MOVI_vec_byte', 'MOVI', f => expandImmediate(14, 0, immediate8(f)));
modified('MOVI_mask', 'MOVI', f => expandImmediate(14, 1, immediate8(f)));
modified('FMOV_vec_imm', 'MOVI', f => expandImmediate(15, 0, immediate8(f)));
modified('FMOV_vec_imm_double', 'MOVI', f => expandImmediate(15, 1, immediate8(f)));
modified('FMOV_vec_imm_half', 'MOVI', f => expandFloat(immediate8(f), 16) * 0x0001_0001_0001_0001n);
modified('ORR_vec_imm', 'ORR.imm', f => expandImmediate(f.cmode, 0, immediate8(f)));
modified('BIC_vec_imm', 'BIC.imm', f => expandImmediate(f.cmode, 1, immediate8(f)));
