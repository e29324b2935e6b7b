/**
 * The word of an instruction, found by turning the tables around: the fields of a row are set, one after the other, until
 * the row prints what was asked for. Slow, meant for a hover.
 */

import { Decoder } from '../instructions/decoder.ts';
import { instructionRows } from '../instructions/index.ts';
import { type InstructionRow, type Pattern, parsePattern } from '../instructions/row.ts';
import { byEncoding, instructionByName } from '../registers/index.ts';
import { bases, complete, hasBitmask, isBitmask, rowsByMnemonic, split } from './forms.ts';
import { systemName } from './names.ts';
import { conditionSynonyms, type Token, tokenize } from './operands.ts';

export interface Encoding {
  readonly word: number;
  readonly row: InstructionRow;
  /** The preferred disassembly of the word. */
  readonly text: string;
}

const ORIGIN = 0n;
let decoder: Decoder | undefined;

/** The encoding of an instruction without labels; undefined where a value is not known or no row prints it so. */
export function encode(mnemonic: string, operands: string): Encoding | undefined {
  const named = encodeNamed(mnemonic, operands);
  const wanted = tokenize(operands);
  if (named === undefined) {
    if (
      wanted.some(
        token =>
          token.kind === 'foreign' ||
          (token.kind === 'number' && token.value === undefined && token.real === undefined),
      )
    )
      return undefined;
    for (const row of rowsByMnemonic().get(mnemonic) ?? []) {
      const word = solve(row, mnemonic, wanted);
      if (word !== undefined) return decoded(word);
    }
    return undefined;
  }
  return decoded(named);
}

function decoded(word: number): Encoding | undefined {
  decoder ??= new Decoder(instructionRows);
  const found = decoder.decode(word);
  return found && { word, row: found.row, text: found.row.asm(found.fields, ORIGIN) };
}

function encodeNamed(mnemonic: string, operands: string): number | undefined {
  const parts = operands.split(',').map(part => part.trim());
  const register = (text: string | undefined): number | undefined => {
    const found = /^x(\d{1,2}|zr)$/i.exec(text ?? '');
    return found ? (found[1].toLowerCase() === 'zr' ? 31 : Number(found[1])) : undefined;
  };
  const access = (name: string, rt: number | undefined, read: boolean): number | undefined => {
    const known = systemName(name);
    if (known?.kind !== 'register' || rt === undefined) return undefined;
    const { op0, op1, crn, crm, op2 } = known.row;
    return (
      (0xd500_0000 | (read ? 1 << 21 : 0) | (op0 << 19) | (op1 << 16) | (crn << 12) | (crm << 8) | (op2 << 5) | rt) >>>
      0
    );
  };
  if (mnemonic === 'mrs') return access(parts[1] ?? '', register(parts[0]), true);
  if (mnemonic === 'msr') return access(parts[0], register(parts[1]), false);
  const row = instructionByName(`${mnemonic} ${parts[0]}`);
  if (!row || byEncoding(row.op0, row.op1, row.crn, row.crm, row.op2) !== row) return undefined;
  const rt = row.argument ? register(parts[1]) : 31;
  if (rt === undefined) return undefined;
  return (0xd500_0000 | (1 << 19) | (row.op1 << 16) | (row.crn << 12) | (row.crm << 8) | (row.op2 << 5) | rt) >>> 0;
}

function sameShape(a: Token, b: Token): boolean {
  if (a.kind === 'number' || b.kind === 'number') return a.kind === b.kind;
  if (a.kind === 'word') return b.kind === 'word';
  if (a.kind === 'mark') return b.kind === 'mark' && a.text === b.text;
  if (a.kind === 'general') return b.kind === 'general' && a.width === b.width;
  return a.kind === b.kind && (a as { type?: string }).type === (b as { type?: string }).type;
}

function equal(a: Token, b: Token): boolean {
  if (!sameShape(a, b)) return false;
  if (a.kind === 'general' && b.kind === 'general') return a.number === b.number && a.role === b.role;
  if ((a.kind === 'scalar' || a.kind === 'vector') && b.kind === a.kind) return a.number === b.number;
  if (a.kind === 'number' && b.kind === 'number') {
    if (a.real !== undefined || b.real !== undefined) {
      return (a.real ?? Number(a.value)) === (b.real ?? Number(b.value));
    }
    return (
      a.value !== undefined && b.value !== undefined && BigInt.asUintN(64, a.value) === BigInt.asUintN(64, b.value)
    );
  }
  if (a.kind === 'word' && b.kind === 'word') {
    return (conditionSynonyms[a.text] ?? a.text) === (conditionSynonyms[b.text] ?? b.text);
  }
  return true;
}

const isRegister = (token: Token): boolean =>
  token.kind === 'general' || token.kind === 'scalar' || token.kind === 'vector';

