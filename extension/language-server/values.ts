/** Constants that registers hold, followed back through the lines before: what an MSR writes. */

import { constantOf, type Lookup } from '../../simulator/arch/assembly/expression.ts';
import { splitOperands } from '../../simulator/arch/assembly/operands.ts';
import type { Document } from './document.ts';
import type { Statement } from './lines.ts';

const FURTHEST = 40;

/** A general register by its number, as X; undefined for anything else. */
function generalNumber(text: string): number | undefined {
  const found = /^[xw](\d{1,2}|zr)$/i.exec(text.trim());
  if (!found) return undefined;
  return found[1].toLowerCase() === 'zr' ? 31 : Number(found[1]);
}

/**
 * The value of a general register before a statement, if the lines above write a constant to it and nothing can come
 * in between. `line` is the line of the statement and `before` its place in that line.
 */
export function constantIn(
  document: Document,
  line: number,
  before: number,
  register: string,
  lookup: Lookup,
): bigint | undefined {
  const number = generalNumber(register);
  if (number === undefined) return undefined;
  if (number === 31) return 0n;
  return follow(document, line, before - 1, number, lookup, FURTHEST);
}

function follow(
  document: Document,
  line: number,
  statement: number,
  register: number,
  lookup: Lookup,
  budget: number,
): bigint | undefined {
  for (let n = line; n >= 0 && budget > 0; n--, budget--) {
    const { statements, preprocessing } = document.lines[n];
    if (preprocessing && preprocessing.name !== 'define') return undefined;
    for (let s = n === line ? statement : statements.length - 1; s >= 0; s--) {
      const one = statements[s];
      if (one.kind === 'instruction' && one.name) {
        const effect = effectOf(one, register, lookup, next => follow(document, n, s - 1, next, lookup, budget - 1));
        if (effect !== 'none') return effect === 'unknown' ? undefined : effect.value;
      } else if (one.kind === 'directive' || one.kind === 'assignment') {
        if (one.name && /^\.(macro|endm|rept|endr|irp|irpc|if\w*|else\w*|endif)$/i.test(one.name.text))
          return undefined;
      } else if (one.kind === 'none' && one.labels.length === 0) return undefined;
      // Whoever branches to a label may bring other values.
      if (one.labels.length > 0) return undefined;
    }
  }
  return undefined;
}

type Effect = 'none' | 'unknown' | { readonly value: bigint | undefined };

/** Instructions that write no general register. */
const WRITES_NOTHING =
  /^(msr|isb|dsb|dmb|nop|cmp|cmn|tst|ccmp|ccmn|str[bh]?|stp|stur[bh]?|stlr[bh]?|stnp|tlbi|dc|ic|at|prfm|hint|sev|sevl|wfe|wfi|yield|clrex|cbn?z|tbn?z|b\..*|beq|bne)$/;

function effectOf(
  { name, operands }: Statement,
  register: number,
  lookup: Lookup,
  held: (register: number) => bigint | undefined,
): Effect {
  const mnemonic = name?.text.toLowerCase() ?? '';
  const parts = splitOperands(operands.text).map(({ text }) => text);
  if (WRITES_NOTHING.test(mnemonic)) {
    return /\]!|\],/.test(operands.text.replace(/\s/g, '')) ? 'unknown' : 'none';
  }
  const known =
    /^(mov|movz|movn|movk|ldr|orr|and|bic|eor|add|sub|lsl|lsr|mvn|mrs|ldrb|ldrh|ldrsw|adr|adrp|cset|csel|ubfx|sbfx|bfi|bfxil|neg|mul|madd)$/;
  if (!known.test(mnemonic)) return 'unknown';
  if (generalNumber(parts[0] ?? '') !== register) {
    return /^ldr/.test(mnemonic) && /\]!|\],/.test(operands.text.replace(/\s/g, '')) ? 'unknown' : 'none';
  }
  const wide = /^x/i.test(parts[0]);
  const truncated = (value: bigint | undefined): Effect => ({
    value: value === undefined ? undefined : BigInt.asUintN(wide ? 64 : 32, value),
  });
  const number = (text: string | undefined): bigint | undefined => {
    if (text === undefined) return undefined;
    const source = generalNumber(text);
    if (source === undefined) return constantOf(text, lookup);
    if (source === 31) return 0n;
    return held(source);
  };
  const shift = /^lsl\s*#?\s*(.+)$/i.exec(parts[2] ?? '');
  const by = shift ? constantOf(shift[1], lookup) : 0n;
  if (parts[2] !== undefined && /^mov[znk]$/.test(mnemonic) && (!shift || by === undefined)) return 'unknown';
  switch (mnemonic) {
    case 'mov':
      return truncated(number(parts[1]));
    case 'movz':
    case 'movn': {
      const value = constantOf(parts[1] ?? '', lookup);
      if (value === undefined || by === undefined) return { value: undefined };
      return truncated(mnemonic === 'movn' ? ~(value << by) : value << by);
    }
    case 'movk': {
      const value = constantOf(parts[1] ?? '', lookup);
      const former = held(register);
      if (value === undefined || former === undefined || by === undefined) return { value: undefined };
      return truncated((former & ~(0xffffn << by)) | ((value & 0xffffn) << by));
    }
    case 'ldr':
      return parts[1]?.startsWith('=') ? truncated(constantOf(parts[1].slice(1), lookup)) : { value: undefined };
    case 'mvn': {
      const value = number(parts[1]);
      return parts.length === 2 && value !== undefined ? truncated(~value) : { value: undefined };
    }
    case 'orr':
    case 'and':
    case 'bic':
    case 'eor':
    case 'add':
    case 'sub':
    case 'lsl':
    case 'lsr': {
      if (parts.length !== 3) return { value: undefined };
      const [a, b] = [number(parts[1]), number(parts[2])];
      if (a === undefined || b === undefined) return { value: undefined };
      if (/^ls/.test(mnemonic) && (b < 0n || b > 63n)) return { value: undefined };
      const results = {
        orr: a | b,
        and: a & b,
        bic: a & ~b,
        eor: a ^ b,
        add: a + b,
        sub: a - b,
        lsl: a << b,
        lsr: a >> b,
      };
      return truncated(results[mnemonic]);
    }
    default:
      return { value: undefined };
  }
}
