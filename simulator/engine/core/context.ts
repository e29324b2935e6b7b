// Translation contexts: everything but the page that decides what a VA means, as a number of 12 bits for TLB tags.
//
// A context is interned by four words: PE, regime, privilege, PAN, ASID, VMID and control bits (0), TCR_ELx (8),
// VTCR_EL2 and HCR_EL2 bits (16), MAIR_ELx (24). Changing such a control resolves another context, so that nothing is
// flushed by a world switch; TLB maintenance retires contexts, so that nothing is searched. Ids are not used again
// until all of them are used up, and then everything is flushed.

import {
  BLOCK_SET_BYTES,
  BLOCK_SETS,
  CONTEXT_GROUP_BUCKETS,
  CONTEXT_GROUPS,
  CONTEXT_HASH,
  CONTEXT_HASH_BUCKETS,
  CONTEXT_LIVE,
  CONTEXT_NEXT,
  CONTEXT_SIZES,
  CONTEXTS,
  CTX_CACHE,
  CTX_CACHE_BYTES,
  CTX_DATA,
  CTX_DATA_HASH,
  CTX_FETCH,
  CTX_FETCH_HASH,
  CTX_GENERATION,
  CTX_GENERATION_NOW,
  CTX_UNPRIV,
  CTX_UNPRIV_HASH,
  EL,
  FEATURE_ASID16,
  FEATURE_FWB,
  FEATURE_VMID16,
  ITLB,
  ITLB_ENTRIES,
  PAN,
  PE_INDEX,
  SP_LOW,
  TLB,
  TLB_ENTRIES,
  UAO,
} from '../layout';
import { accessTablesChanged } from './access-tables';
import { VTCR_EL2, VTTBR_EL2 } from './slots.generated';
import { dropTableAddresses } from './stage2';
import {
  bit,
  effectiveHcr,
  el2Enabled,
  HCR_CD,
  HCR_DC,
  HCR_E2H,
  HCR_FWB,
  HCR_NV,
  HCR_NV1,
  HCR_PTW,
  HCR_TGE,
  HCR_VM,
  has,
  inHost,
  REGIME_EL10,
  REGIME_EL20,
  regimeOf,
  secure,
} from './state';
import { hasTwoRanges, mairOf, sctlrOf, stage1On, stage2On, tcrOf, ttbrOf } from './walk';

// Word 0 of a context.
const PRIVILEGED: u64 = 1 << 2;
const WITH_PAN: u64 = 1 << 3;
const STAGE2: u64 = 1 << 4;
const SECURE: u64 = 1 << 5;
const STAGE1: u64 = 1 << 6;
const WXN: u64 = 1 << 7;
const ALIGNED: u64 = 1 << 8;
const NV1: u64 = 1 << 9;
const BIG_ENDIAN: u64 = 1 << 10;
const EPAN: u64 = 1 << 11;
const PE_SHIFT: u64 = 16;
const ASID_SHIFT: u64 = 32;
const VMID_SHIFT: u64 = 48;

// A record of CONTEXTS.
const STATE: usize = 0;
const NEXT_SAME_HASH: usize = 32; // u16
const NEXT_IN_GROUP: usize = 34; // u16
const BUCKET: usize = 36; // u32
const ANY_SIZE: u64 = i64.MAX_VALUE;

const LOW_56: u64 = ((<u64>1) << 56) - 1;

// Odd numbers that mix well: the golden ratio and those of Stafford's finalizer.
const GOLDEN: u64 = (0x9e3779b9 << 32) | 0x7f4a7c15;
const MIX_1: u64 = (0xbf58476d << 32) | 0x1ce4e5b9;
const MIX_2: u64 = (0x94d049bb << 32) | 0x133111eb;

const LAST_ID: u32 = 4094; // 4095 in the last page would be a tag of all ones, which has to match nothing
/** So many are left at each fetch that walks, for what is resolved up to the next one: see runsOutOfIds(). */
const SPARE_IDS: u32 = 256;

function record(id: u32): usize {
  return CONTEXTS + (id << 6);
}

/**
 * Spreads contexts over the TLB, so that two address spaces with the same layout do not fight for the same entries. Ids that
 * differ only in bits 3:0 have different hashes: generated code finds accesses that are not aligned by that.
 */
export function contextHash(id: u32): u32 {
  return (id * 0x9e3779b1) >> 20;
}

