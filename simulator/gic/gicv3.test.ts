import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from '../board/device.ts';
import { GICV3_MAP, GicV3 } from './gicv3.ts';

const GICD = GICV3_MAP.distributor.base;
const GICR = GICV3_MAP.redistributor.base;
const GICR_STRIDE = GICV3_MAP.redistributor.size;

interface Lines {
  irq: boolean;
  fiq: boolean;
  virq: boolean;
  vfiq: boolean;
}

/** A GICv3 with everything in Group 1, enabled and at priority 0xA0, and open CPU interfaces. */
function machine(pes = 2) {
  const lines: Lines[] = Array.from({ length: pes }, () => ({ irq: false, fiq: false, virq: false, vfiq: false }));
  const gic = new GicV3(
    { pes, affinities: Array.from({ length: pes }, (_, pe) => pe) },
    { setLines: (pe, irq, fiq, virq, vfiq) => Object.assign(lines[pe], { irq, fiq, virq, vfiq }) },
  );
  const bus = new Bus(gic.regions);
  const write = (pa: number, value: number, bytes: 1 | 2 | 4 = 4) => assert.ok(bus.write(pa, bytes, value >>> 0));
  const read = (pa: number) => bus.read(pa, 4);
  write(GICD, 3);
  for (let word = 1; word < 9; word++) {
    write(GICD + 0x80 + 4 * word, 0xffffffff);
    write(GICD + 0x100 + 4 * word, 0xffffffff);
  }
  for (let intid = 32; intid < 288; intid++) write(GICD + 0x400 + intid, 0xa0, 1);
  for (let pe = 0; pe < pes; pe++) {
    const sgi = GICR + pe * GICR_STRIDE + 0x10000;
    write(sgi + 0x80, 0xffffffff);
    write(sgi + 0x100, 0xffffffff);
    for (let i = 0; i < 32; i += 4) write(sgi + 0x400 + i, 0xa0a0a0a0);
    gic.writeRegister(pe, 'ICC_PMR_EL1', 0xf8n);
    gic.writeRegister(pe, 'ICC_IGRPEN0_EL1', 1n);
    gic.writeRegister(pe, 'ICC_IGRPEN1_EL1', 1n);
  }
  const get = (name: string, pe = 0) => gic.readRegister(pe, name);
  const set = (name: string, value: bigint | number, pe = 0) => gic.writeRegister(pe, name, BigInt(value));
  return { gic, lines, read, write, get, set, sgi: (pe: number) => GICR + pe * GICR_STRIDE + 0x10000 };
}

/** ICH_LR<n>_EL2. */
function lr(options: {
  state?: number;
  vintid: number;
  pintid?: number;
  priority?: number;
  group?: 0 | 1;
  eoi?: boolean;
}): bigint {
  const { state = 1, vintid, pintid, priority = 0xa0, group = 1, eoi = false } = options;
  return (
    (BigInt(state) << 62n) |
    (pintid === undefined ? (eoi ? 1n << 41n : 0n) : (1n << 61n) | (BigInt(pintid) << 32n)) |
    (BigInt(group) << 60n) |
    (BigInt(priority) << 48n) |
    BigInt(vintid)
  );
}

function state(value: bigint): number {
  return Number(value >> 62n);
}

/** A machine whose PE 0 has an enabled virtual interface with open groups. */
function guest() {
  const m = machine(1);
  m.set('ICH_HCR_EL2', 1);
  m.set('ICH_VMCR_EL2', 0xf8000003);
  return m;
}

test('a level-sensitive PPI is pending while its wire is high, and active between acknowledge and end', () => {
  const { gic, lines, get, set } = machine();
  gic.setPpi(0, 27, true);
  assert.deepEqual([lines[0].irq, lines[1].irq], [true, false]);
  assert.equal(get('ICC_HPPIR1_EL1'), 27n);
  assert.equal(get('ICC_IAR1_EL1'), 27n);
  assert.equal(lines[0].irq, false);
  assert.equal(get('ICC_RPR_EL1'), 0xa0n);
  assert.equal(get('ICC_IAR1_EL1'), 1023n);
  set('ICC_EOIR1_EL1', 27);
  assert.equal(lines[0].irq, true, 'the wire is still high');
  gic.setPpi(0, 27, false);
  assert.equal(lines[0].irq, false);
  assert.equal(get('ICC_RPR_EL1'), 0xffn);
});

