/** Symbols of images that are elsewhere, or of another regime than the one that runs. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { compile, runTool } from '../../debug-adapter/testing/compile.ts';
import { inProcess, PROGRAM, type RealClient } from './support.ts';

let client: RealClient;
beforeEach(() => {
  client = inProcess();
});
afterEach(() => client.dispose());

test('an image that runs where it was not linked is found by its vectors, and its breakpoints move', async () => {
  const running = compile('moved.S', ['-g']);
  const elsewhere = compile('moved.S', ['-g', '-Wl,-Ttext=0x7f80000000']);
  const stripped = `${running.path}.stripped`;
  try {
    runTool('aarch64-linux-gnu-objcopy', ['--strip-all', running.path, stripped]);
    await client.launch({ program: stripped, symbols: [{ file: elsewhere.path }] });
    const { breakpoints } = await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'work' }] });
    assert.match(breakpoints[0].instructionReference, /^0x7f80000/);
    await client.request('configurationDone');
    await client.event('stopped');
    await client.until('continue');
    assert.equal((await client.frames())[0].name, 'work');
    const { body } = await client.event('breakpoint');
    assert.equal(body.reason, 'changed');
    assert.equal(body.breakpoint.id, breakpoints[0].id);
    assert.match(body.breakpoint.instructionReference, /^0x4008/);
    assert.match(client.console('console'), /runs where it was not linked: its symbols are moved by -0x7f3ff80000\./);
    const { modules } = await client.request('modules', {});
    assert.equal(modules.find(({ bias }: { bias?: string }) => bias !== undefined).bias, '-0x7f3ff80000');
  } finally {
    running.remove();
    elsewhere.remove();
  }
});

test('symbols of another build stay where they were linked', async () => {
  const running = compile('moved.S', ['-g']);
  const elsewhere = compile('moved.S', ['-g', '-DBUILD=2', '-Wl,-Ttext=0x7f80000000']);
  try {
    await client.start({ program: running.path, symbols: [{ file: elsewhere.path }] });
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'work' }] });
    await client.until('continue');
    const { modules } = await client.request('modules', {});
    assert.deepEqual(
      modules.map(({ bias }: { bias?: string }) => bias),
      [undefined, undefined],
    );
  } finally {
    running.remove();
    elsewhere.remove();
  }
});

test('a breakpoint waits for the symbols that have its function', async () => {
  const running = compile('moved.S', ['-g']);
  const stripped = `${running.path}.stripped`;
  try {
    runTool('aarch64-linux-gnu-objcopy', ['--strip-all', running.path, stripped]);
    await client.start({ program: stripped });
    const { breakpoints } = await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'work' }] });
    assert.equal(breakpoints[0].verified, false);
    await client.evaluate(`add-symbol-file ${running.path}`, { context: 'repl' });
    const { body } = await client.event('breakpoint');
    assert.deepEqual([body.breakpoint.id, body.breakpoint.verified], [breakpoints[0].id, true]);
    await client.until('continue');
    assert.equal((await client.frames())[0].name, 'work');
  } finally {
    running.remove();
  }
});

test('a variable of a hypervisor is read at EL2 while its guest runs, and pointers in it lead on there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  const program = join(folder, 'stripped.elf');
  try {
    runTool('aarch64-linux-gnu-objcopy', ['--strip-all', PROGRAM, program]);
    await client.launch({ program, symbols: [{ file: PROGRAM, regime: 'EL2' }] });
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'guest_exit' }] });
    await client.request('configurationDone');
    await client.event('stopped');
    await client.until('continue');
    const atEl2 = await client.evaluate('vcpu');
    assert.doesNotMatch(atEl2, /el2:/);
    const address = /0x[0-9a-f]+/.exec(atEl2)?.[0];
    // To the guest: its next instruction at EL1.
    await client.request('setFunctionBreakpoints', { breakpoints: [] });
    await client.request('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: '0x80000028', mode: 'EL1&0' }],
    });
    await client.until('continue');
    const [thread] = (await client.request('threads')).threads;
    assert.match(thread.name, /EL1/);
    assert.match(await client.evaluate('vcpu'), new RegExp(`el2:${address}`));
    const there = await client.evaluate(`*(unsigned long *)el2:${address}`);
    assert.equal(await client.evaluate('*(unsigned long *)&vcpu'), there);
    assert.equal(await client.evaluate('&vcpu + 1 - 1 == &vcpu'), '1');
    const { variablesReference, memoryReference } = await client.request('evaluate', { expression: 'vcpu' });
    assert.equal(memoryReference, `el2:${address}`);
    const { variables } = await client.request('variables', { variablesReference });
    for (const one of variables) assert.doesNotMatch(one.value, /no memory/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a source that the image carries is shown where its file is not, and known by its checksum', async () => {
  const program = compile('carried.ll', []);
  try {
    await client.start({ program: program.path });
    const [{ source, line }] = await client.frames();
    assert.deepEqual([source?.path, line, source?.origin], ['/nowhere/carried.c', 1, 'in the image']);
    const reference = source?.sourceReference;
    assert.ok(reference !== undefined && reference > 0);
    const text = 'void _start(void) {\n  for (;;) /* forever */;\n}\n';
    const byReference = await client.request('source', { source, sourceReference: reference });
    assert.equal(byReference.content, text);
    assert.equal((await client.request('source', { sourceReference: reference })).content, text);
    const checksum = createHash('md5').update(text).digest('hex');
    assert.deepEqual(source?.checksums, [{ algorithm: 'MD5', checksum }]);
    const { sources } = await client.request('loadedSources', {});
    assert.deepEqual(
      sources.map((one: { sourceReference?: number }) => one.sourceReference),
      [reference],
    );
  } finally {
    program.remove();
  }
});
