/** A disk (Virtual I/O Device 1.2, section 5.2) over an image that is never changed: writes go to a sparse overlay. */

import type { VirtioBackend, VirtioTransport } from './mmio.ts';

const SECTOR = 512;
/** Bytes of one piece of the overlay. */
const PIECE = 4096;
const FEATURE_BLK_SIZE = 1n << 6n;
const FEATURE_FLUSH = 1n << 9n;

const REQUEST_HEADER = 16;
const IN = 0;
const OUT = 1;
const FLUSH = 4;
const GET_ID = 8;
const OK = 0;
const IO_ERROR = 1;
const UNSUPPORTED = 2;
const ID = 'hyperstep-disk';
const ID_BYTES = 20;

export class VirtioBlock implements VirtioBackend {
  readonly name = 'virtio block';
  readonly deviceId = 2;
  readonly features = FEATURE_BLK_SIZE | FEATURE_FLUSH;
  readonly queueCount = 1;
  readonly #image: Uint8Array;
  #overlay = new Map<number, Uint8Array>();
  #transport: VirtioTransport | undefined;

  /** Throws a sentence when the image is not made of whole sectors. */
  constructor(image: Uint8Array, imageName: string) {
    if (image.length === 0 || image.length % SECTOR !== 0) {
      throw new Error(
        `The disk image ${imageName} has ${image.length} bytes, no multiple of ${SECTOR}: it is truncated or no disk image.`,
      );
    }
    this.#image = image;
  }

  config(): Uint8Array {
    const config = new Uint8Array(60);
    const view = new DataView(config.buffer);
    view.setBigUint64(0, BigInt(this.#image.length / SECTOR), true);
    view.setUint32(20, SECTOR, true);
    return config;
  }

  attach(transport: VirtioTransport): void {
    this.#transport = transport;
  }

  notify(): void {
    const transport = this.#transport as VirtioTransport;
    const [queue] = transport.queues;
    let wanted = false;
    for (let chain = queue.take(); chain !== undefined; chain = queue.take()) {
      wanted = queue.give(chain, this.#answer(chain.readable, chain.writableBytes)) || wanted;
    }
    if (wanted) transport.interrupt();
  }

  /** What goes into the writable part of a request: the data read, and the status in its last byte. */
  #answer(request: Uint8Array, writable: number): Uint8Array {
    if (request.length < REQUEST_HEADER || writable < 1) throw new Error('A disk request has no header or no status.');
    const view = new DataView(request.buffer, request.byteOffset);
    const type = view.getUint32(0, true);
    const at = Number(view.getBigUint64(8, true)) * SECTOR;
    const answer = new Uint8Array(writable);
    const data = answer.subarray(0, writable - 1);
    let status = OK;
    switch (type) {
      case IN:
        if (at + data.length <= this.#image.length) this.#read(at, data);
        else status = IO_ERROR;
        break;
      case OUT:
        if (at + request.length - REQUEST_HEADER <= this.#image.length)
          this.#write(at, request.subarray(REQUEST_HEADER));
        else status = IO_ERROR;
        break;
      case FLUSH:
        break;
      case GET_ID:
        data.set(new TextEncoder().encode(ID).subarray(0, Math.min(ID_BYTES, data.length)));
        break;
      default:
        status = UNSUPPORTED;
    }
    answer[writable - 1] = status;
    return answer;
  }

  #read(at: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const inside = (at + done) % PIECE;
      const bytes = Math.min(PIECE - inside, into.length - done);
      const piece = this.#overlay.get(Math.floor((at + done) / PIECE));
      into.set(
        piece === undefined
          ? this.#image.subarray(at + done, at + done + bytes)
          : piece.subarray(inside, inside + bytes),
        done,
      );
      done += bytes;
    }
  }

  #write(at: number, data: Uint8Array): void {
    for (let done = 0; done < data.length; ) {
      const number = Math.floor((at + done) / PIECE);
      const inside = (at + done) % PIECE;
      const bytes = Math.min(PIECE - inside, data.length - done);
      const before = this.#overlay.get(number) ?? this.#image.subarray(number * PIECE, (number + 1) * PIECE);
      // A new array each time, so that snapshots may share the old one.
      const piece = new Uint8Array(PIECE);
      piece.set(before);
      piece.set(data.subarray(done, done + bytes), inside);
      this.#overlay.set(number, piece);
      done += bytes;
    }
  }

  reset(): void {}

  snapshot(): unknown {
    return new Map(this.#overlay);
  }

  restore(state: unknown): void {
    this.#overlay = new Map(state as Map<number, Uint8Array>);
  }
}
