// Floating-point instructions on registers in memory. Register arguments are offsets from X, as records have them.

import { V, X } from '../../layout';
import {
  F_ABD,
  F_ABS,
  F_ACGE,
  F_ACGT,
  F_ADD,
  F_ARGUMENT_SHIFT,
  F_CMEQ,
  F_CMEQ0,
  F_CMGE,
  F_CMGE0,
  F_CMGT,
  F_CMGT0,
  F_CMLE0,
  F_CMLT0,
  F_CURRENT,
  F_DIV,
  F_ELEMENT,
  F_FROM_SIGNED,
  F_FROM_UNSIGNED,
  F_LANES_SHIFT,
  F_MAX,
  F_MAXNM,
  F_MIN,
  F_MINNM,
  F_MLA,
  F_MLS,
  F_MUL,
  F_MULX,
  F_NEG,
  F_NMUL,
  F_PAIRS,
  F_RECPE,
  F_RECPS,
  F_RECPX,
  F_RINT,
  F_RINT32,
  F_RINT64,
  F_RINTX,
  F_RSQRTE,
  F_RSQRTS,
  F_SIZE_SHIFT,
  F_SQRT,
  F_SUB,
  F_TO_SIGNED,
  F_TO_UNSIGNED,
} from '../../simd-operations';
import { add, compare, divide, extreme, fused, multiply, squareRoot, step, subtract } from './arithmetic';
import {
  convert,
  fromFixed,
  reciprocalEstimate,
  reciprocalExponent,
  reciprocalRootEstimate,
  roundIntegral,
  roundIntegralWithin,
  toBfloat,
  toFixed,
  toJavaScript,
} from './conversion';
import { fpcr, IXC, modeOf, NEAREST, ODD, plain, raise, signBit, TOWARDS_ZERO } from './format';

/** Where a result is put together before it is written, since the destination may be an operand. */
const result: usize = memory.data(16, 16);

function get<T>(address: usize, index: u32): u64 {
  return u64(load<T>(address + index * sizeof<T>()));
}

function put<T>(index: u32, value: u64): void {
  store<T>(result + index * sizeof<T>(), <T>value);
}

function clear(): void {
  store<u64>(result, 0, 0);
  store<u64>(result, 0, 8);
}

function write(d: u32): void {
  v128.store(usize(d + X), v128.load(result));
}

function negate<T>(a: u64): u64 {
  return a ^ signBit<T>();
}

function absolute<T>(a: u64): u64 {
  return a & (signBit<T>() - 1);
}

function mask(condition: bool): u64 {
  return condition ? ~(<u64>0) : 0;
}

/**
 * A fused single: the product is exact in double precision, and rounding the sum twice is the same as once unless the
 * first rounding ends halfway between two singles.
 */
function fusedSingle(addend: u32, a: u32, b: u32, control: u32): u64 {
  if (plain()) {
    const sum = f64(reinterpret<f32>(a)) * f64(reinterpret<f32>(b)) + f64(reinterpret<f32>(addend));
    const r = reinterpret<u32>(f32(sum));
    if ((reinterpret<u64>(sum) & 0x1fffffff) != 0x10000000 && ordinary32(r)) return r;
  }
  return fused<u32>(addend, a, b, control);
}

/** From 2^-400 to 2^400: the errors of a product of this size can be represented. */
function moderate(product: f64): bool {
  return u32((reinterpret<u64>(product) >> 52) & 2047) - 623 <= 800;
}

/** The upper half of the digits; the rest has as many, and a sign. */
function upperHalf(bits: u64): f64 {
  return reinterpret<f64>((bits + 0x4000000) & ~(<u64>0x7ffffff));
}

/**
 * A fused double, from a product and a sum with their exact errors (Dekker 1971, Knuth TwoSum). Adding the errors may
 * round once more: the result stands if moving them by more than that does not change it.
 */
