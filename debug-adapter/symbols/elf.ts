/** ELF64 little-endian files as debuggers need them: sections, segments, symbols (System V gABI, chapters 4 and 5). */

import { unzlibSync } from 'fflate';

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly entrySize: number;
}

export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly virtualAddress: bigint;
  readonly physicalAddress: bigint;
  readonly fileSize: number;
  readonly memorySize: bigint;
}

export interface ElfSymbol {
  readonly name: string;
  readonly value: bigint;
  readonly size: number;
  readonly type: 'notype' | 'object' | 'function' | 'section' | 'file' | 'other';
  readonly binding: 'local' | 'global' | 'weak' | 'other';
  /** Section header index; 0 is undefined, 0xfff1 absolute. */
  readonly section: number;
}

export const EM_AARCH64 = 183;
export const PT_LOAD = 1;
export const SHF_ALLOC = 2n;
export const SHF_EXECINSTR = 4n;
const SHF_COMPRESSED = 0x800n;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const ELFCOMPRESS_ZLIB = 1;

const SYMBOL_TYPES = ['notype', 'object', 'function', 'section', 'file'] as const;
const SYMBOL_BINDINGS = ['local', 'global', 'weak'] as const;

const text = new TextDecoder();

/** The zero-terminated string at an offset; what is outside of the bytes ends it. */
export function stringAt(bytes: Uint8Array, offset: number): string {
  if (offset >= bytes.length) return '';
  const end = bytes.indexOf(0, offset);
  return text.decode(bytes.subarray(offset, end < 0 ? bytes.length : end));
}

export class ElfFile {
  readonly machine: number;
  readonly entry: bigint;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  private readonly byName = new Map<string, ElfSection>();
  private readonly contents = new Map<number, Uint8Array>();
  private symbolCache: readonly ElfSymbol[] | undefined;

