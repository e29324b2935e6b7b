import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TimelineEvent } from '../../debug-adapter/protocol.ts';
import { csvOf, traceOf } from './timeline-export.ts';

const events: TimelineEvent[] = [
  { number: 0, instructions: 10, cycles: 20, from: 1, to: 2, class: 'hvc', reason: 'HVC #0x0', vmid: 1 },
  { number: 1, instructions: 15, cycles: 50, from: 2, to: 1, class: 'return', reason: 'ERET', vmid: 1 },
  { number: 2, instructions: 30, cycles: 90, from: 1, to: 1, class: 'irq', reason: 'a "b", c' },
];

test('CSV has a line for each event and quotes what needs it', () => {
  assert.deepEqual(csvOf([{ pe: 2, events }]).split('\r\n'), [
    'pe,instructions,cycles,from,to,class,vmid,reason',
    '2,10,20,EL1,EL2,hvc,1,HVC #0x0',
    '2,15,50,EL2,EL1,return,1,ERET',
    '2,30,90,EL1,EL1,irq,,"a ""b"", c"',
    '',
  ]);
});

test('a trace has a slice for each stay at a level', () => {
  const { traceEvents } = JSON.parse(traceOf([{ pe: 2, events }]));
  const slices = traceEvents.filter((one: { ph: string }) => one.ph === 'X');
  assert.deepEqual(
    slices.map(({ name, ts, dur, tid }: Record<string, unknown>) => [name, ts, dur, tid]),
    [
      ['EL2', 20, 30, 3],
      ['EL1', 50, 40, 3],
      ['EL1', 90, 0, 3],
    ],
  );
  assert.equal(slices[0].args.why, 'HVC #0x0');
});
