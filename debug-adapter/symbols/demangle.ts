/**
 * Names of C++ (Itanium C++ ABI, section 5.1) and Rust (RFC 2603, and the older form before it) as their languages write
 * them. What a debugger meets in symbol tables is read; rare forms, such as expressions in template arguments, are not,
 * and such a name stays as it is.
 */

import { demangleRust } from './demangle-rust.ts';

export interface Demangled {
  /** With its namespaces and template arguments, without parameters and result: what frames show. */
  readonly name: string;
  /** All of it, as `c++filt` writes it. */
  readonly full: string;
}

/** The longest result: nested substitutions can grow without bounds. */
const LONGEST = 4096;
const DEEPEST = 128;

const cache = new Map<string, Demangled | undefined>();
const MOST_CACHED = 4096;

/** A mangled name in the words of its language; undefined for any other name. */
export function demangle(symbol: string): Demangled | undefined {
  if (!symbol.startsWith('_Z') && !symbol.startsWith('_R')) return undefined;
  if (cache.has(symbol)) return cache.get(symbol);
  let result: Demangled | undefined;
  try {
    result = demangleRust(symbol) ?? (symbol.startsWith('_Z') ? new Itanium(symbol).read() : undefined);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
  }
  if (result !== undefined && result.full.length > LONGEST) result = undefined;
  if (cache.size >= MOST_CACHED) cache.clear();
  cache.set(symbol, result);
  return result;
}

/** A name as frames and lists show it. */
export function displayName(symbol: string): string {
  return demangle(symbol)?.name ?? symbol;
}

class Unreadable extends Error {}

/** A type in two halves, between which a declarator stands: `void (*` and `)(int)`. */
interface Type {
  readonly left: string;
  readonly right: string;
  /** Functions and arrays bind less than `*`: parentheses are needed. */
  readonly loose?: boolean;
  /** A parameter pack. */
  readonly pack?: readonly Type[];
  /** The last component without template arguments, which names constructors. */
  readonly last?: string;
}

interface Name extends Type {
  readonly hasArguments: boolean;
  /** Constructors, destructors and conversions have no result type in their mangling. */
  readonly noResult: boolean;
  /** Of a member function: ` const`, ` &`. */
  readonly qualifiers: string;
}

const BUILTIN: Readonly<Record<string, string>> = {
  v: 'void',
  w: 'wchar_t',
  b: 'bool',
  c: 'char',
  a: 'signed char',
  h: 'unsigned char',
  s: 'short',
  t: 'unsigned short',
  i: 'int',
  j: 'unsigned int',
  l: 'long',
  m: 'unsigned long',
  x: 'long long',
  y: 'unsigned long long',
  n: '__int128',
  o: 'unsigned __int128',
  f: 'float',
  d: 'double',
  e: 'long double',
  g: '__float128',
  z: '...',
  Dn: 'decltype(nullptr)',
  Di: 'char32_t',
  Ds: 'char16_t',
  Du: 'char8_t',
  Da: 'auto',
  Dc: 'decltype(auto)',
  Dd: 'decimal64',
  De: 'decimal128',
  Df: 'decimal32',
  Dh: 'half',
};

const STANDARD: Readonly<Record<string, string>> = {
  t: 'std',
  a: 'std::allocator',
  b: 'std::basic_string',
  s: 'std::string',
  i: 'std::istream',
  o: 'std::ostream',
  d: 'std::iostream',
};

