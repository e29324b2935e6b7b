// Pointer authentication: FEAT_PAuth without FEAT_EPAC, and FEAT_PAuth2 and FEAT_FPAC where the PE has them, with an
// algorithm of our own in place of QARMA, as the architecture allows (ID_AA64ISAR1_EL1.API). Source: Arm ARM, shared
// pseudocode AddPAC, Auth and Strip.

import {
  EL,
  ENTRY_ALLOWED,
  ENTRY_KIND,
  FAULT_FLAGS,
  FAULT_PAC_FAIL,
  FAULT_PAUTH,
  FAULT_STATUS,
  FEATURE_FPAC,
  FEATURE_PAUTH2,
  FEATURES,
  PAUTH_ENTRY,
  PAUTH_REFUSED,
} from '../layout';
import { accessEntry } from './access-tables';
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
  HCR_EL2,
  SCR_EL3,
  SCTLR_EL1,
  SCTLR_EL2,
  SCTLR_EL3,
  TCR_EL1,
  TCR_EL2,
  TCR_EL3,
} from './slots.generated';
import { bit, has, REGIME_EL3, REGIME_EL10, regimeOf } from './state';
import { hasTwoRanges, sctlrOf, tcrOf, topByteIgnored } from './walk';

/** Numbers of the keys: bit 0 is B rather than A, bit 1 is data rather than instruction. */
const KEY_IA: i32 = 0;
const KEY_IB: i32 = 1;
const KEY_DA: i32 = 2;
const KEY_DB: i32 = 3;
/** The key of PACGA, which no control switches off. */
const KEY_GA: i32 = 4;

const SCTLR_ENIA: u64 = 1 << 31;
const SCTLR_ENIB: u64 = 1 << 30;
const SCTLR_ENDA: u64 = 1 << 27;
const SCTLR_ENDB: u64 = 1 << 13;

// What the controls say, as settle() has found it, and the controls that it was found by. Every function call and return
// of a kernel asks, while the controls hardly ever change.
let knownEl: i32 = -1;
let knownHcr: u64 = 0;
let knownScr: u64 = 0;
let knownSctlr: u64 = 0;
let knownTcr: u64 = 0;
let knownFeatures: u32 = 0;
let sctlrSlot: usize = 0;
let tcrSlot: usize = 0;
/** An instruction that uses a key is trapped, as the access table says. */
let trapping: bool = false;
/** Bit n: key n is switched on. */
let keys: i32 = 0;
/** Either range has tags in pointers to code or to data: bit 55 tells the ranges apart then, else bit 63 does. */
let taggedCode: bool = false;
let taggedData: bool = false;
/** As bits: the top byte of a pointer is a tag. Index: 1 for the upper range, 2 for data. */
let tagsIgnored: u32 = 0;
/** Lowest bit of the code, by range. */
let bottomLower: u64 = 0;
let bottomUpper: u64 = 0;

/** Looks at the controls, if one has changed since the last time. */
function settle(): void {
  if (
    load<i32>(EL) == knownEl &&
    load<u64>(HCR_EL2) == knownHcr &&
    load<u64>(SCR_EL3) == knownScr &&
    load<u64>(sctlrSlot) == knownSctlr &&
    load<u64>(tcrSlot) == knownTcr &&
    load<u32>(FEATURES) == knownFeatures
  )
    return;
  const el = load<i32>(EL);
  const regime = regimeOf(el);
  knownEl = el;
  knownHcr = load<u64>(HCR_EL2);
  knownScr = load<u64>(SCR_EL3);
  knownFeatures = load<u32>(FEATURES);
  sctlrSlot = regime == REGIME_EL3 ? SCTLR_EL3 : regime == REGIME_EL10 ? SCTLR_EL1 : SCTLR_EL2;
  tcrSlot = regime == REGIME_EL3 ? TCR_EL3 : regime == REGIME_EL10 ? TCR_EL1 : TCR_EL2;
  knownSctlr = load<u64>(sctlrSlot);
  knownTcr = load<u64>(tcrSlot);
  const sctlr = sctlrOf(regime);
  const tcr = tcrOf(regime);
  const entry = load<u32>(PAUTH_ENTRY);
  trapping = entry != 0 && (accessEntry(entry) & ENTRY_KIND) != ENTRY_ALLOWED;
  keys = i32((sctlr & SCTLR_ENIA) != 0) << KEY_IA;
  keys |= i32((sctlr & SCTLR_ENIB) != 0) << KEY_IB;
  keys |= i32((sctlr & SCTLR_ENDA) != 0) << KEY_DA;
  keys |= i32((sctlr & SCTLR_ENDB) != 0) << KEY_DB;
  tagsIgnored = 0;
  for (let index: u32 = 0; index < 4; index++) {
    const pointer = u64(index & 1) << 55;
    tagsIgnored |= u32(topByteIgnored(pointer, regime, tcr, index < 2)) << index;
  }
  taggedCode = (tagsIgnored & (hasTwoRanges(regime) ? 3 : 1)) != 0;
  taggedData = (tagsIgnored & (hasTwoRanges(regime) ? 12 : 4)) != 0;
  bottomLower = bottomBit(false, regime, tcr);
  bottomUpper = bottomBit(true, regime, tcr);
}

