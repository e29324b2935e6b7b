// Debug exceptions of the guest (Arm ARM D2): software step, breakpoints and watchpoints. None of it costs anything
// while it is off: a step is looked for where slices begin, a breakpoint is a record, a watchpoint takes the TLB tags of
// its page.

import {
  BREAKPOINTS_ADDRESS,
  BREAKPOINTS_CONTEXT,
  DAIF,
  EL,
  FEATURE_EL2,
  FEATURE_EL3,
  FEATURE_LVA,
  FEATURE_VHE,
  FEATURE_VMID16,
  PC,
  PSTATE_SS,
  TLB,
  TLB_ANY,
  TLB_ENTRIES,
  TLB_READ,
  TLB_WRITE,
  WATCHPOINTS,
} from '../layout';
import { fetch } from './access';
import { takeException } from './exceptions';
import {
  CONTEXTIDR_EL1,
  CONTEXTIDR_EL2,
  DBGBCR0_EL1,
  DBGBVR0_EL1,
  DBGWCR0_EL1,
  DBGWVR0_EL1,
  HCR_EL2,
  MDCR_EL2,
  MDCR_EL3,
  MDSCR_EL1,
  OSLSR_EL1,
  VTCR_EL2,
  VTTBR_EL2,
} from './slots.generated';
import { bit, effectiveHcr, el2Enabled, HCR_E2H, HCR_TGE, has, inHost, secure } from './state';

// As ID_AA64DFR0_EL1 says: how many, and that the last two breakpoints can match a context.
const BREAKPOINTS: u32 = 6;
const CONTEXT_AWARE_FROM: u32 = 4;
const WATCHPOINT_COUNT: u32 = 4;

const TLB_END: usize = TLB + TLB_ENTRIES * 32;
const NO_TAG: u64 = u64.MAX_VALUE;
const PSTATE_D: u32 = 0x200;
const IL: u64 = 1 << 25;
const DEBUG_STATUS: u64 = 0x22;

/** Level that takes debug exceptions: EL1, or EL2 by HCR_EL2.TGE and MDCR_EL2.TDE. */
function debugTarget(): i32 {
  return el2Enabled() && ((load<u64>(HCR_EL2) & HCR_TGE) != 0 || bit(load<u64>(MDCR_EL2), 8) != 0) ? 2 : 1;
}

/** Debug exceptions are enabled at a level (Arm ARM, AArch64.GenerateDebugExceptionsFrom). */
function debugEnabled(el: i32, masked: bool): bool {
  if (bit(load<u64>(OSLSR_EL1), 1) != 0) return false;
  // MDCR_EL3.SDD: not in Secure state.
  if (secure() && bit(load<u64>(MDCR_EL3), 16) != 0) return false;
  const target = debugTarget();
  if (el == target) return bit(load<u64>(MDSCR_EL1), 13) != 0 && !masked;
  return el < target;
}

function debugMasked(): bool {
  return (load<u32>(DAIF) & PSTATE_D) != 0;
}

/** Takes a debug exception; `ec` is the class from a lower level, and the next one is that from the same. */
function takeDebug(ec: u64, iss: u64): void {
  const target = debugTarget();
  const own: u64 = load<i32>(EL) < target ? 0 : 1;
  takeException(target, 0, ((ec + own) << 26) | IL | DEBUG_STATUS | iss, load<u64>(PC));
}

// --- Software step ----------------------------------------------------------------------------------------------------

/** PSTATE.SS after a return while MDSCR_EL1.SS is set: kept only where software step begins. */
export function stepAfterReturn(spsr: u32, el: i32, target: i32): u32 {
  if (debugEnabled(el, debugMasked())) return 0;
  return debugEnabled(target, (spsr & PSTATE_D) != 0) ? (spsr >> 21) & 1 : 0;
}

/**
 * What debug exceptions want before the next instruction (Arm ARM D2.11): 0 nothing, 1 look again after it, 2 execute it
 * and then take a software step exception, 3 take that exception.
 */
export function stepState(): i32 {
  const again = i32(load<u32>(BREAKPOINTS_CONTEXT) != 0);
  if (bit(load<u64>(MDSCR_EL1), 0) == 0) return again;
  const el = load<i32>(EL);
  if (debugEnabled(el, debugMasked())) return load<u32>(PSTATE_SS) != 0 ? 2 : 3;
  return debugEnabled(el, false) ? 1 : again;
}

/** Takes a software step exception; `iss` has ISV and EX. */
export function takeStep(iss: u32): void {
  takeDebug(0x32, u64(iss));
}

// --- What breakpoints and watchpoints have in common --------------------------------------------------------------------

/** {HMC,SSC,PxC} that no version of the architecture has; they match nothing. */
function reservedState(hmc: u32, ssc: u32, pxc: u32): bool {
  const key = (hmc << 4) | (ssc << 2) | pxc;
  return key == 0b01110 || (key & 0b11101) == 0b10000 || key == 0b10110 || (key & 0b11011) == 0b11010;
}

