import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as L from '../layout.ts';
import { TestMachine } from './harness.ts';

const RAM = BigInt(L.RAM_BASE);
const VALID = 0x400n; // AF
const EL0 = 0x40n;
const READ_ONLY = 0x80n;
const NOT_GLOBAL = 0x800n;

/** EL1&0 with 4 KB pages and 48-bit ranges; data at Normal memory. */
function machine(): { m: TestMachine; table: bigint } {
  const m = new TestMachine();
  const table = m.allocate(0x1000);
  m.write('TTBR0_EL1', table);
  m.write('TCR_EL1', 16n | (16n << 16n) | (2n << 30n) | (5n << 32n));
  m.write('MAIR_EL1', 0xffn);
  m.write('SCTLR_EL1', 1n);
  m.enter(1);
  return { m, table };
}

function tagged(m: TestMachine, va: bigint, field: number): boolean {
  const context = m.get64(L.CTX_DATA);
  const index = (Number((va >> 12n) & 0xfffn) ^ m.get32(L.CTX_DATA_HASH)) & (L.TLB_ENTRIES - 1);
  return m.get64(L.TLB + index * 32 + field) === ((va & ~0xfffn) | context);
}

test('a load reads RAM through the tables and leaves a tag for the fast path', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID | EL0);
  m.poke(RAM + 0x5008n, 0x1122334455667788n);
  const host = m.core.loadSlow(0x1008n, 8, 0);
  assert.equal(host, m.host(RAM + 0x5008n));
  assert.equal(m.get64(host), 0x1122334455667788n);
  assert.ok(tagged(m, 0x1000n, L.TLB_READ));
  assert.ok(tagged(m, 0x1000n, L.TLB_WRITE));
});

test('an access that crosses into another page gathers and scatters both parts', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x9000n, 3, VALID);
  m.map(table, 0, 12, 0x2000n, RAM + 0x5000n, 3, VALID);
  m.poke(RAM + 0x9ff8n, 0x8877665544332211n);
  m.poke(RAM + 0x5000n, 0x00ffeeddccbbaa99n);
  assert.equal(m.core.loadSlow(0x1ffcn, 8, 0), L.BOUNCE);
  assert.equal(m.get64(L.BOUNCE), 0xccbbaa9988776655n);
  m.set64(L.BOUNCE, 0x0102030405060708n);
  assert.equal(m.core.storeSlow(0x1ffdn, 8, 0), 1);
  assert.equal(m.peek(RAM + 0x9ff8n), 0x0607085544332211n);
  assert.equal(m.peek(RAM + 0x5000n), 0x00ffee0102030405n);
});

test('a store whose second page faults writes nothing', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x9000n, 3, VALID);
  m.set64(L.BOUNCE, 0x0102030405060708n);
  assert.equal(m.core.storeSlow(0x1ffcn, 8, 0), 0);
  assert.deepEqual(m.fault(), { status: 7, flags: L.FAULT_WRITE, va: 0x2000n, ipa: 0n });
  assert.equal(m.peek(RAM + 0x9ff8n), 0n);
});

test('a read-only page takes loads and refuses stores with a permission fault at its level', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x200000n, RAM + 0x200000n, 2, VALID | READ_ONLY);
  assert.notEqual(m.core.loadSlow(0x200000n, 4, 0), 0);
  assert.ok(!tagged(m, 0x200000n, L.TLB_WRITE));
  assert.equal(m.core.storeSlow(0x200000n, 4, 0), 0);
  assert.equal(m.fault().status, 0x0e);
});

test('a store to a page of code drops the records that it overlaps and never gets a tag', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.core.storeSlow(0x1000n, 4, 0);
  assert.ok(tagged(m, 0x1000n, L.TLB_WRITE));
  const records = m.core.fetch(0x1000n);
  assert.notEqual(records, 0);
  assert.ok(!tagged(m, 0x1000n, L.TLB_WRITE));
  for (let word = 0; word < 8; word++) m.view.setUint16(records + 16 * word, 7, true);
  assert.equal(m.core.storeSlow(0x1006n, 4, 0), 1);
  const ops = Array.from({ length: 5 }, (_, word) => m.view.getUint16(records + 16 * word, true));
  assert.deepEqual(ops, [7, 0, 0, 7, 7]);
  assert.ok(!tagged(m, 0x1000n, L.TLB_WRITE));
  assert.equal(m.core.fetch(0x1ffcn), records);
});

