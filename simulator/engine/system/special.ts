/** System registers that are not plain storage, and system instructions: what they do, for the active PE. */

export interface SpecialRegister {
  /** Left out where a read gives what is stored. */
  readonly read?: () => bigint;
  /** Left out where a write stores. */
  readonly write?: (value: bigint) => void;
  /** What a plain write has as effect besides. */
  readonly after?: () => void;
  /** Bits whose change has that effect; all of them when left out. */
  readonly effects?: bigint;
  /** Where reads and writes go as long as EL, PSTATE.SP and the trap controls stay as they are: the value's address. */
  readonly place?: () => number;
  /** The same as `read` and `write` in halves, for registers that hypervisors access often: bigints are slow. */
  readonly halves?: Halves;
  /** Which of CORE_* the value is that the core computes by itself. */
  readonly core?: number;
  /** The value is the same as long as EL and the trap controls are. */
  readonly fixed?: boolean;
  /** The value without the effects of a read: for trap rules and debuggers. Left out where that is what is stored. */
  readonly value?: () => bigint;
}

/** Access to a register by bits 31:0 (`low`) and 63:32 (`high`). */
export interface Halves {
  /** Returns the low half. */
  read(): number;
  /** The high half of what was read last. */
  high(): number;
  write(low: number, high: number): void;
}

/**
 * Executes with the value of the register operand; false after the core recorded an abort. A number is one of CORE_*, by
 * which the core does it.
 */
export type SystemInstruction = ((argument: bigint) => boolean) | number;

/** A system instruction without effect in this machine. */
export const nothing: SystemInstruction = () => true;

/** A register whose value can be read without effect. */
export function pure(read: () => bigint, write?: (value: bigint) => void): SpecialRegister {
  return { read, value: read, ...(write ? { write } : {}) };
}
