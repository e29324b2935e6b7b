import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as L from '../layout.ts';
import { TestMachine } from './harness.ts';

const RAM = BigInt(L.RAM_BASE);
const AF = 0x400n;
const S2_ALL = 0x400n | 0xc0n | 0x3cn; // AF, read and write, Normal Write-Back
const READ_ONLY = 0x80n;
const DBM = 1n << 51n;
const E2H = 1n << 34n;

/** EL1&0 over stage 2 with a 39-bit IPA: a guest whose RAM is flat, in 2 MB blocks. */
function guest(): { m: TestMachine; stage1: bigint; stage2: bigint } {
  const m = new TestMachine();
  const stage1 = m.allocate(0x1000);
  const stage2 = m.allocate(0x1000);
  for (let block = RAM; block < RAM + 0x400000n; block += 0x200000n) m.map(stage2, 1, 12, block, block, 2, S2_ALL);
  m.write('TTBR0_EL1', stage1);
  m.write('TCR_EL1', 25n | (25n << 16n) | (2n << 30n) | (5n << 32n));
  m.write('MAIR_EL1', 0x00ffn);
  m.write('SCTLR_EL1', 1n);
  m.write('VTTBR_EL2', stage2 | (9n << 48n));
  m.write('VTCR_EL2', 25n | (1n << 6n) | (5n << 16n));
  m.write('HCR_EL2', 1n);
  m.enter(1);
  return { m, stage1, stage2 };
}

test('a trace shows every step of both stages, in the order of the walk', () => {
  const { m, stage1 } = guest();
  m.map(stage1, 1, 12, 0x5000n, RAM + 0x7000n, 3, AF);
  assert.equal(m.core.translate(0x5123n, L.ACCESS_READ, 1, 0), 1);
  const trace = m.trace();
  const shape = trace.steps.map(step => `${step.stage}.${step.level}.${step.kind}`);
  const [table, block, page] = [L.STEP_TABLE, L.STEP_BLOCK, L.STEP_PAGE];
  const stage2 = [`2.1.${table}`, `2.2.${block}`];
  const expected = [...stage2, `1.1.${table}`, ...stage2, `1.2.${table}`, ...stage2, `1.3.${page}`, ...stage2];
  assert.deepEqual(shape, expected);
  const leaf = trace.steps[8];
  assert.equal(leaf.descriptor, m.peek(leaf.pa));
  assert.equal(leaf.pa, leaf.ipa);
  assert.equal(leaf.output, RAM + 0x7000n);
  assert.deepEqual([trace.ipa, trace.pa], [RAM + 0x7123n, RAM + 0x7123n]);
  assert.equal(trace.permissions, L.PERMIT_READ | L.PERMIT_WRITE | L.PERMIT_EXECUTE);
  assert.equal(trace.attributes, 0xff);
});

test('a trace ends with the descriptor that is invalid', () => {
  const { m, stage1 } = guest();
  m.map(stage1, 1, 12, 0x5000n, RAM + 0x7000n, 3, AF);
  assert.equal(m.core.translate(0x6000n, L.ACCESS_READ, 1, 0), 0);
  const trace = m.trace();
  const last = trace.steps[trace.steps.length - 1];
  assert.deepEqual([last.stage, last.level, last.kind, last.descriptor], [1, 3, L.STEP_INVALID, 0n]);
  assert.deepEqual([trace.status, trace.flags], [7, 0]);
});

test('stage 1 alone stops at the IPA, and stage 2 alone begins there', () => {
  const { m, stage1, stage2 } = guest();
  m.map(stage1, 1, 12, 0x5000n, 0x80007000n, 3, AF);
  assert.equal(m.core.translate(0x5000n, L.ACCESS_READ, 1, L.TRANSLATE_STAGE1), 1);
  assert.equal(m.trace().ipa, 0x80007000n);
  assert.equal(m.core.translate(0x5000n, L.ACCESS_READ, 1, 0), 0);
  assert.equal(m.get64(L.TRACE + L.TRACE_FAULT_IPA), 0x80007000n);
  assert.equal(m.core.translateIpa(0x80007000n), 0);
  m.map(stage2, 1, 12, 0x80007000n, RAM + 0x9000n, 3, S2_ALL);
  assert.equal(m.core.translateIpa(0x80007008n), 1);
  assert.equal(m.trace().pa, RAM + 0x9008n);
});

