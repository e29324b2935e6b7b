/** Addresses with a space in front, as memory references and expressions write them: `pa:0x1000`, `el1:0x1000`. */

import type { AddressSpace, PeView, TranslationRegime } from '../simulator/target.ts';

export interface Place {
  readonly space: AddressSpace;
  readonly address: bigint;
}

/** Prefixes by which a space is written. `el2` is EL2 or EL2&0 as HCR_EL2.E2H has it. */
export const SPACE_PREFIXES = ['pa', 'ipa', 'ipa1', 'va', 'el0', 'el1', 'el2', 'el3', 'vm1', 'l1', 'l2'] as const;

/** Spaces that a machine has beside those of its PEs, by prefix. */
export type MoreSpaces = (prefix: string) => AddressSpace | undefined;

const MORE = new WeakMap<PeView, MoreSpaces>();

/** Adds spaces to those of a PE. */
export function addSpaces(pe: PeView, more: MoreSpaces): void {
  MORE.set(pe, more);
}

export function hex(value: bigint | number, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** The space that a prefix means on a PE; undefined for another word. */
export function spaceOf(prefix: string, pe: PeView): AddressSpace | undefined {
  switch (prefix.toLowerCase()) {
    case 'pa':
      return { kind: 'pa' };
    case 'ipa':
      return { kind: 'ipa' };
    case 'va':
      return { kind: 'va' };
    case 'el0':
    case 'el1':
      return { kind: 'va', regime: 'EL1&0' };
    case 'el2':
      return { kind: 'va', regime: el2Regime(pe) };
    case 'el3':
      return { kind: 'va', regime: 'EL3' };
    default:
      return ofGuest(prefix, pe) ?? MORE.get(pe)?.(prefix.toLowerCase());
  }
}

/**
 * `ipa2:` is an IPA, and `vm2:` a VA, of the guest with VMID 2, whether it is loaded or not. Throws a sentence for an unknown
 * guest.
 */
function ofGuest(prefix: string, pe: PeView): AddressSpace | undefined {
  const match = /^(ipa|vm)(\d+)$/i.exec(prefix);
  if (match === null) return undefined;
  const vmid = Number(match[2]);
  if (match[1].toLowerCase() === 'vm' && pe.guestRegister(vmid, 'VTTBR_EL2') !== undefined)
    return { kind: 'va', regime: 'EL1&0', vmid };
  const vttbr = pe.guests.get(vmid) ?? loaded(pe, vmid);
  if (vttbr === undefined) {
    const known = [...pe.guests.keys()].sort((a, b) => a - b);
    throw new Error(
      `No guest with VMID ${vmid} has run on PE ${pe.index}${known.length > 0 ? `: known are ${known.join(', ')}` : ''}.`,
    );
  }
  return match[1].toLowerCase() === 'vm' ? { kind: 'va', regime: 'EL1&0', vmid } : { kind: 'ipa', vttbr };
}

/** VTTBR_EL2 if it is of this guest, which may not have run yet. */
function loaded(pe: PeView, vmid: number): bigint | undefined {
  if (!pe.systemRegisters().some(row => row.name === 'VTTBR_EL2')) return undefined;
  const vttbr = pe.readRegister('VTTBR_EL2');
  return vttbr !== 0n && vttbr >> 48n === BigInt(vmid) ? vttbr : undefined;
}

const HCR_EL2_E2H = 1n << 34n;

function el2Regime(pe: PeView): TranslationRegime {
  try {
    return (pe.readRegister('HCR_EL2') & HCR_EL2_E2H) !== 0n ? 'EL2&0' : 'EL2';
  } catch {
    return 'EL2'; // a machine without EL2 answers by its own sentence
  }
}

/** A place as a memory reference; the space of the PE's present regime has no prefix. */
export function formatPlace(place: Place, pe: PeView): string {
  const { space } = place;
  const address = hex(place.address);
  if (space.kind === 'ipa' && space.vttbr !== undefined) return `ipa${space.vttbr >> 48n}:${address}`;
  if (space.kind === 'translated') return `${space.name}:${address}`;
  if (space.kind !== 'va') return `${space.kind}:${address}`;
  if (space.vmid !== undefined) return `vm${space.vmid}:${address}`;
  if (space.regime === undefined || space.regime === pe.regime) return address;
  return `${space.regime.slice(0, 3).toLowerCase()}:${address}`;
}

/** Reads a memory reference. Throws a sentence. */
export function parsePlace(text: string, pe: PeView): Place {
  const match = /^\s*(?:([A-Za-z]\w*):)?\s*(-?(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*))\s*$/.exec(text);
  if (match === null) {
    throw new Error(
      `"${text}" is no memory reference: write an address such as 0x40080000, pa:0x40080000 or ipa:0x1000.`,
    );
  }
  const space: AddressSpace | undefined = match[1] === undefined ? { kind: 'va' } : spaceOf(match[1], pe);
  if (space === undefined) {
    throw new Error(`"${match[1]}" is no address space: use one of ${SPACE_PREFIXES.join(', ')}.`);
  }
  const digits = match[2].replaceAll('_', '');
  return { space, address: BigInt.asUintN(64, digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits)) };
}