test('while the fetch hook is set the host hears of each page that the ITLB takes in, once', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.map(table, 0, 12, 0x2000n, RAM + 0x6000n, 3, VALID);
  m.core.fetch(0x1000n);
  m.set32(L.FETCH_HOOK, 1);
  m.core.fetch(0x1000n);
  m.core.fetch(0x2abcn);
  m.core.fetch(0x2000n);
  assert.deepEqual(m.events, ['fetched 0x2000 0x40006000']);
});

test('the first store to a clean page tells the host once and then goes fast', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.view.setUint8(L.PAGE_FLAGS + 5, L.PAGE_CLEAN);
  assert.notEqual(m.core.loadSlow(0x1000n, 4, 0), 0);
  assert.ok(!tagged(m, 0x1000n, L.TLB_WRITE));
  assert.equal(m.core.storeSlow(0x1000n, 4, 0), 1);
  assert.equal(m.core.storeSlow(0x1000n, 4, 0), 1);
  assert.deepEqual(m.events, ['firstWrite 5']);
  assert.ok(tagged(m, 0x1000n, L.TLB_WRITE));
});

test('an access to a watched page waits for the checked interpreter, and is reported with its PA', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.core.loadSlow(0x1000n, 4, 0);
  m.view.setUint8(L.PAGE_FLAGS + 5, L.PAGE_WATCH);
  m.core.dropPageTags(5);
  assert.ok(!tagged(m, 0x1000n, L.TLB_READ));
  assert.equal(m.core.loadSlow(0x1010n, 8, 0), 0);
  assert.equal(m.fault().flags, L.FAULT_DEVICE);
  assert.equal(m.core.storeSlow(0x1020n, 2, 0), 0);
  assert.deepEqual(m.events, []);
  m.set32(L.STEPPING, 1);
  m.core.loadSlow(0x1010n, 8, 0);
  m.core.storeSlow(0x1020n, 2, 0);
  m.core.loadSlow(0x1ff0n, 1, 0);
  assert.deepEqual(m.events, ['watch 0x40005010 0 8 0', 'watch 0x40005020 0 2 1', 'watch 0x40005ff0 0 1 0']);
});

test('a device access waits for the checked interpreter, then goes to the host', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, 0x9000000n, 3, VALID);
  assert.equal(m.core.loadSlow(0x1004n, 4, 0), 0);
  assert.equal(m.fault().flags, L.FAULT_DEVICE);
  m.set32(L.STEPPING, 1);
  m.deviceValue = 0xabcd;
  assert.equal(m.core.loadSlow(0x1004n, 4, 0), L.BOUNCE);
  assert.equal(m.get32(L.BOUNCE), 0xabcd);
  assert.equal(m.get32(L.EXIT_REQUEST), 0);
  m.set64(L.BOUNCE, 0x77n);
  assert.equal(m.core.storeSlow(0x1008n, 1, 0), 1);
  assert.deepEqual(m.events, ['read 0x9000004 4', 'write 0x9000008 1 0x77']);
});

test('a device access has pieces of at most 4 bytes, the low one first', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, 0x9000000n, 3, VALID);
  m.set32(L.STEPPING, 1);
  m.deviceValue = 0x89abcdef;
  assert.equal(m.core.loadSlow(0x1008n, 8, 0), L.BOUNCE);
  assert.equal(m.get64(L.BOUNCE), 0x89abcdef89abcdefn);
  m.set64(L.BOUNCE, 0x8765432101234567n);
  assert.equal(m.core.storeSlow(0x1010n, 8, 0), 1);
  assert.deepEqual(m.events, [
    ...['read 0x9000008 4', 'read 0x900000c 4'],
    ...['write 0x9000010 4 0x1234567', 'write 0x9000014 4 0x87654321'],
  ]);
});

test('a device access that is alone is made at once, and once, also when it ends the slice', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, 0x9000000n, 3, VALID);
  m.deviceValue = 7;
  assert.equal(m.core.loadSlow(0x1004n, 4, L.MODE_ALONE), L.BOUNCE);
  m.set32(L.EXIT_REQUEST, 1);
  assert.equal(m.core.loadSlow(0x1008n, 4, L.MODE_ALONE), 0);
  assert.equal(m.fault().flags, L.FAULT_DEVICE);
  m.set32(L.STEPPING, 1);
  assert.equal(m.core.loadSlow(0x1008n, 4, 0), L.BOUNCE);
  assert.equal(m.get32(L.BOUNCE), 7);
  m.set32(L.STEPPING, 0);
  assert.equal(m.core.storeSlow(0x100cn, 4, L.MODE_ALONE), 0);
  m.set32(L.STEPPING, 1);
  assert.equal(m.core.storeSlow(0x100cn, 4, 0), 1);
  assert.deepEqual(m.events, ['read 0x9000004 4', 'read 0x9000008 4', 'write 0x900000c 4 0x7']);
});

