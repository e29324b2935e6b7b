/**
 * The language that instruction semantics are written in: typed WebAssembly expressions over the operands of a decoded
 * record, and a few statements. The interpreter generates a handler from them with operands read from the record;
 * compiled code uses the same statements with constant operands.
 */

import { opcodes, type Type } from './wasm/opcodes.ts';

export type { Type } from './wasm/opcodes.ts';

/** Register operands of a record. `ra` is a fourth one, kept in the low half of the immediate. */
export type Operand = 'rd' | 'rn' | 'rm' | 'ra';

export interface Local {
  readonly type: Type;
  readonly id: number;
}

export type Expr =
  | { readonly k: 'const'; readonly type: 'i32'; readonly value: number }
  | { readonly k: 'const'; readonly type: 'i64'; readonly value: bigint }
  | { readonly k: 'vector'; readonly type: 'v128'; readonly low: bigint; readonly high: bigint }
  | {
      readonly k: 'op';
      readonly type: Type;
      readonly name: string;
      readonly args: readonly Expr[];
      readonly lane?: number;
    }
  | {
      readonly k: 'shuffle';
      readonly type: 'v128';
      readonly a: Expr;
      readonly b: Expr;
      readonly lanes: readonly number[];
    }
  | { readonly k: 'select'; readonly type: Type; readonly condition: Expr; readonly yes: Expr; readonly no: Expr }
  | {
      readonly k: 'if';
      readonly type: Type;
      readonly condition: Expr;
      readonly yes: Expr;
      readonly no: Expr;
      readonly mostly?: boolean;
    }
  | { readonly k: 'x'; readonly type: 'i64'; readonly operand: Operand }
  | {
      readonly k: 'v';
      readonly type: Type;
      readonly operand: Operand;
      readonly offset: number;
      readonly bytes: number;
      readonly signed: boolean;
    }
  | { readonly k: 'number'; readonly type: 'i32'; readonly operand: Operand }
  | { readonly k: 'imm'; readonly type: 'i32' | 'i64'; readonly part: 'all' | 'low' | 'high' }
  | { readonly k: 'local'; readonly type: Type; readonly local: Local }
  | { readonly k: 'state'; readonly type: Type; readonly address: number; readonly bytes: number }
  | {
      readonly k: 'memory';
      readonly type: Type;
      readonly address: Expr;
      readonly offset: number;
      readonly bytes: number;
      readonly signed: boolean;
    }
  | { readonly k: 'pc'; readonly type: 'i64' }
  | { readonly k: 'remaining'; readonly type: 'i32' }
  | { readonly k: 'fused'; readonly type: Type; readonly shape: 'f32x4' | 'f64x2'; readonly args: readonly Expr[] }
  | { readonly k: 'fpLimit'; readonly type: 'i32' | 'i64' }
  | { readonly k: 'flag'; readonly type: 'i32'; readonly flag: 'n' | 'z' | 'c' | 'v' }
  | { readonly k: 'condition'; readonly type: 'i32'; readonly mask: Expr }
  | { readonly k: 'holds'; readonly type: 'i32'; readonly condition: number }
  | { readonly k: 'call'; readonly type: Type; readonly fn: string; readonly args: readonly Expr[] };

/** How flags come from two operands: N, Z, C and V of `a + b`, of `a - b`, or N and Z of `a` with C and V clear. */
export type FlagKind = 'add32' | 'add64' | 'sub32' | 'sub64' | 'logic32' | 'logic64';

/** Bits of the `mode` of a load or store; the same bits that the core's `loadSlow` and `storeSlow` take. */
export const UNPRIVILEGED = 1;
export const ALIGNED = 2;
/** With ALIGNED: neither exclusive nor atomic, so that SCTLR_ELx.nAA may allow it everywhere. */
export const ACQUIRE = 8;