/** Arm ARM, AArch64.StateMatch, without the linked breakpoint. `control` has the bits of DBGBCR and DBGWCR from 13 on. */
function stateMatches(control: u64, pxc: u32, el: i32): bool {
  const hmc = bit(control, 13);
  const ssc = u32(control >> 14) & 3;
  if (reservedState(hmc, ssc, pxc)) return false;
  if (!has(FEATURE_EL3) && (ssc == 1 || ssc == 2)) return false;
  if (ssc == 1 && secure() && el != 3) return false;
  if (ssc == 2 && !(secure() || el == 3)) return false;
  if (ssc == 3 && hmc == 0 && !secure()) return false;
  if (el == 3) return hmc == 1 && (ssc & 1) == 0;
  if (el == 2) return (hmc == 1 && !(ssc == 2 && pxc == 0)) || ssc == 3;
  return el == 1 ? (pxc & 1) != 0 : (pxc & 2) != 0;
}

/** PSTATE.EL belongs to a host with EL2&0. */
function isInHost(el: i32): bool {
  if (el == 2) return has(FEATURE_VHE) && (load<u64>(HCR_EL2) & HCR_E2H) != 0;
  return el == 0 && inHost(effectiveHcr());
}

/** Whether a context-aware breakpoint matches the present context (Arm ARM, AArch64.BreakpointValueMatch). */
function contextMatches(n: u32, linked: bool): bool {
  if (n < CONTEXT_AWARE_FROM || n >= BREAKPOINTS) return false;
  const control = load<u64>(DBGBCR0_EL1 + (n << 3));
  if ((control & 1) == 0) return false;
  const type = u32(control >> 20) & 15;
  // Types 0, 1, 4 and 5 compare an address; the lowest bit is for breakpoints that others link to.
  if ((type & 0b1010) == 0 || linked != ((type & 1) != 0)) return false;
  const vhe = has(FEATURE_VHE);
  if ((type & 0b0100) != 0 && !vhe) return false;
  const value = load<u64>(DBGBVR0_EL1 + (n << 3));
  const el = load<i32>(EL);
  const host = isInHost(el);
  const id = u32(value);
  if ((type & 0b1110) == 0b0010) {
    if (host) {
      if (id != load<u32>(CONTEXTIDR_EL2)) return false;
    } else if (el > 1 || id != load<u32>(CONTEXTIDR_EL1)) {
      return false;
    }
  } else if ((type & 0b0010) != 0 && (el > 1 || host || id != load<u32>(CONTEXTIDR_EL1))) {
    return false;
  }
  if ((type & 0b1100) == 0b1000) {
    const bits: u32 = has(FEATURE_VMID16) && bit(load<u64>(VTCR_EL2), 19) != 0 ? 0xffff : 0xff;
    if (el > 1 || host || !el2Enabled()) return false;
    return ((u32(value >> 32) ^ u32(load<u64>(VTTBR_EL2) >> 48)) & bits) == 0;
  }
  if ((type & 0b1100) == 0b1100) return el != 3 && el2Enabled() && u32(value >> 32) == load<u32>(CONTEXTIDR_EL2);
  return true;
}

/** Bits of a VA that are compared: the lower ones, without what extends the sign. */
function addressBits(): u64 {
  return has(FEATURE_LVA) ? 0x1fffffffffffff : 0x1ffffffffffff;
}

// --- Breakpoints --------------------------------------------------------------------------------------------------------

function breakpointMatches(n: u32, pc: u64): bool {
  const control = load<u64>(DBGBCR0_EL1 + (n << 3));
  if ((control & 1) == 0 || !stateMatches(control, u32(control >> 1) & 3, load<i32>(EL))) return false;
  const type = u32(control >> 20) & 15;
  if (type > 1) return contextMatches(n, false);
  const mask = addressBits() & ~(<u64>3);
  if (((load<u64>(DBGBVR0_EL1 + (n << 3)) ^ pc) & mask) != 0) return false;
  return type == 0 || contextMatches(u32(control >> 16) & 15, true);
}

/** Takes the breakpoint exception of the instruction at PC, if there is one to take. 1 when it was taken. */
export function takeBreakpoint(): i32 {
  if ((load<u32>(BREAKPOINTS_ADDRESS) | load<u32>(BREAKPOINTS_CONTEXT)) == 0) return 0;
  if (bit(load<u64>(MDSCR_EL1), 15) == 0 || !debugEnabled(load<i32>(EL), debugMasked())) return 0;
  const pc = load<u64>(PC);
  for (let n: u32 = 0; n < BREAKPOINTS; n++) {
    if (!breakpointMatches(n, pc)) continue;
    // What cannot be fetched aborts instead.
    if (fetch(pc) == 0) return 0;
    takeDebug(0x30, 0);
    return 1;
  }
  return 0;
}

// --- Watchpoints --------------------------------------------------------------------------------------------------------

