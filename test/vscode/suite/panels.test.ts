import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { Row, StoppedTree } from '../../../extension/panels/stopped-tree.ts';
import { type FakeAdapter, injectionStops, startFakeAdapter } from '../fake-adapter.ts';
import { endSessions, hyperstep, sample, until } from './support.ts';

const texts = (rows: readonly Row[]) => rows.map(({ label, description }) => `${label}: ${description}`);

/** The list registers among the rows, which come after what the virtual interface says. */
const registersOf = (rows: readonly Row[]) => rows.filter(({ id }) => !id.startsWith('vi'));

/** The rows below the one of a label, asked for as VS Code does when it is opened. */
async function below(panel: StoppedTree, label: string): Promise<readonly Row[]> {
  const row = await until(`the row ${label}`, () => panel.getChildren().find(one => one.label === label));
  return panel.getChildren(row);
}

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
    assert.deepEqual(texts(registersOf(rows)), ['4 empty: LR0 to LR3']);
    assert.deepEqual(texts(rows).slice(0, 3), [
      'Next: nothing is pending',
      'Maintenance: no condition holds',
      'Virtual interface: off',
    ]);
    const regimes = await until(
      'regimes',
      () => translationTables.getChildren().length > 0 && translationTables.getChildren(),
    );
    assert.deepEqual(texts(regimes), [
      'Stage 1, EL1&0: off',
      'Stage 1, EL2: off · in use',
      'Stage 1, EL3: off',
      'Stage 2: off',
    ]);
  });

  it('show the stage-2 mappings of the guest in words', async () => {
    await vscode.commands.executeCommand('workbench.action.debug.continue');
    await stoppedAt('vgic.c', injection);
    const { translationTables } = await hyperstep();
    const rows = await below(translationTables, 'Stage 2, VMID 1');
    assert.deepEqual(texts(rows), ['0x80000000: → 40200000 8K R-X', '0x80002000: → 40202000 8K RW-']);
    assert.equal(translationTables.heading, 'PE 0');
  });

  it('mark a list register that changed since the last stop', async () => {
    const { listRegisters } = await hyperstep();
    await vscode.commands.executeCommand('workbench.action.debug.stepOver');
    const [row] = await until(
      'LR0',
      () => registersOf(listRegisters.getChildren())[0]?.label === 'LR0' && registersOf(listRegisters.getChildren()),
    );
    assert.match(row.description ?? '', /^pending · INTID 27.* · priority 0x80 · changed$/);
    assert.equal(row.changed, true);
    assert.match(String(listRegisters.getTreeItem(row).accessibilityInformation?.label), /LR0, pending.*, changed/);
  });

  it('say what is delivered next and why not, and keep the history of a list register', async () => {
    const { listRegisters } = await hyperstep();
    const [next, , virtual] = listRegisters.getChildren();
    assert.equal(next.description, 'LR0 · INTID 27 · held');
    assert.match(next.tooltip ?? '', /^INTID 27 \(virtual timer\) in LR0 is not delivered: the guest does not run/);
    assert.match(virtual.description ?? '', /^(on|off)/);
    const [row] = registersOf(listRegisters.getChildren());
    const history = row.children?.find(one => one.label === 'History');
    assert.match(history?.children?.[0].description ?? '', /pending INTID 27/);
    assert.match(history?.children?.[1].description ?? '', /invalid/);
    assert.equal(row.subject, 'lr0');
  });

  it('show each PE with level, guest, interrupts and timers, and the status bar the level and cycles', async () => {
    const { machine, status } = await hyperstep();
    await vscode.commands.executeCommand('hyperstep.machine.focus');
    const [pe] = await until('PE 0', () => machine.getChildren()[0]?.label === 'PE 0' && machine.getChildren());
    assert.match(pe.description ?? '', /^EL2 · vgic_inject$/);
    const labels = pe.children?.map(({ label }) => label);
    assert.deepEqual(labels, ['Level', 'Regime', 'Guest', 'PC', 'Modelled cycles', 'Pending interrupts', 'Timers']);
    const timers = pe.children?.at(-1)?.children ?? [];
    assert.ok(timers.some(({ label, description }) => label === 'CNTHP' && description === 'off'));
    assert.match(status.text ?? '', /PE 0 EL2 · [\d,]+ cycles/);
  });

  it('walk one address step by step, from the table to the page', async () => {
    const { translationTables } = await hyperstep();
    await vscode.commands.executeCommand('hyperstep.walkAddress', 'pc');
    const [walk] = await until('the walk', () => {
      const rows = translationTables.getChildren();
      return rows[0]?.label === 'Walk of pc' && rows;
    });
    assert.match(walk.description ?? '', /^PA 0x/);
    await vscode.commands.executeCommand('hyperstep.forgetWalk');
    await until('no walk', () => !translationTables.getChildren()[0]?.label.startsWith('Walk'));
  });

  it('are up to date within 100 ms of a stop', async () => {
    const { machine, listRegisters, translationTables } = await hyperstep();
    for (const panel of [machine, listRegisters, translationTables]) {
      await vscode.commands.executeCommand(`${panel.viewId}.focus`);
      await panel.refresh();
      // How long it took is reported, not asserted: a test machine may be busy.
      console.log(`      ${panel.viewId}: ${panel.milliseconds.toFixed(1)} ms`);
      assert.ok(panel.milliseconds > 0);
    }
  });

  it('walk what a name means in the selected frame', async () => {
    const { translationTables } = await hyperstep();
    const walk = (wanted: RegExp) =>
      until(`a walk like ${wanted}`, () => wanted.test(translationTables.getChildren()[0]?.description ?? ''));
    await vscode.commands.executeCommand('hyperstep.translationTables.focus');
    await vscode.commands.executeCommand('hyperstep.walkAddress', 'vcpu');
    await walk(/vcpu/); // A sentence: the function of the stop has no such variable.
    await vscode.commands.executeCommand('workbench.action.debug.callStackDown');
    await walk(/^PA 0x/);
    await vscode.commands.executeCommand('workbench.action.debug.callStackUp');
    await walk(/vcpu/);
    await vscode.commands.executeCommand('hyperstep.forgetWalk');
  });

  it('answer the pages within 100 ms of a stop too', async () => {
    const { exceptionLevels, worldSwitch } = await hyperstep();
    for (const page of [exceptionLevels, worldSwitch]) {
      await vscode.commands.executeCommand(`${page.viewId}.focus`);
      await until('answers', () => page.answered > 0);
      const { answered } = page;
      const began = performance.now();
      page.tellState();
      await until('another answer', () => page.answered > answered);
      console.log(`      ${page.viewId}: ${(performance.now() - began).toFixed(1)} ms`);
    }
  });

  it('leave memory to VS Code and the editors beside them: it is read and written as a file', async () => {
    const session = vscode.debug.activeDebugSession;
    assert.ok(session);
    const { memoryReference } = await session.customRequest('evaluate', { expression: '&reported_state' });
    assert.match(memoryReference, /^0x[0-9a-f]+$/);
    // As the hex editor opens it: session, reference and name, and a range of bytes.
    const uri = vscode.Uri.from({
      scheme: 'vscode-debug-memory',
      authority: session.id,
      path: `/${encodeURIComponent(memoryReference)}/memory.bin`,
      query: 'range=0:4',
    });
    const before = await vscode.workspace.fs.readFile(uri);
    assert.equal(before.length, 4);
    await vscode.workspace.fs.writeFile(uri, new Uint8Array([0x12, 0x34, 0, 0]));
    assert.deepEqual([...(await vscode.workspace.fs.readFile(uri))], [0x12, 0x34, 0, 0]);
    assert.equal((await session.customRequest('evaluate', { expression: 'reported_state' })).result, '13330');
    await vscode.workspace.fs.writeFile(uri, before);
  });

  it('export every exception as CSV and as a trace', async () => {
    const { exceptionLevels } = await hyperstep();
    const lines = (await exceptionLevels.exported('csv')).trim().split('\r\n');
    assert.equal(lines[0], 'pe,instructions,cycles,from,to,class,vmid,reason');
    assert.ok(lines.some(line => /,EL1,EL2,hvc,1,HVC #0x/.test(line)));
    const { traceEvents } = JSON.parse(await exceptionLevels.exported('trace'));
    assert.equal(traceEvents.filter((one: { ph: string }) => one.ph === 'X').length, lines.length - 1);
  });

  it('open memory, documentation and disassembly beside the editor, which follow the machine', async () => {
    const shown = async (kind: string) => {
      const document = await until(kind, () =>
        vscode.workspace.textDocuments.find(({ uri }) => uri.query.startsWith(kind)),
      );
      return until(`text of ${kind}`, () => document.getText() || undefined);
    };
    await vscode.commands.executeCommand('hyperstep.showMemory', {
      variable: { name: 'x', value: '', memoryReference: 'pa:0x40200000' },
    });
    assert.match(await shown('memory'), /^Memory at pa:0x40200000\n\n0{8}40200000 {2}\w\w /);
    await vscode.commands.executeCommand('hyperstep.showDocumentation', { variable: { name: 'HCR_EL2', value: '' } });
    assert.match(await shown('documentation'), /^# HCR_EL2[\s\S]*\| 0 \| VM \|/);
    const uri = vscode.Uri.file(path.join(sample, 'vgic.c'));
    await vscode.commands.executeCommand('hyperstep.showDisassembly', { uri, lineNumber: injection });
    assert.match(await shown('disassembly'), new RegExp(`// line ${injection}\\n +\\w+`));
  });

  it('come and go by changes of exception level, and by who wrote a list register last', async () => {
    const { status } = await hyperstep();
    const before = status.text;
    await vscode.commands.executeCommand('hyperstep.goToLastWrite', { id: 'LR0', label: 'LR0', subject: 'lr0' });
    await until('an earlier moment', () => status.text?.includes('EL2') && status.text !== before);
    await vscode.commands.executeCommand('hyperstep.toLevelChange');
    await until('the guest', () => status.text?.includes('EL1'));
    await vscode.commands.executeCommand('hyperstep.reverseToLevelChange');
    await until('the hypervisor', () => status.text?.includes('EL2'));
  });

  it('are empty after the session', async () => {
    const { listRegisters, translationTables } = await hyperstep();
    await endSessions();
    await until('no rows', () => listRegisters.getChildren().length + translationTables.getChildren().length === 0);
  });

  it('offer the built-in systems, each a click away', async () => {
    const { machine, status } = await hyperstep();
    const rows = await until('systems', () => machine.getChildren().length > 3 && machine.getChildren());
    assert.ok(rows.every(({ command }) => command?.command === 'hyperstep.startSystem'));
    const split = rows.find(({ label }) => label === 'kvm-arm/split');
    await vscode.commands.executeCommand('hyperstep.startSystem', ...(split?.command?.arguments ?? []));
    await until('its session', () => vscode.debug.activeDebugSession?.name.includes('kvm-arm/split'));
    await until('its first instruction', () => status.text?.includes('EL2 · 0 cycles'));
    await endSessions();
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

  it('show a sentence in place of old rows when the adapter refuses', async () => {
    const { listRegisters } = await hyperstep();
    adapter.refused.set('hyperstep/listRegisters', 'The list registers are away.');
    await vscode.commands.executeCommand('hyperstep.listRegisters.refresh');
    await until('the sentence', () => listRegisters.message?.includes('The list registers are away.'));
    assert.deepEqual(listRegisters.getChildren(), []);
    adapter.refused.clear();
    await vscode.commands.executeCommand('hyperstep.listRegisters.refresh');
    await until('rows again', () => listRegisters.getChildren().length > 0);
    assert.equal(listRegisters.message, undefined);
  });
});
