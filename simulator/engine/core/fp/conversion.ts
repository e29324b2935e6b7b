// Conversions, rounding to integral values, and estimates (Arm ARM shared/functions/float: FPToFixed, FixedToFP,
// FPConvert, FPRoundInt, FPRoundIntN, FPToFixedJS, FPRecipEstimate, FPRSqrtEstimate, FPRecpX).

import {
  AHP,
  AWAY,
  DN,
  DZC,
  defaultNan,
  exponent,
  FINITE,
  FZ16,
  flushes,
  fraction,
  fractionBits,
  INFINITE,
  IOC,
  IXC,
  infinity,
  invalid,
  jam,
  kind,
  largest,
  MINUS,
  maxBiased,
  modeOf,
  NEAREST,
  nan,
  OFC,
  PLUS,
  QUIET,
  quietBit,
  raise,
  round,
  SIGNALLING,
  sign,
  signBit,
  TOWARDS_ZERO,
  UFC,
  unpack,
  ZERO,
  zero,
} from './format';

// The magnitude of an unpacked value as an integer, rounded, and whether anything was lost.
let inexact: bool = false;

/** Rounds the unpacked finite value times 2^scale, at most 2^64. */
function integral(scale: i32, mode: u32): u64 {
  const power = exponent + scale;
  inexact = false;
  if (power == 63) return fraction << 1;
  const shift = 62 - power;
  let integer: u64 = 0;
  let rest = fraction;
  let half: u64 = 1 << 63; // above every fraction
  if (shift < 64) {
    integer = fraction >> shift;
    rest = fraction & (((<u64>1) << shift) - 1);
    half = shift > 0 ? (<u64>1) << (shift - 1) : 1;
  }
  inexact = rest != 0;
  let up = false;
  if (mode == NEAREST) up = rest > half || (rest == half && (integer & 1) != 0);
  else if (mode == AWAY) up = rest >= half;
  else if (mode == PLUS) up = inexact && !sign;
  else if (mode == MINUS) up = inexact && sign != 0;
  return integer + u64(up);
}

/** FPToFixed to an integer of `width` bits, saturated; the result is truncated to that width. */
export function toFixed<T>(a: u64, scale: i32, unsigned: bool, width: u32, control: u32, mode: u32): u64 {
  unpack<T>(a, control);
  if (kind >= QUIET) {
    raise(IOC);
    return 0;
  }
  if (kind == ZERO) return 0;
  const ones = ~(<u64>0) >> (64 - width);
  const top = (<u64>1) << (width - 1);
  const limit = unsigned ? (sign ? 0 : ones) : sign ? top : top - 1;
  if (kind == INFINITE || exponent + scale > 63) {
    raise(IOC);
    return limit;
  }
  const integer = integral(scale, mode);
  if (integer > limit) {
    raise(IOC);
    return limit;
  }
  if (inexact) raise(IXC);
  return (sign ? 0 - integer : integer) & ones;
}

/** FixedToFP of a 64-bit integer that was sign- or zero-extended. */
export function fromFixed<T>(value: u64, scale: i32, unsigned: bool, control: u32): u64 {
  if (value == 0) return 0;
  const negative = u32(!unsigned && i64(value) < 0);
  const magnitude = negative ? 0 - value : value;
  const shift = i32(clz(magnitude));
  return round<T>(negative, 63 - shift - scale, jam(magnitude << shift, 1), control, modeOf(control));
}

/** FPRoundInt. */
export function roundIntegral<T>(a: u64, control: u32, mode: u32, exact: bool): u64 {
  unpack<T>(a, control);
  if (kind >= QUIET) return nan<T>(a, kind, control);
  if (kind == INFINITE) return a;
  if (kind == ZERO) return zero<T>(sign);
  if (exponent >= i32(fractionBits<T>())) return a;
  const negative = sign;
  const integer = integral(0, mode);
  if (exact && inexact) raise(IXC);
  return fromMagnitude<T>(negative, integer, control);
}

function fromMagnitude<T>(negative: u32, integer: u64, control: u32): u64 {
  if (integer == 0) return zero<T>(negative);
  const shift = i32(clz(integer));
  return round<T>(negative, 63 - shift, jam(integer << shift, 1), control, NEAREST);
}

