// Stage 2: from IPA to PA (Arm ARM D8.2 and D8.4). Results are in the module's variables until the next walk.

import {
  ACCESS_EXECUTE,
  ACCESS_READ,
  ACCESS_WRITE,
  FEATURE_FWB,
  FEATURE_HAF,
  FEATURE_HDBM,
  FEATURE_TTST,
  FEATURE_XNX,
  PA_BITS,
  PERMIT_EXECUTE,
  PERMIT_READ,
  PERMIT_WRITE,
  STEP_BLOCK,
  STEP_FAULT,
  STEP_INVALID,
  STEP_PAGE,
  STEP_TABLE,
  WALK_CACHE,
  WALK_CACHE_CONTROLS,
  WALK_CACHE_ENTRIES,
} from '../layout';
import {
  ACCESS_FLAG,
  ADDRESS_SIZE,
  blockAllowed,
  contiguousBits,
  DESCRIPTOR_AF,
  DESCRIPTOR_CONTIGUOUS,
  DESCRIPTOR_DBM,
  DESCRIPTOR_TABLE,
  DESCRIPTOR_VALID,
  EXTERNAL_ON_WALK,
  effectiveDs,
  fits,
  granule0,
  levelShift,
  outputAddress,
  outputBits,
  PERMISSION,
  statusCode,
  TRANSLATION,
  tableBase,
} from './format';
import { beforeWrite, hostAddress, pageIndex } from './physical';
import { SCTLR_EL2, VTCR_EL2, VTTBR_EL2 } from './slots.generated';
import { bit, HCR_FWB, HCR_PTW, has } from './state';
import { isTracing, NONE, recordStep } from './trace';

const S2AP_WRITE: u64 = 1 << 7;

let pa: u64 = 0;
let descriptor: u64 = 0;
let permissions: u32 = 0;
let memAttr: u32 = 0;
let shareability: u32 = 0;
let size: i32 = 0;
let status: i32 = 0;
let tablePa: u64 = 0;

export function stage2Pa(): u64 {
  return pa;
}
export function stage2Descriptor(): u64 {
  return descriptor;
}
/** PERMIT_* bits for the privilege that was asked for. */
export function stage2Permissions(): u32 {
  return permissions;
}
/** Bits 5:2 of the leaf. */
export function stage2MemAttr(): u32 {
  return memAttr;
}
export function stage2Shareability(): u32 {
  return shareability;
}
/** log2 of the mapped block. */
export function stage2Size(): i32 {
  return size;
}
/** Fault status code after a walk that failed. */
export function stage2Status(): i32 {
  return status;
}

function fail(kind: i32, level: i32): bool {
  status = statusCode(kind, level);
  return false;
}

/** VTCR_EL2.{SL2,SL0} as the first level, 9 for a value that the granule does not have. */
function startLevel(vtcr: u64, granule: i32, ds: bool): i32 {
  const sl0 = i32((vtcr >> 6) & 3);
  if (granule == 12) {
    if (ds && bit(vtcr, 33) != 0) return sl0 == 0 ? -1 : 9;
    if (sl0 == 3) return has(FEATURE_TTST) ? 3 : 9;
    return 2 - sl0;
  }
  if (sl0 == 3 && (granule == 16 || !ds)) return 9;
  return 3 - sl0;
}

/** The input size has to fit the start level: at least one index bit, at most 16 concatenated tables. */
function consistent(granule: i32, level: i32, inputBits: i32): bool {
  const shift = levelShift(granule, level);
  const least = has(FEATURE_TTST) ? 16 : 25;
  return inputBits >= least && inputBits > shift && inputBits <= shift + granule - 3 + 4;
}

/**
 * Walks stage 2 for an access. `onWalk`: it is a descriptor read or update by a stage 1 walk. `update`: hardware may
 * set the access flag and dirty state. False after a fault, whose code is stage2Status().
 */
