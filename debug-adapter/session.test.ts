import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { HANDLERS } from './requests/index.ts';
import { CAPABILITIES } from './requests/lifecycle.ts';
import { Client } from './testing/client.ts';
import { marker, programPath } from './testing/compile.ts';

const SOURCE = { path: programPath('hypervisor.S') };
const line = (name: string): number => marker('hypervisor.S', name);

let client: Client;
beforeEach(() => {
  client = new Client();
});
afterEach(() => client.dispose());

/** Requests by the capability that declares them. */
const DECLARED: Readonly<Record<string, readonly string[]>> = {
  supportsConfigurationDoneRequest: ['configurationDone'],
  supportsFunctionBreakpoints: ['setFunctionBreakpoints'],
  supportsStepBack: ['stepBack', 'reverseContinue'],
  supportsSetVariable: ['setVariable'],
  supportsRestartFrame: ['restartFrame'],
  supportsGotoTargetsRequest: ['gotoTargets', 'goto'],
  supportsStepInTargetsRequest: ['stepInTargets'],
  supportsCompletionsRequest: ['completions'],
  supportsModulesRequest: ['modules'],
  supportsRestartRequest: ['restart'],
  supportsExceptionInfoRequest: ['exceptionInfo'],
  supportsLoadedSourcesRequest: ['loadedSources'],
  supportsTerminateThreadsRequest: ['terminateThreads'],
  supportsSetExpression: ['setExpression'],
  supportsTerminateRequest: ['terminate'],
  supportsDataBreakpoints: ['dataBreakpointInfo', 'setDataBreakpoints'],
  supportsReadMemoryRequest: ['readMemory'],
  supportsWriteMemoryRequest: ['writeMemory'],
  supportsDisassembleRequest: ['disassemble'],
  supportsCancelRequest: ['cancel'],
  supportsBreakpointLocationsRequest: ['breakpointLocations'],
  supportsInstructionBreakpoints: ['setInstructionBreakpoints'],
};

test('every declared request has a handler and every handler is declared', () => {
  // Those that no capability declares; attach is there to be refused by a sentence of its own.
  const always =
    'initialize launch attach locations setBreakpoints setExceptionBreakpoints continue next stepIn stepOut pause stackTrace scopes variables source threads evaluate disconnect';
  const expected = new Set(always.split(' '));
  for (const [capability, commands] of Object.entries(DECLARED)) {
    if ((CAPABILITIES as Record<string, unknown>)[capability]) for (const command of commands) expected.add(command);
  }
  const dispatched = Object.keys(HANDLERS).filter(command => !command.startsWith('hyperstep/'));
  assert.deepEqual(dispatched.sort(), [...expected].sort());
});

describe('requests out of order', () => {
  test('are refused by a sentence and the session goes on', async () => {
    assert.equal(
      await client.refused('setBreakpoints', { source: SOURCE }),
      'The request setBreakpoints came before initialize.',
    );
    await client.request('initialize', {});
    assert.equal(await client.refused('stackTrace', { threadId: 1 }), 'The request stackTrace came before launch.');
    assert.equal(await client.refused('initialize', {}), 'The request initialize came twice.');
    const unknown = 'This debugger does not know the request "runInTerminal".';
    assert.equal(await client.refused('runInTerminal', {}), unknown);
    client.adapter.send(null);
    client.adapter.send({ type: 'request', seq: 'x' });
    assert.match((await client.event('output')).body.output, /no DAP request/);
    await client.request('launch', { program: client.programPath, stopOnEntry: true });
    await client.configured();
    assert.equal(await client.refused('launch', { program: client.programPath }), 'The request launch came twice.');
    assert.equal(await client.refused('scopes', { frameId: 77 }), 'There is no frame 77.');
    assert.equal(
      await client.refused('continue', { threadId: 9 }),
      'There is no thread 9: the machine has 1 PEs, counted from 1.',
    );
    await client.request('disconnect');
    assert.equal(await client.refused('threads'), 'The request threads came after the end of the session.');
  });

  test('bad launch attributes give one sentence each', async () => {
    await client.request('initialize', {});
    const { programPath: program } = client;
    const cases: readonly [object, RegExp][] = [
      [{}, /"program" is missing/],
      [{ program: '/nowhere/image' }, /^\/nowhere\/image cannot be read: it does not exist\.$/],
      [{ program, pes: 0 }, /"pes" is 0; it has to be a whole number from 1 to 64\./],
      [{ program, gic: 4 }, /"gic" is 4; it has to be one of 2, 3\./],
      [{ program, memory: 'lots' }, /"memory" is "lots"/],
      [{ program, initrd: program, memory: 16 }, /does not fit into the 16 bytes of memory/],
      [{ program, symbols: [{ file: program, bias: 'up' }] }, /"symbols\[0\]\.bias" is "up"/],
      [{ program, stopAtEntry: true }, /"stopAtEntry" is no launch attribute/],
      [{ program: SOURCE.path, symbols: [{ file: SOURCE.path }] }, /is not an ELF file/],
    ];
    for (const [attributes, sentence] of cases) assert.match(await client.refused('launch', attributes), sentence);
    await client.request('launch', { program });
  });
});

