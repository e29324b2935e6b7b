/**
 * Tier 0: an interpreter generated from the handlers. One function steps through decoded records with one `br_table`;
 * rare handlers are functions of their own, called through a table.
 *
 * Instructions are counted without work on the straight path: `ip` walks the records of a page, `end` is the record
 * at which the slice would be over if no branch were taken, and each taken branch moves `end` along with `ip`. The
 * unchecked form leaves when fewer than a page of records is left; the checked form compares before each instruction.
 * A device access that ends its slice is completed by the checked form, which leaves behind the very instruction.
 */

import { CALL_AGAIN, CALL_JUMP, CALL_LEAVE, CALL_NEXT, CALL_REFUSE } from './callout.ts';
import {
  accessesOf,
  type Environment,
  emitAll,
  emitArms,
  emitExpr,
  emitFpLimit,
  emitFpPlain,
  emitNzcv,
  usesFlags,
} from './emit.ts';
import type { Expr, FlagKind, Local, Operand, Stmt } from './ir.ts';
import {
  COMPILED_ENTRIES,
  COMPILED_ENTRIES_MAX,
  COMPILED_FUNCTION,
  COMPILED_LIMIT,
  COMPILED_OP,
  CTX_DATA,
  CTX_FETCH,
  CTX_FETCH_HASH,
  CTX_UNPRIV,
  CYCLES,
  CYCLES_END,
  EXIT_REQUEST,
  FAULT_DEVICE,
  FAULT_FLAGS,
  FAULT_STAGE2,
  FETCH_PAGE,
  FETCH_RECORDS,
  FLAG_C,
  FLAG_N,
  FLAG_V,
  FLAG_Z,
  FP_ENABLED,
  HEAT,
  HEAT_END,
  ITLB,
  ITLB_ENTRIES,
  LAZY_KIND,
  MODE_ALONE,
  OP_COSTS,
  PC,
  RECORD,
  RECORD_BYTES,
  RECORD_D,
  RECORD_IMM,
  RECORD_M,
  RECORD_N,
  REMAINING,
  TLB_ENTRY_BITS,
  X,
} from './layout.ts';
import { Scope } from './scope.ts';
import { frequent } from './semantics/frequent.ts';
import type { Handler, Handlers } from './semantics/handler.ts';
import { ModuleBuilder } from './wasm/module.ts';
import { type Type, typeCode } from './wasm/opcodes.ts';

/** Why the interpreter came back. */
export const EXIT_BUDGET = 0; // fewer instructions are left than the form can run
export const EXIT_LEAVE = 1; // a call-out or an abort asked for it
export const EXIT_REFUSED = 2; // a call-out refused the instruction at PC
export const EXIT_DEVICE = 3; // the instruction at PC accesses a device: for the checked form
export const EXIT_BREAKPOINT = 4; // PC is at a breakpoint record
export const EXIT_HOT = 5; // branches have gone to PC often: a place for compiled code

export const OP_UNDECODED = 0;
export const OP_PAGE_END = 1;
export const OP_BREAKPOINT = 2;
const OWN_OPS = ['undecoded', 'page end', 'breakpoint'];
const OP_FIRST = OWN_OPS.length;
/** This plus the number of an entry of compiled code, see COMPILED_ENTRIES. */
export const OP_COMPILED = 0x8000;

/** What a region of compiled code returns. State is in memory, PC and REMAINING too, flags as in compiler/flags.ts. */
export const REGION_ENTER = 0; // go on at PC
export const REGION_ABORT = 1; // the core has recorded an abort of the instruction at PC, whose record is in RECORD
export const REGION_INTERPRET = 2; // the interpreter has to do the instruction at PC, whose record is in RECORD
export const REGION_CALL = 3; // and more: the call-out of REGION_CALLS, of the instruction at PC, whose record is in RECORD

/** Call-outs that are all that their instruction does. */
export const REGION_CALLS: readonly string[] = ['svc', 'hvc', 'smc', 'exceptionReturn', 'systemRegister'];

/** Compiled regions that there can be at a time. */
export const REGIONS_MAX = 0x4000;

/** Numbers of the handlers. A handler with a direct branch has a second number for targets outside of its page. */
export interface HandlerNumbers {
  readonly near: ReadonlyMap<string, number>;
  readonly far: ReadonlyMap<string, number>;
  readonly names: readonly string[];
  /** Handlers with a number from here on just go on with the next instruction, unless they abort. */
  readonly firstFunction: number;
}

interface Op {
  readonly name: string;
  readonly handler: Handler;
  readonly far: boolean;
  readonly usesFlags: boolean;
}

/** Calls-outs of handlers that the interpreter makes by itself, all with the address of the record. */
const CALL_DECODE = 'decode';
const CALL_FP = 'fpTrapped';

/** What only the main function can do: it has `ip`, `end` and the costs. */
const ONLY_MAIN: ReadonlySet<unknown> = new Set(['branch', 'branchTo', 'callOut', 'charge', 'remaining']);

function needsMain(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(needsMain);
  if (typeof node !== 'object' || node === null) return false;
  const { k, s } = node as Partial<Expr & Stmt>;
  return ONLY_MAIN.has(k ?? s) || Object.values(node).some(value => typeof value === 'object' && needsMain(value));
}

/**
 * Handlers in the order of their numbers: those that have to be in the main function, and the others, which are entries of
 * the table from `firstFunction` on in the same order.
 */
