/** What can be written at a place. */

import { meaningsOf, mnemonicNames } from '../../simulator/arch/assembly/mnemonics.ts';
import { barrierOptions, operationsByMnemonic, pstateFields } from '../../simulator/arch/assembly/names.ts';
import { splitOperands } from '../../simulator/arch/assembly/operands.ts';
import { prefetchNames } from '../../simulator/arch/assembly/spellings.ts';
import { conditions, extensions, shifts } from '../../simulator/arch/instructions/operands.ts';
import { byName, layoutOf, type RegisterRow, registers } from '../../simulator/arch/registers/index.ts';
import { t } from '../l10n.ts';
import { describeInstruction, describeOperation, describeRegister } from './describe.ts';
import type { Document, Position } from './document.ts';
import type { Project } from './project.ts';

export type CompletionKind =
  | 'mnemonic'
  | 'register'
  | 'field'
  | 'keyword'
  | 'label'
  | 'macro'
  | 'constant'
  | 'directive';

export interface Completion {
  readonly label: string;
  readonly kind: CompletionKind;
  readonly detail?: string;
  /** What replaces the word at the place; the label when left out. */
  readonly insert?: string;
  /** Asks `documentationOf` for more. */
  readonly about?: string;
}

/** Directives of GNU as that are in use for A64, with what they do. */
export const DIRECTIVES: Readonly<Record<string, string>> = {
  '.align': 'Pads to a power of two.',
  '.p2align': 'Pads to a power of two.',
  '.balign': 'Pads to a number of bytes.',
  '.arch': 'Chooses the architecture and its extensions.',
  '.arch_extension': 'Switches one extension on or off.',
  '.cpu': 'Chooses the PE.',
  '.ascii': 'Emits a string.',
  '.asciz': 'Emits a string with a zero.',
  '.string': 'Emits a string with a zero.',
  '.byte': 'Emits bytes.',
  '.hword': 'Emits halfwords.',
  '.word': 'Emits words of 32 bits.',
  '.xword': 'Emits doublewords.',
  '.quad': 'Emits doublewords.',
  '.inst': 'Emits instruction words.',
  '.bss': 'Goes on in the section for zeroed data.',
  '.data': 'Goes on in the data section.',
  '.text': 'Goes on in the text section.',
  '.section': 'Goes on in a section.',
  '.pushsection': 'Goes on in a section until .popsection.',
  '.popsection': 'Goes back to the section before .pushsection.',
  '.previous': 'Goes back to the section before.',
  '.equ': 'Gives a symbol a value.',
  '.set': 'Gives a symbol a value.',
  '.req': 'Gives a register a name.',
  '.unreq': 'Takes the name of a register back.',
  '.global': 'Makes a symbol visible to the linker.',
  '.globl': 'Makes a symbol visible to the linker.',
  '.weak': 'Lets another definition of a symbol win.',
  '.hidden': 'Keeps a symbol inside of its image.',
  '.type': 'Says whether a symbol is a function or an object.',
  '.size': 'Says how many bytes a symbol has.',
  '.if': 'Assembles what follows if an expression is not zero.',
  '.ifdef': 'Assembles what follows if a symbol is defined.',
  '.ifndef': 'Assembles what follows if a symbol is not defined.',
  '.ifc': 'Assembles what follows if two strings are equal.',
  '.ifb': 'Assembles what follows if an argument is blank.',
  '.ifnb': 'Assembles what follows if an argument is not blank.',
  '.else': 'The other side of .if.',
  '.elseif': 'Another condition of .if.',
  '.endif': 'Ends .if.',
  '.include': 'Reads another file.',
  '.incbin': 'Emits the bytes of a file.',
  '.macro': 'Defines a macro until .endm.',
  '.endm': 'Ends a macro.',
  '.exitm': 'Leaves a macro.',
  '.rept': 'Repeats lines until .endr.',
  '.irp': 'Repeats lines for each of several values.',
  '.endr': 'Ends a repetition.',
  '.org': 'Moves on to an offset in the section.',
  '.space': 'Emits bytes of one value.',
  '.skip': 'Emits bytes of one value.',
  '.fill': 'Repeats a value.',
  '.zero': 'Emits zeros.',
  '.ltorg': 'Emits the literals so far.',
  '.pool': 'Emits the literals so far.',
  '.cfi_startproc': 'Begins the unwind information of a function.',
  '.cfi_endproc': 'Ends the unwind information of a function.',
  '.cfi_def_cfa_offset': 'Says how far the frame is from the stack pointer.',
  '.error': 'Fails with a message.',
  '.warning': 'Warns with a message.',
};

