// The web extension: in the extension host of a browser, with the machine in a worker, a built-in system is debugged with
// no server at all.

import assert from 'node:assert/strict';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { openWebWorkbench } from './workbench.ts';

let workbench: Awaited<ReturnType<typeof openWebWorkbench>>;

before(async () => {
  workbench = await openWebWorkbench();
});
after(() => workbench?.close());
afterEach(context => workbench.screenshotOfFailure(context as TestContext));

test('a built-in system stops at its first instruction, in its source', async () => {
  await workbench.command('Focus on Machine View');
  await workbench.row('Machine', 'Host kernel at EL1').click();
  await workbench.page.locator('.tab.active', { hasText: 'boot.S' }).waitFor();
  await workbench.stoppedAt('spsel');
});

test('the language server runs in the browser too', async () => {
  const { page } = workbench;
  await page
    .locator('.view-line span', { hasText: /^currentel$/ })
    .first()
    .hover();
  await page.locator('.monaco-hover', { hasText: 'exception level' }).first().waitFor();
});

test('it stops at a trap, and the panels show the machine', async () => {
  const { page } = workbench;
  await page.keyboard.press('Escape');
  await workbench.exceptionFilter('HVC');
  await page.keyboard.press('F5');
  await workbench.stoppedFor('EL1 → EL2');
  await workbench.row('List Registers', 'Virtual interface').waitFor();
  await workbench.screenshot('web-extension');
});

test('no extension host of a server takes part', () => {
  const processes = workbench.serverProcesses();
  assert.ok(
    processes.some(name => name.includes('code-server')),
    processes.join('\n'),
  );
  assert.ok(!processes.some(name => /extensionHost|hyperstep\.mjs/.test(name)), processes.join('\n'));
});
