/** Recognises a Linux `Image`, bare or compressed (Linux: Documentation/arch/arm64/booting.rst). */

import { gunzipSync } from 'fflate';
import { hex } from '../device.ts';

const HEADER_BYTES = 64;
/** "ARM\x64", little-endian, at offset 56. */
const MAGIC = 0x644d5241;
const FLAG_BIG_ENDIAN = 1n;
/** Where a kernel from before 3.17, which leaves image_size 0, wants to be. */
const OLD_TEXT_OFFSET = 0x8_0000;
/** Nothing compressed is let grow over this: 512 MiB. */
const MAXIMUM_IMAGE = 0x2000_0000;

/** A kernel may be put at any multiple of this plus its text offset. */
export const KERNEL_ALIGNMENT = 0x20_0000;

export interface LinuxImage {
  readonly data: Uint8Array;
  readonly textOffset: number;
  /** Bytes that the kernel uses from its start, with BSS. */
  readonly bytes: number;
}

/**
 * Unpacks an image that is gzip-compressed or an EFI zboot image around a gzip-compressed one; any other comes back as
 * it is. Throws a sentence when it is damaged or compressed in another way.
 */
export function unpack(image: Uint8Array, name: string): Uint8Array {
  if (image.length >= 32 && ascii(image, 0, 2) === 'MZ' && ascii(image, 4, 4) === 'zimg') {
    // Linux: drivers/firmware/efi/libstub/zboot-header.S: offset and size of the payload, name of the compression.
    const view = new DataView(image.buffer, image.byteOffset, image.length);
    const offset = view.getUint32(8, true);
    const size = view.getUint32(12, true);
    const end = image.indexOf(0, 24);
    const compression = ascii(image, 24, Math.min(end < 0 ? 32 : end, 32) - 24);
    if (compression !== 'gzip') {
      throw new Error(
        `${name} is an EFI zboot image compressed with ${compression}; only gzip can be unpacked, so give the Image itself.`,
      );
    }
    if (offset + size > image.length) {
      throw new Error(
        `${name} is a truncated EFI zboot image: it says ${offset + size} bytes and has ${image.length}.`,
      );
    }
    return gunzip(image.subarray(offset, offset + size), name);
  }
  return isGzip(image) ? gunzip(image, name) : image;
}

function isGzip(image: Uint8Array): boolean {
  return image.length >= 2 && image[0] === 0x1f && image[1] === 0x8b;
}

function gunzip(data: Uint8Array, name: string): Uint8Array {
  // The last word of a member is its size when unpacked.
  const size =
    data.length < 18 ? 0 : new DataView(data.buffer, data.byteOffset + data.length - 4, 4).getUint32(0, true);
  if (size > MAXIMUM_IMAGE) throw new Error(`${name} is damaged or too large: it says it unpacks to ${size} bytes.`);
  try {
    return gunzipSync(data, { out: new Uint8Array(size) });
  } catch (error) {
    throw new Error(
      `${name} begins like a gzip file but cannot be unpacked (${(error as Error).message}); copy or build it again.`,
    );
  }
}

function ascii(image: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...image.subarray(at, at + length));
}

/** The header of a Linux image; undefined when it is none. Throws a sentence for one that cannot be run. */
export function readLinuxImage(image: Uint8Array, name: string): LinuxImage | undefined {
  if (image.length < HEADER_BYTES) return undefined;
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  if (view.getUint32(56, true) !== MAGIC) return undefined;
  const textOffset = view.getBigUint64(8, true);
  const bytes = view.getBigUint64(16, true);
  const flags = view.getBigUint64(24, true);
  if (flags & FLAG_BIG_ENDIAN)
    throw new Error(`${name} is a big-endian Linux image; the machine runs little-endian ones.`);
  if (textOffset >= BigInt(KERNEL_ALIGNMENT) || bytes > BigInt(MAXIMUM_IMAGE)) {
    throw new Error(`${name} has a damaged Linux image header: text offset ${hex(textOffset)}, size ${hex(bytes)}.`);
  }
  if (bytes === 0n) return { data: image, textOffset: OLD_TEXT_OFFSET, bytes: image.length };
  return { data: image, textOffset: Number(textOffset), bytes: Math.max(Number(bytes), image.length) };
}
