import type { ExceptionLevel } from '../../target.ts';
import type { Features } from '../features.ts';
import type { InstructionRow, RegisterRow } from '../registers/index.ts';

export type Direction = 'read' | 'write';

/** An instruction outside of the encoding space of SYS and MSR that controls can trap. See `operations.ts`. */
export interface OperationRow {
  readonly kind: 'operation';
  readonly name: string;
  /** Lowest EL that can execute it. */
  readonly el: ExceptionLevel;
  /** ESR_ELx.EC when it traps, and ISS but for what the instruction itself says (imm16, Rn). */
  readonly ec: number;
  readonly iss: number;
  readonly feature?: string;
}

export type Accessed = RegisterRow | InstructionRow | OperationRow;

/** What an access depends on. Only Non-secure state and EL3 are modelled. */
export interface AccessState {
  readonly el: ExceptionLevel;
  readonly features: Features;
  /** EL2 is not there for Secure state. */
  readonly secure?: boolean;
  /** PSTATE.SP, for SP_EL0; taken as 1 when it is left out. */
  readonly spSel?: number;
  /** Value of a control register, by the name in `trapControls`. Not asked for levels that the PE has not. */
  reg(name: string): bigint;
}

/** The bit that decided, for "why did this trap?". */
export interface Because {
  readonly register: string;
  readonly field: string;
  readonly value: bigint;
  /** A clause such as `HCR_EL2.TID3 is 1`. */
  readonly text: string;
}

export type Access =
  /** The storage of this register is accessed: not always the one that the instruction names. */
  | { readonly kind: 'register'; readonly row: RegisterRow; readonly because?: Because }
  /** The instruction executes. */
  | { readonly kind: 'execute' }
  /** 64 bits at VNCR_EL2.BADDR plus this offset, in the translation regime of EL2. */
  | { readonly kind: 'memory'; readonly offset: number; readonly because: Because }
  /** An exception. `iss` has everything but Rt in bits 9:5 and an immediate. */
  | {
      readonly kind: 'trap';
      readonly to: 1 | 2 | 3;
      readonly ec: number;
      readonly iss: number;
      readonly because: Because;
    }
  /** UNDEFINED: EC 0 to the level that takes exceptions from here. */
  | { readonly kind: 'undefined'; readonly because: string }
  /** Reads give the value, writes are ignored. */
  | { readonly kind: 'constant'; readonly value: bigint };
