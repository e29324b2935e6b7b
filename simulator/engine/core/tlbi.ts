// TLB maintenance. `regime` is a REGIME_* number, `vmid` counts for EL1&0 only (0 elsewhere, see currentVmid()).
// `flags`: TLBI_ALL_PES for the Inner and Outer Shareable forms. Maintenance by last level is the same as without.
// Dropping more than was asked for is allowed, so whole contexts go where entries would have to be searched.

import { PE_INDEX, TLBI_ALL_PES } from '../layout';
import {
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
  mayHaveBlock,
  nextInGroup,
  retire,
} from './context';
import { dropTableAddresses } from './stage2';
import { REGIME_EL10 } from './state';
import { dropPage } from './tlb';

const RANGE_PAGES: u64 = 32; // a longer range retires contexts instead

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
  const first = va & ~(<u64>0xfff);
  const pages = (bytes + 0xfff) >> 12;
  let changed = false;
  let next: u32 = 0;
  for (let id = firstInGroup(regime, vmid); id != 0; id = next) {
    next = nextInGroup(id);
    if (!matches(id, regime, vmid, flags)) continue;
    const bound = asid < 0 || contextAsid(id) == u32(asid);
    if (!bound && lower && !hasLowerGlobal(id)) continue;
    let drop = pages > RANGE_PAGES;
    for (let page: u64 = 0; page < pages && !drop; page++) {
      const address = first + (page << 12);
      drop = mayHaveBlock(id, address);
      if (!drop) dropPage(address, id, !bound);
    }
    if (!drop) continue;
    retire(id);
    changed = true;
  }
  if (changed) contextsChanged();
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
