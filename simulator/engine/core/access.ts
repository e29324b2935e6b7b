// Slow paths of loads, stores and instruction fetch: what the inline compare of a TLB tag could not answer.

import {
  ACCESS_EXECUTE,
  ACCESS_READ,
  ACCESS_WRITE,
  BOUNCE,
  CTX_DATA,
  CTX_FETCH,
  CTX_FETCH_HASH,
  CTX_UNPRIV,
  DEVICE_DONE,
  EL,
  EXIT_REQUEST,
  FAULT_BTI,
  FAULT_CM,
  FAULT_DEVICE,
  FAULT_FETCH,
  FAULT_PC,
  FAULT_VNCR,
  FAULT_WATCHPOINT,
  FAULT_WRITE,
  FEATURE_BTI,
  FEATURE_LSE2,
  FETCH_HOOK,
  GUARDED_PAGES,
  INFO_DEVICE,
  INFO_FLAGS,
  INFO_PA,
  INFO_RAM,
  IRQ_LINES,
  ITLB,
  ITLB_ENTRIES,
  ITLB_GUARDED,
  MODE_ACQUIRE,
  MODE_ALONE,
  MODE_ELEMENT_SHIFT,
  MODE_ORDERED,
  MODE_UNPRIVILEGED,
  MODE_VNCR,
  PAGE_CLEAN,
  PAGE_CODE,
  PAGE_COMPILED,
  PAGE_RECORDS,
  PAGE_WATCH,
  RECORD_BYTES,
  RECORD_OP,
  STEPPING,
  STRICT_DEVICE_ALIGNMENT,
  TALLY_INSTRUCTION_WALK,
  TLB_ANY,
  WATCHPOINTS,
} from '../layout';
import { branchType, isTarget } from './branch-targets';
import {
  contextAligned,
  contextOfEl2,
  contextPrivileged,
  contextRegime,
  enterState,
  flushAll,
  noteBlock,
  runsOutOfIds,
  withheldContext,
} from './context';
import { countEvent } from './counters';
import { watchpointHit } from './debug';
import { codeChanged, deviceRead, deviceWrite, fetched, recordsFor, watch } from './env';
import { pendingInterrupt } from './exceptions';
import { ALIGNMENT, DEBUG, EXTERNAL } from './format';
import { beforeWrite, hostAddress, isReadOnly, pageFlags, pageIndex } from './physical';
import { mayUseStack } from './stack-pointer';
import { bit, has } from './state';
import { chargeFault, hostPage, infoOf, lookup, recordFault, recordWalkFault, setTags } from './tlb';
import { sctlrOf, walk, walkGuarded, walkPa, walkSize } from './walk';

const PAGE_MASK: u64 = ~(<u64>0xfff);

/** Context of an access, resolved if a control changed since the last one. */
function contextFor(mode: i32): u32 {
  if ((mode & MODE_VNCR) != 0) return contextOfEl2();
  if (load<u64>(CTX_DATA) == 0) enterState();
  const unprivileged = (mode & MODE_UNPRIVILEGED) != 0;
  const context = u32(unprivileged ? load<u64>(CTX_UNPRIV) : load<u64>(CTX_DATA));
  return context != 0 ? context : withheldContext(unprivileged);
}

/** log2 of the element of an access that has to be aligned. */
function elementBits(size: i32, mode: i32): i32 {
  const given = (mode >> MODE_ELEMENT_SHIFT) & 15;
  return given != 0 ? given - 1 : 31 - clz(size);
}

/** Alignment that is checked before translation: SCTLR_ELx.A, and what exclusives, acquires and releases require. */
function aligned(va: u64, size: i32, mode: i32, context: u32): bool {
  const low = (u32(1) << elementBits(size, mode)) - 1;
  if ((u32(va) & low) == 0) return true;
  if ((mode & MODE_ORDERED) != 0 && !(has(FEATURE_LSE2) && (u32(va) & 15) + size <= 16)) {
    // SCTLR_ELx.nAA lets acquires and releases that are no atomics cross 16 bytes.
    const free = (mode & MODE_ACQUIRE) != 0 && has(FEATURE_LSE2) && bit(sctlrOf(contextRegime(context)), 6) != 0;
    if (!free) return false;
  }
  return !contextAligned(context);
}

