// Exceptions taken and returned from (Arm ARM D1, AArch64.TakeException and AArch64.ExceptionReturn).

import {
  ABORT_SYNDROME,
  BREAKPOINTS_CONTEXT,
  BTYPE,
  CYCLES,
  DAIF,
  DIT,
  EL,
  ENTRY_COSTS,
  EXCEPTIONS_TAKEN,
  EXCLUSIVE_BYTES,
  EXIT_REQUEST,
  FAULT_BTI,
  FAULT_CM,
  FAULT_FETCH,
  FAULT_FLAGS,
  FAULT_IPA,
  FAULT_PAC_FAIL,
  FAULT_PAUTH,
  FAULT_PC,
  FAULT_S1PTW,
  FAULT_SP,
  FAULT_STAGE2,
  FAULT_STATUS,
  FAULT_VA,
  FAULT_VNCR,
  FAULT_WATCHPOINT,
  FAULT_WRITE,
  FEATURE_DIT,
  FEATURE_EL2,
  FEATURE_EL3,
  FEATURE_MTE,
  FEATURE_PAN,
  FEATURE_SSBS,
  FEATURE_UAO,
  FEATURES,
  IRQ_LINES,
  LINE_FIQ,
  LINE_IRQ,
  LINE_SERROR,
  LINE_STEP,
  LINE_VFIQ,
  LINE_VIRQ,
  LINE_VSERROR,
  PAN,
  PC,
  PMU_ON,
  PSTATE_IL,
  PSTATE_SS,
  RETURN_COSTS,
  SERROR_SYNDROME,
  SLOT_SP,
  SPSEL,
  SSBS,
  TCO,
  UAO,
  X,
} from '../layout';
import { arriveAtTable } from './access-tables';
import { branchType, setBranchType } from './branch-targets';
import { SLOW_PAUTH } from './calls';
import { enterState } from './context';
import { countException, countReturn } from './counters';
import { stepAfterReturn, stepState, watchpointTarget } from './debug';
import { slowCall } from './env';
import { isObserved, observe } from './observe';
import { pacAuthenticate } from './pointer-authentication';
import {
  ELR_EL1,
  ELR_EL2,
  ELR_EL3,
  ESR_EL1,
  ESR_EL2,
  ESR_EL3,
  FAR_EL1,
  FAR_EL2,
  FAR_EL3,
  HCR_EL2,
  HPFAR_EL2,
  MDSCR_EL1,
  SCR_EL3,
  SCTLR_EL1,
  SCTLR_EL2,
  SCTLR_EL3,
  SP_EL0,
  SP_EL1,
  SP_EL2,
  SP_EL3,
  SPSR_EL1,
  SPSR_EL2,
  SPSR_EL3,
  VBAR_EL1,
  VBAR_EL2,
  VBAR_EL3,
  VSESR_EL2,
} from './slots.generated';
import { stackPointerSwitched } from './stack-pointer';
import {
  bit,
  effectiveHcr,
  el2Enabled,
  HCR_AMO,
  HCR_FMO,
  HCR_IMO,
  HCR_NV,
  HCR_NV1,
  HCR_NV2,
  HCR_TEA,
  HCR_TGE,
  HCR_VSE,
  has,
  inHost,
  readFlags,
  regimeOf,
  SCR_EA,
  SCR_FIQ,
  SCR_IRQ,
  writeFlags,
} from './state';
import { untagged } from './walk';

// Kinds of exceptions, in the order of the vector table.
const SYNC: i32 = 0;
const IRQ: i32 = 1;
const FIQ: i32 = 2;
const SERROR: i32 = 3;
const RETURN: i32 = 4;

const SP: usize = X + 8 * SLOT_SP;
const DAIF_ALL: u32 = 0x3c0;
const PSTATE_I: u32 = 0x80;
const PSTATE_F: u32 = 0x40;
const PSTATE_A: u32 = 0x100;

function banked(el: i32, el1: usize, el2: usize, el3: usize): usize {
  return el == 1 ? el1 : el == 2 ? el2 : el3;
}

function spStorage(el: i32, spsel: u32): usize {
  if (spsel == 0 || el == 0) return SP_EL0;
  return banked(el, SP_EL1, SP_EL2, SP_EL3);
}

