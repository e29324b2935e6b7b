import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { endSessions, hyperstep, repository, sample, until } from './support.ts';

describe('A launch configuration', () => {
  const folder = vscode.workspace.workspaceFolders?.[0];
  const image = path.join(sample, 'first-light.elf');
  let configurations: vscode.DebugConfiguration[] = [];
  let watching: vscode.Disposable;

  before(async () => {
    await hyperstep();
    watching = vscode.debug.registerDebugAdapterTrackerFactory('hyperstep', {
      createDebugAdapterTracker: session => {
        configurations.push(session.configuration);
        return undefined;
      },
    });
  });
  beforeEach(() => {
    configurations = [];
  });
  afterEach(async () => {
    await endSessions();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
  after(() => watching.dispose());

  /** What F5 does where there is no launch.json. */
  const startEmpty = () => vscode.debug.startDebugging(folder, {} as vscode.DebugConfiguration);

  it('with a mistake starts no session', async () => {
    const mistaken = { type: 'hyperstep', request: 'launch', name: 'Mistaken', program: image, gic: 7 };
    assert.equal(await vscode.debug.startDebugging(folder, mistaken), false);
    assert.deepEqual(configurations, []);
  });

  it('is made for the ELF file that is open as a binary file', async () => {
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(image));
    await until('the tab', () => vscode.window.tabGroups.activeTabGroup.activeTab?.label === 'first-light.elf');
    void vscode.commands.executeCommand('hyperstep.debugImage');
    const [configuration] = await until('a session', () => configurations.length > 0 && configurations);
    assert.equal(configuration['program'], image);
    assert.equal(configuration.request, 'launch');
    assert.equal(configuration['cwd'], folder?.uri.fsPath);
  });

  it('is made for the one image of the workspace when a source file is open', async () => {
    await vscode.window.showTextDocument(vscode.Uri.file(path.join(sample, 'main.c')));
    void startEmpty();
    const [configuration] = await until('a session', () => configurations.length > 0 && configurations);
    assert.equal(configuration['program'], image);
    assert.equal(configuration['stopOnEntry'], true);
  });

  it('of a built-in system is picked from a list and finds its sources without the workspace', async () => {
    void vscode.commands.executeCommand('hyperstep.debugSystem');
    const started = await until('a session', async () => {
      // The list may not be there yet: then there is nothing to accept.
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return configurations.length > 0 && configurations[0];
    });
    const system = path.join(repository, 'simulator/hypervisors/kvm-arm');
    assert.equal(started['program'], path.join(system, 'split.elf'));
    const top = await until('the stop on entry', async () => {
      const session = vscode.debug.activeDebugSession;
      const answer = session && (await session.customRequest('stackTrace', { threadId: 1 }).then(undefined, () => {}));
      return answer?.stackFrames?.[0];
    });
    assert.ok(top.source?.path?.endsWith(path.join(system, 'boot.S')), top.source?.path);
  });
});