const OPERATORS: Readonly<Record<string, string>> = {
  nw: ' new',
  na: ' new[]',
  dl: ' delete',
  da: ' delete[]',
  aw: ' co_await',
  ps: '+',
  ng: '-',
  ad: '&',
  de: '*',
  co: '~',
  pl: '+',
  mi: '-',
  ml: '*',
  dv: '/',
  rm: '%',
  an: '&',
  or: '|',
  eo: '^',
  aS: '=',
  pL: '+=',
  mI: '-=',
  mL: '*=',
  dV: '/=',
  rM: '%=',
  aN: '&=',
  oR: '|=',
  eO: '^=',
  ls: '<<',
  rs: '>>',
  lS: '<<=',
  rS: '>>=',
  eq: '==',
  ne: '!=',
  lt: '<',
  gt: '>',
  le: '<=',
  ge: '>=',
  ss: '<=>',
  nt: '!',
  aa: '&&',
  oo: '||',
  pp: '++',
  mm: '--',
  cm: ',',
  pm: '->*',
  pt: '->',
  cl: '()',
  ix: '[]',
};

const SPECIAL: Readonly<Record<string, string>> = {
  TV: 'vtable for ',
  TT: 'VTT for ',
  TI: 'typeinfo for ',
  TS: 'typeinfo name for ',
};
const SPECIAL_NAMES: Readonly<Record<string, string>> = {
  GV: 'guard variable for ',
  TH: 'TLS init function for ',
  TW: 'TLS wrapper function for ',
};

/** Suffixes of literals; the types without one are written as a cast. */
const LITERALS: Readonly<Record<string, string>> = { i: '', j: 'u', l: 'l', m: 'ul', x: 'll', y: 'ull' };

const plain = (text: string): Type => ({ left: text, right: '' });
const textOf = ({ left, right }: Type): string => left + right;

class Itanium {
  private at = 2;
  private depth = 0;
  private readonly substitutions: Type[] = [];
  /** Arguments of the template that is read or was read last: what `T_` means. */
  private parameters: readonly Type[] = [];
  /** While the pattern of an expansion is read: which element of packs is meant, and how many there are. */
  private element = -1;
  private elements = -1;

  constructor(private readonly text: string) {}

  read(): Demangled {
    const { name, full } = this.encoding(true);
    const rest = this.text.slice(this.at);
    if (rest === '') return { name, full };
    // `.cold`, `.isra.0`: what the compiler made of a function.
    if (!/^[.@][\w.@$]+$/.test(rest)) throw new Unreadable();
    const clones = rest.startsWith('@') ? rest : rest.replace(/\.[A-Za-z_]+(\.\d+)*|\.\d+/g, one => ` [clone ${one}]`);
    return { name: name + (rest.startsWith('@') ? '' : clones), full: full + clones };
  }

  // --- Text ---------------------------------------------------------------------------------------------------------

  private peek(count = 1): string {
    return this.text.slice(this.at, this.at + count);
  }

  private eat(wanted: string): boolean {
    if (!this.text.startsWith(wanted, this.at)) return false;
    this.at += wanted.length;
    return true;
  }

  private expect(wanted: string): void {
    if (!this.eat(wanted)) throw new Unreadable();
  }

  private number(): number {
    const match = /^n?\d+/.exec(this.text.slice(this.at, this.at + 12));
    if (match === null) throw new Unreadable();
    this.at += match[0].length;
    return Number(match[0].replace('n', '-'));
  }

  /** `_` is 0, `0_` is 1: in base 36 for substitutions, in decimal for the others. */
  private sequence(base: 10 | 36): number {
    if (this.eat('_')) return 0;
    const match = (base === 36 ? /^[0-9A-Z]+/ : /^\d+/).exec(this.text.slice(this.at, this.at + 12));
    if (match === null) throw new Unreadable();
    this.at += match[0].length;
    this.expect('_');
    return Number.parseInt(match[0], base) + 1;
  }

  private within<T>(read: () => T): T {
    if (++this.depth > DEEPEST) throw new Unreadable();
    const result = read();
    this.depth--;
    return result;
  }

  private remember<T extends Type>(type: T): T {
    if (type.left.length + type.right.length > LONGEST) throw new Unreadable();
    this.substitutions.push(type);
    return type;
  }

  // --- Encodings ----------------------------------------------------------------------------------------------------

