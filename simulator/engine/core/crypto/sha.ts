// SHA1, SHA256 and SHA512 steps on registers in memory (FIPS 180-4; Arm ARM shared/functions/crypto).

import { X } from '../../layout';

const state: usize = memory.data(32, 16);

function word(register: u32, index: u32): u32 {
  return load<u32>(usize(register + X) + 4 * index);
}

function double(register: u32, index: u32): u64 {
  return load<u64>(usize(register + X) + 8 * index);
}

function setDoubles(d: u32, low: u64, high: u64): void {
  store<u64>(usize(d + X), low);
  store<u64>(usize(d + X), high, 8);
}

function setWords(d: u32, a: u32, b: u32, c: u32, e: u32): void {
  setDoubles(d, u64(a) | (u64(b) << 32), u64(c) | (u64(e) << 32));
}

/** SHA1C (0), SHA1P (1), SHA1M (2). */
export function sha1Rounds(d: u32, n: u32, m: u32, kind: u32): void {
  let a = word(d, 0);
  let b = word(d, 1);
  let c = word(d, 2);
  let e = word(d, 3);
  let y = word(n, 0);
  for (let i: u32 = 0; i < 4; i++) {
    const mixed = kind == 0 ? (b & c) | (~b & e) : kind == 1 ? b ^ c ^ e : (b & c) | (b & e) | (c & e);
    const next = y + rotl<u32>(a, 5) + mixed + word(m, i);
    y = e;
    e = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  setWords(d, a, b, c, e);
}

export function sha1Schedule0(d: u32, n: u32, m: u32): void {
  setDoubles(d, double(d, 1) ^ double(d, 0) ^ double(m, 0), double(n, 0) ^ double(d, 1) ^ double(m, 1));
}

export function sha1Schedule1(d: u32, n: u32): void {
  const a = word(d, 0) ^ word(n, 1);
  const b = word(d, 1) ^ word(n, 2);
  const c = word(d, 2) ^ word(n, 3);
  const e = word(d, 3);
  setWords(d, rotl<u32>(a, 1), rotl<u32>(b, 1), rotl<u32>(c, 1), rotl<u32>(e, 1) ^ rotl<u32>(a, 2));
}

export function sha1Hash(d: u32, n: u32): void {
  setDoubles(d, rotl<u32>(word(n, 0), 30), 0);
}

/** SHA256H, or SHA256H2 with `second`: `x` has a to d and `y` e to h. */
export function sha256Rounds(d: u32, n: u32, m: u32, second: u32): void {
  const x = second ? n : d;
  const y = second ? d : n;
  for (let i: u32 = 0; i < 4; i++) {
    store<u32>(state + 4 * i, word(x, i));
    store<u32>(state + 4 * i, word(y, i), 16);
  }
  for (let i: u32 = 0; i < 4; i++) {
    const a = load<u32>(state);
    const b = load<u32>(state, 4);
    const c = load<u32>(state, 8);
    const e = load<u32>(state, 16);
    const f = load<u32>(state, 20);
    const g = load<u32>(state, 24);
    const choose = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const t = load<u32>(state, 28) + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + choose + word(m, i);
    const next = t + (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + majority;
    const fifth = load<u32>(state, 12) + t;
    memory.copy(state + 4, state, 28);
    store<u32>(state, next);
    store<u32>(state, fifth, 16);
  }
  v128.store(usize(d + X), v128.load(state + (second ? 16 : 0)));
}

export function sha256Schedule0(d: u32, n: u32): void {
  const last = word(n, 0);
  for (let i: u32 = 0; i < 4; i++) {
    const next = i < 3 ? word(d, i + 1) : last;
    const sigma = rotr<u32>(next, 7) ^ rotr<u32>(next, 18) ^ (next >> 3);
    store<u32>(state + 4 * i, word(d, i) + sigma);
  }
  v128.store(usize(d + X), v128.load(state));
}

export function sha256Schedule1(d: u32, n: u32, m: u32): void {
  for (let i: u32 = 0; i < 4; i++) {
    const from = i < 2 ? word(m, i + 2) : load<u32>(state + 4 * (i - 2));
    const sigma = rotr<u32>(from, 17) ^ rotr<u32>(from, 19) ^ (from >> 10);
    store<u32>(state + 4 * i, word(d, i) + (i < 3 ? word(n, i + 1) : word(m, 0)) + sigma);
  }
  v128.store(usize(d + X), v128.load(state));
}

/** SHA512H. */
export function sha512Hash(d: u32, n: u32, m: u32): void {
  const n0 = double(n, 0);
  const n1 = double(n, 1);
  const m0 = double(m, 0);
  const m1 = double(m, 1);
  const upper = ((m1 & n0) ^ (~m1 & n1)) + (rotr<u64>(m1, 14) ^ rotr<u64>(m1, 18) ^ rotr<u64>(m1, 41)) + double(d, 1);
  const sum = upper + m0;
  const lower =
    ((sum & m1) ^ (~sum & n0)) + (rotr<u64>(sum, 14) ^ rotr<u64>(sum, 18) ^ rotr<u64>(sum, 41)) + double(d, 0);
  setDoubles(d, lower, upper);
}

/** SHA512H2. */
export function sha512Hash2(d: u32, n: u32, m: u32): void {
  const n0 = double(n, 0);
  const m0 = double(m, 0);
  const m1 = double(m, 1);
  const first = ((n0 & m1) ^ (n0 & m0) ^ (m1 & m0)) + (rotr<u64>(m0, 28) ^ rotr<u64>(m0, 34) ^ rotr<u64>(m0, 39));
  const upper = first + double(d, 1);
  const second =
    ((upper & m0) ^ (upper & m1) ^ (m1 & m0)) + (rotr<u64>(upper, 28) ^ rotr<u64>(upper, 34) ^ rotr<u64>(upper, 39));
  setDoubles(d, second + double(d, 0), upper);
}

function sigma512(value: u64): u64 {
  return rotr<u64>(value, 1) ^ rotr<u64>(value, 8) ^ (value >> 7);
}

export function sha512Schedule0(d: u32, n: u32): void {
  setDoubles(d, double(d, 0) + sigma512(double(d, 1)), double(d, 1) + sigma512(double(n, 0)));
}

export function sha512Schedule1(d: u32, n: u32, m: u32): void {
  const n0 = double(n, 0);
  const n1 = double(n, 1);
  const low = (rotr<u64>(n0, 19) ^ rotr<u64>(n0, 61) ^ (n0 >> 6)) + double(m, 0);
  const high = (rotr<u64>(n1, 19) ^ rotr<u64>(n1, 61) ^ (n1 >> 6)) + double(m, 1);
  setDoubles(d, double(d, 0) + low, double(d, 1) + high);
}
