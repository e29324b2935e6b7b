/**
 * Exclusive, ordered and atomic accesses: Arm ARM C4.1, "Loads and Stores". Bits that should be one are ignored, as
 * hardware and QEMU do.
 */

import { general, signed, w, x, xOrSp } from './operands.ts';
import type { Fields, InstructionRow } from './row.ts';

/** Sizes of an access by the `size` field, with the letter of the mnemonic. */
const sizeLetters = ['b', 'h', '', ''];
const sizeWidth = (f: Fields): number => (f.size === 3 ? 64 : 32);
const sized = (f: Fields, n: number): string => general(sizeWidth(f), n);
const base = (f: Fields): string => `[${xOrSp(f.Rn)}]`;

const exclusive = (
  id: string,
  o2LO1: string,
  o0: 0 | 1,
  asm: (name: string, f: Fields) => string,
  does: string,
  feature?: string,
): InstructionRow => ({
  id,
  bits: `size:2 001000 ${o2LO1} Rs:5 ${o0} Rt2:5 Rn:5 Rt:5`,
  ...(feature ? { feature } : {}),
  asm: f => asm(`${id.toLowerCase()}${sizeLetters[f.size]}`, f),
  does,
});
const loadOne = (name: string, f: Fields): string => `${name} ${sized(f, f.Rt)}, ${base(f)}`;
const storeOne = (name: string, f: Fields): string => `${name} ${w(f.Rs)}, ${sized(f, f.Rt)}, ${base(f)}`;

const exclusivePair = (id: string, load: boolean, o0: 0 | 1, does: string): InstructionRow => ({
  id,
  bits: `1 sf:1 001000 0 ${load ? 1 : 0} 1 Rs:5 ${o0} Rt2:5 Rn:5 Rt:5`,
  asm: f => {
    const registers = `${general(f.sf ? 64 : 32, f.Rt)}, ${general(f.sf ? 64 : 32, f.Rt2)}, ${base(f)}`;
    return `${id.toLowerCase()} ${load ? '' : `${w(f.Rs)}, `}${registers}`;
  },
  does,
});

/** Suffix of an atomic instruction by its acquire and release bits. */
const ordering = (acquire: number, release: number): string => `${acquire ? 'a' : ''}${release ? 'l' : ''}`;

/** Atomic operations by mnemonic: their o3:opc bits, and what they do with the value in memory. */
export const atomicOperations: readonly { readonly name: string; readonly opcode: string; readonly does: string }[] = [
  { name: 'LDADD', opcode: '0 000', does: 'Adds to memory' },
  { name: 'LDCLR', opcode: '0 001', does: 'Clears bits in memory' },
  { name: 'LDEOR', opcode: '0 010', does: 'Inverts bits in memory' },
  { name: 'LDSET', opcode: '0 011', does: 'Sets bits in memory' },
  { name: 'LDSMAX', opcode: '0 100', does: 'Puts the signed maximum into memory' },
  { name: 'LDSMIN', opcode: '0 101', does: 'Puts the signed minimum into memory' },
  { name: 'LDUMAX', opcode: '0 110', does: 'Puts the unsigned maximum into memory' },
  { name: 'LDUMIN', opcode: '0 111', does: 'Puts the unsigned minimum into memory' },
  { name: 'SWP', opcode: '1 000', does: 'Swaps a register with memory' },
];

const atomic = ({ name, opcode, does }: (typeof atomicOperations)[number]): InstructionRow => ({
  id: name,
  bits: `size:2 111 0 00 A:1 R:1 1 Rs:5 ${opcode} 00 Rn:5 Rt:5`,
  feature: 'lse',
  asm: f => {
    const suffix = `${ordering(f.A, f.R)}${sizeLetters[f.size]}`;
    // Without a destination it is a store, which cannot acquire.
    if (f.Rt === 31 && !f.A && name !== 'SWP') {
      return `${name.toLowerCase().replace('ld', 'st')}${suffix} ${sized(f, f.Rs)}, ${base(f)}`;
    }
    return `${name.toLowerCase()}${suffix} ${sized(f, f.Rs)}, ${sized(f, f.Rt)}, ${base(f)}`;
  },
  does: `${does} in one step and returns the value that was there.`,
});

