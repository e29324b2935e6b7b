/** A host, its guest hypervisor and the guest of that through the adapter: each stop says who it is. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { nestedTraps } from '../../simulator/node/nested-trace.ts';
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

test('a stack goes from the host through the guest hypervisor to its guest', async () => {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed('nested/armv8.3'), ROOT), pes: 1 });
  await levelAt('guest_main');
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'save_el1_state' }] });
  do await client.until('continue', { threadId: 1 });
  while (!(await client.request('threads', {})).threads[0].name.includes('L1 virtual EL2'));
  // Its first register traps.
  await levelAt('handled_without_host');
  const frames = await client.frames(1);
  const names = frames.map(({ name }) => name);
  const place = (text: string) => names.findIndex(name => name.includes(text));
  assert.ok(place('world_switch') > 0, names.join(', '));
  assert.ok(place('save_el1_state') > place('world_switch'), names.join(', '));
  // The nested guest has its code at 0x80000000.
  const last = frames.at(-1);
  assert.match(last?.name ?? '', / · virtual EL1$/, names.join(', '));
  assert.match(last?.instructionPointerReference ?? '', /0x0*8000\w{4}$/);
});

test('stage 1 of a guest that does not run is shown as it was when the guest was left', async () => {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed('nested/nv2'), ROOT), pes: 1 });
  assert.equal(await levelAt('guest_main'), 'L2 EL1');
  const before = await client.request('hyperstep/machine', {});
  assert.equal(before.pes[0].place, 'L2 EL1');
  const { regimes } = await client.request('hyperstep/regimes', { threadId: 1 });
  const [left] = regimes.filter((one: { stage: number; vmid?: number }) => one.stage === 1 && one.vmid !== undefined);
  assert.ok(left.vmid !== before.pes[0].vmid && left.at < before.instructions, JSON.stringify(left));
  const args = { threadId: 1, stage: 1, vmid: left.vmid };
  const { enabled, ranges } = await client.request('hyperstep/mappings', args);
  assert.equal(enabled, true);
  const memory = ranges.find((one: { attributes: string }) => one.attributes.includes('Normal'));
  assert.ok(memory, JSON.stringify(ranges));
  const walk = await client.request('hyperstep/walk', { threadId: 1, vmid: left.vmid, address: memory.input });
  assert.equal(walk.ipa, memory.output);
  assert.deepEqual([...new Set(walk.steps.map(({ stage }: { stage: number }) => stage))].sort(), [1, 2]);
  // The machine stands where it stood, and an IPA of that guest goes through its own stage 2.
  assert.deepEqual(await client.request('hyperstep/machine', {}), before);
  const second = await client.request('hyperstep/walk', { threadId: 1, vmid: left.vmid, address: `ipa:${walk.ipa}` });
  assert.equal(second.pa, walk.pa);
  assert.equal(second.nested, undefined);
});

/** The registers of a group of the scope, by name. */
async function registersOf(group: string): Promise<ReadonlyMap<string, string>> {
  const [frame] = await client.frames(1);
  const { scopes } = await client.request('scopes', { frameId: frame.id });
  const scope = scopes.find(({ name }: { name: string }) => name === 'Guest hypervisor');
  assert.ok(scope, 'There is no scope of the guest hypervisor.');
  const { variables } = await client.request('variables', { variablesReference: scope.variablesReference });
  const found = variables.find(({ name }: { name: string }) => name === group);
  assert.ok(found, group);
  const inside = await client.request('variables', { variablesReference: found.variablesReference });
  return new Map(inside.variables.map((one: { name: string; value: string }) => [one.name, one.value]));
}