function fusedDouble(addend: u64, a: u64, b: u64, control: u32): u64 {
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  const z = reinterpret<f64>(addend);
  const product = x * y;
  const x1 = upperHalf(a);
  const y1 = upperHalf(b);
  const x2 = x - x1;
  const y2 = y - y1;
  const productError = x1 * y1 - product + x1 * y2 + x2 * y1 + x2 * y2;
  const sum = product + z;
  const part = sum - product;
  const error = productError + (product - (sum - part) + (z - part));
  const more = sum + error * 1.0000000000000002;
  const less = sum + error * 0.9999999999999998;
  const r = reinterpret<u64>(more);
  if (plain() && moderate(product) && more == less && ordinary64(r)) return r;
  return fused<u64>(addend, a, b, control);
}

function two<T>(operation: u32, d: u64, a: u64, b: u64, control: u32): u64 {
  switch (operation) {
    case F_ADD:
      return add<T>(a, b, control);
    case F_SUB:
      return subtract<T>(a, b, control);
    case F_MUL:
      return multiply<T>(a, b, control);
    case F_DIV:
      return divide<T>(a, b, control);
    case F_MAX:
      return extreme<T>(a, b, control, false, false);
    case F_MIN:
      return extreme<T>(a, b, control, true, false);
    case F_MAXNM:
      return extreme<T>(a, b, control, false, true);
    case F_MINNM:
      return extreme<T>(a, b, control, true, true);
    case F_NMUL:
      return negate<T>(multiply<T>(a, b, control));
    case F_MULX:
      return multiply<T>(a, b, control, true);
    case F_ABD:
      return absolute<T>(subtract<T>(a, b, control));
    case F_CMEQ:
      return mask(compare<T>(a, b, control, false) == 0);
    case F_CMGE: {
      const order = compare<T>(a, b, control, true);
      return mask(order == 0 || order == 1);
    }
    case F_CMGT:
      return mask(compare<T>(a, b, control, true) == 1);
    case F_ACGE: {
      const order = compare<T>(absolute<T>(a), absolute<T>(b), control, true);
      return mask(order == 0 || order == 1);
    }
    case F_ACGT:
      return mask(compare<T>(absolute<T>(a), absolute<T>(b), control, true) == 1);
    case F_RECPS:
      return step<T>(a, b, control, false);
    case F_RSQRTS:
      return step<T>(a, b, control, true);
    case F_MLA:
      if (sizeof<T>() == 4) return fusedSingle(u32(d), u32(a), u32(b), control);
      if (sizeof<T>() == 8) return fusedDouble(d, a, b, control);
      return fused<T>(d, a, b, control);
    default:
      if (sizeof<T>() == 4) return fusedSingle(u32(d), u32(negate<T>(a)), u32(b), control);
      if (sizeof<T>() == 8) return fusedDouble(d, negate<T>(a), b, control);
      return fused<T>(d, negate<T>(a), b, control);
  }
}

function twoLanes<T>(d: usize, n: usize, m: usize, configuration: u32): void {
  const operation = configuration & 0xff;
  const lanes = (configuration >> F_LANES_SHIFT) & 15;
  const control = fpcr();
  if (configuration & F_PAIRS) {
    // With one lane, a pair of one register.
    const half = lanes >> 1;
    for (let i: u32 = 0; i < lanes; i++) {
      const from = i < half || lanes == 1 ? n : m;
      const at = lanes == 1 ? 0 : (i < half ? i : i - half) * 2;
      put<T>(i, two<T>(operation, 0, get<T>(from, at), get<T>(from, at + 1), control));
    }
    return;
  }
  const element = (configuration & F_ELEMENT) != 0;
  for (let i: u32 = 0; i < lanes; i++) {
    put<T>(i, two<T>(operation, get<T>(d, i), get<T>(n, i), get<T>(m, element ? 0 : i), control));
  }
}

/** Exponents of all four elements are far from the limits, see plain(). */
function ordinary4(value: v128): bool {
  const exponents = v128.and(i32x4.shr_u(value, 23), i32x4.splat(255));
  return i32x4.all_true(v128.and(i32x4.gt_s(exponents, i32x4.splat(1)), i32x4.lt_s(exponents, i32x4.splat(254))));
}

