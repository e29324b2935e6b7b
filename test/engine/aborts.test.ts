import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import { integerHandlers, integerLowerings } from '../../simulator/engine/semantics/integer-index.ts';
import { IntegerCases, isAccess } from '../differential/draw-integer.ts';
import { ownAlgorithm } from '../differential/known-differences.ts';
import { random } from '../differential/random.ts';
import { batchSize, type Case, EngineUnderTest, stateDifferences } from '../differential/single-instructions.ts';

/** RAM of the engine under test ends below this address. */
const NOWHERE = 0x10000000n;

const engine = new EngineUnderTest(integerRows, integerHandlers, integerLowerings);

/** One word of every row that accesses memory, with its base register moved to where nothing answers. */
function abortingCases(seed: number): Case[] {
  const cases = new IntegerCases(integerRows, integerLowerings, random(seed));
  const rows = integerRows.filter(row => integerLowerings[row.id] && !ownAlgorithm.rows.test(row.id));
  const drawn: Case[] = [];
  for (const row of rows) {
    for (let tries = 0; tries < 100; tries++) {
      const next = cases.draw(row, drawn.length);
      if (!next) continue;
      if (!isAccess(cases.handlerOf(row, next.words.at(-1) as number))) break;
      // An exclusive store accesses memory only behind its load, and then the load aborts.
      if (/^STL?X/.test(row.id)) break;
      const n = ((next.words[0] ?? 0) >>> 5) & 31;
      const x = [...next.before.x];
      let sp = next.before.sp;
      if (n === 31) sp = BigInt.asUintN(64, sp + NOWHERE);
      else x[n] = BigInt.asUintN(64, x[n] + NOWHERE);
      drawn.push({ ...next, before: { ...next.before, x, sp } });
      break;
    }
  }
  return drawn;
}

test('an access that aborts leaves registers, flags and memory as they were', () => {
  for (const seed of [1, 2, 3, 4]) {
    const cases = abortingCases(seed);
    assert.ok(cases.length > 200 && cases.length <= batchSize);
    for (const [i, after] of engine.runToException(cases).entries()) {
      const { name, before } = cases[i];
      assert.ok(after.taken, `${name} took no exception.`);
      assert.deepEqual(stateDifferences(after, before), [], name);
    }
  }
});
