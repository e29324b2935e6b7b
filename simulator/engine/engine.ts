/**
 * The engine: one WebAssembly memory with the state of the active PE, RAM and caches; the compiled core; and the two
 * forms of the interpreter. It runs the active PE for a number of instructions, exactly.
 */

import { inflateSync } from 'fflate';
import { abortSyndrome } from './abort-syndrome.ts';
import { accessRowCount } from './access-rows.ts';
import { fromBase64 } from './base64.ts';
import { Compiler, HOT, MOST_BYTES } from './compiler/compiler.ts';
import { flagFunctions } from './compiler/flags.ts';
import { coreWasm } from './core.generated.ts';
import type { Core, CoreHost } from './core-api.ts';
import type { DecodingTables } from './decoded-words.ts';
import {
  EXIT_BUDGET,
  EXIT_DEVICE,
  EXIT_HOT,
  EXIT_LEAVE,
  generateInterpreter,
  type HandlerNumbers,
  handlerNumbers,
  type InterpreterForm,
  OP_BREAKPOINT,
} from './interpreter.ts';
import {
  ABORT_SYNDROME,
  ACCESS_COSTS,
  ACCESS_COSTS_END,
  ACCESSES,
  BOUNCE,
  BTYPE,
  BTYPE_REMAINING,
  CYCLES,
  CYCLES_END,
  DEVICE_DONE,
  ENTRY_BYTES,
  ENTRY_COSTS,
  EXIT_REQUEST,
  INSTRUCTION_TIME,
  OP_COSTS,
  OP_COSTS_END,
  PE_STATE,
  PE_STATE_BYTES,
  RAM,
  REMAINING,
  RETIRED_END,
  RETURN_COSTS,
  SLOT_SP,
  SP_LOW,
  STEPPING,
  TIME_END,
  WALK_COST,
  WRITE_ENTRY,
  X,
} from './layout.ts';
import { prepared } from './prepared.ts';
import { Records } from './records.ts';
import type { Handlers } from './semantics/handler.ts';
import { handlers as standardHandlers } from './semantics/index.ts';

/** A call-out of generated code: takes the address of the record, returns CALL_*. */
export type CallOut = (record: number) => number;

export interface EngineHost extends Omit<CoreHost, 'recordsFor' | 'codeChanged'> {
  readonly callOuts: Readonly<Record<string, CallOut>>;
}

/** What things cost, in cycles. */
export interface EngineCosts {
  /** An instruction, by the name of its handler. */
  instruction(handler: string): number;
  /** An access to a system register or a system instruction, by the number of its row, besides the instruction. */
  access(row: number, write: boolean): number;
  /** The access to memory that FEAT_NV2 makes instead of one to a register. */
  vncr(write: boolean): number;
  /** An exception, by the level that takes it. */
  entry(level: number): number;
  /** A return, by the level that it comes from. */
  return(level: number): number;
  /** A table walk that ends in a fault. */
  walk(): number;
}

export interface EngineOptions {
  /** Count modelled cycles: instructions are interpreted then. */
  readonly costs?: EngineCosts | undefined;
  /** Compile hot code (tier 1). What the machine does is the same without. */
  readonly tier1?: boolean;
  /** Branches to a place before it is compiled; unless tests want it sooner, what pays. */
  readonly hot?: number | undefined;
  /** Bytes of compiled code that are kept; unless tests want less, what is enough for a kernel. */
  readonly codeBytes?: number | undefined;
}

/** The interpreters count in bytes of records, with 32 bits. */
const MOST_INSTRUCTIONS = 2 ** 26;
/** Straight code runs at most this far without a check. */
const LONGEST_RUN = 1024;

export class Engine {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u64: BigUint64Array;
  readonly f64: Float64Array;
  readonly core: Core;
  readonly records: Records;
  readonly #fast: () => number;
  readonly #checked: () => number;
  readonly compiler: Compiler | undefined;
  readonly #costs: EngineCosts | undefined;

