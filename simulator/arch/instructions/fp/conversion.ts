/** Scalar floating-point conversions: between precisions, to and from integers and fixed-point. Source: Arm ARM C4.1.96. */

import type { InstructionRow } from '../row.ts';
import { generalW, generalX, table } from '../simd/text.ts';

const rows: InstructionRow[] = [];
const general = (sf: number, n: number): string => (sf ? generalX(n) : generalW(n));

// From type and to type are `ftype` codes: 00 single, 01 double, 11 half.
for (const [id, from, to, asmFrom, asmTo] of table(
  5,
  `
  FCVT_single_double 00 01 s d
  FCVT_single_half   00 11 s h
  FCVT_double_single 01 00 d s
  FCVT_double_half   01 11 d h
  FCVT_half_single   11 00 h s
  FCVT_half_double   11 01 h d
`,
)) {
  rows.push({
    id,
    bits: `00011110 ${from} 1 0001 ${to} 10000 Rn:5 Rd:5`,
    asm: f => `fcvt ${asmTo}${f.Rd}, ${asmFrom}${f.Rn}`,
    does: 'Converts between precisions.',
  });
}
rows.push({
  id: 'BFCVT',
  bits: '00011110 01 1 000110 10000 Rn:5 Rd:5',
  feature: 'FEAT_BF16',
  asm: f => `bfcvt h${f.Rd}, s${f.Rn}`,
  does: 'Converts single precision to BFloat16.',
});

