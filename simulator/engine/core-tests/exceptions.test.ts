import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as L from '../layout.ts';
import { random, TestMachine } from './harness.ts';

const E2H = 1n << 34n;
const TGE = 1n << 27n;
const SP = L.X + 8 * L.SLOT_SP;
const ALL =
  L.FEATURE_EL2 |
  L.FEATURE_EL3 |
  L.FEATURE_PAN |
  L.FEATURE_UAO |
  L.FEATURE_VHE |
  L.FEATURE_SSBS |
  L.FEATURE_DIT |
  L.FEATURE_BTI |
  L.FEATURE_NV |
  L.FEATURE_NV2;

function machine(el: number, hcr = 0n): TestMachine {
  const m = new TestMachine();
  m.features(ALL);
  for (const level of [1, 2, 3]) m.write(`VBAR_EL${level}`, BigInt(level) * 0x10000n);
  m.write('HCR_EL2', hcr);
  m.enter(el);
  return m;
}

test('an exception goes to the vector of its kind, level and stack pointer', () => {
  const rows: [from: number, spsel: number, target: number, kind: number, offset: bigint][] = [
    [1, 0, 1, 0, 0x000n],
    [1, 0, 1, 3, 0x180n],
    [1, 1, 1, 0, 0x200n],
    [2, 1, 2, 1, 0x280n],
    [0, 0, 1, 0, 0x400n],
    [1, 1, 2, 0, 0x400n],
    [0, 0, 2, 2, 0x500n],
    [2, 1, 3, 3, 0x580n],
  ];
  for (const [from, spsel, target, kind, offset] of rows) {
    const m = machine(from);
    m.enter(from, spsel);
    m.core.takeException(target, kind, 0n, 0x1234n);
    assert.equal(m.get64(L.PC), BigInt(target) * 0x10000n + offset);
    assert.equal(m.get32(L.EL), target);
    assert.equal(m.read(`ELR_EL${target}`), 0x1234n);
  }
});

test('the handler runs with the PSTATE of an exception entry, and SPSR keeps the old one', () => {
  const m = machine(0);
  m.set64(L.FLAG_N, 1n << 63n);
  m.set64(L.FLAG_Z, 5n);
  m.set64(L.FLAG_V, 0n);
  m.set32(L.FLAG_C, 1);
  m.set32(L.UAO, 1);
  m.set32(L.DIT, 1);
  m.set32(L.BTYPE, 2);
  m.set32(L.SSBS, 1);
  m.set32(L.DAIF, 0x200);
  m.set32(L.PSTATE_IL, 1);
  m.core.takeException(1, 0, 0x56000000n, 0n);
  const n = 1 << 31;
  const c = 1 << 29;
  const expected = n | c | (1 << 24) | (1 << 23) | (1 << 20) | (1 << 12) | (2 << 10) | 0x200;
  assert.equal(m.read('SPSR_EL1'), BigInt(expected >>> 0));
  assert.equal(m.read('ESR_EL1'), 0x56000000n);
  assert.deepEqual(
    [L.DAIF, L.UAO, L.DIT, L.BTYPE, L.SSBS, L.PSTATE_IL, L.SPSEL].map(field => m.get32(field)),
    [0x3c0, 0, 1, 0, 0, 0, 1],
  );
});

test('PAN is set on entry where SCTLR_ELx.SPAN is 0 and the target has an EL0 below it', () => {
  const span = 1n << 23n;
  const rows: [target: number, hcr: bigint, sctlr: bigint, pan: number][] = [
    [1, 0n, 0n, 1],
    [1, 0n, span, 0],
    [2, 0n, 0n, 0],
    [2, E2H, 0n, 0],
    [2, E2H | TGE, 0n, 1],
    [2, E2H | TGE, span, 0],
    [3, 0n, 0n, 0],
  ];
  for (const [target, hcr, sctlr, pan] of rows) {
    const m = machine(0, hcr);
    m.write(`SCTLR_EL${target}`, sctlr);
    m.core.takeException(target, 0, 0n, 0n);
    assert.equal(m.get32(L.PAN), pan);
  }
});

