/** The configuration device that firmware for QEMU's boards reads (QEMU: docs/specs/fw_cfg), memory-mapped, with DMA. */

import { type AccessSize, type Device, type GuestMemory, restoreFields, saveFields } from '../device.ts';

const DATA = 0;
const SELECTOR = 8;
const DMA = 16;

const KEY_SIGNATURE = 0x00;
const KEY_ID = 0x01;
const KEY_PE_COUNT = 0x05;
const KEY_MAXIMUM_PES = 0x0f;
const KEY_DIRECTORY = 0x19;
const KEY_FIRST_FILE = 0x20;
const DIRECTORY_ENTRY = 64;
const NAME_BYTES = 56;

/** Traditional interface and DMA. */
const FEATURES = 3;
const DMA_SIGNATURE = new TextEncoder().encode('QEMU CFG');
const DMA_ERROR = 1;
const DMA_READ = 2;
const DMA_SKIP = 4;
const DMA_SELECT = 8;
const DMA_WRITE = 16;

const FIELDS = ['key', 'position', 'dmaHigh'] as const;

function little(value: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => value >>> (8 * index));
}

export class FwCfg implements Device {
  readonly name = 'fw_cfg';
  key = 0;
  position = 0;
  dmaHigh = 0;
  readonly #items = new Map<number, Uint8Array>();
  readonly #memory: GuestMemory;

  /** `files` by name, such as `opt/org.example/name`. */
  constructor(memory: GuestMemory, pes: number, files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#memory = memory;
    this.#items.set(KEY_SIGNATURE, new TextEncoder().encode('QEMU'));
    this.#items.set(KEY_ID, little(FEATURES, 4));
    this.#items.set(KEY_PE_COUNT, little(pes, 2));
    this.#items.set(KEY_MAXIMUM_PES, little(pes, 2));
    const directory = new Uint8Array(4 + DIRECTORY_ENTRY * files.size);
    const view = new DataView(directory.buffer);
    view.setUint32(0, files.size);
    let index = 0;
    for (const [name, data] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const at = 4 + DIRECTORY_ENTRY * index;
      view.setUint32(at, data.length);
      view.setUint16(at + 4, KEY_FIRST_FILE + index);
      directory.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES - 1), at + 8);
      this.#items.set(KEY_FIRST_FILE + index, data);
      index++;
    }
    this.#items.set(KEY_DIRECTORY, directory);
  }

  read(offset: number, bytes: AccessSize): number {
    let value = 0;
    if (offset < SELECTOR) {
      // The data register keeps the order of the bytes, whatever the width.
      for (let i = 0; i < bytes; i++) value |= this.#next() << (8 * i);
    } else if (offset >= DMA) {
      for (let i = 0; i < bytes; i++) value |= (DMA_SIGNATURE[offset - DMA + i] ?? 0) << (8 * i);
    }
    return value >>> 0;
  }

  #next(): number {
    return this.#items.get(this.key)?.[this.position++] ?? 0;
  }

  /** Selector and DMA address are big-endian. */
  write(offset: number, bytes: AccessSize, value: number): void {
    if (offset === DATA) return; // Nothing can be written since QEMU 2.4.
    if (offset === SELECTOR && bytes === 2) {
      this.#select(((value & 0xff) << 8) | (value >>> 8));
    } else if (offset === DMA && bytes === 4) {
      this.dmaHigh = swap(value);
    } else if (offset === DMA + 4 && bytes === 4) {
      this.#transfer(this.dmaHigh * 2 ** 32 + swap(value));
      this.dmaHigh = 0;
    }
  }

  #select(key: number): void {
    this.key = key & 0x3fff;
    this.position = 0;
  }

  /** Carries out the FWCfgDmaAccess structure at a PA: control, length, address, all big-endian. */
  #transfer(at: number): void {
    let result = 0;
    try {
      const access = this.#memory.read(at, 16);
      const view = new DataView(access.buffer, access.byteOffset);
      const control = view.getUint32(0);
      const length = view.getUint32(4);
      const address = Number(view.getBigUint64(8));
      if (control & DMA_SELECT) this.#select(control >>> 16);
      const item = this.#items.get(this.key) ?? new Uint8Array(0);
      if (control & DMA_READ) {
        if (address < this.#memory.base || address + length > this.#memory.base + this.#memory.bytes)
          result = DMA_ERROR;
        else {
          const data = new Uint8Array(length);
          data.set(item.subarray(this.position, this.position + length));
          this.#memory.write(address, data);
          this.position += length;
        }
      } else if (control & DMA_SKIP) this.position += length;
      else if (control & DMA_WRITE) result = DMA_ERROR;
      this.#memory.write(at, Uint8Array.of(0, 0, 0, result));
    } catch {
      // The structure itself is outside of RAM: there is nowhere to report that.
    }
  }

  snapshot(): unknown {
    return saveFields(this as FwCfg, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this as FwCfg, FIELDS, state);
  }
}

function swap(value: number): number {
  return ((value << 24) | ((value << 8) & 0xff0000) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
