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
      const mask = pattern.mask >>> 21;
      const value = pattern.value >>> 21;
      for (let top = 0; top < 2048; top++) if ((top & mask) === value) this.#buckets[top].push({ row, pattern });
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
