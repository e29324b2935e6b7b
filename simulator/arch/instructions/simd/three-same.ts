/**
 * AdvSIMD three same, three same (FP16), three same extra, and their scalar forms.
 * Source: Arm ARM C4.1.96 "Data Processing -- Scalar Floating-Point and Advanced SIMD".
 */

import type { InstructionRow } from '../row.ts';
import { allows, allowsVector, scalar, table, vector } from './text.ts';

// Mnemonic, U, opcode, element sizes of the vector form, sizes of the scalar form, meaning.
const integer = table(
  5,
  `
  SHADD    0 00000 bhs  -    Adds signed elements and halves each sum.
  UHADD    1 00000 bhs  -    Adds unsigned elements and halves each sum.
  SQADD    0 00001 bhsd bhsd Adds signed elements and saturates.
  UQADD    1 00001 bhsd bhsd Adds unsigned elements and saturates.
  SRHADD   0 00010 bhs  -    Adds signed elements and halves each sum, rounded.
  URHADD   1 00010 bhs  -    Adds unsigned elements and halves each sum, rounded.
  SHSUB    0 00100 bhs  -    Subtracts signed elements and halves each difference.
  UHSUB    1 00100 bhs  -    Subtracts unsigned elements and halves each difference.
  SQSUB    0 00101 bhsd bhsd Subtracts signed elements and saturates.
  UQSUB    1 00101 bhsd bhsd Subtracts unsigned elements and saturates.
  CMGT     0 00110 bhsd d    Sets elements to all ones where the first is greater, signed.
  CMHI     1 00110 bhsd d    Sets elements to all ones where the first is higher, unsigned.
  CMGE     0 00111 bhsd d    Sets elements to all ones where the first is greater or equal, signed.
  CMHS     1 00111 bhsd d    Sets elements to all ones where the first is higher or same, unsigned.
  SSHL     0 01000 bhsd d    Shifts signed elements left, or right by a negative amount.
  USHL     1 01000 bhsd d    Shifts unsigned elements left, or right by a negative amount.
  SQSHL    0 01001 bhsd bhsd Shifts signed elements by signed amounts and saturates.
  UQSHL    1 01001 bhsd bhsd Shifts unsigned elements by signed amounts and saturates.
  SRSHL    0 01010 bhsd d    Shifts signed elements by signed amounts; right shifts round.
  URSHL    1 01010 bhsd d    Shifts unsigned elements by signed amounts; right shifts round.
  SQRSHL   0 01011 bhsd bhsd Shifts signed elements by signed amounts, rounds and saturates.
  UQRSHL   1 01011 bhsd bhsd Shifts unsigned elements by signed amounts, rounds and saturates.
  SMAX     0 01100 bhs  -    Takes the greater of signed elements.
  UMAX     1 01100 bhs  -    Takes the greater of unsigned elements.
  SMIN     0 01101 bhs  -    Takes the lesser of signed elements.
  UMIN     1 01101 bhs  -    Takes the lesser of unsigned elements.
  SABD     0 01110 bhs  -    Takes the absolute difference of signed elements.
  UABD     1 01110 bhs  -    Takes the absolute difference of unsigned elements.
  SABA     0 01111 bhs  -    Adds the absolute difference of signed elements to the destination.
  UABA     1 01111 bhs  -    Adds the absolute difference of unsigned elements to the destination.
  ADD      0 10000 bhsd d    Adds elements.
  SUB      1 10000 bhsd d    Subtracts elements.
  CMTST    0 10001 bhsd d    Sets elements to all ones where the operands have a common 1 bit.
  CMEQ     1 10001 bhsd d    Sets elements to all ones where the operands are equal.
  MLA      0 10010 bhs  -    Multiplies elements and adds the products to the destination.
  MLS      1 10010 bhs  -    Multiplies elements and subtracts the products from the destination.
  MUL      0 10011 bhs  -    Multiplies elements.
  PMUL     1 10011 b    -    Multiplies elements as polynomials over {0, 1}.
  SMAXP    0 10100 bhs  -    Takes the greater of adjacent signed elements of both operands.
  UMAXP    1 10100 bhs  -    Takes the greater of adjacent unsigned elements of both operands.
  SMINP    0 10101 bhs  -    Takes the lesser of adjacent signed elements of both operands.
  UMINP    1 10101 bhs  -    Takes the lesser of adjacent unsigned elements of both operands.
  SQDMULH  0 10110 hs   hs   Doubles products of signed elements, keeps the high half, saturates.
  SQRDMULH 1 10110 hs   hs   Doubles products of signed elements, keeps the rounded high half, saturates.
  ADDP     0 10111 bhsd -    Adds adjacent elements of both operands.
`,
);

