import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as L from '../layout.ts';
import { random, TestMachine } from './harness.ts';

/** Functions of core/fp/vector.ts. Values are bits; u32 results read as signed numbers. */
type Two<T> = (a: T, b: T) => T;
interface Floats {
  fadd64: Two<bigint>;
  fsub64: Two<bigint>;
  fmul64: Two<bigint>;
  fdiv64: Two<bigint>;
  fsqrt64(a: bigint): bigint;
  fmadd64(addend: bigint, a: bigint, b: bigint): bigint;
  fmadd32(addend: number, a: number, b: number): number;
  fadd32: Two<number>;
  fsub32: Two<number>;
  fmul32: Two<number>;
  fdiv32: Two<number>;
  fsqrt32(a: number): number;
  fconvert(a: bigint, formats: number): bigint;
  fcompare(a: bigint, b: bigint, size: number, signalAll: number): number;
}

const machine = new TestMachine();
const floats = machine.core as unknown as Floats;

/** Runs with FPCR and FPSR clear, and returns the result beside the flags it left. */
function flagsOf<T>(fpcr: number, run: () => T): [T, number] {
  machine.set32(L.FPCR, fpcr);
  machine.set32(L.FPSR, 0);
  const result = run();
  return [result, machine.get32(L.FPSR)];
}

const IOC = 1;
const OFC = 4;
const UFC = 8;
const IXC = 16;
const IDC = 128;
const FZ = 1 << 24;
const DN = 1 << 25;

