import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as L from '../layout.ts';
import { RAM_BYTES, random, TestMachine } from './harness.ts';
import { type Controls, naiveWalk, type Outcome } from './naive-walk.ts';

const RAM = BigInt(L.RAM_BASE);
const FEATURES = {
  hafdbs: L.FEATURE_HAF | L.FEATURE_HDBM,
  xnx: L.FEATURE_XNX,
  lpa: L.FEATURE_LPA,
  lpa2: L.FEATURE_LPA2,
  lva: L.FEATURE_LVA,
  ttst: L.FEATURE_TTST,
  hpds: L.FEATURE_HPDS,
  e0pd: L.FEATURE_E0PD,
  fwb: L.FEATURE_FWB,
};
const ALWAYS = L.FEATURE_EL2 | L.FEATURE_EL3 | L.FEATURE_VHE | L.FEATURE_PAN | L.FEATURE_NV;

type Pick = (below: number) => number;

function word(pick: Pick): bigint {
  return (BigInt(pick(0x100000000)) << 32n) | BigInt(pick(0x100000000));
}

/** A descriptor that leads on more often than not, with any attributes. */
function descriptor(pick: Pick): bigint {
  const type = [0n, 1n, 1n, 3n, 3n, 3n, 3n, 3n, 3n, 3n, 3n, 3n][pick(12)];
  let target = RAM + 0x10000n * BigInt(pick(RAM_BYTES >> 16));
  if (pick(40) === 0) target |= BigInt(pick(0x100)) << 40n;
  // Tables with restrictive hierarchical bits are the exception, or nothing would get through.
  const high = pick(4) === 0 ? BigInt(pick(0x10000)) << 48n : pick(3) === 0 ? BigInt(pick(8)) << 52n : 0n;
  const low = BigInt(pick(0x400)) & ~3n & (pick(4) === 0 ? 0xffcn : 0x0fcn);
  return target | high | low | (pick(10) === 0 ? 0n : 0x400n) | (pick(2) === 0 ? 0x40n : 0n) | type;
}

/** Register values that often make a regime that works. */
function controls(pick: Pick, m: TestMachine): Controls {
  const regime = (['EL1&0', 'EL1&0', 'EL2', 'EL2&0', 'EL3'] as const)[pick(5)];
  const present = new Map(Object.keys(FEATURES).map(name => [name, pick(2) === 1]));
  const two = regime === 'EL1&0' || regime === 'EL2&0';
  const size = (): bigint => BigInt(pick(12) === 0 ? pick(64) : 12 + pick(37));
  const ps = BigInt(pick(3) === 0 ? pick(8) : 5 + pick(2));
  const sometimes = (at: number, rarity: number): bigint => (pick(rarity) === 0 ? 1n << BigInt(at) : 0n);
  let tcr = size() | (BigInt(pick(4)) << 14n);
  if (two) {
    tcr |= (size() << 16n) | (BigInt(pick(4)) << 30n) | (ps << 32n);
    for (const [at, rarity] of [
      [7, 20],
      [23, 20],
      [37, 2],
      [38, 2],
      [39, 2],
      [40, 2],
      [41, 2],
      [42, 2],
      [55, 8],
      [56, 8],
      [59, 2],
    ]) {
      tcr |= sometimes(at, rarity);
    }
  } else {
    tcr |= ps << 16n;
    for (const at of [20, 21, 22, 24, 32]) tcr |= sometimes(at, 2);
  }
  let hcr = regime === 'EL2&0' ? 1n << 34n : 0n;
  if (regime === 'EL1&0') {
    hcr |= sometimes(0, 2) | sometimes(12, 20) | sometimes(27, 20) | sometimes(2, 8) | sometimes(46, 2);
    if (pick(6) === 0) hcr |= 3n << 42n;
  }
  const aligned = (): bigint => RAM + 0x10000n * BigInt(pick(RAM_BYTES >> 16));
  // Mostly an input size that fits the start level of the granule, see the limits of VTCR_EL2.SL0.
  const [tg, sl0] = [pick(3), pick(3)];
  const smallest = [
    [22, 31, 40],
    [17, 30, 43],
    [15, 26, 37],
  ][tg][sl0];
  const inputBits = Math.max(smallest + pick(13), 32);
  const vtcr =
    BigInt(pick(10) === 0 ? pick(64) : 64 - inputBits) |
    (BigInt(pick(12) === 0 ? pick(4) : sl0) << 6n) |
    (BigInt(tg) << 14n) |
    (ps << 16n) |
    sometimes(21, 2) |
    sometimes(22, 2) |
    sometimes(32, 3) |
    sometimes(33, 20);
  return {
    regime,
    privileged: two ? pick(2) === 0 : true,
    access: (['read', 'write', 'execute'] as const)[pick(3)],
    pan: two && pick(3) === 0,
    sctlr: (pick(12) === 0 ? 0n : 1n) | sometimes(19, 4) | sometimes(57, 3),
    tcr,
    ttbr0: aligned() | (pick(20) === 0 ? word(pick) & 0xffffffffffn : 0n),
    ttbr1: aligned(),
    mair: word(pick) & (pick(2) === 0 ? ~0n : 0x0fff00ff00ff00ffn),
    hcr,
    vtcr,
    vttbr: aligned(),
    paBits: [40, 44, 48, 52][pick(4)],
    has: feature => present.get(feature) === true,
    read: pa => (pa >= RAM && pa < RAM + BigInt(RAM_BYTES) ? m.peek(pa) : undefined),
  };
}

