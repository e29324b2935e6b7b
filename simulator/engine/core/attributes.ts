// Memory types, in the encoding of a byte of MAIR_ELx, and how stage 2 changes what stage 1 says.

export const DEVICE_NGNRNE: u32 = 0x00;
export const NORMAL_NC: u32 = 0x44;
export const NORMAL_WB: u32 = 0xff;

export const OUTER_SHAREABLE: u32 = 2;
export const INNER_SHAREABLE: u32 = 3;

export function isDevice(attributes: u32): bool {
  return (attributes & 0xf0) == 0;
}

/** Cacheability of half a MAIR byte: 1 Non-cacheable, 2 Write-Through, 3 Write-Back, as in a stage 2 descriptor. */
function cacheability(half: u32): u32 {
  if (half == 4) return 1;
  return (half & 4) != 0 ? 3 : 2;
}

function weaker(stage1: u32, stage2: u32): u32 {
  const type = min(cacheability(stage1), stage2);
  if (type == 1) return 4;
  return (type == 2 ? 8 : 12) | (stage1 & 3);
}

/**
 * Memory type after both stages (Arm ARM D8.6). `memAttr` is bits 5:2 of the stage 2 leaf, in the FEAT_S2FWB form
 * when `fwb` is set; `nonCacheable` is HCR_EL2.CD.
 */
export function combineTypes(stage1: u32, memAttr: u32, fwb: bool, nonCacheable: bool): u32 {
  if (fwb) {
    if ((memAttr & 4) == 0) return strongerDevice(stage1, memAttr & 3);
    if ((memAttr & 3) == 2) return NORMAL_WB;
    if ((memAttr & 3) == 3 || isDevice(stage1)) return stage1;
    return NORMAL_NC;
  }
  if ((memAttr & 12) == 0) return strongerDevice(stage1, memAttr & 3);
  if (isDevice(stage1)) return stage1;
  if (nonCacheable) return NORMAL_NC;
  const inner = max<u32>(memAttr & 3, 1);
  return (weaker(stage1 >> 4, memAttr >> 2) << 4) | weaker(stage1 & 15, inner);
}

function strongerDevice(stage1: u32, type: u32): u32 {
  return isDevice(stage1) ? min((stage1 >> 2) & 3, type) << 2 : type << 2;
}

/** Shareability after both stages: the wider one; memory that is not cached is outer shareable. */
export function combineShareability(stage1: u32, stage2: u32, attributes: u32): u32 {
  if (isDevice(attributes) || attributes == NORMAL_NC) return OUTER_SHAREABLE;
  if (stage1 == OUTER_SHAREABLE || stage2 == OUTER_SHAREABLE) return OUTER_SHAREABLE;
  return stage1 == INNER_SHAREABLE || stage2 == INNER_SHAREABLE ? INNER_SHAREABLE : 0;
}
