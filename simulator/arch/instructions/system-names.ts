/** Names of system registers and system instructions in a disassembly. */

import { byEncoding, genericName, laterRegister } from '../registers/index.ts';
import { x } from './operands.ts';
import type { Fields } from './row.ts';

/** The name of the register that MRS or MSR names; the generic form for one that nobody knows, or not in this direction. */
export function systemRegisterText(f: Fields, direction: 'read' | 'write'): string {
  const encoding = [2 + f.o0, f.op1, f.CRn, f.CRm, f.op2] as const;
  const row = byEncoding(...encoding);
  if (row?.kind !== 'register') return laterRegister(...encoding)?.name ?? genericName(...encoding);
  if (direction === 'write' && row.options.writes) return row.options.writes;
  return row[direction] === undefined ? genericName(...encoding) : row.name;
}

/** SYS by the name of the instruction, such as `tlbi vae1is, x0`. */
export function systemInstructionText(f: Fields): string {
  const row = byEncoding(1, f.op1, f.CRn, f.CRm, f.op2);
  if (row?.kind === 'instruction') {
    return `${row.name.toLowerCase()}${row.argument ? `, ${x(f.Rt)}` : ''}`;
  }
  const register = f.Rt === 31 ? '' : `, ${x(f.Rt)}`;
  return `sys #${f.op1}, c${f.CRn}, c${f.CRm}, #${f.op2}${register}`;
}
