import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { symbolOffset, workloads } from './bench.ts';
import { emitting, measureCompiling } from './bench-compiling.ts';

test('each stage of compiling is measured, and the longest hold is that of one module', () => {
  const [file] = workloads('branches');
  const image = readFileSync(file);
  image.writeBigUInt64LE(500n, symbolOffset(image, 'bench_rounds', file));
  const machine = { cpu: 'max', features: [], gic: 3, pes: 1, memory: 2 ** 26, el: 2, semihosting: false } as const;
  // Clocks that go on by one at each look.
  let [worked, passed] = [0, 0];
  const clocks = { work: () => worked++, host: () => passed++ };
  const run = measureCompiling({ ...machine, image, imageName: 'branches', hot: 100 }, clocks);
  assert.ok(run.modules > 0 && run.bytes > run.instructions);
  const times = (stage: keyof typeof run.stages) => Math.round((run.stages[stage] * run.instructions) / 1000);
  for (const stage of ['build', 'translate', 'install'] as const) assert.equal(times(stage), run.modules);
  assert.ok(times('discover') >= run.modules && times('emit') === times('structure'));
  const stages = times('discover') + times('structure') + times('emit') + 3 * run.modules;
  assert.equal(Math.round((emitting(run) * run.instructions) / 1000), stages - 2 * run.modules);
  // One look when a module begins, and one after each of at least six stages.
  assert.ok(run.longest >= 6 && run.longest <= stages + 1);
});
