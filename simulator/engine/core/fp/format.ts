// IEEE 754 formats, FPCR and FPSR, and how a value is taken apart and rounded (Arm ARM shared/functions/float:
// FPUnpackBase, FPRoundBase, FPProcessNaN). Values are bits in a u64; a type parameter of 2, 4 or 8 bytes names the
// format: u16 half, u32 single, u64 double precision.

import { FPCR, FPSR } from '../../layout';

export const AHP: u32 = 1 << 26;
export const DN: u32 = 1 << 25;
export const FZ: u32 = 1 << 24;
export const FZ16: u32 = 1 << 19;
const RMODE: u32 = 3 << 22;

export const IOC: u32 = 1 << 0;
export const DZC: u32 = 1 << 1;
export const OFC: u32 = 1 << 2;
export const UFC: u32 = 1 << 3;
export const IXC: u32 = 1 << 4;
export const IDC: u32 = 1 << 7;
export const QC: u32 = 1 << 27;

// Rounding modes: FPCR.RMode, and two that instructions ask for.
export const NEAREST: u32 = 0;
export const PLUS: u32 = 1;
export const MINUS: u32 = 2;
export const TOWARDS_ZERO: u32 = 3;
export const AWAY: u32 = 4;
export const ODD: u32 = 5;

export const ZERO: u32 = 0;
export const FINITE: u32 = 1;
export const INFINITE: u32 = 2;
export const QUIET: u32 = 3;
export const SIGNALLING: u32 = 4;

// What unpack() found. A finite value is fraction / 2^62 * 2^exponent with bit 62 of the fraction set.
export let kind: u32 = 0;
export let sign: u32 = 0;
export let exponent: i32 = 0;
export let fraction: u64 = 0;

export function fractionBits<T>(): u64 {
  return sizeof<T>() == 2 ? 10 : sizeof<T>() == 4 ? 23 : 52;
}

export function maxBiased<T>(): u64 {
  return sizeof<T>() == 2 ? 31 : sizeof<T>() == 4 ? 255 : 2047;
}

export function bias<T>(): i32 {
  return i32(maxBiased<T>() >> 1);
}

export function signBit<T>(): u64 {
  return (<u64>1) << (sizeof<T>() * 8 - 1);
}

export function zero<T>(negative: u32): u64 {
  return negative ? signBit<T>() : 0;
}

export function infinity<T>(negative: u32): u64 {
  return zero<T>(negative) | (maxBiased<T>() << fractionBits<T>());
}

export function largest<T>(negative: u32): u64 {
  return infinity<T>(negative) - 1;
}

export function quietBit<T>(): u64 {
  return (<u64>1) << (fractionBits<T>() - 1);
}

export function defaultNan<T>(): u64 {
  return infinity<T>(0) | quietBit<T>();
}

export function fpcr(): u32 {
  return load<u32>(FPCR);
}

/** A bit that FPCR does not have: rounding to odd, with overflow to infinity, for BFloat16 (Arm ARM BFRound). */
export const TO_ODD: u32 = 1 << 31;
export const ODD_TO_INFINITY: u32 = 6;

export function modeOf(control: u32): u32 {
  return control & TO_ODD ? ODD_TO_INFINITY : (control & RMODE) >> 22;
}

export function raise(flags: u32): void {
  store<u32>(FPSR, load<u32>(FPSR) | flags);
}

/** Denormals of this format are flushed to zero. */
export function flushes<T>(control: u32): bool {
  return (control & (sizeof<T>() == 2 ? FZ16 : FZ)) != 0;
}

/**
 * Round to nearest, nothing flushed, and inexact already signalled: then WebAssembly's arithmetic has the same results
 * and changes no flag where operands and result are far from the limits of the format.
 */
export function plain(): bool {
  return ((load<u32>(FPCR) & (RMODE | FZ)) | (~load<u32>(FPSR) & IXC)) == 0;
}

/** Shifts right and keeps in bit 0 whether any 1 was lost. */
export function jam(value: u64, by: u32): u64 {
  if (by == 0) return value;
  if (by > 63) return u64(value != 0);
  return (value >> by) | u64(value << (64 - by) != 0);
}