  private encoding(outermost: boolean): Demangled {
    return this.within(() => {
      const special = this.special();
      if (special !== undefined) return { name: special, full: special };
      const saved = this.parameters;
      const name = this.name();
      const text = textOf(name);
      let result = { name: text, full: text };
      const next = this.peek();
      if (next !== '' && next !== 'E' && next !== '.' && next !== '@') {
        const type = name.hasArguments && !name.noResult ? this.type() : undefined;
        const parameters = `(${this.list(() => ['', 'E', '.', '@'].includes(this.peek()))})${name.qualifiers}`;
        const full =
          type === undefined
            ? `${text}${parameters}`
            : `${type.left}${type.loose || /[(]$/.test(type.left) ? '' : ' '}${text}${parameters}${type.right}`;
        result = { name: text, full };
      }
      if (!outermost) this.parameters = saved;
      return result;
    });
  }

  /** Types up to an end that is not eaten; `void` alone is nothing. */
  private list(isEnd: () => boolean): string {
    const texts: string[] = [];
    while (!isEnd()) {
      const type = this.type();
      if (type.pack === undefined) texts.push(textOf(type));
      else texts.push(...type.pack.map(textOf));
    }
    return texts.length === 1 && texts[0] === 'void' ? '' : texts.join(', ');
  }

  private special(): string | undefined {
    const two = this.peek(2);
    if (Object.hasOwn(SPECIAL, two)) {
      this.at += 2;
      return SPECIAL[two] + textOf(this.type());
    }
    if (Object.hasOwn(SPECIAL_NAMES, two)) {
      this.at += 2;
      return SPECIAL_NAMES[two] + textOf(this.name());
    }
    if (this.eat('GR')) {
      const name = textOf(this.name());
      return `reference temporary #${this.peek() === '' ? 0 : this.sequence(36)} for ${name}`;
    }
    if (this.eat('Tc')) {
      this.offset();
      this.offset();
      return `covariant return thunk to ${this.encoding(false).full}`;
    }
    if (two === 'Th' || two === 'Tv') {
      this.at++;
      this.offset();
      return `${two === 'Tv' ? '' : 'non-'}virtual thunk to ${this.encoding(false).full}`;
    }
    if (this.eat('TC')) {
      const derived = textOf(this.type());
      this.number();
      this.expect('_');
      return `construction vtable for ${textOf(this.type())}-in-${derived}`;
    }
    return undefined;
  }

  private offset(): void {
    const isVirtual = this.eat('v');
    if (!isVirtual) this.expect('h');
    this.number();
    this.expect('_');
    if (!isVirtual) return;
    this.number();
    this.expect('_');
  }

  // --- Names --------------------------------------------------------------------------------------------------------

  private name(): Name {
    return this.within(() => {
      if (this.peek() === 'N') return this.nested();
      if (this.peek() === 'Z') return this.local();
      let name: Name;
      if (this.peek() === 'S' && this.peek(2) !== 'St') {
        name = { ...this.substitution(), hasArguments: false, noResult: false, qualifiers: '' };
      } else {
        const prefix = this.eat('St') ? 'std::' : '';
        name = this.unqualified(prefix, undefined);
        if (this.peek() === 'I') this.remember(name);
      }
      return this.peek() === 'I' ? this.withArguments(name) : name;
    });
  }

  private withArguments(name: Type): Name {
    const text = textOf(name);
    const { written, types } = this.templateArguments();
    this.parameters = types;
    const end = text.endsWith('<') ? ' ' : '';
    return {
      left: `${text}${end}<${written}${written.endsWith('>') ? ' ' : ''}>`,
      right: '',
      last: name.last,
      hasArguments: true,
      noResult: false,
      qualifiers: '',
    };
  }