test('an edge-triggered SPI stays pending after its wire falls, until it is acknowledged', () => {
  const { gic, lines, write, read, get, set } = machine();
  write(GICD + 0xc00 + 4 * 3, 2 << 2); // INTID 49
  gic.setSpi(17, true);
  gic.setSpi(17, false);
  assert.equal(read(GICD + 0x204), 1 << 17);
  assert.equal(lines[0].irq, true);
  assert.equal(get('ICC_IAR1_EL1'), 49n);
  assert.equal(read(GICD + 0x304), 1 << 17);
  gic.setSpi(17, true);
  assert.equal(lines[0].irq, false, 'pending again, but active');
  set('ICC_EOIR1_EL1', 49);
  assert.equal(lines[0].irq, true);
});

test('GICD_IROUTER sends an SPI to the PE with that affinity, and to none when there is no such PE', () => {
  const { gic, lines, write } = machine();
  write(GICD + 0x6000 + 8 * 40, 1);
  gic.setSpi(8, true);
  assert.deepEqual([lines[0].irq, lines[1].irq], [false, true]);
  write(GICD + 0x6000 + 8 * 40, 7);
  assert.deepEqual([lines[0].irq, lines[1].irq], [false, false]);
  write(GICD + 0x6000 + 8 * 40, 0x80000000);
  assert.deepEqual([lines[0].irq, lines[1].irq], [true, false]);
});

test('SGIs go to the PEs of a target list and to all others', () => {
  const { lines, get, set } = machine(3);
  set('ICC_SGI1R_EL1', (5n << 24n) | 0b110n);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [false, true, true],
  );
  assert.equal(get('ICC_IAR1_EL1', 1), 5n);
  set('ICC_SGI1R_EL1', (1n << 40n) | (3n << 24n), 2);
  assert.deepEqual(
    lines.map(({ irq }) => irq),
    [true, false, true],
  );
  assert.equal(get('ICC_IAR1_EL1', 0), 3n);
  assert.equal(get('ICC_HPPIR1_EL1', 1), 3n);
});

test('a more urgent interrupt preempts, one of the same group priority does not', () => {
  const { gic, lines, write, get, set, sgi } = machine(1);
  write(sgi(0) + 0x400 + 16, 0x80, 1);
  write(sgi(0) + 0x400 + 17, 0x40, 1);
  gic.setPpi(0, 20, true);
  assert.equal(get('ICC_IAR1_EL1'), 20n);
  gic.setPpi(0, 21, true);
  assert.equal(lines[0].irq, false);
  gic.setPpi(0, 16, true);
  assert.equal(get('ICC_IAR1_EL1'), 16n);
  gic.setPpi(0, 17, true);
  assert.equal(get('ICC_IAR1_EL1'), 17n);
  assert.equal(get('ICC_AP1R0_EL1'), (1n << 20n) | (1n << 16n) | (1n << 8n));
  for (const intid of [17, 16, 20]) {
    gic.setPpi(0, intid, false);
    set('ICC_EOIR1_EL1', intid);
  }
  assert.equal(get('ICC_RPR_EL1'), 0xffn);
  assert.equal(get('ICC_IAR1_EL1'), 21n);
});

