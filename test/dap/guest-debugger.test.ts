/** BRK and HLT of a guest's own debugger are the guest's: breakpoints here neither take them nor show in its memory. */

import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { compile, marker, programPath } from '../../debug-adapter/testing/compile.ts';
import { inProcess, type RealClient } from './support.ts';

const program = compile('breaks.S', ['-g']);
after(program.remove);

let client: RealClient;
beforeEach(async () => {
  client = inProcess();
  await client.start({ program: program.path });
});
afterEach(() => client.dispose());

const line = (name: string): number => marker('breaks.S', name);
const breakAt = (...names: readonly string[]): Promise<unknown> =>
  client.request('setBreakpoints', {
    source: { path: programPath('breaks.S') },
    breakpoints: names.map(name => ({ line: line(name) })),
  });
const x = async (...numbers: readonly number[]): Promise<number[]> =>
  Promise.all(numbers.map(async number => Number(await client.evaluate(`$x${number}`))));
const lineNow = async (): Promise<number> => (await client.frames())[0].line;

const NOP = 0xd503201f;
const BRK = 0xd4202460;
const ADD = 0x91000694;
/** ESR_ELx of BRK #0x123 (EC 0x3c), and of an undefined instruction. */
const BY_BRK = 0xf2000123;
const UNDEFINED = 0x02000000;
const PLACES = ['before', 'brk', 'behind', 'hlt'];

test('with breakpoints on and around them they reach the handler of the guest, or of its hypervisor by TDE', async () => {
  await breakAt(...PLACES, 'hvc');
  const lines: number[] = [];
  const go = async (command: string): Promise<void> => {
    assert.equal((await client.until(command)).reason, 'breakpoint');
    lines.push(await lineNow());
  };
  for (let stop = 0; stop < 5; stop++) await go('continue');
  assert.deepEqual(lines.splice(0), [...PLACES, 'hvc'].map(line));
  // The guest has read its own code with our breakpoints in it.
  assert.deepEqual(await x(20, 21, 22, 23), [1, NOP, BRK, ADD]);
  assert.deepEqual(await x(25, 24, 26), [BY_BRK, UNDEFINED, 0]);
  for (let stop = 0; stop < 5; stop++) await go('continue');
  assert.deepEqual(lines.splice(0), [...PLACES, 'hvc'].map(line));
  assert.deepEqual(await x(20, 21, 22, 23), [2, NOP, BRK, ADD]);
  assert.deepEqual(await x(24, 26), [UNDEFINED, BY_BRK]);
  const { data } = await client.request('readMemory', { memoryReference: await client.evaluate('$x1'), count: 4 });
  assert.equal(Buffer.from(data, 'base64').readUInt32LE(), BRK);
  // Backwards they are met in the opposite order, and none of the guest's exceptions is a stop.
  for (let stop = 0; stop < 5; stop++) await go('reverseContinue');
  assert.deepEqual(lines, ['hlt', 'behind', 'brk', 'before', 'hvc'].map(line));
});

test('stepped over and into they are exceptions of the guest', async () => {
  await breakAt('brk');
  await client.until('continue');
  await breakAt();
  await client.until('next');
  assert.equal(await lineNow(), line('behind'));
  assert.deepEqual(await x(25, 20), [BY_BRK, 0]);
  await client.until('stepBack');
  assert.equal(await lineNow(), line('brk'));
  await client.until('stepIn');
  assert.match(await client.top(), /^vectors_el1/);
  assert.equal(await client.evaluate('$pc & 0x7ff,d'), '512');
  await client.until('stepOut');
  assert.equal(await lineNow(), line('behind'));
  await breakAt('hlt');
  await client.until('continue');
  await client.until('next', { granularity: 'instruction' });
  assert.equal(await lineNow(), line('hvc'));
  assert.deepEqual(await x(24), [UNDEFINED]);
});

test('data breakpoints and filters see them, and leave them to the guest', async () => {
  const { dataId } = await client.request('dataBreakpointInfo', {
    name: await client.evaluate('&place'),
    asAddress: true,
    bytes: 4,
  });
  await client.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'read' }] });
  // Fetching an instruction is no access to data; the load of the guest is.
  assert.equal((await client.until('continue')).reason, 'data breakpoint');
  assert.deepEqual(await x(22, 25), [BRK, BY_BRK]);
  await client.request('setDataBreakpoints', { breakpoints: [] });
  await client.filter({ filterId: 'el-change', condition: 'esr.ec == 0x3c' });
  const { reason, description } = await client.until('continue');
  assert.equal(reason, 'exception');
  assert.match(description, /^EL1 → EL2: BRK/);
  await client.filter();
  await breakAt('hlt');
  await client.until('continue');
  assert.deepEqual(await x(26), [BY_BRK]);
});