export function planOps(handlers: Handlers): { ops: readonly Op[]; numbers: HandlerNumbers } {
  const main: Op[] = [];
  const functions: Op[] = [];
  for (const [name, handler] of Object.entries(handlers)) {
    const op = { name, handler, usesFlags: usesFlags(handler.body) };
    if (!needsMain(handler.body)) {
      functions.push({ ...op, far: false });
    } else {
      main.push({ ...op, far: false });
      if (handler.body.some(s => s.s === 'branch')) main.push({ ...op, far: true });
    }
  }
  const ops = [...main, ...functions];
  const names = [...OWN_OPS, ...ops.map(o => o.name)];
  return { ops, numbers: handlerNumbers(names, OP_FIRST + main.length) };
}

/** From the names by number: the second time that a name comes is its form for targets outside of the page. */
export function handlerNumbers(names: readonly string[], firstFunction: number): HandlerNumbers {
  const near = new Map<string, number>();
  const far = new Map<string, number>();
  for (const [number, name] of names.entries()) {
    if (number >= OP_FIRST) (near.has(name) ? far : near).set(name, number);
  }
  return { near, far, names, firstFunction };
}

/** Locals by type, given out anew for each handler. */
export class LocalPool {
  readonly types: Type[] = [];
  readonly #free: Record<Type, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  readonly #used = new Map<number, number>();

  constructor(readonly first: number) {}

  /** The local of a temporary. */
  of({ type, id }: Local): number {
    return this.#get(type, id);
  }

  /** A local that one statement uses, by number. */
  scratch(type: Type, index: number): number {
    return this.#get(type, -(index * 128 + typeCode[type]));
  }

  #get(type: Type, key: number): number {
    const known = this.#used.get(key);
    if (known !== undefined) return known;
    const number = this.#free[type].pop() ?? this.first + this.types.push(type) - 1;
    this.#used.set(key, number);
    return number;
  }

  release(): void {
    for (const number of this.#used.values()) this.#free[this.types[number - this.first]].push(number);
    this.#used.clear();
  }
}

export class Imports {
  readonly #known = new Map<string, number>();
  readonly names: string[] = [];

  constructor(readonly module: ModuleBuilder) {}

  get(name: string, args: readonly Type[], result: Type | undefined): number {
    const signature = `${args.join()}:${result ?? ''}`;
    const key = `${name} ${signature}`;
    let index = this.#known.get(key);
    if (index === undefined) {
      index = this.module.importFunction('env', name, this.module.type(args, result ? [result] : []));
      this.#known.set(key, index);
      this.names.push(name);
    }
    return index;
  }
}

const recordOffset: Record<Operand, number> = { rd: RECORD_D, rn: RECORD_N, rm: RECORD_M, ra: RECORD_IMM };
const PAGE_MARGIN = 1024 * RECORD_BYTES;

/** What the interpreter's main function and the functions of rare handlers have in common. */
abstract class RecordEnvironment implements Environment {
  readonly scope = new Scope();
  readonly vectorBase = X;
  abstract readonly leavesOnMiss: boolean;
  /** Bundles bring an interpreter along, which has to run everywhere. */
  readonly fuses = false;
  abstract readonly costs: boolean;
  abstract readonly ip: number;
  protected abstract readonly pool: LocalPool;

  constructor(protected readonly imports: Imports) {}

  abstract miss(): void;
  abstract abort(): void;
  abstract callOut(fn: string): void;
  abstract remaining(): void;
  abstract branch(link: boolean): void;
  abstract branchTo(target: () => void, link: boolean): void;
  protected abstract pushFlag(address: number): void;
  protected abstract setFlag(address: number, value: () => void): void;

  protected get code() {
    return this.scope.code;
  }

  /** Pushes an operand: the offset of a register from X, or a plain number. */
  number(operand: Operand): void {
    if (operand === 'ra') this.code.get(this.ip).load('i32', RECORD_IMM);
    else this.code.get(this.ip).load('i32', recordOffset[operand], 2);
  }

  x(operand: Operand): void {
    this.number(operand);
    this.code.load('i64', X);
  }

  setX(operand: Operand, value: () => void): void {
    this.number(operand);
    value();
    this.code.store('i64', X);
  }

  vectorAddress(operand: Operand): void {
    this.number(operand);
  }

  immediate(part: 'all' | 'low' | 'high'): void {
    this.code.get(this.ip);
    if (part === 'all') this.code.load('i64', RECORD_IMM);
    else this.code.load('i32', part === 'low' ? RECORD_IMM : RECORD_IMM + 4);
  }

  condition(mask: Expr): void {
    emitExpr(mask, this);
    emitNzcv(this);
    this.code.op('i32.shr_u').i32(1).op('i32.and');
  }

  context(address: number): void {
    if (address === CTX_DATA || address === CTX_UNPRIV) this.code.i32(0).load('i64', address);
    else this.code.i32(0).load('i32', address).i32(TLB_ENTRY_BITS).op('i32.shl');
  }

  arms(_statement: unknown, yes: () => void, no: (() => void) | undefined): void {
    emitArms(this.scope, yes, no);
  }

  called(): void {}

  lastPage(): undefined {
    return undefined;
  }

  fpLimit(type: 'i32' | 'i64'): void {
    emitFpLimit(type, this, () => emitFpPlain(this));
  }

  beforeAccess(): number {
    return 0;
  }

