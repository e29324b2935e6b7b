// The panels as a person sees them, with a scripted machine: keyboard, rows and screenshots.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { injectionStops, startFakeAdapter } from '../fake-adapter.ts';
import { repository } from '../workbench/paths.ts';
import { openWorkbench, sample, type Workbench } from './workbench.ts';

let workbench: Workbench;
let adapter: Awaited<ReturnType<typeof startFakeAdapter>>;

before(async () => {
  const folder = path.join(repository, 'build/ui-workspace');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.join(folder, '.vscode'), { recursive: true });
  for (const name of ['main.c', 'vectors.S', 'first-light.elf']) {
    fs.copyFileSync(path.join(sample, name), path.join(folder, name));
  }
  adapter = await startFakeAdapter(injectionStops(path.join(folder, 'main.c'), 22));
  const configuration = {
    type: 'hyperstep',
    request: 'launch',
    name: 'Scripted machine',
    program: '${workspaceFolder}/first-light.elf',
    debugServer: adapter.port,
  };
  const launch = { version: '0.2.0', configurations: [configuration] };
  fs.writeFileSync(path.join(folder, '.vscode/launch.json'), JSON.stringify(launch));
  workbench = await openWorkbench(folder, 'main.c');
});

after(async () => {
  await workbench?.close();
  adapter?.close();
});

test('assembly is highlighted', async () => {
  const { page } = workbench;
  await page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'vectors.S' }).dblclick();
  await page.locator('.tab.active', { hasText: 'vectors.S' }).waitFor();
  // More than the default colour and the colour of comments.
  await page.waitForFunction(() => {
    const tokens = document.querySelectorAll('.editor-instance .view-line span[class^="mtk"]');
    return new Set([...tokens].map(token => token.className)).size >= 4;
  });
  await workbench.screenshot('assembly');
});

test('F5 stops on entry and fills the panels; a step marks what changed', async () => {
  const { page } = workbench;
  await page.locator('.tab', { hasText: 'main.c' }).click();
  await page.locator('.view-line', { hasText: 'void set_traps' }).click();
  await page.keyboard.press('F5');
  await page.locator('.debug-top-stack-frame-line').first().waitFor({ state: 'attached' });
  await workbench.command('Hyperstep: Focus on List Registers View');
  const registers = page.locator('.monaco-list[aria-label*="List Registers"]');
  await registers.locator('.monaco-list-row', { hasText: '4 empty' }).waitFor();
  await page.locator('.monaco-list[aria-label*="Translation Tables"] .monaco-list-row').first().waitFor();
  await workbench.screenshot('panels-entry');
  await page.keyboard.press('F10');
  const changed = registers.locator('.monaco-list-row', { hasText: 'LR0pending' });
  await changed.waitFor();
  assert.match((await changed.getAttribute('aria-label')) ?? '', /LR0, pending.*changed/);
  await changed.click();
  await page.keyboard.press('ArrowRight');
  await registers.locator('.monaco-list-row', { hasText: 'Virtual INTID' }).waitFor();
  await workbench.screenshot('panels-step');
});
