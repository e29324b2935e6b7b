import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VARIANTS } from './bench-debug.ts';
import { debuggingPage } from './debugging-page.ts';

test('the page has a row for each loop and figure, and says which miss their goal', () => {
  const speeds = (percent: number) => Object.fromEntries(VARIANTS.map(({ name }) => [name, percent]));
  const page = debuggingPage({
    computer: 'a computer',
    instructions: 1_000_000,
    rows: [
      { name: 'quick', speeds: speeds(97) },
      { name: 'slow', speeds: speeds(50) },
    ],
    figures: [
      { name: 'step back', value: 12, unit: 'ms', most: 50 },
      { name: 'conditions', value: 900_000, unit: 'evaluations/s', least: 1e6 },
    ],
  });
  assert.match(page, /^\| quick .*97 % \| {2}\|$/m);
  assert.match(page, /^\| slow .*50 % \| missed \|$/m);
  assert.match(page, /^\| step back \| 12\.0 \| ms \| at most 50 \| {2}\|$/m);
  assert.match(page, /^\| conditions \| 900,000 \| evaluations\/s \| at least 1,000,000 \| missed \|$/m);
});
