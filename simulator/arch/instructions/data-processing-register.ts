/** Data processing with registers: Arm ARM C4.1, "Data Processing -- Register". */

import { conditions, extensions, general, generalOrSp, shifted, w, x } from './operands.ts';
import type { Fields, InstructionRow } from './row.ts';

const width = (f: Fields): number => (f.sf ? 64 : 32);
const gp = (f: Fields, n: number): string => general(width(f), n);
const gpSp = (f: Fields, n: number): string => generalOrSp(width(f), n);

const shiftIsValid = (f: Fields): boolean => f.sf === 1 || f.imm6 < 32;
const rmShifted = (f: Fields): string => `${gp(f, f.Rm)}${shifted(f.shift, f.imm6)}`;
const dnmShifted = (name: string, f: Fields): string => `${name} ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, ${rmShifted(f)}`;
const dnm = (name: string, f: Fields): string => `${name} ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, ${gp(f, f.Rm)}`;
const dn = (name: string, f: Fields): string => `${name} ${gp(f, f.Rd)}, ${gp(f, f.Rn)}`;

function logical(id: string, opcode: string, n: 0 | 1, asm: (f: Fields) => string, does: string): InstructionRow {
  const bits = `sf:1 ${opcode} 01010 shift:2 ${n} Rm:5 imm6:6 Rn:5 Rd:5`;
  return { id, bits, when: shiftIsValid, asm, does };
}

function arithmetic(id: string, opcode: string, asm: (f: Fields) => string, does: string): InstructionRow {
  const bits = `sf:1 ${opcode} 01011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5`;
  return { id, bits, when: f => f.shift !== 3 && shiftIsValid(f), asm, does };
}

function extended(id: string, opcode: string, asm: (f: Fields) => string, does: string): InstructionRow {
  const bits = `sf:1 ${opcode} 01011 00 1 Rm:5 option:3 imm3:3 Rn:5 Rd:5`;
  return { id, bits, when: f => f.imm3 <= 4, asm, does };
}

/** The extended register. Beside a stack pointer the extension that changes nothing is written as LSL. */
function rmExtended(f: Fields, stackPointer: boolean): string {
  const register = f.sf === 1 && (f.option & 3) === 3 ? x(f.Rm) : w(f.Rm);
  const amount = f.imm3 ? ` #${f.imm3}` : '';
  if (stackPointer && f.option === (f.sf ? 3 : 2)) return amount ? `${register}, lsl${amount}` : register;
  return `${register}, ${extensions[f.option]}${amount}`;
}

const carry = (id: string, opcode: string, asm: (f: Fields) => string, does: string): InstructionRow => ({
  id,
  bits: `sf:1 ${opcode} 11010000 Rm:5 000000 Rn:5 Rd:5`,
  asm,
  does,
});

const compare = (id: string, opcode: string, kind: 'reg' | 'imm', does: string): InstructionRow => ({
  id: `${id}_${kind}`,
  bits: `sf:1 ${opcode} 11010010 Rm:5 cond:4 ${kind === 'imm' ? 1 : 0} 0 Rn:5 0 nzcv:4`,
  asm: f =>
    `${id.toLowerCase()} ${gp(f, f.Rn)}, ${kind === 'imm' ? `#${f.Rm}` : gp(f, f.Rm)}, #${f.nzcv}, ${conditions[f.cond]}`,
  does,
});

const select = (
  id: string,
  op: 0 | 1,
  op2: string,
  alias: (f: Fields) => string | undefined,
  does: string,
): InstructionRow => ({
  id,
  bits: `sf:1 ${op}0 11010100 Rm:5 cond:4 ${op2} Rn:5 Rd:5`,
  asm: f => alias(f) ?? `${dnm(id.toLowerCase(), f)}, ${conditions[f.cond]}`,
  does,
});
/** CSET and CINC and their like name the opposite condition, which AL and NV do not have. */
const opposite = (f: Fields): string | undefined => (f.cond < 14 ? conditions[f.cond ^ 1] : undefined);

const two = (id: string, opcode: string, asm: (f: Fields) => string, does: string): InstructionRow => ({
  id,
  bits: `sf:1 00 11010110 Rm:5 ${opcode} Rn:5 Rd:5`,
  asm,
  does,
});