test('an external abort of a device is recorded with status 0x10', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, 0x9000000n, 3, VALID);
  m.set32(L.STEPPING, 1);
  m.deviceAborts = true;
  assert.equal(m.core.loadSlow(0x1000n, 4, 0), 0);
  assert.deepEqual(m.fault(), { status: 0x10, flags: 0, va: 0x1000n, ipa: 0n });
  assert.equal(m.core.fetch(0x1000n), 0);
  assert.equal(m.fault().flags, L.FAULT_FETCH);
});

test('alignment: ordered accesses always, all accesses under SCTLR_EL1.A, and then no tags', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  assert.notEqual(m.core.loadSlow(0x1001n, 4, 0), 0);
  assert.equal(m.core.loadSlow(0x1002n, 4, L.MODE_ORDERED), 0);
  assert.equal(m.fault().status, 0x21);
  m.write('SCTLR_EL1', 3n);
  m.core.contextsChanged();
  assert.equal(m.core.loadSlow(0x1001n, 4, 0), 0);
  assert.notEqual(m.core.loadSlow(0x1004n, 4, 0), 0);
  assert.ok(!tagged(m, 0x1000n, L.TLB_READ));
  const pairOfWords = (2 + 1) << L.MODE_ELEMENT_SHIFT;
  assert.notEqual(m.core.loadSlow(0x1004n, 8, pairOfWords), 0);
});

test('with FEAT_LSE2 ordered accesses stay within 16 bytes, unless SCTLR_EL1.nAA frees acquires and releases', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.features(L.FEATURE_EL2 | L.FEATURE_EL3 | L.FEATURE_LSE2);
  const acquire = L.MODE_ORDERED | L.MODE_ACQUIRE;
  const taken = (va: bigint, mode: number): boolean => m.core.loadSlow(va, 8, mode) !== 0;
  const all = () => [0x1004n, 0x100cn].flatMap(va => [taken(va, L.MODE_ORDERED), taken(va, acquire)]);
  assert.deepEqual(all(), [true, true, false, false]);
  m.write('SCTLR_EL1', 1n | (1n << 6n));
  m.core.contextsChanged();
  assert.deepEqual(all(), [true, true, false, true]);
  m.features(L.FEATURE_EL2 | L.FEATURE_EL3);
  assert.deepEqual(all(), [false, false, false, false]);
});

test('with strict alignment RAM behind a Device mapping refuses unaligned accesses', () => {
  const { m } = machine();
  m.write('SCTLR_EL1', 0n);
  m.core.contextsChanged();
  assert.notEqual(m.core.loadSlow(RAM + 1n, 4, 0), 0);
  m.set32(L.STRICT_DEVICE_ALIGNMENT, 1);
  assert.equal(m.core.loadSlow(RAM + 1n, 4, 0), 0);
  assert.equal(m.fault().status, 0x21);
});

test('an unprivileged load has the rights of EL0, unless UAO is set', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.map(table, 0, 12, 0x2000n, RAM + 0x6000n, 3, VALID | EL0);
  assert.equal(m.core.loadSlow(0x1000n, 4, L.MODE_UNPRIVILEGED), 0);
  assert.equal(m.fault().status, 0x0f);
  assert.notEqual(m.core.loadSlow(0x2000n, 4, L.MODE_UNPRIVILEGED), 0);
  m.set32(L.UAO, 1);
  m.core.enterState();
  assert.notEqual(m.core.loadSlow(0x1000n, 4, L.MODE_UNPRIVILEGED), 0);
});

test('PAN refuses privileged access to a page of EL0 and does not touch unprivileged access', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x2000n, RAM + 0x6000n, 3, VALID | EL0);
  assert.notEqual(m.core.loadSlow(0x2000n, 4, 0), 0);
  m.set32(L.PAN, 1);
  m.core.enterState();
  assert.equal(m.core.loadSlow(0x2000n, 4, 0), 0);
  assert.equal(m.fault().status, 0x0f);
  assert.notEqual(m.core.loadSlow(0x2000n, 4, L.MODE_UNPRIVILEGED), 0);
});