  /** `ramBytes` is a multiple of 64 KiB. Throws a sentence when the host cannot give so much memory. */
  constructor(
    ramBytes: number,
    handlers: Handlers,
    tables: Omit<DecodingTables, 'numbers'>,
    host: EngineHost,
    options: EngineOptions = {},
  ) {
    this.memory = allocate(RAM + ramBytes);
    this.u8 = new Uint8Array(this.memory.buffer);
    this.u16 = new Uint16Array(this.memory.buffer);
    this.u32 = new Uint32Array(this.memory.buffer);
    this.i32 = new Int32Array(this.memory.buffer);
    this.u64 = new BigUint64Array(this.memory.buffer);
    this.f64 = new Float64Array(this.memory.buffer);
    const { costs } = options;
    this.#costs = costs;
    const hot = options.hot ?? HOT;
    const tier1 = options.tier1 && !costs;
    const { module, numbers, firstRegion } = interpreter(handlers, tier1 ? hot : undefined, costs !== undefined);
    this.records = new Records(this.memory, { ...tables, numbers });
    const coreHost: CoreHost = {
      ...host,
      recordsFor: page => {
        const records = this.records.forPage(page);
        // Stores that went straight to the page have to be seen from now on.
        this.core.dropWriteTags(page);
        return records;
      },
      codeChanged: (page, offset, size) => this.compiler?.changed(page, offset, size),
    };
    this.core = new WebAssembly.Instance(compileCore(), { env: { ...coreHost, memory: this.memory } })
      .exports as unknown as Core;
    const functions = { ...this.core, ...(tier1 ? flagFunctions(this.memory) : undefined) };
    const env = {
      ...functions,
      ...host.callOuts,
      abortSyndrome: (record: number) => {
        this.i32[ABORT_SYNDROME >> 2] = abortSyndrome(this.records.word(record));
      },
      decode: (record: number) => this.records.decode(record),
      memory: this.memory,
    };
    const instance = start(module, env);
    this.#fast = instance.fast;
    this.#checked = instance.checked;
    this.f64[INSTRUCTION_TIME >> 3] = costs ? 0 : 1;
    if (costs) this.#writeCosts(costs, numbers.names);
    if (tier1) {
      this.compiler = new Compiler({
        memory: this.memory,
        handlers,
        records: this.records,
        functions,
        table: instance.functions,
        firstRegion,
        hot,
        mostBytes: options.codeBytes ?? MOST_BYTES,
      });
      this.records.keeper = this.compiler;
    }
  }