// Mnemonic, U, bit 23, opcode, S when there is a scalar form too, meaning. The FP16 form has the low 3 bits of the opcode.
const float = table(
  5,
  `
  FMAXNM  0 0 11000 - Takes the greater of elements, a number rather than a quiet NaN.
  FMINNM  0 1 11000 - Takes the lesser of elements, a number rather than a quiet NaN.
  FMAXNMP 1 0 11000 - Takes the greater of adjacent elements, a number rather than a quiet NaN.
  FMINNMP 1 1 11000 - Takes the lesser of adjacent elements, a number rather than a quiet NaN.
  FMLA    0 0 11001 - Multiplies elements and adds to the destination, rounded once.
  FMLS    0 1 11001 - Multiplies elements and subtracts from the destination, rounded once.
  FADD    0 0 11010 - Adds elements.
  FSUB    0 1 11010 - Subtracts elements.
  FADDP   1 0 11010 - Adds adjacent elements of both operands.
  FABD    1 1 11010 S Takes the absolute value of the difference of elements.
  FMULX   0 0 11011 S Multiplies elements; zero times infinity is 2.
  FMUL    1 0 11011 - Multiplies elements.
  FCMEQ   0 0 11100 S Sets elements to all ones where the operands are equal.
  FCMGE   1 0 11100 S Sets elements to all ones where the first is greater or equal.
  FCMGT   1 1 11100 S Sets elements to all ones where the first is greater.
  FACGE   1 0 11101 S Sets elements to all ones where the first has the greater or equal absolute value.
  FACGT   1 1 11101 S Sets elements to all ones where the first has the greater absolute value.
  FMAX    0 0 11110 - Takes the greater of elements.
  FMIN    0 1 11110 - Takes the lesser of elements.
  FMAXP   1 0 11110 - Takes the greater of adjacent elements of both operands.
  FMINP   1 1 11110 - Takes the lesser of adjacent elements of both operands.
  FRECPS  0 0 11111 S Makes the step of a reciprocal: 2 minus the product.
  FRSQRTS 0 1 11111 S Makes the step of a reciprocal square root: 3 minus the product, halved.
  FDIV    1 0 11111 - Divides elements.
`,
);

// Mnemonic, U, size, meaning.
const logical = table(
  3,
  `
  AND 0 00 Ands two registers.
  BIC 0 01 Ands a register with the complement of another.
  ORR 0 10 Ors two registers.
  ORN 0 11 Ors a register with the complement of another.
  EOR 1 00 Exclusive-ors two registers.
  BSL 1 01 Selects bits of two registers by the destination.
  BIT 1 10 Inserts bits of the first register where the second has ones.
  BIF 1 11 Inserts bits of the first register where the second has zeros.
`,
);

// Mnemonic, U, size, opcode, Q if fixed, element size of destination and sources (log2 of bytes), feature, meaning.
const extra = table(
  8,
  `
  SDOT    0 10 0010 - 2 0 FEAT_DotProd Adds the dot product of four signed bytes to each word.
  UDOT    1 10 0010 - 2 0 FEAT_DotProd Adds the dot product of four unsigned bytes to each word.
  USDOT   0 10 0011 - 2 0 FEAT_I8MM    Adds the dot product of four unsigned and four signed bytes to each word.
  SMMLA   0 10 0100 1 2 0 FEAT_I8MM    Multiplies 2x8 by 8x2 matrices of signed bytes and adds to words.
  UMMLA   1 10 0100 1 2 0 FEAT_I8MM    Multiplies 2x8 by 8x2 matrices of unsigned bytes and adds to words.
  USMMLA  0 10 0101 1 2 0 FEAT_I8MM    Multiplies 2x8 unsigned by 8x2 signed matrices of bytes and adds to words.
  BFMMLA  1 01 1101 1 2 1 FEAT_BF16    Multiplies 2x4 by 4x2 matrices of BFloat16 and adds to single precision.
  BFDOT   1 01 1111 - 2 1 FEAT_BF16    Adds the dot product of two BFloat16 to each single precision element.
  BFMLALB 1 11 1111 0 2 1 FEAT_BF16    Multiplies even BFloat16 elements and adds to single precision.
  BFMLALT 1 11 1111 1 2 1 FEAT_BF16    Multiplies odd BFloat16 elements and adds to single precision.
`,
);

