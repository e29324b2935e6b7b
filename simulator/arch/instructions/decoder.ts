/** Finds the row of an instruction word. */

import { extract, type Fields, type InstructionRow, type Pattern, parsePattern } from './row.ts';

export interface Decoded {
  readonly row: InstructionRow;
  readonly fields: Fields;
}

/**
 * A decoder over rows. Rows may overlap: the first that matches and whose `when` holds is taken, so narrower rows
 * stand before wider ones. Words are bucketed by bits 31:21, which leaves a handful of rows to try.
 */
export class Decoder {
  readonly #buckets: { row: InstructionRow; pattern: Pattern }[][] = Array.from({ length: 2048 }, () => []);

  constructor(readonly rows: readonly InstructionRow[]) {
    for (const row of rows) {
      const pattern = parsePattern(row.bits);
      const value = pattern.value >>> 21;
      const open = ~(pattern.mask >>> 21) & 2047;
      // All values of the bits that are open, from all ones down.
      for (let rest = open; ; rest = (rest - 1) & open) {
        this.#buckets[value | rest].push({ row, pattern });
        if (rest === 0) break;
      }
    }
  }

  decode(word: number): Decoded | undefined {
    for (const { row, pattern } of this.#buckets[word >>> 21]) {
      if ((word & pattern.mask) >>> 0 !== pattern.value) continue;
      const fields = extract(pattern, word);
      if (!row.when || row.when(fields)) return { row, fields };
    }
    return undefined;
  }
}
