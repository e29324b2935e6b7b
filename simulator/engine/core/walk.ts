// Stage 1 and the walk as a whole (Arm ARM D8): the one way from a VA to a PA, for the TLB, for debuggers and for
// address translation instructions. Results are in the module's variables until the next walk.

import {
  ACCESS_EXECUTE,
  ACCESS_READ,
  ACCESS_WRITE,
  FAULT_S1PTW,
  FAULT_STAGE2,
  FEATURE_E0PD,
  FEATURE_FWB,
  FEATURE_HAF,
  FEATURE_HDBM,
  FEATURE_HPDS,
  FEATURE_LVA,
  FEATURE_PAUTH,
  FEATURE_TTST,
  PA_BITS,
  PERMIT_EXECUTE,
  PERMIT_READ,
  PERMIT_WRITE,
  STEP_BLOCK,
  STEP_FAULT,
  STEP_INVALID,
  STEP_PAGE,
  STEP_TABLE,
} from '../layout';
import {
  combineShareability,
  combineTypes,
  DEVICE_NGNRNE,
  INNER_SHAREABLE,
  NORMAL_NC,
  NORMAL_WB,
  OUTER_SHAREABLE,
} from './attributes';
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
  granule1,
  levelShift,
  outputAddress,
  outputBits,
  PERMISSION,
  statusCode,
  TRANSLATION,
  tableBase,
} from './format';
import { beforeWrite, hostAddress, pageIndex } from './physical';
import {
  MAIR_EL1,
  MAIR_EL2,
  MAIR_EL3,
  SCTLR_EL1,
  SCTLR_EL2,
  SCTLR_EL3,
  TCR_EL1,
  TCR_EL2,
  TCR_EL3,
  TTBR0_EL1,
  TTBR0_EL2,
  TTBR0_EL3,
  TTBR1_EL1,
  TTBR1_EL2,
} from './slots.generated';
import {
  stage2,
  stage2Descriptor,
  stage2MemAttr,
  stage2Pa,
  stage2Permissions,
  stage2Shareability,
  stage2Size,
  stage2Status,
  tableAddress,
  tableAddressPa,
} from './stage2';
import {
  bit,
  effectiveHcr,
  HCR_CD,
  HCR_DC,
  HCR_FWB,
  HCR_NV,
  HCR_NV1,
  HCR_TGE,
  HCR_VM,
  has,
  REGIME_EL2,
  REGIME_EL3,
  REGIME_EL10,
  REGIME_EL20,
} from './state';
import { NONE, recordStep } from './trace';

const AP_EL0: u64 = 1 << 6;
const AP_READ_ONLY: u64 = 1 << 7;
const NOT_GLOBAL: u64 = 1 << 11;
const APTABLE_NO_EL0: u64 = (<u64>1) << 61;
const APTABLE_READ_ONLY: u64 = (<u64>1) << 62;
const PXN_TABLE: u64 = (<u64>1) << 59;
const XN_TABLE: u64 = (<u64>1) << 60;

const SCTLR_M: u64 = 1 << 0;
const SCTLR_I: u64 = 1 << 12;
const SCTLR_WXN: u64 = 1 << 19;
const SCTLR_EE: u64 = 1 << 25;

const LOW_56: u64 = ((<u64>1) << 56) - 1;

let ipa: u64 = 0;
let pa: u64 = 0;
let descriptor: u64 = 0;
let guarded: bool = false;
let permissions: u32 = 0;
let attributes: u32 = 0;
let shareability: u32 = 0;
let size: i32 = 0;
let global: bool = false;
let status: i32 = 0;
let faultFlags: u32 = 0;
let faultIpa: u64 = 0;

