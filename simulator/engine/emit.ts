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
  TLB,
  TLB_ADDEND,
  TLB_ENTRIES,
  TLB_ENTRY_BITS,
  TLB_READ,
  TLB_WRITE,
} from './layout.ts';
import type { Scope } from './scope.ts';
import type { Type } from './wasm/opcodes.ts';

export interface Environment {
  readonly scope: Scope;
  /**
   * An access that the TLB does not answer leaves by `miss` for somebody who begins the instruction anew, instead of
   * calling the core in the midst of it.
   */
  readonly leavesOnMiss: boolean;
  miss(): void;
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
  /** Pushes CTX_DATA, CTX_UNPRIV, or the hash of one in the place of an index of TLB entries. */
  context(address: number): void;
  /** The arms of an `if` begin, or one of them has ended: what is known of the flags has to hold in all of them. */
  joins(): void;
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
}

export function emitAll(body: readonly Stmt[], env: Environment): void {
  for (const statement of body) emitStmt(statement, env);
}

function emitStmt(s: Stmt, env: Environment): void {
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
      env.joins();
      scope.if();
      emitAll(s.yes, env);
      env.joins();
      if (s.no.length) {
        scope.else();
        emitAll(s.no, env);
        env.joins();
      }
      scope.end();
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
  address: Expr,
  bytes: number,
  mode: number,
  tag: number,
): { va: number; entry: number } {
  const code = env.scope.code;
  const va = env.scratch('i64', 2);
  const entry = env.scratch('i32', 2);
  const unprivileged = (mode & UNPRIVILEGED) !== 0;
  emitExpr(address, env);
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
  if (bytes > 1) code.i64(bytes - 1).op('i64.add');
  code.i64(PAGE).op('i64.and');
  env.context(unprivileged ? CTX_UNPRIV : CTX_DATA);
  code.op('i64.or');
  if (mode & ALIGNED && bytes > 1) {
    // An unaligned address differs from every tag.
    code
      .op('i64.xor')
      .get(va)
      .i64(bytes - 1)
      .op('i64.and')
      .op('i64.or')
      .op('i64.eqz');
  } else {
    code.op('i64.eq');
  }
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

function emitLoad(s: Extract<Stmt, { s: 'load' }>, env: Environment): void {
  const { scope } = env;
  const code = scope.code;
  const { va, entry } = emitTlbCompare(env, s.address, s.bytes, s.mode, TLB_READ);
  if (env.leavesOnMiss) {
    emitLeaveOnMiss(env);
    emitHostAddress(env, va, entry);
    code.load(s.local.type, 0, s.bytes, s.signed).set(env.local(s.local));
    return;
  }
  const host = env.scratch('i32', 2);
  scope.if('i32');
  emitHostAddress(env, va, entry);
  scope.else();
  code
    .get(va)
    .i32(s.bytes)
    .i32(s.mode)
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
  const { va, entry } = emitTlbCompare(env, s.address, s.bytes, s.mode, TLB_WRITE);
  if (env.leavesOnMiss) {
    emitLeaveOnMiss(env);
    emitHostAddress(env, va, entry);
    code.get(value).store(type, 0, s.bytes);
    return;
  }
  scope.if();
  emitHostAddress(env, va, entry);
  code.get(value).store(type, 0, s.bytes);
  scope.else();
  code.i32(0).get(value).store(type, BOUNCE, s.bytes);
  code
    .get(va)
    .i32(s.bytes)
    .i32(s.mode)
    .call(env.import('storeSlow', ['i64', 'i32', 'i32'], 'i32'))
    .op('i32.eqz');
  scope.if();
  env.abort();
  scope.end();
  scope.end();
}

const FLAG_NODES: ReadonlySet<unknown> = new Set(['flag', 'holds', 'condition', 'flags', 'nzcv']);

/** Whether statements read or write the condition flags. They are plain trees, so no kind of node has to be known here. */
export function usesFlags(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(usesFlags);
  if (typeof node !== 'object' || node === null) return false;
  const { k, s } = node as Partial<Expr & Stmt>;
  return FLAG_NODES.has(k ?? s) || Object.values(node).some(value => typeof value === 'object' && usesFlags(value));
}