/** The key is switched on by SCTLR_ELx of the present regime: otherwise pointers stay as they are. */
function enabled(key: i32): bool {
  return ((keys >> key) & 1) != 0;
}

/** The top byte of a pointer is a tag. */
function isTagged(pointer: u64, data: i32): bool {
  return ((tagsIgnored >> (bit(pointer, 55) | (u32(data) << 1))) & 1) != 0;
}

const MIX_1: u64 = (0xff51afd7 << 32) | 0xed558ccd;
const MIX_2: u64 = (0xc4ceb9fe << 32) | 0x1a85ec53;

/** A step of mixing: the finalizer of MurmurHash3. */
function mix(value: u64): u64 {
  value = (value ^ (value >> 33)) * MIX_1;
  value = (value ^ (value >> 33)) * MIX_2;
  return value ^ (value >> 33);
}

/** Every function call and return of a kernel computes one: the first two products do not wait for each other. */
function code(pointer: u64, modifier: u64, low: usize, high: usize): u64 {
  return mix(((pointer ^ load<u64>(low)) * MIX_1) ^ rotr((modifier ^ load<u64>(high)) * MIX_2, 32));
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

function refuse(fault: u32): void {
  store<u32>(PAUTH_REFUSED, 1);
  store<u32>(FAULT_FLAGS, fault);
}

/** Whether a key does anything to a pointer. Where it is trapped, PAUTH_REFUSED is 1 and `takeAbort` has the host take it. */
function applies(key: i32): bool {
  settle();
  store<u32>(PAUTH_REFUSED, 0);
  if (!enabled(key)) return false;
  if (trapping) refuse(FAULT_PAUTH);
  return !trapping;
}

/** Whether ERETAA, ERETAB or PACGA executes: 0 leaves the trap for `takeAbort`. */
export function pacAllowed(key: i32): i32 {
  settle();
  if (!trapping || (key != KEY_GA && !enabled(key))) return 1;
  refuse(FAULT_PAUTH);
  return 0;
}

/** PACIA and its like: the pointer with its authentication code, unless PAUTH_REFUSED says that it is to abort. */
export function pacAdd(pointer: u64, modifier: u64, key: i32): u64 {
  if (!applies(key)) return pointer;
  const tbi = isTagged(pointer, key >> 1);
  const upper = bit(pointer, (key < KEY_DA ? taggedCode : taggedData) ? 55 : 63) != 0;
  const bottom = upper ? bottomUpper : bottomLower;
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

/** RETAA and its like: the address, or one that faults when the code is wrong; see PAUTH_REFUSED. */
export function pacAuthenticate(pointer: u64, modifier: u64, key: i32): u64 {
  return applies(key) ? authenticated(pointer, modifier, key) : pointer;
}

/** AUTIA and its like: as pacAuthenticate(), but that a wrong code aborts with FEAT_FPAC. */
export function pacVerify(pointer: u64, modifier: u64, key: i32): u64 {
  if (!applies(key)) return pointer;
  const result = authenticated(pointer, modifier, key);
  if (has(FEATURE_FPAC) && address(pointer, key >> 1) != result) {
    refuse(FAULT_PAC_FAIL);
    store<u32>(FAULT_STATUS, key);
  }
  return result;
}

function authenticated(pointer: u64, modifier: u64, key: i32): u64 {
  const tbi = isTagged(pointer, key >> 1);
  const upper = bit(pointer, 55) != 0;
  const bottom = upper ? bottomUpper : bottomLower;
  const original = extended(pointer, upper, bottom, tbi);
  const mask = codeMask(bottom, tbi);
  if (has(FEATURE_PAUTH2)) return pointer ^ (codeOf(key, original, modifier) & mask);
  if (((codeOf(key, original, modifier) ^ pointer) & mask) == 0) return original;
  const error: u64 = (key & 1) != 0 ? 2 : 1;
  const at: u64 = tbi ? 53 : 61;
  return (original & ~((<u64>3) << at)) | (error << at);
}

/** XPACI (`data` 0) and XPACD: the address without a code. */
export function pacStrip(pointer: u64, data: i32): u64 {
  settle();
  return address(pointer, data);
}

function address(pointer: u64, data: i32): u64 {
  const upper = bit(pointer, 55) != 0;
  return extended(pointer, upper, upper ? bottomUpper : bottomLower, isTagged(pointer, data));
}

/** PACGA: a code of two registers in the upper 32 bits. */
export function pacGeneric(a: u64, b: u64): u64 {
  return (code(a, b, APGAKeyLo_EL1, APGAKeyHi_EL1) >> 32) << 32;
}
