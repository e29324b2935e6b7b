// A nested guest, its guest hypervisor and their host (simulator/bench/nesting.S): traps that the core takes and registers
// that FEAT_NV2 keeps in memory, from compiled code, at drawn instruction counts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { drawCounts, TwoTiers } from '../../simulator/engine/compiler/compare-tiers.ts';

const INSTRUCTIONS = 1_500_000;

for (const { name, exceptions } of [
  { name: 'nested', exceptions: 10_000 },
  { name: 'nv2', exceptions: 0 },
]) {
  test(`the workload ${name} has the same state with and without compiled code`, () => {
    const image = readFileSync(new URL(`../../simulator/bench/${name}.elf`, import.meta.url));
    const machine = {
      cpu: 'max',
      features: [],
      gic: 3,
      pes: 1,
      memory: 32 * 2 ** 20,
      el: 2,
      semihosting: false,
    } as const;
    const tiers = new TwoTiers({ ...machine, image, imageName: name });
    let taken = 0;
    tiers.compiling.onException = event => {
      if (event.kind === 'taken') taken++;
    };
    for (const count of drawCounts(23)) {
      assert.equal(tiers.run(1 + (count % 7000)).kind, 'limit');
      if (tiers.interpreting.instructions >= INSTRUCTIONS) break;
    }
    tiers.compareMemory();
    assert.ok(taken >= exceptions, `${taken} exceptions were taken.`);
    assert.ok((tiers.compiling.engine.compiler?.statistics.regions ?? 0) > 0, 'Something was compiled.');
  });
}