test('maintenance by VA drops the page of the named ASID and keeps another ASID', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID | NOT_GLOBAL);
  m.map(table, 0, 12, 0x2000n, RAM + 0x6000n, 3, VALID | NOT_GLOBAL);
  m.write('TTBR0_EL1', table | (1n << 48n));
  m.core.contextsChanged();
  m.core.loadSlow(0x1000n, 4, 0);
  m.core.loadSlow(0x2000n, 4, 0);
  const { core } = m;
  core.tlbiVa(0, core.currentVmid(), 2, 0x1000n, 0);
  assert.ok(tagged(m, 0x1000n, L.TLB_READ));
  core.tlbiVa(0, core.currentVmid(), 1, 0x1000n, 0);
  assert.ok(!tagged(m, 0x1000n, L.TLB_READ));
  assert.ok(!tagged(m, 0x1000n, L.TLB_ANY));
  assert.ok(tagged(m, 0x2000n, L.TLB_READ));
});

test('maintenance by VA with another ASID still drops a global page', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.core.loadSlow(0x1000n, 4, 0);
  m.core.tlbiVa(0, m.core.currentVmid(), 77, 0x1000n, 0);
  assert.ok(!tagged(m, 0x1000n, L.TLB_ANY));
});

test('maintenance by one VA of a block drops what other pages of the block left', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x200000n, RAM + 0x200000n, 2, VALID);
  m.core.loadSlow(0x200000n, 4, 0);
  m.core.loadSlow(0x23f000n, 4, 0);
  m.core.tlbiVa(0, m.core.currentVmid(), -1, 0x201000n, 0);
  m.core.enterState();
  assert.ok(!tagged(m, 0x200000n, L.TLB_ANY));
  assert.ok(!tagged(m, 0x23f000n, L.TLB_ANY));
});

test('maintenance by one VA of a block leaves what is beside the block, and larger blocks take all along', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x200000n, RAM + 0x200000n, 2, VALID);
  m.map(table, 0, 12, 0x400000n, RAM + 0x1000n, 3, VALID);
  m.core.loadSlow(0x200000n, 4, 0);
  m.core.loadSlow(0x400000n, 4, 0);
  m.core.tlbiVa(0, m.core.currentVmid(), -1, 0x201000n, 0);
  m.core.enterState();
  assert.deepEqual([tagged(m, 0x200000n, L.TLB_ANY), tagged(m, 0x400000n, L.TLB_ANY)], [false, true]);
  m.map(table, 0, 12, 0x40000000n, RAM, 1, VALID);
  m.core.loadSlow(0x40000000n, 4, 0);
  m.core.tlbiVa(0, m.core.currentVmid(), -1, 0x40001000n, 0);
  m.core.enterState();
  assert.ok(!tagged(m, 0x400000n, L.TLB_ANY));
});

test('maintenance by VA keeps pages around, also of a context with hundreds of blocks elsewhere', () => {
  const { m, table } = machine();
  for (let block = 1n; block <= 400n; block++) {
    m.map(table, 0, 12, block << 21n, RAM + 0x200000n, 2, VALID);
    m.core.loadSlow(block << 21n, 4, 0);
  }
  const pages = Array.from({ length: 64 }, (_, n) => (1n << 38n) + (BigInt(n) << 21n));
  for (const page of pages) {
    m.map(table, 0, 12, page, RAM + 0x5000n, 3, VALID);
    m.map(table, 0, 12, page + 0x1000n, RAM + 0x6000n, 3, VALID);
  }
  const { core } = m;
  const kept = pages.filter(page => {
    core.loadSlow(page, 4, 0);
    core.tlbiVa(0, core.currentVmid(), -1, page + 0x1000n, 0);
    core.enterState();
    return tagged(m, page, L.TLB_ANY);
  });
  assert.ok(kept.length > pages.length / 2, `${kept.length} of ${pages.length} were kept.`);
});

test('maintenance by VA reaches every address space, however many there were', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID | NOT_GLOBAL);
  const enter = (asid: bigint): void => {
    m.write('TTBR0_EL1', table | (asid << 48n));
    m.core.contextsChanged();
    m.core.enterState();
  };
  for (let asid = 1n; asid <= 200n; asid++) {
    enter(asid);
    m.core.loadSlow(0x1000n, 4, 0);
  }
  m.core.tlbiVa(0, m.core.currentVmid(), -1, 0x1000n, 0);
  for (let asid = 1n; asid <= 200n; asid++) {
    enter(asid);
    assert.ok(!tagged(m, 0x1000n, L.TLB_ANY));
  }
});

