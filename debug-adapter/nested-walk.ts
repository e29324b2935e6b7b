/**
 * The three stages 2 that an address of a nested guest goes through: the tables of its hypervisor, which no hardware walks
 * (virtual stage 2); those of the host for that hypervisor's memory (host stage 2); and the shadow stage 2, which the host
 * makes of the two and the hardware walks. Addresses of guests are found by `nesting_levels` (nesting.ts), the registers of
 * virtual EL2 by `nesting_registers` (requests/guest-hypervisor.ts).
 */

import type { PeView, WalkResult, WalkStep } from '../simulator/target.ts';
import type { Machine } from './machine.ts';
import { nestingRows } from './nesting.ts';
import { virtualRegister } from './requests/guest-hypervisor.ts';

/** One of the three, for one address. */
export interface NestedStage {
  readonly kind: 'virtual' | 'host' | 'shadow';
  /** VMID of the tables; of virtual stage 2 the one that the guest hypervisor has given. */
  readonly vmid: number;
  /** IPA that is translated. */
  readonly input: bigint;
  /** What it becomes: of virtual stage 2 an IPA of the guest hypervisor, else a PA. */
  readonly output?: bigint;
  readonly fault?: string;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly steps: readonly WalkStep[];
}

const LARGEST_ADDRESS = 0x0000_ffff_ffff_ffffn;
const VALID = 1n;
const TABLE = 2n;
const AF = 1n << 10n;
const READ = 1n << 6n;
const WRITE = 1n << 7n;
/** XN[1:0] of stage 2: 0b10 is never executable (Arm ARM D8.4.3). */
const XN = 1n << 54n;

/** Granules by VTCR_EL2.TG0, as the logarithm of their size. */
const GRANULES = [12, 16, 14];

/** What runs now in the nested guest, or ran there last. */
function shadowOf(machine: Machine, pe: PeView): bigint | undefined {
  const rows = nestingRows(pe, machine.symbols);
  const nested = (vmid: number) => rows.some(one => one.nesting === 2 && vmid >= one.first && vmid <= one.last);
  const present = pe.readRegister('VTTBR_EL2');
  if (nested(Number(present >> 48n))) return present;
  return [...pe.guests].filter(([vmid]) => nested(vmid)).at(-1)?.[1];
}

/** VTTBR_EL2 that the host has for a guest hypervisor; undefined where there is none. */
export function hostOf(machine: Machine, pe: PeView): bigint | undefined {
  const rows = nestingRows(pe, machine.symbols);
  const found = [...pe.guests].find(([vmid]) =>
    rows.some(one => one.nesting === 1 && vmid >= one.first && vmid <= one.last),
  );
  return found?.[1];
}

/** The walk of virtual stage 2 (Arm ARM D8.2), whose tables are at IPAs that host stage 2 translates. */
export function walkVirtual(pe: PeView, host: bigint, vttbr: bigint, vtcr: bigint, ipa: bigint): NestedStage {
  const vmid = Number(vttbr >> 48n);
  const steps: WalkStep[] = [];
  const refused = (fault: string): NestedStage => {
    return { kind: 'virtual', vmid, input: ipa, fault, readable: false, writable: false, executable: false, steps };
  };
  const field = (low: bigint, bits: bigint) => Number((vtcr >> low) & ((1n << bits) - 1n));
  const granule = GRANULES[field(14n, 2n)];
  if (granule === undefined) return refused('VTCR_EL2.TG0 of virtual EL2 is reserved.');
  const inputBits = 64 - field(0n, 6n);
  if (ipa >> BigInt(inputBits) !== 0n) return refused(`Translation fault, level 0: beyond ${inputBits} bits.`);
  const stride = granule - 3;
  let table = vttbr & LARGEST_ADDRESS & ~1n;
  const start = (granule === 12 ? 2 : 3) - field(6n, 2n);
  for (let level = start; ; level++) {
    const shift = BigInt(granule + stride * (3 - level));
    // Tables of the first level may be concatenated: all bits that are left select there.
    const index = level === start ? ipa >> shift : (ipa >> shift) & ((1n << BigInt(stride)) - 1n);
    const descriptorIpa = table + 8n * index;
    const descriptorPa = pe.walkIpa(descriptorIpa, host).pa;
    const bytes = descriptorPa === undefined ? undefined : pe.read({ kind: 'pa' }, descriptorPa, 8);
    if (descriptorPa === undefined || bytes === undefined) {
      return refused(`The table of level ${level} is at IPA 0x${table.toString(16)}, which is no memory.`);
    }
    const descriptor = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
    const step = { stage: 2, level, descriptorIpa, descriptorPa, descriptor } as const;
    const isTable = level < 3 && (descriptor & TABLE) !== 0n;
    const reserved = (level === 3 && (descriptor & TABLE) === 0n) || (level === 0 && !isTable);
    if ((descriptor & VALID) === 0n || reserved) {
      steps.push({ ...step, kind: 'invalid' });
      return refused(`Translation fault, level ${level}: for the guest hypervisor to deal with.`);
    }
    const below = isTable ? BigInt(granule) : shift;
    const output = descriptor & LARGEST_ADDRESS & ~((1n << below) - 1n);
    if (isTable) {
      steps.push({ ...step, kind: 'table', output });
      table = output;
      continue;
    }
    if ((descriptor & AF) === 0n) {
      steps.push({ ...step, kind: 'fault', output });
      return refused(`Access flag fault, level ${level}.`);
    }
    steps.push({ ...step, kind: level === 3 ? 'page' : 'block', output });
    const readable = (descriptor & READ) !== 0n;
    const writable = (descriptor & WRITE) !== 0n;
    const executable = readable && (descriptor & XN) === 0n;
    const address = output | (ipa & ((1n << shift) - 1n));
    return { kind: 'virtual', vmid, input: ipa, output: address, readable, writable, executable, steps };
  }
}

function walked(kind: 'host' | 'shadow', vttbr: bigint, input: bigint, walk: WalkResult): NestedStage {
  const { steps, pa, fault, readable, writable, executable } = walk;
  const came = { ...(pa === undefined ? {} : { output: pa }), ...(fault === undefined ? {} : { fault }) };
  return { kind, vmid: Number(vttbr >> 48n), input, ...came, readable, writable, executable, steps };
}

/**
 * Virtual, host and shadow stage 2 of an IPA of the nested guest of a PE; undefined where no guest hypervisor has a guest.
 * Host stage 2 is left out where virtual stage 2 has no translation.
 */
export function walkNested(machine: Machine, pe: PeView, ipa: bigint): readonly NestedStage[] | undefined {
  const [vttbr, vtcr] = ['VTTBR_EL2', 'VTCR_EL2'].map(name => virtualRegister(machine, pe, name));
  const host = hostOf(machine, pe);
  if (host === undefined || !vttbr || !vtcr) return undefined;
  const shadow = shadowOf(machine, pe);
  const virtual = walkVirtual(pe, host, vttbr, vtcr, ipa);
  return [
    virtual,
    ...(virtual.output === undefined ? [] : [walked('host', host, virtual.output, pe.walkIpa(virtual.output, host))]),
    ...(shadow === undefined ? [] : [walked('shadow', shadow, ipa, pe.walkIpa(ipa, shadow))]),
  ];
}