export function contextPrivileged(id: u32): bool {
  return (load<u64>(record(id)) & PRIVILEGED) != 0;
}
export function contextPan(id: u32): bool {
  return (load<u64>(record(id)) & WITH_PAN) != 0;
}
/** SCTLR_ELx.A: every access has to be aligned. */
export function contextAligned(id: u32): bool {
  return (load<u64>(record(id)) & ALIGNED) != 0;
}
export function contextRegime(id: u32): i32 {
  return i32(load<u64>(record(id)) & 3);
}
export function contextPe(id: u32): u32 {
  return u32(load<u64>(record(id)) >> PE_SHIFT) & 0xff;
}
export function contextAsid(id: u32): u32 {
  return u32(load<u64>(record(id)) >> ASID_SHIFT) & 0xffff;
}
export function contextVmid(id: u32): u32 {
  return u32(load<u64>(record(id)) >> VMID_SHIFT);
}
/** Stage 1 is on, so that maintenance by VA or ASID concerns it. */
export function contextHasStage1(id: u32): bool {
  return (load<u64>(record(id)) & STAGE1) != 0;
}
export function contextHasStage2(id: u32): bool {
  return (load<u64>(record(id)) & STAGE2) != 0;
}

/** VMID that tags EL1&0 now; 0 without EL2. */
export function currentVmid(): u32 {
  if (!el2Enabled()) return 0;
  const vmid = u32(load<u64>(VTTBR_EL2) >> 48);
  return has(FEATURE_VMID16) && bit(load<u64>(VTCR_EL2), 19) != 0 ? vmid : vmid & 0xff;
}

/** ASID of a regime now; 0 where there is none. */
export function currentAsid(regime: i32): u32 {
  if (!hasTwoRanges(regime)) return 0;
  const tcr = tcrOf(regime);
  const asid = u32(ttbrOf(regime, bit(tcr, 22) != 0) >> 48);
  return has(FEATURE_ASID16) && bit(tcr, 36) != 0 ? asid : asid & 0xff;
}

/** Exception levels, a bit each, whose contexts depend on some of these bits of HCR_EL2: what resolve() looks at. */
export function levelsUnder(hcr: u64): u32 {
  if ((hcr & (HCR_E2H | HCR_TGE)) != 0) return 7;
  const stage2 = HCR_VM | HCR_PTW | HCR_CD | HCR_DC | HCR_FWB | HCR_NV | HCR_NV1;
  return (hcr & stage2) != 0 ? 3 : 0;
}

/** Id of the context of an exception level, made if it is new. */
export function resolve(el: i32, pan: bool, unprivileged: bool): u32 {
  const regime = regimeOf(el);
  const hcr = effectiveHcr();
  const sctlr = sctlrOf(regime);
  const tcr = tcrOf(regime);
  const translated = stage1On(regime, hcr);
  const nv1 = regime == REGIME_EL10 && (hcr & (HCR_NV | HCR_NV1)) == (HCR_NV | HCR_NV1);

  let state = u64(regime) | (u64(load<u32>(PE_INDEX)) << PE_SHIFT);
  if (el != 0 && !(unprivileged && !nv1)) state |= PRIVILEGED;
  if (pan && !nv1 && hasTwoRanges(regime) && (state & PRIVILEGED) != 0) state |= WITH_PAN;
  if ((sctlr & 2) != 0) state |= ALIGNED;
  if (secure()) state |= SECURE;
  if (nv1) state |= NV1;
  let mair: u64 = 0;
  if (translated) {
    state |= STAGE1 | (u64(currentAsid(regime)) << ASID_SHIFT);
    if ((sctlr & (1 << 19)) != 0) state |= WXN;
    if ((sctlr & (1 << 25)) != 0) state |= BIG_ENDIAN;
    if (bit(sctlr, 57) != 0) state |= EPAN;
    mair = mairOf(regime);
  }
  let vtcr: u64 = 0;
  if (regime == REGIME_EL10) {
    state |= u64(currentVmid()) << VMID_SHIFT;
    if (stage2On(regime, hcr)) {
      state |= STAGE2;
      // VTCR_EL2 ends below bit 48: the bits of HCR_EL2 that act on the walk go above it.
      const fwb = has(FEATURE_FWB) && (hcr & HCR_FWB) != 0;
      vtcr = load<u64>(VTCR_EL2) & 0x0000ffffffffffff;
      vtcr |= u64((hcr & HCR_VM) != 0) << 48;
      vtcr |= u64((hcr & HCR_PTW) != 0) << 49;
      vtcr |= u64((hcr & HCR_CD) != 0) << 50;
      vtcr |= u64(fwb) << 51;
    }
    vtcr |= u64((hcr & HCR_DC) != 0) << 52;
    vtcr |= u64((hcr & HCR_TGE) != 0) << 53;
  }
  return intern(state, tcr, vtcr, mair);
}

