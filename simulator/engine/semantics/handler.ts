/**
 * How an instruction becomes a decoded record: a handler, which is a list of statements over operands, and the values
 * of those operands.
 */

import type { Fields } from '../../arch/instructions/row.ts';
import type { Stmt } from '../ir.ts';
import { SLOT_DISCARD, SLOT_SP, SLOT_ZERO, V, X } from '../layout.ts';

export interface Handler {
  readonly body: readonly Stmt[];
  /** It uses FP or SIMD registers: trapped when CPACR_EL1 or CPTR_ELx say so. */
  readonly fp?: boolean;
}

export type Handlers = Record<string, Handler>;

/** A decoded record: handler name, register operands as byte offsets from X0 (or plain numbers), and an immediate. */
export interface Lowered {
  readonly handler: string;
  readonly rd?: number;
  readonly rn?: number;
  readonly rm?: number;
  /** Kept in the low half of the immediate: not together with one that needs all 64 bits. */
  readonly ra?: number;
  /** 64 bits; negative values are kept as two's complement. */
  readonly imm?: bigint | number;
  /** Upper 32 bits of the immediate beside a 32-bit one or `ra`. */
  readonly high?: number;
}

/** By row id: fields to record. Undefined for values of the fields that are unallocated. */
export type Lowerings = Record<string, (f: Fields) => Lowered | undefined>;

// Operands. Number 31 is XZR as a source, is discarded as a destination, or is SP where the instruction says so.
export const source = (n: number): number => (n === 31 ? SLOT_ZERO : n) * 8;
export const destination = (n: number): number => (n === 31 ? SLOT_DISCARD : n) * 8;
export const orSp = (n: number): number => (n === 31 ? SLOT_SP : n) * 8;
export const simd = (n: number): number => V - X + n * 16;
