/**
 * Memory as a nested guest and its hypervisor see it, whoever runs: `l1:0x1000` is a VA of the guest hypervisor and `l2:0x1000`
 * one of its guest.
 *
 * What the hardware walks for the guest of a guest is a shadow, which has only what was asked for so far. So `l2:` goes
 * another way: through stage 1 of the nested guest, then the stage 2 of its hypervisor, then that of the host. No hardware
 * walks these three. Registers of the nested guest are those that it was left with last; the tables are as they are now.
 */

import type { AddressSpace, PeView } from '../simulator/target.ts';
import type { Machine } from './machine.ts';
import { hostOf, walkVirtual } from './nested-walk.ts';
import { nestingRows } from './nesting.ts';

/** VMID of what runs at a level of nesting, or ran there last. */
function guestAt({ symbols }: Machine, pe: PeView, nesting: number): number | undefined {
  const rows = nestingRows(pe, symbols).filter(row => row.nesting === nesting);
  const isThere = (vmid: number): boolean => rows.some(({ first, last }) => vmid >= first && vmid <= last);
  if (pe.vmid !== undefined && isThere(pe.vmid)) return pe.vmid;
  return [...pe.guests.keys()].filter(isThere).at(-1);
}

/** The spaces `l1` and `l2`; undefined for another prefix. Throws a sentence where there is no such guest. */
export function nestedSpace(machine: Machine, pe: PeView, prefix: string): AddressSpace | undefined {
  const nesting = { l1: 1, l2: 2 }[prefix];
  if (nesting === undefined) return undefined;
  if (machine.symbols.symbol('nesting_levels') === undefined)
    throw new Error(`"${prefix}" is a guest hypervisor's space; this system says of none, in a table nesting_levels.`);
  const vmid = guestAt(machine, pe, nesting);
  if (vmid === undefined) throw new Error(`Nothing has run as L${nesting} on PE ${pe.index} yet.`);
  if (nesting === 1) return { kind: 'va', regime: 'EL1&0', vmid };
  return { kind: 'translated', name: prefix, translate: va => ofNestedGuest(machine, pe, va) };
}

function ofNestedGuest(machine: Machine, pe: PeView, va: bigint): bigint | undefined {
  const vmid = guestAt(machine, pe, 2);
  const host = hostOf(machine, pe);
  const stage2 = vmid === undefined ? undefined : virtualStage2(machine, pe, vmid);
  if (vmid === undefined || host === undefined || stage2 === undefined) return undefined;
  const toPa = (ipa: bigint): bigint | undefined => {
    const { output } = walkVirtual(pe, host, stage2.vttbr, stage2.vtcr, ipa);
    return output === undefined ? undefined : pe.physicalAddress({ kind: 'ipa', vttbr: host }, output);
  };
  const registers = (name: string): bigint => pe.guestRegister(vmid, name) ?? 0n;
  const ipa = walkStage1(registers, va, at => word(pe, toPa(at)));
  return ipa === undefined ? undefined : toPa(ipa);
}

function word(pe: PeView, pa: bigint | undefined): bigint | undefined {
  const bytes = pa === undefined ? undefined : pe.read({ kind: 'pa' }, pa, 8);
  return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

/**
 * VTTBR_EL2 and VTCR_EL2 of the guest hypervisor for the nested guest of a VMID, as the host has it in `nesting_shadows`
 * (simulator/hypervisors/nested/state.h): its registers may be another guest's by now.
 */
function virtualStage2(
  { symbols }: Machine,
  pe: PeView,
  vmid: number,
): { readonly vttbr: bigint; readonly vtcr: bigint } | undefined {
  const table = symbols.symbol('nesting_shadows')?.address;
  const bytes = table === undefined ? undefined : pe.read({ kind: 'pa' }, table, 24);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 24);
  const index = vmid - view.getUint32(0, true);
  if (index < 0 || index >= view.getUint32(4, true)) return undefined;
  const row = view.getBigUint64(16, true) + BigInt(index) * view.getBigUint64(8, true);
  const [vttbr, vtcr] = [word(pe, row), word(pe, row + 8n)];
  return vttbr === undefined || vtcr === undefined ? undefined : { vttbr, vtcr };
}

/** Granules by TG0 and by TG1, as the logarithm of their size (Arm ARM D24.2, TCR_EL1). */
const TG0 = [12, 16, 14] as const;
const TG1 = [undefined, 14, 12, 16] as const;
const VALID_TABLE = 3n;

/**
 * Stage 1 of EL1&0 (Arm ARM D8.2) of a guest that is not loaded, by its registers; `read` has the descriptor at an IPA.
 * Undefined where it has no translation. Access flags and permissions do not matter to a debugger.
 */
export function walkStage1(
  register: (name: string) => bigint,
  va: bigint,
  read: (ipa: bigint) => bigint | undefined,
): bigint | undefined {
  if ((register('SCTLR_EL1') & 1n) === 0n) return va;
  const tcr = register('TCR_EL1');
  const field = (low: number, bits: number): number => Number(BigInt.asUintN(bits, tcr >> BigInt(low)));
  const upper = ((va >> 55n) & 1n) !== 0n;
  const granule = upper ? TG1[field(30, 2)] : TG0[field(14, 2)];
  if (granule === undefined || field(upper ? 23 : 7, 1) !== 0) return undefined;
  const inputBits = 64 - field(upper ? 16 : 0, 6);
  const isTagged = field(upper ? 38 : 37, 1) !== 0;
  const top = BigInt.asIntN(isTagged ? 56 : 64, va) >> BigInt(inputBits);
  if (top !== (upper ? -1n : 0n)) return undefined;
  const is52 = field(59, 1) !== 0;
  const addressOf = (descriptor: bigint, low: number): bigint => {
    const plain = descriptor & ((1n << (is52 ? 50n : 48n)) - 1n) & ~((1n << BigInt(low)) - 1n);
    if (is52 && granule !== 16) return plain | (((descriptor >> 8n) & 3n) << 50n);
    return granule === 16 ? plain | (((descriptor >> 12n) & 15n) << 48n) : plain;
  };
  const stride = granule - 3;
  let level = 3 - Math.floor((inputBits - 1 - granule) / stride);
  const input = BigInt.asUintN(inputBits, va);
  let table = register(upper ? 'TTBR1_EL1' : 'TTBR0_EL1') & 0x0000_ffff_ffff_fffen;
  for (let first = true; ; first = false, level++) {
    const shift = granule + stride * (3 - level);
    const index = BigInt.asUintN(first ? inputBits - shift : stride, input >> BigInt(shift));
    const descriptor = read(table + 8n * index);
    if (descriptor === undefined || (descriptor & 1n) === 0n) return undefined;
    const isTable = (descriptor & VALID_TABLE) === VALID_TABLE;
    if (isTable && level < 3) table = addressOf(descriptor, granule);
    else if (isTable || level < 3) return addressOf(descriptor, shift) | BigInt.asUintN(shift, input);
    else return undefined;
  }
}
