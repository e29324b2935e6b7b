import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { hyperstep, repository } from './support.ts';

describe('New Hypervisor Project', () => {
  const template = path.join(repository, 'extension/templates/hypervisor');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hyperstep-project-'));

  before(hyperstep);
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  const files = (from: string) =>
    Object.fromEntries(
      fs
        .readdirSync(from, { recursive: true, encoding: 'utf8' })
        .filter(name => fs.statSync(path.join(from, name)).isFile())
        .map(name => [name, fs.readFileSync(path.join(from, name), 'utf8')]),
    );

  it('writes every file of the template', async () => {
    const target = path.join(folder, 'new/project');
    await vscode.commands.executeCommand('hyperstep.newProject', vscode.Uri.file(target));
    assert.deepEqual(files(target), files(template));
  });

  it('leaves a folder alone that has one of its files', async () => {
    const target = path.join(folder, 'mine');
    fs.mkdirSync(target);
    fs.writeFileSync(path.join(target, 'main.c'), 'mine\n');
    await vscode.commands.executeCommand('hyperstep.newProject', vscode.Uri.file(target));
    assert.deepEqual(files(target), { 'main.c': 'mine\n' });
  });
});

describe('A text of the manifest', () => {
  it('is shown, not its key', async () => {
    const { packageJSON } = vscode.extensions.getExtension('hyperstep.hyperstep')!;
    const properties = packageJSON.contributes.debuggers[0].configurationAttributes.launch.properties;
    assert.match(properties.memory.patternErrorMessage, /^A number of bytes/);
    assert.doesNotMatch(JSON.stringify(packageJSON.contributes), /"%[\w.-]+%"/);
  });
});