/** Banks the SP in use and takes another one: for PSTATE.EL and PSTATE.SP to become these. Does not set them. */
export function switchStackPointer(newEl: i32, newSpsel: u32): void {
  swapStackPointer(spStorage(load<i32>(EL), load<u32>(SPSEL)), spStorage(newEl, newSpsel));
}

/** @inline */
function swapStackPointer(from: usize, to: usize): void {
  if (from == to) return;
  store<u64>(from, load<u64>(SP));
  const sp = load<u64>(to);
  store<u64>(SP, sp);
  stackPointerSwitched(u32(sp));
}

/** PSTATE in the form of SPSR_ELx. @inline */
export function readPstate(): u32 {
  return (
    readFlags() |
    (load<u32>(TCO) << 25) |
    (load<u32>(DIT) << 24) |
    (load<u32>(UAO) << 23) |
    (load<u32>(PAN) << 22) |
    (load<u32>(PSTATE_SS) << 21) |
    (load<u32>(PSTATE_IL) << 20) |
    (load<u32>(SSBS) << 12) |
    (load<u32>(BTYPE) == 0 ? 0 : branchType() << 10) |
    load<u32>(DAIF) |
    (load<u32>(EL) << 2) |
    load<u32>(SPSEL)
  );
}

/** Adds to the modelled cycles. */
export function charge(cost: f64): void {
  store<f64>(CYCLES, load<f64>(CYCLES) + cost);
}

/** What depends on the exception level besides registers: contexts, access table, FP. @inline */
function arrive(): void {
  arriveAtTable();
  enterState();
}

/** EL1 is a guest hypervisor that believes to be at EL2 and so to come from there (FEAT_NV). */
function believesEl2(): bool {
  const hcr = effectiveHcr();
  return (hcr & HCR_NV) != 0 && ((hcr & HCR_NV2) != 0 || (hcr & HCR_NV1) == 0);
}

/**
 * Takes an exception to an exception level. `kind`: 0 synchronous, 1 IRQ, 2 FIQ, 3 SError. `esr`: the full ESR_ELx,
 * for synchronous exceptions and SErrors. `returnAddress`: ELR_ELx.
 */
export function takeException(target: i32, kind: i32, esr: u64, returnAddress: u64): void {
  // Once for each target, so that its banked registers are constants.
  if (target == 1) takeTo(1, kind, esr, returnAddress);
  else if (target == 2) takeTo(2, kind, esr, returnAddress);
  else takeTo(3, kind, esr, returnAddress);
}

/** @inline */
function takeTo(target: i32, kind: i32, esr: u64, returnAddress: u64): void {
  if (load<u32>(PMU_ON) != 0) countException(kind, u32(esr >> 26) & 0x3f);
  const from = load<i32>(EL);
  const spsel = load<u32>(SPSEL);
  let spsr = readPstate();
  if (target == 1 && from == 1 && (load<u64>(HCR_EL2) & HCR_NV) != 0 && believesEl2()) spsr = (spsr & ~(<u32>0xc)) | 8;
  store<u64>(banked(target, SPSR_EL1, SPSR_EL2, SPSR_EL3), spsr);
  store<u64>(banked(target, ELR_EL1, ELR_EL2, ELR_EL3), returnAddress);
  if (kind == SYNC || kind == SERROR) store<u64>(banked(target, ESR_EL1, ESR_EL2, ESR_EL3), esr);

  swapStackPointer(spStorage(from, spsel), spStorage(target, 1));
  const sctlr = load<u64>(banked(target, SCTLR_EL1, SCTLR_EL2, SCTLR_EL3));
  store<i32>(EL, target);
  store<u32>(SPSEL, 1);
  store<u32>(DAIF, DAIF_ALL);
  store<u32>(PSTATE_SS, 0);
  store<u32>(PSTATE_IL, 0);
  store<u32>(BTYPE, 0);
  store<u32>(UAO, 0);
  const features = load<u32>(FEATURES);
  if ((features & FEATURE_PAN) != 0 && bit(sctlr, 23) == 0 && (target == 1 || (target == 2 && isHost()))) {
    store<u32>(PAN, 1);
  }
  if ((features & FEATURE_SSBS) != 0) store<u32>(SSBS, bit(sctlr, 44));
  if ((features & FEATURE_MTE) != 0) store<u32>(TCO, 1);
  store<u32>(EXCLUSIVE_BYTES, 0);
  const vector = load<u64>(banked(target, VBAR_EL1, VBAR_EL2, VBAR_EL3)) & ~(<u64>0x7ff);
  const offset: u64 = from < target ? 0x400 : spsel != 0 ? 0x200 : 0;
  store<u64>(PC, vector + offset + (u64(kind) << 7));
  arrive();
  charge(load<f64>(ENTRY_COSTS + (target << 3)));
  store<f64>(EXCEPTIONS_TAKEN, load<f64>(EXCEPTIONS_TAKEN) + 1);
  if (isObserved(from, target)) observe(kind, from, target, u32(esr));
}

