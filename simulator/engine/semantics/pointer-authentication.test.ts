import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random, TestMachine } from '../core-tests/harness.ts';
import { FEATURE_EL2, FEATURE_EL3, FEATURE_PAUTH } from '../layout.ts';

interface PointerCore {
  pacAllowed(key: number): number;
  pacAdd(pointer: bigint, modifier: bigint, key: number): bigint;
  pacAuthenticate(pointer: bigint, modifier: bigint, key: number): bigint;
  pacStrip(pointer: bigint, data: number): bigint;
  pacGeneric(a: bigint, b: bigint): bigint;
}

const keyNames = ['APIAKey', 'APIBKey', 'APDAKey', 'APDBKey', 'APGAKey'];
const enableBits = [31n, 30n, 27n, 13n];
const allEnabled = enableBits.reduce((value, bit) => value | (1n << bit), 0n);
const TBI0 = 1n << 37n;
const TBI1 = 1n << 38n;
const TBID0 = 1n << 51n;
/** TCR_EL1 with VAs of 48 bits in both ranges. */
const TCR_48 = 16n | (16n << 16n);

function machine(tcr: bigint, sctlr = allEnabled): TestMachine & { readonly pac: PointerCore } {
  const m = new TestMachine();
  m.features(FEATURE_EL2 | FEATURE_EL3 | FEATURE_PAUTH);
  for (const [n, name] of keyNames.entries()) {
    m.write(`${name}Lo_EL1`, 0x0123456789abcdefn * BigInt(n + 1));
    m.write(`${name}Hi_EL1`, 0xfedcba9876543210n ^ BigInt(n));
  }
  m.write('TCR_EL1', tcr);
  m.write('SCTLR_EL1', sctlr);
  m.enter(1);
  const core = m.core as unknown as PointerCore;
  const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);
  // As instructions do, which ask first; here nothing is trapped, whatever HCR_EL2 says.
  const asked = <T>(key: number, value: () => T): T => {
    core.pacAllowed(key);
    return value();
  };
  const pac: PointerCore = {
    pacAllowed: key => core.pacAllowed(key),
    pacAdd: (pointer, modifier, key) => asked(key, () => unsigned(core.pacAdd(pointer, modifier, key))),
    pacAuthenticate: (pointer, modifier, key) =>
      asked(key, () => unsigned(core.pacAuthenticate(pointer, modifier, key))),
    pacStrip: (pointer, data) => unsigned(core.pacStrip(pointer, data)),
    pacGeneric: (a, b) => unsigned(core.pacGeneric(a, b)),
  };
  return Object.assign(m, { pac });
}

/** Addresses of 48 bits in both ranges. */
function pointers(count: number): bigint[] {
  const next = random(5);
  return Array.from({ length: count }, (_, i) => {
    const low = (BigInt(next(2 ** 16)) << 32n) | BigInt(next(2 ** 32));
    return i & 1 ? low | 0xffff000000000000n : low;
  });
}

test('a signed pointer authenticates with the same key and modifier, and only so', () => {
  const { pac } = machine(TCR_48);
  let wrongButEqual = 0;
  for (const pointer of pointers(200)) {
    for (const key of [0, 1, 2, 3]) {
      const signed = pac.pacAdd(pointer, 0x1234n, key);
      assert.equal(pac.pacAuthenticate(signed, 0x1234n, key), pointer);
      // Bits of the address and the range are in clear.
      assert.equal((signed ^ pointer) & 0x0080ffffffffffffn, 0n);
      if (pac.pacAuthenticate(signed, 0x1235n, key) === pointer) wrongButEqual++;
      if (pac.pacAuthenticate(signed, 0x1234n, key ^ 1) === pointer) wrongButEqual++;
    }
  }
  // A code has 15 bits here, so that one of 32768 wrong ones is right by chance.
  assert.ok(wrongButEqual <= 2);
});

test('a wrong code puts the number of the key into bits 62:61 of the address, or 54:53 beside a tag', () => {
  for (const [tcr, shift] of [
    [TCR_48, 61n],
    [TCR_48 | TBI0 | TBI1, 53n],
  ]) {
    const { pac } = machine(tcr);
    for (const pointer of pointers(20)) {
      for (const key of [0, 1, 2, 3]) {
        const wrong = pac.pacAdd(pointer, 7n, key) ^ (1n << 50n);
        const error = key & 1 ? 2n : 1n;
        assert.equal(pac.pacAuthenticate(wrong, 7n, key), (pointer & ~(3n << shift)) | (error << shift));
      }
    }
  }
});

test('with TBI the tag stays and takes no part of the code', () => {
  const { pac } = machine(TCR_48 | TBI0 | TBI1);
  for (const pointer of pointers(50)) {
    const tagged = (pointer & ~(0xffn << 56n)) | (0x5an << 56n);
    const signed = pac.pacAdd(tagged, 1n, 2);
    assert.equal(signed >> 56n, 0x5an);
    assert.equal(pac.pacAuthenticate(signed, 1n, 2), tagged);
    assert.equal(pac.pacStrip(signed, 1), tagged);
  }
});

test('TBID leaves the tag of instruction pointers to the code', () => {
  const { pac } = machine(TCR_48 | TBI0 | TBID0);
  const pointer = 0x0000123456789abcn;
  assert.notEqual(pac.pacAdd(pointer, 1n, 0) >> 56n, 0n);
  assert.equal(pac.pacAdd(pointer, 1n, 2) >> 56n, 0n);
});

test('stripping gives the address back for any code', () => {
  const { pac } = machine(TCR_48);
  for (const pointer of pointers(100)) assert.equal(pac.pacStrip(pac.pacAdd(pointer, 99n, 0), 0), pointer);
});

test('the code has the bits that TCR_ELx.TxSZ leaves', () => {
  const { pac } = machine(25n | (25n << 16n)); // 39-bit addresses
  let changed = 0n;
  for (const pointer of pointers(100).map(p => p & 0x7fffffffffn)) {
    const signed = pac.pacAdd(pointer, 3n, 0);
    changed |= signed ^ pointer;
    assert.equal(pac.pacAuthenticate(signed, 3n, 0), pointer);
  }
  assert.equal(changed, 0xff7fff8000000000n);
});

test('a pointer that is no address does not authenticate after it is signed', () => {
  const { pac } = machine(TCR_48);
  for (const pointer of pointers(50)) {
    const bad = pointer ^ (1n << 52n);
    assert.notEqual(pac.pacAuthenticate(pac.pacAdd(bad, 3n, 0), 3n, 0), bad);
    assert.notEqual(pac.pacAuthenticate(pac.pacAdd(bad, 3n, 0), 3n, 0), pointer);
  }
});

test('a key that SCTLR_ELx does not enable changes nothing', () => {
  for (const [key, bit] of enableBits.entries()) {
    const { pac } = machine(TCR_48, 1n << bit);
    for (const other of [0, 1, 2, 3]) {
      const pointer = 0x0000123456789abcn;
      assert.equal(pac.pacAdd(pointer, 5n, other) === pointer, other !== key);
      assert.equal(pac.pacAuthenticate(1n << 52n, 5n, other) === 1n << 52n, other !== key);
    }
  }
});

test('PACGA fills the upper half and depends on both operands', () => {
  const { pac } = machine(TCR_48);
  const code = pac.pacGeneric(1n, 2n);
  assert.equal(code & 0xffffffffn, 0n);
  assert.notEqual(code, pac.pacGeneric(2n, 2n));
  assert.notEqual(code, pac.pacGeneric(1n, 1n));
});
