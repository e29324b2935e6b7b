/**
 * Statements and expressions to WebAssembly. What differs between the interpreter (operands read from the record)
 * and compiled code (constant operands, registers in locals) is behind `Environment`.
 */

import { ALIGNED, type Expr, type FlagKind, type Local, type Operand, type Stmt, UNPRIVILEGED } from './ir.ts';
import {
  BOUNCE,
  CTX_DATA,
  CTX_DATA_HASH,
  CTX_UNPRIV,
  CTX_UNPRIV_HASH,
  FPCR,
  FPSR,
  TLB,
  TLB_ADDEND,
  TLB_ENTRIES,
  TLB_ENTRY_BITS,
  TLB_READ,
  TLB_WRITE,
} from './layout.ts';
import type { Scope } from './scope.ts';
import type { Type } from './wasm/opcodes.ts';

/** Locals: number of a virtual page, which no page has while there is none, and TLB_ADDEND of its entry. */
export interface LastPage {
  readonly number: number;
  readonly addend: number;
}

export interface Environment {
  readonly scope: Scope;
  /**
   * An access that the TLB does not answer leaves by `miss` for somebody who begins the instruction anew, instead of
   * calling the core in the midst of it.
   */
  readonly leavesOnMiss: boolean;
  miss(): void;
  /** Locals for the page that the present instruction has accessed last through its base; undefined for none. */
  lastPage(tag: number): LastPage | undefined;
  /** The host rounds `relaxed_madd` once. */
  readonly fuses: boolean;
  /** Modelled cycles are counted. */
  readonly costs: boolean;
  /** Pushes a general register. */
  x(operand: Operand): void;
  setX(operand: Operand, value: () => void): void;
  /** Pushes an address; the register's bytes are at `vectorBase` from it. */
  vectorAddress(operand: Operand): void;
  readonly vectorBase: number;
  number(operand: Operand): void;
  immediate(part: 'all' | 'low' | 'high'): void;
  pc(): void;
  /** Pushes how many instructions are left in the slice after this one. */
  remaining(): void;
  /** Pushes what `fpLimit` of ir.ts says. */
  fpLimit(type: 'i32' | 'i64'): void;
  flag(name: 'n' | 'z' | 'c' | 'v'): void;
  holds(code: number): void;
  /** Pushes whether the condition of a mask holds, see `conditionMask`. */
  condition(mask: Expr): void;
  /** Sets the flags of an operation on two locals. */
  setFlags(kind: FlagKind, a: number, b: number): void;
  setNzcv(local: number): void;
  /** Number of the WebAssembly local for a temporary. */
  local(temporary: Local): number;
  /** Locals that one statement uses and gives back. */
  scratch(type: Type, index: number): number;
  /** Index of an imported function. */
  import(name: string, args: readonly Type[], result: Type | undefined): number;
  /** A function of the core has been called by an instruction: it may have changed FPSR. */
  called(): void;
  /** Pushes CTX_DATA, CTX_UNPRIV, or the hash of one in the place of an index of TLB entries. */
  context(address: number): void;
  /** Emits an `if` whose condition is on the stack. */
  arms(statement: Extract<Stmt, { s: 'if' }>, yes: () => void, no: (() => void) | undefined): void;
  /** Before a call for an access that the TLB has not answered: bits of MODE_* that it adds to the mode. */
  beforeAccess(): number;
  /** Goes to the abort that a function of the core has recorded. */
  abort(): void;
  callOut(fn: string): void;
  branch(link: boolean): void;
  branchTo(target: () => void, link: boolean): void;
}

const PAGE_BITS = 12;
const PAGE = -(1 << PAGE_BITS);