export function stage2(ipa: u64, access: i32, privileged: bool, onWalk: bool, update: bool, hcr: u64): bool {
  const vtcr = load<u64>(VTCR_EL2);
  const granule = granule0(u32((vtcr >> 14) & 3));
  const ds = effectiveDs(bit(vtcr, 32), granule);
  const inputBits = 64 - i32(vtcr & 63);
  const bits = outputBits(u32((vtcr >> 16) & 7), granule, ds);
  const first = startLevel(vtcr, granule, ds);
  const limit = ds || (granule == 16 && load<i32>(PA_BITS) >= 52) ? 52 : 48;
  if (first == 9 || inputBits > min(limit, load<i32>(PA_BITS)) || !consistent(granule, first, inputBits)) {
    return fail(TRANSLATION, 0);
  }
  if (!fits(ipa, inputBits)) return fail(TRANSLATION, 0);

  let level = first;
  let shift = levelShift(granule, level);
  let table = tableBase(load<u64>(VTTBR_EL2), inputBits - shift + 3, bits);
  if (!fits(table, bits)) return fail(ADDRESS_SIZE, 0);
  let index = ipa >> u64(shift);
  const bigEndian = bit(load<u64>(SCTLR_EL2), 25) != 0;
  const stride = granule - 3;
  let address: u64 = 0;
  let host: u32 = 0;
  let leaf: u64 = 0;
  while (true) {
    address = table + (index << 3);
    host = hostAddress(address);
    if (host == 0) {
      recordStep(2, level, address, NONE, NONE, NONE, STEP_FAULT);
      return fail(EXTERNAL_ON_WALK, level);
    }
    leaf = load<u64>(host);
    if (bigEndian) leaf = bswap(leaf);
    const isTable = (leaf & DESCRIPTOR_TABLE) != 0;
    if ((leaf & DESCRIPTOR_VALID) == 0 || (isTable ? false : level == 3 || !blockAllowed(granule, level, ds))) {
      recordStep(2, level, address, NONE, leaf, NONE, STEP_INVALID);
      return fail(TRANSLATION, level);
    }
    if (!isTable || level == 3) break;
    table = outputAddress(leaf, granule, granule, ds);
    if (!fits(table, bits)) {
      recordStep(2, level, address, NONE, leaf, table, STEP_FAULT);
      return fail(ADDRESS_SIZE, level);
    }
    recordStep(2, level, address, NONE, leaf, table, STEP_TABLE);
    level++;
    shift -= stride;
    index = (ipa >> u64(shift)) & (((<u64>1) << u64(stride)) - 1);
  }

  const output = outputAddress(leaf, shift, granule, ds);
  recordStep(2, level, address, NONE, leaf, output, level == 3 ? STEP_PAGE : STEP_BLOCK);
  if (!fits(output, bits)) return fail(ADDRESS_SIZE, level);

  let changed = leaf;
  if ((leaf & DESCRIPTOR_AF) == 0) {
    if (!has(FEATURE_HAF) || bit(vtcr, 21) == 0) return fail(ACCESS_FLAG, level);
    changed |= DESCRIPTOR_AF;
  }
  const mayDirty = (leaf & DESCRIPTOR_DBM) != 0 && has(FEATURE_HDBM) && bit(vtcr, 21) != 0 && bit(vtcr, 22) != 0;
  if (mayDirty && access == ACCESS_WRITE) changed |= S2AP_WRITE;

  memAttr = u32((leaf >> 2) & 15);
  permissions = leafPermissions(changed, privileged);
  const wanted = access == ACCESS_EXECUTE ? PERMIT_EXECUTE : access == ACCESS_WRITE ? PERMIT_WRITE : PERMIT_READ;
  if ((permissions & wanted) == 0) return fail(PERMISSION, level);
  if (onWalk && (hcr & HCR_PTW) != 0 && mapsDevice(hcr)) return fail(PERMISSION, level);
  if (changed != leaf && update) {
    beforeWrite(pageIndex(host));
    store<u64>(host, bigEndian ? bswap(changed) : changed);
  }

  pa = output | (ipa & (((<u64>1) << u64(shift)) - 1));
  descriptor = leaf;
  shareability = ds ? u32((vtcr >> 12) & 3) : u32((leaf >> 8) & 3);
  size = shift;
  if ((leaf & DESCRIPTOR_CONTIGUOUS) != 0) size += contiguousBits(granule, level);
  return true;
}

function mapsDevice(hcr: u64): bool {
  if ((hcr & HCR_FWB) != 0 && has(FEATURE_FWB)) return (memAttr & 4) == 0;
  return (memAttr & 12) == 0;
}

/** S2AP, and XN with FEAT_XNX: 00 all, 01 EL0 only, 10 none, 11 EL1 only. */
function leafPermissions(leaf: u64, privileged: bool): u32 {
  let permit = u32((leaf >> 6) & 3); // read and write are in the order of PERMIT_*
  const xn = u32((leaf >> 53) & 3);
  const execute = has(FEATURE_XNX) ? xn == 0 || xn == (privileged ? <u32>3 : <u32>1) : (xn & 2) == 0;
  if (execute) permit |= PERMIT_EXECUTE;
  return permit;
}

/** PA of a stage 1 table entry whose IPA went through tableAddress(). */
export function tableAddressPa(): u64 {
  return tablePa;
}

/**
 * Stage 2 of a descriptor read by a stage 1 walk. Pages of tables are read again and again: their translations are
 * kept until the controls of stage 2 change or TLB maintenance asks. False after a fault.
 */
export function tableAddress(ipa: u64, update: bool, hcr: u64): bool {
  // A trace has to show every step, and a walk without effects may pass where hardware has yet to set a flag.
  if (isTracing() || !update) {
    if (!stage2(ipa, ACCESS_READ, true, true, update, hcr)) return false;
    tablePa = pa;
    return true;
  }
  const vttbr = load<u64>(VTTBR_EL2);
  const vtcr = load<u64>(VTCR_EL2);
  if (
    load<u64>(WALK_CACHE_CONTROLS) != vttbr ||
    load<u64>(WALK_CACHE_CONTROLS, 8) != vtcr ||
    load<u64>(WALK_CACHE_CONTROLS, 16) != hcr
  ) {
    memory.fill(WALK_CACHE, 0xff, WALK_CACHE_ENTRIES * 16);
    store<u64>(WALK_CACHE_CONTROLS, vttbr);
    store<u64>(WALK_CACHE_CONTROLS, vtcr, 8);
    store<u64>(WALK_CACHE_CONTROLS, hcr, 16);
  }
  const page = ipa & ~(<u64>0xfff);
  const entry: usize = WALK_CACHE + (((u32(ipa >> 12) ^ u32(ipa >> 18)) & (WALK_CACHE_ENTRIES - 1)) << 4);
  if (load<u64>(entry) != page) {
    if (!stage2(page, ACCESS_READ, true, true, true, hcr)) return false;
    store<u64>(entry, page);
    store<u64>(entry, pa, 8);
  }
  tablePa = load<u64>(entry, 8) | (ipa & 0xfff);
  return true;
}

/** TLB maintenance of stage 2, or of everything: what is kept belongs to controls that never act, with PTW beside TGE. */
export function dropTableAddresses(): void {
  store<u64>(WALK_CACHE_CONTROLS, u64.MAX_VALUE, 16);
}
