/** Branches: Arm ARM C4.1, "Branches, Exception Generating and System instructions", without the latter two. */

import { conditions, general, signed, target, x } from './operands.ts';
import type { Fields, InstructionRow } from './row.ts';

/** Distance to the target in bytes. */
export const branchDistance = (f: Fields): number => {
  if (f.imm26 !== undefined) return signed(f.imm26, 26) * 4;
  return f.imm19 !== undefined ? signed(f.imm19, 19) * 4 : signed(f.imm14, 14) * 4;
};
/** The bit that TBZ and TBNZ test. */
export const testedBit = (f: Fields): number => (f.b5 << 5) | f.b40;

const compareAndBranch = (name: string, op: 0 | 1, does: string): InstructionRow => ({
  id: name.toUpperCase(),
  bits: `sf:1 011010 ${op} imm19:19 Rt:5`,
  asm: (f, address) => `${name} ${general(f.sf ? 64 : 32, f.Rt)}, ${target(address, branchDistance(f))}`,
  does,
});

const testAndBranch = (name: string, op: 0 | 1, does: string): InstructionRow => ({
  id: name.toUpperCase(),
  bits: `b5:1 011011 ${op} b40:5 imm14:14 Rt:5`,
  asm: (f, address) =>
    `${name} ${general(f.b5 ? 64 : 32, f.Rt)}, #${testedBit(f)}, ${target(address, branchDistance(f))}`,
  does,
});

export const branchRows: readonly InstructionRow[] = [
  {
    id: 'B',
    bits: '0 00101 imm26:26',
    asm: (f, address) => `b ${target(address, branchDistance(f))}`,
    does: 'Branches.',
  },
  {
    id: 'BL',
    bits: '1 00101 imm26:26',
    asm: (f, address) => `bl ${target(address, branchDistance(f))}`,
    does: 'Branches and puts the return address into X30.',
  },
  {
    id: 'B_cond',
    bits: '01010100 imm19:19 0 cond:4',
    asm: (f, address) => `b.${conditions[f.cond]} ${target(address, branchDistance(f))}`,
    does: 'Branches if a condition holds.',
  },
  compareAndBranch('cbz', 0, 'Branches if a register is zero.'),
  compareAndBranch('cbnz', 1, 'Branches if a register is not zero.'),
  testAndBranch('tbz', 0, 'Branches if a bit of a register is 0.'),
  testAndBranch('tbnz', 1, 'Branches if a bit of a register is 1.'),
  {
    id: 'BR',
    bits: '1101011 0000 11111 000000 Rn:5 00000',
    asm: f => `br ${x(f.Rn)}`,
    does: 'Branches to the address in a register.',
  },
  {
    id: 'BLR',
    bits: '1101011 0001 11111 000000 Rn:5 00000',
    asm: f => `blr ${x(f.Rn)}`,
    does: 'Branches to the address in a register and puts the return address into X30.',
  },
  {
    id: 'RET',
    bits: '1101011 0010 11111 000000 Rn:5 00000',
    asm: f => (f.Rn === 30 ? 'ret' : `ret ${x(f.Rn)}`),
    does: 'Returns from a subroutine: branches to the address in a register.',
  },
];
