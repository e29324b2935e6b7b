/**
 * Semihosting for AArch64 (Arm: Semihosting for AArch32 and AArch64, 2.0): HLT 0xF000 with the operation in W0 and its
 * argument in X1. The only file is the console, `:tt`; there is no access to the host's.
 */

import { START_OF_TIME } from './devices/pl031.ts';

/** What semihosting needs of the machine. Addresses are virtual, as the PE sees them; `undefined` or false for a fault. */
export interface SemihostingHost {
  readMemory(va: bigint, bytes: number): Uint8Array | undefined;
  writeMemory(va: bigint, data: Uint8Array): boolean;
  /** Output of the guest. */
  console(bytes: Uint8Array): void;
  /** A byte that was typed; undefined when there is none. */
  readConsole(): number | undefined;
  /** Hundredths of a second of modelled time. */
  centiseconds(): number;
  /** Ticks of modelled time, and how many there are in a second. */
  ticks(): bigint;
  readonly tickFrequency: number;
  /** The program ends. */
  exit(status: number): void;
  readonly commandLine: string;
  /** Heap base and limit, stack base and limit. */
  readonly heap: readonly [bigint, bigint, bigint, bigint];
}

const SYS_OPEN = 0x01;
const SYS_CLOSE = 0x02;
const SYS_WRITEC = 0x03;
const SYS_WRITE0 = 0x04;
const SYS_WRITE = 0x05;
const SYS_READ = 0x06;
const SYS_READC = 0x07;
const SYS_ISERROR = 0x08;
const SYS_ISTTY = 0x09;
const SYS_SEEK = 0x0a;
const SYS_FLEN = 0x0c;
const SYS_CLOCK = 0x10;
const SYS_TIME = 0x11;
const SYS_ERRNO = 0x13;
const SYS_GET_CMDLINE = 0x15;
const SYS_HEAPINFO = 0x16;
const SYS_EXIT = 0x18;
const SYS_EXIT_EXTENDED = 0x20;
const SYS_ELAPSED = 0x30;
const SYS_TICKFREQ = 0x31;

const FAILED = -1n;
const ENOENT = 2;
const EBADF = 9;
const EFAULT = 14;
const ADP_STOPPED_APPLICATION_EXIT = 0x20026n;
/** No text and no block is taken longer. */
const MAXIMUM_TEXT = 0x10_0000;

/** State of one machine's semihosting. */
export class Semihosting {
  errno = 0;
  /** Open handles, all of them the console. */
  handles = new Set<number>();
  readonly #host: SemihostingHost;

  constructor(host: SemihostingHost) {
    this.#host = host;
  }

  /**
   * Carries out a call.
   *
   * @param operation W0.
   * @param argument X1.
   * @returns the new X0; undefined when the program ended. An operation that is not known fails with -1.
   */
  call(operation: number, argument: bigint): bigint | undefined {
    const result = this.#call(operation, argument);
    return result === undefined ? undefined : BigInt.asUintN(64, result);
  }

  #call(operation: number, argument: bigint): bigint | undefined {
    const host = this.#host;
    switch (operation) {
      case SYS_WRITEC: {
        const byte = host.readMemory(argument, 1);
        if (byte !== undefined) host.console(byte);
        return argument;
      }
      case SYS_WRITE0:
        host.console(this.#text(argument));
        return argument;
      case SYS_READC:
        return BigInt(host.readConsole() ?? -1);
      case SYS_OPEN:
        return this.#open(argument);
      case SYS_CLOSE: {
        const words = this.#words(argument, 1);
        return words && this.handles.delete(Number(words[0])) ? 0n : this.#fail(EBADF);
      }
      case SYS_WRITE:
        return this.#write(argument);
      case SYS_READ:
        return this.#read(argument);
      case SYS_ISERROR: {
        const words = this.#words(argument, 1);
        return words !== undefined && BigInt.asIntN(64, words[0]) < 0n ? 1n : 0n;
      }
      case SYS_ISTTY: {
        const words = this.#words(argument, 1);
        return words && this.handles.has(Number(words[0])) ? 1n : this.#fail(EBADF);
      }
      case SYS_SEEK:
        return this.#fail(EBADF);
      case SYS_FLEN: {
        const words = this.#words(argument, 1);
        return words && this.handles.has(Number(words[0])) ? 0n : this.#fail(EBADF);
      }
      case SYS_CLOCK:
        return BigInt(host.centiseconds());
      case SYS_TIME:
        return BigInt(START_OF_TIME);
      case SYS_ERRNO:
        return BigInt(this.errno);
      case SYS_GET_CMDLINE:
        return this.#commandLine(argument);
      case SYS_HEAPINFO:
        return this.#heapInfo(argument);
      case SYS_EXIT:
      case SYS_EXIT_EXTENDED: {
        const words = this.#words(argument, 2);
        if (words === undefined) return this.#fail(EFAULT);
        // Any other reason is an end by error.
        host.exit(words[0] === ADP_STOPPED_APPLICATION_EXIT ? Number(BigInt.asIntN(32, words[1])) : 1);
        return undefined;
      }
      case SYS_ELAPSED: {
        const data = new Uint8Array(8);
        new DataView(data.buffer).setBigUint64(0, BigInt.asUintN(64, host.ticks()), true);
        return host.writeMemory(argument, data) ? 0n : this.#fail(EFAULT);
      }
      case SYS_TICKFREQ:
        return BigInt(host.tickFrequency);
      default:
        return this.#fail(0);
    }
  }