/** LDAPUR and STLUR with their sizes: `size` and `opc` bits. */
const unscaled = (id: string, size: string, opc: string, rt: (f: Fields) => string, does: string): InstructionRow => ({
  id,
  bits: `${size} 011001 ${opc} 0 imm9:9 00 Rn:5 Rt:5`,
  feature: 'lrcpc2',
  asm: f => {
    const offset = signed(f.imm9, 9);
    return `${id.toLowerCase()} ${rt(f)}, [${xOrSp(f.Rn)}${offset ? `, #${offset}` : ''}]`;
  },
  does,
});
const wt = (f: Fields): string => w(f.Rt);
const bySf = (f: Fields): string => general(f.sf ? 64 : 32, f.Rt);
const bySign = (f: Fields): string => general(f.narrow ? 32 : 64, f.Rt);

export const exclusiveAtomicRows: readonly InstructionRow[] = [
  // CASP uses the encodings of a pair that exclusive accesses leave free, so it comes before them.
  {
    id: 'CASP',
    bits: '0 sf:1 001000 0 A:1 1 Rs:5 R:1 11111 Rn:5 Rt:5',
    feature: 'lse',
    when: f => (f.Rs & 1) === 0 && (f.Rt & 1) === 0,
    asm: f => {
      const pair = (n: number): string => `${general(f.sf ? 64 : 32, n)}, ${general(f.sf ? 64 : 32, n + 1)}`;
      return `casp${ordering(f.A, f.R)} ${pair(f.Rs)}, ${pair(f.Rt)}, ${base(f)}`;
    },
    does: 'Compares a pair of registers with memory and replaces it if equal, in one step.',
  },
  {
    id: 'CAS',
    bits: 'size:2 001000 1 A:1 1 Rs:5 R:1 11111 Rn:5 Rt:5',
    feature: 'lse',
    asm: f => storeOneCas(`cas${ordering(f.A, f.R)}${sizeLetters[f.size]}`, f),
    does: 'Compares a register with memory and replaces it if equal, in one step.',
  },
  exclusive('STXR', '0 0 0', 0, storeOne, 'Stores if the exclusive monitor is still set, and reports whether it did.'),
  exclusive('STLXR', '0 0 0', 1, storeOne, 'As STXR, and releases.'),
  exclusive('LDXR', '0 1 0', 0, loadOne, 'Loads and sets the exclusive monitor.'),
  exclusive('LDAXR', '0 1 0', 1, loadOne, 'As LDXR, and acquires.'),
  exclusivePair('STXP', false, 0, 'Stores a pair if the exclusive monitor is still set, and reports whether it did.'),
  exclusivePair('STLXP', false, 1, 'As STXP, and releases.'),
  exclusivePair('LDXP', true, 0, 'Loads a pair and sets the exclusive monitor.'),
  exclusivePair('LDAXP', true, 1, 'As LDXP, and acquires.'),
  exclusive('STLLR', '1 0 0', 0, loadOne, 'Stores and releases within the limited ordering region.', 'lor'),
  exclusive('STLR', '1 0 0', 1, loadOne, 'Stores and releases: no access before it is seen after it.'),
  exclusive('LDLAR', '1 1 0', 0, loadOne, 'Loads and acquires within the limited ordering region.', 'lor'),
  exclusive('LDAR', '1 1 0', 1, loadOne, 'Loads and acquires: no access after it is seen before it.'),
  {
    id: 'LDAPR',
    bits: 'size:2 111 0 00 101 11111 1 100 00 Rn:5 Rt:5',
    feature: 'lrcpc',
    asm: f => loadOne(`ldapr${sizeLetters[f.size]}`, f),
    does: 'Loads and acquires, but may pass an earlier release.',
  },
  ...atomicOperations.map(atomic),
  unscaled('STLURB', '00', '00', wt, 'Stores a byte and releases.'),
  unscaled('LDAPURB', '00', '01', wt, 'Loads a byte and acquires.'),
  unscaled('LDAPURSB', '00', '1 narrow:1', bySign, 'Loads a signed byte and acquires.'),
  unscaled('STLURH', '01', '00', wt, 'Stores a halfword and releases.'),
  unscaled('LDAPURH', '01', '01', wt, 'Loads a halfword and acquires.'),
  unscaled('LDAPURSH', '01', '1 narrow:1', bySign, 'Loads a signed halfword and acquires.'),
  unscaled('STLUR', '1 sf:1', '00', bySf, 'Stores a register and releases.'),
  unscaled('LDAPUR', '1 sf:1', '01', bySf, 'Loads a register and acquires.'),
  unscaled('LDAPURSW', '10', '10', f => x(f.Rt), 'Loads a signed word and acquires.'),
];

function storeOneCas(name: string, f: Fields): string {
  return `${name} ${sized(f, f.Rs)}, ${sized(f, f.Rt)}, ${base(f)}`;
}
