// What generated code calls out for and can mostly be done here: exceptions by instruction and their return, moves to
// and from system registers. What is trapped, undefined, answered by firmware, or has effects outside of the PE's state
// goes on to the host. All take the address of the decoded record and return CALL_*.

import { CALL_AGAIN, CALL_JUMP, CALL_LEAVE, CALL_NEXT } from '../callout';
import {
  ACCESS_COSTS,
  ACCESSES,
  BOUNCE,
  CONTROL_BYTES,
  CONTROL_EFFECTS,
  CONTROL_KEEP,
  CONTROL_LEVELS,
  CONTROL_ONES,
  CONTROL_SLOT,
  CONTROL_TRAPS,
  CONTROL_VARIANT,
  CONTROL_WANTED,
  CONTROL_WANTED_MASK,
  CORE_INSTRUCTIONS,
  CORE_INTERRUPT_STATUS,
  CORE_VIRTUAL_COUNT,
  CYCLES,
  EL,
  ENTRY_ALLOWED,
  ENTRY_ANSWER,
  ENTRY_CONTROL,
  ENTRY_CORE,
  ENTRY_KIND,
  ENTRY_MEMORY,
  ENTRY_NOTHING,
  ENTRY_PLAIN,
  EXIT_REQUEST,
  FEATURE_EL2,
  FP_ENABLED,
  INSTRUCTION_TIME,
  IRQ_LINES,
  LINE_STEP,
  MODE_VNCR,
  PC,
  PSTATE_IL,
  PSTATE_SS,
  RECORD_D,
  RECORD_IMM,
  REMAINING,
  SPSEL,
  TICK_TIME,
  TIME_END,
  TLB_ADDEND,
  TLB_READ,
  TLB_WRITE,
  TRAPS,
  TRAPS_MAX,
  WRITE_ENTRY,
  X,
} from '../layout';
import { isFetched, loadSlow, storeSlow } from './access';
import { accessEntry, arriveAtTable, enterAccessTable, trapControlChanged } from './access-tables';
import { contextsChangedAt, enterState, knownContextOfEl2, levelsUnder } from './context';
import { stepState } from './debug';
import { slowCall } from './env';
import {
  charge,
  defaultTarget,
  eret,
  eretAuthenticated,
  interruptStatus,
  pendingInterrupt,
  switchStackPointer,
  takeAbort,
  takeException,
} from './exceptions';
import { maintain } from './maintenance';
import { pacAllowed } from './pointer-authentication';
import { CNTVOFF_EL2, HCR_EL2, VNCR_EL2 } from './slots.generated';
import { HCR_E2H, HCR_TGE, has } from './state';
import { entryOf } from './tlb';

// Operations of slowCall().
const SLOW_ACCESS: i32 = 0;
const SLOW_PSTATE: i32 = 1;
const SLOW_SVC: i32 = 2;
const SLOW_HVC: i32 = 3;
const SLOW_SMC: i32 = 4;
const SLOW_ERET: i32 = 5;
const SLOW_FP: i32 = 6;
export const SLOW_PAUTH: i32 = 7;

// ESR_ELx.EC.
const EC_ILLEGAL_STATE: u64 = 0x0e;
const EC_SVC: u64 = 0x15;
const EC_HVC: u64 = 0x16;
const EC_SMC: u64 = 0x17;
const EC_SYSTEM_REGISTER: u64 = 0x18;
const IL: u64 = 1 << 25;

const ACCESS: usize = RECORD_IMM;
const ACCESS_HIGH: usize = RECORD_IMM + 4;

/** @inline */
function disturbed(): bool {
  return load<u32>(EXIT_REQUEST) != 0 || (load<u32>(IRQ_LINES) != 0 && pendingInterrupt() != 0);
}

/** The instruction is complete; leaves if something wants to be looked at before the next one. */
function done(): i32 {
  if (!disturbed()) return CALL_NEXT;
  store<u64>(PC, load<u64>(PC) + 4);
  return CALL_LEAVE;
}

/**
 * The same for an instruction that may have changed what is fetched: translation controls, TLB maintenance, whatever the
 * host did. If the ITLB has the page of the instruction no more, the next one is fetched anew at once, as behind a jump.
 * A fetch may set an access flag or fault; so it must not wait for the next time that some engine begins at a PC.
 */