test('a stage 2 fault of an access and of a table read are told apart, with the IPA that failed', () => {
  const { m, stage1 } = guest();
  m.map(stage1, 1, 12, 0x5000n, 0x80007000n, 3, AF);
  assert.equal(m.core.loadSlow(0x5008n, 8, 0), 0);
  assert.deepEqual(m.fault(), { status: 5, flags: L.FAULT_STAGE2, va: 0x5008n, ipa: 0x80007008n });
  m.write('TTBR0_EL1', 0x90000000n);
  m.core.contextsChanged();
  assert.equal(m.core.storeSlow(0x5008n, 8, 0), 0);
  const flags = L.FAULT_STAGE2 | L.FAULT_S1PTW | L.FAULT_WRITE;
  assert.deepEqual(m.fault(), { status: 5, flags, va: 0x5008n, ipa: 0x90000000n });
});

test('maintenance by IPA makes a moved table page seen by the next walk', () => {
  const { m, stage1, stage2 } = guest();
  // The last table of stage 1 is reached through a page of its own in stage 2.
  m.map(stage1, 1, 12, 0x5000n, RAM + 0x7000n, 3, AF);
  m.core.translate(0x5000n, L.ACCESS_READ, 1, 0);
  const leafTable = m.trace().steps[8].pa & ~0xfffn;
  const other = m.allocate(0x1000, 0x1000);
  m.poke(other + 5n * 8n, (RAM + 0x8000n) | AF | 3n);
  const level2 = m.trace().steps[5].pa;
  m.poke(level2, 0x80000000n | 3n);
  m.map(stage2, 1, 12, 0x80000000n, leafTable, 3, S2_ALL);
  m.core.flushAll();
  assert.equal(m.core.loadSlow(0x5000n, 8, 0), m.host(RAM + 0x7000n));
  m.map(stage2, 1, 12, 0x80000000n, other, 3, S2_ALL);
  m.core.tlbiIpa(8, 0x80000000n, 0);
  assert.equal(m.core.loadSlow(0x5000n, 8, 0), m.host(RAM + 0x7000n));
  m.core.tlbiIpa(9, 0x80000000n, 0);
  assert.equal(m.core.loadSlow(0x5000n, 8, 0), m.host(RAM + 0x8000n));
});

test('two guests with one VA each keep their entries over world switches', () => {
  const { m, stage1 } = guest();
  m.map(stage1, 1, 12, 0x5000n, RAM + 0x7000n, 3, AF);
  const second = m.allocate(0x1000);
  m.map(second, 1, 12, 0x5000n, RAM + 0x8000n, 3, AF);
  const enter = (table: bigint, vmid: bigint): void => {
    m.write('TTBR0_EL1', table);
    m.write('VTTBR_EL2', (m.read('VTTBR_EL2') & 0xffffffffffffn) | (vmid << 48n));
    m.core.contextsChanged();
    m.core.enterState();
  };
  const fast = (): boolean => {
    const index = (5 ^ m.get32(L.CTX_DATA_HASH)) & (L.TLB_ENTRIES - 1);
    return m.get64(L.TLB + 32 * index + L.TLB_READ) === (0x5000n | m.get64(L.CTX_DATA));
  };
  assert.equal(m.core.loadSlow(0x5000n, 8, 0), m.host(RAM + 0x7000n));
  enter(second, 10n);
  assert.ok(!fast());
  assert.equal(m.core.loadSlow(0x5000n, 8, 0), m.host(RAM + 0x8000n));
  enter(stage1, 9n);
  assert.ok(fast());
  m.core.tlbiVmid(10, 1);
  m.core.enterState();
  assert.ok(fast());
  enter(second, 10n);
  assert.ok(!fast());
});

test('hardware sets the access flag on use and dirty state on the first store, but not for a debugger', () => {
  const { m, stage1 } = guest();
  m.features(L.FEATURE_EL2 | L.FEATURE_HAF | L.FEATURE_HDBM);
  m.write('TCR_EL1', m.read('TCR_EL1') | (3n << 39n));
  m.map(stage1, 1, 12, 0x5000n, RAM + 0x7000n, 3, READ_ONLY | DBM);
  m.core.contextsChanged();
  assert.equal(m.core.translate(0x5000n, L.ACCESS_WRITE, 1, 0), 1);
  const leaf = m.trace().steps[8].pa;
  const initial = m.peek(leaf);
  assert.equal(initial & (AF | READ_ONLY), READ_ONLY);
  m.core.loadSlow(0x5000n, 8, 0);
  assert.equal(m.peek(leaf), initial | AF);
  assert.equal(m.core.storeSlow(0x5000n, 8, 0), 1);
  assert.equal(m.peek(leaf), (initial | AF) & ~READ_ONLY);
});

