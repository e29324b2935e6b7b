// SM3 and SM4 steps on registers in memory (GB/T 32905, GB/T 32907; Arm ARM A64 instruction pages).

import { X } from '../../layout';

const state: usize = memory.data(16, 16);
const box: usize = memory.data(256);
let made = false;

function word(register: u32, index: u32): u32 {
  return load<u32>(usize(register + X) + 4 * index);
}

function set(index: u32, value: u32): void {
  store<u32>(state + 4 * index, value);
}

function write(d: u32): void {
  v128.store(usize(d + X), v128.load(state));
}

export function sm3Ss1(d: u32, n: u32, m: u32, a: u32): void {
  const sum = rotl<u32>(word(n, 3), 12) + word(m, 3) + word(a, 3);
  store<u64>(state, 0);
  set(2, 0);
  set(3, rotl<u32>(sum, 7));
  write(d);
}

/** SM3TT1A (0), SM3TT1B (1), SM3TT2A (2), SM3TT2B (3); `m` is where the indexed word is. */
export function sm3Round(d: u32, n: u32, m: u32, kind: u32): void {
  const w = word(m, 0);
  const d0 = word(d, 0);
  const d1 = word(d, 1);
  const d2 = word(d, 2);
  const d3 = word(d, 3);
  const n3 = word(n, 3);
  let mixed = d1 ^ d2 ^ d3;
  if (kind == 1) mixed = (d3 & d1) | (d3 & d2) | (d1 & d2);
  else if (kind == 3) mixed = (d3 & d2) | (~d3 & d1);
  if (kind < 2) {
    const next = mixed + d0 + (n3 ^ rotl<u32>(d3, 12)) + w;
    set(0, d1);
    set(1, rotl<u32>(d2, 9));
    set(2, d3);
    set(3, next);
  } else {
    const sum = mixed + d0 + n3 + w;
    set(0, d1);
    set(1, rotl<u32>(d2, 19));
    set(2, d3);
    set(3, sum ^ rotl<u32>(sum, 9) ^ rotl<u32>(sum, 17));
  }
  write(d);
}

function spread(x: u32): u32 {
  return x ^ rotl<u32>(x, 15) ^ rotl<u32>(x, 23);
}

export function sm3Part1(d: u32, n: u32, m: u32): void {
  for (let i: u32 = 0; i < 3; i++) set(i, spread(word(d, i) ^ word(n, i) ^ rotl<u32>(word(m, i + 1), 15)));
  const last = word(d, 3) ^ word(n, 3) ^ rotl<u32>(load<u32>(state), 15);
  set(3, spread(last));
  write(d);
}

export function sm3Part2(d: u32, n: u32, m: u32): void {
  const first = word(n, 0) ^ rotl<u32>(word(m, 0), 7);
  for (let i: u32 = 0; i < 4; i++) set(i, word(d, i) ^ word(n, i) ^ rotl<u32>(word(m, i), 7));
  set(3, load<u32>(state, 12) ^ spread(rotl<u32>(first, 15)));
  write(d);
}

/** Product in GF(2^8) modulo x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1. */
function times(a: u32, b: u32): u32 {
  let product: u32 = 0;
  let factor = a;
  for (let rest = b; rest; rest >>= 1) {
    if (rest & 1) product ^= factor;
    factor = (factor << 1) ^ (factor & 0x80 ? 0x1f5 : 0);
  }
  return product & 0xff;
}

/** The affine map of SM4's S-box: a circulant matrix and 0xd3. */
function affine(a: u32): u32 {
  const twice = a | (a << 8);
  let mapped: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) mapped |= (popcnt((twice >> i) & 0xff & 0xa7) & 1) << i;
  return mapped ^ 0xd3;
}

function makeBox(): void {
  for (let i: u32 = 0; i < 256; i++) {
    const a = affine(i);
    // The inverse is the 254th power.
    let inverse: u32 = 1;
    let factor = a;
    for (let rest: u32 = 254; rest; rest >>= 1) {
      if (rest & 1) inverse = times(inverse, factor);
      factor = times(factor, factor);
    }
    store<u8>(box + i, u8(affine(inverse)));
  }
  made = true;
}

function substitute(value: u32): u32 {
  let mapped: u32 = 0;
  for (let i: u32 = 0; i < 32; i += 8) mapped |= u32(load<u8>(box + ((value >> i) & 0xff))) << i;
  return mapped;
}

/** SM4E, or SM4EKEY with `key`: four rounds on `from` with the words of `keys`. */
export function sm4Rounds(d: u32, from: u32, keys: u32, key: u32): void {
  if (!made) makeBox();
  let a = word(from, 0);
  let b = word(from, 1);
  let c = word(from, 2);
  let e = word(from, 3);
  for (let i: u32 = 0; i < 4; i++) {
    const s = substitute(b ^ c ^ e ^ word(keys, i));
    const mixed = key
      ? s ^ rotl<u32>(s, 13) ^ rotl<u32>(s, 23)
      : s ^ rotl<u32>(s, 2) ^ rotl<u32>(s, 10) ^ rotl<u32>(s, 18) ^ rotl<u32>(s, 24);
    const next = a ^ mixed;
    a = b;
    b = c;
    c = e;
    e = next;
  }
  set(0, a);
  set(1, b);
  set(2, c);
  set(3, e);
  write(d);
}
