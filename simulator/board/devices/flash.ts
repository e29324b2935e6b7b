/**
 * A bank of NOR flash with the Intel command set (CFI 1.4, JEP137 command set 0x0001): two 16-bit chips side by side on
 * a 32-bit bus, as on the `virt` board of QEMU. Programming and erasing finish at once.
 */

import { type AccessSize, type Device, restoreFields, saveFields } from '../device.ts';

/** Bytes of an erase block of the bank: 128 KiB of each chip. */
export const FLASH_BLOCK = 0x4_0000;
const WORD = 4;
/** Bytes of the write buffer of the bank. */
const BUFFER_BYTES = 2048;

const STATUS_READY = 0x80;
const STATUS_ERASE_ERROR = 0x20;
const STATUS_PROGRAM_ERROR = 0x10;

/** What the bank answers to reads, or what it waits for. */
type Mode = 'array' | 'status' | 'identify' | 'query' | 'program' | 'erase' | 'count' | 'buffer' | 'confirm' | 'lock';

const FIELDS = ['mode', 'status', 'bufferLeft', 'bufferBase', 'bufferWrites', 'changed'] as const;

export class Flash implements Device {
  readonly name: string;
  readonly bytes: number;
  mode: Mode = 'array';
  status = STATUS_READY;
  bufferLeft = 0;
  bufferBase = -1;
  bufferWrites: [number, number, AccessSize][] = [];
  /** Blocks that differ from the image the bank was loaded with, by number. */
  changed = new Map<number, Uint8Array>();
  /** Called when reads stop or begin again to give the contents, so that code can be run from a copy meanwhile. */
  onMode: ((readable: boolean) => void) | undefined;
  /** Called when a block was programmed or erased: offset of the block and its new contents. */
  onChange: ((offset: number, data: Uint8Array) => void) | undefined;
  #image: Uint8Array = new Uint8Array(0);
  readonly #query: readonly number[];

  constructor(name: string, bytes: number) {
    this.name = name;
    this.bytes = bytes;
    this.#query = queryTable(bytes / 2);
  }

  /** Puts an image at the start of the bank, before the machine runs. The rest of it is erased. */
  load(image: Uint8Array): void {
    this.#image = image;
    this.changed.clear();
  }

  /** The contents, whatever mode the bank is in. */
  contents(offset: number, length: number): Uint8Array {
    const data = new Uint8Array(length);
    for (let i = 0; i < length; i++) data[i] = this.#byte(offset + i);
    return data;
  }

