// The first minutes with code of one's own: a folder that nobody has judged yet, and a new project that F5 builds and runs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, type TestContext, test } from 'node:test';
import { repository } from '../workbench/paths.ts';
import { openWorkbench, sample, type Workbench } from './workbench.ts';

let workbench: Workbench;
const parent = path.join(repository, 'build/ui-workspace');

afterEach(async context => {
  await workbench.screenshotOfFailure(context as TestContext);
  await workbench.close();
});
after(() => fs.rmSync(path.join(parent, 'first-minutes'), { recursive: true, force: true }));

/** An empty folder. */
function emptyFolder(name: string): string {
  const folder = path.join(parent, 'first-minutes', name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

test('in a folder that is not trusted assembly is explained, and a session asks for trust first', async () => {
  const folder = emptyFolder('stranger');
  fs.copyFileSync(path.join(sample, 'boot.S'), path.join(folder, 'boot.S'));
  workbench = await openWorkbench(folder, 'boot.S', {
    trust: true,
    settings: { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' },
  });
  const { page } = workbench;
  await page.getByText('Restricted Mode').first().waitFor();
  const explained = page.locator('.monaco-hover', { hasText: 'exception level' }).first();
  // The server starts with the file: what is asked before it is there has no answer.
  for (let tries = 0; tries < 60 && !(await explained.isVisible()); tries++) {
    await page.mouse.move(2, 2);
    await page
      .locator('.view-line span', { hasText: /^currentel$/i })
      .first()
      .hover();
    await page.waitForTimeout(1000);
  }
  await explained.waitFor();
  await workbench.screenshot('restricted-language');
  await page.keyboard.press('Escape');
  await workbench.command('Focus on Machine View');
  await page.getByText('This folder is not trusted').first().waitFor();
  await workbench.row('Machine', 'kvm-arm/split').click();
  const dialog = page.locator('.monaco-dialog-box', { hasText: /trust/i });
  await dialog.waitFor();
  await workbench.screenshot('restricted-trust');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.locator('.debug-toolbar').count(), 0);
});

test('a new project is written, and F5 builds it and stops at its first instruction', async () => {
  const folder = emptyFolder('project');
  workbench = await openWorkbench(folder);
  const { page } = workbench;
  await workbench.command('Hyperstep: New Hypervisor Project');
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await input.fill(`${folder}/`);
  await page.keyboard.press('Enter');
  await page.locator('.tab.active', { hasText: 'main.c' }).waitFor();
  await workbench.screenshot('new-project');
  await page.locator('.view-line').first().click();
  await page.keyboard.press('F5');
  await workbench.stoppedFor('entry');
  await page.locator('.tab.active', { hasText: 'start.S' }).waitFor();
  assert.ok(fs.existsSync(path.join(folder, 'build/hypervisor.elf')));
  await workbench.row('Variables', 'PSTATE').waitFor();
  await workbench.row('Machine', 'PE 0').waitFor();
  await workbench.screenshot('new-project-f5');
});