test('an interrupt leaves ESR alone', () => {
  const m = machine(1);
  m.write('ESR_EL1', 0x77n);
  m.core.takeException(1, 1, 0x1234n, 0n);
  assert.equal(m.read('ESR_EL1'), 0x77n);
});

test('stack pointers are banked by level and SPSel', () => {
  const m = machine(1);
  m.write('SP_EL0', 0xe0n);
  m.write('SP_EL2', 0xe2n);
  m.set64(SP, 0xe1n);
  m.core.takeException(2, 0, 0n, 0n);
  assert.equal(m.get64(SP), 0xe2n);
  assert.equal(m.read('SP_EL1'), 0xe1n);
  m.write('SPSR_EL2', 0x4n); // EL1t
  assert.equal(m.core.eret(), 1);
  assert.equal(m.get64(SP), 0xe0n);
  m.core.switchStackPointer(1, 1);
  assert.equal(m.get64(SP), 0xe1n);
});

test('an exception and its return restore every state that they can', () => {
  const next = random(7);
  const m = machine(1);
  for (let round = 0; round < 2000; round++) {
    const el = next(4);
    const target = Math.max(el, 1 + next(3));
    m.enter(el, next(2));
    for (const [field, values] of [
      [L.DAIF, 16],
      [L.PAN, 2],
      [L.UAO, 2],
      [L.DIT, 2],
      [L.SSBS, 2],
      [L.BTYPE, 4],
    ] as const) {
      m.set32(field, field === L.DAIF ? next(values) << 6 : next(values));
    }
    // BTYPE holds at one count of instructions; the return is one of them.
    m.set32(L.BTYPE_REMAINING, 10);
    m.set32(L.REMAINING, 10);
    m.core.takeException(target, next(4), 0n, 0x4000n);
    const flags = next(16);
    m.write(`SPSR_EL${target}`, (m.read(`SPSR_EL${target}`) & 0x0fffffffn) | (BigInt(flags) << 28n));
    const saved = m.read(`SPSR_EL${target}`);
    assert.equal(m.core.eret(), 1);
    m.set32(L.REMAINING, 9);
    assert.equal(BigInt(m.core.readPstate() >>> 0), saved);
    assert.equal(m.get32(L.EL), el);
    assert.equal(m.get64(L.PC), 0x4000n);
    assert.equal(m.core.readFlags() >>> 28, flags);
  }
});

test('a return to a state that may not be returned to is illegal and keeps the level', () => {
  const rows: [el: number, mode: bigint, hcr: bigint, legal: boolean][] = [
    [1, 0x0n, 0n, true],
    [1, 0x1n, 0n, false], // EL0 has no SP of its own
    [1, 0x2n, 0n, false],
    [1, 0x10n, 0n, false], // AArch32
    [1, 0x9n, 0n, false], // upwards
    [2, 0x9n, 0n, true],
    [2, 0x5n, 0n, true],
    [2, 0x5n, TGE, false],
    [2, 0x0n, TGE, true],
    [2, 0xdn, 0n, false],
    [3, 0xdn, 0n, true],
  ];
  for (const [el, mode, hcr, legal] of rows) {
    const m = machine(el, hcr);
    m.write(`SPSR_EL${el}`, mode | 0x80000000n);
    m.write(`ELR_EL${el}`, 0x8000n);
    assert.equal(m.core.eret(), legal ? 1 : 0, `EL${el} to ${mode}`);
    assert.equal(m.get32(L.PSTATE_IL), legal ? 0 : 1);
    assert.equal(m.get32(L.EL), legal ? Number(mode >> 2n) : el);
    assert.equal(m.get64(L.PC), 0x8000n);
    assert.equal(m.core.readFlags() >>> 0, 0x80000000);
  }
});

test('EL3 may not return to EL2 of a Secure state without FEAT_SEL2', () => {
  const m = machine(3);
  m.write('SCR_EL3', 0n);
  m.write('SPSR_EL3', 9n);
  assert.equal(m.core.eret(), 0);
});

