/** AdvSIMD two-register miscellaneous, across lanes, and scalar pairwise, with their FP16 forms. Source: Arm ARM C4.1.96. */

import type { InstructionRow } from '../row.ts';
import { allows, allowsVector, scalar, table, vector } from './text.ts';

const rows: InstructionRow[] = [];

// Mnemonic, U, opcode, sizes, sizes of the scalar form, shape, meaning. Shapes: same; zero (compares with #0);
// longer (pairs to twice the width); narrow; shll.
for (const [name, u, opcode, sizes, scalarSizes, shape, does] of table(
  6,
  `
  REV64  0 00000 bhs  -    same   Reverses elements in each 64 bits.
  REV32  1 00000 bh   -    same   Reverses elements in each 32 bits.
  REV16  0 00001 b    -    same   Reverses elements in each 16 bits.
  SADDLP 0 00010 bhs  -    longer Adds adjacent signed elements, in twice the width.
  UADDLP 1 00010 bhs  -    longer Adds adjacent unsigned elements, in twice the width.
  SUQADD 0 00011 bhsd bhsd same   Adds unsigned elements to signed ones and saturates.
  USQADD 1 00011 bhsd bhsd same   Adds signed elements to unsigned ones and saturates.
  CLS    0 00100 bhs  -    same   Counts the bits after the top one that equal it.
  CLZ    1 00100 bhs  -    same   Counts leading zeros.
  CNT    0 00101 b    -    same   Counts ones in each byte.
  SADALP 0 00110 bhs  -    longer Adds adjacent signed elements to elements of twice the width.
  UADALP 1 00110 bhs  -    longer Adds adjacent unsigned elements to elements of twice the width.
  SQABS  0 00111 bhsd bhsd same   Takes absolute values and saturates.
  SQNEG  1 00111 bhsd bhsd same   Negates and saturates.
  CMGT   0 01000 bhsd d    zero   Sets elements to all ones where greater than zero.
  CMGE   1 01000 bhsd d    zero   Sets elements to all ones where greater than or equal to zero.
  CMEQ   0 01001 bhsd d    zero   Sets elements to all ones where zero.
  CMLE   1 01001 bhsd d    zero   Sets elements to all ones where less than or equal to zero.
  CMLT   0 01010 bhsd d    zero   Sets elements to all ones where less than zero.
  ABS    0 01011 bhsd d    same   Takes absolute values.
  NEG    1 01011 bhsd d    same   Negates elements.
  XTN    0 10010 bhs  -    narrow Keeps the low half of each element.
  SQXTUN 1 10010 bhs  bhs  narrow Narrows signed elements to unsigned ones and saturates.
  SHLL   1 10011 bhs  -    shll   Shifts left by the element size, in twice the width.
  SQXTN  0 10100 bhs  bhs  narrow Narrows signed elements and saturates.
  UQXTN  1 10100 bhs  bhs  narrow Narrows unsigned elements and saturates.
`,
)) {
  const mnemonic = name.toLowerCase();
  const suffix = shape === 'zero' ? '_zero' : '';
  const tail = shape === 'zero' ? ', #0' : '';
  rows.push({
    id: `${name}${suffix}_vec`,
    bits: `0 Q:1 ${u} 01110 size:2 10000 ${opcode} 10 Rn:5 Rd:5`,
    when: f => allowsVector(sizes, f.size, f.Q),
    asm: f => {
      const narrow = vector(f.Rd, f.size, f.Q);
      const two = f.Q ? '2' : '';
      if (shape === 'longer') return `${mnemonic} ${vector(f.Rd, f.size + 1, f.Q)}, ${vector(f.Rn, f.size, f.Q)}`;
      if (shape === 'narrow') return `${mnemonic}${two} ${narrow}, ${vector(f.Rn, f.size + 1, 1)}`;
      if (shape === 'shll')
        return `shll${two} ${vector(f.Rd, f.size + 1, 1)}, ${vector(f.Rn, f.size, f.Q)}, #${8 << f.size}`;
      return `${mnemonic} ${narrow}, ${vector(f.Rn, f.size, f.Q)}${tail}`;
    },
    does,
  });
  if (scalarSizes) {
    rows.push({
      id: `${name}${suffix}_scalar`,
      bits: `01 ${u} 11110 size:2 10000 ${opcode} 10 Rn:5 Rd:5`,
      when: f => allows(scalarSizes, f.size),
      asm: f => `${mnemonic} ${scalar(f.Rd, f.size)}, ${scalar(f.Rn, shape === 'narrow' ? f.size + 1 : f.size)}${tail}`,
      does,
    });
  }
}

