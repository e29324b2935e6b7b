import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Decoder } from '../instructions/decoder.ts';
import { instructionRows } from '../instructions/index.ts';
import { parsePattern } from '../instructions/row.ts';
import { registers } from '../registers/index.ts';
import { checkOperands } from './check.ts';
import { encode } from './encode.ts';
import { laterMnemonics } from './later.ts';
import { isMnemonic } from './mnemonics.ts';
import { checkNamedOperands, systemName } from './names.ts';
import { splitOperands, tokenize } from './operands.ts';
import { namedOperands } from './spellings.ts';

const ARCHITECTURE =
  '.arch armv8.8-a+sve2+sme+memtag+rng+ssbs+predres+bf16+i8mm+crypto+crc+fp16fml+sha3+sm4+profile+flagm+pauth+ls64+tme+mops+hbc\n';

interface Verdicts {
  /** What the assembler says about each line; undefined where it takes it. */
  readonly said: readonly (string | undefined)[];
  readonly words: Uint32Array;
}

/** Lets GNU as judge lines; `lab` is a label that they can name. */
function assemble(lines: readonly string[], label = 'lab:'): Verdicts {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  try {
    const [source, object, binary] = ['lines.s', 'lines.o', 'lines.bin'].map(name => join(folder, name));
    writeFileSync(source, `${ARCHITECTURE}${lines.map(line => `\t${line}\n`).join('')}${label}\n`);
    const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
    const { stderr, status, error } = spawnSync('aarch64-linux-gnu-as', ['-o', object, source], options);
    if (error) throw new Error('aarch64-linux-gnu-as is missing: the package binutils-aarch64-linux-gnu has it.');
    const said: (string | undefined)[] = lines.map(() => undefined);
    for (const [, line, text] of stderr.matchAll(/lines\.s:(\d+): ((?:Error|Warning): .*)/g))
      said[Number(line) - 2] ??= text;
    if (status !== 0) return { said, words: new Uint32Array() };
    spawnSync('aarch64-linux-gnu-objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
    const bytes = readFileSync(binary);
    return { said, words: new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A small generator of the same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const split = (line: string): [string, string] => {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
};

/** Instructions that random values of the fields of every row print. */
function printed(perRow: number, seed: number): string[] {
  const next = numbers(seed);
  const decoder = new Decoder(instructionRows);
  const lines = new Set<string>();
  for (const row of instructionRows) {
    const { mask, value } = parsePattern(row.bits);
    for (let n = 0; n < perRow; n++) {
      const word = ((((next(65536) << 16) | next(65536)) & ~mask) | value) >>> 0;
      const decoded = decoder.decode(word);
      const text = decoded?.row.asm(decoded.fields, 0x4000_0000n).replace(/0x40[0-9a-f]{6}$|0x3[0-9a-f]{7}$/, 'lab');
      if (text && !namedOperands.has(split(text)[0]) && !/^(hint|udf)/.test(text)) lines.add(text);
    }
  }
  return [...lines];
}

const IMMEDIATES =
  '-1 0 1 3 4 8 16 31 32 63 64 127 128 255 256 -256 -257 504 512 1023 4095 4096 8192 0xfff000 32760 32768 65535 65536 -4096 0xff00 0x0f0f0f0f 0x5555555555555555 0xffffffff 0xfffffffffffffff0 1.0 0.0 2.5 0.3'.split(
    ' ',
  );
const REGISTERS = 'x3 w3 sp wsp xzr wzr lr fp x31 w32'.split(' ');
const ENDINGS = 'x1,w1,#1,lsl #1,lsl #2,sxtw,uxtw #2,lsl #12,lsl #16,eq,v1.4s,#0,lsl #0,asr #3,ror #2,msl #8'.split(
  ',',
);
const ARRANGEMENTS = '16b 8b 4h 8h 2s 4s 2d 1d'.split(' ');

/** A line with one thing changed, as a slip of the hand would. */
function slip(line: string, next: (below: number) => number): string {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)];
  const replaceOne = (pattern: RegExp, by: () => string): string => {
    const found = [...line.matchAll(pattern)];
    if (found.length === 0) return line;
    const one = pick(found);
    return line.slice(0, one.index) + by() + line.slice(one.index + one[0].length);
  };
  switch (next(6)) {
    case 0:
    case 1:
      return replaceOne(/#-?[\dxa-f.]+/g, () => `${pick(['#', ''])}${pick(IMMEDIATES)}`);
    case 2:
      return replaceOne(/\b[xw](\d+|zr)\b|\bw?sp\b/g, () => pick(REGISTERS));
    case 3: {
      const parts = line.split(', ');
      if (parts.length > 1) parts.splice(1 + next(parts.length - 1), 1);
      return parts.join(', ');
    }
    case 4:
      return `${line}, ${pick(ENDINGS)}`;
    default:
      return replaceOne(/\.(16b|8b|4h|8h|2s|4s|2d|1d)\b/g, () => `.${pick(ARRANGEMENTS)}`);
  }
}

const complaint = (line: string): string | undefined => {
  const [mnemonic, operands] = split(line);
  return checkOperands(mnemonic, tokenize(operands))?.text;
};

test('nothing is said about what the assembler takes, and most of what it refuses is found', () => {
  const next = numbers(20);
  const good = printed(3, 5);
  const lines = [...new Set([...good, ...Array.from({ length: 6000 }, () => slip(good[next(good.length)], next))])];
  const { said } = assemble(lines);
  const wrong = lines.filter((line, n) => said[n] === undefined && complaint(line) !== undefined);
  assert.deepEqual(
    wrong.map(line => `${line}: ${complaint(line)}`),
    [],
  );
  const refused = lines.filter((_, n) => said[n]?.startsWith('Error'));
  const found = refused.filter(line => complaint(line) !== undefined).length;
  assert.ok(refused.length > 1500, `${refused.length} lines were refused.`);
  assert.ok(found > 0.9 * refused.length, `${found} of ${refused.length} refused lines were found.`);
});

test('second names and what only an assembler knows are taken', () => {
  const lines = [
    'movz x0, #0',
    'movk w0, #0, lsl #16',
    'bic x0, x1, #63',
    'and w0, w1, #0xffffffffffff0000',
    'add x0, x1, #-8',
    'cmp x0, #0x1000',
    'ldr x0, =0x123456789',
    'ldr w0, [x1, #-8]',
    'ldr x0, [x1, 3]',
    'lsl x0, x1, #0',
    'ubfm x0, x1, #3, #7',
    'bfi x0, x1, #0, #4',
    'uxtw x0, w1',
    'sxtl v0.4s, v1.4h',
    'not v0.8b, v1.8b',
    'ins v0.s[1], w2',
    'umov w0, v1.s[2]',
    'dup d0, v1.d[1]',
    'mov w0, #-2',
    'mov sp, #0xff0',
    'tbz x0, #3, lab',
    'b.cs lab',
    'bcc lab',
    'b.none lab',
    "cmp w0, #'a'",
    'add x0, x1, w2, sxtw #2',
    'add x0, x1, x2, sxtb',
    'ld1 {v0.16b - v3.16b}, [x0], #64',
    'ldp x0, x1, [sp, 16]!',
    'prfm 3, [x0]',
    'fmov d0, 1.0e0',
    'csinc x0, xzr, xzr, cc',
    'isb sy',
    'ret lr',
    'str xzr, [fp, 0]',
    'adr x0, 1f; 1: nop',
  ];
  const { said } = assemble(lines);
  assert.deepEqual(said.filter(Boolean), []);
  for (const line of lines.filter(one => !/^(isb|adr)/.test(one))) {
    assert.equal(complaint(line), undefined, line);
    assert.ok(isMnemonic(split(line)[0]), line);
  }
});

test('the word of an instruction is the one that the assembler makes', () => {
  const lines = printed(1, 9).filter((line, n) => n % 5 === 0 && !line.includes('lab'));
  lines.push(
    'mov x0, #0x12340000',
    'and x3, x4, #0xff00ff00ff00ff00',
    'msr hcr_el2, x7',
    'mrs x1, esr_el2',
    'tlbi vae2is, x3',
  );
  lines.push('cset w0, cs', 'ret', 'dc zva, x0', 'fmov d1, #0.5', 'mov v1.d[1], x3', 'ldr q3, [x2, #32]');
  const { said, words } = assemble(lines);
  assert.deepEqual(
    said.filter(text => text?.startsWith('Error')),
    [],
  );
  let known = 0;
  lines.forEach((line, n) => {
    const word = encode(...split(line))?.word;
    if (word === undefined) return; // A row that is not found turned around says nothing.
    known++;
    assert.equal(word.toString(16), words[n].toString(16), line);
  });
  assert.ok(known > 0.85 * lines.length, `${known} of ${lines.length} were encoded.`);
});

test('every mnemonic and register that the assembler knows has a name here', () => {
  const later = Object.values(laterMnemonics).flatMap(names => names.trim().split(/\s+/));
  assert.ok(later.every(isMnemonic));
  const names =
    'trcconfigr trcacvr15 brbinf31_el1 amevcntvoff115_el2 csrcr_el0 mpuir_el1 erxmisc3_el1 zcr_el2 tcr2_el1'.split(' ');
  const { said } = assemble(names.map(name => `mrs x0, ${name}`).slice(0, 7));
  assert.ok(!said.some(text => text?.includes('unknown')));
  for (const name of names) assert.equal(systemName(name)?.kind, 'later', name);
  assert.equal(systemName('hcr_el4'), undefined);
});

test('registers are read-only and write-only as for the assembler', () => {
  const rows = registers.filter(
    row => !row.name.startsWith('ICV_') && !/^ID_AA64MMFR[34]/.test(row.name) && row.options.feature !== 'cortexa57',
  );
  const lines = rows.flatMap(({ name }) => [`mrs x0, ${name}`, `msr ${name}, x0`]);
  const { said } = assemble(lines);
  const differences = lines.filter((line, n) => {
    const [mnemonic, operands] = split(line);
    const complaints = checkNamedOperands(
      mnemonic,
      splitOperands(operands).map(({ text }) => text),
      undefined,
    );
    return (said[n] !== undefined) !== complaints.length > 0;
  });
  assert.deepEqual(differences, []);
});