  private nested(): Name {
    this.expect('N');
    let qualifiers = '';
    for (;;) {
      if (this.eat('r')) qualifiers += ' restrict';
      else if (this.eat('V')) qualifiers += ' volatile';
      else if (this.eat('K')) qualifiers += ' const';
      else break;
    }
    if (this.eat('R')) qualifiers += ' &';
    else if (this.eat('O')) qualifiers += ' &&';
    let name: Name | undefined;
    while (!this.eat('E')) {
      if (this.peek() === 'I') {
        if (name === undefined) throw new Unreadable();
        name = { ...this.withArguments(name), noResult: name.noResult };
      } else if (this.peek() === 'S' && this.peek(2) !== 'St') {
        if (name !== undefined) throw new Unreadable();
        name = { ...this.substitution(), hasArguments: false, noResult: false, qualifiers: '' };
        continue; // it is one already
      } else if (this.peek() === 'T' && name === undefined) {
        name = { ...this.parameter(), hasArguments: false, noResult: false, qualifiers: '' };
      } else if (this.eat('St')) {
        name = this.unqualified('std::', undefined);
      } else if (this.eat('M')) {
        continue; // the initializer of a data member, in which a lambda is
      } else {
        name = this.unqualified(name === undefined ? '' : `${textOf(name)}::`, name?.last);
      }
      if (this.peek() !== 'E') this.remember(name);
    }
    if (name === undefined) throw new Unreadable();
    return { ...name, qualifiers };
  }

  private local(): Name {
    this.expect('Z');
    const saved = this.parameters;
    const { full } = this.encoding(true);
    this.expect('E');
    if (this.eat('s')) {
      this.discriminator();
      return { ...plain(`${full}::string literal`), hasArguments: false, noResult: false, qualifiers: '' };
    }
    if (this.eat('d')) this.sequence(10);
    const inner = this.name();
    this.discriminator();
    if (!inner.hasArguments) this.parameters = saved.length > 0 ? saved : this.parameters;
    return { ...inner, left: `${full}::${inner.left}` };
  }

  private discriminator(): void {
    if (this.eat('__')) {
      this.number();
      this.expect('_');
    } else if (/^_\d/.test(this.peek(2))) {
      this.at += 2;
    }
  }

  private unqualified(prefix: string, owner: string | undefined): Name {
    const made = (text: string, last: string | undefined, noResult = false): Name => {
      let tagged = text;
      while (this.eat('B')) tagged += `[abi:${this.source()}]`;
      return { left: prefix + tagged, right: '', last, hasArguments: false, noResult, qualifiers: '' };
    };
    const next = this.peek();
    if (next === 'L' || /\d/.test(next)) {
      this.eat('L'); // with internal linkage
      const source = this.source();
      return made(source, source);
    }
    if (next === 'C' || (next === 'D' && /^D[0-5]/.test(this.peek(2)))) {
      if (owner === undefined) throw new Unreadable();
      this.at++;
      const inherited = next === 'C' && this.eat('I');
      this.at++;
      if (inherited) this.type();
      return made(next === 'C' ? owner : `~${owner}`, owner, true);
    }
    if (this.eat('Ut')) return made(`{unnamed type#${this.sequence(10) + 1}}`, undefined);
    if (this.eat('Ul')) {
      const parameters = this.list(() => this.peek() === 'E');
      this.expect('E');
      return made(`{lambda(${parameters})#${this.sequence(10) + 1}}`, undefined);
    }
    if (this.eat('DC')) {
      const names: string[] = [];
      while (!this.eat('E')) names.push(this.source());
      return made(`[${names.join(', ')}]`, undefined);
    }
    if (this.eat('cv')) return made(`operator ${textOf(this.type())}`, undefined, true);
    if (this.eat('li')) return made(`operator"" ${this.source()}`, undefined);
    const operator = this.peek(2);
    if (!Object.hasOwn(OPERATORS, operator)) throw new Unreadable();
    this.at += 2;
    return made(`operator${OPERATORS[operator]}`, undefined);
  }

  private source(): string {
    const length = this.number();
    if (length <= 0 || this.at + length > this.text.length) throw new Unreadable();
    const name = this.text.slice(this.at, this.at + length);
    this.at += length;
    return name.startsWith('_GLOBAL__N') ? '(anonymous namespace)' : name;
  }