/** Device memory takes no unaligned access; machines may leave that out for RAM, see STRICT_DEVICE_ALIGNMENT. */
function deviceAligned(entry: usize, va: u64, size: i32, mode: i32): bool {
  const flags = load<u32>(infoOf(entry) + INFO_FLAGS);
  if ((flags & INFO_DEVICE) == 0) return true;
  if ((flags & INFO_RAM) != 0 && load<u32>(STRICT_DEVICE_ALIGNMENT) == 0) return true;
  return (u32(va) & ((u32(1) << elementBits(size, mode)) - 1)) == 0;
}

function faultFlags(mode: i32): u32 {
  return (mode & MODE_VNCR) != 0 ? FAULT_VNCR : 0;
}

function paOf(entry: usize, va: u64): u64 {
  return load<u64>(infoOf(entry) + INFO_PA) | (va & 0xfff);
}

function isMemory(entry: usize): bool {
  return (load<u32>(infoOf(entry) + INFO_FLAGS) & INFO_RAM) != 0;
}

/** The bytes of an access are watched by the guest: the debug exception is recorded. Aborts come first. */
function watched(va: u64, size: i32, mode: i32, write: bool, context: u32, flags: u32): bool {
  if (load<u32>(WATCHPOINTS) == 0) return false;
  const el = (mode & MODE_VNCR) != 0 ? 2 : contextPrivileged(context) ? load<i32>(EL) : 0;
  const byte = watchpointHit(va, size, write, el);
  if (byte == u64.MAX_VALUE) return false;
  recordFault(byte, DEBUG, flags | FAULT_WATCHPOINT);
  return true;
}

/** DC IVAC counts as a store to its cache line where watchpoints look: 0 after the debug exception was recorded. */
export function mayInvalidate(va: u64): i32 {
  if (load<u32>(WATCHPOINTS) == 0) return 1;
  return i32(!watched(va & ~(<u64>63), 64, 0, true, contextFor(0), FAULT_CM));
}

/** Device accesses wait for the checked interpreter, but for those that are alone. */
function refuseDevice(va: u64, mode: i32, flags: u32): bool {
  if (load<u32>(STEPPING) != 0 || (mode & MODE_ALONE) != 0) return false;
  recordFault(va, 0, flags | FAULT_DEVICE);
  return true;
}

/** An access to a watched page waits for the checked interpreter too, which stops right behind it. */
function refuseWatched(entry: usize, va: u64, flags: u32): bool {
  if (!isMemory(entry) || (pageFlags(pageIndex(hostPage(entry))) & PAGE_WATCH) == 0) return false;
  return refuseDevice(va, 0, flags);
}

/**
 * Host address from which `size` bytes (1 to 16) of a VA can be read; 0 after an abort was recorded in FAULT_*.
 * `mode`: MODE_* bits.
 */
export function loadSlow(va: u64, size: i32, mode: i32): u32 {
  const context = contextFor(mode);
  const flags = faultFlags(mode);
  if (load<u64>(CTX_DATA) == 0 && (mode & MODE_VNCR) == 0 && !mayUseStack(va)) return 0;
  if (!aligned(va, size, mode, context)) {
    recordFault(va, ALIGNMENT, flags);
    return 0;
  }
  const entry = lookup(va, ACCESS_READ, context, flags);
  if (entry == 0) return 0;
  if (!deviceAligned(entry, va, size, mode)) {
    recordFault(va, ALIGNMENT, flags);
    return 0;
  }
  const room = 0x1000 - (i32(va) & 0xfff);
  if (size <= room) {
    if (watched(va, size, mode, false, context, flags)) return 0;
    if (refuseWatched(entry, va, flags)) return 0;
    if (isMemory(entry)) return readMemory(entry, va, size);
    if (refuseDevice(va, mode, flags)) return 0;
    return deviceDone() || (readDevice(entry, va, size, 0, flags) && mayGoOn(va, flags)) ? BOUNCE : 0;
  }
  const second = (va & PAGE_MASK) + 0x1000;
  const next = lookup(second, ACCESS_READ, context, flags);
  if (next == 0) return 0;
  if (watched(va, size, mode, false, context, flags)) return 0;
  if (!(isMemory(entry) && isMemory(next)) && refuseDevice(va, 0, flags)) return 0;
  if (refuseWatched(entry, va, flags) || refuseWatched(next, va, flags)) return 0;
  if (!gather(next, second, size - room, room, flags)) return 0;
  return gather(entry, va, room, 0, flags) ? BOUNCE : 0;
}

