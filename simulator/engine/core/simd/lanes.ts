// Integer SIMD instructions that WebAssembly has no instructions for, element by element on registers in memory.
// Register arguments are offsets from X, as records have them. Configurations: see simd-operations.ts.

import { V, X } from '../../layout';
import {
  A_SADDL,
  A_SMAX,
  A_SMIN,
  A_UADDL,
  A_UMAX,
  F_ARGUMENT_SHIFT,
  F_LANES_SHIFT,
  F_SIZE_SHIFT,
  I_CLS,
  I_CLZ,
  I_ELEMENT,
  I_PMUL,
  I_RBIT,
  I_SQABS,
  I_SQDMULH,
  I_SQNEG,
  I_SQRDMLAH,
  I_SQRDMLSH,
  I_SQRDMULH,
  I_SQRSHL,
  I_SQSHL,
  I_SQSHL_IMM,
  I_SQSHLU_IMM,
  I_SRSHL,
  I_SSHL,
  I_SUQADD,
  I_UPPER,
  I_UQRSHL,
  I_UQSHL,
  I_UQSHL_IMM,
  I_URECPE,
  I_URSHL,
  I_USHL,
  I_USQADD,
  L_PMULL,
  L_SQDMLSL,
  L_SQDMULL,
  N_MIXED,
  N_ROUND,
  N_UNSIGNED,
} from '../../simd-operations';
import { unsignedReciprocal, unsignedReciprocalRoot } from '../fp/conversion';
import { QC, raise } from '../fp/format';

const result: usize = memory.data(16, 16);

/** An element, sign-extended. */
function get(address: usize, index: u32, size: u32): i64 {
  const at = address + (index << size);
  if (size == 0) return load<i8>(at);
  if (size == 1) return load<i16>(at);
  if (size == 2) return load<i32>(at);
  return load<i64>(at);
}

function put(index: u32, size: u32, value: i64): void {
  const at = result + (index << size);
  if (size == 0) store<u8>(at, u8(value));
  else if (size == 1) store<u16>(at, u16(value));
  else if (size == 2) store<u32>(at, u32(value));
  else store<i64>(at, value);
}

function clear(): void {
  store<u64>(result, 0, 0);
  store<u64>(result, 0, 8);
}

function write(d: u32): void {
  v128.store(usize(d + X), v128.load(result));
}

function ones(size: u32): u64 {
  return ~(<u64>0) >> (64 - (8 << size));
}

function greatest(size: u32): i64 {
  return i64(ones(size) >> 1);
}

function saturateSigned(value: i64, size: u32): i64 {
  const limit = greatest(size);
  if (value > limit) {
    raise(QC);
    return limit;
  }
  if (value < ~limit) {
    raise(QC);
    return ~limit;
  }
  return value;
}

/** Left by `by`, or right when it is negative, of a sign- or zero-extended element; saturated on request. */
function shift(value: i64, by: i32, size: u32, signed: bool, rounded: bool, saturated: bool): i64 {
  const bits: i32 = 8 << size;
  if (by < 0) {
    const right = -by;
    if (right > bits || (right == bits && !rounded)) {
      // Every bit is lost but the sign; rounding a sign away gives zero.
      return signed && !rounded && value < 0 ? -1 : 0;
    }
    const last: i64 = rounded ? (value >> (right - 1)) & 1 : 0;
    if (right == 64) return signed ? (value >> 63) + last : last;
    const kept = signed ? value >> right : i64(u64(value) >> right);
    return kept + last;
  }
  if (!saturated) return by >= bits ? 0 : value << by;
  if (value == 0) return 0;
  if (signed) {
    const limit = greatest(size);
    if (by >= bits || value > limit >> by || value < ~limit >> by) {
      raise(QC);
      return value < 0 ? ~limit : limit;
    }
    return value << by;
  }
  if (by >= bits || u64(value) > ones(size) >> by) {
    raise(QC);
    return i64(ones(size));
  }
  return value << by;
}

