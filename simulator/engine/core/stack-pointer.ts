// Stack pointer alignment checking (Arm ARM D1, CheckSPAlignment): an access with SP as base faults while SP is not
// aligned to 16 bytes and SCTLR_ELx.SA, at EL0 SA0, is set. Nothing asks at the access. SP_LOW is kept by those that
// may misalign SP, which is rare; from then on no access finds its translation (see enterState()) and all come here.

import { FAULT_DEVICE, FAULT_SP, RECORD, RECORD_N, SLOT_SP, SP_LOW, STEPPING } from '../layout';
import { checksStack, enterState } from './context';
import { recordFault } from './tlb';

const BASE_IS_SP: u32 = 8 * SLOT_SP;

/** SP was written while it was misaligned, or becomes so; `low` has its low bits. Resolves the contexts anew. */
export function stackPointerMoved(low: u32): void {
  store<u32>(SP_LOW, low & 15);
  enterState();
}

/** Another bank of SP is in use; `low` has its low bits. For enterState() to follow. */
export function stackPointerSwitched(low: u32): void {
  store<u32>(SP_LOW, low & 15);
}

/** The base of an instruction, by its operand, may be used: 0 after an abort was recorded. For those that access nothing. */
export function stackAligned(base: u32): i32 {
  if (load<u32>(SP_LOW) == 0 || base != BASE_IS_SP || !checksStack()) return 1;
  recordFault(0, 0, FAULT_SP);
  return 0;
}

/**
 * An access to a VA while accesses with SP as base fault: false when this one does, or has to wait for the checked
 * interpreter, which says what the instruction is.
 */
export function mayUseStack(va: u64): bool {
  if (load<u32>(STEPPING) == 0) {
    recordFault(va, 0, FAULT_DEVICE);
    return false;
  }
  return stackAligned(load<u16>(load<u32>(RECORD) + RECORD_N)) != 0;
}