function readMemory(entry: usize, va: u64, size: i32): u32 {
  const host = hostPage(entry) + (u32(va) & 0xfff);
  if ((pageFlags(pageIndex(host)) & PAGE_WATCH) != 0) {
    const pa = paOf(entry, va);
    watch(u32(pa), u32(pa >> 32), size, 0);
  }
  return host;
}

function gather(entry: usize, va: u64, size: i32, at: i32, flags: u32): bool {
  if (!isMemory(entry)) return readDevice(entry, va, size, at, flags);
  memory.copy(BOUNCE + at, readMemory(entry, va, size), size);
  return true;
}

/** The widest aligned access at a PA of at most `left` bytes that devices have. */
function deviceBytes(pa: u64, left: i32): i32 {
  if (left >= 4 && (u32(pa) & 3) == 0) return 4;
  return left >= 2 && (u32(pa) & 1) == 0 ? 2 : 1;
}

/** Reads a device into BOUNCE + `at`, from low to high. */
function readDevice(entry: usize, va: u64, size: i32, at: i32, flags: u32): bool {
  const pa = paOf(entry, va);
  let step = 0;
  for (let done = 0; done < size; done += step) {
    step = deviceBytes(pa + done, size - done);
    const value = deviceRead(f64(pa + done), step, done);
    if (value < 0) {
      recordFault(va + done, EXTERNAL, flags);
      return false;
    }
    const to: usize = BOUNCE + at + done;
    if (step == 4) store<u32>(to, u32(value));
    else if (step == 2) store<u16>(to, u16(value));
    else store<u8>(to, u8(value));
  }
  look();
  return true;
}

/** A device may have raised an interrupt: the slice ends behind the access then, as when the host asks for it. */
function look(): void {
  if (load<u32>(IRQ_LINES) != 0 && pendingInterrupt() != 0) store<u32>(EXIT_REQUEST, 1);
}

/** The access has been made by an instruction that began anew since. */
function deviceDone(): bool {
  if (load<u32>(DEVICE_DONE) == 0) return false;
  store<u32>(DEVICE_DONE, 0);
  return true;
}

/**
 * After a device access: only the checked interpreter can end its slice behind the present instruction, and so it gets
 * the instruction when somebody asks for that.
 */
function mayGoOn(va: u64, flags: u32): bool {
  if (load<u32>(STEPPING) != 0 || load<u32>(EXIT_REQUEST) == 0) return true;
  store<u32>(DEVICE_DONE, 1);
  recordFault(va, 0, flags | FAULT_DEVICE);
  return false;
}

/**
 * Stores `size` bytes (1 to 16) of BOUNCE to a VA. 1 when done; 0 after an abort was recorded in FAULT_*, and then
 * nothing is written. `mode`: MODE_* bits.
 */
