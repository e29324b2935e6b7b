/** What instruction words are as records, wherever they stand. A word is looked up and lowered once, and kept. */

import type { Decoder } from '../arch/instructions/decoder.ts';
import type { HandlerNumbers } from './interpreter.ts';
import type { Lowered, Lowerings } from './semantics/handler.ts';

/** A decoded word. */
export interface Ready {
  readonly handler: string;
  readonly near: number;
  /** Number of the handler for a branch that leaves the page; the same as `near` for other instructions. */
  readonly far: number;
  readonly rd: number;
  readonly rn: number;
  readonly rm: number;
  readonly low: number;
  readonly high: number;
}

export interface DecodingTables {
  readonly decoder: Decoder;
  readonly lowerings: Lowerings;
  readonly numbers: HandlerNumbers;
  /** Whether the PE has a feature that a row names. */
  hasFeature(name: string): boolean;
}

/** Places in the table: a Linux kernel that boots executes some 80 thousand different words. */
const PLACE_BITS = 17;
/** 2^32 by the golden ratio. */
const MIX = 0x9e3779b1;

// An entry of the table, 8 x i32: the word, and the words of its record.
const ENTRY_BITS = 3;
const DECODED_WORD = 0;
export const DECODED_NEAR = 1;
export const DECODED_FAR = 2;
export const DECODED_OPERANDS = 3;
export const DECODED_LOW = 4;
export const DECODED_HIGH = 5;

/** Instructions in the hint space do nothing where their feature is absent (Arm ARM C6.2, HINT). */
const isHint = (word: number): boolean => (word & 0xfffff01f) >>> 0 === 0xd503201f;

export class DecodedWords {
  /** By a hash of the word; the last one stays of those that share a place. Flat, so that one has one line of the cache. */
  readonly table = new Int32Array(1 << (PLACE_BITS + ENTRY_BITS));
  /** Whether the PE has a feature, by the name that rows have for it. */
  readonly #features = new Map<string, boolean>();

  constructor(readonly tables: DecodingTables) {}

  /** Where the entry of a word is. The word is a signed number. */
  find(word: number): number {
    const at = (Math.imul(word, MIX) >>> (32 - PLACE_BITS)) << ENTRY_BITS;
    // No handler has number 0.
    if (this.table[at + DECODED_WORD] !== word || this.table[at + DECODED_NEAR] === 0) this.#fill(at, word);
    return at;
  }

  ready(word: number): Ready {
    const { table } = this;
    const at = this.find(word);
    const near = table[at + DECODED_NEAR] & 0xffff;
    return {
      handler: this.tables.numbers.names[near],
      near,
      far: table[at + DECODED_FAR] & 0xffff,
      rd: table[at + DECODED_NEAR] >>> 16,
      rn: table[at + DECODED_OPERANDS] & 0xffff,
      rm: table[at + DECODED_OPERANDS] >>> 16,
      low: table[at + DECODED_LOW],
      high: table[at + DECODED_HIGH],
    };
  }

  #fill(at: number, word: number): void {
    const { table } = this;
    const { handler, imm = 0, rd = 0, rn = 0, rm = 0, ra, high } = this.#lower(word >>> 0);
    const { numbers } = this.tables;
    const near = numbers.near.get(handler);
    if (near === undefined)
      throw new Error(`The semantics of an instruction name a handler "${handler}" that does not exist.`);
    // Who is no function may have a second number.
    const far = near < numbers.firstFunction ? (numbers.far.get(handler) ?? near) : near;
    table[at + DECODED_WORD] = word;
    table[at + DECODED_NEAR] = near | (rd << 16);
    table[at + DECODED_FAR] = far | (rd << 16);
    table[at + DECODED_OPERANDS] = rn | (rm << 16);
    if (typeof imm === 'number') {
      table[at + DECODED_LOW] = ra ?? imm;
      table[at + DECODED_HIGH] = high ?? Math.floor(imm / 2 ** 32);
    } else {
      table[at + DECODED_LOW] = ra ?? Number(BigInt.asIntN(32, imm));
      table[at + DECODED_HIGH] = high ?? Number(BigInt.asIntN(32, imm >> 32n));
    }
  }

  #lower(word: number): Lowered {
    const decoded = this.tables.decoder.decode(word);
    if (!decoded) return { handler: 'unimplemented' };
    const { feature } = decoded.row;
    if (feature && !isHint(word) && !this.#hasFeature(feature)) return { handler: 'undefined' };
    const lower = this.tables.lowerings[decoded.row.id];
    return lower ? (lower(decoded.fields) ?? { handler: 'undefined' }) : { handler: 'unimplemented' };
  }

  #hasFeature(name: string): boolean {
    const known = this.#features.get(name) ?? this.tables.hasFeature(name);
    this.#features.set(name, known);
    return known;
  }
}