test('hardware sets flags of stage 2 too', () => {
  const { m, stage1, stage2 } = guest();
  m.features(L.FEATURE_EL2 | L.FEATURE_HAF | L.FEATURE_HDBM);
  m.write('VTCR_EL2', m.read('VTCR_EL2') | (3n << 21n));
  m.map(stage2, 1, 12, 0x80007000n, RAM + 0x7000n, 3, 0x40n | 0x3cn | DBM);
  m.map(stage1, 1, 12, 0x5000n, 0x80007000n, 3, AF);
  m.core.contextsChanged();
  m.core.translateIpa(0x80007000n);
  const leaf = m.trace().steps[2].pa;
  assert.equal(m.peek(leaf) & (AF | 0x80n), 0n);
  assert.notEqual(m.core.loadSlow(0x5000n, 8, 0), 0);
  assert.equal(m.peek(leaf) & (AF | 0x80n), AF);
  assert.equal(m.core.storeSlow(0x5000n, 8, 0), 1);
  assert.equal(m.peek(leaf) & (AF | 0x80n), AF | 0x80n);
});

test('memory types of both stages combine to the weaker one, or as FEAT_S2FWB says', () => {
  const rows: [stage1: number, memAttr: bigint, fwb: boolean, combined: number][] = [
    [0xff, 15n, false, 0xff],
    [0xff, 5n, false, 0x44],
    [0xff, 10n, false, 0xbb],
    [0x44, 15n, false, 0x44],
    [0x04, 15n, false, 0x04],
    [0xff, 0n, false, 0x00],
    [0xff, 1n, false, 0x04],
    [0x0c, 1n, false, 0x04],
    [0x00, 3n, false, 0x00],
    [0x04, 6n, true, 0xff],
    [0x44, 7n, true, 0x44],
    [0x04, 7n, true, 0x04],
    [0xff, 5n, true, 0x44],
    [0xff, 1n, true, 0x04],
  ];
  for (const [type, memAttr, fwb, combined] of rows) {
    const { m, stage1, stage2 } = guest();
    m.features(L.FEATURE_EL2 | L.FEATURE_FWB);
    m.write('MAIR_EL1', BigInt(type));
    if (fwb) {
      m.write('HCR_EL2', 1n | (1n << 46n));
    }
    m.map(stage1, 1, 12, 0x5000n, 0x80007000n, 3, AF);
    m.map(stage2, 1, 12, 0x80007000n, RAM + 0x7000n, 3, AF | 0xc0n | (memAttr << 2n));
    m.core.contextsChanged();
    assert.equal(m.core.translate(0x5000n, L.ACCESS_READ, 1, 0), 1);
    assert.equal(m.trace().attributes, combined, `${type.toString(16)} ${memAttr} ${fwb}`);
  }
});

test('HCR_EL2.DC makes flat memory of the guest Normal and switches stage 1 off', () => {
  const { m } = guest();
  assert.equal(m.core.translate(RAM, L.ACCESS_READ, 1, 0), 0);
  m.write('HCR_EL2', 1n << 12n);
  m.core.contextsChanged();
  assert.equal(m.core.translate(RAM, L.ACCESS_READ, 1, 0), 1);
  assert.equal(m.trace().attributes, 0xff);
  m.write('HCR_EL2', 1n);
  m.write('SCTLR_EL1', 0n);
  m.core.contextsChanged();
  assert.equal(m.core.translate(RAM, L.ACCESS_READ, 1, 0), 1);
  assert.equal(m.trace().attributes, 0);
});

test('EL0 belongs to EL2&0 in a host with TGE, else to EL1&0', () => {
  const { m, stage1 } = guest();
  m.features(L.FEATURE_EL2 | L.FEATURE_VHE);
  const host = m.allocate(0x1000);
  m.map(stage1, 1, 12, 0x5000n, RAM + 0x7000n, 3, AF | 0x40n);
  m.map(host, 1, 12, 0x5000n, RAM + 0x8000n, 3, AF | 0x40n);
  m.write('TTBR0_EL2', host);
  m.write('TCR_EL2', m.read('TCR_EL1'));
  m.write('MAIR_EL2', 0xffn);
  m.write('SCTLR_EL2', 1n);
  m.enter(0);
  assert.equal(m.core.loadSlow(0x5000n, 4, 0), m.host(RAM + 0x7000n));
  m.write('HCR_EL2', E2H | (1n << 27n));
  m.enter(0);
  assert.equal(m.core.loadSlow(0x5000n, 4, 0), m.host(RAM + 0x8000n));
  m.enter(2);
  assert.equal(m.core.loadSlow(0x5000n, 4, 0), m.host(RAM + 0x8000n));
  // What EL0 may write, EL2 of EL2&0 may not execute; EL0 may.
  assert.equal(m.core.fetch(0x5000n), 0);
  m.enter(0);
  assert.notEqual(m.core.fetch(0x5000n), 0);
});

