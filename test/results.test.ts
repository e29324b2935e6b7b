/** docs/results.md is what the bench command writes. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemNamed, systems } from '../simulator/hypervisors/systems.ts';
import { rowsOf } from '../simulator/node/bench-systems.ts';
import { measure } from '../simulator/node/measure.ts';
import { resultsPage } from '../simulator/node/results-page.ts';
import { filesOf } from '../simulator/node/system-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(new URL('../docs/results.md', import.meta.url), 'utf8');

/** Of the rows of the page those that are quick to measure; `npm run docs:results` writes all of it. */
const CHECKED = ['kvm-arm/split', 'kvm-arm/vhe', 'kvm-arm/vhe-opt'];

test('the numbers of docs/results.md are those that are measured', () => {
  const rows = rowsOf(CHECKED.map(systemNamed), 'seattle');
  const written = resultsPage(profile => (profile === 'seattle' ? rows : []));
  for (const line of written.split('\n')) {
    // Without the other systems there are no more ratios than these.
    assert.ok(page.includes(line), `docs/results.md has no line "${line}": run npm run docs:results.`);
  }
  for (const [operation, cells] of Object.entries({ hypercall: 3, 'io-kernel': 2, 'io-user': 2, 'virtual-ipi': 2 })) {
    assert.equal(rows.filter(row => row.operation === operation && row.published !== null).length, cells);
  }
});

test('a hypercall is within reach of what was published, in cycles and as ratios between designs', () => {
  const [split, vhe, optimised] = rowsOf(CHECKED.map(systemNamed), 'seattle').filter(
    row => row.operation === 'hypercall',
  );
  for (const { system, ratio } of [split, vhe, optimised]) {
    assert.ok(ratio !== null && ratio > 0.75 && ratio < 1.25, `${system}: ${ratio}`);
  }
  for (const [one, other] of [
    [vhe, split],
    [optimised, split],
    [optimised, vhe],
  ]) {
    const off = (one.ratio as number) / (other.ratio as number);
    assert.ok(off > 0.85 && off < 1.15, `${one.system} to ${other.system}: ${off}`);
  }
});

test('what the guest counts itself is what is seen from outside', () => {
  const row = systemNamed('kvm-arm/vhe-opt');
  for (const { operation, cycles, counted } of measure(row, filesOf(row), 'x-gene')) {
    assert.ok(counted !== undefined);
    // The watcher stands outside of the two readings of the clock: some instructions for all iterations of a measurement.
    const iterations = operation === 'timer' ? 4 : operation === 'virtual-ipi' ? 64 : 256;
    assert.ok((cycles - counted) * iterations < 300 + iterations, `${operation}: ${cycles}, the guest says ${counted}`);
    assert.ok(cycles >= counted);
  }
});

test('every published cell names an operation of its system', () => {
  for (const row of systems) {
    for (const cell of row.published ?? []) {
      assert.ok(cell.cycles !== undefined || cell.traps !== undefined, row.name);
      assert.ok(cell.source.length > 10, row.name);
    }
  }
});

function bench(...args: string[]) {
  const command = ['--import', 'tsx', 'debug-adapter/bin.ts', 'bench', ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
}

test('bench refuses systems and profiles that there are not, in one sentence', () => {
  const system = bench('--system', 'kvm-arm/split,kvm-arm/splat');
  assert.equal(system.status, 2);
  assert.match(system.stderr, /^hyperstep: There is no system "kvm-arm\/splat"; there are kvm-arm\/split, [^\n]*\.\n$/);
  const profile = bench('--system', 'kvm-arm/split', '--profile', 'cray');
  assert.equal(profile.status, 2);
  assert.match(profile.stderr, /^hyperstep: There is no cost profile "cray"; there are seattle and x-gene\.\n$/);
});