test('the three register sets of a vCPU are side by side, and each register says where it lives', async () => {
  for (const [system, page] of [
    ['nested/armv8.3', false],
    ['nested/nv2', true],
  ] as const) {
    client = inProcess();
    await client.start({ ...systemConfiguration(systemNamed(system), ROOT), pes: 1 });
    await levelAt('guest_main');
    // In the nested guest its registers are in the hardware, and virtual EL2 is not.
    assert.match((await registersOf('EL1 registers')).get('VBAR_EL1') ?? '', /^0x000000008000\w{4} \(hardware\)$/);
    assert.match((await registersOf('Virtual EL2 registers')).get('ELR_EL2') ?? '', /^0x\w{16} \(kept by L0\)$/);
    const live = (await registersOf('EL1 registers')).get('TTBR0_EL1')?.split(' ')[0];
    // In virtual EL2 they wait, in memory.
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'save_common_state' }] });
    do await client.until('continue', { threadId: 1 });
    while (!(await client.request('threads', {})).threads[0].name.includes('L1 virtual EL2'));
    const waiting = (await registersOf('EL1 registers')).get('TTBR0_EL1') ?? '';
    assert.ok(waiting.startsWith(`${live} (${page ? 'VNCR page + 0x200' : 'kept by L0'}) ≠ live 0x`), waiting);
    assert.match(
      (await registersOf('Virtual EL2 registers')).get('ELR_EL2') ?? '',
      /^0x000000008000\w{4} \(hardware\)$/,
    );
    const hcr = (await registersOf('Virtual EL2 registers')).get('HCR_EL2') ?? '';
    assert.match(hcr, page ? /\(VNCR page \+ 0x78\)$/ : /\(kept by L0\)$/);
    assert.match((await registersOf('Shadow registers')).get('TTBR0_EL1') ?? '', /\(hardware\)$/);
    const lists = await registersOf('List registers, virtual and physical');
    assert.match(lists.get('ICH_LR0_EL2') ?? '', /^0x\w{16} → 0x\w{16}$/);
    if (page) assert.match((await registersOf('VNCR page')).get('SCTLR_EL1') ?? '', /^0x\w{16} at \+ 0x110$/);
    client.dispose();
  }
});

test('a thread of a guest hypervisor with VHE is at virtual EL2 in its kernel', async () => {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed('nested/nv2-vhe'), ROOT), pes: 1 });
  assert.equal(await levelAt('nesting_prepare'), 'L0 EL1');
  assert.equal(await levelAt('vm_create'), 'L1 virtual EL2');
  assert.equal(await levelAt('vmm_main'), 'L1 EL0');
});

test('virtual, host and shadow stage 2 of an address of the nested guest agree, at every level', async () => {
  for (const system of ['nested/armv8.3', 'nested/nv2']) {
    client = inProcess();
    await client.start({ ...systemConfiguration(systemNamed(system), ROOT), pes: 1 });
    const stages = async (address: string) => {
      const { nested } = await client.request('hyperstep/walk', { threadId: 1, address });
      return nested?.map(({ kind, input, output }: { kind: string; input: string; output?: string }) => {
        return `${kind} ${input} ${output}`;
      });
    };
    await levelAt('vm_create');
    assert.equal(await stages('pc'), undefined);
    assert.equal(await levelAt('guest_hypercall'), 'L2 EL1');
    const [{ instructionPointerReference: pc = '' }] = await client.frames(1);
    const ipa = Number(pc);
    // The guest is at 0x40400000 of the guest hypervisor, which is at 0x44000000 of the machine instead of 0x40000000.
    const hex = (value: number) => `0x${value.toString(16)}`;
    const inL1 = hex(ipa - 0x8000_0000 + 0x4040_0000);
    const inL0 = hex(ipa - 0x8000_0000 + 0x4440_0000);
    const expected = [`virtual ${pc} ${inL1}`, `host ${inL1} ${inL0}`, `shadow ${pc} ${inL0}`];
    assert.deepEqual(await stages('pc'), expected, system);
    assert.equal(await levelAt('nesting_handles'), 'L0 EL1');
    assert.deepEqual(await stages(`ipa:${pc}`), expected, system);
    const nowhere = ['virtual 0x87654000 undefined', 'shadow 0x87654000 undefined'];
    assert.deepEqual(await stages('ipa:0x87654000'), nowhere, 'the guest hypervisor has given no memory there');
    client.dispose();
  }
});

