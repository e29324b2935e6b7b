/** Operands of an instruction as tokens: of what a person writes for GNU as, and of what a row of the tables prints. */

import { conditions } from '../instructions/operands.ts';
import { constantOf, type Lookup } from './expression.ts';

export type Token =
  /** `[ ] { } ! ,` and `-` between registers of a list. */
  | { readonly kind: 'mark'; readonly text: string; readonly start: number; readonly end: number }
  | {
      readonly kind: 'general';
      readonly width: 32 | 64;
      /** 31 for the zero register and the stack pointer, which `role` tells apart. */
      readonly number: number;
      readonly role: 'plain' | 'zero' | 'stack';
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly kind: 'scalar';
      readonly type: string;
      readonly number: number;
      readonly start: number;
      readonly end: number;
    }
  /** `v0.4s`, or `v0.s` before an index. */
  | {
      readonly kind: 'vector';
      readonly type: string;
      readonly number: number;
      readonly start: number;
      readonly end: number;
    }
  /** A number, an expression, a symbol: `value` where it is a known integer, `real` for a floating-point constant. */
  | {
      readonly kind: 'number';
      readonly value?: bigint;
      readonly real?: number;
      readonly start: number;
      readonly end: number;
    }
  /** A condition, a shift, an option, or a symbol. */
  | { readonly kind: 'word'; readonly text: string; readonly start: number; readonly end: number }
  /** What the tables do not know: SVE registers, relocations. Whatever has one is not judged. */
  | { readonly kind: 'foreign'; readonly start: number; readonly end: number };

const conditionNames = new Set([
  ...conditions,
  'cs',
  'cc',
  'none',
  'any',
  'nlast',
  'last',
  'first',
  'nfrst',
  'pmore',
  'plast',
  'tcont',
  'tstop',
]);
/** Every name of a condition in assembly, with the name that rows print. */
export const conditionSynonyms: Readonly<Record<string, string>> = { cs: 'hs', cc: 'lo' };

export const isCondition = (word: string): boolean => conditionNames.has(word);

const MODIFIER = /^(lsl|lsr|asr|ror|msl|uxtb|uxth|uxtw|uxtx|sxtb|sxth|sxtw|sxtx)\b/i;
const MODIFIER_WITH_AMOUNT =
  /^(lsl|lsr|asr|ror|msl|uxtb|uxth|uxtw|uxtx|sxtb|sxth|sxtw|sxtx)(\s*#\s*|\s+(?=[-+\w('~])|(?=\())(.*)$/i;
const REGISTER =
  /^(?:([xw])(\d{1,2}|zr)|(w?sp|fp|lr|ip0|ip1)|([bhsdq])(\d{1,2})|v(\d{1,2})(?:\s*\.\s*(\d{0,2}[bhsdq]))?)$/i;
const FOREIGN = /^(?:z\d{1,2}|p\d{1,2}|pn\d{1,2}|za\d{0,2}|zt0|ffr)(?:[./].*|h?\.[bhsdq])?$/i;
const NAMED: Readonly<Record<string, readonly [number, 'plain' | 'stack', 32 | 64]>> = {
  sp: [31, 'stack', 64],
  wsp: [31, 'stack', 32],
  fp: [29, 'plain', 64],
  lr: [30, 'plain', 64],
  ip0: [16, 'plain', 64],
  ip1: [17, 'plain', 64],
};

/** The register that a word names, without place; undefined for any other word. */
export function registerOf(text: string, start = 0, end = text.length): Token | undefined {
  const found = REGISTER.exec(text);
  if (!found) return undefined;
  const [, general, generalNumber, named, scalar, scalarNumber, vectorNumber, arrangement] = found;
  if (general !== undefined) {
    const zero = generalNumber.toLowerCase() === 'zr';
    const number = zero ? 31 : Number(generalNumber);
    if (number > (zero ? 31 : 30) || /^0\d/.test(generalNumber)) return undefined;
    const width = general.toLowerCase() === 'x' ? 64 : 32;
    return { kind: 'general', width, number, role: zero ? 'zero' : 'plain', start, end };
  }
  if (named !== undefined) {
    const [number, role, width] = NAMED[named.toLowerCase()];
    return { kind: 'general', width, number, role, start, end };
  }
  const number = Number(scalarNumber ?? vectorNumber);
  if (number > 31 || /^0\d/.test(scalarNumber ?? vectorNumber)) return undefined;
  if (scalar !== undefined) return { kind: 'scalar', type: scalar.toLowerCase(), number, start, end };
  return { kind: 'vector', type: (arrangement ?? '').toLowerCase(), number, start, end };
}

/** End of the atom that begins at `from`: the next separator outside of parentheses and quotes. */
function atomEnd(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (c === '"') {
      do i++;
      while (i < text.length && text[i] !== '"');
      continue;
    }
    if (c === "'" && i + 1 < text.length) {
      i += text[i + 1] === '\\' ? 2 : 1;
      if (text[i + 1] === "'") i++;
      continue;
    }
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (depth <= 0 && (c === ',' || c === '[' || c === ']' || c === '{' || c === '}')) return i;
    else if (depth <= 0 && c === '!' && /^!\s*(?:,|$)/.test(text.slice(i))) return i;
  }
  return text.length;
}