// Mnemonic, U, bit 23, opcode, forms (V vector, S scalar, H both also in half precision), shape, meaning.
for (const [name, u, a, opcode, forms, shape, does] of table(
  6,
  `
  FCMGT    0 1 01100 VSH zero Sets elements to all ones where greater than zero.
  FCMGE    1 1 01100 VSH zero Sets elements to all ones where greater than or equal to zero.
  FCMEQ    0 1 01101 VSH zero Sets elements to all ones where equal to zero.
  FCMLE    1 1 01101 VSH zero Sets elements to all ones where less than or equal to zero.
  FCMLT    0 1 01110 VSH zero Sets elements to all ones where less than zero.
  FABS     0 1 01111 VH  same Takes absolute values.
  FNEG     1 1 01111 VH  same Negates elements.
  FRINTN   0 0 11000 VH  same Rounds to integral values, to nearest, ties to even.
  FRINTA   1 0 11000 VH  same Rounds to integral values, to nearest, ties away from zero.
  FRINTP   0 1 11000 VH  same Rounds to integral values towards plus infinity.
  FRINTM   0 0 11001 VH  same Rounds to integral values towards minus infinity.
  FRINTX   1 0 11001 VH  same Rounds to integral values as FPCR says, and signals inexact.
  FRINTZ   0 1 11001 VH  same Rounds to integral values towards zero.
  FRINTI   1 1 11001 VH  same Rounds to integral values as FPCR says.
  FCVTNS   0 0 11010 VSH same Converts to signed integers, to nearest, ties to even.
  FCVTNU   1 0 11010 VSH same Converts to unsigned integers, to nearest, ties to even.
  FCVTPS   0 1 11010 VSH same Converts to signed integers, towards plus infinity.
  FCVTPU   1 1 11010 VSH same Converts to unsigned integers, towards plus infinity.
  FCVTMS   0 0 11011 VSH same Converts to signed integers, towards minus infinity.
  FCVTMU   1 0 11011 VSH same Converts to unsigned integers, towards minus infinity.
  FCVTZS   0 1 11011 VSH same Converts to signed integers, towards zero.
  FCVTZU   1 1 11011 VSH same Converts to unsigned integers, towards zero.
  FCVTAS   0 0 11100 VSH same Converts to signed integers, to nearest, ties away from zero.
  FCVTAU   1 0 11100 VSH same Converts to unsigned integers, to nearest, ties away from zero.
  SCVTF    0 0 11101 VSH same Converts signed integers to floating-point.
  UCVTF    1 0 11101 VSH same Converts unsigned integers to floating-point.
  FRECPE   0 1 11101 VSH same Estimates reciprocals, to 8 bits.
  FRSQRTE  1 1 11101 VSH same Estimates reciprocal square roots, to 8 bits.
  FRINT32Z 0 0 11110 V   same Rounds to integral values that fit 32 bits, towards zero.
  FRINT32X 1 0 11110 V   same Rounds to integral values that fit 32 bits, as FPCR says.
  FRINT64Z 0 0 11111 V   same Rounds to integral values that fit 64 bits, towards zero.
  FRINT64X 1 0 11111 V   same Rounds to integral values that fit 64 bits, as FPCR says.
  FRECPX   0 1 11111 SH  same Makes the exponent of a reciprocal.
  FSQRT    1 1 11111 VH  same Takes square roots.
`,
)) {
  const mnemonic = name.toLowerCase();
  const suffix = shape === 'zero' ? '_zero' : '';
  const tail = shape === 'zero' ? ', #0.0' : '';
  const feature = name.startsWith('FRINT3') || name.startsWith('FRINT6') ? { feature: 'FEAT_FRINTTS' } : {};
  const asmVector = (rd: number, rn: number, size: number, q: number): string =>
    `${mnemonic} ${vector(rd, size, q)}, ${vector(rn, size, q)}${tail}`;
  const asmScalar = (rd: number, rn: number, size: number): string =>
    `${mnemonic} ${scalar(rd, size)}, ${scalar(rn, size)}${tail}`;
  if (forms.includes('V')) {
    rows.push({
      id: `${name}${suffix}_vec`,
      bits: `0 Q:1 ${u} 01110 ${a} sz:1 10000 ${opcode} 10 Rn:5 Rd:5`,
      ...feature,
      when: f => f.sz === 0 || f.Q === 1,
      asm: f => asmVector(f.Rd, f.Rn, 2 + f.sz, f.Q),
      does,
    });
  }
  if (forms.includes('S')) {
    rows.push({
      id: `${name}${suffix}_scalar`,
      bits: `01 ${u} 11110 ${a} sz:1 10000 ${opcode} 10 Rn:5 Rd:5`,
      asm: f => asmScalar(f.Rd, f.Rn, 2 + f.sz),
      does,
    });
  }
  if (forms.includes('V') && forms.includes('H')) {
    rows.push({
      id: `${name}${suffix}_vec_half`,
      bits: `0 Q:1 ${u} 01110 ${a} 111100 ${opcode} 10 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      asm: f => asmVector(f.Rd, f.Rn, 1, f.Q),
      does,
    });
  }
  if (forms.includes('S') && forms.includes('H')) {
    rows.push({
      id: `${name}${suffix}_scalar_half`,
      bits: `01 ${u} 11110 ${a} 111100 ${opcode} 10 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      asm: f => asmScalar(f.Rd, f.Rn, 1),
      does,
    });
  }
}