/** Output of stage 1; equal to the PA where there is no stage 2. */
export function walkIpa(): u64 {
  return ipa;
}
export function walkPa(): u64 {
  return pa;
}
/** The stage 1 leaf, or the stage 2 leaf while stage 1 is off. */
export function walkDescriptor(): u64 {
  return descriptor;
}
/** PERMIT_* bits of both stages for the privilege that was asked for. */
export function walkPermissions(): u32 {
  return permissions;
}
/** Stage 1 marks the page as guarded (FEAT_BTI). */
export function walkGuarded(): bool {
  return guarded;
}
export function walkAttributes(): u32 {
  return attributes;
}
export function walkShareability(): u32 {
  return shareability;
}
/** log2 of the smallest block on the way. */
export function walkSize(): i32 {
  return size;
}
export function walkGlobal(): bool {
  return global;
}
/** Fault status code after a walk that failed. */
export function walkStatus(): i32 {
  return status;
}
/** FAULT_STAGE2 and FAULT_S1PTW after a walk that failed. */
export function walkFaultFlags(): u32 {
  return faultFlags;
}
/** IPA that stage 2 refused. */
export function walkFaultIpa(): u64 {
  return faultIpa;
}

export function sctlrOf(regime: i32): u64 {
  if (regime == REGIME_EL10) return load<u64>(SCTLR_EL1);
  return regime == REGIME_EL3 ? load<u64>(SCTLR_EL3) : load<u64>(SCTLR_EL2);
}

export function tcrOf(regime: i32): u64 {
  if (regime == REGIME_EL10) return load<u64>(TCR_EL1);
  return regime == REGIME_EL3 ? load<u64>(TCR_EL3) : load<u64>(TCR_EL2);
}

export function mairOf(regime: i32): u64 {
  if (regime == REGIME_EL10) return load<u64>(MAIR_EL1);
  return regime == REGIME_EL3 ? load<u64>(MAIR_EL3) : load<u64>(MAIR_EL2);
}

export function ttbrOf(regime: i32, upper: bool): u64 {
  if (regime == REGIME_EL10) return upper ? load<u64>(TTBR1_EL1) : load<u64>(TTBR0_EL1);
  if (regime == REGIME_EL3) return load<u64>(TTBR0_EL3);
  return upper ? load<u64>(TTBR1_EL2) : load<u64>(TTBR0_EL2);
}

/** EL1&0 and EL2&0 have two VA ranges and two privileges. */
export function hasTwoRanges(regime: i32): bool {
  return regime == REGIME_EL10 || regime == REGIME_EL20;
}

/** Stage 1 is on. HCR_EL2.DC and TGE switch it off for EL1&0. */
export function stage1On(regime: i32, hcr: u64): bool {
  if (regime == REGIME_EL10 && (hcr & (HCR_DC | HCR_TGE)) != 0) return false;
  return (sctlrOf(regime) & SCTLR_M) != 0;
}

export function stage2On(regime: i32, hcr: u64): bool {
  return regime == REGIME_EL10 && (hcr & (HCR_VM | HCR_DC)) != 0;
}

/** The top byte of this address is no part of it (Arm ARM, AArch64.AddrTop). */
export function topByteIgnored(va: u64, regime: i32, tcr: u64, execute: bool): bool {
  let tbi: u32 = 0;
  let dataOnly: u32 = 0;
  if (hasTwoRanges(regime)) {
    const upper = (va >> 55) & 1;
    tbi = bit(tcr, 37 + upper);
    dataOnly = bit(tcr, 51 + upper);
  } else {
    tbi = bit(tcr, 20);
    dataOnly = bit(tcr, 29);
  }
  return tbi != 0 && !(execute && dataOnly != 0 && has(FEATURE_PAUTH));
}

/** Address to go to at a branch, exception return or exception entry: a tag is replaced by sign extension. */
export function untagged(va: u64, regime: i32, execute: bool): u64 {
  if (!topByteIgnored(va, regime, tcrOf(regime), execute)) return va;
  if (hasTwoRanges(regime)) return u64((i64(va) << 8) >> 8);
  return va & LOW_56;
}

function fail(kind: i32, level: i32): bool {
  status = statusCode(kind, level);
  faultFlags = 0;
  return false;
}

function failStage2(address: u64, onWalk: bool): bool {
  status = stage2Status();
  faultFlags = onWalk ? FAULT_STAGE2 | FAULT_S1PTW : FAULT_STAGE2;
  faultIpa = address;
  return false;
}

/**
 * Translates a VA for an access of a regime. `pan`: PSTATE.PAN acts on it. `stage1Only`: stop at the IPA. `update`:
 * hardware may set access flags and dirty state. False after a fault.
 */