export function storeSlow(va: u64, size: i32, mode: i32): i32 {
  const context = contextFor(mode);
  const flags = faultFlags(mode);
  if (load<u64>(CTX_DATA) == 0 && (mode & MODE_VNCR) == 0 && !mayUseStack(va)) return 0;
  if (!aligned(va, size, mode, context)) {
    recordFault(va, ALIGNMENT, flags | FAULT_WRITE);
    return 0;
  }
  const entry = lookup(va, ACCESS_WRITE, context, flags);
  if (entry == 0) return 0;
  if (!deviceAligned(entry, va, size, mode)) {
    recordFault(va, ALIGNMENT, flags | FAULT_WRITE);
    return 0;
  }
  const room = 0x1000 - (i32(va) & 0xfff);
  if (size <= room) {
    if (watched(va, size, mode, true, context, flags | FAULT_WRITE)) return 0;
    if (refuseWatched(entry, va, flags | FAULT_WRITE)) return 0;
    if (takesStores(entry)) {
      if (refuseCode(entry, va, size, mode)) return 0;
      writeMemory(entry, va, size, 0);
      return 1;
    }
    if (refuseDevice(va, mode, flags | FAULT_WRITE)) return 0;
    return i32(deviceDone() || (writeDevice(entry, va, size, 0, flags) && mayGoOn(va, flags | FAULT_WRITE)));
  }
  const second = (va & PAGE_MASK) + 0x1000;
  const next = lookup(second, ACCESS_WRITE, context, flags);
  if (next == 0) return 0;
  if (watched(va, size, mode, true, context, flags | FAULT_WRITE)) return 0;
  if (!(takesStores(entry) && takesStores(next)) && refuseDevice(va, 0, flags | FAULT_WRITE)) return 0;
  if (refuseWatched(entry, va, flags | FAULT_WRITE) || refuseWatched(next, va, flags | FAULT_WRITE)) return 0;
  if (refuseCode(entry, va, room, mode) || refuseCode(next, second, size - room, mode)) return 0;
  if (!scatter(entry, va, room, 0, flags)) return 0;
  return i32(scatter(next, second, size - room, room, flags));
}

function takesStores(entry: usize): bool {
  return isMemory(entry) && !isReadOnly(load<u64>(infoOf(entry) + INFO_PA));
}

function scatter(entry: usize, va: u64, size: i32, at: i32, flags: u32): bool {
  if (!takesStores(entry)) return writeDevice(entry, va, size, at, flags);
  writeMemory(entry, va, size, at);
  return true;
}

function writeMemory(entry: usize, va: u64, size: i32, at: i32): void {
  const host = hostPage(entry) + (u32(va) & 0xfff);
  const page = pageIndex(host);
  const flags = pageFlags(page);
  if ((flags & PAGE_WATCH) != 0) {
    const pa = paOf(entry, va);
    watch(u32(pa), u32(pa >> 32), size, 1);
  }
  if ((flags & PAGE_CLEAN) != 0) {
    beforeWrite(page);
    setTags(entry, load<u64>(entry + TLB_ANY));
  }
  if ((flags & PAGE_CODE) != 0) forgetRecords(page, u32(va) & 0xfff, size);
  if (size == 8) store<u64>(host, load<u64>(BOUNCE + at));
  else if (size == 4) store<u32>(host, load<u32>(BOUNCE + at));
  else memory.copy(host, BOUNCE + at, size);
}

/** The instructions that a store overlaps have to be decoded again. */
function forgetRecords(page: u32, offset: u32, size: i32): void {
  const compiled = (pageFlags(page) & PAGE_COMPILED) != 0 && isDecoded(page, offset, size);
  const records = load<u32>(PAGE_RECORDS + (page << 2));
  if (records == 0) return;
  const last = (offset + size - 1) >> 2;
  for (let word = offset >> 2; word <= last; word++) store<u16>(records + word * RECORD_BYTES + RECORD_OP, 0);
  if (compiled) codeChanged(page, offset, size);
}

/** Some word of the range has a decoded record, as all have that compiled code was made of. */
function isDecoded(page: u32, offset: u32, size: i32): bool {
  const records = load<u32>(PAGE_RECORDS + (page << 2));
  if (records == 0) return false;
  const last = (offset + size - 1) >> 2;
  for (let word = offset >> 2; word <= last; word++) {
    if (load<u16>(records + word * RECORD_BYTES + RECORD_OP) != 0) return true;
  }
  return false;
}

/**
 * Compiled code cannot be dropped while it runs, and what comes after the store may be what it changes. Such a store
 * waits for the checked interpreter, as one to a device does.
 */
function refuseCode(entry: usize, va: u64, size: i32, mode: i32): bool {
  if (load<u32>(STEPPING) != 0 || (mode & MODE_VNCR) != 0 || !takesStores(entry)) return false;
  const page = pageIndex(hostPage(entry));
  if ((pageFlags(page) & PAGE_COMPILED) == 0 || !isDecoded(page, u32(va) & 0xfff, size)) return false;
  recordFault(va, 0, FAULT_DEVICE | FAULT_WRITE);
  return true;
}

