// The views of a run in a real window: the start page, the timeline of exception levels, a world switch under the
// magnifying glass, translation tables, and the menus of variables and lines.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { openWorkbench, sample, type Workbench } from './workbench.ts';

let workbench: Workbench;

before(async () => {
  workbench = await openWorkbench(path.dirname(sample));
});
after(() => workbench?.close());
afterEach(context => workbench.screenshotOfFailure(context as TestContext));

const stops = (run: () => Promise<void>) => workbench.stops(run);

test('the start page lists the built-in systems; a click starts one at its first instruction', async () => {
  const { page } = workbench;
  await workbench.command('Focus on Machine View');
  await workbench.row('Machine', 'kvm-arm/split').waitFor();
  await workbench.screenshot('start-page');
  await workbench.row('Machine', 'kvm-arm/vhe-opt').first().waitFor();
  await workbench.row('Machine', 'Host kernel at EL1').click();
  await workbench.row('Machine', 'PE 0').waitFor();
  await page.locator('.statusbar-item', { hasText: 'PE 0 EL2' }).waitFor();
});

test('a toolbar button runs on to the next change of level, another one comes back', async () => {
  const { page } = workbench;
  const button = (title: string) => page.locator(`.action-item [aria-label*="${title}"]`).first();
  await button('To Next Change of Exception Level').waitFor();
  await stops(() => button('To Next Change of Exception Level').click());
  await page.locator('.statusbar-item', { hasText: 'EL1' }).waitFor();
  await stops(() => button('Back to Last Change of Exception Level').click());
  await page.locator('.statusbar-item', { hasText: 'PE 0 EL2' }).waitFor();
});

test('the machine shows pending interrupts, timers and the guest', async () => {
  await workbench.exceptionFilter('HVC');
  for (let n = 0; n < 5; n++) await stops(() => workbench.command('Debug: Continue'));
  await workbench.row('Machine', 'Pending interrupts').waitFor();
  await workbench.row('Machine', 'CNTV').waitFor();
  await workbench.screenshot('machine');
});

test('the timeline shows the run; the keyboard selects an exception and travels there', async () => {
  const { page } = workbench;
  await workbench.command('Focus on Exception Levels View');
  const timeline = await workbench.webview('#timeline');
  await timeline.locator('body[data-ready="true"]').waitFor();
  await timeline.locator('#statistics', { hasText: 'HVC' }).waitFor();
  await page.waitForTimeout(500);
  await workbench.screenshot('exception-levels');
  await timeline.locator('#timeline').focus();
  await page.keyboard.press(',');
  await page.keyboard.press(',');
  await timeline.locator('#status', { hasText: 'EL' }).waitFor();
  for (let n = 0; n < 8; n++) await page.keyboard.press('+');
  await page.waitForTimeout(500);
  await workbench.screenshot('exception-levels-near');
  await stops(() => page.keyboard.press('Enter'));
  await timeline.locator('#status', { hasText: 'that were recorded' }).waitFor();
  await timeline.locator('#as-table').click();
  await timeline.locator('#table tbody tr').nth(5).waitFor();
  await workbench.screenshot('exception-levels-table');
  await timeline.locator('#as-table').click();
});

test('the timeline takes its colours from a light theme too', async () => {
  const timeline = await workbench.webview('#timeline');
  const picture = () => timeline.locator('#timeline').evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL());
  const dark = await picture();
  await workbench.command('Toggle between Light/Dark Themes');
  for (let tries = 0; tries < 100 && (await picture()) === dark; tries++) await workbench.page.waitForTimeout(100);
  assert.notEqual(await picture(), dark);
  await workbench.screenshot('exception-levels-light');
  await workbench.command('Toggle between Light/Dark Themes');
});

test('a world switch is recorded with its needless accesses, kept, and compared with another one', async () => {
  const { page } = workbench;
  await workbench.command('Focus on World Switch View');
  const view = await workbench.webview('#switches');
  await view.locator('#record:enabled').waitFor();
  await view.locator('#record').click();
  await view.locator('#accesses tbody tr').nth(20).waitFor();
  const title = await view.locator('#accesses caption').innerText();
  assert.match(title, /\d+ saved, \d+ restored, .* [1-9]\d* needless/);
  assert.ok((await view.locator('#bars button').count()) > 5);
  await page.keyboard.press('F6');
  await workbench.screenshot('world-switch');
  await view.locator('#keep').click();
  await view.locator('#switches').selectOption('1');
  await view.locator('#record').click();
  await view.locator('#comparison', { hasText: 'Modelled cycles' }).waitFor();
  await workbench.screenshot('world-switch-comparison');
});

test('translation tables have every regime and guest, and the walk of an address', async () => {
  const { page } = workbench;
  await workbench.command('Hyperstep: Walk Address');
  await page.locator('.quick-input-widget input').first().fill('pc');
  await page.keyboard.press('Enter');
  await workbench.row('Translation Tables', 'Walk of pc').waitFor();
  await workbench.row('Translation Tables', 'Stage 2, VMID 1').waitFor();
  await workbench.screenshot('translation-tables');
});

/** Takes an entry of the menu of a row. */
const fromMenu = (view: string, row: string | RegExp, entry: string): Promise<void> =>
  chooseFor(workbench.row(view, row), entry);