function mix(state: u64, tcr: u64, vtcr: u64, mair: u64): u32 {
  let hash = state * GOLDEN;
  hash = (hash ^ tcr ^ (hash >> 29)) * MIX_1;
  hash = (hash ^ vtcr ^ (hash >> 32)) * MIX_2;
  hash = (hash ^ mair ^ (hash >> 31)) * GOLDEN;
  return u32(hash >> 52);
}

function groupOf(regime: i32, vmid: u32): usize {
  return CONTEXT_GROUPS + (((vmid * 4 + regime) & (CONTEXT_GROUP_BUCKETS - 1)) << 1);
}

function intern(state: u64, tcr: u64, vtcr: u64, mair: u64): u32 {
  const bucket: usize = CONTEXT_HASH + (mix(state, tcr, vtcr, mair) << 1);
  for (let id: u32 = load<u16>(bucket); id != 0; id = load<u16>(record(id) + NEXT_SAME_HASH)) {
    const found = record(id);
    if (load<u64>(found) != state || load<u64>(found, 8) != tcr) continue;
    if (load<u64>(found, 16) == vtcr && load<u64>(found, 24) == mair) return id;
  }
  let id = load<u32>(CONTEXT_NEXT);
  if (id == 0 || id > LAST_ID) {
    flushAll();
    id = 1;
  }
  store<u32>(CONTEXT_NEXT, id + 1);
  const made = record(id);
  store<u64>(made + STATE, state);
  store<u64>(made, tcr, 8);
  store<u64>(made, vtcr, 16);
  store<u64>(made, mair, 24);
  store<u16>(made + NEXT_SAME_HASH, load<u16>(bucket));
  store<u16>(bucket, id);
  const group = groupOf(i32(state & 3), u32(state >> VMID_SHIFT));
  store<u16>(made + NEXT_IN_GROUP, load<u16>(group));
  store<u16>(group, id);
  store<u32>(made + BUCKET, bucket);
  store<u64>(made + CONTEXT_SIZES, 0);
  store<u32>(made + CONTEXT_LIVE, 1);
  return id;
}

/** Everything has to be flushed soon: best where the page that is executed is not known anyway. */
export function runsOutOfIds(): bool {
  return load<u32>(CONTEXT_NEXT) > LAST_ID - SPARE_IDS;
}

/** First context of a regime and VMID; others share the list: see inGroup(). 0 ends it. */
export function firstInGroup(regime: i32, vmid: u32): u32 {
  return load<u16>(groupOf(regime, vmid));
}

export function nextInGroup(id: u32): u32 {
  return load<u16>(record(id) + NEXT_IN_GROUP);
}

export function inGroup(id: u32, regime: i32, vmid: u32): bool {
  return load<u32>(record(id) + CONTEXT_LIVE) != 0 && contextRegime(id) == regime && contextVmid(id) == vmid;
}

/** Ids that were given out: 1 to this. */
export function lastContext(): u32 {
  const next = load<u32>(CONTEXT_NEXT);
  return next == 0 ? 0 : next - 1;
}

export function isLive(id: u32): bool {
  return load<u32>(record(id) + CONTEXT_LIVE) != 0;
}

function unlink(head: usize, next: usize, id: u32): void {
  let link = head;
  while (load<u16>(link) != id) link = record(load<u16>(link)) + next;
  store<u16>(link, load<u16>(record(id) + next));
}

/** Gives a context up: no tag with its id will be compared again. Call contextsChanged() after the last one. */
export function retire(id: u32): void {
  const gone = record(id);
  if (load<u32>(gone + CONTEXT_LIVE) == 0) return;
  store<u32>(gone + CONTEXT_LIVE, 0);
  unlink(load<u32>(gone + BUCKET), NEXT_SAME_HASH, id);
  unlink(groupOf(contextRegime(id), contextVmid(id)), NEXT_IN_GROUP, id);
  store<u32>(CTX_GENERATION_NOW, load<u32>(CTX_GENERATION_NOW) + 1);
}

/**
 * Notes that a block of 2^`size` bytes was entered, which TLB maintenance by VA may have to find again. The set has two
 * bits for each (a Bloom filter): for a kernel that maps a gigabyte by blocks of 2 MB one answer of 20 is wrong.
 */
export function noteBlock(id: u32, va: u64, size: i32): void {
  const context = record(id);
  const set = blockSet(id);
  const sizes = load<u64>(context + CONTEXT_SIZES);
  if ((sizes & ANY_SIZE) == 0) memory.fill(set, 0, BLOCK_SET_BYTES);
  store<u64>(context + CONTEXT_SIZES, sizes | ((<u64>1) << u64(size)));
  const hash = blockHash(va, size);
  addToSet(set, hash);
  addToSet(set, hash >> 12);
}

