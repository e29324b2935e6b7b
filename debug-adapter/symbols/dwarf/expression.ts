/** DWARF expressions (DWARF 5, sections 2.5 and 2.6): where a variable is, and what a CFI rule computes. */

import { DwarfReader } from './reader.ts';

/** What an expression may ask. Everything unknown is undefined and makes the result "optimised out". */
export interface ExpressionContext {
  /** By DWARF number of AAPCS64: 0 to 30 X, 31 SP, 64 to 95 V. */
  register(number: number): bigint | undefined;
  read(address: bigint, bytes: number): Uint8Array | undefined;
  frameBase?(): bigint | undefined;
  cfa?(): bigint | undefined;
  indexedAddress?(index: number): bigint | undefined;
  /** What a place, given as an expression, had when the function was entered. */
  entryValue?(place: Uint8Array): bigint | undefined;
  /** Added to the addresses in the expression. */
  readonly bias: bigint;
}

export type Location =
  | { readonly kind: 'memory'; readonly address: bigint }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'value'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'pieces'; readonly pieces: readonly { readonly location?: Location; readonly bytes: number }[] };

const MASK = (1n << 64n) - 1n;
const u64 = (value: bigint): bigint => value & MASK;
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);

/** Evaluates an expression; undefined when it needs what is not known (optimised out). `initial` is pushed first. */
export function evaluateLocation(
  expression: Uint8Array,
  context: ExpressionContext,
  initial?: bigint,
): Location | undefined {
  try {
    return evaluate(expression, context, initial);
  } catch (error) {
    if (error instanceof Unknown || error instanceof RangeError) return undefined;
    throw error;
  }
}

class Unknown extends Error {}

const BINARY = new Map<number, (a: bigint, b: bigint) => bigint>([
  [0x1a, (a, b) => a & b],
  [0x1b, (a, b) => (b === 0n ? unknown() : s64(a) / s64(b))],
  [0x1c, (a, b) => a - b],
  [0x1d, (a, b) => (b === 0n ? unknown() : a % b)],
  [0x1e, (a, b) => a * b],
  [0x21, (a, b) => a | b],
  [0x22, (a, b) => a + b],
  [0x24, (a, b) => (b > 63n ? 0n : a << b)],
  [0x25, (a, b) => (b > 63n ? 0n : a >> b)],
  [0x26, (a, b) => s64(a) >> (b > 63n ? 63n : b)],
  [0x27, (a, b) => a ^ b],
  [0x29, (a, b) => BigInt(s64(a) === s64(b))],
  [0x2a, (a, b) => BigInt(s64(a) >= s64(b))],
  [0x2b, (a, b) => BigInt(s64(a) > s64(b))],
  [0x2c, (a, b) => BigInt(s64(a) <= s64(b))],
  [0x2d, (a, b) => BigInt(s64(a) < s64(b))],
  [0x2e, (a, b) => BigInt(s64(a) !== s64(b))],
]);

function unknown(): never {
  throw new Unknown();
}