  #writeCosts(costs: EngineCosts, names: readonly string[]): void {
    if (names.length > (OP_COSTS_END - OP_COSTS) / 8 || accessRowCount > (ACCESS_COSTS_END - ACCESS_COSTS) / 16)
      throw new Error('The costs do not fit: enlarge OP_COSTS or ACCESS_COSTS in layout.ts.');
    names.forEach((name, number) => {
      if (number > OP_BREAKPOINT) this.f64[(OP_COSTS >> 3) + number] = costs.instruction(name);
    });
    for (let row = 0; row < accessRowCount; row++) {
      for (const write of [false, true]) {
        const entry = row * ENTRY_BYTES + (write ? WRITE_ENTRY : 0);
        this.f64[(ACCESS_COSTS + entry * 2) >> 3] = costs.access(row, write);
      }
    }
    for (let level = 0; level < 4; level++) {
      this.f64[(ENTRY_COSTS >> 3) + level] = costs.entry(level);
      this.f64[(RETURN_COSTS >> 3) + level] = costs.return(level);
    }
    this.f64[WALK_COST >> 3] = costs.walk();
  }

  /** Modelled cycles of the active PE; 0 without costs. */
  get cycles(): number {
    return this.f64[CYCLES >> 3];
  }

  /** Adds to the modelled cycles of the active PE. */
  charge(cycles: number): void {
    this.f64[CYCLES >> 3] += cycles;
  }

  /** Charges an access to a system register or a system instruction, by the offset of its entry. */
  chargeAccess(entry: number): void {
    this.f64[ACCESSES >> 3]++;
    this.charge(this.f64[(ACCESS_COSTS + entry * 2) >> 3]);
  }

  /** Whether modelled cycles are counted. */
  get hasCosts(): boolean {
    return this.#costs !== undefined;
  }

  chargeVncr(write: boolean): void {
    if (this.#costs) this.charge(this.#costs.vncr(write));
  }

  /**
   * Runs the active PE for at most `count` instructions, and until `room` of modelled time has passed: instructions, or
   * cycles where there are costs. Returns how many ran, how much time passed and an EXIT_* reason; EXIT_BUDGET when all
   * ran that may. `time` is the modelled time at which they begin: what counters read follows from it.
   */
  run(count: number, time = 0, room = Number.POSITIVE_INFINITY): { executed: number; elapsed: number; exit: number } {
    // The host may have written SP.
    const low = this.u32[(X + SLOT_SP * 8) >> 2] & 15;
    if (low !== this.u32[SP_LOW >> 2]) this.core.stackPointerMoved(low);
    const most = Math.min(count, this.#costs ? MOST_INSTRUCTIONS : room);
    this.i32[EXIT_REQUEST >> 2] = 0;
    this.#goal = most;
    this.#left = most;
    this.#begin = this.cycles;
    this.f64[TIME_END >> 3] = this.#costs ? time - this.#begin : time + most;
    this.f64[CYCLES_END >> 3] = this.#begin + room;
    this.f64[RETIRED_END >> 3] += most;
    let exit = EXIT_BUDGET;
    while (exit === EXIT_BUDGET && this.#left > 0) exit = this.#advance();
    const { executed, elapsed } = this;
    this.f64[RETIRED_END >> 3] -= this.#left;
    this.#goal = 0;
    this.#left = 0;
    this.#begin = this.cycles;
    return { executed, elapsed, exit };
  }

  /** Modelled time that has passed since the present `run` began; 0 between runs. */
  get elapsed(): number {
    return this.#costs ? this.cycles - this.#begin : this.executed;
  }

  #begin = 0;

  /** Instructions that have retired since the present `run` began; 0 between runs. For call-outs and devices. */
  get executed(): number {
    return this.#goal - this.#left;
  }

  #goal = 0;

  get #left(): number {
    return this.i32[REMAINING >> 2];
  }

  set #left(count: number) {
    // PSTATE.BTYPE goes on to the instruction that is next.
    if (this.u32[BTYPE >> 2]) {
      const next = this.i32[BTYPE_REMAINING >> 2] === this.i32[REMAINING >> 2];
      if (next) this.i32[BTYPE_REMAINING >> 2] = count;
      else this.u32[BTYPE >> 2] = 0;
    }
    this.i32[REMAINING >> 2] = count;
  }

  /** Runs until one of the forms comes back. EXIT_BUDGET when it can go on, if anything is left. */
  #advance(): number {
    const exit = this.#left >= LONGEST_RUN && !this.#costs ? this.#fast() : this.#step();
    if (exit === EXIT_HOT) {
      this.compiler?.hot();
      return EXIT_BUDGET;
    }
    return exit === EXIT_DEVICE ? this.#stepDevice() : exit;
  }

  /** The one instruction in the checked form; what is left after it counts on top. */
  #stepDevice(): number {
    // Its access may have been made already, and have asked for the end of the slice.
    const done = this.u32[DEVICE_DONE >> 2];
    if (done) this.i32[EXIT_REQUEST >> 2] = 0;
    const after = this.#left - 1;
    this.#goal -= after;
    this.#left = 1;
    this.f64[RETIRED_END >> 3] -= after;
    const exit = this.#step();
    if (done) this.i32[EXIT_REQUEST >> 2] = 1;
    this.#goal += after;
    this.#left += after;
    this.f64[RETIRED_END >> 3] += after;
    // A device may have changed what the machine has to do next. A store to compiled code has not.
    return exit === EXIT_BUDGET && this.i32[EXIT_REQUEST >> 2] ? EXIT_LEAVE : exit;
  }

  #step(): number {
    this.i32[STEPPING >> 2] = 1;
    const exit = this.#checked();
    this.i32[STEPPING >> 2] = 0;
    return exit;
  }

  /** Puts a value where slow stores take it from. */
  bounce(value: bigint): void {
    this.u64[BOUNCE >> 3] = value;
  }

  /** Copies the state of the active PE out, or another one in. */
  copyState(from: number, to: number): void {
    this.u8.copyWithin(to, from, from + PE_STATE_BYTES);
  }
}

