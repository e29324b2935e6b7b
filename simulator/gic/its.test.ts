import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from '../board/device.ts';
import { TestMemory } from '../board/test-memory.ts';
import { GICV3_MAP, GicV3 } from './gicv3.ts';

const RAM = 0x4000_0000;
const QUEUE = RAM + 0x1_0000;
const CONFIGURATION = RAM + 0x2_0000;
const PENDING = RAM + 0x3_0000;
const ITS = GICV3_MAP.its.base;
const GICR = GICV3_MAP.redistributor.base;

/** Two PEs with LPIs enabled and an ITS whose device 5 sends event 1 as LPI 8200 to collection 0, which is PE 0. */
function machine(prepare?: (memory: TestMemory) => void) {
  const memory = new TestMemory(RAM, 0x10_0000);
  prepare?.(memory);
  const irq = [false, false];
  const gic = new GicV3(
    { pes: 2, affinities: [0, 1], memory },
    {
      setLines: (pe, level) => {
        irq[pe] = level;
      },
    },
  );
  const bus = new Bus(gic.regions);
  const write = (pa: number, value: number) => assert.ok(bus.write(pa, 4, value >>> 0));
  const read = (pa: number) => bus.read(pa, 4) as number;
  write(GICV3_MAP.distributor.base, 3);
  for (const pe of [0, 1]) {
    const rd = GICR + pe * GICV3_MAP.redistributor.size;
    write(rd + 0x70, CONFIGURATION | 15);
    write(rd + 0x78, PENDING + pe * 0x1_0000);
    write(rd, 1);
    gic.writeRegister(pe, 'ICC_PMR_EL1', 0xf8n);
    gic.writeRegister(pe, 'ICC_IGRPEN1_EL1', 1n);
  }
  memory.write(CONFIGURATION + 8, Uint8Array.of(0xa1));
  write(ITS + 0x80, QUEUE);
  write(ITS + 0x84, 1 << 31);
  write(ITS, 1);
  let at = 0;
  /** Puts a command of four doublewords into the queue and rings. */
  const command = (...words: (number | bigint)[]) => {
    for (let i = 0; i < 4; i++) memory.writeU64(QUEUE + at + 8 * i, BigInt(words[i] ?? 0));
    at = (at + 32) % 0x1000;
    write(ITS + 0x88, at);
  };
  const device = 5n << 32n;
  command(0x08n | device, 7, 1n << 63n); // MAPD
  command(0x09, 0, 1n << 63n); // MAPC 0 to PE 0
  command(0x09, 0, (1n << 63n) | (1n << 16n) | 1n); // MAPC 1 to PE 1
  command(0x0an | device, (8200n << 32n) | 1n, 0); // MAPTI
  const iar = (pe: number) => gic.readRegister(pe, 'ICC_IAR1_EL1');
  return { memory, gic, irq, read, write, command, device, iar };
}

test('an event becomes an LPI at the PE of its collection, without an active state', () => {
  const { gic, irq, read, iar } = machine();
  assert.equal(read(ITS + 0x90), 4 * 32, 'four commands are done');
  gic.its?.translate(5, 1);
  assert.deepEqual(irq, [true, false]);
  assert.equal(iar(0), 8200n);
  assert.equal(gic.readRegister(0, 'ICC_RPR_EL1'), 0xa0n);
  gic.its?.translate(5, 1);
  gic.writeRegister(0, 'ICC_EOIR1_EL1', 8200n);
  assert.equal(irq[0], true, 'pending again while it ran');
});

test('INT and CLEAR set and clear an LPI, and events that are not mapped do nothing', () => {
  const { gic, irq, command, device } = machine();
  command(0x03n | device, 1);
  assert.equal(irq[0], true);
  command(0x04n | device, 1);
  assert.equal(irq[0], false);
  command(0x03n | device, 2);
  command(0x03n | (9n << 32n), 1);
  gic.its?.translate(77, 0);
  assert.deepEqual(irq, [false, false]);
});

test('MOVI takes a pending LPI to another PE, and MOVALL all of them', () => {
  const { irq, command, device } = machine();
  command(0x03n | device, 1);
  command(0x01n | device, 1, 1);
  assert.deepEqual(irq, [false, true]);
  command(0x0e, 0, 1 << 16, 0);
  assert.deepEqual(irq, [true, false]);
});

test('a changed configuration byte counts after INV', () => {
  const { memory, irq, command, device } = machine();
  command(0x03n | device, 1);
  assert.equal(irq[0], true);
  memory.write(CONFIGURATION + 8, Uint8Array.of(0xa0));
  assert.equal(irq[0], true);
  command(0x0cn | device, 1);
  assert.equal(irq[0], false);
  memory.write(CONFIGURATION + 8, Uint8Array.of(0xa1));
  command(0x0d, 0, 0);
  assert.equal(irq[0], true);
});

test('DISCARD and an unmapped device end the translation', () => {
  const { gic, irq, command, device } = machine();
  command(0x03n | device, 1);
  command(0x0fn | device, 1);
  assert.equal(irq[0], false);
  command(0x0an | device, (8200n << 32n) | 1n, 0);
  command(0x08n | device, 7, 0);
  gic.its?.translate(5, 1);
  assert.equal(irq[0], false);
});

test('what the pending table has is pending when LPIs are enabled', () => {
  const { irq, iar } = machine(memory => {
    memory.write(PENDING + 8200 / 8, Uint8Array.of(1));
    memory.write(CONFIGURATION + 8, Uint8Array.of(0xa1));
  });
  assert.equal(irq[0], true);
  assert.equal(iar(0), 8200n);
});

test('a command queue outside of RAM stalls', () => {
  const { read, write } = machine();
  write(ITS + 0x80, 0x1000_0000);
  write(ITS + 0x84, 1 << 31);
  write(ITS + 0x88, 64);
  assert.equal(read(ITS + 0x90), 1);
});

test('GITS_BASER keeps its type and entry size whatever is written', () => {
  const { read, write } = machine();
  const fixed = [read(ITS + 0x104), read(ITS + 0x10c), read(ITS + 0x114)];
  assert.deepEqual(
    fixed.map(word => (word >>> 24) & 7),
    [1, 4, 0],
  );
  write(ITS + 0x104, 0xffffffff);
  assert.equal((read(ITS + 0x104) >>> 16) & 0x71f, (fixed[0] >>> 16) & 0x71f);
});

test('a restored controller delivers what was pending and mapped', () => {
  const one = machine();
  one.command(0x03n | one.device, 1);
  const saved = structuredClone(one.gic.regions.map(({ device }) => device.snapshot()));
  const other = machine();
  for (const [index, { device }] of other.gic.regions.entries()) device.restore(saved[index]);
  assert.equal(other.irq[0], true);
  assert.equal(other.iar(0), 8200n);
  assert.deepEqual(other.gic.its?.snapshot(), one.gic.its?.snapshot());
});
