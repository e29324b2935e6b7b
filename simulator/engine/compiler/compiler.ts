/**
 * Tier 1: makes regions of hot code, puts their entries into the decoded records, and drops them when their instructions
 * change. Regions are compiled in batches, one WebAssembly module each. What is compiled when depends on the
 * instructions that ran alone, never on the host's clock.
 */

import type { Ready } from '../decoded-words.ts';
import { OP_COMPILED, OP_UNDECODED, REGIONS_MAX } from '../interpreter.ts';
import {
  COMPILED_ENTRIES,
  COMPILED_ENTRIES_MAX,
  COMPILED_FUNCTION,
  COMPILED_INDEX,
  COMPILED_LIMIT,
  COMPILED_OFFSET,
  COMPILED_OP,
  CTX_FETCH,
  CTX_FETCH_HASH,
  HEAT,
  HEAT_END,
  ITLB,
  ITLB_ENTRIES,
  PAGE_COMPILED,
  PAGE_FLAGS,
  PC,
  RAM,
  RECORD_BYTES,
} from '../layout.ts';
import type { CodeKeeper, Records } from '../records.ts';
import type { Handlers } from '../semantics/handler.ts';
import { ModuleBuilder } from '../wasm/module.ts';
import type { Type } from '../wasm/opcodes.ts';
import type { ImportFunction } from './emitter.ts';
import { emitRegion, planRegion, Shared } from './emitter.ts';
import { discover, type Page, type Region, type RegionLimits } from './region.ts';
import { type Usage, usageOf } from './usage.ts';

export interface CompilerHost {
  readonly memory: WebAssembly.Memory;
  readonly handlers: Handlers;
  readonly records: Records;
  /** Functions that compiled code calls: those of the core and of flags.ts. */
  readonly functions: Readonly<Record<string, unknown>>;
  /** The interpreter's table, and where regions begin in it. */
  readonly table: WebAssembly.Table;
  readonly firstRegion: number;
  /** Branches to a place after which the interpreter calls `hot`. */
  readonly hot: number;
  /** Bytes of WebAssembly that are kept. */
  readonly mostBytes: number;
}

/**
 * How often branches go to a place before it is compiled. V8 takes milliseconds to optimise a region, so that it has to
 * run for long; code that runs once while a kernel boots is not worth it.
 */
export const HOT = 4000;

/** A call is followed into the region of its caller when branches have gone there this share of `hot` times. */
const WARM_SHARE = 8;

const LIMITS: RegionLimits = { instructions: 300, blocks: 80, pages: 4 };
/** In pages from the one that was found hot. */
const FARTHEST_PAGE = 15;
/** The interpreter looks for its budget as often. */
const LONGEST_WAY = 1000;
/** Regions in a module. */
const BATCH = 8;
/** Instructions after which a module takes no further region, so that nobody waits long while it is made. */
const MODULE_INSTRUCTIONS = 600;
/** What `mostBytes` is outside of tests. V8's code is a few times as large. */
export const MOST_BYTES = 24 * 2 ** 20;
/** Times that a place has to be hot again, after its page has changed under compiled code. */
const MOST_PENALTY = 64;

/**
 * What compiling a module consists of, in this order: the first three for each of its regions. V8 translates what the
 * emitter has made, and installing includes dropping what was there before.
 */
export const STAGES = ['discover', 'structure', 'emit', 'build', 'translate', 'install'] as const;
export type Stage = (typeof STAGES)[number];

interface Compiled {
  readonly region: Region;
  readonly number: number;
  readonly bytes: number;
  /** Offsets that were found hot. */
  readonly starts: readonly number[];
  /** Numbers in COMPILED_ENTRIES, and the records that name them. */
  readonly entries: { readonly slot: number; readonly record: number }[];
}

/** A page whose hot places wait for the rest of their batch. */
interface Pending {
  /** Pages by their distance from this one, as they were mapped when it was first found hot. */
  readonly neighbours: ReadonlyMap<number, Page>;
  /** Offsets that were found hot. */
  readonly starts: number[];
}

