/** Images of the built-in systems for tests: read, changed in a variable or an instruction, and put into a machine. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ElfFile } from '../../debug-adapter/symbols/elf.ts';

const FOLDER = new URL('../../simulator/hypervisors/', import.meta.url);

/** An ELF file below `simulator/hypervisors`, such as `kvm-arm/split.elf`. */
export function readImage(elf: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(elf, FOLDER)));
}

export function addressOf(image: Uint8Array, name: string): bigint {
  const symbol = new ElfFile(image, name).symbols().find(candidate => candidate.name === name);
  assert.ok(symbol, `There is no symbol ${name}.`);
  return symbol.value;
}

/** The function that an address is in. */
export function functionAt(image: Uint8Array, address: bigint): string {
  const symbols = new ElfFile(image, 'image').symbols();
  return symbols.find(({ value, size }) => address >= value && address < value + BigInt(size))?.name ?? 'nowhere';
}

/** Writes 32 bits over a variable of the image, or over an instruction `within` bytes into a function. */
export function patch(image: Uint8Array, name: string, value: number, within = 0): void {
  const address = addressOf(image, name);
  const segment = new ElfFile(image, name).segments.find(
    ({ virtualAddress, fileSize }) => address >= virtualAddress && address < virtualAddress + BigInt(fileSize),
  );
  assert.ok(segment, `${name} is not in the file.`);
  const offset = segment.offset + Number(address - segment.virtualAddress);
  new DataView(image.buffer, image.byteOffset).setUint32(offset + within, value, true);
}
