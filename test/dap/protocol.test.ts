/** Promises of the protocol on the real machine: long work with a bar, formats, locations, another future, any order. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createInProcessAdapter } from '../../debug-adapter/in-process.ts';
import { nodeFiles } from '../../debug-adapter/node-files.ts';
import { random } from '../../debug-adapter/testing/mutations.ts';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { createTarget } from '../../simulator/machine.ts';
import { inProcess, lineOf, RealClient, ROOT, source } from './support.ts';

let client: RealClient;
beforeEach(() => {
  client = inProcess();
});
afterEach(() => {
  client.dispose();
});

const now = async (): Promise<number> => (await client.request('hyperstep/machine')).instructions;

describe('long work has a bar, and cancel ends it', () => {
  /** It calculates for a long time. */
  const program = `${ROOT}simulator/bench/integer.elf`;
  beforeEach(() => {
    client = new RealClient(createInProcessAdapter({ files: nodeFiles, createTarget, progressDelay: 0 }));
  });

  const cancelled = async (wanted: string): Promise<void> => {
    const { title, cancellable, progressId } = (await client.event('progressStart')).body;
    assert.deepEqual([title, cancellable], [wanted, true]);
    await client.request('cancel', { progressId });
    assert.equal((await client.event('progressEnd')).body.progressId, progressId);
    assert.equal((await client.event('stopped')).body.reason, 'pause');
    assert.equal(await client.evaluate('6 * 7'), '42');
  };

  test('on the way to a moment', async () => {
    await client.start({ program });
    await client.request('hyperstep/goTo', { instructions: 100_000_000_000 });
    await cancelled('Going to a moment');
  });

  test('on the way to a place', async () => {
    await client.launch({ program, stopOnEntry: false, runTo: ['psci_system_off'] });
    await client.request('configurationDone');
    await cancelled('Running to psci_system_off');
  });
});

test('frames are named as the client wants them', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  const name = async (format?: object): Promise<string> =>
    (await client.request('stackTrace', { threadId: 1, levels: 1, format })).stackFrames[0].name;
  const plain = await name();
  assert.equal(await name({ line: true }), `${plain}:${(await client.frames())[0].line}`);
  assert.equal(await name({ module: true }), `first-light.elf!${plain}`);
  const variables = await client.tree('Arguments');
  assert.equal(await name({ parameters: true }), `${plain}(${variables.map(one => one.name).join(', ')})`);
  const typed = await name({
    parameters: true,
    parameterTypes: true,
    parameterNames: true,
    parameterValues: true,
    hex: true,
  });
  for (const { name: parameter, type } of variables) assert.ok(typed.includes(`${type} ${parameter}=0x`), typed);
});

test('a value that is an address of code leads to its line, until the machine goes on', async () => {
  await client.start();
  await client.breakAt('main.c', { line: lineOf('main.c', 'handle_exit(&vcpu, reason)') });
  await client.until('continue');
  const general = (await client.tree('Registers', 'General')) as unknown as {
    name: string;
    valueLocationReference?: number;
  }[];
  const locationReference = general.find(one => one.name === 'PC')?.valueLocationReference;
  const location = await client.request('locations', { locationReference });
  assert.deepEqual(
    [location.source.path, location.line],
    [source('main.c'), lineOf('main.c', 'handle_exit(&vcpu, reason)')],
  );
  const code = await client.request('evaluate', { expression: '&handle_exit', context: 'watch' });
  const { source: file } = await client.request('locations', { locationReference: code.valueLocationReference });
  assert.equal(file.path, source('exits.c'));
  await client.until('next');
  assert.match(await client.refused('locations', { locationReference }), /is from an earlier stop/);
});

test('arguments and locals lead to the lines that declare them', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  const [frame] = await client.frames();
  const { scopes } = await client.request('scopes', { frameId: frame.id });
  for (const { variablesReference } of scopes.slice(0, 1)) {
    const { variables } = await client.request('variables', { variablesReference });
    assert.ok(variables.length > 0);
    for (const { name, declarationLocationReference } of variables) {
      const location = await client.request('locations', { locationReference: declarationLocationReference });
      assert.equal(location.source.path, source('exits.c'));
      const text = readFileSync(location.source.path, 'utf8').split('\n')[location.line - 1];
      assert.match(text, new RegExp(`\\b${name}\\b`));
    }
  }
});

test('attach is refused by name', async () => {
  await client.request('initialize', { adapterID: 'hyperstep' });
  assert.match(await client.refused('attach', {}), /^There is nothing to attach to: .* Use launch\.$/);
});

