/** What a debugger asks symbols: addresses to functions, lines and scopes, and back. One table an image, bound to a regime. */

import type { TranslationRegime } from '../../simulator/target.ts';
import { type ByteSource, Recent } from './bytes.ts';
import { demangle, displayName } from './demangle.ts';
import { AT, TAG } from './dwarf/constants.ts';
import { CallFrames } from './dwarf/frame.ts';
import { type Die, DwarfInfo, type Unit } from './dwarf/info.ts';
import {
  type FileTable,
  IS_STATEMENT,
  joinPath,
  type LineTable,
  lineFiles,
  lineTable,
  PROLOGUE_END,
} from './dwarf/line.ts';
import { type AddressIndex, Names, readAddressRanges, withoutArguments } from './dwarf/names.ts';
import { DwarfSections } from './dwarf/sections.ts';
import { ElfFile, SHF_EXECINSTR } from './elf.ts';

/** A function or label of the symbol table, relocated. */
export interface FunctionSymbol {
  readonly name: string;
  readonly address: bigint;
  /** Bytes; 0 when the table does not say. */
  readonly size: number;
}

/** One row of a line table, relocated. */
export interface SourceLine {
  readonly path: string;
  readonly line: number;
  /** 0 when unknown. */
  readonly column: number;
  /** First address of the row. */
  readonly low: bigint;
  /** End of the row. */
  readonly high: bigint;
  readonly isStatement: boolean;
  /** MD5 of the file when it was compiled, where the line table has it. */
  readonly md5?: Uint8Array;
}

export interface LineAddress {
  readonly address: bigint;
  /** The line that has code: the one asked for, or the next one after it. */
  readonly line: number;
  readonly path: string;
}

/** A function, or an inlined instance of one, that covers an address. */
export interface Scope {
  readonly die: Die;
  readonly name: string;
  readonly low: bigint;
  readonly high: bigint;
  readonly inlined: boolean;
  /** Of an inlined instance: where it was called. */
  readonly callPath?: string;
  readonly callLine?: number;
  /** Lexical blocks within it that cover the address, outermost first. */
  readonly blocks: readonly Die[];
}

export interface SymbolOptions {
  /** Added to every address of the file; where it is not given, it may be found while the image runs. */
  readonly bias?: bigint;
  /** Read out of the memory of what runs, and so worth less than a file of the same. */
  readonly fromMemory?: boolean;
  /** The regime that the image is mapped in; any when undefined. */
  readonly regime?: TranslationRegime;
  /** The guest that the image belongs to; any when undefined. */
  readonly vmid?: number;
  /** Base address of the translation tables in use where the image is mapped; any when undefined. */
  readonly tableBase?: bigint;
}

/** Where an address is meant: what of it is known decides between images at the same address. */
export interface AddressContext {
  readonly regime: TranslationRegime;
  readonly vmid?: number;
  readonly tableBase?: bigint;
}

interface Subprogram {
  readonly die: Die;
  readonly low: bigint;
  readonly high: bigint;
}

/** A file of a unit. */
interface UnitFile {
  readonly unit: Unit;
  readonly files: FileTable;
  readonly index: number;
}

const DW_LANG_MIPS_ASSEMBLER = 0x8001;

/** Rows of line tables, and functions and names of units, that are kept. */
const MOST_ROWS = 2 ** 20;
const MOST_ENTRIES = 2 ** 18;

/** Farthest from its symbol that a function may begin: `-fpatchable-function-entry` puts NOPs in between. */
const MOST_PADDING = 32n;

/** Debug information below this is read when it is asked for, in a moment. */
export const LARGE = 2 ** 23;