test('a binary point makes priorities that differ only in the subpriority not preempt', () => {
  const { gic, lines, write, get, set, sgi } = machine(1);
  set('ICC_BPR1_EL1', 5); // group priority is bits 7:5
  write(sgi(0) + 0x400 + 16, 0x80, 1);
  write(sgi(0) + 0x400 + 17, 0x98, 1);
  gic.setPpi(0, 17, true);
  assert.equal(get('ICC_IAR1_EL1'), 17n);
  gic.setPpi(0, 16, true);
  assert.equal(lines[0].irq, false);
  set('ICC_BPR1_EL1', 0);
  assert.equal(get('ICC_BPR1_EL1'), 3n, 'the smallest value for Group 1');
  set('ICC_CTLR_EL1', 1);
  set('ICC_BPR0_EL1', 6);
  assert.equal(get('ICC_BPR1_EL1'), 7n, 'with CBPR it reads BPR0 plus one');
});

test('the priority mask and the group enables hold interrupts back', () => {
  const { gic, lines, write, set } = machine(1);
  gic.setPpi(0, 27, true);
  set('ICC_PMR_EL1', 0xa0);
  assert.equal(lines[0].irq, false);
  set('ICC_PMR_EL1', 0xa8);
  assert.equal(lines[0].irq, true);
  set('ICC_IGRPEN1_EL1', 0);
  assert.equal(lines[0].irq, false);
  set('ICC_IGRPEN1_EL1', 1);
  write(GICD, 1);
  assert.equal(lines[0].irq, false);
});

test('Group 0 is signalled as FIQ and acknowledged by its own register', () => {
  const { gic, lines, write, get, set, sgi } = machine(1);
  write(sgi(0) + 0x80, ~(1 << 27));
  gic.setPpi(0, 27, true);
  assert.deepEqual([lines[0].irq, lines[0].fiq], [false, true]);
  assert.equal(get('ICC_IAR1_EL1'), 1023n);
  assert.equal(get('ICC_IAR0_EL1'), 27n);
  set('ICC_EOIR1_EL1', 27);
  assert.equal(get('ICC_RPR_EL1'), 0xa0n, 'the end of another group drops nothing');
  set('ICC_EOIR0_EL1', 27);
  assert.equal(get('ICC_RPR_EL1'), 0xffn);
});

test('with EOImode the end drops the priority and ICC_DIR deactivates', () => {
  const { gic, read, get, set, sgi } = machine(1);
  set('ICC_CTLR_EL1', 2);
  gic.setPpi(0, 27, true);
  get('ICC_IAR1_EL1');
  set('ICC_EOIR1_EL1', 27);
  assert.equal(get('ICC_RPR_EL1'), 0xffn);
  assert.equal(read(sgi(0) + 0x300), 1 << 27);
  set('ICC_DIR_EL1', 27);
  assert.equal(read(sgi(0) + 0x300), 0);
});

test('software sets and clears pending and active states', () => {
  const { gic, lines, read, write, sgi } = machine(1);
  write(sgi(0) + 0x200, 1 << 27);
  assert.equal(lines[0].irq, true);
  write(sgi(0) + 0x280, 1 << 27);
  assert.equal(lines[0].irq, false);
  gic.setPpi(0, 27, true);
  write(sgi(0) + 0x280, 1 << 27);
  assert.equal(read(sgi(0) + 0x280), 1 << 27, 'a high wire cannot be cleared');
  write(sgi(0) + 0x300, 1 << 27);
  assert.equal(lines[0].irq, false, 'active');
  write(sgi(0) + 0x380, 1 << 27);
  assert.equal(lines[0].irq, true);
  write(sgi(0) + 0x180, 1 << 27);
  assert.equal(lines[0].irq, false, 'disabled');
});

test('a list register goes from pending over active to invalid', () => {
  const { lines, get, set } = guest();
  set('ICH_LR0_EL2', lr({ vintid: 40 }));
  assert.equal(lines[0].virq, true);
  assert.equal(get('ICV_HPPIR1_EL1'), 40n);
  assert.equal(get('ICV_IAR1_EL1'), 40n);
  assert.equal(state(get('ICH_LR0_EL2')), 2);
  assert.equal(lines[0].virq, false);
  assert.equal(get('ICV_RPR_EL1'), 0xa0n);
  assert.equal(get('ICH_AP1R0_EL2'), 1n << 20n);
  set('ICV_EOIR1_EL1', 40);
  assert.equal(state(get('ICH_LR0_EL2')), 0);
  assert.equal(get('ICV_RPR_EL1'), 0xffn);
});

