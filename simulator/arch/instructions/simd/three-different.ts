/** AdvSIMD three different: long, wide and narrow forms. Source: Arm ARM C4.1.96. */

import type { InstructionRow } from '../row.ts';
import { allows, scalar, table, vector } from './text.ts';

// Mnemonic, U, opcode, sizes of the narrow elements, shape: long (2 narrow to wide), wide (wide and narrow to wide),
// narrow (2 wide to narrow).
const rows: InstructionRow[] = [];

for (const [name, u, opcode, sizes, shape, does] of table(
  5,
  `
  SADDL   0 0000 bhs long   Adds signed elements to elements of twice the width.
  UADDL   1 0000 bhs long   Adds unsigned elements to elements of twice the width.
  SADDW   0 0001 bhs wide   Adds signed elements to elements of twice their width.
  UADDW   1 0001 bhs wide   Adds unsigned elements to elements of twice their width.
  SSUBL   0 0010 bhs long   Subtracts signed elements to elements of twice the width.
  USUBL   1 0010 bhs long   Subtracts unsigned elements to elements of twice the width.
  SSUBW   0 0011 bhs wide   Subtracts signed elements from elements of twice their width.
  USUBW   1 0011 bhs wide   Subtracts unsigned elements from elements of twice their width.
  ADDHN   0 0100 bhs narrow Adds elements and keeps the high halves.
  RADDHN  1 0100 bhs narrow Adds elements and keeps the rounded high halves.
  SABAL   0 0101 bhs long   Adds absolute differences of signed elements to elements of twice the width.
  UABAL   1 0101 bhs long   Adds absolute differences of unsigned elements to elements of twice the width.
  SUBHN   0 0110 bhs narrow Subtracts elements and keeps the high halves.
  RSUBHN  1 0110 bhs narrow Subtracts elements and keeps the rounded high halves.
  SABDL   0 0111 bhs long   Takes absolute differences of signed elements, in twice the width.
  UABDL   1 0111 bhs long   Takes absolute differences of unsigned elements, in twice the width.
  SMLAL   0 1000 bhs long   Adds products of signed elements to elements of twice the width.
  UMLAL   1 1000 bhs long   Adds products of unsigned elements to elements of twice the width.
  SQDMLAL 0 1001 hs  long   Adds doubled products of signed elements to elements of twice the width, saturated.
  SMLSL   0 1010 bhs long   Subtracts products of signed elements from elements of twice the width.
  UMLSL   1 1010 bhs long   Subtracts products of unsigned elements from elements of twice the width.
  SQDMLSL 0 1011 hs  long   Subtracts doubled products of signed elements from elements of twice the width, saturated.
  SMULL   0 1100 bhs long   Multiplies signed elements, in twice the width.
  UMULL   1 1100 bhs long   Multiplies unsigned elements, in twice the width.
  SQDMULL 0 1101 hs  long   Doubles products of signed elements, in twice the width, saturated.
  PMULL   0 1110 b   long   Multiplies elements as polynomials over {0, 1}, in twice the width.
`,
)) {
  const mnemonic = name.toLowerCase();
  rows.push({
    id: `${name}_vec`,
    bits: `0 Q:1 ${u} 01110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5`,
    when: f => allows(sizes, f.size),
    asm: f => {
      const wideText = vector(f.Rd, f.size + 1, 1);
      const two = f.Q ? '2' : '';
      if (shape === 'narrow') {
        return `${mnemonic}${two} ${vector(f.Rd, f.size, f.Q)}, ${vector(f.Rn, f.size + 1, 1)}, ${vector(f.Rm, f.size + 1, 1)}`;
      }
      const first = shape === 'wide' ? vector(f.Rn, f.size + 1, 1) : vector(f.Rn, f.size, f.Q);
      return `${mnemonic}${two} ${wideText}, ${first}, ${vector(f.Rm, f.size, f.Q)}`;
    },
    does,
  });
  if (name.startsWith('SQD')) {
    rows.push({
      id: `${name}_scalar`,
      bits: `01 ${u} 11110 size:2 1 Rm:5 ${opcode} 00 Rn:5 Rd:5`,
      when: f => allows(sizes, f.size),
      asm: f => `${mnemonic} ${scalar(f.Rd, f.size + 1)}, ${scalar(f.Rn, f.size)}, ${scalar(f.Rm, f.size)}`,
      does,
    });
  }
}

rows.push({
  id: 'PMULL_vec_double',
  bits: '0 Q:1 0 01110 11 1 Rm:5 1110 00 Rn:5 Rd:5',
  feature: 'FEAT_PMULL',
  asm: f => `pmull${f.Q ? '2' : ''} v${f.Rd}.1q, ${vector(f.Rn, 3, f.Q)}, ${vector(f.Rm, 3, f.Q)}`,
  does: 'Multiplies 64-bit polynomials over {0, 1}, to 128 bits.',
});

export const threeDifferentRows: readonly InstructionRow[] = rows;
