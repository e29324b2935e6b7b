/** System registers inside of C and C++: in inline assembly, and as arguments of macros that read and write them. */

import { checkRegisterName, systemName } from '../../simulator/arch/assembly/names.ts';
import type { Features } from '../../simulator/arch/features.ts';
import { byName, type RegisterRow } from '../../simulator/arch/registers/index.ts';
import { type Completion, registerCompletions } from './completion.ts';
import type { Problem } from './diagnostics.ts';
import type { Position } from './document.ts';

/** `\\n` and `\\t` in a string separate words: they are blanked, place by place. */
const withoutEscapes = (line: string): string => line.replace(/\\[ntr]/g, '  ');

/** A register by a name in C: as in assembly, or behind a prefix such as SYS_. Plain words only where they must be one. */
export function registerInC(
  line: string,
  word: { readonly text: string; readonly start: number },
): RegisterRow | undefined {
  const name = word.text.replace(/^SYS_/, '');
  if (!/_EL\d{1,2}$/i.test(name) && !isAccess(line, word.start)) return undefined;
  const known = systemName(name);
  return known?.kind === 'register' ? known.row : byName(name);
}

/** Whether a place is where a system register is named: an operand of MRS or MSR, or an argument of an access macro. */
function isAccess(line: string, at: number): boolean {
  const before = withoutEscapes(line.slice(0, at));
  return /\b(mrs\s+[^,"]*,\s*|msr\s+)$/i.test(before) || ACCESSOR.test(before);
}

/** `read_sysreg(`, `write_sysreg(value, `, `read_`hcr_el2`()` and the like. */
const ACCESSOR =
  /\b(?:\w*(?:read|write|get|set)\w*(?:sys_?reg|sysreg_\w+|special_reg|READ_SPECIALREG)\w*|(?:READ|WRITE)_(?:SYSREG\w*|SPECIALREG)|\w*sysreg\w*)\s*\((?:[^()]*,)?\s*$/i;

export function completionsInC(line: string, { character }: Position): readonly Completion[] {
  const before = withoutEscapes(line.slice(0, character)).replace(/\w*$/, '');
  if (/\bmrs\s+[^,"]*,\s*$/i.test(before)) return registerCompletions('read');
  if (/\bmsr\s+$/i.test(before)) return registerCompletions('write');
  return ACCESSOR.test(before) ? registerCompletions('any') : [];
}

const INLINE =
  /\b(mrs)\s+(?:%\w+|%\[\w+\]|x\d+|xzr)\s*,\s*(\w+)(?=\s*(?:["\\;]|$))|\b(msr)\s+(\w+)\s*,\s*(?:%\w+|%\[\w+\]|x\d+|xzr)/gi;

/** What is wrong with the registers in the strings of inline assembly. */
export function checkC(text: string, features: Features | undefined): Problem[] {
  if (!/\b(asm|__asm__|__asm)\b/.test(text)) return [];
  const problems: Problem[] = [];
  text.split(/\r\n|\r|\n/).forEach((source, n) => {
    const line = withoutEscapes(source);
    if (!line.includes('"') || !/\bm(rs|sr)\b/i.test(line)) return;
    for (const literal of line.matchAll(/"(?:\\.|[^"\\])*"/g)) {
      for (const found of literal[0].matchAll(INLINE)) {
        const read = found[1] !== undefined;
        const name = read ? found[2] : found[4];
        const complaint = checkRegisterName(name, read ? 'read' : 'write', features, 0);
        if (!complaint) continue;
        const start = literal.index + found.index + found[0].indexOf(name, 3);
        problems.push({
          line: n,
          start,
          end: start + name.length,
          severity: complaint.severity,
          text: complaint.text,
          code: 'name',
        });
      }
    }
  });
  return problems;
}
