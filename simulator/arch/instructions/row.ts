/** What a row of the instruction tables is, and how its bit pattern is read. */

/** Values of the named bits of a pattern, and the whole word (unsigned) as `word`. */
export type Fields = Readonly<Record<string, number>>;

export interface InstructionRow {
  /** Unique: the mnemonic and what tells its encodings apart, such as `ADD_imm` or `LDR_reg`. */
  readonly id: string;
  /**
   * The 32 bits from the most significant down, in groups apart by spaces: digits 0 and 1 as they are, `x` for a bit
   * that does not matter, `name:width` for a field. `sf:1 00 100010 sh:1 imm12:12 Rn:5 Rd:5`.
   */
  readonly bits: string;
  /** The feature that brings it, as in `simulator/arch/features.ts`; none for Armv8.0. */
  readonly feature?: string;
  /** False for values of the fields that are unallocated or belong to another row. */
  readonly when?: (f: Fields) => boolean;
  /** The preferred disassembly as LLVM prints it, operands apart by ", "; `address` is that of the instruction. */
  readonly asm: (f: Fields, address: bigint) => string;
  /** What it does, in one sentence for a hover. */
  readonly does: string;
}

export interface Pattern {
  readonly mask: number;
  readonly value: number;
  readonly fields: readonly { readonly name: string; readonly shift: number; readonly mask: number }[];
}

/** Throws when the pattern has not exactly 32 bits. */
export function parsePattern(bits: string): Pattern {
  let mask = 0;
  let value = 0;
  let position = 32;
  const fields: { name: string; shift: number; mask: number }[] = [];
  for (const group of bits.trim().split(/\s+/)) {
    const field = /^(\w+):(\d+)$/.exec(group);
    if (field) {
      const width = Number(field[2]);
      position -= width;
      fields.push({ name: field[1], shift: position, mask: width === 32 ? 0xffffffff : (1 << width) - 1 });
      continue;
    }
    for (const digit of group) {
      position--;
      if (digit === 'x') continue;
      if (digit !== '0' && digit !== '1')
        throw new Error(`The pattern "${bits}" has a group "${group}" that is neither bits nor name:width.`);
      mask |= 1 << position;
      if (digit === '1') value |= 1 << position;
    }
  }
  if (position !== 0) throw new Error(`The pattern "${bits}" has ${32 - position} bits instead of 32.`);
  return { mask: mask >>> 0, value: value >>> 0, fields };
}

export function extract(pattern: Pattern, word: number): Fields {
  const fields: Record<string, number> = { word };
  for (const field of pattern.fields) fields[field.name] = (word >>> field.shift) & field.mask;
  return fields;
}
