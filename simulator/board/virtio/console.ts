/** A console (Virtual I/O Device 1.2, section 5.3) with one port. */

import type { VirtioBackend, VirtioTransport } from './mmio.ts';

const RECEIVE = 0;
const TRANSMIT = 1;

export class VirtioConsole implements VirtioBackend {
  readonly name = 'virtio console';
  readonly deviceId = 3;
  readonly features = 0n;
  readonly queueCount = 2;
  /** Called with what the guest sends. */
  onOutput: ((bytes: Uint8Array) => void) | undefined;
  #input: number[] = [];
  #transport: VirtioTransport | undefined;

  /** Whether the guest's driver offers buffers for input. */
  get listening(): boolean {
    return this.#transport?.queues[RECEIVE].ready ?? false;
  }

  /** Gives input to the guest; it waits until the guest has a buffer for it. */
  send(bytes: Uint8Array): void {
    for (const byte of bytes) this.#input.push(byte);
    this.#transport?.guarded(() => this.#deliver());
  }

  config(): Uint8Array {
    return new Uint8Array(12);
  }

  attach(transport: VirtioTransport): void {
    this.#transport = transport;
  }

  notify(index: number): void {
    if (index === RECEIVE) {
      this.#deliver();
      return;
    }
    const transport = this.#transport as VirtioTransport;
    const queue = transport.queues[TRANSMIT];
    let wanted = false;
    for (let chain = queue.take(); chain !== undefined; chain = queue.take()) {
      this.onOutput?.(chain.readable);
      wanted = queue.give(chain, new Uint8Array(0)) || wanted;
    }
    if (wanted) transport.interrupt();
  }

  #deliver(): void {
    const transport = this.#transport as VirtioTransport;
    const queue = transport.queues[RECEIVE];
    let wanted = false;
    while (this.#input.length > 0) {
      const chain = queue.take();
      if (chain === undefined) break;
      wanted = queue.give(chain, Uint8Array.from(this.#input.splice(0, chain.writableBytes))) || wanted;
    }
    if (wanted) transport.interrupt();
  }

  reset(): void {}

  snapshot(): unknown {
    return [...this.#input];
  }

  restore(state: unknown): void {
    this.#input = [...(state as number[])];
  }
}