  pc(): void {
    this.code.i32(0).load('i64', FETCH_PAGE);
    this.code.get(this.ip).i32(0).load('i32', FETCH_RECORDS).op('i32.sub').i32(2).op('i32.shr_u');
    this.code.op('i64.extend_i32_u').op('i64.add');
  }

  flag(name: 'n' | 'z' | 'c' | 'v'): void {
    const code = this.code;
    switch (name) {
      case 'n':
        this.pushFlag(FLAG_N);
        code.i64(0n).op('i64.lt_s');
        return;
      case 'z':
        this.pushFlag(FLAG_Z);
        code.op('i64.eqz');
        return;
      case 'c':
        this.pushFlag(FLAG_C);
        return;
      case 'v':
        this.pushFlag(FLAG_V);
        code.i64(0n).op('i64.lt_s');
        return;
    }
  }

  holds(condition: number): void {
    const code = this.code;
    const signsDiffer = () => {
      this.pushFlag(FLAG_N);
      this.pushFlag(FLAG_V);
      code.op('i64.xor').i64(0n).op('i64.lt_s');
    };
    switch (condition >> 1) {
      case 0:
        this.flag('z');
        break;
      case 1:
        this.flag('c');
        break;
      case 2:
        this.flag('n');
        break;
      case 3:
        this.flag('v');
        break;
      case 4:
        this.flag('c');
        this.pushFlag(FLAG_Z);
        code.i64(0n).op('i64.ne').op('i32.and');
        break;
      case 5:
        signsDiffer();
        code.op('i32.eqz');
        break;
      case 6:
        signsDiffer();
        code.op('i32.eqz');
        this.pushFlag(FLAG_Z);
        code.i64(0n).op('i64.ne').op('i32.and');
        break;
      default:
        throw new Error(`Condition code ${condition} always holds: its handler must not ask.`);
    }
    if (condition & 1) code.op('i32.eqz');
  }

  setFlags(kind: FlagKind, a: number, b: number): void {
    const code = this.code;
    const wide = kind.endsWith('64');
    const type = wide ? 'i64' : 'i32';
    const widen = () => (wide ? code : code.op('i64.extend_i32_s'));
    if (kind.startsWith('logic')) {
      for (const address of [FLAG_N, FLAG_Z]) {
        this.setFlag(address, () => {
          code.get(a);
          widen();
        });
      }
      this.setFlag(FLAG_C, () => code.i32(0));
      this.setFlag(FLAG_V, () => code.i64(0n));
      return;
    }
    const subtract = kind.startsWith('sub');
    const result = this.scratch(type, 4);
    code
      .get(a)
      .get(b)
      .op(`${type}.${subtract ? 'sub' : 'add'}`)
      .set(result);
    for (const address of [FLAG_N, FLAG_Z]) {
      this.setFlag(address, () => {
        code.get(result);
        widen();
      });
    }
    this.setFlag(FLAG_C, () => {
      if (subtract) code.get(a).get(b).op(`${type}.ge_u`);
      else code.get(result).get(a).op(`${type}.lt_u`);
    });
    // Overflow: for a sum both operands differ in sign from the result, for a difference a does and b differs from a.
    this.setFlag(FLAG_V, () => {
      code
        .get(a)
        .get(subtract ? b : result)
        .op(`${type}.xor`);
      code
        .get(subtract ? a : b)
        .get(result)
        .op(`${type}.xor`)
        .op(`${type}.and`);
      widen();
    });
  }

  setNzcv(value: number): void {
    const code = this.code;
    this.setFlag(FLAG_N, () => code.get(value).op('i64.extend_i32_u').i64(60n).op('i64.shl'));
    this.setFlag(FLAG_Z, () => code.get(value).i32(4).op('i32.and').op('i32.eqz').op('i64.extend_i32_u'));
    this.setFlag(FLAG_C, () => code.get(value).i32(1).op('i32.shr_u').i32(1).op('i32.and'));
    this.setFlag(FLAG_V, () => code.get(value).op('i64.extend_i32_u').i64(63n).op('i64.shl'));
  }

  local(temporary: Local): number {
    return this.pool.of(temporary);
  }

  scratch(type: Type, index: number): number {
    return this.pool.scratch(type, index);
  }

  import(name: string, args: readonly Type[], result: Type | undefined): number {
    return this.imports.get(name, args, result);
  }
}

/** A rare handler: returns 0 when it is done and 1 after an abort. Flags are in memory. */
export class FunctionEnvironment extends RecordEnvironment {
  readonly leavesOnMiss = false;
  readonly costs = false;
  readonly ip = 0;
  protected readonly pool: LocalPool = new LocalPool(1);

  protected pushFlag(address: number): void {
    this.code.i32(0).load(address === FLAG_C ? 'i32' : 'i64', address);
  }

  protected setFlag(address: number, value: () => void): void {
    this.code.i32(0);
    value();
    this.code.store(address === FLAG_C ? 'i32' : 'i64', address);
  }

  miss(): never {
    throw new Error('A function calls the core when the TLB misses.');
  }

  abort(): void {
    this.code.i32(1).return();
  }

  callOut(fn: string): never {
    throw new Error(`A handler that calls out to ${fn} has to be inline.`);
  }

  remaining(): never {
    throw new Error('A handler that asks for the instructions left has to be inline.');
  }

  branch(): never {
    throw new Error('A handler that branches has to be inline.');
  }

