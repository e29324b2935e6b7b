// Systems that nobody in this project wrote, under the debugger: U-Boot at its prompt, Debian's Linux at the first change
// from EL2 to EL1, and its KVM at the first world switch into a guest.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { imagePath } from '../../../scripts/images.mjs';
import { repository } from '../workbench/paths.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let workbench: Workbench;

const configurations = [
  { name: 'U-Boot', program: imagePath('u-boot.bin'), stopOnEntry: false },
  {
    name: 'Linux',
    program: imagePath('linux-bookworm'),
    initrd: imagePath('initramfs-poweroff.cpio'),
    append: 'console=ttyAMA0',
    stopOnEntry: true,
  },
  {
    name: 'KVM',
    program: imagePath('linux-bookworm'),
    initrd: imagePath('initramfs-kvm-bookworm.cpio'),
    append: 'console=ttyAMA0 quiet',
    stopOnEntry: true,
  },
].map(configuration => ({ type: 'hyperstep', request: 'launch', ...configuration }));

before(async () => {
  const folder = path.join(repository, 'build/ui-workspace/guests');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.join(folder, '.vscode'), { recursive: true });
  fs.writeFileSync(path.join(folder, '.vscode/launch.json'), JSON.stringify({ version: '0.2.0', configurations }));
  workbench = await openWorkbench(folder);
});
after(() => workbench?.close());
afterEach(async context => {
  await workbench.screenshotOfFailure(context as TestContext);
  await workbench.page.keyboard.press('Shift+F5');
  await workbench.page.getByText('No machine is running. Start one to see the list registers').waitFor();
});

async function start(name: string): Promise<void> {
  await workbench.pick('debug ', name);
}

const consoleLine = (text: string | RegExp) => workbench.page.locator('.repl .monaco-list-row', { hasText: text });

/** The value of a register in the Variables pane, of a scope that is open. */
async function register(name: string): Promise<bigint> {
  await workbench.scrollTo('Variables', new RegExp(`^${name}\\s*=`));
  const text = await workbench.row('Variables', new RegExp(`^${name}\\s*=`)).innerText();
  return BigInt(/0x[0-9a-f]+/.exec(text)?.[0] ?? '-1');
}

test('U-Boot runs to its prompt, answers a typed command, and shows the registers of EL2 when paused', async () => {
  const { page } = workbench;
  await start('U-Boot');
  await consoleLine('Hit any key to stop autoboot').first().waitFor({ timeout: 120_000 });
  await workbench.type('>');
  await consoleLine('=>').first().waitFor({ timeout: 60_000 });
  await workbench.type('>version');
  await consoleLine('aarch64-linux-gnu-gcc').first().waitFor();
  await page.keyboard.press('F6');
  await workbench.stoppedFor('Paused');
  await workbench.row('Variables', 'PSTATE').waitFor();
  await workbench.togglePanes('Watch', 'Breakpoints', 'Call Stack');
  assert.equal(((await register('PSTATE')) >> 2n) & 3n, 2n);
  await workbench.toggle('Variables', 'registers of EL2');
  assert.notEqual(await register('VBAR_EL2'), 0n);
  assert.equal((await register('SCTLR_EL2')) & 1n, 1n);
  await workbench.screenshot('u-boot-el2');
  await workbench.togglePanes('Watch', 'Breakpoints', 'Call Stack');
});

test('Linux stops at its first change from EL2 to EL1, with the registers of both levels', async () => {
  const { page } = workbench;
  await start('Linux');
  await workbench.stoppedFor('entry');
  await workbench.exceptionFilter('Exception return');
  await page.keyboard.press('F5');
  await workbench.stoppedFor('EL2 → EL1: ERET');
  await workbench.togglePanes('Watch', 'Breakpoints', 'Call Stack');
  await workbench.row('Variables', 'PSTATE').waitFor();
  await workbench.toggle('Variables', 'registers of EL2');
  const elr = await register('ELR_EL2');
  assert.equal((await register('SPSR_EL2')) & 0xfn, 5n);
  assert.equal(((await register('HCR_EL2')) >> 31n) & 1n, 1n);
  await workbench.screenshot('linux-el2-registers');
  await workbench.toggle('Variables', 'registers of EL2');
  await workbench.toggle('Variables', 'General');
  assert.equal(await register('PC'), elr);
  await workbench.toggle('Variables', 'General');
  await workbench.toggle('Variables', 'registers of EL1');
  await workbench.scrollTo('Variables', 'SCTLR_EL1');
  await workbench.screenshot('linux-el1-registers');
  await workbench.togglePanes('Watch', 'Breakpoints', 'Call Stack');
  await workbench.exceptionFilter('Exception return');
});

test('Linux with KVM stops at its first world switch into a guest, whose list registers and stage 2 fill the panels', async () => {
  const { page } = workbench;
  await start('KVM');
  await workbench.stoppedFor('entry');
  await workbench.exceptionFilter('World switch: enter');
  await page.keyboard.press('F5');
  await workbench.stoppedFor('EL2 → EL1: ERET');
  await workbench.command('Hyperstep: Focus on List Registers View');
  await workbench.row('List Registers', '4 empty').waitFor();
  await workbench.row('Translation Tables', 'Stage 2, VMID 1').waitFor();
  await workbench.screenshot('kvm-first-entry');
  await workbench.exceptionFilter('World switch: enter');
  await workbench.exceptionFilter('Virtual interrupt delivered');
  await page.keyboard.press('F5');
  await workbench.stoppedFor('IRQ');
  await workbench.row('List Registers', 'LR0').waitFor();
  await workbench.row('Translation Tables', '0x').waitFor();
  await workbench.screenshot('kvm-virtual-interrupt');
  // The other panels, of the same machine.
  await workbench.row('Machine', /^PE 0/).waitFor();
  await workbench.row('Machine', 'CNTV').waitFor();
  await page.locator('.statusbar-item', { hasText: /PE 0 EL\d( VMID 1)? · [\d,]+ cycles/ }).waitFor();
  await workbench.command('Hyperstep: Walk Address');
  await page.locator('.quick-input-widget input').first().fill('pc');
  await page.keyboard.press('Enter');
  await workbench.row('Translation Tables', /^Walk of pc/).waitFor();
  await workbench.row('Translation Tables', /^Stage 1, level/).waitFor();
  await workbench.command('Focus on Exception Levels View');
  const timeline = await workbench.webview('#timeline');
  await timeline.locator('#statistics', { hasText: 'Stage-2 data abort' }).waitFor();
  await workbench.screenshot('kvm-exception-levels');
  await workbench.command('Focus on World Switch View');
  const view = await workbench.webview('#switches');
  await view.locator('#record:enabled').click();
  await view.locator('#accesses tbody tr').nth(20).waitFor();
  assert.match(await view.locator('#accesses caption').innerText(), /[1-9]\d* saved, [1-9]\d* restored/);
  await workbench.screenshot('kvm-world-switch');
  await workbench.exceptionFilter('Virtual interrupt delivered');
});
