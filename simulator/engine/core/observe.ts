// What is done with exceptions and their returns while somebody watches: the log of the timeline, what they interrupt,
// and a sieve before the host is asked whether it wants to stop. The host is called once in a window of the log, or
// when something matches.

import {
  CYCLES,
  EVENT_BYTES,
  EVENT_INFO,
  EVENT_INSTRUCTIONS,
  EVENT_SYNDROME,
  EXCEPTION_CLASSES,
  EXCEPTION_CLASSES_BYTES,
  INSTRUCTION_TIME,
  INTERRUPTED,
  INTERRUPTED_BYTES,
  INTERRUPTED_KIND,
  INTERRUPTED_PC,
  INTERRUPTED_SPSR,
  INTERRUPTED_X,
  KNOWN_GUESTS,
  KNOWN_GUESTS_MAX,
  LEFT_COUNT,
  LEFT_GUEST_BYTES,
  LEFT_GUESTS,
  LEFT_GUESTS_BYTES,
  LEFT_GUESTS_MAX,
  LEFT_ORDER,
  LOG_AT,
  LOG_BLIND,
  LOG_CLASS_CYCLES,
  LOG_CLASSES_MAX,
  LOG_COUNTS,
  LOG_CYCLES,
  LOG_EVENTS,
  LOG_FIRST,
  LOG_INSTRUCTIONS,
  LOG_KNOWN,
  LOG_LEVEL_CYCLES,
  LOG_LIMIT,
  LOG_OTHERS,
  LOG_SPENT,
  LOG_STATE,
  LOG_TIMED,
  LOG_TIMES,
  LOG_WINDOW,
  OBSERVE,
  OBSERVE_ALL,
  OBSERVE_INTERRUPTED,
  OBSERVE_LEVELS,
  OBSERVE_LOG,
  OBSERVED,
  OBSERVED_BYTES,
  PE_INDEX,
  REMAINING,
  RETIRED_END,
  ROW_OF_KIND,
  SIEVE,
  X,
} from '../layout';
import { guestSeen, logDiffers, logFull, observed } from './env';
import {
  ELR_EL1,
  ELR_EL2,
  ELR_EL3,
  HCR_EL2,
  MAIR_EL1,
  SCTLR_EL1,
  SPSR_EL1,
  SPSR_EL2,
  SPSR_EL3,
  TCR_EL1,
  TTBR0_EL1,
  TTBR1_EL1,
  VTCR_EL2,
  VTTBR_EL2,
} from './slots.generated';
import { HCR_TGE, HCR_VM } from './state';

const RETURN: i32 = 4;
const RETURN_ROW: u32 = ROW_OF_KIND + RETURN;

// Bits of EVENT_INFO.
const GUEST: u32 = 1 << 7;
const FROM_SHIFT: u32 = 8;
const TO_SHIFT: u32 = 10;
const CLASS_BITS: u32 = EXCEPTION_CLASSES_BYTES - 1;
const VMID_BITS: u32 = 0xffff0000;

/** Somebody watches exceptions or returns from one level to another. */
export function isObserved(from: i32, to: i32): bool {
  return (load<u32>(OBSERVE) & (OBSERVE_LOG | OBSERVE_INTERRUPTED | (1 << (OBSERVE_LEVELS + ((from << 2) | to))))) != 0;
}

/**
 * An exception was taken (kind 0 to 3) or returned from (4); registers are as it has left them. `syndrome` is the low word
 * of ESR_ELx of a synchronous one, 0 for a return.
 */
export function observe(kind: i32, from: i32, to: i32, syndrome: u32): void {
  const wanted = load<u32>(OBSERVE);
  const row: u32 = kind == 0 ? syndrome >> 26 : ROW_OF_KIND + kind;
  if ((wanted & (OBSERVE_LOG | OBSERVE_INTERRUPTED)) != 0) {
    const pe: usize = OBSERVED + load<u32>(PE_INDEX) * OBSERVED_BYTES;
    const guest = guestOf(pe, from, to);
    if ((wanted & OBSERVE_LOG) != 0) {
      const info = row | (u32(from) << FROM_SHIFT) | (u32(to) << TO_SHIFT) | guest;
      if (kind != 0) syndrome = 0;
      if (load<u32>(pe, LOG_AT) < load<u32>(pe, LOG_LIMIT) || isNew(pe, info, syndrome)) append(pe, info, syndrome);
    }
    if ((wanted & OBSERVE_INTERRUPTED) != 0 && from < to) {
      keepInterrupted(pe, kind, to);
      if (to == 2 && guest != 0) keepGuest();
    }
  }
  const levels = (from << 2) | to;
  if (((wanted >> (OBSERVE_LEVELS + levels)) & 1) == 0) return;
  if ((wanted & OBSERVE_ALL) != 0 || ((load<u16>(SIEVE + (row << 1)) >> levels) & 1) != 0) observed(kind, from, to);
}

