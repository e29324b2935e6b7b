import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schedule } from './schedule.ts';
import { Turns, type TurnsHost } from './turns.ts';

function turnsOf(pes: number, host: Partial<TurnsHost> = {}, seed?: number): Turns {
  const turns = new Turns(pes, new Schedule(6400, seed), {
    wakes: () => false,
    nextDeadline: () => undefined,
    update: () => {},
    ...host,
  });
  turns.reset();
  for (const turn of turns.all) turn.powered = true;
  return turns;
}

/** The PE whose turn it is goes on to the end of the round. */
function spend(turns: Turns, time = turns.end): void {
  turns.all[turns.present].time = time;
}

test('PEs take turns, and a round ends when all have come to its end', () => {
  const turns = turnsOf(3);
  for (const pe of [0, 1, 2]) {
    assert.equal(turns.present, pe);
    assert.equal(turns.end, 6400);
    assert.equal(turns.isOver(), false);
    spend(turns);
    assert.equal(turns.isOver(), true);
    turns.next();
  }
  assert.deepEqual([turns.present, turns.end], [0, 12_800]);
});

test('an interrupt of another PE ends the round where the sender is', () => {
  const turns = turnsOf(2);
  turns.interrupted(1, 500);
  assert.equal(turns.end, 500);
  spend(turns, 501); // the instruction that sent it
  assert.equal(turns.isOver(), true);
  turns.next();
  assert.deepEqual([turns.present, turns.end], [1, 500]);
});

test('rounds after such an interrupt are short, and then twice as long each', () => {
  const turns = turnsOf(2);
  turns.interrupted(1, 500);
  const lengths: number[] = [];
  for (let round = 0; round < 9; round++) {
    const start = turns.end;
    for (const _ of turns.all) {
      spend(turns);
      turns.next();
    }
    lengths.push(turns.end - start);
  }
  assert.deepEqual(lengths, [100, 200, 400, 800, 1600, 3200, 6400, 6400, 6400]);
});

test('rounds that a seed draws are left alone', () => {
  const turns = turnsOf(2, {}, 3);
  const { end } = turns;
  turns.interrupted(1, 1);
  assert.equal(turns.end, end);
});

test('a PE that waits comes last, and wakes when the interrupt is sent', () => {
  let pending = false;
  const turns = turnsOf(2, { wakes: () => pending });
  turns.all[0].waiting = true;
  assert.equal(turns.isOver(), true);
  turns.next();
  assert.equal(turns.present, 1);
  turns.interrupted(0, 700);
  pending = true;
  assert.equal(turns.all[0].time, 700);
});

test('while all wait, time goes on to the next deadline', () => {
  const turns = turnsOf(2, { nextDeadline: pe => (pe === 1 ? 50_000 : undefined) });
  for (const turn of turns.all) turn.waiting = true;
  for (let pe = 0; pe < 2; pe++) {
    spend(turns);
    assert.equal(turns.next(), true);
  }
  assert.deepEqual(
    turns.all.map(turn => turn.time),
    [50_000, 50_000],
  );
});

test('when all wait and nothing is due, nothing can happen any more', () => {
  const turns = turnsOf(2);
  for (const turn of turns.all) Object.assign(turn, { waiting: true, time: turns.end });
  assert.equal(turns.next(), false);
});

test('one PE can run alone, and the others do not fall behind', () => {
  const turns = turnsOf(2);
  assert.equal(turns.isOver(1), true);
  turns.next(1);
  for (let round = 1; round < 4; round++) {
    assert.equal(turns.present, 1);
    spend(turns);
    turns.next(1);
    assert.equal(turns.all[0].time, round * 6400);
  }
});

test('what was captured goes on as it did', () => {
  const turns = turnsOf(2);
  turns.interrupted(1, 500);
  const saved = turns.capture();
  const go = () =>
    Array.from({ length: 7 }, () => {
      spend(turns);
      turns.next();
      return [turns.present, turns.end, turns.ended];
    });
  const first = go();
  turns.restore(saved);
  assert.deepEqual(go(), first);
});