function install(m: TestMachine, c: Controls): void {
  let features = ALWAYS;
  for (const [name, bits] of Object.entries(FEATURES)) {
    if (c.has(name as keyof typeof FEATURES)) features |= bits;
  }
  m.features(features);
  m.set32(L.PA_BITS, c.paBits);
  const el = c.regime === 'EL1&0' ? 1 : c.regime === 'EL3' ? 3 : 2;
  m.write(`SCTLR_EL${el}`, c.sctlr);
  if (el !== 2) m.write('SCTLR_EL2', 0n);
  m.write(`TCR_EL${el}`, c.tcr);
  m.write(`TTBR0_EL${el}`, c.ttbr0);
  if (el !== 3) m.write(`TTBR1_EL${el}`, c.ttbr1);
  m.write(`MAIR_EL${el}`, c.mair);
  m.write('HCR_EL2', c.hcr);
  m.write('VTCR_EL2', c.vtcr);
  m.write('VTTBR_EL2', c.vttbr);
  m.enter(el);
}

/** A VA near the edges and the middle of the ranges that TxSZ gives. */
function address(pick: Pick, c: Controls): bigint {
  const upper = pick(3) === 0;
  const size = Number(upper ? (c.tcr >> 16n) & 63n : c.tcr & 63n);
  const bits = BigInt(Math.max(64 - size - (pick(4) === 0 ? pick(20) : 0), 1));
  let va = word(pick) & ((1n << bits) - 1n);
  if (upper) va |= ~((1n << BigInt(64 - size)) - 1n);
  if (pick(8) === 0) va ^= BigInt(pick(256)) << 56n;
  if (pick(30) === 0) va ^= 1n << BigInt(pick(64));
  return BigInt.asUintN(64, va);
}

function coreWalk(m: TestMachine, c: Controls, va: bigint): Outcome {
  const el = c.regime === 'EL1&0' ? 1 : c.regime === 'EL3' ? 3 : 2;
  const access = { read: L.ACCESS_READ, write: L.ACCESS_WRITE, execute: L.ACCESS_EXECUTE }[c.access];
  const flags = (c.privileged ? 0 : L.TRANSLATE_UNPRIVILEGED) | (c.pan ? L.TRANSLATE_PAN : 0);
  const good = m.core.translate(va, access, el, flags);
  const trace = m.trace();
  if (good === 0) {
    const stage2 = (trace.flags & L.FAULT_STAGE2) !== 0;
    const s1ptw = (trace.flags & L.FAULT_S1PTW) !== 0;
    if (!stage2) return { status: trace.status };
    return { status: trace.status, stage2, s1ptw, faultIpa: m.get64(L.TRACE + L.TRACE_FAULT_IPA) };
  }
  const permissions = [...'rwx'].filter((_, at) => (trace.permissions >> at) & 1).join('');
  return { ipa: trace.ipa, pa: trace.pa, permissions, device: (trace.attributes & 0xf0) === 0 };
}

