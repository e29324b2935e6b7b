// Pointer authentication: FEAT_PAuth without FEAT_EPAC, and FEAT_PAuth2 and FEAT_FPAC where the PE has them, with an
// algorithm of our own in place of QARMA, as the architecture allows (ID_AA64ISAR1_EL1.API). Source: Arm ARM, shared
// pseudocode AddPAC, Auth and Strip.

import {
  EL,
  FAULT_FLAGS,
  FAULT_PAC_FAIL,
  FAULT_PAUTH,
  FAULT_STATUS,
  FEATURE_EL3,
  FEATURE_FPAC,
  FEATURE_PAUTH2,
} from '../layout';
import {
  APDAKeyHi_EL1,
  APDAKeyLo_EL1,
  APDBKeyHi_EL1,
  APDBKeyLo_EL1,
  APGAKeyHi_EL1,
  APGAKeyLo_EL1,
  APIAKeyHi_EL1,
  APIAKeyLo_EL1,
  APIBKeyHi_EL1,
  APIBKeyLo_EL1,
  SCR_EL3,
} from './slots.generated';
import { bit, currentEl, effectiveHcr, el2Enabled, HCR_TGE, has, inHost, regimeOf } from './state';
import { hasTwoRanges, sctlrOf, tcrOf, topByteIgnored } from './walk';

/** Numbers of the keys: bit 0 is B rather than A, bit 1 is data rather than instruction. */
const KEY_IA: i32 = 0;
const KEY_IB: i32 = 1;
const KEY_DA: i32 = 2;
/** The key of PACGA, which no control switches off. */
const KEY_GA: i32 = 4;

const HCR_API: u64 = (<u64>1) << 41;
const SCR_API: u64 = (<u64>1) << 17;

const SCTLR_ENIA: u64 = 1 << 31;
const SCTLR_ENIB: u64 = 1 << 30;
const SCTLR_ENDA: u64 = 1 << 27;
const SCTLR_ENDB: u64 = 1 << 13;

/** The key is switched on by SCTLR_ELx of the present regime: otherwise pointers stay as they are. */
function enabled(key: i32): bool {
  const sctlr = sctlrOf(regimeOf(currentEl()));
  if (key == KEY_IA) return (sctlr & SCTLR_ENIA) != 0;
  if (key == KEY_IB) return (sctlr & SCTLR_ENIB) != 0;
  return (sctlr & (key == KEY_DA ? SCTLR_ENDA : SCTLR_ENDB)) != 0;
}

const MIX_1: u64 = (0xff51afd7 << 32) | 0xed558ccd;
const MIX_2: u64 = (0xc4ceb9fe << 32) | 0x1a85ec53;

/** A step of mixing: the finalizer of MurmurHash3. */
function mix(value: u64): u64 {
  value = (value ^ (value >> 33)) * MIX_1;
  value = (value ^ (value >> 33)) * MIX_2;
  return value ^ (value >> 33);
}

function code(pointer: u64, modifier: u64, low: usize, high: usize): u64 {
  return mix(mix(mix(pointer ^ load<u64>(low)) ^ modifier) ^ load<u64>(high));
}

function codeOf(key: i32, pointer: u64, modifier: u64): u64 {
  if (key == KEY_IA) return code(pointer, modifier, APIAKeyLo_EL1, APIAKeyHi_EL1);
  if (key == KEY_IB) return code(pointer, modifier, APIBKeyLo_EL1, APIBKeyHi_EL1);
  if (key == KEY_DA) return code(pointer, modifier, APDAKeyLo_EL1, APDAKeyHi_EL1);
  return code(pointer, modifier, APDBKeyLo_EL1, APDBKeyHi_EL1);
}

/** Lowest bit of the code: as many bits as a VA has (CalculateBottomPACBit). */
function bottomBit(upper: bool, regime: i32, tcr: u64): u64 {
  const two = hasTwoRanges(regime);
  const size = two && upper ? (tcr >> 16) & 63 : tcr & 63;
  // With 64 KB granules and FEAT_LVA a VA may have 52 bits; a smaller or larger field acts as the nearest limit.
  const granule = two && upper ? (tcr >> 30) & 3 : (tcr >> 14) & 3;
  const wide = two && upper ? granule == 3 : granule == 1;
  const least: u64 = wide ? 12 : 16;
  return 64 - max(min(size, 48), least);
}

/** Bits 63 or 55 down to `bottom` of a pointer, without bit 55, which says which range it is in. */
function codeMask(bottom: u64, tbi: bool): u64 {
  const below55: u64 = (((<u64>1) << 55) - 1) & ~(((<u64>1) << bottom) - 1);
  return tbi ? below55 : below55 | ((<u64>0xff) << 56);
}