test('an access to the page of VNCR_EL2 uses EL2 from EL1 and says so when it faults', () => {
  const { m } = guest();
  const table = m.allocate(0x1000);
  m.map(table, 1, 12, 0x5000n, RAM + 0x8000n, 3, AF);
  m.write('TTBR0_EL2', table);
  m.write('TCR_EL2', 25n | (5n << 16n));
  m.write('MAIR_EL2', 0xffn);
  m.write('SCTLR_EL2', 1n);
  assert.equal(m.core.loadSlow(0x5110n, 8, L.MODE_VNCR), m.host(RAM + 0x8110n));
  m.set64(L.BOUNCE, 77n);
  assert.equal(m.core.storeSlow(0x5118n, 8, L.MODE_VNCR), 1);
  assert.equal(m.peek(RAM + 0x8118n), 77n);
  assert.equal(m.core.storeSlow(0x6118n, 8, L.MODE_VNCR), 0);
  assert.deepEqual(m.fault(), { status: 7, flags: L.FAULT_VNCR | L.FAULT_WRITE, va: 0x6118n, ipa: 0n });
});

test('memory beside RAM is read and fetched in place; a store to flash goes to its device', () => {
  const m = new TestMachine();
  const flash = L.REGIONS + 32;
  m.set64(flash + L.REGION_BASE, 0n);
  m.set64(flash + L.REGION_SIZE, 0x10000n);
  m.set32(flash + L.REGION_HOST, L.RAM + 0x300000);
  m.set32(flash + L.REGION_FLAGS, L.REGION_READ_ONLY);
  m.enter(3);
  m.set32(L.STEPPING, 1);
  assert.equal(m.core.loadSlow(0x1008n, 8, 0), L.RAM + 0x301008);
  assert.equal(m.core.fetch(0x2000n), m.get32(L.PAGE_RECORDS + 4 * 0x302));
  m.set64(L.BOUNCE, 0x99n);
  assert.equal(m.core.storeSlow(0x1008n, 1, 0), 1);
  assert.deepEqual(m.events, ['write 0x1008 1 0x99']);
});

test('a store by the host drops decoded instructions and tells of a clean page', () => {
  const m = new TestMachine();
  m.enter(3);
  const records = m.core.fetch(RAM + 0x1000n);
  for (const word of [1022, 1023]) m.view.setUint16(records + 16 * word, 7, true);
  m.view.setUint8(L.PAGE_FLAGS + 2, L.PAGE_CLEAN);
  m.core.beforeHostWrite(RAM + 0x1ffen, 10);
  assert.equal(m.view.getUint16(records + 16 * 1022, true), 7);
  assert.equal(m.view.getUint16(records + 16 * 1023, true), 0);
  assert.deepEqual(m.events, ['firstWrite 2']);
});

test('a change of a control that no maintenance follows is seen at once', () => {
  const { m, stage1 } = guest();
  m.map(stage1, 1, 12, 0x5000n, RAM + 0x7000n, 3, AF);
  assert.notEqual(m.core.fetch(0x5000n), 0);
  m.write('SCTLR_EL1', 1n | (1n << 19n)); // WXN
  m.core.contextsChanged();
  assert.equal(m.core.fetch(0x5000n), 0);
  assert.equal(m.fault().status, 0x0f);
  m.write('SCTLR_EL1', 1n);
  m.write('TCR_EL1', m.read('TCR_EL1') | (1n << 7n)); // EPD0
  m.core.contextsChanged();
  assert.equal(m.core.loadSlow(0x5000n, 4, 0), 0);
  assert.equal(m.fault().status, 4);
});

test('a VMID has 16 bits with FEAT_VMID16 and VTCR_EL2.VS, else 8', () => {
  const m = new TestMachine();
  const both = L.FEATURE_EL2 | L.FEATURE_VMID16;
  m.write('VTTBR_EL2', 0x1234n << 48n);
  const vmid = (features: number, vs: bigint): number => {
    m.features(features);
    m.write('VTCR_EL2', vs << 19n);
    return m.core.currentVmid();
  };
  assert.deepEqual([vmid(both, 1n), vmid(both, 0n), vmid(L.FEATURE_EL2, 1n)], [0x1234, 0x34, 0x34]);
});

test('contexts that differ only in bits that tell how an address is aligned have their tags at different places', () => {
  const { core } = new TestMachine();
  for (let id = 0; id < 4096; id++)
    for (let low = 1; low < 16; low++) assert.notEqual(core.contextHash(id), core.contextHash(id ^ low));
});