export function walk(
  va: u64,
  access: i32,
  regime: i32,
  privileged: bool,
  pan: bool,
  stage1Only: bool,
  update: bool,
): bool {
  const hcr = effectiveHcr();
  const twoStages = stage2On(regime, hcr);
  if (!stage1(va, access, regime, privileged, pan, twoStages, update, hcr)) return false;
  pa = ipa;
  if (!twoStages || stage1Only) return true;
  if (!stage2(ipa, access, privileged, false, update, hcr)) return failStage2(ipa, false);
  pa = stage2Pa();
  permissions &= stage2Permissions();
  size = min(size, stage2Size());
  if (descriptor == 0) descriptor = stage2Descriptor();
  const fwb = (hcr & HCR_FWB) != 0 && has(FEATURE_FWB);
  attributes = combineTypes(attributes, stage2MemAttr(), fwb, (hcr & HCR_CD) != 0);
  shareability = combineShareability(shareability, stage2Shareability(), attributes);
  return true;
}

/** Stage 2 alone, for TLB maintenance panes and debuggers. */
export function walkStage2(address: u64): bool {
  const hcr = effectiveHcr();
  ipa = address;
  if (!stage2(address, ACCESS_READ, true, false, false, hcr)) return failStage2(address, false);
  pa = stage2Pa();
  permissions = stage2Permissions();
  descriptor = stage2Descriptor();
  size = stage2Size();
  const fwb = (hcr & HCR_FWB) != 0 && has(FEATURE_FWB);
  attributes = combineTypes(NORMAL_WB, stage2MemAttr(), fwb, false);
  shareability = combineShareability(0, stage2Shareability(), attributes);
  return true;
}

/** AArch64.S1DisabledOutput(): flat, and Device for data unless HCR_EL2.DC says otherwise. */
function flat(va: u64, access: i32, regime: i32, sctlr: u64, tcr: u64, hcr: u64): bool {
  const address = topByteIgnored(va, regime, tcr, access == ACCESS_EXECUTE) ? va & LOW_56 : va;
  if (!fits(address, load<i32>(PA_BITS))) return fail(ADDRESS_SIZE, 0);
  ipa = address;
  permissions = PERMIT_READ | PERMIT_WRITE | PERMIT_EXECUTE;
  shareability = OUTER_SHAREABLE;
  if (regime == REGIME_EL10 && (hcr & HCR_DC) != 0) {
    attributes = NORMAL_WB;
    shareability = 0;
  } else if (access == ACCESS_EXECUTE) {
    attributes = (sctlr & SCTLR_I) != 0 ? <u32>0xaa : NORMAL_NC;
  } else {
    attributes = DEVICE_NGNRNE;
  }
  descriptor = 0;
  guarded = false;
  global = true;
  size = 48;
  return true;
}

