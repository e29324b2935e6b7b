/** Memory of guests that are not scheduled, and of guests of guests, by VA: read, shown, changed and watched. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { walkStage1 } from '../../debug-adapter/nested-space.ts';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { systemNamed } from '../../simulator/hypervisors/systems.ts';
import { inProcess, type RealClient, ROOT } from './support.ts';

let client: RealClient;
afterEach(() => client?.dispose());

const watch = (expression: string): Promise<string> => client.evaluate(expression, { context: 'watch' });
const place = async (): Promise<string> => (await client.request('threads')).threads[0].name.split(' · ')[1];

async function launch(system: string): Promise<void> {
  client = inProcess();
  await client.start({ ...systemConfiguration(systemNamed(system), ROOT), pes: 1 });
}

async function reach(name: string): Promise<string> {
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name }] });
  await client.until('continue');
  await client.request('setFunctionBreakpoints', { breakpoints: [] });
  return place();
}

async function bytesAt(memoryReference: string, count = 16): Promise<string> {
  const { data, unreadableBytes } = await client.request('readMemory', { memoryReference, count });
  return `${Buffer.from(data ?? '', 'base64').toString('hex')}${unreadableBytes ? ` - ${unreadableBytes}` : ''}`;
}

for (const system of ['kvm-arm/split', 'kvm-arm/vhe-opt']) {
  test(`a VA of the guest of ${system} is read and written while its host runs`, async () => {
    await launch(system);
    assert.match(await client.refused('evaluate', { expression: '*vm1:0x80000000' }), /^No guest with VMID 1 has run/);
    assert.equal(await reach('guest_hypercall'), 'EL1');
    // The exit itself: EL1 still has the registers of the guest.
    await client.filter('world-exit');
    await client.until('continue');
    await client.filter();
    const pc = await client.evaluate('$elr_el2');
    const sp = await client.evaluate('$sp_el1');
    const [code, stack] = [await bytesAt(`el1:${pc}`), await bytesAt(`el1:${sp}`, 48)];
    await reach('handle_exit');
    const elsewhere = (await client.request('threads')).threads[0].name;
    assert.doesNotMatch(elsewhere, /VMID/);
    assert.equal(await bytesAt(`vm1:${pc}`), code);
    assert.equal(await bytesAt(`vm1:${sp}`, 48), stack);
    // An expression's memory reference leads to the same memory, and a write of it is there when the guest goes on.
    const { memoryReference } = await client.request('evaluate', { expression: `*(uint64_t*)vm1:${sp}` });
    assert.equal(memoryReference, `vm1:0x${BigInt(sp).toString(16)}`);
    await client.evaluate(`*(uint64_t*)vm1:${sp} = 0x1122334455667788`, { context: 'repl' });
    const { body } = await client.event('memory');
    assert.deepEqual(body, { memoryReference, offset: 0, count: 8 });
    await client.request('writeMemory', { memoryReference, offset: 8, data: Buffer.from('hyp').toString('base64') });
    await client.filter('world-enter');
    await client.until('continue');
    assert.match(await bytesAt(`el1:${sp}`), /^8877665544332211687970/);
  });
}

test('a VA of the guest of a guest goes through three translations, whoever runs', async () => {
  await launch('nested/nv2');
  assert.match(
    await client.refused('evaluate', { expression: '*l2:0x80000000' }),
    /^Nothing has run as L2 on PE 0 yet\.$/,
  );
  assert.equal(await reach('guest_main'), 'L2 EL1');
  const pc = await client.evaluate('$pc');
  const sp = await client.evaluate('$sp');
  const [code, stack] = [await bytesAt(pc), await bytesAt(sp, 48)];
  assert.equal(await bytesAt(`l2:${pc}`), code);
  // The shadow has what was used so far, the guest hypervisor's tables have all of its guest.
  const { ranges } = await client.request('hyperstep/mappings', { stage: 2 });
  const far = `0x${(BigInt(ranges.at(-1).input) + BigInt(ranges.at(-1).size)).toString(16)}`;
  for (const [name, there] of [
    ['handles_below', 'L0 EL1'],
    ['handle_exit', 'L1 EL1'],
    ['save_common_state', 'L1 virtual EL2'],
  ] as const) {
    let at = await reach(name);
    for (let tries = 0; at !== there && tries < 20; tries++) at = await reach(name);
    assert.equal(at, there);
    assert.equal(await bytesAt(`l2:${pc}`), code, there);
    assert.equal(await bytesAt(`l2:${sp}`, 48), stack, there);
    assert.equal(await watch(`*(uint32_t*)l2:${pc}`), await watch(`*(uint32_t*)(l2:${pc} + 0)`));
  }
  assert.notEqual(await bytesAt(`l1:${await client.evaluate('$pc')}`), '');
  const { instructions } = await client.request('disassemble', { memoryReference: `l2:${pc}`, instructionCount: 1 });
  assert.equal(instructions[0].instructionBytes, code.slice(0, 8).match(/../g)?.reverse().join(''));
  // A page that starts nowhere is read as far as it goes; what is behind has no bytes at all.
  assert.match(await bytesAt('l2:0x0'), /^ - 16$/);
  assert.match(await bytesAt(`ipa3:${far}`), /^ - 16$|^[0-9a-f]{32}$/);
  // Watched as well: the nested guest's own write stops it.
  const { dataId } = await client.request('dataBreakpointInfo', {
    name: `l2:0x${(BigInt(sp) - 16n).toString(16)}`,
    asAddress: true,
    bytes: 16,
  });
  const set = await client.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'readWrite' }] });
  assert.equal(set.breakpoints[0].verified, true);
  assert.equal((await client.until('continue')).reason, 'data breakpoint');
  assert.equal(await place(), 'L2 EL1');
});

test('a system without guest hypervisors says that it has no such spaces', async () => {
  await launch('kvm-arm/split');
  assert.match(await client.refused('evaluate', { expression: '*l2:0x0' }), /this system says of none/);
});

/** Descriptors by address, for the walk. */
const tables = (entries: Readonly<Record<number, bigint>>) => (at: bigint) => entries[Number(at)] ?? 0n;