function sortedBy<T>(items: T[], key: (item: T) => bigint): T[] {
  return items.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** Index of the last item whose key is not above the address, or -1. */
function lastAtOrBelow<T>(items: ArrayLike<T>, key: (item: T) => bigint, address: bigint): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The number of path components that two paths share at their ends. */
function commonTail(a: string, b: string): number {
  const left = a.split(/[\\/]/).reverse();
  const right = b.split(/[\\/]/).reverse();
  let count = 0;
  while (count < left.length && count < right.length && left[count] === right[count]) count++;
  return count;
}

/** The parts of a name between `::`, but not within brackets. */
function componentsOf(name: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < name.length; at++) {
    const letter = name[at];
    if (letter === '<' || letter === '(' || letter === '[' || letter === '{') depth++;
    else if (letter === ')' || letter === ']' || letter === '}' || (letter === '>' && name[at - 1] !== '-')) depth--;
    else if (letter === ':' && name[at + 1] === ':' && depth === 0) {
      parts.push(name.slice(start, at));
      start = at + 2;
      at++;
    }
  }
  parts.push(name.slice(start));
  // Rust writes `max::<u8>`.
  return parts.reduce<string[]>((all, part) => {
    if (part.startsWith('<') && all.length > 0) all[all.length - 1] += part;
    else all.push(part);
    return all;
  }, []);
}

/** The parts of a name, in all the ways that it is written: `<Disk as Read>::next` is `Disk::next` and `Read::next` too. */
function spellings(name: string): readonly string[][] {
  const [first, ...rest] = componentsOf(name);
  if (!first.startsWith('<') || !first.endsWith('>')) return [[first, ...rest]];
  const inner = first.slice(1, -1);
  let depth = 0;
  let cut = inner.length;
  for (let at = 0; at < inner.length && cut === inner.length; at++) {
    if ('<([{'.includes(inner[at])) depth++;
    else if (')]}'.includes(inner[at]) || (inner[at] === '>' && inner[at - 1] !== '-')) depth--;
    else if (depth === 0 && inner.startsWith(' as ', at)) cut = at;
  }
  const holders = [inner.slice(0, cut), inner.slice(cut + 4)].filter(holder => holder !== '');
  return [[first, ...rest], ...holders.map(holder => [...componentsOf(holder), ...rest])];
}

/** A name as it is looked up: Rust writes `max::<u8>` and `max<u8>`. */
function keyOf(name: string): string {
  return name.replace(/\s/g, '').replaceAll('::<', '<');
}

/** A name as it may be asked for: with less and less around it, and without template arguments. */
function keysOf(name: string): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const parts of spellings(name)) {
    for (let from = 0; from < parts.length; from++) {
      const tail = parts.slice(from);
      const last = tail.length - 1;
      keys.add(keyOf(tail.join('::')));
      keys.add(keyOf([...tail.slice(0, last), withoutArguments(tail[last])].join('::')));
      keys.add(keyOf(tail.map(withoutArguments).join('::')));
    }
  }
  return keys;
}

/** All names with namespaces that an entry of a function says it has. */
function namesOf(die: Die): readonly string[] {
  const declaration = die.reference(AT.specification) ?? die;
  return [spokenName(die), `${declaration.holder}${die.name ?? ''}`].filter(name => name !== undefined);
}

/** With its parameters, as a key; empty where the linkage name does not tell. */
function fullName(die: Die): string {
  return keyOf(demangle(die.inherited(one => one.string(AT.linkageName)) ?? '')?.full ?? '');
}

/** The name of a function with its namespaces, where its linkage name has them. */
function spokenName(die: Die): string | undefined {
  const linkage = die.inherited(one => one.string(AT.linkageName));
  return (linkage === undefined ? undefined : demangle(linkage)?.name) ?? die.name;
}

/** Linker scripts mark the ends of sections by such names; another label at the same address says more. */
function isBoundary(name: string): boolean {
  return name !== '_start' && /(^|_)([se]?text|start|end|begin)$/.test(name);
}

export class SymbolTable {
  private offset: bigint;
  /** Somebody has said where the image is: nobody looks for it. */
  readonly isPlaced: boolean;
  readonly fromMemory: boolean;
  readonly regime: TranslationRegime | undefined;
  readonly vmid: number | undefined;
  readonly tableBase: bigint | undefined;
  readonly frames: CallFrames;
  /** The folder at which relative paths of the debug information begin; set before the first question about lines. */
  sourceRoot = '';
  private readonly sections: DwarfSections;
  readonly info: DwarfInfo;
  private sizedFunctions: readonly FunctionSymbol[] | undefined;
  private labels: readonly FunctionSymbol[] | undefined;
  private names: ReadonlyMap<string, bigint> | undefined;
  /** Functions by what their mangled names stand for. */
  private spoken: ReadonlyMap<string, bigint[]> | undefined;
  private unitRanges: readonly { low: bigint; high: bigint; unit: Unit }[] | undefined;
  private addressIndex: AddressIndex | undefined;
  private fileIndex: ReadonlyMap<string, readonly UnitFile[]> | undefined;
  private readonly fileTables = new Map<Unit, FileTable>();
  private readonly lineTables = new Recent<Unit, LineTable | undefined>(MOST_ROWS, table => table?.length ?? 0);
  private readonly subprograms = new Recent<Unit, readonly Subprogram[]>(MOST_ENTRIES, list => list.length);
  private readonly topLevel = new Recent<Unit, ReadonlyMap<string, number[]>>(MOST_ENTRIES, map => map.size);
  /** Where names are defined. */
  readonly index: Names;

