import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GenericTimers, TIMERS } from './generic-timers.ts';

function machine() {
  const state = { now: 1000, virtual: 0n, physical: 0n };
  const levels = new Map<number, boolean>();
  const timers = new GenericTimers(1, {
    clock: { ticks: () => state.now },
    virtualOffset: () => state.virtual,
    physicalOffset: () => state.physical,
    setPpi: (_pe, intid, level) => levels.set(intid, level),
  });
  const get = (name: string) => timers.readRegister(0, name);
  const set = (name: string, value: bigint | number) => timers.writeRegister(0, name, BigInt(value));
  const at = (now: number) => {
    state.now = now;
    timers.update(0, now);
  };
  return { state, levels, timers, get, set, at };
}

for (const { prefix, suffix, ppi } of TIMERS) {
  test(`${prefix} raises INTID ${ppi} exactly at its deadline and lowers it when moved on`, () => {
    const { levels, timers, get, set, at } = machine();
    set(`${prefix}_CVAL_${suffix}`, 1500);
    set(`${prefix}_CTL_${suffix}`, 1);
    assert.equal(timers.nextDeadline(0), 1500);
    at(1499);
    assert.equal(levels.get(ppi), false);
    assert.equal(get(`${prefix}_CTL_${suffix}`), 1n);
    at(1500);
    assert.equal(levels.get(ppi), true);
    assert.equal(get(`${prefix}_CTL_${suffix}`), 5n);
    set(`${prefix}_TVAL_${suffix}`, 10);
    assert.equal(levels.get(ppi), false);
    assert.equal(timers.nextDeadline(0), 1510);
  });
}

test('a write says whether the next deadline has changed, as none to a timer that is off does', () => {
  const { timers } = machine();
  assert.equal(timers.writeRegister(0, 'CNTP_CVAL_EL0', 1200n), false);
  assert.equal(timers.writeRegister(0, 'CNTP_CTL_EL0', 1n), true);
  assert.equal(timers.writeRegister(0, 'CNTV_CVAL_EL0', 1100n), false);
  assert.equal(timers.writeRegister(0, 'CNTV_CTL_EL0', 3n), false);
  assert.equal(timers.writeRegister(0, 'CNTV_CTL_EL0', 1n), true);
  assert.equal(timers.offsetsChanged(0), false);
});

test('IMASK hides the interrupt but not ISTATUS, and ENABLE both', () => {
  const { levels, timers, get, set } = machine();
  set('CNTP_CVAL_EL0', 0);
  set('CNTP_CTL_EL0', 3);
  assert.deepEqual([levels.get(30), get('CNTP_CTL_EL0')], [false, 7n]);
  assert.equal(timers.nextDeadline(0), undefined);
  set('CNTP_CTL_EL0', 1);
  assert.equal(levels.get(30), true);
  set('CNTP_CTL_EL0', 0);
  assert.deepEqual([levels.get(30), get('CNTP_CTL_EL0')], [false, 0n]);
});

test('TVAL counts down below zero and is sign-extended when written', () => {
  const { get, set, at } = machine();
  set('CNTV_TVAL_EL0', 0xffffffff);
  assert.equal(get('CNTV_CVAL_EL0'), 999n);
  set('CNTV_TVAL_EL0', 5);
  at(1010);
  assert.equal(get('CNTV_TVAL_EL0'), 0xfffffffbn);
});

test('CNTVOFF_EL2 moves the virtual timer and its deadline, CNTPOFF_EL2 the physical one', () => {
  const { state, levels, timers, set } = machine();
  set('CNTV_CVAL_EL0', 1000);
  set('CNTV_CTL_EL0', 1);
  assert.equal(levels.get(27), true);
  state.virtual = 600n;
  timers.offsetsChanged(0);
  assert.equal(timers.virtualCount(0), 400n);
  assert.equal(levels.get(27), false);
  assert.equal(timers.nextDeadline(0), 1600);
  state.physical = 100n;
  set('CNTP_CVAL_EL0', 1000);
  set('CNTP_CTL_EL0', 1);
  assert.equal(timers.nextDeadline(0), 1100);
});

test('an offset above the count wraps the comparison around 2^64', () => {
  const { state, levels, timers, set, at } = machine();
  state.virtual = 1200n;
  set('CNTV_CVAL_EL0', 50);
  set('CNTV_CTL_EL0', 1);
  assert.equal(levels.get(27), true, 'the virtual count is huge before it wraps');
  assert.equal(timers.nextDeadline(0), 1200);
  at(1200);
  assert.equal(levels.get(27), false);
  assert.equal(timers.nextDeadline(0), 1250);
});

test('a deadline beyond the reach of the clock is no deadline', () => {
  const { timers, set } = machine();
  set('CNTV_CVAL_EL0', (1n << 64n) - 1n);
  set('CNTV_CTL_EL0', 1);
  assert.equal(timers.nextDeadline(0), undefined);
});

test('a restored snapshot drives the same levels', () => {
  const one = machine();
  one.set('CNTHP_CVAL_EL2', 900);
  one.set('CNTHP_CTL_EL2', 1);
  const other = machine();
  other.timers.restore(structuredClone(one.timers.snapshot()));
  assert.equal(other.levels.get(26), true);
  assert.equal(other.get('CNTHP_CVAL_EL2'), 900n);
  assert.throws(() => other.get('CNTX_CTL_EL0'), /no register named CNTX_CTL_EL0/);
});
