// Complex, mixed precision and BFloat16 products on registers in memory (Arm ARM: FCADD, FCMLA, FMLAL, BFDOT, BFMMLA,
// BFMLAL). Register arguments are offsets from X.

import { FPSR, X } from '../../layout';
import { add, fused, multiply } from './arithmetic';
import {
  defaultNan,
  exponent,
  FZ,
  FZ16,
  fpcr,
  fraction,
  INFINITE,
  kind,
  QUIET,
  round,
  sign,
  signBit,
  TO_ODD,
  unpack,
  ZERO,
  zero,
} from './format';

const result: usize = memory.data(16, 16);

function complexAdd<T>(n: usize, m: usize, rotated: u32, lanes: u32): void {
  const control = fpcr();
  for (let i: u32 = 0; i < lanes; i += 2) {
    const real = u64(load<T>(m + i * sizeof<T>()));
    const imaginary = u64(load<T>(m + (i + 1) * sizeof<T>()));
    const a = rotated ? imaginary : imaginary ^ signBit<T>();
    const b = rotated ? real ^ signBit<T>() : real;
    store<T>(result + i * sizeof<T>(), <T>add<T>(u64(load<T>(n + i * sizeof<T>())), a, control));
    store<T>(result + (i + 1) * sizeof<T>(), <T>add<T>(u64(load<T>(n + (i + 1) * sizeof<T>())), b, control));
  }
}

/** FCADD: `rotated` is 0 for 90 and 1 for 270 degrees. */
export function floatComplexAdd(d: u32, n: u32, m: u32, size: u32, lanes: u32, rotated: u32): void {
  store<u64>(result, 0, 8);
  if (size == 1) complexAdd<u16>(usize(n + X), usize(m + X), rotated, lanes);
  else if (size == 2) complexAdd<u32>(usize(n + X), usize(m + X), rotated, lanes);
  else complexAdd<u64>(usize(n + X), usize(m + X), rotated, lanes);
  v128.store(usize(d + X), v128.load(result));
}

function complexMultiply<T>(d: usize, n: usize, m: usize, rotation: u32, lanes: u32, element: u32): void {
  const control = fpcr();
  for (let i: u32 = 0; i < lanes; i += 2) {
    const pair = element ? m : m + i * sizeof<T>();
    const real = u64(load<T>(pair));
    const imaginary = u64(load<T>(pair + sizeof<T>()));
    const odd = rotation & 1;
    const factor = u64(load<T>(n + (i + odd) * sizeof<T>()));
    let a = odd ? imaginary : real;
    let b = odd ? real : imaginary;
    if (rotation == 1 || rotation == 2) a ^= signBit<T>();
    if (rotation >= 2) b ^= signBit<T>();
    const low = d + i * sizeof<T>();
    store<T>(result + i * sizeof<T>(), <T>fused<T>(u64(load<T>(low)), factor, a, control));
    store<T>(result + (i + 1) * sizeof<T>(), <T>fused<T>(u64(load<T>(low + sizeof<T>())), factor, b, control));
  }
}

/** FCMLA by vector or, with `element`, by the pair at `m`. */
export function floatComplexMultiply(d: u32, n: u32, m: u32, size: u32, lanes: u32, rotation: u32, element: u32): void {
  store<u64>(result, 0, 8);
  if (size == 1) complexMultiply<u16>(usize(d + X), usize(n + X), usize(m + X), rotation, lanes, element);
  else if (size == 2) complexMultiply<u32>(usize(d + X), usize(n + X), usize(m + X), rotation, lanes, element);
  else complexMultiply<u64>(usize(d + X), usize(n + X), usize(m + X), rotation, lanes, element);
  v128.store(usize(d + X), v128.load(result));
}

/** A half as a single, exactly; a NaN keeps its kind, and denormals are flushed by FZ16. */
function widen(a: u64, control: u32): u64 {
  unpack<u16>(a, control & FZ16);
  if (kind == ZERO) return zero<u32>(sign);
  if (kind >= INFINITE) return zero<u32>(sign) | 0x7f800000 | ((a & 0x3ff) << 13);
  return round<u32>(sign, exponent, fraction, 0, 0);
}

/** FMLAL and FMLSL: products of halves into singles. `n` and `m` are where the halves begin. */
export function floatMultiplyLong(d: u32, n: u32, m: u32, lanes: u32, subtract: u32, element: u32): void {
  const control = fpcr();
  store<u64>(result, 0, 8);
  for (let i: u32 = 0; i < lanes; i++) {
    const a = u64(load<u16>(usize(n + X) + 2 * i)) ^ (subtract ? 0x8000 : 0);
    const b = u64(load<u16>(usize(m + X) + (element ? 0 : 2 * i)));
    const addend = u64(load<u32>(usize(d + X) + 4 * i));
    store<u32>(result + 4 * i, u32(fused<u32>(addend, widen(a, control), widen(b, control), control)));
  }
  v128.store(usize(d + X), v128.load(result));
}

