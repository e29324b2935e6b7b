// A host, its guest hypervisor and the guest of that in a real window: the launch configurations of the system's own folder,
// stopped in L2, in L1 and in L0, and at the traps of one exit.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { repository } from '../workbench/paths.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let workbench: Workbench;

before(async () => {
  workbench = await openWorkbench(path.join(repository, 'simulator/hypervisors/nested'));
});
after(() => workbench?.close());
afterEach(async context => {
  await workbench.screenshotOfFailure(context as TestContext);
  await workbench.page.keyboard.press('Shift+F5');
  await workbench.page.getByText('No machine is running. Start one to see the list registers').waitFor();
});

/** Starts a launch configuration and waits until the first PE stands still at a level. */
async function start(name: string, level: string): Promise<void> {
  await workbench.pick('debug ', `Nested: ${name}`);
  await workbench.row('Call Stack', `PE 0 · ${level}`).waitFor();
  await workbench.row('Variables', 'Registers').waitFor();
}

/** Shows the three stages 2 of an address. */
async function walk(address: string): Promise<void> {
  const { page } = workbench;
  await workbench.command('Hyperstep: Walk Address');
  await page.locator('.quick-input-widget input').first().fill(address);
  await page.keyboard.press('Enter');
  for (const stage of ['Virtual stage 2', 'Host stage 2', 'Shadow stage 2']) {
    await workbench.row('Translation Tables', stage).waitFor();
  }
}

test('a session begins in L2, where an address goes through virtual, host and shadow stage 2', async () => {
  await start('in L2', 'L2 EL1');
  await workbench.row('Call Stack', 'measure').waitFor();
  await workbench.stoppedAt('guest_hypercall');
  // Room for long stacks.
  await workbench.togglePanes('Watch', 'Breakpoints');
  await walk('pc');
  await workbench.screenshot('nested-l2');
  const host = await workbench.row('Translation Tables', 'Host stage 2').innerText();
  const shadow = await workbench.row('Translation Tables', 'Shadow stage 2').innerText();
  const leadsTo = (text: string) => /→ (0x[0-9a-f]+)/.exec(text)?.[1];
  assert.equal(leadsTo(host), leadsTo(shadow));
});

test('a session begins in L1, with the registers of its guest beside its own', async () => {
  await start('in L1', 'L1 virtual EL2');
  await workbench.stoppedAt('SAVE(R_MPIDR_EL1');
  await workbench.row('Call Stack', 'save_el1_state').waitFor();
  await workbench.row('Call Stack', 'world_switch').waitFor();
  await workbench.row('Call Stack', 'virtual EL1').waitFor();
  await workbench.scrollTo('Variables', 'Guest hypervisor');
  await workbench.toggle('Variables', 'Guest hypervisor');
  await workbench.scrollTo('Variables', 'EL1 registers');
  await workbench.toggle('Variables', 'EL1 registers');
  await workbench.scrollTo('Variables', /^TTBR0_EL1.*VNCR page \+ 0x200/);
  await workbench.screenshot('nested-l1');
});

test('a session begins in L0, whose stack goes through L1 to L2', async () => {
  await start('in L0', 'L0 EL2');
  await workbench.row('Call Stack', 'handled_without_host').waitFor();
  await workbench.togglePanes('Variables');
  await workbench.row('Call Stack', 'L1 virtual EL2').waitFor();
  await workbench.row('Call Stack', 'virtual EL1').waitFor();
  await workbench.screenshot('nested-l0');
});

test('a session stops at each trap of one exit of L2', async () => {
  const { page } = workbench;
  await start('each trap', 'L2 EL1');
  await workbench.stops(() => page.keyboard.press('F5'));
  await workbench.stoppedFor('L2 EL1 → L0 EL2: HVC64');
  await page.keyboard.press('F5');
  await workbench.stoppedFor(/L1 virtual EL2 → L0 EL2/);
  await workbench.screenshot('nested-trap');
});
