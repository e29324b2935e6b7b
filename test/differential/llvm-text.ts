/** Where LLVM's text of an integer instruction is written differently here, and why. */

import { byEncoding, genericName, type RegisterRow } from '../../simulator/arch/registers/index.ts';

/** `llvm-mc` prints the distance to a target; the table prints the target, which at address 0 is the same number. */
const relative = /^((?:b|bl|b\.\w\w|cbn?z|tbn?z|adrp?|ldr|ldrsw|prfm) [^[]*)#(-?\d+)$/;

/** Fields of PSTATE with one bit, by op1 and op2. */
const pstateBits: Record<string, string> = { '0 3': 'UAO', '0 4': 'PAN', '3 1': 'SSBS' };

const GENERIC = /S[0-3]_\d_C\d+_C\d+_\d/;

/** LLVM's text of a word as the tables would write it at address 0. */
export function asOurs(llvm: string, word: number): string {
  const distance = relative.exec(llvm);
  if (distance) return `${distance[1]}0x${BigInt.asUintN(64, BigInt(distance[2])).toString(16)}`;
  if (word >>> 22 !== 0xd50 >>> 2) return llvm;
  const field = (shift: number, width: number): number => (word >>> shift) & ((1 << width) - 1);
  const encoding = [field(19, 2), field(16, 3), field(12, 4), field(8, 4), field(5, 3)] as const;
  if (encoding[0] >= 2) return registerMove(llvm, word, encoding);
  // MSR (immediate) of one bit takes bit 0 of CRm (Arm ARM C5.2); LLVM knows the values 0 and 1 only.
  const name = pstateBits[`${encoding[1]} ${encoding[4]}`];
  if (encoding[0] === 0 && encoding[2] === 4 && name && GENERIC.test(llvm)) return `msr ${name}, #${encoding[3]}`;
  // XAFLAG and AXFLAG with other bits than zeros in CRm are UNDEFINED here and in QEMU.
  if (/^[xa]+flag$/.test(llvm) && encoding[3] !== 0) return '';
  // LLVM writes the unallocated rest of this space as accesses of registers that cannot exist.
  return encoding[0] === 0 && GENERIC.test(llvm) ? '' : llvm;
}

type Encoding = readonly [op0: number, op1: number, crn: number, crm: number, op2: number];

/** Each side has names for registers that the other does not know: where only one has a name, ours is taken. */
function registerMove(llvm: string, word: number, encoding: Encoding): string {
  const read = (word & 0x200000) !== 0;
  const row = byEncoding(...encoding);
  const ours = row?.kind === 'register' ? nameOf(row, read) : undefined;
  const theirs = read ? llvm.replace(/^mrs \w+, /, '') : llvm.replace(/^msr (\w+), .*/, '$1');
  if (!ours) return llvm.replace(theirs, genericName(...encoding));
  return GENERIC.test(theirs) ? llvm.replace(theirs, ours) : llvm;
}

function nameOf(row: RegisterRow, read: boolean): string | undefined {
  if (!read && row.options.writes) return row.options.writes;
  return row[read ? 'read' : 'write'] === undefined ? undefined : row.name;
}
