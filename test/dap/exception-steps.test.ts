/** Steps over lines that take exceptions, and into their vectors, forwards and backwards. */

import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { compile, marker, programPath } from '../../debug-adapter/testing/compile.ts';
import { inProcess, type RealClient } from './support.ts';

const program = compile('exceptions.S', ['-g']);
after(program.remove);

let client: RealClient;
beforeEach(async () => {
  client = inProcess();
  await client.start({ program: program.path });
});
afterEach(() => client.dispose());

const line = (name: string): number => marker('exceptions.S', name);
const lineNow = async (): Promise<string> => {
  const [{ name, line: now }] = await client.frames();
  return `${name.split('+')[0]}:${now}`;
};
const main = (name: string): string => `main:${line(name)}`;
const count = async (): Promise<number[]> =>
  Promise.all([20, 21, 22].map(async number => Number(await client.evaluate(`$x${number}`))));

async function reach(name: string): Promise<void> {
  const source = { path: programPath('exceptions.S') };
  await client.request('setBreakpoints', { source, breakpoints: [{ line: line(name) }] });
  await client.until('continue');
  await client.request('setBreakpoints', { source, breakpoints: [] });
}

/** Exceptions to EL1, interrupts, and exceptions to EL2 before each line. */
const LINES: readonly (readonly [name: string, before: readonly number[]])[] = [
  ['svc', [0, 0, 0]],
  ['hvc', [1, 0, 0]],
  ['call', [1, 0, 1]],
  ['abort', [2, 0, 1]],
  ['pend', [3, 0, 1]],
  ['irq', [3, 0, 2]],
  ['end', [3, 1, 3]],
];

for (const [way, more] of [
  ['a line', {}],
  ['an instruction', { granularity: 'instruction' }],
] as const) {
  test(`over ${way} that takes an exception ends behind its return, and the way back is the same`, async () => {
    await reach('svc');
    for (const [name, before] of LINES) {
      // The line of the interrupt has three instructions.
      while ((await lineNow()) !== main(name)) await client.until('next', more);
      assert.deepEqual([await lineNow(), await count()], [main(name), before]);
      if (way === 'a line' && name !== 'end') {
        await client.until('next', more);
        await client.until('stepBack', more);
        assert.deepEqual([await lineNow(), await count()], [main(name), before], 'there and back');
      }
    }
    if (way === 'an instruction') return;
    for (const [name, before] of [...LINES].reverse().slice(1)) {
      await client.until('stepBack', more);
      assert.deepEqual([await lineNow(), await count()], [main(name), before]);
    }
  });
}

describe('into a line that takes an exception', () => {
  const VECTORS: readonly (readonly [name: string, vector: string, level: string])[] = [
    ['svc', 'vectors_el1+200', 'EL1'],
    ['hvc', 'vectors_el2+400', 'EL2'],
    ['abort', 'vectors_el1+200', 'EL1'],
    // Taking an interrupt and the first instruction of its vector are one step.
    ['irq', 'on_irq', 'EL1'],
  ];
  const vectorNow = async (): Promise<string> => {
    const [name] = (await lineNow()).split(':');
    if (!name.startsWith('vectors')) return name;
    return `${name}+${(BigInt(await client.evaluate('$pc')) & 0x7ffn).toString(16)}`;
  };
  for (const [name, vector, level] of VECTORS) {
    test(`is into the vector: ${name}`, async () => {
      await reach(name);
      const before = await count();
      await client.until('stepIn');
      assert.equal(await vectorNow(), vector);
      assert.equal((await client.request('threads')).threads[0].name.split(' · ')[1], level);
      // Out to behind its return, back into the line, and by the exception itself.
      await client.until('hyperstep/stepBackOut');
      assert.deepEqual([await lineNow(), await count()], [main(name), before]);
      await client.until('stepIn');
      assert.equal(await vectorNow(), vector);
      await client.until('stepOut');
      const behind = name === 'irq' ? 'irq' : LINES[LINES.findIndex(([one]) => one === name) + 1][0];
      assert.equal(await lineNow(), main(behind));
    });
  }

  test('is into the function that it calls, and there over what faults', async () => {
    await reach('call');
    await client.until('stepIn');
    assert.match(await lineNow(), /^faults:/);
    await client.until('next');
    assert.match(await lineNow(), /^faults:/);
    assert.deepEqual(await count(), [2, 0, 1]);
    await client.until('stepBack');
    assert.match(await lineNow(), /^faults:/);
    assert.deepEqual(await count(), [1, 0, 1]);
    await client.until('hyperstep/stepBackOut');
    assert.equal(await lineNow(), main('call'));
  });
});
