// A translation table walk by the letter of the Arm ARM (D8), slow and in BigInt: the oracle of the walk tests. It
// shares no code with the core.

export interface Controls {
  regime: 'EL1&0' | 'EL2' | 'EL2&0' | 'EL3';
  privileged: boolean;
  access: 'read' | 'write' | 'execute';
  pan: boolean;
  sctlr: bigint;
  tcr: bigint;
  ttbr0: bigint;
  ttbr1: bigint;
  mair: bigint;
  hcr: bigint;
  vtcr: bigint;
  vttbr: bigint;
  paBits: number;
  has: (feature: 'hafdbs' | 'xnx' | 'lpa' | 'lpa2' | 'lva' | 'ttst' | 'hpds' | 'e0pd' | 'fwb') => boolean;
  /** Reads a descriptor; undefined where there is no memory. */
  read: (pa: bigint) => bigint | undefined;
}

export interface Outcome {
  /** DFSC, or undefined when it translates. */
  status?: number;
  stage2?: boolean;
  s1ptw?: boolean;
  faultIpa?: bigint;
  ipa?: bigint;
  pa?: bigint;
  permissions?: string;
  device?: boolean;
}

class Fault extends Error {
  constructor(readonly outcome: Outcome) {
    super('fault');
  }
}

const bits = (value: bigint, high: number, low: number): bigint =>
  (value >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n);
const bit = (value: bigint, at: number): boolean => bits(value, at, at) === 1n;

const KINDS = { size: 0, translation: 4, flag: 8, permission: 12, external: 20 };
function fault(kind: keyof typeof KINDS, level: number, more: Outcome = {}): never {
  if (level >= 0) throw new Fault({ status: KINDS[kind] + level, ...more });
  throw new Fault({ status: { size: 0x29, translation: 0x2b, external: 0x13, flag: 0, permission: 0 }[kind], ...more });
}

const PHYSICAL = [32, 36, 40, 42, 44, 48, 52, 52];

interface Geometry {
  grain: number;
  ds: boolean;
  outputBits: number;
}

/** Bits that a level indexes: [high, low] for each level down to 3, given the input size and first level. */
function indexFields(grain: number, first: number, inputBits: number): Map<number, [number, number]> {
  const fields = new Map<number, [number, number]>();
  let low = grain;
  for (let level = 3; level >= first; level--) {
    fields.set(level, [level === first ? inputBits - 1 : low + grain - 4, low]);
    low += grain - 3;
  }
  return fields;
}

function address(c: Controls, g: Geometry, descriptor: bigint, low: number): bigint {
  if (g.ds) return (bits(descriptor, 9, 8) << 50n) | (bits(descriptor, 49, low) << BigInt(low));
  const high = g.grain === 16 && c.has('lpa') ? bits(descriptor, 15, 12) << 48n : 0n;
  return high | (bits(descriptor, 47, low) << BigInt(low));
}

function geometry(c: Controls, grain: number, dsBit: boolean, ps: bigint): Geometry {
  const ds = dsBit && grain !== 16 && c.has('lpa2');
  const most = ds || (grain === 16 && c.has('lpa')) ? 52 : 48;
  return { grain, ds, outputBits: Math.min(PHYSICAL[Number(ps)], c.paBits, most) };
}

function base(g: Geometry, ttbr: bigint, entries: number): bigint {
  const align = BigInt(Math.max(entries * 8, g.outputBits === 52 ? 64 : 8));
  let table = bits(ttbr, 47, 1) << 1n;
  if (g.outputBits === 52) table = (bits(ttbr, 5, 2) << 48n) | (bits(ttbr, 47, 6) << 6n);
  return (table / align) * align;
}

function leafExists(c: Controls, g: Geometry, level: number): boolean {
  const blocks: Record<number, number[]> = {
    12: g.ds ? [0, 1, 2] : [1, 2],
    14: g.ds ? [1, 2] : [2],
    16: c.has('lpa') ? [1, 2] : [2],
  };
  return blocks[g.grain].includes(level);
}

