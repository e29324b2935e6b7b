/** The syntax of expressions: C's, with registers as `$name` and address spaces as `pa:`, `ipa:`, `el1:` before an address. */

export type Node =
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'space'; readonly space: string; readonly address: Node }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'conditional'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'assign'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'member'; readonly object: Node; readonly name: string; readonly arrow: boolean }
  | { readonly kind: 'index'; readonly object: Node; readonly index: Node }
  | { readonly kind: 'size'; readonly type?: string; readonly stars?: number; readonly operand?: Node }
  | { readonly kind: 'cast'; readonly type: string; readonly stars: number; readonly operand: Node };

const TOKEN =
  /\s*(?:(0[xX][0-9a-fA-F_]+|0[bB][01_]+|\d[\d_]*)[uUlL]*|(\$?[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)|"([^"]*)"|('(?:\\.|[^'\\])')|(<<|>>|<=|>=|==|!=|&&|\|\||->|[-+*/%&|^~!<>()[\].?:=])|(\S))/y;

interface Token {
  readonly kind: 'number' | 'word' | 'text' | 'operator' | 'end';
  readonly text: string;
  readonly at: number;
}

function tokens(source: string): Token[] {
  const result: Token[] = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== '') {
    const match = TOKEN.exec(source);
    if (match === null) break;
    const at = match.index + match[0].length;
    if (match[1] !== undefined) result.push({ kind: 'number', text: match[1], at });
    else if (match[2] !== undefined) result.push({ kind: 'word', text: match[2], at });
    else if (match[3] !== undefined) result.push({ kind: 'text', text: match[3], at });
    else if (match[4] !== undefined) result.push({ kind: 'number', text: String(characterCode(match[4])), at });
    else if (match[5] !== undefined) result.push({ kind: 'operator', text: match[5], at });
    else throw new Error(`The character "${match[6]}" has no meaning in an expression.`);
  }
  result.push({ kind: 'end', text: '', at: source.length });
  return result;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, '0': 0 };

function characterCode(quoted: string): number {
  return quoted[1] === '\\' ? (ESCAPES[quoted[2]] ?? quoted.charCodeAt(2)) : quoted.charCodeAt(1);
}