/** First byte that a watchpoint may cover, and how many there are from there; MASK as in QEMU: 1 and 2 cover nothing. */
function watchedFrom(n: u32): u64 {
  const value = load<u64>(DBGWVR0_EL1 + (n << 3)) & addressBits();
  const mask = (load<u64>(DBGWCR0_EL1 + (n << 3)) >> 24) & 31;
  return mask > 2 ? value & (~(<u64>0) << mask) : value & ~(<u64>3);
}

function watchedBytes(n: u32): u64 {
  const mask = (load<u64>(DBGWCR0_EL1 + (n << 3)) >> 24) & 31;
  if (mask != 0) return mask > 2 ? (<u64>1) << mask : 0;
  return bit(load<u64>(DBGWVR0_EL1 + (n << 3)), 2) != 0 ? 4 : 8;
}

/** Some enabled watchpoint covers bytes of a page, in some state of the PE. */
export function pageWatched(va: u64): bool {
  const enabled = load<u32>(WATCHPOINTS);
  if (enabled == 0) return false;
  const page = va & addressBits() & ~(<u64>0xfff);
  for (let n: u32 = 0; n < WATCHPOINT_COUNT; n++) {
    if (((enabled >> n) & 1) == 0) continue;
    const first = watchedFrom(n);
    if (first < page + 0x1000 && page < first + watchedBytes(n)) return true;
  }
  return false;
}

/** Address of the first byte of an access that a watchpoint covers; all ones for none. */
function watchedByte(n: u32, va: u64, size: u32): u64 {
  const control = load<u64>(DBGWCR0_EL1 + (n << 3));
  const address = va & addressBits();
  const from = watchedFrom(n);
  const end = from + watchedBytes(n);
  const select = ((control >> 24) & 31) == 0 ? u32(control >> 5) & 0xff : 0xff;
  let at = max(address, from);
  for (; at < min(address + size, end); at++) {
    // BAS has a bit for each byte of the doubleword, or of the word while bit 2 of the address is set.
    if (end - from > 8 || ((select >> u32(at - from)) & 1) != 0) return va + (at - address);
  }
  return u64.MAX_VALUE;
}

/**
 * VA of the byte for which an access from an exception level (as LDTR sees it) takes a watchpoint exception, all ones
 * when it takes none.
 */
export function watchpointHit(va: u64, size: u32, write: bool, el: i32): u64 {
  if (load<u32>(WATCHPOINTS) == 0 || bit(load<u64>(MDSCR_EL1), 15) == 0) return u64.MAX_VALUE;
  if (!debugEnabled(load<i32>(EL), debugMasked())) return u64.MAX_VALUE;
  for (let n: u32 = 0; n < WATCHPOINT_COUNT; n++) {
    const control = load<u64>(DBGWCR0_EL1 + (n << 3));
    if ((control & 1) == 0 || bit(control, write ? 4 : 3) == 0) continue;
    if (!stateMatches(control, u32(control >> 1) & 3, el)) continue;
    const byte = watchedByte(n, va, size);
    if (byte == u64.MAX_VALUE) continue;
    if (bit(control, 20) == 0 || contextMatches(u32(control >> 16) & 15, true)) return byte;
  }
  return u64.MAX_VALUE;
}

/** Level that takes a watchpoint exception. */
export function watchpointTarget(vncr: bool): i32 {
  return vncr ? 2 : debugTarget();
}

// --- Changes ------------------------------------------------------------------------------------------------------------

function enabledOf(controls: usize, count: u32): u32 {
  let enabled: u32 = 0;
  for (let n: u32 = 0; n < count; n++) enabled |= (load<u32>(controls + (n << 3)) & 1) << n;
  return enabled;
}

/**
 * A breakpoint or watchpoint register of the PE was written. Accesses to watched pages have to come to the slow path
 * from now on; that they may again go past it when a watchpoint is gone shows when a page is entered the next time.
 */
export function debugChanged(): void {
  let addresses: u32 = 0;
  let contexts: u32 = 0;
  const breakpoints = enabledOf(DBGBCR0_EL1, BREAKPOINTS);
  for (let n: u32 = 0; n < BREAKPOINTS; n++) {
    if (((breakpoints >> n) & 1) == 0) continue;
    const type = (load<u32>(DBGBCR0_EL1 + (n << 3)) >> 20) & 15;
    if (type < 2) addresses |= (<u32>1) << n;
    else if ((type & 1) == 0 && (type & 0b1010) != 0) contexts |= (<u32>1) << n;
  }
  store<u32>(BREAKPOINTS_ADDRESS, addresses);
  store<u32>(BREAKPOINTS_CONTEXT, contexts);
  store<u32>(WATCHPOINTS, enabledOf(DBGWCR0_EL1, WATCHPOINT_COUNT));
  if (load<u32>(WATCHPOINTS) == 0) return;
  for (let entry: usize = TLB; entry < TLB_END; entry += 32) {
    const tag = load<u64>(entry + TLB_ANY);
    if (tag == NO_TAG || !pageWatched(tag & ~(<u64>0xfff))) continue;
    store<u64>(entry + TLB_READ, NO_TAG);
    store<u64>(entry + TLB_WRITE, NO_TAG);
  }
}
