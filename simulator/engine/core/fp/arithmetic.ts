// FPAdd, FPSub, FPMul, FPDiv, FPSqrt, FPMulAdd and what is built on them (Arm ARM shared/functions/float).

import {
  DZC,
  defaultNan,
  exponent,
  FINITE,
  flushes,
  fraction,
  INFINITE,
  IOC,
  infinity,
  invalid,
  jam,
  kind,
  MINUS,
  modeOf,
  nan,
  nanOfTwo,
  QUIET,
  raise,
  round,
  SIGNALLING,
  sign,
  signBit,
  unpack,
  ZERO,
  zero,
} from './format';

// The product of multiplyWide().
let high: u64 = 0;
let low: u64 = 0;

/** The 128-bit product, in `high` and `low`. */
function multiplyWide(a: u64, b: u64): void {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const t = a0 * b0;
  const u = a1 * b0 + (t >> 32);
  const w = a0 * b1 + (u & 0xffffffff);
  high = a1 * b1 + (u >> 32) + (w >> 32);
  low = a * b;
}

/** An exact zero that came from a sum: negative only when rounding towards minus infinity. */
function zeroSum<T>(control: u32): u64 {
  return zero<T>(u32(modeOf(control) == MINUS));
}

export function add<T>(a: u64, b: u64, control: u32): u64 {
  unpack<T>(a, control);
  const kindA = kind;
  const signA = sign;
  let exponentA = exponent;
  let fractionA = fraction;
  unpack<T>(b, control);
  const kindB = kind;
  const signB = sign;
  let exponentB = exponent;
  let fractionB = fraction;
  if (kindA >= QUIET || kindB >= QUIET) return nanOfTwo<T>(a, kindA, b, kindB, control);
  if (kindA == INFINITE) return kindB == INFINITE && signA != signB ? invalid<T>() : infinity<T>(signA);
  if (kindB == INFINITE) return infinity<T>(signB);
  const mode = modeOf(control);
  if (kindA == ZERO) {
    if (kindB == ZERO) return signA == signB ? zero<T>(signA) : zeroSum<T>(control);
    return round<T>(signB, exponentB, fractionB, control, mode);
  }
  if (kindB == ZERO) return round<T>(signA, exponentA, fractionA, control, mode);
  if (exponentA > exponentB) {
    fractionB = jam(fractionB, u32(exponentA - exponentB));
  } else {
    fractionA = jam(fractionA, u32(exponentB - exponentA));
    exponentA = exponentB;
  }
  if (signA == signB) {
    const sum = fractionA + fractionB;
    if (sum >> 63) return round<T>(signA, exponentA + 1, jam(sum, 1), control, mode);
    return round<T>(signA, exponentA, sum, control, mode);
  }
  if (fractionA == fractionB) return zeroSum<T>(control);
  const bigger = fractionA > fractionB;
  const difference = bigger ? fractionA - fractionB : fractionB - fractionA;
  const shift = i32(clz(difference)) - 1;
  return round<T>(bigger ? signA : signB, exponentA - shift, difference << shift, control, mode);
}

/** The sign of `b` is changed, but not that of a NaN that the result is taken from. */
export function subtract<T>(a: u64, b: u64, control: u32): u64 {
  unpack<T>(b, 0);
  if (kind >= QUIET) return add<T>(a, b, control);
  return add<T>(a, b ^ signBit<T>(), control);
}

export function multiply<T>(a: u64, b: u64, control: u32, extended: bool = false): u64 {
  unpack<T>(a, control);
  const kindA = kind;
  const signA = sign;
  const exponentA = exponent;
  const fractionA = fraction;
  unpack<T>(b, control);
  if (kindA >= QUIET || kind >= QUIET) return nanOfTwo<T>(a, kindA, b, kind, control);
  const negative = signA ^ sign;
  if (kindA == INFINITE || kind == INFINITE) {
    if (kindA == ZERO || kind == ZERO) {
      // FMULX: two, with the sign of the product.
      if (extended) return zero<T>(negative) | two<T>();
      return invalid<T>();
    }
    return infinity<T>(negative);
  }
  if (kindA == ZERO || kind == ZERO) return zero<T>(negative);
  multiplyWide(fractionA << 1, fraction << 1);
  let power = exponentA + exponent;
  let significand = high | u64(low != 0);
  if (significand >> 63) {
    significand = jam(significand, 1);
    power++;
  }
  return round<T>(negative, power, significand, control, modeOf(control));
}

