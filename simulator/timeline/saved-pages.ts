/**
 * Pages that snapshots keep, of RAM and of the rest of the engine. They are in few and large buffers, which the system gives out zeroed and page by page as they
 * are used: a page is a copy, and the garbage collector hears of memory once in 16,384 pages. It runs when it hears of
 * much, and a WebAssembly memory tells it its whole size each time that it grows.
 */

export const PAGE_BYTES = 4096;
export const PAGE_WORDS = PAGE_BYTES / 4;
/** Pages of a buffer. */
const BUFFER_PAGES = 16_384;

export class SavedPages {
  readonly #buffers: Uint32Array[] = [];
  readonly #free: number[] = [];
  /** Snapshots that keep a page, by its number. */
  readonly #holders: number[] = [];
  #count = 0;

  /** Pages that are kept. */
  get count(): number {
    return this.#count;
  }

  /** Copies the page at an index of a memory, or what it has of it; returns its number here. */
  save(memory: Uint32Array, at: number): number {
    const page = this.#free.pop() ?? this.#holders.length;
    if (page === this.#buffers.length * BUFFER_PAGES) this.#buffers.push(new Uint32Array(BUFFER_PAGES * PAGE_WORDS));
    this.#bufferOf(page).set(memory.subarray(at, at + PAGE_WORDS), placeOf(page));
    this.#holders[page] = 1;
    this.#count++;
    return page;
  }

  /** As `save`, or one more holder of `page` if that is the same. */
  saveUnless(page: number | undefined, memory: Uint32Array, at: number): number {
    if (page === undefined || !this.#isSame(page, memory, at)) return this.save(memory, at);
    this.#holders[page]++;
    return page;
  }

  #isSame(page: number, memory: Uint32Array, at: number): boolean {
    const buffer = this.#bufferOf(page);
    const place = placeOf(page);
    const words = Math.min(PAGE_WORDS, memory.length - at);
    for (let word = 0; word < words; word++) if (buffer[place + word] !== memory[at + word]) return false;
    return true;
  }

  /** Copies a page back. */
  load(page: number, memory: Uint32Array, at: number): void {
    const place = placeOf(page);
    memory.set(this.#bufferOf(page).subarray(place, place + PAGE_WORDS), at);
  }

  free(page: number): void {
    if (--this.#holders[page] > 0) return;
    this.#free.push(page);
    this.#count--;
  }

  #bufferOf(page: number): Uint32Array {
    return this.#buffers[Math.floor(page / BUFFER_PAGES)];
  }
}

const placeOf = (page: number): number => (page % BUFFER_PAGES) * PAGE_WORDS;
