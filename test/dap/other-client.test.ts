/**
 * A client that is not ours and not VS Code: the DebugClient that Microsoft tests debug adapters with. It speaks to the
 * adapter over TCP in its own way, and checks what comes back by its own rules.
 */

import assert from 'node:assert/strict';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import { serveTcp } from '../../debug-adapter/main.ts';
import { createTarget } from '../../simulator/machine.ts';
import { lineOf, PROGRAM, source } from './support.ts';

/** Milliseconds that it waits for an event. */
const PATIENCE = 60_000;

let server: Server;
let client: DebugClient;
beforeEach(async () => {
  server = await serveTcp(0, createTarget);
  client = new DebugClient('', '', 'hyperstep');
  client.defaultTimeout = PATIENCE;
  await client.start((server.address() as AddressInfo).port);
});
afterEach(async () => {
  await client.stop();
  server.close();
});

const launch = { program: PROGRAM, memory: '64M' };

test('it runs the sample to its end', async () => {
  await Promise.all([
    client.configurationSequence(),
    client.launch({ ...launch, stopOnEntry: false } as never),
    client.waitForEvent('terminated'),
  ]);
});

test('it hits a breakpoint where it set it, sees the stack, steps on and goes back', async () => {
  const path = source('main.c');
  const line = lineOf('main.c', 'handle_exit(&vcpu, reason)');
  await client.hitBreakpoint({ ...launch, stopOnEntry: false }, { path, line });
  const { body } = await client.stackTraceRequest({ threadId: 1 });
  const [top] = body.stackFrames;
  assert.equal(top.line, line);
  assert.equal(top.name, 'main');
  const scopes = await client.scopesRequest({ frameId: top.id });
  assert.deepEqual(
    scopes.body.scopes.map(({ name }) => name).filter(name => name !== 'Locals'),
    ['Registers'],
  );
  await Promise.all([client.nextRequest({ threadId: 1 }), client.waitForEvent('stopped')]);
  await Promise.all([
    client.reverseContinueRequest({ threadId: 1 }),
    client.assertStoppedLocation('breakpoint', { path, line }),
  ]);
  const answer = await client.evaluateRequest({ expression: 'why', context: 'repl' });
  assert.match(answer.body.result, /from EL1 to EL2/);
});

test('it stops at what it asked for by filter, and is told why', async () => {
  await Promise.all([
    client.waitForEvent('initialized').then(async () => {
      await client.setExceptionBreakpointsRequest({ filters: ['trap-wfx'] });
      return client.configurationDoneRequest();
    }),
    client.initializeRequest().then(() => client.launchRequest({ ...launch, stopOnEntry: false } as never)),
    client.waitForEvent('stopped').then(event => assert.equal(event.body.reason, 'exception')),
  ]);
});
