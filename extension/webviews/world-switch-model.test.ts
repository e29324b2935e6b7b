import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorldSwitchResponse } from '../../debug-adapter/protocol.ts';
import { type Access, accessCounts, compare, fromFile, levelSums, needlessText, toFile } from './world-switch-model.ts';

const segment = (level: 0 | 1 | 2, cycles: number, guest = false) =>
  ({ level, guest, cause: 'HVC', start: 0, instructions: cycles / 2, cycles, parts: [] }) as const;
const access = (kind: Access['kind'], register: string, needless?: Access['needless']): Access => ({
  kind,
  register,
  instruction: '',
  value: '0x0',
  level: 2,
  pc: '0x0',
  instructions: 0,
  cycles: 0,
  ...(needless ? { needless } : {}),
});
const recording = (segments: WorldSwitchResponse['segments'], accesses: Access[]): WorldSwitchResponse => ({
  pe: 0,
  vmid: 1,
  exitAt: 0,
  entryAt: 1,
  cause: 'HVC',
  instructions: 10,
  cycles: segments.reduce((sum, one) => sum + one.cycles, 0),
  segments,
  accesses,
  followed: 1,
});

const split = recording(
  [segment(2, 100), segment(1, 50), segment(2, 80)],
  [access('save', 'SCTLR_EL1'), access('save', 'TCR_EL1'), access('restore', 'SCTLR_EL1', 'same')],
);
const optimised = recording([segment(2, 60)], [access('save', 'TCR_EL1', 'unused')]);

test('stays at one level are added, the highest level first', () => {
  assert.deepEqual(levelSums(split), [
    { level: 2, role: 'hypervisor', entered: 2, instructions: 90, cycles: 180 },
    { level: 1, role: 'host kernel', entered: 1, instructions: 25, cycles: 50 },
  ]);
});

test('accesses are counted by kind, needless ones besides', () => {
  assert.deepEqual(accessCounts(split.accesses), { saves: 2, restores: 1, writes: 0, reads: 0, needless: 1 });
});

test('a comparison has sums of both and the registers that differ', () => {
  const { sums, registers } = compare(split, optimised);
  const of = (what: string) => sums.find(one => one.what === what);
  assert.deepEqual(of('Modelled cycles'), { what: 'Modelled cycles', a: 230, b: 60 });
  assert.deepEqual(of('Cycles at EL1, host kernel'), { what: 'Cycles at EL1, host kernel', a: 50, b: 0 });
  assert.deepEqual(registers, [{ what: 'SCTLR_EL1', a: 2, b: 0 }]);
});

test('needless accesses are named', () => {
  assert.equal(needlessText(access('restore', 'X', 'same')), 'already there');
  assert.equal(needlessText(access('save', 'X', 'unused')), 'never used');
  assert.equal(needlessText(access('save', 'X')), '');
});

test('a recording comes back from its file; other files are refused with a sentence', () => {
  assert.deepEqual(fromFile(toFile({ name: 'split', recording: split })), { name: 'split', recording: split });
  assert.throws(() => fromFile('nothing'), /not JSON/);
  assert.throws(() => fromFile('{"format":"other"}'), /no recording/);
  assert.throws(() => fromFile('{"format":"hyperstep-world-switch","version":9}'), /version 9/);
  assert.throws(() => fromFile('{"format":"hyperstep-world-switch","version":1,"recording":{}}'), /damaged/);
  assert.throws(() => fromFile('null'), /no recording/);
});