/** Stores for the host (debugger, loader, devices that master the bus): what caches know of a PA range is dropped. */
export function beforeHostWrite(pa: u64, bytes: u32): void {
  let left = bytes;
  while (left != 0) {
    const part = min(left, 0x1000 - (u32(pa) & 0xfff));
    const host = hostAddress(pa);
    if (host != 0) {
      const page = pageIndex(host);
      beforeWrite(page);
      if ((pageFlags(page) & PAGE_CODE) != 0) forgetRecords(page, u32(pa) & 0xfff, part);
    }
    pa += part;
    left -= part;
  }
}

function writeDevice(entry: usize, va: u64, size: i32, at: i32, flags: u32): bool {
  const pa = paOf(entry, va);
  let step = 0;
  for (let done = 0; done < size; done += step) {
    step = deviceBytes(pa + done, size - done);
    const from: usize = BOUNCE + at + done;
    const value = step == 4 ? load<u32>(from) : step == 2 ? load<u16>(from) : load<u8>(from);
    if (deviceWrite(f64(pa + done), step, f64(value), done) == 0) {
      recordFault(va + done, EXTERNAL, flags | FAULT_WRITE);
      return false;
    }
  }
  look();
  return true;
}

/** ITLB entry of a VA in the present context, resolved if a control changed since the last fetch. */
function fetchEntry(va: u64): usize {
  if (load<u64>(CTX_FETCH) == 0) enterState();
  return ITLB + (((u32(va >> 12) ^ load<u32>(CTX_FETCH_HASH)) & (ITLB_ENTRIES - 1)) << 4);
}

/** The ITLB has the page of a VA: to fetch from it has no effect. */
export function isFetched(va: u64): bool {
  return load<u64>(fetchEntry(va)) == ((va & PAGE_MASK) | load<u64>(CTX_FETCH));
}

/** Fills the ITLB for the page of a VA. Address of the page's records; 0 after an abort was recorded in FAULT_*. */
export function fetch(va: u64): u32 {
  if ((va & 3) != 0) {
    recordFault(va, 0, FAULT_FETCH | FAULT_PC);
    return 0;
  }
  const entry = fetchEntry(va);
  const context = u32(load<u64>(CTX_FETCH));
  const tag = (va & PAGE_MASK) | context;
  if (load<u64>(entry) == tag) return arrived(va, entry);
  if (runsOutOfIds()) {
    flushAll();
    return fetch(va);
  }
  countEvent(TALLY_INSTRUCTION_WALK);
  if (!walk(va, ACCESS_EXECUTE, contextRegime(context), contextPrivileged(context), false, false, true)) {
    recordWalkFault(va, FAULT_FETCH);
    chargeFault();
    return 0;
  }
  const pa = walkPa() & PAGE_MASK;
  if (walkSize() > 12) noteBlock(context, va, walkSize());
  const host = hostAddress(pa);
  if (host == 0) {
    recordFault(va, EXTERNAL, FAULT_FETCH);
    return 0;
  }
  const page = pageIndex(host);
  let records = load<u32>(PAGE_RECORDS + (page << 2));
  if (records == 0) records = recordsFor(page);
  store<u64>(entry, tag);
  store<u32>(entry, records, 8);
  const guarded = walkGuarded() && has(FEATURE_BTI);
  if (guarded) store<u32>(GUARDED_PAGES, 1);
  store<u32>(entry, (u32(pa >> 12) & ~ITLB_GUARDED) | (guarded ? ITLB_GUARDED : 0), 12);
  if (load<u32>(FETCH_HOOK) != 0) fetched(va & PAGE_MASK, pa);
  return arrived(va, entry);
}

/** The records of an ITLB entry, if the branch that leads to it may arrive at this VA. */
function arrived(va: u64, entry: usize): u32 {
  const page = load<u32>(entry, 12);
  if ((page & ITLB_GUARDED) != 0 && branchType() != 0) {
    const host = hostAddress(u64(page & ~ITLB_GUARDED) << 12);
    if (!isTarget(load<u32>(host + (u32(va) & 0xffc)), branchType())) {
      recordFault(va, branchType(), FAULT_FETCH | FAULT_BTI);
      return 0;
    }
  }
  return load<u32>(entry, 8);
}
