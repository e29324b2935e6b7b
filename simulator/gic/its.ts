/**
 * The Interrupt Translation Service (IHI 0069, 5.3): turns a device's event into an LPI at a PE, as the commands in its
 * queue say. What it learns it keeps here and not in the tables that software gives it, whose format is its own.
 */

import {
  type AccessSize,
  type Device,
  type GuestMemory,
  identification,
  part,
  restoreFields,
  saveFields,
} from '../board/device.ts';
import { LPI_INTID_BITS, type Lpis, wide } from './lpis.ts';

const CTLR = 0x000;
const IIDR = 0x004;
const TYPER = 0x008;
const CBASER = 0x080;
const CWRITER = 0x088;
const CREADR = 0x090;
const BASER = 0x100;
const TABLES = 8;
const TRANSLATER = 0x1_0040;

const ENABLED = 1;
const QUIESCENT = 2 ** 31;
const VALID_HIGH = 2 ** 31;
const STALLED = 1;

/** Bits of a device id, an event id and a collection id. */
const ID_BITS = 16;
const TABLE_ENTRY_BYTES = 8;
/** Physical; entry size of a translation table; EventID and DeviceID bits. Targets are PE numbers (PTA is 0). */
const TYPER_LOW = (1 | ((TABLE_ENTRY_BYTES - 1) << 4) | ((ID_BITS - 1) << 8) | ((ID_BITS - 1) << 13)) >>> 0;
/** CIL, and CIDbits. */
const TYPER_HIGH = (1 << 4) | (ID_BITS - 1);
/** Upper word of GITS_BASER<n>: type in bits 26:24, entry size in bits 20:16. */
const TABLE_FIXED = [1, 4, 0, 0, 0, 0, 0, 0].map(type =>
  type === 0 ? 0 : (type << 24) | ((TABLE_ENTRY_BYTES - 1) << 16),
);
/** What may be written there: not the two above, and no two-level tables (Indirect, bit 30). */
const TABLE_WRITABLE = (~((7 << 24) | (31 << 16) | (1 << 30)) >>> 0) as number;

const COMMAND_BYTES = 32;
const PAGE = 0x1000;

interface Event {
  readonly intid: number;
  readonly collection: number;
}

const FIELDS = ['control', 'commandBase', 'writer', 'reader', 'tables', 'devices', 'collections'] as const;
const IDENTIFICATION = identification(0xffd0, [0x44, 0, 0, 0, 0x94, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1]);

/** One command: the four doublewords as words, low first. */
type Command = (its: Its, words: readonly number[]) => void;

/** Opcodes and what they do; a command about something that is not mapped is ignored. */
const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  // MOVI
  [
    0x01,
    (its, words) => {
      const event = its.event(words);
      if (event === undefined) return;
      const from = its.redistributor(event.collection);
      const pending = from?.pending.has(event.intid) ?? false;
      from?.set(event.intid, false);
      its.map(words, { intid: event.intid, collection: words[4] & 0xffff });
      if (pending) its.redistributor(words[4] & 0xffff)?.set(event.intid, true);
    },
  ],
  // INT
  [0x03, (its, words) => its.translate(words[1], words[2])],
  // CLEAR
  [
    0x04,
    (its, words) => {
      const event = its.event(words);
      if (event !== undefined) its.redistributor(event.collection)?.set(event.intid, false);
    },
  ],
  // SYNC: every command is finished before the next begins.
  [0x05, () => {}],
  // MAPD
  [
    0x08,
    (its, words) => {
      if (words[5] >= VALID_HIGH) its.devices.set(words[1], { bits: (words[2] & 0x1f) + 1, events: new Map() });
      else its.devices.delete(words[1]);
    },
  ],
  // MAPC
  [
    0x09,
    (its, words) => {
      const pe = targetOf(words[4], words[5]);
      if (words[5] < VALID_HIGH) its.collections.delete(words[4] & 0xffff);
      else if (pe < its.lpis.length) its.collections.set(words[4] & 0xffff, pe);
    },
  ],
  // MAPTI
  [0x0a, (its, words) => its.map(words, { intid: words[3], collection: words[4] & 0xffff })],
  // MAPI: the INTID is the EventID.
  [0x0b, (its, words) => its.map(words, { intid: words[2], collection: words[4] & 0xffff })],
  // INV
  [
    0x0c,
    (its, words) => {
      const event = its.event(words);
      if (event !== undefined) its.redistributor(event.collection)?.invalidate(event.intid);
    },
  ],
  // INVALL
  [0x0d, (its, words) => its.redistributor(words[4] & 0xffff)?.invalidate()],
  // MOVALL
  [
    0x0e,
    (its, words) => {
      const from = its.lpis[targetOf(words[4], words[5])];
      const to = its.lpis[targetOf(words[6], words[7])];
      if (from === undefined || to === undefined || from === to) return;
      for (const intid of [...from.pending]) {
        from.set(intid, false);
        to.set(intid, true);
      }
    },
  ],
  // DISCARD
  [
    0x0f,
    (its, words) => {
      const event = its.event(words);
      if (event === undefined) return;
      its.redistributor(event.collection)?.set(event.intid, false);
      its.devices.get(words[1])?.events.delete(words[2]);
    },
  ],
]);

