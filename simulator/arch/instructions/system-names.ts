/** Names of system registers and system instructions in a disassembly. */

import { x } from './operands.ts';
import type { Fields } from './row.ts';

/** The name of the register that MRS or MSR names, or the generic form. */
export function systemRegisterText(f: Fields): string {
  return `S${2 + f.o0}_${f.op1}_C${f.CRn}_C${f.CRm}_${f.op2}`;
}

export function systemInstructionText(f: Fields): string {
  const register = f.Rt === 31 ? '' : `, ${x(f.Rt)}`;
  return `sys #${f.op1}, c${f.CRn}, c${f.CRm}, #${f.op2}${register}`;
}
