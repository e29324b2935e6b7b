/** Draws cases for the FP and SIMD rows: words, operands that reach corner cases of every format, and FPCR. */

import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import { type InstructionRow, parsePattern } from '../../simulator/arch/instructions/row.ts';
import { type Case, WINDOW } from './single-instructions.ts';

type Random = () => number;
const below = (next: Random, n: number): number => next() % n;
const wide = (next: Random): bigint => (BigInt(next()) << 32n) | BigInt(next());

/** Exponent and fraction bits of the formats by log2 of their bytes. */
const formats = { 1: [5, 10], 2: [8, 23], 3: [11, 52] } as const;

/** A floating-point number of a kind that matters: NaNs, infinities, zeros, denormals, extremes, short fractions. */
export function floatBits(size: 1 | 2 | 3, next: Random): bigint {
  const [exponentBits, fractionBits] = formats[size];
  const F = BigInt(fractionBits);
  const top = (1n << BigInt(exponentBits)) - 1n;
  const bias = top >> 1n;
  const random = wide(next) & ((1n << F) - 1n);
  // A fraction with few ones at either end makes exact results and halfway cases.
  const short = [
    0n,
    1n,
    (1n << F) - 1n,
    1n << (F - 1n),
    (1n << F) - 1n - (1n << BigInt(below(next, fractionBits))),
    1n << BigInt(below(next, fractionBits)),
    (random >> (F / 2n)) << (F / 2n),
    random,
  ][below(next, 8)];
  const near = bias + BigInt(below(next, 8)) - 4n;
  const make = (exponent: bigint, fraction: bigint): bigint => (exponent << F) | fraction;
  const magnitude = [
    () => 0n,
    () => make(0n, 1n),
    () => make(0n, random >> BigInt(below(next, fractionBits))),
    () => make(0n, (1n << F) - 1n),
    () => make(1n, short),
    () => make(top - 1n, short),
    () => make(top - 1n, (1n << F) - 1n),
    () => make(top, 0n),
    () => make(top, (1n << (F - 1n)) | random),
    () => make(top, (random >> 1n) | 1n) & ~(1n << (F - 1n)),
    () => make(near, short),
    () => make(near, random),
    () => make(near, 0n),
    () => make(bias + BigInt(below(next, 70)) - 3n, short) & (make(top, 0n) | ((1n << F) - 1n)),
    () => make((BigInt(next()) % top) | 0n, random),
    () => make((BigInt(next()) % top) | 0n, short),
  ][below(next, 16)]();
  return (BigInt(next() & 1) << (F + BigInt(exponentBits))) | (magnitude & ((1n << (F + BigInt(exponentBits))) - 1n));
}

const integers = [
  0n,
  1n,
  -1n,
  0x7fn,
  0x80n,
  0x7fffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0x7fffffffffffffffn,
  -(1n << 63n),
];

/** 64 bits of elements of one format. */
function half(kind: number, next: Random): bigint {
  let value = 0n;
  if (kind < 3) {
    const size = (kind + 1) as 1 | 2 | 3;
    const bits = 8 << size;
    for (let at = 0; at < 64; at += bits) value |= floatBits(size, next) << BigInt(at);
    return value;
  }
  if (kind === 3) return wide(next);
  const bits = 8 << below(next, 4);
  for (let at = 0; at < 64; at += bits) {
    const corner = integers[below(next, integers.length)] + BigInt(below(next, 3)) - 1n;
    const random = wide(next) >> BigInt(below(next, 64));
    value |= BigInt.asUintN(bits, below(next, 3) ? corner : random) << BigInt(at);
  }
  return value;
}

/** RMode, FZ, FZ16, DN and AHP. */
const drawFpcr = (next: Random): number => {
  if (below(next, 4) === 0) return 0;
  const chance = (bit: number, one: number): number => (below(next, one) === 0 ? 1 << bit : 0);
  return (below(next, 4) << 22) | chance(24, 3) | chance(19, 3) | chance(25, 3) | chance(26, 4);
};

export class FpSimdCases {
  readonly #decoder: Decoder;

  constructor(
    rows: readonly InstructionRow[],
    readonly next: Random,
  ) {
    this.#decoder = new Decoder(rows);
  }

  /** A case for a row; undefined where the drawn word is another row's or not allocated. */
  draw(row: InstructionRow): Case | undefined {
    const next = this.next;
    const { mask, value } = parsePattern(row.bits);
    const word = ((next() & ~mask) | value) >>> 0;
    const decoded = this.#decoder.decode(word);
    if (decoded?.row !== row) return undefined;
    // One kind of elements for a case most of the time, so that operands meet in the format of the instruction.
    const kind = kindOf(row, decoded.fields);
    const v = Array.from({ length: 64 }, () => half(below(next, 8) ? kind : below(next, 5), next));
    const x = Array.from({ length: 31 }, () => half(4, next));
    return {
      name: `${row.id} ${row.asm(decoded.fields, 0n)} (${word.toString(16)})`,
      words: [word],
      before: {
        x,
        sp: 0x1000n,
        nzcv: below(next, 16),
        v,
        fpcr: drawFpcr(next),
        // Inexact is set in most cases, as it is in most programs.
        fpsr: [0, 0x10, 0x10, next() & 0x0800009f][below(next, 4)],
        window: new Uint8Array(WINDOW),
      },
    };
  }
}

/** The kind of elements that a row's operands mostly have: 0 to 2 formats, 3 random bits, 4 integers. */
function kindOf(row: InstructionRow, f: Readonly<Record<string, number>>): number {
  if (/^(BF|FML[AS]L)/.test(row.id)) return row.id.startsWith('BF') ? 1 : 0;
  if (/^[SU]CVTF/.test(row.id)) return 4;
  if (row.id.endsWith('_half') || /^FCVT_half/.test(row.id)) return 0;
  if (/^FCVT_single|^FCVTL_/.test(row.id)) return row.id.startsWith('FCVTL') ? (f.sz ? 1 : 0) : 1;
  if (/^FCVT_double|^FCVTX|^FJ/.test(row.id)) return 2;
  if (/^F/.test(row.id)) {
    if ('sz' in f) return 1 + f.sz;
    if ('size' in f) return f.size - 1;
    if ('immh' in f) return f.immh >= 8 ? 2 : 1;
    return 1;
  }
  return 4;
}
