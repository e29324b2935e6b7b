/**
 * The engine: one WebAssembly memory with the state of the active PE, RAM and caches; the compiled core; and the two
 * forms of the interpreter. It runs the active PE for a number of instructions, exactly.
 */

import { abortSyndrome } from './abort-syndrome.ts';
import { Compiler, HOT } from './compiler/compiler.ts';
import { coreWasm } from './core.generated.ts';
import type { Core, CoreHost } from './core-api.ts';
import {
  EXIT_BUDGET,
  EXIT_DEVICE,
  EXIT_HOT,
  EXIT_LEAVE,
  generateInterpreter,
  type InterpreterForm,
} from './interpreter.ts';
import {
  ABORT_SYNDROME,
  BOUNCE,
  BTYPE,
  BTYPE_REMAINING,
  EXIT_REQUEST,
  PE_STATE,
  PE_STATE_BYTES,
  RAM,
  REMAINING,
  STEPPING,
  TIME_END,
} from './layout.ts';
import { type DecodingTables, Records } from './records.ts';
import type { Handlers } from './semantics/handler.ts';

/** A call-out of generated code: takes the address of the record, returns CALL_*. */
export type CallOut = (record: number) => number;

export interface EngineHost extends Omit<CoreHost, 'recordsFor' | 'codeChanged'> {
  readonly callOuts: Readonly<Record<string, CallOut>>;
}

export interface EngineOptions {
  /** Compile hot code (tier 1). What the machine does is the same without. */
  readonly tier1?: boolean;
  /** Branches to a place before it is compiled; unless tests want it sooner, what pays. */
  readonly hot?: number | undefined;
}

/** Straight code runs at most this far without a check. */
const LONGEST_RUN = 1024;

export class Engine {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u64: BigUint64Array;
  readonly #f64: Float64Array;
  readonly core: Core;
  readonly records: Records;
  readonly #fast: () => number;
  readonly #checked: () => number;
  readonly compiler: Compiler | undefined;

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
    this.u32 = new Uint32Array(this.memory.buffer);
    this.i32 = new Int32Array(this.memory.buffer);
    this.u64 = new BigUint64Array(this.memory.buffer);
    this.#f64 = new Float64Array(this.memory.buffer);
    const hot = options.hot ?? HOT;
    const fast = interpreter(handlers, { checked: false, heat: options.tier1 ? hot : undefined });
    this.records = new Records(this.memory, { ...tables, numbers: fast.numbers });
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
    const env = {
      ...this.core,
      ...host.callOuts,
      abortSyndrome: (record: number) => {
        this.i32[ABORT_SYNDROME >> 2] = abortSyndrome(this.records.word(record));
      },
      decode: (record: number) => this.records.decode(record),
      memory: this.memory,
    };
    const fastInstance = start(fast.module, env);
    this.#fast = fastInstance.run;
    this.#checked = start(interpreter(handlers, { checked: true }).module, env).run;
    if (options.tier1) {
      this.compiler = new Compiler({
        memory: this.memory,
        handlers,
        records: this.records,
        functions: { ...this.core },
        table: fastInstance.functions,
        firstRegion: fast.firstRegion,
        hot,
      });
      this.records.keeper = this.compiler;
    }
  }

  /**
   * Runs the active PE for at most `count` instructions. Returns how many ran and an EXIT_* reason; EXIT_BUDGET when
   * all did. `time` is the modelled time at which they begin, in instructions: what counters read follows from it.
   */
  run(count: number, time = 0): { executed: number; exit: number } {
    this.i32[EXIT_REQUEST >> 2] = 0;
    this.#goal = count;
    this.#left = count;
    this.#f64[TIME_END >> 3] = time + count;
    let exit = EXIT_BUDGET;
    while (exit === EXIT_BUDGET && this.#left > 0) exit = this.#advance();
    const executed = this.executed;
    this.#goal = 0;
    this.#left = 0;
    return { executed, exit };
  }

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
    const exit = this.#left >= LONGEST_RUN ? this.#fast() : this.#step();
    if (exit === EXIT_HOT) {
      this.compiler?.hot();
      return EXIT_BUDGET;
    }
    return exit === EXIT_DEVICE ? this.#stepDevice() : exit;
  }

  /** The one instruction in the checked form; what is left after it counts on top. */
  #stepDevice(): number {
    const after = this.#left - 1;
    this.#goal -= after;
    this.#left = 1;
    const exit = this.#step();
    this.#goal += after;
    this.#left += after;
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

// Modules depend on the tables only, so that all machines of a process share them.
const interpreters = new WeakMap<Handlers, Map<string, ReturnType<typeof makeInterpreter>>>();
let compiledCore: WebAssembly.Module | undefined;

function compileCore(): WebAssembly.Module {
  compiledCore ??= new WebAssembly.Module(coreWasm as Uint8Array<ArrayBuffer>);
  return compiledCore;
}

function interpreter(handlers: Handlers, form: InterpreterForm) {
  const key = `${form.checked} ${form.heat}`;
  const known = interpreters.get(handlers) ?? new Map();
  interpreters.set(handlers, known);
  const made = known.get(key) ?? makeInterpreter(handlers, form);
  known.set(key, made);
  return made;
}

function makeInterpreter(handlers: Handlers, form: InterpreterForm) {
  const { bytes, numbers, firstRegion } = generateInterpreter(handlers, form);
  return { module: new WebAssembly.Module(bytes), numbers, firstRegion };
}

function start(module: WebAssembly.Module, env: object): { run(): number; functions: WebAssembly.Table } {
  const missing = WebAssembly.Module.imports(module).filter(entry => !(entry.name in env));
  if (missing.length)
    throw new Error(
      `Semantics call ${missing.map(entry => entry.name).join(', ')}, which neither the core nor the machine has.`,
    );
  const instance = new WebAssembly.Instance(module, { env: env as WebAssembly.ModuleImports });
  return instance.exports as unknown as { run(): number; functions: WebAssembly.Table };
}