/** RDbase, bits 50:16 of a doubleword: the number of a PE. */
function targetOf(low: number, high: number): number {
  return (high & 0x7ffff) * 2 ** 16 + (low >>> 16);
}

export class Its implements Device {
  readonly name = 'GICv3 ITS';
  control = 0;
  /** GITS_CBASER, low and high word. */
  commandBase = [0, 0];
  /** Offsets in the command queue. */
  writer = 0;
  reader = 0;
  /** GITS_BASER<n>, low and high words in turn. */
  tables = TABLE_FIXED.flatMap(fixed => [0, fixed]);
  devices = new Map<number, { bits: number; events: Map<number, Event> }>();
  /** The PE of each collection. */
  collections = new Map<number, number>();
  /** By PE. */
  readonly lpis: readonly Lpis[];
  readonly #memory: GuestMemory;
  readonly #flush: () => void;

  constructor(lpis: readonly Lpis[], memory: GuestMemory, flush: () => void) {
    this.lpis = lpis;
    this.#memory = memory;
    this.#flush = flush;
  }

  /** A device's message: makes the LPI of an event pending, if one is mapped. */
  translate(device: number, event: number): void {
    if (!(this.control & ENABLED)) return;
    const found = this.devices.get(device)?.events.get(event);
    if (found !== undefined) this.redistributor(found.collection)?.set(found.intid, true);
    this.#flush();
  }

  /** The event that a command names. */
  event(words: readonly number[]): Event | undefined {
    return this.devices.get(words[1])?.events.get(words[2]);
  }

  map(words: readonly number[], event: Event): void {
    const device = this.devices.get(words[1]);
    const legal = event.intid >= 8192 && event.intid < 2 ** LPI_INTID_BITS;
    if (device !== undefined && legal && words[2] < 2 ** device.bits) device.events.set(words[2], event);
  }

  redistributor(collection: number): Lpis | undefined {
    const pe = this.collections.get(collection);
    return pe === undefined ? undefined : this.lpis[pe];
  }

  read(offset: number, bytes: AccessSize): number {
    return part(this.#word(offset & ~3) >>> 0, offset, bytes);
  }

  #word(offset: number): number {
    if (offset >= BASER && offset < BASER + 8 * TABLES) return this.tables[(offset - BASER) / 4];
    switch (offset) {
      case CTLR:
        return this.control | (this.control & ENABLED ? 0 : QUIESCENT);
      case IIDR:
        return 0x43b;
      case TYPER:
        return TYPER_LOW;
      case TYPER + 4:
        return TYPER_HIGH;
      case CBASER:
      case CBASER + 4:
        return this.commandBase[(offset - CBASER) / 4];
      case CWRITER:
        return this.writer;
      case CREADR:
        return this.reader;
      default:
        return IDENTIFICATION.get(offset) ?? 0;
    }
  }

  write(offset: number, bytes: AccessSize, value: number): void {
    if (offset === TRANSLATER) {
      // A write by a PE carries no device id of its own; no device of this board sends messages.
      this.translate(0, value & 0xffff);
      return;
    }
    if (bytes !== 4) return;
    if (offset >= BASER && offset < BASER + 8 * TABLES) {
      const index = (offset - BASER) / 4;
      const fixed = TABLE_FIXED[index >> 1];
      if (fixed === 0) return;
      this.tables[index] = index & 1 ? ((value & TABLE_WRITABLE) | fixed) >>> 0 : value;
      return;
    }
    switch (offset) {
      case CTLR:
        this.control = value & ENABLED;
        break;
      case CBASER:
      case CBASER + 4:
        this.commandBase[(offset - CBASER) / 4] = value;
        this.reader = 0;
        this.writer = 0;
        return;
      case CWRITER:
        this.writer = value & 0xfffe0;
        this.reader &= ~STALLED;
        break;
      default:
        return;
    }
    this.#run();
  }

  /** Carries out what is in the command queue. */
  #run(): void {
    const [low, high] = this.commandBase;
    if (!(this.control & ENABLED) || high < VALID_HIGH) return;
    const size = ((low & 0xff) + 1) * PAGE;
    const base = wide(high & 0xfffff, (low & 0xfffff000) >>> 0);
    // A write pointer outside of the queue would never be reached.
    while (this.reader !== this.writer && this.writer < size && !(this.reader & STALLED)) {
      let words: number[];
      try {
        words = Array.from({ length: 8 }, (_, index) => this.#memory.readU32(base + this.reader + 4 * index));
      } catch {
        this.reader |= STALLED;
        break;
      }
      COMMANDS.get(words[0] & 0xff)?.(this, words);
      this.reader = (this.reader + COMMAND_BYTES) % size;
    }
    this.#flush();
  }

  snapshot(): unknown {
    return saveFields(this as Its, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this as Its, FIELDS, state);
  }
}
