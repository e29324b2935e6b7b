/** Reads the primitive encodings of DWARF (DWARF 5, section 7) from a section. All AArch64 images here are little-endian. */

import { Bytes, type Window, windowOf } from '../bytes.ts';

export class DwarfReader {
  private readonly source: Bytes;
  /** What of the section is at hand. */
  private window: Window;
  /** 64-bit DWARF format: offsets have 8 bytes. */
  wide = false;

  constructor(
    source: Bytes | Uint8Array,
    public offset = 0,
    readonly end = source.length,
  ) {
    this.source = source instanceof Bytes ? source : Bytes.of(source);
    this.window = offset < source.length ? this.source.window(offset, 1) : NOTHING;
  }

  /** Steps over so many bytes; returns where they are in the window, which it may change. */
  private take(count: number): number {
    const { offset, window } = this;
    // Written so that an offset that is no number is outside, too.
    if (!(offset >= window.start && offset + count <= window.start + window.bytes.length))
      this.window = this.source.window(offset, count);
    this.offset = offset + count;
    return offset - this.window.start;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  u8(): number {
    const at = this.take(1);
    return this.window.bytes[at];
  }

  u16(): number {
    const at = this.take(2);
    return this.window.view.getUint16(at, true);
  }

  u24(): number {
    return this.u16() | (this.u8() << 16);
  }

  u32(): number {
    const at = this.take(4);
    return this.window.view.getUint32(at, true);
  }

  u64(): bigint {
    const at = this.take(8);
    return this.window.view.getBigUint64(at, true);
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
    const value = this.source.string(this.offset);
    this.skipString();
    return value;
  }

  /** Steps over a zero-terminated string. */
  skipString(): void {
    while (this.offset < this.end && this.u8() !== 0);
  }

  block(length: number): Uint8Array {
    if (length > this.end - this.offset)
      throw new RangeError(`A block of ${length} bytes runs over the end of its section.`);
    const at = this.take(length);
    return this.window.bytes.subarray(at, at + length);
  }
}

const NOTHING = windowOf(0, new Uint8Array(0));
