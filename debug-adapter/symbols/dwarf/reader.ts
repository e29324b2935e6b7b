/** Reads the primitive encodings of DWARF (DWARF 5, section 7) from a section. All AArch64 images here are little-endian. */

import { stringAt } from '../elf.ts';

export class DwarfReader {
  private readonly view: DataView;
  /** 64-bit DWARF format: offsets have 8 bytes. */
  wide = false;

  constructor(
    readonly bytes: Uint8Array,
    public offset = 0,
    readonly end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  u8(): number {
    return this.view.getUint8(this.offset++);
  }

  u16(): number {
    this.offset += 2;
    return this.view.getUint16(this.offset - 2, true);
  }

  u24(): number {
    return this.u16() | (this.u8() << 16);
  }

  u32(): number {
    this.offset += 4;
    return this.view.getUint32(this.offset - 4, true);
  }

  u64(): bigint {
    this.offset += 8;
    return this.view.getBigUint64(this.offset - 8, true);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  unsigned(bytes: number): bigint {
    return bytes === 8 ? this.u64() : BigInt(bytes === 4 ? this.u32() : bytes === 2 ? this.u16() : this.u8());
  }

  signed(bytes: number): bigint {
    return BigInt.asIntN(bytes * 8, this.unsigned(bytes));
  }

  /** An offset into a section, as wide as the format says. */
  sectionOffset(): number {
    return this.wide ? Number(this.u64()) : this.u32();
  }

  /** A unit length (section 7.4); sets the format. */
  initialLength(): number {
    const length = this.u32();
    this.wide = length === 0xffffffff;
    return this.wide ? Number(this.u64()) : length;
  }

  /** ULEB128 as a number: for counts, codes and offsets. */
  uleb(): number {
    let result = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
      scale *= 128;
    }
  }

  ulebBig(): bigint {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
  }

  slebBig(): bigint {
    let result = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.u8();
      result |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return byte & 0x40 ? result - (1n << shift) : result;
    }
  }

  sleb(): number {
    return Number(this.slebBig());
  }

  string(): string {
    const end = this.bytes.indexOf(0, this.offset);
    const value = stringAt(this.bytes, this.offset);
    this.offset = end < 0 ? this.end : end + 1;
    return value;
  }

  block(length: number): Uint8Array {
    if (length > this.end - this.offset)
      throw new RangeError(`A block of ${length} bytes runs over the end of its section.`);
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
  }
}
