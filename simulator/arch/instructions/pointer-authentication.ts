/** Pointer authentication (FEAT_PAuth): Arm ARM D8.8 and the instruction tables of C4.1. */

import { signed, x, xOrSp } from './operands.ts';
import type { InstructionRow } from './row.ts';

const feature = 'pauth';
const keys = ['ia', 'ib', 'da', 'db'] as const;
const keyText = {
  ia: 'instruction key A',
  ib: 'instruction key B',
  da: 'data key A',
  db: 'data key B',
};

function registerRows(): InstructionRow[] {
  const rows: InstructionRow[] = [];
  for (const [operation, stem] of ['pac', 'aut'].entries()) {
    const what = (key: (typeof keys)[number]): string =>
      operation ? `Authenticates a pointer with ${keyText[key]}` : `Signs a pointer with ${keyText[key]}`;
    for (const [number, key] of keys.entries()) {
      const opcode = `${operation}${(number >> 1) & 1}${number & 1}`;
      const zero = `${stem}${key[0]}z${key[1]}`;
      rows.push(
        {
          id: `${stem}${key}`.toUpperCase(),
          bits: `1 10 11010110 00001 000${opcode} Rn:5 Rd:5`,
          feature,
          asm: f => `${stem}${key} ${x(f.Rd)}, ${xOrSp(f.Rn)}`,
          does: `${what(key)} and a modifier.`,
        },
        {
          id: zero.toUpperCase(),
          bits: `1 10 11010110 00001 001${opcode} 11111 Rd:5`,
          feature,
          asm: f => `${zero} ${x(f.Rd)}`,
          does: `${what(key)} and a modifier of zero.`,
        },
      );
    }
  }
  for (const [number, name] of ['xpaci', 'xpacd'].entries()) {
    rows.push({
      id: name.toUpperCase(),
      bits: `1 10 11010110 00001 01000${number} 11111 Rd:5`,
      feature,
      asm: f => `${name} ${x(f.Rd)}`,
      does: `Strips the authentication code from ${number ? 'a data' : 'an instruction'} pointer.`,
    });
  }
  rows.push({
    id: 'PACGA',
    bits: '1 00 11010110 Rm:5 001100 Rn:5 Rd:5',
    feature,
    asm: f => `pacga ${x(f.Rd)}, ${x(f.Rn)}, ${xOrSp(f.Rm)}`,
    does: 'Computes an authentication code of 32 bits with the generic key.',
  });
  return rows;
}

/** The forms in the hint space, which do nothing on a PE without the feature: operation, key, and operands. */
export interface PointerHint {
  readonly id: string;
  readonly number: number;
  readonly operation: 'pac' | 'aut' | 'xpac';
  readonly key: 'ia' | 'ib';
  /** Number of the pointer's register. */
  readonly pointer: 17 | 30;
  readonly modifier: 'X16' | 'SP' | 'zero';
}
const hints = (first: number, suffix: string, pointer: 17 | 30, modifier: PointerHint['modifier']): PointerHint[] =>
  (['pac', 'aut'] as const).flatMap((operation, o) =>
    (['ia', 'ib'] as const).map((key, k) => ({
      id: `${operation}${key}${suffix}`.toUpperCase(),
      number: first + o * 4 + k * 2,
      operation,
      key,
      pointer,
      modifier,
    })),
  );
export const pointerHints: readonly PointerHint[] = [
  { id: 'XPACLRI', number: 7, operation: 'xpac', key: 'ia', pointer: 30, modifier: 'zero' },
  ...hints(8, '1716', 17, 'X16'),
  ...hints(24, 'z', 30, 'zero'),
  ...hints(25, 'sp', 30, 'SP'),
];

const hintRow = (hint: PointerHint): InstructionRow => ({
  id: hint.id,
  bits: `1101010100 0 00 011 0010 ${hint.number.toString(2).padStart(7, '0')} 11111`,
  feature,
  asm: () => hint.id.toLowerCase(),
  does:
    hint.operation === 'xpac'
      ? 'Strips the authentication code from X30.'
      : `${hint.operation === 'pac' ? 'Signs' : 'Authenticates'} X${hint.pointer} with ${keyText[hint.key]} and ${
          hint.modifier === 'zero' ? 'a modifier of zero' : hint.modifier
        }.`,
});

function branchRows(): InstructionRow[] {
  return (['a', 'b'] as const).flatMap((key, m): InstructionRow[] => {
    const branch = (name: string, op: string, what: string): InstructionRow[] => [
      {
        id: `${name}${key}`.toUpperCase(),
        bits: `1101011 1 0 ${op} 11111 00001 ${m} Rn:5 Rm:5`,
        feature,
        asm: f => `${name}${key} ${x(f.Rn)}, ${xOrSp(f.Rm)}`,
        does: `Authenticates an address with instruction key ${key.toUpperCase()} and ${what}.`,
      },
      {
        id: `${name}${key}z`.toUpperCase(),
        bits: `1101011 0 0 ${op} 11111 00001 ${m} Rn:5 11111`,
        feature,
        asm: f => `${name}${key}z ${x(f.Rn)}`,
        does: `Authenticates an address with instruction key ${key.toUpperCase()} and a modifier of zero and ${what}.`,
      },
    ];
    const back = (name: string, op: string, does: string): InstructionRow => ({
      id: `${name}a${key}`.toUpperCase(),
      bits: `1101011 0 ${op} 11111 00001 ${m} 11111 11111`,
      feature,
      asm: () => `${name}a${key}`,
      does,
    });
    const load = (form: 'imm' | 'pre', w: 0 | 1): InstructionRow => ({
      id: `LDRA${key.toUpperCase()}_${form}`,
      bits: `11 111 0 00 ${m} S:1 1 imm9:9 ${w} 1 Rn:5 Rt:5`,
      feature,
      asm: f => {
        const offset = signed((f.S << 9) | f.imm9, 10) * 8;
        const place = w ? `, #${offset}]!` : offset ? `, #${offset}]` : ']';
        return `ldra${key} ${x(f.Rt)}, [${xOrSp(f.Rn)}${place}`;
      },
      does: `Authenticates the base with data key ${key.toUpperCase()} and loads a register.`,
    });
    return [
      ...branch('bra', '00', 'branches to it'),
      ...branch('blra', '01', 'calls it'),
      back('ret', '0 10', `Authenticates X30 with instruction key ${key.toUpperCase()} and SP and returns.`),
      back('eret', '100', `Authenticates ELR_ELx with instruction key ${key.toUpperCase()} and SP and returns.`),
      load('imm', 0),
      load('pre', 1),
    ];
  });
}

export const pointerAuthenticationRows: readonly InstructionRow[] = [
  ...pointerHints.map(hintRow),
  ...registerRows(),
  ...branchRows(),
];
