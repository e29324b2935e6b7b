/**
 * What an assembler takes for each mnemonic, derived from the instruction tables: every row prints its own assembly, so
 * the shapes of that text over the values of the row's fields are the operand forms, and the numbers in it their
 * ranges. What no row ever prints (second names, forms that only an assembler knows) is in `spellings.ts`.
 */

import { logicalImmediate } from '../instructions/bitmask.ts';
import { instructionRows } from '../instructions/index.ts';
import { conditions } from '../instructions/operands.ts';
import { type Fields, type InstructionRow, type Pattern, parsePattern } from '../instructions/row.ts';
import { conditionSynonyms, isCondition, type Token, tokenize } from './operands.ts';
import { namedOperands, ownForms, prefetchNames, respelled } from './spellings.ts';

/** Numbers that one place of a form takes. */
export interface NumberSet {
  readonly min: bigint;
  readonly max: bigint;
  readonly step: bigint;
  /** The very values, where they are few or follow no step. */
  readonly values?: ReadonlySet<bigint>;
  /** A pattern of bits as the logical instructions take it, at this width. */
  readonly bitmask?: 32 | 64;
  /** The inverse of such a pattern. */
  readonly inverted?: boolean;
  readonly real?: boolean;
}

/** One place of a form: what a token there has to be. */
export type Place =
  | { readonly kind: 'mark'; readonly text: string }
  | {
      readonly kind: 'general';
      readonly width: 32 | 64;
      zero: boolean;
      stack: boolean;
      plain: boolean;
      extended?: boolean;
    }
  | { readonly kind: 'scalar'; readonly type: string }
  | { readonly kind: 'vector'; readonly type: string }
  | { readonly kind: 'number'; numbers?: NumberSet }
  | { readonly kind: 'address' }
  | { readonly kind: 'condition' }
  | { readonly kind: 'prefetch' }
  | { readonly kind: 'word'; readonly text: string };

export interface Form {
  readonly mnemonic: string;
  readonly places: readonly Place[];
  /** Rows that print it; empty for a form of `spellings.ts`. */
  readonly rows: readonly InstructionRow[];
}

interface Building {
  readonly mnemonic: string;
  readonly places: Place[];
  readonly seen: (Set<bigint> | undefined)[];
  /** Whether the number has values between those seen. */
  readonly partial: boolean[];
}

/** An address that no immediate reaches by chance, so that a target is told from a number. */
const HERE = 0x4000_0000n;

/** Values of one field that are tried: all of a narrow one, the ends of a wide one. */
function samples(width: number, every: boolean): number[] {
  if (every || width <= 4) return Array.from({ length: 1 << width }, (_, n) => n);
  const top = 2 ** width;
  const bits = Array.from({ length: width }, (_, n) => 2 ** n);
  return [...new Set([0, 3, ...bits, top / 2 - 1, top / 2 + 1, top - 2, top - 1])];
}

const isRegister = (name: string): boolean => /^R[a-z]\d?$/.test(name);

/** The field values from which single fields are varied: all choices of the narrow fields, registers in several ways. */
export function bases(pattern: Pattern): {
  selections: Record<string, number>[];
  assignments: Record<string, number>[];
} {
  const narrow = pattern.fields.filter(field => field.mask <= 15 && !isRegister(field.name));
  const registers = pattern.fields.filter(field => isRegister(field.name));
  let selections: Record<string, number>[] = [{}];
  let count = 1;
  for (const field of [...narrow].sort((a, b) => a.mask - b.mask)) {
    if (count * (field.mask + 1) > 128) break;
    count *= field.mask + 1;
    selections = selections.flatMap(one =>
      Array.from({ length: field.mask + 1 }, (_, n) => ({ ...one, [field.name]: n })),
    );
  }
  const assignments: Record<string, number>[] = [];
  const assign = (of: (name: string, n: number) => number) =>
    assignments.push(Object.fromEntries(registers.map(({ name }, n) => [name, of(name, n)])));
  assign((_, n) => 2 + 2 * n);
  if (registers.length > 0) {
    for (const { name } of registers) assign((other, n) => (other === name ? 31 : 2 + 2 * n));
    assign(name => (name === 'Rd' || name === 'Rt' ? 2 : 4));
    assign(() => 31);
    assign(name => (name === 'Rd' || name === 'Rt' ? 2 : 31));
  }
  const rest = Object.fromEntries(pattern.fields.map(field => [field.name, 0]));
  return { selections, assignments: assignments.map(assignment => ({ ...rest, ...assignment })) };
}

