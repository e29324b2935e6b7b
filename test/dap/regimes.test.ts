/** Translation regimes, and not levels, are what breakpoints are bound to and what places are named by. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { inProcess, type RealClient, ROOT } from './support.ts';

let client: RealClient;
beforeEach(() => {
  client = inProcess();
});
afterEach(() => client.dispose());

const threadName = async (): Promise<string> => (await client.request('threads')).threads[0].name;
const at = (instructionReference: string, mode?: string): Promise<unknown> =>
  client.request('setInstructionBreakpoints', {
    breakpoints: [{ instructionReference, ...(mode === undefined ? {} : { mode }) }],
  });
const functions = (...names: readonly string[]): Promise<unknown> =>
  client.request('setFunctionBreakpoints', { breakpoints: names.map(name => ({ name })) });

test('a breakpoint is set from the other world, and before there is a translation for it', async () => {
  // Before the first instruction: neither stage is on, and the guest is not in memory yet.
  await client.start();
  await at('0x80000000', 'EL1&0');
  assert.equal((await client.until('continue')).reason, 'instruction breakpoint');
  assert.equal(await threadName(), 'PE 0 · EL1 · EL1&0 · VMID 1');
  // In the guest for the hypervisor.
  await functions('handle_exit');
  await client.until('continue');
  assert.match(await client.top(), /^handle_exit/);
  assert.equal(await threadName(), 'PE 0 · EL2 · EL2');
  await functions();
  // In the hypervisor for the guest, at the address where it goes on.
  const inHypervisor = (await client.request('hyperstep/machine')).instructions;
  await client.filter('world-enter');
  await client.until('continue');
  await client.filter();
  const entered = await client.evaluate('$pc');
  await client.until('hyperstep/goTo', { instructions: inHypervisor });
  assert.equal(await threadName(), 'PE 0 · EL2 · EL2');
  await at(entered, 'EL1&0');
  assert.equal((await client.until('continue')).reason, 'instruction breakpoint');
  assert.deepEqual([await client.evaluate('$pc'), await threadName()], [entered, 'PE 0 · EL1 · EL1&0 · VMID 1']);
});

test('in the window of a world switch of VHE, breakpoints and steps of the guest are not met', async () => {
  await client.start({ ...systemConfiguration(systemNamed('kvm-arm/vhe-opt'), ROOT), pes: 1 });
  await functions('guest_hypercall');
  await client.until('continue');
  await functions();
  const guest = await threadName();
  assert.match(guest, /^PE 0 · EL1 · EL1&0 · VMID \d+$/);
  await client.filter('world-exit');
  await client.until('continue');
  await client.filter();
  assert.equal(await threadName(), 'PE 0 · EL2 · EL2&0');
  const window = await client.evaluate('$pc');
  // The same place with the regime of the guest: the host runs through it at each exit.
  await at(window, 'EL1&0');
  await client.filter('world-enter');
  assert.equal((await client.until('continue')).reason, 'exception');
  assert.equal(await threadName(), guest);
  await client.filter();
  // A step of the guest over an exit goes over the whole window.
  await client.filter('world-exit');
  await client.until('continue');
  await client.filter();
  await client.until('stepBack', { granularity: 'instruction' });
  assert.equal(await threadName(), guest);
  const pc = await client.evaluate('$pc');
  await client.until('next', { granularity: 'instruction' });
  assert.equal(await threadName(), guest);
  assert.notEqual(await client.evaluate('$pc'), pc);
  await at(window, 'EL2&0');
  assert.equal((await client.until('continue')).reason, 'instruction breakpoint');
  assert.equal(await threadName(), 'PE 0 · EL2 · EL2&0');
});

test('threads, breakpoint modes and walks say the regime', async () => {
  const { breakpointModes } = await client.request('initialize', { adapterID: 'hyperstep' });
  const modes = breakpointModes.map(({ mode }: { mode: string }) => mode);
  for (const regime of ['EL1&0', 'EL2', 'EL2&0', 'EL3']) assert.ok(modes.includes(regime), `${regime}: ${modes}`);
  client.dispose();
  client = inProcess();
  await client.start();
  await client.reach('exits.c', 'hypercall');
  assert.equal(await threadName(), 'PE 0 · EL2 · EL2');
  const ask = (expression: string): Promise<string> => client.evaluate(expression, { context: 'repl' });
  assert.match(await ask('walk el1:0x80002010'), / in EL1&0 is IPA /);
  assert.match(await ask('walk el2:0x40080000'), / in EL2 is PA /);
});
