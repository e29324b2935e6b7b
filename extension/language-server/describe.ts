/** Texts for hovers and completion, in Markdown: from the tables alone. */

import { encode } from '../../simulator/arch/assembly/encode.ts';
import type { Form, Place } from '../../simulator/arch/assembly/forms.ts';
import { formsFor } from '../../simulator/arch/assembly/forms.ts';
import { laterMnemonic, meaningsOf, rowsOf } from '../../simulator/arch/assembly/mnemonics.ts';
import { featureText } from '../../simulator/arch/assembly/names.ts';
import {
  extract,
  fieldsOf,
  genericName,
  layoutOf,
  meaningOf,
  type RegisterRow,
} from '../../simulator/arch/registers/index.ts';
import type { InstructionRow as SystemInstruction } from '../../simulator/arch/registers/notation.ts';
import { t } from '../l10n.ts';

/** A value of a register while the machine is stopped. */
export interface LiveValue {
  readonly value: bigint;
  /** Where it is from: `PE 0 at EL2`. */
  readonly from: string;
}

const hex = (value: bigint, digits = 1): string => `0x${value.toString(16).padStart(digits, '0')}`;
const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\n/g, ' ');

function placeText(place: Place): string {
  switch (place.kind) {
    case 'mark':
      return place.text;
    case 'general': {
      const letter = place.width === 64 ? 'X' : 'W';
      return place.stack ? `${letter}n|${place.width === 64 ? 'SP' : 'WSP'}` : `${letter}n`;
    }
    case 'scalar':
      return `${place.type.toUpperCase()}n`;
    case 'vector':
      return `Vn.${place.type.toUpperCase()}`;
    case 'number': {
      const { numbers } = place;
      if (!numbers) return '#n';
      if (numbers.real) return '#real';
      if (numbers.bitmask) return '#mask';
      if (numbers.values && numbers.values.size > 8) return '#n';
      if (numbers.values) return `#{${[...numbers.values].join(', ')}}`;
      if (numbers.min === numbers.max) return `#${numbers.min}`;
      return `#${numbers.min}..${numbers.max}${numbers.step > 1n ? `/${numbers.step}` : ''}`;
    }
    case 'address':
      return 'label';
    case 'condition':
      return 'cond';
    case 'prefetch':
      return 'prfop';
    case 'word':
      return place.text.toUpperCase();
  }
}

