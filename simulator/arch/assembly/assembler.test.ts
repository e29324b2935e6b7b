import assert from 'node:assert/strict';
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
import { assemble, numbers, slip, split } from './testing/gnu-as.ts';

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
    'mov x0, x1, lsl #2',
    'mov w0, wzr, ror #31',
    'movi v0.2d, #-256',
    'movi d0, #0xff00ff0000ff',
    'add sp, x1, w3',
    'subs x0, sp, w3',
    'cmp sp, w3',
    'ubfx x0, x1, #63, #1',
    'sbfx w0, w1, #31, #1',
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