function ordinary2(value: v128): bool {
  const exponents = v128.and(i64x2.shr_u(value, 52), i64x2.splat(2047));
  return i64x2.all_true(v128.and(i64x2.gt_s(exponents, i64x2.splat(1)), i64x2.lt_s(exponents, i64x2.splat(2046))));
}

/** Four fused singles as fusedSingle() does one, or nothing. */
function quickFused(d: u32, n: v128, m: v128, negated: bool): bool {
  const a = negated ? f32x4.neg(n) : n;
  const c = v128.load(usize(d + X));
  const low = f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(m)), f64x2.promote_low_f32x4(c));
  const high = f64x2.add(
    f64x2.mul(
      f64x2.promote_low_f32x4(v128.shuffle<i64>(a, a, 1, 1)),
      f64x2.promote_low_f32x4(v128.shuffle<i64>(m, m, 1, 1)),
    ),
    f64x2.promote_low_f32x4(v128.shuffle<i64>(c, c, 1, 1)),
  );
  const rest = i64x2.splat(0x1fffffff);
  const half = i64x2.splat(0x10000000);
  const halfway = v128.or(i64x2.eq(v128.and(low, rest), half), i64x2.eq(v128.and(high, rest), half));
  if (v128.any_true(halfway)) return false;
  const value = v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
  if (!ordinary4(value)) return false;
  v128.store(usize(d + X), value);
  return true;
}

/** Whole registers with WebAssembly's arithmetic, if that gives the same bits and flags; else nothing happens. */
function quick(d: u32, a: v128, b: v128, operation: u32, wide: bool): bool {
  let value: v128 = a;
  switch (operation) {
    case F_ADD:
      value = wide ? f64x2.add(a, b) : f32x4.add(a, b);
      break;
    case F_SUB:
      value = wide ? f64x2.sub(a, b) : f32x4.sub(a, b);
      break;
    case F_MUL:
      value = wide ? f64x2.mul(a, b) : f32x4.mul(a, b);
      break;
    case F_DIV:
      value = wide ? f64x2.div(a, b) : f32x4.div(a, b);
      break;
    case F_MLA:
    case F_MLS:
      return !wide && quickFused(d, a, b, operation == F_MLS);
    default:
      return false;
  }
  if (!(wide ? ordinary2(value) : ordinary4(value))) return false;
  v128.store(usize(d + X), value);
  return true;
}

/** Two operands per element, and the destination for fused operations. */
export function floatTwo(d: u32, n: u32, m: u32, configuration: u32): void {
  const size = (configuration >> F_SIZE_SHIFT) & 3;
  const rn = usize(n + X);
  const rm = usize(m + X);
  const wide = size == 3;
  const whole = (configuration & ((15 << F_LANES_SHIFT) | F_PAIRS)) == u32((wide ? 2 : 4) << F_LANES_SHIFT) && size > 1;
  if (whole && plain()) {
    const element = (configuration & F_ELEMENT) != 0;
    const b = !element ? v128.load(rm) : wide ? i64x2.splat(load<i64>(rm)) : i32x4.splat(load<i32>(rm));
    if (quick(d, v128.load(rn), b, configuration & 0xff, wide)) return;
  }
  clear();
  if (size == 1) twoLanes<u16>(usize(d + X), rn, rm, configuration);
  else if (size == 2) twoLanes<u32>(usize(d + X), rn, rm, configuration);
  else twoLanes<u64>(usize(d + X), rn, rm, configuration);
  write(d);
}