const view = new DataView(new ArrayBuffer(8));
const double = (bits: bigint): number => {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
};
const doubleBits = (value: number): bigint => {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const single = (bits: number): number => {
  view.setUint32(0, bits);
  return view.getFloat32(0);
};
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** NaNs differ in which operand they come from; so only that there is one is compared. */
const sameDouble = (bits: bigint, value: number, what: string): void => {
  if (Number.isNaN(value)) assert.ok(Number.isNaN(double(u64(bits))), what);
  else assert.equal(u64(bits), doubleBits(value), what);
};

test('doubles are rounded to nearest as JavaScript rounds them', () => {
  const next = random(1);
  const bits32 = (): number => next(2 ** 32);
  machine.set32(L.FPCR, 0);
  for (let i = 0; i < 20_000; i++) {
    const bits = (): bigint => (BigInt(bits32()) << 32n) | BigInt(bits32());
    // Exponents near each other half of the time, so that sums do not just return an operand.
    const a = bits();
    const b = i & 1 ? bits() : (a & (0x7fen << 52n)) ^ (bits() & ~(0x7fcn << 52n));
    const what = `${double(a)}, ${double(b)}`;
    sameDouble(floats.fadd64(a, b), double(a) + double(b), what);
    sameDouble(floats.fsub64(a, b), double(a) - double(b), what);
    sameDouble(floats.fmul64(a, b), double(a) * double(b), what);
    sameDouble(floats.fdiv64(a, b), double(a) / double(b), what);
    sameDouble(floats.fsqrt64(a), Math.sqrt(double(a)), what);
  }
});

test('singles are rounded to nearest as Math.fround rounds them', () => {
  const next = random(2);
  const bits32 = (): number => next(2 ** 32);
  machine.set32(L.FPCR, 0);
  const same = (bits: number, value: number, what: string): void => {
    const rounded = Math.fround(value);
    if (Number.isNaN(rounded)) assert.ok(Number.isNaN(single(bits >>> 0)), what);
    else assert.ok(Object.is(single(bits >>> 0), rounded), what);
  };
  for (let i = 0; i < 20_000; i++) {
    const a = bits32();
    const b = i & 1 ? bits32() : ((a & 0x7f000000) ^ (bits32() & ~0x7e000000)) >>> 0;
    const what = `${single(a)}, ${single(b)}`;
    same(floats.fadd32(a, b), single(a) + single(b), what);
    same(floats.fsub32(a, b), single(a) - single(b), what);
    same(floats.fmul32(a, b), single(a) * single(b), what);
    same(floats.fdiv32(a, b), single(a) / single(b), what);
    same(floats.fsqrt32(a), Math.sqrt(single(a)), what);
  }
});

test('a fused multiply-add rounds once', () => {
  // (1 + 2^-52)^2 - (1 + 2^-51) is 2^-104, which rounding the product first would lose.
  const a = doubleBits(1 + 2 ** -52);
  const [result] = flagsOf(0, () => floats.fmadd64(doubleBits(-(1 + 2 ** -51)), a, a));
  assert.equal(double(u64(result)), 2 ** -104);
});

test('a fused multiply-add is the same with and without soft float', () => {
  const next = random(3);
  const bits32 = (): number => next(2 ** 32);
  // Few ones at both ends of a fraction make sums that end close to halfway between two numbers.
  const fraction = (bits: number): bigint => {
    const one = (): bigint => 1n << BigInt(bits32() % bits);
    const wide = (BigInt(bits32()) << 32n) | BigInt(bits32());
    return (
      [one() | one(), (1n << BigInt(bits)) - one(), one() ^ one() ^ one(), wide][bits32() & 3] &
      ((1n << BigInt(bits)) - 1n)
    );
  };
  const number = (bias: number, bits: number, spread: number): bigint => {
    const exponent = BigInt(bias + (bits32() % spread) - (spread >> 1));
    return (BigInt(bits32() & 1) << (bits === 52 ? 63n : 31n)) | (exponent << BigInt(bits)) | fraction(bits);
  };
  machine.set32(L.FPCR, 0);
  for (let i = 0; i < 100_000; i++) {
    const spread = [2, 8, 60, 120][bits32() & 3];
    const [c, a, b] = [0, 1, 2].map(() => number(1023, 52, spread));
    const [z, x, y] = [0, 1, 2].map(() => Number(number(127, 23, spread >> 1)));
    // The quick way is open only once inexact has been signalled.
    machine.set32(L.FPSR, IXC);
    const quick = [floats.fmadd64(c, a, b), floats.fmadd32(z, x, y)];
    machine.set32(L.FPSR, 0);
    assert.deepEqual(quick, [floats.fmadd64(c, a, b), floats.fmadd32(z, x, y)], `${[c, a, b, z, x, y]}`);
    // Soft float signals inexact by the first, so the second is tried alone too.
    machine.set32(L.FPSR, 0);
    assert.equal(quick[1], floats.fmadd32(z, x, y));
  }
});

test('tininess is found before rounding', () => {
  // The largest number below 2^-1022 that rounds up to it: tiny and inexact, so underflow is signalled.
  const least = 0x0010000000000000n;
  const belowOne = 0x3fefffffffffffffn;
  assert.deepEqual(
    flagsOf(0, () => u64(floats.fmul64(least, belowOne))),
    [least, UFC | IXC],
  );
});

test('an exact denormal is no underflow', () => {
  assert.deepEqual(
    flagsOf(0, () => u64(floats.fmul64(0x0010000000000000n, doubleBits(0.5)))),
    [0x0008000000000000n, 0],
  );
});

test('with FPCR.FZ denormal operands count as zero and denormal results become zero', () => {
  assert.deepEqual(
    flagsOf(FZ, () => u64(floats.fadd64(1n, doubleBits(1)))),
    [doubleBits(1), IDC],
  );
  assert.deepEqual(
    flagsOf(FZ, () => u64(floats.fmul64(0x8010000000000000n, doubleBits(0.5)))),
    [0x8000000000000000n, UFC],
  );
});

test('overflow gives infinity or the largest number by the rounding mode', () => {
  const most = 0x7fefffffffffffffn;
  const infinity = 0x7ff0000000000000n;
  for (const [mode, result] of [
    [0, infinity],
    [1, infinity],
    [2, most],
    [3, most],
  ] as const) {
    assert.deepEqual(
      flagsOf(mode << 22, () => u64(floats.fadd64(most, most))),
      [result, OFC | IXC],
    );
  }
});

test('a signalling NaN comes first, is made quiet, and is replaced under FPCR.DN', () => {
  const quiet = 0x7ff8000000000001n;
  const signalling = 0xfff0000000000002n;
  assert.deepEqual(
    flagsOf(0, () => u64(floats.fadd64(quiet, signalling))),
    [0xfff8000000000002n, IOC],
  );
  assert.deepEqual(
    flagsOf(DN, () => u64(floats.fadd64(quiet, signalling))),
    [0x7ff8000000000000n, IOC],
  );
  assert.deepEqual(
    flagsOf(0, () => u64(floats.fsub64(quiet, quiet))),
    [quiet, 0],
  );
});

test('only a signalling comparison minds quiet NaNs', () => {
  const quiet = 0x7ff8000000000000n;
  assert.deepEqual(
    flagsOf(0, () => floats.fcompare(quiet, 0n, 3, 0)),
    [3, 0],
  );
  assert.deepEqual(
    flagsOf(0, () => floats.fcompare(quiet, 0n, 3, 1)),
    [3, IOC],
  );
});

test('half precision is alternative under FPCR.AHP', () => {
  const toHalf = 2 | (1 << 2);
  const infinity = 0x7f800000n;
  assert.deepEqual(
    flagsOf(0, () => floats.fconvert(infinity, toHalf)),
    [0x7c00n, 0],
  );
  assert.deepEqual(
    flagsOf(1 << 26, () => floats.fconvert(infinity, toHalf)),
    [0x7fffn, IOC],
  );
});
