/** What a mnemonic is and does. */

import type { InstructionRow } from '../instructions/row.ts';
import { rowsByMnemonic } from './forms.ts';
import { laterMnemonics, laterSystemInstructions } from './later.ts';
import { respelled, spelledMnemonics } from './spellings.ts';

let later: ReadonlyMap<string, string> | undefined;

/** The extension that brings a mnemonic (in lower case) which no PE here has. */
export function laterMnemonic(mnemonic: string): string | undefined {
  later ??= new Map([
    ...Object.entries(laterMnemonics).flatMap(([extension, names]) =>
      names
        .trim()
        .split(/\s+/)
        .map(name => [name, extension] as const),
    ),
    ...laterSystemInstructions.map(([name, , extension]) => [name, extension] as const),
  ]);
  return later.get(mnemonic) ?? (mnemonic.startsWith('bc.') ? 'hinted conditional branches' : undefined);
}

const spelled = new Set(spelledMnemonics);

/** Whether an assembler knows the mnemonic, in lower case. */
export function isMnemonic(mnemonic: string): boolean {
  return rowsByMnemonic().has(mnemonic) || spelled.has(mnemonic) || laterMnemonic(mnemonic) !== undefined;
}

/** Every mnemonic that the tables describe, sorted. */
export function mnemonicNames(): readonly string[] {
  return [...new Set([...rowsByMnemonic().keys(), ...spelled])].sort();
}

/** What the second names do that rows describe under another one. */
const meanings: Readonly<Record<string, string>> = {
  mov: 'Copies a register, or writes an immediate that one instruction can make.',
  cmp: 'Subtracts and sets the flags, without a result.',
  cmn: 'Adds and sets the flags, without a result.',
  tst: 'Bitwise AND that only sets N and Z.',
  neg: 'Negates a shifted register.',
  negs: 'Negates a shifted register and sets the flags.',
  mvn: 'Inverts every bit.',
  not: 'Inverts every bit.',
  mul: 'Multiplies.',
  mneg: 'Multiplies and negates.',
  smull: 'Multiplies signed numbers to twice the width.',
  umull: 'Multiplies unsigned numbers to twice the width.',
  smnegl: 'Multiplies signed words and negates.',
  umnegl: 'Multiplies unsigned words and negates.',
  cset: 'Writes 1 if a condition holds, else 0.',
  csetm: 'Writes all ones if a condition holds, else 0.',
  cinc: 'Adds 1 if a condition holds.',
  cinv: 'Inverts if a condition holds.',
  cneg: 'Negates if a condition holds.',
  ngc: 'Negates, minus the inverse of the carry flag.',
  ngcs: 'Negates, minus the inverse of the carry flag, and sets the flags.',
  lsl: 'Shifts left.',
  lsr: 'Shifts right and fills with zeros.',
  asr: 'Shifts right and fills with the sign.',
  ror: 'Rotates right.',
  bfi: 'Inserts the low bits of a register as a bit field.',
  bfc: 'Clears a bit field.',
  bfxil: 'Copies a bit field to the low bits of a register.',
  sbfx: 'Extracts a bit field, sign-extended.',
  ubfx: 'Extracts a bit field, zero-extended.',
  sbfiz: 'Moves the low bits, sign-extended, to a bit field amid zeros.',
  ubfiz: 'Moves the low bits to a bit field amid zeros.',
  sxtb: 'Sign-extends a byte.',
  sxth: 'Sign-extends a halfword.',
  sxtw: 'Sign-extends a word.',
  uxtb: 'Zero-extends a byte.',
  uxth: 'Zero-extends a halfword.',
  uxtw: 'Zero-extends a word.',
};

/** What it does, one sentence for each way in which it is used. */
export function meaningsOf(mnemonic: string): readonly string[] {
  if (Object.hasOwn(meanings, mnemonic)) return [meanings[mnemonic]];
  return [...new Set(rowsOf(mnemonic).map(row => row.does))];
}

/** Rows that a mnemonic stands for, also under a second name. */
export function rowsOf(mnemonic: string): readonly InstructionRow[] {
  const own = rowsByMnemonic().get(mnemonic);
  if (own) return own;
  const of = Object.hasOwn(respelled, mnemonic) ? respelled[mnemonic][0].of : undefined;
  return of === undefined ? [] : (rowsByMnemonic().get(of) ?? []);
}