function one<T>(operation: u32, a: u64, argument: u32, control: u32): u64 {
  const asked = argument & 7;
  const mode = asked == F_CURRENT ? modeOf(control) : asked;
  switch (operation) {
    case F_SQRT:
      return squareRoot<T>(a, control);
    case F_RECPE:
      return reciprocalEstimate<T>(a, control);
    case F_RSQRTE:
      return reciprocalRootEstimate<T>(a, control);
    case F_RECPX:
      return reciprocalExponent<T>(a, control);
    case F_RINT:
      return roundIntegral<T>(a, control, mode, false);
    case F_RINTX:
      return roundIntegral<T>(a, control, mode, true);
    case F_RINT32:
      return roundIntegralWithin<T>(a, control, mode, 32);
    case F_RINT64:
      return roundIntegralWithin<T>(a, control, mode, 64);
    case F_TO_SIGNED:
      return toFixed<T>(a, i32(argument >> 3), false, sizeof<T>() * 8, control, mode);
    case F_TO_UNSIGNED:
      return toFixed<T>(a, i32(argument >> 3), true, sizeof<T>() * 8, control, mode);
    case F_FROM_SIGNED: {
      const spare: u64 = 64 - sizeof<T>() * 8;
      return fromFixed<T>(u64(i64(a << spare) >> spare), i32(argument), false, control);
    }
    case F_FROM_UNSIGNED:
      return fromFixed<T>(a, i32(argument), true, control);
    case F_CMEQ0:
      return mask(compare<T>(a, 0, control, false) == 0);
    case F_CMGE0: {
      const order = compare<T>(a, 0, control, true);
      return mask(order == 0 || order == 1);
    }
    case F_CMGT0:
      return mask(compare<T>(a, 0, control, true) == 1);
    case F_CMLE0:
      return mask(compare<T>(a, 0, control, true) <= 0);
    case F_CMLT0:
      return mask(compare<T>(a, 0, control, true) == -1);
    case F_ABS:
      return absolute<T>(a);
    default:
      return negate<T>(a);
  }
}

function oneLanes<T>(n: usize, configuration: u32): void {
  const operation = configuration & 0xff;
  const lanes = (configuration >> F_LANES_SHIFT) & 15;
  const argument = configuration >> F_ARGUMENT_SHIFT;
  const control = fpcr();
  for (let i: u32 = 0; i < lanes; i++) put<T>(i, one<T>(operation, get<T>(n, i), argument, control));
}

// SCVTF and UCVTF of four words, which round as plain() says.
const WORDS_FROM_SIGNED: u32 = F_FROM_SIGNED | (2 << F_SIZE_SHIFT) | (4 << F_LANES_SHIFT);
const WORDS_FROM_UNSIGNED: u32 = F_FROM_UNSIGNED | (2 << F_SIZE_SHIFT) | (4 << F_LANES_SHIFT);

/** One operand per element. */
export function floatOne(d: u32, n: u32, configuration: u32): void {
  const size = (configuration >> F_SIZE_SHIFT) & 3;
  if (configuration == WORDS_FROM_SIGNED && plain()) {
    v128.store(usize(d + X), f32x4.convert_i32x4_s(v128.load(usize(n + X))));
    return;
  }
  if (configuration == WORDS_FROM_UNSIGNED && plain()) {
    v128.store(usize(d + X), f32x4.convert_i32x4_u(v128.load(usize(n + X))));
    return;
  }
  clear();
  if (size == 1) oneLanes<u16>(usize(n + X), configuration);
  else if (size == 2) oneLanes<u32>(usize(n + X), configuration);
  else oneLanes<u64>(usize(n + X), configuration);
  write(d);
}

function reduce<T>(n: usize, operation: u32, first: u32, count: u32, control: u32): u64 {
  if (count == 1) return get<T>(n, first);
  const half = count >> 1;
  const a = reduce<T>(n, operation, first, half, control);
  const b = reduce<T>(n, operation, first + half, half, control);
  return two<T>(operation, 0, a, b, control);
}

/** FMAXV and its like: the tree of Reduce(). */
export function floatAcross(d: u32, n: u32, configuration: u32): void {
  const operation = configuration & 0xff;
  const lanes = (configuration >> F_LANES_SHIFT) & 15;
  clear();
  if (((configuration >> F_SIZE_SHIFT) & 3) == 1) put<u16>(0, reduce<u16>(usize(n + X), operation, 0, lanes, fpcr()));
  else put<u32>(0, reduce<u32>(usize(n + X), operation, 0, lanes, fpcr()));
  write(d);
}

