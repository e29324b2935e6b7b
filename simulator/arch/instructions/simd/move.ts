/** AdvSIMD copy, permute, table, extract and modified immediate. Source: Arm ARM C4.1.96. */

import type { Fields, InstructionRow } from '../row.ts';
import { allowsVector, arrangement, element, generalW, generalX, scalar, table, vector } from './text.ts';

/** Element size (log2 of bytes) that `imm5` selects by its lowest 1 bit; 4 and more are reserved. */
export const copySize = (imm5: number): number => (imm5 & 15 ? 31 - Math.clz32(imm5 & -imm5) : 4);
/** Element number in `imm5`, above the bit that gives the size. */
export const copyIndex = (imm5: number): number => imm5 >> (copySize(imm5) + 1);

const copy: InstructionRow[] = [
  {
    id: 'DUP_element_vec',
    bits: '0 Q:1 0 01110000 imm5:5 0 0000 1 Rn:5 Rd:5',
    when: f => allowsVector('bhsd', copySize(f.imm5), f.Q),
    asm: f => `dup ${vector(f.Rd, copySize(f.imm5), f.Q)}, ${element(f.Rn, copySize(f.imm5), copyIndex(f.imm5))}`,
    does: 'Copies one element to all elements.',
  },
  {
    id: 'DUP_element_scalar',
    bits: '01 0 11110000 imm5:5 0 0000 1 Rn:5 Rd:5',
    when: f => copySize(f.imm5) < 4,
    asm: f => `mov ${scalar(f.Rd, copySize(f.imm5))}, ${element(f.Rn, copySize(f.imm5), copyIndex(f.imm5))}`,
    does: 'Copies one element to a scalar.',
  },
  {
    id: 'DUP_general',
    bits: '0 Q:1 0 01110000 imm5:5 0 0001 1 Rn:5 Rd:5',
    when: f => allowsVector('bhsd', copySize(f.imm5), f.Q),
    asm: f => `dup ${vector(f.Rd, copySize(f.imm5), f.Q)}, ${copySize(f.imm5) === 3 ? generalX(f.Rn) : generalW(f.Rn)}`,
    does: 'Copies a general register to all elements.',
  },
  {
    id: 'SMOV',
    bits: '0 Q:1 0 01110000 imm5:5 0 0101 1 Rn:5 Rd:5',
    when: f => copySize(f.imm5) < 2 + f.Q,
    asm: f => `smov ${f.Q ? generalX(f.Rd) : generalW(f.Rd)}, ${element(f.Rn, copySize(f.imm5), copyIndex(f.imm5))}`,
    does: 'Moves an element to a general register, sign-extended.',
  },
  {
    id: 'UMOV',
    bits: '0 Q:1 0 01110000 imm5:5 0 0111 1 Rn:5 Rd:5',
    when: f => (f.Q ? copySize(f.imm5) === 3 : copySize(f.imm5) < 3),
    asm: f =>
      `${copySize(f.imm5) < 2 ? 'umov' : 'mov'} ${f.Q ? generalX(f.Rd) : generalW(f.Rd)}, ${element(f.Rn, copySize(f.imm5), copyIndex(f.imm5))}`,
    does: 'Moves an element to a general register, zero-extended.',
  },
  {
    id: 'INS_general',
    bits: '0 1 0 01110000 imm5:5 0 0011 1 Rn:5 Rd:5',
    when: f => copySize(f.imm5) < 4,
    asm: f =>
      `mov ${element(f.Rd, copySize(f.imm5), copyIndex(f.imm5))}, ${copySize(f.imm5) === 3 ? generalX(f.Rn) : generalW(f.Rn)}`,
    does: 'Inserts a general register as one element.',
  },
  {
    id: 'INS_element',
    bits: '0 1 1 01110000 imm5:5 0 imm4:4 1 Rn:5 Rd:5',
    when: f => copySize(f.imm5) < 4,
    asm: f =>
      `mov ${element(f.Rd, copySize(f.imm5), copyIndex(f.imm5))}, ${element(f.Rn, copySize(f.imm5), f.imm4 >> copySize(f.imm5))}`,
    does: 'Inserts an element as one element.',
  },
];