const WALKS: readonly (readonly [
  what: string,
  tcr: bigint,
  va: bigint,
  entries: Readonly<Record<number, bigint>>,
  pa: bigint | undefined,
])[] = [
  ['4 KiB, block of 1 GiB', 25n, 0x4000_1234n, { 4104: 0x8000_0401n }, 0x8000_1234n],
  ['4 KiB, page', 25n, 0x4000_1234n, { 4104: 0x2003n, 8192: 0x3003n, 12296: 0x9000_0403n }, 0x9000_0234n],
  ['4 KiB, page with level 0', 16n, 0x1234n, { 4096: 0x2003n, 8192: 0x3003n, 12288: 0x4003n, 16392: 0x5403n }, 0x5234n],
  ['16 KiB, page', 17n | (2n << 14n), 0x4321n, { 4096: 0x4003n, 16384: 0x8003n, 32776: 0x1_0403n }, 0x1_0321n],
  ['64 KiB, block', 22n | (1n << 14n), 0x1234n, { 4096: 0x2000_0401n }, 0x2000_1234n],
  ['upper range', (25n << 16n) | (2n << 30n), 0xffff_ff80_4000_0010n, { 24584: 0x4000_0401n }, 0x4000_0010n],
  ['tagged', 25n | (1n << 37n), 0x7700_0000_4000_0000n, { 4104: 0x4000_0401n }, 0x4000_0000n],
  ['tag that counts', 25n, 0x7700_0000_4000_0000n, { 4104: 0x4000_0401n }, undefined],
  [
    'LPA2',
    16n | (1n << 59n),
    0x0n,
    { 4096: 0x2003n, 8192: 0x3003n, 12288: 0x4003n, 16384: 0x1403n | (1n << 8n) },
    (1n << 50n) | 0x1000n,
  ],
  ['EPD0', 25n | (1n << 7n), 0x4000_0000n, { 4104: 0x4000_0401n }, undefined],
  ['reserved at level 3', 25n, 0x4000_1234n, { 4104: 0x2003n, 8192: 0x3003n, 12296: 0x9000_0401n }, undefined],
];

for (const [what, tcr, va, entries, pa] of WALKS) {
  test(`stage 1 of a guest that is not loaded: ${what}`, () => {
    const registers: Readonly<Record<string, bigint>> = {
      SCTLR_EL1: 1n,
      TCR_EL1: tcr,
      TTBR0_EL1: 0x1000n,
      TTBR1_EL1: 0x6000n,
    };
    assert.equal(
      walkStage1(name => registers[name], va, tables(entries)),
      pa,
    );
    assert.equal(
      walkStage1(name => (name === 'SCTLR_EL1' ? 0n : registers[name]), va, tables({})),
      va,
    );
  });
}
