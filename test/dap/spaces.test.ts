/** Address spaces of guests, symbols by space, and the smaller promises of the protocol. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import { loadSymbols, Symbols } from '../../debug-adapter/symbols/index.ts';
import { Client } from '../../debug-adapter/testing/client.ts';
import { inProcess, PROGRAM, type RealClient, source } from './support.ts';

let client: RealClient;
beforeEach(() => {
  client = inProcess();
});
afterEach(() => client.dispose());

const evaluate = (expression: string): Promise<string> => client.evaluate(expression, { context: 'watch' });

test('an IPA of a guest that is not loaded is read by its VMID', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  const loaded = await evaluate('*(uint64_t*)ipa:0x80000000');
  assert.equal(await evaluate('*(uint64_t*)ipa1:0x80000000'), loaded);
  await client.evaluate('$vttbr_el2 = 0x2000040000000', { context: 'repl' });
  assert.match(await client.refused('evaluate', { expression: '*(uint64_t*)ipa:0x80000000' }), /no memory at ipa:/);
  assert.equal(await evaluate('*(uint64_t*)ipa1:0x80000000'), loaded);
  assert.match(await evaluate('&*(uint64_t*)ipa1:0x80000000'), /80000000/);
  assert.match(
    await client.refused('evaluate', { expression: '*ipa7:0x0' }),
    /^No guest with VMID 7 has run on PE 0: known are 1\.$/,
  );
  const { data } = await client.request('readMemory', { memoryReference: 'ipa1:0x80000000', count: 8 });
  assert.equal(atob(data).length, 8);
});

test('images at one address keep their own symbols: by regime, by guest and by table base', () => {
  const bytes = new Uint8Array(readFileSync(PROGRAM));
  const symbols = new Symbols();
  const add = (name: string, options: object): void => symbols.add(loadSymbols(bytes, name, options));
  add('anywhere', {});
  add('el2', { regime: 'EL2' });
  add('guest 1', { regime: 'EL1&0', vmid: 1 });
  add('guest 2', { regime: 'EL1&0', vmid: 2 });
  add('process', { regime: 'EL1&0', vmid: 2, tableBase: 0x1000n });
  const address = symbols.tables[0].symbol('main') as bigint;
  const at = (context: Parameters<Symbols['at']>[1]): string | undefined => symbols.at(address, context)?.name;
  assert.equal(at('EL3'), 'anywhere');
  assert.equal(at('EL2&0'), 'el2');
  assert.equal(at({ regime: 'EL1&0' }), 'anywhere');
  assert.equal(at({ regime: 'EL1&0', vmid: 1 }), 'guest 1');
  assert.equal(at({ regime: 'EL1&0', vmid: 2, tableBase: 0x2000n }), 'guest 2');
  assert.equal(at({ regime: 'EL1&0', vmid: 2, tableBase: 0x1000n }), 'process');
});

test('modules say their regime, their guest and their relocation, also when they come later', async () => {
  await client.start();
  const { module } = await client.request('hyperstep/addSymbols', {
    file: PROGRAM,
    regime: 'EL1&0',
    vmid: 3,
    bias: '0x10000000',
  });
  assert.equal(module, PROGRAM);
  assert.equal((await client.event('module')).body.reason, 'new');
  const answer = await client.evaluate(`add-symbol-file ${PROGRAM} el2 0x20000000`, { context: 'repl' });
  assert.equal(answer, `${PROGRAM} is loaded.`);
  const { modules } = await client.request('modules', {});
  assert.deepEqual(
    modules.map(({ regime, guest, bias }: Record<string, unknown>) => [regime, guest, bias]),
    [
      [undefined, undefined, undefined],
      ['EL1&0', 3, '0x10000000'],
      ['EL2', undefined, '0x20000000'],
    ],
  );
  assert.match(
    await client.refused('evaluate', { expression: 'add-symbol-file /nowhere', context: 'repl' }),
    /cannot be read/,
  );
  assert.match(await client.refused('hyperstep/addSymbols', { file: PROGRAM, vmid: -1 }), /a VMID, from 0 to 65535/);
});

test('values are hexadecimal on request, in the tree, in a watch and for the clipboard', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  const format = { hex: true };
  assert.equal(await client.evaluate('6 * 7'), '42');
  assert.match(await client.evaluate('6 * 7', { format, context: 'clipboard' }), /^0x0*2a$/);
  const [frame] = await client.frames();
  const variablesReference = await client.referenceOf(frame.id, 'Arguments');
  const { variables } = await client.request('variables', { variablesReference, format });
  for (const { value } of variables) assert.match(value, /^0x|at 0x/);
});

test('an expression says how its value is written, and how many there are', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  assert.equal(await evaluate('6 * 7,x'), '0x000000000000002a');
  assert.equal(await evaluate('-1, d'), '-1');
  assert.equal(await evaluate('-1,u'), '18446744073709551615');
  assert.equal(await evaluate('8,o'), '010');
  assert.match(await evaluate('(unsigned char)5,b'), /^0b00000101$/);
  assert.match(await evaluate('(unsigned char)65,c'), /^65 'A'$/);
  assert.match(await evaluate('line,s'), /^"/);
  assert.equal(await evaluate('line,s'), await evaluate('(char*)&line,s'));
  const row = await client.request('evaluate', { expression: '(uint32_t*)ipa1:0x80000000,12x' });
  assert.equal(row.indexedVariables, 12);
  assert.equal(row.memoryReference, 'ipa1:0x80000000');
  const { variables } = await client.request('variables', {
    variablesReference: row.variablesReference,
    filter: 'indexed',
    start: 10,
    count: 5,
  });
  assert.deepEqual(
    variables.map(({ name }: { name: string }) => name),
    ['[10]', '[11]'],
  );
  for (const { value, evaluateName } of variables) {
    assert.match(value, /^0x\w{8}$/);
    assert.equal(await evaluate(`${evaluateName},x`), value);
  }
  // Of a value in memory the row begins at it.
  assert.equal((await client.request('evaluate', { expression: 'length,3' })).indexedVariables, 3);
  assert.match(await client.refused('evaluate', { expression: '1,z' }), /^",z" is no format: there are ,x ,d/);
  assert.match(await client.refused('evaluate', { expression: '1,0' }), /^A row has 1 to/);
  assert.match(await client.refused('evaluate', { expression: '1,4' }), /does not lead to a row/);
});

test('completions know commands with a dash, and lines of an input', async () => {
  await client.start();
  const { targets } = await client.request('completions', { text: 'last-w', column: 7 });
  assert.deepEqual(targets, [{ label: 'last-write', text: 'last-write', type: 'keyword', start: 1, length: 6 }]);
  const second = await client.request('completions', { text: 'why\n$hcr_el2.tw', line: 2, column: 12 });
  const names = second.targets.map(({ label, start }: { label: string; start: number }) => `${label} ${start}`);
  assert.deepEqual(names.sort(), ['twe 10', 'twedel 10', 'tweden 10', 'twi 10']);
});

test('every change tells the client which memory it was', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  const changed = async (): Promise<unknown> => (await client.event('memory')).body;
  await client.evaluate('*(uint32_t*)pa:0x43000000 = 5', { context: 'repl' });
  assert.deepEqual(await changed(), { memoryReference: 'pa:0x43000000', offset: 0, count: 4 });
  await client.request('setExpression', { expression: '*(uint64_t*)pa:0x43000008', value: '6' });
  assert.deepEqual(await changed(), { memoryReference: 'pa:0x43000008', offset: 0, count: 8 });
  const data = Buffer.from('abc').toString('base64');
  await client.request('writeMemory', { memoryReference: 'pa:0x43000010', offset: 2, data });
  assert.deepEqual(await changed(), { memoryReference: 'pa:0x43000010', offset: 2, count: 3 });
  client.events.length = 0;
  await client.evaluate('$x20 = 1', { context: 'repl' });
  await client.event('invalidated');
  assert.ok(!client.events.some(({ event }) => event === 'memory'), 'a register is no memory');
});

test('stacks and arrays come in pages', async () => {
  await client.start();
  await client.reach('exits.c', 'hypercall');
  const all = await client.frames();
  const { stackFrames, totalFrames } = await client.request('stackTrace', { threadId: 1, startFrame: 1, levels: 2 });
  assert.equal(totalFrames, all.length);
  assert.deepEqual(
    stackFrames.map((one: { id: number }) => one.id),
    all.slice(1, 3).map(one => one.id),
  );
  const { variablesReference, indexedVariables } = await client.request('evaluate', { expression: 'line' });
  assert.equal(indexedVariables, 80);
  const page = await client.request('variables', { variablesReference, filter: 'indexed', start: 70, count: 4 });
  assert.deepEqual(
    page.variables.map(({ name }: { name: string }) => name),
    ['[70]', '[71]', '[72]', '[73]'],
  );
});

test('lines with code are the places of breakpoints', async () => {
  await client.start();
  const path = source('uart.c');
  const { breakpoints } = await client.request('breakpointLocations', { source: { path }, line: 1, endLine: 60 });
  const text = readFileSync(path, 'utf8').split('\n');
  assert.ok(breakpoints.length > 5);
  for (const { line } of breakpoints) assert.doesNotMatch(text[line - 1], /^(#|\s*$|static unsigned)/);
});

test('one PE goes on while the others stand', async () => {
  await client.start({ pes: 2, el: 3 });
  const counts = async (): Promise<string[]> =>
    (await client.request('hyperstep/machine')).pes.map(({ pc }: { pc: string }) => pc);
  const [, before] = await counts();
  const { allThreadsContinued } = await client.request('continue', { threadId: 1, singleThread: true });
  assert.equal(allThreadsContinued, false);
  await client.request('pause', { threadId: 1 });
  await client.event('stopped');
  const [, after] = await counts();
  assert.equal(after, before);
});

test('every kind of breakpoint counts, asks and logs', async () => {
  await client.start();
  await client.request('setFunctionBreakpoints', {
    breakpoints: [{ name: 'handle_exit', condition: 'el == 2 && vmid == 0', hitCondition: '2' }],
  });
  assert.equal((await client.until('continue')).reason, 'function breakpoint');
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  const { dataId } = await client.request('dataBreakpointInfo', { name: 'length' });
  await client.request('setDataBreakpoints', {
    breakpoints: [{ dataId, accessType: 'write', condition: 'length == 3', hitCondition: '2' }],
  });
  assert.equal((await client.until('continue')).reason, 'data breakpoint');
  assert.equal(await client.evaluate('length'), '3');
  await client.request('setDataBreakpoints', { breakpoints: [] });
  await client.request('hyperstep/stopWhen', { of: 'length', on: 'write', logMessage: 'length {length}' });
  await client.filter({ filterId: 'world-exit', condition: 'esr.ec == HVC64' });
  await client.until('continue');
  assert.match(client.console('console'), /^(length \d+\n)+/m);
  const { instructionReference } = (
    await client.request('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: await client.evaluate('$pc'), hitCondition: '% 2', condition: '$x0 != 1' }],
    })
  ).breakpoints[0];
  assert.match(instructionReference, /^0x/);
});

test('colours of the guest reach the client as they are', async () => {
  const fake = new Client();
  try {
    await fake.start();
    await fake.configured();
    fake.target?.onConsole?.(new TextEncoder().encode('\u001b[31mred\u001b[0m'));
    await fake.request('terminate');
    assert.equal((await fake.event('output')).body.output, '\u001b[31mred\u001b[0m');
  } finally {
    fake.dispose();
  }
});
