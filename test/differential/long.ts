/**
 * The long form of the differential tests: `npm run difftest -- --minutes N --seed S`. Rounds of drawn cases of every
 * instruction row go through this engine and qemu-aarch64, and drawn words through both disassemblers, until the time
 * is over or something differs. The first difference is printed as a reproducer, and the program ends with 1.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fpSimdRows } from '../../simulator/arch/instructions/fp-simd.ts';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import { compareCases, compareFamily, type Difference, type Family, fpSimdFamily, integerFamily } from './compare.ts';
import { isOtherwiseNamed } from './known-differences.ts';
import { compareWithLlvm, findLlvmMc } from './llvm.ts';
import { asOurs } from './llvm-text.ts';
import { type Case, findQemu, type Outcome, type State } from './single-instructions.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** What the recorded runs proved, one for each seed; docs/coverage.md tells it. */
const recordFile = join(root, 'test/differential/long-run.json');
const reproducerFile = join(root, 'build/difftest.json');

const USAGE = `usage: npm run difftest -- [--minutes N] [--seed S] [--words W] [--record]
       npm run difftest -- --case FILE

  --minutes N   ends after N minutes, 10 when left out
  --seed S      draws other words and operands, 1 when left out
  --words W     ends as soon as W words of every row were executed, too
  --record      adds what was compared to test/differential/long-run.json, for docs/coverage.md; other seeds draw
                other words, so that runs add up
  --case FILE   runs one case again, from the file that a difference leaves behind`;

/** Words of every row in a round. A round draws from a seed of its own. */
const WORDS_PER_ROUND = 20;

export interface LongRun {
  readonly seed: number;
  /** Words of every row that were executed on both sides. */
  readonly wordsPerRow: number;
  readonly rows: number;
  readonly cases: number;
  /** Cases left out for a known difference. */
  readonly leftOut: number;
  /** Words that both sides disassembled. */
  readonly words: number;
}

const families: readonly Family[] = [integerFamily, fpSimdFamily];
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

interface Settings {
  readonly qemu: string;
  readonly llvm: string;
  readonly seed: number;
  readonly end: number;
  readonly words: number;
}

/** Runs rounds; undefined after a difference, which it has printed. */
function runRounds({ qemu, llvm, seed, end, words }: Settings): LongRun | undefined {
  const engines = families.map(family => family.createEngine());
  const rows = families.reduce((sum, family) => sum + family.rows.length, 0);
  const total = { cases: 0, leftOut: 0, words: 0 };
  for (let round = 0; ; round++) {
    const wordsPerRow = round * WORDS_PER_ROUND;
    if (wordsPerRow >= words || Date.now() >= end) return { seed, rows, wordsPerRow, ...total };
    const roundSeed = (Math.imul(seed, 0x9e3779b1) + round) >>> 0;
    for (const [n, family] of families.entries()) {
      for (const batch of compareFamily(qemu, family, engines[n], WORDS_PER_ROUND, roundSeed)) {
        total.cases += batch.cases;
        total.leftOut += batch.leftOut;
        if (batch.differences.length) {
          report(batch.differences[0], n, `seed ${seed}, round ${round}`);
          return undefined;
        }
        if (Date.now() >= end) return { seed, rows, wordsPerRow, ...total };
      }
    }
    const text = firstTextDifference(llvm, roundSeed);
    if (text) {
      console.log(`${text}\nFound with seed ${seed} in round ${round}.`);
      return undefined;
    }
    total.words += WORDS_PER_ROUND * (integerRows.length + fpSimdRows.length);
    console.log(`round ${round}: ${total.cases} cases, ${total.words} words, no difference`);
  }
}

function firstTextDifference(llvm: string, seed: number): string | undefined {
  for (const rows of [integerRows, fpSimdRows]) {
    const { differences } = compareWithLlvm(llvm, rows, WORDS_PER_ROUND, seed, asOurs);
    const first = differences.find(({ word }) => !isOtherwiseNamed(word));
    if (first) {
      const word = first.word.toString(16).padStart(8, '0');
      return `The word ${word} of the row ${first.row} is "${first.ours}" here and "${first.llvm}" by LLVM.`;
    }
  }
  return undefined;
}

