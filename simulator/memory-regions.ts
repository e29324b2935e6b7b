/** Tells the engine which physical addresses are memory, fills it, and keeps the flash that code runs from up to date. */

import { FLASH_BLOCK, type Flash } from './board/devices/flash.ts';
import { VIRT_MAP } from './board/virt-map.ts';
import type { Engine } from './engine/engine.ts';
import {
  EXIT_REQUEST,
  REGION_BASE,
  REGION_FLAGS,
  REGION_HOST,
  REGION_READ_ONLY,
  REGION_SIZE,
  REGIONS,
} from './engine/layout.ts';
import type { MemoryRange, PhysicalMemory } from './physical-memory.ts';

/** Bytes of a row of REGIONS. */
const REGION_BYTES = 32;

export class MemoryRegions {
  readonly #engine: Engine;
  readonly #physical: PhysicalMemory;
  readonly #banks: readonly [Flash, Flash];

  constructor(engine: Engine, physical: PhysicalMemory, banks: readonly [Flash, Flash]) {
    this.#engine = engine;
    this.#physical = physical;
    this.#banks = banks;
  }

  /** Makes all memory known. The first bank of flash is memory as long as it answers reads with its contents. */
  announce(): void {
    const { flash } = this.#physical;
    for (const range of this.#physical.ranges) this.#set(range, true);
    if (!flash) return;
    const [bank] = this.#banks;
    bank.onMode = readable => {
      this.#set(flash, readable);
      this.#engine.core.flushAll();
      // The page that is executed is fetched anew at once, which the beginning of a slice does.
      this.#engine.u32[EXIT_REQUEST >> 2] = 1;
    };
    bank.onChange = (offset, data) => this.#show(flash, offset, data);
  }

  #set(range: MemoryRange, readable: boolean): void {
    const { u32, u64 } = this.#engine;
    const region = REGIONS + this.#physical.ranges.indexOf(range) * REGION_BYTES;
    u64[(region + REGION_BASE) >> 3] = BigInt(range.base);
    u64[(region + REGION_SIZE) >> 3] = BigInt(readable ? range.size : 0);
    u32[(region + REGION_HOST) >> 2] = range.host;
    u32[(region + REGION_FLAGS) >> 2] = range.writable ? 0 : REGION_READ_ONLY;
  }

  #show(flash: MemoryRange, offset: number, data: Uint8Array): void {
    this.#engine.u8.set(data, flash.host + offset);
    this.#engine.records.changed(flash.host + offset, data.length);
  }

  /** Puts a part of an image where it belongs, before the machine runs. */
  load(pa: number, data: Uint8Array): void {
    const host = this.#physical.hostOf(pa);
    const { flash } = this.#physical;
    if (host !== undefined && this.#physical.isWritable(host)) {
      this.#engine.core.beforeHostWrite(BigInt(pa), data.length);
      this.#engine.u8.set(data, host);
      return;
    }
    const bank = pa < VIRT_MAP.flash1.base ? 0 : 1;
    this.#banks[bank].load(data);
    if (bank === 0 && flash) {
      this.#engine.u8.fill(0xff, flash.host, flash.host + flash.size);
      this.#engine.u8.set(data, flash.host + pa - flash.base);
    }
  }

  /** Has `restore` take the flash back to a snapshot, and shows what that changes. */
  restoring(restore: () => void): void {
    const [bank] = this.#banks;
    const changed = [...bank.changed.keys()];
    restore();
    const { flash } = this.#physical;
    if (!flash) return;
    for (const block of [...changed, ...bank.changed.keys()])
      this.#show(flash, block * FLASH_BLOCK, bank.contents(block * FLASH_BLOCK, FLASH_BLOCK));
  }
}