/** A menu that has just opened takes no click, and one that moves the focus may close it. */
async function chooseFor(target: Locator, entry: string): Promise<void> {
  const item = workbench.page.locator('.monaco-menu .action-item', { hasText: entry }).first();
  for (let tries = 0; tries < 10; tries++) {
    if (!(await item.isVisible())) {
      await target.click({ button: 'right' });
      await item.waitFor({ timeout: 2000 }).catch(() => undefined);
    }
    const clicked = await item.click({ timeout: 2000 }).then(
      () => true,
      () => false,
    );
    const closed = item.waitFor({ state: 'hidden', timeout: 1000 }).then(
      () => true,
      () => false,
    );
    if (clicked && (await closed)) return;
  }
  throw new Error(`The menu does not take "${entry}".`);
}

test('from a row of stage 2 to its walk, and to who wrote its entry', async () => {
  const { page } = workbench;
  await workbench.row('Translation Tables', /^0x80000000/).waitFor();
  await fromMenu('Translation Tables', /^0x80000000/, 'Walk');
  await workbench.row('Translation Tables', /^Walk of ipa:0x80000000/).waitFor();
  await workbench.row('Translation Tables', /^Stage 2, level 3page/).waitFor();
  await workbench.screenshot('translation-tables-stage2');
  const before = await page.locator('.statusbar-item[id*="hyperstep.level"]').innerText();
  await stops(() => fromMenu('Translation Tables', /^0x80000000/, 'Go to Last Write'));
  await workbench.row('Call Stack', 'stage2').waitFor();
  await workbench.screenshot('stage2-last-write');
  assert.notEqual(await page.locator('.statusbar-item[id*="hyperstep.level"]').innerText(), before);
});

test('from a variable to its documentation, its memory, its next change and its last write', async () => {
  const { page } = workbench;
  await workbench.togglePanes('Watch', 'Breakpoints', 'Call Stack');
  await workbench.scrollTo('Variables', 'registers of EL2');
  await workbench.toggle('Variables', 'registers of EL2');
  await workbench.scrollTo('Variables', /^ELR_EL2/);
  await fromMenu('Variables', /^ELR_EL2/, 'Show Register Documentation');
  await page.locator('.tab', { hasText: 'ELR_EL2' }).waitFor();
  await fromMenu('Variables', /^ELR_EL2/, 'Show Memory');
  await page.locator('.tab', { hasText: '.memory' }).waitFor();
  await fromMenu('Variables', /^ELR_EL2/, 'Break When This Changes');
  await page.locator('.notification-toast', { hasText: 'The machine will stop' }).waitFor();
  await workbench.screenshot('variable-menu');
  // An exception wrote ELR_EL2, just now; HCR_EL2 was written on the way out of the guest.
  await workbench.scrollTo('Variables', /^HCR_EL2/);
  await stops(() => fromMenu('Variables', /^HCR_EL2/, 'Go to Last Write'));
});

test('a watched expression has the same menu', async () => {
  const { page } = workbench;
  await workbench.togglePanes('Watch');
  await workbench.scrollTo('Variables', /^VBAR_EL2/);
  await fromMenu('Variables', /^VBAR_EL2/, 'Add to Watch');
  const watched = page.locator('.debug-watch .monaco-list-row', { hasText: /vbar_el2/i }).first();
  await watched.waitFor();
  const choose = (entry: string) => chooseFor(watched, entry);
  await page
    .locator('.notifications-toasts .codicon-notifications-clear')
    .first()
    .click({ timeout: 2000 })
    .catch(() => undefined);
  await choose('Break When This Changes');
  await page
    .locator('.notification-toast', { hasText: /The machine will stop.*VBAR_EL2/ })
    .first()
    .waitFor();
  await choose('Show Register Documentation');
  await page
    .locator('.tab', { hasText: /vbar_el2/i })
    .first()
    .waitFor();
  await workbench.screenshot('watch-menu');
});

test('from a line to its disassembly', async () => {
  await workbench.open('run.c', 95);
  await workbench.command('Hyperstep: Show Disassembly of Line');
  await workbench.page.locator('.tab', { hasText: '.a64' }).waitFor();
  await workbench.screenshot('disassembly-of-line');
});

test('a world switch of split mode is compared with one of the optimised host', async () => {
  const { page } = workbench;
  await workbench.command('Focus on World Switch View');
  const view = await workbench.webview('#switches');
  const record = view.locator('#record:enabled');
  const runToSwitch = async () => {
    const appears = () =>
      record.waitFor({ timeout: 1500 }).then(
        () => true,
        () => false,
      );
    for (let n = 0; n < 60 && !(await appears()); n++) await stops(() => workbench.command('Debug: Continue'));
  };
  // The machine stands in the past, before any guest.
  await runToSwitch();
  await record.click();
  await view.locator('#status', { hasText: 'Recorded' }).waitFor();
  await view.locator('#keep').click();
  await workbench.command('Debug: Stop');
  await view.locator('#status', { hasText: 'No machine is running' }).waitFor();
  assert.equal(await view.locator('#switches option').count(), 0);
  await workbench.command('Focus on Machine View');
  await workbench.row('Machine', 'kvm-arm/vhe-opt').click();
  await page.locator('.statusbar-item', { hasText: 'PE 0 EL2' }).waitFor();
  await workbench.command('Focus on World Switch View');
  await runToSwitch();
  await record.click();
  await view.locator('#comparison', { hasText: 'Registers saved' }).waitFor();
  await page.locator('.part.panel [aria-label*="Maximize"]').first().click();
  await workbench.screenshot('world-switch-split-optimised');
});