test('a whole session: breakpoints, stack over the exception, registers, end', async () => {
  await client.start();
  await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: line('handler') }] });
  await client.request('setExceptionBreakpoints', {
    filters: [],
    filterOptions: [{ filterId: 'trap-hvc', condition: 'esr.iss == 7' }],
  });
  await client.configured();
  await client.request('threads');
  const trap = await client.until('continue');
  assert.equal(trap.reason, 'exception');
  await client.request('exceptionInfo', { threadId: 1 });
  assert.equal((await client.until('continue')).reason, 'breakpoint');
  const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
  const { scopes } = await client.request('scopes', { frameId: stackFrames[0].id });
  await client.request('variables', { variablesReference: scopes[0].variablesReference });
  await client.request('disassemble', {
    memoryReference: stackFrames[0].instructionPointerReference,
    instructionOffset: -1,
    instructionCount: 3,
  });
  await client.request('terminate');
  await client.event('terminated');
  client.golden(new URL('./session.transcript.txt', import.meta.url));
});

describe('stops and steps', () => {
  beforeEach(async () => {
    await client.start();
    await client.configured();
  });

  const top = async (): Promise<string> => (await client.stack())[0];

  test('next steps over a call and stepIn goes into it', async () => {
    await client.until('next');
    await client.until('next');
    assert.match(await top(), new RegExp(`:${line('call-work')}$`));
    await client.until('next');
    assert.match(await top(), new RegExp(`:${line('after-work')}$`));
    assert.equal(client.target?.breakpointCount, 0);
    await client.request('restart');
    await client.event('stopped');
    for (let count = 0; count < 3; count++) await client.until('stepIn');
    assert.match(await top(), /^work/);
    await client.until('stepOut');
    assert.match(await top(), new RegExp(`^_start.*:${line('after-work')}$`));
  });

  test('the stack of a leaf function has its caller from x30, then from frame records', async () => {
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'leaf' }] });
    assert.equal((await client.until('continue')).reason, 'function breakpoint');
    assert.deepEqual(
      (await client.stack()).map(frame => frame.replace(/\+0x\w+/, '')),
      [`leaf:${line('leaf')}`, `work:${line('call-leaf')}`, `_start:${line('call-work')}`],
    );
  });

  test('next over HVC runs to the matching return', async () => {
    await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: line('hvc') }] });
    await client.until('continue');
    await client.until('next', { granularity: 'instruction' });
    assert.match(await top(), new RegExp(`^guest_work.*:${line('after-hvc')}$`));
    assert.equal(await client.evaluate('*(uint64_t*)&exits'), '1');
  });

  test('stepIn at HVC goes into the vector, stepOut back to the guest', async () => {
    await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: line('hvc') }] });
    await client.until('continue');
    await client.until('stepIn', { granularity: 'instruction' });
    const stack = await client.stack();
    assert.match(stack[0], new RegExp(`:${line('vector')}$`));
    assert.match(stack[1], /^guest_work · EL1, HVC/);
    assert.match(stack[2], /^guest:/);
    await client.until('stepOut');
    assert.match(await top(), new RegExp(`:${line('after-hvc')}$`));
  });

  test('conditions, hit counts and log messages decide about a stop', async () => {
    const breakpoints = [
      { line: line('leaf'), condition: '$x0 == 5' },
      { line: line('call-leaf'), logMessage: 'x0 is {$x0}' },
      { line: line('after-leaf'), hitCondition: '2' },
      { line: line('after-work'), condition: 'x0 == 2' },
    ];
    await client.request('setBreakpoints', { source: SOURCE, breakpoints });
    await client.until('continue');
    assert.match(await top(), new RegExp(`:${line('after-work')}$`));
    assert.match((await client.event('output')).body.output, /^x0 is 0x0000000000000001\n$/);
  });

  test('a breakpoint that cannot be set is answered with the reason', async () => {
    const set = async (breakpoint: object): Promise<string> =>
      (await client.request('setBreakpoints', { source: SOURCE, breakpoints: [breakpoint] })).breakpoints[0].message;
    assert.match(await set({ line: 9999 }), /has code for line 9999/);
    assert.match(await set({ line: line('leaf'), condition: '1 +' }), /has its end where that makes no sense/);
    assert.match(await set({ line: line('leaf'), hitCondition: 'often' }), /is no hit condition/);
    const bad = await client.request('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: '0x40080002' }],
    });
    assert.match(bad.breakpoints[0].message, /not a multiple of 4/);
  });

  test('a data breakpoint by address stops at the write', async () => {
    const address = await client.evaluate('&exits');
    const info = await client.request('dataBreakpointInfo', { name: address, asAddress: true, bytes: 8 });
    await client.request('setDataBreakpoints', { breakpoints: [{ dataId: info.dataId, accessType: 'write' }] });
    const stop = await client.until('continue');
    assert.equal(stop.reason, 'data breakpoint');
    assert.match(await top(), /^handle_exit/);
  });

  test('pause stops a guest that loops, and console output comes before', async () => {
    await client.request('continue', { threadId: 1 });
    assert.equal((await client.event('output')).body.output, 'H');
    assert.match(await client.refused('stackTrace', { threadId: 1 }), /The machine runs/);
    await client.request('evaluate', { expression: '> ls', context: 'repl' });
    assert.equal(client.target?.received, 'ls\r');
    await client.request('pause', { threadId: 1 });
    assert.equal((await client.event('stopped')).body.reason, 'pause');
    assert.match(await top(), /^guest/);
  });

  test('a breakpoint set while the guest runs is hit', async () => {
    await client.request('continue', { threadId: 1 });
    await client.event('output');
    await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: line('guest-idle') }] });
    assert.equal((await client.event('stopped')).body.reason, 'breakpoint');
  });

  test('goto moves the program counter', async () => {
    const { targets } = await client.request('gotoTargets', { source: SOURCE, line: line('enter-guest') });
    assert.equal((await client.until('goto', { targetId: targets[0].id })).reason, 'goto');
    assert.match(await top(), new RegExp(`:${line('enter-guest')}$`));
  });
});