function stage1(
  va: u64,
  access: i32,
  regime: i32,
  privileged: bool,
  pan: bool,
  twoStages: bool,
  update: bool,
  hcr: u64,
): bool {
  const sctlr = sctlrOf(regime);
  const tcr = tcrOf(regime);
  if (!stage1On(regime, hcr)) return flat(va, access, regime, sctlr, tcr, hcr);

  const twoRanges = hasTwoRanges(regime);
  const upper = twoRanges && ((va >> 55) & 1) != 0;
  const txsz = i32(upper ? (tcr >> 16) & 63 : tcr & 63);
  const granule = upper ? granule1(u32((tcr >> 30) & 3)) : granule0(u32((tcr >> 14) & 3));
  const ds = effectiveDs(twoRanges ? bit(tcr, 59) : bit(tcr, 32), granule);
  const bits = outputBits(twoRanges ? u32((tcr >> 32) & 7) : u32((tcr >> 16) & 7), granule, ds);
  const inputBits = 64 - txsz;

  // TxSZ out of range is CONSTRAINED UNPREDICTABLE: this PE faults.
  const least = ds || (granule == 16 && has(FEATURE_LVA)) ? 12 : 16;
  const most = has(FEATURE_TTST) ? (granule == 16 ? 47 : 48) : 39;
  if (txsz < least || txsz > most) return fail(TRANSLATION, 0);

  const top = topByteIgnored(va, regime, tcr, access == ACCESS_EXECUTE) ? 8 : 0;
  const rest = (i64(va) << top) >> (inputBits + top);
  if (rest != (upper ? -1 : 0)) return fail(TRANSLATION, 0);
  if (twoRanges) {
    if (bit(tcr, upper ? 23 : 7) != 0) return fail(TRANSLATION, 0);
    if (!privileged && has(FEATURE_E0PD) && bit(tcr, upper ? 56 : 55) != 0) return fail(TRANSLATION, 0);
  }

  const stride = granule - 3;
  let level = 3 - (inputBits - 1 - granule) / stride;
  let shift = levelShift(granule, level);
  let table = tableBase(ttbrOf(regime, upper), inputBits - shift + 3, bits);
  if (!fits(table, bits)) return fail(ADDRESS_SIZE, 0);
  const input = va & (((<u64>1) << u64(inputBits)) - 1);
  let index = input >> u64(shift);
  const bigEndian = (sctlr & SCTLR_EE) != 0;
  let tables: u64 = 0; // the hierarchical bits of all table descriptors
  let address: u64 = 0;
  let tableIpa: u64 = NONE;
  let host: u32 = 0;
  let leaf: u64 = 0;
  while (true) {
    address = table + (index << 3);
    if (twoStages) {
      tableIpa = address;
      if (!tableAddress(tableIpa, update, hcr)) {
        recordStep(1, level, NONE, tableIpa, NONE, NONE, STEP_FAULT);
        return failStage2(tableIpa, true);
      }
      address = tableAddressPa();
    }
    host = hostAddress(address);
    if (host == 0) {
      recordStep(1, level, address, tableIpa, NONE, NONE, STEP_FAULT);
      return fail(EXTERNAL_ON_WALK, level);
    }
    leaf = load<u64>(host);
    if (bigEndian) leaf = bswap(leaf);
    const isTable = (leaf & DESCRIPTOR_TABLE) != 0;
    if ((leaf & DESCRIPTOR_VALID) == 0 || (isTable ? false : level == 3 || !blockAllowed(granule, level, ds))) {
      recordStep(1, level, address, tableIpa, leaf, NONE, STEP_INVALID);
      return fail(TRANSLATION, level);
    }
    if (!isTable || level == 3) break;
    table = outputAddress(leaf, granule, granule, ds);
    if (!fits(table, bits)) {
      recordStep(1, level, address, tableIpa, leaf, table, STEP_FAULT);
      return fail(ADDRESS_SIZE, level);
    }
    recordStep(1, level, address, tableIpa, leaf, table, STEP_TABLE);
    tables |= leaf;
    level++;
    shift -= stride;
    index = (input >> u64(shift)) & (((<u64>1) << u64(stride)) - 1);
  }

  const output = outputAddress(leaf, shift, granule, ds);
  recordStep(1, level, address, tableIpa, leaf, output, level == 3 ? STEP_PAGE : STEP_BLOCK);
  if (!fits(output, bits)) return fail(ADDRESS_SIZE, level);

  const hardwareAccess = has(FEATURE_HAF) && bit(tcr, twoRanges ? 39 : 21) != 0;
  let changed = leaf;
  if ((leaf & DESCRIPTOR_AF) == 0) {
    if (!hardwareAccess) return fail(ACCESS_FLAG, level);
    changed |= DESCRIPTOR_AF;
  }
  const hardwareDirty = hardwareAccess && has(FEATURE_HDBM) && bit(tcr, twoRanges ? 40 : 22) != 0;
  if (access == ACCESS_WRITE && hardwareDirty && (leaf & DESCRIPTOR_DBM) != 0) changed &= ~AP_READ_ONLY;

  if (has(FEATURE_HPDS) && bit(tcr, twoRanges ? (upper ? 42 : 41) : 24) != 0) tables = 0;
  const wxn = (sctlr & SCTLR_WXN) != 0;
  if (!twoRanges) permissions = singlePermissions(changed, tables, wxn);
  else {
    const nv1 = regime == REGIME_EL10 && (hcr & (HCR_NV | HCR_NV1)) == (HCR_NV | HCR_NV1);
    if (nv1) permissions = nestedPermissions(changed, tables, privileged, wxn);
    else permissions = sharedPermissions(changed, tables, privileged, pan, wxn, bit(sctlr, 57) != 0);
  }
  const wanted = access == ACCESS_EXECUTE ? PERMIT_EXECUTE : access == ACCESS_WRITE ? PERMIT_WRITE : PERMIT_READ;
  if ((permissions & wanted) == 0) return fail(PERMISSION, level);

  if (changed != leaf && update) {
    if (twoStages && !stage2(tableIpa, ACCESS_WRITE, true, true, update, hcr)) return failStage2(tableIpa, true);
    beforeWrite(pageIndex(host));
    store<u64>(host, bigEndian ? bswap(changed) : changed);
  }

  ipa = output | (input & (((<u64>1) << u64(shift)) - 1));
  descriptor = leaf;
  guarded = bit(leaf, 50) != 0;
  attributes = u32(mairOf(regime) >> (((leaf >> 2) & 7) << 3)) & 0xff;
  shareability = ds ? u32((tcr >> (upper ? 28 : 12)) & 3) : u32((leaf >> 8) & 3);
  shareability = combineShareability(shareability, 0, attributes);
  global = !twoRanges || (leaf & NOT_GLOBAL) == 0;
  size = shift;
  if ((leaf & DESCRIPTOR_CONTIGUOUS) != 0) size += contiguousBits(granule, level);
  return true;
}