function two<T>(): u64 {
  return sizeof<T>() == 2 ? 0x4000 : sizeof<T>() == 4 ? 0x40000000 : 0x4000000000000000;
}

function oneAndHalf<T>(): u64 {
  return sizeof<T>() == 2 ? 0x3e00 : sizeof<T>() == 4 ? 0x3fc00000 : 0x3ff8000000000000;
}

export function divide<T>(a: u64, b: u64, control: u32): u64 {
  unpack<T>(a, control);
  const kindA = kind;
  const signA = sign;
  const exponentA = exponent;
  const fractionA = fraction;
  unpack<T>(b, control);
  if (kindA >= QUIET || kind >= QUIET) return nanOfTwo<T>(a, kindA, b, kind, control);
  const negative = signA ^ sign;
  if (kindA == kind && kind != FINITE) return invalid<T>();
  if (kindA == INFINITE) return infinity<T>(negative);
  if (kind == ZERO) {
    raise(DZC);
    return infinity<T>(negative);
  }
  if (kindA == ZERO || kind == INFINITE) return zero<T>(negative);
  // Long division of 53-bit numbers, 11 bits a step, to 55 bits after the point.
  const divisor = fraction >> 10;
  const dividend = fractionA >> 10;
  let quotient = dividend / divisor;
  let rest = dividend % divisor;
  for (let i = 0; i < 5; i++) {
    rest <<= 11;
    quotient = (quotient << 11) | (rest / divisor);
    rest %= divisor;
  }
  const shift = i32(clz(quotient)) - 1;
  const power = exponentA - exponent + 7 - shift;
  return round<T>(negative, power, (quotient << shift) | u64(rest != 0), control, modeOf(control));
}

export function squareRoot<T>(a: u64, control: u32): u64 {
  unpack<T>(a, control);
  if (kind >= QUIET) return nan<T>(a, kind, control);
  if (kind == ZERO) return zero<T>(sign);
  if (sign) return invalid<T>();
  if (kind == INFINITE) return infinity<T>(0);
  // An integer of 53 or 54 bits times an even power of two.
  const odd = exponent & 1;
  const radicand = (fraction >> 10) << odd;
  const power = (exponent - odd) >> 1;
  // floor(sqrt(radicand * 2^56)), from an estimate that is off by a few.
  let root = u64(Math.sqrt(f64(radicand)) * 268435456.0);
  multiplyWide(root, root);
  const target = radicand >> 8;
  const targetLow = radicand << 56;
  while (high > target || (high == target && low > targetLow)) {
    root--;
    multiplyWide(root, root);
  }
  for (;;) {
    const next = root + 1;
    multiplyWide(next, next);
    if (high > target || (high == target && low > targetLow)) break;
    root = next;
  }
  multiplyWide(root, root);
  const exact = high == target && low == targetLow;
  // The root of a 53-bit number (bit 52 set) at 2^56 has its top bit at 54.
  return round<T>(0, power, (root << 8) | u64(!exact), control, modeOf(control));
}