/** FPUnpack: sets kind, sign, exponent and fraction; flushes a denormal operand as `control` says. */
export function unpack<T>(bits: u64, control: u32): void {
  const F = fractionBits<T>();
  sign = u32((bits >> (sizeof<T>() * 8 - 1)) & 1);
  const biased = (bits >> F) & maxBiased<T>();
  const low = bits & (((<u64>1) << F) - 1);
  if (biased == 0) {
    if (low == 0) {
      kind = ZERO;
      return;
    }
    if (flushes<T>(control)) {
      kind = ZERO;
      if (sizeof<T>() != 2) raise(IDC);
      return;
    }
    kind = FINITE;
    const shift = clz(low) - 1;
    fraction = low << shift;
    exponent = 1 - bias<T>() - i32(shift) + i32(62 - F);
    return;
  }
  if (biased == maxBiased<T>()) {
    kind = low == 0 ? INFINITE : (low & quietBit<T>()) != 0 ? QUIET : SIGNALLING;
    return;
  }
  kind = FINITE;
  fraction = (low | ((<u64>1) << F)) << (62 - F);
  exponent = i32(biased) - bias<T>();
}

/**
 * FPRound of a value in the form of unpack(), whose bit 0 may stand for anything below it. With `alternative` the
 * format is Arm's alternative half precision, without infinities and NaNs.
 */
export function round<T>(
  negative: u32,
  power: i32,
  significand: u64,
  control: u32,
  mode: u32,
  alternative: bool = false,
): u64 {
  const F = fractionBits<T>();
  const least = 1 - bias<T>();
  let biased: i32 = 0;
  let value = significand;
  if (power < least) {
    if (flushes<T>(control)) {
      raise(UFC);
      return zero<T>(negative);
    }
    value = jam(value, u32(least - power));
  } else {
    biased = power - least + 1;
  }
  let integer = value >> (62 - F);
  const rest = value & (((<u64>1) << (62 - F)) - 1);
  const half = (<u64>1) << (61 - F);
  let error = rest != 0;
  if (biased == 0 && error) raise(UFC);
  let up = false;
  let toInfinity = true;
  if (mode == NEAREST) {
    up = rest > half || (rest == half && (integer & 1) != 0);
  } else if (mode == PLUS) {
    up = error && !negative;
    toInfinity = !negative;
  } else if (mode == MINUS) {
    up = error && negative != 0;
    toInfinity = negative != 0;
  } else if (mode == AWAY) {
    up = rest >= half;
  } else {
    toInfinity = mode == ODD_TO_INFINITY;
    if (mode != TOWARDS_ZERO && error) integer |= 1;
  }
  if (up) {
    integer++;
    if (integer == (<u64>1) << F) biased = 1;
    if (integer == (<u64>2) << F) {
      biased++;
      integer >>= 1;
    }
  }
  if (alternative) {
    if (biased > i32(maxBiased<T>())) {
      raise(IOC);
      return zero<T>(negative) | (signBit<T>() - 1);
    }
  } else if (biased >= i32(maxBiased<T>())) {
    raise(OFC | IXC);
    return toInfinity ? infinity<T>(negative) : largest<T>(negative);
  }
  if (error) raise(IXC);
  return zero<T>(negative) | (u64(biased) << F) | (integer & (((<u64>1) << F) - 1));
}

/** FPProcessNaN. */
export function nan<T>(bits: u64, nanKind: u32, control: u32): u64 {
  if (nanKind == SIGNALLING) raise(IOC);
  return control & DN ? defaultNan<T>() : bits | quietBit<T>();
}

/** FPProcessNaNs: one of the operands is a NaN. */
export function nanOfTwo<T>(a: u64, kindA: u32, b: u64, kindB: u32, control: u32): u64 {
  if (kindA == SIGNALLING) return nan<T>(a, kindA, control);
  if (kindB == SIGNALLING) return nan<T>(b, kindB, control);
  if (kindA == QUIET) return nan<T>(a, kindA, control);
  return nan<T>(b, kindB, control);
}

export function invalid<T>(): u64 {
  raise(IOC);
  return defaultNan<T>();
}