rows.push(
  {
    id: 'NOT_vec',
    bits: '0 Q:1 1 01110 00 10000 00101 10 Rn:5 Rd:5',
    asm: f => `mvn ${vector(f.Rd, 0, f.Q)}, ${vector(f.Rn, 0, f.Q)}`,
    does: 'Inverts every bit.',
  },
  {
    id: 'RBIT_vec',
    bits: '0 Q:1 1 01110 01 10000 00101 10 Rn:5 Rd:5',
    asm: f => `rbit ${vector(f.Rd, 0, f.Q)}, ${vector(f.Rn, 0, f.Q)}`,
    does: 'Reverses the bits of each byte.',
  },
  {
    id: 'URECPE_vec',
    bits: '0 Q:1 0 01110 10 10000 11100 10 Rn:5 Rd:5',
    asm: f => `urecpe ${vector(f.Rd, 2, f.Q)}, ${vector(f.Rn, 2, f.Q)}`,
    does: 'Estimates reciprocals of unsigned fixed-point elements.',
  },
  {
    id: 'URSQRTE_vec',
    bits: '0 Q:1 1 01110 10 10000 11100 10 Rn:5 Rd:5',
    asm: f => `ursqrte ${vector(f.Rd, 2, f.Q)}, ${vector(f.Rn, 2, f.Q)}`,
    does: 'Estimates reciprocal square roots of unsigned fixed-point elements.',
  },
  {
    id: 'FCVTN_vec',
    bits: '0 Q:1 0 01110 0 sz:1 10000 10110 10 Rn:5 Rd:5',
    asm: f => `fcvtn${f.Q ? '2' : ''} ${vector(f.Rd, 1 + f.sz, f.Q)}, ${vector(f.Rn, 2 + f.sz, 1)}`,
    does: 'Converts to the next lower precision.',
  },
  {
    id: 'FCVTL_vec',
    bits: '0 Q:1 0 01110 0 sz:1 10000 10111 10 Rn:5 Rd:5',
    asm: f => `fcvtl${f.Q ? '2' : ''} ${vector(f.Rd, 2 + f.sz, 1)}, ${vector(f.Rn, 1 + f.sz, f.Q)}`,
    does: 'Converts to the next higher precision.',
  },
  {
    id: 'FCVTXN_vec',
    bits: '0 Q:1 1 01110 01 10000 10110 10 Rn:5 Rd:5',
    asm: f => `fcvtxn${f.Q ? '2' : ''} ${vector(f.Rd, 2, f.Q)}, ${vector(f.Rn, 3, 1)}`,
    does: 'Converts double to single precision, rounded to odd.',
  },
  {
    id: 'FCVTXN_scalar',
    bits: '01 1 11110 01 10000 10110 10 Rn:5 Rd:5',
    asm: f => `fcvtxn s${f.Rd}, d${f.Rn}`,
    does: 'Converts double to single precision, rounded to odd.',
  },
  {
    id: 'BFCVTN_vec',
    bits: '0 Q:1 0 01110 10 10000 10110 10 Rn:5 Rd:5',
    feature: 'FEAT_BF16',
    asm: f => `bfcvtn${f.Q ? '2' : ''} ${vector(f.Rd, 1, f.Q)}, ${vector(f.Rn, 2, 1)}`,
    does: 'Converts single precision to BFloat16.',
  },
);