  branchTo(): never {
    throw new Error('A handler that branches has to be inline.');
  }

  /** The handler has one access, so that a device may be accessed before the instruction begins anew. */
  #alone = false;

  override beforeAccess(): number {
    return this.#alone ? MODE_ALONE : 0;
  }

  emit(body: readonly Stmt[]): { code: Scope['code']; locals: readonly Type[] } {
    this.#alone = accessesOf(body) === 1;
    emitAll(body, this);
    this.code.i32(0).end();
    return { code: this.code, locals: this.pool.types };
  }
}

// Locals of the main function.
const IP = 0;
const END = 1;
const RESULT = 2;
const LOCAL_C = 3;
const LOCAL_N = 4;
const LOCAL_Z = 5;
const LOCAL_V = 6;
const OP = 7;
const FIXED_LOCALS: readonly Type[] = ['i32', 'i32', 'i32', 'i32', 'i64', 'i64', 'i64', 'i32'];
const flagLocals = new Map([
  [FLAG_C, LOCAL_C],
  [FLAG_N, LOCAL_N],
  [FLAG_Z, LOCAL_Z],
  [FLAG_V, LOCAL_V],
]);

class MainEnvironment extends RecordEnvironment {
  readonly ip = IP;
  readonly pool = new LocalPool(FIXED_LOCALS.length);
  far = false;

  constructor(
    imports: Imports,
    readonly form: InterpreterForm,
  ) {
    super(imports);
  }

  get checked(): boolean {
    return this.form.checked;
  }

  get costs(): boolean {
    return this.form.costs ?? false;
  }

  /** A form that runs a few instructions at a time is not worth the seconds that V8 optimises a large function for. */
  get inlinesFrequent(): boolean {
    return !this.checked || this.costs;
  }

  /** Adds what the instruction of OP costs to the modelled cycles, or takes it off them when it is not done after all. */
  chargeOp(sign: 'add' | 'sub' = 'add'): void {
    if (!this.costs) return;
    const code = this.code;
    code.i32(0).i32(0).load('f64', CYCLES);
    code.get(OP).i32(3).op('i32.shl').load('f64', OP_COSTS);
    code.op(`f64.${sign}`).store('f64', CYCLES);
  }

  protected pushFlag(address: number): void {
    this.code.get(flagLocals.get(address) as number);
  }

  protected setFlag(address: number, value: () => void): void {
    value();
    this.code.set(flagLocals.get(address) as number);
  }

  saveFlags(): void {
    for (const [address, number] of flagLocals)
      this.code
        .i32(0)
        .get(number)
        .store(address === FLAG_C ? 'i32' : 'i64', address);
  }

  loadFlags(): void {
    for (const [address, number] of flagLocals)
      this.code
        .i32(0)
        .load(address === FLAG_C ? 'i32' : 'i64', address)
        .set(number);
  }

  savePc(): void {
    this.code.i32(0);
    this.pc();
    this.code.store('i64', PC);
  }

  exit(reason: number): void {
    this.code.i32(reason).set(RESULT);
    this.scope.br('exit');
  }

  /** Takes `records` of the present straight run off `end`: so many instructions count. */
  count(records: number): void {
    this.code
      .get(END)
      .i32(records * RECORD_BYTES)
      .op('i32.sub')
      .set(END);
  }

  next(): void {
    this.code.get(IP).i32(RECORD_BYTES).op('i32.add').set(IP);
    this.scope.br('next');
  }

  /** Where the handler's function is called: it does all of the instruction. */
  group: string | undefined;

  /** A call in the midst of a handler would cost each access that the TLB answers: V8 saves all registers ahead of it. */
  get leavesOnMiss(): boolean {
    return this.group !== undefined;
  }

  miss(): void {
    if (this.group !== undefined) this.scope.br(this.group);
  }

  abort(): void {
    this.scope.br('abort');
  }

  /** Instructions left, this one included. */
  saveRemaining(): void {
    this.code.i32(0).get(END).get(IP).op('i32.sub').i32(4).op('i32.shr_s').store('i32', REMAINING);
  }

  /** For a device that the instruction accesses, which asks for the time, and the core, which asks for its base register. */
  saveInstruction(): void {
    this.saveRemaining();
    this.code.i32(0).get(IP).store('i32', RECORD);
  }

  remaining(): void {
    this.code.get(END).get(IP).op('i32.sub').i32(RECORD_BYTES).op('i32.sub').i32(4).op('i32.shr_s');
  }

  /** State to memory, the call, flags back. Leaves its result in RESULT. */
  call(fn: string): void {
    this.saveFlags();
    this.savePc();
    this.saveRemaining();
    const code = this.code;
    code.i32(0).get(IP).store('i32', RECORD);
    code
      .get(IP)
      .call(this.import(fn, ['i32'], 'i32'))
      .set(RESULT);
    this.loadFlags();
  }

  callOut(fn: string): void {
    this.call(fn);
    this.code.get(RESULT);
    this.scope.brIf('called');
    this.next();
  }

