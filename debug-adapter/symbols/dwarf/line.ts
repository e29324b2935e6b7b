/** Line number programs of DWARF 2 to 5 (DWARF 5, section 6.2; version 4 differs in its header only). */

import { FORM } from './constants.ts';
import { DwarfReader } from './reader.ts';
import type { DwarfSections } from './sections.ts';

/** Rows of one line program in address order. Ends of sequences have line 0. */
export class LineTable {
  constructor(
    readonly files: FileTable,
    readonly addresses: BigUint64Array,
    readonly fileIndexes: Uint32Array,
    readonly lines: Uint32Array,
    readonly columns: Uint16Array,
    /** 1 where the row begins a statement, 2 where the prologue ends. */
    readonly flags: Uint8Array,
  ) {}

  get length(): number {
    return this.addresses.length;
  }

  /** The row that holds an address, or -1. */
  rowAt(address: bigint): number {
    let low = 0;
    let high = this.addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    const row = low - 1;
    return row >= 0 && row + 1 < this.addresses.length && this.lines[row] !== 0 ? row : -1;
  }
}

/** A file as a line program names it. */
export interface FileEntry {
  readonly name: string;
  /** Index of its folder. */
  readonly folder: number;
  /** Of its contents, when it was compiled. */
  readonly md5?: Uint8Array;
  /** Its contents, where the image has them (DW_LNCT_LLVM_source). */
  readonly source?: () => string;
}

/** The files of a line program by the index that it uses; paths are joined when somebody asks, for there are many. */
export class FileTable {
  private readonly folders: (string | undefined)[] = [];
  private readonly paths: (string | undefined)[] = [];

  constructor(
    private readonly directory: string,
    /** As they are written, relative to `directory`. */
    private readonly directories: readonly string[],
    readonly entries: readonly FileEntry[],
  ) {}

  /** The full path of a file; undefined for an index that there is not. */
  path(index: number): string | undefined {
    const entry = this.entries[index];
    if (entry === undefined) return undefined;
    this.paths[index] ??= joinPath(this.folder(entry.folder), entry.name);
    return this.paths[index];
  }

  /** Folder and name as they are written, which tell files of one build apart. */
  key(index: number): string {
    const { name, folder } = this.entries[index];
    return `${this.directory}\0${this.directories[folder]}\0${name}`;
  }

  private folder(index: number): string {
    const written = this.directories[index];
    if (written === undefined) return this.directory;
    this.folders[index] ??= joinPath(this.directory, written);
    return this.folders[index];
  }
}

export const IS_STATEMENT = 1;
export const PROLOGUE_END = 2;

interface Header {
  readonly version: number;
  readonly minimumInstructionLength: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly opcodeLengths: readonly number[];
  readonly files: FileTable;
  readonly addressSize: number;
  readonly program: DwarfReader;
}

/** The start of a URI, by which files are named in a browser: scheme and host. */
const URI_START = /^[a-z][a-z\d+.-]+:\/\/[^/]*/i;

/** True for a path that begins at the root of a file system, also of Windows, and for a URI. */
export function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || URI_START.test(path);
}

/** Joins a path to a directory and removes `.` and `..`. */
export function joinPath(directory: string, path: string): string {
  const full = isAbsolute(path) || directory === '' ? path : `${directory}/${path}`;
  const [start = ''] = URI_START.exec(full) ?? [];
  const parts: string[] = [];
  for (const part of full.slice(start.length).split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..' && parts[parts.length - 1] !== '')
      parts.pop();
    else parts.push(part);
  }
  return start + parts.join('/');
}

