import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HANDLERS } from './requests/index.ts';
import { Client } from './testing/client.ts';

/** A generator with a seed (xorshift32), so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('senseless arguments in any order get an answer each and leave the session alive', async () => {
  const client = new Client();
  try {
    await client.start();
    await client.configured();
    const next = random(0x5eed);
    const ending = new Set(['disconnect', 'terminate', 'restart', 'continue']);
    const commands = Object.keys(HANDLERS).filter(command => !ending.has(command));
    const values = [null, -1, 0, 1, 1e300, '', 'x', '0x40080000', [], [null], [{}], {}, { path: 7 }, true];
    const keys = [
      'threadId',
      'frameId',
      'variablesReference',
      'expression',
      'breakpoints',
      'source',
      'memoryReference',
      'count',
      'name',
      'value',
      'line',
      'filters',
      'filterOptions',
      'data',
      'offset',
      'instructionCount',
      'dataId',
      'stage',
      'address',
      'text',
      'column',
      'targetId',
      'levels',
      'startFrame',
    ];
    for (let round = 0; round < 1500; round++) {
      const args: Record<string, unknown> = {};
      for (let count = next(5); count > 0; count--) args[keys[next(keys.length)]] = values[next(values.length)];
      const response = await client.ask(
        commands[next(commands.length)],
        next(20) === 0 ? values[next(values.length)] : args,
      );
      if (!response.success)
        assert.match(
          (response.body as { error: { variables: { sentence: string } } }).error.variables.sentence,
          /[.!?]$/,
        );
    }
    await client.ask('pause', { threadId: 1 });
    assert.equal((await client.request('threads')).threads.length, 1);
  } finally {
    client.dispose();
  }
});
