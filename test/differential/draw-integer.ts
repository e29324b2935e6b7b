/** Draws cases for the integer rows: words with operands that reach corners, and memory that they may access. */

import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import { type Fields, type InstructionRow, parsePattern } from '../../simulator/arch/instructions/row.ts';
import type { Lowerings } from '../../simulator/engine/semantics/handler.ts';
import { type Case, type State, WINDOW, windowAddress, wordAddress } from './single-instructions.ts';

const corners = [
  0n,
  1n,
  2n,
  7n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffff80000000n,
  0xfffffffffffffffen,
  0xffffffffffffffffn,
];

type Random = () => number;
const below = (next: Random, n: number): number => next() % n;
const wide = (next: Random): bigint => (BigInt(next()) << 32n) | BigInt(next());
const operand = (next: Random): bigint =>
  below(next, 2) ? corners[below(next, corners.length)] : wide(next) >> BigInt(below(next, 64));

export class IntegerCases {
  readonly #decoder: Decoder;

  constructor(
    rows: readonly InstructionRow[],
    readonly lowerings: Lowerings,
    readonly next: Random,
  ) {
    this.#decoder = new Decoder(rows);
  }

  /** The handler that a word of a row is lowered to. */
  handlerOf(row: InstructionRow, word: number): string {
    const decoded = this.#decoder.decode(word);
    if (decoded?.row !== row) throw new Error(`${word.toString(16)} is no word of ${row.id}.`);
    return this.lowerings[row.id](decoded.fields)?.handler ?? '';
  }

  /** A case for a row at a place in its batch; undefined where the drawn word is not to be executed. */
  draw(row: InstructionRow, index: number): Case | undefined {
    const next = this.next;
    const { mask, value } = parsePattern(row.bits);
    let word = ((next() & ~mask) | value) >>> 0;
    word = nearTarget(row.id, word, next);
    const decoded = this.#decoder.decode(word);
    if (decoded?.row !== row) return undefined;
    const f = decoded.fields;
    const lowered = this.lowerings[row.id](f);
    if (!lowered) return undefined;
    const before: State = {
      x: Array.from({ length: 31 }, () => operand(next)),
      sp: operand(next) & ~15n,
      nzcv: below(next, 16),
      v: Array.from({ length: 64 }, () => wide(next)),
      window: Uint8Array.from({ length: WINDOW }, () => next()),
    };
    const words = [word];
    if (indirect.has(row.id)) {
      if (f.Rn === 31) return undefined;
      before.x[f.Rn] = wordAddress(index) + 8n;
    }
    if (isAccess(lowered.handler)) {
      if (!placeAccess(row.id, f, lowered.handler, BigInt(lowered.imm ?? 0), before, index, next)) return undefined;
      if (/^STL?X/.test(row.id) && below(next, 4)) words.unshift(armingLoad(word));
    }
    return { name: `${row.id} ${word.toString(16).padStart(8, '0')}`, words, before };
  }
}

const indirect = new Set(['BR', 'BLR', 'RET']);

/** Direct branches go two words ahead, and literals lie in the code just before: the same bytes on both sides. */
function nearTarget(id: string, word: number, next: Random): number {
  if (id === 'B' || id === 'BL') return ((word & 0xfc000000) | 2) >>> 0;
  if (/^(B_cond|CBN?Z)$/.test(id)) return ((word & 0xff00001f) | (2 << 5)) >>> 0;
  if (/^TBN?Z$/.test(id)) return ((word & 0xfff8001f) | (2 << 5)) >>> 0;
  if (/_lit$/.test(id)) return ((word & 0xff00001f) | ((0x7ffff - below(next, 30)) << 5)) >>> 0;
  return word;
}

/** Handlers that access memory at Rn. */
export const isAccess = (handler: string): boolean =>
  !/_lit$/.test(handler) &&
  /^(ldr|str|ldp|stp|lda|stl|ldx|stx|cas|ld[1-4]|st[1-4]|swp|ld(add|clr|eor|set|smax|smin|umax|umin))/.test(handler);

/** Gives Rn (and Rm) values for which the access falls into the window. False for a word with no such values. */
function placeAccess(
  id: string,
  f: Fields,
  handler: string,
  imm: bigint,
  before: State,
  index: number,
  next: Random,
): boolean {
  const ordered = /^(lda|stl|ldx|stx|cas|swp|ld(add|clr|eor|set|smax|smin|umax|umin))/.test(handler);
  // Ordered accesses have to be aligned, pairs of them to their whole size.
  const target = windowAddress(index) + 64n + BigInt(ordered ? 16 * below(next, 3) : below(next, 40));
  let base = target;
  if (/_(imm|pre|unprivileged)$|^(ldau|stlu)/.test(handler)) base -= imm;
  if (/_(reg|uxtw|sxtw)$/.test(handler)) {
    if (f.Rm === f.Rn) return false;
    const rm = f.Rm === 31 ? 0n : before.x[f.Rm];
    const low = BigInt.asUintN(32, rm);
    const extended = handler.endsWith('_reg') ? rm : handler.endsWith('_uxtw') ? low : BigInt.asIntN(32, low);
    base -= extended << imm;
  }
  base = BigInt.asUintN(64, base);
  if (f.Rn === 31) before.sp = base;
  else before.x[f.Rn] = base;
  if (/^CASP?$/.test(id) && below(next, 2)) expectMemory(id, f, before, index, target);
  // What happens when the status register is one of the others is CONSTRAINED UNPREDICTABLE.
  if (/^STL?X/.test(id)) {
    const others = /P$/.test(id) ? [f.Rt, f.Rt2, f.Rn] : [f.Rt, f.Rn];
    return !others.includes(f.Rs);
  }
  return true;
}

/** Makes a comparison of CAS or CASP succeed: memory gets what the registers hold. */
function expectMemory(id: string, f: Fields, before: State, index: number, target: bigint): void {
  const at = Number(target - windowAddress(index));
  const view = new DataView(before.window.buffer);
  const value = (n: number): bigint => (n === 31 ? 0n : before.x[n]);
  const put = (offset: number, bytes: number, v: bigint): void => {
    for (let i = 0; i < bytes; i++) view.setUint8(at + offset + i, Number((v >> BigInt(8 * i)) & 0xffn));
  };
  if (id === 'CAS') {
    put(0, 1 << f.size, value(f.Rs));
  } else {
    const bytes = f.sf ? 8 : 4;
    put(0, bytes, value(f.Rs));
    put(bytes, bytes, value(f.Rs + 1));
  }
}

/** The exclusive load of the same size and base, which arms the store; what it loads is discarded. */
const armingLoad = (word: number): number => (word | 0x00400000 | 0x001f7c1f) >>> 0;