export type Stmt =
  | { readonly s: 'let'; readonly local: Local; readonly value: Expr }
  | { readonly s: 'setX'; readonly operand: Operand; readonly value: Expr }
  | {
      readonly s: 'setV';
      readonly operand: Operand;
      readonly value: Expr;
      readonly offset: number;
      readonly bytes: number;
    }
  | { readonly s: 'setState'; readonly address: number; readonly value: Expr; readonly bytes: number }
  | {
      readonly s: 'setMemory';
      readonly address: Expr;
      readonly offset: number;
      readonly value: Expr;
      readonly bytes: number;
    }
  | { readonly s: 'flags'; readonly kind: FlagKind; readonly a: Expr; readonly b: Expr }
  | { readonly s: 'nzcv'; readonly value: Expr }
  | {
      readonly s: 'load';
      readonly local: Local;
      readonly address: Expr;
      readonly bytes: number;
      readonly signed: boolean;
      readonly mode: number;
    }
  | { readonly s: 'store'; readonly address: Expr; readonly value: Expr; readonly bytes: number; readonly mode: number }
  | {
      readonly s: 'if';
      readonly condition: Expr;
      readonly yes: readonly Stmt[];
      readonly no: readonly Stmt[];
      readonly rarely?: boolean;
    }
  | { readonly s: 'do'; readonly fn: string; readonly args: readonly Expr[] }
  | { readonly s: 'charge'; readonly to: number; readonly amount: Expr }
  | { readonly s: 'orAbort'; readonly done: Expr }
  | { readonly s: 'callOut'; readonly fn: string; readonly when?: Expr }
  | { readonly s: 'branch'; readonly when?: Expr; readonly link: boolean }
  | { readonly s: 'branchTo'; readonly target: Expr; readonly link: boolean };

// --- Expressions ----------------------------------------------------------------------------------------------------

export const c32 = (value: number): Expr => ({ k: 'const', type: 'i32', value: value | 0 });
export const c64 = (value: bigint | number): Expr => ({ k: 'const', type: 'i64', value: BigInt(value) });
export const vector = (low: bigint, high: bigint): Expr => ({ k: 'vector', type: 'v128', low, high });

/** A WebAssembly instruction by its name in the text format; operand types are checked. */
export function op(name: string, ...args: Expr[]): Expr {
  return lane(name, undefined, ...args);
}

/** A WebAssembly instruction with a lane number. */
export function lane(name: string, number: number | undefined, ...args: Expr[]): Expr {
  const opcode = opcodes.get(name);
  if (!opcode) throw new Error(`WebAssembly has no instruction ${name}, or its row is missing.`);
  const given = args.map(arg => arg.type).join();
  if (given !== opcode.args.join()) throw new Error(`${name} takes ${opcode.args.join()} and was given ${given}.`);
  return { k: 'op', type: opcode.result, name, args, ...(number === undefined ? {} : { lane: number }) };
}

export const shuffle = (a: Expr, b: Expr, lanes: readonly number[]): Expr => ({
  k: 'shuffle',
  type: 'v128',
  a,
  b,
  lanes,
});
/** Both sides are evaluated. */
export const select = (condition: Expr, yes: Expr, no: Expr): Expr => ({
  k: 'select',
  type: yes.type,
  condition,
  yes,
  no,
});
/** Only one side is evaluated. */
export const either = (condition: Expr, yes: Expr, no: Expr): Expr => ({ k: 'if', type: yes.type, condition, yes, no });

/** As `either`, where the condition nearly always holds. */
export const mostly = (condition: Expr, yes: Expr, no: Expr): Expr =>
  ({ ...either(condition, yes, no), mostly: true }) as Expr;