test('a guest hypervisor under FEAT_NV finds EL2 in SPSR_EL1', () => {
  const NV = 1n << 42n;
  const NV1 = 1n << 43n;
  const NV2 = 1n << 45n;
  for (const [hcr, mode] of [
    [0n, 5n],
    [NV, 9n],
    [NV | NV1, 5n],
    [NV | NV2, 9n],
    [NV | NV1 | NV2, 9n],
  ] as const) {
    const m = machine(1, hcr);
    m.core.takeException(1, 0, 0n, 0n);
    assert.equal(m.read('SPSR_EL1') & 15n, mode);
  }
});

test('the access table and FP state of the new level come from the cache', () => {
  const m = machine(1);
  m.set32(L.TRAP_STATE, L.TRAP_UNSEEN);
  m.set32(L.TRAP_UNSEEN + 40, 0x123400);
  m.set32(L.TRAP_UNSEEN + 44, 1);
  m.core.takeException(2, 0, 0n, 0n);
  assert.equal(m.get32(L.TRAP_TABLE), 0x123400);
  assert.equal(m.get32(L.FP_ENABLED), 1);
  m.write('SPSR_EL2', 5n);
  m.core.eret();
  assert.equal(m.get32(L.TRAP_TABLE), 0);
});

test('an observer hears of exceptions and returns only while it is on', () => {
  const m = machine(1);
  m.core.takeException(2, 0, 0n, 0n);
  m.set32(L.OBSERVE, L.OBSERVE_ALL | (0xffff << L.OBSERVE_LEVELS));
  m.write('SPSR_EL2', 5n);
  m.core.eret();
  m.core.takeException(3, 1, 0n, 0n);
  assert.deepEqual(m.events, ['observed 4 2 1', 'observed 1 1 3']);
});

test('a sieve lets through what has its row and its levels', () => {
  const m = machine(1);
  const HVC = 0x16;
  m.set32(L.OBSERVE, ((1 << (4 * 1 + 2)) | (1 << (4 * 2 + 3))) << L.OBSERVE_LEVELS);
  m.view.setUint16(L.SIEVE + 2 * HVC, 1 << (4 * 1 + 2), true);
  m.view.setUint16(L.SIEVE + 2 * (L.ROW_OF_KIND + 1), 1 << (4 * 2 + 3), true);
  m.core.takeException(2, 0, BigInt(HVC << 26), 0n);
  m.core.takeException(2, 0, BigInt(HVC << 26), 0n);
  m.core.takeException(3, 0, BigInt(HVC << 26), 0n);
  m.enter(2);
  m.core.takeException(3, 1, 0n, 0n);
  assert.deepEqual(m.events, ['observed 0 1 2', 'observed 1 2 3']);
});

test('what an exception interrupts is kept by the level that takes it', () => {
  const m = machine(1);
  m.set32(L.OBSERVE, L.OBSERVE_INTERRUPTED);
  for (let n = 0; n < 31; n++) m.set64(L.X + 8 * n, BigInt(n + 1));
  m.core.takeException(2, 1, 0n, 0x1234n);
  m.set64(L.X, 99n);
  m.core.takeException(2, 0, 0n, 0x5678n);
  const kept = L.OBSERVED + L.INTERRUPTED + L.INTERRUPTED_BYTES;
  assert.equal(m.get32(kept + L.INTERRUPTED_KIND), 2);
  assert.equal(m.get64(kept + L.INTERRUPTED_PC), 0x1234n);
  assert.deepEqual(
    Array.from({ length: 31 }, (_, n) => m.get64(kept + L.INTERRUPTED_X + 8 * n)),
    Array.from({ length: 31 }, (_, n) => BigInt(n + 1)),
  );
});

/** The rule of the Arm ARM's table of asynchronous exception targets, in words: 0 is pending. E2H changes nothing. */
function expectedTarget(el: number, scr: boolean, routed: boolean, tge: boolean, masked: boolean): number {
  const target = scr ? 3 : tge || routed ? 2 : 1;
  if (target < el) return 0;
  if (target > el && target > 1) return target;
  return masked ? 0 : target;
}

