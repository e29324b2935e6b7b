/**
 * Pages that snapshots keep. They are in a memory that grows in place and costs nothing before it is used, so that saving
 * one is a copy; an array buffer would be zeroed first.
 */

export const PAGE_BYTES = 4096;
/** WebAssembly pages, of 64 KiB each, by which it grows. */
const GROWTH = 64;
const MOST = 65536;

export class SavedPages {
  readonly #memory = new WebAssembly.Memory({ initial: 0, maximum: MOST });
  #bytes = new Uint8Array(this.#memory.buffer);
  readonly #free: number[] = [];
  /** Pages that were in use at some time. */
  #used = 0;
  #count = 0;

  /** Pages that are kept. */
  get count(): number {
    return this.#count;
  }

  /** Copies the page at an address of a memory; returns its number here. */
  save(memory: Uint8Array, at: number): number {
    const page = this.#free.pop() ?? this.#used++;
    if ((page + 1) * PAGE_BYTES > this.#bytes.length) {
      this.#memory.grow(GROWTH);
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    this.#bytes.set(memory.subarray(at, at + PAGE_BYTES), page * PAGE_BYTES);
    this.#count++;
    return page;
  }

  /** Copies a page back. */
  load(page: number, memory: Uint8Array, at: number): void {
    memory.set(this.#bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), at);
  }

  free(page: number): void {
    this.#free.push(page);
    this.#count--;
  }
}