const permute: InstructionRow[] = table(
  2,
  `
  UZP1 001 Concatenates the even elements of both operands.
  TRN1 010 Interleaves the even elements of both operands.
  ZIP1 011 Interleaves the lower halves of both operands.
  UZP2 101 Concatenates the odd elements of both operands.
  TRN2 110 Interleaves the odd elements of both operands.
  ZIP2 111 Interleaves the upper halves of both operands.
`,
).map(([name, opcode, does]) => ({
  id: name,
  bits: `0 Q:1 0 01110 size:2 0 Rm:5 0 ${opcode} 10 Rn:5 Rd:5`,
  when: f => allowsVector('bhsd', f.size, f.Q),
  asm: f =>
    `${name.toLowerCase()} ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size, f.Q)}, ${vector(f.Rm, f.size, f.Q)}`,
  does,
}));

function tableList(f: Fields): string {
  const registers: string[] = [];
  for (let i = 0; i <= f.len; i++) registers.push(`v${(f.Rn + i) & 31}.16b`);
  return `{ ${registers.join(', ')} }`;
}

const lookup: InstructionRow[] = [
  {
    id: 'EXT',
    bits: '0 Q:1 1 01110000 Rm:5 0 imm4:4 0 Rn:5 Rd:5',
    when: f => f.Q === 1 || f.imm4 < 8,
    asm: f => `ext ${vector(f.Rd, 0, f.Q)}, ${vector(f.Rn, 0, f.Q)}, ${vector(f.Rm, 0, f.Q)}, #${f.imm4}`,
    does: 'Extracts consecutive bytes from a pair of registers.',
  },
  {
    id: 'TBL',
    bits: '0 Q:1 0 01110000 Rm:5 0 len:2 0 00 Rn:5 Rd:5',
    asm: f => `tbl ${vector(f.Rd, 0, f.Q)}, ${tableList(f)}, ${vector(f.Rm, 0, f.Q)}`,
    does: 'Looks bytes up in one to four registers; an index out of range gives 0.',
  },
  {
    id: 'TBX',
    bits: '0 Q:1 0 01110000 Rm:5 0 len:2 1 00 Rn:5 Rd:5',
    asm: f => `tbx ${vector(f.Rd, 0, f.Q)}, ${tableList(f)}, ${vector(f.Rm, 0, f.Q)}`,
    does: 'Looks bytes up in one to four registers; an index out of range leaves the byte.',
  },
];

/** The 8 bits of a modified immediate. */
export const immediate8 = (f: Fields): number => (f.abc << 5) | f.defgh;

/** The 64 bits of `VFPExpandImm` for 16, 32 or 64 bits (Arm ARM shared/functions/float/vfpexpandimm). */
export function expandFloat(imm8: number, bits: 16 | 32 | 64): bigint {
  const exponentBits = { 16: 5, 32: 8, 64: 11 }[bits];
  const fractionBits = bits - exponentBits - 1;
  const sign = BigInt(imm8 >> 7);
  const b6 = (imm8 >> 6) & 1;
  const ones = b6 ? (1n << BigInt(exponentBits - 3)) - 1n : 0n;
  const exponent = (BigInt(b6 ^ 1) << BigInt(exponentBits - 1)) | (ones << 2n) | BigInt((imm8 >> 4) & 3);
  const fraction = BigInt(imm8 & 15) << BigInt(fractionBits - 4);
  return (sign << BigInt(bits - 1)) | (exponent << BigInt(fractionBits)) | fraction;
}

/** The value that an 8-bit floating-point immediate stands for. */
export const floatValue = (imm8: number): number => {
  const exponent = ((imm8 >> 4) & 7) ^ 4;
  return (imm8 & 128 ? -1 : 1) * (16 + (imm8 & 15)) * 2 ** (exponent - 7);
};

const replicate = (value: bigint, bits: number): bigint => {
  let result = 0n;
  for (let at = 0; at < 64; at += bits) result |= value << BigInt(at);
  return result;
};

/** The 64 bits of `AdvSIMDExpandImm` before any inversion (Arm ARM shared/functions/vector/advsimdexpandimm). */
export function expandImmediate(cmode: number, op: number, imm8: number): bigint {
  const value = BigInt(imm8);
  if (cmode < 8) return replicate(value << BigInt(8 * (cmode >> 1)), 32);
  if (cmode < 12) return replicate(value << BigInt(8 * ((cmode >> 1) & 1)), 16);
  if (cmode < 14) return replicate(cmode === 12 ? (value << 8n) | 0xffn : (value << 16n) | 0xffffn, 32);
  if (cmode === 14 && op === 0) return replicate(value, 8);
  if (cmode === 14) {
    let bytes = 0n;
    for (let i = 0; i < 8; i++) if (imm8 & (1 << i)) bytes |= 0xffn << BigInt(8 * i);
    return bytes;
  }
  return op === 0 ? replicate(expandFloat(imm8, 32), 32) : expandFloat(imm8, 64);
}

