import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { encodeMessage, MessageDecoder } from './framing.ts';
import { serveTcp } from './main.ts';
import { FakeTarget } from './testing/fake-target.ts';

/** Decodes chunks and returns what came out, damage marked. */
function decode(...chunks: readonly (string | Uint8Array)[]): unknown[] {
  const result: unknown[] = [];
  const decoder = new MessageDecoder(
    message => result.push(message),
    sentence => result.push(`damage: ${sentence}`),
  );
  for (const chunk of chunks) decoder.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
  return result;
}

test('messages are cut out of a stream whatever the chunks are', () => {
  const bytes = new Uint8Array([...encodeMessage({ a: 'ü' }), ...encodeMessage({ b: 2 })]);
  assert.deepEqual(decode(bytes), [{ a: 'ü' }, { b: 2 }]);
  assert.deepEqual(decode(...Array.from(bytes, byte => Uint8Array.of(byte))), [{ a: 'ü' }, { b: 2 }]);
});

test('damaged messages are reported and the next good one is read', () => {
  const good = encodeMessage({ ok: true });
  assert.deepEqual(decode('Content-Length: 3\r\n\r\n{x}', good), [
    'damage: A message that is no JSON was skipped.',
    { ok: true },
  ]);
  const header = 'damage: A message header without a usable Content-Length was skipped.';
  assert.deepEqual(decode('Content-Length: many\r\n\r\n', good), [header, { ok: true }]);
  assert.deepEqual(decode('Content-Length: 99999999999999\r\n\r\n', good), [header, { ok: true }]);
  assert.deepEqual(decode('Content-Length: 0\r\n\r\n', good), [
    'damage: A message that is no JSON was skipped.',
    { ok: true },
  ]);
});

test('a TCP server answers damage and disconnect, and serves the next client', async () => {
  const server = await serveTcp(0, config => new FakeTarget(config));
  const { port } = server.address() as AddressInfo;
  const talk = (...messages: readonly (string | Uint8Array)[]): Promise<Record<string, unknown>[]> =>
    new Promise((resolve, reject) => {
      const received: Record<string, unknown>[] = [];
      const decoder = new MessageDecoder(message => received.push(message as Record<string, unknown>), reject);
      const socket = connect(port, '127.0.0.1', () => {
        for (const message of messages) socket.write(message);
      });
      socket.on('data', chunk => decoder.push(chunk));
      socket.on('end', () => resolve(received));
      socket.on('error', reject);
    });
  try {
    const disconnect = encodeMessage({ seq: 2, type: 'request', command: 'disconnect' });
    const first = await talk('Content-Length: 1\r\n\r\n?', disconnect);
    assert.deepEqual(
      first.map(message => [message['type'], message['event'] ?? message['command'], message['success']]),
      [
        ['event', 'output', undefined],
        ['response', 'disconnect', true],
      ],
    );
    const second = await talk(
      encodeMessage({ seq: 1, type: 'request', command: 'initialize', arguments: {} }),
      disconnect,
    );
    assert.equal(second[0]['success'], true);
  } finally {
    await new Promise(resolve => server.close(resolve));
  }
});
