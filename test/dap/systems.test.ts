/**
 * The built-in systems through the adapter, launched as the extension launches them: at each stage of a world switch, and
 * with an interrupt in flight.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { systemConfiguration } from '../../extension/system-configurations.ts';
import { type SystemRow, systemNamed, systems } from '../../simulator/hypervisors/systems.ts';
import { inProcess, type RealClient, ROOT } from './support.ts';

/** Every comment `BP: name` below a folder, with its file and its line. */
function markersBelow(folder: string): Map<string, { path: string; line: number }> {
  const markers = new Map<string, { path: string; line: number }>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.[cS]$/.test(name)) continue;
    const path = join(folder, name);
    for (const [index, text] of readFileSync(path, 'utf8').split('\n').entries()) {
      const marker = /\/\* BP: ([\w-]+) \*\//.exec(text);
      if (!marker) continue;
      assert.ok(!markers.has(marker[1]), `There are two markers ${marker[1]}.`);
      markers.set(marker[1], { path, line: index + 1 });
    }
  }
  return markers;
}

const folder = (name: string) => join(ROOT, 'simulator/hypervisors', name);
const markers = new Map([...markersBelow(folder('kvm-arm')), ...markersBelow(folder('type1'))]);

let client: RealClient;
afterEach(() => client?.dispose());

async function launch(row: SystemRow, more: object = {}): Promise<void> {
  client = inProcess();
  await client.start({ ...systemConfiguration(row, ROOT), ...more });
}

/**
 * Goes on until a PE is at a marker, whatever other PEs do meanwhile. The source that is shown is that of the marker. A
 * marked line that opens a function is left by the prologue, and may be by what is inlined behind it. Returns the frame.
 */
async function reach(name: string, threadId = 1): Promise<number> {
  const place = markers.get(name);
  assert.ok(place, `There is no marker ${name}.`);
  const source = { path: place.path };
  const set = await client.request('setBreakpoints', { source, breakpoints: [{ line: place.line }] });
  assert.equal(set.breakpoints[0].verified, true, `${name}: ${set.breakpoints[0].message}`);
  while ((await client.until('continue', { threadId })).threadId !== threadId);
  await client.request('setBreakpoints', { source, breakpoints: [] });
  const frame = (await client.frames(threadId)).find(({ source: shown }) => shown?.path === place.path);
  const text = readFileSync(place.path, 'utf8')
    .split('\n')
    .slice(place.line - 1);
  const last = text[0].includes(') { /*') ? text.indexOf('}') : 0;
  assert.ok(frame && frame.line >= place.line && frame.line <= place.line + last, `${name}: line ${frame?.line}`);
  return frame.id;
}

async function level(): Promise<string> {
  return (await client.evaluate('$pstate.el')).replace(/ .*/, '');
}

/** Stops at each of a list of levels and markers, in order. */
async function through(stages: string): Promise<void> {
  for (const stage of stages.split(', ')) {
    const [at, marker] = stage.split(' ');
    await reach(marker);
    assert.equal(await level(), at, stage);
  }
}

/** The stages of an exit and of the next entry, by level and marker. */
const STAGES: Readonly<Record<string, string>> = {
  'kvm-arm/split':
    '1 guest-hvc, 2 trap, 2 exit, 2 save-guest, 2 save-vgic, 2 deactivate-traps, 2 restore-host, ' +
    '2 eret-to-host, 1 handle-exit, 1 host-runs, 1 hvc-to-hyp, 2 hyp-entry, 2 save-host, 2 activate-traps, ' +
    '2 restore-vgic, 2 restore-guest, 2 eret',
  'kvm-arm/split-asm':
    '1 guest-hvc, 2 trap, 2 exit, 2 asm-save-guest, 2 asm-deactivate-traps, 2 asm-restore-host, 2 asm-return-to-host, ' +
    '2 eret-to-host, 1 handle-exit, 1 host-runs, 1 hvc-to-hyp, 2 hyp-entry, 2 asm-hyp-entry, 2 asm-save-host, ' +
    '2 asm-activate-traps, 2 asm-restore-guest, 2 eret',
  'kvm-arm/vhe':
    '1 guest-hvc, 2 trap-vhe, 2 exit, 2 save-guest, 2 save-vgic, 2 deactivate-traps, 2 restore-host, ' +
    '2 handle-exit, 2 host-runs, 2 save-host, 2 activate-traps, 2 restore-vgic, 2 restore-guest, 2 eret',
  'kvm-arm/vhe-opt':
    '1 guest-hvc, 2 trap-vhe, 2 exit, 2 save-guest-vhe, 2 restore-host-vhe, 2 handle-exit, 2 host-runs, ' +
    '2 hyp-entry-vhe, 2 eret',
  type1:
    '1 guest-hvc, 2 type1-trap, 2 type1-save, 2 type1-exit, 2 type1-handle, 2 type1-enter, 2 type1-restore, 2 type1-eret',
};

