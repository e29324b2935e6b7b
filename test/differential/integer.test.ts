import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import { integerHandlers, integerLowerings } from '../../simulator/engine/semantics/integer-index.ts';
import { IntegerCases, ownAlgorithm } from './draw-integer.ts';
import { random } from './random.ts';
import { batchSize, type Case, differences, EngineUnderTest, findQemu, runOnQemu } from './single-instructions.ts';

const program = findQemu();
const WORDS_PER_ROW = 8;

test('integer instructions do what they do under QEMU', { skip: program ? false : 'qemu-aarch64 is missing.' }, () => {
  const engine = new EngineUnderTest(integerRows, integerHandlers, integerLowerings);
  const cases = new IntegerCases(integerRows, integerLowerings, random(2));
  const rows = integerRows.filter(row => integerLowerings[row.id] && !ownAlgorithm.test(row.id));
  const found: string[] = [];
  let batch: Case[] = [];
  const runBatch = (): void => {
    const theirs = runOnQemu(program as string, batch);
    for (const [i, ours] of engine.run(batch).entries()) {
      found.push(...differences(ours, theirs[i]).map(text => `${batch[i].name}: ${text}`));
    }
    batch = [];
  };
  for (const row of rows) {
    let drawn = 0;
    for (let tries = 0; drawn < WORDS_PER_ROW && tries < WORDS_PER_ROW * 40; tries++) {
      const next = cases.draw(row, batch.length);
      if (!next) continue;
      drawn++;
      batch.push(next);
      if (batch.length === batchSize) runBatch();
    }
    assert.equal(drawn, WORDS_PER_ROW, `Too few words of ${row.id} could be drawn.`);
  }
  if (batch.length) runBatch();
  assert.deepEqual(found, []);
});