function solve(row: InstructionRow, mnemonic: string, wanted: readonly Token[]): number | undefined {
  const [first, last] = [wanted[0], wanted.at(-1)];
  if (hasBitmask(row) && first?.kind === 'general' && last?.kind === 'number') {
    if (last.value === undefined || !isBitmask(last.value, first.width)) return undefined;
  }
  const pattern = parsePattern(row.bits);
  const print = (fields: Record<string, number>): Token[] | undefined => {
    const whole = complete(pattern, { ...fields });
    if (row.when && !row.when(whole)) return undefined;
    const [name, operands] = split(row.asm(whole, ORIGIN));
    return name === mnemonic ? tokenize(operands) : undefined;
  };
  const { selections, assignments } = bases(pattern);
  const wide = pattern.fields.filter(({ name, mask }) => mask > 15 && !/^R/.test(name));
  // Fields that choose a shape may be wide (imm5 of DUP): their single bits are tried too.
  const starts: Record<string, number>[] = [
    {},
    ...(row.id === 'RET' ? [{ Rn: 30 }] : []),
    ...wide.flatMap(({ name, mask }) => bits(mask).map(bit => ({ [name]: bit }))),
  ];
  for (const selection of selections) {
    for (const assignment of assignments) {
      for (const start of starts) {
        const fields: Record<string, number> = { ...assignment, ...selection, ...start };
        const printed = print(fields);
        if (printed?.length !== wanted.length || !printed.every((token, n) => sameShape(token, wanted[n]))) continue;
        const word = refine(pattern, fields, wanted, print);
        if (word !== undefined) return word;
      }
    }
  }
  return undefined;
}

const bits = (mask: number): number[] => Array.from({ length: 32 - Math.clz32(mask) }, (_, n) => 1 << n);

/** Sets fields one after the other to what brings most tokens into line; numbers in several fields are set together. */
function refine(
  pattern: Pattern,
  fields: Record<string, number>,
  wanted: readonly Token[],
  print: (fields: Record<string, number>) => Token[] | undefined,
): number | undefined {
  const score = (candidate: Record<string, number>): number => {
    const printed = print(candidate);
    if (printed?.length !== wanted.length) return -1;
    return printed.reduce((sum, token, n) => sum + (equal(token, wanted[n]) ? 1 : 0), 0);
  };
  const registers = new Set([...wanted.filter(isRegister).map(token => (token as { number: number }).number), 31]);
  let best = score(fields);
  for (let round = 0; round < 2 && best < wanted.length; round++) {
    for (const { name, mask } of pattern.fields) {
      const values = /^R/.test(name) && mask === 31 ? registers : valuesFor(name, mask, fields, wanted, print);
      for (const value of values) {
        const candidate = { ...fields, [name]: value };
        const reached = score(candidate);
        if (reached > best) {
          best = reached;
          fields = candidate;
        }
      }
    }
    if (best < wanted.length) {
      const joint = pattern.fields.filter(({ name }) =>
        ['N', 'immr', 'imms', 'imm5', 'imm4', 'immh', 'immb', 'Q', 'S', 'size', 'abc', 'defgh', 'cmode'].includes(name),
      );
      const width = joint.reduce((sum, { mask }) => sum + 32 - Math.clz32(mask), 0);
      for (let n = 0; width <= 13 && joint.length > 1 && n < 1 << width && best < wanted.length; n++) {
        const candidate = { ...fields };
        let rest = n;
        for (const { name, mask } of joint) {
          candidate[name] = rest & mask;
          rest >>>= 32 - Math.clz32(mask);
        }
        const reached = score(candidate);
        if (reached > best) {
          best = reached;
          fields = candidate;
        }
      }
    }
  }
  if (best < wanted.length) return undefined;
  // Registers that the text does not name have all bits set.
  for (const { name } of pattern.fields) {
    const candidate = { ...fields, [name]: 31 };
    if (/^R/.test(name) && score(candidate) === best) fields = candidate;
  }
  return complete(pattern, fields)['word'];
}

/** All values of a narrow field; of a wide one those that a straight line through two of them reaches. */
function valuesFor(
  name: string,
  mask: number,
  fields: Record<string, number>,
  wanted: readonly Token[],
  print: (fields: Record<string, number>) => Token[] | undefined,
): Iterable<number> {
  if (mask <= 511) return Array.from({ length: mask + 1 }, (_, n) => n);
  const [a, b] = [print({ ...fields, [name]: 1 }), print({ ...fields, [name]: 2 })];
  const found: number[] = [0];
  wanted.forEach((token, n) => {
    const [one, two] = [a?.[n], b?.[n]];
    if (token.kind !== 'number' || one?.kind !== 'number' || two?.kind !== 'number') return;
    if (token.value === undefined || one.value === undefined || two.value === undefined || one.value === two.value)
      return;
    for (const value of [
      token.value,
      BigInt.asIntN(64, token.value),
      BigInt.asUintN(64, token.value),
      BigInt.asIntN(32, token.value),
      BigInt.asUintN(32, token.value),
    ]) {
      const distance = value - one.value;
      const slope = two.value - one.value;
      if (distance % slope === 0n) found.push(Number(BigInt.asUintN(32, distance / slope + 1n)) & mask);
    }
  });
  return found;
}