/** SQDMULH and its relatives: (2 * a * b, with d, rounded) >> bits, saturated. */
function doubledHigh(addend: i64, a: i64, b: i64, size: u32, rounded: bool): i64 {
  const bits: u32 = 8 << size;
  // Halved, so that it fits 64 bits: the doubling is one place less to shift.
  let product = (addend << (bits - 1)) + a * b;
  if (rounded) product += (<i64>1) << (bits - 2);
  return saturateSigned(product >> (bits - 1), size);
}

function polynomial8(a: u32, b: u32): u32 {
  let product: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) if ((a >> i) & 1) product ^= b << i;
  return product;
}

function addMixed(sum: i64, size: u32, unsigned: bool, other: i64): i64 {
  // `sum` is the accumulator and `other` the operand of the other sign, both sign-extended.
  if (size < 3) {
    const bits = i64(ones(size));
    const value = unsigned ? (sum & bits) + other : sum + (other & bits);
    const low: i64 = unsigned ? 0 : ~greatest(size);
    const high: i64 = unsigned ? bits : greatest(size);
    if (value < low || value > high) raise(QC);
    return value < low ? low : value > high ? high : value;
  }
  const value = sum + other;
  if (unsigned) {
    // Unsigned accumulator, signed operand.
    if (other >= 0 && u64(value) < u64(sum)) {
      raise(QC);
      return -1;
    }
    if (other < 0 && u64(value) > u64(sum)) {
      raise(QC);
      return 0;
    }
    return value;
  }
  // Signed accumulator, unsigned operand: it overflows when the result is not above the accumulator by the operand.
  const room = u64(i64.MAX_VALUE) - u64(sum);
  if (u64(other) > room) {
    raise(QC);
    return i64.MAX_VALUE;
  }
  return value;
}

function two(operation: u32, d: i64, a: i64, b: i64, size: u32): i64 {
  const bits = i64(ones(size));
  switch (operation) {
    case I_SSHL:
      return shift(a, i32(i8(b)), size, true, false, false);
    case I_USHL:
      return shift(a & bits, i32(i8(b)), size, false, false, false);
    case I_SQSHL:
      return shift(a, i32(i8(b)), size, true, false, true);
    case I_UQSHL:
      return shift(a & bits, i32(i8(b)), size, false, false, true);
    case I_SRSHL:
      return shift(a, i32(i8(b)), size, true, true, false);
    case I_URSHL:
      return shift(a & bits, i32(i8(b)), size, false, true, false);
    case I_SQRSHL:
      return shift(a, i32(i8(b)), size, true, true, true);
    case I_UQRSHL:
      return shift(a & bits, i32(i8(b)), size, false, true, true);
    case I_SQDMULH:
      return doubledHigh(0, a, b, size, false);
    case I_SQRDMULH:
      return doubledHigh(0, a, b, size, true);
    case I_SQRDMLAH:
      return doubledHigh(d, a, b, size, true);
    case I_SQRDMLSH:
      return doubledHigh(d, -a, b, size, true);
    case I_PMUL:
      return polynomial8(u32(a) & 0xff, u32(b) & 0xff);
    case I_SUQADD:
      return addMixed(d, size, false, a);
    default:
      return addMixed(d, size, true, a);
  }
}

/** Two operands per element, and the destination where the operation accumulates. */
export function simdTwo(d: u32, n: u32, m: u32, configuration: u32): void {
  const operation = configuration & 0xff;
  const size = (configuration >> F_SIZE_SHIFT) & 3;
  const lanes = (configuration >> F_LANES_SHIFT) & 31;
  const element = (configuration & I_ELEMENT) != 0;
  clear();
  for (let i: u32 = 0; i < lanes; i++) {
    const a = get(usize(n + X), i, size);
    const b = get(usize(m + X), element ? 0 : i, size);
    put(i, size, two(operation, get(usize(d + X), i, size), a, b, size));
  }
  write(d);
}

function reverseBits(value: u32): u32 {
  let a = ((value >> 1) & 0x55) | ((value & 0x55) << 1);
  a = ((a >> 2) & 0x33) | ((a & 0x33) << 2);
  return ((a >> 4) & 0xf) | ((a & 0xf) << 4);
}