export class Compiler implements CodeKeeper {
  readonly #host: CompilerHost;
  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #i32: Int32Array;
  readonly #u64: BigUint64Array;
  readonly #functions: Readonly<Record<string, unknown>>;
  readonly #imports: { name: string; args: readonly Type[]; result: Type | undefined }[] = [];
  readonly #importNumbers = new Map<string, number>();
  /** In the order they were compiled in. */
  readonly #compiled = new Map<number, Compiled>();
  readonly #byPage = new Map<number, Set<Compiled>>();
  readonly #freeSlots: number[] = [];
  readonly #freeNumbers: number[] = [];
  #bytes = 0;
  readonly #pending = new Map<number, Pending>();
  /** By number of the handler. */
  readonly #usages: Usage[] = [];
  /** By page: how often it changed under compiled code, and how often it has to be hot again before the next try. */
  readonly #penalties = new Map<number, { times: number; wait: number }>();
  /** Told at the end of a stage, and by `undefined` when compiling begins; set by who measures. */
  onStage: ((ended: Stage | undefined) => void) | undefined;
  readonly statistics = { modules: 0, regions: 0, instructions: 0, dropped: 0, bytes: 0 };

  constructor(host: CompilerHost) {
    this.#host = host;
    const { buffer } = host.memory;
    this.#u8 = new Uint8Array(buffer);
    this.#u16 = new Uint16Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#u64 = new BigUint64Array(buffer);
    this.#functions = { ...host.functions, memory: host.memory };
    for (let slot = COMPILED_ENTRIES_MAX - 1; slot >= 0; slot--) this.#freeSlots.push(slot);
    for (let number = REGIONS_MAX - 1; number >= 0; number--) this.#freeNumbers.push(number);
  }

  // --- What to compile --------------------------------------------------------------------------------------------------