const rows: InstructionRow[] = [];

for (const [name, u, opcode, sizes, scalarSizes, does] of integer) {
  const mnemonic = name.toLowerCase();
  rows.push({
    id: `${name}_vec`,
    bits: `0 Q:1 ${u} 01110 size:2 1 Rm:5 ${opcode} 1 Rn:5 Rd:5`,
    when: f => allowsVector(sizes, f.size, f.Q),
    asm: f => `${mnemonic} ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size, f.Q)}, ${vector(f.Rm, f.size, f.Q)}`,
    does,
  });
  if (scalarSizes) {
    rows.push({
      id: `${name}_scalar`,
      bits: `01 ${u} 11110 size:2 1 Rm:5 ${opcode} 1 Rn:5 Rd:5`,
      when: f => allows(scalarSizes, f.size),
      asm: f => `${mnemonic} ${scalar(f.Rd, f.size)}, ${scalar(f.Rn, f.size)}, ${scalar(f.Rm, f.size)}`,
      does,
    });
  }
}

for (const [name, u, size, does] of logical) {
  const mnemonic = name.toLowerCase();
  rows.push({
    id: `${name}_vec`,
    bits: `0 Q:1 ${u} 01110 ${size} 1 Rm:5 00011 1 Rn:5 Rd:5`,
    asm: f =>
      name === 'ORR' && f.Rn === f.Rm
        ? `mov ${vector(f.Rd, 0, f.Q)}, ${vector(f.Rn, 0, f.Q)}`
        : `${mnemonic} ${vector(f.Rd, 0, f.Q)}, ${vector(f.Rn, 0, f.Q)}, ${vector(f.Rm, 0, f.Q)}`,
    does,
  });
}

