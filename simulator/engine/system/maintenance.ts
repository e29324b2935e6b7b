/** System instructions for caches, TLBs and address translation. */

import { instructions } from '../../arch/registers/index.ts';
import type { Engine } from '../engine.ts';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  CORE_CACHE,
  CORE_CACHE_STORE,
  CORE_TLBI,
  EL,
  FAULT_CM,
  FAULT_FLAGS,
  FAULT_IPA,
  FAULT_S1PTW,
  FAULT_STAGE2,
  FAULT_STATUS,
  FAULT_VA,
  FEATURE_LPA2,
  FEATURES,
  PAN,
  TLBI_ALL,
  TLBI_ALL_PES,
  TLBI_ASID,
  TLBI_IPA,
  TLBI_LEVEL_SHIFT,
  TLBI_SHAREABLE,
  TLBI_VA,
  TLBI_VAA,
  TLBI_VMALL,
  TLBI_VMALLS12,
  TRACE,
  TRACE_ATTRIBUTES,
  TRACE_FAULT_FLAGS,
  TRACE_FAULT_IPA,
  TRACE_PA,
  TRACE_SHAREABILITY,
  TRACE_STATUS,
  TRANSLATE_PAN,
  TRANSLATE_STAGE1,
  TRANSLATE_UNPRIVILEGED,
} from '../layout.ts';
import { slotOf } from '../pe-state.ts';
import { nothing, type SystemInstruction } from './special.ts';

const REGIME_EL10 = 0;
const REGIME_EL2 = 1;
const REGIME_EL20 = 2;
const REGIME_EL3 = 3;
const EVERY_ASID = -1;
const PA_MASK = 0x000f_ffff_ffff_f000n;

/** All system instructions by name. `others` does what concerns other PEs: calls back once for each, as the active one. */
export function maintenanceInstructions(engine: () => Engine): Map<string, SystemInstruction> {
  const made = new Map<string, SystemInstruction>();
  for (const { name } of instructions) {
    const [operation, form] = name.split(' ');
    if (operation === 'TLBI') made.set(name, invalidateTlb(engine, form));
    else if (operation === 'AT') made.set(name, translateAddress(engine, form));
    else if (/^(DC (C|I)\w*VA\w*|IC IVAU)$/.test(name)) made.set(name, form === 'IVAC' ? CORE_CACHE_STORE : CORE_CACHE);
    // Caches are not modelled: instructions are fetched as they were last stored, and data has one copy. Prediction
    // restrictions (CFP, CPP, DVP) have nothing to restrict.
    else if (name !== 'DC ZVA') made.set(name, nothing);
  }
  return made;
}

const kinds: Readonly<Record<string, number>> = {
  VMALL: TLBI_VMALL,
  VMALLS12: TLBI_VMALLS12,
  ALL: TLBI_ALL,
  IPAS2: TLBI_IPA,
  ASID: TLBI_ASID,
  VA: TLBI_VA,
  VAA: TLBI_VAA,
};

/** That of a last level is the same as of all; the forms by range of IPA are answered as by IPA, for the whole VMID. */
function invalidateTlb(engine: () => Engine, form: string): SystemInstruction {
  const parts = /^(R?)(VMALLS12|VMALL|ALL|IPAS2|ASID|VAA|VA)L?E([123])((?:[IO]S)?)(?:NXS)?$/.exec(form);
  if (!parts) throw new Error(`TLBI ${form} has no meaning here: its row needs one in maintenance.ts.`);
  const [, range, kind, level, shareable] = parts;
  if (range && kind !== 'IPAS2') return invalidateRange(engine, kind === 'VAA', level, shareable ? TLBI_ALL_PES : 0);
  return CORE_TLBI + kinds[kind] + (Number(level) << TLBI_LEVEL_SHIFT) + (shareable ? TLBI_SHAREABLE : 0);
}

function invalidateRange(engine: () => Engine, everyAsid: boolean, level: string, flags: number): SystemInstruction {
  return argument => {
    const { core } = engine();
    const present = core.regimeOf(level === '1' ? 0 : 2);
    const regime = level === '3' ? REGIME_EL3 : present;
    const vmid = regime === REGIME_EL10 ? core.currentVmid() : 0;
    const bound = !everyAsid && regime !== REGIME_EL2 && regime !== REGIME_EL3;
    const asid = bound ? Number(argument >> 48n) : EVERY_ASID;
    core.tlbiRange(regime, vmid, asid, ...rangeOf(argument, wideAddresses(engine(), regime)), flags);
    return true;
  };
}

