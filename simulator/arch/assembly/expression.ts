/** Constant expressions as GNU as reads them ("Expressions" in its manual), as far as they are known without a link. */

/** The value of a symbol; undefined for one that is unknown or no constant. */
export type Lookup = (symbol: string) => bigint | undefined;

const TOKEN =
  /\s*(?:(0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+[fb]?(?![\w.$])|[0-9]+)([uUlL]*)|'(\\.|[^\\])'?|([A-Za-z_.$][\w.$]*)|(<<|>>|<=|>=|==|!=|<>|&&|\|\||[-+*/%&|^~!<>()]))/y;

/** Binding strength of binary operators in GNU as, which differs from that of C. */
const STRENGTH: Readonly<Record<string, number>> = {
  '*': 4,
  '/': 4,
  '%': 4,
  '<<': 4,
  '>>': 4,
  '|': 3,
  '&': 3,
  '^': 3,
  '!': 3,
  '+': 2,
  '-': 2,
  '==': 2,
  '!=': 2,
  '<>': 2,
  '<': 2,
  '>': 2,
  '<=': 2,
  '>=': 2,
  '&&': 1,
  '||': 0,
};

/** As STRENGTH, for expressions that the C preprocessor reads. */
const STRENGTH_IN_C: Readonly<Record<string, number>> = {
  '*': 10,
  '/': 10,
  '%': 10,
  '+': 9,
  '-': 9,
  '<<': 8,
  '>>': 8,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '==': 6,
  '!=': 6,
  '&': 5,
  '^': 4,
  '|': 3,
  '&&': 1,
  '||': 0,
};

class Unknown extends Error {}

/**
 * The value of a constant expression, or undefined if it is none: a label, an unknown symbol, or no expression at all.
 * `inC` reads it with the precedence of C.
 */
export function constantOf(text: string, lookup: Lookup = () => undefined, inC = false): bigint | undefined {
  const short = /^\s*#?\s*(-?)\s*(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\s*$/.exec(text);
  if (short) return short[1] ? -BigInt(short[2]) : BigInt(short[2]);
  const tokens: { kind: 'number' | 'name' | 'operator'; text: string; value?: bigint }[] = [];
  TOKEN.lastIndex = 0;
  const source = text.trim().replace(/^#/, '');
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(source);
    if (!found) {
      if (source.slice(at).trim() === '') break;
      return undefined;
    }
    const [, number, , character, name, operator] = found;
    if (number !== undefined) {
      if (/^[0-9]+[fb]$/.test(number)) return undefined;
      tokens.push({ kind: 'number', text: number, value: numberOf(number) });
    } else if (character !== undefined) tokens.push({ kind: 'number', text: character, value: characterOf(character) });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else tokens.push({ kind: 'operator', text: operator });
  }
  const strengths = inC ? STRENGTH_IN_C : STRENGTH;
  let next = 0;
  const unary = (): bigint => {
    const token = tokens[next++];
    if (!token) throw new Unknown();
    if (token.kind === 'number') return token.value as bigint;
    if (token.kind === 'name') {
      const value = lookup(token.text);
      if (value === undefined) throw new Unknown();
      return value;
    }
    if (token.text === '-') return -unary();
    if (token.text === '+') return unary();
    if (token.text === '~') return ~unary();
    if (token.text === '!') return unary() === 0n ? 1n : 0n;
    if (token.text !== '(') throw new Unknown();
    const value = binary(0);
    if (tokens[next++]?.text !== ')') throw new Unknown();
    return value;
  };
  const binary = (least: number): bigint => {
    let left = unary();
    for (;;) {
      const token = tokens[next];
      if (token?.kind !== 'operator') return left;
      const strength = strengths[token.text];
      if (strength === undefined || strength < least) return left;
      next++;
      left = apply(token.text, left, binary(strength + 1), inC);
    }
  };
  try {
    const value = binary(0);
    return next === tokens.length ? value : undefined;
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

function numberOf(text: string): bigint {
  if (/^0[xXbB]/.test(text)) return BigInt(text.toLowerCase());
  return /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : BigInt(text);
}

function characterOf(text: string): bigint {
  const escapes: Record<string, number> = { n: 10, t: 9, r: 13, b: 8, f: 12, '0': 0 };
  return BigInt(text.startsWith('\\') ? (escapes[text[1]] ?? text.charCodeAt(1)) : text.charCodeAt(0));
}

/** Comparisons give -1 for true in GNU as, 1 in C. */
function apply(operator: string, a: bigint, b: bigint, inC: boolean): bigint {
  const truth = (value: boolean): bigint => (value ? (inC ? 1n : -1n) : 0n);
  switch (operator) {
    case '*':
      return a * b;
    case '/':
    case '%':
      if (b === 0n) throw new Unknown();
      return operator === '/' ? a / b : a % b;
    case '<<':
      if (b < 0n || b > 127n) throw new Unknown();
      return a << b;
    case '>>':
      if (b < 0n || b > 127n) throw new Unknown();
      return a >> b;
    case '|':
      return a | b;
    case '&':
      return a & b;
    case '^':
      return a ^ b;
    case '!':
      return a | ~b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '==':
      return truth(a === b);
    case '!=':
    case '<>':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<=':
      return truth(a <= b);
    case '>=':
      return truth(a >= b);
    case '&&':
      return a !== 0n && b !== 0n ? 1n : 0n;
    default:
      return a !== 0n || b !== 0n ? 1n : 0n;
  }
}