  /** Reads the headers. Throws a sentence that says what is wrong with the file. */
  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
  ) {
    if (bytes.length < 64 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
      throw new Error(`${name} is not an ELF file: it does not begin with the ELF header.`);
    }
    if (bytes[4] !== 2 || bytes[5] !== 1) {
      throw new Error(`${name} is not a 64-bit little-endian ELF file, which AArch64 images are.`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.machine = view.getUint16(18, true);
    this.entry = view.getBigUint64(24, true);
    this.segments = this.readSegments(view);
    this.sections = this.readSections(view);
    for (const section of this.sections) if (!this.byName.has(section.name)) this.byName.set(section.name, section);
  }

  section(name: string): ElfSection | undefined {
    return this.byName.get(name);
  }

  /** Contents of a section, decompressed (SHF_COMPRESSED with zlib); empty when the file has none. */
  data(name: string): Uint8Array {
    const section = this.byName.get(name);
    return section === undefined ? new Uint8Array(0) : this.sectionData(section);
  }

  /** Symbols of `.symtab`, or of `.dynsym` when the file is stripped. */
  symbols(): readonly ElfSymbol[] {
    this.symbolCache ??= this.readSymbols();
    return this.symbolCache;
  }

  private readSegments(view: DataView): ElfSegment[] {
    const offset = Number(view.getBigUint64(32, true));
    const entrySize = view.getUint16(54, true);
    const count = view.getUint16(56, true);
    if (count > 0 && (entrySize < 56 || offset + count * entrySize > view.byteLength))
      throw this.truncated('program headers');
    const segments: ElfSegment[] = [];
    for (let i = 0; i < count; i++) {
      const at = offset + i * entrySize;
      segments.push({
        type: view.getUint32(at, true),
        flags: view.getUint32(at + 4, true),
        offset: Number(view.getBigUint64(at + 8, true)),
        virtualAddress: view.getBigUint64(at + 16, true),
        physicalAddress: view.getBigUint64(at + 24, true),
        fileSize: Number(view.getBigUint64(at + 32, true)),
        memorySize: view.getBigUint64(at + 40, true),
      });
    }
    return segments;
  }

  private readSections(view: DataView): ElfSection[] {
    const offset = Number(view.getBigUint64(40, true));
    if (offset === 0) return [];
    const entrySize = view.getUint16(58, true);
    let count = view.getUint16(60, true);
    let names = view.getUint16(62, true);
    if (entrySize < 64 || offset + entrySize > view.byteLength) throw this.truncated('section headers');
    // Too many sections for 16 bits: the numbers are in section header 0.
    if (count === 0) count = Number(view.getBigUint64(offset + 32, true));
    if (names === 0xffff) names = view.getUint32(offset + 40, true);
    if (offset + count * entrySize > view.byteLength) throw this.truncated('section headers');
    const raw: (Omit<ElfSection, 'name'> & { nameOffset: number })[] = [];
    for (let i = 0; i < count; i++) {
      const at = offset + i * entrySize;
      raw.push({
        index: i,
        nameOffset: view.getUint32(at, true),
        type: view.getUint32(at + 4, true),
        flags: view.getBigUint64(at + 8, true),
        address: view.getBigUint64(at + 16, true),
        offset: Number(view.getBigUint64(at + 24, true)),
        size: Number(view.getBigUint64(at + 32, true)),
        link: view.getUint32(at + 40, true),
        entrySize: Number(view.getBigUint64(at + 56, true)),
      });
    }
    const strings = raw[names];
    const nameBytes =
      strings === undefined ? new Uint8Array(0) : this.bytes.subarray(strings.offset, strings.offset + strings.size);
    return raw.map(({ nameOffset, ...section }) => ({ ...section, name: stringAt(nameBytes, nameOffset) }));
  }

  private sectionData(section: ElfSection): Uint8Array {
    let data = this.contents.get(section.index);
    if (data === undefined) {
      data = this.readSection(section);
      this.contents.set(section.index, data);
    }
    return data;
  }

  private readSection(section: ElfSection): Uint8Array {
    if (section.type === SHT_NOBITS) return new Uint8Array(0);
    if (section.offset + section.size > this.bytes.length) throw this.truncated(`section ${section.name}`);
    const raw = this.bytes.subarray(section.offset, section.offset + section.size);
    if ((section.flags & SHF_COMPRESSED) === 0n) return raw;
    if (raw.length < 24) throw this.truncated(`section ${section.name}`);
    const header = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const type = header.getUint32(0, true);
    if (type !== ELFCOMPRESS_ZLIB) {
      throw new Error(
        `Section ${section.name} of ${this.name} is compressed by method ${type}; only zlib (1) can be read.`,
      );
    }
    try {
      return unzlibSync(raw.subarray(24), { out: new Uint8Array(Number(header.getBigUint64(8, true))) });
    } catch {
      throw new Error(`Section ${section.name} of ${this.name} cannot be decompressed: its zlib stream is damaged.`);
    }
  }

  private readSymbols(): ElfSymbol[] {
    const table =
      this.sections.find(section => section.type === SHT_SYMTAB) ??
      this.sections.find(section => section.type === SHT_DYNSYM);
    if (table === undefined) return [];
    const data = this.sectionData(table);
    const linked = this.sections[table.link];
    const names = linked === undefined ? new Uint8Array(0) : this.sectionData(linked);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const symbols: ElfSymbol[] = [];
    for (let at = 0; at + 24 <= data.length; at += 24) {
      const info = view.getUint8(at + 4);
      symbols.push({
        name: stringAt(names, view.getUint32(at, true)),
        type: SYMBOL_TYPES[info & 15] ?? 'other',
        binding: SYMBOL_BINDINGS[info >> 4] ?? 'other',
        section: view.getUint16(at + 6, true),
        value: view.getBigUint64(at + 8, true),
        size: Number(view.getBigUint64(at + 16, true)),
      });
    }
    return symbols;
  }

  private truncated(what: string): Error {
    return new Error(
      `${this.name} is truncated: its ${what} lie outside of the ${this.bytes.length} bytes of the file.`,
    );
  }
}
