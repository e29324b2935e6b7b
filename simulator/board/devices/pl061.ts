/** PL061 general purpose I/O (Arm DDI 0190). The board wires its line 3 to a power key. */

import {
  type AccessSize,
  type Device,
  type InterruptLine,
  identification,
  part,
  restoreFields,
  saveFields,
} from '../device.ts';

const DIR = 0x400;
const IS = 0x404;
const IBE = 0x408;
const IEV = 0x40c;
const IE = 0x410;
const RIS = 0x414;
const MIS = 0x418;
const IC = 0x41c;
const AFSEL = 0x420;

const IDENTIFICATION = identification(0xfe0, [0x61, 0x10, 0x04, 0, 0x0d, 0xf0, 0x05, 0xb1]);
const FIELDS = ['output', 'input', 'direction', 'level', 'both', 'event', 'mask', 'latched', 'alternate'] as const;

export class Pl061 implements Device {
  readonly name = 'PL061';
  output = 0;
  input = 0;
  /** 1 for output. */
  direction = 0;
  /** IS: 1 for level-sensitive. */
  level = 0;
  both = 0;
  event = 0;
  mask = 0;
  /** Edges that were seen. */
  latched = 0;
  alternate = 0;
  /** Called when a line that is an output changes. */
  onOutput: ((line: number, high: boolean) => void) | undefined;
  readonly #interrupt: InterruptLine;

  constructor(interrupt: InterruptLine) {
    this.#interrupt = interrupt;
  }

  /** Drives an input line from outside. */
  setInput(line: number, high: boolean): void {
    const bit = 1 << line;
    const before = this.input & bit;
    if ((before !== 0) === high) return;
    this.input ^= bit;
    const wanted = this.both & bit ? true : ((this.event & bit) !== 0) === high;
    if (!(this.level & bit) && wanted) this.latched |= bit;
    this.#signal();
  }

  get #raw(): number {
    const active = ~(this.input ^ this.event) & this.level & 0xff;
    return ((this.latched & ~this.level) | active) & ~this.direction & 0xff;
  }

  read(offset: number, bytes: AccessSize): number {
    return part(this.#word(offset & ~3), offset, bytes);
  }

  #word(offset: number): number {
    // GPIODATA: bits 9:2 of the address say which lines are meant.
    if (offset < DIR) return ((this.output & this.direction) | (this.input & ~this.direction)) & (offset >> 2);
    switch (offset) {
      case DIR:
        return this.direction;
      case IS:
        return this.level;
      case IBE:
        return this.both;
      case IEV:
        return this.event;
      case IE:
        return this.mask;
      case RIS:
        return this.#raw;
      case MIS:
        return this.#raw & this.mask;
      case AFSEL:
        return this.alternate;
      default:
        return IDENTIFICATION.get(offset) ?? 0;
    }
  }

  write(offset: number, _bytes: AccessSize, value: number): void {
    const byte = value & 0xff;
    const driven = this.output & this.direction;
    if (offset < DIR) this.output = (this.output & ~(offset >> 2)) | (byte & (offset >> 2));
    switch (offset) {
      case DIR:
        this.direction = byte;
        break;
      case IS:
        this.level = byte;
        break;
      case IBE:
        this.both = byte;
        break;
      case IEV:
        this.event = byte;
        break;
      case IE:
        this.mask = byte;
        break;
      case IC:
        this.latched &= ~byte;
        break;
      case AFSEL:
        this.alternate = byte;
        break;
    }
    this.#drive(driven);
    this.#signal();
  }

  #drive(before: number): void {
    const now = this.output & this.direction;
    for (let line = 0; line < 8; line++)
      if ((before ^ now) & (1 << line)) this.onOutput?.(line, (now & (1 << line)) !== 0);
  }

  #signal(): void {
    this.#interrupt((this.#raw & this.mask) !== 0);
  }

  snapshot(): unknown {
    return saveFields(this as Pl061, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this as Pl061, FIELDS, state);
    this.#signal();
  }
}
