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
  let miss: Miss | undefined;
  for (const tokens of [given, simplified(given)]) {
    for (const form of forms) {
      const found = match(form, tokens);
      if (found === true) return narrow(mnemonic, given);
      if (found && (!miss || found.score > miss.score)) miss = found;
    }
  }
  if (!miss) return { text: `${mnemonic.toUpperCase()} has no form with these operands.` };
  const { token, place } = miss;
  if (place.kind === 'condition') return { text: `There is no condition ${wordOf(token)}.`, token };
  if (place.kind !== 'number' || !place.numbers || tolerated(mnemonic, given, token)) return undefined;
  return { text: `${rangeText(token, place.numbers)}.`, token };
}

const wordOf = (token: Token): string => (token.kind === 'word' ? token.text : '');

/** What the ranges of a form cannot say. */
function narrow(mnemonic: string, tokens: readonly Token[]): Complaint | undefined {
  const [first, , last] = tokens;
  if (mnemonic === 'movi' && last?.kind === 'number' && isDoubleword(first) && !isByteMask(last.value)) {
    return { text: `${hex(last)} is no mask of bytes: each of its 8 bytes is 0x00 or 0xff.`, token: last };
  }
  if (mnemonic !== 'mov' || tokens.length !== 3 || first.kind !== 'general' || last.kind !== 'number') return undefined;
  if (last.value === undefined || isWide(last.value, first.width) || isBitmask(last.value, first.width))
    return undefined;
  return { text: `${hex(last)} cannot be moved by one instruction: use MOVZ and MOVK, or LDR with =.`, token: last };
}

/** A form that fits but for one token. */
interface Miss {
  readonly token: Token;
  readonly place: Place;
  readonly score: number;
}

function match(form: Form, tokens: readonly Token[]): true | undefined | Miss {
  const { places } = form;
  if (places.length !== tokens.length) return undefined;
  let miss: Miss | undefined;
  for (const [n, token] of tokens.entries()) {
    const place = places[n];
    const fit = fits(token, place);
    if (fit === false) return undefined;
    if (fit !== 'range' || miss) continue;
    // Of several forms the one with the widest range is named.
    const span = place.kind === 'number' && place.numbers ? place.numbers.max - place.numbers.min : 0n;
    miss = { token, place, score: Number(span > 1n << 40n ? 1n << 40n : span) };
  }
  return miss ?? true;
}

/** Numbers that an assembler turns into another instruction. */
function tolerated(mnemonic: string, tokens: readonly Token[], wrong: Token): boolean {
  if (wrong.kind !== 'number' || wrong.value === undefined) return wrong.kind !== 'number' || wrong.real === undefined;
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
  if (mnemonic === 'movi' && isDoubleword(tokens[0])) return isByteMask(value);
  const width = tokens[0].kind === 'general' ? tokens[0].width : undefined;
  if (value === 0n && /^(lsl|lsr|asr|ror|bfi|bfc|[us]bfiz|dcps[123])$/.test(mnemonic)) return true;
  // A field of the topmost bit is a shift.
  if (/^([us]bfx|bfxil)$/.test(mnemonic) && width !== undefined && value === BigInt(width - 1)) return true;
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

/** The register of a MOVI whose immediate is a mask of 64 bits. */
function isDoubleword(token: Token): boolean {
  return token.kind === 'scalar' || (token.kind === 'vector' && token.type === '2d');
}

function isByteMask(value: bigint | undefined): boolean {
  if (value === undefined) return true;
  if (value !== BigInt.asIntN(64, value) && value !== BigInt.asUintN(64, value)) return false;
  return (
    BigInt.asUintN(64, value)
      .toString(16)
      .padStart(16, '0')
      .match(/../g)
      ?.every(byte => byte === '00' || byte === 'ff') ?? false
  );
}

function isWide(value: bigint, width: 32 | 64): boolean {
  if (value > (1n << BigInt(width)) - 1n || value < -(1n << BigInt(width - 1))) return false;
  const word = BigInt.asUintN(width, value);
  const chunks = [0n, 16n, 32n, 48n].filter(shift => shift < BigInt(width));
  const one = (bits: bigint): boolean => chunks.some(shift => (bits & ~(0xffffn << shift)) === 0n);
  return one(word) || one(BigInt.asUintN(width, ~word));
}

function rangeText(token: Token, numbers: NumberSet): string {
  if (token.kind === 'number' && token.real !== undefined) {
    return `${token.real} is no constant of this instruction: it has four bits of mantissa and three of exponent`;
  }
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
