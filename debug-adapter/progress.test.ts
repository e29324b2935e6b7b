import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { createTarget } from '../simulator/machine.ts';
import { nodeFiles } from './node-files.ts';
import { Session } from './session.ts';

afterEach(() => mock.restoreAll());

function* work(): Generator<{ instructions: number }, string> {
  for (let instructions = 3000; instructions > 0; instructions -= 1000) yield { instructions };
  return 'done';
}

/** Events of work each of whose steps takes so many milliseconds; `last` gives it up after that many steps. */
function eventsOf(milliseconds: number, last = Number.POSITIVE_INFINITY): DebugProtocol.Event[] {
  const sent: DebugProtocol.Event[] = [];
  const send = (message: DebugProtocol.ProtocolMessage): unknown => sent.push(message as DebugProtocol.Event);
  const session = new Session({ send, createTarget, files: nodeFiles });
  session.client = { supportsProgressReporting: true };
  let time = 0;
  mock.method(performance, 'now', () => (time += milliseconds));
  const steps = session.withProgress('Going back', work());
  for (let step = 0; step < last && !steps.next().done; step++);
  steps.return('given up');
  return sent.filter(({ event }) => event.startsWith('progress'));
}

test('long work shows a bar, moves it and takes it away', () => {
  const events = eventsOf(1000);
  const names = events.map(({ event }) => event);
  assert.deepEqual(names, ['progressStart', 'progressUpdate', 'progressUpdate', 'progressEnd']);
  const [start, update, , end] = events.map(({ body }) => body);
  assert.deepEqual([start.title, start.cancellable, start.message], ['Going back', true, 'at instruction 3,000']);
  assert.equal(update.message, 'at instruction 2,000');
  assert.ok(update.progressId === start.progressId && end.progressId === start.progressId);
});

test('work that is given up takes its bar away; short work has none', () => {
  assert.deepEqual(
    eventsOf(1000, 2).map(({ event }) => event),
    ['progressStart', 'progressUpdate', 'progressEnd'],
  );
  assert.deepEqual(eventsOf(1), []);
});
