import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schedule } from './schedule.ts';

const lengths = (schedule: Schedule) =>
  Array.from({ length: 200 }, (_, round) => schedule.roundLength(round, 100 * round));

test('without a seed every round is as long as the quantum', () => {
  assert.ok(lengths(new Schedule(5000)).every(length => length === 5000));
});

test('a seed gives the same rounds again, another seed others', () => {
  assert.deepEqual(lengths(new Schedule(5000, 7)), lengths(new Schedule(5000, 7)));
  assert.notDeepEqual(lengths(new Schedule(5000, 7)), lengths(new Schedule(5000, 8)));
});

test('with a seed rounds are short and long, and never longer than the quantum', () => {
  const drawn = lengths(new Schedule(4096, 1));
  assert.ok(drawn.every(length => length >= 1 && length <= 4096));
  assert.ok(drawn.some(length => length < 16) && drawn.some(length => length > 1000));
});

test('before its beginning a schedule with a seed is as one without', () => {
  const [seeded, late] = [lengths(new Schedule(64, 7)), lengths(new Schedule(64, 7, 5000))];
  assert.deepEqual(late.slice(0, 50), lengths(new Schedule(64)).slice(0, 50));
  assert.deepEqual(late.slice(50), seeded.slice(50));
  assert.deepEqual(lengths(new Schedule(64, 7, 5000).withSeed(8)).slice(50), lengths(new Schedule(64, 8)).slice(50));
});