test('I/O of a guest of type1 goes to dom0 and back, through two switches between VMs', async () => {
  await launch(systemNamed('type1'));
  const stages =
    '1 guest-io-user, 2 type1-trap, 2 type1-to-dom0, 2 domain-out, 2 domain-in, 1 vmm-read, 1 dom0-hypercall, ' +
    '2 type1-trap, 2 type1-from-dom0, 2 domain-out, 2 domain-in, 2 type1-enter, 2 type1-eret';
  await through(stages);
  await client.until('next', { granularity: 'instruction' });
  assert.match(await client.top(), /^io_user/);
});

describe('a world switch', () => {
  for (const [name, stages] of Object.entries(STAGES)) {
    test(`of ${name} stops at each stage, in the source`, async () => {
      await launch(systemNamed(name));
      await through(stages);
      // The next step is in the guest again, behind its HVC.
      await client.until('next', { granularity: 'instruction' });
      assert.match(await client.top(), /^guest_hypercall/);
      assert.equal(await level(), '1');
    });
  }
});

interface ListRegister {
  readonly state: string;
  readonly virtualId: number;
  readonly hw: boolean;
}

/** What the list registers of PE 0 hold, those that are empty left out. */
async function listRegisters(): Promise<string[]> {
  const { registers } = await client.request('hyperstep/listRegisters', {});
  return (registers as ListRegister[])
    .filter(({ state }) => state !== 'invalid')
    .map(({ state, virtualId, hw }) => `${state} ${virtualId}${hw ? ' of hardware' : ''}`);
}

const TIMER = '27 of hardware';

describe('an interrupt in flight', () => {
  for (const vgic of ['new', 'old']) {
    for (const gic of [3, 2] as const) {
      for (const design of ['split', 'vhe-opt']) {
        const name = `kvm-arm/${design}${vgic === 'old' ? '-vgic-old' : ''}`;
        test(`goes through the ${vgic} VGIC of ${name} with GICv${gic}`, async () => {
          await launch(systemNamed(name), { gic });
          const [old, v2] = [vgic === 'old' ? 'old-' : '', gic === 2 ? '-v2' : ''];
          const frameId = await reach(`${old}inject`);
          assert.equal(await client.evaluate('id', { frameId }), '27');
          assert.deepEqual(await listRegisters(), [], 'nothing is in the hardware while the host works');
          await reach(`${old}list-register`);
          await reach('eret');
          assert.deepEqual(await listRegisters(), [`pending ${TIMER}`]);
          await reach(`guest-acknowledge${v2}`);
          assert.deepEqual(await listRegisters(), [`pending ${TIMER}`]);
          await reach(`guest-complete${v2}`);
          assert.deepEqual(await listRegisters(), [`active ${TIMER}`]);
          await client.until('next');
          assert.deepEqual(await listRegisters(), []);
          await reach(`${old}vgic-sync`);
          const used = await client.evaluate('vcpus[0].hardware.vgic.used');
          assert.equal(used, '1');
        });
      }
    }
  }
});

describe('the launch configurations', () => {
  const shipped = readFileSync(join(ROOT, '.vscodeignore'), 'utf8').split('\n');

  for (const row of systems) {
    test(`have one for ${row.name}, with its sources where the extension has them`, async () => {
      await launch(row);
      assert.equal((await client.request('threads')).threads.length, row.machine?.pes ?? 2);
      const [frame] = await client.frames();
      assert.equal(frame.source?.path, folder('kvm-arm/boot.S'));
      const { sources } = await client.request('loadedSources');
      const paths = (sources as { path: string }[]).map(one => one.path).filter(one => !one.includes('/gcc'));
      assert.ok(paths.length > 20, `${paths.length} sources`);
      assert.ok(shipped.includes('!simulator/hypervisors/*/**'));
      for (const path of paths) assert.ok(path.startsWith(folder('')) && existsSync(path), `${path} is missing.`);
    });
  }
});