test('a list register that is pending and active becomes pending at the end', () => {
  const { lines, get, set } = guest();
  set('ICH_LR0_EL2', lr({ vintid: 40, state: 3 }));
  assert.equal(lines[0].virq, false, 'pending and active is not signalled');
  set('ICH_AP1R0_EL2', 1n << 20n);
  set('ICV_EOIR1_EL1', 40);
  assert.equal(state(get('ICH_LR0_EL2')), 1);
  assert.equal(lines[0].virq, true);
});

test('the end of a list register with HW deactivates the physical interrupt', () => {
  const { gic, read, get, set, sgi } = guest();
  set('ICC_CTLR_EL1', 2);
  gic.setPpi(0, 27, true);
  assert.equal(get('ICC_IAR1_EL1'), 27n);
  set('ICC_EOIR1_EL1', 27);
  gic.setPpi(0, 27, false);
  set('ICH_LR1_EL2', lr({ vintid: 27, pintid: 27 }));
  assert.equal(get('ICV_IAR1_EL1'), 27n);
  assert.equal(read(sgi(0) + 0x300), 1 << 27);
  set('ICV_EOIR1_EL1', 27);
  assert.equal(read(sgi(0) + 0x300), 0);
  assert.equal(state(get('ICH_LR1_EL2')), 0);
});

test('with the EOImode of the guest only ICV_DIR deactivates', () => {
  const { get, set } = guest();
  set('ICV_CTLR_EL1', 2);
  set('ICH_LR0_EL2', lr({ vintid: 40 }));
  get('ICV_IAR1_EL1');
  set('ICV_EOIR1_EL1', 40);
  assert.equal(state(get('ICH_LR0_EL2')), 2);
  assert.equal(get('ICV_RPR_EL1'), 0xffn);
  set('ICV_DIR_EL1', 40);
  assert.equal(state(get('ICH_LR0_EL2')), 0);
});

test('the best list register is the lowest priority value, and the lowest index among equals', () => {
  const { get, set } = guest();
  set('ICH_LR0_EL2', lr({ vintid: 40, priority: 0xa0 }));
  set('ICH_LR1_EL2', lr({ vintid: 41, priority: 0x80 }));
  set('ICH_LR2_EL2', lr({ vintid: 42, priority: 0x80 }));
  assert.deepEqual([get('ICV_IAR1_EL1'), get('ICV_IAR1_EL1')], [41n, 1023n], 'the second has the same priority');
  set('ICV_EOIR1_EL1', 41);
  assert.equal(get('ICV_IAR1_EL1'), 42n);
});

test('a Group 0 list register is a virtual FIQ', () => {
  const { lines, get, set } = guest();
  set('ICH_LR0_EL2', lr({ vintid: 40, group: 0 }));
  assert.deepEqual([lines[0].virq, lines[0].vfiq], [false, true]);
  assert.equal(get('ICV_IAR1_EL1'), 1023n);
  assert.equal(get('ICV_IAR0_EL1'), 40n);
  set('ICV_EOIR0_EL1', 40);
  assert.equal(state(get('ICH_LR0_EL2')), 0);
});

test('the guest sees ICH_VMCR_EL2 through its own registers', () => {
  const { lines, get, set } = guest();
  set('ICV_PMR_EL1', 0x50);
  set('ICV_BPR1_EL1', 4);
  set('ICV_CTLR_EL1', 2);
  assert.equal(get('ICH_VMCR_EL2'), 0x50000000n | (2n << 21n) | (4n << 18n) | (1n << 9n) | 0b1011n);
  set('ICH_LR0_EL2', lr({ vintid: 40 }));
  assert.equal(lines[0].virq, false, 'masked by the priority mask of the guest');
  set('ICV_PMR_EL1', 0xff);
  assert.equal(get('ICV_PMR_EL1'), 0xf8n);
  assert.equal(lines[0].virq, true);
  set('ICV_IGRPEN1_EL1', 0);
  assert.equal(lines[0].virq, false);
});