/** A general register, 64 bits. Whether number 31 is SP or XZR was decided when the record was made. */
export const x = (operand: Operand): Expr => ({ k: 'x', type: 'i64', operand });
/** The low 32 bits of a general register. */
export const w = (operand: Operand): Expr => op('i32.wrap_i64', x(operand));
/** A general register at a width of 32 or 64 bits. */
export const r = (width: number, operand: Operand): Expr => (width === 64 ? x(operand) : w(operand));
/** A SIMD register or an element of it: `offset` and `bytes` in bytes. */
export const v = (
  operand: Operand,
  type: Type = 'v128',
  offset = 0,
  bytes = typeBytes[type],
  signed = false,
): Expr => ({ k: 'v', type, operand, offset, bytes, signed });
/** The operand's 16 bits themselves: a number rather than a register. */
export const number = (operand: Operand): Expr => ({ k: 'number', type: 'i32', operand });
/** The immediate: all 64 bits, or as i32 its low or high half. */
export const imm64: Expr = { k: 'imm', type: 'i64', part: 'all' };
export const immLow: Expr = { k: 'imm', type: 'i32', part: 'low' };
export const immHigh: Expr = { k: 'imm', type: 'i32', part: 'high' };
/** Address of this instruction. */
export const pc: Expr = { k: 'pc', type: 'i64' };
/** Instructions left in this slice, without this one. */
export const remaining: Expr = { k: 'remaining', type: 'i32' };
/**
 * A product and a sum with one rounding, of scalars or of vectors; NaN where the host cannot do that, or code has to run
 * on any host.
 */
export const fused = (shape: 'f32x4' | 'f64x2', a: Expr, b: Expr, addend: Expr): Expr => ({
  k: 'fused',
  type: a.type,
  shape,
  args: [a, b, addend],
});
/**
 * How far a result of WebAssembly's FP arithmetic may be from FP_LEAST, as its image shifted left by one, to have the
 * bits and flags that the PE gives: i32 for singles, i64 for doubles. 0 where FPCR asks for more than rounding to
 * nearest, or while inexact has not been signalled.
 */
export const fpLimit = (type: 'i32' | 'i64'): Expr => ({ k: 'fpLimit', type });
export const flag = (name: 'n' | 'z' | 'c' | 'v'): Expr => ({ k: 'flag', type: 'i32', flag: name });
/** 1 if the condition holds whose set of passing NZCV values is the 16-bit mask (see `conditionMask`). */
export const condition = (mask: Expr): Expr => ({ k: 'condition', type: 'i32', mask });
/** 1 if a condition code (0 to 13) holds that is known when the handler is generated. */
export const holds = (code: number): Expr => ({ k: 'holds', type: 'i32', condition: code });
/** A word of the PE's state. */
export const state = (type: Type, address: number, bytes = typeBytes[type]): Expr => ({
  k: 'state',
  type,
  address,
  bytes,
});
/** A load from the engine's own memory (not the guest's). */
export const memory = (type: Type, address: Expr, offset = 0, bytes = typeBytes[type], signed = false): Expr => ({
  k: 'memory',
  type,
  address,
  offset,
  bytes,
  signed,
});
/** A function of the core that touches no flag and cannot abort. */
export const call = (type: Type, fn: string, ...args: Expr[]): Expr => ({ k: 'call', type, fn, args });

let locals = 0;
/** A temporary. It is meaningful inside one handler only. */
export const local = (type: Type): Local => ({ type, id: locals++ });
export const use = (temporary: Local): Expr => ({ k: 'local', type: temporary.type, local: temporary });

export const zeroExtend = (value: Expr): Expr => (value.type === 'i64' ? value : op('i64.extend_i32_u', value));
export const signExtend = (value: Expr): Expr => (value.type === 'i64' ? value : op('i64.extend_i32_s', value));
export const constant = (width: number, value: bigint | number): Expr =>
  width === 64 ? c64(value) : c32(Number(BigInt.asIntN(32, BigInt(value))));
/** `iN.name` at a width of 32 or 64. */
export const arith = (width: number, name: string, ...args: Expr[]): Expr => op(`i${width}.${name}`, ...args);

// --- Statements -----------------------------------------------------------------------------------------------------

/** `const [t, statement] = bind(expr)`: a temporary that holds a value. */
export function bind(value: Expr): [Expr, Stmt] {
  const temporary = local(value.type);
  return [use(temporary), { s: 'let', local: temporary, value }];
}

