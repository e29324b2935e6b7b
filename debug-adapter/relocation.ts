/**
 * Where an image runs whose symbols are for another place: Linux moves itself (KASLR), and firmware and boot loaders are
 * moved. When a PE is told of exception vectors that may be those of an image, memory is compared with the file, and the
 * symbols go to where the image is.
 */

import type { PeView, SystemRegisterEvent, TranslationRegime } from '../simulator/target.ts';
import { hex } from './address.ts';
import type { Session } from './session.ts';
import type { SymbolTable } from './symbols/index.ts';

/** Names of vector tables that images have. */
const VECTORS = ['vectors', '__vectors', 'exception_vectors', 'vector_table'] as const;

/** What an image has in one place only: its build ID, or the text with its version. */
const MARKS = ['linux_banner', 'version_string'] as const;
const LONGEST_MARK = 256;
const NOTES = ['.notes', '.note.gnu.build-id'] as const;

/** The vector table of the image as its file has it; undefined for one that stays where it was linked. */
function vectorsOf(table: SymbolTable): bigint | undefined {
  if (table.isPlaced) return undefined;
  for (const name of VECTORS) {
    const address = table.symbol(name);
    if (address !== undefined) return address - table.bias;
  }
  return undefined;
}

/** Bytes of the file by which the image is known, and their addresses there. */
function markOf(table: SymbolTable): { readonly address: bigint; readonly bytes: Uint8Array } | undefined {
  for (const name of NOTES) {
    const section = table.elf.section(name);
    if (section === undefined || section.address === 0n || section.size === 0) continue;
    return { address: section.address, bytes: table.elf.data(name) };
  }
  for (const name of MARKS) {
    const address = table.symbol(name);
    if (address === undefined) continue;
    const unrelocated = address - table.bias;
    for (let length = LONGEST_MARK; length >= 16; length /= 2) {
      const bytes = table.elf.bytesAt(unrelocated, length);
      if (bytes !== undefined)
        return { address: unrelocated, bytes: bytes.subarray(0, bytes.indexOf(0) + 1 || length) };
    }
  }
  return undefined;
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function mayBeIn(table: SymbolTable, pe: PeView, regime: TranslationRegime): boolean {
  const level = (one: TranslationRegime): string => one.slice(0, 3);
  if (table.vmid !== undefined && table.vmid !== pe.vmid) return false;
  return table.regime === undefined || level(table.regime) === level(regime);
}

/** Moves the symbols of the image whose vectors a PE has at an address; returns what was moved. */
function relocate(session: Session, pe: PeView, vectors: bigint): SymbolTable | undefined {
  const { symbols } = session.machine;
  for (const table of symbols.tables) {
    const linked = vectorsOf(table);
    if (linked === undefined || !mayBeIn(table, pe, pe.regime)) continue;
    const bias = BigInt.asIntN(64, vectors - linked);
    if (bias === table.bias || (bias & 0xfffn) !== 0n) continue;
    const mark = markOf(table);
    if (mark === undefined) continue;
    const space = { kind: 'va', regime: pe.regime } as const;
    const at = (offset: bigint): Uint8Array | undefined =>
      pe.read(space, BigInt.asUintN(64, mark.address + offset), mark.bytes.length);
    // An image that is where its symbols say stays there, whatever has the same vectors.
    if (same(mark.bytes, at(table.bias)) || !same(mark.bytes, at(bias))) continue;
    table.relocate(bias);
    return table;
  }
  return undefined;
}

/** Looks at the vectors that a PE has now; to be asked at stops. True when symbols were moved. */
export function findRelocation(session: Session, pe: PeView): boolean {
  if (pe.el === 0 || !session.machine.symbols.tables.some(table => vectorsOf(table) !== undefined)) return false;
  const level = pe.regime === 'EL1&0' ? 1 : pe.regime === 'EL3' ? 3 : 2;
  let vectors: bigint;
  try {
    vectors = pe.readRegister(`VBAR_EL${level}`);
  } catch {
    return false;
  }
  return announce(session, relocate(session, pe, vectors));
}

function announce(session: Session, table: SymbolTable | undefined): boolean {
  if (table === undefined) return false;
  const { symbols } = session.machine;
  // What the kernel says of itself is in the file, too, with lines and types.
  const [own] = VECTORS.map(name => table.symbol(name)).filter(address => address !== undefined);
  const doubles = symbols.tables.filter(one => one.fromMemory && one.symbol('vectors') === own);
  for (const one of doubles) symbols.tables.splice(symbols.tables.indexOf(one), 1);
  const file = table.name.slice(table.name.lastIndexOf('/') + 1);
  const moved = table.bias < 0n ? `-${hex(-table.bias)}` : hex(table.bias);
  session.output('console', `${file} runs where it was not linked: its symbols are moved by ${moved}.\n`);
  session.event('module', { reason: 'changed', module: { id: table.name, name: file } });
  session.resolveBreakpoints();
  return true;
}

/** Watches for images that move themselves, from before the first instruction on. */
export function watchRelocation(session: Session): void {
  const { machine } = session;
  if (!machine.symbols.tables.some(table => vectorsOf(table) !== undefined && markOf(table) !== undefined)) return;
  const mayBe = ({ value }: SystemRegisterEvent): boolean =>
    machine.symbols.tables.some(table => {
      const linked = vectorsOf(table);
      const bias = linked === undefined ? 0n : value - linked;
      return bias !== 0n && (bias & 0xfffn) === 0n && BigInt.asIntN(64, bias) !== table.bias;
    });
  for (const level of [1, 2]) {
    // An image writes the register where it is going to stay; where that is not so, its mark is not there in memory.
    const spec = { kind: 'system-register', name: `VBAR_EL${level}`, access: 'write', match: mayBe } as const;
    machine.breakpoints.notice(spec, reason => {
      if (reason.kind !== 'system-register') return;
      announce(session, relocate(session, machine.target.pes[reason.pe], reason.event.value));
    });
  }
}
