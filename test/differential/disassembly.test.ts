import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import { fpSimdRows } from '../../simulator/arch/instructions/fp-simd.ts';
import { compareWithLlvm, disassembleByLlvm, findLlvmMc, normalise } from './llvm.ts';
import { random } from './random.ts';
import { sample } from './sample.ts';

const program = findLlvmMc();
const skip = program ? false : 'llvm-mc is not installed.';
const { seed, fpSimdWords: wordsPerRow } = sample;

const show = (word: number, ours: string, llvm: string): string =>
  `${word.toString(16).padStart(8, '0')}: "${ours}" here, "${llvm}" by LLVM`;

test('every floating-point and SIMD row is written as LLVM writes it', { skip }, () => {
  const { compared, differences } = compareWithLlvm(program as string, fpSimdRows, wordsPerRow, seed);
  assert.equal(compared, fpSimdRows.length * wordsPerRow);
  assert.deepEqual(
    differences.map(({ word, ours, llvm }) => show(word, ours, llvm)),
    [],
  );
});

test('a random word of FP and AdvSIMD data processing is accepted exactly if LLVM accepts it', { skip }, () => {
  const next = random(seed + 1);
  const decoder = new Decoder(fpSimdRows);
  // Bits 28:25 are x111 (Arm ARM C4.1).
  const words = Array.from({ length: sample.randomFpSimdWords }, () => (next() | 0x0e000000) >>> 0);
  const found: string[] = [];
  for (const [i, llvm] of disassembleByLlvm(program as string, words).entries()) {
    const decoded = decoder.decode(words[i]);
    const ours = decoded ? normalise(decoded.row.asm(decoded.fields, 0n)) : '';
    if (ours !== llvm) found.push(show(words[i], ours, llvm));
  }
  assert.deepEqual(found, []);
});