/** FPRoundIntN: to a value that fits a signed integer of 32 or 64 bits, else the most negative one. */
export function roundIntegralWithin<T>(a: u64, control: u32, mode: u32, width: u32): u64 {
  unpack<T>(a, control);
  if (kind == ZERO) return zero<T>(sign);
  const out = signBit<T>() | (((maxBiased<T>() >> 1) + width - 1) << fractionBits<T>());
  if (kind != FINITE || exponent > 63) {
    raise(IOC);
    return out;
  }
  const negative = sign;
  const integer = integral(0, mode);
  const limit = ((<u64>1) << (width - 1)) - u64(!negative);
  if (integer > limit) {
    raise(IOC);
    return out;
  }
  if (inexact) raise(IXC);
  return fromMagnitude<T>(negative, integer, control);
}

/** FPConvert. Half precision is flushed by no bit here, and may be of the alternative kind. */
export function convert<From, To>(a: u64, control: u32, mode: u32): u64 {
  const rules = control & ~FZ16;
  const alternativeFrom = sizeof<From>() == 2 && (control & AHP) != 0;
  const alternativeTo = sizeof<To>() == 2 && (control & AHP) != 0;
  unpack<From>(a, rules);
  if (alternativeFrom && kind >= INFINITE) {
    // The highest exponent is one more normal binade.
    return round<To>(sign, 16, ((a & 0x3ff) | 0x400) << 52, rules, mode);
  }
  if (kind >= QUIET) {
    if (kind == SIGNALLING || alternativeTo) raise(IOC);
    if (alternativeTo) return zero<To>(sign);
    if (control & DN) return defaultNan<To>();
    const payload = a & (quietBit<From>() - 1);
    const from = i32(fractionBits<From>());
    const to = i32(fractionBits<To>());
    const moved = from > to ? payload >> (from - to) : payload << (to - from);
    return infinity<To>(sign) | quietBit<To>() | moved;
  }
  if (kind == INFINITE) {
    if (!alternativeTo) return infinity<To>(sign);
    raise(IOC);
    return zero<To>(sign) | (signBit<To>() - 1);
  }
  if (kind == ZERO) return zero<To>(sign);
  return round<To>(sign, exponent, fraction, rules, mode, alternativeTo);
}

/** FPConvertBF: single precision to BFloat16. */
export function toBfloat(a: u64, control: u32): u64 {
  unpack<u32>(a, control);
  if (kind >= QUIET) {
    if (kind == SIGNALLING) raise(IOC);
    return control & DN ? 0x7fc0 : (a >> 16) | 0x40;
  }
  if (kind == INFINITE) return a >> 16;
  if (kind == ZERO) return u64(sign) << 15;
  return roundBfloat(sign, exponent, fraction, control, modeOf(control));
}

/** FPRoundCV for BFloat16: the exponents of single precision with 7 bits of fraction. */
function roundBfloat(negative: u32, power: i32, significand: u64, control: u32, mode: u32): u64 {
  // Rounding to 7 bits is rounding to 23 of a value 2^16 times finer: its integer part moves by 16 places.
  let value = significand;
  let biased: i32 = 0;
  if (power < -126) {
    if (flushes<u32>(control)) {
      raise(UFC);
      return u64(negative) << 15;
    }
    value = jam(value, u32(-126 - power));
  } else {
    biased = power + 127;
  }
  let integer = value >> 55;
  const rest = value & ((1 << 55) - 1);
  const half: u64 = 1 << 54;
  if (biased == 0 && rest) raise(UFC);
  let up = false;
  let toInfinity = true;
  if (mode == NEAREST) {
    up = rest > half || (rest == half && (integer & 1) != 0);
  } else if (mode == PLUS || mode == MINUS) {
    const away = (mode == MINUS) == (negative != 0);
    up = rest != 0 && away;
    toInfinity = away;
  } else {
    toInfinity = false;
  }
  if (up) {
    integer++;
    if (integer == 128) biased = 1;
    if (integer == 256) {
      biased++;
      integer >>= 1;
    }
  }
  if (biased >= 255) {
    raise(OFC | IXC);
    return (u64(negative) << 15) | (toInfinity ? 0x7f80 : 0x7f7f);
  }
  if (rest) raise(IXC);
  return (u64(negative) << 15) | (u64(biased) << 7) | (integer & 127);
}

