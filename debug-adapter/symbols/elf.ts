/** ELF64 little-endian files as debuggers need them: sections, segments, symbols (System V gABI, chapters 4 and 5). */

import { Unzlib } from 'fflate';
import { Decompress } from 'fzstd';
import { type ByteSource, Bytes, newPages, sourceOf, stringAt } from './bytes.ts';

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

/** Takes a stream piece by piece; throws where it is damaged. */
interface Decompressor {
  push(chunk: Uint8Array, final: boolean): void;
}

/** The methods of compression, by ELFCOMPRESS_ZLIB and ELFCOMPRESS_ZSTD. */
const METHODS: Readonly<
  Record<number, { readonly name: string; readonly open: (then: (chunk: Uint8Array) => void) => Decompressor }>
> = {
  1: { name: 'zlib', open: then => new Unzlib(then) },
  2: { name: 'Zstandard', open: then => new Decompress(then) },
};

const SYMBOL_TYPES = ['notype', 'object', 'function', 'section', 'file'] as const;
const SYMBOL_BINDINGS = ['local', 'global', 'weak'] as const;

/** Bytes of a file that are decompressed at once. */
const INFLATE_STEP = 2 ** 20;
/** Largest section, decompressed, that is held in memory. */
const MOST_INFLATED = 2 ** 30;

export class ElfFile {
  readonly machine: number;
  readonly entry: bigint;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  private readonly byName = new Map<string, ElfSection>();
  private readonly contents = new Map<number, Bytes>();
  private readonly pages = newPages();
  private readonly source: ByteSource;
  private symbolCache: readonly ElfSymbol[] | undefined;

