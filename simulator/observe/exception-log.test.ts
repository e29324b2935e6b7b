import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TestMachine } from '../engine/core-tests/harness.ts';
import { CYCLES, OBSERVE, OBSERVE_LOG, RETIRED_END } from '../engine/layout.ts';
import { Machine } from '../machine.ts';
import { EXCEPTION_CLASSES, exceptionClass, writeExceptionClasses } from './exception-classes.ts';
import { ExceptionLog } from './exception-log.ts';

const HVC = 0x16 << 26;

/** A log of one PE, written by the core, whose clock the test moves. */
function logOf(limit?: number) {
  const clock = { instructions: 0, cycles: 0 };
  const core = new TestMachine();
  writeExceptionClasses(new Uint8Array(core.memory.buffer));
  core.write('HCR_EL2', 1n);
  core.write('VTTBR_EL2', 7n << 48n);
  core.set32(OBSERVE, OBSERVE_LOG);
  const host = {
    pes: 1,
    timed: true,
    core: { memory: core.memory, addUpEvents: core.core.addUpEvents },
    levelOf: () => 1 as const,
    now: () => ({ ...clock }),
  };
  const log = new ExceptionLog(host, limit === undefined ? {} : { limit });
  core.log = log;
  const event = (instructions: number, kind: number, from: number, to: number, syndrome = 0) => {
    clock.instructions = instructions;
    clock.cycles = instructions * 2;
    core.view.setFloat64(RETIRED_END, clock.instructions, true);
    core.view.setFloat64(CYCLES, clock.cycles, true);
    core.core.observe(kind, from, to, syndrome);
  };
  return { log, clock, event };
}

/** Pairs of HVC and return, ten instructions apart. */
function exits(count: number, limit?: number) {
  const made = logOf(limit);
  for (let n = 0; n < count; n++) {
    made.event(n * 100 + 50, 0, 1, 2, HVC);
    made.event(n * 100 + 60, 4, 2, 1);
  }
  made.clock.instructions = count * 100;
  made.clock.cycles = count * 200;
  return made;
}

const hvc = EXCEPTION_CLASSES.findIndex(one => one.key === 'hvc');

test('an abort of a guest to EL2 is one of stage 2, and one of its own is not', () => {
  const key = (...args: Parameters<typeof exceptionClass>) => EXCEPTION_CLASSES[exceptionClass(...args)].key;
  assert.equal(key(0, 0x24 << 26, true, true), 'stage2-data');
  assert.equal(key(0, 0x24 << 26, false, true), 'data-abort');
  assert.equal(key(0, 0x24 << 26, true, false), 'data-abort');
  assert.equal(key(1, 0, true, true), 'irq');
  assert.equal(key(4, 0, false, true), 'return');
});

test('sums of any stretch equal those of its events, one by one', () => {
  const { log } = exits(3000);
  const pe = log.pes[0];
  for (const [from, to] of [
    [0, 300_000],
    [55, 60],
    [50, 51],
    [12_345, 12_346],
    [99_950, 250_057],
  ]) {
    const totals = pe.totals(from, to, log.end(0));
    let count = 0;
    let inside = 0;
    for (let n = 0; n < 3000; n++) {
      const at = n * 100 + 50;
      if (at >= from && at < to) count++;
      inside += Math.max(0, Math.min(to, at + 10) - Math.max(from, at));
    }
    assert.equal(totals.counts[hvc], count);
    assert.ok(Math.abs(totals.levelCycles[2] - inside * 2) < 1e-6);
    assert.ok(Math.abs(totals.classCycles[hvc] - inside * 2) < 1e-6);
    assert.ok(Math.abs(totals.levelCycles[1] - (to - from - inside) * 2) < 1e-6);
  }
});

test('parts of a stretch add up to the whole', () => {
  const { log } = exits(2000);
  const parts = log.pes[0].buckets(0, 200_000, 77, log.end(0));
  assert.equal(
    parts.reduce((sum, part) => sum + part.counts[hvc], 0),
    2000,
  );
});

