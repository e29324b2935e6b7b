/** Symbols that come while a session goes on: another ELF file, or what a Linux kernel keeps of its own in memory. */

import type { PeView } from '../simulator/target.ts';
import { checkSymbolSource, locateSources } from './launch.ts';
import type { Machine } from './machine.ts';
import type { SymbolSource } from './protocol.ts';
import { findRelocation } from './relocation.ts';
import type { Session } from './session.ts';
import { joinPath } from './symbols/dwarf/line.ts';
import { loadSymbols } from './symbols/index.ts';
import { findKallsyms } from './symbols/kallsyms.ts';

/** Reads the file and adds its symbols; breakpoints that waited for it can be set then. Returns the module's name. */
export async function addSymbols(session: Session, source: SymbolSource): Promise<string> {
  const { machine } = session;
  const checked = checkSymbolSource(source, 'symbols');
  const file = joinPath(machine.launch.cwd, checked.file);
  const table = loadSymbols(await session.options.files.open(file), file, checked);
  await locateSources(table, machine.launch.cwd, session.options.files);
  machine.symbols.add(table);
  announce(session, file);
  return file;
}

/** `add-symbol-file FILE [el1|el2|el3] [vmid=N] [table=N] [BIAS]`. */
export function symbolSource(text: string): SymbolSource {
  const [file, ...rest] = text.split(/\s+/).filter(word => word !== '');
  if (file === undefined) throw new Error('Name an ELF file, such as "add-symbol-file vmlinux el1".');
  const source: { -readonly [K in keyof SymbolSource]: SymbolSource[K] } = { file };
  for (const word of rest) {
    const regime = { el1: 'EL1&0', el2: 'EL2', el3: 'EL3' } as const;
    const [name, value] = word.toLowerCase().split('=');
    if (Object.hasOwn(regime, name)) source.regime = regime[name as keyof typeof regime];
    else if (name === 'vmid' && value !== undefined) source.vmid = Number(value);
    else if (name === 'table' && value !== undefined) source.tableBase = value;
    else source.bias = word;
  }
  return source;
}

/** Finds the symbols of the kernel that runs on the PE in focus. Throws a sentence when there are none. */
export function findKernel(session: Session): string {
  const { machine } = session;
  const found = findKallsyms(machine.focusedPe);
  const known = machine.symbols.tables.findIndex(table => table.name === found.table.name);
  if (known >= 0) machine.symbols.tables.splice(known, 1);
  machine.symbols.add(found.table);
  announce(session, found.table.name);
  return `${found.count} symbols of ${found.banner}, which runs at 0x${found.text.toString(16)}.`;
}

/** At a stop in a Linux kernel that has no symbols yet: takes those in its memory, once for each place it runs at. */
export function nameKernel(machine: Machine, pe: PeView): void {
  if (pe.el === 0 || machine.symbols.at(pe.pc, pe.regime) !== undefined) return;
  if (pe.regime !== 'EL1&0' && pe.regime !== 'EL2&0') return;
  const vectors = pe.readRegister(`VBAR_EL${pe.el}`);
  const key = `${vectors} ${pe.vmid ?? ''}`;
  if (vectors >> 48n !== 0xffffn || machine.kernelsLookedFor.has(key)) return;
  machine.kernelsLookedFor.add(key);
  try {
    machine.symbols.add(findKallsyms(pe).table);
  } catch {
    // Another system, or a kernel that has not unpacked itself yet: "kallsyms" in the console asks again.
  }
}

function announce(session: Session, name: string): void {
  session.changed();
  findRelocation(session, session.machine.focusedPe);
  session.resolveBreakpoints();
  session.indexing.resume();
  session.afterResponse(() =>
    session.event('module', { reason: 'new', module: { id: name, name: name.slice(name.lastIndexOf('/') + 1) } }),
  );
}