/** One form as text: `ADD Xn|SP, Xn|SP, #0..4095`. */
export function formText({ mnemonic, places }: Form): string {
  const operands = places
    .map(placeText)
    .join(' ')
    .replace(/ ,/g, ',')
    .replace(/\[ /g, '[')
    .replace(/ \]/g, ']')
    .replace(/\] !/g, ']!')
    .replace(/ \[#/g, '[#');
  return `${mnemonic.toUpperCase()} ${operands}`.trim();
}

const MOST_FORMS = 12;

/** What an instruction does, its forms, and the word that a statement assembles to. `operands` without comments. */
export function describeInstruction(mnemonic: string, operands?: string): string | undefined {
  const meanings = meaningsOf(mnemonic);
  if (meanings.length === 0) {
    const extension = laterMnemonic(mnemonic);
    return (
      extension && t('**{0}** belongs to {1}, which no PE of this machine has.', mnemonic.toUpperCase(), extension)
    );
  }
  const encoding = operands === undefined ? undefined : encode(mnemonic, operands);
  const text = encoding && !isSecondName(mnemonic, encoding.row.does) ? [encoding.row.does] : meanings;
  const parts = [`**${mnemonic.toUpperCase()}** ${text.length === 1 ? text[0] : ''}`.trim()];
  if (text.length > 1)
    parts.push(
      text
        .slice(0, 8)
        .map(one => `- ${one}`)
        .join('\n'),
    );
  const forms = [...new Set(formsFor(mnemonic).map(formText))];
  if (forms.length > 0) {
    const shown = forms.slice(0, MOST_FORMS);
    if (forms.length > shown.length) shown.push(t('… and {0} more', forms.length - shown.length));
    parts.push(`\`\`\`\n${shown.join('\n')}\n\`\`\``);
  }
  const features = new Set(rowsOf(mnemonic).map(row => row.feature));
  if (features.size === 1)
    for (const feature of features)
      if (feature) parts.push(t('Needs {0}.', featureText(feature.replace(/^FEAT_/, ''))));
  if (encoding) parts.push(encodingText(encoding.word, encoding.row.bits, encoding.text));
  return parts.join('\n\n');
}

const isSecondName = (mnemonic: string, does: string): boolean => !meaningsOf(mnemonic).includes(does);

function encodingText(word: number, bits: string, text: string): string {
  const binary = word.toString(2).padStart(32, '0');
  let at = 0;
  const groups = bits.split(/\s+/).map(group => {
    const field = /^(\w+):(\d+)$/.exec(group);
    const width = field ? Number(field[2]) : group.length;
    const digits = binary.slice(at, at + width);
    at += width;
    return field ? `${field[1]}=${digits}` : digits;
  });
  return t('Encoding `{0}`: `{1}`, disassembled as `{2}`.', hex(BigInt(word), 8), groups.join(' '), text);
}

function accessText(row: RegisterRow): string {
  const parts: string[] = [];
  if (row.read !== undefined) parts.push(t('read from EL{0}', row.read));
  if (row.write !== undefined) parts.push(t('written from EL{0}', row.write));
  return parts.length === 2 && row.read === row.write
    ? t('read and written from EL{0}', row.read ?? 0)
    : parts.join(', ');
}

/** A system register with all of its fields, and their values where the register's value is known. */
export function describeRegister(row: RegisterRow, live?: LiveValue, e2h = false): string {
  const { op0, op1, crn, crm, op2, options } = row;
  const parts = [`**${row.name}** ${row.text}`];
  const facts = [`\`${genericName(op0, op1, crn, crm, op2)}\``, accessText(row)];
  if (options.feature) facts.push(t('needs {0}', featureText(options.feature)));
  if (options.e2h) facts.push(t('at EL2 with E2H this name accesses {0}', options.e2h));
  if (options.vncr !== undefined) facts.push(t('{0} in the page of VNCR_EL2', hex(BigInt(options.vncr))));
  parts.push(`${facts.join('; ')}.`);
  if (live) parts.push(t('Now `{0}` ({1}).', hex(live.value, 16), live.from));
  const rows = layoutOf(row, { e2h }, live?.value ?? 0n).filter(
    field => field.name !== 'RES0' && field.name !== 'RES1',
  );
  if (rows.length > 0) {
    const head = live
      ? `| ${t('Bits')} | ${t('Field')} | ${t('Now')} | |\n|--:|---|---|---|`
      : `| ${t('Bits')} | ${t('Field')} | |\n|--:|---|---|`;
    const lines = rows.map(field => {
      const bits = field.msb === field.lsb ? `${field.msb}` : `${field.msb}:${field.lsb}`;
      const values = [...(field.meanings ?? [])].slice(0, 8).map(([value, text]) => `${value}: ${text}`);
      const needs = field.feature && field.fixed === undefined ? ` (${featureText(field.feature)})` : '';
      const text = cell([field.text, values.join('; ')].filter(Boolean).join(' ') + needs);
      if (!live) return `| ${bits} | ${field.name} | ${text} |`;
      const value = extract(live.value, field);
      const meaning = field.meanings?.get(value);
      const now = `${value > 9n ? hex(value) : value}${meaning ? ` ${cell(meaning)}` : ''}`;
      return `| ${bits} | ${field.name} | ${value === 0n ? now : `**${now}**`} | ${text} |`;
    });
    parts.push([head, ...lines].join('\n'));
  }
  return parts.join('\n\n');
}

/** A system instruction such as TLBI VAE1IS. */
export function describeOperation(row: SystemInstruction): string {
  const facts = [
    `\`${genericName(row.op0, row.op1, row.crn, row.crm, row.op2).replace(/^S/, 'SYS ')}\``,
    t('from EL{0}', row.el),
  ];
  if (row.feature) facts.push(t('needs {0}', featureText(row.feature)));
  return `**${row.name}** ${row.text}\n\n${facts.join('; ')}.`;
}

/** The fields that a value sets, briefly: `TGE, E2H, PARange=5 (48 bits)`. */
export function fieldsSet(
  row: RegisterRow,
  value: bigint,
  e2h = false,
): { readonly short: string; readonly long: string } {
  const short: string[] = [];
  const long: string[] = [];
  for (const field of layoutOf(row, { e2h }, value)) {
    if (field.name === 'RES0' || field.name === 'RES1') continue;
    const part = extract(value, field);
    if (part === 0n) continue;
    const meaning = meaningOf(field, part);
    const one = field.msb === field.lsb;
    short.push(one ? field.name : `${field.name}=${part > 9n ? hex(part) : part}`);
    long.push(`${field.name} = ${part > 9n ? hex(part) : part}${meaning ? `: ${meaning}` : ''}`);
  }
  return { short: short.join(', '), long: long.join('\n') };
}

export { fieldsOf };
