/** Data processing with an immediate: Arm ARM C4.1, "Data Processing -- Immediate". */

import { logicalImmediate } from './bitmask.ts';
import { general, generalOrSp, hex, signed, target, w, x } from './operands.ts';
import type { Fields, InstructionRow } from './row.ts';

const width = (f: Fields): number => (f.sf ? 64 : 32);
const gp = (f: Fields, n: number): string => general(width(f), n);
const gpSp = (f: Fields, n: number): string => generalOrSp(width(f), n);

const arithmeticImmediate = (f: Fields): string => `#${f.imm12}${f.sh ? ', lsl #12' : ''}`;
/** The value of N:immr:imms; only for rows whose `when` has accepted it. */
const mask = (f: Fields): bigint => logicalImmediate(width(f), f.N, f.immr, f.imms) as bigint;
const maskIsValid = (f: Fields): boolean => logicalImmediate(width(f), f.N, f.immr, f.imms) !== undefined;

// MOV is preferred to MOVZ, MOVN and ORR, in this order, where they give the same value (Arm ARM C6.2, "MOV").
const isMovz = (value: bigint, bits: number, shift: number): boolean =>
  (value & ~(0xffffn << BigInt(shift))) === 0n && !(value === 0n && shift !== 0) && shift < bits;
const anyMovz = (value: bigint, bits: number): boolean => [0, 16, 32, 48].some(shift => isMovz(value, bits, shift));
const inverted = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, ~value);
const mov = (f: Fields, value: bigint): string => `mov ${gp(f, f.Rd)}, #${BigInt.asIntN(width(f), value)}`;
const wide = (f: Fields): bigint => BigInt(f.imm16) << BigInt(f.hw * 16);
const wideText = (name: string, f: Fields): string =>
  `${name} ${gp(f, f.Rd)}, #${f.imm16}${f.hw ? `, lsl #${f.hw * 16}` : ''}`;
const wideIsValid = (f: Fields): boolean => f.sf === 1 || f.hw < 2;

const bitfieldIsValid = (f: Fields): boolean => f.N === f.sf && (f.sf === 1 || (f.immr < 32 && f.imms < 32));

/** SBFM and UBFM are always written as an extension, a shift, or an insertion or extraction of a field. */
function bitfield(f: Fields, sign: 's' | 'u'): string {
  const bits = width(f);
  const { immr, imms } = f;
  const d = gp(f, f.Rd);
  const n = gp(f, f.Rn);
  const extension = { 7: 'xtb', 15: 'xth', 31: 'xtw' }[imms];
  if (immr === 0 && extension && (sign === 's' ? imms < bits - 1 : bits === 32 && imms < 31)) {
    return `${sign}${extension} ${d}, ${w(f.Rn)}`;
  }
  if (sign === 'u' && imms !== bits - 1 && imms + 1 === immr) return `lsl ${d}, ${n}, #${bits - 1 - imms}`;
  if (imms === bits - 1) return `${sign === 's' ? 'asr' : 'lsr'} ${d}, ${n}, #${immr}`;
  if (immr > imms) return `${sign}bfiz ${d}, ${n}, #${bits - immr}, #${imms + 1}`;
  return `${sign}bfx ${d}, ${n}, #${immr}, #${imms - immr + 1}`;
}

function bitfieldMove(f: Fields): string {
  const bits = width(f);
  const lsb = (bits - f.immr) % bits;
  if (f.Rn === 31 && (f.immr === 0 || f.imms < f.immr)) return `bfc ${gp(f, f.Rd)}, #${lsb}, #${f.imms + 1}`;
  if (f.imms < f.immr) return `bfi ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, #${lsb}, #${f.imms + 1}`;
  return `bfxil ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, #${f.immr}, #${f.imms - f.immr + 1}`;
}

/** Distance in bytes that ADR adds to the PC, or in pages that ADRP does. */
export const adrDistance = (f: Fields): number => signed((f.immhi << 2) | f.immlo, 21);

