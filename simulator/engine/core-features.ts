/** Features that the compiled core asks for, as the bits of the FEATURES word. */

import type { Features } from '../arch/features.ts';
import { byName, type RegisterRow, resetValue } from '../arch/registers/index.ts';
import * as layout from './layout.ts';

const rows: readonly (readonly [feature: string, bit: number])[] = [
  ['el2', layout.FEATURE_EL2],
  ['el3', layout.FEATURE_EL3],
  ['hafdbs', layout.FEATURE_HAF | layout.FEATURE_HDBM],
  ['xnx', layout.FEATURE_XNX],
  ['lpa', layout.FEATURE_LPA],
  ['lpa2', layout.FEATURE_LPA2],
  ['lva', layout.FEATURE_LVA],
  ['ttst', layout.FEATURE_TTST],
  ['pan', layout.FEATURE_PAN],
  ['uao', layout.FEATURE_UAO],
  ['vhe', layout.FEATURE_VHE],
  ['hpds', layout.FEATURE_HPDS],
  ['e0pd', layout.FEATURE_E0PD],
  ['nv', layout.FEATURE_NV],
  ['nv2', layout.FEATURE_NV2],
  ['s2fwb', layout.FEATURE_FWB],
  ['vmid16', layout.FEATURE_VMID16],
  ['ssbs', layout.FEATURE_SSBS],
  ['dit', layout.FEATURE_DIT],
  ['bti', layout.FEATURE_BTI],
  ['pauth', layout.FEATURE_PAUTH],
  ['pauth2', layout.FEATURE_PAUTH2],
  ['fpac', layout.FEATURE_FPAC],
  ['lse2', layout.FEATURE_LSE2],
];

export function coreFeatures(features: Features): number {
  // Every PE here has 16-bit ASIDs, as ID_AA64MMFR0_EL1.ASIDBits says.
  const always = layout.FEATURE_ASID16 | (features.has('granule16') ? 0 : layout.FEATURE_NO_GRANULE16);
  return rows.reduce((bits, [feature, bit]) => (features.has(feature) ? bits | bit : bits), always);
}

/** Size of a PA, by ID_AA64MMFR0_EL1.PARange. */
export function physicalAddressBits(features: Features): number {
  const row = byName('ID_AA64MMFR0_EL1') as RegisterRow;
  const range = resetValue(row, features, 0) & 15n;
  return [32, 36, 40, 42, 44, 48, 52][Number(range)];
}
