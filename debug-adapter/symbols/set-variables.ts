/** Other values for variables of an image, before it is loaded. */

import { ElfFile } from './elf.ts';

/**
 * A copy of an ELF file in which 32-bit variables have other values. Throws a sentence for a name that the file has not, or
 * that has no bytes in it because it begins as zero.
 */
export function setVariables(image: Uint8Array, name: string, values: Readonly<Record<string, number>>): Uint8Array {
  const changed = image.slice();
  const elf = new ElfFile(changed, name);
  const symbols = elf.symbols();
  for (const [variable, value] of Object.entries(values)) {
    const address = symbols.find(symbol => symbol.name === variable)?.value;
    if (address === undefined) throw new Error(`${name} has no symbol ${variable} that could be set.`);
    const segment = elf.segments.find(
      ({ virtualAddress, fileSize }) => address >= virtualAddress && address + 4n <= virtualAddress + BigInt(fileSize),
    );
    if (!segment)
      throw new Error(`${variable} is not in ${name}: it begins as zero, and cannot be set before the start.`);
    const offset = segment.offset + Number(address - segment.virtualAddress);
    new DataView(changed.buffer).setUint32(offset, value, true);
  }
  return changed;
}