  constructor(
    readonly elf: ElfFile,
    options: SymbolOptions = {},
  ) {
    this.offset = options.bias ?? 0n;
    this.isPlaced = options.bias !== undefined;
    this.fromMemory = options.fromMemory ?? false;
    this.regime = options.regime;
    this.vmid = options.vmid;
    this.tableBase = options.tableBase;
    this.sections = new DwarfSections(elf);
    this.info = new DwarfInfo(this.sections);
    this.index = new Names(this.info);
    this.info.definition = (name, tag) =>
      this.entriesNamed(name).find(die => die.tag === tag && !die.has(AT.declaration));
    this.frames = new CallFrames(elf);
  }

  get name(): string {
    return this.elf.name;
  }

  /** What is added to every address of the file. */
  get bias(): bigint {
    return this.offset;
  }

  /** The image is elsewhere: all addresses move. */
  relocate(bias: bigint): void {
    this.offset = bias;
    this.names = undefined;
    this.spoken = undefined;
    this.sizedFunctions = undefined;
    this.labels = undefined;
  }

  /** Whether an allocated section of the image covers the address. */
  covers(address: bigint): boolean {
    const at = address - this.bias;
    return this.elf.segments.some(
      segment => segment.type === 1 && at >= segment.virtualAddress && at < segment.virtualAddress + segment.memorySize,
    );
  }

  // --- Symbol table -------------------------------------------------------------------------------------------------

  /** The function that holds an address, or else the nearest label before it. */
  functionAt(address: bigint): (FunctionSymbol & { readonly offset: bigint }) | undefined {
    this.readSymbols();
    const functions = this.sizedFunctions ?? [];
    const inside = functions[lastAtOrBelow(functions, symbol => symbol.address, address)];
    if (inside !== undefined && address < inside.address + BigInt(inside.size)) {
      return { ...inside, name: displayName(inside.name), offset: address - inside.address };
    }
    const labels = this.labels ?? [];
    const label = labels[lastAtOrBelow(labels, symbol => symbol.address, address)];
    if (label === undefined || !this.covers(address)) return undefined;
    if (inside !== undefined && inside.address > label.address) return undefined;
    return { ...label, name: displayName(label.name), offset: address - label.address };
  }

  get hasSymbols(): boolean {
    this.readSymbols();
    return (this.names?.size ?? 0) > 0;
  }

  /** Functions with a size and labels in code, by address. */
  functions(): readonly FunctionSymbol[] {
    this.readSymbols();
    return sortedBy([...(this.sizedFunctions ?? []), ...(this.labels ?? [])], symbol => symbol.address);
  }

  /** Address of a function, object or label. */
  symbol(name: string): bigint | undefined {
    this.readSymbols();
    return this.names?.get(name);
  }

  /**
   * Addresses of the functions that a name means: that of the symbol table, or one that C++ or Rust writes, with or
   * without parameters, template arguments and the namespaces around it. Overloads have a name in common.
   */
  addressesNamed(name: string): readonly bigint[] {
    const exact = this.symbol(name);
    if (exact !== undefined) return [exact];
    this.spoken ??= this.readSpoken();
    return this.spoken.get(keyOf(name)) ?? [];
  }

