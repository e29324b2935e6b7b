/**
 * Decoded instructions. Each page of RAM that is executed has 1024 records of 16 bytes and a closing one. Words are
 * decoded when they are first reached; a store to the page takes the records it touches back to "not decoded".
 */

import {
  DECODED_FAR,
  DECODED_HIGH,
  DECODED_LOW,
  DECODED_NEAR,
  DECODED_OPERANDS,
  DecodedWords,
  type DecodingTables,
  type Ready,
} from './decoded-words.ts';
import { OP_BREAKPOINT, OP_PAGE_END, OP_UNDECODED } from './interpreter.ts';
import {
  ITLB,
  ITLB_BYTES,
  ITLB_ENTRIES,
  ITLB_GUARDED,
  ITLB_PAGE,
  ITLB_RECORDS,
  PAGE_CODE,
  PAGE_COMPILED,
  PAGE_FLAGS,
  PAGE_RECORD_BYTES,
  PAGE_RECORDS,
  RAM,
  RECORD_BYTES,
  RECORD_PAGES,
  RECORDS,
} from './layout.ts';

/** Who keeps code that was made of decoded instructions. */
export interface CodeKeeper {
  /** Instructions of a page with PAGE_COMPILED changed; `offset` and `bytes` within the page. */
  changed(page: number, offset: number, bytes: number): void;
  /** All records are gone. */
  cleared(): void;
}

const WORDS = 1024;

export class Records {
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #decoded: DecodedWords;
  /** Page of RAM by block of records. */
  readonly #pageOf = new Int32Array(RECORD_PAGES);
  #used = 0;
  /** Blocks that have ever been in use; in the others all is 0. */
  #touched = 0;
  /** Host addresses of instruction words with a breakpoint. */
  readonly #breakpoints = new Set<number>();

