import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatDuration, formatSize } from './format.ts';

test('a size has the largest unit that divides it', () => {
  assert.equal(formatSize(0n), '0 bytes');
  assert.equal(formatSize(1000n), '1000 bytes');
  assert.equal(formatSize(4096n), '4 KB');
  assert.equal(formatSize(0x20_0000n), '2 MB');
  assert.equal(formatSize(0x20_1000n), '2052 KB');
  assert.equal(formatSize(1n << 39n), '512 GB');
  assert.equal(formatSize(1n << 52n), '4096 TB');
});

test('addresses line up below and above 4 GB', () => {
  assert.equal(formatAddress(0n), '0x00000000');
  assert.equal(formatAddress(0x4008_0000n), '0x40080000');
  assert.equal(formatAddress(0x1_0000_0000n), '0x000100000000');
  assert.equal(formatAddress(0xffff_ffc0_0800_0000n), '0xffffffc008000000');
});

test('a duration has three digits and a unit', () => {
  assert.equal(formatDuration(8), '8 ns');
  assert.equal(formatDuration(1254), '1.25 µs');
  assert.equal(formatDuration(20_000_000), '20 ms');
  assert.equal(formatDuration(3.2e12), '3200 s');
});
