// Takes the pictures of the README in the real workbench: the sample where it injects an interrupt, and the timeline and a
// world switch of a built-in system. Writes docs/images; scripts/screenshots.mjs sets up what this needs.

import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { toPalette } from './palette-png.ts';
import { openWorkbench, sample, type Workbench } from './ui/workbench.ts';
import { repository } from './workbench/paths.ts';

const images = path.join(repository, 'docs/images');
/** A page of the README loads all of them. */
const largest = 200_000;

async function take(workbench: Workbench, name: string, part?: Locator): Promise<void> {
  const file = path.join(images, `${name}.png`);
  // The mouse rests where nothing reacts to it.
  await workbench.page.mouse.move(2, 2);
  await workbench.page.waitForTimeout(1000);
  const picture = toPalette(await (part ?? workbench.page).screenshot());
  fs.writeFileSync(file, picture);
  const size = picture.length;
  console.log(`${path.relative(repository, file)}: ${Math.round(size / 1024)} KiB`);
  if (size > largest) throw new Error(`${name}.png has ${size} bytes: show less, or a smaller window.`);
}

/** The sample where it injects an interrupt: C, its registers, the list registers and stage 2. */
async function injection(workbench: Workbench): Promise<void> {
  const { page } = workbench;
  await page.locator('.title-actions .codicon-debug-alt, .editor-actions .codicon-debug-alt').first().waitFor();
  await page.keyboard.press('F5');
  await workbench.stoppedAt('stack_top');
  await workbench.row('Variables', 'PSTATE').waitFor();
  const lines = fs.readFileSync(path.join(sample, 'vgic.c'), 'utf8').split('\n');
  await workbench.open('vgic.c', lines.findIndex(line => line.includes('BP: inject')) + 1);
  await page.keyboard.press('F9');
  await workbench.stops(() => page.keyboard.press('F5'));
  await workbench.stoppedAt('BP: inject');
  await workbench.stops(() => page.keyboard.press('F10'));
  await workbench.row('List Registers', 'LR0pending').waitFor();
  await workbench.toggle('List Registers', 'LR0pending');
  await workbench.row('Translation Tables', '0x80000000').waitFor();
  await workbench.toggle('Translation Tables', '0x80000000');
  await workbench.row('Translation Tables', 'Attributes').waitFor();
  await workbench.togglePanes('Watch');
  await take(workbench, 'injection');
  await page.keyboard.press('Shift+F5');
  await page.getByText('No machine is running. Start one to see the list registers').waitFor();
}

/** A hypervisor in KVM's shape after some exits: its timeline, and one of its world switches. */
async function run(workbench: Workbench): Promise<void> {
  const { page } = workbench;
  await workbench.command('Focus on Machine View');
  await workbench.row('Machine', 'Host kernel at EL1').click();
  await page.locator('.statusbar-item', { hasText: 'PE 0 EL2' }).waitFor();
  await workbench.row('Variables', 'PSTATE').waitFor();
  await workbench.exceptionFilter('HVC');
  for (let exits = 0; exits < 8; exits++) await workbench.stops(() => page.keyboard.press('F5'));

  await workbench.command('Focus on Exception Levels View');
  const timeline = await workbench.webview('#timeline');
  await timeline.locator('body[data-ready="true"]').waitFor();
  await timeline.locator('#statistics', { hasText: 'HVC' }).waitFor();
  await take(workbench, 'exception-levels', page.locator('.part.panel'));

  await workbench.command('Focus on World Switch View');
  const view = await workbench.webview('#switches');
  await view.locator('#record:enabled').waitFor();
  await view.locator('#record').click();
  await view.locator('#accesses tbody tr').nth(20).waitFor();
  await page.locator('.part.panel [aria-label*="Maximize"]').first().click();
  await take(workbench, 'world-switch', page.locator('.part.panel'));
}

fs.mkdirSync(images, { recursive: true });
const workbench = await openWorkbench(path.dirname(sample), 'first-light/first-light.elf');
try {
  await workbench.page.setViewportSize({ width: 1400, height: 900 });
  await injection(workbench);
  await run(workbench);
} catch (error) {
  await workbench.screenshot('failed screenshots');
  throw error;
} finally {
  await workbench.close();
}
