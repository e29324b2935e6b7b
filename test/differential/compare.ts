/** The families of instructions that are compared with QEMU, and the comparison, for the tests and for the long form. */

import { fpSimdRows } from '../../simulator/arch/instructions/fp-simd.ts';
import { integerRows } from '../../simulator/arch/instructions/integer.ts';
import type { InstructionRow } from '../../simulator/arch/instructions/row.ts';
import { fpSimdHandlers, fpSimdLowerings } from '../../simulator/engine/semantics/fp-simd.ts';
import { integerHandlers, integerLowerings } from '../../simulator/engine/semantics/integer-index.ts';
import { FpSimdCases } from './draw-fp-simd.ts';
import { IntegerCases } from './draw-integer.ts';
import { correctQemu, ownAlgorithm } from './known-differences.ts';
import { random } from './random.ts';
import { batchSize, type Case, differences, EngineUnderTest, type Outcome, runOnQemu } from './single-instructions.ts';

export interface Family {
  readonly name: string;
  /** The rows that are compared. */
  readonly rows: readonly InstructionRow[];
  readonly createEngine: () => EngineUnderTest;
  /** Draws a case for a row at a place in its batch; undefined where the drawn word is not to be executed. */
  readonly drawWith: (seed: number) => (row: InstructionRow, index: number) => Case | undefined;
}

export const integerFamily: Family = {
  name: 'integer, branches, loads and stores',
  rows: integerRows.filter(({ id }) => integerLowerings[id] && !ownAlgorithm.rows.test(id)),
  createEngine: () => new EngineUnderTest(integerRows, integerHandlers, integerLowerings),
  drawWith: seed => {
    const cases = new IntegerCases(integerRows, integerLowerings, random(seed));
    return (row, index) => cases.draw(row, index);
  },
};

export const fpSimdFamily: Family = {
  name: 'floating point and SIMD',
  rows: fpSimdRows,
  createEngine: () => new EngineUnderTest(fpSimdRows, fpSimdHandlers, fpSimdLowerings),
  drawWith: seed => {
    const cases = new FpSimdCases(fpSimdRows, random(seed));
    return row => cases.draw(row);
  },
};

/** A case whose outcome is another one than in QEMU. */
export interface Difference {
  readonly case: Case;
  /** Its place in the batch, which addresses depend on. */
  readonly index: number;
  readonly ours: Outcome;
  readonly theirs: Outcome;
  readonly texts: readonly string[];
}

/** What a batch gave. */
export interface Compared {
  readonly cases: number;
  /** Cases with a known difference, which were not compared. */
  readonly leftOut: number;
  readonly differences: readonly Difference[];
}

/** Runs at most `batchSize` cases on both sides. */
export function compareCases(program: string, engine: EngineUnderTest, cases: readonly Case[]): Compared {
  const theirs = runOnQemu(program, cases);
  const found: Difference[] = [];
  let leftOut = 0;
  for (const [index, ours] of engine.run(cases).entries()) {
    if (!correctQemu(cases[index], theirs[index])) {
      leftOut++;
      continue;
    }
    const texts = differences(ours, theirs[index]);
    if (texts.length) found.push({ case: cases[index], index, ours, theirs: theirs[index], texts });
  }
  return { cases: cases.length, leftOut, differences: found };
}

/** Draws `wordsPerRow` cases for every row of a family and compares them, batch by batch. Throws where too few can be drawn. */
export function* compareFamily(
  program: string,
  family: Family,
  engine: EngineUnderTest,
  wordsPerRow: number,
  seed: number,
): Generator<Compared> {
  const draw = family.drawWith(seed);
  let batch: Case[] = [];
  for (const row of family.rows) {
    let drawn = 0;
    for (let tries = 0; drawn < wordsPerRow && tries < wordsPerRow * 60 + 200; tries++) {
      const next = draw(row, batch.length);
      if (!next) continue;
      drawn++;
      batch.push(next);
      if (batch.length < batchSize) continue;
      yield compareCases(program, engine, batch);
      batch = [];
    }
    if (drawn < wordsPerRow) throw new Error(`Only ${drawn} words of ${row.id} could be drawn.`);
  }
  if (batch.length) yield compareCases(program, engine, batch);
}

/** All of it at once: the cases with their differences, as sentences. */
export function compareAll(program: string, family: Family, wordsPerRow: number, seed: number): string[] {
  const found: string[] = [];
  for (const batch of compareFamily(program, family, family.createEngine(), wordsPerRow, seed)) {
    for (const one of batch.differences) found.push(...one.texts.map(text => `${one.case.name}: ${text}`));
  }
  return found;
}