// Mnemonic, rmode, opcode, whether the general register is the destination, meaning.
for (const [name, rmode, opcode, toGeneral, does] of table(
  4,
  `
  FCVTNS 00 000 1 Converts to a signed integer, to nearest, ties to even.
  FCVTNU 00 001 1 Converts to an unsigned integer, to nearest, ties to even.
  SCVTF  00 010 0 Converts a signed integer to floating-point.
  UCVTF  00 011 0 Converts an unsigned integer to floating-point.
  FCVTAS 00 100 1 Converts to a signed integer, to nearest, ties away from zero.
  FCVTAU 00 101 1 Converts to an unsigned integer, to nearest, ties away from zero.
  FCVTPS 01 000 1 Converts to a signed integer, towards plus infinity.
  FCVTPU 01 001 1 Converts to an unsigned integer, towards plus infinity.
  FCVTMS 10 000 1 Converts to a signed integer, towards minus infinity.
  FCVTMU 10 001 1 Converts to an unsigned integer, towards minus infinity.
  FCVTZS 11 000 1 Converts to a signed integer, towards zero.
  FCVTZU 11 001 1 Converts to an unsigned integer, towards zero.
`,
)) {
  const mnemonic = name.toLowerCase();
  const asm = (sf: number, letter: string, rd: number, rn: number): string =>
    toGeneral === '1'
      ? `${mnemonic} ${general(sf, rd)}, ${letter}${rn}`
      : `${mnemonic} ${letter}${rd}, ${general(sf, rn)}`;
  rows.push(
    {
      id: `${name}_int`,
      bits: `sf:1 0011110 0 sz:1 1 ${rmode} ${opcode} 000000 Rn:5 Rd:5`,
      asm: f => asm(f.sf, 'sd'[f.sz], f.Rd, f.Rn),
      does,
    },
    {
      id: `${name}_int_half`,
      bits: `sf:1 0011110 11 1 ${rmode} ${opcode} 000000 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      asm: f => asm(f.sf, 'h', f.Rd, f.Rn),
      does,
    },
  );
}

// Fixed-point: `scale` is 64 minus the number of fraction bits.
for (const [name, rmode, opcode, toGeneral, does] of table(
  4,
  `
  SCVTF  00 010 0 Converts signed fixed-point to floating-point.
  UCVTF  00 011 0 Converts unsigned fixed-point to floating-point.
  FCVTZS 11 000 1 Converts to signed fixed-point, towards zero.
  FCVTZU 11 001 1 Converts to unsigned fixed-point, towards zero.
`,
)) {
  const mnemonic = name.toLowerCase();
  const asm = (sf: number, letter: string, rd: number, rn: number, scale: number): string =>
    toGeneral === '1'
      ? `${mnemonic} ${general(sf, rd)}, ${letter}${rn}, #${64 - scale}`
      : `${mnemonic} ${letter}${rd}, ${general(sf, rn)}, #${64 - scale}`;
  rows.push(
    {
      id: `${name}_fixed`,
      bits: `sf:1 0011110 0 sz:1 0 ${rmode} ${opcode} scale:6 Rn:5 Rd:5`,
      when: f => f.sf === 1 || f.scale >= 32,
      asm: f => asm(f.sf, 'sd'[f.sz], f.Rd, f.Rn, f.scale),
      does,
    },
    {
      id: `${name}_fixed_half`,
      bits: `sf:1 0011110 11 0 ${rmode} ${opcode} scale:6 Rn:5 Rd:5`,
      feature: 'FEAT_FP16',
      when: f => f.sf === 1 || f.scale >= 32,
      asm: f => asm(f.sf, 'h', f.Rd, f.Rn, f.scale),
      does,
    },
  );
}

// Moves of bits. Id, bits, operands as `to` and `from` letters, feature, meaning.
for (const [id, bits, to, from, feature, does] of table(
  5,
  `
  FMOV_to_w      0_0011110_00_1_00_110_000000_Rn:5_Rd:5 w s -         Moves the bits of a single to a general register.
  FMOV_from_w    0_0011110_00_1_00_111_000000_Rn:5_Rd:5 s w -         Moves the bits of a general register to a single.
  FMOV_to_x      1_0011110_01_1_00_110_000000_Rn:5_Rd:5 x d -         Moves the bits of a double to a general register.
  FMOV_from_x    1_0011110_01_1_00_111_000000_Rn:5_Rd:5 d x -         Moves the bits of a general register to a double.
  FMOV_to_w_half 0_0011110_11_1_00_110_000000_Rn:5_Rd:5 w h FEAT_FP16 Moves the bits of a half to a general register.
  FMOV_to_x_half 1_0011110_11_1_00_110_000000_Rn:5_Rd:5 x h FEAT_FP16 Moves the bits of a half to a general register.
  FMOV_from_w_half 0_0011110_11_1_00_111_000000_Rn:5_Rd:5 h w FEAT_FP16 Moves the bits of a general register to a half.
  FMOV_from_x_half 1_0011110_11_1_00_111_000000_Rn:5_Rd:5 h x FEAT_FP16 Moves the bits of a general register to a half.
`,
)) {
  const operand = (letter: string, n: number): string =>
    letter === 'w' ? generalW(n) : letter === 'x' ? generalX(n) : `${letter}${n}`;
  rows.push({
    id,
    bits: bits.replaceAll('_', ' '),
    ...(feature ? { feature } : {}),
    asm: f => `fmov ${operand(to, f.Rd)}, ${operand(from, f.Rn)}`,
    does,
  });
}
rows.push(
  {
    id: 'FMOV_to_x_high',
    bits: '1 0011110 10 1 01 110 000000 Rn:5 Rd:5',
    asm: f => `fmov ${generalX(f.Rd)}, v${f.Rn}.d[1]`,
    does: 'Moves the upper 64 bits of a register to a general register.',
  },
  {
    id: 'FMOV_from_x_high',
    bits: '1 0011110 10 1 01 111 000000 Rn:5 Rd:5',
    asm: f => `fmov v${f.Rd}.d[1], ${generalX(f.Rn)}`,
    does: 'Moves a general register to the upper 64 bits of a register.',
  },
  {
    id: 'FJCVTZS',
    bits: '0 0011110 01 1 11 110 000000 Rn:5 Rd:5',
    feature: 'FEAT_JSCVT',
    asm: f => `fjcvtzs ${generalW(f.Rd)}, d${f.Rn}`,
    does: 'Converts a double to a 32-bit integer as JavaScript does, and sets Z when it was exact.',
  },
);

export const conversionRows: readonly InstructionRow[] = rows;