export function wordOf(pattern: Pattern, fields: Fields): number {
  let word = pattern.value;
  for (const { name, shift } of pattern.fields) word |= fields[name] << shift;
  return word >>> 0;
}

export const complete = (pattern: Pattern, fields: Record<string, number>): Fields => {
  fields['word'] = wordOf(pattern, fields);
  return fields;
};

/** Splits a printed instruction. */
export function split(text: string): [string, string] {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Whether its number is a pattern of bits, N:immr:imms. */
export const hasBitmask = (row: InstructionRow): boolean => /^(AND|ORR|EOR|ANDS)_imm$/.test(row.id);

class Builder {
  readonly forms = new Map<string, Building>();

  /** Forms by text with its numbers left out, and where among these the numbers of places stand. */
  readonly #known = new Map<
    string,
    { readonly form: Building; readonly places: readonly (readonly [number, number])[] }
  >();

  /** Takes a printed instruction in. `partial` says that numbers between those printed are possible. */
  add(text: string, partial: boolean): void {
    const numbers: string[] = [];
    const shape = text.replace(NUMBERS, (_whole, number: string | undefined, letter: string) => {
      if (number === undefined) return `${letter}#`;
      numbers.push(number);
      return '#';
    });
    const known = this.#known.get(shape) ?? this.#read(text, shape);
    const { form } = known;
    for (const [n, at] of known.places) {
      const number = numbers[at];
      const real = number.includes('.');
      if (real) (form.places[n] as Place & { kind: 'number' }).numbers = { min: 0n, max: 0n, step: 1n, real };
      form.seen[n] ??= new Set();
      form.seen[n].add(real ? realKey(Number(number)) : integer(number));
      if (partial) form.partial[n] = true;
    }
  }

  /** Reads a text whose shape is new. */
  #read(text: string, shape: string): { form: Building; places: (readonly [number, number])[] } {
    const [mnemonic, operands] = split(text);
    const tokens = tokenize(operands);
    if (operands.includes('0x')) markAddresses(tokens, operands);
    const key = `${mnemonic} ${tokens.map(keyOf).join(' ')}`;
    let form = this.forms.get(key);
    if (!form) {
      form = { mnemonic, places: tokens.map(placeOf), seen: tokens.map(() => undefined), partial: [] };
      this.forms.set(key, form);
    }
    const starts = [...operands.matchAll(NUMBERS)].filter(found => found[1] !== undefined).map(found => found.index);
    const places: (readonly [number, number])[] = [];
    for (const [n, token] of tokens.entries()) {
      const place = form.places[n];
      if (token.kind === 'general' && place.kind === 'general') place[token.role] = true;
      const at = starts.findIndex(start => start >= token.start && start < token.end);
      if (place.kind === 'number' && at >= 0) places.push([n, at]);
    }
    const known = { form, places };
    this.#known.set(shape, known);
    return known;
  }
}

/** Numbers and the numbers of registers in printed text; not those of an arrangement such as `.4s`, nor in a name. */
const NUMBERS = /(?<![.\w])(-?(?:0x[0-9a-f]+|\d+(?:\.\d+)?))|\b([xwbhsdqv])\d+\b/g;
const integer = (text: string): bigint => (text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text));

/** Real numbers are kept as multiples of 2^-20. */
const realKey = (real: number): bigint => BigInt(Math.round(real * 2 ** 20));