test('every combination of EL, routing controls and mask sends a physical interrupt where the table says', () => {
  const m = machine(1);
  // Bits of SCR_EL3, of HCR_EL2 and of PSTATE, the line, and the offset of the vector.
  const kinds = [
    { scrBit: 1n, hcrBit: 4n, mask: 0x80, line: L.LINE_IRQ, vector: 0x80n },
    { scrBit: 2n, hcrBit: 3n, mask: 0x40, line: L.LINE_FIQ, vector: 0x100n },
    { scrBit: 3n, hcrBit: 5n, mask: 0x100, line: L.LINE_SERROR, vector: 0x180n },
  ];
  let cases = 0;
  for (const { scrBit, hcrBit, mask, line, vector } of kinds) {
    for (let bits = 0; bits < 1 << 8; bits++) {
      const [scr, routed, tge, e2h, masked, other, ...elBits] = [...Array(8).keys()].map(at => (bits >> at) & 1);
      const el = elBits[0] + 2 * elBits[1];
      m.write('SCR_EL3', 1n | (scr ? 1n << scrBit : 0n));
      m.write('HCR_EL2', (routed ? 1n << hcrBit : 0n) | (tge ? TGE : 0n) | (e2h ? E2H : 0n));
      m.enter(el);
      m.set32(L.DAIF, (masked ? mask : 0) | (other ? 0x3c0 & ~mask : 0));
      m.set32(L.IRQ_LINES, line);
      m.set32(L.SERROR_SYNDROME, 0x123);
      const expected = expectedTarget(el, scr === 1, routed === 1, tge === 1, masked === 1);
      const pending = m.core.pendingInterrupt();
      assert.equal(pending >> 8, expected, JSON.stringify({ el, line, scr, routed, tge, e2h, masked }));
      m.set64(L.PC, 0x6000n);
      assert.equal(m.core.takeInterrupt(), expected === 0 ? 0 : line);
      assert.equal(m.get32(L.EL), expected === 0 ? el : expected);
      if (expected !== 0) assert.equal(m.get64(L.PC) & 0x180n, vector);
      if (expected !== 0 && line === L.LINE_SERROR) {
        assert.equal(m.get32(L.IRQ_LINES), 0, 'an SError is pending once');
        assert.equal(m.read(`ESR_EL${expected}`), 0xbe000123n);
      }
      cases++;
    }
  }
  assert.equal(cases, 768);
});

test('virtual interrupts are taken at EL0 and EL1 only, to EL1, while routed and not masked', () => {
  const m = machine(1);
  const lines: [line: number, enable: bigint, mask: number][] = [
    [L.LINE_VIRQ, 1n << 4n, 0x80],
    [L.LINE_VFIQ, 1n << 3n, 0x40],
    [L.LINE_VSERROR, 1n << 5n, 0x100],
  ];
  for (const [line, enable, mask] of lines) {
    for (let bits = 0; bits < 8; bits++) {
      for (let el = 0; el < 4; el++) {
        const [enabled, tge, masked] = [bits & 1, bits & 2, bits & 4];
        m.write('HCR_EL2', (enabled ? enable : 0n) | (tge ? TGE : 0n));
        m.enter(el);
        m.set32(L.DAIF, masked ? mask : 0);
        m.set32(L.IRQ_LINES, line);
        const taken = el < 2 && enabled && !tge && !masked;
        assert.equal(m.core.pendingInterrupt(), taken ? line | 0x100 : 0, JSON.stringify({ line, bits, el }));
      }
    }
  }
});

test('a virtual SError is taken once and reports VSESR_EL2', () => {
  const m = machine(1, (1n << 5n) | (1n << 8n));
  m.write('VSESR_EL2', 0x1000042n);
  m.set32(L.IRQ_LINES, L.LINE_VSERROR);
  assert.equal(m.core.takeInterrupt(), L.LINE_VSERROR);
  assert.equal(m.read('ESR_EL1'), 0xbf000042n);
  assert.equal(m.read('HCR_EL2') & (1n << 8n), 0n);
  assert.equal(m.get32(L.IRQ_LINES), 0);
});

