import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Row } from '../../../extension/panels/stopped-tree.ts';
import { type FakeAdapter, injectionStops, startFakeAdapter } from '../fake-adapter.ts';
import { endSessions, hyperstep, sample, until } from './support.ts';

describe('The panels', () => {
  let adapter: FakeAdapter;

  before(async () => {
    adapter = await startFakeAdapter(injectionStops(path.join(sample, 'main.c'), 10));
    const started = await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], {
      type: 'hyperstep',
      request: 'launch',
      name: 'Scripted machine',
      program: path.join(sample, 'first-light.elf'),
      debugServer: adapter.port,
    });
    assert.ok(started);
    await until('a frame in focus', () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame);
    // The Debug Console came to the front when the session started; a view out of sight asks for nothing.
    await vscode.commands.executeCommand('hyperstep.translationTables.focus');
    await vscode.commands.executeCommand('hyperstep.listRegisters.focus');
  });

  after(async () => {
    await endSessions();
    adapter.close();
  });

  const texts = (rows: readonly Row[]) => rows.map(({ label, description }) => `${label}: ${description}`);

  it('show the empty list registers as one row', async () => {
    const { listRegisters } = await hyperstep();
    const rows = await until('rows', () => listRegisters.getChildren().length > 0 && listRegisters.getChildren());
    assert.deepEqual(texts(rows), ['4 empty: LR0 to LR3']);
  });

  it('show the stage-2 mappings in words', async () => {
    const { translationTables } = await hyperstep();
    const rows = await until(
      'rows',
      () => translationTables.getChildren().length > 0 && translationTables.getChildren(),
    );
    assert.deepEqual(texts(rows), [
      '0x09000000 – 0x09000fff: → same address · 4 KB · RW XN Device-nGnRE',
      '0x40000000 – 0x401fffff: → 0x48000000 · 2 MB · RW X Normal WB',
    ]);
    assert.equal(translationTables.heading, 'PE 0 · VMID 1 · tables at 0x40200000');
  });

  it('mark a list register that changed since the last stop', async () => {
    const { listRegisters } = await hyperstep();
    await vscode.commands.executeCommand('workbench.action.debug.stepOver');
    const [row] = await until(
      'LR0',
      () => listRegisters.getChildren()[0]?.label === 'LR0' && listRegisters.getChildren(),
    );
    assert.equal(row.description, 'pending · INTID 27 (virtual timer) · priority 0xa0 · changed');
    assert.equal(row.changed, true);
    assert.match(String(listRegisters.getTreeItem(row).accessibilityInformation?.label), /LR0, pending.*, changed/);
  });

  it('clear and say so while the machine runs, and fill again at the next stop', async () => {
    const { listRegisters, translationTables } = await hyperstep();
    await vscode.commands.executeCommand('workbench.action.debug.continue');
    for (const panel of [listRegisters, translationTables]) {
      await until('the heading', () => panel.heading === 'running');
      await until('no rows', () => panel.getChildren().length === 0);
    }
    const asked = adapter.received.length;
    await vscode.commands.executeCommand('hyperstep.listRegisters.focus');
    assert.ok(!adapter.received.slice(asked).some(command => command.startsWith('hyperstep/')));
    await vscode.commands.executeCommand('workbench.action.debug.pause');
    await until('rows again', () => listRegisters.getChildren().length > 0);
  });

  it('are empty after the session', async () => {
    const { listRegisters, translationTables } = await hyperstep();
    await endSessions();
    await until('no rows', () => listRegisters.getChildren().length + translationTables.getChildren().length === 0);
  });
});