describe('values', () => {
  beforeEach(async () => {
    await client.start();
    await client.configured();
  });

  test('expressions know registers, fields, symbols, spaces and arithmetic', async () => {
    assert.equal(await client.evaluate('$x0'), '0x0000000000000000');
    assert.equal(await client.evaluate('$hcr_el2.vm'), '1');
    assert.equal(await client.evaluate('(1 + 2) * 3 << 4'), '144');
    assert.equal(await client.evaluate('-7 / 2'), '-3');
    assert.equal(await client.evaluate('exits'), await client.evaluate('&exits'));
    assert.equal(await client.evaluate('*pa:0x4000_0000 == *(unsigned long *)el1:0x40000000'), '1');
    assert.match(
      await client.refused('evaluate', { expression: 'nothing' }),
      /"nothing" is no variable, register or symbol here\./,
    );
    assert.match(await client.refused('evaluate', { expression: '1 / 0' }), /divides by zero/);
    assert.match(await client.refused('evaluate', { expression: '*0x10' }), /There is no memory at/);
    assert.match(await client.refused('evaluate', { expression: '$hcr_el2 = 0', context: 'watch' }), /must not assign/);
  });

  test('assignments reach registers, fields and memory', async () => {
    await client.request('evaluate', { expression: '$x3 = 0x55', context: 'repl' });
    assert.equal(await client.evaluate('$w3'), '0x00000055');
    const field = await client.request('setExpression', { expression: '$hcr_el2.tge', value: '1' });
    assert.equal(field.value, '1');
    assert.equal(await client.evaluate('$hcr_el2'), '0x0000000008000001');
    await client.request('evaluate', { expression: '*(uint32_t *)&exits = 9', context: 'repl' });
    assert.equal(await client.evaluate('*(uint32_t *)&exits'), '9');
    assert.match(await client.refused('setExpression', { expression: '$midr_el1', value: '1' }), /cannot be written/);
  });

  test('the register scope holds groups, registers and fields that can be set', async () => {
    const { stackFrames } = await client.request('stackTrace', { threadId: 1 });
    const { scopes } = await client.request('scopes', { frameId: stackFrames[0].id });
    assert.deepEqual(
      scopes.map((scope: { presentationHint: string }) => scope.presentationHint),
      ['registers'],
    );
    const children = async (variablesReference: number, more = {}) =>
      (await client.request('variables', { variablesReference, ...more })).variables;
    const groups = await children(scopes[0].variablesReference);
    const find = (list: { name: string; variablesReference: number }[], name: string) =>
      list.find(one => one.name === name)!;
    const el2 = await children(find(groups, 'System registers of EL2').variablesReference);
    const hcr = find(el2, 'HCR_EL2');
    const set = await client.request('setVariable', {
      variablesReference: hcr.variablesReference,
      name: 'NV2',
      value: '1',
    });
    assert.equal(set.value, '1');
    assert.equal(await client.evaluate('$hcr_el2'), '0x0000200000000001');
    const general = await children(find(groups, 'General').variablesReference, { start: 30, count: 2 });
    assert.deepEqual(
      general.map((one: { name: string }) => one.name),
      ['X30', 'SP'],
    );
    const lists = await children(find(groups, 'List registers').variablesReference);
    assert.equal(lists[0].value, 'pending, vINTID 27, priority 0xa0');
    await client.until('stepIn');
    assert.match(
      await client.refused('variables', { variablesReference: hcr.variablesReference }),
      /is from an earlier stop/,
    );
  });

  test('memory is read up to where it ends, and written', async () => {
    const end = await client.request('readMemory', { memoryReference: 'pa:0x400ffffc', count: 16 });
    assert.equal(atob(end.data).length, 4);
    assert.equal(end.unreadableBytes, 12);
    const none = await client.request('readMemory', { memoryReference: '0x0', count: 8 });
    assert.deepEqual(none, { address: '0x0', unreadableBytes: 8 });
    await client.request('writeMemory', { memoryReference: '0x40070000', data: btoa('abcd') });
    assert.equal(atob((await client.request('readMemory', { memoryReference: '0x40070000', count: 4 })).data), 'abcd');
    assert.match(await client.refused('writeMemory', { memoryReference: '0x0', data: btoa('a') }), /cannot be written/);
    assert.match(await client.refused('readMemory', { memoryReference: 'moon:0x1', count: 4 }), /is no address space/);
  });

  test('disassembly has as many rows as asked for, before the start of memory too', async () => {
    const { instructions } = await client.request('disassemble', {
      memoryReference: '0x40000000',
      instructionOffset: -2,
      instructionCount: 4,
    });
    assert.deepEqual(
      instructions.map((one: { address: string; presentationHint?: string }) => [one.address, one.presentationHint]),
      [
        ['0x000000003ffffff8', 'invalid'],
        ['0x000000003ffffffc', 'invalid'],
        ['0x0000000040000000', undefined],
        ['0x0000000040000004', undefined],
      ],
    );
  });

  test('completions offer fields, registers and symbols', async () => {
    const labels = async (text: string): Promise<string[]> =>
      (await client.request('completions', { text, column: text.length + 1 })).targets.map(
        (one: { label: string }) => one.label,
      );
    assert.deepEqual(await labels('$hcr_el2.'), ['nv2', 'e2h', 'tge', 'vm']);
    assert.ok((await labels('$vtt')).includes('vttbr_el2'));
    assert.ok((await labels('handle')).includes('handle_exit'));
  });

  test('custom requests answer with strings for wide numbers', async () => {
    const { registers } = await client.request('hyperstep/listRegisters', {});
    assert.equal(registers[0].value, '0x50a000000000001b');
    const mappings = await client.request('hyperstep/mappings', { stage: 2, limit: 1 });
    assert.deepEqual([mappings.enabled, mappings.truncated, mappings.ranges[0].output], [true, true, '0x40000000']);
    assert.equal(
      (await client.request('hyperstep/walk', { address: 'exits' })).pa,
      `0x${BigInt(await client.evaluate('exits')).toString(16)}`,
    );
    await client.request('hyperstep/exceptions', { record: true });
    await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: line('handler') }] });
    await client.until('continue');
    const log = await client.request('hyperstep/exceptions', {});
    assert.deepEqual(
      log.exceptions.map((one: { kind: string; to: number }) => `${one.kind} EL${one.to}`),
      ['return EL1', 'taken EL2'],
    );
    assert.equal((await client.request('hyperstep/machine')).pes[0].el, 2);
  });

  test('modules and sources are those of the image', async () => {
    const { modules } = await client.request('modules', {});
    assert.equal(modules[0].symbolStatus, 'Symbols and lines loaded');
    const { sources } = await client.request('loadedSources');
    assert.ok(sources.some((one: { path: string }) => one.path === SOURCE.path));
    assert.match((await client.request('source', { source: SOURCE, sourceReference: 0 })).content, /handle_exit/);
    assert.match(
      await client.refused('source', { source: { path: '/etc/passwd' }, sourceReference: 0 }),
      /No image of this session/,
    );
    const locations = await client.request('breakpointLocations', {
      source: SOURCE,
      line: line('leaf'),
      endLine: line('leaf') + 1,
    });
    assert.deepEqual(locations.breakpoints, [{ line: line('leaf') }, { line: line('leaf') + 1 }]);
  });
});

