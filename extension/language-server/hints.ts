/** Inlay hints: what a constant sets in a system register, and what would trap in the stopped machine. */

import { operationsByMnemonic, systemName } from '../../simulator/arch/assembly/names.ts';
import { splitOperands } from '../../simulator/arch/assembly/operands.ts';
import { t } from '../l10n.ts';
import { fieldsSet } from './describe.ts';
import type { Document } from './document.ts';
import type { Project } from './project.ts';
import { constantIn } from './values.ts';

export interface Hint {
  readonly line: number;
  readonly character: number;
  readonly text: string;
  readonly tooltip: string;
}

const LONGEST = 80;

/** Fields that constants set, at the end of the MSR that writes them. */
export function constantHints(project: Project, document: Document, from: number, to: number): Hint[] {
  const hints: Hint[] = [];
  const scope = project.scope(document);
  for (let n = Math.max(0, from); n <= Math.min(to, document.lines.length - 1); n++) {
    document.lines[n].statements.forEach(({ name, operands }, s) => {
      if (name?.text.toLowerCase() !== 'msr') return;
      const [system, general] = splitOperands(operands.text).map(({ text }) => text);
      const known = systemName(scope.defines.get(system ?? '')?.value ?? system ?? '');
      if (known?.kind !== 'register' || general === undefined) return;
      const value = constantIn(document, n, s, general, scope.constant);
      if (value === undefined) return;
      const { short, long } = fieldsSet(known.row, value);
      if (short === '' || (long.split('\n').length === 1 && /^[A-Za-z]+ = 0x/.test(long))) return;
      const text = short.length > LONGEST ? `${short.slice(0, LONGEST - 1)}…` : short;
      hints.push({
        line: n,
        character: operands.end,
        text,
        tooltip: `${known.row.name} = 0x${value.toString(16)}\n\n${long}`,
      });
    });
  }
  return hints;
}

export interface Question {
  readonly line: number;
  readonly character: number;
  /** As the adapter's `would` takes it. */
  readonly question: string;
}

/** Instructions in some lines about which a trap rule may decide. */
export function questionsIn(document: Document, from: number, to: number): Question[] {
  const questions: Question[] = [];
  for (let n = Math.max(0, from); n <= Math.min(to, document.lines.length - 1); n++) {
    for (const { name, operands } of document.lines[n].statements) {
      const question = name && questionOf(name.text.toLowerCase(), operands.text);
      if (question) questions.push({ line: n, character: Math.max(operands.end, name.end), question });
    }
  }
  return questions;
}

function questionOf(mnemonic: string, operands: string): string | undefined {
  const parts = splitOperands(operands).map(({ text }) => text);
  const named = (text: string | undefined): string | undefined => {
    const known = systemName(text ?? '');
    return known?.kind === 'register' ? known.row.name : undefined;
  };
  if (mnemonic === 'mrs') return named(parts[1]) && `mrs ${named(parts[1])}`;
  if (mnemonic === 'msr') return named(parts[0]) && `msr ${named(parts[0])}`;
  if (/^(wf[ie]t?|hvc|smc|eret)$/.test(mnemonic)) return mnemonic;
  const row = operationsByMnemonic.get(mnemonic)?.find(one => one.name === `${mnemonic} ${parts[0]}`.toUpperCase());
  return row?.name;
}

/** What is worth a hint in an answer: that it traps or is UNDEFINED, and why. */
export function verdict(answer: string): string | undefined {
  const trap = /traps to (EL\d)/.exec(answer);
  if (trap) return t('traps to {0} here', trap[1]);
  // That a name belongs to a higher level is no news: the code is not meant for this level.
  return /is UNDEFINED/.test(answer) && !/is not accessible at EL/.test(answer) ? t('UNDEFINED here') : undefined;
}