/** Of EVENT_INFO. A guest is the lower level of the two, while stage 2 is on and HCR_EL2.TGE is not. */
function guestOf(pe: usize, from: i32, to: i32): u32 {
  if ((load<u64>(HCR_EL2) & (HCR_VM | HCR_TGE)) != HCR_VM || from == to || (from >= 2 && to >= 2)) return 0;
  if (from == 2 || to == 2) noteGuest(pe);
  return GUEST | (u32(load<u64>(VTTBR_EL2) >> 32) & VMID_BITS);
}

function noteGuest(pe: usize): void {
  const vttbr = load<u64>(VTTBR_EL2);
  const known: usize = pe + KNOWN_GUESTS + ((u32(vttbr >> 48) & (KNOWN_GUESTS_MAX - 1)) << 3);
  if (load<u64>(known) == vttbr) return;
  store<u64>(known, vttbr);
  guestSeen();
}

/** What a guest's translation is made with, before its hypervisor changes it. */
function keepGuest(): void {
  const all: usize = LEFT_GUESTS + load<u32>(PE_INDEX) * LEFT_GUESTS_BYTES;
  const vttbr = load<u64>(VTTBR_EL2);
  const place = u32(vttbr >> 48) & (LEFT_GUESTS_MAX - 1);
  const guest: usize = all + place * LEFT_GUEST_BYTES;
  store<u64>(guest, vttbr);
  store<u64>(guest, load<u64>(VTCR_EL2), 8);
  store<u64>(guest, load<u64>(HCR_EL2), 16);
  store<u64>(guest, load<u64>(SCTLR_EL1), 24);
  store<u64>(guest, load<u64>(TCR_EL1), 32);
  store<u64>(guest, load<u64>(TTBR0_EL1), 40);
  store<u64>(guest, load<u64>(TTBR1_EL1), 48);
  store<u64>(guest, load<u64>(MAIR_EL1), 56);
  const count = load<u32>(all, LEFT_COUNT) + 1;
  store<u32>(all, count, LEFT_COUNT);
  store<u32>(all + (place << 2), count, LEFT_ORDER);
}

/** Instructions that the active PE has retired. */
function retired(): f64 {
  return load<f64>(RETIRED_END) - f64(load<i32>(REMAINING));
}

function append(pe: usize, info: u32, syndrome: u32): void {
  const at: usize = load<u32>(pe, LOG_AT);
  const count = retired();
  store<f64>(at, count + load<f64>(pe, LOG_OTHERS), EVENT_INSTRUCTIONS);
  store<u32>(at, info, EVENT_INFO);
  store<u32>(at, syndrome, EVENT_SYNDROME);
  store<u32>(pe, u32(at) + EVENT_BYTES, LOG_AT);
  // Without a cost profile an instruction is a cycle.
  if (load<u32>(pe, LOG_TIMED) != 0)
    store<f64>(timeOf(pe, at), load<f64>(INSTRUCTION_TIME) == 0 ? load<f64>(CYCLES) : count);
}

/** Where the cycles of an event of a PE's window are. */
function timeOf(pe: usize, at: usize): usize {
  return pe + LOG_TIMES + ((at - pe - LOG_EVENTS) >> 1);
}

/** An event with which a window begins, or one of a past that is run again; false when it is not to be written. */
function isNew(pe: usize, info: u32, syndrome: u32): bool {
  const instructions = retired() + load<f64>(pe, LOG_OTHERS);
  if (instructions < load<f64>(pe, LOG_FIRST)) return false;
  const end = u32(pe) + LOG_EVENTS + LOG_WINDOW * EVENT_BYTES;
  if (load<u32>(pe, LOG_AT) == end) logFull(instructions);
  const at: usize = load<u32>(pe, LOG_AT);
  if (at >= load<u32>(pe, LOG_KNOWN)) return true;
  const same =
    load<u32>(pe, LOG_BLIND) != 0 ||
    (load<f64>(at, EVENT_INSTRUCTIONS) == instructions &&
      load<u32>(at, EVENT_INFO) == info &&
      load<u32>(at, EVENT_SYNDROME) == syndrome);
  if (same) {
    store<u32>(pe, u32(at) + EVENT_BYTES, LOG_AT);
    // Behind the last one that is known, events are new.
    if (at + EVENT_BYTES == load<u32>(pe, LOG_KNOWN)) store<u32>(pe, end, LOG_LIMIT);
    return false;
  }
  if (logDiffers() == 0) return false;
  if (load<u32>(pe, LOG_AT) == end) logFull(instructions);
  return true;
}

