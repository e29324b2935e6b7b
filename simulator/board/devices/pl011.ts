/** PL011 UART (Arm DDI 0183): sends at once, and receives as fast as the guest reads. */

import {
  type AccessSize,
  type Device,
  type InterruptLine,
  identification,
  part,
  restoreFields,
  saveFields,
} from '../device.ts';

/** Offsets of the registers. */
const DR = 0x00;
const RSR = 0x04;
const FR = 0x18;
const ILPR = 0x20;
const IBRD = 0x24;
const FBRD = 0x28;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const DMACR = 0x48;

const IDENTIFICATION = identification(0xfe0, [0x11, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1]);

const FR_CTS = 1 << 0;
const FR_DSR = 1 << 1;
const FR_DCD = 1 << 2;
const FR_RXFE = 1 << 4;
const FR_RXFF = 1 << 6;
const FR_TXFE = 1 << 7;

const LCR_H_FEN = 1 << 4;
const CR_UARTEN = 1 << 0;
const CR_LBE = 1 << 7;
const CR_TXE = 1 << 8;
const CR_RXE = 1 << 9;

const INT_RX = 1 << 4;
const INT_TX = 1 << 5;
const INT_RT = 1 << 6;

const FIFO_DEPTH = 16;
/** Bytes in the receive FIFO that raise the receive interrupt, by IFLS.RXIFLSEL: 1/8, 1/4, 1/2, 3/4, 7/8. */
const RECEIVE_LEVELS = [2, 4, 8, 12, 14];

const FIELDS = ['fifo', 'queue', 'ris', 'imsc', 'control', 'line', 'fractions', 'levels', 'dma'] as const;

export class Pl011 implements Device {
  readonly name = 'PL011';
  readonly contained = true;
  /** Called for each byte that the guest sends. */
  onOutput: ((byte: number) => void) | undefined;
  /** The receive FIFO. */
  fifo: number[] = [];
  /** Input that waits for room in the FIFO. */
  queue: number[] = [];
  ris = 0;
  imsc = 0;
  control = CR_TXE | CR_RXE;
  line = 0;
  /** ILPR, IBRD, FBRD: kept and without effect. */
  fractions = [0, 0, 0];
  levels = 0x12;
  dma = 0;
  readonly #interrupt: InterruptLine;

  constructor(interrupt: InterruptLine) {
    this.#interrupt = interrupt;
  }

  /** Gives input to the guest. Nothing is lost: what the FIFO cannot hold waits. */
  send(bytes: Uint8Array): void {
    for (const byte of bytes) this.queue.push(byte);
    this.#receive();
  }

  read(offset: number, bytes: AccessSize): number {
    return part(this.#word(offset & ~3), offset, bytes);
  }

  #word(offset: number): number {
    switch (offset) {
      case DR: {
        const byte = this.fifo.shift() ?? 0;
        // The interrupts follow the level of the FIFO down; new input raises them again.
        if (this.fifo.length < this.#receiveLevel) this.ris &= ~INT_RX;
        if (this.fifo.length === 0) this.ris &= ~INT_RT;
        this.#receive();
        return byte;
      }
      case FR:
        return (
          FR_CTS |
          FR_DSR |
          FR_DCD |
          FR_TXFE |
          (this.fifo.length === 0 ? FR_RXFE : 0) |
          (this.fifo.length >= this.#depth ? FR_RXFF : 0)
        );
      case ILPR:
        return this.fractions[0];
      case IBRD:
        return this.fractions[1];
      case FBRD:
        return this.fractions[2];
      case LCR_H:
        return this.line;
      case CR:
        return this.control;
      case IFLS:
        return this.levels;
      case IMSC:
        return this.imsc;
      case RIS:
        return this.ris;
      case MIS:
        return this.ris & this.imsc;
      case DMACR:
        return this.dma;
      default:
        return IDENTIFICATION.get(offset) ?? 0;
    }
  }

  write(offset: number, _bytes: AccessSize, value: number): void {
    switch (offset) {
      case DR:
        this.#transmit(value & 0xff);
        break;
      case RSR:
        break; // Clears errors, and there never are any.
      case ILPR:
        this.fractions[0] = value & 0xff;
        break;
      case IBRD:
        this.fractions[1] = value & 0xffff;
        break;
      case FBRD:
        this.fractions[2] = value & 0x3f;
        break;
      case LCR_H:
        // Turning the FIFOs on or off empties them.
        if ((this.line ^ value) & LCR_H_FEN) {
          this.fifo = [];
          this.ris &= ~(INT_RX | INT_RT);
        }
        this.line = value & 0xff;
        this.#receive();
        break;
      case CR:
        this.control = value & 0xffff;
        this.#receive();
        break;
      case IFLS:
        this.levels = value & 0x3f;
        this.#receive();
        break;
      case IMSC:
        this.imsc = value & 0x7ff;
        this.#signal();
        break;
      case ICR:
        this.ris &= ~value;
        this.#signal();
        break;
      case DMACR:
        this.dma = value & 7;
        break;
    }
  }

  snapshot(): unknown {
    return saveFields(this as Pl011, FIELDS);
  }

  restore(state: unknown): void {
    restoreFields(this as Pl011, FIELDS, state);
    this.#signal();
  }

  get #depth(): number {
    return this.line & LCR_H_FEN ? FIFO_DEPTH : 1;
  }

  get #receiveLevel(): number {
    return this.line & LCR_H_FEN ? (RECEIVE_LEVELS[(this.levels >> 3) & 7] ?? FIFO_DEPTH) : 1;
  }

  #transmit(byte: number): void {
    // Early output of kernels and bare programs comes before any set-up: as on other simulators, it is sent anyway.
    if (this.control & CR_LBE) this.queue.push(byte);
    else this.onOutput?.(byte);
    this.ris |= INT_TX;
    this.#receive();
  }

  /** Moves input into the FIFO. There is no time on the wire, so input that stops short of the level times out at once. */
  #receive(): void {
    if ((this.control & (CR_UARTEN | CR_RXE)) === (CR_UARTEN | CR_RXE)) {
      const room = this.#depth - this.fifo.length;
      if (room > 0 && this.queue.length > 0) {
        this.fifo.push(...this.queue.splice(0, room));
        if (this.fifo.length >= this.#receiveLevel) this.ris |= INT_RX;
        if (this.queue.length === 0 && this.line & LCR_H_FEN) this.ris |= INT_RT;
      }
    }
    this.#signal();
  }

  #signal(): void {
    this.#interrupt((this.ris & this.imsc) !== 0);
  }
}
