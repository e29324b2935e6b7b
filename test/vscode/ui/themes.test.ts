// The panels in each kind of theme: two of high contrast, a light one and a dark one.

import path from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { openWorkbench, sample, type Workbench } from './workbench.ts';

let workbench: Workbench;

const themes = [
  ['Dark High Contrast', 'vscode-high-contrast'],
  ['Light High Contrast', 'vscode-high-contrast-light'],
  ['Light Modern', 'vscode-light'],
  ['Dark Modern', 'vscode-dark'],
] as const;

before(async () => {
  workbench = await openWorkbench(path.dirname(sample));
  const { page } = workbench;
  page.setDefaultTimeout(20_000);
  await page.setViewportSize({ width: 1500, height: 1000 });
  await workbench.command('Focus on Machine View');
  await workbench.row('Machine', 'Host kernel at EL1').click();
  await page.locator('.statusbar-item', { hasText: 'PE 0 EL2' }).waitFor();
  await workbench.exceptionFilter('HVC');
  for (let n = 0; n < 6; n++) await workbench.stops(() => page.keyboard.press('F5'));
});
after(() => workbench?.close());
afterEach(context => workbench.screenshotOfFailure(context as TestContext));

for (const [theme, kind] of themes) {
  test(`${theme}`, async () => {
    await workbench.theme(theme);
    await workbench.command('Focus on Exception Levels View');
    const timeline = await workbench.webview('#timeline');
    await timeline.locator(`body.${kind}`).waitFor();
    await timeline.locator('#statistics', { hasText: 'HVC' }).waitFor();
    await workbench.page.waitForTimeout(700);
    await workbench.screenshot(`theme ${theme} levels`);
    await timeline.locator('#as-table').click();
    await timeline.locator('#table tbody tr').nth(5).waitFor();
    await workbench.screenshot(`theme ${theme} table`);
    await timeline.locator('#as-table').click();
    await workbench.command('Focus on World Switch View');
    const view = await workbench.webview('#switches');
    await view.locator(`body.${kind}`).waitFor();
    await view.locator('#record:enabled').click();
    await view.locator('#accesses tbody tr').nth(20).waitFor();
    await workbench.page.waitForTimeout(300);
    await workbench.screenshot(`theme ${theme} switch`);
  });
}
