import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from '../board/device.ts';
import { GicV2 } from './gicv2.ts';
import { GICV2_MAP } from './gicv2-map.ts';

const GICD = GICV2_MAP.distributor.base;
const GICC = GICV2_MAP.cpu.base;
const GICH = GICV2_MAP.hypervisor.base;
const GICV = GICV2_MAP.virtual.base;

/** A GICv2 set up as Linux does: all in Group 0, signalled as IRQ. */
function machine(pes = 2) {
  const lines = Array.from({ length: pes }, () => ({ irq: false, fiq: false, virq: false, vfiq: false }));
  let pe = 0;
  const gic = new GicV2(
    { pes },
    { setLines: (n, irq, fiq, virq, vfiq) => Object.assign(lines[n], { irq, fiq, virq, vfiq }) },
    () => pe,
  );
  const bus = new Bus(gic.regions);
  const write = (pa: number, value: number, bytes: 1 | 2 | 4 = 4) => assert.ok(bus.write(pa, bytes, value >>> 0));
  const read = (pa: number) => bus.read(pa, 4);
  const as = (n: number) => {
    pe = n;
  };
  write(GICD, 1);
  for (let n = 0; n < pes; n++) {
    as(n);
    write(GICD + 0x100, 0xffffffff);
    write(GICC + 4, 0xf0);
    write(GICC, 1);
  }
  as(0);
  write(GICD + 0x104, 0xffffffff);
  return { gic, lines, read, write, as };
}

test('an SPI goes to the PEs in ITARGETSR, and the first to acknowledge it has it', () => {
  const { gic, lines, read, write, as } = machine();
  write(GICD + 0x800 + 33, 3, 1);
  assert.equal(read(GICD + 0x820), 3 << 8);
  gic.setSpi(1, true);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [true, true],
  );
  as(1);
  assert.equal(read(GICC + 0xc), 33);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [false, false],
  );
  gic.setSpi(1, false);
  write(GICC + 0x10, 33);
  assert.equal(read(GICD + 0x304), 0);
});

test('an SGI is acknowledged with the PE that sent it, once for each sender', () => {
  const { lines, read, write, as } = machine(3);
  as(1);
  write(GICD + 0xf00, (1 << 16) | 5);
  as(2);
  write(GICD + 0xf00, (1 << 24) | 5);
  as(0);
  assert.equal(read(GICD + 0xf14), 0b110 << 8);
  assert.equal(read(GICC + 0xc), (1 << 10) | 5);
  assert.equal(lines[0].irq, false);
  write(GICC + 0x10, (1 << 10) | 5);
  assert.equal(read(GICC + 0xc), (2 << 10) | 5);
  write(GICC + 0x10, (2 << 10) | 5);
  assert.equal(read(GICC + 0xc), 1023);
  assert.equal(lines[1].irq, true, 'to all others includes PE 1');
});

test('ITARGETSR of private interrupts shows the reading PE', () => {
  const { read, as } = machine();
  assert.equal(read(GICD + 0x800), 0x01010101);
  as(1);
  assert.equal(read(GICD + 0x800), 0x02020202);
});

test('Group 0 is signalled as FIQ with FIQEn, and Group 1 needs AckCtl or the aliased registers', () => {
  const { gic, lines, read, write } = machine(1);
  write(GICC, 1 | 8);
  gic.setPpi(0, 27, true);
  assert.deepEqual([lines[0].irq, lines[0].fiq], [false, true]);
  write(GICD + 0x80, 1 << 27);
  write(GICD, 3);
  write(GICC, 3);
  assert.equal(lines[0].irq, true);
  assert.equal(read(GICC + 0xc), 1022);
  assert.equal(read(GICC + 0x20), 27);
});

test('with EOImode GICC_DIR deactivates', () => {
  const { gic, read, write } = machine(1);
  write(GICC, 1 | (1 << 9));
  gic.setPpi(0, 27, true);
  assert.equal(read(GICC + 0xc), 27);
  write(GICC + 0x10, 27);
  assert.equal(read(GICC + 0x14), 0xff);
  assert.equal(read(GICD + 0x300), 1 << 27);
  write(GICC + 0x1000, 27);
  assert.equal(read(GICD + 0x300), 0);
});

test('a guest acknowledges and ends a list register through GICV', () => {
  const { gic, lines, read, write } = machine(1);
  gic.setPpi(0, 27, true);
  write(GICC, 1 | (1 << 9));
  read(GICC + 0xc);
  write(GICC + 0x10, 27);
  gic.setPpi(0, 27, false);
  write(GICH, 1);
  write(GICV, 1);
  write(GICV + 4, 0xf0);
  const value = ((1 << 31) | (1 << 28) | (0x14 << 23) | (27 << 10) | 27) >>> 0;
  write(GICH + 0x100, value);
  assert.equal(read(GICH + 0x100), value);
  assert.equal(lines[0].virq, true);
  assert.equal(read(GICV + 0xc), 27);
  assert.equal(read(GICV + 0x14), 0xa0);
  write(GICV + 0x10, 27);
  assert.equal(read(GICH + 0x100), (value & ~(3 << 28)) >>> 0);
  assert.equal(read(GICD + 0x300), 0, 'the physical interrupt is deactivated');
});

test('a virtual SGI keeps its source, and EOI in its list register asks for maintenance', () => {
  const { lines, read, write } = machine(1);
  write(GICH, 1);
  write(GICV, 1);
  write(GICV + 4, 0xf0);
  write(GICH + 0x104, ((1 << 28) | (0x10 << 23) | (1 << 19) | (3 << 10) | 7) >>> 0);
  assert.equal(read(GICV + 0xc), (3 << 10) | 7);
  write(GICV + 0x10, (3 << 10) | 7);
  assert.equal(read(GICH + 0x20), 0b10);
  assert.equal(read(GICH + 0x10), 1);
  assert.equal(read(GICH + 0x30), 0b1101);
  assert.equal(lines[0].irq, true);
  assert.equal(read(GICC + 0xc), 25);
});

test('a restored snapshot has the same registers and drives the same lines', () => {
  const one = machine(1);
  one.write(GICC, 1 | 8);
  one.gic.setPpi(0, 27, true);
  const saved = structuredClone(one.gic.snapshot());
  const other = machine(1);
  other.gic.restore(saved);
  assert.deepEqual(other.lines, one.lines);
  assert.equal(other.read(GICC + 0xc), 27);
});
