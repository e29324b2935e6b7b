/** Recognises and reads ELF images (System V ABI; ELF for the Arm 64-bit Architecture, IHI 0056). */

import { hex } from '../device.ts';
import type { Segment } from './plan.ts';

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const PT_LOAD = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_AARCH64 = 183;
/** Names of machines that somebody may try. */
const MACHINES: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  40: '32-bit Arm',
  62: 'x86-64',
  243: 'RISC-V',
  258: 'LoongArch',
};

export function isElf(image: Uint8Array): boolean {
  return image.length >= 4 && image[0] === 0x7f && image[1] === 0x45 && image[2] === 0x4c && image[3] === 0x46;
}

/** The loadable segments at their physical addresses, and the PA of the entry point. Throws a sentence. */
export function readElf(image: Uint8Array, name: string): { entry: number; segments: Segment[] } {
  const truncated = (what: string): never => {
    throw new Error(`${name} is a truncated ELF file: ${what} of its ${image.length} bytes; copy or build it again.`);
  };
  if (image.length < 20) truncated('the header reaches over the end');
  if (image[4] !== CLASS_64) throw new Error(`${name} is a 32-bit ELF file; the machine runs 64-bit AArch64 images.`);
  if (image[5] !== LITTLE_ENDIAN) {
    throw new Error(`${name} is a big-endian ELF file; the machine runs little-endian images.`);
  }
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  const machine = view.getUint16(18, true);
  if (machine !== EM_AARCH64) {
    const known = MACHINES[machine] ?? `machine number ${machine}`;
    throw new Error(`${name} is an ELF file for ${known}; the machine runs AArch64 images.`);
  }
  if (image.length < HEADER_BYTES) truncated('the header reaches over the end');
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) {
    throw new Error(`${name} is an ELF file of type ${type}, which cannot be run; link it to an executable first.`);
  }
  const virtualEntry = view.getBigUint64(24, true);
  const table = view.getBigUint64(32, true);
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (count > 0 && size < PROGRAM_HEADER_BYTES) {
    throw new Error(
      `${name} is a damaged ELF file: its program headers have ${size} bytes instead of ${PROGRAM_HEADER_BYTES}.`,
    );
  }
  if (table + BigInt(size * count) > BigInt(image.length)) truncated('the program headers reach over the end');

  let entry = virtualEntry;
  const segments: Segment[] = [];
  for (let index = 0; index < count; index++) {
    const at = Number(table) + index * size;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = view.getBigUint64(at + 8, true);
    const va = view.getBigUint64(at + 16, true);
    const pa = view.getBigUint64(at + 24, true);
    const fileBytes = view.getBigUint64(at + 32, true);
    const memoryBytes = view.getBigUint64(at + 40, true);
    if (offset + fileBytes > BigInt(image.length)) truncated(`segment ${index} reaches over the end`);
    if (memoryBytes === 0n) continue;
    if (fileBytes > memoryBytes) {
      throw new Error(`${name} is a damaged ELF file: segment ${index} has more bytes in the file than in memory.`);
    }
    if (pa + memoryBytes > 1n << 52n) {
      throw new Error(`${name} has segment ${index} at PA ${hex(pa)}, which is above every physical address.`);
    }
    // The entry is a virtual address; where it lies in a segment that is linked elsewhere, the load address counts.
    if (virtualEntry >= va && virtualEntry < va + memoryBytes) entry = virtualEntry - va + pa;
    segments.push({
      what: `segment ${index} of ${name}`,
      pa: Number(pa),
      data: image.subarray(Number(offset), Number(offset + fileBytes)),
      bytes: Number(memoryBytes),
    });
  }
  if (segments.length === 0) throw new Error(`${name} is an ELF file without a segment to load.`);
  return { entry: Number(entry), segments };
}
