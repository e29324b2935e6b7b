/** Between two instructions a PE stands before an interrupt or at its vector: both are moments to come back to. */

import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { compile } from '../../debug-adapter/testing/compile.ts';
import { inProcess, type RealClient } from './support.ts';

const program = compile('exceptions.S', ['-g']);
after(program.remove);

let client: RealClient;
beforeEach(async () => {
  client = inProcess();
  await client.start({ program: program.path });
});
afterEach(() => client.dispose());

const now = async (): Promise<number> => (await client.request('hyperstep/machine')).instructions;
const state = async (): Promise<string[]> =>
  Promise.all(['pc', 'pstate', 'elr_el1', 'spsr_el1', 'x5', 'x21'].map(name => client.evaluate(`$${name}`)));

/** To where the virtual interrupt has been taken. */
async function interrupted(): Promise<string[]> {
  await client.filter('virtual-irq');
  assert.equal((await client.until('continue')).description, 'EL1 → EL1: IRQ');
  await client.filter();
  return state();
}

test('a mark at an interrupt that has been taken is at its vector, from both sides', async () => {
  const taken = await interrupted();
  assert.equal(BigInt(taken[0]) & 0x7ffn, 0x280n);
  await client.request('hyperstep/setMark', { name: 'taken' });
  const there = await now();
  await client.until('hyperstep/goTo', { instructions: 5 });
  await client.until('hyperstep/goTo', { mark: 'taken' });
  assert.deepEqual([await now(), await state()], [there, taken]);
  for (let step = 0; step < 4; step++) await client.until('stepIn', { granularity: 'instruction' });
  assert.notDeepEqual(await state(), taken);
  await client.until('hyperstep/goTo', { mark: 'taken' });
  assert.deepEqual([await now(), await state()], [there, taken]);
  // The number alone is the moment before it.
  await client.until('hyperstep/goTo', { instructions: there });
  const before = await state();
  assert.deepEqual([await now(), before[0]], [there, taken[2]]);
  await client.until('hyperstep/goTo', { mark: 'taken' });
  assert.deepEqual(await state(), taken);
  await client.until('stepBack', { granularity: 'instruction' });
  assert.deepEqual(await state(), before);
});

test('what is changed at the vector comes in there again', async () => {
  const [pc] = await interrupted();
  await client.request('hyperstep/setMark', { name: 'taken' });
  await client.evaluate('$x21 = 0x70', { context: 'repl' });
  await client.evaluate('$spsr_el1 = 0x3c5', { context: 'repl' });
  for (let step = 0; step < 3; step++) await client.until('stepIn', { granularity: 'instruction' });
  const then = [await now(), await state()];
  assert.equal(BigInt((await state())[5]), 0x71n);
  await client.until('hyperstep/goTo', { instructions: 5 });
  await client.until('hyperstep/goTo', { instructions: then[0] });
  assert.deepEqual([await now(), await state()], then);
  await client.until('hyperstep/goTo', { mark: 'taken' });
  assert.deepEqual([(await state())[0], BigInt((await state())[5])], [pc, 0x70n]);
});

test('a search that finds nothing comes back to the vector', async () => {
  const taken = await interrupted();
  assert.equal((await client.until('hyperstep/lastWrite', { of: 'x28' })).description, 'No write found');
  assert.deepEqual(await state(), taken);
  await client.until('reverseContinue');
  await interrupted();
  assert.deepEqual(await state(), taken);
});
