/**
 * What the machine around the PE is made of: devices, the bus that finds them, and what the machine gives them
 * (memory, time, interrupt lines). Everything here is a pure function of what the guest and the input log do: no device
 * reads the host's clock or draws a random number.
 */

/** Bytes of one device access. An 8-byte access reaches a device as two of 4, the low word first. */
export type AccessSize = 1 | 2 | 4;

export interface Device {
  readonly name: string;
  /** The value, zero-extended, of `bytes` bytes at `offset` from the device's base. Reading may have effects. */
  read(offset: number, bytes: AccessSize): number;
  write(offset: number, bytes: AccessSize, value: number): void;
  /** Writes change the device, its interrupts and the console, but neither memory nor when something is due. */
  readonly contained?: boolean;
  /** The whole state, as a value that `structuredClone` can copy and that nothing changes later. */
  snapshot(): unknown;
  /** Takes what `snapshot` of the same kind of device gave. */
  restore(state: unknown): void;
}

/** One row of the memory map. */
export interface Region {
  /** PA of the first byte. */
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  readonly device: Device;
}

/** Guest RAM as devices see it (DMA), and as the loader fills it. Every method throws a sentence outside of RAM. */
export interface GuestMemory {
  /** PA of the first byte. */
  readonly base: number;
  /** Size. */
  readonly bytes: number;
  /** A copy of `length` bytes. */
  read(pa: number, length: number): Uint8Array;
  write(pa: number, data: Uint8Array): void;
  readU16(pa: number): number;
  readU32(pa: number): number;
  readU64(pa: number): bigint;
  writeU16(pa: number, value: number): void;
  writeU32(pa: number, value: number): void;
  writeU64(pa: number, value: bigint): void;
  /** The same memory for a device of a name, by which a debugger knows who wrote. */
  as(name: string): GuestMemory;
}

/** Interrupt inputs of the PEs. The interrupt controller calls it when one of the four levels changes. */
export interface PeLines {
  setLines(pe: number, irq: boolean, fiq: boolean, virq: boolean, vfiq: boolean): void;
}

/** Modelled time. */
export interface Clock {
  /** The physical count (CNTPCT_EL0) as a PE sees it at this moment, in ticks of `COUNTER_FREQUENCY`. */
  ticks(pe: number): number;
}

/** CNTFRQ_EL0 in Hz, as images built for the `virt` board of QEMU find it. */
export const COUNTER_FREQUENCY = 62_500_000;

/** An interrupt output of a device. */
export type InterruptLine = (level: boolean) => void;

/** The devices by physical address. */
export class Bus {
  /** Sorted by base, without overlap. */
  readonly regions: readonly Region[];
  #last: Region | undefined;

  /** Throws a sentence when two regions overlap. */
  constructor(regions: readonly Region[]) {
    this.regions = [...regions].sort((a, b) => a.base - b.base);
    for (let i = 1; i < this.regions.length; i++) {
      const low = this.regions[i - 1];
      const high = this.regions[i];
      if (low.base + low.size > high.base) {
        throw new Error(`The devices ${low.device.name} and ${high.device.name} overlap at ${hex(high.base)}.`);
      }
    }
  }

  /** The region that a PA lies in; undefined for a hole, where the access takes an external abort. */
  find(pa: number): Region | undefined {
    const last = this.#last;
    if (last !== undefined && pa >= last.base && pa - last.base < last.size) return last;
    let low = 0;
    let high = this.regions.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const region = this.regions[middle];
      if (pa < region.base) high = middle - 1;
      else if (pa - region.base >= region.size) low = middle + 1;
      else {
        this.#last = region;
        return region;
      }
    }
    return undefined;
  }

  /** Reads 1, 2 or 4 bytes; undefined for a hole. */
  read(pa: number, bytes: AccessSize): number | undefined {
    const region = this.find(pa);
    return region?.device.read(pa - region.base, bytes);
  }

  /** Writes 1, 2 or 4 bytes; false for a hole. */
  write(pa: number, bytes: AccessSize, value: number): boolean {
    const region = this.find(pa);
    if (region === undefined) return false;
    region.device.write(pa - region.base, bytes, value);
    return true;
  }
}

/** A number as `0x…` in messages. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** The bytes of a 32-bit register that an access at `offset` asks for. */
export function part(word: number, offset: number, bytes: AccessSize): number {
  const shifted = word >>> (8 * (offset & 3));
  return bytes === 4 ? shifted >>> 0 : bytes === 2 ? shifted & 0xffff : shifted & 0xff;
}

/** A device's register values at 4-byte offsets, read only, such as the identification registers of a PrimeCell. */
export function identification(first: number, values: readonly number[]) {
  return {
    /** Undefined where there is none. */
    get(offset: number): number | undefined {
      const index = (offset - first) / 4;
      return index >= 0 ? values[index] : undefined;
    },
  };
}

/** Copies the named fields of an object, for `Device.snapshot`. */
export function saveFields<T extends object>(
  object: T,
  fields: readonly (keyof T & string)[],
): Record<string, unknown> {
  const state: Record<string, unknown> = {};
  for (const field of fields) state[field] = copyOf(object[field]);
  return state;
}

/** As `structuredClone` of what devices consist of, which is slow for so small values. */
function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return (value as unknown as Uint8Array).slice() as unknown as T;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copyOf(one)])) as T;
  if (value instanceof Set) return new Set([...value].map(copyOf)) as T;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) copy[key] = copyOf((value as Record<string, unknown>)[key]);
  return copy as T;
}

/** Puts back what `saveFields` copied; a typed array keeps its identity. */
export function restoreFields<T extends object>(
  object: T,
  fields: readonly (keyof T & string)[],
  state: unknown,
): void {
  const saved = state as Record<string, unknown>;
  for (const field of fields) {
    const present = object[field] as unknown;
    const value = saved[field];
    if (ArrayBuffer.isView(present) && 'set' in present) (present as Uint32Array).set(value as Uint32Array);
    else object[field] = copyOf(value) as T[typeof field];
  }
}
