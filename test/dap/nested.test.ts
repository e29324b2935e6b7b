/** A host, its guest hypervisor and the guest of that through the adapter: each stop says who it is. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { inProcess, type RealClient, ROOT } from './support.ts';

let client: RealClient;
afterEach(() => client?.dispose());

/** Goes on to a function of any of the images; what the thread is called there. */
async function levelAt(name: string): Promise<string> {
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name }] });
  await client.until('continue', { threadId: 1 });
  const { threads } = await client.request('threads', {});
  const [frame] = await client.frames(1);
  assert.match(frame.name, new RegExp(`^${name}`));
  return threads[0].name.split(' · ')[1];
}

for (const system of ['nested/neve', 'nested/nv2']) {
  test(`a thread of ${system} says which level of nesting and which virtual exception level it is`, async () => {
    client = inProcess();
    await client.start({ ...systemConfiguration(systemNamed(system), ROOT), pes: 1 });
    assert.equal(await levelAt('hyp_stage1_enable'), 'L0 EL2');
    assert.equal(await levelAt('hyp_stage1_enable'), 'L1 virtual EL2');
    assert.equal(await levelAt('vm_create'), 'L1 EL1');
    assert.equal(await levelAt('guest_main'), 'L2 EL1');
    assert.equal(await levelAt('handles_below'), 'L0 EL1');
  });
}

test('a thread of a guest hypervisor with VHE is at virtual EL2 in its kernel', async () => {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed('nested/nv2-vhe'), ROOT), pes: 1 });
  assert.equal(await levelAt('nesting_prepare'), 'L0 EL1');
  assert.equal(await levelAt('vm_create'), 'L1 virtual EL2');
  assert.equal(await levelAt('vmm_main'), 'L1 EL0');
});