  #fail(errno: number): bigint {
    this.errno = errno;
    return FAILED;
  }

  #words(va: bigint, count: number): bigint[] | undefined {
    const data = this.#host.readMemory(va, 8 * count);
    if (data === undefined) return undefined;
    const view = new DataView(data.buffer, data.byteOffset);
    return Array.from({ length: count }, (_, index) => view.getBigUint64(8 * index, true));
  }

  /** A text that ends with a zero byte. */
  #text(va: bigint): Uint8Array {
    const bytes: number[] = [];
    for (; bytes.length < MAXIMUM_TEXT; va++) {
      const byte = this.#host.readMemory(va, 1)?.[0];
      if (byte === undefined || byte === 0) break;
      bytes.push(byte);
    }
    return Uint8Array.from(bytes);
  }

  #open(argument: bigint): bigint {
    const words = this.#words(argument, 3);
    const name = words && this.#host.readMemory(words[0], Number(words[2] < 4096n ? words[2] : 4096n));
    if (name === undefined) return this.#fail(EFAULT);
    if (new TextDecoder().decode(name) !== ':tt') return this.#fail(ENOENT);
    let handle = 1;
    while (this.handles.has(handle)) handle++;
    this.handles.add(handle);
    return BigInt(handle);
  }

  /** Returns how many bytes were not written. */
  #write(argument: bigint): bigint {
    const words = this.#words(argument, 3);
    if (words === undefined) return this.#fail(EFAULT);
    const [handle, va, length] = words;
    if (!this.handles.has(Number(handle))) return this.#fail(EBADF);
    const data = length <= MAXIMUM_TEXT ? this.#host.readMemory(va, Number(length)) : undefined;
    if (data === undefined) {
      this.errno = EFAULT;
      return length;
    }
    this.#host.console(data);
    return 0n;
  }

  /** Returns how many bytes were not read; what was typed so far is all there is. */
  #read(argument: bigint): bigint {
    const words = this.#words(argument, 3);
    if (words === undefined) return this.#fail(EFAULT);
    const [handle, va, length] = words;
    if (!this.handles.has(Number(handle))) return this.#fail(EBADF);
    const bytes: number[] = [];
    while (bytes.length < length && bytes.length < MAXIMUM_TEXT) {
      const byte = this.#host.readConsole();
      if (byte === undefined) break;
      bytes.push(byte);
    }
    if (bytes.length > 0 && !this.#host.writeMemory(va, Uint8Array.from(bytes))) return this.#fail(EFAULT);
    return length - BigInt(bytes.length);
  }

  #commandLine(argument: bigint): bigint {
    const words = this.#words(argument, 2);
    const text = new TextEncoder().encode(`${this.#host.commandLine}\0`);
    if (words === undefined || words[1] < text.length) return this.#fail(EFAULT);
    const size = new Uint8Array(8);
    new DataView(size.buffer).setBigUint64(0, BigInt(text.length - 1), true);
    const written = this.#host.writeMemory(words[0], text) && this.#host.writeMemory(argument + 8n, size);
    return written ? 0n : this.#fail(EFAULT);
  }

  #heapInfo(argument: bigint): bigint {
    const words = this.#words(argument, 1);
    if (words === undefined) return this.#fail(EFAULT);
    const data = new Uint8Array(32);
    const view = new DataView(data.buffer);
    for (const [index, value] of this.#host.heap.entries()) view.setBigUint64(8 * index, value, true);
    return this.#host.writeMemory(words[0], data) ? 0n : this.#fail(EFAULT);
  }

  snapshot(): unknown {
    return { errno: this.errno, handles: [...this.handles] };
  }

  restore(state: unknown): void {
    const saved = state as { errno: number; handles: number[] };
    this.errno = saved.errno;
    this.handles = new Set(saved.handles);
  }
}
