/**
 * Bytes that are read when somebody asks for them. A `vmlinux` with debug data has hundreds of megabytes, of which a
 * session looks at a few: nothing here holds a large file as a whole.
 */

/** A file, or what stands for one. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /** So many bytes from an offset on, all of which lie in the file. Throws a sentence when they cannot be read. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes in memory as a file. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Values of which those that were used last are kept, up to a limit on the sum of their weights. */
export class Recent<K, V> {
  private readonly entries = new Map<K, { readonly value: V; readonly weight: number }>();
  private total = 0;

  constructor(
    private readonly limit: number,
    private readonly weigh: (value: V) => number,
  ) {}

  /** The value of a key, made if it is not there. */
  get(key: K, make: () => V): V {
    const known = this.entries.get(key);
    if (known !== undefined) {
      // The order of a map is that of its insertions: the first entry is the one that was not used for longest.
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.value;
    }
    const value = make();
    const weight = this.weigh(value);
    this.entries.set(key, { value, weight });
    this.total += weight;
    for (const [oldest, entry] of this.entries) {
      if (this.total <= this.limit || oldest === key) break;
      this.entries.delete(oldest);
      this.total -= entry.weight;
    }
    return value;
  }

  /** Sum of the weights of what is kept. */
  get weight(): number {
    return this.total;
  }
}

/** A part of a section that is at hand: its bytes, and the offset in the section of the first of them. */
export interface Window {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function windowOf(start: number, bytes: Uint8Array): Window {
  return { start, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

const PAGE = 2 ** 16;
/** Sections up to this are read as a whole when they are first used. */
const SMALL = 2 ** 22;
/** Pages of one file that are kept. */
const MOST_PAGES = 2 ** 25;

export type Pages = Recent<number, Window>;

export function newPages(): Pages {
  return new Recent(MOST_PAGES, ({ bytes }) => bytes.length);
}

const decoder = new TextDecoder();

/** The zero-terminated string at an offset of an array; what is outside of the bytes ends it. */
export function stringAt(bytes: Uint8Array, offset: number): string {
  if (offset >= bytes.length) return '';
  const end = bytes.indexOf(0, offset);
  return textOf(bytes, offset, end < 0 ? bytes.length : end);
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  // Most names are short and plain: a decoder costs more than they do.
  if (to - from > 64) return decoder.decode(bytes.subarray(from, to));
  let text = '';
  for (let at = from; at < to; at++) {
    const code = bytes[at];
    if (code >= 0x80) return decoder.decode(bytes.subarray(from, to));
    text += String.fromCharCode(code);
  }
  return text;
}

/** A section of a file: small ones are read once, large ones by pages of which the last used are kept. */
export class Bytes {
  private whole: Window | undefined;

  constructor(
    private readonly source: ByteSource,
    private readonly base: number,
    readonly length: number,
    /** Shared by the sections of a file. */
    private readonly pages: Pages,
  ) {}

  static of(bytes: Uint8Array): Bytes {
    const section = new Bytes(sourceOf(bytes), 0, bytes.length, newPages());
    section.whole = windowOf(0, bytes);
    return section;
  }

  /** A window with at least so many bytes from an offset on. Throws a `RangeError` when the section ends before. */
  window(offset: number, least: number): Window {
    if (!(offset >= 0 && offset + least <= this.length)) throw outside();
    if (this.length <= SMALL) this.whole ??= windowOf(0, this.source.read(this.base, this.length));
    if (this.whole !== undefined) return this.whole;
    const first = Math.floor(offset / PAGE) * PAGE;
    const length = Math.min(PAGE, this.length - first);
    if (offset + least <= first + length)
      return this.pages.get(this.base + first, () => windowOf(first, this.source.read(this.base + first, length)));
    return windowOf(
      offset,
      this.source.read(this.base + offset, Math.max(least, Math.min(PAGE, this.length - offset))),
    );
  }

  /** A part of the section; it is read anew at each call where the section is large. */
  slice(offset: number, length: number): Uint8Array {
    if (this.length <= SMALL || this.whole !== undefined)
      return this.window(offset, length).bytes.subarray(offset, offset + length);
    if (!(offset >= 0 && offset + length <= this.length)) throw outside();
    return this.source.read(this.base + offset, length);
  }

  /** The zero-terminated string at an offset; empty outside of the section. */
  string(offset: number): string {
    if (offset < 0 || offset >= this.length) return '';
    for (let length = 256; ; length *= 4) {
      const { start, bytes } = this.window(offset, Math.min(length, this.length - offset));
      const end = bytes.indexOf(0, offset - start);
      if (end >= 0 || start + bytes.length >= this.length)
        return textOf(bytes, offset - start, end < 0 ? bytes.length : end);
    }
  }
}

function outside(): RangeError {
  return new RangeError('The debug information points to a place outside of its section.');
}