function evaluate(expression: Uint8Array, context: ExpressionContext, initial?: bigint): Location | undefined {
  const reader = new DwarfReader(expression);
  const stack: bigint[] = initial === undefined ? [] : [initial];
  const pieces: { location?: Location; bytes: number }[] = [];
  let location: Location | undefined;

  const pop = (): bigint => stack.pop() ?? unknown();
  const push = (value: bigint | undefined): void => {
    stack.push(u64(value ?? unknown()));
  };
  const read = (address: bigint, bytes: number): bigint => {
    const data = context.read(address, bytes);
    if (data === undefined) unknown();
    return new DwarfReader(data).unsigned(bytes);
  };

  for (let steps = 0; !reader.done; steps++) {
    if (steps > 10000) unknown();
    const op = reader.u8();
    const binary = BINARY.get(op);
    if (binary !== undefined) {
      const b = pop();
      push(binary(pop(), b));
    } else if (op >= 0x30 && op <= 0x4f) push(BigInt(op - 0x30));
    else if (op >= 0x50 && op <= 0x6f) location = { kind: 'register', register: op - 0x50 };
    else if (op >= 0x70 && op <= 0x8f) {
      const base = context.register(op - 0x70);
      push((base ?? unknown()) + reader.slebBig());
    } else
      switch (op) {
        case 0x03: // addr
          push(reader.u64() + context.bias);
          break;
        case 0x06: // deref
          push(read(pop(), 8));
          break;
        case 0x94: // deref_size
          push(read(pop(), reader.u8()));
          break;
        case 0x08:
          push(reader.unsigned(1));
          break;
        case 0x09:
          push(reader.signed(1));
          break;
        case 0x0a:
          push(reader.unsigned(2));
          break;
        case 0x0b:
          push(reader.signed(2));
          break;
        case 0x0c:
          push(reader.unsigned(4));
          break;
        case 0x0d:
          push(reader.signed(4));
          break;
        case 0x0e:
          push(reader.unsigned(8));
          break;
        case 0x0f:
          push(reader.signed(8));
          break;
        case 0x10:
          push(reader.ulebBig());
          break;
        case 0x11:
          push(reader.slebBig());
          break;
        case 0x12: // dup
          push(stack[stack.length - 1]);
          break;
        case 0x13:
          pop();
          break;
        case 0x14: // over
          push(stack[stack.length - 2]);
          break;
        case 0x15: // pick
          push(stack[stack.length - 1 - reader.u8()]);
          break;
        case 0x16: {
          const a = pop();
          const b = pop();
          stack.push(a, b);
          break;
        }
        case 0x17: {
          const a = pop();
          const b = pop();
          const c = pop();
          stack.push(a, c, b);
          break;
        }
        case 0x19: {
          const value = s64(pop());
          push(value < 0n ? -value : value);
          break;
        }
        case 0x1f:
          push(-pop());
          break;
        case 0x20:
          push(~pop());
          break;
        case 0x23:
          push(pop() + reader.ulebBig());
          break;
        case 0x28: {
          const jump = Number(reader.signed(2));
          if (pop() !== 0n) reader.offset += jump;
          break;
        }
        case 0x2f:
          reader.offset += Number(reader.signed(2));
          break;
        case 0x90:
          location = { kind: 'register', register: reader.uleb() };
          break;
        case 0x91: // fbreg
          push((context.frameBase?.() ?? unknown()) + reader.slebBig());
          break;
        case 0x92: {
          const base = context.register(reader.uleb());
          push((base ?? unknown()) + reader.slebBig());
          break;
        }
        case 0x93: {
          const bytes = reader.uleb();
          const at: Location | undefined =
            location ?? (stack.length > 0 ? { kind: 'memory', address: pop() } : undefined);
          pieces.push({ location: at, bytes });
          location = undefined;
          break;
        }
        case 0x96: // nop
          break;
        case 0x9c:
          push(context.cfa?.());
          break;
        case 0x9e:
          location = { kind: 'bytes', bytes: reader.block(reader.uleb()) };
          break;
        case 0x9f:
          location = { kind: 'value', value: pop() };
          break;
        case 0xa1:
        case 0xa2:
          push((context.indexedAddress?.(reader.uleb()) ?? unknown()) + (op === 0xa1 ? context.bias : 0n));
          break;
        case 0xa3: // entry_value
        case 0xf3: // the same before DWARF 5, GNU
          push(context.entryValue?.(reader.block(reader.uleb())));
          break;
        default:
          // Typed operations, TLS: the value is not to be had from the present state alone.
          return undefined;
      }
  }
  if (pieces.length > 0) return { kind: 'pieces', pieces };
  if (location !== undefined) return location;
  return stack.length > 0 ? { kind: 'memory', address: pop() } : undefined;
}
