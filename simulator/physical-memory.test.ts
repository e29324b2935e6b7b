import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RAM } from './engine/layout.ts';
import { PhysicalMemory } from './physical-memory.ts';

const MIB = 2 ** 20;

test('each byte of memory has one place, and the place leads back to it', () => {
  const memory = new PhysicalMemory(64 * MIB, { secureRam: true, flash: true });
  assert.equal(memory.bytes, (64 + 16 + 64) * MIB);
  for (const pa of [0, 0x3ff_ffff, 0xe00_0000, 0xeff_ffff, 0x4000_0000, 0x43ff_ffff]) {
    const host = memory.hostOf(pa);
    assert.ok(host !== undefined && host >= RAM && host < RAM + memory.bytes);
    assert.equal(memory.addressOf(host), pa);
    assert.equal(memory.isWritable(host), pa >= 0xe00_0000, 'flash is no memory that one can write');
  }
  for (const pa of [0x400_0000, 0x900_0000, 0xdff_ffff, 0xf00_0000, 0x3fff_ffff, 0x4400_0000])
    assert.equal(memory.hostOf(pa), undefined);
});

test('without firmware there is RAM alone', () => {
  const memory = new PhysicalMemory(MIB, { secureRam: false, flash: false });
  assert.deepEqual(memory.ranges, [{ base: 0x4000_0000, size: MIB, host: RAM, writable: true }]);
  assert.equal(memory.hostOf(0), undefined);
});