  /**
   * Where functions of a name are inlined: an address for each place. Of a large image only when its names are read, so
   * that nobody waits for that.
   */
  inlinedPlaces(name: string): readonly bigint[] {
    if (this.namesAreMissing) return [];
    const wanted = keyOf(name);
    const parts = componentsOf(name);
    const functions = this.index.inlined(withoutArguments(parts[parts.length - 1])).filter(offset => {
      const die = this.info.dieAt(offset);
      return die !== undefined && (namesOf(die).some(one => keysOf(one).has(wanted)) || fullName(die) === wanted);
    });
    if (functions.length === 0) return [];
    // Only link-time optimisation inlines functions of other units.
    const own = new Set(functions.map(offset => this.info.dieAt(offset)?.unit));
    const units = this.info.size > LARGE ? [...own] : this.info.units();
    const known = new Set(functions);
    const places = new Set<bigint>();
    for (const unit of units) {
      for (const offset of unit === undefined ? [] : this.index.instancesIn(unit, known)) {
        const die = unit?.dieAt(offset);
        const [first] = die?.ranges() ?? [];
        if (first !== undefined) places.add(BigInt.asUintN(64, (die?.address(AT.entryPc) ?? first.low) + this.bias));
      }
    }
    return sortedBy([...places], at => at);
  }

  /** The image is large, and its names are still being read or have not been asked for. */
  get namesAreMissing(): boolean {
    return this.info.size > LARGE && !this.index.complete;
  }

  /** As they are written in their language. */
  *symbolNames(): Iterable<string> {
    this.readSymbols();
    for (const name of this.names?.keys() ?? []) yield displayName(name);
  }

  private readSpoken(): ReadonlyMap<string, bigint[]> {
    const spoken = new Map<string, bigint[]>();
    const put = (key: string, address: bigint): void => {
      const addresses = spoken.get(key);
      if (addresses === undefined) spoken.set(key, [address]);
      else if (!addresses.includes(address)) addresses.push(address);
    };
    for (const { name: symbol, address } of this.sizedFunctions ?? []) {
      const demangled = demangle(symbol);
      if (demangled === undefined) continue;
      put(keyOf(demangled.full), address);
      for (const key of keysOf(demangled.name)) put(key, address);
    }
    return spoken;
  }

  private readSymbols(): void {
    if (this.names !== undefined) return;
    const names = new Map<string, bigint>();
    const sized = new Map<bigint, FunctionSymbol>();
    const labels = new Map<bigint, FunctionSymbol>();
    for (const symbol of this.elf.symbols()) {
      if (symbol.section === 0 || symbol.name === '' || symbol.name.startsWith('$')) continue;
      if (symbol.type === 'section' || symbol.type === 'file') continue;
      const address = BigInt.asUintN(64, symbol.value + this.bias);
      if (!names.has(symbol.name) || symbol.binding === 'global') names.set(symbol.name, address);
      const section = this.elf.sections[symbol.section];
      if (section === undefined || (section.flags & SHF_EXECINSTR) === 0n || symbol.type === 'object') continue;
      const entry = { name: symbol.name, address, size: symbol.size };
      const map = symbol.size > 0 ? sized : labels;
      const known = map.get(address);
      if (known === undefined || isBoundary(known.name) || (symbol.binding === 'global' && !isBoundary(symbol.name)))
        map.set(address, entry);
    }
    this.names = names;
    this.sizedFunctions = sortedBy([...sized.values()], symbol => symbol.address);
    this.labels = sortedBy([...labels.values()], symbol => symbol.address);
  }

  // --- Lines --------------------------------------------------------------------------------------------------------

  /** The source line of an address. */
  lineAt(address: bigint): SourceLine | undefined {
    const unit = this.unitAt(address);
    const table = unit === undefined ? undefined : this.lines(unit);
    if (table === undefined) return undefined;
    const row = table.rowAt(address - this.bias);
    return row < 0 ? undefined : this.sourceLine(table, row);
  }

  private sourceLine(table: LineTable, row: number): SourceLine {
    const md5 = table.files.entries[table.fileIndexes[row]]?.md5;
    return {
      ...(md5 === undefined ? {} : { md5 }),
      path: table.files.path(table.fileIndexes[row]) ?? '',
      line: table.lines[row],
      column: table.columns[row],
      low: table.addresses[row] + this.bias,
      high: table.addresses[row + 1] + this.bias,
      isStatement: (table.flags[row] & IS_STATEMENT) !== 0,
    };
  }

