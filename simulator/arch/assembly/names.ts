/** System registers, system instructions and barriers as operands: what a name means, and whether it may stand there. */

import type { Features } from '../features.ts';
import { instructionRows } from '../instructions/index.ts';
import {
  byName,
  instructionByName,
  instructions,
  isImplemented,
  parseGenericName,
  type RegisterRow,
} from '../registers/index.ts';
import type { InstructionRow as SystemInstruction } from '../registers/notation.ts';
import { laterExtensions } from '../registers/rows/later.ts';
import { laterPstateFields, laterRegisterNames, laterSystemInstructions } from './later.ts';

/** A sentence about an operand; `error` where an assembler refuses it, `warning` where it warns or the PE would not do it. */
export interface NameComplaint {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  /** Number of the operand, from 0. */
  readonly operand: number;
}

const laterNames = new Map<string, string>(
  Object.entries(laterExtensions).flatMap(([extension, rows]) =>
    rows.map(([name]) => [name.toUpperCase(), extension] as const),
  ),
);

/** Fields of PSTATE that MSR sets to an immediate, by name in lower case. */
export const pstateFields: ReadonlyMap<string, { readonly feature?: string; readonly does: string }> = new Map(
  instructionRows.filter(row => row.id.startsWith('MSR_')).map(row => [row.id.slice(4).toLowerCase(), row]),
);

export type SystemName =
  | { readonly kind: 'register'; readonly row: RegisterRow }
  /** A register of an extension that no PE here has. */
  | { readonly kind: 'later'; readonly extension: string }
  /** `S3_0_C1_C0_0`, without a row of that encoding. */
  | { readonly kind: 'generic' };

/** What a name of a system register stands for; undefined for one that nobody knows. In any case of letters. */
export function systemName(name: string): SystemName | undefined {
  const row = byName(name);
  if (row) return { kind: 'register', row };
  if (parseGenericName(name)) return { kind: 'generic' };
  const upper = name.toUpperCase();
  const extension = laterNames.get(upper) ?? laterRegisterNames.find(([pattern]) => pattern.test(upper))?.[1];
  return extension === undefined ? undefined : { kind: 'later', extension };
}

/** What is no feature of the Arm ARM by this name. */
const featureNames: Readonly<Record<string, string>> = {
  el2: 'EL2',
  el3: 'EL3',
  gicv3: 'GICv3',
  neve: 'the NEVE proposal',
  lrs8: 'eight list registers',
  lrs16: 'sixteen list registers',
  cortexa57: 'Cortex-A57 and Cortex-A72',
  aarch32: 'AArch32 state',
  el1highest: 'EL1 as the highest level',
  el2highest: 'EL2 as the highest level',
};

/** What a row needs, for a message: `FEAT_VHE`. */
export function featureText(feature: string): string {
  return feature
    .split('|')
    .map(one => featureNames[one] ?? `FEAT_${one.toUpperCase()}`)
    .join(' or ');
}

/** What is to say about a register as an operand of MRS (`read`) or MSR (`write`). */
export function checkRegisterName(
  name: string,
  direction: 'read' | 'write',
  features: Features | undefined,
  operand: number,
): NameComplaint | undefined {
  const known = systemName(name);
  if (!known) return { severity: 'error', text: `There is no system register ${name}.`, operand };
  if (known.kind !== 'register') return undefined;
  const { row } = known;
  // The generic name is how a register without a name is meant.
  if (parseGenericName(name)) return undefined;
  if (direction === 'write' && (row.write === undefined || row.options.writes)) {
    return { severity: 'warning', text: `${row.name} is read-only: MSR is UNDEFINED.`, operand };
  }
  if (direction === 'read' && row.read === undefined) {
    return { severity: 'warning', text: `${row.name} is write-only: MRS is UNDEFINED.`, operand };
  }
  if (features && !isImplemented(row, features)) {
    const needs = featureText(row.options.feature ?? '');
    return {
      severity: 'warning',
      text: `${row.name} comes with ${needs}, which the PE model ${features.cpu} has not.`,
      operand,
    };
  }
  return undefined;
}

/** Mnemonics of named system instructions, with the names that follow them. */
export const operationsByMnemonic: ReadonlyMap<string, readonly SystemInstruction[]> = (() => {
  const found = new Map<string, SystemInstruction[]>();
  for (const row of instructions) {
    const mnemonic = row.name.split(' ')[0].toLowerCase();
    const rows = found.get(mnemonic);
    if (rows) rows.push(row);
    else found.set(mnemonic, [row]);
  }
  return found;
})();

