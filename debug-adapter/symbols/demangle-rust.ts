/** Names of Rust: the symbols of RFC 2603 (`_R...`), and before them names of the C++ ABI with a hash at their end. */

import type { Demangled } from './demangle.ts';

/** The name that a symbol of Rust stands for; undefined for a symbol that is none, or that cannot be read. */
export function demangleRust(symbol: string): Demangled | undefined {
  const text = symbol.startsWith('_R') ? version0(symbol.slice(2)) : legacy(symbol);
  return text === undefined ? undefined : { name: text, full: text };
}

// --- Before RFC 2603 --------------------------------------------------------------------------------------------------

const ESCAPES: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

const LEGACY = /17h[0-9a-f]{16}E(?:\.[\w.]+)?$/;

function legacy(symbol: string): string | undefined {
  if (!symbol.startsWith('_ZN') || !LEGACY.test(symbol)) return undefined;
  const parts: string[] = [];
  let at = 3;
  while (symbol[at] !== 'E') {
    const digits = /^\d+/.exec(symbol.slice(at, at + 6))?.[0];
    if (digits === undefined) return undefined;
    at += digits.length;
    parts.push(symbol.slice(at, at + Number(digits)));
    at += Number(digits);
    if (at >= symbol.length) return undefined;
  }
  return parts.slice(0, -1).map(unescaped).join('::');
}

function unescaped(part: string): string {
  const text = part.startsWith('_$') ? part.slice(1) : part;
  return text.replace(/\$([A-Z]+|u[0-9a-f]+)\$|\.\.|\./g, (whole, code: string | undefined) => {
    if (whole === '..') return '::';
    if (whole === '.' || code === undefined) return '.';
    if (code.startsWith('u')) return String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(code.slice(1), 16)));
    return ESCAPES[code] ?? whole;
  });
}

// --- RFC 2603 ---------------------------------------------------------------------------------------------------------

const BASIC: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
  p: '_',
};

const MOST_STEPS = 2000;

class Unreadable extends Error {}

