import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimelineResponse } from '../../debug-adapter/protocol.ts';
import { Tiles, ticks, View } from './timeline-model.ts';

function view(from: number, to: number): View {
  const made = new View();
  made.setBounds(0, 1_000_000_000);
  made.show(from, to);
  return made;
}

test('zooming keeps the moment under the pointer where it is', () => {
  const made = view(400_000, 600_000);
  made.zoom(0.5, 450_000);
  assert.equal(made.span, 100_000);
  assert.equal(made.x(450_000, 1000), 250);
});

test('a view stays inside of the run and never narrower than a few instructions', () => {
  const made = view(0, 1000);
  made.pan(-5000);
  assert.deepEqual([made.from, made.to], [0, 1000]);
  made.pan(2e9);
  assert.equal(made.to, 1_000_000_000);
  made.zoom(1e-9, made.from);
  assert.equal(made.span, 16);
  made.zoom(1e12, made.from);
  assert.ok(made.whole);
});

test('a view of the whole run grows with it, another one stays', () => {
  const whole = view(0, 1_000_000_000);
  whole.setBounds(0, 2_000_000_000);
  assert.equal(whole.to, 2_000_000_000);
  const part = view(10, 1000);
  part.setBounds(0, 2_000_000_000);
  assert.deepEqual([part.from, part.to], [10, 1000]);
});

test('a moment in view is not moved, another one comes to the middle', () => {
  const made = view(1000, 2000);
  made.reveal(1900);
  assert.equal(made.from, 1000);
  made.reveal(50_000);
  assert.deepEqual([made.from, made.to], [49_500, 50_500]);
});

function tilesOf(end = 2 ** 30) {
  const asked: { from: number; to: number }[] = [];
  const state = { generation: 1, end };
  let answered = 0;
  const tiles = new Tiles(
    async args => {
      asked.push(args);
      return { start: 0, now: end, ...state, ...args, lanes: [] } as TimelineResponse;
    },
    () => answered++,
  );
  tiles.update(state);
  const settle = () => new Promise(resolve => setTimeout(resolve, 0));
  return { tiles, asked, state, settle, answered: () => answered };
}

test('tiles are asked for once, and cover what is in view', async () => {
  const { tiles, asked, settle, answered } = tilesOf();
  tiles.cover(0, 1_000_000, 500);
  tiles.cover(0, 1_000_000, 500);
  const first = asked.length;
  await settle();
  assert.equal(answered(), first);
  const found = tiles.cover(0, 1_000_000, 500);
  assert.equal(asked.length, first);
  assert.equal(Math.min(...found.map(tile => tile.from)), 0);
  assert.ok(Math.max(...found.map(tile => tile.to)) >= 1_000_000);
});

test('until finer tiles come, coarse ones stand in for them', async () => {
  const { tiles, settle } = tilesOf();
  tiles.cover(0, 2 ** 24, 512);
  await settle();
  const found = tiles.cover(2 ** 20, 2 ** 20 + 4096, 512);
  assert.equal(found.length, 1);
  assert.ok(found[0].to - found[0].from >= 2 ** 23);
});

test('the end of the run is asked for again when the run goes on, the past is not', async () => {
  const { tiles, asked, state, settle } = tilesOf(100_000);
  tiles.cover(0, 100_000, 500);
  await settle();
  asked.length = 0;
  state.end = 150_000;
  tiles.update(state);
  tiles.cover(0, 100_000, 500);
  assert.equal(asked.length, 1);
  assert.ok(asked[0].to > 100_000);
});

test('when the past is another one every tile is asked for again', async () => {
  const { tiles, asked, state, settle } = tilesOf();
  tiles.cover(0, 100_000, 500);
  await settle();
  const first = asked.length;
  state.generation = 2;
  tiles.update(state);
  tiles.cover(0, 100_000, 500);
  assert.equal(asked.length, 2 * first);
});

test('marks of the axis are round and far enough apart', () => {
  assert.deepEqual(ticks(0, 1000, 500), [0, 500, 1000]);
  assert.deepEqual(ticks(3, 9, 1000), [3, 4, 5, 6, 7, 8, 9]);
});
