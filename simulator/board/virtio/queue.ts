/** A split virtqueue in guest memory (Virtual I/O Device 1.2, section 2.7). */

import { type GuestMemory, restoreFields, saveFields } from '../device.ts';

/** Largest number of descriptors that the transport offers. */
export const MAXIMUM_QUEUE = 1024;
/** No chain carries more than this, whatever its descriptors say. */
const MAXIMUM_CHAIN_BYTES = 0x400_0000;

const DESCRIPTOR_BYTES = 16;
const NEXT = 1;
const WRITE = 2;
const NO_INTERRUPT = 1;

const FIELDS = ['size', 'ready', 'descriptors', 'driver', 'device', 'nextAvailable'] as const;

/** One buffer that the driver made available. */
export interface Chain {
  readonly head: number;
  /** What the device may read, gathered. */
  readonly readable: Uint8Array;
  /** Where the device may write. */
  readonly writable: readonly { readonly pa: number; readonly bytes: number }[];
  readonly writableBytes: number;
}

export class VirtQueue {
  /** Descriptors, a power of two. */
  size = MAXIMUM_QUEUE;
  ready = false;
  /** PAs of the three areas. */
  descriptors = 0n;
  driver = 0n;
  device = 0n;
  /** Free-running index of the next available entry to take. */
  nextAvailable = 0;
  readonly #memory: GuestMemory;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  reset(): void {
    this.size = MAXIMUM_QUEUE;
    this.ready = false;
    this.descriptors = 0n;
    this.driver = 0n;
    this.device = 0n;
    this.nextAvailable = 0;
  }

  /** The next available buffer; undefined when there is none. Throws a sentence when the queue is damaged. */
  take(): Chain | undefined {
    if (!this.ready) return undefined;
    const driver = Number(this.driver);
    if (this.#memory.readU16(driver + 2) === this.nextAvailable) return undefined;
    const head = this.#memory.readU16(driver + 4 + 2 * (this.nextAvailable % this.size));
    this.nextAvailable = (this.nextAvailable + 1) & 0xffff;

    const parts: Uint8Array[] = [];
    const writable: { pa: number; bytes: number }[] = [];
    let readableBytes = 0;
    let writableBytes = 0;
    for (let index = head, seen = 0; ; seen++) {
      if (index >= this.size || seen === this.size)
        throw new Error('A virtqueue has a chain of descriptors without end.');
      const at = Number(this.descriptors) + index * DESCRIPTOR_BYTES;
      const pa = Number(this.#memory.readU64(at));
      const bytes = this.#memory.readU32(at + 8);
      const flags = this.#memory.readU16(at + 12);
      if (readableBytes + writableBytes + bytes > MAXIMUM_CHAIN_BYTES)
        throw new Error('A virtqueue has a buffer that is too large.');
      if (flags & WRITE) {
        writable.push({ pa, bytes });
        writableBytes += bytes;
      } else {
        parts.push(this.#memory.read(pa, bytes));
        readableBytes += bytes;
      }
      if (!(flags & NEXT)) break;
      index = this.#memory.readU16(at + 14);
    }
    const readable = new Uint8Array(readableBytes);
    let offset = 0;
    for (const part of parts) {
      readable.set(part, offset);
      offset += part.length;
    }
    return { head, readable, writable, writableBytes };
  }

  /** Gives a buffer back with `data` in its writable part. True when the driver wants an interrupt for it. */
  give(chain: Chain, data: Uint8Array): boolean {
    let done = 0;
    for (const { pa, bytes } of chain.writable) {
      if (done === data.length) break;
      const piece = data.subarray(done, done + bytes);
      this.#memory.write(pa, piece);
      done += piece.length;
    }
    const device = Number(this.device);
    const index = this.#memory.readU16(device + 2);
    const entry = device + 4 + 8 * (index % this.size);
    this.#memory.writeU32(entry, chain.head);
    this.#memory.writeU32(entry + 4, done);
    this.#memory.writeU16(device + 2, (index + 1) & 0xffff);
    return (this.#memory.readU16(Number(this.driver)) & NO_INTERRUPT) === 0;
  }

  snapshot(): unknown {
    return saveFields(this as VirtQueue, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this as VirtQueue, FIELDS, state);
  }
}