for (const [name, u, a, opcode, alsoScalar, does] of float) {
  const mnemonic = name.toLowerCase();
  const short = opcode.slice(2);
  const asmVector = (rd: number, rn: number, rm: number, size: number, q: number): string =>
    `${mnemonic} ${vector(rd, size, q)}, ${vector(rn, size, q)}, ${vector(rm, size, q)}`;
  const asmScalar = (rd: number, rn: number, rm: number, size: number): string =>
    `${mnemonic} ${scalar(rd, size)}, ${scalar(rn, size)}, ${scalar(rm, size)}`;
  rows.push(
    {
      id: `${name}_vec`,
      bits: `0 Q:1 ${u} 01110 ${a} sz:1 1 Rm:5 ${opcode} 1 Rn:5 Rd:5`,
      when: f => f.sz === 0 || f.Q === 1,
      asm: f => asmVector(f.Rd, f.Rn, f.Rm, 2 + f.sz, f.Q),
      does,
    },
    {
      id: `${name}_vec_half`,
      bits: `0 Q:1 ${u} 01110 ${a} 10 Rm:5 00 ${short} 1 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      asm: f => asmVector(f.Rd, f.Rn, f.Rm, 1, f.Q),
      does,
    },
  );
  if (alsoScalar) {
    rows.push(
      {
        id: `${name}_scalar`,
        bits: `01 ${u} 11110 ${a} sz:1 1 Rm:5 ${opcode} 1 Rn:5 Rd:5`,
        asm: f => asmScalar(f.Rd, f.Rn, f.Rm, 2 + f.sz),
        does,
      },
      {
        id: `${name}_scalar_half`,
        bits: `01 ${u} 11110 ${a} 10 Rm:5 00 ${short} 1 Rn:5 Rd:5`,
        feature: 'FEAT_FP16',
        asm: f => asmScalar(f.Rd, f.Rn, f.Rm, 1),
        does,
      },
    );
  }
}

// Half to single precision, products of the low or high (`2`) half of the sources.
for (const [name, u, size, opcode, does] of table(
  4,
  `
  FMLAL  0 00 11101 Multiplies lower half precision elements and adds to single precision.
  FMLSL  0 10 11101 Multiplies lower half precision elements and subtracts from single precision.
  FMLAL2 1 00 11001 Multiplies upper half precision elements and adds to single precision.
  FMLSL2 1 10 11001 Multiplies upper half precision elements and subtracts from single precision.
`,
)) {
  const mnemonic = name.toLowerCase();
  rows.push({
    id: `${name}_vec`,
    bits: `0 Q:1 ${u} 01110 ${size} 1 Rm:5 ${opcode} 1 Rn:5 Rd:5`,
    feature: 'FEAT_FHM',
    asm: f => {
      const half = f.Q ? '4h' : '2h';
      return `${mnemonic} ${vector(f.Rd, 2, f.Q)}, v${f.Rn}.${half}, v${f.Rm}.${half}`;
    },
    does,
  });
}

for (const [name, u, size, opcode, q, to, from, feature, does] of extra) {
  // BFMLALB and BFMLALT read all eight elements whatever Q is; Q tells even from odd ones.
  const whole = name.startsWith('BFMLAL');
  rows.push({
    id: `${name}_vec`,
    bits: `0 ${q || 'Q:1'} ${u} 01110 ${size} 0 Rm:5 1 ${opcode} 1 Rn:5 Rd:5`,
    feature,
    asm: f => {
      const wide = whole || q === '1' ? 1 : f.Q;
      const sources = `${vector(f.Rn, Number(from), wide)}, ${vector(f.Rm, Number(from), wide)}`;
      return `${name.toLowerCase()} ${vector(f.Rd, Number(to), wide)}, ${sources}`;
    },
    does,
  });
}

for (const [name, opcode, does] of table(
  2,
  `
  SQRDMLAH 0000 Doubles products, adds them to the destination, keeps the rounded high half, saturates.
  SQRDMLSH 0001 Doubles products, subtracts them from the destination, keeps the rounded high half, saturates.
`,
)) {
  const mnemonic = name.toLowerCase();
  rows.push(
    {
      id: `${name}_vec`,
      bits: `0 Q:1 1 01110 size:2 0 Rm:5 1 ${opcode} 1 Rn:5 Rd:5`,
      feature: 'FEAT_RDM',
      when: f => allows('hs', f.size),
      asm: f => `${mnemonic} ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size, f.Q)}, ${vector(f.Rm, f.size, f.Q)}`,
      does,
    },
    {
      id: `${name}_scalar`,
      bits: `01 1 11110 size:2 0 Rm:5 1 ${opcode} 1 Rn:5 Rd:5`,
      feature: 'FEAT_RDM',
      when: f => allows('hs', f.size),
      asm: f => `${mnemonic} ${scalar(f.Rd, f.size)}, ${scalar(f.Rn, f.size)}, ${scalar(f.Rm, f.size)}`,
      does,
    },
  );
}

const complexSize = (size: number, q: number): boolean => size > 0 && !(size === 3 && q === 0);
rows.push(
  {
    id: 'FCMLA_vec',
    bits: '0 Q:1 1 01110 size:2 0 Rm:5 110 rot:2 1 Rn:5 Rd:5',
    feature: 'FEAT_FCMA',
    when: f => complexSize(f.size, f.Q),
    asm: f =>
      `fcmla ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size, f.Q)}, ${vector(f.Rm, f.size, f.Q)}, #${f.rot * 90}`,
    does: 'Multiplies complex numbers, rotated by a multiple of 90 degrees, and adds to the destination.',
  },
  {
    id: 'FCADD_vec',
    bits: '0 Q:1 1 01110 size:2 0 Rm:5 111 rot:1 0 1 Rn:5 Rd:5',
    feature: 'FEAT_FCMA',
    when: f => complexSize(f.size, f.Q),
    asm: f =>
      `fcadd ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size, f.Q)}, ${vector(f.Rm, f.size, f.Q)}, #${f.rot ? 270 : 90}`,
    does: 'Adds complex numbers, the second rotated by 90 or 270 degrees.',
  },
);

export const threeSameRows: readonly InstructionRow[] = rows;
