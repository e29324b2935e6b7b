import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodingKey, instructions, type RegisterRow, registers } from './index.ts';

/** Names that binutils 2.40 has not got: the GIC's virtual interface is no name in assembly, and these are newer or of one implementation. */
const unknownToAssembler = (row: RegisterRow) =>
  row.name.startsWith('ICV_') || row.options.feature === 'cortexa57' || notInBinutils.has(row.name);
const notInBinutils: ReadonlySet<string> = new Set(['ID_AA64MMFR3_EL1', 'ID_AA64MMFR4_EL1']);

/** Assembles lines and returns a word for each; throws what the assembler says. */
function assemble(lines: readonly string[]): Uint32Array {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  try {
    const source = join(folder, 'rows.s');
    const object = join(folder, 'rows.o');
    const binary = join(folder, 'rows.bin');
    writeFileSync(source, `.arch armv8.8-a+memtag+rng+ssbs+predres+sve+sme\n${lines.join('\n')}\n`);
    run('aarch64-linux-gnu-as', ['-o', object, source]);
    run('aarch64-linux-gnu-objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
    const bytes = readFileSync(binary);
    return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): void {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  if (result.error) {
    throw new Error(`${program} is not installed: the package binutils-aarch64-linux-gnu has it.`);
  }
  assert.equal(result.status, 0, result.stderr);
}

test('the assembler gives every register the encoding of its row', () => {
  const rows = registers.filter(row => !unknownToAssembler(row));
  const words = assemble(rows.map(row => (row.read !== undefined ? `mrs x0, ${row.name}` : `msr ${row.name}, x0`)));
  assert.equal(words.length, rows.length);
  rows.forEach((row, n) => {
    const expected = 0xd500_0000 + (encodingKey(row.op0, row.op1, row.crn, row.crm, row.op2) << 5);
    assert.equal((words[n] & ~0x20_0000) >>> 0, expected, row.name);
  });
});

test('the assembler gives every system instruction the encoding of its row', () => {
  const words = assemble(instructions.map(row => `${row.name}${row.argument ? ', x0' : ''}`));
  assert.equal(words.length, instructions.length);
  instructions.forEach((row, n) => {
    const expected = 0xd500_0000 + (encodingKey(row.op0, row.op1, row.crn, row.crm, row.op2) << 5);
    assert.equal((words[n] & ~0x1f) >>> 0, expected, row.name);
    assert.equal(words[n] & 0x1f, row.argument ? 0 : 31, `argument of ${row.name}`);
  });
});