test('a change in the past begins another future, which is said, and its marks are gone', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  const early = await now();
  await client.reach('guest.c', 'guest-irq');
  await client.request('hyperstep/setMark', { name: 'late' });
  const late = await now();
  await client.until('hyperstep/goTo', { instructions: early });
  // Going on, and stepping, follows the past.
  await client.until('stepIn', { granularity: 'instruction' });
  await client.until('next');
  await client.until('hyperstep/goTo', { mark: 'late' });
  assert.equal(await now(), late);
  await client.until('hyperstep/goTo', { instructions: early });
  client.console('console');
  await client.request('writeMemory', { memoryReference: 'pa:0x43000000', data: Buffer.from('x').toString('base64') });
  assert.match(
    client.console('console'),
    /^The run takes another course from instruction [\d,]+ on: what came later is forgotten\. The marks there are gone: late\.\n$/,
  );
  assert.deepEqual((await client.request('hyperstep/marks')).marks, []);
  // The other future has what was written, and is replayed with it.
  await client.breakAt('exits.c', 'hypercall');
  await client.until('continue');
  const then = await now();
  await client.until('hyperstep/goTo', { instructions: early - 100 });
  assert.equal(await client.evaluate('*(uint8_t*)pa:0x43000000'), '0');
  await client.until('hyperstep/goTo', { instructions: then });
  assert.match(await client.evaluate('*(uint8_t*)pa:0x43000000'), /^120/);
  assert.equal(client.console('console'), '');
});

/** Good requests, with what they need of the present stop. */
const REQUESTS: readonly ((next: () => number) => readonly [command: string, args: object])[] = [
  ...['continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'pause'].map(
    command => (next: () => number) =>
      [
        command,
        {
          threadId: 1 + (next() % 3),
          granularity: next() % 2 ? 'line' : 'instruction',
          singleThread: next() % 4 === 0,
        },
      ] as const,
  ),
  () => ['threads', {}],
  next => ['stackTrace', { threadId: 1 + (next() % 3), startFrame: next() % 3, levels: next() % 4 }],
  next => ['scopes', { frameId: next() % 300 }],
  next => ['variables', { variablesReference: next() % 300, start: next() % 5, count: next() % 5 }],
  next => [
    'evaluate',
    { expression: ['$pc', 'why', 'marks', '*vm1:0x80000000', '$x20 = 5', 'vcpus,2'][next() % 6], context: 'repl' },
  ],
  next => ['readMemory', { memoryReference: `vm1:0x8000${(next() % 16).toString(16)}000`, count: 64 }],
  next => ['disassemble', { memoryReference: `el1:0x4008${(next() % 16).toString(16)}000`, instructionCount: 5 }],
  next => ['setExceptionBreakpoints', { filters: [['world-exit'], ['irq'], []][next() % 3] }],
  next => ['setFunctionBreakpoints', { breakpoints: [[{ name: 'handle_exit' }], []][next() % 2] }],
  next => ['hyperstep/goTo', { instructions: next() % 400_000 }],
  next => ['hyperstep/stopWhen', { of: ['hcr_el2.vm', 'stage2:ipa1:0x80000000', 'lr0'][next() % 3] }],
  next => ['hyperstep/lastWrite', { of: ['hcr_el2.vm', 'x19', 'vttbr_el2'][next() % 3] }],
  next => ['cancel', { requestId: next() % 500 }],
  next => ['terminateThreads', { threadIds: [1 + (next() % 3)] }],
  next => ['locations', { locationReference: next() % 300 }],
  () => ['restart', {}],
  next => (next() % 8 === 0 ? ['terminate', {}] : ['modules', {}]),
  next => (next() % 16 === 0 ? ['disconnect', {}] : ['completions', { text: 'va', column: 3 }]),
];

test('good requests in any order, with two PEs, running, stopped and ended, are each answered', async () => {
  const next = random(Number(process.env['HYPERSTEP_SEED'] ?? 0xda9));
  const whole = (): number => next(2 ** 30);
  const start = (): Promise<void> =>
    client.start({ ...systemConfiguration(systemNamed('kvm-arm/split'), ROOT), set: { bench_divisor: 64 } });
  await start();
  for (let round = 0; round < 400; round++) {
    const [command, args] = REQUESTS[whole() % REQUESTS.length](whole);
    const what = `round ${round}: ${command} ${JSON.stringify(args)}`;
    // Up to three at once: the next one comes while the first is under way.
    const others = Array.from({ length: whole() % 3 }, () => REQUESTS[whole() % REQUESTS.length](whole));
    const answers = await Promise.all(
      [[command, args] as const, ...others].map(([name, given]) => client.ask(name, given)),
    );
    for (const { success, body } of answers) {
      if (success) continue;
      const { sentence } = body.error.variables;
      assert.match(sentence, /[.!?]$/, what);
      assert.doesNotMatch(sentence, /is not a function|undefined \(reading|Cannot read|not iterable|malformed/, what);
    }
    if (client.events.some(({ event }) => event === 'terminated')) {
      // After the end every request is refused by a sentence, and a new session begins.
      assert.match(await client.refused('threads'), /came after the end of the session\.$/, what);
      client.dispose();
      client = inProcess();
      await start();
    }
    if (round % 20 === 0) {
      if ((await client.request('hyperstep/machine')).running) {
        client.events.length = 0;
        await client.ask('pause', { threadId: 1 });
        await client.event('stopped');
      }
      assert.equal((await client.request('threads')).threads.length, 2, what);
      assert.equal(await client.evaluate('6 * 7'), '42', what);
      const { data } = await client.request('readMemory', { memoryReference: 'pa:0x40080000', count: 4 });
      assert.equal(atob(data).length, 4, what);
    }
    client.events.length = 0;
    client.transcript.splice(0, client.transcript.length - 20);
  }
});
