// The software TLB: looking a page up, filling an entry, and what may be accessed without asking.

import {
  ACCESS_WRITE,
  CYCLES,
  FAULT_FLAGS,
  FAULT_IPA,
  FAULT_STATUS,
  FAULT_VA,
  FAULT_WRITE,
  INFO_DESCRIPTOR,
  INFO_DEVICE,
  INFO_FLAGS,
  INFO_GLOBAL,
  INFO_IPA,
  INFO_PA,
  INFO_RAM,
  INFO_READ,
  INFO_SIZE,
  INFO_WRITE,
  ITLB,
  ITLB_ENTRIES,
  PAGE_CLEAN,
  PAGE_CODE,
  PAGE_FLAGS,
  PAGE_WATCH,
  PERMIT_READ,
  PERMIT_WRITE,
  RAM,
  STRICT_DEVICE_ALIGNMENT,
  TALLY_DATA_WALK,
  TLB,
  TLB_ADDEND,
  TLB_ANY,
  TLB_ENTRIES,
  TLB_INFO,
  TLB_PAGE,
  TLB_READ,
  TLB_WRITE,
  WALK_COST,
} from '../layout';
import { isDevice } from './attributes';
import {
  contextAligned,
  contextHash,
  contextPan,
  contextPrivileged,
  contextRegime,
  noteBlock,
  noteLowerGlobal,
} from './context';
import { countEvent } from './counters';
import { pageWatched } from './debug';
import { hostAddress, isReadOnly } from './physical';
import {
  walk,
  walkAttributes,
  walkDescriptor,
  walkFaultFlags,
  walkFaultIpa,
  walkGlobal,
  walkIpa,
  walkPa,
  walkPermissions,
  walkSize,
  walkStatus,
} from './walk';

const PAGE_MASK: u64 = ~(<u64>0xfff);
const TLB_END: usize = TLB + TLB_ENTRIES * 32;
export const NO_TAG: u64 = u64.MAX_VALUE;

/** Records an abort in FAULT_*. */
export function recordFault(va: u64, status: i32, flags: u32): void {
  store<u64>(FAULT_VA, va);
  store<u32>(FAULT_STATUS, status);
  store<u32>(FAULT_FLAGS, flags);
}

/** Records the fault that the walk just ended with. */
export function recordWalkFault(va: u64, flags: u32): void {
  recordFault(va, walkStatus(), flags | walkFaultFlags());
  store<u64>(FAULT_IPA, walkFaultIpa());
}

/** No TLB keeps a fault, so that its walk is made each time. What others cost would depend on what a TLB holds. */
export function chargeFault(): void {
  store<f64>(CYCLES, load<f64>(CYCLES) + load<f64>(WALK_COST));
}

export function entryOf(va: u64, context: u32): usize {
  return TLB + (((u32(va >> 12) ^ contextHash(context)) & (TLB_ENTRIES - 1)) << 5);
}

/** Address of an entry's 32 bytes in TLB_INFO. */
export function infoOf(entry: usize): usize {
  return entry - TLB + TLB_INFO;
}

/**
 * Entry of a page for an access of a context, walked if needed. 0 after a fault, which is recorded for `va` with
 * `flags`.
 */
export function lookup(va: u64, access: i32, context: u32, flags: u32): usize {
  const entry = entryOf(va, context);
  const tag = (va & PAGE_MASK) | context;
  if (load<u64>(entry + TLB_ANY) == tag) {
    const allowed = access == ACCESS_WRITE ? INFO_WRITE : INFO_READ;
    if ((load<u32>(infoOf(entry) + INFO_FLAGS) & allowed) != 0) {
      setTags(entry, tag);
      return entry;
    }
  }
  const pan = contextPan(context);
  countEvent(TALLY_DATA_WALK);
  if (!walk(va, access, contextRegime(context), contextPrivileged(context), pan, false, true)) {
    recordWalkFault(va, access == ACCESS_WRITE ? flags | FAULT_WRITE : flags);
    chargeFault();
    return 0;
  }
  fill(entry, va, tag, context);
  return entry;
}