test('ending an interrupt that is in no list register counts in ICH_HCR_EL2.EOIcount', () => {
  const { get, set } = guest();
  set('ICH_AP1R0_EL2', 1n << 20n);
  set('ICV_EOIR1_EL1', 99);
  assert.equal(get('ICH_HCR_EL2') >> 27n, 1n);
  set('ICV_EOIR1_EL1', 99);
  assert.equal(get('ICH_HCR_EL2') >> 27n, 1n, 'no active priority, no end');
});

test('EISR and ELRSR tell ended list registers from free ones', () => {
  const { get, set } = guest();
  set('ICH_LR0_EL2', lr({ vintid: 40, eoi: true }));
  set('ICH_LR1_EL2', lr({ vintid: 41, state: 0, eoi: true }));
  set('ICH_LR2_EL2', lr({ vintid: 42, state: 0, pintid: 0x3ff }));
  assert.equal(get('ICH_EISR_EL2'), 0b0010n);
  assert.equal(get('ICH_ELRSR_EL2'), 0b1100n);
});

const CAUSES: readonly [cause: string, hcr: number, vmcr: number, lrs: bigint[], misr: number][] = [
  ['EOI: a list register with EOI was ended', 0, 3, [lr({ vintid: 40, state: 0, eoi: true })], 1 << 0],
  ['U: one list register in use', 1 << 1, 3, [lr({ vintid: 40 })], 1 << 1],
  ['not U: two list registers in use', 1 << 1, 3, [lr({ vintid: 40 }), lr({ vintid: 41, state: 2 })], 0],
  ['LRENP: an end without a list register', (1 << 2) | (1 << 27), 3, [], 1 << 2],
  ['not LRENP: none counted', 1 << 2, 3, [], 0],
  ['NP: none pending', 1 << 3, 3, [lr({ vintid: 40, state: 2 })], 1 << 3],
  ['not NP: one pending', 1 << 3, 3, [lr({ vintid: 40 })], 0],
  ['VGrp0E: Group 0 is enabled', 1 << 4, 1, [], 1 << 4],
  ['not VGrp0E: only Group 1 is enabled', 1 << 4, 2, [], 0],
  ['VGrp0D: Group 0 is disabled', 1 << 5, 2, [], 1 << 5],
  ['not VGrp0D: only Group 0 is enabled', 1 << 5, 1, [], 0],
  ['VGrp1E: Group 1 is enabled', 1 << 6, 2, [], 1 << 6],
  ['not VGrp1E: only Group 0 is enabled', 1 << 6, 1, [], 0],
  ['VGrp1D: Group 1 is disabled', 1 << 7, 1, [], 1 << 7],
  ['not VGrp1D: only Group 1 is enabled', 1 << 7, 2, [], 0],
];

for (const [cause, hcr, vmcr, lrs, misr] of CAUSES) {
  test(`maintenance interrupt by ${cause}`, () => {
    const { read, get, set, sgi } = machine(1);
    set('ICH_VMCR_EL2', 0xf8000000 + vmcr);
    for (const [n, value] of lrs.entries()) set(`ICH_LR${n}_EL2`, value);
    set('ICH_HCR_EL2', hcr);
    assert.equal(get('ICH_MISR_EL2'), BigInt(misr));
    const pending = () => ((read(sgi(0) + 0x200) ?? 0) >>> 25) & 1;
    assert.equal(pending(), 0, 'not while ICH_HCR_EL2.En is 0');
    set('ICH_HCR_EL2', hcr + 1);
    assert.equal(pending(), misr === 0 ? 0 : 1);
  });
}

