import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import { instructions, registers } from '../../simulator/arch/registers/index.ts';
import { isOtherwiseNamed } from './known-differences.ts';
import { compareWithLlvm, disassembleByLlvm, findLlvmMc, normalise } from './llvm.ts';
import { asOurs } from './llvm-text.ts';
import { random } from './random.ts';
import { sample } from './sample.ts';

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

test('every integer row is written as LLVM writes it', { skip }, () => {
  const { compared, differences } = compareWithLlvm(
    program as string,
    integerRows,
    sample.integerWords,
    sample.seed,
    asOurs,
  );
  assert.equal(compared, sample.integerWords * integerRows.length);
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
  const next = random(sample.seed + 2);
  const words: number[] = [];
  while (words.length < sample.randomIntegerWords) {
    const word = next();
    const op0 = (word >>> 25) & 15;
    if ((op0 & 7) !== 7 && ((op0 & 12) !== 0 || op0 === 0)) words.push(word);
  }
  assert.deepEqual(differing(words), []);
});