/** Targets of branches and literals are printed as bare addresses. */
function markAddresses(tokens: Token[], text: string): void {
  tokens.forEach((token, n) => {
    if (token.kind === 'number' && text.slice(token.start, token.start + 2) === '0x') {
      tokens[n] = { kind: 'word', text: '@', start: token.start, end: token.end };
    }
  });
}

function keyOf(token: Token): string {
  switch (token.kind) {
    case 'mark':
      return token.text;
    case 'general':
      return `r${token.width}`;
    case 'scalar':
      return token.type;
    case 'vector':
      return `v.${token.type}`;
    case 'number':
      return '#';
    case 'word':
      if (isCondition(token.text)) return 'cond';
      return prefetchNames.has(token.text) ? 'prfop' : token.text;
    default:
      return '?';
  }
}

function placeOf(token: Token): Place {
  switch (token.kind) {
    case 'mark':
      return { kind: 'mark', text: token.text };
    case 'general':
      return { kind: 'general', width: token.width, zero: false, stack: false, plain: false };
    case 'scalar':
    case 'vector':
      return { kind: token.kind, type: token.type };
    case 'number':
      return { kind: 'number' };
    case 'word':
      if (token.text === '@') return { kind: 'address' };
      if (isCondition(token.text)) return { kind: 'condition' };
      return prefetchNames.has(token.text) ? { kind: 'prefetch' } : { kind: 'word', text: token.text };
    default:
      return { kind: 'word', text: '?' };
  }
}

