import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from './testing/client.ts';
import { marker, programPath } from './testing/compile.ts';

const SOURCE = { path: programPath('lines.c') };

for (const dwarf of ['-gdwarf-4', '-gdwarf-5']) {
  test(`C variables are read, opened and set (${dwarf})`, async () => {
    const client = new Client('lines.c', [dwarf, '-O0']);
    try {
      await client.start();
      await client.configured();
      // The fake cannot run C: the test jumps into the function and fills its frame through the debugger.
      const jump = async (name: string): Promise<number> => {
        const { targets } = await client.request('gotoTargets', { source: SOURCE, line: marker('lines.c', name) });
        await client.until('goto', { targetId: targets[0].id });
        const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
        return stackFrames[0].id;
      };
      let frameId = await jump('add-body');
      const { scopes } = await client.request('scopes', { frameId });
      assert.deepEqual(
        scopes.map((scope: { name: string }) => scope.name),
        ['Arguments', 'Locals', 'Registers'],
      );
      const set = (variablesReference: number, name: string, value: string) =>
        client.request('setVariable', { variablesReference, name, value });
      await set(scopes[0].variablesReference, 'left', '40');
      await set(scopes[0].variablesReference, 'right', '-left - 42');
      assert.equal((await set(scopes[1].variablesReference, 'sum', 'left + right')).value, '-42');
      const { variables } = await client.request('variables', { variablesReference: scopes[0].variablesReference });
      assert.deepEqual(
        variables.map((one: { name: string; value: string; type: string }) => [one.name, one.value, one.type]),
        [
          ['left', '40', 'int'],
          ['right', '-82', 'int'],
        ],
      );
      assert.equal(await client.evaluate('left > 3 ? sum : 0', { frameId }), '-42');
      assert.equal(await client.evaluate('*(int *)&left', { frameId, format: { hex: true } }), '0x00000028');

      frameId = await jump('call');
      await client.request('setExpression', { expression: 'p', value: '&origin', frameId });
      assert.equal(await client.evaluate('p->x + (*p).y', { frameId }), '7');
      assert.equal(await client.evaluate('p->level', { frameId }), '6');
      await client.request('setExpression', { expression: 'p->flag', value: '2', frameId });
      assert.deepEqual([await client.evaluate('origin.flag'), await client.evaluate('origin.level')], ['2', '6']);
      assert.equal(await client.evaluate('paint'), 'GREEN (5)');
      assert.equal(await client.evaluate('table[3]'), '4');
      const table = await client.request('evaluate', { expression: 'table' });
      assert.equal(table.indexedVariables, 4);
      const page = await client.request('variables', {
        variablesReference: table.variablesReference,
        filter: 'indexed',
        start: 1,
        count: 2,
      });
      assert.deepEqual(
        page.variables.map((one: { name: string; value: string; evaluateName: string }) => [
          one.name,
          one.value,
          one.evaluateName,
        ]),
        [
          ['[1]', '2', 'table[1]'],
          ['[2]', '3', 'table[2]'],
        ],
      );
      assert.match(await client.refused('evaluate', { expression: 'origin.z' }), /has no member "z"/);
    } finally {
      client.dispose();
    }
  });
}

test('an inlined function is a frame of its own, above the function that holds it', async () => {
  const client = new Client('lines.c', ['-gdwarf-5', '-O0']);
  try {
    await client.start();
    await client.configured();
    const { targets } = await client.request('gotoTargets', { source: SOURCE, line: marker('lines.c', 'inlined') });
    assert.equal(targets.length, 2, 'one target for each inlined instance');
    await client.until('goto', { targetId: targets[0].id });
    assert.deepEqual((await client.stack()).slice(0, 2), [
      `square:${marker('lines.c', 'inlined')}`,
      `distance:${marker('lines.c', 'call')}`,
    ]);
  } finally {
    client.dispose();
  }
});