/** Options of barriers, with what they limit. */
export const barrierOptions: readonly (readonly [string, string])[] = ['sy', 'ish', 'nsh', 'osh'].flatMap(domain => {
  const where = { sy: 'Full system', ish: 'Inner Shareable', nsh: 'Non-shareable', osh: 'Outer Shareable' }[
    domain
  ] as string;
  const base = domain === 'sy' ? '' : domain;
  return [
    [domain, `${where}, all accesses.`],
    [`${base}ld`, `${where}, loads before against all accesses after.`],
    [`${base}st`, `${where}, stores against stores.`],
  ] as const;
});
const barrierNames = new Set(barrierOptions.map(([name]) => name));

const isName = (text: string): boolean => /^[A-Za-z_][\w.]*$/.test(text);
const isRegister64 = (text: string): boolean => /^(x(\d{1,2}|zr)|fp|lr|ip0|ip1)$/i.test(text);

/**
 * What is to say about an instruction whose operands are names. `operands` are the texts between commas; what is no
 * plain name (a macro's argument, an expression) is not judged. Without `features` any PE is meant.
 */
export function checkNamedOperands(
  mnemonic: string,
  operands: readonly string[],
  features: Features | undefined,
): NameComplaint[] {
  const [first = '', second] = operands;
  const one = (complaint: NameComplaint | undefined): NameComplaint[] => (complaint ? [complaint] : []);
  if (mnemonic === 'mrs') {
    return operands.length === 2 && isName(second) ? one(checkRegisterName(second, 'read', features, 1)) : [];
  }
  if (mnemonic === 'msr') {
    if (operands.length !== 2 || !isName(first)) return [];
    const name = first.toLowerCase();
    const immediate = !isRegister64(second);
    const field = pstateFields.get(name);
    if (immediate && (field || laterPstateFields.has(name))) {
      const max = name.startsWith('daif') ? 15 : 1;
      const value = /^#?\s*(-?\d+|0x[\da-f]+)$/i.exec(second);
      if (value && !laterPstateFields.has(name) && (Number(value[1]) < 0 || Number(value[1]) > max)) {
        return [{ severity: 'error', text: `${value[1]} is out of range: 0 to ${max}.`, operand: 1 }];
      }
      if (features && field?.feature && !features.has(field.feature)) {
        const needs = featureText(field.feature);
        return [
          {
            severity: 'warning',
            text: `${first} comes with ${needs}, which the PE model ${features.cpu} has not.`,
            operand: 0,
          },
        ];
      }
      return [];
    }
    // DAIFSet and the like take only immediates, but a symbol is one.
    return field && !systemName(first) ? [] : one(checkRegisterName(first, 'write', features, 0));
  }
  if (mnemonic === 'dmb' || mnemonic === 'dsb' || mnemonic === 'isb') {
    if (!isName(first) || operands.length !== 1) return [];
    const name = first.toLowerCase();
    if (mnemonic === 'isb' ? name === 'sy' : barrierNames.has(name)) return [];
    if (mnemonic === 'dsb' && /^(osh|nsh|ish|sy)nxs$/.test(name)) return [];
    return [{ severity: 'error', text: `${mnemonic.toUpperCase()} has no option ${first}.`, operand: 0 }];
  }
  const rows = operationsByMnemonic.get(mnemonic);
  if (!rows || !isName(first)) return [];
  const row =
    instructionByName(`${mnemonic} ${first}`) ?? instructionByName(`${mnemonic} ${first.replace(/nxs$/i, '')}`);
  if (!row) {
    const later = laterSystemInstructions.some(
      ([of, names]) => of === mnemonic && names.split(' ').includes(first.toLowerCase()),
    );
    return later
      ? []
      : [{ severity: 'error', text: `${mnemonic.toUpperCase()} has no operation ${first}.`, operand: 0 }];
  }
  if (row.argument && operands.length === 1) {
    return [{ severity: 'error', text: `${row.name} needs a register.`, operand: 0 }];
  }
  if (!row.argument && operands.length > 1 && isRegister64(second)) {
    return [{ severity: 'error', text: `${row.name} takes no register.`, operand: 1 }];
  }
  if (features && !isImplemented(row, features)) {
    const needs = featureText(row.feature ?? '');
    return [
      {
        severity: 'warning',
        text: `${row.name} comes with ${needs}, which the PE model ${features.cpu} has not.`,
        operand: 0,
      },
    ];
  }
  return [];
}