export function naiveStage2(
  c: Controls,
  ipa: bigint,
  access: Controls['access'],
  privileged: boolean,
  s1ptw: boolean,
): { pa: bigint; permissions: string; memAttr: number } {
  const here: Outcome = { stage2: true, s1ptw, faultIpa: ipa };
  const grain = { 0: 12, 1: 16, 2: 14, 3: 12 }[Number(bits(c.vtcr, 15, 14))] as number;
  const g = geometry(c, grain, bit(c.vtcr, 32), bits(c.vtcr, 18, 16));
  const inputBits = 64 - Number(bits(c.vtcr, 5, 0));
  const sl0 = Number(bits(c.vtcr, 7, 6));
  const levels: Record<number, (number | undefined)[]> = {
    12: [2, 1, 0, c.has('ttst') ? 3 : undefined],
    14: [3, 2, 1, g.ds ? 0 : undefined],
    16: [3, 2, 1, undefined],
  };
  let first = levels[grain][sl0];
  if (grain === 12 && g.ds && bit(c.vtcr, 33)) first = sl0 === 0 ? -1 : undefined;
  if (first === undefined) fault('translation', 0, here);
  const lowest = grain + (3 - first) * (grain - 3);
  const largest = Math.min(c.paBits, g.ds || (grain === 16 && c.paBits === 52) ? 52 : 48);
  if (inputBits > largest || inputBits < (c.has('ttst') ? 16 : 25)) fault('translation', 0, here);
  if (inputBits <= lowest || inputBits - lowest > grain - 3 + 4) fault('translation', 0, here);
  if (ipa >= 1n << BigInt(inputBits)) fault('translation', 0, here);
  const fields = indexFields(grain, first, inputBits);
  let table = base(g, c.vttbr, 2 ** (inputBits - lowest));
  if (table >= 1n << BigInt(g.outputBits)) fault('size', 0, here);
  for (let level = first; ; level++) {
    const [high, low] = fields.get(level) as [number, number];
    const descriptor = c.read(table + 8n * bits(ipa, high, low));
    if (descriptor === undefined) fault('external', level, here);
    const type = Number(bits(descriptor, 1, 0));
    if (type === 3 && level < 3) {
      table = address(c, g, descriptor, grain);
      if (table >= 1n << BigInt(g.outputBits)) fault('size', level, here);
      continue;
    }
    if (!(type === 3 || (type === 1 && level < 3 && leafExists(c, g, level)))) fault('translation', level, here);
    const output = address(c, g, descriptor, low);
    if (output >= 1n << BigInt(g.outputBits)) fault('size', level, here);
    const ha = c.has('hafdbs') && bit(c.vtcr, 21);
    if (!bit(descriptor, 10) && !ha) fault('flag', level, here);
    let permissions = bit(descriptor, 6) ? 'r' : '';
    const dirtied = access === 'write' && ha && bit(c.vtcr, 22) && bit(descriptor, 51);
    if (bit(descriptor, 7) || dirtied) permissions += 'w';
    const xn = Number(bits(descriptor, 54, 53));
    const executable = c.has('xnx') ? [true, !privileged, false, privileged][xn] : xn < 2;
    if (executable) permissions += 'x';
    if (!permissions.includes(letter(access))) fault('permission', level, here);
    const memAttr = Number(bits(descriptor, 5, 2));
    const fwb = c.has('fwb') && bit(c.hcr, 46);
    const device = fwb ? memAttr % 8 < 4 : memAttr < 4;
    if (s1ptw && bit(c.hcr, 2) && device) fault('permission', level, here);
    return { pa: output + bits(ipa, low - 1, 0), permissions, memAttr };
  }
}

const letter = (access: Controls['access']): string => ({ read: 'r', write: 'w', execute: 'x' })[access];

