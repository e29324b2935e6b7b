/** A network card (Virtual I/O Device 1.2, section 5.1) on a network that answers by itself. */

import type { VirtioBackend, VirtioTransport } from './mmio.ts';
import { answerFrame, GUEST_MAC } from './user-network.ts';

const RECEIVE = 0;
const TRANSMIT = 1;
/** virtio_net_hdr with num_buffers, which VIRTIO_F_VERSION_1 always has. */
const HEADER = 12;
const FEATURE_MAC = 1n << 5n;
const FEATURE_STATUS = 1n << 16n;
const LINK_UP = 1;

export class VirtioNet implements VirtioBackend {
  readonly name = 'virtio net';
  readonly deviceId = 1;
  readonly features = FEATURE_MAC | FEATURE_STATUS;
  readonly queueCount = 2;
  /** Frames that wait for a buffer of the guest. */
  #waiting: Uint8Array[] = [];
  #transport: VirtioTransport | undefined;

  config(): Uint8Array {
    const config = new Uint8Array(12);
    config.set(GUEST_MAC);
    config[6] = LINK_UP;
    return config;
  }

  attach(transport: VirtioTransport): void {
    this.#transport = transport;
  }

  notify(index: number): void {
    const transport = this.#transport as VirtioTransport;
    if (index === TRANSMIT) {
      const queue = transport.queues[TRANSMIT];
      let wanted = false;
      for (let chain = queue.take(); chain !== undefined; chain = queue.take()) {
        const answer = answerFrame(chain.readable.subarray(HEADER));
        if (answer !== undefined) this.#waiting.push(answer);
        wanted = queue.give(chain, new Uint8Array(0)) || wanted;
      }
      if (wanted) transport.interrupt();
    }
    this.#deliver(transport);
  }

  #deliver(transport: VirtioTransport): void {
    const queue = transport.queues[RECEIVE];
    let wanted = false;
    while (this.#waiting.length > 0) {
      const chain = queue.take();
      if (chain === undefined) break;
      const frame = this.#waiting.shift() as Uint8Array;
      const data = new Uint8Array(HEADER + frame.length);
      data[10] = 1; // num_buffers
      data.set(frame, HEADER);
      wanted = queue.give(chain, data) || wanted;
    }
    if (wanted) transport.interrupt();
  }

  reset(): void {
    this.#waiting = [];
  }

  snapshot(): unknown {
    return [...this.#waiting];
  }

  restore(state: unknown): void {
    this.#waiting = [...(state as Uint8Array[])];
  }
}
