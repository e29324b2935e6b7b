/** Shifts of vectors by immediates. */

import type { Fields } from '../../../arch/instructions/row.ts';
import { leftAmount, rightAmount, shiftSize } from '../../../arch/instructions/simd/shift.ts';
import { bind, type Expr, setV, v } from '../../ir.ts';
import {
  F_FROM_SIGNED,
  F_FROM_UNSIGNED,
  F_TO_SIGNED,
  F_TO_UNSIGNED,
  I_SQSHL_IMM,
  I_SQSHLU_IMM,
  I_UPPER,
  I_UQSHL_IMM,
  N_MIXED,
  N_ROUND,
  N_SIGNED,
  N_UNSIGNED,
} from '../../simd-operations.ts';
import { configure, lanesIn } from './arithmetic.ts';
import {
  and,
  at,
  bitselect,
  c32,
  every,
  fp,
  immLow,
  narrow,
  ones,
  registers,
  Semantics,
  shapes,
  widen,
  write,
  writeHalf,
} from './build.ts';

const semantics = new Semantics();
export const { handlers: shiftHandlers, lowerings: shiftLowerings } = semantics;

const left = (f: Fields): number => leftAmount(f.immh, f.immb);
const right = (f: Fields): number => rightAmount(f.immh, f.immb);

/**
 * A shift right by 1 to the element size: by one less, which the record has, and by one more place, since WebAssembly
 * takes amounts modulo the element size. Rounding adds the last bit that goes.
 */
function shiftRight(size: number, signed: boolean, rounded: boolean, value: Expr): Expr {
  const name = signed ? 'shr_s' : 'shr_u';
  const most = at(size, name, value, immLow);
  const result = at(size, name, most, c32(1));
  return rounded ? at(size, 'add', result, and(most, every(size, 1n))) : result;
}

for (const [name, compute] of [
  ['SSHR', (size: number) => shiftRight(size, true, false, v('rn'))],
  ['USHR', (size: number) => shiftRight(size, false, false, v('rn'))],
  ['SRSHR', (size: number) => shiftRight(size, true, true, v('rn'))],
  ['URSHR', (size: number) => shiftRight(size, false, true, v('rn'))],
  ['SSRA', (size: number) => at(size, 'add', v('rd'), shiftRight(size, true, false, v('rn')))],
  ['USRA', (size: number) => at(size, 'add', v('rd'), shiftRight(size, false, false, v('rn')))],
  ['SRSRA', (size: number) => at(size, 'add', v('rd'), shiftRight(size, true, true, v('rn')))],
  ['URSRA', (size: number) => at(size, 'add', v('rd'), shiftRight(size, false, true, v('rn')))],
  [
    'SRI',
    (size: number) => bitselect(shiftRight(size, false, false, ones), shiftRight(size, false, false, v('rn')), v('rd')),
  ],
  ['SHL', (size: number) => at(size, 'shl', v('rn'), immLow)],
  ['SLI', (size: number) => bitselect(at(size, 'shl', ones, immLow), at(size, 'shl', v('rn'), immLow), v('rd'))],
] as const) {
  for (let size = 0; size < 4; size++) {
    for (const q of [0, 1]) semantics.add(`${name}.imm.${shapes[size]}.${q}`, fp(write(q, compute(size))));
  }
  const amount = name === 'SHL' || name === 'SLI' ? left : (f: Fields) => right(f) - 1;
  semantics.lower(`${name}_shift_vec`, f => ({
    handler: `${name}.imm.${shapes[shiftSize(f.immh)]}.${f.Q}`,
    ...registers(f),
    imm: amount(f),
  }));
  semantics.lower(`${name}_shift_scalar`, f => ({
    handler: `${name}.imm.i64x2.0`,
    ...registers(f),
    imm: amount(f),
  }));
}

for (let size = 0; size < 3; size++) {
  for (const q of [0, 1]) {
    for (const [name, rounded] of [
      ['SHRN', false],
      ['RSHRN', true],
    ] as const) {
      const [value, bound] = bind(shiftRight(size + 1, false, rounded, v('rn')));
      semantics.add(`${name}.${shapes[size]}.${q}`, fp([bound, ...writeHalf(q, narrow(size, false, value))]));
    }
    for (const [name, signed] of [
      ['SSHLL', true],
      ['USHLL', false],
    ] as const) {
      const value = at(size + 1, 'shl', widen(size, signed, q === 1, v('rn')), immLow);
      semantics.add(`${name}.${shapes[size]}.${q}`, fp([setV('rd', value)]));
    }
  }
}
for (const name of ['SHRN', 'RSHRN', 'SSHLL', 'USHLL']) {
  semantics.lower(`${name}_shift_vec`, f => ({
    handler: `${name}.${shapes[shiftSize(f.immh)]}.${f.Q}`,
    ...registers(f),
    imm: name.endsWith('N') ? right(f) - 1 : left(f),
  }));
}

for (const [name, operation] of [
  ['SQSHL', I_SQSHL_IMM],
  ['UQSHL', I_UQSHL_IMM],
  ['SQSHLU', I_SQSHLU_IMM],
] as const) {
  const lower = (f: Fields, lanes: number) => ({
    handler: 'simdOne',
    ...registers(f),
    imm: configure(operation, shiftSize(f.immh), lanes, left(f)),
  });
  semantics.lower(`${name}_shift_vec`, f => lower(f, lanesIn(shiftSize(f.immh), f.Q)));
  semantics.lower(`${name}_shift_scalar`, f => lower(f, 1));
}

for (const [name, operation] of [
  ['SQSHRN', N_SIGNED],
  ['UQSHRN', N_UNSIGNED],
  ['SQSHRUN', N_MIXED],
  ['SQRSHRN', N_SIGNED | N_ROUND],
  ['UQRSHRN', N_UNSIGNED | N_ROUND],
  ['SQRSHRUN', N_MIXED | N_ROUND],
] as const) {
  const lower = (f: Fields, lanes: number, upper: number) => ({
    handler: 'simdNarrow',
    ...registers(f),
    imm: configure(operation, shiftSize(f.immh), lanes, right(f)) | upper,
  });
  semantics.lower(`${name}_shift_vec`, f => lower(f, lanesIn(shiftSize(f.immh), 0), f.Q ? I_UPPER : 0));
  semantics.lower(`${name}_shift_scalar`, f => lower(f, 1, 0));
}

// Fixed-point conversions: the amount is the number of fraction bits. FCVTZx round towards zero (mode 3).
for (const [name, operation] of [
  ['SCVTF', F_FROM_SIGNED],
  ['UCVTF', F_FROM_UNSIGNED],
  ['FCVTZS', F_TO_SIGNED],
  ['FCVTZU', F_TO_UNSIGNED],
] as const) {
  const lower = (f: Fields, lanes: number) => {
    const argument = name.startsWith('FCVT') ? 3 | (right(f) << 3) : right(f);
    return { handler: 'floatOne', ...registers(f), imm: configure(operation, shiftSize(f.immh), lanes, argument) };
  };
  for (const half of ['', '_half']) {
    semantics.lower(`${name}_shift_vec${half}`, f => lower(f, lanesIn(shiftSize(f.immh), f.Q)));
    semantics.lower(`${name}_shift_scalar${half}`, f => lower(f, 1));
  }
}
