import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import { instructions, laterRegister, registers } from '../../simulator/arch/registers/index.ts';
import { compareWithLlvm, disassembleByLlvm, findLlvmMc, normalise } from './llvm.ts';
import { asOurs } from './llvm-text.ts';
import { random } from './random.ts';

const program = findLlvmMc();
const skip = program ? false : 'llvm-mc is not installed.';
const decoder = new Decoder(integerRows);

/** Words whose text differs from LLVM's, as lines. */
function differing(words: readonly number[]): string[] {
  const texts = disassembleByLlvm(program as string, words);
  return words.flatMap((word, i) => {
    const decoded = decoder.decode(word);
    const ours = decoded ? normalise(decoded.row.asm(decoded.fields, 0n)) : '';
    const llvm = asOurs(texts[i], word);
    return ours === llvm || isOtherwiseNamed(word) ? [] : [`${word.toString(16)}: "${ours}" here, "${llvm}" by LLVM`];
  });
}

/** WFET and WFIT are younger than this LLVM's feature list; registers of later extensions have names here only. */
function isOtherwiseNamed(word: number): boolean {
  if ((word & 0xffffffc0) >>> 0 === 0xd5031000) return true;
  const field = (shift: number, width: number): number => (word >>> shift) & ((1 << width) - 1);
  return (
    word >>> 22 === 0xd50 >>> 2 &&
    laterRegister(field(19, 2), field(16, 3), field(12, 4), field(8, 4), field(5, 3)) !== undefined
  );
}

test('every integer row is written as LLVM writes it', { skip }, () => {
  const { compared, differences } = compareWithLlvm(program as string, integerRows, 64, 1, asOurs);
  assert.ok(compared > 64 * 400);
  const unexplained = differences.filter(({ word }) => !isOtherwiseNamed(word));
  assert.deepEqual(unexplained, []);
});

test('every system register and system instruction is written as LLVM writes it', { skip }, () => {
  const words = [
    ...registers.flatMap(row => [0, 1].map(read => encode(row, read, 3))),
    ...instructions.flatMap(row => [3, 31].map(rt => encode(row, 0, rt))),
  ];
  assert.deepEqual(differing(words), []);
});

interface Encoded {
  readonly op0: number;
  readonly op1: number;
  readonly crn: number;
  readonly crm: number;
  readonly op2: number;
}
const encode = (row: Encoded, read: number, rt: number): number =>
  (0xd5000000 |
    (read << 21) |
    (row.op0 << 19) |
    (row.op1 << 16) |
    (row.crn << 12) |
    (row.crm << 8) |
    (row.op2 << 5) |
    rt) >>>
  0;

test('a random word outside of FP and AdvSIMD data processing is rejected exactly if LLVM rejects it', { skip }, () => {
  const next = random(3);
  const words: number[] = [];
  while (words.length < 20_000) {
    const word = next();
    const op0 = (word >>> 25) & 15;
    if ((op0 & 7) !== 7 && ((op0 & 12) !== 0 || op0 === 0)) words.push(word);
  }
  assert.deepEqual(differing(words), []);
});
