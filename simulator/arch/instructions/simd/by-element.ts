/** AdvSIMD vector and scalar by indexed element. Source: Arm ARM C4.1.96. */

import type { Fields, InstructionRow } from '../row.ts';
import { allows, element, scalar, table, vector } from './text.ts';

/** Element number for an element size (log2 of bytes): H:L:M, H:L or H. */
export const elementIndex = (f: Fields, size: number): number =>
  size === 1 ? (f.H << 2) | (f.L << 1) | f.M : size === 2 ? (f.H << 1) | f.L : f.H;
/** Number of the indexed register: halves have only V0 to V15. */
export const elementRegister = (f: Fields, size: number): number => (size === 1 ? f.Rm : (f.M << 4) | f.Rm);

const rows: InstructionRow[] = [];

// Mnemonic, U, opcode, shape, S for a scalar form, feature, meaning. Elements are halves and words.
for (const [name, u, opcode, shape, alsoScalar, feature, does] of table(
  6,
  `
  MLA      1 0000 same - -        Multiplies by an element and adds to the destination.
  MLS      1 0100 same - -        Multiplies by an element and subtracts from the destination.
  MUL      0 1000 same - -        Multiplies by an element.
  SMLAL    0 0010 long - -        Adds products of signed elements with one element, in twice the width.
  UMLAL    1 0010 long - -        Adds products of unsigned elements with one element, in twice the width.
  SMLSL    0 0110 long - -        Subtracts products of signed elements with one element, in twice the width.
  UMLSL    1 0110 long - -        Subtracts products of unsigned elements with one element, in twice the width.
  SMULL    0 1010 long - -        Multiplies signed elements by one element, in twice the width.
  UMULL    1 1010 long - -        Multiplies unsigned elements by one element, in twice the width.
  SQDMLAL  0 0011 long S -        Adds doubled products with one element, in twice the width, saturated.
  SQDMLSL  0 0111 long S -        Subtracts doubled products with one element, in twice the width, saturated.
  SQDMULL  0 1011 long S -        Doubles products with one element, in twice the width, saturated.
  SQDMULH  0 1100 same S -        Doubles products with one element, keeps the high half, saturates.
  SQRDMULH 0 1101 same S -        Doubles products with one element, keeps the rounded high half, saturates.
  SQRDMLAH 1 1101 same S FEAT_RDM Adds doubled products with one element, keeps the rounded high half, saturates.
  SQRDMLSH 1 1111 same S FEAT_RDM Subtracts doubled products with one element, keeps the rounded high half, saturates.
`,
)) {
  const mnemonic = name.toLowerCase();
  const by = (f: Fields): string => element(elementRegister(f, f.size), f.size, elementIndex(f, f.size));
  const needs = feature ? { feature } : {};
  rows.push({
    id: `${name}_elem`,
    bits: `0 Q:1 ${u} 01111 size:2 L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
    ...needs,
    when: f => allows('hs', f.size),
    asm: f =>
      shape === 'long'
        ? `${mnemonic}${f.Q ? '2' : ''} ${vector(f.Rd, f.size + 1, 1)}, ${vector(f.Rn, f.size, f.Q)}, ${by(f)}`
        : `${mnemonic} ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size, f.Q)}, ${by(f)}`,
    does,
  });
  if (!alsoScalar) continue;
  rows.push({
    id: `${name}_elem_scalar`,
    bits: `01 ${u} 11111 size:2 L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
    ...needs,
    when: f => allows('hs', f.size),
    asm: f => `${mnemonic} ${scalar(f.Rd, shape === 'long' ? f.size + 1 : f.size)}, ${scalar(f.Rn, f.size)}, ${by(f)}`,
    does,
  });
}

for (const [name, u, opcode, does] of table(
  3,
  `
  FMLA  0 0001 Multiplies by an element and adds to the destination, rounded once.
  FMLS  0 0101 Multiplies by an element and subtracts from the destination, rounded once.
  FMUL  0 1001 Multiplies by an element.
  FMULX 1 1001 Multiplies by an element; zero times infinity is 2.
`,
)) {
  const mnemonic = name.toLowerCase();
  const by = (f: Fields): string => element(elementRegister(f, 2 + f.sz), 2 + f.sz, elementIndex(f, 2 + f.sz));
  const byHalf = (f: Fields): string => element(f.Rm, 1, elementIndex(f, 1));
  rows.push(
    {
      id: `${name}_elem`,
      bits: `0 Q:1 ${u} 01111 1 sz:1 L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
      when: f => f.sz === 0 || (f.L === 0 && f.Q === 1),
      asm: f => `${mnemonic} ${vector(f.Rd, 2 + f.sz, f.Q)}, ${vector(f.Rn, 2 + f.sz, f.Q)}, ${by(f)}`,
      does,
    },
    {
      id: `${name}_elem_scalar`,
      bits: `01 ${u} 11111 1 sz:1 L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
      when: f => f.sz === 0 || f.L === 0,
      asm: f => `${mnemonic} ${scalar(f.Rd, 2 + f.sz)}, ${scalar(f.Rn, 2 + f.sz)}, ${by(f)}`,
      does,
    },
    {
      id: `${name}_elem_half`,
      bits: `0 Q:1 ${u} 01111 00 L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      asm: f => `${mnemonic} ${vector(f.Rd, 1, f.Q)}, ${vector(f.Rn, 1, f.Q)}, ${byHalf(f)}`,
      does,
    },
    {
      id: `${name}_elem_scalar_half`,
      bits: `01 ${u} 11111 00 L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      asm: f => `${mnemonic} ${scalar(f.Rd, 1)}, ${scalar(f.Rn, 1)}, ${byHalf(f)}`,
      does,
    },
  );
}