function blockSet(id: u32): usize {
  return BLOCK_SETS + id * BLOCK_SET_BYTES;
}

/** Two numbers of 12 bits. */
function blockHash(va: u64, size: i32): u32 {
  return u32((((va & LOW_56) >> u64(size)) * GOLDEN) >> 40) ^ (u32(size) * 0x821);
}

function addToSet(set: usize, number: u32): void {
  const at = set + ((number & 4095) >> 3);
  store<u8>(at, load<u8>(at) | ((<u8>1) << u8(number & 7)));
}

function isInSet(set: usize, number: u32): bool {
  return ((load<u8>(set + ((number & 4095) >> 3)) >> u8(number & 7)) & 1) != 0;
}

/** log2 of the largest block that was entered and may hold this VA; 12 for none, so that it is a page. */
export function blockAround(id: u32, va: u64): i32 {
  const set = blockSet(id);
  let largest = 12;
  for (let sizes = load<u64>(record(id) + CONTEXT_SIZES) & ANY_SIZE; sizes != 0; sizes &= sizes - 1) {
    const size = i32(ctz(sizes));
    const hash = blockHash(va, size);
    if (isInSet(set, hash) && isInSet(set, hash >> 12)) largest = size;
  }
  return largest;
}

/** Notes that the lower VA range has pages that are not bound to the ASID. */
export function noteLowerGlobal(id: u32): void {
  const context = record(id);
  store<u64>(context + CONTEXT_SIZES, load<u64>(context + CONTEXT_SIZES) | ((<u64>1) << 63));
}

export function hasLowerGlobal(id: u32): bool {
  return load<u64>(record(id) + CONTEXT_SIZES) >> 63 != 0;
}

/** Empties the TLBs and forgets all contexts. */
export function flushAll(): void {
  memory.fill(TLB, 0xff, TLB_ENTRIES * 32);
  memory.fill(ITLB, 0xff, ITLB_ENTRIES * 16);
  dropTableAddresses();
  memory.fill(CONTEXT_HASH, 0, CONTEXT_HASH_BUCKETS * 2);
  memory.fill(CONTEXT_GROUPS, 0, CONTEXT_GROUP_BUCKETS * 2);
  store<u32>(CONTEXT_NEXT, 1);
  store<u32>(CTX_GENERATION_NOW, load<u32>(CTX_GENERATION_NOW) + 1);
  contextsChanged();
}

/** A translation control changed: what is known of contexts has to be resolved again, at the next access. */
export function contextsChanged(): void {
  for (let el: u32 = 0; el < 4; el++) dropCached(el);
  store<u64>(CTX_DATA, 0);
  store<u64>(CTX_FETCH, 0);
  store<u64>(CTX_UNPRIV, 0);
  store<u32>(CTX_GENERATION, load<u32>(CTX_GENERATION_NOW));
}

function dropCached(el: u32): void {
  const entry: usize = CTX_CACHE + (el << 1) * CACHED_BYTES;
  store<u64>(entry, 0);
  store<u64>(entry + CACHED_BYTES, 0);
}

/** As contextsChanged(), for the exception levels whose bits are set in `levels`. */
export function contextsChangedAt(levels: u32): void {
  for (let el: u32 = 0; el < 4; el++) {
    if (((levels >> el) & 1) != 0) dropCached(el);
  }
  if (((levels >> load<u32>(EL)) & 1) == 0) return;
  store<u64>(CTX_DATA, 0);
  store<u64>(CTX_FETCH, 0);
  store<u64>(CTX_UNPRIV, 0);
}

/** The parked state of a PE was swapped in: what it knows may have been retired meanwhile. */
export function activatePe(): void {
  if (load<u32>(CTX_GENERATION) == load<u32>(CTX_GENERATION_NOW)) return;
  contextsChanged();
  accessTablesChanged();
}

// A record of CTX_CACHE is what is from CTX_DATA on; a first word of 0 is not known yet.
const CACHED_BYTES: usize = CTX_CACHE_BYTES >> 3;
const CACHED_FETCH: usize = CTX_FETCH - CTX_DATA;
const CACHED_UNPRIV: usize = CTX_UNPRIV - CTX_DATA;
const CACHED_DATA_HASH: usize = CTX_DATA_HASH - CTX_DATA;
const CACHED_FETCH_HASH: usize = CTX_FETCH_HASH - CTX_DATA;
const CACHED_UNPRIV_HASH: usize = CTX_UNPRIV_HASH - CTX_DATA;

