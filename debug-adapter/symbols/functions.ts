/** Functions by name, of any image of a session or of one. */

import type { Symbols, SymbolTable } from './index.ts';

/** Name of the file without its folders and its ending: what stands before the `!`. */
function moduleName(table: SymbolTable): string {
  const file = table.name.slice(Math.max(table.name.lastIndexOf('/'), table.name.lastIndexOf('\\')) + 1);
  return file.replace(/\.(elf|axf|out|debug)$/i, '');
}

/**
 * Where functions of a name begin, behind their prologues: `trap` in all images, `split-4.10!trap` in the one from
 * split-4.10.elf; `Ring::push` of C++ and Rust with all its overloads. Then where they are inlined. Throws a sentence when
 * there are none.
 */
export function functionsNamed(
  symbols: Pick<Symbols, 'tables'>,
  text: string,
): readonly { readonly table: SymbolTable; readonly address: bigint }[] {
  const mark = text.indexOf('!');
  const module = mark < 0 ? undefined : text.slice(0, mark).trim();
  const name = text.slice(mark + 1).trim();
  const tables = symbols.tables.filter(table => module === undefined || moduleName(table) === module);
  if (tables.length === 0 && module !== undefined) {
    const known = symbols.tables.map(moduleName).join(', ');
    throw new Error(`No image of this session is called "${module}"${known === '' ? '' : `; there are ${known}`}.`);
  }
  const found = [
    ...tables.flatMap(table =>
      table.addressesNamed(name).map(address => ({ table, address: table.afterPrologue(address) })),
    ),
    ...tables.flatMap(table => table.inlinedPlaces(name).map(address => ({ table, address }))),
  ];
  if (found.length === 0) {
    const unread = tables.find(table => table.namesAreMissing);
    const more = unread === undefined ? '' : `; which functions of ${moduleName(unread)} are inlined is not read yet`;
    throw new Error(`No image of this session has a function "${name}"${module ? ` in ${module}` : ''}${more}.`);
  }
  return found;
}
