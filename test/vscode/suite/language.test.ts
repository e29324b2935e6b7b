import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { endSessions, hyperstep, sample, until } from './support.ts';

const open = async (name: string) => {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path.join(sample, name)));
  await vscode.window.showTextDocument(document);
  return document;
};

/** The place of a word in a line that contains a text. */
function placeOf(document: vscode.TextDocument, line: string, word: string): vscode.Position {
  const found = document.getText().indexOf(line);
  assert.ok(found >= 0, `${document.fileName} has no line with "${line}".`);
  return document.positionAt(found + line.indexOf(word) + 1);
}

async function hover(document: vscode.TextDocument, position: vscode.Position): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    position,
  );
  return hovers.flatMap(one => one.contents.map(part => (typeof part === 'string' ? part : part.value))).join('\n');
}

/** Problems of a file, with the words that they mark. */
const problems = (document: vscode.TextDocument) =>
  vscode.languages
    .getDiagnostics(document.uri)
    .filter(({ source }) => source === 'hyperstep')
    .map(({ message, range }) => `${document.getText(range)}: ${message}`);

describe('The language of A64 assembly', () => {
  let boot: vscode.TextDocument;

  before(async () => {
    await hyperstep();
    boot = await open('boot.S');
    await until('the server', async () => (await hover(boot, placeOf(boot, 'msr     vbar_el2', 'vbar_el2'))) !== '');
  });
  after(async () => {
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
    await endSessions();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('explains instructions and the fields of system registers', async () => {
    assert.match(await hover(boot, placeOf(boot, 'msr     vbar_el2', 'msr')), /Writes a system register\./);
    const text = await hover(boot, placeOf(boot, 'msr     hcr_el2', 'hcr_el2'));
    assert.match(text, /\*\*HCR_EL2\*\*/);
    assert.match(text, /\| 0 \| VM \| Stage 2 translation of EL1&0\./);
  });

  it('completes system registers for MSR, without those that cannot be written', async () => {
    const position = placeOf(boot, 'msr     vbar_el2', 'vbar_el2');
    const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      boot.uri,
      position,
    );
    const labels = new Set(items.map(({ label }) => (typeof label === 'string' ? label : label.label)));
    assert.ok(labels.has('hcr_el2'));
    assert.ok(!labels.has('midr_el1'));
  });

  it('finds a symbol in another file of the workspace', async () => {
    const found = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
      'vscode.executeDefinitionProvider',
      boot.uri,
      placeOf(boot, 'adrp    x0, vectors', 'vectors'),
    );
    const uris = found.map(one => ('uri' in one ? one.uri : one.targetUri));
    assert.deepEqual(
      uris.map(uri => path.basename(uri.path)),
      ['vectors.S'],
    );
  });

  it('marks what the assembler refuses, and nothing in the files of the sample', async () => {
    const content = 'start:\n\tadd x0, x1, #4097\n\tmsr midr_el1, x0\n\tmofe x0, x1\n\tret\n';
    const wrong = await vscode.workspace.openTextDocument({ language: 'a64', content });
    await until('problems', () => problems(wrong).length > 0);
    assert.deepEqual(problems(wrong), [
      '#4097: 4097 is out of range: 0 to 4095.',
      'midr_el1: MIDR_EL1 is read-only: MSR is UNDEFINED.',
      'mofe: There is no instruction mofe.',
    ]);
    assert.deepEqual(problems(boot), []);
  });

  it('shows the value of a register while a machine is stopped', async () => {
    const folder = vscode.workspace.workspaceFolders?.[0];
    const program = path.join(sample, 'first-light.elf');
    const configuration = { type: 'hyperstep', request: 'launch', name: 'Language', program, stopOnEntry: true };
    assert.ok(await vscode.debug.startDebugging(folder, configuration));
    await until('a frame in focus', () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame);
    const position = placeOf(boot, 'msr     hcr_el2', 'hcr_el2');
    const text = await until('the value', async () => {
      const shown = await hover(boot, position);
      return shown.includes('Now') && shown;
    });
    assert.match(text, /Now `0x[0-9a-f]{16}` \(PE 0 at EL2\)/);
  });

  it('says what would trap in the stopped machine', async () => {
    const guest = await open('guest-entry.S');
    const hints = async () => {
      const found = await vscode.commands.executeCommand<vscode.InlayHint[]>(
        'vscode.executeInlayHintProvider',
        guest.uri,
        new vscode.Range(0, 0, guest.lineCount, 0),
      );
      return found.map(({ label, position }) => `${position.line}: ${label}`);
    };
    // No PE stands in this file yet.
    assert.deepEqual(await hints(), []);
    const location = new vscode.Location(guest.uri, placeOf(guest, 'msr     vbar_el1', 'msr'));
    vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(location)]);
    await vscode.commands.executeCommand('workbench.action.debug.continue');
    const wfi = placeOf(guest, '1:  wfi', 'wfi').line;
    await until('the trap', async () => (await hints()).join() === `${wfi}: traps to EL2 here`);
  });
});