export const CONDITION_TEXTS: Readonly<Record<string, string>> = {
  eq: 'Equal.',
  ne: 'Not equal.',
  hs: 'Unsigned higher or same; carry set.',
  cs: 'Carry set; unsigned higher or same.',
  lo: 'Unsigned lower; carry clear.',
  cc: 'Carry clear; unsigned lower.',
  mi: 'Negative.',
  pl: 'Positive or zero.',
  vs: 'Overflow.',
  vc: 'No overflow.',
  hi: 'Unsigned higher.',
  ls: 'Unsigned lower or same.',
  ge: 'Signed greater or equal.',
  lt: 'Signed less.',
  gt: 'Signed greater.',
  le: 'Signed less or equal.',
  al: 'Always.',
  nv: 'Always.',
};

/** Registers as they are completed: those of one implementation only when asked for by name. */
export function registerCompletions(direction: 'read' | 'write' | 'any', upper = false): Completion[] {
  return registers
    .filter(row => row.options.feature !== 'cortexa57')
    .filter(row => direction === 'any' || row[direction] !== undefined || (direction === 'write' && row.options.writes))
    .map(row => ({
      label: upper ? row.name : row.name.toLowerCase(),
      kind: 'register' as const,
      detail: row.text,
      about: `register ${row.name}`,
    }));
}

/** More about a completion, in Markdown, when it is looked at. */
export function documentationOf(about: string): string | undefined {
  const [kind, ...rest] = about.split(' ');
  if (kind === 'mnemonic') return describeInstruction(rest[0]);
  if (kind === 'register') {
    const row = byName(rest[0]);
    return row && describeRegister(row);
  }
  const operation = operationsByMnemonic
    .get(rest[0])
    ?.find(row => row.name === rest.join(' ').replace(/^\w+/, word => word.toUpperCase()));
  return operation && describeOperation(operation);
}

let mnemonics: readonly Completion[] | undefined;
let general: readonly Completion[] | undefined;

function mnemonicCompletions(): readonly Completion[] {
  mnemonics ??= mnemonicNames().map(name => ({
    label: name,
    kind: 'mnemonic',
    detail: meaningsOf(name)[0] ?? '',
    about: `mnemonic ${name}`,
  }));
  return mnemonics;
}

function generalRegisters(): readonly Completion[] {
  general ??= ['x', 'w']
    .flatMap(letter => [...Array(31).keys()].map(n => `${letter}${n}`))
    .concat('sp', 'wsp', 'xzr', 'wzr', 'lr', 'fp')
    .map(label => ({ label, kind: 'register' }));
  return general;
}

const words = (list: readonly string[]): Completion[] => list.map(label => ({ label, kind: 'keyword' }));
const conditionCompletions = (): Completion[] =>
  Object.entries(CONDITION_TEXTS).map(([label, detail]) => ({ label, kind: 'keyword', detail: t(detail) }));

/** Names that a file can use, as operands. */
function symbols(project: Project, document: Document): Completion[] {
  const seen = new Map<string, Completion>();
  for (const one of project.reach(document).documents) {
    for (const { kind, name, value, functionLike } of one.outline.definitions) {
      if (kind === 'numeric' || kind === 'macro' || seen.has(name)) continue;
      const completion: Completion = {
        label: name,
        kind: kind === 'label' ? 'label' : 'constant',
        ...(value ? { detail: value.slice(0, 60) } : {}),
      };
      if (!functionLike || kind === 'define') seen.set(name, completion);
    }
  }
  return [...seen.values()];
}

/** Fields of the register that a later MSR writes with this general register, as shifted ones. */
function fieldCompletions(document: Document, line: number, register: string): Completion[] {
  const row = registerWrittenLater(document, line, register);
  if (!row) return [];
  return layoutOf(row)
    .filter(field => field.name !== 'RES0' && field.name !== 'RES1')
    .map(field => {
      const ones = field.msb === field.lsb ? '1' : `0x${((1n << BigInt(field.msb - field.lsb + 1)) - 1n).toString(16)}`;
      return {
        label: `${row.name}.${field.name}`,
        kind: 'field' as const,
        detail:
          `${field.msb === field.lsb ? `bit ${field.msb}` : `bits ${field.msb}:${field.lsb}`}. ${field.text ?? ''}`.trim(),
        insert: field.lsb === 0 ? ones : `(${ones} << ${field.lsb})`,
        about: `register ${row.name}`,
      };
    });
}

