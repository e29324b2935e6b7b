/** A stop at changes of the stage-2 mapping of a range, in hosts of every design, forwards and backwards. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { inProcess, type RealClient, ROOT } from './support.ts';

let client: RealClient;
afterEach(() => client.dispose());

const now = async (): Promise<number> => (await client.request('hyperstep/machine')).instructions;

async function launch(system: string): Promise<void> {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed(system), ROOT), pes: 1 });
}

/** Where the machine stops, with what it says: an address loses what differs from build to build. */
async function stop(command: string, id: number): Promise<{ text: string; at: number; name: string }> {
  const { hitBreakpointIds, text } = await client.until(command);
  assert.deepEqual(hitBreakpointIds, [id]);
  return { text, at: await now(), name: (await client.top()).split(/[+:]/)[0] };
}

for (const [system, writer] of [
  ['kvm-arm/split', /^(tables_map|map|stage2_prepare)/],
  ['kvm-arm/vhe', /^(tables_map|map|stage2_prepare)/],
  ['kvm-arm/vhe-opt', /^(tables_map|map|stage2_prepare)/],
] as const) {
  test(`of ${system}, whose host maps its guest before it runs`, async () => {
    await launch(system);
    await client.filter('world-enter');
    await client.until('continue');
    await client.filter();
    const { id, description } = await client.request('hyperstep/stopWhen', { of: 'stage2:0x80000000+0x2000' });
    assert.match(description, /^Stops at changes of the stage-2 mapping of 8192 bytes at IPA 0x80000000 of VMID 1\.$/);
    const entered = await now();
    const back = await stop('reverseContinue', id);
    assert.match(back.name, writer);
    assert.match(back.text, /^Write to the stage-2 mapping of/);
    const earlier = await stop('reverseContinue', id);
    assert.ok(earlier.at < back.at);
    // The same changes forwards, across the switches to the guest and back.
    const forth = await stop('continue', id);
    assert.deepEqual([forth.at, forth.name], [back.at, back.name]);
    await client.filter('world-enter');
    assert.equal((await client.until('continue')).reason, 'exception');
    assert.equal(await now(), entered);
  });
}

for (const system of ['nested/nv2', 'nested/armv8.3']) {
  test(`of ${system}, whose host makes a shadow as the nested guest goes`, async () => {
    await launch(system);
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'guest_main' }] });
    await client.until('continue');
    await client.request('setFunctionBreakpoints', { breakpoints: [] });
    assert.match((await client.request('threads')).threads[0].name, /L2 EL1/);
    // The first access to the last page of the stack, which the guest has not touched yet, is behind a fault.
    const { ranges } = await client.request('hyperstep/mappings', { stage: 2 });
    const end = BigInt(ranges.at(-1).input) + BigInt(ranges.at(-1).size);
    const { id } = await client.request('hyperstep/stopWhen', { of: `stage2:0x80000000+0x100000` });
    const first = await stop('continue', id);
    assert.match(first.name, /^install/, `the shadow ends at 0x${end.toString(16)}`);
    assert.match((await client.request('threads')).threads[0].name, /L0 EL/);
    const second = await stop('continue', id);
    assert.ok(second.at > first.at);
    const back = await stop('reverseContinue', id);
    assert.deepEqual([back.at, back.name], [first.at, first.name]);
    const [setter] = [await client.until('hyperstep/lastWrite', { of: 'stage2:0x80000000+0x100000' })];
    assert.match(setter.text, /was written last by "str .* in install \(memory\.c:\d+\)/);
  });
}

test('of one page shows what it was and what it is', async () => {
  await launch('kvm-arm/split');
  await client.filter('world-enter');
  await client.until('continue');
  await client.filter();
  const { id } = await client.request('hyperstep/stopWhen', { of: 'stage2:ipa1:0x80000000' });
  await client.until('reverseContinue');
  await client.until('hyperstep/goTo', { instructions: (await now()) - 2 });
  const { text } = await stop('continue', id);
  assert.match(
    text,
    /^Write to the stage-2 mapping of 4096 bytes at IPA 0x80000000 of VMID 1: \S+ by 0x\w+ → 0x\w+ by 0x\w+\.$/,
  );
});
