import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMessage, MessageDecoder } from './framing.ts';
import { Client } from './testing/client.ts';
import { damaged, mutation, random } from './testing/mutations.ts';

/** Another seed and another number search further. */
const MUTATIONS = Number(process.env['HYPERSTEP_MUTATIONS'] ?? 10_000);
const SEED = Number(process.env['HYPERSTEP_SEED'] ?? 0x5eed);
/** Mutations between two good questions. */
const STRETCH = 10;

async function start(): Promise<Client> {
  const client = new Client();
  await client.start();
  await client.configured();
  return client;
}

/** A good request is answered rightly: with the machine at rest, what it answers is known. */
async function isWell(client: Client, what: string): Promise<void> {
  if ((await client.request('hyperstep/machine')).running) {
    await client.ask('pause', { threadId: 1 });
    await client.event('stopped');
  }
  assert.deepEqual((await client.request('threads')).threads.length, 1, what);
  assert.equal(await client.evaluate('6 * 7'), '42', what);
  const { data } = await client.request('readMemory', { memoryReference: 'pa:0x40080000', count: 4 });
  assert.equal(atob(data).length, 4, what);
}

test(`${MUTATIONS} mutated requests in any order are answered each, and the next good one rightly`, async () => {
  const next = random(SEED);
  let client = await start();
  try {
    for (let round = 0; round < MUTATIONS; round++) {
      const { command, args } = mutation(next);
      const what = `mutation ${round} of seed ${SEED}: ${command} ${JSON.stringify(args)?.slice(0, 300)}`;
      const response = await client.ask(command, args);
      if (!response.success) {
        const { sentence } = (response.body as { error: { variables: { sentence: string } } }).error.variables;
        assert.match(sentence, /[.!?]$/, what);
        assert.doesNotMatch(
          sentence,
          /is not a function|undefined \(reading|is not iterable|Cannot read properties/,
          what,
        );
      }
      if (client.events.some(({ event }) => event === 'terminated')) {
        client.dispose();
        client = await start();
      }
      if (round % STRETCH === 0) await isWell(client, what);
      client.events.length = 0;
      client.transcript.length = 0;
    }
  } finally {
    client.dispose();
  }
});

test('damaged bytes are skipped by a sentence, and the next good message is read', () => {
  const next = random(SEED);
  const read: unknown[] = [];
  let sentences = 0;
  const decoder = new MessageDecoder(
    message => read.push(message),
    () => sentences++,
  );
  const encoder = new TextEncoder();
  for (let round = 0; round < MUTATIONS; round++) {
    const { command, args } = mutation(next);
    const body = JSON.stringify({ seq: round, type: 'request', command, arguments: args });
    const before = read.length + sentences;
    decoder.push(encoder.encode(damaged(body, next)));
    assert.equal(read.length + sentences, before + 1, `round ${round} of seed ${SEED}`);
    decoder.push(encodeMessage({ seq: 1, type: 'request', command: 'threads' }));
    assert.deepEqual(read.at(-1), { seq: 1, type: 'request', command: 'threads' }, `round ${round} of seed ${SEED}`);
  }
});
