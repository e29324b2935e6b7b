/** Judges the operands of one instruction by the forms that an assembler takes. */

import { type Form, fits, formsFor, isBitmask, type NumberSet, type Place } from './forms.ts';
import type { Token } from './operands.ts';

/** What is wrong, in a sentence, and where in the tokens. */
export interface Complaint {
  readonly text: string;
  /** The offending token; undefined where it is the operands as a whole. */
  readonly token?: Token;
}

/** Removes what changes nothing: `lsl #0`, and an offset of zero in an address that is not written back. */
function simplified(tokens: readonly Token[]): Token[] {
  const out: Token[] = [];
  for (let n = 0; n < tokens.length; n++) {
    const [comma, next, amount] = [tokens[n], tokens[n + 1], tokens[n + 2]];
    const separates = comma.kind === 'mark' && comma.text === ',';
    if (
      separates &&
      next?.kind === 'word' &&
      /^(lsl|uxtw|uxtx|sxtw|sxtx|uxtb|uxth|sxtb|sxth|lsr|asr|ror)$/.test(next.text) &&
      amount?.kind === 'number' &&
      amount.value === 0n
    ) {
      if (next.text !== 'lsl' && !/^(lsr|asr|ror)$/.test(next.text)) out.push(comma, next);
      n += 2;
      continue;
    }
    const inAddress = tokens[n - 2]?.kind === 'mark' && (tokens[n - 2] as { text: string }).text === '[';
    const closes = amount?.kind === 'mark' && amount.text === ']';
    const writtenBack = tokens[n + 3]?.kind === 'mark' && (tokens[n + 3] as { text: string }).text === '!';
    if (separates && inAddress && next?.kind === 'number' && next.value === 0n && closes && !writtenBack) {
      n += 1;
      continue;
    }
    out.push(tokens[n]);
  }
  return out;
}

/**
 * What is wrong with the operands; undefined when nothing is, and when the tables cannot tell. `mnemonic` is in lower
 * case.
 */
export function checkOperands(mnemonic: string, given: readonly Token[]): Complaint | undefined {
  const forms = formsFor(mnemonic);
  if (forms.length === 0 || given.some(token => token.kind === 'foreign')) return undefined;
  let complaint: { token: Token; place: Place & { kind: 'number' }; score: number } | undefined;
  for (const tokens of [given, simplified(given)]) {
    for (const form of forms) {
      const found = match(form, tokens);
      if (found === true) return undefined;
      if (found && (!complaint || found.score > complaint.score)) complaint = found;
    }
  }
  if (complaint) {
    if (tolerated(mnemonic, given, complaint.token)) return undefined;
    return { text: `${rangeText(complaint.token, complaint.place.numbers as NumberSet)}.`, token: complaint.token };
  }
  return { text: `${mnemonic.toUpperCase()} has no form with these operands.` };
}

function match(
  form: Form,
  tokens: readonly Token[],
): true | undefined | { token: Token; place: Place & { kind: 'number' }; score: number } {
  const { places } = form;
  if (places.length !== tokens.length) return undefined;
  let wrong: Token | undefined;
  let at: Place | undefined;
  for (let n = 0; n < tokens.length; n++) {
    const fit = fits(tokens[n], places[n]);
    if (fit === false) return undefined;
    if (fit === 'range' && !wrong) {
      wrong = tokens[n];
      at = places[n];
    }
  }
  if (!wrong || at?.kind !== 'number') return true;
  const span = at.numbers ? at.numbers.max - at.numbers.min : 0n;
  return { token: wrong, place: at, score: Number(span > 1n << 40n ? 1n << 40n : span) };
}

/** Numbers that an assembler turns into another instruction. */
function tolerated(mnemonic: string, tokens: readonly Token[], wrong: Token): boolean {
  if (wrong.kind !== 'number' || wrong.value === undefined) return true;
  const value = wrong.value;
  const last = tokens[tokens.length - 1] === wrong;
  const shifted = tokens.at(-2)?.kind === 'word' && tokens.at(-4) === wrong;
  if (tokens.some(token => token.kind === 'mark' && token.text === '[')) {
    // An offset that is not scaled makes LDUR of LDR, and one of 64 or 32 bits is read as signed.
    const near =
      value >= -256n &&
      value <= 255n &&
      tokens.at(-1)?.kind === 'mark' &&
      (tokens.at(-1) as { text: string }).text === ']';
    if (near && /^((ld|st)r(s?[bhw])?|prfm|ldap[u]?r|stlur)$/.test(mnemonic)) return true;
    for (const bits of [64, 32]) {
      if (
        value > 255n &&
        BigInt.asIntN(bits, value) !== value &&
        BigInt.asIntN(bits, value) >= -1024n &&
        BigInt.asIntN(bits, value) <= 65520n
      )
        return true;
    }
  }
  if (mnemonic === 'movi' && tokens[0].kind === 'scalar' && value < 0n) return true;
  const width = tokens[0].kind === 'general' ? tokens[0].width : undefined;
  if (value === 0n && /^(lsl|lsr|asr|ror|bfi|bfc|[us]bfiz)$/.test(mnemonic)) return true;
  // Immediates of vectors are bytes, of either sign.
  const byte = BigInt.asIntN(64, value);
  if (tokens[0].kind === 'vector' && byte < 0n && byte >= -128n) return /^(movi|mvni|bic|orr)$/.test(mnemonic);
  if (width !== undefined && (last || shifted)) {
    // A negative addend becomes a subtraction, and a multiple of 4096 is shifted.
    if (/^(add|sub|adds|subs|cmp|cmn)$/.test(mnemonic)) {
      const word = BigInt.asIntN(64, value);
      const size = word < 0n ? -word : word;
      return size <= 0xfffn || (size <= 0xfff000n && (size & 0xfffn) === 0n);
    }
    if (mnemonic === 'mov') return isWide(value, width) || isBitmask(value, width);
  }
  return false;
}

function isWide(value: bigint, width: 32 | 64): boolean {
  if (value > (1n << BigInt(width)) - 1n || value < -(1n << BigInt(width - 1))) return false;
  const word = BigInt.asUintN(width, value);
  const chunks = [0n, 16n, 32n, 48n].filter(shift => shift < BigInt(width));
  const one = (bits: bigint): boolean => chunks.some(shift => (bits & ~(0xffffn << shift)) === 0n);
  return one(word) || one(BigInt.asUintN(width, ~word));
}

function rangeText(token: Token, numbers: NumberSet): string {
  const value = token.kind === 'number' && token.value !== undefined ? `${token.value}` : 'This';
  if (numbers.bitmask)
    return `${hex(token)} is no pattern that a logical instruction takes: one run of ones, rotated and repeated`;
  if (numbers.values && numbers.values.size <= 8) {
    return `${value} is out of range: one of ${[...numbers.values].sort((a, b) => (a < b ? -1 : 1)).join(', ')}`;
  }
  if (numbers.min === numbers.max) return `${value} is out of range: only ${numbers.min} is possible`;
  const step = numbers.step > 1n && !numbers.values ? `, in steps of ${numbers.step}` : '';
  return `${value} is out of range: ${numbers.min} to ${numbers.max}${step}`;
}

function hex(token: Token): string {
  if (token.kind !== 'number' || token.value === undefined) return 'This';
  return token.value < 0n ? `-0x${(-token.value).toString(16)}` : `0x${token.value.toString(16)}`;
}