const one = (id: string, sf: string, opcode: string, asm: (f: Fields) => string, does: string): InstructionRow => ({
  id,
  bits: `${sf} 10 11010110 00000 ${opcode} Rn:5 Rd:5`,
  asm,
  does,
});

const three = (
  id: string,
  head: string,
  op31: string,
  o0: 0 | 1,
  asm: (f: Fields) => string,
  does: string,
): InstructionRow => ({
  id,
  bits: `${head} 00 11011 ${op31} Rm:5 ${o0} Ra:5 Rn:5 Rd:5`,
  asm,
  does,
});

/** `alias` is the form without an addend. */
const multiply = (name: string, alias: string, f: Fields): string =>
  f.Ra === 31 ? dnm(alias, f) : `${dnm(name, f)}, ${gp(f, f.Ra)}`;
const multiplyLong = (name: string, alias: string, f: Fields): string =>
  f.Ra === 31
    ? `${alias} ${x(f.Rd)}, ${w(f.Rn)}, ${w(f.Rm)}`
    : `${name} ${x(f.Rd)}, ${w(f.Rn)}, ${w(f.Rm)}, ${x(f.Ra)}`;

function crcRows(): InstructionRow[] {
  const rows: InstructionRow[] = [];
  for (const [c, polynomial] of [
    [0, '0x04C11DB7'],
    [1, '0x1EDC6F41'],
  ] as const) {
    for (const [size, letter] of ['b', 'h', 'w', 'x'].entries()) {
      const name = `crc32${c ? 'c' : ''}${letter}`;
      rows.push({
        id: name.toUpperCase(),
        bits: `${size === 3 ? 1 : 0} 00 11010110 Rm:5 010${c}${size >> 1}${size & 1} Rn:5 Rd:5`,
        feature: 'crc32',
        asm: f => `${name} ${w(f.Rd)}, ${w(f.Rn)}, ${size === 3 ? x(f.Rm) : w(f.Rm)}`,
        does: `Adds ${1 << size} byte${size ? 's' : ''} to a CRC-32 checksum of polynomial ${polynomial}.`,
      });
    }
  }
  return rows;
}