  /** Branches have gone to PC often. */
  hot(): void {
    const pc = this.#u64[PC >> 3];
    const base = pc & ~0xfffn;
    const start = Number(pc & 0xfffn);
    const page = this.#pageAt(base);
    if (!page) return;
    const record = page.records + (start >> 2) * RECORD_BYTES;
    this.#u16[heatOf(record) >> 1] = 0;
    if (this.#u16[record >> 1] >= OP_COMPILED || this.#isPenalised(page.page)) return;
    const waiting = this.#pending.get(page.page);
    // What waits and becomes hot again is worth more than a full batch.
    if (!waiting?.starts.includes(start)) {
      if (waiting) waiting.starts.unshift(start);
      else this.#pending.set(page.page, { neighbours: this.#neighbours(base), starts: [start] });
      if (this.#pending.size < BATCH) return;
    }
    this.compilePending(page.page);
  }

  /**
   * Regions that begin in a page and become one with a new one there, so that calls between them stay inside: the newest
   * that are small enough together.
   */
  #joined(page: number): readonly Compiled[] {
    const joined: Compiled[] = [];
    let instructions = 0;
    for (const compiled of [...(this.#byPage.get(page) ?? [])].reverse()) {
      if (compiled.region.pages.get(0)?.page !== page) continue;
      instructions += compiled.region.blocks.reduce((sum, block) => sum + block.instructions.length, 0);
      if (instructions > LIMITS.instructions / 2) break;
      joined.push(compiled);
    }
    return joined;
  }

  /** The page of a VA, when the interpreter has fetched from it in the present context. */
  #pageAt(va: bigint): Page | undefined {
    const index = (Number((va >> 12n) & 0xffffffffn) ^ this.#i32[CTX_FETCH_HASH >> 2]) & (ITLB_ENTRIES - 1);
    const entry = ITLB + index * 16;
    if (this.#u64[entry >> 3] !== (va | this.#u64[CTX_FETCH >> 3])) return undefined;
    const records = this.#i32[(entry + 8) >> 2];
    return { records, page: (this.#host.records.wordAddress(records) - RAM) >> 12 };
  }

  #isPenalised(page: number): boolean {
    const penalty = this.#penalties.get(page);
    if (!penalty?.wait) return false;
    penalty.wait--;
    return true;
  }

  /** Pages that a region may reach, by their distance. */
  #neighbours(base: bigint): ReadonlyMap<number, Page> {
    const pages = new Map<number, Page>();
    for (let number = -FARTHEST_PAGE; number <= FARTHEST_PAGE; number++) {
      const page = this.#pageAt(BigInt.asUintN(64, base + BigInt(number * 4096)));
      if (page) pages.set(number, page);
    }
    return pages;
  }

  #discover(neighbours: ReadonlyMap<number, Page>, starts: readonly number[]): Region | undefined {
    const { records } = this.#host;
    return discover(
      starts,
      {
        page: number => neighbours.get(number),
        instruction: (page, offset) => {
          if (this.#u16[(page.records + ((offset & 4095) >> 2) * RECORD_BYTES) >> 1] === OP_UNDECODED) return undefined;
          const ready = records.instruction(RAM + page.page * 4096 + (offset & 4095));
          return ready && { offset, ready, usage: this.#usage(ready) };
        },
        isWarm: (page, offset) => {
          const record = page.records + ((offset & 4095) >> 2) * RECORD_BYTES;
          return this.#u16[record >> 1] >= OP_COMPILED || this.#u16[heatOf(record) >> 1] * WARM_SHARE >= this.#host.hot;
        },
      },
      LIMITS,
    );
  }

  #usage({ near, handler }: Ready): Usage {
    const known = this.#usages[near] ?? usageOf(this.#host.handlers[handler]);
    this.#usages[near] = known;
    return known;
  }

  // --- Compiling --------------------------------------------------------------------------------------------------------

  /** Compiles what waits, one page before the others, and not all of it when that is much. */
  compilePending(first: number): void {
    this.onStage?.(undefined);
    let instructions = 0;
    const module = new ModuleBuilder();
    const made: {
      compiled: Omit<Compiled, 'bytes'>;
      emitted: NonNullable<ReturnType<typeof emitRegion>>;
      replaces: readonly Compiled[];
    }[] = [];
    for (const page of new Set([first, ...this.#pending.keys()])) {
      if (instructions >= MODULE_INSTRUCTIONS) break;
      const { neighbours, starts: found } = this.#pending.get(page) as Pending;
      this.#pending.delete(page);
      const replaces = this.#joined(page);
      const starts = [...new Set([...found, ...replaces.flatMap(compiled => compiled.starts)])];
      const region = this.#discover(neighbours, starts);
      this.onStage?.('discover');
      if (!region) continue;
      for (const block of region.blocks) instructions += block.instructions.length;
      const number = this.#freeNumbers.pop();
      if (number === undefined) break;
      const plan = planRegion(region, LONGEST_WAY);
      this.onStage?.('structure');
      const emitted = plan && emitRegion(region, plan, number, this.#shared);
      this.onStage?.('emit');
      const kept = starts.filter(offset => region.entries.has(offset));
      if (emitted) made.push({ compiled: { region, number, starts: kept, entries: [] }, emitted, replaces });
      else this.#freeNumbers.push(number);
    }
    if (!made.length) return;
    for (const { name, args, result } of this.#imports) {
      module.importFunction('env', name, module.type(args, result ? [result] : []));
    }
    module.importMemory('env', 'memory');
    const type = module.type(['i32'], ['i32']);
    for (const { compiled, emitted } of made) {
      module.function({ type, locals: emitted.locals, code: emitted.code, exported: `region${compiled.number}` });
    }
    const bytes = module.build();
    this.onStage?.('build');
    const translated = new WebAssembly.Module(bytes);
    this.onStage?.('translate');
    const instance = new WebAssembly.Instance(translated, { env: this.#functions as WebAssembly.ModuleImports });
    this.statistics.modules++;
    this.statistics.bytes += bytes.length;
    for (const { compiled, emitted, replaces } of made) {
      for (const old of replaces) if (this.#compiled.get(old.number) === old) this.#drop(old);
      this.#host.table.set(this.#host.firstRegion + compiled.number, instance.exports[`region${compiled.number}`]);
      this.#install({ ...compiled, bytes: Math.ceil(bytes.length / made.length) }, emitted.entries);
    }
    this.#evict();
    this.onStage?.('install');
  }

  readonly #import: ImportFunction = (name, args, result) => {
    let number = this.#importNumbers.get(name);
    if (number === undefined) {
      number = this.#imports.push({ name, args, result }) - 1;
      this.#importNumbers.set(name, number);
    }
    return number;
  };

  readonly #shared = new Shared(this.#import);

  #install(compiled: Compiled, entries: ReadonlyMap<number, { index: number; limit: number }>): void {
    const { region, number, starts } = compiled;
    this.#compiled.set(number, compiled);
    this.#bytes += compiled.bytes;
    this.statistics.regions++;
    for (const page of region.pages.values()) {
      this.#u8[PAGE_FLAGS + page.page] |= PAGE_COMPILED;
      const users = this.#byPage.get(page.page) ?? new Set();
      this.#byPage.set(page.page, users.add(compiled));
    }
    // Every instruction has a decoded record, by which a store to it is noticed.
    for (const block of region.blocks) {
      this.statistics.instructions += block.instructions.length;
      for (const { offset } of block.instructions) {
        const record = recordOf(region, offset);
        if (this.#u16[record >> 1] === OP_UNDECODED) this.#host.records.decode(record);
      }
    }
    for (const [offset, { index, limit }] of entries) {
      const record = recordOf(region, offset);
      // Places that are entries of another region stay with it, but for the one that was hot.
      if (this.#u16[record >> 1] >= OP_COMPILED && !starts.includes(offset)) continue;
      const slot = this.#freeSlots.pop();
      if (slot === undefined) return;
      const at = COMPILED_ENTRIES + slot * 16;
      this.#u16[(at + COMPILED_FUNCTION) >> 1] = number;
      this.#u16[(at + COMPILED_INDEX) >> 1] = index;
      this.#u16[(at + COMPILED_OP) >> 1] = this.#originalOp(record);
      this.#u16[(at + COMPILED_LIMIT) >> 1] = limit;
      this.#i32[(at + COMPILED_OFFSET) >> 2] = offset;
      this.#u16[record >> 1] = OP_COMPILED + slot;
      compiled.entries.push({ slot, record });
    }
  }

  #originalOp(record: number): number {
    const op = this.#u16[record >> 1];
    return op < OP_COMPILED ? op : this.#u16[(COMPILED_ENTRIES + (op - OP_COMPILED) * 16 + COMPILED_OP) >> 1];
  }

  // --- Dropping ---------------------------------------------------------------------------------------------------------

  changed(page: number, offset: number, bytes: number): void {
    this.#pending.delete(page);
    const from = offset & ~3;
    const stale = [...(this.#byPage.get(page) ?? [])].filter(({ region }) =>
      covers(region, page, from, offset + bytes),
    );
    if (!stale.length) return;
    const times = (this.#penalties.get(page)?.times ?? 0) + 1;
    this.#penalties.set(page, { times, wait: Math.min(2 ** times - 1, MOST_PENALTY) });
    for (const compiled of stale) this.#drop(compiled);
  }

  cleared(): void {
    this.#pending.clear();
    for (const compiled of [...this.#compiled.values()]) this.#drop(compiled);
    this.#penalties.clear();
  }

  #drop(compiled: Compiled): void {
    const { region, number, entries } = compiled;
    for (const { slot, record } of entries) {
      if (this.#u16[record >> 1] === OP_COMPILED + slot) this.#u16[record >> 1] = this.#originalOp(record);
      this.#freeSlots.push(slot);
    }
    this.#host.table.set(this.#host.firstRegion + number, null);
    this.#freeNumbers.push(number);
    this.#compiled.delete(number);
    this.#bytes -= compiled.bytes;
    this.statistics.dropped++;
    for (const { page } of region.pages.values()) {
      const users = this.#byPage.get(page);
      users?.delete(compiled);
      if (users?.size) continue;
      this.#byPage.delete(page);
      this.#u8[PAGE_FLAGS + page] &= ~PAGE_COMPILED;
    }
  }

  /** The oldest go first; what is still hot comes back. */
  #evict(): void {
    for (const compiled of this.#compiled.values()) {
      const crowded = this.#freeNumbers.length < BATCH || this.#freeSlots.length < COMPILED_ENTRIES_MAX / 16;
      if (this.#bytes <= this.#host.mostBytes && !crowded) return;
      this.#drop(compiled);
    }
  }
}

/** Address of the counter of branches to a record. */
function heatOf(record: number): number {
  return HEAT + ((record >> 3) & (HEAT_END - HEAT - 2));
}

function recordOf(region: Region, offset: number): number {
  const page = region.pages.get(offset >> 12) as Page;
  return page.records + ((offset & 4095) >> 2) * RECORD_BYTES;
}

/** Whether a region has instructions in a range of bytes of a page. */
function covers(region: Region, page: number, from: number, to: number): boolean {
  for (const [number, { page: index }] of region.pages) {
    if (index !== page) continue;
    const low = number * 4096 + from;
    const high = number * 4096 + to;
    if (region.blocks.some(block => block.offset < high && block.end > low)) return true;
  }
  return false;
}