function one(operation: u32, a: i64, size: u32, argument: u32): i64 {
  const bits: u32 = 8 << size;
  switch (operation) {
    case I_CLS:
      return i64(clz(a ^ (a >> 63))) - (64 - bits) - 1;
    case I_CLZ:
      return i64(clz(u64(a) & ones(size))) - (64 - bits);
    case I_RBIT:
      return reverseBits(u32(a));
    case I_SQABS:
      if (a == ~greatest(size)) {
        raise(QC);
        return greatest(size);
      }
      return a < 0 ? -a : a;
    case I_SQNEG:
      if (a == ~greatest(size)) {
        raise(QC);
        return greatest(size);
      }
      return -a;
    case I_SQSHL_IMM:
      return shift(a, i32(argument), size, true, false, true);
    case I_UQSHL_IMM:
      return shift(a & i64(ones(size)), i32(argument), size, false, false, true);
    case I_SQSHLU_IMM:
      if (a < 0) {
        raise(QC);
        return 0;
      }
      return shift(a, i32(argument), size, false, false, true);
    case I_URECPE:
      return unsignedReciprocal(u32(a));
    default:
      return unsignedReciprocalRoot(u32(a));
  }
}

/** One operand per element. */
export function simdOne(d: u32, n: u32, configuration: u32): void {
  const operation = configuration & 0xff;
  const size = (configuration >> F_SIZE_SHIFT) & 3;
  const lanes = (configuration >> F_LANES_SHIFT) & 31;
  clear();
  for (let i: u32 = 0; i < lanes; i++) {
    put(i, size, one(operation, get(usize(n + X), i, size), size, configuration >> F_ARGUMENT_SHIFT));
  }
  write(d);
}

/** Products of twice the width: SQDMULL and its relatives, and PMULL. */
export function simdLong(d: u32, n: u32, m: u32, configuration: u32): void {
  const operation = configuration & 0xff;
  const size = (configuration >> F_SIZE_SHIFT) & 3;
  const lanes = (configuration >> F_LANES_SHIFT) & 31;
  const element = (configuration & I_ELEMENT) != 0;
  const upper: u32 = configuration & I_UPPER ? 8 : 0;
  const rn = usize(n + X) + upper;
  const rm = usize(m + X) + (element ? 0 : upper);
  clear();
  if (operation == L_PMULL && size == 3) {
    polynomial64(load<u64>(rn), load<u64>(rm));
    write(d);
    return;
  }
  for (let i: u32 = 0; i < lanes; i++) {
    const a = get(rn, i, size);
    const b = get(rm, element ? 0 : i, size);
    if (operation == L_PMULL) put(i, 1, polynomial8(u32(a) & 0xff, u32(b) & 0xff));
    else put(i, size + 1, doubledLong(operation, get(usize(d + X), i, size + 1), a * b, size + 1));
  }
  write(d);
}

function doubledLong(operation: u32, addend: i64, product: i64, size: u32): i64 {
  let doubled = product << 1;
  if (size == 2) {
    doubled = saturateSigned(doubled, 2);
  } else if (product == (<i64>1) << 62) {
    raise(QC);
    doubled = i64.MAX_VALUE;
  }
  if (operation == L_SQDMULL) return doubled;
  if (size == 2) return saturateSigned(operation == L_SQDMLSL ? addend - doubled : addend + doubled, 2);
  const sum = operation == L_SQDMLSL ? addend - doubled : addend + doubled;
  const other = operation == L_SQDMLSL ? ~doubled : doubled; // only its sign counts
  if (((addend ^ sum) & (other ^ sum)) < 0) {
    raise(QC);
    return addend < 0 ? i64.MIN_VALUE : i64.MAX_VALUE;
  }
  return sum;
}

function polynomial64(a: u64, b: u64): void {
  let low: u64 = 0;
  let high: u64 = 0;
  for (let i: u64 = 0; i < 64; i++) {
    const all = 0 - ((a >> i) & 1);
    low ^= (b << i) & all;
    high ^= i ? (b >> (64 - i)) & all : 0;
  }
  store<u64>(result, low, 0);
  store<u64>(result, high, 8);
}