test('beyond the limit of memory the oldest events go, and their number stays known', () => {
  const { log } = exits(50_000, 2 * 2 ** 20);
  assert.ok(log.bytes <= 2 * 2 ** 20);
  const pe = log.pes[0];
  assert.ok(pe.oldest > 0);
  assert.equal(pe.event(0), undefined);
  assert.equal(pe.event(99_999)?.instructions, 49_999 * 100 + 60);
  assert.equal(pe.totals(0, 5_000_000, log.end(0)).counts[hvc], 50_000);
});

test('the same events again after going back leave the recorded future as it is', () => {
  const { log, clock, event } = exits(1000);
  const { generation } = log;
  log.settle();
  log.seek([10]);
  clock.instructions = 500;
  for (let n = 5; n < 9; n++) {
    event(n * 100 + 50, 0, 1, 2, HVC);
    event(n * 100 + 60, 4, 2, 1);
  }
  assert.equal(log.pes[0].length, 2000);
  assert.equal(log.pes[0].position, 18);
  assert.equal(log.generation, generation);
  assert.equal(log.end(0).instructions, 100_000);
});

test('another event than recorded drops the old future', () => {
  const { log, event } = exits(1000);
  log.settle();
  log.seek([10]);
  event(555, 1, 1, 2);
  assert.equal(log.pes[0].length, 11);
  assert.equal(log.end(0).instructions, 555);
  assert.equal(log.pes[0].totals(0, 600, log.end(0)).counts[hvc], 5);
});

test('an event that does not come again drops the old future', () => {
  const { log, clock } = exits(1000);
  log.settle();
  log.seek([10]);
  Object.assign(clock, { instructions: 551, cycles: 1102 });
  assert.equal(log.end(0).instructions, 551);
  assert.equal(log.pes[0].length, 10);
});

test('another future of a past whose events were given up begins the log anew', () => {
  const { log, clock, event } = exits(50_000, 2 * 2 ** 20);
  log.settle();
  log.seek([10]);
  clock.instructions = 500;
  log.cut();
  assert.equal(log.start, 500);
  assert.equal(log.pes[0].length, 0);
  event(510, 1, 1, 2);
  assert.equal(log.pes[0].length, 1);
});

function firstLight(): Machine {
  const image = readFileSync(new URL('../hypervisors/first-light/first-light.elf', import.meta.url));
  const rest = { cpu: 'max', features: [], gic: 3, pes: 1, memory: 64 * 2 ** 20, el: 2, semihosting: false } as const;
  const machine = new Machine({ image, imageName: 'first-light.elf', ...rest });
  machine.record({ interval: 2000 });
  machine.logExceptions({});
  return machine;
}

const events = (log: ExceptionLog) => Array.from({ length: log.pes[0].length }, (_, n) => log.pes[0].event(n));

test('a machine that goes back and forth logs what one that only runs does', () => {
  const straight = firstLight();
  straight.run({ instructions: 1e7 });
  const expected = events(straight.exceptionLog as ExceptionLog);
  assert.ok(expected.length > 20);
  const machine = firstLight();
  machine.run({ instructions: 1e7 });
  const end = machine.moment;
  const log = machine.exceptionLog as ExceptionLog;
  for (const part of [0.7, 0.2, 0.9, 0]) {
    machine.goTo({ ...end, instructions: Math.floor(end.instructions * part) });
    assert.equal(log.pes[0].length, expected.length);
    const past = expected.filter(one => one && one.instructions < machine.instructions).length;
    assert.ok(log.pes[0].position >= past);
  }
  machine.run({ instructions: 1e7 });
  assert.deepEqual(events(log), expected);
});

test('a guest is known by its VMID, and what leaves it is marked', () => {
  const machine = firstLight();
  machine.run({ instructions: 1e7 });
  const log = machine.exceptionLog as ExceptionLog;
  assert.deepEqual([...log.guests.keys()], [1]);
  const trap = events(log).find(one => one && one.class === hvc);
  assert.equal(trap?.guest, true);
  assert.equal(trap?.vmid, 1);
});