function changed(): i32 {
  if (disturbed() || isFetched(load<u64>(PC))) return done();
  store<u64>(PC, load<u64>(PC) + 4);
  return CALL_JUMP;
}

/** PC was set by an exception or a return. @inline */
function jumped(): i32 {
  return disturbed() ? CALL_LEAVE : CALL_JUMP;
}

/** An interrupt, or a software step of the level by itself, may have become unmasked. */
export function interruptCheck(_record: u32): i32 {
  if ((load<u32>(IRQ_LINES) & LINE_STEP) != 0 && stepState() != 0) store<u32>(EXIT_REQUEST, 1);
  return done();
}

// --- Exceptions by instruction ----------------------------------------------------------------------------------------

/** The entry of the instruction, which the high half of its immediate names: ENTRY_ALLOWED where it executes. @inline */
function ownEntry(record: usize): u32 {
  return accessEntry(load<u32>(record, ACCESS_HIGH));
}

/** The trap that the host has answered with, as TRAPS has it; 0 for another entry. */
function answeredTrap(entry: u32): u64 {
  const answer = entry >> 3;
  return (entry & ENTRY_KIND) == ENTRY_ANSWER && answer < u32(TRAPS_MAX) ? load<u64>(TRAPS + (answer << 3)) : 0;
}

/** `iss`: what the instruction adds to the syndrome. */
function takeTrap(trap: u64, iss: u64): i32 {
  takeException(i32(trap >> 32), 0, (trap & 0xffffffff) | iss, load<u64>(PC));
  return jumped();
}

/** An instruction that does not simply execute. */
function refuse(entry: u32, operation: i32, record: usize, iss: u64): i32 {
  const trap = answeredTrap(entry);
  return trap != 0 ? takeTrap(trap, iss) : slowCall(operation, u32(record));
}

/** @inline */
function callTo(target: i32, ec: u64, record: usize): i32 {
  const iss = u64(load<u32>(record, ACCESS));
  // The instruction counts as executed: a step ends behind it.
  store<u32>(PSTATE_SS, 0);
  takeException(target, 0, (ec << 26) | IL | iss, load<u64>(PC) + 4);
  return jumped();
}

export function svc(record: usize): i32 {
  const entry = ownEntry(record);
  if (entry != ENTRY_ALLOWED) return refuse(entry, SLOW_SVC, record, load<u32>(record, ACCESS));
  return callTo(defaultTarget(), EC_SVC, record);
}

export function hvc(record: usize): i32 {
  const entry = ownEntry(record);
  if (entry != ENTRY_ALLOWED) return refuse(entry, SLOW_HVC, record, load<u32>(record, ACCESS));
  return callTo(max(2, load<i32>(EL)), EC_HVC, record);
}

export function smc(record: usize): i32 {
  const entry = ownEntry(record);
  if (entry != ENTRY_ALLOWED) return refuse(entry, SLOW_SMC, record, load<u32>(record, ACCESS));
  return callTo(3, EC_SMC, record);
}

/** ERET, and ERETAA and ERETAB, whose record has one more than the number of the key. */
export function exceptionReturn(record: usize): i32 {
  const entry = ownEntry(record);
  if (entry != ENTRY_ALLOWED) return refuse(entry, SLOW_ERET, record, 0);
  const key = load<i32>(record, ACCESS) - 1;
  if (key < 0) {
    eret();
  } else if (pacAllowed(key) != 0) {
    eretAuthenticated(key);
  } else {
    takeAbort(load<u64>(PC));
    return jumped();
  }
  if (load<u32>(PSTATE_IL) != 0) {
    takeException(defaultTarget(), 0, (EC_ILLEGAL_STATE << 26) | IL, load<u64>(PC));
  }
  return jumped();
}

/** FP or AdvSIMD while FP_ENABLED is 0: the context may not have been looked up yet. */
export function fpTrapped(record: usize): i32 {
  enterAccessTable();
  return load<u32>(FP_ENABLED) != 0 ? CALL_NEXT : slowCall(SLOW_FP, u32(record));
}