  /**
   * Addresses where a breakpoint on a line stops: one for each function or inlined instance that has code of the line,
   * after the prologue if the line opens a function. A line without code slides to the next one that has some.
   */
  addressesOf(path: string, line: number): readonly LineAddress[] {
    const rows: { address: bigint; line: number; path: string; first: boolean }[] = [];
    let nearest = Number.POSITIVE_INFINITY;
    for (const { unit, index, path: file } of this.filesLike(path)) {
      const table = this.lines(unit);
      if (table === undefined) continue;
      for (let row = 0; row < table.length; row++) {
        const at = table.lines[row];
        if (at < line || at > nearest || (table.flags[row] & IS_STATEMENT) === 0) continue;
        if (table.fileIndexes[row] !== index && table.files.path(table.fileIndexes[row]) !== file) continue;
        if (at < nearest) {
          nearest = at;
          rows.length = 0;
        }
        // Of lines that share an address only the first can be the one that opens a function.
        const first = row === 0 || table.addresses[row - 1] !== table.addresses[row];
        rows.push({ address: table.addresses[row] + this.bias, line: at, path: file, first });
      }
    }
    const first = new Map<string, LineAddress>();
    for (const { first: opens, ...row } of sortedBy(rows, one => one.address)) {
      const scopes = this.scopesAt(row.address);
      const scope = scopes[scopes.length - 1];
      const key =
        scope === undefined ? `${this.functionAt(row.address)?.address ?? row.address}` : `d${scope.die.offset}`;
      if (first.has(key)) continue;
      const address =
        opens && scope !== undefined && !scope.inlined && scope.low === row.address
          ? this.afterPrologue(row.address)
          : row.address;
      first.set(key, { ...row, address });
    }
    return [...first.values()];
  }