function readHeader(sections: DwarfSections, offset: number, unitName: string, directory: string): Header {
  const start = new DwarfReader(sections.line, offset);
  const length = start.initialLength();
  const reader = new DwarfReader(sections.line, start.offset, Math.min(start.offset + length, sections.line.length));
  reader.wide = start.wide;
  const version = reader.u16();
  if (version < 2 || version > 5)
    throw new Error(`The line program at offset ${offset} has version ${version}; 2 to 5 can be read.`);
  let addressSize = 8;
  if (version >= 5) {
    addressSize = reader.u8();
    reader.u8(); // segment selector size
  }
  const headerLength = reader.sectionOffset();
  const programStart = reader.offset + headerLength;
  const minimumInstructionLength = reader.u8();
  if (version >= 4) reader.u8(); // operations per instruction: 1 on every machine that is no VLIW
  const defaultIsStatement = reader.u8() !== 0;
  const lineBase = (reader.u8() << 24) >> 24;
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  const opcodeLengths = [0];
  for (let i = 1; i < opcodeBase; i++) opcodeLengths.push(reader.u8());
  const files =
    version >= 5 ? filesOfVersion5(sections, reader, directory) : filesOfVersion4(reader, unitName, directory);
  const program = new DwarfReader(sections.line, programStart, reader.end);
  return {
    version,
    minimumInstructionLength,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
    files,
    addressSize,
    program,
  };
}

function filesOfVersion4(reader: DwarfReader, unitName: string, directory: string): FileTable {
  const directories = [''];
  for (let name = reader.string(); name !== ''; name = reader.string()) directories.push(name);
  const entries: FileEntry[] = [{ name: unitName, folder: 0 }];
  for (let name = reader.string(); name !== ''; name = reader.string()) {
    const folder = reader.uleb();
    reader.uleb(); // time
    reader.uleb(); // size
    entries.push({ name, folder });
  }
  return new FileTable(directory, directories, entries);
}

const DW_LNCT_PATH = 1;
const DW_LNCT_DIRECTORY_INDEX = 2;
const DW_LNCT_MD5 = 5;
const DW_LNCT_LLVM_SOURCE = 0x2001;

function filesOfVersion5(sections: DwarfSections, reader: DwarfReader, directory: string): FileTable {
  const table = (): FileEntry[] => {
    const formats: [number, number][] = [];
    for (let count = reader.u8(); count > 0; count--) formats.push([reader.uleb(), reader.uleb()]);
    const entries: FileEntry[] = [];
    for (let count = reader.uleb(); count > 0 && !reader.done; count--) {
      const entry: { -readonly [K in keyof FileEntry]: FileEntry[K] } = { name: '', folder: 0 };
      for (const [content, form] of formats) {
        if (content === DW_LNCT_LLVM_SOURCE) {
          entry.source = sourceText(sections, reader, form);
          continue;
        }
        const value = entryValue(sections, reader, form);
        if (content === DW_LNCT_PATH) entry.name = String(value);
        else if (content === DW_LNCT_DIRECTORY_INDEX) entry.folder = Number(value);
        else if (content === DW_LNCT_MD5 && value instanceof Uint8Array) entry.md5 = value;
      }
      entries.push(entry);
    }
    return entries;
  };
  const directories = table().map(({ name }) => name);
  return new FileTable(directory, directories, table());
}

/** A source within the image, read when somebody wants to see it: the offset in the table is enough until then. */
function sourceText(sections: DwarfSections, reader: DwarfReader, form: number): () => string {
  if (form === FORM.string) {
    const text = reader.string();
    return () => text;
  }
  const strings = form === FORM.strp ? sections.str : sections.lineStr;
  const offset = reader.sectionOffset();
  return () => strings.string(offset);
}

function entryValue(sections: DwarfSections, reader: DwarfReader, form: number): string | number | Uint8Array {
  switch (form) {
    case FORM.string:
      return reader.string();
    case FORM.lineStrp:
      return sections.lineString(reader.sectionOffset());
    case FORM.strp:
      return sections.str.string(reader.sectionOffset());
    case FORM.udata:
      return reader.uleb();
    case FORM.data1:
      return reader.u8();
    case FORM.data2:
      return reader.u16();
    case FORM.data4:
      return reader.u32();
    case FORM.data8:
      return Number(reader.u64());
    case FORM.data16:
      return reader.block(16).slice();
    case FORM.block:
      reader.block(reader.uleb());
      return 0;
    default:
      throw new Error(
        `The file table of a line program has the form 0x${form.toString(16)}, which this reader does not know.`,
      );
  }
}