  private substitution(): Type {
    this.expect('S');
    const letter = this.peek();
    if (Object.hasOwn(STANDARD, letter)) {
      this.at++;
      const text = STANDARD[letter];
      const last = letter === 's' ? 'basic_string' : text.slice(5);
      let tagged = text;
      const hasTag = this.peek() === 'B';
      while (this.eat('B')) tagged += `[abi:${this.source()}]`;
      const type = { left: tagged, right: '', last };
      return hasTag ? this.remember(type) : type;
    }
    const found = this.substitutions[this.sequence(36)];
    if (found === undefined) throw new Unreadable();
    return found;
  }

  private parameter(): Type {
    this.expect('T');
    const found = this.parameters[this.sequence(10)];
    if (found === undefined) throw new Unreadable();
    if (found.pack === undefined || this.element < 0) return found;
    this.elements = found.pack.length;
    return found.pack[this.element] ?? plain('');
  }

  private templateArguments(): { written: string; types: readonly Type[] } {
    this.expect('I');
    const types: Type[] = [];
    while (!this.eat('E')) types.push(this.argument());
    const flat = types.flatMap(type => (type.pack === undefined ? [type] : type.pack));
    return { written: flat.map(textOf).join(', '), types };
  }

  private argument(): Type {
    return this.within(() => {
      if (this.peek() === 'L') return this.literal();
      if (this.eat('J')) {
        const pack: Type[] = [];
        while (!this.eat('E')) pack.push(this.argument());
        return { ...plain(pack.map(textOf).join(', ')), pack };
      }
      if (this.peek() === 'X') throw new Unreadable();
      return this.type();
    });
  }

  private literal(): Type {
    this.expect('L');
    if (this.eat('_Z')) {
      const { full } = this.encoding(false);
      this.expect('E');
      return plain(`&${full}`);
    }
    const letter = this.peek();
    const type = this.type();
    const end = this.text.indexOf('E', this.at);
    if (end < 0) throw new Unreadable();
    const value = this.text.slice(this.at, end).replace(/^n/, '-');
    this.at = end + 1;
    if (letter === 'b' && (value === '0' || value === '1')) return plain(value === '1' ? 'true' : 'false');
    if (value === '' || (letter === 'D' && value === '0')) return plain(letter === 'D' ? 'nullptr' : textOf(type));
    if (Object.hasOwn(LITERALS, letter)) return plain(value + LITERALS[letter]);
    return plain(`(${textOf(type)})${value}`);
  }

  // --- Types --------------------------------------------------------------------------------------------------------

  private type(): Type {
    return this.within(() => {
      const letter = this.peek();
      const builtin = letter === 'D' ? this.peek(2) : letter;
      if (Object.hasOwn(BUILTIN, builtin)) {
        this.at += builtin.length;
        return plain(BUILTIN[builtin]);
      }
      switch (letter) {
        case 'r':
        case 'V':
        case 'K':
          return this.qualified();
        case 'P':
          this.at++;
          return this.remember(declarator(this.type(), '*'));
        case 'R':
          this.at++;
          return this.remember(reference(this.type(), '&'));
        case 'O':
          this.at++;
          return this.remember(reference(this.type(), '&&'));
        case 'F':
          return this.remember(this.functionType(''));
        case 'A':
          return this.remember(this.arrayType());
        case 'M':
          return this.remember(this.memberPointer());
        case 'u':
          this.at++;
          return this.remember(plain(this.source()));
        case 'S': {
          if (this.peek(2) === 'St') return this.named();
          const found = this.substitution();
          if (this.peek() !== 'I') return found;
          return this.remember(asType(this.withParameters(found)));
        }
        case 'T': {
          if (/^T[sue]/.test(this.peek(2))) this.at += 2;
          if (this.peek() !== 'T') return this.named();
          const found = this.parameter();
          this.remember(found);
          return this.peek() === 'I' ? this.remember(asType(this.withParameters(found))) : found;
        }
        case 'D':
          return this.unusual();
        default:
          return this.named();
      }
    });
  }