function stage1(c: Controls, va: bigint): { ipa: bigint; permissions: string; device: boolean } {
  const guest = c.regime === 'EL1&0';
  const stage2 = guest && (bit(c.hcr, 0) || bit(c.hcr, 12));
  const two = guest || c.regime === 'EL2&0';
  const upper = two && bit(va, 55);
  const tbi = bit(c.tcr, two ? (upper ? 38 : 37) : 20);
  if (!bit(c.sctlr, 0) || (guest && (bit(c.hcr, 12) || bit(c.hcr, 27)))) {
    const ipa = tbi ? bits(va, 55, 0) : va;
    if (ipa >= 1n << BigInt(c.paBits)) fault('size', 0);
    return { ipa, permissions: 'rwx', device: c.access !== 'execute' && !(guest && bit(c.hcr, 12)) };
  }
  const size = Number(upper ? bits(c.tcr, 21, 16) : bits(c.tcr, 5, 0));
  const tg = Number(upper ? bits(c.tcr, 31, 30) : bits(c.tcr, 15, 14));
  const grain = (upper ? [12, 14, 12, 16] : [12, 16, 14, 12])[tg];
  const g = geometry(c, grain, bit(c.tcr, two ? 59 : 32), two ? bits(c.tcr, 34, 32) : bits(c.tcr, 18, 16));
  const least = g.ds || (grain === 16 && c.has('lva')) ? 12 : 16;
  const most = c.has('ttst') ? (grain === 16 ? 47 : 48) : 39;
  if (size < least || size > most) fault('translation', 0);
  const inputBits = 64 - size;
  const top = bits(va, tbi ? 55 : 63, inputBits);
  const all = (1n << BigInt((tbi ? 55 : 63) - inputBits + 1)) - 1n;
  if (top !== (upper ? all : 0n)) fault('translation', 0);
  if (two && bit(c.tcr, upper ? 23 : 7)) fault('translation', 0);
  if (two && !c.privileged && c.has('e0pd') && bit(c.tcr, upper ? 56 : 55)) fault('translation', 0);

  let first = 3;
  while (grain + (4 - first) * (grain - 3) < inputBits) first--;
  const fields = indexFields(grain, first, inputBits);
  const lowest = (fields.get(first) as [number, number])[1];
  let table = base(g, upper ? c.ttbr1 : c.ttbr0, 2 ** (inputBits - lowest));
  if (table >= 1n << BigInt(g.outputBits)) fault('size', 0);
  const inherited: bigint[] = [];
  for (let level = first; ; level++) {
    const [high, low] = fields.get(level) as [number, number];
    const at = table + 8n * bits(va, high, low);
    const pa = stage2 ? naiveStage2(c, at, 'read', true, true).pa : at;
    const descriptor = c.read(pa);
    if (descriptor === undefined) fault('external', level);
    const type = Number(bits(descriptor, 1, 0));
    if (type === 3 && level < 3) {
      table = address(c, g, descriptor, grain);
      if (table >= 1n << BigInt(g.outputBits)) fault('size', level);
      inherited.push(descriptor);
      continue;
    }
    if (!(type === 3 || (type === 1 && level < 3 && leafExists(c, g, level)))) fault('translation', level);
    const output = address(c, g, descriptor, low);
    if (output >= 1n << BigInt(g.outputBits)) fault('size', level);
    const ha = c.has('hafdbs') && bit(c.tcr, two ? 39 : 21);
    if (!bit(descriptor, 10) && !ha) fault('flag', level);
    const hd = ha && bit(c.tcr, two ? 40 : 22) && c.access === 'write' && bit(descriptor, 51);
    const hpd = c.has('hpds') && bit(c.tcr, two ? (upper ? 42 : 41) : 24);
    const table1 = (position: number): boolean => !hpd && inherited.some(d => bit(d, position));
    const permissions = stage1Permissions(c, descriptor, hd, table1, two);
    if (!permissions.includes(letter(c.access))) fault('permission', level);
    const attributes = bits(c.mair, 63, 0) >> (8n * bits(descriptor, 4, 2));
    return { ipa: output + bits(va, low - 1, 0), permissions, device: bits(attributes, 7, 4) === 0n };
  }
}

function stage1Permissions(
  c: Controls,
  d: bigint,
  hd: boolean,
  table: (position: number) => boolean,
  two: boolean,
): string {
  const wxn = bit(c.sctlr, 19);
  const writable = (!bit(d, 7) || hd) && !table(62);
  if (!two) return `r${writable ? 'w' : ''}${bit(d, 54) || table(60) || (wxn && writable) ? '' : 'x'}`;
  const nested = c.regime === 'EL1&0' && bit(c.hcr, 42) && bit(c.hcr, 43);
  const el0 = bit(d, 6) && !table(61) && !nested;
  const uxn = (bit(d, 54) || table(60)) && !nested;
  const pxn = nested ? bit(d, 54) || table(60) : bit(d, 53) || table(59);
  if (c.privileged) {
    // SCTLR_ELx.EPAN: a page that EL0 may execute counts too.
    const userExecutes = !uxn && !(wxn && el0 && writable);
    const hidden = c.pan && !nested && (el0 || (bit(c.sctlr, 57) && userExecutes));
    const execute = !pxn && !(el0 && writable) && !(wxn && writable);
    return (hidden ? '' : writable ? 'rw' : 'r') + (execute ? 'x' : '');
  }
  const execute = !uxn && !(wxn && el0 && writable);
  return (el0 ? (writable ? 'rw' : 'r') : '') + (execute ? 'x' : '');
}

export function naiveWalk(c: Controls, va: bigint): Outcome {
  try {
    const one = stage1(c, va);
    if (c.regime !== 'EL1&0' || !(bit(c.hcr, 0) || bit(c.hcr, 12))) {
      return { ipa: one.ipa, pa: one.ipa, permissions: one.permissions, device: one.device };
    }
    const two = naiveStage2(c, one.ipa, c.access, c.privileged, false);
    const permissions = [...'rwx'].filter(p => one.permissions.includes(p) && two.permissions.includes(p)).join('');
    const fwb = c.has('fwb') && bit(c.hcr, 46);
    let device = one.device || two.memAttr < 4;
    if (fwb) device = two.memAttr % 8 < 4 || (two.memAttr % 4 !== 2 && one.device);
    return { ipa: one.ipa, pa: two.pa, permissions, device };
  } catch (error) {
    if (error instanceof Fault) return error.outcome;
    throw error;
  }
}
