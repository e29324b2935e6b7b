import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Row } from '../../../extension/panels/stopped-tree.ts';
import { type FakeAdapter, injectionStops, startFakeAdapter } from '../fake-adapter.ts';
import { endSessions, hyperstep, sample, until } from './support.ts';

const texts = (rows: readonly Row[]) => rows.map(({ label, description }) => `${label}: ${description}`);

async function start(attributes: object): Promise<void> {
  const configuration = { type: 'hyperstep', request: 'launch', program: path.join(sample, 'first-light.elf') };
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(await vscode.debug.startDebugging(folder, { name: 'Test', ...configuration, ...attributes }));
  await until('a frame in focus', () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame);
  await vscode.commands.executeCommand('hyperstep.translationTables.focus');
  await vscode.commands.executeCommand('hyperstep.listRegisters.focus');
}

/** Waits until the machine stands in this line of a file of the sample. */
async function stoppedAt(file: string, line: number): Promise<void> {
  const wanted = `${path.join(sample, file)}:${line}`;
  let at = 'nowhere';
  await until(`a stop at ${wanted}`, async () => {
    const answer = vscode.debug.activeDebugSession?.customRequest('stackTrace', { threadId: 1, levels: 1 });
    const frame = await answer?.then(
      ({ stackFrames }) => stackFrames[0],
      () => undefined, // While the machine runs.
    );
    at = `${frame?.source?.path}:${frame?.line}`;
    return at.endsWith(wanted); // In a remote window VS Code makes a URI of the path.
  }).catch(error => assert.fail(`${error.message} It stands at ${at}.`));
}

describe('The panels, fed by the sample hypervisor', () => {
  const lines = fs.readFileSync(path.join(sample, 'vgic.c'), 'utf8').split('\n');
  const injection = lines.findIndex(line => line.includes('BP: inject')) + 1;

  before(async () => {
    const uri = vscode.Uri.file(path.join(sample, 'vgic.c'));
    const location = new vscode.Location(uri, new vscode.Position(injection - 1, 0));
    vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(location)]);
    await start({ stopOnEntry: true });
  });

  after(async () => {
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    await endSessions();
  });

  it('show the empty list registers as one row, and that stage 2 is off', async () => {
    const { listRegisters, translationTables } = await hyperstep();
    const rows = await until('rows', () => listRegisters.getChildren().length > 0 && listRegisters.getChildren());
    assert.deepEqual(texts(rows), ['4 empty: LR0 to LR3']);
    await until('the heading', () => translationTables.heading?.endsWith(' · off'));
    assert.deepEqual(translationTables.getChildren(), []);
  });

  it('show the stage-2 mappings of the guest in words', async () => {
    await vscode.commands.executeCommand('workbench.action.debug.continue');
    await stoppedAt('vgic.c', injection);
    const { translationTables } = await hyperstep();
    await until('rows', () => translationTables.getChildren().length === 2);
    assert.deepEqual(texts(translationTables.getChildren()), [
      '0x80000000: → 0x40200000 · 8 KB · R-X Normal WB',
      '0x80002000: → 0x40202000 · 8 KB · RW- Normal WB',
    ]);
    assert.match(translationTables.heading ?? '', /^PE 0 · VMID 1 · at 0x4\w+$/);
  });

  it('mark a list register that changed since the last stop', async () => {
    const { listRegisters } = await hyperstep();
    await vscode.commands.executeCommand('workbench.action.debug.stepOver');
    const [row] = await until(
      'LR0',
      () => listRegisters.getChildren()[0]?.label === 'LR0' && listRegisters.getChildren(),
    );
    assert.match(row.description ?? '', /^pending · INTID 27.* · priority 0x80 · changed$/);
    assert.equal(row.changed, true);
    assert.match(String(listRegisters.getTreeItem(row).accessibilityInformation?.label), /LR0, pending.*, changed/);
  });

  it('are empty after the session', async () => {
    const { listRegisters, translationTables } = await hyperstep();
    await endSessions();
    await until('no rows', () => listRegisters.getChildren().length + translationTables.getChildren().length === 0);
  });
});

// The sample powers off before anybody can look; a scripted machine runs until it is paused.
describe('The panels, while a machine runs', () => {
  let adapter: FakeAdapter;

  before(async () => {
    adapter = await startFakeAdapter(injectionStops(path.join(sample, 'main.c'), 10));
    await start({ debugServer: adapter.port });
  });

  after(async () => {
    await endSessions();
    adapter.close();
  });

  it('clear and say so, ask the adapter nothing, and fill again at the next stop', async () => {
    const { listRegisters, translationTables } = await hyperstep();
    await until('rows', () => listRegisters.getChildren().length > 0 && translationTables.getChildren().length > 0);
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
});
