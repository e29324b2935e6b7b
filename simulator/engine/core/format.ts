// What both stages have in common: the shape of VMSAv8-64 tables for a granule (12, 14 or 16 for 4, 16 or 64 KB).

import { FEATURE_LPA, FEATURE_LPA2, FEATURE_NO_GRANULE16, PA_BITS } from '../layout';
import { has } from './state';

export const DESCRIPTOR_VALID: u64 = 1;
export const DESCRIPTOR_TABLE: u64 = 2; // not 0: table, or page at level 3
export const DESCRIPTOR_AF: u64 = 1 << 10;
export const DESCRIPTOR_DBM: u64 = 1 << 51;
export const DESCRIPTOR_CONTIGUOUS: u64 = 1 << 52;

const LOW_48: u64 = 0x0000ffffffffffff;

// Fault status codes without their level (ESR_ELx.DFSC).
export const ADDRESS_SIZE: i32 = 0x00;
export const TRANSLATION: i32 = 0x04;
export const ACCESS_FLAG: i32 = 0x08;
export const PERMISSION: i32 = 0x0c;
export const EXTERNAL_ON_WALK: i32 = 0x14;
export const EXTERNAL: i32 = 0x10;
export const ALIGNMENT: i32 = 0x21;
export const DEBUG: i32 = 0x22;

/** Fault status code for a kind at a level; level -1 has codes of its own. */
export function statusCode(kind: i32, level: i32): i32 {
  if (level >= 0) return kind | level;
  if (kind == ADDRESS_SIZE) return 0x29;
  return kind == TRANSLATION ? 0x2b : 0x13;
}

/** TCR_ELx.TG0 as log2 of the granule. The reserved value acts as 4 KB. */
export function granule0(field: u32): i32 {
  return field == 1 ? 16 : field == 2 && !has(FEATURE_NO_GRANULE16) ? 14 : 12;
}

/** TCR_ELx.TG1, which has another encoding. */
export function granule1(field: u32): i32 {
  return field == 3 ? 16 : field == 1 && !has(FEATURE_NO_GRANULE16) ? 14 : 12;
}

/** Lowest input address bit that a level resolves. */
export function levelShift(granule: i32, level: i32): i32 {
  return granule + (3 - level) * (granule - 3);
}

/** Blocks exist at level 1 with 4 KB, at level 2 with all, and one level higher with 52-bit addresses. */
export function blockAllowed(granule: i32, level: i32, ds: bool): bool {
  if (level == 2) return true;
  if (granule == 12) return level == 1 || (level == 0 && ds);
  if (granule == 14) return level == 1 && ds;
  return level == 1 && has(FEATURE_LPA);
}

/** log2 of the number of entries that a set Contiguous bit joins. */
export function contiguousBits(granule: i32, level: i32): i32 {
  if (granule == 12) return 4;
  if (granule == 16) return 5;
  return level == 3 ? 7 : 5;
}

/** TCR_ELx.DS or VTCR_EL2.DS as it acts: only FEAT_LPA2 has it, and the 64 KB granule does not need it. */
export function effectiveDs(bit: u32, granule: i32): bool {
  return bit != 0 && granule != 16 && has(FEATURE_LPA2);
}

/** Bits of an output address by TCR_ELx.{PS,IPS}, limited by the PE and by what the descriptors can hold. */
export function outputBits(field: u32, granule: i32, ds: bool): i32 {
  let bits: i32 = 32;
  if (field == 1) bits = 36;
  else if (field == 2) bits = 40;
  else if (field == 3) bits = 42;
  else if (field == 4) bits = 44;
  else if (field == 5) bits = 48;
  else if (field >= 6) bits = 52;
  bits = min(bits, load<i32>(PA_BITS));
  const wide = ds || (granule == 16 && has(FEATURE_LPA));
  return wide ? bits : min(bits, 48);
}

export function fits(address: u64, bits: i32): bool {
  return address >> u64(bits) == 0;
}

/** Output address of a table descriptor or leaf whose lowest output address bit is `shift`. */
export function outputAddress(descriptor: u64, shift: i32, granule: i32, ds: bool): u64 {
  const low = ~(((<u64>1) << u64(shift)) - 1);
  if (ds) return (descriptor & 0x0003ffffffffffff & low) | (((descriptor >> 8) & 3) << 50);
  const address = descriptor & LOW_48 & low;
  return granule == 16 && has(FEATURE_LPA) ? address | (((descriptor >> 12) & 15) << 48) : address;
}

/** Table address of TTBRx_ELx or VTTBR_EL2 for a first table of 2^`sizeBits` bytes. */
export function tableBase(ttbr: u64, sizeBits: i32, bits: i32): u64 {
  let base = ttbr & 0x0000fffffffffffe;
  let alignment = sizeBits;
  if (bits == 52) {
    base = (base & ~(<u64>0x3f)) | (((ttbr >> 2) & 15) << 48);
    alignment = max(sizeBits, 6);
  }
  return base & ~(((<u64>1) << u64(alignment)) - 1);
}