function numbersOf(seen: ReadonlySet<bigint>, partial: boolean): NumberSet {
  const sorted = [...seen].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const min = sorted[0];
  const max = sorted[sorted.length - 1];
  let step = 0n;
  for (let n = 1; n < sorted.length; n++) step = gcd(step, sorted[n] - sorted[n - 1]);
  if (step === 0n) step = 1n;
  const regular = partial || (max - min) / step + 1n === BigInt(sorted.length);
  return { min, max, step, ...(regular ? {} : { values: seen }) };
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** How a row prints the values of its fields; undefined where they belong to no instruction or to another row. */
function printer(row: InstructionRow, pattern: Pattern): (fields: Record<string, number>) => string | undefined {
  return fields => {
    const whole = complete(pattern, fields);
    return row.when && !row.when(whole) ? undefined : row.asm(whole, HERE);
  };
}

/** Bit fields whose name in assembly follows from both of their ends. */
const BITFIELD_ENDS = [0, 1, 4, 7, 15, 20, 31, 63].flatMap(immr =>
  [0, 7, 15, 20, 30, 31, 62, 63].map(imms => ({ immr, imms })),
);

/** Hands over what the row prints: for its mnemonics only, or for all of its forms and numbers. */
function print(row: InstructionRow, thorough: boolean, take: (text: string, partial: boolean) => void): void {
  const pattern = parsePattern(row.bits);
  const text = printer(row, pattern);
  const seen = new Set<string>();
  const give = (fields: Record<string, number>, partial: boolean): void => {
    const printed = text(fields);
    if (printed === undefined || seen.has(printed)) return;
    seen.add(printed);
    take(printed, partial);
  };
  const bitmask = hasBitmask(row);
  const ends = bitmask ? [] : pattern.fields.filter(field => field.name === 'immr' || field.name === 'imms');
  const { selections, assignments } = bases(pattern);
  const numbers = pattern.fields.filter(({ name }) => !isRegister(name));
  const width = numbers.reduce((sum, { mask }) => sum + 32 - Math.clz32(mask), 0);
  // Numbers in several fields depend on each other: where there are not too many, every combination is printed.
  const all = thorough && !bitmask && width <= 13;
  for (let n = 0; all && n < 1 << width; n++) {
    const fields = { ...assignments[0] };
    let rest = n;
    for (const { name, mask } of numbers) {
      fields[name] = rest & mask;
      rest >>>= 32 - Math.clz32(mask);
    }
    give(fields, false);
  }
  for (const selection of selections) {
    for (const [number, assignment] of assignments.entries()) {
      const base = { ...assignment, ...selection };
      give(base, false);
      if (ends.length === 2) {
        if (!thorough) for (const pair of BITFIELD_ENDS) give({ ...base, ...pair }, false);
        else for (let n = 0; number < 3 && n < 4096; n++) give({ ...base, immr: n >> 6, imms: n & 63 }, false);
      }
      if (!thorough) {
        if (number > 0) continue;
        for (const { name, mask } of numbers) {
          for (let bit = 1; bit <= mask; bit *= 2) give({ ...base, [name]: bit }, false);
        }
        continue;
      }
      for (const { name, mask } of pattern.fields) {
        // The choices of the selection are all tried; where a register stands matters only where it is a number.
        if (name in selection || (isRegister(name) && number > 0)) continue;
        if ((all && number === 0 && !isRegister(name)) || (ends.length === 2 && (name === 'immr' || name === 'imms'))) {
          continue;
        }
        if (bitmask && (name === 'immr' || name === 'imms')) continue;
        const former = base[name];
        const bits = 32 - Math.clz32(mask);
        // Beside register 31 (the stack pointer, the zero register) the ends of a number are enough.
        const every = bits <= 9 && number === 0 && !isRegister(name);
        for (const value of samples(bits, every)) {
          base[name] = value;
          give(base, !every && bits > 4);
        }
        base[name] = former;
      }
    }
  }
}

let mnemonics: ReadonlyMap<string, readonly InstructionRow[]> | undefined;

/** Rows by the mnemonics that they print, in lower case. */
export function rowsByMnemonic(): ReadonlyMap<string, readonly InstructionRow[]> {
  if (mnemonics) return mnemonics;
  const found = new Map<string, InstructionRow[]>();
  for (const row of instructionRows) {
    print(row, false, text => {
      const [mnemonic] = split(text);
      const rows = found.get(mnemonic);
      if (!rows) found.set(mnemonic, [row]);
      else if (!rows.includes(row)) rows.push(row);
    });
  }
  mnemonics = found;
  return found;
}

const explored = new Map<InstructionRow, readonly Form[]>();

/** The forms that one row prints, of all its mnemonics. */
function formsOf(row: InstructionRow): readonly Form[] {
  const known = explored.get(row);
  if (known) return known;
  const builder = new Builder();
  print(row, true, (text, partial) => builder.add(text, partial));
  const forms: Form[] = [];
  for (const { mnemonic, places, seen, partial } of builder.forms.values()) {
    places.forEach((place, n) => {
      const values = seen[n];
      if (place.kind !== 'number' || !values) return;
      const real = place.numbers?.real;
      place.numbers = { ...numbersOf(values, partial[n] === true), ...(real ? { real } : {}) };
      if (n === places.length - 1 && hasBitmask(row) && places[0].kind === 'general') {
        place.numbers = { ...place.numbers, bitmask: places[0].width };
      }
    });
    // An assembler takes either width of a register that is extended, and any extension beside the stack pointer.
    const extension = places.findIndex(place => place.kind === 'word' && /^[us]xt[bhwx]$/.test(place.text));
    if (extension >= 0 && /^(add|sub|cm[pn])/.test(mnemonic)) {
      places.slice(0, extension).forEach((place, n) => {
        if (place.kind !== 'general') return;
        if (n === extension - 2) place.extended = true;
        else if (n > 0 || !mnemonic.endsWith('s')) place.stack = true;
        place.plain = true;
      });
    }
    forms.push({ mnemonic, places, rows: [row] });
  }
  explored.set(row, forms);
  return forms;
}

const byMnemonic = new Map<string, readonly Form[]>();

/** What an assembler takes after a mnemonic (in lower case); empty for one that is unknown or has operands by name. */
export function formsFor(mnemonic: string): readonly Form[] {
  const known = byMnemonic.get(mnemonic);
  if (known) return known;
  if (namedOperands.has(mnemonic)) return [];
  const forms: Form[] = [...ownForms(mnemonic)];
  for (const row of rowsByMnemonic().get(mnemonic) ?? []) {
    forms.push(...formsOf(row).filter(form => form.mnemonic === mnemonic));
  }
  for (const { of, replace } of Object.hasOwn(respelled, mnemonic) ? respelled[mnemonic] : []) {
    for (const form of formsFor(of)) {
      const places = replace ? replace(form.places) : form.places;
      if (places) forms.push({ ...form, mnemonic, places });
    }
  }
  byMnemonic.set(mnemonic, forms);
  return forms;
}

/** Whether a token may stand in a place; 'range' for a number or a condition that it does not take. */
export function fits(token: Token, place: Place): boolean | 'range' {
  switch (token.kind) {
    case 'foreign':
      return true;
    case 'mark':
      return place.kind === 'mark' && place.text === token.text;
    case 'general':
      if (place.kind === 'address') return true; // A label may be called fp.
      // Rows print another mnemonic beside the zero register (MUL for MADD); only the stack pointer excludes it.
      if (place.kind !== 'general' || (place.width !== token.width && !place.extended)) return false;
      return place[token.role] || (token.role === 'zero' && !place.stack) || (token.role === 'plain' && !place.stack);
    case 'scalar':
    case 'vector':
      return place.kind === token.kind && place.type === token.type;
    case 'number':
      if (place.kind === 'address' || place.kind === 'prefetch') return true;
      if (place.kind !== 'number') return false;
      if (token.real !== undefined) {
        if (!place.numbers) return true;
        return place.numbers.real === true && (takesReal(place.numbers, token.real) || 'range');
      }
      return token.value === undefined || !place.numbers || takes(place.numbers, token.value) ? true : 'range';
    case 'word':
      if (place.kind === 'address' || place.kind === 'number') return true;
      if (place.kind === 'condition')
        return conditions.includes(conditionSynonyms[token.text] ?? token.text) || 'range';
      if (place.kind === 'prefetch') return prefetchNames.has(token.text);
      return place.kind === 'word' && place.text === token.text;
  }
}

export function takes(numbers: NumberSet, value: bigint): boolean {
  // A large integer gives the bits of a real number.
  if (numbers.real) return value > 0xffffn || takesReal(numbers, Number(value));
  if (numbers.bitmask) return isBitmask(numbers.inverted ? ~value : value, numbers.bitmask);
  if (numbers.values) return numbers.values.has(value);
  return value >= numbers.min && value <= numbers.max && (value - numbers.min) % numbers.step === 0n;
}

function takesReal(numbers: NumberSet, real: number): boolean {
  const scaled = real * 2 ** 20;
  if (!Number.isInteger(scaled)) return false;
  return numbers.values
    ? numbers.values.has(BigInt(scaled))
    : BigInt(scaled) >= numbers.min && BigInt(scaled) <= numbers.max;
}

let bitmasks: { readonly 32: Set<bigint>; readonly 64: Set<bigint> } | undefined;

/** Whether the logical instructions take this value: at 32 bits also with the upper half copied from the sign. */
export function isBitmask(value: bigint, width: 32 | 64): boolean {
  bitmasks ??= { 32: allBitmasks(32), 64: allBitmasks(64) };
  if (width === 32 && value >> 32n !== 0n && BigInt.asIntN(32, value >> 32n) !== -1n) return false;
  return bitmasks[width].has(BigInt.asUintN(width, value));
}

function allBitmasks(width: 32 | 64): Set<bigint> {
  const all = new Set<bigint>();
  for (let n = 0; n < (width === 64 ? 2 : 1); n++) {
    for (let immr = 0; immr < 64; immr++) {
      for (let imms = 0; imms < 64; imms++) {
        const value = logicalImmediate(width, n, immr, imms);
        if (value !== undefined) all.add(value);
      }
    }
  }
  return all;
}