test('an abort goes to the level that its stage and routing say, with its syndrome', () => {
  const TEA = 1n << 37n;
  type Row = {
    el: number;
    hcr?: bigint;
    status: number;
    flags?: number;
    syndrome?: number;
    target: number;
    esr: number;
    hpfar?: bigint;
  };
  const rows: Row[] = [
    { el: 0, status: 7, target: 1, esr: 0x92000007 },
    { el: 1, status: 7, target: 1, esr: 0x96000007 },
    { el: 1, status: 0xf, flags: L.FAULT_WRITE, target: 1, esr: 0x9600004f },
    { el: 0, status: 7, flags: L.FAULT_FETCH, target: 1, esr: 0x82000007 },
    { el: 2, status: 7, flags: L.FAULT_FETCH, target: 2, esr: 0x86000007 },
    { el: 0, hcr: TGE, status: 7, target: 2, esr: 0x92000007 },
    { el: 1, status: 6, flags: L.FAULT_STAGE2, target: 2, esr: 0x92000006, hpfar: 0x890120n },
    {
      el: 0,
      status: 7,
      flags: L.FAULT_STAGE2 | L.FAULT_WRITE,
      syndrome: 0x1830000 | 0x8000,
      target: 2,
      esr: 0x93838047,
      hpfar: 0x890120n,
    },
    {
      el: 1,
      status: 7,
      flags: L.FAULT_STAGE2 | L.FAULT_S1PTW,
      syndrome: 0x1830000,
      target: 2,
      esr: 0x92000087,
      hpfar: 0x890120n,
    },
    { el: 1, status: 0x10, target: 1, esr: 0x96000010 },
    { el: 1, hcr: TEA, status: 0x10, target: 2, esr: 0x92000010 },
    { el: 1, status: 7, flags: L.FAULT_VNCR | L.FAULT_WRITE, target: 2, esr: 0x96002047 },
    { el: 1, status: 6, flags: L.FAULT_CM, target: 1, esr: 0x96000146 },
  ];
  for (const row of rows) {
    const m = machine(row.el, row.hcr ?? 0n);
    m.set64(L.FAULT_VA, 0xffff000012345678n);
    m.set64(L.FAULT_IPA, 0x89012345n);
    m.set32(L.FAULT_STATUS, row.status);
    m.set32(L.FAULT_FLAGS, row.flags ?? 0);
    m.set32(L.ABORT_SYNDROME, row.syndrome ?? 0);
    m.core.takeAbort(0x4444n);
    const name = JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? value.toString(16) : value));
    assert.equal(m.get32(L.EL), row.target, name);
    assert.equal(m.read(`ESR_EL${row.target}`).toString(16), row.esr.toString(16), name);
    assert.equal(m.read(`FAR_EL${row.target}`), 0xffff000012345678n);
    assert.equal(m.read(`ELR_EL${row.target}`), 0x4444n);
    assert.equal(m.read('HPFAR_EL2'), row.hpfar ?? 0n, name);
  }
});

test('an external abort goes to EL3 under SCR_EL3.EA', () => {
  const m = machine(1);
  m.write('SCR_EL3', 9n);
  m.set32(L.FAULT_STATUS, 0x10);
  m.core.takeAbort(0n);
  assert.equal(m.get32(L.EL), 3);
});

test('a tag in ELR is removed on a return to a level that ignores the top byte', () => {
  const m = machine(1);
  m.write('TCR_EL1', 1n << 37n);
  m.write('SPSR_EL1', 0n);
  m.write('ELR_EL1', 0x5a00000000001000n);
  m.core.eret();
  assert.equal(m.get64(L.PC), 0x1000n);
  m.enter(1);
  m.write('TCR_EL1', 0n);
  m.core.eret();
  assert.equal(m.get64(L.PC), 0x5a00000000001000n);
});