function presentCache(): usize {
  return CTX_CACHE + ((load<u32>(EL) << 1) | load<u32>(PAN)) * CACHED_BYTES;
}

/**
 * Puts the contexts of the present EL, PAN and UAO in place, made if they are new. While accesses with SP as base would
 * fault, CTX_DATA and CTX_UNPRIV stay 0, which no tag has, so that all accesses come to the core.
 * @inline
 */
export function enterState(): void {
  const entry = presentCache();
  if (load<u64>(entry) == 0) fillCache(entry);
  v128.store(CTX_DATA, v128.load(entry));
  v128.store(CTX_DATA + 16, v128.load(entry + 16));
  store<u32>(CTX_UNPRIV_HASH, load<u32>(entry + CACHED_UNPRIV_HASH));
  if ((load<u32>(UAO) | load<u32>(SP_LOW)) != 0) enterUnusual(entry);
}

/** LDTR acts as LDR, or SP is misaligned. */
function enterUnusual(entry: usize): void {
  if (load<u32>(UAO) != 0) {
    const data = load<u64>(entry);
    store<u64>(CTX_UNPRIV, data);
    store<u32>(CTX_UNPRIV_HASH, contextHash(u32(data)));
  }
  if (load<u32>(SP_LOW) != 0 && checksStack()) {
    store<u64>(CTX_DATA, 0);
    store<u64>(CTX_UNPRIV, 0);
  }
}

/** SCTLR_ELx.SA, at EL0 SA0: SP has to be aligned where it is the base of an access (Arm ARM, CheckSPAlignment). */
export function checksStack(): bool {
  const el = load<i32>(EL);
  return bit(sctlrOf(regimeOf(el)), el == 0 ? 4 : 3) != 0;
}

/** That of EL2 without PAN, by which FEAT_NV2 accesses memory. */
export function contextOfEl2(): u32 {
  const known = knownContextOfEl2();
  return known != 0 ? known : resolve(2, false, false);
}

/** The same where EL2 has left it, since it fetches by it with PAN or without; 0 elsewhere. */
export function knownContextOfEl2(): u32 {
  const without: usize = CTX_CACHE + 4 * CACHED_BYTES;
  if (load<u64>(without) != 0) return load<u32>(without + CACHED_FETCH);
  const withPan = without + CACHED_BYTES;
  return load<u64>(withPan) != 0 ? load<u32>(withPan + CACHED_FETCH) : 0;
}

/** The context of loads and stores that enterState() has not put in place. */
export function withheldContext(unprivileged: bool): u32 {
  return unprivileged && load<u32>(UAO) == 0 ? unprivilegedContext() : u32(load<u64>(presentCache()));
}

/** That of LDTR and STTR, which is resolved when it is asked for: a world switch hardly ever needs it. */
function unprivilegedContext(): u32 {
  const entry = presentCache();
  const known = load<u64>(entry + CACHED_UNPRIV);
  if (known != 0) return u32(known);
  let context: u32;
  let generation: u32;
  do {
    // Running out of ids drops what was known.
    generation = load<u32>(CTX_GENERATION_NOW);
    if (load<u64>(entry) == 0) fillCache(entry);
    context = resolve(load<i32>(EL), false, true);
  } while (load<u32>(CTX_GENERATION_NOW) != generation);
  setUnprivileged(entry, context);
  enterState();
  return context;
}

function setUnprivileged(entry: usize, context: u32): void {
  store<u64>(entry + CACHED_UNPRIV, context);
  store<u32>(entry + CACHED_UNPRIV_HASH, contextHash(context));
}

function fillCache(entry: usize): void {
  const el = load<i32>(EL);
  const pan = load<u32>(PAN) != 0;
  // LDTR acts as EL0 at EL1, and at EL2 of a host with EL2&0, by a context that is not known yet; elsewhere as LDR.
  const asEl0 = el == 1 || (el == 2 && inHost(effectiveHcr()) && regimeOf(2) == REGIME_EL20);
  let data: u32;
  let fetch: u32;
  let generation: u32;
  do {
    // Running out of ids while these two are made drops the first ones.
    generation = load<u32>(CTX_GENERATION_NOW);
    data = resolve(el, pan, false);
    fetch = pan ? resolve(el, false, false) : data;
  } while (load<u32>(CTX_GENERATION_NOW) != generation);
  store<u64>(entry, data);
  store<u64>(entry + CACHED_FETCH, fetch);
  setUnprivileged(entry, asEl0 ? 0 : data);
  store<u32>(entry + CACHED_DATA_HASH, contextHash(data));
  store<u32>(entry + CACHED_FETCH_HASH, contextHash(fetch));
}