  /** Lines of a file that have code, ascending. */
  codeLines(path: string): readonly { readonly line: number; readonly column: number }[] {
    const found = new Map<string, { line: number; column: number }>();
    for (const { unit, index, path: file } of this.filesLike(path)) {
      const table = this.lines(unit);
      if (table === undefined) continue;
      for (let row = 0; row < table.length; row++) {
        if (table.lines[row] === 0 || (table.flags[row] & IS_STATEMENT) === 0) continue;
        if (table.fileIndexes[row] !== index && table.files.path(table.fileIndexes[row]) !== file) continue;
        const entry = { line: table.lines[row], column: table.columns[row] };
        found.set(`${entry.line}:${entry.column}`, entry);
      }
    }
    return [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  /** The address after the prologue of the function that begins at an address: its second line row, or a marked one. */
  afterPrologue(start: bigint): bigint {
    const address = this.entryOf(start);
    const unit = this.unitAt(address);
    // Assembly has no prologue that hides something.
    if (unit === undefined || unit.root.number(AT.language) === DW_LANG_MIPS_ASSEMBLER) return address;
    const table = this.lines(unit);
    const first = table?.rowAt(address - this.bias) ?? -1;
    if (table === undefined || first < 0 || table.addresses[first] !== address - this.bias) return address;
    const scope = this.scopesAt(address)[0];
    const end = scope === undefined ? undefined : scope.high - this.bias;
    let second: bigint | undefined;
    for (let row = first + 1; row < table.length && table.lines[row] !== 0; row++) {
      if (end !== undefined && table.addresses[row] >= end) break;
      if ((table.flags[row] & PROLOGUE_END) !== 0) return table.addresses[row] + this.bias;
      if (second === undefined && table.lines[row] !== 0 && (table.flags[row] & IS_STATEMENT) !== 0 && row > first) {
        if (table.addresses[row] !== table.addresses[first]) second = table.addresses[row];
      }
    }
    return second === undefined ? address : second + this.bias;
  }

  /** Where the code of a function begins that debug information knows: behind what its symbol has in front of it. */
  private entryOf(address: bigint): bigint {
    const size = BigInt(this.functionAt(address)?.size ?? 0);
    const end = address + (size < MOST_PADDING ? size : MOST_PADDING);
    for (const unitAt of [(at: bigint) => this.indexedUnit(at - this.bias), (at: bigint) => this.unitAt(at)]) {
      for (let at = address; at === address || at < end; at += 4n) {
        const unit = unitAt(at);
        if (unit === undefined) continue;
        const functions = this.subprogramsOf(unit);
        const next = functions[lastAtOrBelow(functions, one => one.low, at - this.bias)];
        if (next !== undefined && at - this.bias < next.high) return at;
      }
    }
    return address;
  }

  /** The primary source file of the first unit that has one, as the debug information names it. */
  firstSourceFile(): string | undefined {
    const unit = this.info.firstUnit(({ lineOffset, name }) => lineOffset !== undefined && name !== '');
    return unit === undefined ? undefined : joinPath(unit.directory, unit.name);
  }

  private directoryOf(unit: Unit): string {
    return joinPath(this.sourceRoot, unit.directory);
  }

  /** Source files that the image names; `<built-in>`, where the compiler's own macros come from, is none. */
  sourceFiles(): readonly string[] {
    const files = new Set<string>();
    const seen = new Set<string>();
    for (const [base, entries] of this.files()) {
      if (base.startsWith('<')) continue;
      for (const { files: table, index } of entries) {
        const key = table.key(index);
        if (seen.has(key)) continue;
        seen.add(key);
        files.add(table.path(index) ?? '');
      }
    }
    return [...files].sort();
  }

  /** Whether the image has its sources in it, as `-gembed-source` of clang puts them there. */
  get carriesSources(): boolean {
    const unit = this.info.firstUnit(({ lineOffset }) => lineOffset !== undefined);
    return unit !== undefined && (this.filesOf(unit)?.entries.some(({ source }) => source !== undefined) ?? false);
  }

  /** What the image says of a source file: how to know it again, and its text if it is in the image. */
  source(path: string): { readonly md5?: Uint8Array; readonly text?: () => string } | undefined {
    const found = (this.files().get(path.slice(path.lastIndexOf('/') + 1)) ?? []).find(
      ({ files, index }) => files.path(index) === path,
    );
    if (found === undefined) return undefined;
    const { md5, source } = found.files.entries[found.index];
    return { ...(md5 === undefined ? {} : { md5 }), ...(source === undefined ? {} : { text: source }) };
  }

  private files(): ReadonlyMap<string, readonly UnitFile[]> {
    if (this.fileIndex !== undefined) return this.fileIndex;
    const index = new Map<string, UnitFile[]>();
    for (const unit of this.info.units()) {
      const files = this.filesOf(unit);
      files?.entries.forEach(({ name }, at) => {
        const base = name.slice(name.lastIndexOf('/') + 1);
        const entries = index.get(base);
        if (entries === undefined) index.set(base, [{ unit, files, index: at }]);
        else entries.push({ unit, files, index: at });
      });
    }
    this.fileIndex = index;
    return index;
  }

  /** Where a variable or parameter is declared (DWARF 5, section 2.14); an instance of one where that is. */
  declarationOf(die: Die): { readonly path: string; readonly line: number } | undefined {
    return die.inherited(one => {
      const file = one.number(AT.declFile);
      const line = one.number(AT.declLine);
      const path = file === undefined ? undefined : this.filesOf(one.unit)?.path(file);
      return path === undefined || line === undefined ? undefined : { path, line };
    });
  }

  private filesOf(unit: Unit): FileTable | undefined {
    const offset = unit.lineOffset;
    if (offset === undefined) return undefined;
    let files = this.fileTables.get(unit);
    if (files === undefined) {
      files = lineFiles(this.sections, offset, unit.name, this.directoryOf(unit));
      this.fileTables.set(unit, files);
    }
    return files;
  }

  /** Files of the image that a path means: the same path, else those that share most components at the end. */
  private filesLike(path: string): readonly { unit: Unit; index: number; path: string }[] {
    const wanted = joinPath('', path.replaceAll('\\', '/'));
    // A unit may name a file twice: as its own and as one that is included.
    const candidates = new Map<string, { unit: Unit; index: number; path: string }>();
    for (const { unit, files, index } of this.files().get(wanted.slice(wanted.lastIndexOf('/') + 1)) ?? []) {
      const full = files.path(index) ?? '';
      const key = `${unit.offset} ${full}`;
      if (!candidates.has(key)) candidates.set(key, { unit, index, path: full });
    }
    const all = [...candidates.values()];
    const exact = all.filter(candidate => candidate.path === wanted);
    if (exact.length > 0) return exact;
    const best = all.reduce((most, candidate) => Math.max(most, commonTail(candidate.path, wanted)), 0);
    return all.filter(candidate => commonTail(candidate.path, wanted) === best);
  }

  private lines(unit: Unit): LineTable | undefined {
    return this.lineTables.get(unit, () => {
      const files = this.filesOf(unit);
      return files === undefined ? undefined : lineTable(this.sections, unit.lineOffset ?? 0, files);
    });
  }

  // --- Scopes -------------------------------------------------------------------------------------------------------

  /** The unit that an address is of. Units that are in the image's index of addresses need not be looked at for that. */
  unitAt(address: bigint): Unit | undefined {
    const at = address - this.bias;
    const indexed = this.indexedUnit(at);
    if (indexed !== undefined) return indexed;
    if (this.unitRanges === undefined) {
      const known = new Set(this.addressIndex?.units);
      const others = this.info.units().filter(unit => !known.has(unit.offset));
      this.unitRanges = sortedBy(
        others.flatMap(unit => unit.ranges().map(range => ({ ...range, unit }))),
        range => range.low,
      );
    }
    const range = this.unitRanges[lastAtOrBelow(this.unitRanges, one => one.low, at)];
    return range !== undefined && at < range.high ? range.unit : undefined;
  }

  /** The unit of an unrelocated address by `.debug_aranges`. */
  private indexedUnit(at: bigint): Unit | undefined {
    this.addressIndex ??= readAddressRanges(this.sections.aranges);
    const { lows, highs, units } = this.addressIndex;
    const row = lastAtOrBelow(lows, low => low, at);
    return row >= 0 && at < highs[row] ? this.info.unitAt(units[row]) : undefined;
  }

  /** True where code was written in assembly (by the language of its unit). */
  isAssembly(address: bigint): boolean {
    return this.unitAt(address)?.root.number(AT.language) === DW_LANG_MIPS_ASSEMBLER;
  }

  /** The function at an address and the inlined instances in it that cover the address, outermost first. */
  scopesAt(address: bigint): readonly Scope[] {
    const unit = this.unitAt(address);
    if (unit === undefined) return [];
    const at = address - this.bias;
    const functions = this.subprogramsOf(unit);
    const subprogram = functions[lastAtOrBelow(functions, one => one.low, at)];
    if (subprogram === undefined || at >= subprogram.high) return [];
    const scopes: Scope[] = [];
    let current: Die | undefined = subprogram.die;
    let range: { low: bigint; high: bigint } = subprogram;
    let blocks: Die[] = [];
    const push = (die: Die): void => {
      const inlined = die.tag === TAG.inlinedSubroutine;
      const callLine = inlined ? die.number(AT.callLine) : undefined;
      const callFile = inlined ? die.number(AT.callFile) : undefined;
      const callPath = callFile === undefined ? undefined : this.filesOf(unit)?.path(callFile);
      blocks = [];
      scopes.push({
        die,
        name: spokenName(die) ?? this.functionAt(address)?.name ?? '?',
        low: range.low + this.bias,
        high: range.high + this.bias,
        inlined,
        ...(callPath === undefined ? {} : { callPath }),
        ...(callLine === undefined ? {} : { callLine }),
        blocks,
      });
    };
    push(current);
    while (current !== undefined) {
      let inner: Die | undefined;
      for (const child of current.children()) {
        if (child.tag !== TAG.lexicalBlock && child.tag !== TAG.inlinedSubroutine) continue;
        const found = child.ranges().find(one => at >= one.low && at < one.high);
        if (found === undefined) continue;
        inner = child;
        range = found;
        break;
      }
      if (inner?.tag === TAG.inlinedSubroutine) push(inner);
      else if (inner !== undefined) blocks.push(inner);
      current = inner;
    }
    return scopes;
  }

  private subprogramsOf(unit: Unit): readonly Subprogram[] {
    return this.subprograms.get(unit, () => {
      const found: Subprogram[] = [];
      const visit = (die: Die): void => {
        for (const child of die.children()) {
          if (child.tag === TAG.subprogram) for (const range of child.ranges()) found.push({ die: child, ...range });
          else if (child.tag === TAG.namespace || child.tag === TAG.structureType || child.tag === TAG.classType)
            visit(child);
        }
      };
      visit(unit.root);
      return sortedBy(found, one => one.low);
    });
  }

  /**
   * Entries (types, variables, functions, enumerators) of a name: those of the unit given, then one of each kind. A
   * variable that is only declared comes last.
   */
  entriesNamed(name: string, near?: Unit): readonly Die[] {
    const dies = near === undefined ? [] : this.definedIn(near, name);
    const known = new Set(dies.map(die => die.offset));
    for (const offset of this.index.named(name)) {
      const die = known.has(offset) ? undefined : this.info.dieAt(offset);
      if (die !== undefined) dies.push(die);
    }
    return dies.sort((a, b) => Number(a.has(AT.declaration)) - Number(b.has(AT.declaration)));
  }

  private definedIn(unit: Unit, name: string): Die[] {
    const dies = (this.topLevelOf(unit).get(name) ?? []).map(offset => unit.dieAt(offset));
    return dies.filter(die => die !== undefined && !die.has(AT.declaration)) as Die[];
  }

  private topLevelOf(unit: Unit): ReadonlyMap<string, number[]> {
    return this.topLevel.get(unit, () => {
      const map = new Map<string, number[]>();
      const visit = (die: Die): void => {
        for (const child of die.children()) {
          if (child.tag === TAG.namespace) visit(child);
          const name = child.name;
          if (name === undefined) continue;
          const offsets = map.get(name);
          if (offsets === undefined) map.set(name, [child.offset]);
          else offsets.push(child.offset);
        }
      };
      visit(unit.root);
      return map;
    });
  }
}

/** EL2 and EL2&0 are the two forms of one regime: an image for one holds in the other, whatever HCR_EL2.E2H says. */
function sameRegime(a: TranslationRegime, b: TranslationRegime): boolean {
  return a === b || (a.startsWith('EL2') && b.startsWith('EL2'));
}

/** How many of its conditions a table meets; -1 when it cannot be meant. */
function fits(table: SymbolTable, { regime, vmid, tableBase }: AddressContext): number {
  if (table.regime !== undefined && !sameRegime(table.regime, regime)) return -1;
  if (table.vmid !== undefined && table.vmid !== vmid) return -1;
  if (table.tableBase !== undefined && table.tableBase !== tableBase) return -1;
  return (
    Number(table.regime !== undefined) +
    2 * Number(table.vmid !== undefined) +
    4 * Number(table.tableBase !== undefined)
  );
}

/** All symbol tables of a session. */
export class Symbols {
  readonly tables: SymbolTable[] = [];

  add(table: SymbolTable): void {
    this.tables.push(table);
  }

  /**
   * Asked for the guest and the tables of a regime that is in use now, where the caller knows only the regime; set while
   * a machine is launched.
   */
  present: (regime: TranslationRegime) => AddressContext = regime => ({ regime });

  /** The table for an address: of those that may be meant there the one that says most about where it belongs. */
  at(address: bigint, where: TranslationRegime | AddressContext): SymbolTable | undefined {
    const context = typeof where === 'string' ? this.present(where) : where;
    let best: SymbolTable | undefined;
    let most = -1;
    for (const table of this.tables) {
      const fit = fits(table, context);
      // A stripped image says as much of where it is as the file with its symbols.
      const better = fit > most || (fit === most && best?.hasSymbols === false);
      if (better && table.covers(address)) [best, most] = [table, fit];
    }
    return best;
  }

  /** Address of a symbol, tables of the regime first. */
  symbol(
    name: string,
    regime?: TranslationRegime,
  ): { readonly table: SymbolTable; readonly address: bigint } | undefined {
    const bound = (table: SymbolTable): boolean =>
      regime !== undefined && table.regime !== undefined && sameRegime(table.regime, regime);
    for (const table of [...this.tables.filter(bound), ...this.tables.filter(table => !bound(table))]) {
      const address = table.symbol(name);
      if (address !== undefined) return { table, address };
    }
    return undefined;
  }
}

/** Opens an image file as a symbol table. Throws a sentence when it is no ELF file. */
export function loadSymbols(bytes: ByteSource | Uint8Array, name: string, options: SymbolOptions = {}): SymbolTable {
  return new SymbolTable(new ElfFile(bytes, name), options);
}