test('restart with attributes launches anew and takes breakpoints again', async () => {
  await client.start();
  await client.configured();
  const first = client.target;
  await client.request('restart', { arguments: { program: client.programPath, stopOnEntry: true } });
  await client.event('initialized');
  assert.notEqual(client.target, first);
  await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: line('leaf') }] });
  await client.configured();
  assert.equal((await client.until('continue')).reason, 'breakpoint');
  assert.match(await client.refused('restart', { arguments: { program: '' } }), /"program" is ""/);
  assert.match((await client.stack())[0], /^leaf/);
});

test('an image bound to EL2 is not seen at EL1', async () => {
  await client.start({ symbols: [{ file: client.programPath, regime: 'EL2', bias: '0x1000000' }] });
  await client.configured();
  const { modules } = await client.request('modules', {});
  assert.deepEqual(
    modules.map((one: { version?: string }) => one.version),
    [undefined, 'EL2'],
  );
  const set = await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'leaf' }] });
  assert.equal(set.breakpoints[0].verified, true);
  // One for the image without a regime, two for the two forms of EL2.
  assert.equal(client.target?.breakpointCount, 3);
});

test('a cancelled request is answered as cancelled', async () => {
  await client.request('initialize', {});
  const launch = client.ask('launch', { program: client.programPath, stopOnEntry: true });
  const threads = client.ask('threads');
  const cancel = client.ask('cancel', { requestId: 3 });
  assert.equal((await launch).success, true);
  assert.equal((await threads).message, 'cancelled');
  assert.equal((await cancel).success, true);
});

test('a stop without source has, for VS Code only, the reason for which it shows disassembly', async () => {
  for (const [clientID, reason] of [
    ['vscode', 'instruction breakpoint'],
    ['another', 'entry'],
  ]) {
    client.dispose();
    client = new Client('hypervisor.S', []);
    await client.request('initialize', { clientID });
    await client.request('launch', { program: client.programPath, stopOnEntry: true });
    await client.event('initialized');
    await client.request('configurationDone');
    assert.equal((await client.event('stopped')).body.reason, reason);
  }
});
