/** Steps and runs of one PE and of all: who goes on, who stands, and that the past is the same afterwards. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { inProcess, type RealClient, ROOT } from './support.ts';

let client: RealClient;
afterEach(() => client.dispose());

interface Stand {
  readonly pc: string;
  readonly cycles: number;
}

/** Modelled time goes on for those that stand, too. */
const stands = async (): Promise<Stand[]> =>
  (await client.request('hyperstep/machine')).pes.map(({ pc, cycles }: Stand) => ({ pc, cycles }));
const now = async (): Promise<number> => (await client.request('hyperstep/machine')).instructions;

/** Both PEs in their hosts, each with work to do: the second one has entered its guest. */
beforeEach(async () => {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed('kvm-arm/split'), ROOT), set: { bench_divisor: 64 } });
  await client.filter({ filterId: 'virtual-irq', condition: 'pe == 1 && intid < 16' });
  await client.until('continue');
  await client.filter();
});

/** Everything that a client sees of both PEs. */
async function state(): Promise<string> {
  const registers: string[] = [];
  for (const threadId of [1, 2]) {
    const [frame] = await client.frames(threadId);
    for (const name of ['pc', 'sp', 'x0', 'x1', 'x19', 'x30', 'pstate', 'elr_el2', 'esr_el2', 'cntvct_el0'])
      registers.push(`${name} ${await client.evaluate(`$${name}`, { frameId: frame.id })}`);
  }
  return [await now(), ...registers].join('\n');
}

test('a step of one PE takes one instruction of it, and the others go on', async () => {
  const before = await stands();
  let others = 0;
  for (let step = 1; step <= 40; step++) {
    const threadId = 1 + (step % 2);
    assert.equal((await client.until('stepIn', { threadId, granularity: 'instruction' })).threadId, threadId);
    const after = await stands();
    if (after[2 - threadId].cycles > before[2 - threadId].cycles + 20) others++;
  }
  const after = await stands();
  for (const pe of [0, 1]) assert.ok(after[pe].cycles >= before[pe].cycles + 20, `PE ${pe}`);
  assert.ok(others > 0, 'a turn of the other PE was on the way');
});

test('a step, and a run, of a single thread leave the other PE where it stands', async () => {
  const [, other] = await stands();
  for (const command of ['stepIn', 'next', 'next'])
    await client.until(command, { threadId: 1, granularity: 'instruction', singleThread: true });
  await client.until('next', { threadId: 1, singleThread: true });
  assert.deepEqual((await stands())[1], other);
  const { allThreadsContinued } = await client.request('continue', { threadId: 1, singleThread: true });
  assert.equal(allThreadsContinued, false);
  await client.request('pause', { threadId: 1 });
  await client.event('stopped');
  assert.deepEqual((await stands())[1], other);
  await client.filter({ filterId: 'el-change', condition: 'pe == 1' });
  const run = await client.request('continue', { threadId: 1 });
  assert.equal(run.allThreadsContinued, true);
  assert.equal((await client.event('stopped')).body.threadId, 2);
  assert.ok((await stands())[1].cycles > other.cycles);
});

test('whoever stood the first time stands again in a replay', async () => {
  const step = (threadId: number, singleThread: boolean): Promise<unknown> =>
    client.until('stepIn', { threadId, granularity: 'instruction', singleThread });
  const seen: string[] = [];
  const begin = await now();
  for (const [threadId, singleThread] of [
    [1, false],
    [2, true],
    [2, true],
    [1, true],
    [2, false],
    [1, false],
  ] as const) {
    for (let count = 0; count < 3; count++) await step(threadId, singleThread);
    seen.push(await state());
  }
  await client.filter('world-exit');
  await client.until('continue');
  await client.filter();
  // An exception is taken between two instructions, and a moment is a number of them.
  await step(1, false);
  seen.push(await state());
  await client.until('hyperstep/goTo', { instructions: begin - 500 });
  for (const then of seen) {
    await client.until('hyperstep/goTo', { instructions: Number(then.split('\n')[0]) });
    assert.equal(await state(), then);
  }
  // Steps of all PEs follow the past: nothing that came later is lost.
  await client.until('hyperstep/goTo', { instructions: begin });
  await step(1, false);
  await client.until('hyperstep/goTo', { instructions: Number(seen[6].split('\n')[0]) });
  assert.equal(await state(), seen[6]);
});