  #byte(offset: number): number {
    const block = this.changed.get(Math.floor(offset / FLASH_BLOCK));
    if (block !== undefined) return block[offset % FLASH_BLOCK];
    return offset < this.#image.length ? this.#image[offset] : 0xff;
  }

  read(offset: number, bytes: AccessSize): number {
    let word: number;
    switch (this.mode) {
      case 'array': {
        let value = 0;
        for (let i = 0; i < bytes; i++) value |= this.#byte(offset + i) << (8 * i);
        return value >>> 0;
      }
      case 'identify':
        word = both([0x89, 0x18, 0][Math.min(offset >> 2, 2)]);
        break;
      case 'query':
        word = both(this.#query[offset >> 2] ?? 0);
        break;
      default:
        word = both(this.status);
    }
    word >>>= 8 * (offset & 3);
    return (bytes === 4 ? word : bytes === 2 ? word & 0xffff : word & 0xff) >>> 0;
  }

  write(offset: number, bytes: AccessSize, value: number): void {
    const command = value & 0xff;
    switch (this.mode) {
      case 'program':
        this.#program(offset, bytes, value);
        this.#enter('status');
        return;
      case 'erase':
        if (command === 0xd0) this.#erase(offset);
        else this.status |= STATUS_ERASE_ERROR | STATUS_PROGRAM_ERROR;
        this.#enter('status');
        return;
      case 'lock':
        // Blocks are never locked: 0x01 locks, 0xD0 unlocks, both without effect.
        this.#enter('status');
        return;
      case 'count':
        // Each chip counts its own words, which the bus interleaves.
        this.bufferLeft = (value & 0xffff) + 1;
        this.bufferBase = -1;
        this.bufferWrites = [];
        if (this.bufferLeft * WORD > BUFFER_BYTES) {
          this.status |= STATUS_PROGRAM_ERROR;
          this.#enter('status');
        } else this.#enter('buffer');
        return;
      case 'buffer': {
        const base = Math.floor(offset / BUFFER_BYTES);
        if (this.bufferBase < 0) this.bufferBase = base;
        if (base === this.bufferBase) this.bufferWrites.push([offset, value, bytes]);
        else this.status |= STATUS_PROGRAM_ERROR;
        if (--this.bufferLeft === 0) this.#enter('confirm');
        return;
      }
      case 'confirm':
        if (command === 0xd0) for (const [at, data, size] of this.bufferWrites) this.#program(at, size, data);
        else this.status |= STATUS_PROGRAM_ERROR;
        this.bufferWrites = [];
        this.#enter('status');
        return;
      default:
        this.#command(command);
    }
  }

  #command(command: number): void {
    switch (command) {
      case 0x00:
      case 0xf0:
      case 0xff:
        this.#enter('array');
        break;
      case 0x10:
      case 0x40:
        this.#enter('program');
        break;
      case 0x20:
        this.#enter('erase');
        break;
      case 0x50:
        this.status = STATUS_READY;
        break;
      case 0x60:
        this.#enter('lock');
        break;
      case 0x70:
        this.#enter('status');
        break;
      case 0x90:
        this.#enter('identify');
        break;
      case 0x98:
        this.#enter('query');
        break;
      case 0xe8:
        this.#enter('count');
        break;
    }
  }

  #enter(mode: Mode): void {
    const before = this.mode === 'array';
    this.mode = mode;
    if (before !== (mode === 'array')) this.onMode?.(mode === 'array');
  }

  #block(offset: number): { number: number; data: Uint8Array } {
    const number = Math.floor(offset / FLASH_BLOCK);
    let data = this.changed.get(number);
    if (data === undefined) {
      data = this.contents(number * FLASH_BLOCK, FLASH_BLOCK);
      this.changed.set(number, data);
    }
    return { number, data };
  }

  /** Programming only clears bits. */
  #program(offset: number, bytes: AccessSize, value: number): void {
    const { number, data } = this.#block(offset);
    for (let i = 0; i < bytes; i++) data[(offset + i) % FLASH_BLOCK] &= value >>> (8 * i);
    this.onChange?.(number * FLASH_BLOCK, data);
  }

  #erase(offset: number): void {
    const { number, data } = this.#block(offset);
    data.fill(0xff);
    this.onChange?.(number * FLASH_BLOCK, data);
  }

  /** Without the image that the bank was loaded with. */
  snapshot(): unknown {
    return saveFields(this as Flash, FIELDS);
  }

  restore(state: unknown): void {
    const before = new Set(this.changed.keys());
    restoreFields(this as Flash, FIELDS, state);
    for (const number of new Set([...before, ...this.changed.keys()])) {
      this.onChange?.(number * FLASH_BLOCK, this.contents(number * FLASH_BLOCK, FLASH_BLOCK));
    }
    this.onMode?.(this.mode === 'array');
  }
}

/** A value that both chips of the bank give. */
function both(value: number): number {
  return ((value << 16) | value) >>> 0;
}

/** The CFI query structure of one chip of `bytes` bytes, by word address. */
function queryTable(bytes: number): number[] {
  const table = new Array<number>(0x40).fill(0);
  const put = (at: number, ...values: number[]): void => {
    for (const [index, value] of values.entries()) table[at + index] = value;
  };
  const blockOfChip = FLASH_BLOCK / 2;
  const blocks = bytes / blockOfChip;
  put(0x10, 0x51, 0x52, 0x59); // "QRY"
  put(0x13, 0x01, 0x00); // Intel extended command set
  put(0x15, 0x31, 0x00); // its table, below
  put(0x1b, 0x45, 0x55, 0x00, 0x00); // supply voltages
  put(0x1f, 0x07, 0x07, 0x0a, 0x00); // typical times of word, buffer, block, chip
  put(0x23, 0x04, 0x04, 0x04, 0x00); // and how much longer at most
  put(0x27, Math.log2(bytes));
  put(0x28, 0x02, 0x00); // 8 and 16 bits wide
  put(0x2a, Math.log2(BUFFER_BYTES / 2), 0x00);
  put(0x2c, 0x01); // one region of equal blocks
  put(0x2d, (blocks - 1) & 0xff, (blocks - 1) >> 8, (blockOfChip >> 8) & 0xff, blockOfChip >> 16);
  put(0x31, 0x50, 0x52, 0x49, 0x31, 0x30); // "PRI", version 1.0
  return table;
}
