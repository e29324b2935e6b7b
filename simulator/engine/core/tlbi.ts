// TLB maintenance. `regime` is a REGIME_* number, `vmid` counts for EL1&0 only (0 elsewhere, see currentVmid()).
// `flags`: TLBI_ALL_PES for the Inner and Outer Shareable forms. Maintenance by last level is the same as without.
// Dropping more than was asked for is allowed, so whole contexts go where very many entries would have to be looked at.

import { PE_INDEX, TLBI_ALL_PES } from '../layout';
import {
  blockAround,
  contextAsid,
  contextHasStage1,
  contextHasStage2,
  contextPe,
  contextRegime,
  contextsChanged,
  firstInGroup,
  hasLowerGlobal,
  inGroup,
  isLive,
  lastContext,
  nextInGroup,
  retire,
} from './context';
import { dropTableAddresses } from './stage2';
import { REGIME_EL10 } from './state';
import { dropPage } from './tlb';

/** Of a longer range, or of one in larger blocks, every page may be in use: it retires contexts instead. */
const RANGE_BYTES: u64 = 32 << 12;
const LARGEST_BLOCK: i32 = 21;
/** Older contexts of a group are retired rather than searched: address spaces that have ended stay in it. */
const NEWEST: u32 = 64;

function concerns(id: u32, flags: u32): bool {
  return (flags & TLBI_ALL_PES) != 0 || contextPe(id) == load<u32>(PE_INDEX);
}

/** Regime and VMID match, and stage 1 is on: nothing of an untranslated context comes from stage 1 tables. */
function matches(id: u32, regime: i32, vmid: u32, flags: u32): bool {
  return inGroup(id, regime, vmid) && concerns(id, flags) && contextHasStage1(id);
}

/** By VA, bits 55:12. `asid` -1 means every ASID; global pages go with any. */
export function tlbiVa(regime: i32, vmid: u32, asid: i32, va: u64, flags: u32): void {
  tlbiRange(regime, vmid, asid, va, 0x1000, flags);
}

/** By VA range of so many bytes. */
export function tlbiRange(regime: i32, vmid: u32, asid: i32, va: u64, bytes: u64, flags: u32): void {
  const lower = ((va >> 55) & 1) == 0;
  let changed = false;
  let searched: u32 = 0;
  let next: u32 = 0;
  for (let id = firstInGroup(regime, vmid); id != 0; id = next) {
    next = nextInGroup(id);
    if (!matches(id, regime, vmid, flags)) continue;
    const bound = asid < 0 || contextAsid(id) == u32(asid);
    if (!bound && lower && !hasLowerGlobal(id)) continue;
    if (bytes <= RANGE_BYTES && searched++ < NEWEST && dropRange(id, va, bytes, !bound)) continue;
    retire(id);
    changed = true;
  }
  if (changed) contextsChanged();
}

/** Drops the pages of a range, with what else is of the blocks that they are in. False where such a block is too large. */
function dropRange(id: u32, va: u64, bytes: u64, globalOnly: bool): bool {
  const first = va & ~(<u64>0xfff);
  let done: u64 = 0;
  while (done < bytes) {
    const size = blockAround(id, first + done);
    if (size > LARGEST_BLOCK) return false;
    const block = (first + done) & ~(((<u64>1) << u64(size)) - 1);
    const end = block + ((<u64>1) << u64(size));
    for (let page = block; page != end; page += 0x1000) dropPage(page, id, globalOnly);
    done = end - first;
  }
  return true;
}

/** All pages of an ASID. Global pages may go too. */
export function tlbiAsid(regime: i32, vmid: u32, asid: u32, flags: u32): void {
  let changed = false;
  let next: u32 = 0;
  for (let id = firstInGroup(regime, vmid); id != 0; id = next) {
    next = nextInGroup(id);
    if (!matches(id, regime, vmid, flags) || contextAsid(id) != asid) continue;
    retire(id);
    changed = true;
  }
  if (changed) contextsChanged();
}

/** Everything of EL1&0 of a VMID, stage 1 or both stages. */
export function tlbiVmid(vmid: u32, flags: u32): void {
  let changed = false;
  let next: u32 = 0;
  for (let id = firstInGroup(REGIME_EL10, vmid); id != 0; id = next) {
    next = nextInGroup(id);
    if (!inGroup(id, REGIME_EL10, vmid) || !concerns(id, flags)) continue;
    retire(id);
    changed = true;
  }
  dropTableAddresses();
  if (changed) contextsChanged();
}

/** Stage 2 of an IPA: what combines both stages is not found by IPA, so the whole VMID goes. */
export function tlbiIpa(vmid: u32, _ipa: u64, flags: u32): void {
  let changed = false;
  let next: u32 = 0;
  for (let id = firstInGroup(REGIME_EL10, vmid); id != 0; id = next) {
    next = nextInGroup(id);
    if (!inGroup(id, REGIME_EL10, vmid) || !concerns(id, flags) || !contextHasStage2(id)) continue;
    retire(id);
    changed = true;
  }
  dropTableAddresses();
  if (changed) contextsChanged();
}

/** Everything of a regime, of all VMIDs. */
export function tlbiRegime(regime: i32, flags: u32): void {
  let changed = false;
  const last = lastContext();
  for (let id: u32 = 1; id <= last; id++) {
    if (!isLive(id) || contextRegime(id) != regime || !concerns(id, flags)) continue;
    retire(id);
    changed = true;
  }
  dropTableAddresses();
  if (changed) contextsChanged();
}