  branch(link: boolean): void {
    const code = this.code;
    if (link) this.#link();
    if (this.far) {
      code.i32(0);
      this.pc();
      this.immediate('all');
      code.op('i64.add').store('i64', PC);
      this.count(1);
      this.scope.br('enter');
      return;
    }
    const distance = this.scratch('i32', 0);
    this.immediate('low');
    code.i32(2).op('i32.shl').set(distance);
    code.get(IP).get(distance).op('i32.add').set(IP);
    code.get(END).get(distance).op('i32.add').i32(RECORD_BYTES).op('i32.sub').set(END);
    if (!this.checked) {
      code.get(END).get(IP).op('i32.sub').i32(PAGE_MARGIN).op('i32.lt_s');
      this.scope.if();
      this.savePc();
      this.exit(EXIT_BUDGET);
      this.scope.end();
    }
    emitHeat(this);
    this.scope.br('next');
  }

  branchTo(target: () => void, link: boolean): void {
    const to = this.scratch('i64', 0);
    target();
    this.code.set(to);
    if (link) this.#link();
    this.code.i32(0).get(to).store('i64', PC);
    this.count(1);
    this.scope.br('enter');
  }

  #link(): void {
    this.code.i32(0);
    this.pc();
    this.code
      .i64(4n)
      .op('i64.add')
      .store('i64', X + 30 * 8);
  }

  requireFp(): void {
    this.code.i32(0).load('i32', FP_ENABLED).op('i32.eqz');
    this.scope.if();
    this.call(CALL_FP);
    this.code.get(RESULT);
    this.scope.brIf('called');
    this.chargeOp('sub');
    this.scope.br('next'); // enabled by now: the same record again
    this.scope.end();
  }
}

export interface InterpreterForm {
  /** Compares before each instruction, and may access devices. */
  readonly checked: boolean;
  /** Branches to a place after which it is EXIT_HOT; undefined where nobody compiles. */
  readonly heat?: number | undefined;
  /** Counts modelled cycles, and ends the slice at CYCLES_END. For a checked form. */
  readonly costs?: boolean;
}

/**
 * The binary of an interpreter; it exports for each form a function of its name, `(): i32`, which returns an EXIT_* reason,
 * and the table `functions`. From `firstRegion` on that has room for compiled regions, which take the address of an entry
 * and return REGION_*.
 */
export function generateInterpreter(
  handlers: Handlers,
  forms: Readonly<Record<string, InterpreterForm>>,
): { bytes: Uint8Array<ArrayBuffer>; imports: readonly string[]; numbers: HandlerNumbers; firstRegion: number } {
  const { ops, numbers } = planOps(handlers);
  const { firstFunction } = numbers;
  const module = new ModuleBuilder();
  const imports = new Imports(module);
  module.importMemory('env', 'memory');
  const functionType = module.type(['i32'], ['i32']);
  const bodies = ops.slice(firstFunction - OP_FIRST).map(o => new FunctionEnvironment(imports).emit(o.handler.body));
  const plan = { ops, firstFunction, functionType, firstRegion: bodies.length };
  const mains = Object.entries(forms).map(([exported, form]) => ({
    exported,
    ...emitMain(plan, new MainEnvironment(imports, form)),
  }));
  const compiles = Object.values(forms).some(form => form.heat);
  module.table(bodies.length + (compiles ? REGIONS_MAX : 0), 'functions');
  const indices = bodies.map(body => module.function({ type: functionType, ...body }));
  module.elements(0, indices);
  for (const main of mains) module.function({ type: module.type([], ['i32']), ...main });
  return { bytes: module.build(), imports: imports.names, numbers, firstRegion: bodies.length };
}

/** What all forms have in common. */
interface Plan {
  readonly ops: readonly Op[];
  readonly firstFunction: number;
  readonly functionType: number;
  readonly firstRegion: number;
}

function emitMain(plan: Plan, env: MainEnvironment) {
  const { scope } = env;
  const code = scope.code;
  env.loadFlags();
  code.i32(0).load('i32', REMAINING).i32(4).op('i32.shl').set(END); // ip is 0 so far
  scope.block('exit').loop('enter').block('called').block('abort');
  emitEnter(env);
  emitHeat(env);
  scope.loop('next');
  if (env.checked) emitCheck(env);
  emitDispatch(plan, env);
  scope.end();
  code.unreachable();
  scope.end(); // abort
  emitAbort(env, () => env.savePc());
  scope.end(); // called
  emitCalled(env);
  scope.end(); // enter
  code.unreachable();
  scope.end(); // exit
  env.saveFlags();
  env.saveRemaining();
  code.get(RESULT).end();
  return { code, locals: [...FIXED_LOCALS, ...env.pool.types] };
}

/**
 * From PC to the records of its page. Where control did not come by a jump the ITLB has that page, so that to begin here
 * anew has no effect: see changed() in core/calls.ts.
 */