// --- System registers -------------------------------------------------------------------------------------------------

/** MRS, MSR (register), and system instructions, where the inline access did not find a plain register. */
export function systemRegister(record: usize): i32 {
  const offset = load<u32>(record, ACCESS);
  const entry = accessEntry(offset);
  const operand: usize = X + load<u16>(record, RECORD_D);
  switch (entry & ENTRY_KIND) {
    case ENTRY_PLAIN: {
      const address = entry - ENTRY_PLAIN;
      if ((offset & WRITE_ENTRY) != 0)
        store<u64>(address, load<u64>(operand) & load<u64>(load<u32>(record, ACCESS_HIGH)));
      else store<u64>(operand, load<u64>(address));
      chargeAccess(offset);
      return CALL_NEXT;
    }
    case ENTRY_CONTROL:
      if (!writeControl(entry - ENTRY_CONTROL, load<u64>(operand))) return slowAccess(record);
      chargeAccess(offset);
      return changed();
    case ENTRY_CORE: {
      chargeAccess(offset);
      const operation = i32(entry >> 3);
      if (operation < CORE_INSTRUCTIONS) {
        store<u64>(
          operand,
          operation == CORE_INTERRUPT_STATUS ? interruptStatus() : count(operation == CORE_VIRTUAL_COUNT),
        );
        return CALL_NEXT;
      }
      if (maintain(operation, load<u64>(operand))) return changed();
      takeAbort(load<u64>(PC));
      return jumped();
    }
    case ENTRY_ALLOWED:
      return CALL_AGAIN;
    case ENTRY_NOTHING:
      chargeAccess(offset);
      return CALL_NEXT;
    case ENTRY_MEMORY:
      return accessMemory(entry >> 3, operand, (offset & WRITE_ENTRY) != 0);
    default: {
      const trap = answeredTrap(entry);
      return trap != 0 ? takeTrap(trap, generalRegister(trap, record)) : slowAccess(record);
    }
  }
}

/** Only the class of system registers says in ISS.Rt which general register it was, not that of FP. */
function generalRegister(trap: u64, record: usize): u64 {
  return ((trap >> 26) & 0x3f) == EC_SYSTEM_REGISTER ? u64(min(load<u16>(record, RECORD_D) >> 3, 31)) << 5 : 0;
}

function slowAccess(record: usize): i32 {
  const result = slowCall(SLOW_ACCESS, u32(record));
  return result == CALL_NEXT ? changed() : result;
}

/** The access to the page of VNCR_EL2 by which FEAT_NV2 replaces that to a register. */
function accessMemory(offset: u32, operand: usize, write: bool): i32 {
  if (accessKnownMemory(offset, operand, write)) return CALL_NEXT;
  const va = placeInMemory(offset);
  if (write) {
    store<u64>(BOUNCE, load<u64>(operand));
    if (storeSlow(va, 8, MODE_VNCR) != 0) return CALL_NEXT;
  } else {
    const host = loadSlow(va, 8, MODE_VNCR);
    if (host != 0) {
      store<u64>(operand, load<u64>(host));
      return CALL_NEXT;
    }
  }
  takeAbort(load<u64>(PC));
  return jumped();
}

/** The same where a tag of the TLB allows it at once, as most of them are; false when nothing is done. */
function accessKnownMemory(offset: u32, operand: usize, write: bool): bool {
  const va = placeInMemory(offset);
  const context = knownContextOfEl2();
  if (context == 0) return false;
  const entry = entryOf(va, context);
  const tag = (va & ~(<u64>0xfff)) | context;
  const host: usize = u32(va) + load<u32>(entry + TLB_ADDEND);
  if (write) {
    if (load<u64>(entry + TLB_WRITE) != tag) return false;
    store<u64>(host, load<u64>(operand));
  } else {
    if (load<u64>(entry + TLB_READ) != tag) return false;
    store<u64>(operand, load<u64>(host));
  }
  return true;
}

function placeInMemory(offset: u32): u64 {
  return (u64((i64(load<u64>(VNCR_EL2)) << 11) >> 11) & ~(<u64>0xfff)) + offset;
}