/** Where the state of the active PE is. */
export const ACTIVE_STATE = PE_STATE;

function allocate(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / 65536);
  if (pages > 65536)
    throw new Error(`A machine can have at most ${Math.floor((65536 * 65536 - RAM) / 2 ** 20)} MiB of memory.`);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    throw new Error(
      `This computer does not give the ${Math.ceil(bytes / 2 ** 20)} MiB that the machine needs; use a smaller memory.`,
    );
  }
}

interface Interpreter {
  readonly module: WebAssembly.Module;
  readonly numbers: HandlerNumbers;
  readonly firstRegion: number;
}

// Modules depend on the tables only, so that all machines of a process share them.
const interpreters = new WeakMap<Handlers, Map<string, Interpreter>>();
let compiledCore: WebAssembly.Module | undefined;

function compileCore(): WebAssembly.Module {
  compiledCore ??= new WebAssembly.Module(coreWasm as Uint8Array<ArrayBuffer>);
  return compiledCore;
}

function interpreter(handlers: Handlers, heat: number | undefined, costs: boolean): Interpreter {
  const key = interpreterKey(heat, costs);
  const known = interpreters.get(handlers) ?? new Map<string, Interpreter>();
  interpreters.set(handlers, known);
  const made = known.get(key) ?? preparedInterpreter(handlers, key) ?? makeInterpreter(handlers, heat, costs);
  known.set(key, made);
  return made;
}

/** Tells interpreters of the same handlers apart. */
export function interpreterKey(heat: number | undefined, costs: boolean): string {
  return `${heat} ${costs}`;
}

export function interpreterForms(heat: number | undefined, costs: boolean): Readonly<Record<string, InterpreterForm>> {
  return { fast: { checked: false, heat }, checked: { checked: true, costs } };
}

function makeInterpreter(handlers: Handlers, heat: number | undefined, costs: boolean): Interpreter {
  const { bytes, numbers, firstRegion } = generateInterpreter(handlers, interpreterForms(heat, costs));
  return { module: new WebAssembly.Module(bytes), numbers, firstRegion };
}

/** One that the bundle brings along; for the handlers that it was made of only. */
function preparedInterpreter(handlers: Handlers, key: string): Interpreter | undefined {
  if (prepared?.key !== key || handlers !== standardHandlers) return undefined;
  const { names, firstFunction, firstRegion, deflated } = prepared;
  const bytes = inflateSync(fromBase64(deflated)) as Uint8Array<ArrayBuffer>;
  const numbers = handlerNumbers(names.split(','), firstFunction);
  return { module: new WebAssembly.Module(bytes), numbers, firstRegion };
}

interface Instance {
  fast(): number;
  checked(): number;
  readonly functions: WebAssembly.Table;
}

function start(module: WebAssembly.Module, env: object): Instance {
  const missing = WebAssembly.Module.imports(module).filter(entry => !(entry.name in env));
  if (missing.length)
    throw new Error(
      `Semantics call ${missing.map(entry => entry.name).join(', ')}, which neither the core nor the machine has.`,
    );
  const instance = new WebAssembly.Instance(module, { env: env as WebAssembly.ModuleImports });
  return instance.exports as unknown as Instance;
}