function emitEnter(env: MainEnvironment): void {
  const { scope } = env;
  const code = scope.code;
  const target = env.scratch('i64', 0);
  const entry = env.scratch('i32', 0);
  const records = env.scratch('i32', 1);
  const ip = env.scratch('i32', 2);
  if (!env.checked) {
    // Ahead of the fetch, whose effects belong to the instruction.
    code.get(END).get(IP).op('i32.sub').i32(PAGE_MARGIN).op('i32.lt_s');
    scope.if();
    env.exit(EXIT_BUDGET);
    scope.end();
  }
  code.i32(0).load('i64', PC).tee(target);
  code.i64(12n).op('i64.shr_u').op('i32.wrap_i64').i32(0).load('i32', CTX_FETCH_HASH).op('i32.xor');
  code
    .i32(ITLB_ENTRIES - 1)
    .op('i32.and')
    .i32(4)
    .op('i32.shl')
    .tee(entry)
    .load('i64', ITLB);
  code.get(target).i64(-4096n).op('i64.and').i32(0).load('i64', CTX_FETCH).op('i64.or').op('i64.eq');
  code.get(target).i64(3n).op('i64.and').op('i64.eqz').op('i32.and');
  scope.if('i32');
  code.get(entry).load('i32', ITLB + 8);
  scope.else();
  if (env.checked) {
    // The same; and one that aborts counts as an instruction.
    code.get(END).get(IP).op('i32.le_s');
    scope.if();
    env.exit(EXIT_BUDGET);
    scope.end();
  }
  env.saveRemaining();
  code
    .get(target)
    .call(env.import('fetch', ['i64'], 'i32'))
    .tee(records)
    .op('i32.eqz');
  scope.if();
  emitAbort(env, () => {});
  scope.end();
  code.get(records);
  scope.end();
  code.set(records);
  code.i32(0).get(target).i64(-4096n).op('i64.and').store('i64', FETCH_PAGE);
  code.i32(0).get(records).store('i32', FETCH_RECORDS);
  code.get(target).op('i32.wrap_i64').i32(4095).op('i32.and').i32(2).op('i32.shl').get(records).op('i32.add').set(ip);
  code.get(END).get(IP).op('i32.sub').get(ip).op('i32.add').set(END);
  code.get(ip).set(IP);
  env.pool.release();
}

function emitCheck(env: MainEnvironment): void {
  const { scope } = env;
  const code = scope.code;
  code.get(IP).get(END).op('i32.ge_s').i32(0).load('i32', EXIT_REQUEST).op('i32.or');
  if (env.costs) {
    code.i32(0).load('f64', CYCLES).i32(0).load('f64', CYCLES_END);
    code.op('f64.ge').op('i32.or');
  }
  scope.if();
  env.savePc();
  code.i32(EXIT_BUDGET).i32(EXIT_LEAVE).get(IP).get(END).op('i32.ge_s').select().set(RESULT);
  scope.br('exit');
  scope.end();
  env.saveInstruction();
}

/** Handlers outside of the main function, by what has to be done around the call. */
const GROUPS = [
  { label: 'function', fp: false, usesFlags: false },
  { label: 'function with flags', fp: false, usesFlags: true },
  { label: 'FP function', fp: true, usesFlags: false },
  { label: 'FP function with flags', fp: true, usesFlags: true },
] as const;

function emitDispatch({ ops, firstFunction, functionType, firstRegion }: Plan, env: MainEnvironment): void {
  const { scope } = env;
  const code = scope.code;
  const inline: { op: Op; label: string; group: string | undefined }[] = [];
  const targets = [...OWN_OPS];
  for (const [index, op] of ops.entries()) {
    const { fp = false } = op.handler;
    const isFunction = index + OP_FIRST >= firstFunction;
    const group = isFunction ? GROUPS[(fp ? 2 : 0) + (op.usesFlags ? 1 : 0)].label : undefined;
    if (!group || (env.inlinesFrequent && frequent.has(op.name))) {
      const label = `${op.name}${op.far ? ' far' : ''}`;
      inline.push({ op, label, group });
      targets.push(label);
    } else {
      targets.push(group);
    }
  }
  const labels = [...OWN_OPS, ...inline.map(({ label }) => label), ...GROUPS.map(({ label }) => label)];
  for (const label of [...labels].reverse()) scope.block(label);
  const dispatch = (otherwise: string) =>
    code.brTable(
      targets.map(label => scope.depth(label)),
      scope.depth(otherwise),
    );
  scope.block('compiled');
  code.get(IP).load('i32', 0, 2);
  if (env.costs) {
    code.set(OP);
    env.chargeOp();
    code.get(OP);
  } else {
    code.tee(OP);
  }
  dispatch('compiled');
  scope.end();
  if (env.form.heat) emitRegionCall(env, functionType, firstRegion);
  code.get(OP).i32(OP_COMPILED).op('i32.ge_u');
  scope.if();
  emitEntryAddress(code)
    .load('i32', COMPILED_ENTRIES + COMPILED_OP, 2)
    .set(OP);
  scope.end();
  code.get(OP);
  dispatch('undecoded');

  scope.end();
  code.get(IP).call(env.import(CALL_DECODE, ['i32'], undefined));
  scope.br('next');

  scope.end();
  code.i32(0).i32(0).load('i64', FETCH_PAGE).i64(4096n).op('i64.add').store('i64', PC);
  scope.br('enter');

  scope.end();
  env.savePc();
  env.exit(EXIT_BREAKPOINT);

  for (const { op, group } of inline) {
    scope.end();
    const { handler } = op;
    env.group = group;
    env.far = op.far;
    if (handler.fp) env.requireFp();
    emitAll(handler.body, env);
    const last = handler.body.at(-1);
    const falls =
      !last || !((last.s === 'branch' && !last.when) || last.s === 'branchTo' || (last.s === 'callOut' && !last.when));
    if (falls) env.next();
    env.pool.release();
  }
  for (const group of GROUPS) {
    scope.end();
    if (group.fp) env.requireFp();
    if (group.usesFlags) env.saveFlags();
    // The checked form has it done.
    if (!env.checked) env.saveInstruction();
    code.get(IP).get(OP).i32(firstFunction).op('i32.sub').callIndirect(functionType);
    scope.brIf('abort');
    if (group.usesFlags) env.loadFlags();
    env.next();
  }
}

