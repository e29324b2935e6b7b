/**
 * Pages that snapshots keep. They are in few and large buffers, which the system gives out zeroed and page by page as they
 * are used: a page is a copy, and the garbage collector hears of memory once in 16,384 pages. It runs when it hears of
 * much, and a WebAssembly memory tells it its whole size each time that it grows.
 */

export const PAGE_BYTES = 4096;
/** Pages of a buffer. */
const BUFFER_PAGES = 16_384;

export class SavedPages {
  readonly #buffers: Uint8Array[] = [];
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
    if (page === this.#buffers.length * BUFFER_PAGES) this.#buffers.push(new Uint8Array(BUFFER_PAGES * PAGE_BYTES));
    this.#bufferOf(page).set(memory.subarray(at, at + PAGE_BYTES), placeOf(page));
    this.#count++;
    return page;
  }

  /** Copies a page back. */
  load(page: number, memory: Uint8Array, at: number): void {
    const place = placeOf(page);
    memory.set(this.#bufferOf(page).subarray(place, place + PAGE_BYTES), at);
  }

  free(page: number): void {
    this.#free.push(page);
    this.#count--;
  }

  #bufferOf(page: number): Uint8Array {
    return this.#buffers[Math.floor(page / BUFFER_PAGES)];
  }
}

const placeOf = (page: number): number => (page % BUFFER_PAGES) * PAGE_BYTES;