// Scalars. Generated code has tried WebAssembly's arithmetic where that gives the same bits and flags.

function ordinary32(bits: u32): bool {
  const e = (bits >> 23) & 255;
  return e - 2 < 252;
}

function ordinary64(bits: u64): bool {
  return u32((bits >> 52) & 2047) - 2 < 2044;
}

export function fadd64(a: u64, b: u64): u64 {
  return add<u64>(a, b, fpcr());
}

export function fsub64(a: u64, b: u64): u64 {
  return subtract<u64>(a, b, fpcr());
}

export function fmul64(a: u64, b: u64): u64 {
  return multiply<u64>(a, b, fpcr());
}

export function fdiv64(a: u64, b: u64): u64 {
  return divide<u64>(a, b, fpcr());
}

export function fsqrt64(a: u64): u64 {
  return squareRoot<u64>(a, fpcr());
}

export function fadd32(a: u32, b: u32): u32 {
  return u32(add<u32>(a, b, fpcr()));
}

export function fsub32(a: u32, b: u32): u32 {
  return u32(subtract<u32>(a, b, fpcr()));
}

export function fmul32(a: u32, b: u32): u32 {
  return u32(multiply<u32>(a, b, fpcr()));
}

export function fdiv32(a: u32, b: u32): u32 {
  return u32(divide<u32>(a, b, fpcr()));
}

export function fsqrt32(a: u32): u32 {
  return u32(squareRoot<u32>(a, fpcr()));
}

export function fmadd64(addend: u64, a: u64, b: u64): u64 {
  return fusedDouble(addend, a, b, fpcr());
}

export function fmadd32(addend: u32, a: u32, b: u32): u32 {
  return u32(fusedSingle(addend, a, b, fpcr()));
}

export function fmadd16(addend: u32, a: u32, b: u32): u32 {
  return u32(fused<u16>(addend, a, b, fpcr()));
}

function nzcvOf(order: i32): i32 {
  return order == 2 ? 3 : order == 0 ? 6 : order < 0 ? 8 : 2;
}

/** FCMP and FCMPE: NZCV of two values of a format given by log2 of its bytes. */
export function fcompare(a: u64, b: u64, size: u32, signalAll: u32): i32 {
  const control = fpcr();
  if (size == 3) {
    if ((control & (1 << 24)) == 0) {
      const x = reinterpret<f64>(a);
      const y = reinterpret<f64>(b);
      if (x == y) return 6;
      if (x < y) return 8;
      if (x > y) return 2;
    }
    return nzcvOf(compare<u64>(a, b, control, signalAll != 0));
  }
  if (size == 2) return nzcvOf(compare<u32>(a, b, control, signalAll != 0));
  return nzcvOf(compare<u16>(a, b, control, signalAll != 0));
}

/** FCVTxx to a general register of `width` bits: zero-extended from it. Argument as of F_TO_SIGNED. */
export function ftoint(a: u64, size: u32, width: u32, argument: u32, unsigned: u32): u64 {
  const control = fpcr();
  const mode = argument & 7;
  const scale = i32(argument >> 3);
  if (argument == TOWARDS_ZERO && size > 1) {
    // A number that is not denormal and fits a signed integer of the width. No single is a denormal double.
    const value = size == 3 ? reinterpret<f64>(a) : f64(reinterpret<f32>(u32(a)));
    const bits = reinterpret<u64>(value);
    const limit = u64(1023 + width - 1);
    const least: u64 = size == 3 ? 1 : 1023 - 126;
    const e = (bits >> 52) & 2047;
    if (e >= least && e < limit && (!unsigned || i64(bits) >= 0)) {
      const integer = i64(value);
      if (f64(integer) != value) raise(IXC);
      return width == 32 ? u64(integer) & 0xffffffff : u64(integer);
    }
  }
  if (size == 3) return toFixed<u64>(a, scale, unsigned != 0, width, control, mode);
  if (size == 2) return toFixed<u32>(a, scale, unsigned != 0, width, control, mode);
  return toFixed<u16>(a, scale, unsigned != 0, width, control, mode);
}

