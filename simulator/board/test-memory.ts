/** RAM for unit tests of devices that do DMA. */

import { type GuestMemory, hex } from './device.ts';

export class TestMemory implements GuestMemory {
  readonly base: number;
  readonly bytes: number;
  readonly data: Uint8Array;
  readonly #view: DataView;

  constructor(base: number, bytes: number) {
    this.base = base;
    this.bytes = bytes;
    this.data = new Uint8Array(bytes);
    this.#view = new DataView(this.data.buffer);
  }

  #at(pa: number, length: number): number {
    if (pa < this.base || pa + length > this.base + this.bytes) {
      throw new Error(`There is no RAM at ${hex(pa)} for ${length} bytes.`);
    }
    return pa - this.base;
  }

  read(pa: number, length: number): Uint8Array {
    const at = this.#at(pa, length);
    return this.data.slice(at, at + length);
  }

  write(pa: number, data: Uint8Array): void {
    this.data.set(data, this.#at(pa, data.length));
  }

  readU16(pa: number): number {
    return this.#view.getUint16(this.#at(pa, 2), true);
  }

  readU32(pa: number): number {
    return this.#view.getUint32(this.#at(pa, 4), true);
  }

  readU64(pa: number): bigint {
    return this.#view.getBigUint64(this.#at(pa, 8), true);
  }

  writeU16(pa: number, value: number): void {
    this.#view.setUint16(this.#at(pa, 2), value, true);
  }

  writeU32(pa: number, value: number): void {
    this.#view.setUint32(this.#at(pa, 4), value, true);
  }

  writeU64(pa: number, value: bigint): void {
    this.#view.setBigUint64(this.#at(pa, 8), value, true);
  }

  as(): GuestMemory {
    return this;
  }
}