function registerWrittenLater(document: Document, line: number, register: string): RegisterRow | undefined {
  const number = /^[xw](\d+)$/i.exec(register)?.[1];
  if (number === undefined) return undefined;
  for (let n = line; n < Math.min(line + 20, document.lines.length); n++) {
    for (const { name, operands } of document.lines[n].statements) {
      if (name?.text.toLowerCase() !== 'msr') continue;
      const [system, general] = splitOperands(operands.text).map(({ text }) => text);
      if (new RegExp(`^[xw]${number}$`, 'i').test(general ?? '')) return byName(system);
    }
  }
  return undefined;
}

export function completionsAt(
  project: Project,
  document: Document,
  { line, character }: Position,
): readonly Completion[] {
  const parsed = document.lines[line];
  if (!parsed || parsed.code.slice(0, character).trimEnd().length < parsed.text.slice(0, character).trimEnd().length)
    return [];
  const before = parsed.code.slice(0, character);
  const statement = before.replace(/^.*;/, '').replace(/^\s*(?:[A-Za-z_.$][\w.$]*|\d+)\s*:/, '');
  const preprocessing = /^\s*#\s*(\w*)/.exec(before);
  if (preprocessing) {
    return /^(define|if|elif|ifdef|ifndef|undef)$/.test(preprocessing[1]) && /\s\S*$/.test(before.trimStart())
      ? symbols(project, document)
      : [];
  }
  const found = /^\s*(\S+)\s+(.*)$/.exec(statement);
  if (!found) {
    const directives = Object.entries(DIRECTIVES).map(
      ([label, detail]): Completion => ({ label, kind: 'directive', detail: t(detail) }),
    );
    if (/^\s*\./.test(statement)) return directives;
    const macros = [...project.scope(document).macros].map((label): Completion => ({ label, kind: 'macro' }));
    return [...mnemonicCompletions(), ...macros, ...directives];
  }
  const mnemonic = found[1].toLowerCase();
  const operands = splitOperands(`${found[2]} `);
  const operand = Math.max(0, found[2].split(',').length - 1);
  if (mnemonic.startsWith('.')) return symbols(project, document);
  const operations = operationsByMnemonic.get(mnemonic);
  if (operations && operand === 0) {
    return operations.map(row => ({
      label: row.name.split(' ')[1].toLowerCase(),
      kind: 'keyword' as const,
      detail: row.text,
      about: `operation ${mnemonic} ${row.name.split(' ')[1]}`,
    }));
  }
  if (mnemonic === 'mrs' && operand === 1) return registerCompletions('read');
  if (mnemonic === 'msr' && operand === 0) {
    const fields = [...pstateFields].map(
      ([label, { does }]): Completion => ({ label, kind: 'register', detail: does }),
    );
    return [...fields, ...registerCompletions('write').filter(({ label }) => !pstateFields.has(label))];
  }
  if (mnemonic === 'isb') return [{ label: 'sy', kind: 'keyword' }];
  if (mnemonic === 'dmb' || mnemonic === 'dsb')
    return barrierOptions.map(([label, detail]) => ({ label, kind: 'keyword', detail }));
  if (mnemonic === 'prfm' && operand === 0) return words([...prefetchNames]);
  if (mnemonic === 'bti') return words(['c', 'j', 'jc']);
  const shape = /^(c(set|setm|inc|inv|neg))$/.test(mnemonic)
    ? operand >= (mnemonic.startsWith('cset') ? 1 : 2)
    : operand === 3;
  if (shape && /^(f?csel|cs(inc|inv|neg)|cset|csetm|cinc|cinv|cneg|f?cc?mp?e?|ccmn)$/.test(mnemonic))
    return conditionCompletions();
  if (/^(bl?|cbn?z|tbn?z|adrp?|b\..*)$/.test(mnemonic) && (operand > 0 || /^b/.test(mnemonic)))
    return symbols(project, document);
  const constants = /^(mov[zkn]?|orr|and|bic|eor|ldr|tst|add|sub)$/.test(mnemonic) && operand > 0;
  return [
    ...(constants ? fieldCompletions(document, line, operands[0]?.text ?? '') : []),
    ...generalRegisters(),
    ...(operand >= 2 ? words([...shifts, ...extensions]) : []),
    ...symbols(project, document),
  ];
}

export { conditions };