/** SCVTF and UCVTF of a 64-bit value that was extended as its sign says. */
export function fromint(value: u64, size: u32, scale: u32, unsigned: u32): u64 {
  const control = fpcr();
  if (scale == 0) {
    // Exact in double precision; in single as plain() says.
    if (size == 3 && value + (1 << 53) <= 1 << 54 && (!unsigned || i64(value) >= 0))
      return reinterpret<u64>(f64(i64(value)));
    if (size == 2 && plain()) return reinterpret<u32>(unsigned ? f32(value) : f32(i64(value)));
  }
  if (size == 3) return fromFixed<u64>(value, i32(scale), unsigned != 0, control);
  if (size == 2) return fromFixed<u32>(value, i32(scale), unsigned != 0, control);
  return fromFixed<u16>(value, i32(scale), unsigned != 0, control);
}

/** FCVT between formats: from and to as log2 of bytes in bits 1:0 and 3:2. */
export function fconvert(a: u64, formats: u32): u64 {
  if (formats == (2 | (3 << 2))) {
    // A normal single is exact as a double.
    if (u32((a >> 23) & 255) - 1 < 254) return reinterpret<u64>(f64(reinterpret<f32>(u32(a))));
  } else if (formats == (3 | (2 << 2)) && plain()) {
    const r = reinterpret<u32>(f32(reinterpret<f64>(a)));
    if (ordinary32(r)) return r;
  }
  const control = fpcr();
  return convertFormats(a, formats, control, modeOf(control));
}

function convertFormats(a: u64, formats: u32, control: u32, mode: u32): u64 {
  switch (formats) {
    case 2 | (3 << 2):
      return convert<u32, u64>(a, control, mode);
    case 2 | (1 << 2):
      return convert<u32, u16>(a, control, mode);
    case 3 | (2 << 2):
      return convert<u64, u32>(a, control, mode);
    case 3 | (1 << 2):
      return convert<u64, u16>(a, control, mode);
    case 1 | (2 << 2):
      return convert<u16, u32>(a, control, mode);
    default:
      return convert<u16, u64>(a, control, mode);
  }
}

export function fjcvtzs(a: u64): u64 {
  return toJavaScript(a, fpcr());
}

export function bfcvt(a: u32): u32 {
  return u32(toBfloat(a, fpcr()));
}

/** FCVTN, FCVTXN (odd) and BFCVTN, into the lower or upper half. `size` is log2 of the narrow bytes. */
export function floatNarrow(d: u32, n: u32, size: u32, upper: u32, odd: u32, bfloat: u32): void {
  const control = fpcr();
  const rn = usize(n + X);
  const mode = odd ? ODD : modeOf(control);
  let value: u64 = 0;
  if (size == 2) {
    for (let i: u32 = 0; i < 2; i++) value |= convert<u64, u32>(get<u64>(rn, i), control, mode) << (32 * i);
  } else {
    for (let i: u32 = 0; i < 4; i++) {
      const a = get<u32>(rn, i);
      value |= (bfloat ? toBfloat(a, control) : convert<u32, u16>(a, control, mode)) << (16 * i);
    }
  }
  store<u64>(usize(d + X) + 8 * upper, value);
  if (!upper) store<u64>(usize(d + X), 0, 8);
}

/** FCVTXN, scalar. */
export function fcvtxn(a: u64): u32 {
  return u32(convert<u64, u32>(a, fpcr(), ODD));
}

/** FCVTL of the lower or upper half. `size` is log2 of the narrow bytes. */
export function floatLong(d: u32, n: u32, size: u32, upper: u32): void {
  const control = fpcr();
  const rn = usize(n + X) + 8 * upper;
  if (size == 1) {
    for (let i: u32 = 0; i < 4; i++) put<u32>(i, convert<u16, u32>(get<u16>(rn, i), control, NEAREST));
  } else {
    for (let i: u32 = 0; i < 2; i++) put<u64>(i, convert<u32, u64>(get<u32>(rn, i), control, NEAREST));
  }
  write(d);
}
