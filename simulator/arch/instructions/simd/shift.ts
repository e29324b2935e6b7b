/** AdvSIMD shift by immediate and its scalar form. Source: Arm ARM C4.1.96. */

import type { InstructionRow } from '../row.ts';
import { allows, allowsVector, scalar, table, vector } from './text.ts';

/** Element size (log2 of bytes) by the highest 1 bit of `immh`, which is not 0. */
export const shiftSize = (immh: number): number => 31 - Math.clz32(immh);
/** Amount of a left shift. */
export const leftAmount = (immh: number, immb: number): number => ((immh << 3) | immb) - (8 << shiftSize(immh));
/** Amount of a right shift, 1 to the element size. */
export const rightAmount = (immh: number, immb: number): number => (16 << shiftSize(immh)) - ((immh << 3) | immb);

const rows: InstructionRow[] = [];

// Mnemonic, U, opcode, sizes, sizes of the scalar form, direction, shape, meaning. `immh` is not 0: with 0 the word is a
// modified immediate.
for (const [name, u, opcode, sizes, scalarSizes, direction, shape, does] of table(
  7,
  `
  SSHR     0 00000 bhsd d    right same   Shifts signed elements right.
  USHR     1 00000 bhsd d    right same   Shifts unsigned elements right.
  SSRA     0 00010 bhsd d    right same   Shifts signed elements right and adds them to the destination.
  USRA     1 00010 bhsd d    right same   Shifts unsigned elements right and adds them to the destination.
  SRSHR    0 00100 bhsd d    right same   Shifts signed elements right, rounded.
  URSHR    1 00100 bhsd d    right same   Shifts unsigned elements right, rounded.
  SRSRA    0 00110 bhsd d    right same   Shifts signed elements right, rounded, and adds them to the destination.
  URSRA    1 00110 bhsd d    right same   Shifts unsigned elements right, rounded, and adds them to the destination.
  SRI      1 01000 bhsd d    right same   Shifts right and inserts below the remaining bits of the destination.
  SHL      0 01010 bhsd d    left  same   Shifts left.
  SLI      1 01010 bhsd d    left  same   Shifts left and inserts above the remaining bits of the destination.
  SQSHLU   1 01100 bhsd bhsd left  same   Shifts signed elements left and saturates to unsigned.
  SQSHL    0 01110 bhsd bhsd left  same   Shifts signed elements left and saturates.
  UQSHL    1 01110 bhsd bhsd left  same   Shifts unsigned elements left and saturates.
  SHRN     0 10000 bhs  -    right narrow Shifts right and keeps the low halves.
  SQSHRUN  1 10000 bhs  bhs  right narrow Shifts signed elements right, narrows and saturates to unsigned.
  RSHRN    0 10001 bhs  -    right narrow Shifts right, rounds and keeps the low halves.
  SQRSHRUN 1 10001 bhs  bhs  right narrow Shifts signed elements right, rounds, narrows and saturates to unsigned.
  SQSHRN   0 10010 bhs  bhs  right narrow Shifts signed elements right, narrows and saturates.
  UQSHRN   1 10010 bhs  bhs  right narrow Shifts unsigned elements right, narrows and saturates.
  SQRSHRN  0 10011 bhs  bhs  right narrow Shifts signed elements right, rounds, narrows and saturates.
  UQRSHRN  1 10011 bhs  bhs  right narrow Shifts unsigned elements right, rounds, narrows and saturates.
  SSHLL    0 10100 bhs  -    left  long   Shifts signed elements left, in twice the width.
  USHLL    1 10100 bhs  -    left  long   Shifts unsigned elements left, in twice the width.
  SCVTF    0 11100 hsd  hsd  right same   Converts signed fixed-point to floating-point.
  UCVTF    1 11100 hsd  hsd  right same   Converts unsigned fixed-point to floating-point.
  FCVTZS   0 11111 hsd  hsd  right same   Converts floating-point to signed fixed-point, towards zero.
  FCVTZU   1 11111 hsd  hsd  right same   Converts floating-point to unsigned fixed-point, towards zero.
`,
)) {
  const mnemonic = name.toLowerCase();
  const amount = direction === 'left' ? leftAmount : rightAmount;
  // Half precision is a row of its own, since a feature brings it.
  const isFloat = name.includes('CV');
  const variants = isFloat ? ['', '_half'] : [''];
  for (const variant of variants) {
    const among = (allowed: string): string => (!isFloat ? allowed : variant ? 'h' : 'sd');
    const feature = variant ? { feature: 'FEAT_FP16' } : {};
    rows.push({
      id: `${name}_shift_vec${variant}`,
      bits: `0 Q:1 ${u} 011110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5`,
      ...feature,
      when: f =>
        f.immh !== 0 &&
        (shape === 'same'
          ? allowsVector(among(sizes), shiftSize(f.immh), f.Q)
          : allows(among(sizes), shiftSize(f.immh))),
      asm: f => {
        const size = shiftSize(f.immh);
        const by = amount(f.immh, f.immb);
        const two = f.Q ? '2' : '';
        if (shape === 'narrow')
          return `${mnemonic}${two} ${vector(f.Rd, size, f.Q)}, ${vector(f.Rn, size + 1, 1)}, #${by}`;
        if (shape === 'long')
          return `${mnemonic}${two} ${vector(f.Rd, size + 1, 1)}, ${vector(f.Rn, size, f.Q)}, #${by}`;
        return `${mnemonic} ${vector(f.Rd, size, f.Q)}, ${vector(f.Rn, size, f.Q)}, #${by}`;
      },
      does,
    });
    if (!scalarSizes) continue;
    rows.push({
      id: `${name}_shift_scalar${variant}`,
      bits: `01 ${u} 111110 immh:4 immb:3 ${opcode} 1 Rn:5 Rd:5`,
      ...feature,
      when: f => f.immh !== 0 && allows(among(scalarSizes), shiftSize(f.immh)),
      asm: f => {
        const size = shiftSize(f.immh);
        const from = shape === 'narrow' ? size + 1 : size;
        return `${mnemonic} ${scalar(f.Rd, size)}, ${scalar(f.Rn, from)}, #${amount(f.immh, f.immb)}`;
      },
      does,
    });
  }
}

export const shiftRows: readonly InstructionRow[] = rows;
