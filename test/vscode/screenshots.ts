// Takes the pictures of the README: a built-in system in the real workbench, stopped at a trap, on its timeline, under the
// magnifying glass, and its assembly. Writes docs/images; scripts/screenshots.mjs sets up what this needs.

import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
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
  await (part ?? workbench.page).screenshot({ path: file });
  const { size } = fs.statSync(file);
  console.log(`${path.relative(repository, file)}: ${Math.round(size / 1024)} KiB`);
  if (size > largest) throw new Error(`${name}.png has ${size} bytes: show less, or a smaller window.`);
}

/** Goes on, and waits until the machine has stopped somewhere else. */
async function goOn({ page }: Workbench): Promise<void> {
  const status = page.locator('.statusbar-item[id*="hyperstep.level"]');
  const before = await status.innerText();
  await page.keyboard.press('F5');
  await page.waitForFunction(old => {
    const text = document.querySelector<HTMLElement>('.statusbar-item[id*="hyperstep.level"]')?.innerText;
    return text !== undefined && text !== old && !text.includes('running');
  }, before);
}

async function picture(workbench: Workbench): Promise<void> {
  const { page } = workbench;
  await page.setViewportSize({ width: 1440, height: 900 });
  await workbench.command('Focus on Machine View');
  await workbench.row('Machine', 'Host kernel at EL1').click();
  await page.locator('.statusbar-item', { hasText: 'PE 0 EL2' }).waitFor();
  await workbench.row('Variables', 'PSTATE').waitFor();

  // Far enough that the guest has interrupts of its own.
  await workbench.exceptionFilter('HVC');
  for (let stops = 0; stops < 12; stops++) await goOn(workbench);
  await workbench.togglePanes('Watch', 'Breakpoints', 'Loaded Scripts').catch(() => undefined);
  await workbench.row('List Registers', 'LR0').waitFor();
  await workbench.command('View: Close Panel').catch(() => undefined);
  await take(workbench, 'trap');

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
  await workbench.command('View: Toggle Maximized Panel').catch(() => undefined);
  await take(workbench, 'world-switch', page.locator('.part.panel'));
}

fs.mkdirSync(images, { recursive: true });
const workbench = await openWorkbench(path.dirname(sample));
try {
  await picture(workbench);
} catch (error) {
  await workbench.screenshot('failed screenshots');
  throw error;
} finally {
  await workbench.close();
}
