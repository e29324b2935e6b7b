/** The memory-mapped transport of virtio, version 2 (Virtual I/O Device 1.2, section 4.2). */

import {
  type AccessSize,
  type Device,
  type GuestMemory,
  type InterruptLine,
  part,
  restoreFields,
  saveFields,
} from '../device.ts';
import { MAXIMUM_QUEUE, VirtQueue } from './queue.ts';

/** A device behind a transport. */
export interface VirtioBackend {
  readonly name: string;
  /** Section 5: 1 net, 2 block, 3 console. */
  readonly deviceId: number;
  /** Feature bits; VIRTIO_F_VERSION_1 is the transport's. */
  readonly features: bigint;
  readonly queueCount: number;
  /** The configuration space. */
  config(): Uint8Array;
  /** Handed over once, before anything else is called. */
  attach(transport: VirtioTransport): void;
  /** The driver made buffers available in a queue. May throw a sentence, upon which the device needs a reset. */
  notify(queue: number): void;
  reset(): void;
  snapshot(): unknown;
  restore(state: unknown): void;
}

/** What a backend needs of its transport. */
export interface VirtioTransport {
  readonly queues: readonly VirtQueue[];
  /** Raises the interrupt for used buffers. */
  interrupt(): void;
  /** Runs `work`; when it throws, because the driver's queue is damaged, the device asks for a reset. */
  guarded(work: () => void): void;
}

const MAGIC = 0x74726976;
const VERSION = 2;
const VENDOR = 0x50595348;
const VERSION_1 = 1n << 32n;
const CONFIG = 0x100;

const STATUS_DRIVER_OK = 4;
const STATUS_NEEDS_RESET = 0x40;
const INTERRUPT_USED = 1;
const INTERRUPT_CONFIG = 2;

const FIELDS = ['status', 'interruptStatus', 'featureSelect', 'driverSelect', 'driverFeatures', 'queueSelect'] as const;

/** One slot. Without a backend its DeviceID is 0, which tells drivers to leave it. */
export class VirtioMmio implements Device, VirtioTransport {
  readonly name: string;
  readonly queues: readonly VirtQueue[];
  status = 0;
  interruptStatus = 0;
  featureSelect = 0;
  driverSelect = 0;
  driverFeatures = 0n;
  queueSelect = 0;
  readonly #backend: VirtioBackend | undefined;
  readonly #line: InterruptLine;

  constructor(name: string, backend: VirtioBackend | undefined, memory: GuestMemory, line: InterruptLine) {
    this.name = name;
    this.#backend = backend;
    this.#line = line;
    this.queues = Array.from({ length: backend?.queueCount ?? 0 }, () => new VirtQueue(memory));
    backend?.attach(this);
  }

  interrupt(): void {
    this.interruptStatus |= INTERRUPT_USED;
    this.#line(true);
  }

  guarded(work: () => void): void {
    try {
      work();
    } catch {
      this.status |= STATUS_NEEDS_RESET;
      this.interruptStatus |= INTERRUPT_CONFIG;
      this.#line(true);
    }
  }

  read(offset: number, bytes: AccessSize): number {
    if (offset >= CONFIG) {
      const config = this.#backend?.config();
      let value = 0;
      for (let i = 0; i < bytes; i++) value |= (config?.[offset - CONFIG + i] ?? 0) << (8 * i);
      return value >>> 0;
    }
    return part(this.#word(offset & ~3), offset, bytes);
  }

  #word(offset: number): number {
    const features = this.#backend === undefined ? 0n : this.#backend.features | VERSION_1;
    switch (offset) {
      case 0x000:
        return MAGIC;
      case 0x004:
        return VERSION;
      case 0x008:
        return this.#backend?.deviceId ?? 0;
      case 0x00c:
        return VENDOR;
      case 0x010:
        return this.featureSelect > 1 ? 0 : Number((features >> BigInt(32 * this.featureSelect)) & 0xffffffffn);
      case 0x034:
        return this.queueSelect < this.queues.length ? MAXIMUM_QUEUE : 0;
      case 0x044:
        return this.queues[this.queueSelect]?.ready ? 1 : 0;
      case 0x060:
        return this.interruptStatus;
      case 0x070:
        return this.status;
      default:
        // ConfigGeneration among others: configurations do not change.
        return 0;
    }
  }

  write(offset: number, _bytes: AccessSize, value: number): void {
    const queue = this.queues[this.queueSelect];
    switch (offset) {
      case 0x014:
        this.featureSelect = value;
        return;
      case 0x020:
        if (this.driverSelect > 1) return;
        this.driverFeatures =
          (this.driverFeatures & ~(0xffffffffn << BigInt(32 * this.driverSelect))) |
          (BigInt(value) << BigInt(32 * this.driverSelect));
        return;
      case 0x024:
        this.driverSelect = value;
        return;
      case 0x030:
        this.queueSelect = value;
        return;
      case 0x050:
        if (this.status & STATUS_DRIVER_OK && !(this.status & STATUS_NEEDS_RESET) && value < this.queues.length) {
          this.guarded(() => this.#backend?.notify(value));
        }
        return;
      case 0x064:
        this.interruptStatus &= ~value;
        this.#line(this.interruptStatus !== 0);
        return;
      case 0x070:
        if (value === 0) this.#reset();
        else this.status = value & 0xff;
        return;
    }
    if (queue === undefined) return;
    switch (offset) {
      case 0x038:
        // Anything but a power of two is ignored, as nothing sensible could be done with it.
        if (value > 0 && value <= MAXIMUM_QUEUE && (value & (value - 1)) === 0) queue.size = value;
        break;
      case 0x044:
        queue.ready = (value & 1) !== 0;
        break;
      case 0x080:
        queue.descriptors = (queue.descriptors & ~0xffffffffn) | BigInt(value);
        break;
      case 0x084:
        queue.descriptors = (queue.descriptors & 0xffffffffn) | (BigInt(value) << 32n);
        break;
      case 0x090:
        queue.driver = (queue.driver & ~0xffffffffn) | BigInt(value);
        break;
      case 0x094:
        queue.driver = (queue.driver & 0xffffffffn) | (BigInt(value) << 32n);
        break;
      case 0x0a0:
        queue.device = (queue.device & ~0xffffffffn) | BigInt(value);
        break;
      case 0x0a4:
        queue.device = (queue.device & 0xffffffffn) | (BigInt(value) << 32n);
        break;
    }
  }

  #reset(): void {
    this.status = 0;
    this.interruptStatus = 0;
    this.featureSelect = 0;
    this.driverSelect = 0;
    this.driverFeatures = 0n;
    this.queueSelect = 0;
    for (const queue of this.queues) queue.reset();
    this.#backend?.reset();
    this.#line(false);
  }

  snapshot(): unknown {
    return {
      transport: saveFields(this as VirtioMmio, FIELDS),
      queues: this.queues.map(queue => queue.snapshot()),
      backend: this.#backend?.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = state as { transport: unknown; queues: unknown[]; backend: unknown };
    restoreFields(this as VirtioMmio, FIELDS, saved.transport);
    for (const [index, queue] of this.queues.entries()) queue.restore(saved.queues[index]);
    this.#backend?.restore(saved.backend);
    this.#line(this.interruptStatus !== 0);
  }
}