function chargeAccess(offset: u32): void {
  store<f64>(ACCESSES, load<f64>(ACCESSES) + 1);
  charge(load<f64>(ACCESS_COSTS + (offset << 1)));
}

/**
 * As systemRegister() in the midst of compiled code, for the instruction at a VA: CALL_NEXT, CALL_JUMP when it is done but
 * the next one has to be fetched, or CALL_AGAIN when nothing is done and somebody has to begin anew, for the host, for an
 * exception, or because an interrupt may become unmasked.
 */
export function systemRegisterWithin(record: usize, va: u64): i32 {
  const offset = load<u32>(record, ACCESS);
  const entry = accessEntry(offset);
  const kind = entry & ENTRY_KIND;
  if (kind == ENTRY_CONTROL) {
    if (load<u32>(IRQ_LINES) != 0) return CALL_AGAIN;
    if (!writeControl(entry - ENTRY_CONTROL, load<u64>(X + load<u16>(record, RECORD_D)))) return CALL_AGAIN;
    return isFetched(va) ? CALL_NEXT : CALL_JUMP;
  }
  if (kind == ENTRY_MEMORY) {
    const operand: usize = X + load<u16>(record, RECORD_D);
    return accessKnownMemory(entry >> 3, operand, (offset & WRITE_ENTRY) != 0) ? CALL_NEXT : CALL_AGAIN;
  }
  if (kind != ENTRY_PLAIN && kind != ENTRY_CORE && kind != ENTRY_NOTHING) return CALL_AGAIN;
  return systemRegister(record) == CALL_NEXT ? CALL_NEXT : CALL_AGAIN;
}

/** False when the change has an effect that the host has to care for, or is waited for; then nothing is written. */
function writeControl(first: usize, value: u64): bool {
  const control = (value & load<u64>(first, CONTROL_VARIANT)) != 0 ? first + CONTROL_BYTES : first;
  const slot: usize = load<u32>(control, CONTROL_SLOT);
  const next = (value & load<u64>(control, CONTROL_KEEP)) | load<u64>(control, CONTROL_ONES);
  const changed = load<u64>(slot) ^ next;
  if ((changed & load<u64>(control, CONTROL_EFFECTS)) != 0) return false;
  if ((next & load<u64>(first, CONTROL_WANTED_MASK)) == load<u64>(first, CONTROL_WANTED)) return false;
  if (changed == 0) return true;
  store<u64>(slot, next);
  const levels = load<u32>(control, CONTROL_LEVELS);
  if (levels != 0) contextsChangedAt(slot == HCR_EL2 ? levels & levelsUnder(changed) : levels);
  const traps = load<u64>(control, CONTROL_TRAPS);
  if ((changed & traps) != 0) trapControlChanged(slot, next & traps);
  return true;
}

/** CNTPCT_EL0 or CNTVCT_EL0. A host at EL2 with EL2&0, and its EL0, see no offset (Arm ARM, CNTVCT_EL0). */
function count(virtual: bool): u64 {
  const time = load<f64>(TIME_END) + load<f64>(CYCLES) - load<f64>(INSTRUCTION_TIME) * f64(load<i32>(REMAINING));
  const ticks = u64(Math.floor(time / load<f64>(TICK_TIME)));
  if (!virtual || !has(FEATURE_EL2)) return ticks;
  const el = load<i32>(EL);
  const hcr = load<u64>(HCR_EL2);
  if (el == 2 && (hcr & HCR_E2H) != 0) return ticks;
  if (el == 0 && (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE)) return ticks;
  return ticks - load<u64>(CNTVOFF_EL2);
}

/** MSR (immediate) to a field of PSTATE that generated code does not write by itself. */
export function pstateImmediate(record: usize): i32 {
  const result = slowCall(SLOW_PSTATE, u32(record));
  return result == CALL_NEXT ? changed() : result;
}

/** PSTATE.SP takes a value: another bank of the stack pointer, and other answers for SP_EL0. */
export function selectStackPointer(spsel: u32): void {
  switchStackPointer(load<i32>(EL), spsel);
  store<u32>(SPSEL, spsel);
  arriveAtTable();
  enterState();
}
