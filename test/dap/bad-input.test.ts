/** Bad input on the real machine: each gives one sentence, and the session goes on or ends cleanly. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { inProcess, PROGRAM, RealClient, StdioTransport } from './support.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, contents: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

/** The sample with some bytes changed. */
function changed(name: string, change: (bytes: Uint8Array, view: DataView) => Uint8Array | undefined): string {
  const bytes = new Uint8Array(readFileSync(PROGRAM));
  return file(name, change(bytes, new DataView(bytes.buffer)) ?? bytes);
}

const ONE_SENTENCE = /^[^\n]*[.!?]$/;

describe('a launch is refused with one sentence and can be tried again', () => {
  const CASES: readonly (readonly [what: string, attributes: () => object, sentence: RegExp])[] = [
    ['no program', () => ({}), /"program" is missing/],
    [
      'a file that is not there',
      () => ({ program: join(folder, 'nothing.elf') }),
      /cannot be read: it does not exist\.$/,
    ],
    ['a folder', () => ({ program: folder }), /cannot be read: it is a folder\.$/],
    ['an empty file', () => ({ program: file('empty.elf', new Uint8Array()) }), /is empty/],
    [
      'an ELF header cut short',
      () => ({ program: changed('short.elf', bytes => bytes.subarray(0, 40)) }),
      /short\.elf/,
    ],
    [
      'an ELF file cut in its code',
      () => ({ program: changed('cut.elf', bytes => bytes.subarray(0, 5000)) }),
      /cut\.elf/,
    ],
    [
      'an ELF file for x86-64',
      () => ({ program: changed('x86.elf', (_, view) => void view.setUint16(18, 62, true)) }),
      /x86\.elf.*(x86-64|62|AArch64)/,
    ],
    ['a 32-bit ELF file', () => ({ program: changed('32.elf', bytes => void bytes.set([1], 4)) }), /32\.elf.*(32|64)/],
    [
      'an ELF file that loads outside of memory',
      () => ({ program: changed('far.elf', (_, view) => void view.setBigUint64(64 + 24, 0x1_0000_0000_0000n, true)) }),
      /far\.elf/,
    ],
    ['a CPU that nobody built', () => ({ program: PROGRAM, cpu: 'z80' }), /z80/],
    ['an unknown feature', () => ({ program: PROGRAM, features: ['+warp'] }), /warp/],
    ['a feature without a sign', () => ({ program: PROGRAM, features: ['vhe'] }), /vhe/],
    ['a GIC of the wrong type', () => ({ program: PROGRAM, gic: '3' }), /"gic" is "3"; it has to be one of 2, 3\./],
    ['no PE', () => ({ program: PROGRAM, pes: 0 }), /"pes" is 0/],
    ['half a PE', () => ({ program: PROGRAM, pes: 1.5 }), /"pes" is 1\.5/],
    ['memory without a unit that is one', () => ({ program: PROGRAM, memory: '1X' }), /"memory" is "1X"/],
    ['too little memory', () => ({ program: PROGRAM, memory: 4096 }), /MiB/],
    ['too much memory', () => ({ program: PROGRAM, memory: '100G' }), /MiB/],
    [
      'an initrd larger than memory',
      () => ({ program: PROGRAM, memory: '1M', initrd: file('initrd', new Uint8Array(2 ** 20 + 1)) }),
      /initrd.* does not fit/,
    ],
    [
      'a device tree that is none',
      () => ({ program: PROGRAM, dtb: file('bad.dtb', new Uint8Array(64)) }),
      /device tree/,
    ],
    ['symbols that are no list', () => ({ program: PROGRAM, symbols: 'vmlinux' }), /"symbols" is "vmlinux"/],
    [
      'an attribute with a slip of the pen',
      () => ({ program: PROGRAM, stopOnEntri: true }),
      /"stopOnEntri" is no launch/,
    ],
    ['attributes that are a list', () => [PROGRAM], /"program"|attributes/],
  ];
  for (const [what, attributes, sentence] of CASES) {
    test(what, async () => {
      const client = inProcess();
      try {
        await client.request('initialize', { adapterID: 'hyperstep' });
        const given = { ...(attributes() as object) };
        const message = await client.refused(
          'launch',
          Array.isArray(attributes()) ? attributes() : { memory: '64M', ...given },
        );
        assert.match(message, ONE_SENTENCE);
        assert.match(message, sentence);
        await client.request('launch', { program: PROGRAM, memory: '64M', stopOnEntry: true });
        await client.request('configurationDone');
        await client.event('stopped');
        await client.request('disconnect');
      } finally {
        client.dispose();
      }
    });
  }
});

test('requests out of order are refused by name and change nothing', async () => {
  const client = inProcess();
  try {
    for (const command of ['launch', 'threads', 'continue', 'setBreakpoints', 'evaluate', 'disassemble'])
      assert.match(await client.refused(command, {}), new RegExp(`^The request ${command} came before initialize\\.$`));
    await client.request('initialize', {});
    for (const command of ['configurationDone', 'stackTrace', 'restart', 'pause', 'hyperstep/machine'])
      assert.match(await client.refused(command, {}), new RegExp(`^The request ${command} came before launch\\.$`));
    await client.request('launch', { program: PROGRAM, memory: '64M', stopOnEntry: true });
    await client.request('configurationDone');
    await client.event('stopped');
    assert.match(await client.refused('configurationDone', {}), /came twice/);
    assert.match(await client.refused('pause', { threadId: 1 }), /stands still/);
    assert.match(await client.refused('frobnicate', {}), /does not know the request "frobnicate"/);
    assert.match(await client.refused('variables', { variablesReference: 12345 }), /There is no variables reference/);
    assert.match(await client.refused('readMemory', { memoryReference: 'moon:0', count: 4 }), /no address space/);
    assert.match(await client.refused('evaluate', { expression: '$nothing' }), /There is no register "nothing"/);
    assert.match(await client.refused('evaluate', { expression: '1 +' }), ONE_SENTENCE);
    await client.request('continue', { threadId: 1 });
    assert.match(await client.refused('stackTrace', { threadId: 1 }), /The machine runs; pause it before/);
    await client.event('terminated');
    assert.match(await client.refused('threads', {}), /came after the end of the session/);
    await client.request('disconnect');
  } finally {
    client.dispose();
  }
});

test('damage on the stream is reported, and the next good message is answered', async () => {
  const transport = new StdioTransport();
  const client = new RealClient(transport);
  try {
    transport.sendRaw('Content-Length: nonsense\r\n\r\n');
    transport.sendRaw('Content-Length: 5\r\n\r\n{oops');
    assert.match((await client.event('output')).body.output, /without a usable Content-Length/);
    assert.match((await client.event('output')).body.output, /no JSON/);
    await client.start();
    assert.equal((await client.frames()).length, 1);
    await client.request('disconnect');
    assert.equal(await transport.exited, 0);
  } finally {
    client.dispose();
  }
});

test('a client that goes away while the guest runs ends the process', async () => {
  const transport = new StdioTransport();
  const client = new RealClient(transport);
  try {
    await client.start();
    await client.request('writeMemory', { memoryReference: '0x40080000', data: btoa('\x00\x00\x00\x14') });
    await client.request('continue', { threadId: 1 });
    transport.process.stdin?.end();
    assert.equal(await transport.exited, 0);
  } finally {
    client.dispose();
  }
});