  /** A class or enumeration. Its own template arguments are not what `T_` means behind it. */
  private named(): Type {
    const saved = this.parameters;
    const name = this.remember(asType(this.name()));
    this.parameters = saved;
    return name;
  }

  private withParameters(name: Type): Name {
    const saved = this.parameters;
    const result = this.withArguments(name);
    this.parameters = saved;
    return result;
  }

  private qualified(): Type {
    let words = '';
    for (;;) {
      if (this.eat('r')) words = ` restrict${words}`;
      else if (this.eat('V')) words = ` volatile${words}`;
      else if (this.eat('K')) words = ` const${words}`;
      else break;
    }
    const type = this.peek() === 'F' ? this.functionType(words) : undefined;
    if (type !== undefined) return this.remember(type);
    const inner = this.type();
    return this.remember(
      inner.loose ? { ...inner, left: inner.left + words } : { left: inner.left + words, right: inner.right },
    );
  }

  private functionType(words: string): Type {
    this.expect('F');
    this.eat('Y');
    const result = this.type();
    const parameters = this.list(() => /^(E|[RO]E)/.test(this.peek(2)));
    const reference = this.eat('R') ? ' &' : this.eat('O') ? ' &&' : '';
    this.expect('E');
    return { left: `${result.left} `, right: `(${parameters})${words}${reference}${result.right}`, loose: true };
  }

  private arrayType(): Type {
    this.expect('A');
    const count = /^\d+/.exec(this.text.slice(this.at, this.at + 20))?.[0] ?? '';
    this.at += count.length;
    this.expect('_');
    const element = this.type();
    return {
      left: element.loose ? element.left : `${element.left} `,
      right: `[${count}]${element.right}`,
      loose: true,
    };
  }

  private memberPointer(): Type {
    this.expect('M');
    const owner = textOf(this.type());
    const member = this.type();
    return member.loose
      ? { left: `${member.left}(${owner}::*`, right: `)${member.right}` }
      : { left: `${member.left} ${owner}::*`, right: member.right };
  }

  private unusual(): Type {
    if (this.eat('Dp')) return this.expansion();
    if (this.eat('Do')) return this.remember(this.functionType(' noexcept'));
    if (this.eat('Dv')) {
      const count = this.number();
      this.expect('_');
      const type = this.peek() === 'p' && this.eat('p') ? plain('pixel') : this.type();
      return this.remember(plain(`${textOf(type)} __vector(${count})`));
    }
    throw new Unreadable();
  }

  /** The pattern once for each element of the pack in it. */
  private expansion(): Type {
    const start = this.at;
    const [savedElement, savedElements] = [this.element, this.elements];
    this.element = 0;
    this.elements = -1;
    const first = this.type();
    const count = this.elements;
    const pack: Type[] = count === 0 ? [] : [first];
    const known = this.substitutions.length;
    for (this.element = 1; this.element < count; this.element++) {
      this.at = start;
      pack.push(this.type());
      this.substitutions.length = known;
    }
    this.element = savedElement;
    this.elements = savedElements;
    return this.remember({ ...plain(pack.map(textOf).join(', ')), pack });
  }
}

function asType({ left, right, last, pack }: Type): Type {
  return { left, right, ...(last === undefined ? {} : { last }), ...(pack === undefined ? {} : { pack }) };
}

function declarator(type: Type, mark: string): Type {
  const { left, right } = type;
  if (!type.loose) return { left: left + mark, right };
  return { left: `${left}(${mark}`, right: `)${right.startsWith('[') ? ' ' : ''}${right}` };
}

/** A reference to a reference is the lesser of the two. */
function reference(type: Type, mark: '&' | '&&'): Type {
  const { left } = type;
  if (!type.loose && left.endsWith('&')) {
    const isDouble = left.endsWith('&&');
    return isDouble && mark === '&' ? { ...type, left: left.slice(0, -1) } : type;
  }
  return declarator(type, mark);
}