export function emitExpr(e: Expr, env: Environment): void {
  const { scope } = env;
  const code = scope.code;
  switch (e.k) {
    case 'const':
      if (e.type === 'i32') code.i32(e.value);
      else code.i64(e.value);
      return;
    case 'vector':
      code.v128(e.low, e.high);
      return;
    case 'op':
      for (const arg of e.args) emitExpr(arg, env);
      code.op(e.name, e.lane);
      return;
    case 'shuffle':
      emitExpr(e.a, env);
      emitExpr(e.b, env);
      code.shuffle(e.lanes);
      return;
    case 'select':
      emitExpr(e.yes, env);
      emitExpr(e.no, env);
      emitExpr(e.condition, env);
      if (e.type === 'v128') code.selectTyped('v128');
      else code.select();
      return;
    case 'if':
      emitExpr(e.condition, env);
      if (e.mostly) code.mostly();
      scope.if(e.type);
      emitExpr(e.yes, env);
      scope.else();
      emitExpr(e.no, env);
      scope.end();
      return;
    case 'x':
      env.x(e.operand);
      return;
    case 'v':
      env.vectorAddress(e.operand);
      code.load(e.type, env.vectorBase + e.offset, e.bytes, e.signed);
      return;
    case 'number':
      env.number(e.operand);
      return;
    case 'imm':
      env.immediate(e.part);
      return;
    case 'local':
      code.get(env.local(e.local));
      return;
    case 'state':
      code.i32(0).load(e.type, e.address, e.bytes);
      return;
    case 'memory':
      emitExpr(e.address, env);
      code.load(e.type, e.offset, e.bytes, e.signed);
      return;
    case 'pc':
      env.pc();
      return;
    case 'remaining':
      env.remaining();
      return;
    case 'fused':
      emitFused(e, env);
      return;
    case 'fpLimit':
      env.fpLimit(e.type);
      return;
    case 'flag':
      env.flag(e.flag);
      return;
    case 'holds':
      env.holds(e.condition);
      return;
    case 'condition':
      env.condition(e.mask);
      return;
    case 'call':
      emitCall(e.fn, e.args, e.type, env);
      return;
  }
}

function emitFused(e: Extract<Expr, { k: 'fused' }>, env: Environment): void {
  const { code } = env.scope;
  const isVector = e.type === 'v128';
  if (!env.fuses) {
    if (isVector) code.v128(-1n, -1n);
    else if (e.type === 'f64') code.i64(-1n).op('f64.reinterpret_i64');
    else code.i32(-1).op('f32.reinterpret_i32');
    return;
  }
  for (const arg of e.args) {
    emitExpr(arg, env);
    if (!isVector) code.op(`${e.shape}.splat`);
  }
  code.op(`${e.shape}.relaxed_madd`);
  if (!isVector) code.op(`${e.shape}.extract_lane`, 0);
}

/** Pushes NZCV as an i32 in bits 3:0. */
export function emitNzcv(env: Environment): void {
  const code = env.scope.code;
  env.flag('n');
  code.i32(3).op('i32.shl');
  env.flag('z');
  code.i32(2).op('i32.shl').op('i32.or');
  env.flag('c');
  code.i32(1).op('i32.shl').op('i32.or');
  env.flag('v');
  code.op('i32.or');
}

function emitCall(fn: string, args: readonly Expr[], result: Type | undefined, env: Environment): void {
  for (const arg of args) emitExpr(arg, env);
  env.scope.code.call(
    env.import(
      fn,
      args.map(arg => arg.type),
      result,
    ),
  );
  env.called();
}

// FPCR.{RMode, FZ}, and FPSR.IXC which follows in memory.
const FAR_FROM_PLAIN = (3n << 22n) | (1n << 24n);
const INEXACT = 1n << (4n + BigInt(FPSR - FPCR) * 8n);
/** Biased exponents from 2 to two below that of infinity, as `fpLimit` of ir.ts counts. */
const FP_LIMIT = { i32: 252 << 24, i64: 2044n << 53n };

/** Pushes whether FP arithmetic is as WebAssembly's: rounding to nearest, nothing flushed, inexact signalled before. */
export function emitFpPlain({ scope: { code } }: Environment): void {
  code
    .i32(0)
    .load('i64', FPCR)
    .i64(FAR_FROM_PLAIN | INEXACT)
    .op('i64.and')
    .i64(INEXACT)
    .op('i64.eq');
}

/** Pushes the limit of ordinary results where the i32 on the stack is not 0. */
export function emitFpLimit(type: 'i32' | 'i64', env: Environment, pushPlain: () => void): void {
  const { code } = env.scope;
  if (type === 'i32') code.i32(FP_LIMIT.i32).i32(0);
  else code.i64(FP_LIMIT.i64).i64(0n);
  pushPlain();
  code.select();
}

export function emitAll(body: readonly Stmt[], env: Environment): void {
  for (const statement of body) emitStmt(statement, env);
}

