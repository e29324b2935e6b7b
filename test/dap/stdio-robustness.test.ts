/** Good, bad and damaged requests in random orders to `hyperstep dap` as a process, with the machine running, stopped and at its end. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { damaged, mutation, random } from '../../debug-adapter/testing/mutations.ts';
import { PROGRAM, RealClient, ROOT, StdioTransport } from './support.ts';

const SEED = Number(process.env['HYPERSTEP_SEED'] ?? 0x57d10);
const ROUNDS = 80;
/** Rounds between two good questions. */
const STRETCH = 8;

const MOVES = ['continue', 'continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'pause', 'restart'];
/** What a sentence for the user never says: it comes of a fault of the adapter. */
const FAULT = /is not a function|undefined \(reading|is not iterable|Cannot read properties/;

const PROGRAMS: readonly (readonly [what: string, program: string, ends: boolean])[] = [
  ['that runs on', `${ROOT}simulator/bench/integer.elf`, false],
  ['that comes to its end', PROGRAM, true],
];

for (const [what, program, ends] of PROGRAMS) {
  test(`a process with a program ${what} answers each request, and a good one rightly`, async () => {
    const transport = new StdioTransport();
    const client = new RealClient(transport);
    const next = random(SEED);
    const terminated = (): boolean => client.events.some(({ event }) => event === 'terminated');

    const answered = async (command: string, args: unknown, where: string): Promise<void> => {
      const { success, body } = await client.ask(command, args);
      if (success) return;
      const { sentence } = body.error.variables;
      assert.match(sentence, /[.!?]$/, where);
      assert.doesNotMatch(sentence, FAULT, where);
    };
    /** At rest, what is asked has one right answer. */
    const isWell = async (where: string): Promise<void> => {
      for (;;) {
        const { success, body } = await client.ask('hyperstep/machine');
        if (!success || !body.running) break;
        await client.ask('pause', { threadId: 1 });
      }
      if (terminated()) return;
      assert.equal((await client.request('threads')).threads.length, 1, where);
      assert.equal(await client.evaluate('6 * 7'), '42', where);
      const { modules } = await client.request('modules', {});
      assert.equal(modules[0].name, program.slice(program.lastIndexOf('/') + 1), where);
      assert.ok((await client.frames()).length > 0, where);
    };

    try {
      await client.start({ program });
      for (let round = 0; round < ROUNDS && !terminated(); round++) {
        const bad = mutation(next);
        const where = `round ${round} of seed ${SEED}: ${bad.command} ${JSON.stringify(bad.args)?.slice(0, 200)}`;
        const move = MOVES[next(MOVES.length)];
        const granularity = next(2) === 0 ? 'line' : 'instruction';
        // The one comes while the other is under way, in either order, with bytes in between that are no message.
        const moving = (): Promise<void> => answered(move, { threadId: 1, granularity }, `${where}, ${move}`);
        const first = next(2) === 0 ? moving() : undefined;
        if (next(3) === 0) transport.sendRaw(damaged(JSON.stringify({ seq: -1, type: 'request', ...bad }), next));
        await Promise.all([first, answered(bad.command, bad.args, where), first ?? moving()]);
        if (round % STRETCH === 0) await isWell(where);
        if (!terminated()) client.events.length = 0;
      }
      if (ends) {
        // From the beginning, since its memory may have been written to.
        await isWell('before its end');
        if (!terminated()) await client.request('restart');
        for (;;) {
          const { success, body } = await client.ask('hyperstep/machine');
          if (!success) break;
          if (!body.running) await client.ask('continue', { threadId: 1 });
        }
        assert.ok(terminated());
        for (let round = 0; round < ROUNDS; round++) {
          const { command, args } = mutation(next);
          await answered(command, args, `${command} after the end`);
        }
        assert.match(await client.refused('threads'), /came after the end of the session\.$/);
      } else await isWell('at the end');
      await client.request('disconnect');
      assert.equal(await transport.exited, 0);
    } finally {
      client.dispose();
    }
  });
}
