import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  createConnection,
  createProtocolConnection,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { FIND_FILES, LIVE_VALUES, MACHINE_CHANGED, READ_FILE, WOULD } from './messages.ts';
import { serve } from './server.ts';

const folder = new URL('../../simulator/hypervisors/first-light/', import.meta.url);
const file = (name: string): string => new URL(name, folder).href;

interface Position {
  line: number;
  character: number;
}

describe('The language server, over its protocol', () => {
  let client: ProtocolConnection;
  const diagnostics = new Map<string, { message: string; range: { start: Position } }[]>();
  const arrived = new Map<string, () => void>();
  let stopped = false;

  /** The diagnostics of a file when they next come. */
  const judged = (uri: string) =>
    new Promise<{ message: string; range: { start: Position } }[]>(resolve => {
      arrived.set(uri, () => resolve(diagnostics.get(uri) ?? []));
    });
  const open = (uri: string, text: string, languageId = 'a64') =>
    client.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId, version: 1, text } });
  const ask = <T>(method: string, uri: string, position: Position, more = {}) =>
    client.sendRequest<T>(method, { textDocument: { uri }, position, ...more });

  before(async () => {
    const [up, down] = [new PassThrough(), new PassThrough()];
    serve(createConnection(up, down));
    client = createProtocolConnection(new StreamMessageReader(down), new StreamMessageWriter(up));
    client.onRequest(READ_FILE, ({ uri }: { uri: string }) => {
      try {
        return readFileSync(fileURLToPath(uri), 'utf8');
      } catch {
        return null;
      }
    });
    client.onRequest(FIND_FILES, ({ glob }: { glob: string }) =>
      glob.includes('{S,s,a64}') ? [file('vectors.S'), file('boot.S')] : [],
    );
    client.onRequest(LIVE_VALUES, ({ registers }: { registers: string[] }) =>
      stopped ? { values: Object.fromEntries(registers.map(name => [name, '0x80000001'])), from: 'PE 0 at EL2' } : null,
    );
    client.onRequest(WOULD, ({ questions }: { questions: string[] }) =>
      stopped ? questions.map(question => `${question} traps to EL2 because HCR_EL2.TVM is 1.`) : null,
    );
    client.onRequest('workspace/inlayHint/refresh', () => null);
    client.onNotification('textDocument/publishDiagnostics', (given: { uri: string; diagnostics: never[] }) => {
      diagnostics.set(given.uri, given.diagnostics);
      arrived.get(given.uri)?.();
    });
    client.listen();
    await client.sendRequest('initialize', { processId: null, rootUri: folder.href, capabilities: {} });
    await client.sendNotification('initialized', {});
  });
  after(async () => {
    await client.sendRequest('shutdown');
    client.dispose();
  });

  test('finds nothing wrong in the vectors of the sample, and a symbol of another file', async () => {
    const uri = file('vectors.S');
    const text = readFileSync(fileURLToPath(uri), 'utf8');
    const result = judged(uri);
    await open(uri, text);
    assert.deepEqual(await result, []);
    const boot = readFileSync(fileURLToPath(file('boot.S')), 'utf8').split('\n');
    const result2 = judged(file('boot.S'));
    await open(file('boot.S'), boot.join('\n'));
    assert.deepEqual(await result2, []);
    const line = boot.findIndex(one => /\bvectors\b/.test(one));
    assert.ok(line >= 0, 'boot.S names the vectors.');
    const position = { line, character: boot[line].indexOf('vectors') + 1 };
    const found = await ask<{ uri: string }[]>('textDocument/definition', file('boot.S'), position);
    assert.deepEqual(
      found.map(one => one.uri),
      [uri],
    );
  });

  test('judges a file again after an edit', async () => {
    const uri = pathToFileURL('/edited.S').href;
    let result = judged(uri);
    await open(uri, 'start:\n\tmov x0, #1\n\tmsr hcr_el2, x0\n\tret\n');
    assert.deepEqual(await result, []);
    result = judged(uri);
    const range = { start: { line: 1, character: 1 }, end: { line: 1, character: 4 } };
    await client.sendNotification('textDocument/didChange', {
      textDocument: { uri, version: 2 },
      contentChanges: [{ range, text: 'mofe' }],
    });
    assert.deepEqual(
      (await result).map(({ message, range: { start } }) => [message, start]),
      [['There is no instruction mofe.', { line: 1, character: 1 }]],
    );
  });

  test('shows fields of a constant always, values and traps only of a stopped machine', async () => {
    const uri = pathToFileURL('/live.S').href;
    await open(uri, '\tldr x0, =0x80000001\n\tmsr hcr_el2, x0\n');
    const whole = { range: { start: { line: 0, character: 0 }, end: { line: 2, character: 0 } } };
    const hints = () =>
      client.sendRequest<{ label: string }[]>('textDocument/inlayHint', { textDocument: { uri }, ...whole });
    const hover = async () =>
      (await ask<{ contents: { value: string } }>('textDocument/hover', uri, { line: 1, character: 7 })).contents.value;
    assert.deepEqual(
      (await hints()).map(({ label }) => label),
      ['RW, VM'],
    );
    assert.doesNotMatch(await hover(), /PE 0/);
    stopped = true;
    await client.sendNotification(MACHINE_CHANGED);
    assert.deepEqual(
      (await hints()).map(({ label }) => label),
      ['RW, VM', 'traps to EL2 here'],
    );
    const text = await hover();
    assert.match(text, /Now `0x0000000080000001` \(PE 0 at EL2\)/);
    assert.match(text, /\| 0 \| VM \| \*\*1 on\*\* \|/);
    stopped = false;
  });

  test('knows registers in inline assembly of C, and leaves other words alone', async () => {
    const uri = pathToFileURL('/access.c').href;
    const result = judged(uri);
    await open(
      uri,
      'int far_el;\nvoid f(long v) { asm volatile("msr vttbr_el2, %0\\n\\tmsr midr_el1, %0" :: "r"(v)); }\nlong g(void) { return read_sysreg(nzcv); }\n',
      'c',
    );
    assert.deepEqual(
      (await result).map(({ message }) => message),
      ['MIDR_EL1 is read-only: MSR is UNDEFINED.'],
    );
    const hover = (line: number, character: number) =>
      ask<{ contents: { value: string } } | null>('textDocument/hover', uri, { line, character });
    assert.match((await hover(1, 37))?.contents.value ?? '', /\*\*VTTBR_EL2\*\*/);
    assert.match((await hover(2, 36))?.contents.value ?? '', /\*\*NZCV\*\*/);
    assert.equal(await hover(0, 5), null);
  });
});
