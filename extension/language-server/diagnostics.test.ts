import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createFeatures } from '../../simulator/arch/features.ts';
import { Checker } from './diagnostics.ts';
import { Project } from './project.ts';

const repository = path.join(import.meta.dirname, '../..');
const testing = path.join(import.meta.dirname, 'testing');

const host = {
  read: async (uri: string) => {
    const file = fileURLToPath(uri);
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined;
  },
  find: async () => [],
};

async function problemsOf(file: string): Promise<string[]> {
  const project = new Project(host);
  const document = project.open(pathToFileURL(file).href, readFileSync(file, 'utf8'));
  await project.loadIncludes(document);
  return new Checker(project, undefined)
    .check(document)
    .map(({ line, text }) => `${path.basename(file)}:${line + 1}: ${text}`);
}

/** What is wrong in a text that includes nothing. */
function problems(text: string, cpu?: string): string[] {
  const project = new Project(host);
  const document = project.open('file:///text.S', text);
  return new Checker(project, cpu === undefined ? undefined : createFeatures(cpu)).check(document).map(one => one.text);
}

/** Numbers of the lines in which the assembler finds an error. */
function refusedLines(file: string): number[] {
  const { stderr, error } = spawnSync('aarch64-linux-gnu-gcc', ['-c', '-o', '/dev/null', path.basename(file)], {
    cwd: path.dirname(file),
    encoding: 'utf8',
  });
  if (error) throw new Error('aarch64-linux-gnu-gcc is missing: the package gcc-aarch64-linux-gnu has it.');
  return [...new Set([...stderr.matchAll(/^\S+:(\d+): Error/gm)].map(found => Number(found[1])))].sort((a, b) => a - b);
}

describe('Diagnostics', () => {
  test('say nothing about a file that the assembler takes, however it is written', async () => {
    const file = path.join(testing, 'accepted.S');
    assert.deepEqual(refusedLines(file), []);
    assert.deepEqual(await problemsOf(file), []);
  });

  test('mark the lines that the assembler refuses, and no others', async () => {
    const file = path.join(testing, 'refused.S');
    const marked = (await problemsOf(file)).map(text => Number(text.split(':')[1]));
    assert.deepEqual(marked, refusedLines(file));
    assert.ok(marked.length >= 29);
  });

  test('say nothing about the assembly of this repository', async () => {
    const folders = ['simulator', 'test', 'debug-adapter'].map(name => path.join(repository, name));
    const files = folders.flatMap(folder =>
      readdirSync(folder, { recursive: true })
        .map(name => path.join(folder, String(name)))
        .filter(name => /\.[sS]$/.test(name)),
    );
    assert.ok(files.length > 10);
    for (const file of files) assert.deepEqual(await problemsOf(file), []);
  });

  test('are in sentences that say what is possible', () => {
    assert.deepEqual(problems('\tldp x0, x1, [sp, #512]\n\tand w0, w0, #5\n\tmov x0, #0x12345\n\tmsr midr_el1, x0\n'), [
      '512 is out of range: -512 to 504, in steps of 8.',
      '0x5 is no pattern that a logical instruction takes: one run of ones, rotated and repeated.',
      '0x12345 cannot be moved by one instruction: use MOVZ and MOVK, or LDR with =.',
      'MIDR_EL1 is read-only: MSR is UNDEFINED.',
    ]);
  });

  test('name a register that the configured PE lacks', () => {
    const text = '\tmrs x0, vncr_el2\n\tmsr cntp_ctl_el02, x0\n\ttlbi rvae2, x0\n\tmsr pan, #1\n\tmrs x0, hcr_el2\n';
    assert.deepEqual(problems(text), []);
    assert.deepEqual(problems(text, 'armv8.0'), [
      'VNCR_EL2 comes with FEAT_NV2 or the NEVE proposal, which the PE model armv8.0-a has not.',
      'CNTP_CTL_EL02 comes with FEAT_VHE, which the PE model armv8.0-a has not.',
      'TLBI RVAE2 comes with FEAT_TLBIRANGE, which the PE model armv8.0-a has not.',
      'pan comes with FEAT_PAN, which the PE model armv8.0-a has not.',
    ]);
  });

  test('keep quiet where names may come from a file that was not found', () => {
    assert.deepEqual(problems('#include <elsewhere.h>\n\tmacro_of_it x0\n\tmsr ITS_REGISTER, x0\n'), []);
    assert.deepEqual(problems('\tmacro_of_it x0\n'), ['There is no instruction macro_of_it.']);
  });

  test('keep quiet about assembly of another architecture', () => {
    assert.deepEqual(problems('\t.syntax unified\n\tpush {r4, lr}\n\tpop {r4, pc}\n'), []);
    assert.deepEqual(problems('main:\n\tmovl %eax, %ebx\n\tpushq %rbp\n'), []);
    assert.deepEqual(problems('main:\n\tlui a0, 1\n\taddi a0, a0, 1\n\tsw a0, 0(a1)\n\tjalr ra\n'), []);
  });

  test('keep quiet about linker scripts and in the folders of another architecture', () => {
    const at = (uri: string, text: string): number => {
      const project = new Project(host);
      return new Checker(project, undefined).check(project.open(uri, text)).length;
    };
    assert.equal(at('file:///kernel/vmlinux.lds.S', 'SECTIONS\n{\n\t. = 0x1000;\n}\n'), 0);
    assert.equal(at('file:///lib/powerpc/sub.S', '\tmul 9,0,6\n\tblr\n'), 0);
    assert.equal(at('file:///src/thread/sh/a.s', '\trts\n'), 0);
    assert.equal(at('file:///x86/arch/arm64/a.S', '\trts\n'), 1);
    assert.equal(at('file:///arch/arm/a.S', '\trts\n'), 1);
  });

  test('follow a constant that is edited', () => {
    const project = new Project(host);
    const document = project.open('file:///text.S', '\t.equ SIZE, 16\n\tadd x0, x0, #SIZE\n');
    const checker = new Checker(project, undefined);
    assert.deepEqual(checker.check(document), []);
    document.edit({ start: { line: 0, character: 12 }, end: { line: 0, character: 14 } }, '4097');
    assert.deepEqual(
      checker.check(document).map(({ line, text }) => [line, text]),
      [[1, '4097 is out of range: 0 to 4095.']],
    );
  });
});