/** Counts a branch to IP, and leaves for the compiler when there were many. */
function emitHeat(env: MainEnvironment): void {
  const { heat } = env.form;
  if (!heat) return;
  const { scope } = env;
  const code = scope.code;
  const counter = env.scratch('i32', 0);
  const count = env.scratch('i32', 1);
  code
    .get(IP)
    .i32(3)
    .op('i32.shr_u')
    .i32(HEAT_END - HEAT - 2)
    .op('i32.and')
    .tee(counter);
  code.get(counter).load('i32', HEAT, 2).i32(1).op('i32.add').tee(count).store('i32', HEAT, 2);
  code.get(count).i32(heat).op('i32.ge_u');
  scope.if();
  code.get(IP).load('i32', 0, 2).i32(OP_COMPILED).op('i32.lt_u');
  scope.if();
  env.savePc();
  env.exit(EXIT_HOT);
  scope.end();
  scope.end();
}

/** Runs the region that is entered at IP. Falls through with OP where the interpreter has to do the instruction at IP. */
function emitRegionCall(env: MainEnvironment, functionType: number, firstRegion: number): void {
  const { scope } = env;
  const code = scope.code;
  emitEntryAddress(code).set(OP);
  code
    .get(END)
    .get(IP)
    .op('i32.sub')
    .i32(4)
    .op('i32.shr_s')
    .get(OP)
    .load('i32', COMPILED_ENTRIES + COMPILED_LIMIT, 2);
  code.op('i32.lt_s');
  scope.if();
  env.savePc();
  env.exit(EXIT_BUDGET);
  scope.end();
  env.saveFlags();
  env.savePc();
  env.saveRemaining();
  scope.loop('again');
  emitContexts(env);
  code
    .get(OP)
    .get(OP)
    .load('i32', COMPILED_ENTRIES + COMPILED_FUNCTION, 2)
    .i32(firstRegion)
    .op('i32.add');
  code.callIndirect(functionType).set(RESULT);
  emitCallForRegion(env);
  emitNextRegion(env);
  scope.end();
  emitSettle(env);
  env.loadFlags();
  emitBudget(env);
  code.get(RESULT).op('i32.eqz');
  scope.brIf('enter');
  // To the record at PC, as 'enter' would get there.
  code.i32(0).load('i32', RECORD).tee(IP).get(END).op('i32.add').set(END);
  code.i32(0).i32(0).load('i64', PC).i64(-4096n).op('i64.and').store('i64', FETCH_PAGE);
  code
    .i32(0)
    .get(IP)
    .i32(0)
    .load('i32', PC)
    .i32(4095)
    .op('i32.and')
    .i32(2)
    .op('i32.shl')
    .op('i32.sub')
    .store('i32', FETCH_RECORDS);
  code.get(RESULT).i32(REGION_ABORT).op('i32.eq');
  scope.brIf('abort');
  code.get(END).get(IP).op('i32.sub').i32(PAGE_MARGIN).op('i32.lt_s');
  scope.if();
  env.exit(EXIT_BUDGET);
  scope.end();
  code.get(IP).load('i32', 0, 2).set(OP);
}

/** Finds the translation contexts if a control has changed: regions load them when they are entered. */
function emitContexts(env: MainEnvironment): void {
  env.scope.code.i32(0).load('i64', CTX_DATA).op('i64.eqz').rarely();
  env.scope.if();
  env.scope.code.call(env.import('enterState', [], undefined));
  env.scope.end();
}

/** Regions leave flags as what they come from, which the next one may have no use for. */
function emitSettle(env: MainEnvironment): void {
  env.scope.code.i32(0).load('i32', LAZY_KIND);
  env.scope.if();
  env.scope.code.call(env.import('settleFlags', [], undefined));
  env.scope.end();
}

/** The call-out that a region ends with, and where it leads: on to RECORD, to PC as REGION_ENTER, or to 'called'. */
function emitCallForRegion(env: MainEnvironment): void {
  const { scope } = env;
  const code = scope.code;
  const label = (name: string) => `for a region: ${name}`;
  const retire = () => code.i32(0).i32(0).load('i32', REMAINING).i32(1).op('i32.sub').store('i32', REMAINING);
  code.get(RESULT).i32(REGION_CALL).op('i32.ge_u');
  scope.if();
  emitSettle(env);
  scope.block('for a region');
  for (const name of [...REGION_CALLS].reverse()) scope.block(label(name));
  const depths = REGION_CALLS.map(name => scope.depth(label(name)));
  code
    .get(RESULT)
    .i32(REGION_CALL)
    .op('i32.sub')
    .brTable(depths.slice(0, -1), depths[depths.length - 1]);
  for (const name of REGION_CALLS) {
    scope.end();
    code
      .i32(0)
      .load('i32', RECORD)
      .call(env.import(name, ['i32'], 'i32'))
      .set(RESULT);
    scope.br('for a region');
  }
  scope.end();
  code.get(RESULT).i32(CALL_JUMP).op('i32.gt_u');
  scope.if();
  env.loadFlags();
  emitBudget(env);
  scope.br('called');
  scope.end();
  retire();
  code.get(RESULT).i32(CALL_NEXT).op('i32.eq');
  scope.if();
  code.i32(0).i32(0).load('i64', PC).i64(4).op('i64.add').store('i64', PC);
  // Within a page nothing is fetched anew: otherwise it would have said CALL_JUMP.
  code.i32(0).load('i32', PC).i32(4095).op('i32.and');
  scope.if();
  code.i32(0).i32(0).load('i32', RECORD).i32(RECORD_BYTES).op('i32.add').store('i32', RECORD);
  code.i32(0).load('i32', RECORD).load('i32', 0, 2).tee(OP).i32(OP_COMPILED).op('i32.ge_u');
  scope.if();
  emitEntryAddress(code)
    .tee(OP)
    .load('i32', COMPILED_ENTRIES + COMPILED_LIMIT, 2)
    .i32(0)
    .load('i32', REMAINING)
    .op('i32.le_s');
  scope.brIf('again');
  scope.end();
  code.i32(REGION_INTERPRET).set(RESULT);
  scope.end();
  scope.else();
  code.i32(REGION_ENTER).set(RESULT);
  scope.end();
  scope.end();
}