  constructor(
    memory: WebAssembly.Memory,
    readonly tables: DecodingTables,
  ) {
    this.#decoded = new DecodedWords(tables);
    this.#words = new Int32Array(memory.buffer);
    this.#halves = new Uint16Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /** The records of a page of RAM, new ones if it has none. When room is out all pages start again. */
  forPage(page: number): number {
    const known = this.#words[(PAGE_RECORDS >> 2) + page];
    if (known) return known;
    if (this.#used === RECORD_PAGES) this.clear();
    const block = this.#used++;
    const address = RECORDS + block * PAGE_RECORD_BYTES;
    if (block < this.#touched) this.#bytes.fill(0, address, address + WORDS * RECORD_BYTES);
    else this.#touched = this.#used;
    this.#halves[(address + WORDS * RECORD_BYTES) >> 1] = OP_PAGE_END;
    this.#pageOf[block] = page;
    this.#words[(PAGE_RECORDS >> 2) + page] = address;
    this.#bytes[PAGE_FLAGS + page] |= PAGE_CODE;
    return address;
  }

  /** Told of changes; set by the compiler. */
  keeper: CodeKeeper | undefined;

  /** Page of RAM that records belong to. */
  pageOf(records: number): number {
    return this.#pageOf[Math.floor((records - RECORDS) / PAGE_RECORD_BYTES)];
  }

  /** What the ITLB has: its entries, and the VA and PA of their pages. */
  *fetchedPages(): Generator<{ readonly entry: number; readonly va: bigint; readonly pa: bigint }> {
    for (let entry = ITLB >> 2; entry < (ITLB + ITLB_ENTRIES * ITLB_BYTES) >> 2; entry += ITLB_BYTES >> 2) {
      const [low, high] = [this.#words[entry], this.#words[entry + 1]];
      if (low === -1 && high === -1) continue;
      const va = (BigInt(high >>> 0) << 32n) | BigInt((low & ~0xfff) >>> 0);
      yield { entry, va, pa: BigInt(this.#words[entry + (ITLB_PAGE >> 2)] & ~ITLB_GUARDED) << 12n };
    }
  }

  /** Forgets all decoded instructions. What the ITLB has stays: to fetch a page anew would be a walk, which has effects. */
  clear(): void {
    this.keeper?.cleared();
    const kept = [...this.fetchedPages()].map(({ entry }) => {
      const at = entry + (ITLB_RECORDS >> 2);
      return [at, this.pageOf(this.#words[at])];
    });
    for (let block = 0; block < this.#used; block++) {
      const page = this.#pageOf[block];
      this.#words[(PAGE_RECORDS >> 2) + page] = 0;
      this.#bytes[PAGE_FLAGS + page] &= ~PAGE_CODE;
    }
    this.#used = 0;
    for (const [at, page] of kept) this.#words[at] = this.forPage(page);
  }

  /** Host address of the instruction word of a record. */
  wordAddress(record: number): number {
    const block = Math.floor((record - RECORDS) / PAGE_RECORD_BYTES);
    const index = (record - RECORDS - block * PAGE_RECORD_BYTES) / RECORD_BYTES;
    return RAM + this.#pageOf[block] * 4096 + index * 4;
  }

  word(record: number): number {
    return this.#words[this.wordAddress(record) >>> 2] >>> 0;
  }

  /** A 16-bit operand of a record (RECORD_D, RECORD_N, RECORD_M). */
  operand(record: number, which: number): number {
    return this.#halves[(record + which) >> 1];
  }

  /** Stops at every instruction that a test names; undefined for none. All instructions are decoded anew. */
  stopAt(test: ((ready: Ready) => boolean) | undefined): void {
    if (this.#stopAt === undefined && test === undefined) return;
    this.#stopAt = test;
    this.clear();
  }

  #stopAt: ((ready: Ready) => boolean) | undefined;
  /** Host addresses of words that are executed although they stop. */
  readonly #lifted: number[] = [];

  /** Lets the instruction at a host address run although it stops, until `putBack`. Nothing else is decoded anew. */
  lift(host: number): void {
    this.#lifted.push(host);
    const record = this.#recordOf(host);
    if (record && this.#halves[record >> 1] === OP_BREAKPOINT) this.#write(record, host);
  }

  /** Ends every `lift`. */
  putBack(): void {
    for (let host = this.#lifted.pop(); host !== undefined; host = this.#lifted.pop()) {
      const half = this.#recordOf(host) >> 1;
      if (half && this.#halves[half] !== OP_UNDECODED && this.#isMarked(host)) this.#halves[half] = OP_BREAKPOINT;
    }
  }

  /** The record of a word; 0 where its page has none. */
  #recordOf(host: number): number {
    const records = this.#words[(PAGE_RECORDS >> 2) + ((host - RAM) >>> 12)];
    return records && records + ((host & 4095) >> 2) * RECORD_BYTES;
  }

  #stops(host: number): boolean {
    return !(this.#lifted.length > 0 && this.#lifted.includes(host)) && this.#isMarked(host);
  }

  #isMarked(host: number): boolean {
    return (this.#breakpoints.size > 0 && this.#breakpoints.has(host)) || (this.#stopAt?.(this.readyOf(host)) ?? false);
  }

  /** The decoded form of a word, for those who ask what it does. */
  readyOf(host: number): Ready {
    return this.#decoded.ready(this.#words[host >>> 2]);
  }

  /**
   * Fills the record of a word that is about to be executed, and those after it that are executed then: up to the first
   * that may go elsewhere.
   */
  decode(record: number): void {
    const host = this.wordAddress(record);
    const { firstFunction } = this.tables.numbers;
    for (let at = 0; this.#halves[(record + at * RECORD_BYTES) >> 1] === OP_UNDECODED; at++) {
      const next = record + at * RECORD_BYTES;
      if (this.#stops(host + at * 4)) {
        this.#halves[next >> 1] = OP_BREAKPOINT;
        return;
      }
      if (this.#write(next, host + at * 4) < firstFunction) return;
    }
  }

  /** The instruction at a word of RAM, by its host address; undefined at a breakpoint. */
  instruction(host: number): Ready | undefined {
    return this.#stops(host) ? undefined : this.readyOf(host);
  }

  /** Writes a record, and returns the number of its handler. */
  #write(record: number, host: number): number {
    const { table } = this.#decoded;
    const from = this.#decoded.find(this.#words[host >>> 2]);
    const to = record >> 2;
    const target = ((host & 4095) + table[from + DECODED_LOW]) >> 2;
    const isNear = target >= 0 && target < WORDS;
    this.#words[to] = table[from + (isNear ? DECODED_NEAR : DECODED_FAR)];
    this.#words[to + 1] = table[from + DECODED_OPERANDS];
    this.#words[to + 2] = table[from + DECODED_LOW];
    this.#words[to + 3] = table[from + DECODED_HIGH];
    return this.#halves[record >> 1];
  }

  /** A breakpoint at an instruction word in RAM, by its host address. */
  setBreakpoint(host: number): void {
    this.#breakpoints.add(host);
    this.#forget(host);
  }

  clearBreakpoint(host: number): void {
    this.#breakpoints.delete(host);
    this.#forget(host);
  }

  /** Takes the records of changed bytes back to "not decoded". */
  changed(host: number, bytes: number): void {
    for (let word = host & ~3; word < host + bytes; word += 4) this.#forget(word);
  }

  #forget(host: number): void {
    const page = (host - RAM) >>> 12;
    const record = this.#recordOf(host) >> 1;
    if (!record) return;
    const decoded = this.#halves[record] !== OP_UNDECODED;
    this.#halves[record] = OP_UNDECODED;
    if (decoded && this.#bytes[PAGE_FLAGS + page] & PAGE_COMPILED) this.keeper?.changed(page, host & 4092, 4);
  }
}