// Across lanes. Mnemonic, U, opcode, whether the result is longer, meaning.
for (const [name, u, opcode, longer, does] of table(
  4,
  `
  SADDLV 0 00011 1 Adds all signed elements, in twice the width.
  UADDLV 1 00011 1 Adds all unsigned elements, in twice the width.
  SMAXV  0 01010 0 Takes the greatest of all signed elements.
  UMAXV  1 01010 0 Takes the greatest of all unsigned elements.
  SMINV  0 11010 0 Takes the least of all signed elements.
  UMINV  1 11010 0 Takes the least of all unsigned elements.
  ADDV   0 11011 0 Adds all elements.
`,
)) {
  rows.push({
    id: `${name}_across`,
    bits: `0 Q:1 ${u} 01110 size:2 11000 ${opcode} 10 Rn:5 Rd:5`,
    when: f => f.size < 2 || (f.size === 2 && f.Q === 1),
    asm: f => `${name.toLowerCase()} ${scalar(f.Rd, f.size + Number(longer))}, ${vector(f.Rn, f.size, f.Q)}`,
    does,
  });
}

// Mnemonic, bit 23, opcode, meaning: across lanes with a V, scalar pairwise with a P at the end of the name.
for (const [name, a, opcode, does] of table(
  3,
  `
  FMAXNM 0 01100 Takes the greatest, numbers rather than quiet NaNs,
  FMINNM 1 01100 Takes the least, numbers rather than quiet NaNs,
  FMAX   0 01111 Takes the greatest
  FMIN   1 01111 Takes the least
  FADD   0 01101 Takes the sum
`,
)) {
  const mnemonic = name.toLowerCase();
  if (name !== 'FADD') {
    rows.push(
      {
        id: `${name}V_across`,
        bits: `0 1 1 01110 ${a} 0 11000 ${opcode} 10 Rn:5 Rd:5`,
        asm: f => `${mnemonic}v s${f.Rd}, v${f.Rn}.4s`,
        does: `${does} of all elements.`,
      },
      {
        id: `${name}V_across_half`,
        bits: `0 Q:1 0 01110 ${a} 0 11000 ${opcode} 10 Rn:5 Rd:5`,
        feature: 'FEAT_FP16',
        asm: f => `${mnemonic}v h${f.Rd}, ${vector(f.Rn, 1, f.Q)}`,
        does: `${does} of all elements.`,
      },
    );
  }
  rows.push(
    {
      id: `${name}P_pair`,
      bits: `01 1 11110 ${a} sz:1 11000 ${opcode} 10 Rn:5 Rd:5`,
      asm: f => `${mnemonic}p ${scalar(f.Rd, 2 + f.sz)}, v${f.Rn}.2${'sd'[f.sz]}`,
      does: `${does} of two elements.`,
    },
    {
      id: `${name}P_pair_half`,
      bits: `01 0 11110 ${a} 0 11000 ${opcode} 10 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      asm: f => `${mnemonic}p h${f.Rd}, v${f.Rn}.2h`,
      does: `${does} of two elements.`,
    },
  );
}
rows.push({
  id: 'ADDP_pair',
  bits: '01 0 11110 11 11000 11011 10 Rn:5 Rd:5',
  asm: f => `addp d${f.Rd}, v${f.Rn}.2d`,
  does: 'Adds two 64-bit elements.',
});

export const twoRegisterRows: readonly InstructionRow[] = rows;
