// Questions about the present state of the PE that several parts ask.

import {
  EL,
  FEATURE_EL2,
  FEATURE_EL3,
  FEATURE_NV,
  FEATURE_SEL2,
  FEATURE_VHE,
  FEATURES,
  FLAG_C,
  FLAG_N,
  FLAG_V,
  FLAG_Z,
} from '../layout';
import { HCR_EL2, SCR_EL3 } from './slots.generated';

/** Translation regimes, by the number that contexts, traces and TLB maintenance use. */
export const REGIME_EL10: i32 = 0;
export const REGIME_EL2: i32 = 1;
export const REGIME_EL20: i32 = 2;
export const REGIME_EL3: i32 = 3;

export const HCR_VM: u64 = 1 << 0;
export const HCR_PTW: u64 = 1 << 2;
export const HCR_FMO: u64 = 1 << 3;
export const HCR_IMO: u64 = 1 << 4;
export const HCR_AMO: u64 = 1 << 5;
export const HCR_VSE: u64 = 1 << 8;
export const HCR_DC: u64 = 1 << 12;
export const HCR_TGE: u64 = 1 << 27;
export const HCR_CD: u64 = 1 << 32;
export const HCR_E2H: u64 = 1 << 34;
export const HCR_TEA: u64 = 1 << 37;
export const HCR_NV: u64 = 1 << 42;
export const HCR_NV1: u64 = 1 << 43;
export const HCR_NV2: u64 = 1 << 45;
export const HCR_FWB: u64 = 1 << 46;
const HCR_VI_VF: u64 = 0xc0;

export const SCR_NS: u64 = 1 << 0;
export const SCR_IRQ: u64 = 1 << 1;
export const SCR_FIQ: u64 = 1 << 2;
export const SCR_EA: u64 = 1 << 3;
export const SCR_EEL2: u64 = 1 << 18;

export function has(feature: u32): bool {
  return (load<u32>(FEATURES) & feature) != 0;
}

/** One bit of a register value. */
export function bit(value: u64, position: u64): u32 {
  return u32((value >> position) & 1);
}

/** EL2Enabled(): EL2 exists and is not switched off by the security state below EL3. */
export function el2Enabled(): bool {
  const features = load<u32>(FEATURES);
  if ((features & FEATURE_EL2) == 0) return false;
  if ((features & FEATURE_EL3) == 0) return true;
  const scr = load<u64>(SCR_EL3);
  return (scr & SCR_NS) != 0 || ((features & FEATURE_SEL2) != 0 && (scr & SCR_EEL2) != 0);
}

/** The security state below EL3 is Secure. One physical address space serves both. */
export function secure(): bool {
  return has(FEATURE_EL3) && (load<u64>(SCR_EL3) & SCR_NS) == 0;
}

/** HCR_EL2 as it acts: all zero while EL2 is off, and with what TGE forces (Arm ARM, HCR_EL2.TGE). */
export function effectiveHcr(): u64 {
  if (!el2Enabled()) return 0;
  let hcr = load<u64>(HCR_EL2);
  if (!has(FEATURE_VHE)) hcr &= ~HCR_E2H;
  if (!has(FEATURE_NV)) hcr &= ~(HCR_NV | HCR_NV1 | HCR_NV2);
  if ((hcr & HCR_TGE) != 0) {
    hcr &= ~(HCR_PTW | HCR_VI_VF | HCR_VSE);
    const routed = HCR_FMO | HCR_IMO | HCR_AMO;
    if ((hcr & HCR_E2H) != 0) hcr &= ~(HCR_VM | HCR_DC | HCR_CD | routed);
    else hcr |= routed;
  }
  return hcr;
}

/** HCR_EL2.{E2H,TGE} = {1,1}: EL0 belongs to the host at EL2. */
export function inHost(hcr: u64): bool {
  return (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
}

/** Translation regime of an exception level (Arm ARM D8.1). */
export function regimeOf(el: i32): i32 {
  if (el == 3) return REGIME_EL3;
  if (el == 1) return REGIME_EL10;
  // EL2 itself is E2H by the register: EL2 code runs only where EL2 is enabled.
  const e2h = has(FEATURE_VHE) && (load<u64>(HCR_EL2) & HCR_E2H) != 0;
  if (el == 2) return e2h ? REGIME_EL20 : REGIME_EL2;
  return inHost(effectiveHcr()) ? REGIME_EL20 : REGIME_EL10;
}

export function currentEl(): i32 {
  return load<i32>(EL);
}

/** PSTATE.NZCV in bits 31:28. */
export function readFlags(): u32 {
  const n = u32(load<u64>(FLAG_N) >> 63);
  const z = load<u64>(FLAG_Z) == 0 ? <u32>1 : <u32>0;
  const v = u32(load<u64>(FLAG_V) >> 63);
  return (n << 31) | (z << 30) | ((load<u32>(FLAG_C) & 1) << 29) | (v << 28);
}

/** Sets PSTATE.NZCV from bits 31:28. */
export function writeFlags(flags: u32): void {
  store<u64>(FLAG_N, u64(flags) << 32);
  store<u64>(FLAG_Z, u64(~flags & 0x40000000));
  store<u32>(FLAG_C, (flags >> 29) & 1);
  store<u64>(FLAG_V, u64(flags) << 35);
}
