import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compile, runTool } from '../testing/compile.ts';
import { ElfFile } from './elf.ts';

const METHODS = [
  { method: 'zlib', type: 1, name: 'zlib' },
  { method: 'zstd', type: 2, name: 'Zstandard' },
];

for (const { method, type, name } of METHODS)
  test(`a section that is compressed by ${name} reads as it was, and a damaged one is refused by a sentence`, () => {
    const program = compile('lines.c', ['-g', '-O2']);
    try {
      const plain = new ElfFile(program.bytes, 'plain.elf').data('.debug_info');
      runTool('aarch64-linux-gnu-objcopy', [`--compress-debug-sections=${method}`, program.path]);
      const bytes = new Uint8Array(readFileSync(program.path));
      const file = new ElfFile(bytes, 'small.elf');
      const section = file.section('.debug_info');
      assert.ok(section !== undefined && section.size < plain.length);
      assert.equal(new DataView(bytes.buffer).getUint32(section.offset, true), type);
      assert.deepEqual(file.data('.debug_info'), plain);
      let refused = 0;
      for (let at = section.offset + 24; at < section.offset + section.size; at += 7) {
        const damaged = bytes.slice();
        damaged[at] ^= 0x55;
        try {
          assert.equal(new ElfFile(damaged, 'damaged.elf').data('.debug_info').length, plain.length);
        } catch (error) {
          assert.match(
            (error as Error).message,
            new RegExp(`^Section \\.debug_info of damaged\\.elf.* ${name} stream`),
          );
          refused++;
        }
      }
      assert.ok(refused > 0);
      const other = bytes.slice();
      other[section.offset] = 9;
      assert.throws(() => new ElfFile(other, 'other.elf').data('.debug_info'), {
        message: 'Section .debug_info of other.elf is compressed by method 9; zlib (1) and Zstandard (2) can be read.',
      });
    } finally {
      program.remove();
    }
  });