export const dataProcessingRegisterRows: readonly InstructionRow[] = [
  logical('AND_reg', '00', 0, f => dnmShifted('and', f), 'Bitwise AND with a shifted register.'),
  logical('BIC_reg', '00', 1, f => dnmShifted('bic', f), 'Clears the bits that are set in a shifted register.'),
  logical(
    'ORR_reg',
    '01',
    0,
    f => (f.Rn === 31 && f.shift === 0 && f.imm6 === 0 ? `mov ${gp(f, f.Rd)}, ${gp(f, f.Rm)}` : dnmShifted('orr', f)),
    'Bitwise OR with a shifted register.',
  ),
  logical(
    'ORN_reg',
    '01',
    1,
    f => (f.Rn === 31 ? `mvn ${gp(f, f.Rd)}, ${rmShifted(f)}` : dnmShifted('orn', f)),
    'Bitwise OR with the inverse of a shifted register.',
  ),
  logical('EOR_reg', '10', 0, f => dnmShifted('eor', f), 'Bitwise exclusive OR with a shifted register.'),
  logical(
    'EON_reg',
    '10',
    1,
    f => dnmShifted('eon', f),
    'Bitwise exclusive OR with the inverse of a shifted register.',
  ),
  logical(
    'ANDS_reg',
    '11',
    0,
    f => (f.Rd === 31 ? `tst ${gp(f, f.Rn)}, ${rmShifted(f)}` : dnmShifted('ands', f)),
    'Bitwise AND with a shifted register, sets N and Z and clears C and V.',
  ),
  logical(
    'BICS_reg',
    '11',
    1,
    f => dnmShifted('bics', f),
    'Clears the bits that are set in a shifted register, sets N and Z and clears C and V.',
  ),

  arithmetic('ADD_reg', '00', f => dnmShifted('add', f), 'Adds a shifted register.'),
  arithmetic(
    'ADDS_reg',
    '01',
    f => (f.Rd === 31 ? `cmn ${gp(f, f.Rn)}, ${rmShifted(f)}` : dnmShifted('adds', f)),
    'Adds a shifted register and sets the flags.',
  ),
  arithmetic(
    'SUB_reg',
    '10',
    f => (f.Rn === 31 ? `neg ${gp(f, f.Rd)}, ${rmShifted(f)}` : dnmShifted('sub', f)),
    'Subtracts a shifted register.',
  ),
  arithmetic(
    'SUBS_reg',
    '11',
    f => {
      if (f.Rd === 31) return `cmp ${gp(f, f.Rn)}, ${rmShifted(f)}`;
      return f.Rn === 31 ? `negs ${gp(f, f.Rd)}, ${rmShifted(f)}` : dnmShifted('subs', f);
    },
    'Subtracts a shifted register and sets the flags.',
  ),
  extended(
    'ADD_ext',
    '00',
    f => `add ${gpSp(f, f.Rd)}, ${gpSp(f, f.Rn)}, ${rmExtended(f, f.Rd === 31 || f.Rn === 31)}`,
    'Adds an extended register.',
  ),
  extended(
    'ADDS_ext',
    '01',
    f => `${f.Rd === 31 ? 'cmn' : `adds ${gp(f, f.Rd)},`} ${gpSp(f, f.Rn)}, ${rmExtended(f, f.Rn === 31)}`,
    'Adds an extended register and sets the flags.',
  ),
  extended(
    'SUB_ext',
    '10',
    f => `sub ${gpSp(f, f.Rd)}, ${gpSp(f, f.Rn)}, ${rmExtended(f, f.Rd === 31 || f.Rn === 31)}`,
    'Subtracts an extended register.',
  ),
  extended(
    'SUBS_ext',
    '11',
    f => `${f.Rd === 31 ? 'cmp' : `subs ${gp(f, f.Rd)},`} ${gpSp(f, f.Rn)}, ${rmExtended(f, f.Rn === 31)}`,
    'Subtracts an extended register and sets the flags.',
  ),

  carry('ADC', '00', f => dnm('adc', f), 'Adds two registers and the carry flag.'),
  carry('ADCS', '01', f => dnm('adcs', f), 'Adds two registers and the carry flag, and sets the flags.'),
  carry(
    'SBC',
    '10',
    f => (f.Rn === 31 ? `ngc ${gp(f, f.Rd)}, ${gp(f, f.Rm)}` : dnm('sbc', f)),
    'Subtracts a register and the inverse of the carry flag.',
  ),
  carry(
    'SBCS',
    '11',
    f => (f.Rn === 31 ? `ngcs ${gp(f, f.Rd)}, ${gp(f, f.Rm)}` : dnm('sbcs', f)),
    'Subtracts a register and the inverse of the carry flag, and sets the flags.',
  ),
  {
    id: 'RMIF',
    bits: '1 01 11010000 imm6:6 00001 Rn:5 0 mask:4',
    feature: 'flagm',
    asm: f => `rmif ${x(f.Rn)}, #${f.imm6}, #${f.mask}`,
    does: 'Rotates a register right and writes its low bits to the selected flags.',
  },
  {
    id: 'SETF8',
    bits: '0 01 11010000 000000 0 0010 Rn:5 0 1101',
    feature: 'flagm',
    asm: f => `setf8 ${w(f.Rn)}`,
    does: 'Sets N, Z and V as for an 8-bit result.',
  },
  {
    id: 'SETF16',
    bits: '0 01 11010000 000000 1 0010 Rn:5 0 1101',
    feature: 'flagm',
    asm: f => `setf16 ${w(f.Rn)}`,
    does: 'Sets N, Z and V as for a 16-bit result.',
  },

  compare('CCMN', '01', 'reg', 'Sets the flags as CMN does if a condition holds, else to an immediate.'),
  compare('CCMN', '01', 'imm', 'Sets the flags as CMN does if a condition holds, else to an immediate.'),
  compare('CCMP', '11', 'reg', 'Sets the flags as CMP does if a condition holds, else to an immediate.'),
  compare('CCMP', '11', 'imm', 'Sets the flags as CMP does if a condition holds, else to an immediate.'),

  select('CSEL', 0, '00', () => undefined, 'Takes the first register if a condition holds, else the second.'),
  select(
    'CSINC',
    0,
    '01',
    f => {
      const cond = opposite(f);
      if (!cond || f.Rn !== f.Rm) return undefined;
      return f.Rn === 31 ? `cset ${gp(f, f.Rd)}, ${cond}` : `cinc ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, ${cond}`;
    },
    'Takes the first register if a condition holds, else the second plus 1.',
  ),
  select(
    'CSINV',
    1,
    '00',
    f => {
      const cond = opposite(f);
      if (!cond || f.Rn !== f.Rm) return undefined;
      return f.Rn === 31 ? `csetm ${gp(f, f.Rd)}, ${cond}` : `cinv ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, ${cond}`;
    },
    'Takes the first register if a condition holds, else the inverse of the second.',
  ),
  select(
    'CSNEG',
    1,
    '01',
    f => {
      const cond = opposite(f);
      return cond && f.Rn === f.Rm ? `cneg ${gp(f, f.Rd)}, ${gp(f, f.Rn)}, ${cond}` : undefined;
    },
    'Takes the first register if a condition holds, else the negative of the second.',
  ),

  two('UDIV', '000010', f => dnm('udiv', f), 'Divides unsigned numbers; a division by 0 gives 0.'),
  two('SDIV', '000011', f => dnm('sdiv', f), 'Divides signed numbers; a division by 0 gives 0.'),
  two('LSLV', '001000', f => dnm('lsl', f), 'Shifts left by a register modulo the width.'),
  two('LSRV', '001001', f => dnm('lsr', f), 'Shifts right by a register modulo the width.'),
  two('ASRV', '001010', f => dnm('asr', f), 'Shifts right by a register modulo the width and keeps the sign.'),
  two('RORV', '001011', f => dnm('ror', f), 'Rotates right by a register modulo the width.'),
  ...crcRows(),

  one('RBIT', 'sf:1', '000000', f => dn('rbit', f), 'Reverses the order of the bits.'),
  one('REV16', 'sf:1', '000001', f => dn('rev16', f), 'Reverses the bytes in each halfword.'),
  one('REV32', '1', '000010', f => `rev32 ${x(f.Rd)}, ${x(f.Rn)}`, 'Reverses the bytes in each word.'),
  one('REV_w', '0', '000010', f => `rev ${w(f.Rd)}, ${w(f.Rn)}`, 'Reverses the bytes.'),
  one('REV_x', '1', '000011', f => `rev ${x(f.Rd)}, ${x(f.Rn)}`, 'Reverses the bytes.'),
  one('CLZ', 'sf:1', '000100', f => dn('clz', f), 'Counts leading zeros.'),
  one('CLS', 'sf:1', '000101', f => dn('cls', f), 'Counts the bits below the sign that equal it.'),

  three('MADD', 'sf:1', '000', 0, f => multiply('madd', 'mul', f), 'Multiplies and adds.'),
  three('MSUB', 'sf:1', '000', 1, f => multiply('msub', 'mneg', f), 'Multiplies and subtracts the product.'),
  three('SMADDL', '1', '001', 0, f => multiplyLong('smaddl', 'smull', f), 'Multiplies signed words and adds.'),
  three(
    'SMSUBL',
    '1',
    '001',
    1,
    f => multiplyLong('smsubl', 'smnegl', f),
    'Multiplies signed words and subtracts the product.',
  ),
  three(
    'SMULH',
    '1',
    '010',
    0,
    f => `smulh ${x(f.Rd)}, ${x(f.Rn)}, ${x(f.Rm)}`,
    'The high 64 bits of the product of signed numbers.',
  ),
  three('UMADDL', '1', '101', 0, f => multiplyLong('umaddl', 'umull', f), 'Multiplies unsigned words and adds.'),
  three(
    'UMSUBL',
    '1',
    '101',
    1,
    f => multiplyLong('umsubl', 'umnegl', f),
    'Multiplies unsigned words and subtracts the product.',
  ),
  three(
    'UMULH',
    '1',
    '110',
    0,
    f => `umulh ${x(f.Rd)}, ${x(f.Rn)}, ${x(f.Rm)}`,
    'The high 64 bits of the product of unsigned numbers.',
  ),
];