function fill(entry: usize, va: u64, tag: u64, context: u32): void {
  const info = infoOf(entry);
  const pa = walkPa() & PAGE_MASK;
  const host = hostAddress(pa);
  const permissions = walkPermissions();
  let flags: u32 = 0;
  if ((permissions & PERMIT_READ) != 0) flags |= INFO_READ;
  if ((permissions & PERMIT_WRITE) != 0) flags |= INFO_WRITE;
  if (isDevice(walkAttributes())) flags |= INFO_DEVICE;
  if (host != 0) flags |= INFO_RAM;
  if (walkGlobal()) {
    flags |= INFO_GLOBAL;
    if (((va >> 55) & 1) == 0) noteLowerGlobal(context);
  }
  if (walkSize() > 12) noteBlock(context, va, walkSize());
  store<u64>(entry + TLB_ANY, tag);
  store<u32>(entry + TLB_ADDEND, host - (u32(va) & 0xfffff000));
  store<u32>(entry + TLB_PAGE, u32(pa >> 12));
  store<u64>(info + INFO_IPA, walkIpa() & PAGE_MASK);
  store<u64>(info + INFO_DESCRIPTOR, walkDescriptor());
  store<u32>(info + INFO_FLAGS, flags);
  store<u32>(info + INFO_SIZE, walkSize());
  store<u64>(info + INFO_PA, pa);
  setTags(entry, tag);
}

/** Host address of the first byte of an entry's page. */
export function hostPage(entry: usize): u32 {
  return (u32(load<u64>(entry + TLB_ANY)) & 0xfffff000) + load<u32>(entry + TLB_ADDEND);
}

/** Sets the tags for the accesses that need no further question. */
export function setTags(entry: usize, tag: u64): void {
  const flags = load<u32>(infoOf(entry) + INFO_FLAGS);
  let read = NO_TAG;
  let write = NO_TAG;
  const strict = (flags & INFO_DEVICE) != 0 && load<u32>(STRICT_DEVICE_ALIGNMENT) != 0;
  if ((flags & INFO_RAM) != 0 && !strict && !contextAligned(u32(tag) & 0xfff) && !pageWatched(tag & PAGE_MASK)) {
    const page = load<u8>(PAGE_FLAGS + ((hostPage(entry) - RAM) >> 12));
    if ((page & PAGE_WATCH) == 0) {
      if ((flags & INFO_READ) != 0) read = tag;
      const free = (page & (PAGE_CODE | PAGE_CLEAN)) == 0;
      if (free && (flags & INFO_WRITE) != 0 && !isReadOnly(load<u64>(infoOf(entry) + INFO_PA))) write = tag;
    }
  }
  store<u64>(entry + TLB_READ, read);
  store<u64>(entry + TLB_WRITE, write);
}

/** Stores to a page have to come to the slow path from now on. */
export function dropWriteTags(page: u32): void {
  const host = RAM + (page << 12);
  for (let entry: usize = TLB; entry < TLB_END; entry += 32) {
    if (load<u64>(entry + TLB_WRITE) != NO_TAG && hostPage(entry) == host) store<u64>(entry + TLB_WRITE, NO_TAG);
  }
}

/** All accesses to a page have to come to the slow path from now on. */
export function dropPageTags(page: u32): void {
  const host = RAM + (page << 12);
  for (let entry: usize = TLB; entry < TLB_END; entry += 32) {
    if (load<u64>(entry + TLB_READ) == NO_TAG && load<u64>(entry + TLB_WRITE) == NO_TAG) continue;
    if (hostPage(entry) != host) continue;
    store<u64>(entry + TLB_READ, NO_TAG);
    store<u64>(entry + TLB_WRITE, NO_TAG);
  }
}

/** All stores have to come to the slow path once: for a snapshot, after the host set PAGE_CLEAN everywhere. */
export function dropAllWriteTags(): void {
  for (let entry: usize = TLB; entry < TLB_END; entry += 32) store<u64>(entry + TLB_WRITE, NO_TAG);
}

/** All accesses have to come to the slow path once: translations stay, what is asked of pages may have changed. */
export function dropAllTags(): void {
  for (let entry: usize = TLB; entry < TLB_END; entry += 32) {
    store<u64>(entry + TLB_READ, NO_TAG);
    store<u64>(entry + TLB_WRITE, NO_TAG);
  }
}

/** Forgets a page of a context; with `globalOnly`, data entries that are bound to the ASID stay. */
export function dropPage(va: u64, context: u32, globalOnly: bool): void {
  // A tag in the top byte makes an entry of its own at the same index. TLB maintenance means all of them.
  const tag = ((va & PAGE_MASK) | context) << 8;
  const entry = entryOf(va, context);
  if (load<u64>(entry + TLB_ANY) << 8 == tag) {
    if (!globalOnly || (load<u32>(infoOf(entry) + INFO_FLAGS) & INFO_GLOBAL) != 0) {
      store<u64>(entry + TLB_ANY, NO_TAG);
      store<u64>(entry + TLB_READ, NO_TAG);
      store<u64>(entry + TLB_WRITE, NO_TAG);
    }
  }
  const fetch: usize = ITLB + (((u32(va >> 12) ^ contextHash(context)) & (ITLB_ENTRIES - 1)) << 4);
  if (load<u64>(fetch) << 8 == tag) store<u64>(fetch, NO_TAG);
}
