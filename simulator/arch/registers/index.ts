/**
 * The system registers and system instructions of AArch64, one row each, and what can be asked of a row: its fields,
 * its encoding, its value at reset. The rows are in `rows/`; `notation.ts` says how they are written.
 */
import type { FieldValue } from '../../target.ts';
import type { Features } from '../features.ts';
import {
  completeLayout,
  type Field,
  fieldSource,
  type Group,
  type InstructionRow,
  parseFields,
  type RegisterRow,
  type RegisterSpec,
} from './notation.ts';
import { computedReset } from './reset.ts';
import { debug } from './rows/debug.ts';
import { el0 } from './rows/el0.ts';
import { el1 } from './rows/el1.ts';
import { el2 } from './rows/el2.ts';
import { el3 } from './rows/el3.ts';
import { gic } from './rows/gic.ts';
import { id } from './rows/id.ts';
import { implementation } from './rows/implementation.ts';
import { instructions } from './rows/instructions.ts';
import { laterExtensions } from './rows/later.ts';
import { pmu } from './rows/pmu.ts';
import { timers } from './rows/timer.ts';

export type { Field, Group, InstructionRow, RegisterRow } from './notation.ts';
export { instructions };

const groups: readonly (readonly [Group, readonly RegisterSpec[]])[] = [
  ['EL0', el0],
  ['EL1', el1],
  ['EL2', el2],
  ['EL3', el3],
  ['GIC', gic],
  ['Timer', timers],
  ['Debug', debug],
  ['PMU', pmu],
  ['ID', id],
  ['EL1', implementation],
];

/** Every system register. Its place is its storage slot: snapshots depend on the order, so new groups go to the end. */
export const registers: readonly RegisterRow[] = number([
  ...groups.flatMap(([group, rows]) => rows.map(row => ({ ...row, group }))),
  ...groups.flatMap(([group, rows]) => rows.filter(row => row.options.e2h).map(row => aliasOf({ ...row, group }))),
]);

export const registerNames: readonly string[] = registers.map(row => row.name);

function number(rows: readonly (RegisterSpec & { group: Group })[]): RegisterRow[] {
  return rows.map((row, index) => ({ ...row, index }));
}

/** `SCTLR_EL12` and `CNTP_CTL_EL02`: at EL2 with E2H, the register of the guest. Encoded with op1 = 5. */
function aliasOf(row: RegisterSpec & { group: Group }): RegisterSpec & { group: Group } {
  return {
    ...row,
    name: row.name.replace(/_EL([01])$/, '_EL$12'),
    op1: 5,
    read: row.read === undefined ? undefined : 2,
    write: row.write === undefined ? undefined : 2,
    text: `${row.name}, reached from a hypervisor with E2H = 1.`,
    alias: row.name,
    options: { feature: row.options.feature ?? 'vhe', storage: row.options.storage ?? row.name },
  };
}

const names = new Map<string, RegisterRow>(registers.map(row => [row.name.toUpperCase(), row]));
const encodings = new Map<number, RegisterRow | InstructionRow>();
for (const row of [...registers, ...instructions]) {
  if (row.kind === 'register' && row.options.shadowed) continue;
  encodings.set(encodingKey(row.op0, row.op1, row.crn, row.crm, row.op2), row);
}
const instructionNames = new Map<string, InstructionRow>(instructions.map(row => [row.name, row]));
const later = new Map<number, { name: string; extension: string }>();
for (const [extension, rows] of Object.entries(laterExtensions)) {
  for (const [name, encoding] of rows) {
    const [op0, op1, crn, crm, op2] = encoding.split(' ').map(Number);
    later.set(encodingKey(op0, op1, crn, crm, op2), { name, extension });
  }
}

