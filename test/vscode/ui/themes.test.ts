// The panels in each kind of theme: two of high contrast, a light one and a dark one.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import type { FrameLocator } from 'playwright-core';
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

/** Ids of what has the focus, one Tab after the other, from an element on. */
async function tabOrder(view: FrameLocator, from: string, tabs: number): Promise<string[]> {
  const focused = () => view.locator(':focus').evaluate(element => element.id || element.parentElement?.id || '');
  await view.locator(from).focus();
  const found = [await focused()];
  for (let n = 0; n < tabs; n++) {
    await workbench.page.keyboard.press('Tab');
    found.push(await focused());
  }
  return found;
}

/** Controls without a name for a screen reader. */
const nameless = (view: FrameLocator) =>
  view
    .locator('button, select, input, canvas, aside, [role]')
    .evaluateAll(all =>
      all
        .filter(
          one =>
            !one.getAttribute('aria-label') &&
            !one.textContent?.trim() &&
            !one.closest('label') &&
            !one.matches('[role=status]'),
        )
        .map(one => one.outerHTML),
    );

test('the keyboard reaches every control of the pages in their order, and each has a name', async () => {
  await workbench.command('Focus on Exception Levels View');
  const timeline = await workbench.webview('#timeline');
  assert.deepEqual(await tabOrder(timeline, '#zoom-in', 9), [
    ...['zoom-in', 'zoom-out', 'whole', 'previous', 'next', 'as-table', 'export-csv', 'export-trace'],
    ...['timeline', 'statistics'],
  ]);
  assert.deepEqual(await nameless(timeline), []);
  await workbench.command('Focus on World Switch View');
  const view = await workbench.webview('#switches');
  const order = await tabOrder(view, '#switches', 7);
  assert.deepEqual(order, ['switches', 'record', 'same-guest', 'keep', 'export', 'import', 'recording', '']);
  assert.deepEqual(await nameless(view), []);
  // Inside of a bar the arrows go on.
  const name = () => view.locator(':focus').getAttribute('aria-label');
  const first = await name();
  await workbench.page.keyboard.press('ArrowRight');
  assert.notEqual(await name(), first);
  assert.match((await name()) ?? '', /^EL\d, .*: [\d,]+ cycles/);
});

test('with the colours of the system the picture keeps its own', async () => {
  const { page } = workbench;
  await page.emulateMedia({ forcedColors: 'active' });
  await workbench.command('Focus on Exception Levels View');
  const timeline = await workbench.webview('#timeline');
  await timeline.locator('#statistics', { hasText: 'HVC' }).waitFor();
  const swatches = await timeline
    .locator('.swatch')
    .evaluateAll(all => all.map(one => getComputedStyle(one).backgroundColor));
  assert.ok(new Set(swatches).size > 2, swatches.join());
  await workbench.screenshot('forced-colors');
});