for (const [name, u, opcode, does] of table(
  3,
  `
  FMLAL  0 0000 Adds products of lower half precision elements with one element to single precision.
  FMLSL  0 0100 Subtracts products of lower half precision elements with one element from single precision.
  FMLAL2 1 1000 Adds products of upper half precision elements with one element to single precision.
  FMLSL2 1 1100 Subtracts products of upper half precision elements with one element from single precision.
`,
)) {
  rows.push({
    id: `${name}_elem`,
    bits: `0 Q:1 ${u} 01111 10 L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
    feature: 'FEAT_FHM',
    asm: f =>
      `${name.toLowerCase()} ${vector(f.Rd, 2, f.Q)}, v${f.Rn}.${f.Q ? '4h' : '2h'}, ${element(f.Rm, 1, elementIndex(f, 1))}`,
    does,
  });
}

// Mnemonic, U, size, opcode, group of the indexed register, feature, meaning.
for (const [name, u, size, opcode, group, feature, does] of table(
  6,
  `
  SDOT  0 10 1110 4b FEAT_DotProd Adds the dot product of four signed bytes with one group of four.
  UDOT  1 10 1110 4b FEAT_DotProd Adds the dot product of four unsigned bytes with one group of four.
  SUDOT 0 00 1111 4b FEAT_I8MM    Adds the dot product of four signed bytes with one group of four unsigned ones.
  USDOT 0 10 1111 4b FEAT_I8MM    Adds the dot product of four unsigned bytes with one group of four signed ones.
  BFDOT 0 01 1111 2h FEAT_BF16    Adds the dot product of two BFloat16 with one pair of them.
`,
)) {
  rows.push({
    id: `${name}_elem`,
    bits: `0 Q:1 ${u} 01111 ${size} L:1 M:1 Rm:4 ${opcode} H:1 0 Rn:5 Rd:5`,
    feature,
    asm: f => {
      const source = vector(f.Rn, group === '4b' ? 0 : 1, f.Q);
      return `${name.toLowerCase()} ${vector(f.Rd, 2, f.Q)}, ${source}, v${(f.M << 4) | f.Rm}.${group}[${elementIndex(f, 2)}]`;
    },
    does,
  });
}

for (const [name, q, does] of table(
  2,
  `
  BFMLALB 0 Multiplies even BFloat16 elements by one element and adds to single precision.
  BFMLALT 1 Multiplies odd BFloat16 elements by one element and adds to single precision.
`,
)) {
  rows.push({
    id: `${name}_elem`,
    bits: `0 ${q} 0 01111 11 L:1 M:1 Rm:4 1111 H:1 0 Rn:5 Rd:5`,
    feature: 'FEAT_BF16',
    asm: f => `${name.toLowerCase()} v${f.Rd}.4s, v${f.Rn}.8h, ${element(f.Rm, 1, elementIndex(f, 1))}`,
    does,
  });
}

rows.push({
  id: 'FCMLA_elem',
  bits: '0 Q:1 1 01111 size:2 L:1 M:1 Rm:4 0 rot:2 1 H:1 0 Rn:5 Rd:5',
  feature: 'FEAT_FCMA',
  when: f => (f.size === 1 && (f.H === 0 || f.Q === 1)) || (f.size === 2 && f.L === 0 && f.Q === 1),
  asm: f => {
    const index = f.size === 1 ? (f.H << 1) | f.L : f.H;
    const by = element((f.M << 4) | f.Rm, f.size, index);
    return `fcmla ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size, f.Q)}, ${by}, #${f.rot * 90}`;
  },
  does: 'Multiplies complex numbers by one, rotated by a multiple of 90 degrees, and adds to the destination.',
});

export const byElementRows: readonly InstructionRow[] = rows;
