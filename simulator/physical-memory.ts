/** Which physical addresses are memory, and where the engine keeps their bytes: RAM, secure RAM, flash, back to back. */

import { VIRT_MAP } from './board/virt-map.ts';
import { RAM, RAM_BASE } from './engine/layout.ts';

export interface MemoryRange {
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  /** Address of the first byte in the engine's memory. */
  readonly host: number;
  /** Flash is not: a store to it is a command to the device. */
  readonly writable: boolean;
}

export class PhysicalMemory {
  readonly ram: MemoryRange;
  /** Beside a firmware at EL3. Its stores are not kept from others: security of memory is not modelled. */
  readonly secureRam: MemoryRange | undefined;
  /** The first flash bank, when code runs from it. */
  readonly flash: MemoryRange | undefined;
  readonly ranges: readonly MemoryRange[];
  /** Bytes of all, and of those that stores change, which come first. */
  readonly bytes: number;
  readonly writableBytes: number;

  constructor(ramBytes: number, has: { readonly secureRam: boolean; readonly flash: boolean }) {
    const { secureRam, flash0 } = VIRT_MAP;
    let host = RAM;
    const range = (base: number, size: number, writable: boolean): MemoryRange => {
      host += size;
      return { base, size, host: host - size, writable };
    };
    this.ram = range(RAM_BASE, ramBytes, true);
    this.secureRam = has.secureRam ? range(secureRam.base, secureRam.size, true) : undefined;
    this.writableBytes = host - RAM;
    this.flash = has.flash ? range(flash0.base, flash0.size, false) : undefined;
    this.bytes = host - RAM;
    this.ranges = [this.ram, this.secureRam, this.flash].filter(one => one !== undefined);
  }

  /** Where the byte at a PA is in the engine's memory; undefined when no memory is there. */
  hostOf(pa: number): number | undefined {
    const range = this.ranges.find(({ base, size }) => pa >= base && pa < base + size);
    return range && pa - range.base + range.host;
  }

  /** The PA of a byte of the engine's memory that `hostOf` gave. */
  addressOf(at: number): number {
    const range = this.ranges.find(({ host, size }) => at >= host && at < host + size) ?? this.ram;
    return at - range.host + range.base;
  }

  isWritable(at: number): boolean {
    return at < RAM + this.writableBytes;
  }
}