/** FPMulAdd: addend + a * b, rounded once. */
export function fused<T>(addend: u64, a: u64, b: u64, control: u32): u64 {
  unpack<T>(addend, control);
  const kindC = kind;
  const signC = sign;
  const exponentC = exponent;
  const fractionC = fraction;
  unpack<T>(a, control);
  const kindA = kind;
  const signA = sign;
  const exponentA = exponent;
  const fractionA = fraction;
  unpack<T>(b, control);
  const kindB = kind;
  const negative = signA ^ sign;
  const product = (kindA == INFINITE && kindB == ZERO) || (kindA == ZERO && kindB == INFINITE);
  if (kindC >= QUIET || kindA >= QUIET || kindB >= QUIET) {
    if (kindC == QUIET && product) return invalid<T>();
    return nanOfThree<T>(addend, kindC, a, kindA, b, kindB, control);
  }
  const infinite = kindA == INFINITE || kindB == INFINITE;
  if (product || (infinite && kindC == INFINITE && signC != negative)) return invalid<T>();
  if (kindC == INFINITE) return infinity<T>(signC);
  if (infinite) return infinity<T>(negative);
  const mode = modeOf(control);
  if (kindA == ZERO || kindB == ZERO) {
    if (kindC == ZERO) return signC == negative ? zero<T>(signC) : zeroSum<T>(control);
    return round<T>(signC, exponentC, fractionC, control, mode);
  }
  // 128 bits with the top one at 126.
  multiplyWide(fractionA << 1, fraction << 1);
  let power = exponentA + exponent;
  let productHigh = high;
  let productLow = low;
  if (productHigh >> 63) {
    productLow = (productHigh << 63) | (productLow >> 1);
    productHigh >>= 1;
    power++;
  }
  if (kindC == ZERO) return round<T>(negative, power, productHigh | u64(productLow != 0), control, mode);
  let addendHigh = fractionC;
  let addendLow: u64 = 0;
  if (power > exponentC) {
    jamWide(addendHigh, addendLow, u32(power - exponentC));
    addendHigh = high;
    addendLow = low;
  } else {
    jamWide(productHigh, productLow, u32(exponentC - power));
    productHigh = high;
    productLow = low;
    power = exponentC;
  }
  let result = negative;
  if (signC == negative) {
    productLow += addendLow;
    productHigh += addendHigh + u64(productLow < addendLow);
  } else if (productHigh > addendHigh || (productHigh == addendHigh && productLow >= addendLow)) {
    productHigh -= addendHigh + u64(productLow < addendLow);
    productLow -= addendLow;
    if ((productHigh | productLow) == 0) return zeroSum<T>(control);
  } else {
    result = signC;
    productHigh = addendHigh - productHigh - u64(addendLow < productLow);
    productLow = addendLow - productLow;
  }
  return roundWide<T>(result, power, productHigh, productLow, control, mode);
}

/** 128 bits shifted right into `high` and `low`; bit 0 keeps whether any 1 was lost. */
function jamWide(valueHigh: u64, valueLow: u64, by: u32): void {
  if (by == 0) {
    high = valueHigh;
    low = valueLow;
  } else if (by < 64) {
    high = valueHigh >> by;
    low = (valueHigh << (64 - by)) | (valueLow >> by) | u64(valueLow << (64 - by) != 0);
  } else {
    high = 0;
    low = jam(valueHigh, by - 64) | u64(valueLow != 0);
  }
}

/** FPProcessNaNs3. */
export function nanOfThree<T>(a: u64, kindA: u32, b: u64, kindB: u32, c: u64, kindC: u32, control: u32): u64 {
  if (kindA == SIGNALLING) return nan<T>(a, kindA, control);
  if (kindB == SIGNALLING) return nan<T>(b, kindB, control);
  if (kindC == SIGNALLING) return nan<T>(c, kindC, control);
  if (kindA == QUIET) return nan<T>(a, kindA, control);
  if (kindB == QUIET) return nan<T>(b, kindB, control);
  return nan<T>(c, kindC, control);
}

/** FPRecipStepFused and FPRSqrtStepFused: 2 - a * b, or (3 - a * b) / 2. */
export function step<T>(a: u64, b: u64, control: u32, root: bool): u64 {
  const negated = a ^ signBit<T>();
  unpack<T>(negated, control);
  const kindA = kind;
  unpack<T>(b, control);
  if (kindA >= QUIET || kind >= QUIET) return nanOfTwo<T>(negated, kindA, b, kind, control);
  if ((kindA == INFINITE && kind == ZERO) || (kindA == ZERO && kind == INFINITE)) {
    return root ? oneAndHalf<T>() : two<T>();
  }
  if (!root) return fused<T>(two<T>(), negated, b, control);
  return halvedFused<T>(negated, b, control);
}

