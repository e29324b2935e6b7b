/** What the bench commands have to know of the ELF files that they run: where symbols are. */

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;

export interface ElfSymbol {
  readonly value: bigint;
  /** Offset in the file of what it names; undefined for what the file does not hold. */
  readonly offset: number | undefined;
}

/** Symbols of a 64-bit little-endian ELF file by name. */
export function elfSymbols(image: Uint8Array): ReadonlyMap<string, ElfSymbol> {
  const elf = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const section = (index: number) => {
    const at = Number(elf.readBigUInt64LE(0x28)) + index * elf.readUInt16LE(0x3a);
    return {
      type: elf.readUInt32LE(at + 4),
      address: elf.readBigUInt64LE(at + 0x10),
      offset: Number(elf.readBigUInt64LE(at + 0x18)),
      size: Number(elf.readBigUInt64LE(at + 0x20)),
      link: elf.readUInt32LE(at + 0x28),
    };
  };
  const sections = Array.from({ length: elf.readUInt16LE(0x3c) }, (_, index) => section(index));
  const symbols = new Map<string, ElfSymbol>();
  const table = sections.find(candidate => candidate.type === SHT_SYMTAB);
  for (let at = table?.offset ?? 0; table && at < table.offset + table.size; at += 24) {
    const start = sections[table.link].offset + elf.readUInt32LE(at);
    const value = elf.readBigUInt64LE(at + 8);
    const home = sections[elf.readUInt16LE(at + 6)];
    const inFile = home !== undefined && home.type !== SHT_NOBITS && value >= home.address;
    const offset = inFile ? home.offset + Number(value - home.address) : undefined;
    symbols.set(elf.toString('latin1', start, elf.indexOf(0, start)), { value, offset });
  }
  return symbols;
}