/** BFMLALB and BFMLALT: even or odd BFloat16 elements (`n` begins there), or one element at `m`. */
export function bfloatMultiplyLong(d: u32, n: u32, m: u32, element: u32): void {
  const control = fpcr();
  for (let i: u32 = 0; i < 4; i++) {
    const a = u64(load<u16>(usize(n + X) + 4 * i)) << 16;
    const b = u64(load<u16>(usize(m + X) + (element ? 0 : 4 * i))) << 16;
    store<u32>(result + 4 * i, u32(fused<u32>(u64(load<u32>(usize(d + X) + 4 * i)), a, b, control)));
  }
  v128.store(usize(d + X), v128.load(result));
}

/** Flush to zero, and rounding to odd with overflow to infinity: a control word that no FPCR has. */
const FZ_ODD: u32 = FZ | TO_ODD;

// BFDOT and BFMMLA round to odd, flush denormals, give the default NaN and change no flag (BFAdd, BFMul, BFRound).

/** BFUnpack: singles and BFloat16 (as singles) with denormals as zero. */
function bfUnpack(a: u64): void {
  unpack<u32>(a, FZ);
}

function bfMultiply(a: u64, b: u64): u64 {
  bfUnpack(a);
  const kindA = kind;
  const signA = sign;
  bfUnpack(b);
  const negative = signA ^ sign;
  if (kindA >= QUIET || kind >= QUIET) return defaultNan<u32>();
  if ((kindA == INFINITE && kind == ZERO) || (kindA == ZERO && kind == INFINITE)) return defaultNan<u32>();
  if (kindA == INFINITE || kind == INFINITE) return zero<u32>(negative) | 0x7f800000;
  if (kindA == ZERO || kind == ZERO) return zero<u32>(negative);
  return multiply<u32>(a, b, FZ_ODD);
}

function bfAdd(a: u64, b: u64): u64 {
  bfUnpack(a);
  const kindA = kind;
  const signA = sign;
  bfUnpack(b);
  if (kindA >= QUIET || kind >= QUIET) return defaultNan<u32>();
  if (kindA == INFINITE && kind == INFINITE && signA != sign) return defaultNan<u32>();
  if (kindA == INFINITE) return zero<u32>(signA) | 0x7f800000;
  if (kind == INFINITE) return zero<u32>(sign) | 0x7f800000;
  if (kindA == ZERO && kind == ZERO) return signA == sign ? zero<u32>(signA) : 0;
  return add<u32>(a, b, FZ_ODD);
}

/** BFDotAdd: one word of the sum of two products. */
function dot(addend: u64, a: u32, b: u32): u64 {
  const low = bfMultiply(u64(a) << 16, u64(b) << 16);
  const high = bfMultiply(a & 0xffff0000, b & 0xffff0000);
  return bfAdd(addend, bfAdd(low, high));
}

/** BFDOT by vector or, with `element`, by the pair at `m`. */
export function bfloatDot(d: u32, n: u32, m: u32, lanes: u32, element: u32): void {
  const flags = load<u32>(FPSR);
  store<u64>(result, 0, 8);
  for (let i: u32 = 0; i < lanes; i++) {
    const a = load<u32>(usize(n + X) + 4 * i);
    const b = load<u32>(usize(m + X) + (element ? 0 : 4 * i));
    store<u32>(result + 4 * i, u32(dot(load<u32>(usize(d + X) + 4 * i), a, b)));
  }
  v128.store(usize(d + X), v128.load(result));
  store<u32>(FPSR, flags);
}

/** BFMMLA: 2x4 by 4x2. */
export function bfloatMatrix(d: u32, n: u32, m: u32): void {
  const flags = load<u32>(FPSR);
  for (let i: u32 = 0; i < 4; i++) {
    const row = usize(n + X) + 8 * (i >> 1);
    const column = usize(m + X) + 8 * (i & 1);
    let sum = u64(load<u32>(usize(d + X) + 4 * i));
    sum = dot(sum, load<u32>(row), load<u32>(column));
    sum = dot(sum, load<u32>(row, 4), load<u32>(column, 4));
    store<u32>(result + 4 * i, u32(sum));
  }
  v128.store(usize(d + X), v128.load(result));
  store<u32>(FPSR, flags);
}
