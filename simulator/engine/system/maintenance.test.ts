import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf } from './maintenance.ts';

/** The operand of TLBI RVAE1 and its kin, by the fields of the Arm ARM. */
const operand = (tg: bigint, scale: bigint, num: bigint, base: bigint): bigint =>
  (tg << 46n) | (scale << 44n) | (num << 39n) | BigInt.asUintN(37, base);

test('a TLBI by range covers (NUM + 1) x 2^(5 SCALE + 1) granules from BaseADDR', () => {
  assert.deepEqual(rangeOf(operand(1n, 0n, 0n, 0x40000n), false), [0x4000_0000n, 0x2000n]);
  assert.deepEqual(rangeOf(operand(2n, 1n, 2n, 0x10000n), false), [0x4000_0000n, 3n * 64n * 0x4000n]);
  assert.deepEqual(rangeOf(operand(3n, 3n, 31n, 0x4000n), false), [0x4000_0000n, 32n * 0x10000n * 0x10000n]);
});

test('BaseADDR extends its sign, and counts in 64 KB with TCR_ELx.DS', () => {
  const [high] = rangeOf(operand(1n, 0n, 0n, -0x40000n), false);
  assert.equal(high, 0xffff_ffff_c000_0000n);
  assert.deepEqual(rangeOf(operand(1n, 0n, 1n, 0x4000n), true), [0x4000_0000n, 4n * 0x1000n]);
});