/** Elements of twice the width of `size`, shifted right by the argument, saturated to `size`. */
export function simdNarrow(d: u32, n: u32, configuration: u32): void {
  const operation = configuration & 3;
  const rounded = (configuration & N_ROUND) != 0;
  const size = (configuration >> F_SIZE_SHIFT) & 3;
  const lanes = (configuration >> F_LANES_SHIFT) & 31;
  const by = configuration >> F_ARGUMENT_SHIFT;
  const upper = (configuration & I_UPPER) != 0;
  clear();
  const limit = operation == 0 ? u64(greatest(size)) : ones(size);
  for (let i: u32 = 0; i < lanes; i++) {
    let value = get(usize(n + X), i, size + 1);
    if (operation == N_UNSIGNED) {
      value &= i64(ones(size + 1));
      const shifted = u64(shift(value, -i32(by), size + 1, false, rounded, false));
      if (shifted > limit) raise(QC);
      put(i, size, i64(min<u64>(shifted, limit)));
    } else {
      value = shift(value, -i32(by), size + 1, true, rounded, false);
      const least: i64 = operation == N_MIXED ? 0 : ~i64(limit);
      if (value > i64(limit) || value < least) raise(QC);
      put(i, size, min<i64>(max<i64>(value, least), i64(limit)));
    }
  }
  if (upper) store<u64>(usize(d + X), load<u64>(result), 8);
  else write(d);
}

/** One result from all elements. */
export function simdAcross(d: u32, n: u32, configuration: u32): void {
  const operation = i32(configuration & 0xff);
  const size = (configuration >> F_SIZE_SHIFT) & 3;
  const lanes = (configuration >> F_LANES_SHIFT) & 31;
  const unsigned = operation == A_UADDL || operation == A_UMAX || operation > A_SMIN;
  const bits = i64(ones(size));
  let all = get(usize(n + X), 0, size);
  if (unsigned) all &= bits;
  for (let i: u32 = 1; i < lanes; i++) {
    let next = get(usize(n + X), i, size);
    if (unsigned) next &= bits;
    if (operation <= A_UADDL) all += next;
    else if (operation <= A_UMAX) all = max<i64>(all, next);
    else all = min<i64>(all, next);
  }
  clear();
  put(0, operation == A_SADDL || operation == A_UADDL ? size + 1 : size, all);
  write(d);
}

/** TBL and TBX with `registers` tables; `tables` is the first of them, and V31 is followed by V0. */
export function simdTable(d: u32, tables: u32, m: u32, registers: u32, lanes: u32, keep: u32): void {
  clear();
  for (let i: u32 = 0; i < lanes; i++) {
    const index = u32(load<u8>(usize(m + X) + i));
    let value: u8 = keep ? load<u8>(usize(d + X) + i) : 0;
    if (index < registers * 16) {
      const number = (((tables - (V - X)) >> 4) + (index >> 4)) & 31;
      value = load<u8>(usize(V) + (number << 4) + (index & 15));
    }
    store<u8>(result + i, value);
  }
  write(d);
}

/** SDOT and its relatives: `signs` has 1 for signed Vn and 2 for signed Vm. */
export function simdDot(d: u32, n: u32, m: u32, lanes: u32, signs: u32, element: u32): void {
  clear();
  for (let i: u32 = 0; i < lanes; i++) {
    put(i, 2, get(usize(d + X), i, 2) + dot(usize(n + X) + 4 * i, usize(m + X) + (element ? 0 : 4 * i), 4, signs));
  }
  write(d);
}

/** SMMLA and its relatives. */
export function simdMatrix(d: u32, n: u32, m: u32, signs: u32): void {
  for (let i: u32 = 0; i < 4; i++) {
    put(i, 2, get(usize(d + X), i, 2) + dot(usize(n + X) + 8 * (i >> 1), usize(m + X) + 8 * (i & 1), 8, signs));
  }
  write(d);
}

function dot(n: usize, m: usize, count: u32, signs: u32): i64 {
  let sum: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const a: i64 = signs & 1 ? i64(load<i8>(n + i)) : i64(load<u8>(n + i));
    const b: i64 = signs & 2 ? i64(load<i8>(m + i)) : i64(load<u8>(m + i));
    sum += a * b;
  }
  return sum;
}