  /** Reads the headers. Throws a sentence that says what is wrong with the file. */
  constructor(
    file: ByteSource | Uint8Array,
    readonly name: string,
  ) {
    this.source = file instanceof Uint8Array ? sourceOf(file) : file;
    const bytes = this.source.read(0, Math.min(64, this.source.size));
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

  /** Contents of a section as a whole, decompressed (SHF_COMPRESSED); empty when the file has none. */
  data(name: string): Uint8Array {
    const bytes = this.bytesOf(name);
    return bytes.slice(0, bytes.length);
  }

  /** Contents of a section, read as they are used; empty when the file has none. */
  bytesOf(name: string): Bytes {
    const section = this.byName.get(name);
    return section === undefined ? NO_BYTES : this.contentsOf(section);
  }

  /** What the file has for an address; undefined when so many bytes are not in it. */
  bytesAt(address: bigint, length: number): Uint8Array | undefined {
    for (const segment of this.segments) {
      const offset = Number(address - segment.virtualAddress);
      if (segment.type === PT_LOAD && offset >= 0 && offset + length <= segment.fileSize)
        return this.read(segment.offset + offset, length, 'segments');
    }
    return undefined;
  }

  private read(offset: number, length: number, what: string): Uint8Array {
    if (!(offset >= 0 && offset + length <= this.source.size)) throw this.truncated(what);
    return this.source.read(offset, length);
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
    if (count > 0 && entrySize < 56) throw this.truncated('program headers');
    const table = viewOf(this.read(offset, count * entrySize, 'program headers'));
    const segments: ElfSegment[] = [];
    for (let i = 0; i < count; i++) {
      const at = i * entrySize;
      segments.push({
        type: table.getUint32(at, true),
        flags: table.getUint32(at + 4, true),
        offset: Number(table.getBigUint64(at + 8, true)),
        virtualAddress: table.getBigUint64(at + 16, true),
        physicalAddress: table.getBigUint64(at + 24, true),
        fileSize: Number(table.getBigUint64(at + 32, true)),
        memorySize: table.getBigUint64(at + 40, true),
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
    if (entrySize < 64) throw this.truncated('section headers');
    const first = viewOf(this.read(offset, entrySize, 'section headers'));
    // Too many sections for 16 bits: the numbers are in section header 0.
    if (count === 0) count = Number(first.getBigUint64(32, true));
    if (names === 0xffff) names = first.getUint32(40, true);
    const table = viewOf(this.read(offset, count * entrySize, 'section headers'));
    const raw: (Omit<ElfSection, 'name'> & { nameOffset: number })[] = [];
    for (let i = 0; i < count; i++) {
      const at = i * entrySize;
      raw.push({
        index: i,
        nameOffset: table.getUint32(at, true),
        type: table.getUint32(at + 4, true),
        flags: table.getBigUint64(at + 8, true),
        address: table.getBigUint64(at + 16, true),
        offset: Number(table.getBigUint64(at + 24, true)),
        size: Number(table.getBigUint64(at + 32, true)),
        link: table.getUint32(at + 40, true),
        entrySize: Number(table.getBigUint64(at + 56, true)),
      });
    }
    const strings = raw[names];
    const nameBytes =
      strings === undefined ? new Uint8Array(0) : this.read(strings.offset, strings.size, 'names of sections');
    return raw.map(({ nameOffset, ...section }) => ({ ...section, name: stringAt(nameBytes, nameOffset) }));
  }

  private contentsOf(section: ElfSection): Bytes {
    let contents = this.contents.get(section.index);
    if (contents === undefined) {
      contents = this.open(section);
      this.contents.set(section.index, contents);
    }
    return contents;
  }

  private open(section: ElfSection): Bytes {
    const { offset, size } = section;
    if (section.type === SHT_NOBITS) return NO_BYTES;
    if (offset + size > this.source.size) throw this.truncated(`section ${section.name}`);
    if ((section.flags & SHF_COMPRESSED) === 0n) return new Bytes(this.source, offset, size, this.pages);
    if (size < 24) throw this.truncated(`section ${section.name}`);
    const header = viewOf(this.source.read(offset, 24));
    const type = header.getUint32(0, true);
    const method = METHODS[type];
    if (method === undefined) {
      const known = Object.entries(METHODS).map(([number, { name }]) => `${name} (${number})`);
      throw new Error(
        `Section ${section.name} of ${this.name} is compressed by method ${type}; ${known.join(' and ')} can be read.`,
      );
    }
    const length = Number(header.getBigUint64(8, true));
    if (length > MOST_INFLATED) {
      throw new Error(
        `Section ${section.name} of ${this.name} has ${length} bytes when it is decompressed, which is too much: decompress it with objcopy --decompress-debug-sections.`,
      );
    }
    return Bytes.of(this.inflate(section, length, method));
  }

  /** Decompresses a section piece by piece, so that only the result is in memory as a whole. */
  private inflate(section: ElfSection, length: number, { name, open }: (typeof METHODS)[number]): Uint8Array {
    const end = section.offset + section.size;
    const result = new Uint8Array(length);
    let filled = 0;
    try {
      const inflate = open(chunk => {
        result.set(chunk, filled);
        filled += chunk.length;
      });
      for (let at = section.offset + 24; at < end; at += INFLATE_STEP) {
        const step = Math.min(INFLATE_STEP, end - at);
        inflate.push(this.source.read(at, step), at + step === end);
      }
    } catch {
      filled = -1;
    }
    if (filled !== length) {
      throw new Error(`Section ${section.name} of ${this.name} cannot be decompressed: its ${name} stream is damaged.`);
    }
    return result;
  }

  private readSymbols(): ElfSymbol[] {
    const table =
      this.sections.find(section => section.type === SHT_SYMTAB) ??
      this.sections.find(section => section.type === SHT_DYNSYM);
    if (table === undefined) return [];
    const all = (section: ElfSection): Uint8Array => {
      const contents = this.contentsOf(section);
      return contents.slice(0, contents.length);
    };
    const data = all(table);
    const linked = this.sections[table.link];
    const names = linked === undefined ? new Uint8Array(0) : all(linked);
    const view = viewOf(data);
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
      `${this.name} is truncated: its ${what} lie outside of the ${this.source.size} bytes of the file.`,
    );
  }
}

const NO_BYTES = Bytes.of(new Uint8Array(0));

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
