/** Scalar floating-point: data processing with 1, 2 and 3 sources, compare, select, immediate. Source: Arm ARM C4.1.96. */

import type { Fields, InstructionRow } from '../row.ts';
import { floatValue } from '../simd/move.ts';
import { conditions, table } from '../simd/text.ts';

// Each row exists for single and double precision (`sz` 0 and 1) and, with FEAT_FP16, for half precision.
const rows: InstructionRow[] = [];

interface Shape {
  readonly id: string;
  /** Bits after the type field. */
  readonly tail: string;
  readonly head?: string;
  readonly asm: (f: Fields, letter: string) => string;
  readonly does: string;
}

function precisions({ id, head = '00011110', tail, asm, does }: Shape): void {
  rows.push(
    { id: `${id}_fp`, bits: `${head} 0 sz:1 ${tail}`, asm: f => asm(f, 'sd'[f.sz]), does },
    { id: `${id}_fp_half`, bits: `${head} 11 ${tail}`, feature: 'FEAT_FP16', asm: f => asm(f, 'h'), does },
  );
}

for (const [name, opcode, does] of table(
  2,
  `
  FMOV   000000 Copies a register.
  FABS   000001 Takes the absolute value.
  FNEG   000010 Negates.
  FSQRT  000011 Takes the square root.
  FRINTN 001000 Rounds to an integral value, to nearest, ties to even.
  FRINTP 001001 Rounds to an integral value towards plus infinity.
  FRINTM 001010 Rounds to an integral value towards minus infinity.
  FRINTZ 001011 Rounds to an integral value towards zero.
  FRINTA 001100 Rounds to an integral value, to nearest, ties away from zero.
  FRINTX 001110 Rounds to an integral value as FPCR says, and signals inexact.
  FRINTI 001111 Rounds to an integral value as FPCR says.
`,
)) {
  precisions({
    id: name,
    tail: `1 ${opcode} 10000 Rn:5 Rd:5`,
    asm: (f, t) => `${name.toLowerCase()} ${t}${f.Rd}, ${t}${f.Rn}`,
    does,
  });
}

for (const [name, opcode, does] of table(
  2,
  `
  FRINT32Z 010000 Rounds to an integral value that fits 32 bits, towards zero.
  FRINT32X 010001 Rounds to an integral value that fits 32 bits, as FPCR says.
  FRINT64Z 010010 Rounds to an integral value that fits 64 bits, towards zero.
  FRINT64X 010011 Rounds to an integral value that fits 64 bits, as FPCR says.
`,
)) {
  rows.push({
    id: `${name}_fp`,
    bits: `00011110 0 sz:1 1 ${opcode} 10000 Rn:5 Rd:5`,
    feature: 'FEAT_FRINTTS',
    asm: f => `${name.toLowerCase()} ${'sd'[f.sz]}${f.Rd}, ${'sd'[f.sz]}${f.Rn}`,
    does,
  });
}

for (const [name, opcode, does] of table(
  2,
  `
  FMUL   0000 Multiplies.
  FDIV   0001 Divides.
  FADD   0010 Adds.
  FSUB   0011 Subtracts.
  FMAX   0100 Takes the greater.
  FMIN   0101 Takes the lesser.
  FMAXNM 0110 Takes the greater, a number rather than a quiet NaN.
  FMINNM 0111 Takes the lesser, a number rather than a quiet NaN.
  FNMUL  1000 Multiplies and negates.
`,
)) {
  precisions({
    id: name,
    tail: `1 Rm:5 ${opcode} 10 Rn:5 Rd:5`,
    asm: (f, t) => `${name.toLowerCase()} ${t}${f.Rd}, ${t}${f.Rn}, ${t}${f.Rm}`,
    does,
  });
}

for (const [name, o1, o0, does] of table(
  3,
  `
  FMADD  0 0 Multiplies and adds, rounded once.
  FMSUB  0 1 Subtracts a product, rounded once.
  FNMADD 1 0 Multiplies, adds and negates, rounded once.
  FNMSUB 1 1 Multiplies and subtracts, rounded once.
`,
)) {
  precisions({
    id: name,
    head: '00011111',
    tail: `${o1} Rm:5 ${o0} Ra:5 Rn:5 Rd:5`,
    asm: (f, t) => `${name.toLowerCase()} ${t}${f.Rd}, ${t}${f.Rn}, ${t}${f.Rm}, ${t}${f.Ra}`,
    does,
  });
}

for (const [name, e, does] of table(
  2,
  `
  FCMP  0 Compares and sets NZCV; signals for signalling NaNs.
  FCMPE 1 Compares and sets NZCV; signals for all NaNs.
`,
)) {
  precisions({
    id: name,
    tail: `1 Rm:5 00 1000 Rn:5 ${e} 0 000`,
    asm: (f, t) => `${name.toLowerCase()} ${t}${f.Rn}, ${t}${f.Rm}`,
    does,
  });
  // Rm is ignored here.
  precisions({
    id: `${name}_zero`,
    tail: `1 xxxxx 00 1000 Rn:5 ${e} 1 000`,
    asm: (f, t) => `${name.toLowerCase()} ${t}${f.Rn}, #0.0`,
    does,
  });
}

for (const [name, e, does] of table(
  2,
  `
  FCCMP  0 Compares if the condition holds, else sets NZCV to an immediate; signals for signalling NaNs.
  FCCMPE 1 Compares if the condition holds, else sets NZCV to an immediate; signals for all NaNs.
`,
)) {
  precisions({
    id: name,
    tail: `1 Rm:5 cond:4 01 Rn:5 ${e} nzcv:4`,
    asm: (f, t) => `${name.toLowerCase()} ${t}${f.Rn}, ${t}${f.Rm}, #${f.nzcv}, ${conditions[f.cond]}`,
    does,
  });
}

precisions({
  id: 'FCSEL',
  tail: '1 Rm:5 cond:4 11 Rn:5 Rd:5',
  asm: (f, t) => `fcsel ${t}${f.Rd}, ${t}${f.Rn}, ${t}${f.Rm}, ${conditions[f.cond]}`,
  does: 'Takes the first register if the condition holds, else the second.',
});
precisions({
  id: 'FMOV_imm',
  tail: '1 imm8:8 100 00000 Rd:5',
  asm: (f, t) => `fmov ${t}${f.Rd}, #${floatValue(f.imm8).toFixed(8)}`,
  does: 'Sets a register to an immediate.',
});

export const arithmeticRows: readonly InstructionRow[] = rows;