/** EL2 and EL3: one privilege, XN in bit 54, AP[1] has no meaning. */
function singlePermissions(leaf: u64, tables: u64, wxn: bool): u32 {
  let permit: u32 = PERMIT_READ;
  if ((leaf & AP_READ_ONLY) == 0 && (tables & APTABLE_READ_ONLY) == 0) permit |= PERMIT_WRITE;
  const xn = bit(leaf, 54) != 0 || (tables & XN_TABLE) != 0;
  if (!xn && !(wxn && (permit & PERMIT_WRITE) != 0)) permit |= PERMIT_EXECUTE;
  return permit;
}

/**
 * EL1&0 and EL2&0: AP[1] opens a page to EL0, PXN and UXN; what EL0 may write, EL1 may not execute. PAN closes to EL1 what
 * EL0 may read or write, and with SCTLR_ELx.EPAN what it may execute.
 */
function sharedPermissions(leaf: u64, tables: u64, privileged: bool, pan: bool, wxn: bool, epan: bool): u32 {
  const user = (leaf & AP_EL0) != 0 && (tables & APTABLE_NO_EL0) == 0;
  const writable = (leaf & AP_READ_ONLY) == 0 && (tables & APTABLE_READ_ONLY) == 0;
  if (!privileged && !user) {
    return bit(leaf, 54) == 0 && (tables & XN_TABLE) == 0 ? PERMIT_EXECUTE : 0;
  }
  let execute: bool;
  if (privileged) execute = bit(leaf, 53) == 0 && (tables & PXN_TABLE) == 0 && !(user && writable);
  else execute = bit(leaf, 54) == 0 && (tables & XN_TABLE) == 0;
  if (wxn && writable) execute = false;
  let permit: u32 = 0;
  const userExecutes = bit(leaf, 54) == 0 && (tables & XN_TABLE) == 0 && !(wxn && user && writable);
  if (!(privileged && pan && (user || (epan && userExecutes))))
    permit = writable ? PERMIT_READ | PERMIT_WRITE : PERMIT_READ;
  return execute ? permit | PERMIT_EXECUTE : permit;
}

/** HCR_EL2.{NV,NV1} = {1,1}: the guest hypervisor wrote EL2 descriptors, which have no EL0 side. */
function nestedPermissions(leaf: u64, tables: u64, privileged: bool, wxn: bool): u32 {
  if (!privileged) return PERMIT_EXECUTE;
  let permit: u32 = PERMIT_READ;
  if ((leaf & AP_READ_ONLY) == 0 && (tables & APTABLE_READ_ONLY) == 0) permit |= PERMIT_WRITE;
  const pxn = bit(leaf, 54) != 0 || (tables & XN_TABLE) != 0;
  if (!pxn && !(wxn && (permit & PERMIT_WRITE) != 0)) permit |= PERMIT_EXECUTE;
  return permit;
}
