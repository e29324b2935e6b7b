// The sample hypervisor under the debugger, on the real machine: what a new user does in the first five minutes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { openWorkbench, sample, type Workbench } from './workbench.ts';

let workbench: Workbench;

// The folder above has no launch.json.
before(async () => {
  workbench = await openWorkbench(path.dirname(sample), 'first-light/first-light.elf');
});
after(() => workbench?.close());
afterEach(context => workbench.screenshotOfFailure(context as TestContext));

/** The line of a sample file that carries a marker. */
function markedLine(file: string, marker: string): number {
  const lines = fs.readFileSync(path.join(sample, file), 'utf8').split('\n');
  const index = lines.findIndex(line => line.includes(marker));
  assert.ok(index >= 0, `${file} has no line with "${marker}".`);
  return index + 1;
}

const callStack = () =>
  workbench.page.locator('.debug-call-stack .monaco-list-row .stack-frame .label').allInnerTexts();

test('F5 on the ELF file, without a launch.json, stops on entry in the source and shows registers and panels', async () => {
  const { page } = workbench;
  await page.locator('.title-actions .codicon-debug-alt, .editor-actions .codicon-debug-alt').first().waitFor();
  await page.keyboard.press('F5');
  await workbench.stoppedAt('stack_top');
  await page.locator('.tab.active', { hasText: 'boot.S' }).waitFor();
  await workbench.row('Variables', 'PSTATE').waitFor();
  await workbench.row('List Registers', '4 empty').waitFor();
  await workbench.row('Translation Tables', 'Stage 2off').waitFor();
  await workbench.screenshot('first-light-entry');
});

test('the first change from EL2 to EL1 stops in the guest and shows the banked registers', async () => {
  const { page } = workbench;
  await workbench.exceptionFilter('Exception level changes');
  await page.keyboard.press('F5');
  await page.locator('.tab.active', { hasText: 'guest-entry.S' }).waitFor();
  await workbench.stoppedFor('EL2 → EL1: ERET');
  // Room for what is looked at.
  await workbench.togglePanes('Watch', 'Breakpoints', 'Call Stack');
  await workbench.toggle('Variables', 'registers of EL2');
  for (const name of ['HCR_EL2', 'VTTBR_EL2', 'ELR_EL2', 'SPSR_EL2']) await workbench.scrollTo('Variables', name);
  await workbench.toggle('Variables', 'HCR_EL2');
  await workbench.scrollTo('Variables', /^VM\b/);
  await workbench.screenshot('first-light-el2-registers');
  await workbench.toggle('Variables', 'registers of EL2');
  await workbench.toggle('Variables', 'registers of EL1');
  await workbench.scrollTo('Variables', 'SCTLR_EL1');
  await workbench.screenshot('first-light-el1-registers');
  await workbench.toggle('Variables', 'registers of EL1');
  await workbench.togglePanes('Watch', 'Breakpoints', 'Call Stack');
  await workbench.exceptionFilter('Exception level changes');
});

test('the stack of a trap goes on below the exception, at EL1', async () => {
  const { page } = workbench;
  await workbench.exceptionFilter('HVC');
  await page.keyboard.press('F5');
  await workbench.stoppedFor('EL1 → EL2: HVC');
  await page.locator('.debug-call-stack .monaco-list-row', { hasText: 'EL1, HVC' }).first().waitFor();
  const frames = await callStack();
  assert.ok(
    frames.some(frame => frame.startsWith('guest_main')),
    frames.join('\n'),
  );
  await workbench.row('Variables', 'PSTATE').waitFor();
  await workbench.screenshot('first-light-trap');
  await workbench.exceptionFilter('HVC');
});

test('a breakpoint in C where the interrupt is injected; the step after it fills list register 0', async () => {
  const { page } = workbench;
  await workbench.open('vgic.c', markedLine('vgic.c', 'BP: inject'));
  await page.keyboard.press('F9');
  await page.keyboard.press('F5');
  await workbench.stoppedAt('BP: inject');
  await workbench.row('Variables', /^id\s*=\s*27$/).waitFor();
  const frames = await callStack();
  assert.deepEqual(frames.slice(0, 4), ['vgic_inject', 'handle_wait', 'handle_exit', 'main']);
  assert.match(frames[5], /^guest_main.*EL1/);
  await workbench.row('List Registers', '4 empty').waitFor();
  await workbench.screenshot('first-light-breakpoint');
  await page.keyboard.press('F10');
  const pending = workbench.row('List Registers', 'LR0pending');
  await pending.waitFor();
  await workbench.toggle('List Registers', 'LR0pending');
  await workbench.row('List Registers', 'Virtual INTID').waitFor();
  await workbench.row('Translation Tables', '0x80000000').waitFor();
  await workbench.toggle('Translation Tables', '0x80000000');
  await workbench.row('Translation Tables', 'Attributes').waitFor();
  await workbench.screenshot('first-light-inject');
});

test('the machine runs to its power-off, and the panels say that nothing runs', async () => {
  const { page } = workbench;
  await workbench.open('vgic.c', markedLine('vgic.c', 'BP: inject'));
  await page.keyboard.press('F9');
  await page.keyboard.press('F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'detached' });
  await page.getByText('No machine is running. Start one to see the list registers').waitFor();
  await page.locator('.repl .monaco-list-row', { hasText: 'exits: 3 HVC' }).waitFor();
  await workbench.screenshot('first-light-end');
});

test("the walkthrough leads from a built-in system to a project of one's own, each step with its text", async () => {
  const { page } = workbench;
  await workbench.command('Hyperstep: Open Walkthrough');
  const walkthrough = page.locator('.gettingStartedContainer');
  await walkthrough.getByText('First Steps with Hyperstep').first().waitFor();
  const steps = [
    'Start a built-in system',
    'Stop at a trap',
    'Read the list registers',
    'Go back',
    'Compare two designs',
  ];
  for (const step of [...steps, 'Write your own']) await walkthrough.getByText(step, { exact: true }).first().waitFor();
  await walkthrough.getByText('Start kvm-arm/split', { exact: true }).first().waitFor();
  await workbench.screenshot('walkthrough');
  await walkthrough.getByText('Start kvm-arm/split', { exact: true }).first().click();
  await page.locator('.statusbar-item', { hasText: 'PE 0 EL2' }).waitFor();
});
