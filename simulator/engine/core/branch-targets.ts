// Branch target identification (FEAT_BTI): what an indirect branch leaves in PSTATE.BTYPE, and the check where it
// arrives. Only the next instruction sees PSTATE.BTYPE, so it is kept with the count of instructions left at which it
// holds; that costs nothing in all the instructions that clear it.

import {
  BTYPE,
  BTYPE_REMAINING,
  CTX_FETCH,
  CTX_FETCH_HASH,
  EL,
  FEATURE_BTI,
  FEATURES,
  FETCH_PAGE,
  GUARDED_PAGES,
  ITLB,
  ITLB_ENTRIES,
  ITLB_GUARDED,
  REMAINING,
} from '../layout';
import { SCTLR_EL1, SCTLR_EL2, SCTLR_EL3 } from './slots.generated';
import { bit, effectiveHcr, HCR_TGE, has, inHost } from './state';

/** PSTATE.BTYPE, of the instruction that is next. */
export function branchType(): u32 {
  if (load<u32>(BTYPE) == 0 || load<i32>(BTYPE_REMAINING) != load<i32>(REMAINING)) return 0;
  return has(FEATURE_BTI) ? load<u32>(BTYPE) : 0;
}

/** Sets PSTATE.BTYPE for the instruction after the present one. */
export function setBranchType(type: u32): void {
  store<u32>(BTYPE, type);
  if (type == 0) return;
  store<i32>(BTYPE_REMAINING, load<i32>(REMAINING) - 1);
  expectTarget();
}

/** Sends the next fetch to the core, which looks at the instruction where the page is guarded. */
function expectTarget(): void {
  if (load<u32>(GUARDED_PAGES) == 0 || (load<u32>(FEATURES) & FEATURE_BTI) == 0) return;
  store<u64>(CTX_FETCH, 0);
}

/** After BR or BLR, which have left BTYPE as from a page that is not guarded; `guarded`: the type from one that is. */
export function branchedIndirectly(guarded: u32): void {
  const page = load<u64>(FETCH_PAGE);
  const entry: usize = ITLB + (((u32(page >> 12) ^ load<u32>(CTX_FETCH_HASH)) & (ITLB_ENTRIES - 1)) << 4);
  const tag = page | load<u64>(CTX_FETCH);
  if (load<u64>(entry) == tag && (load<u32>(entry, 12) & ITLB_GUARDED) != 0) store<u32>(BTYPE, guarded);
  expectTarget();
}

/** SCTLR_ELx.BT of the present state: PACIASP and PACIBSP are no targets of BR. */
function strict(): bool {
  const el = load<i32>(EL);
  if (el == 3) return bit(load<u64>(SCTLR_EL3), 36) != 0;
  if (el == 2) return bit(load<u64>(SCTLR_EL2), 36) != 0;
  if (el == 1) return bit(load<u64>(SCTLR_EL1), 36) != 0;
  const hcr = effectiveHcr();
  const host = inHost(hcr) && (hcr & HCR_TGE) != 0;
  return bit(load<u64>(host ? SCTLR_EL2 : SCTLR_EL1), 35) != 0;
}

/** Whether an instruction in a guarded page may be where a branch of a type arrives (Arm ARM, BTI). */
export function isTarget(word: u32, type: u32): bool {
  if ((word & 0xffffff3f) == 0xd503241f) {
    const targets = (word >> 6) & 3; // 1: c, 2: j, 3: jc
    return type == 1 ? targets != 0 : type == 2 ? (targets & 1) != 0 : (targets & 2) != 0;
  }
  if ((word & 0xffffffbf) == 0xd503233f) return type != 3 || !strict(); // PACIASP, PACIBSP
  // BRK and HLT come before the check.
  return (word & 0xffe0001f) == 0xd4200000 || (word & 0xffe0001f) == 0xd4400000;
}