/** Only the file table of a line program: cheap enough to do for every unit. */
export function lineFiles(sections: DwarfSections, offset: number, unitName: string, directory: string): FileTable {
  return readHeader(sections, offset, unitName, directory).files;
}

/** Runs a line program. */
export function lineTable(sections: DwarfSections, offset: number, files: FileTable): LineTable {
  const header = readHeader(sections, offset, '', '');
  const reader = header.program;
  const rows: { address: bigint; file: number; line: number; column: number; flags: number; end: boolean }[] = [];
  const sequences: (typeof rows)[] = [];
  let sequence: typeof rows = [];

  let address = 0n;
  let file = 1;
  let line = 1;
  let column = 0;
  let isStatement = header.defaultIsStatement;
  let prologueEnd = false;
  const reset = (): void => {
    address = 0n;
    file = 1;
    line = 1;
    column = 0;
    isStatement = header.defaultIsStatement;
    prologueEnd = false;
  };
  const emit = (end: boolean): void => {
    const flags = (isStatement ? IS_STATEMENT : 0) | (prologueEnd ? PROLOGUE_END : 0);
    sequence.push({ address, file, line: end ? 0 : Math.max(0, line), column, flags, end });
    prologueEnd = false;
  };
  const advance = (operations: number): void => {
    address += BigInt(operations * header.minimumInstructionLength);
  };

  while (!reader.done) {
    const opcode = reader.u8();
    if (opcode >= header.opcodeBase) {
      const adjusted = opcode - header.opcodeBase;
      advance(Math.floor(adjusted / header.lineRange));
      line += header.lineBase + (adjusted % header.lineRange);
      emit(false);
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = reader.uleb();
        const next = reader.offset + length;
        const extended = length > 0 ? reader.u8() : 0;
        if (extended === 1) {
          emit(true);
          sequences.push(sequence);
          sequence = [];
          reset();
        } else if (extended === 2) {
          address = reader.unsigned(length - 1 === 4 ? 4 : 8);
        }
        reader.offset = next;
        break;
      }
      case 1: // copy
        emit(false);
        break;
      case 2:
        advance(reader.uleb());
        break;
      case 3:
        line += reader.sleb();
        break;
      case 4:
        file = reader.uleb();
        break;
      case 5:
        column = reader.uleb();
        break;
      case 6:
        isStatement = !isStatement;
        break;
      case 8:
        advance(Math.floor((255 - header.opcodeBase) / header.lineRange));
        break;
      case 9:
        address += BigInt(reader.u16());
        break;
      case 10:
        prologueEnd = true;
        break;
      default:
        // Basic block, epilogue begin, ISA and what this reader does not know: skip the operands.
        for (let count = header.opcodeLengths[opcode]; count > 0; count--) reader.uleb();
    }
  }

  // The linker resolves sequences of dropped sections to address 0; a real image may begin there, so drop only those
  // that another sequence of the same unit contradicts: a lone sequence at 0 stays.
  const live = sequences.filter(one => one.length > 1 && (one[0].address !== 0n || sequences.length === 1));
  live.sort((a, b) => (a[0].address < b[0].address ? -1 : a[0].address > b[0].address ? 1 : 0));
  for (const one of live) {
    // A sequence that begins where the one before ended needs no end row in between.
    const last = rows[rows.length - 1];
    if (last?.end && last.address === one[0].address) rows.pop();
    for (const row of one) rows.push(row);
  }
  const count = rows.length;
  const table = new LineTable(
    files,
    new BigUint64Array(count),
    new Uint32Array(count),
    new Uint32Array(count),
    new Uint16Array(count),
    new Uint8Array(count),
  );
  rows.forEach((row, i) => {
    table.addresses[i] = row.address;
    table.fileIndexes[i] = row.file;
    table.lines[i] = row.line;
    table.columns[i] = row.column;
    table.flags[i] = row.flags;
  });
  return table;
}