/** op0, op1, CRn, CRm and op2 as in the instruction word: bits 20:5 of MSR and MRS. */
export function encodingKey(op0: number, op1: number, crn: number, crm: number, op2: number): number {
  return (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2;
}

/** A register by its name in the Arm ARM or by its generic name `S3_0_C1_C0_0`, in any case. */
export function byName(name: string): RegisterRow | undefined {
  const upper = name.trim().toUpperCase();
  const row = names.get(upper);
  if (row) return row;
  const generic = parseGenericName(upper);
  const found = generic && byEncoding(...generic);
  return found?.kind === 'register' ? found : undefined;
}

/** A system instruction by its name in assembly, such as `TLBI VAE1IS`, in any case. */
export function instructionByName(name: string): InstructionRow | undefined {
  return instructionNames.get(name.trim().toUpperCase().replace(/\s+/g, ' '));
}

/** The register or system instruction with this encoding. */
export function byEncoding(
  op0: number,
  op1: number,
  crn: number,
  crm: number,
  op2: number,
): RegisterRow | InstructionRow | undefined {
  return encodings.get(encodingKey(op0, op1, crn, crm, op2));
}

/** Name and extension of a register that no PE here has. */
export function laterRegister(op0: number, op1: number, crn: number, crm: number, op2: number) {
  return later.get(encodingKey(op0, op1, crn, crm, op2));
}

/** `S3_0_C1_C0_0`, the name that an assembler takes for any encoding. */
export function genericName(op0: number, op1: number, crn: number, crm: number, op2: number): string {
  return `S${op0}_${op1}_C${crn}_C${crm}_${op2}`;
}

export function parseGenericName(name: string): [number, number, number, number, number] | undefined {
  const match = /^S([0-3])_([0-7])_C(\d{1,2})_C(\d{1,2})_([0-7])$/i.exec(name.trim());
  if (!match) return undefined;
  const [op0, op1, crn, crm, op2] = match.slice(1).map(Number);
  return crn > 15 || crm > 15 ? undefined : [op0, op1, crn, crm, op2];
}

/** Whether the PE has the register. */
export function isImplemented(row: RegisterRow | InstructionRow, features: Features): boolean {
  const feature = row.kind === 'register' ? row.options.feature : row.feature;
  return feature === undefined || features.has(feature);
}

/** The row whose slot holds the value: another one for second names such as SCTLR_EL12 and PMCNTENCLR_EL0. */
export function storageOf(row: RegisterRow): RegisterRow {
  return row.options.storage === undefined ? row : (names.get(row.options.storage.toUpperCase()) as RegisterRow);
}

/** What the layout of a register depends on besides the register itself. */
export interface LayoutContext {
  /** HCR_EL2.E2H. */
  readonly e2h?: boolean;
  /** Fields of absent features become RES0. */
  readonly features?: Features;
}

const layouts = new Map<string, readonly Field[]>();

/** All 64 bits as fields, most significant first, RES0 and RES1 among them; `value` chooses between two formats. */
export function layoutOf(row: RegisterRow, { e2h = false }: LayoutContext = {}, value = 0n): readonly Field[] {
  const { e2hFields, whenSet } = row.options;
  const other = whenSet !== undefined && ((value >> BigInt(whenSet.bit)) & 1n) === 1n;
  const variant = other ? 'set' : e2h && e2hFields !== undefined ? 'e2h' : '';
  const key = `${row.name} ${variant}`;
  let layout = layouts.get(key);
  if (!layout) {
    const own = fieldSource(row.alias ?? row.name);
    const source = variant === 'set' ? whenSet?.fields : variant === 'e2h' ? e2hFields : own;
    layout = completeLayout(parseFields(source ?? '', row.name));
    layouts.set(key, layout);
  }
  return layout;
}

/** A named field; throws a sentence if the register has none of this name in this layout. */
export function fieldOf(row: RegisterRow, name: string, context: LayoutContext = {}): Field {
  const field = layoutOf(row, context).find(one => one.name === name);
  if (!field) throw new Error(`${row.name} has no field ${name}.`);
  return field;
}

export function extract(value: bigint, field: Field): bigint {
  return (value >> BigInt(field.lsb)) & ((1n << BigInt(field.msb - field.lsb + 1)) - 1n);
}

/** Mask of the bits of a field, in place. */
export function maskOf(field: Field): bigint {
  return ((1n << BigInt(field.msb - field.lsb + 1)) - 1n) << BigInt(field.lsb);
}

/** Named fields of a register at a value, most significant first, with what the value means. */
export function fieldsOf(row: RegisterRow, value: bigint, context: LayoutContext = {}): FieldValue[] {
  const fields: FieldValue[] = [];
  for (const field of layoutOf(row, context, value)) {
    if (field.name === 'RES0' || field.name === 'RES1') continue;
    if (field.feature && context.features && !context.features.has(field.feature)) continue;
    const part = extract(value, field);
    fields.push({
      name: field.name,
      msb: field.msb,
      lsb: field.lsb,
      value: part,
      meaning: meaningOf(field, part),
    });
  }
  return fields;
}

/** What a value of a field means: as the row names it, or for a bit that is 1 what the bit is for. */
export function meaningOf(field: Field, value: bigint): string | undefined {
  const named = field.meanings?.get(value);
  if (named !== undefined) return named;
  return field.msb === field.lsb && value === 1n ? field.text?.replace(/\.$/, '') : undefined;
}

/** What a write leaves in the register: RES0 and fields of absent features are 0, RES1 and fixed fields keep. */
export function sanitize(row: RegisterRow, value: bigint, context: LayoutContext): bigint {
  const { keep, ones } = writeMasks(row, context, value);
  return (value & keep) | ones;
}

/** Bits that a write changes (`keep`), and bits that read as one whatever is written (`ones`). */
export function writeMasks(
  row: RegisterRow,
  context: LayoutContext,
  value = 0n,
): { readonly keep: bigint; readonly ones: bigint } {
  if (row.options.raz) return { keep: 0n, ones: 0n };
  let keep = 0n;
  let ones = 0n;
  for (const field of layoutOf(row, context, value)) {
    if (field.feature && context.features && !context.features.has(field.feature)) {
      if (field.absentOnes) ones |= maskOf(field);
    } else if (field.fixed === undefined) keep |= maskOf(field);
    else ones |= field.fixed << BigInt(field.lsb);
  }
  return { keep, ones };
}

/**
 * Value after a cold reset on this PE. What the architecture leaves UNKNOWN is 0, or 1 where RES1, so that runs repeat.
 * `peIndex` counts from 0.
 */
export function resetValue(row: RegisterRow, features: Features, peIndex: number): bigint {
  const computed = computedReset(row.alias ?? row.name, features, peIndex);
  if (computed !== undefined) return computed;
  const { ones } = writeMasks(row, { features });
  let value = ones | (row.options.reset ?? 0n);
  if (row.group === 'ID') {
    for (const field of layoutOf(row)) {
      const least = features.idField(`${row.name}.${field.name}`);
      if (least !== undefined) value = (value & ~maskOf(field)) | (least << BigInt(field.lsb));
    }
  }
  return value;
}