function report(difference: Difference, family: number, where: string): void {
  const { case: one, index, ours, theirs, texts } = difference;
  mkdirSync(dirname(reproducerFile), { recursive: true });
  writeFileSync(reproducerFile, serialise({ family, index, case: one }));
  console.log(`Difference in ${one.name}, ${where}:`);
  for (const text of texts) console.log(`  ${text}`);
  console.log(`\nwords  ${one.words.map(word => hex(word)).join(' ')}`);
  printState('before', one.before);
  printState('here', ours);
  printState('QEMU', theirs);
  console.log(`\nRun it again: npm run difftest -- --case ${reproducerFile}`);
}

function printState(name: string, state: State | Outcome): void {
  console.log(`\n${name}`);
  for (let n = 0; n < 31; n += 4) {
    const part = state.x.slice(n, n + 4).map((value, i) => `X${n + i}=${hex(value)}`);
    console.log(`  ${part.join(' ')}`);
  }
  console.log(
    `  SP=${hex(state.sp)} NZCV=${hex(state.nzcv)} FPCR=${hex(state.fpcr ?? 0)} FPSR=${hex(state.fpsr ?? 0)}`,
  );
  for (let n = 0; n < 32; n += 2) {
    const v = [n, n + 1].map(i => `V${i}=${hex((state.v[2 * i + 1] << 64n) | state.v[2 * i])}`);
    console.log(`  ${v.join(' ')}`);
  }
}

interface StoredCase {
  readonly family: number;
  readonly index: number;
  readonly case: Case;
}

const serialise = (stored: StoredCase): string =>
  JSON.stringify(stored, (_, value) => {
    if (typeof value === 'bigint') return `${value}n`;
    return value instanceof Uint8Array ? { bytes: [...value] } : value;
  });

const deserialise = (text: string): StoredCase =>
  JSON.parse(text, (_, value) => {
    if (typeof value === 'string' && /^-?\d+n$/.test(value)) return BigInt(value.slice(0, -1));
    return Array.isArray(value?.bytes) ? Uint8Array.from(value.bytes) : value;
  });

/** Runs one stored case at its place in a batch. True when there is no difference. */
function runAgain(qemu: string, file: string): boolean {
  const stored = deserialise(readFileSync(file, 'utf8'));
  const { before } = stored.case;
  const filler: Case = { name: 'nothing', words: [], before };
  const cases = [...Array.from({ length: stored.index }, () => filler), stored.case];
  const { differences } = compareCases(qemu, families[stored.family].createEngine(), cases);
  const found = differences.find(({ index }) => index === stored.index);
  if (found) report(found, stored.family, `from ${file}`);
  else console.log(`${stored.case.name} gives the same on both sides.`);
  return found === undefined;
}

function record(run: LongRun): void {
  const known: readonly LongRun[] = JSON.parse(readFileSync(recordFile, 'utf8'));
  const runs = [...known.filter(({ seed }) => seed !== run.seed), run];
  writeFileSync(recordFile, `${JSON.stringify(runs, undefined, 2)}\n`);
}

function numberOf(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} takes a number, not "${text}".`);
}

function main(): boolean {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      words: { type: 'string' },
      record: { type: 'boolean' },
      case: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  const qemu = findQemu();
  if (!qemu) throw new Error("qemu-aarch64 is not on the PATH: install Debian's package qemu-user.");
  if (values.case !== undefined) return runAgain(qemu, values.case);
  const llvm = findLlvmMc();
  if (!llvm) throw new Error("llvm-mc is not on the PATH: install Debian's package llvm.");
  const run = runRounds({
    qemu,
    llvm,
    seed: numberOf('seed', values.seed, 1),
    end: Date.now() + numberOf('minutes', values.minutes, 10) * 60_000,
    words: numberOf('words', values.words, Number.MAX_SAFE_INTEGER),
  });
  if (!run) return false;
  console.log(
    `${run.cases} cases, ${run.wordsPerRow} words of each of ${run.rows} rows, and ${run.words} disassembled words: no difference.`,
  );
  if (values.record) record(run);
  return true;
}

try {
  process.exitCode = main() ? 0 : 1;
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 2;
}