/** TCR_ELx.DS of a regime: 52-bit addresses with 4 KB and 16 KB pages (FEAT_LPA2). */
function wideAddresses({ u32, u64 }: Engine, regime: number): boolean {
  if ((u32[FEATURES >> 2] & FEATURE_LPA2) === 0) return false;
  const [name, bit] = (
    [
      ['TCR_EL1', 59n],
      ['TCR_EL2', 32n],
      ['TCR_EL2', 59n],
      ['TCR_EL3', 32n],
    ] as const
  )[regime];
  return ((u64[slotOf(name) >> 3] >> bit) & 1n) === 1n;
}

/**
 * Start and bytes of a TLBI by range (Arm ARM C5.5, TLBI RVAE1): (NUM + 1) x 2^(5 SCALE + 1) granules from BaseADDR, which
 * counts in 64 KB where addresses are wide.
 */
export function rangeOf(argument: bigint, wide: boolean): [bigint, bigint] {
  const granule = [0n, 12n, 14n, 16n][Number((argument >> 46n) & 3n)];
  const scale = (argument >> 44n) & 3n;
  const count = (((argument >> 39n) & 31n) + 1n) << (5n * scale + 1n);
  const start = BigInt.asUintN(64, BigInt.asIntN(37, argument) << (wide ? 16n : granule));
  return [start, count << granule];
}

/** Describes the fault of the last translation as an abort of the present instruction. */
function abort({ u32, u64 }: Engine, va: bigint): false {
  u64[FAULT_VA >> 3] = va;
  u64[FAULT_IPA >> 3] = u64[(TRACE + TRACE_FAULT_IPA) >> 3];
  u32[FAULT_STATUS >> 2] = u32[(TRACE + TRACE_STATUS) >> 2] & 0x3f;
  u32[FAULT_FLAGS >> 2] = FAULT_CM | u32[(TRACE + TRACE_FAULT_FLAGS) >> 2];
  return false;
}

/** Synchronous external abort on a translation table walk, of any level. */
function isExternalOnWalk(status: bigint): boolean {
  return status >= 0x13n && status <= 0x17n;
}

function translateAddress(engine: () => Engine, form: string): SystemInstruction {
  const match = /^S(12?)E(\d)([RW])(P?)$/.exec(form);
  if (!match) throw new Error(`AT ${form} has no meaning here: its row needs one in maintenance.ts.`);
  const [, stages, level, direction, withPan] = match;
  return argument => {
    const { core, u32, i32, u64 } = engine();
    const el = Number(level);
    // EL0 and EL1 forms speak of EL1&0, or of the host while HCR_EL2.{E2H,TGE} = {1,1}.
    const host = el < 2 && core.regimeOf(0) === REGIME_EL20;
    const from = host ? 2 : el === 0 ? 1 : el;
    let flags = el === 0 ? TRANSLATE_UNPRIVILEGED : 0;
    if (stages === '1') flags |= TRANSLATE_STAGE1;
    if (withPan && u32[PAN >> 2]) flags |= TRANSLATE_PAN;
    const good = core.translate(argument, direction === 'W' ? ACCESS_WRITE : ACCESS_READ, from, flags);
    const par = slotOf('PAR_EL1') >> 3;
    if (good) {
      const attributes = BigInt(u32[(TRACE + TRACE_ATTRIBUTES) >> 2]) << 56n;
      const shareability = BigInt(u32[(TRACE + TRACE_SHAREABILITY) >> 2]) << 7n;
      u64[par] = attributes | (u64[(TRACE + TRACE_PA) >> 3] & PA_MASK) | 0x200n | 0x800n | shareability;
    } else {
      const status = BigInt(i32[(TRACE + TRACE_STATUS) >> 2] & 0x3f);
      const faults = u32[(TRACE + TRACE_FAULT_FLAGS) >> 2];
      // An abort of this instruction rather than a result (Arm ARM, AArch64.AT): the walk itself failed at EL1 for
      // stage 2, or for the bus.
      if ((u32[EL >> 2] === 1 && faults & FAULT_S1PTW) || isExternalOnWalk(status)) return abort(engine(), argument);
      const stage2 = (faults & FAULT_STAGE2 ? 1n << 9n : 0n) | (faults & FAULT_S1PTW ? 1n << 8n : 0n);
      u64[par] = 0x801n | (status << 1n) | stage2;
    }
    return true;
  };
}
