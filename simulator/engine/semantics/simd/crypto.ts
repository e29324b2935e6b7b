/** Cryptographic instructions: functions of the core, but for the plain logic of SHA3. */

import { bind, type Expr, immLow, number, op, setV, shuffle, v } from '../../ir.ts';
import { simd } from '../handler.ts';
import { and, at, c32, core, every, fp, not, or, rd, registers, rm, rn, Semantics, xor } from './build.ts';

const semantics = new Semantics();
export const { handlers: cryptoHandlers, lowerings: cryptoLowerings } = semantics;

// Row, function of the core, its operands, and a constant argument.
for (const [row, fn, operands, argument] of [
  ['AESE', 'aesRound', 'dn', 0],
  ['AESD', 'aesRound', 'dn', 1],
  ['SHA1C', 'sha1Rounds', 'dnm', 0],
  ['SHA1P', 'sha1Rounds', 'dnm', 1],
  ['SHA1M', 'sha1Rounds', 'dnm', 2],
  ['SHA1SU0', 'sha1Schedule0', 'dnm'],
  ['SHA1SU1', 'sha1Schedule1', 'dn'],
  ['SHA1H', 'sha1Hash', 'dn'],
  ['SHA256H', 'sha256Rounds', 'dnm', 0],
  ['SHA256H2', 'sha256Rounds', 'dnm', 1],
  ['SHA256SU0', 'sha256Schedule0', 'dn'],
  ['SHA256SU1', 'sha256Schedule1', 'dnm'],
  ['SHA512H', 'sha512Hash', 'dnm'],
  ['SHA512H2', 'sha512Hash2', 'dnm'],
  ['SHA512SU0', 'sha512Schedule0', 'dn'],
  ['SHA512SU1', 'sha512Schedule1', 'dnm'],
  ['SM3SS1', 'sm3Ss1', 'dnma'],
  ['SM3PARTW1', 'sm3Part1', 'dnm'],
  ['SM3PARTW2', 'sm3Part2', 'dnm'],
  ['SM4E', 'sm4Rounds', 'ddn', 0],
  ['SM4EKEY', 'sm4Rounds', 'dnm', 1],
] as const) {
  const registerOf = { d: rd, n: rn, m: rm, a: number('ra') };
  const args = [...operands].map(letter => registerOf[letter as keyof typeof registerOf]);
  if (argument !== undefined) args.push(c32(argument));
  semantics.add(row, fp([core(fn, ...args)]));
  semantics.lower(row, f => ({ handler: row, ...registers(f), ...('Ra' in f ? { ra: simd(f.Ra) } : {}) }));
}

// MixColumns (FIPS 197, 5.1.3): the sum of 2, 3, 1 and 1 times the bytes of a column from each on. The inverse adds 4
// times the sum of every other byte before.
const turned = (value: Expr, by: number): Expr =>
  shuffle(
    value,
    value,
    Array.from({ length: 16 }, (_, i) => (i & 12) | ((i + by) & 3)),
  );
const doubled = (value: Expr): Expr =>
  xor(at(0, 'shl', value, c32(1)), and(at(0, 'shr_s', value, c32(7)), every(0, 0x1bn)));
for (const row of ['AESMC', 'AESIMC']) {
  const [state, bindState] = bind(v('rn'));
  const before = row === 'AESMC' ? state : xor(state, doubled(doubled(xor(state, turned(state, 2)))));
  const [a, bindA] = bind(before);
  const [next, bindNext] = bind(turned(a, 1));
  const others = xor(next, xor(turned(a, 2), turned(a, 3)));
  semantics.add(row, fp([bindState, bindA, bindNext, setV('rd', xor(doubled(xor(a, next)), others))]));
  semantics.lower(row, f => ({ handler: row, ...registers(f) }));
}

// The record's rm points at the word.
['SM3TT1A', 'SM3TT1B', 'SM3TT2A', 'SM3TT2B'].forEach((row, kind) => {
  semantics.add(row, fp([core('sm3Round', rd, rn, rm, c32(kind))]));
  semantics.lower(row, f => ({ handler: row, rd: simd(f.Rd), rn: simd(f.Rn), rm: simd(f.Rm) + 4 * f.imm2 }));
});

semantics.add('EOR3', fp([setV('rd', xor(xor(v('rn'), v('rm')), v('ra')))]));
semantics.add('BCAX', fp([setV('rd', xor(v('rn'), and(v('rm'), not(v('ra')))))]));
for (const row of ['EOR3', 'BCAX']) {
  semantics.lower(row, f => ({ handler: row, ...registers(f), ra: simd(f.Ra) }));
}
const rotated = or(at(3, 'shl', v('rm'), c32(1)), at(3, 'shr_u', v('rm'), c32(63)));
semantics.add('RAX1', fp([setV('rd', xor(v('rn'), rotated))]));
semantics.lower('RAX1', f => ({ handler: 'RAX1', ...registers(f) }));
// WebAssembly takes amounts modulo 64, which makes a rotation by 0 right.
const mixed = xor(v('rn'), v('rm'));
const back = op('i32.sub', c32(64), immLow);
semantics.add('XAR', fp([setV('rd', or(at(3, 'shr_u', mixed, immLow), at(3, 'shl', mixed, back)))]));
semantics.lower('XAR', f => ({ handler: 'XAR', ...registers(f), imm: f.imm6 }));