test('the maintenance interrupt reaches the PE as PPI 25 and ends with its cause', () => {
  const { lines, get, set } = guest();
  set('ICH_HCR_EL2', 0b11);
  assert.equal(lines[0].irq, true);
  assert.equal(get('ICC_IAR1_EL1'), 25n);
  set('ICH_HCR_EL2', 0b01);
  set('ICC_EOIR1_EL1', 25);
  assert.equal(lines[0].irq, false);
});

test('debuggers see list registers and pending interrupts', () => {
  const { gic, set } = guest();
  set('ICH_LR2_EL2', lr({ vintid: 27, pintid: 30, state: 3, priority: 0x20 }));
  assert.deepEqual(gic.listRegisters(0)[2], {
    index: 2,
    value: lr({ vintid: 27, pintid: 30, state: 3, priority: 0x20 }),
    state: 'pending+active',
    virtualId: 27,
    physicalId: 30,
    priority: 0x20,
    group: 1,
    hw: true,
  });
  gic.setSpi(1, true);
  assert.deepEqual(gic.pending(0), [{ intid: 33, priority: 0xa0, group: 1, enabled: true, active: false }]);
});

test('a restored snapshot has the same registers and drives the same lines', () => {
  const one = guest();
  one.gic.setPpi(0, 27, true);
  one.set('ICH_LR0_EL2', lr({ vintid: 40 }));
  one.get('ICC_IAR1_EL1');
  const saved = structuredClone(one.gic.snapshot());
  const other = machine(1);
  other.gic.restore(saved);
  assert.deepEqual(other.lines, one.lines);
  assert.deepEqual(other.gic.snapshot(), saved);
  assert.equal(other.get('ICC_RPR_EL1'), 0xa0n);
});

test('the identification that drivers read is that of a GICv3', () => {
  const { read, gic } = machine(2);
  assert.equal((read(GICD + 0xffe8) ?? 0) & 0xf0, 0x30);
  assert.equal((read(GICD + 4) ?? 0) & 0x1f, 8);
  assert.equal(read(GICR + 8), 0);
  assert.equal(read(GICR + GICR_STRIDE + 8), (1 << 8) | (1 << 4));
  assert.equal(read(GICR + GICR_STRIDE + 12), 1);
  assert.throws(() => gic.readRegister(0, 'ICC_NONSENSE_EL1'), /no system register named ICC_NONSENSE_EL1/);
});

test('ICV_HPPIR shows what is pending also while the virtual interface is off', () => {
  const { lines, get, set } = guest();
  set('ICH_LR0_EL2', lr({ vintid: 40 }));
  set('ICH_HCR_EL2', 0);
  assert.deepEqual([get('ICV_HPPIR1_EL1'), get('ICV_IAR1_EL1'), lines[0].virq], [40n, 1023n, false]);
});

test('the running priority counts under the binary point of now', () => {
  const { gic, lines, write, get, set, sgi } = machine(1);
  write(sgi(0) + 0x400 + 16, 0x20, 1);
  write(sgi(0) + 0x400 + 17, 0x28, 1);
  gic.setPpi(0, 17, true);
  assert.equal(get('ICC_IAR1_EL1'), 17n);
  set('ICC_BPR1_EL1', 6);
  gic.setPpi(0, 16, true);
  assert.equal(lines[0].irq, false);
  set('ICC_BPR1_EL1', 3);
  assert.equal(lines[0].irq, true);
});

test('a virtual LPI ends with EOIR whatever the EOImode of the guest', () => {
  const { get, set } = guest();
  set('ICV_CTLR_EL1', 2);
  set('ICH_LR0_EL2', lr({ vintid: 8192 }));
  assert.equal(get('ICV_IAR1_EL1'), 8192n);
  set('ICV_DIR_EL1', 8192);
  assert.equal(state(get('ICH_LR0_EL2')), 2);
  set('ICV_EOIR1_EL1', 8192);
  assert.equal(state(get('ICH_LR0_EL2')), 0);
});