/** Writes a general register; an i32 is zero-extended. */
export const setX = (operand: Operand, value: Expr): Stmt => ({ s: 'setX', operand, value: zeroExtend(value) });
/** Writes bytes of a SIMD register and leaves the others. */
export const setV = (operand: Operand, value: Expr, offset = 0, bytes = typeBytes[value.type]): Stmt => ({
  s: 'setV',
  operand,
  value,
  offset,
  bytes,
});
/** Writes the low part of a SIMD register and clears the rest, as scalar and 64-bit vector instructions do. */
export function setVZ(operand: Operand, value: Expr, bytes = typeBytes[value.type]): Stmt[] {
  const clear: Stmt[] =
    bytes < 8 ? [setV(operand, c64(0), 0), setV(operand, c64(0), 8)] : bytes === 8 ? [setV(operand, c64(0), 8)] : [];
  // The value may read the register that is cleared, so it is computed first.
  const [result, compute] = bind(value);
  return [compute, ...clear, setV(operand, result, 0, bytes)];
}
export const setState = (address: number, value: Expr, bytes = typeBytes[value.type]): Stmt => ({
  s: 'setState',
  address,
  value,
  bytes,
});
export const setMemory = (address: Expr, value: Expr, offset = 0, bytes = typeBytes[value.type]): Stmt => ({
  s: 'setMemory',
  address,
  offset,
  value,
  bytes,
});
export const flags = (kind: FlagKind, a: Expr, b: Expr): Stmt => ({ s: 'flags', kind, a, b });
/** Sets NZCV from bits 3:0 of an i32. */
export const setNzcv = (value: Expr): Stmt => ({ s: 'nzcv', value });
/** Loads from the guest's memory; aborts by itself. */
export const load = (to: Local, address: Expr, bytes: number, signed = false, mode = 0): Stmt => ({
  s: 'load',
  local: to,
  address,
  bytes,
  signed,
  mode,
});
export const store = (address: Expr, value: Expr, bytes = typeBytes[value.type], mode = 0): Stmt => ({
  s: 'store',
  address,
  value,
  bytes,
  mode,
});
export const when = (condition: Expr, yes: readonly Stmt[], no: readonly Stmt[] = []): Stmt => ({
  s: 'if',
  condition,
  yes,
  no,
});
/** As `when`, where the condition hardly ever holds. */
export const seldom = (condition: Expr, yes: readonly Stmt[], no: readonly Stmt[] = []): Stmt => ({
  s: 'if',
  condition,
  yes,
  no,
  rarely: true,
});
/** Calls a function of the core that has no result, for its effect. */
export const perform = (fn: string, ...args: Expr[]): Stmt => ({ s: 'do', fn, args });
/** Adds an f64 to a word of the state, such as CYCLES; code for a machine without costs leaves it out. */
export const charge = (to: number, amount: Expr): Stmt => ({ s: 'charge', to, amount });
/** A call of the core that returns 0 after it has recorded an abort. */
export const orAbort = (done: Expr): Stmt => ({ s: 'orAbort', done });
/**
 * Leaves generated code for a function that may change anything: the state is in memory for it, and its result says
 * how to go on (see CALL_* in `callout.ts`). It is the last statement that runs unless it returns CALL_NEXT.
 */
export const callOut = (fn: string, condition?: Expr): Stmt => ({
  s: 'callOut',
  fn,
  ...(condition ? { when: condition } : {}),
});
/** Direct branch by the immediate, in bytes from this instruction; with `when` only if that is not 0. Comes last. */
export const branch = (condition?: Expr, link = false): Stmt => ({
  s: 'branch',
  link,
  ...(condition ? { when: condition } : {}),
});
export const branchTo = (target: Expr, link = false): Stmt => ({ s: 'branchTo', target, link });

const typeBytes: Record<Type, number> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

/** The NZCV values (bit n of the mask for value n) for which a condition code holds (Arm ARM C1.2.4). */
export function conditionMask(code: number): number {
  let mask = 0;
  for (let nzcv = 0; nzcv < 16; nzcv++) {
    const n = (nzcv >> 3) & 1;
    const z = (nzcv >> 2) & 1;
    const c = (nzcv >> 1) & 1;
    const o = nzcv & 1;
    const base = [z, c, n, o, c & (z ^ 1), n ^ o ^ 1, (n ^ o ^ 1) & (z ^ 1), 1][code >> 1];
    if (code < 14 && code & 1 ? !base : base) mask |= 1 << nzcv;
  }
  return mask;
}
