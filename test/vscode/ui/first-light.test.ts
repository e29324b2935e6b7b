// The sample hypervisor under the debugger, on the real machine: what a new user does in the first five minutes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openWorkbench, sample, type Workbench } from './workbench.ts';

let workbench: Workbench;

/** The line of a sample file that carries a marker. */
function markedLine(file: string, marker: string): number {
  const lines = fs.readFileSync(path.join(sample, file), 'utf8').split('\n');
  const index = lines.findIndex(line => line.includes(marker));
  assert.ok(index >= 0, `${file} has no line with "${marker}".`);
  return index + 1;
}

before(async () => {
  workbench = await openWorkbench(sample, 'vgic.c');
});
after(() => workbench?.close());

/** Waits until the debugger stands on a line of the active file. */
const stoppedAt = (line: number) =>
  workbench.page.waitForFunction(
    number => document.querySelector('.monaco-editor .active-line-number')?.textContent?.trim() === String(number),
    line,
  );

test('F5 stops on entry, in the source', async () => {
  const { page } = workbench;
  await page.locator('.view-line', { hasText: 'void vgic_prepare' }).click();
  await page.keyboard.press('F5');
  await page.locator('.tab.active', { hasText: 'boot.S' }).waitFor();
  await page.locator('.debug-top-stack-frame-line').first().waitFor({ state: 'attached' });
  await workbench.screenshot('first-light-entry');
});

test('the first change from EL2 to EL1 shows the banked registers', async () => {
  const { page } = workbench;
  await page.keyboard.press('Control+Shift+D');
  const filter = page.locator('.debug-breakpoints .monaco-list-row', { hasText: 'Exception return' });
  await filter.locator('input, .monaco-checkbox').first().click();
  await page.keyboard.press('F5');
  await page.locator('.tab.active', { hasText: 'guest-entry.S' }).waitFor();
  const variables = page.locator('.monaco-list[aria-label*="Variables"]');
  const el2 = variables.locator('.monaco-list-row', { hasText: 'EL2' }).first();
  await el2.click();
  await variables.locator('.monaco-list-row', { hasText: 'HCR_EL2' }).first().waitFor();
  await workbench.screenshot('first-light-el1');
  await filter.locator('input, .monaco-checkbox').first().click();
});

test('a breakpoint where the interrupt is injected fills the panels', async () => {
  const { page } = workbench;
  await page.locator('.tab', { hasText: 'vgic.c' }).click();
  await page.locator('.view-line', { hasText: 'BP: inject' }).click();
  await page.keyboard.press('F9');
  await page.keyboard.press('F5');
  await stoppedAt(markedLine('vgic.c', 'BP: inject'));
  await workbench.command('Hyperstep: Focus on List Registers View');
  await page.keyboard.press('F10');
  const pending = page.locator('.monaco-list[aria-label*="List Registers"] .monaco-list-row', {
    hasText: 'LR0pending',
  });
  await pending.waitFor();
  await page.locator('.monaco-list[aria-label*="Stage-2"] .monaco-list-row').first().waitFor();
  await pending.click();
  await page.keyboard.press('ArrowRight');
  await workbench.screenshot('first-light-inject');
  await page.keyboard.press('Shift+F5');
});