const FOLDER = `${ROOT}simulator/hypervisors/nested`;

/** Starts the launch configuration of the folder whose name ends so, and waits for its first stop. */
async function launch(name: string): Promise<void> {
  const text = readFileSync(`${FOLDER}/.vscode/launch.json`, 'utf8').replaceAll('${workspaceFolder}', FOLDER);
  const { configurations } = JSON.parse(text) as { configurations: { name: string }[] };
  const found = configurations.find(one => one.name === `Nested: ${name}`);
  assert.ok(found, `There is no launch configuration ${name}.`);
  client = inProcess();
  await client.start(found);
}

async function presentLevel(): Promise<string> {
  return (await client.request('threads', {})).threads[0].name.split(' · ')[1];
}

test('launch configurations stop in L2, in L1 and in L0, each frame with the symbols of its own image', async () => {
  const stack = async () => {
    const frames = await client.frames(1);
    for (const { source } of frames) assert.match(source?.path ?? '', /^\/.*\/simulator\/hypervisors\//);
    return frames.map(({ name, moduleId }) => `${name} ${String(moduleId).split('/').at(-1)}`);
  };
  await launch('in L2, before its hypercall');
  assert.equal(await presentLevel(), 'L2 EL1');
  assert.deepEqual((await stack()).slice(0, 2), ['hypercall split-4.10.elf', 'measure split-4.10.elf']);
  client.dispose();
  await launch('in L1, switching away from L2');
  assert.equal(await presentLevel(), 'L1 virtual EL2');
  const inL1 = await stack();
  assert.equal(inL1[0], 'save_el1_state split-4.10.elf');
  assert.match(inL1.at(-1) ?? '', /^guest_hypercall\S* · virtual EL1 split-4.10.elf$/);
  client.dispose();
  await launch('in L0, at a trap of L1');
  assert.equal(await presentLevel(), 'L0 EL2');
  const inL0 = await stack();
  assert.equal(inL0[0], 'handled_without_host nested.elf');
  assert.ok(
    inL0.some(name => / · L1 virtual EL2, .* split-4.10.elf$/.test(name)),
    inL0.join(', '),
  );
  assert.match(inL0.at(-1) ?? '', / · virtual EL1 split-4.10.elf$/);
});

test('a launch configuration stops at each trap of one nested exit', async () => {
  await launch('each trap of one exit');
  assert.equal(await presentLevel(), 'L2 EL1');
  const traps: string[] = [];
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'hypercall' }] });
  for (;;) {
    const body = await client.until('continue', { threadId: 1 });
    if (body.reason !== 'exception') break;
    traps.push(body.description);
  }
  assert.equal(traps.length, nestedTraps(systemNamed('nested/neve'), 'hypercall').length);
  assert.equal(traps[0], 'L2 EL1 → L0 EL2: HVC64');
  assert.match(traps.at(-1) ?? '', /^L1 virtual EL2 → L0 EL2: ERET/);
});

test('a function of one image is named with the image, and what there is not is refused', async () => {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed('nested/nv2'), ROOT), pes: 1 });
  const ask = async (name: string) =>
    (await client.request('setFunctionBreakpoints', { breakpoints: [{ name }] })).breakpoints[0];
  assert.equal((await ask('split-4.10!save_el1_state')).verified, true);
  await client.until('continue', { threadId: 1 });
  assert.equal(await presentLevel(), 'L1 virtual EL2');
  assert.match((await ask('split!hypercall')).message, /^No image .* "split"; there are nested, split-4.10\.$/);
  assert.match((await ask('nested!guest_main')).message, /^No image .* function "guest_main" in nested\.$/);
});