function version0(text: string): string | undefined {
  try {
    const reader = new Version0(text.replace(/[.$].*$/, ''));
    return reader.path(true);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

class Version0 {
  private at = 0;
  private steps = 0;
  /** Lifetimes that are bound around the type that is read. */
  private lifetimes = 0;

  constructor(private readonly text: string) {}

  private eat(letter: string): boolean {
    if (this.text[this.at] !== letter) return false;
    this.at++;
    return true;
  }

  private next(): string {
    const letter = this.text[this.at++];
    if (letter === undefined || ++this.steps > MOST_STEPS) throw new Unreadable();
    return letter;
  }

  /** `_` is 0, `0_` is 1, in base 62. */
  private base62(): number {
    if (this.eat('_')) return 0;
    let value = 0;
    for (;;) {
      const letter = this.next();
      if (letter === '_') return value + 1;
      const digit = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.indexOf(letter);
      if (digit < 0) throw new Unreadable();
      value = value * 62 + digit;
    }
  }

  private optional62(tag: string): number {
    return this.eat(tag) ? this.base62() + 1 : 0;
  }

  private identifier(): { readonly name: string; readonly disambiguator: number } {
    const disambiguator = this.optional62('s');
    const isPuny = this.eat('u');
    const digits = /^(0|[1-9]\d*)/.exec(this.text.slice(this.at, this.at + 8))?.[0];
    if (digits === undefined) throw new Unreadable();
    this.at += digits.length;
    this.eat('_');
    const length = Number(digits);
    if (this.at + length > this.text.length) throw new Unreadable();
    const name = this.text.slice(this.at, this.at + length);
    this.at += length;
    return { name: isPuny ? fromPunycode(name) : name, disambiguator };
  }

  private back<T>(read: () => T): T {
    const to = this.base62();
    const saved = this.at;
    if (to >= saved || ++this.steps > MOST_STEPS) throw new Unreadable();
    this.at = to;
    const result = read();
    this.at = saved;
    return result;
  }

  /** In a value `::` stands before generic arguments. */
  path(inValue: boolean): string {
    switch (this.next()) {
      case 'C':
        return this.identifier().name;
      case 'M':
        this.implementation();
        return `<${this.type()}>`;
      case 'X':
        this.implementation();
        return this.asTrait();
      case 'Y':
        return this.asTrait();
      case 'N': {
        const namespace = this.next();
        const outer = this.path(inValue);
        const { name, disambiguator } = this.identifier();
        if (namespace >= 'a') return name === '' ? outer : `${outer}::${name}`;
        const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
        return `${outer}::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`;
      }
      case 'I': {
        const outer = this.path(inValue);
        return `${outer}${inValue ? '::' : ''}<${this.until(() => this.generic())}>`;
      }
      case 'B':
        return this.back(() => this.path(inValue));
      default:
        throw new Unreadable();
    }
  }

  private implementation(): void {
    this.optional62('s');
    this.path(false);
  }

  private asTrait(): string {
    const type = this.type();
    return `<${type} as ${this.path(false)}>`;
  }

  private listed(read: () => string): string[] {
    const parts: string[] = [];
    while (!this.eat('E')) parts.push(read());
    return parts;
  }

  private until(read: () => string): string {
    return this.listed(read).join(', ');
  }

  private generic(): string {
    if (this.eat('L')) return this.lifetime(this.base62());
    if (this.eat('K')) return this.constant();
    return this.type();
  }

  private lifetime(index: number): string {
    if (index === 0) return "'_";
    const depth = this.lifetimes - index;
    if (depth < 0) throw new Unreadable();
    return depth < 26 ? `'${String.fromCharCode(97 + depth)}` : `'_${depth}`;
  }

  private binder(read: () => string): string {
    const count = this.optional62('G');
    const saved = this.lifetimes;
    if (count > 64) throw new Unreadable();
    this.lifetimes += count;
    const names = Array.from({ length: count }, (_, index) => this.lifetime(count - index));
    const text = (count > 0 ? `for<${names.join(', ')}> ` : '') + read();
    this.lifetimes = saved;
    return text;
  }

  private type(): string {
    const letter = this.next();
    if (Object.hasOwn(BASIC, letter)) return BASIC[letter];
    switch (letter) {
      case 'A': {
        const element = this.type();
        return `[${element}; ${this.constant()}]`;
      }
      case 'S':
        return `[${this.type()}]`;
      case 'T': {
        const parts = this.listed(() => this.type());
        return parts.length === 1 ? `(${parts[0]},)` : `(${parts.join(', ')})`;
      }
      case 'R':
      case 'Q': {
        const lifetime = this.eat('L') ? this.lifetime(this.base62()) : "'_";
        const name = lifetime === "'_" ? '' : `${lifetime} `;
        return `&${name}${letter === 'Q' ? 'mut ' : ''}${this.type()}`;
      }
      case 'P':
        return `*const ${this.type()}`;
      case 'O':
        return `*mut ${this.type()}`;
      case 'F':
        return this.binder(() => this.functionType());
      case 'D': {
        const bounds = this.binder(() => this.bounds());
        if (!this.eat('L')) throw new Unreadable();
        const lifetime = this.lifetime(this.base62());
        return `dyn ${bounds}${lifetime === "'_" ? '' : ` + ${lifetime}`}`;
      }
      case 'B':
        return this.back(() => this.type());
      default:
        this.at--;
        return this.path(false);
    }
  }

  private functionType(): string {
    const unsafe = this.eat('U') ? 'unsafe ' : '';
    let abi = '';
    if (this.eat('K')) abi = `extern "${this.eat('C') ? 'C' : this.identifier().name.replaceAll('_', '-')}" `;
    const parameters = this.until(() => this.type());
    const result = this.type();
    return `${unsafe}${abi}fn(${parameters})${result === '()' ? '' : ` -> ${result}`}`;
  }

  private bounds(): string {
    const parts: string[] = [];
    while (!this.eat('E')) {
      let path = this.path(false);
      const bindings: string[] = [];
      while (this.eat('p')) bindings.push(`${this.identifier().name} = ${this.type()}`);
      if (bindings.length > 0)
        path = path.endsWith('>') ? `${path.slice(0, -1)}, ${bindings.join(', ')}>` : `${path}<${bindings.join(', ')}>`;
      parts.push(path);
    }
    return parts.join(' + ');
  }

  private constant(): string {
    const letter = this.next();
    if (letter === 'B') return this.back(() => this.constant());
    if (letter === 'p') return '_';
    const type = BASIC[letter];
    if (type === undefined) throw new Unreadable();
    const isNegative = this.eat('n');
    let digits = '';
    for (let digit = this.next(); digit !== '_'; digit = this.next()) {
      if (!/[0-9a-f]/.test(digit)) throw new Unreadable();
      digits += digit;
    }
    const value = BigInt(`0x${digits === '' ? '0' : digits}`);
    if (letter === 'b') return value === 0n ? 'false' : 'true';
    if (letter === 'c') return `'${String.fromCodePoint(Number(value > 0x10ffffn ? 0xfffdn : value))}'`;
    return `${isNegative ? '-' : ''}${value}`;
  }
}

/** Identifiers that are not ASCII (RFC 3492, with `_` for the delimiter). */
function fromPunycode(text: string): string {
  const split = text.lastIndexOf('_');
  const output = [...(split > 0 ? text.slice(0, split) : '')];
  let n = 128;
  let i = 0;
  let bias = 72;
  for (let at = split + 1; at < text.length; ) {
    const before = i;
    for (let weight = 1, k = 36; ; k += 36) {
      const code = text.charCodeAt(at++);
      const digit = code >= 97 && code <= 122 ? code - 97 : code >= 48 && code <= 57 ? code - 22 : -1;
      if (digit < 0 || i > 2 ** 31) throw new Unreadable();
      i += digit * weight;
      const threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
      if (digit < threshold) break;
      weight *= 36 - threshold;
    }
    const length = output.length + 1;
    let delta = Math.floor((i - before) / (before === 0 ? 700 : 2));
    delta += Math.floor(delta / length);
    let k = 0;
    for (; delta > 455; k += 36) delta = Math.floor(delta / 35);
    bias = k + Math.floor((36 * delta) / (delta + 38));
    n += Math.floor(i / length);
    i %= length;
    if (n > 0x10ffff) throw new Unreadable();
    output.splice(i++, 0, String.fromCodePoint(n));
  }
  return output.join('');
}