/** The pointer with bit 55, or `upper`, in place of a code. */
function extended(pointer: u64, upper: bool, bottom: u64, tbi: bool): u64 {
  const field = codeMask(bottom, tbi) | ((<u64>1) << 55);
  return upper ? pointer | field : pointer & ~field;
}

/** The level that traps an instruction that uses a key, 0 for none (Arm ARM, AuthIA and its like, TrapPACUse). */
function trapTarget(): i32 {
  const el = load<i32>(EL);
  if (el < 2 && el2Enabled()) {
    const hcr = effectiveHcr();
    const hostApplication = el == 0 && inHost(hcr) && (hcr & HCR_TGE) != 0;
    if ((hcr & HCR_API) == 0 && !hostApplication) return 2;
  }
  return el < 3 && has(FEATURE_EL3) && (load<u64>(SCR_EL3) & SCR_API) == 0 ? 3 : 0;
}

/** Whether an instruction that uses a key executes: 0 leaves the fault for `takeAbort`, whose status is the target. */
export function pacAllowed(key: i32): i32 {
  const target = trapTarget();
  if (target == 0 || (key != KEY_GA && !enabled(key))) return 1;
  store<u32>(FAULT_FLAGS, FAULT_PAUTH);
  store<u32>(FAULT_STATUS, target);
  return 0;
}

/** PACIA and its like: the pointer with its authentication code. */
export function pacAdd(pointer: u64, modifier: u64, key: i32): u64 {
  if (!enabled(key)) return pointer;
  const regime = regimeOf(currentEl());
  const tcr = tcrOf(regime);
  const execute = key < KEY_DA;
  const tbi = topByteIgnored(pointer, regime, tcr, execute);
  // Where either range has tags, bit 55 tells the ranges apart, else bit 63 does.
  let tags = tbi;
  if (hasTwoRanges(regime)) {
    tags = topByteIgnored(0, regime, tcr, execute) || topByteIgnored((<u64>1) << 55, regime, tcr, execute);
  }
  const upper = bit(pointer, tags ? 55 : 63) != 0;
  const bottom = bottomBit(upper, regime, tcr);
  let pac = codeOf(key, extended(pointer, upper, bottom, tbi), modifier);
  const mask = codeMask(bottom, tbi);
  if (has(FEATURE_PAUTH2)) {
    pac ^= pointer;
  } else {
    // A pointer that was no proper address gets a code that will not authenticate.
    const top: u64 = tbi ? 55 : 63;
    const field = (i64(pointer) << (63 - top)) >> (63 - top + bottom);
    if (field != 0 && field != -1) pac ^= (<u64>1) << (top - 1);
  }
  const half: u64 = upper ? (<u64>1) << 55 : 0;
  return (pointer & ~(mask | ((<u64>1) << 55))) | half | (pac & mask);
}

/** AUTIA and its like: the address, or one that faults when the code is wrong. */
export function pacAuthenticate(pointer: u64, modifier: u64, key: i32): u64 {
  if (!enabled(key)) return pointer;
  const regime = regimeOf(currentEl());
  const tcr = tcrOf(regime);
  const tbi = topByteIgnored(pointer, regime, tcr, key < KEY_DA);
  const upper = bit(pointer, 55) != 0;
  const bottom = bottomBit(upper, regime, tcr);
  const original = extended(pointer, upper, bottom, tbi);
  const mask = codeMask(bottom, tbi);
  if (has(FEATURE_PAUTH2)) return pointer ^ (codeOf(key, original, modifier) & mask);
  if (((codeOf(key, original, modifier) ^ pointer) & mask) == 0) return original;
  const error: u64 = (key & 1) != 0 ? 2 : 1;
  const at: u64 = tbi ? 53 : 61;
  return (original & ~((<u64>3) << at)) | (error << at);
}

/** FEAT_FPAC, for AUT instructions: 0 leaves a failed authentication for `takeAbort`. */
export function pacAuthentic(pointer: u64, modifier: u64, key: i32): i32 {
  if (!has(FEATURE_FPAC) || !enabled(key)) return 1;
  if (pacStrip(pointer, key >> 1) == pacAuthenticate(pointer, modifier, key)) return 1;
  store<u32>(FAULT_FLAGS, FAULT_PAC_FAIL);
  store<u32>(FAULT_STATUS, key);
  return 0;
}

/** XPACI (`data` 0) and XPACD: the address without a code. */
export function pacStrip(pointer: u64, data: i32): u64 {
  const regime = regimeOf(currentEl());
  const tcr = tcrOf(regime);
  const upper = bit(pointer, 55) != 0;
  return extended(pointer, upper, bottomBit(upper, regime, tcr), topByteIgnored(pointer, regime, tcr, data == 0));
}

/** PACGA: a code of two registers in the upper 32 bits. */
export function pacGeneric(a: u64, b: u64): u64 {
  return (code(a, b, APGAKeyLo_EL1, APGAKeyHi_EL1) >> 32) << 32;
}