const shifted = (f: Fields): string => {
  const amount = f.cmode < 8 ? 8 * (f.cmode >> 1) : 8 * ((f.cmode >> 1) & 1);
  return `#${immediate8(f)}${amount ? `, lsl #${amount}` : ''}`;
};
const modifiedSize = (f: Fields): number => (f.cmode < 8 ? 2 : 1);
const float = (f: Fields): string => `#${floatValue(immediate8(f)).toFixed(8)}`;

// Mnemonic, op, cmode as a pattern, meaning. In every one the shifted 8 bits are replicated.
const modified: InstructionRow[] = [];
for (const [name, o, does] of table(
  2,
  `
  MOVI 0 Sets all elements to an immediate.
  MVNI 1 Sets all elements to an inverted immediate.
  ORR  0 Ors all elements with an immediate.
  BIC  1 Clears the bits of an immediate in all elements.
`,
)) {
  const moves = name.startsWith('M');
  const mnemonic = name.toLowerCase();
  modified.push({
    id: `${name}_vec_imm`,
    bits: `0 Q:1 ${o} 0111100000 abc:3 cmode:4 01 defgh:5 Rd:5`,
    when: f => f.cmode < 12 && (f.cmode & 1) === (moves ? 0 : 1),
    asm: f => `${mnemonic} ${vector(f.Rd, modifiedSize(f), f.Q)}, ${shifted(f)}`,
    does,
  });
  if (moves) {
    modified.push({
      id: `${name}_vec_ones`,
      bits: `0 Q:1 ${o} 0111100000 abc:3 110 cmode0:1 01 defgh:5 Rd:5`,
      asm: f => `${mnemonic} ${vector(f.Rd, 2, f.Q)}, #${immediate8(f)}, msl #${f.cmode0 ? 16 : 8}`,
      does,
    });
  }
}
modified.push(
  {
    id: 'MOVI_vec_byte',
    bits: '0 Q:1 0 0111100000 abc:3 1110 01 defgh:5 Rd:5',
    asm: f => `movi ${vector(f.Rd, 0, f.Q)}, #${immediate8(f)}`,
    does: 'Sets all bytes to an immediate.',
  },
  {
    id: 'MOVI_mask',
    bits: '0 Q:1 1 0111100000 abc:3 1110 01 defgh:5 Rd:5',
    asm: f => {
      // LLVM prints with C's "%#016llx": two digits for the prefix, which zero does not have.
      const value = expandImmediate(14, 1, immediate8(f));
      const text = value ? `0x${value.toString(16).padStart(14, '0')}` : '0'.repeat(16);
      return `movi ${f.Q ? `v${f.Rd}.2d` : `d${f.Rd}`}, #${text}`;
    },
    does: 'Sets every byte to all ones or zero by one bit of the immediate.',
  },
  {
    id: 'FMOV_vec_imm',
    bits: '0 Q:1 0 0111100000 abc:3 1111 01 defgh:5 Rd:5',
    asm: f => `fmov ${vector(f.Rd, 2, f.Q)}, ${float(f)}`,
    does: 'Sets all single precision elements to an immediate.',
  },
  {
    id: 'FMOV_vec_imm_half',
    bits: '0 Q:1 0 0111100000 abc:3 1111 11 defgh:5 Rd:5',
    feature: 'FEAT_FP16',
    asm: f => `fmov ${vector(f.Rd, 1, f.Q)}, ${float(f)}`,
    does: 'Sets all half precision elements to an immediate.',
  },
  {
    id: 'FMOV_vec_imm_double',
    bits: '0 1 1 0111100000 abc:3 1111 01 defgh:5 Rd:5',
    asm: f => `fmov v${f.Rd}.${arrangement(3, 1)}, ${float(f)}`,
    does: 'Sets both double precision elements to an immediate.',
  },
);

export const moveRows: readonly InstructionRow[] = [...copy, ...permute, ...lookup, ...modified];