/** Level that takes a synchronous exception from the present EL which no trap sends elsewhere. */
export function defaultTarget(): i32 {
  const el = load<i32>(EL);
  if (el != 0) return el;
  return guestsOff() ? 2 : 1;
}

/** HCR_EL2.TGE acts. Exceptions ask often, and mostly the bit is not even set. */
function guestsOff(): bool {
  return (load<u64>(HCR_EL2) & HCR_TGE) != 0 && (effectiveHcr() & HCR_TGE) != 0;
}

/** EL0 belongs to the host at EL2. */
function isHost(): bool {
  return (load<u64>(HCR_EL2) & HCR_TGE) != 0 && inHost(effectiveHcr());
}

function isExternal(status: u32): bool {
  return status == 0x10 || status == 0x13 || (status & 0x3c) == 0x14;
}

/** Takes the instruction or data abort that FAULT_* describe; `pc` is the address of the instruction. */
export function takeAbort(pc: u64): void {
  const flags = load<u32>(FAULT_FLAGS);
  const status = load<u32>(FAULT_STATUS);
  if ((flags & FAULT_PAUTH) != 0) {
    slowCall(SLOW_PAUTH, 0);
    return;
  }
  if ((flags & FAULT_PAC_FAIL) != 0) {
    takeException(defaultTarget(), SYNC, ((<u64>0x1c) << 26) | (1 << 25) | u64(status), pc);
    return;
  }
  const el = load<i32>(EL);
  const hcr = effectiveHcr();
  const stage2 = (flags & FAULT_STAGE2) != 0;
  const vncr = (flags & FAULT_VNCR) != 0;

  let target = defaultTarget();
  if (isExternal(status) && has(FEATURE_EL3) && (load<u64>(SCR_EL3) & SCR_EA) != 0) target = 3;
  else if (stage2 || vncr) target = 2;
  else if (isExternal(status) && (hcr & HCR_TEA) != 0 && el < 2) target = 2;

  const watchpoint = (flags & FAULT_WATCHPOINT) != 0;
  if (watchpoint) target = watchpointTarget(vncr);

  const fetched = (flags & FAULT_FETCH) != 0;
  const lower = el < target && !vncr;
  let ec: u64 = fetched ? (lower ? 0x20 : 0x21) : lower ? 0x24 : 0x25;
  let iss = status;
  if ((flags & FAULT_S1PTW) != 0) iss |= 1 << 7;
  if (!fetched) {
    if ((flags & (FAULT_WRITE | FAULT_CM)) != 0) iss |= 1 << 6;
    if ((flags & FAULT_CM) != 0) iss |= 1 << 8;
    if (vncr) iss |= 1 << 13;
    // The instruction's syndrome tells a hypervisor what to emulate: stage 2 only, and not for a faulting walk.
    if (stage2 && !vncr && (flags & (FAULT_S1PTW | FAULT_CM)) == 0) iss |= load<u32>(ABORT_SYNDROME) & 0x1ffc000;
  }
  const va = load<u64>(FAULT_VA);
  if ((flags & FAULT_PC) != 0) {
    ec = 0x22;
    iss = 0;
  }
  if (watchpoint) ec += 0x10;
  // Of these a branch target exception and a stack pointer alignment fault leave FAR_ELx alone.
  if ((flags & FAULT_BTI) != 0) ec = 0x0d;
  else if ((flags & FAULT_SP) != 0) ec = 0x26;
  else store<u64>(banked(target, FAR_EL1, FAR_EL2, FAR_EL3), va);
  if (stage2) store<u64>(HPFAR_EL2, ((load<u64>(FAULT_IPA) >> 12) & 0xfffffffffff) << 4);
  takeException(target, SYNC, (ec << 26) | (1 << 25) | u64(iss), pc);
}