export function emitStmt(s: Stmt, env: Environment): void {
  const { scope } = env;
  const code = scope.code;
  switch (s.s) {
    case 'let':
      emitExpr(s.value, env);
      code.set(env.local(s.local));
      return;
    case 'setX':
      env.setX(s.operand, () => emitExpr(s.value, env));
      return;
    case 'setV':
      env.vectorAddress(s.operand);
      emitExpr(s.value, env);
      code.store(s.value.type, env.vectorBase + s.offset, s.bytes);
      return;
    case 'setState':
      code.i32(0);
      emitExpr(s.value, env);
      code.store(s.value.type, s.address, s.bytes);
      return;
    case 'setMemory':
      emitExpr(s.address, env);
      emitExpr(s.value, env);
      code.store(s.value.type, s.offset, s.bytes);
      return;
    case 'flags': {
      const type = s.kind.endsWith('64') ? 'i64' : 'i32';
      const [a, b] = [env.scratch(type, 0), env.scratch(type, 1)];
      emitExpr(s.a, env);
      code.set(a);
      emitExpr(s.b, env);
      code.set(b);
      env.setFlags(s.kind, a, b);
      return;
    }
    case 'nzcv': {
      const value = env.scratch('i32', 0);
      emitExpr(s.value, env);
      code.set(value);
      env.setNzcv(value);
      return;
    }
    case 'load':
      emitLoad(s, env);
      return;
    case 'store':
      emitStore(s, env);
      return;
    case 'if':
      emitExpr(s.condition, env);
      if (s.rarely) code.rarely();
      env.arms(s, () => emitAll(s.yes, env), s.no.length ? () => emitAll(s.no, env) : undefined);
      return;
    case 'do':
      emitCall(s.fn, s.args, undefined, env);
      return;
    case 'charge':
      if (!env.costs) return;
      code.i32(0).i32(0).load('f64', s.to);
      emitExpr(s.amount, env);
      code.op('f64.add').store('f64', s.to);
      return;
    case 'orAbort':
      emitExpr(s.done, env);
      code.op('i32.eqz');
      scope.if();
      env.abort();
      scope.end();
      return;
    case 'callOut':
      if (s.when) {
        emitExpr(s.when, env);
        scope.if();
        env.callOut(s.fn);
        scope.end();
      } else {
        env.callOut(s.fn);
      }
      return;
    case 'branch':
      if (s.when) {
        emitExpr(s.when, env);
        scope.if();
        env.branch(s.link);
        scope.end();
      } else {
        env.branch(s.link);
      }
      return;
    case 'branchTo':
      env.branchTo(() => emitExpr(s.target, env), s.link);
      return;
  }
}

/** Leaves the VA in scratch i64 2, the TLB entry in scratch i32 2, and pushes whether the entry allows the access. */
function emitTlbCompare(
  env: Environment,
  pushAddress: () => void,
  bytes: number,
  mode: number,
  tag: number,
): { va: number; entry: number } {
  const code = env.scope.code;
  const va = env.scratch('i64', 2);
  const entry = env.scratch('i32', 2);
  const unprivileged = (mode & UNPRIVILEGED) !== 0;
  pushAddress();
  // Bits of the page number lie within 32, and go to their place in the index at once.
  code
    .tee(va)
    .op('i32.wrap_i64')
    .i32(PAGE_BITS - TLB_ENTRY_BITS)
    .op('i32.shr_u');
  env.context(unprivileged ? CTX_UNPRIV_HASH : CTX_DATA_HASH);
  code
    .op('i32.xor')
    .i32((TLB_ENTRIES - 1) << TLB_ENTRY_BITS)
    .op('i32.and')
    .tee(entry)
    .load('i64', TLB + tag);
  code.get(va);
  // The low bits of an address that has to be aligned stay: with them it names another context, whose tag of this page is
  // elsewhere, since hashes of ids that differ in such bits differ.
  const aligned = mode & ALIGNED ? bytes - 1 : 0;
  if (bytes > 1 && !aligned) code.i64(bytes - 1).op('i64.add');
  code.i64(PAGE | aligned).op('i64.and');
  env.context(unprivileged ? CTX_UNPRIV : CTX_DATA);
  code.op(aligned ? 'i64.xor' : 'i64.or').op('i64.eq');
  return { va, entry };
}

function emitLeaveOnMiss(env: Environment): void {
  env.scope.code.op('i32.eqz').rarely();
  env.scope.if();
  env.miss();
  env.scope.end();
}

/** Pushes where in the engine's memory an access goes that the TLB has answered. */
function emitHostAddress(env: Environment, va: number, entry: number): void {
  env.scope.code
    .get(va)
    .op('i32.wrap_i64')
    .get(entry)
    .load('i32', TLB + TLB_ADDEND)
    .op('i32.add');
}