test('maintenance by one VA of a contiguous run drops what other pages of the run left', () => {
  const { m, table } = machine();
  for (const page of [0n, 1n, 2n]) {
    m.map(table, 0, 12, 0x10000n + (page << 12n), RAM + 0x10000n + (page << 12n), 3, VALID | (1n << 52n));
  }
  m.core.loadSlow(0x10000n, 4, 0);
  m.core.loadSlow(0x11000n, 4, 0);
  m.core.tlbiVa(0, m.core.currentVmid(), -1, 0x12000n, 0);
  m.core.enterState();
  assert.ok(!tagged(m, 0x10000n, L.TLB_ANY));
  assert.ok(!tagged(m, 0x11000n, L.TLB_ANY));
});

test('each scope of maintenance makes a changed table seen, and a stale entry stays without it', () => {
  const scopes: [string, (m: TestMachine) => void, boolean][] = [
    ['none', () => {}, false],
    ['ASID 3', m => m.core.tlbiAsid(0, 0, 3, 0), true],
    ['ASID 4', m => m.core.tlbiAsid(0, 0, 4, 0), false],
    ['VMID 0', m => m.core.tlbiVmid(0, 0), true],
    ['VMID 1', m => m.core.tlbiVmid(1, 0), false],
    ['EL1&0', m => m.core.tlbiRegime(0, 0), true],
    ['EL2', m => m.core.tlbiRegime(1, 0), false],
    ['range around', m => m.core.tlbiRange(0, 0, 3, 0n, 0x8000n, 0), true],
    ['long range around', m => m.core.tlbiRange(0, 0, 3, 0n, 0x800000n, 0), true],
    ['range beside', m => m.core.tlbiRange(0, 0, 3, 0x2000n, 0x8000n, 0), false],
  ];
  for (const [name, flush, seen] of scopes) {
    const { m, table } = machine();
    m.write('TTBR0_EL1', table | (3n << 48n));
    m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID | NOT_GLOBAL);
    m.core.loadSlow(0x1000n, 4, 0);
    m.core.fetch(0x1000n);
    m.map(table, 0, 12, 0x1000n, RAM + 0x7000n, 3, VALID | NOT_GLOBAL);
    flush(m);
    const expected = m.host(RAM + (seen ? 0x7000n : 0x5000n));
    assert.equal(m.core.loadSlow(0x1000n, 4, 0), expected, name);
    const records = m.core.fetch(0x1000n);
    assert.equal(records, m.get32(L.PAGE_RECORDS + 4 * (seen ? 7 : 5)), name);
  }
});

test('maintenance of another PE takes effect when that PE is active again', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID);
  m.core.loadSlow(0x1000n, 4, 0);
  const parked = new Uint8Array(m.memory.buffer, L.PE_STATE, L.PE_STATE_BYTES).slice();
  m.map(table, 0, 12, 0x1000n, RAM + 0x7000n, 3, VALID);
  for (const [flags, page] of [
    [0, 0x5000n],
    [1, 0x7000n],
  ] as const) {
    m.set32(L.PE_INDEX, 1);
    m.core.contextsChanged();
    m.core.tlbiVmid(0, flags);
    new Uint8Array(m.memory.buffer).set(parked, L.PE_STATE);
    m.core.activatePe();
    assert.equal(m.core.loadSlow(0x1000n, 4, 0), m.host(RAM + page));
  }
});

test('running out of context ids flushes and goes on', () => {
  const { m, table } = machine();
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID | NOT_GLOBAL);
  for (let round = 0; round < 9000; round++) {
    m.core.tlbiVmid(0, 0);
    assert.equal(m.core.loadSlow(0x1008n, 4, 0), m.host(RAM + 0x5008n));
    const context = Number(m.get64(L.CTX_DATA));
    assert.ok(context >= 1 && context <= 4094);
  }
});

test('returning to an address space finds its entries again', () => {
  const { m, table } = machine();
  const other = m.allocate(0x1000);
  m.map(table, 0, 12, 0x1000n, RAM + 0x5000n, 3, VALID | NOT_GLOBAL);
  m.map(other, 0, 12, 0x1000n, RAM + 0x6000n, 3, VALID | NOT_GLOBAL);
  const enter = (root: bigint, asid: bigint): void => {
    m.write('TTBR0_EL1', root | (asid << 48n));
    m.core.contextsChanged();
    m.core.enterState();
  };
  enter(table, 1n);
  m.core.loadSlow(0x1000n, 4, 0);
  enter(other, 2n);
  assert.ok(!tagged(m, 0x1000n, L.TLB_READ));
  assert.equal(m.core.loadSlow(0x1000n, 4, 0), m.host(RAM + 0x6000n));
  enter(table, 1n);
  assert.ok(tagged(m, 0x1000n, L.TLB_READ));
});