/** Binary operators by rising precedence. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
]; // rows of C's precedence table

const UNARY = new Set(['-', '+', '~', '!', '*', '&']);
const TYPE_WORDS = new Set([
  'struct',
  'union',
  'enum',
  'unsigned',
  'signed',
  'long',
  'int',
  'short',
  'char',
  'void',
  'const',
  'volatile',
  'float',
  'double',
  '_Bool',
  'bool',
]);
const SPACE = /^(?:pa|ipa\d*|va|el[0-3]|vm\d+|l[12])$/i;
const DEEPEST = 200;

class Parser {
  private position = 0;
  private depth = 0;
  private readonly list: readonly Token[];

  constructor(private readonly source: string) {
    this.list = tokens(source);
  }

  parse(): Node {
    const node = this.assignment();
    if (this.peek.kind !== 'end') throw this.unexpected();
    return node;
  }

  private get peek(): Token {
    return this.list[this.position];
  }

  private take(): Token {
    return this.list[this.position++];
  }

  private accept(text: string): boolean {
    if (this.peek.kind !== 'operator' || this.peek.text !== text) return false;
    this.position++;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) throw this.unexpected(` instead of "${text}"`);
  }

  private unexpected(instead = ''): Error {
    const { kind, text } = this.peek;
    return new Error(
      `The expression "${this.source}" has ${kind === 'end' ? 'its end' : `"${text}"`}${instead} where that makes no sense.`,
    );
  }

  private assignment(): Node {
    if (++this.depth > DEEPEST) throw new Error('The expression is nested too deeply.');
    const left = this.conditional();
    const node: Node = this.accept('=') ? { kind: 'assign', left, right: this.assignment() } : left;
    this.depth--;
    return node;
  }

  private conditional(): Node {
    const test = this.binary(0);
    if (!this.accept('?')) return test;
    const yes = this.assignment();
    this.expect(':');
    return { kind: 'conditional', test, yes, no: this.assignment() };
  }

  private binary(level: number): Node {
    if (level === LEVELS.length) return this.unary();
    let left = this.binary(level + 1);
    while (this.peek.kind === 'operator' && LEVELS[level].includes(this.peek.text)) {
      const operator = this.take().text;
      left = { kind: 'binary', operator, left, right: this.binary(level + 1) };
    }
    return left;
  }

  private unary(): Node {
    if (this.peek.kind === 'word' && this.peek.text === 'sizeof') return this.size();
    if (this.peek.kind === 'operator' && UNARY.has(this.peek.text)) {
      if (++this.depth > DEEPEST) throw new Error('The expression is nested too deeply.');
      const node: Node = { kind: 'unary', operator: this.take().text, operand: this.unary() };
      this.depth--;
      return node;
    }
    const cast = this.cast();
    return cast ?? this.postfix();
  }

  /** `sizeof x`, `sizeof(x)` or `sizeof(struct x *)`. */
  private size(): Node {
    this.take();
    const start = this.position;
    if (this.accept('(')) {
      const words: string[] = [];
      while (this.peek.kind === 'word' && !this.peek.text.startsWith('$')) words.push(this.take().text);
      let stars = 0;
      while (words.length > 0 && this.accept('*')) stars++;
      if (words.length > 0 && this.accept(')')) return { kind: 'size', type: words.join(' '), stars };
      this.position = start;
    }
    if (++this.depth > DEEPEST) throw new Error('The expression is nested too deeply.');
    const operand = this.unary();
    this.depth--;
    return { kind: 'size', operand };
  }

  /** `(type *) operand`: a known type word, or a name followed by stars or by `)` and an operand. */
  private cast(): Node | undefined {
    const start = this.position;
    if (!this.accept('(')) return undefined;
    const words: string[] = [];
    while (this.peek.kind === 'word' && !this.peek.text.startsWith('$')) words.push(this.take().text);
    let stars = 0;
    while (words.length > 0 && this.accept('*')) stars++;
    const closed = words.length > 0 && this.accept(')');
    const isType =
      TYPE_WORDS.has(words[0]) ||
      stars > 0 ||
      this.peek.kind === 'word' ||
      this.peek.kind === 'number' ||
      words.at(-1)?.endsWith('_t');
    if (!closed || !isType) {
      this.position = start;
      return undefined;
    }
    return { kind: 'cast', type: words.join(' '), stars, operand: this.unary() };
  }

  private postfix(): Node {
    let node = this.primary();
    for (;;) {
      if (this.accept('.')) node = { kind: 'member', object: node, name: this.name(), arrow: false };
      else if (this.accept('->')) node = { kind: 'member', object: node, name: this.name(), arrow: true };
      else if (this.accept('[')) {
        const index = this.assignment();
        this.expect(']');
        node = { kind: 'index', object: node, index };
      } else return node;
    }
  }

  private name(): string {
    if (this.peek.kind !== 'word') throw this.unexpected();
    return this.take().text;
  }

  private primary(): Node {
    const token = this.peek;
    if (token.kind === 'number') {
      this.position++;
      return { kind: 'number', value: BigInt(token.text.replaceAll('_', '')) };
    }
    if (token.kind === 'text') {
      this.position++;
      return { kind: 'text', value: token.text };
    }
    if (token.kind === 'word') {
      this.position++;
      if (token.text.startsWith('$')) return { kind: 'register', name: token.text.slice(1) };
      if (SPACE.test(token.text) && this.accept(':')) {
        return { kind: 'space', space: token.text.toLowerCase(), address: this.unary() };
      }
      return { kind: 'name', name: token.text };
    }
    if (this.accept('(')) {
      const node = this.assignment();
      this.expect(')');
      return node;
    }
    throw this.unexpected();
  }
}

/** Parses an expression. Throws a sentence. */
export function parseExpression(source: string): Node {
  return new Parser(source).parse();
}
