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
  APGAKeyHi_EL1,
  APGAKeyLo_EL1,
  APIAKeyLo_EL1,
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
/** Where the code is in a pointer, by range, for pointers to code and to data. */
let codeLower: u64 = 0;
let codeUpper: u64 = 0;
let dataLower: u64 = 0;
let dataUpper: u64 = 0;

const BIT_55: u64 = (<u64>1) << 55;

/** Looks at the controls, if one has changed since the last time. */
function settle(): void {
  const changed =
    (load<u64>(HCR_EL2) ^ knownHcr) |
    (load<u64>(SCR_EL3) ^ knownScr) |
    (load<u64>(sctlrSlot) ^ knownSctlr) |
    (load<u64>(tcrSlot) ^ knownTcr) |
    u64((load<i32>(EL) ^ knownEl) | i32(load<u32>(FEATURES) ^ knownFeatures));
  if (changed != 0) find();
}

function find(): void {
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
  codeLower = codeMask(false, regime, tcr, true);
  codeUpper = codeMask(true, regime, tcr, true);
  dataLower = codeMask(false, regime, tcr, false);
  dataUpper = codeMask(true, regime, tcr, false);
  const two = hasTwoRanges(regime);
  taggedCode = topByteIgnored(0, regime, tcr, true) || (two && topByteIgnored(BIT_55, regime, tcr, true));
  taggedData = topByteIgnored(0, regime, tcr, false) || (two && topByteIgnored(BIT_55, regime, tcr, false));
}

/** The key is switched on by SCTLR_ELx of the present regime: otherwise pointers stay as they are. */
function enabled(key: i32): bool {
  return ((keys >> key) & 1) != 0;
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

/** The keys of pointers are one after the other. */
function codeOf(key: i32, pointer: u64, modifier: u64): u64 {
  const at: usize = APIAKeyLo_EL1 + (usize(key) << 4);
  return code(pointer, modifier, at, at + 8);
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

/** Where the code is: bits 63 or 55 down to the lowest, without bit 55, which says which range the pointer is in. */
function codeMask(upper: bool, regime: i32, tcr: u64, execute: bool): u64 {
  const below55 = (BIT_55 - 1) & ~(((<u64>1) << bottomBit(upper, regime, tcr)) - 1);
  return topByteIgnored(upper ? BIT_55 : 0, regime, tcr, execute) ? below55 : below55 | ((<u64>0xff) << 56);
}

function maskOf(upper: bool, data: i32): u64 {
  return data != 0 ? (upper ? dataUpper : dataLower) : upper ? codeUpper : codeLower;
}

/** The pointer with bit 55, or `upper`, in place of a code. */
function extended(pointer: u64, upper: bool, mask: u64): u64 {
  const field = mask | BIT_55;
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
  const upper = bit(pointer, (key < KEY_DA ? taggedCode : taggedData) ? 55 : 63) != 0;
  const mask = maskOf(upper, key >> 1);
  const pac = codeOf(key, extended(pointer, upper, mask), modifier);
  const half = upper ? BIT_55 : 0;
  if (has(FEATURE_PAUTH2)) return ((pointer & ~BIT_55) ^ (pac & mask)) | half;
  return (pointer & ~(mask | BIT_55)) | half | ((pac ^ spoilt(pointer, mask)) & mask);
}

/** Without FEAT_PAuth2 the code of a pointer that was no proper address does not authenticate: the bit that spoils it. */
function spoilt(pointer: u64, mask: u64): u64 {
  const top: u64 = mask >> 63 != 0 ? 63 : 55;
  const field = (i64(pointer) << (63 - top)) >> (63 - top + ctz(mask));
  return field != 0 && field != -1 ? (<u64>1) << (top - 1) : 0;
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
  const upper = bit(pointer, 55) != 0;
  const mask = maskOf(upper, key >> 1);
  const original = extended(pointer, upper, mask);
  const pac = codeOf(key, original, modifier);
  if (has(FEATURE_PAUTH2)) return pointer ^ (pac & mask);
  if (((pac ^ pointer) & mask) == 0) return original;
  const error: u64 = (key & 1) != 0 ? 2 : 1;
  const at: u64 = mask >> 63 != 0 ? 61 : 53;
  return (original & ~((<u64>3) << at)) | (error << at);
}

/** XPACI (`data` 0) and XPACD: the address without a code. */
export function pacStrip(pointer: u64, data: i32): u64 {
  settle();
  return address(pointer, data);
}

function address(pointer: u64, data: i32): u64 {
  const upper = bit(pointer, 55) != 0;
  return extended(pointer, upper, maskOf(upper, data));
}

/** PACGA: a code of two registers in the upper 32 bits. */
export function pacGeneric(a: u64, b: u64): u64 {
  return (code(a, b, APGAKeyLo_EL1, APGAKeyHi_EL1) >> 32) << 32;
}
