/** Kinds of exceptions as a timeline tells them apart: a row each, in the order of its legend. */

import {
  EXCEPTION_CLASSES as CLASSES_OF_EVENTS,
  EXCEPTION_CLASSES_BYTES,
  EXCEPTION_ROWS,
  ROW_OF_KIND,
} from '../engine/layout.ts';

export interface ExceptionClass {
  /** Stands in exports and in messages; never changes. */
  readonly key: string;
  readonly label: string;
  /** ESR_ELx.EC of synchronous ones (Arm ARM D24.2.48, EC). */
  readonly ec?: readonly number[];
}

export const EXCEPTION_CLASSES: readonly ExceptionClass[] = [
  { key: 'return', label: 'Exception return' },
  { key: 'irq', label: 'IRQ' },
  { key: 'fiq', label: 'FIQ' },
  { key: 'serror', label: 'SError' },
  { key: 'hvc', label: 'HVC', ec: [0x12, 0x16] },
  { key: 'smc', label: 'SMC', ec: [0x13, 0x17] },
  { key: 'svc', label: 'SVC', ec: [0x11, 0x15] },
  { key: 'wfx', label: 'WFI, WFE', ec: [0x01] },
  { key: 'sysreg', label: 'System register', ec: [0x03, 0x04, 0x05, 0x06, 0x08, 0x0c, 0x18] },
  { key: 'fp', label: 'FP, SIMD, SVE', ec: [0x07, 0x19, 0x1d, 0x2c] },
  { key: 'eret', label: 'Trapped ERET', ec: [0x1a] },
  { key: 'stage2-data', label: 'Stage-2 data abort' },
  { key: 'stage2-instruction', label: 'Stage-2 instruction abort' },
  { key: 'data-abort', label: 'Data abort', ec: [0x24, 0x25] },
  { key: 'instruction-abort', label: 'Instruction abort', ec: [0x20, 0x21] },
  { key: 'debug', label: 'Debug', ec: [0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x38, 0x3a, 0x3c] },
  { key: 'other', label: 'Other' },
];

export const CLASS_COUNT = EXCEPTION_CLASSES.length;

const indexOf = (key: string) => EXCEPTION_CLASSES.findIndex(one => one.key === key);
const OTHER = indexOf('other');
const STAGE2_DATA = indexOf('stage2-data');
const STAGE2_INSTRUCTION = indexOf('stage2-instruction');
/** By the kinds that the core knows: synchronous, IRQ, FIQ, SError, return. */
const BY_KIND = [OTHER, indexOf('irq'), indexOf('fiq'), indexOf('serror'), indexOf('return')];
const BY_EC = Uint8Array.from({ length: 64 }, (_, ec) => {
  const found = EXCEPTION_CLASSES.findIndex(one => one.ec?.includes(ec));
  return found < 0 ? OTHER : found;
});

/**
 * Index into EXCEPTION_CLASSES. `syndrome` is ESR_ELx of a synchronous exception; an abort from a lower level is one of
 * stage 2 when it comes from a guest and goes to EL2.
 */
export function exceptionClass(kind: number, syndrome: number, toEl2: boolean, guest: boolean): number {
  if (kind !== 0) return BY_KIND[kind];
  const ec = syndrome >>> 26;
  if (toEl2 && guest) {
    if (ec === 0x24) return STAGE2_DATA;
    if (ec === 0x20) return STAGE2_INSTRUCTION;
  }
  return BY_EC[ec];
}

/** Number of synchronous classes (ESR_ELx.EC). */
const SYNCHRONOUS = 64;

/** Row by which the core looks up what concerns an exception. */
export function exceptionRow(kind: number, ec: number): number {
  return kind === 0 ? ec : ROW_OF_KIND + kind;
}

/** The kind of an exception by its row. */
export function kindOfRow(row: number): number {
  return row < SYNCHRONOUS ? 0 : row - ROW_OF_KIND;
}

/** Bits of EVENT_INFO. */
export const INFO_ROW = 0x7f;
export const INFO_GUEST = 1 << 7;
export const INFO_FROM_SHIFT = 8;
export const INFO_TO_SHIFT = 10;
export const INFO_VMID_SHIFT = 16;

const BY_INFO = Uint8Array.from({ length: EXCEPTION_CLASSES_BYTES }, (_, info) => {
  const row = info & INFO_ROW;
  if (row >= EXCEPTION_ROWS) return OTHER;
  return exceptionClass(kindOfRow(row), row << 26, ((info >> INFO_TO_SHIFT) & 3) === 2, (info & INFO_GUEST) !== 0);
});

/** Index into EXCEPTION_CLASSES by EVENT_INFO. */
export function classOfInfo(info: number): number {
  return BY_INFO[info & (EXCEPTION_CLASSES_BYTES - 1)];
}

/** Tells the core what is of which class. */
export function writeExceptionClasses(memory: Uint8Array): void {
  memory.set(BY_INFO, CLASSES_OF_EVENTS);
}