/** (3 + a * b) / 2 of numbers that are not NaN, rounded once: 1.5 + a / 2 * b with a half that is exact. */
function halvedFused<T>(a: u64, b: u64, control: u32): u64 {
  unpack<T>(a, control);
  const kindA = kind;
  const signA = sign;
  const exponentA = exponent;
  const fractionA = fraction;
  unpack<T>(b, control);
  const negative = signA ^ sign;
  if (kindA == INFINITE || kind == INFINITE) return infinity<T>(negative);
  if (kindA == ZERO || kind == ZERO) return oneAndHalf<T>();
  multiplyWide(fractionA << 1, fraction << 1);
  let power = exponentA + exponent - 1;
  let productHigh = high;
  let productLow = low;
  if (productHigh >> 63) {
    productLow = (productHigh << 63) | (productLow >> 1);
    productHigh >>= 1;
    power++;
  }
  let addendHigh: u64 = 0x6000000000000000;
  let addendLow: u64 = 0;
  if (power > 0) {
    jamWide(addendHigh, addendLow, u32(power));
    addendHigh = high;
    addendLow = low;
  } else {
    jamWide(productHigh, productLow, u32(-power));
    productHigh = high;
    productLow = low;
    power = 0;
  }
  const mode = modeOf(control);
  let result: u32 = 0;
  if (!negative) {
    productLow += addendLow;
    productHigh += addendHigh + u64(productLow < addendLow);
  } else if (productHigh > addendHigh || (productHigh == addendHigh && productLow >= addendLow)) {
    result = 1;
    productHigh -= addendHigh + u64(productLow < addendLow);
    productLow -= addendLow;
    if ((productHigh | productLow) == 0) return zeroSum<T>(control);
  } else {
    productHigh = addendHigh - productHigh - u64(addendLow < productLow);
    productLow = addendLow - productLow;
  }
  return roundWide<T>(result, power, productHigh, productLow, control, mode);
}

/** Rounds 128 bits of which bit 126 counts 2^power. */
function roundWide<T>(negative: u32, power: i32, valueHigh: u64, valueLow: u64, control: u32, mode: u32): u64 {
  if (valueHigh >> 63) return round<T>(negative, power + 1, jam(valueHigh, 1) | u64(valueLow != 0), control, mode);
  if (valueHigh == 0) {
    const top = i32(clz(valueLow)) - 1;
    if (top < 0) return round<T>(negative, power - 63, jam(valueLow, 1), control, mode);
    return round<T>(negative, power - 64 - top, valueLow << top, control, mode);
  }
  const shift = i32(clz(valueHigh)) - 1;
  if (shift == 0) return round<T>(negative, power, valueHigh | u64(valueLow != 0), control, mode);
  const joined = (valueHigh << shift) | (valueLow >> (64 - shift));
  return round<T>(negative, power - shift, joined | u64(valueLow << shift != 0), control, mode);
}

/** FPCompare: -1, 0, 1, or 2 when unordered. `signalAll` signals for quiet NaNs too. */
export function compare<T>(a: u64, b: u64, control: u32, signalAll: bool): i32 {
  unpack<T>(a, control);
  const kindA = kind;
  unpack<T>(b, control);
  if (kindA >= QUIET || kind >= QUIET) {
    if (signalAll || kindA == SIGNALLING || kind == SIGNALLING) raise(IOC);
    return 2;
  }
  const magnitudeA = kindA == ZERO ? 0 : i64(a & (signBit<T>() - 1));
  const magnitudeB = kind == ZERO ? 0 : i64(b & (signBit<T>() - 1));
  const x = a & signBit<T>() ? -magnitudeA : magnitudeA;
  const y = b & signBit<T>() ? -magnitudeB : magnitudeB;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** FPMax and FPMin; with `number` FPMaxNum and FPMinNum, to which a quiet NaN is nothing. */
export function extreme<T>(a: u64, b: u64, control: u32, least: bool, number: bool): u64 {
  unpack<T>(a, control);
  const kindA = kind;
  unpack<T>(b, control);
  const kindB = kind;
  if (number && kindA == QUIET && kindB < QUIET) return flushed<T>(b, control);
  if (number && kindB == QUIET && kindA < QUIET) return flushed<T>(a, control);
  if (kindA >= QUIET || kindB >= QUIET) return nanOfTwo<T>(a, kindA, b, kindB, control);
  if (kindA == ZERO && kindB == ZERO) return least ? (a | b) & signBit<T>() : a & b & signBit<T>();
  const greater = compare<T>(a, b, control, false) > 0;
  return greater != least ? flushed<T>(a, control) : flushed<T>(b, control);
}

function flushed<T>(a: u64, control: u32): u64 {
  unpack<T>(a, control);
  return kind == ZERO ? zero<T>(sign) : a;
}