export interface Reading {
  readonly lookup?: Lookup;
  /** Registers that `.req` has named, and what a macro of the preprocessor stands for. */
  readonly alias?: (name: string) => string | undefined;
}

/** The tokens of an operand list; `offset` is where the text begins in its line. */
export function tokenize(text: string, offset = 0, { lookup, alias }: Reading = {}): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < text.length) {
    const c = text[i];
    if (c === ' ' || c === '\t') {
      i++;
      continue;
    }
    if (',[]{}!'.includes(c)) {
      tokens.push({ kind: 'mark', text: c, start: offset + i, end: offset + i + 1 });
      i++;
      continue;
    }
    const end = atomEnd(text, i);
    let atom = text.slice(i, end);
    atom = atom.trimEnd();
    readAtom(atom, offset + i);
    i = Math.max(end, i + 1);
  }
  return tokens;

  function readAtom(given: string, start: number): void {
    const end = start + given.length;
    const atom = alias?.(given)?.trim() ?? given;
    const register = registerOf(atom, start, end);
    if (register) {
      tokens.push(register);
      return;
    }
    if (FOREIGN.test(atom)) {
      tokens.push({ kind: 'foreign', start, end });
      return;
    }
    const range = /^(v\d+\s*\.\s*\w+)(\s*-\s*)(v\d+\s*\.\s*\w+)$/i.exec(atom);
    if (range) {
      const first = registerOf(range[1]);
      const last = registerOf(range[3]);
      if (first?.kind === 'vector' && last?.kind === 'vector') {
        // A range is written out, as rows print it; numbers wrap.
        for (let n = first.number; ; n = (n + 1) & 31) {
          if (n !== first.number) tokens.push({ kind: 'mark', text: ',', start, end });
          tokens.push({ ...first, number: n, start, end });
          if (n === last.number) return;
        }
      }
    }
    const modifier = MODIFIER_WITH_AMOUNT.exec(atom);
    if (modifier?.[3]) {
      tokens.push({ kind: 'word', text: modifier[1].toLowerCase(), start, end: start + modifier[1].length });
      const amount = constantOf(modifier[3], lookup);
      tokens.push({
        kind: 'number',
        ...(amount === undefined ? {} : { value: amount }),
        start: start + modifier[1].length,
        end,
      });
      return;
    }
    if (/^[A-Za-z_.$][\w.$]*$/.test(atom)) {
      const value = MODIFIER.test(atom) ? undefined : lookup?.(atom);
      if (value !== undefined) tokens.push({ kind: 'number', value, start, end });
      else tokens.push({ kind: 'word', text: atom.toLowerCase(), start, end });
      return;
    }
    if (/^#?\s*[-+]?(\d+\.\d*(e[-+]?\d+)?|\.\d+|\d+e[-+]?\d+|0f[-+]?\d*\.?\d*(e[-+]?\d+)?)$/i.test(atom)) {
      tokens.push({ kind: 'number', real: Number(atom.replace(/^#\s*/, '').replace(/^([-+]?)0f/i, '$1')), start, end });
      return;
    }
    const value = constantOf(atom, lookup);
    tokens.push({ kind: 'number', ...(value === undefined ? {} : { value }), start, end });
  }
}

/** Places where top-level operands begin and end: commas outside of brackets separate them. */
export function splitOperands(text: string): { readonly text: string; readonly start: number }[] {
  const parts: { text: string; start: number }[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === '"' && text[i - 1] !== '\\') quoted = !quoted;
    if (quoted && i < text.length) continue;
    if (c === '(' || c === '[' || c === '{') depth++;
    else if (c === ')' || c === ']' || c === '}') depth--;
    if (i === text.length || (c === ',' && depth <= 0)) {
      const part = text.slice(from, i);
      const lead = part.length - part.trimStart().length;
      if (i < text.length || part.trim() !== '' || parts.length > 0)
        parts.push({ text: part.trim(), start: from + lead });
      from = i + 1;
    }
  }
  return parts.length === 1 && parts[0].text === '' ? [] : parts;
}
