/** PL031 real time clock (Arm DDI 0224). It starts at a fixed date and goes by modelled time, so that runs repeat. */

import {
  type AccessSize,
  type Clock,
  COUNTER_FREQUENCY,
  type Device,
  type InterruptLine,
  identification,
  part,
  restoreFields,
  saveFields,
} from '../device.ts';

/** 2026-01-01 00:00:00 UTC, in seconds of the Unix epoch. */
export const START_OF_TIME = 1_767_225_600;

const DR = 0x00;
const MR = 0x04;
const LR = 0x08;
const CR = 0x0c;
const IMSC = 0x10;
const RIS = 0x14;
const MIS = 0x18;
const ICR = 0x1c;

const IDENTIFICATION = identification(0xfe0, [0x31, 0x10, 0x04, 0, 0x0d, 0xf0, 0x05, 0xb1]);
const FIELDS = ['offset', 'match', 'load', 'mask', 'raw', 'armed'] as const;

export class Pl031 implements Device {
  readonly name = 'PL031';
  /** Seconds to add to the seconds since reset. */
  offset = START_OF_TIME;
  match = 0;
  load = 0;
  mask = 0;
  raw = 0;
  /** Whether the match lies ahead. */
  armed = false;
  readonly #clock: Clock;
  readonly #interrupt: InterruptLine;

  constructor(clock: Clock, interrupt: InterruptLine) {
    this.#clock = clock;
    this.#interrupt = interrupt;
  }

  get #seconds(): number {
    return Math.floor(this.#clock.ticks(0) / COUNTER_FREQUENCY);
  }

  read(offset: number, bytes: AccessSize): number {
    return part(this.#word(offset & ~3), offset, bytes);
  }

  #word(offset: number): number {
    switch (offset) {
      case DR:
        return (this.#seconds + this.offset) >>> 0;
      case MR:
        return this.match;
      case LR:
        return this.load;
      case CR:
        return 1;
      case IMSC:
        return this.mask;
      case RIS:
        return this.raw;
      case MIS:
        return this.raw & this.mask;
      default:
        return IDENTIFICATION.get(offset) ?? 0;
    }
  }

  write(offset: number, _bytes: AccessSize, value: number): void {
    switch (offset) {
      case MR:
        this.match = value;
        this.#arm();
        break;
      case LR:
        this.load = value;
        this.offset = value - this.#seconds;
        this.#arm();
        break;
      case IMSC:
        this.mask = value & 1;
        break;
      case ICR:
        this.raw &= ~value;
        break;
    }
    this.#interrupt((this.raw & this.mask) !== 0);
  }

  #arm(): void {
    this.armed = this.match >= (this.#seconds + this.offset) >>> 0;
    this.update();
  }

  /** Raises the interrupt once the match is reached. */
  update(): void {
    if (!this.armed || (this.#seconds + this.offset) >>> 0 < this.match) return;
    this.armed = false;
    this.raw = 1;
    this.#interrupt((this.raw & this.mask) !== 0);
  }

  /** The count at which `update` has something to do. */
  nextDeadline(): number | undefined {
    return this.armed && this.mask ? (this.match - this.offset) * COUNTER_FREQUENCY : undefined;
  }

  snapshot(): unknown {
    return saveFields(this as Pl031, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this as Pl031, FIELDS, state);
    this.#interrupt((this.raw & this.mask) !== 0);
  }
}