export const dataProcessingImmediateRows: readonly InstructionRow[] = [
  {
    id: 'ADR',
    bits: '0 immlo:2 10000 immhi:19 Rd:5',
    asm: (f, address) => `adr ${x(f.Rd)}, ${target(address, adrDistance(f))}`,
    does: 'Forms an address at a distance of up to 1 MB from this instruction.',
  },
  {
    id: 'ADRP',
    bits: '1 immlo:2 10000 immhi:19 Rd:5',
    asm: (f, address) => `adrp ${x(f.Rd)}, ${target(address & ~0xfffn, BigInt(adrDistance(f)) << 12n)}`,
    does: 'Forms the address of a 4 KB page within 4 GB of this instruction.',
  },
  {
    id: 'ADD_imm',
    bits: 'sf:1 00 100010 sh:1 imm12:12 Rn:5 Rd:5',
    asm: f =>
      f.imm12 === 0 && f.sh === 0 && (f.Rd === 31 || f.Rn === 31)
        ? `mov ${gpSp(f, f.Rd)}, ${gpSp(f, f.Rn)}`
        : `add ${gpSp(f, f.Rd)}, ${gpSp(f, f.Rn)}, ${arithmeticImmediate(f)}`,
    does: 'Adds an immediate.',
  },
  {
    id: 'ADDS_imm',
    bits: 'sf:1 01 100010 sh:1 imm12:12 Rn:5 Rd:5',
    asm: f =>
      f.Rd === 31
        ? `cmn ${gpSp(f, f.Rn)}, ${arithmeticImmediate(f)}`
        : `adds ${gp(f, f.Rd)}, ${gpSp(f, f.Rn)}, ${arithmeticImmediate(f)}`,
    does: 'Adds an immediate and sets the flags.',
  },
  {
    id: 'SUB_imm',
    bits: 'sf:1 10 100010 sh:1 imm12:12 Rn:5 Rd:5',
    asm: f => `sub ${gpSp(f, f.Rd)}, ${gpSp(f, f.Rn)}, ${arithmeticImmediate(f)}`,
    does: 'Subtracts an immediate.',
  },
  {
    id: 'SUBS_imm',
    bits: 'sf:1 11 100010 sh:1 imm12:12 Rn:5 Rd:5',
    asm: f =>
      f.Rd === 31
        ? `cmp ${gpSp(f, f.Rn)}, ${arithmeticImmediate(f)}`
        : `subs ${gp(f, f.Rd)}, ${gpSp(f, f.Rn)}, ${arithmeticImmediate(f)}`,
    does: 'Subtracts an immediate and sets the flags.',
  },
  {
    id: 'AND_imm',
    bits: 'sf:1 00 100100 N:1 immr:6 imms:6 Rn:5 Rd:5',
    when: maskIsValid,
    asm: f => `and ${gpSp(f, f.Rd)}, ${gp(f, f.Rn)}, ${hex(mask(f))}`,
    does: 'Bitwise AND with an immediate.',
  },
  {
    id: 'ORR_imm',
    bits: 'sf:1 01 100100 N:1 immr:6 imms:6 Rn:5 Rd:5',
    when: maskIsValid,
    asm: f => {
      const value = mask(f);
      const bits = width(f);
      const wideMove = anyMovz(value, bits) || anyMovz(inverted(value, bits), bits);
      if (f.Rn === 31 && !wideMove) return `mov ${gpSp(f, f.Rd)}, #${BigInt.asIntN(bits, value)}`;
      return `orr ${gpSp(f, f.Rd)}, ${gp(f, f.Rn)}, ${hex(value)}`;
    },
    does: 'Bitwise OR with an immediate.',
  },
  {
    id: 'EOR_imm',
    bits: 'sf:1 10 100100 N:1 immr:6 imms:6 Rn:5 Rd:5',
    when: maskIsValid,
    asm: f => `eor ${gpSp(f, f.Rd)}, ${gp(f, f.Rn)}, ${hex(mask(f))}`,
    does: 'Bitwise exclusive OR with an immediate.',
  },
  {
    id: 'ANDS_imm',
    bits: 'sf:1 11 100100 N:1 immr:6 imms:6 Rn:5 Rd:5',
    when: maskIsValid,
    asm: f =>
      f.Rd === 31 ? `tst ${gp(f, f.Rn)}, ${hex(mask(f))}` : `ands ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, ${hex(mask(f))}`,
    does: 'Bitwise AND with an immediate, sets N and Z and clears C and V.',
  },
  {
    id: 'MOVN',
    bits: 'sf:1 00 100101 hw:2 imm16:16 Rd:5',
    when: wideIsValid,
    asm: f => {
      const bits = width(f);
      const value = inverted(wide(f), bits);
      return !anyMovz(value, bits) && isMovz(wide(f), bits, f.hw * 16) ? mov(f, value) : wideText('movn', f);
    },
    does: 'Writes the inverse of a shifted 16-bit immediate.',
  },
  {
    id: 'MOVZ',
    bits: 'sf:1 10 100101 hw:2 imm16:16 Rd:5',
    when: wideIsValid,
    asm: f => (isMovz(wide(f), width(f), f.hw * 16) ? mov(f, wide(f)) : wideText('movz', f)),
    does: 'Writes a shifted 16-bit immediate and clears the other bits.',
  },
  {
    id: 'MOVK',
    bits: 'sf:1 11 100101 hw:2 imm16:16 Rd:5',
    when: wideIsValid,
    asm: f => wideText('movk', f),
    does: 'Writes 16 bits of a register and keeps the others.',
  },
  {
    id: 'SBFM',
    bits: 'sf:1 00 100110 N:1 immr:6 imms:6 Rn:5 Rd:5',
    when: bitfieldIsValid,
    asm: f => bitfield(f, 's'),
    does: 'Moves a bit field, sign-extends it and clears the bits below.',
  },
  {
    id: 'BFM',
    bits: 'sf:1 01 100110 N:1 immr:6 imms:6 Rn:5 Rd:5',
    when: bitfieldIsValid,
    asm: bitfieldMove,
    does: 'Moves a bit field into a register and keeps its other bits.',
  },
  {
    id: 'UBFM',
    bits: 'sf:1 10 100110 N:1 immr:6 imms:6 Rn:5 Rd:5',
    when: bitfieldIsValid,
    asm: f => bitfield(f, 'u'),
    does: 'Moves a bit field and clears the bits around it.',
  },
  {
    id: 'EXTR',
    bits: 'sf:1 00 100111 N:1 0 Rm:5 imms:6 Rn:5 Rd:5',
    when: f => f.N === f.sf && (f.sf === 1 || f.imms < 32),
    asm: f =>
      f.Rn === f.Rm
        ? `ror ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, #${f.imms}`
        : `extr ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, ${gp(f, f.Rm)}, #${f.imms}`,
    does: 'Extracts a register from a pair of registers.',
  },
];