/** IP and END from REMAINING, with IP at 0. */
function emitBudget(env: MainEnvironment): void {
  env.scope.code.i32(0).tee(IP).load('i32', REMAINING).i32(4).op('i32.shl').set(END);
}

/** From one region to the next: what 'enter' and the dispatch would do, with the state left in memory. */
function emitNextRegion(env: MainEnvironment): void {
  const { scope } = env;
  const code = scope.code;
  const target = env.scratch('i64', 0);
  const entry = env.scratch('i32', 0);
  code.get(RESULT).op('i32.eqz');
  scope.if();
  code.i32(0).load('i64', PC).tee(target);
  code.i64(12n).op('i64.shr_u').op('i32.wrap_i64').i32(0).load('i32', CTX_FETCH_HASH).op('i32.xor');
  code
    .i32(ITLB_ENTRIES - 1)
    .op('i32.and')
    .i32(4)
    .op('i32.shl')
    .tee(entry)
    .load('i64', ITLB);
  // Of an unaligned address the low bits stay, and differ from every context.
  code.get(target).i64(~0xffcn).op('i64.and').i32(0).load('i64', CTX_FETCH).op('i64.xor').op('i64.eq');
  scope.if();
  code.get(target).op('i32.wrap_i64').i32(4092).op('i32.and').i32(2).op('i32.shl');
  code
    .get(entry)
    .load('i32', ITLB + 8)
    .op('i32.add')
    .load('i32', 0, 2)
    .tee(OP)
    .i32(OP_COMPILED)
    .op('i32.ge_u');
  scope.if();
  emitEntryAddress(code)
    .tee(OP)
    .load('i32', COMPILED_ENTRIES + COMPILED_LIMIT, 2)
    .i32(0)
    .load('i32', REMAINING)
    .op('i32.le_s');
  scope.brIf('again');
  scope.end();
  scope.end();
  scope.end();
}

/** Pushes the address of the entry whose OP_COMPILED number is in OP. */
function emitEntryAddress(code: Scope['code']): Scope['code'] {
  return code
    .get(OP)
    .i32(COMPILED_ENTRIES_MAX - 1)
    .op('i32.and')
    .i32(4)
    .op('i32.shl');
}

/** Takes the abort that the core has recorded, or leaves for a device access. */
function emitAbort(env: MainEnvironment, savePc: () => void): void {
  const { scope } = env;
  const code = scope.code;
  env.saveFlags();
  savePc();
  env.saveRemaining();
  code.i32(0).load('i32', FAULT_FLAGS).i32(FAULT_DEVICE).op('i32.and');
  scope.if();
  env.exit(EXIT_DEVICE);
  scope.end();
  code.i32(0).get(IP).store('i32', RECORD);
  code.i32(0).load('i32', FAULT_FLAGS).i32(FAULT_STAGE2).op('i32.and');
  scope.if();
  code.get(IP).call(env.import('abortSyndrome', ['i32'], undefined));
  scope.end();
  code
    .i32(0)
    .load('i64', PC)
    .call(env.import('takeAbort', ['i64'], undefined));
  env.loadFlags();
  env.count(1);
  code.i32(0).load('i32', EXIT_REQUEST);
  scope.if();
  env.exit(EXIT_LEAVE);
  scope.end();
  // A handler that cannot be fetched aborts again and again, and never gets to a check of the budget.
  code
    .get(END)
    .get(IP)
    .op('i32.sub')
    .i32(env.checked ? RECORD_BYTES : PAGE_MARGIN)
    .op('i32.lt_s');
  scope.if();
  env.exit(EXIT_BUDGET);
  scope.end();
  scope.br('enter');
}

/** After a call-out that did not say CALL_NEXT. */
function emitCalled(env: MainEnvironment): void {
  const { scope } = env;
  const code = scope.code;
  // CALL_REFUSE: nothing counts, PC is at the instruction.
  code.get(RESULT).i32(CALL_REFUSE).op('i32.eq');
  scope.if();
  env.chargeOp('sub');
  env.exit(EXIT_REFUSED);
  scope.end();
  code.get(RESULT).i32(CALL_AGAIN).op('i32.eq');
  scope.if();
  env.chargeOp('sub');
  scope.br('enter');
  scope.end();
  env.count(1);
  code.get(RESULT).i32(CALL_LEAVE).op('i32.eq');
  scope.if();
  env.exit(EXIT_LEAVE);
  scope.end();
  scope.br('enter');
}