/** The access itself ends as the walk said: at the byte of RAM, at a device, or with the same fault. */
function checkAccess(m: TestMachine, c: Controls, va: bigint, expected: Outcome): void {
  const nested = c.regime === 'EL1&0' && ((c.hcr >> 42n) & 3n) === 3n;
  if (!c.privileged && (c.regime !== 'EL1&0' || nested || c.access === 'execute')) return;
  m.set32(L.PAN, c.pan ? 1 : 0);
  m.core.flushAll();
  m.core.enterState();
  const mode = c.privileged ? 0 : L.MODE_UNPRIVILEGED;
  let done: number;
  if (c.access === 'execute') done = m.core.fetch(va);
  else if (c.access === 'read') done = m.core.loadSlow(va, 1, mode);
  else {
    const pa = expected.pa;
    if (pa !== undefined && c.read(pa) !== undefined) m.view.setUint8(L.BOUNCE, m.view.getUint8(m.host(pa)));
    done = m.core.storeSlow(va, 1, mode);
  }
  const fault = m.fault();
  // Setting a flag of a stage 1 descriptor needs write permission of stage 2, which a walk without effects does not.
  if (done === 0 && (fault.flags & L.FAULT_S1PTW) !== 0 && !expected.s1ptw && c.has('hafdbs')) return;
  if (expected.status !== undefined) {
    const kind = (expected.stage2 ? L.FAULT_STAGE2 : 0) | (expected.s1ptw ? L.FAULT_S1PTW : 0);
    const access = c.access === 'write' ? L.FAULT_WRITE : c.access === 'execute' ? L.FAULT_FETCH : 0;
    assert.equal(done, 0, describe(c, va));
    assert.deepEqual([fault.status, fault.flags], [expected.status, kind | access], describe(c, va));
    assert.equal(fault.va, va);
    if (expected.stage2) assert.equal(fault.ipa, expected.faultIpa);
    return;
  }
  const pa = expected.pa as bigint;
  const isRam = c.read(pa) !== undefined;
  if (c.access === 'read' && isRam) assert.equal(done, m.host(pa), describe(c, va));
  else if (isRam) assert.notEqual(done, 0, describe(c, va));
  else if (c.access === 'execute') assert.equal(fault.status, 0x10, describe(c, va));
  else assert.equal(fault.flags & L.FAULT_DEVICE, L.FAULT_DEVICE, describe(c, va));
}

function describe(c: Controls, va: bigint): string {
  return JSON.stringify({ ...c, va }, (_, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));
}

test('random walks agree with a naive walk, for all regimes, granules, sizes and features', () => {
  const pick = random(20260101);
  const m = new TestMachine();
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 30; round++) {
    for (let offset = 0; offset < RAM_BYTES; offset += 8) m.set64(L.RAM + offset, descriptor(pick));
    for (let trial = 0; trial < 1500; trial++) {
      const c = controls(pick, m);
      install(m, c);
      const drawn = address(pick, c);
      // A misaligned PC does not get as far as a walk.
      const va = c.access === 'execute' ? drawn & ~3n : drawn;
      const expected = naiveWalk(c, va);
      const actual = coreWalk(m, c, va);
      assert.deepEqual(actual, expected, describe(c, va));
      checkAccess(m, c, va, expected);
      const kind = `${expected.status ?? 'ok'}${expected.s1ptw ? ' s1ptw' : expected.stage2 ? ' stage 2' : ''}`;
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }
  }
  for (const kind of [
    'ok',
    '0',
    '4',
    '5',
    '7',
    '9',
    '11',
    '15',
    '43',
    '5 s1ptw',
    '7 stage 2',
    '15 s1ptw',
    '15 stage 2',
  ]) {
    assert.ok(outcomes.has(kind), `no walk ended with ${kind}: ${JSON.stringify([...outcomes])}`);
  }
});