/** Level that takes a physical interrupt now, 0 for none: Arm ARM, establishing the target EL and masking. */
function physicalTarget(el: i32, hcr: u64, toEl3: u64, toEl2: u64, mask: u32): i32 {
  const masked = (load<u32>(DAIF) & mask) != 0;
  if (has(FEATURE_EL3) && (load<u64>(SCR_EL3) & toEl3) != 0) return el < 3 || !masked ? 3 : 0;
  if (el == 3) return 0;
  if ((hcr & toEl2) != 0 || inHost(hcr)) return el < 2 || !masked ? 2 : 0;
  return el < 2 && !masked ? 1 : 0;
}

/** LINE_* bit of the interrupt that would be taken now, 0 for none, and its target EL in bits 9:8. */
export function pendingInterrupt(): i32 {
  const lines = load<u32>(IRQ_LINES) & ~LINE_STEP;
  if (lines == 0) return 0;
  const el = load<i32>(EL);
  const hcr = effectiveHcr();
  if ((lines & LINE_FIQ) != 0) {
    const target = physicalTarget(el, hcr, SCR_FIQ, HCR_FMO, PSTATE_F);
    if (target != 0) return LINE_FIQ | (target << 8);
  }
  if ((lines & LINE_IRQ) != 0) {
    const target = physicalTarget(el, hcr, SCR_IRQ, HCR_IMO, PSTATE_I);
    if (target != 0) return LINE_IRQ | (target << 8);
  }
  if ((lines & LINE_SERROR) != 0) {
    const target = physicalTarget(el, hcr, SCR_EA, HCR_AMO, PSTATE_A);
    if (target != 0) return LINE_SERROR | (target << 8);
  }
  // Virtual interrupts exist for a guest only: EL0 and EL1 while TGE is 0.
  if (el > 1 || (hcr & HCR_TGE) != 0) return 0;
  const daif = load<u32>(DAIF);
  if ((lines & LINE_VIRQ) != 0 && (hcr & HCR_IMO) != 0 && (daif & PSTATE_I) == 0) return LINE_VIRQ | (1 << 8);
  if ((lines & LINE_VFIQ) != 0 && (hcr & HCR_FMO) != 0 && (daif & PSTATE_F) == 0) return LINE_VFIQ | (1 << 8);
  if ((lines & LINE_VSERROR) != 0 && (hcr & HCR_AMO) != 0 && (daif & PSTATE_A) == 0) return LINE_VSERROR | (1 << 8);
  return 0;
}

/** ISR_EL1: what is pending, physical or (for a guest) virtual. */
export function interruptStatus(): u64 {
  const lines = load<u32>(IRQ_LINES);
  const hcr: u64 = load<i32>(EL) == 1 ? load<u64>(HCR_EL2) : 0;
  let status: u64 = 0;
  if ((lines & ((hcr & HCR_AMO) != 0 ? LINE_VSERROR : LINE_SERROR)) != 0) status |= PSTATE_A;
  if ((lines & ((hcr & HCR_IMO) != 0 ? LINE_VIRQ : LINE_IRQ)) != 0) status |= PSTATE_I;
  if ((lines & ((hcr & HCR_FMO) != 0 ? LINE_VFIQ : LINE_FIQ)) != 0) status |= PSTATE_F;
  return status;
}

/** Takes the pending interrupt, to return to PC. Its LINE_* bit, 0 when none is taken. */
export function takeInterrupt(): i32 {
  const pending = pendingInterrupt();
  if (pending == 0) return 0;
  const line = pending & 0xff;
  const target = pending >> 8;
  const pc = load<u64>(PC);
  if (line == LINE_VSERROR) {
    // Taking it clears the request. VSESR_EL2 says what the guest reads: IDS and ISS.
    store<u64>(HCR_EL2, load<u64>(HCR_EL2) & ~HCR_VSE);
    store<u32>(IRQ_LINES, load<u32>(IRQ_LINES) & ~LINE_VSERROR);
    takeException(target, SERROR, ((<u64>0x2f) << 26) | (1 << 25) | (load<u64>(VSESR_EL2) & 0x1ffffff), pc);
  } else if (line == LINE_SERROR) {
    store<u32>(IRQ_LINES, load<u32>(IRQ_LINES) & ~LINE_SERROR);
    takeException(target, SERROR, ((<u64>0x2f) << 26) | (1 << 25) | u64(load<u32>(SERROR_SYNDROME) & 0x1ffffff), pc);
  } else {
    const isFiq = line == LINE_FIQ || line == LINE_VFIQ;
    takeException(target, isFiq ? FIQ : IRQ, 0, pc);
  }
  return line;
}

