/** Work that takes long has a bar, and cancel ends it, whatever the work is: the session is then as it was, or says where. */

import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { createInProcessAdapter } from '../../debug-adapter/in-process.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { compile, marker, programPath } from '../../debug-adapter/testing/compile.ts';
import { createTarget } from '../../simulator/machine.ts';
import { RealClient } from './support.ts';

const program = compile('long.S', ['-g']);
after(program.remove);

let client: RealClient;
beforeEach(() => {
  client = new RealClient(createInProcessAdapter({ files: nodeFiles, createTarget, progressDelay: 0 }));
});
afterEach(() => client.dispose());

const now = async (): Promise<number> => (await client.request('hyperstep/machine')).instructions;
const at = (name: string): object => ({
  source: { path: programPath('long.S') },
  breakpoints: [{ line: marker('long.S', name) }],
});
const remove = (): Promise<unknown> => client.request('setBreakpoints', { ...at('call'), breakpoints: [] });

/** To the line of a marker. */
async function reach(name: string): Promise<void> {
  await client.request('setBreakpoints', at(name));
  await client.until('continue');
  await remove();
  client.events.length = 0;
}

/** The next bar is the one of this work: cancels it, and waits until it is gone. */
async function cancel(wanted: string): Promise<void> {
  const { title, cancellable, progressId } = (await client.event('progressStart')).body;
  assert.deepEqual([title, cancellable], [wanted, true]);
  await client.request('cancel', { progressId });
  assert.equal((await client.event('progressEnd')).body.progressId, progressId);
}

/** A good request after it is answered rightly. */
async function isWell(): Promise<void> {
  assert.equal(await client.evaluate('6 * 7'), '42');
  assert.equal(await client.evaluate('*(uint64_t*)pa:0x41000000,d'), '5');
}

test('a step over a function that runs long stops in it, and leaves nothing behind', async () => {
  await client.start({ program: program.path });
  await reach('call');
  const before = await now();
  await client.request('next', { threadId: 1 });
  await cancel('Stepping');
  assert.equal((await client.event('stopped')).body.reason, 'pause');
  assert.ok((await now()) > before + 1);
  assert.match(await client.top(), /^work/);
  await isWell();
  // What the step has set is gone: the machine does not stop where it would have ended.
  await client.until('stepBack', { granularity: 'instruction' });
  await client.until('hyperstep/goTo', { instructions: before });
  assert.match(await client.top(), new RegExp(`:${marker('long.S', 'call')}$`));
});

describe('backwards over a long run', () => {
  beforeEach(async () => {
    await client.start({ program: program.path });
    await reach('behind');
  });

  test('a question that searches is answered by cancelled, and leaves the machine where it was', async () => {
    await client.filter('trap-wfx');
    await client.until('continue');
    const before = [await now(), await client.evaluate('$pc'), await client.evaluate('$elr_el2')];
    const why = client.ask('evaluate', { expression: 'why', context: 'repl' });
    await cancel('Looking for what set HCR_EL2.TWI');
    const { success, message } = await why;
    assert.deepEqual([success, message], [false, 'cancelled']);
    assert.deepEqual([await now(), await client.evaluate('$pc'), await client.evaluate('$elr_el2')], before);
    await isWell();
    // Asked again and left alone, it is answered.
    assert.match(
      await client.evaluate('why', { context: 'repl' }),
      /because HCR_EL2\.TWI is 1\..*was written last by "msr HCR_EL2, x0"/s,
    );
    assert.deepEqual([await now(), await client.evaluate('$pc'), await client.evaluate('$elr_el2')], before);
  });

  const searches: readonly (readonly [what: string, title: string, start: () => Promise<unknown>])[] = [
    [
      'reverseContinue without a hit',
      'Going back',
      async () => {
        await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'never' }] });
        await client.request('reverseContinue', { threadId: 1 });
      },
    ],
    [
      'the search for the last write of a register',
      'Looking for the last write of x19',
      () => client.request('hyperstep/lastWrite', { of: 'x19' }),
    ],
    [
      'the search for the last write of memory',
      'Looking for the last write of pa:0x41000000',
      () => client.request('hyperstep/lastWrite', { of: 'pa:0x41000000' }),
    ],
  ];
  for (const [what, title, start] of searches) {
    test(`${what} leaves the machine where it was`, async () => {
      const before = [await now(), await client.evaluate('$pc'), await client.evaluate('$x2')];
      await start();
      await cancel(title);
      assert.equal((await client.event('stopped')).body.reason, 'pause');
      assert.deepEqual([await now(), await client.evaluate('$pc'), await client.evaluate('$x2')], before);
      await isWell();
      await client.until('stepIn', { granularity: 'instruction' });
      assert.equal(await client.evaluate('$x20,d'), '6');
    });
  }
});

test('names of a large image are read on the side, and when that is cancelled they are looked for as they are asked for', async () => {
  const large = compile('large.S', []);
  try {
    await client.start({ program: program.path, symbols: [{ file: large.path }] });
    await cancel('Reading names of program.elf');
    assert.match(await client.evaluate('&variable318'), /0x/);
    await client.until('stepIn', { granularity: 'instruction' });
    assert.ok(!client.events.some(({ event }) => event.startsWith('progress')), 'it does not begin again');
    assert.equal(await client.evaluate('6 * 7'), '42');
  } finally {
    large.remove();
  }
});
