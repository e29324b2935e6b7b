/** An ELF file in memory that has symbols and nothing else, so that symbols from elsewhere are like those of a file. */

/** A symbol by its letter, as `nm` prints it. */
export interface PlainSymbol {
  readonly name: string;
  readonly type: string;
  readonly address: bigint;
}

const HEADER = 64;
const PROGRAM_HEADER = 56;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const ET_EXEC = 2;
const EM_AARCH64 = 183;
const PT_LOAD = 1;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_NOBITS = 8;
const ALLOC_EXECUTE = 6n;
const STT_OBJECT = 1;
const STT_FUNC = 2;

/** Symbols in order of their addresses; a function ends where the next symbol begins. `low` is where the image begins. */
export function buildElf(symbols: readonly PlainSymbol[], low: bigint): Uint8Array {
  const sorted = [...symbols].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  const high = (sorted.at(-1)?.address ?? low) + 4096n;
  const encoder = new TextEncoder();
  const strings = encoder.encode(`\0${sorted.map(({ name }) => name).join('\0')}\0`);
  const sectionNames = encoder.encode('\0.text\0.symtab\0.strtab\0');
  const symbolsAt = HEADER + PROGRAM_HEADER;
  const symbolBytes = SYMBOL * (sorted.length + 1);
  const stringsAt = symbolsAt + symbolBytes;
  const namesAt = stringsAt + strings.length;
  const sectionsAt = (namesAt + sectionNames.length + 7) & ~7;
  const bytes = new Uint8Array(sectionsAt + 5 * SECTION_HEADER);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, EM_AARCH64, true);
  view.setBigUint64(32, BigInt(HEADER), true);
  view.setBigUint64(40, BigInt(sectionsAt), true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, 1, true);
  view.setUint16(58, SECTION_HEADER, true);
  view.setUint16(60, 5, true);
  view.setUint16(62, 4, true);
  view.setUint32(HEADER, PT_LOAD, true);
  view.setBigUint64(HEADER + 16, low, true);
  view.setBigUint64(HEADER + 24, low, true);
  view.setBigUint64(HEADER + 40, high - low, true);
  let name = 1;
  // Aliases at one address all end at the next other address.
  const sizes = new Float64Array(sorted.length);
  let end = high;
  for (let index = sorted.length - 1; index >= 0; index--) {
    const { address } = sorted[index];
    const later = sorted[index + 1]?.address;
    if (later !== undefined && later !== address) end = later;
    sizes[index] = Math.min(Number(end - address), 2 ** 20);
  }
  sorted.forEach((symbol, index) => {
    const at = symbolsAt + SYMBOL * (index + 1);
    const isCode = /[tTwW]/.test(symbol.type);
    view.setUint32(at, name, true);
    view.setUint8(at + 4, (/[A-Z]/.test(symbol.type) ? 0x10 : 0) | (isCode ? STT_FUNC : STT_OBJECT));
    view.setUint16(at + 6, 1, true);
    view.setBigUint64(at + 8, symbol.address, true);
    view.setBigUint64(at + 16, BigInt(sizes[index]), true);
    name += encoder.encode(symbol.name).length + 1;
  });
  bytes.set(strings, stringsAt);
  bytes.set(sectionNames, namesAt);
  const section = (
    index: number,
    nameAt: number,
    type: number,
    flags: bigint,
    address: bigint,
    offset: number,
    size: bigint,
    link: number,
    entrySize: number,
  ): void => {
    const at = sectionsAt + index * SECTION_HEADER;
    view.setUint32(at, nameAt, true);
    view.setUint32(at + 4, type, true);
    view.setBigUint64(at + 8, flags, true);
    view.setBigUint64(at + 16, address, true);
    view.setBigUint64(at + 24, BigInt(offset), true);
    view.setBigUint64(at + 32, size, true);
    view.setUint32(at + 40, link, true);
    view.setBigUint64(at + 56, BigInt(entrySize), true);
  };
  section(1, 1, SHT_NOBITS, ALLOC_EXECUTE, low, 0, high - low, 0, 0);
  section(2, 7, SHT_SYMTAB, 0n, 0n, symbolsAt, BigInt(symbolBytes), 3, SYMBOL);
  section(3, 15, SHT_STRTAB, 0n, 0n, stringsAt, BigInt(strings.length), 0, 0);
  section(4, 0, SHT_STRTAB, 0n, 0n, namesAt, BigInt(sectionNames.length), 0, 0);
  return bytes;
}