/** SPSR_ELx.M names no state that the present EL may return to (Arm ARM, illegal exception returns). */
function illegalReturn(spsr: u32, el: i32): bool {
  if ((spsr & 0x12) != 0) return true; // AArch32, or the reserved M[1]
  const target = i32((spsr >> 2) & 3);
  if (target > el) return true;
  if (target == 0) return (spsr & 1) != 0;
  if (target == 2) return !has(FEATURE_EL2) || !el2Enabled();
  return target == 1 && guestsOff();
}

/** Returns from an exception by SPSR_ELx and ELR_ELx of the present EL. 0 for an illegal return, which sets PSTATE.IL. */
export function eret(): i32 {
  const el = load<i32>(EL);
  return returnTo(
    load<u64>(banked(el, ELR_EL1, ELR_EL2, ELR_EL3)),
    u32(load<u64>(banked(el, SPSR_EL1, SPSR_EL2, SPSR_EL3))),
  );
}

/** As eret(), to an address that is authenticated with a key and SP: ERETAA and ERETAB. */
export function eretAuthenticated(key: i32): i32 {
  const el = load<i32>(EL);
  return returnTo(
    pacAuthenticate(load<u64>(banked(el, ELR_EL1, ELR_EL2, ELR_EL3)), load<u64>(SP), key),
    u32(load<u64>(banked(el, SPSR_EL1, SPSR_EL2, SPSR_EL3))),
  );
}

/** As eret(), to an address that the caller has. */
export function returnTo(address: u64, spsr: u32): i32 {
  if (load<u32>(PMU_ON) != 0) countReturn();
  const el = load<i32>(EL);
  const legal = !illegalReturn(spsr, el);
  const target = legal ? i32((spsr >> 2) & 3) : el;
  const stepping = bit(load<u64>(MDSCR_EL1), 0);
  store<u32>(PSTATE_SS, stepping == 0 ? 0 : stepAfterReturn(spsr, el, target));
  writeFlags(spsr);
  store<u32>(DAIF, spsr & DAIF_ALL);
  const features = load<u32>(FEATURES);
  if ((features & FEATURE_PAN) != 0) store<u32>(PAN, (spsr >> 22) & 1);
  if (legal) {
    swapStackPointer(spStorage(el, load<u32>(SPSEL)), spStorage(target, spsr & 1));
    store<i32>(EL, target);
    store<u32>(SPSEL, spsr & 1);
    store<u32>(PSTATE_IL, (spsr >> 20) & 1);
    if ((features & FEATURE_UAO) != 0) store<u32>(UAO, (spsr >> 23) & 1);
    if ((features & FEATURE_DIT) != 0) store<u32>(DIT, (spsr >> 24) & 1);
    if ((features & FEATURE_MTE) != 0) store<u32>(TCO, (spsr >> 25) & 1);
    if ((features & FEATURE_SSBS) != 0) store<u32>(SSBS, (spsr >> 12) & 1);
  } else {
    store<u32>(PSTATE_IL, 1);
  }
  store<u32>(EXCLUSIVE_BYTES, 0);
  // An address without a tag, and in the lower range, is the same in every regime.
  store<u64>(PC, address >> 55 == 0 ? address : untagged(address, regimeOf(target), true));
  arrive();
  if (legal) setBranchType((spsr >> 10) & 3);
  if ((stepping | load<u32>(BREAKPOINTS_CONTEXT)) != 0 && stepState() != 0) store<u32>(EXIT_REQUEST, 1);
  charge(load<f64>(RETURN_COSTS + (el << 3)));
  if (isObserved(el, target)) observe(RETURN, el, target, 0);
  return i32(legal);
}