/** Adds events of a PE from one address to another to its sums. */
export function addUpEvents(pe: i32, from: usize, to: usize): void {
  const sums: usize = OBSERVED + pe * OBSERVED_BYTES;
  // Cycles are where the events are, or apart from them.
  const timed = load<u32>(sums, LOG_TIMED) != 0;
  const step: usize = timed ? 8 : EVENT_BYTES;
  let time: usize = timed ? timeOf(sums, from) : from + EVENT_INSTRUCTIONS;
  // A byte each: what entered EL1 to EL3. Nothing enters EL0.
  const entered: usize = sums + LOG_STATE;
  let level = u32(load<u8>(entered));
  let cell = spent(level, load<u8>(entered + level) * u32(level != 0));
  store<u8>(entered, 0);
  let before = load<f64>(sums, LOG_CYCLES);
  for (let at = from; at < to; at += EVENT_BYTES) {
    // Time until here was spent at the level that the last event went to.
    const now = load<f64>(time);
    time += step;
    store<f64>(cell, load<f64>(cell) + (now - before));
    before = now;
    const info = load<u32>(at, EVENT_INFO);
    let kind = u32(load<u8>(EXCEPTION_CLASSES + (info & CLASS_BITS)));
    const count: usize = sums + LOG_COUNTS + (kind << 2);
    store<u32>(count, load<u32>(count) + 1);
    level = (info >> TO_SHIFT) & 3;
    if ((info & 0x7f) == RETURN_ROW) kind = u32(load<u8>(entered + level));
    else if (level != 0) store<u8>(entered + level, kind);
    cell = spent(level, kind);
  }
  store<u8>(entered, level);
  store<f64>(sums, before, LOG_CYCLES);
  if (from < to) store<f64>(sums, load<f64>(to - EVENT_BYTES, EVENT_INSTRUCTIONS), LOG_INSTRUCTIONS);
  for (level = 0; level < 4; level++) {
    for (let kind: u32 = 0; kind < u32(LOG_CLASSES_MAX); kind++) {
      const cycles = spent(level, kind);
      const amount = load<f64>(cycles);
      if (amount == 0) continue;
      store<f64>(cycles, 0);
      addTo(sums + LOG_LEVEL_CYCLES + (level << 3), amount);
      if (level != 0) addTo(sums + LOG_CLASS_CYCLES + (kind << 3), amount);
    }
  }
}

/** Where cycles are added that are spent at a level after such an exception. */
function spent(level: u32, kind: u32): usize {
  return LOG_SPENT + (level << 8) + (kind << 3);
}

function addTo(sum: usize, amount: f64): void {
  store<f64>(sum, load<f64>(sum) + amount);
}

/** Keeps what an exception to a level has just interrupted. */
function keepInterrupted(pe: usize, kind: i32, to: i32): void {
  const kept: usize = pe + INTERRUPTED + (to - 1) * INTERRUPTED_BYTES;
  store<u32>(kept, kind + 1, INTERRUPTED_KIND);
  store<u64>(kept, load<u64>(to == 1 ? ELR_EL1 : to == 2 ? ELR_EL2 : ELR_EL3), INTERRUPTED_PC);
  store<u64>(kept, load<u64>(to == 1 ? SPSR_EL1 : to == 2 ? SPSR_EL2 : SPSR_EL3), INTERRUPTED_SPSR);
  copyRegisters(kept + INTERRUPTED_X);
}

/** X0 to X30, and one word more. */
function copyRegisters(to: usize): void {
  for (let n: usize = 0; n < 256; n += 64) {
    v128.store(to + n, v128.load(X + n));
    v128.store(to + n, v128.load(X + n, 16), 16);
    v128.store(to + n, v128.load(X + n, 32), 32);
    v128.store(to + n, v128.load(X + n, 48), 48);
  }
}