/** FPToFixedJS: the low 32 bits, and in bit 32 whether Z is set: nothing was lost. */
export function toJavaScript(a: u64, control: u32): u64 {
  unpack<u64>(a, control);
  if (kind >= INFINITE) {
    raise(IOC);
    return 0;
  }
  if (kind == ZERO) return a == 0 ? 1 << 32 : 0;
  // The integer part modulo 2^32.
  let integer: u64 = 0;
  let lost = false;
  if (exponent > 62) {
    integer = exponent > 62 + 32 ? 0 : fraction << (exponent - 62);
  } else {
    integer = integral(0, TOWARDS_ZERO);
    lost = inexact;
  }
  const low = (sign ? 0 - integer : integer) & 0xffffffff;
  if (exponent > 62 || integer > 0x7fffffff + u64(sign)) {
    raise(IOC);
    return low;
  }
  if (lost) {
    raise(IXC);
    return low;
  }
  return low | (1 << 32);
}

/** RecipEstimate: 9 bits in 256 to 511 of the reciprocal of 9 bits. */
export function reciprocal9(a: u32): u32 {
  const b = (1 << 19) / (a * 2 + 1);
  return (b + 1) >> 1;
}

/** RecipSqrtEstimate of 9 bits, 128 to 511. */
export function reciprocalRoot9(a: u32): u32 {
  const scaled = a < 256 ? a * 2 + 1 : (((a >> 1) << 1) + 1) * 2;
  let b: u32 = 512;
  while (scaled * (b + 1) * (b + 1) < 1 << 28) b++;
  return (b + 1) >> 1;
}

export function reciprocalEstimate<T>(a: u64, control: u32): u64 {
  unpack<T>(a, control);
  if (kind >= QUIET) return nan<T>(a, kind, control);
  if (kind == INFINITE) return zero<T>(sign);
  if (kind == ZERO) {
    raise(DZC);
    return infinity<T>(sign);
  }
  const limit: i32 = sizeof<T>() == 2 ? 14 : sizeof<T>() == 4 ? 126 : 1022;
  if (exponent < -limit - 2) {
    const mode = modeOf(control);
    raise(OFC | IXC);
    const toInfinity = mode == NEAREST || (mode == PLUS && !sign) || (mode == MINUS && sign != 0);
    return toInfinity ? infinity<T>(sign) : largest<T>(sign);
  }
  if (flushes<T>(control) && exponent >= limit) {
    raise(UFC);
    return zero<T>(sign);
  }
  const estimate = reciprocal9(u32(fraction >> 54) & 0x1ff);
  const F = fractionBits<T>();
  let low = u64(estimate & 0xff) << (F - 8);
  let biased = limit - exponent; // 253 - (exponent + 127) for single precision
  if (biased <= 0) {
    low = (low >> 1) | ((<u64>1) << (F - 1));
    if (biased < 0) low >>= 1;
    biased = 0;
  }
  return zero<T>(sign) | (u64(biased) << F) | low;
}

export function reciprocalRootEstimate<T>(a: u64, control: u32): u64 {
  unpack<T>(a, control);
  if (kind >= QUIET) return nan<T>(a, kind, control);
  if (kind == ZERO) {
    raise(DZC);
    return infinity<T>(sign);
  }
  if (sign) return invalid<T>();
  if (kind == INFINITE) return 0;
  // An odd biased exponent is an even power.
  const scaled = exponent & 1 ? u32(fraction >> 54) & 0x1ff : u32(fraction >> 55) & 0xff;
  const estimate = reciprocalRoot9(scaled);
  const F = fractionBits<T>();
  const limit: i32 = sizeof<T>() == 2 ? 44 : sizeof<T>() == 4 ? 380 : 3068;
  const biased = (limit - exponent - i32(maxBiased<T>() >> 1)) >> 1;
  return (u64(biased) << F) | (u64(estimate & 0xff) << (F - 8));
}

/** FPRecpX: the exponent inverted, the fraction zero. */
export function reciprocalExponent<T>(a: u64, control: u32): u64 {
  unpack<T>(a, control);
  if (kind >= QUIET) return nan<T>(a, kind, control);
  const F = fractionBits<T>();
  const biased = (a >> F) & maxBiased<T>();
  const result = kind == ZERO || biased == 0 ? maxBiased<T>() - 1 : ~biased & maxBiased<T>();
  return (a & signBit<T>()) | (result << F);
}

/** UnsignedRecipEstimate: URECPE. */
export function unsignedReciprocal(a: u32): u32 {
  return a >> 31 ? reciprocal9(a >> 23) << 23 : 0xffffffff;
}

/** UnsignedRSqrtEstimate: URSQRTE. */
export function unsignedReciprocalRoot(a: u32): u32 {
  return a >> 30 ? reciprocalRoot9(a >> 23) << 23 : 0xffffffff;
}
