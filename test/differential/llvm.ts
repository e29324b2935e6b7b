/**
 * LLVM's disassembler as an oracle: words drawn from the instruction tables are given to one `llvm-mc` process, and
 * its text is compared with the text of the row that decodes the word.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { Decoder } from '../../simulator/arch/instructions/decoder.ts';
import { type InstructionRow, parsePattern } from '../../simulator/arch/instructions/row.ts';
import { random } from './random.ts';

/** The features that LLVM 14 needs to know every instruction of the tables. */
const features =
  '+v8.6a,+fullfp16,+fp16fml,+bf16,+i8mm,+aes,+sha2,+sha3,+sm4,+crypto,+rcpc-immo,+rand,+predres,+sb,+ssbs,+lse,+rdm,+pauth,+jsconv,+complxnum,+dotprod,+flagm,+altnzcv,+fptoint,+ccdp,+ccpp,+spe,+ras,+lor,+pan,+pan-rwv,+vh,+nv,+tlb-rmi,+dit,+crc,+perfmon';

export interface Difference {
  readonly word: number;
  readonly ours: string;
  readonly llvm: string;
  /** Id of the row that the word was drawn from. */
  readonly row: string;
}

/** The program, or undefined when the machine has none. */
export function findLlvmMc(): string | undefined {
  for (const name of ['llvm-mc', 'llvm-mc-14', 'llvm-mc-15', 'llvm-mc-16', 'llvm-mc-17', 'llvm-mc-18', 'llvm-mc-19']) {
    if (spawnSync(name, ['--version']).status === 0) return name;
  }
  return undefined;
}

/** `count` words of every row with random field values; the row need not accept each of them. */
export function drawWords(
  rows: readonly InstructionRow[],
  count: number,
  seed: number,
): { word: number; row: string }[] {
  const next = random(seed);
  const words: { word: number; row: string }[] = [];
  for (const row of rows) {
    const { mask, value } = parsePattern(row.bits);
    for (let i = 0; i < count; i++) words.push({ word: ((next() & ~mask) | value) >>> 0, row: row.id });
  }
  return words;
}

/** White space made equal, and what LLVM prints after `//` dropped. */
export function normalise(text: string): string {
  return text
    .replace(/\/\/.*$/, '')
    .trim()
    .replace(/\s+/g, ' ');
}

/** LLVM's text of each word, normalised; an empty text for a word that it rejects. */
export function disassembleByLlvm(program: string, words: readonly number[]): string[] {
  const bytes = (word: number): string =>
    [0, 8, 16, 24].map(shift => `0x${((word >>> shift) & 255).toString(16).padStart(2, '0')}`).join(' ');
  // A marker after each word (NOP) would hide rejections; so each word is a line of input, and rejected lines are told
  // by the line number in the error stream.
  const input = words.map(bytes).join('\n');
  const result = spawnSync(program, ['--disassemble', '-triple=aarch64', `-mattr=${features}`], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (result.error) throw result.error;
  const rejected = new Set<number>();
  for (const match of result.stderr.matchAll(/^<stdin>:(\d+):\d+: warning: (?:invalid|potentially undefined)/gm)) {
    if (match[0].includes('invalid')) rejected.add(Number(match[1]) - 1);
  }
  const lines = result.stdout.split('\n').filter(line => line.startsWith('\t') && !line.startsWith('\t.'));
  const texts: string[] = [];
  let next = 0;
  for (let i = 0; i < words.length; i++) texts.push(rejected.has(i) ? '' : normalise(lines[next++] ?? ''));
  if (next !== lines.length) throw new Error(`llvm-mc printed ${lines.length} lines for ${next} accepted words.`);
  return texts;
}

/**
 * Draws `count` words of every row and compares. Words that another row of `rows` decodes first are compared as that
 * row's. `knownAs` may rewrite LLVM's text, for differences that are understood (say why there).
 */
export function compareWithLlvm(
  program: string,
  rows: readonly InstructionRow[],
  count: number,
  seed: number,
  knownAs: (llvm: string, word: number) => string = text => text,
): { compared: number; differences: Difference[] } {
  const decoder = new Decoder(rows);
  const drawn = drawWords(rows, count, seed);
  const texts = disassembleByLlvm(
    program,
    drawn.map(({ word }) => word),
  );
  const differences: Difference[] = [];
  drawn.forEach(({ word, row }, i) => {
    const decoded = decoder.decode(word);
    const ours = decoded ? normalise(decoded.row.asm(decoded.fields, 0n)) : '';
    const llvm = knownAs(texts[i], word);
    if (ours !== llvm) differences.push({ word, ours, llvm, row });
  });
  return { compared: drawn.length, differences };
}

/** The version line, for reports. */
export const llvmVersion = (program: string): string =>
  /LLVM version \S+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'LLVM';