/** Pushes where in the engine's memory an access goes; leaves if neither the last page nor the TLB tells. */
function emitTranslation(env: Environment, s: Extract<Stmt, { s: 'load' | 'store' }>, tag: number): void {
  const { scope } = env;
  const { code } = scope;
  const page = s.mode & UNPRIVILEGED ? undefined : env.lastPage(tag);
  if (!page) {
    const { va, entry } = emitTlbCompare(env, () => emitExpr(s.address, env), s.bytes, s.mode, tag);
    emitLeaveOnMiss(env);
    emitHostAddress(env, va, entry);
    return;
  }
  const address = env.scratch('i64', 2);
  emitExpr(s.address, env);
  code.set(address);
  scope.block('translated');
  // An unaligned address, which may reach into the next page, has bits above those of any number.
  const size = Math.log2(s.bytes);
  code.get(address);
  if (size) code.i64(size).op('i64.rotr');
  code
    .i64(PAGE_BITS - size)
    .op('i64.shr_u')
    .get(page.number)
    .op('i64.eq')
    .mostly();
  scope.brIf('translated');
  const { va, entry } = emitTlbCompare(env, () => code.get(address), s.bytes, s.mode, tag);
  emitLeaveOnMiss(env);
  code.get(va).i64(PAGE_BITS).op('i64.shr_u').set(page.number);
  code
    .get(entry)
    .load('i32', TLB + TLB_ADDEND)
    .set(page.addend);
  scope.end();
  code.get(address).op('i32.wrap_i64').get(page.addend).op('i32.add');
}

function emitLoad(s: Extract<Stmt, { s: 'load' }>, env: Environment): void {
  const { scope } = env;
  const code = scope.code;
  if (env.leavesOnMiss) {
    emitTranslation(env, s, TLB_READ);
    code.load(s.local.type, 0, s.bytes, s.signed).set(env.local(s.local));
    return;
  }
  const { va, entry } = emitTlbCompare(env, () => emitExpr(s.address, env), s.bytes, s.mode, TLB_READ);
  const host = env.scratch('i32', 2);
  scope.if('i32');
  emitHostAddress(env, va, entry);
  scope.else();
  const mode = s.mode | env.beforeAccess();
  code
    .get(va)
    .i32(s.bytes)
    .i32(mode)
    .call(env.import('loadSlow', ['i64', 'i32', 'i32'], 'i32'))
    .tee(host)
    .op('i32.eqz');
  scope.if();
  env.abort();
  scope.end();
  code.get(host);
  scope.end();
  code.load(s.local.type, 0, s.bytes, s.signed).set(env.local(s.local));
}

function emitStore(s: Extract<Stmt, { s: 'store' }>, env: Environment): void {
  const { scope } = env;
  const code = scope.code;
  const type = s.value.type;
  const value = env.scratch(type, 3);
  emitExpr(s.value, env);
  code.set(value);
  if (env.leavesOnMiss) {
    emitTranslation(env, s, TLB_WRITE);
    code.get(value).store(type, 0, s.bytes);
    return;
  }
  const { va, entry } = emitTlbCompare(env, () => emitExpr(s.address, env), s.bytes, s.mode, TLB_WRITE);
  scope.if();
  emitHostAddress(env, va, entry);
  code.get(value).store(type, 0, s.bytes);
  scope.else();
  code.i32(0).get(value).store(type, BOUNCE, s.bytes);
  const mode = s.mode | env.beforeAccess();
  code
    .get(va)
    .i32(s.bytes)
    .i32(mode)
    .call(env.import('storeSlow', ['i64', 'i32', 'i32'], 'i32'))
    .op('i32.eqz');
  scope.if();
  env.abort();
  scope.end();
  scope.end();
}

/** Emits an `if` of which nothing has to be known afterwards. */
export function emitArms(scope: Scope, yes: () => void, no: (() => void) | undefined): void {
  scope.if();
  yes();
  if (no) {
    scope.else();
    no();
  }
  scope.end();
}

/** Loads and stores in statements. */
export function accessesOf(body: readonly Stmt[]): number {
  return body.reduce((sum, s) => {
    if (s.s === 'if') return sum + accessesOf(s.yes) + accessesOf(s.no);
    return sum + (s.s === 'load' || s.s === 'store' ? 1 : 0);
  }, 0);
}

const FLAG_READS: ReadonlySet<unknown> = new Set(['flag', 'holds', 'condition']);
const FLAG_WRITES: ReadonlySet<unknown> = new Set(['flags', 'nzcv']);

/** Whether there is one of some kinds of node. Statements are plain trees, so no other kind has to be known here. */
function has(node: unknown, kinds: ReadonlySet<unknown>): boolean {
  if (Array.isArray(node)) return node.some(item => has(item, kinds));
  if (typeof node !== 'object' || node === null) return false;
  const { k, s } = node as Partial<Expr & Stmt>;
  return kinds.has(k ?? s) || Object.values(node).some(value => typeof value === 'object' && has(value, kinds));
}

/** Whether statements read, or write, the condition flags. */
export const readsFlags = (node: unknown): boolean => has(node, FLAG_READS);
export const writesFlags = (node: unknown): boolean => has(node, FLAG_WRITES);
export const usesFlags = (node: unknown): boolean => readsFlags(node) || writesFlags(node);
