/**
 * What exceptions were taken and returned from, for each PE, as a run goes, with sums, so that a view of 10^9
 * instructions and one of a single world switch cost the same to answer.
 *
 * The core writes events into a window in its memory: see core/observe.ts. Here they are taken away and added up when it is
 * full, or when somebody looks. Memory is bounded: when the limit is reached the oldest chunk gives up
 * its events and keeps its sums.
 *
 * Going back in time keeps the future. The run that follows makes the same events again, the core compares each with what
 * was recorded, and at the first that differs (the user changed something in the past) the old future is dropped.
 */

import type { Core } from '../engine/core-api.ts';
import {
  EVENT_BYTES,
  EVENT_INFO,
  EVENT_INSTRUCTIONS,
  EVENT_SYNDROME,
  LOG_AT,
  LOG_BLIND,
  LOG_CLASS_CYCLES,
  LOG_CLASSES_MAX,
  LOG_COUNTS,
  LOG_CYCLES,
  LOG_EVENTS,
  LOG_FIRST,
  LOG_INSTRUCTIONS,
  LOG_KNOWN,
  LOG_LEVEL_CYCLES,
  LOG_LIMIT,
  LOG_STATE,
  LOG_TIMED,
  LOG_TIMES,
  LOG_WINDOW,
  OBSERVED,
  OBSERVED_BYTES,
} from '../engine/layout.ts';
import type { ExceptionLevel } from '../target.ts';
import {
  CLASS_COUNT,
  classOfInfo,
  INFO_FROM_SHIFT,
  INFO_GUEST,
  INFO_ROW,
  INFO_TO_SHIFT,
  INFO_VMID_SHIFT,
  kindOfRow,
} from './exception-classes.ts';

/** Events; a multiple of LOG_WINDOW. */
const CHUNK = 8192;
const BLOCK = 128;
const BLOCKS = CHUNK / BLOCK;
const LEVELS = 4;

if (CLASS_COUNT > LOG_CLASSES_MAX) throw new Error('There are more classes of exceptions than the core can count.');

// Places in an event, in words and in doubles.
const WORDS = EVENT_BYTES / 4;
const DOUBLES = EVENT_BYTES / 8;
const INFO = EVENT_INFO / 4;
const SYNDROME = EVENT_SYNDROME / 4;
const INSTRUCTIONS = EVENT_INSTRUCTIONS / 8;
/** Of the cycles of an event, where they are kept apart. */
const TIME_BYTES = 8;

/** Sums of everything before an event, `at` the first index of arrays with a row for each block. */
class Sums {
  readonly counts: Uint32Array;
  /** Modelled cycles by the class of the exception that entered the level at which they were spent. */
  readonly classCycles: Float64Array;
  readonly levelCycles: Float64Array;
  /** Cycles and instructions of the last event. */
  readonly cycles: Float64Array;
  readonly instructions: Float64Array;
  /** Present level, and the classes that entered EL1 to EL3, a byte each. */
  readonly state: Uint32Array;

  /** `rows` of them, or the ones of the core at an address. */
  constructor(rows: number, memory?: ArrayBufferLike, at = 0) {
    this.counts = memory ? new Uint32Array(memory, at + LOG_COUNTS, CLASS_COUNT) : new Uint32Array(rows * CLASS_COUNT);
    this.classCycles = memory
      ? new Float64Array(memory, at + LOG_CLASS_CYCLES, CLASS_COUNT)
      : new Float64Array(rows * CLASS_COUNT);
    this.levelCycles = memory
      ? new Float64Array(memory, at + LOG_LEVEL_CYCLES, LEVELS)
      : new Float64Array(rows * LEVELS);
    this.cycles = memory ? new Float64Array(memory, at + LOG_CYCLES, 1) : new Float64Array(rows);
    this.instructions = memory ? new Float64Array(memory, at + LOG_INSTRUCTIONS, 1) : new Float64Array(rows);
    this.state = memory ? new Uint32Array(memory, at + LOG_STATE, 1) : new Uint32Array(rows);
  }

  copy(row: number, from: Sums, fromRow: number): void {
    for (let n = 0; n < CLASS_COUNT; n++) {
      this.counts[row * CLASS_COUNT + n] = from.counts[fromRow * CLASS_COUNT + n];
      this.classCycles[row * CLASS_COUNT + n] = from.classCycles[fromRow * CLASS_COUNT + n];
    }
    for (let n = 0; n < LEVELS; n++) this.levelCycles[row * LEVELS + n] = from.levelCycles[fromRow * LEVELS + n];
    this.cycles[row] = from.cycles[fromRow];
    this.instructions[row] = from.instructions[fromRow];
    this.state[row] = from.state[fromRow];
  }

  /** Time goes on in row 0, at the present level. */
  pass(instructions: number, cycles: number): void {
    const level = this.state[0] & 0xff;
    const spent = cycles - this.cycles[0];
    this.levelCycles[level] += spent;
    if (level > 0) this.classCycles[(this.state[0] >>> (level * 8)) & 0xff] += spent;
    this.cycles[0] = cycles;
    this.instructions[0] = instructions;
  }

  /** Row 0 after one more event, as the core adds it up. */
  add(instructions: number, cycles: number, info: number): void {
    this.pass(instructions, cycles);
    const kind = classOfInfo(info);
    const to = (info >>> INFO_TO_SHIFT) & 3;
    let state = (this.state[0] & ~0xff) | to;
    if (kindOfRow(info & INFO_ROW) < 4 && to > 0) state = (state & ~(0xff << (to * 8))) | (kind << (to * 8));
    this.state[0] = state >>> 0;
    this.counts[kind]++;
  }
}

/** What a row of sums takes. */
const SUMS_BYTES = CLASS_COUNT * 12 + LEVELS * 8 + 20;
const CHUNK_EVENTS = CHUNK * EVENT_BYTES;
const CHUNK_TIMES = CHUNK * TIME_BYTES;
const CHUNK_SUMS = (BLOCKS + 1) * SUMS_BYTES;
/** Starts of chunks whose events were given up; every other one goes when there are more. */
const MOST_GIVEN_UP = 4096;

/** Where a chunk begins. */
interface Start {
  /** Of its first event, and that event's instructions. */
  readonly number: number;
  readonly first: number;
  /** Sums before it. */
  readonly sums: Sums;
}

/** The events of a chunk, as the core has written them, and behind them their cycles, if these are kept apart. */
class Chunk implements Start {
  readonly sums = new Sums(1);
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  /** Sums before each block, made when somebody asks. */
  #blocks: Sums | undefined;
  #summed = 0;

  constructor(
    readonly number: number,
    readonly first: number,
    sums: Sums,
    readonly buffer: ArrayBuffer,
  ) {
    this.sums.copy(0, sums, 0);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  instructions(at: number): number {
    return this.doubles[at * DOUBLES + INSTRUCTIONS];
  }

  cycles(at: number): number {
    return this.doubles[this.buffer.byteLength > CHUNK_EVENTS ? CHUNK * DOUBLES + at : at * DOUBLES + INSTRUCTIONS];
  }

  info(at: number): number {
    return this.words[at * WORDS + INFO];
  }

  syndrome(at: number): number {
    return this.words[at * WORDS + SYNDROME];
  }

  /** Sums before an event into row 0 of `out`. */
  sumsBefore(at: number, out: Sums): void {
    this.#blocks ??= new Sums(BLOCKS);
    const block = Math.min((at / BLOCK) | 0, BLOCKS - 1);
    for (; this.#summed <= block; this.#summed++) {
      const from = Math.max(0, this.#summed - 1);
      out.copy(0, this.#summed === 0 ? this.sums : this.#blocks, from);
      if (this.#summed > 0) this.#add(from * BLOCK, this.#summed * BLOCK, out);
      this.#blocks.copy(this.#summed, out, 0);
    }
    out.copy(0, this.#blocks, block);
    this.#add(block * BLOCK, at, out);
  }

  #add(from: number, to: number, out: Sums): void {
    for (let at = from; at < to; at++) out.add(this.instructions(at), this.cycles(at), this.info(at));
  }

  /** Events from here on are no longer what they were. */
  changed(at: number): void {
    this.#summed = Math.min(this.#summed, ((at / BLOCK) | 0) + 1);
  }
}

/** One event. */
export interface LoggedException {
  /** Counts the events of its PE from the start of the log. */
  readonly number: number;
  readonly instructions: number;
  readonly cycles: number;
  /** 0 to 4: synchronous, IRQ, FIQ, SError, return. */
  readonly kind: number;
  readonly from: ExceptionLevel;
  readonly to: ExceptionLevel;
  /** Index into EXCEPTION_CLASSES. */
  readonly class: number;
  /** ESR_ELx, low word; 0 for interrupts and returns. */
  readonly syndrome: number;
  /** Stage 2 was on for the lower of the two levels: a guest left, or one is entered. */
  readonly guest: boolean;
  readonly vmid: number;
}

/** What happened in a stretch of a PE. */
export interface Totals {
  /** Events by class. */
  readonly counts: Float64Array;
  readonly classCycles: Float64Array;
  readonly levelCycles: Float64Array;
}

/** A place in time that the caller knows: where a PE stands now. */
export interface Now {
  readonly instructions: number;
  readonly cycles: number;
}

/** The exceptions of one PE. */
export class PeExceptionLog {
  readonly #log: ExceptionLog;
  readonly #pe: number;
  /** Where the core has its part. */
  readonly #at: number;
  readonly #memory: Uint8Array;
  readonly #words: Uint32Array;
  /** Sums of all that was taken away, in the core. */
  readonly #running: Sums;
  readonly #begin = new Sums(1);
  /** Chunks that gave up their events, some of them. */
  #givenUp: Start[] = [];
  readonly #chunks: Chunk[] = [];
  /** Number of the first event of the window that the core has. */
  #window = 0;
  #length = 0;
  #cursor = 0;
  /** Events that were passed by again without being compared, because they are given up. */
  #unproven = false;

  constructor(log: ExceptionLog, pe: number, el: ExceptionLevel, now: Now, start: number) {
    const memory = log.core.memory.buffer;
    this.#log = log;
    this.#pe = pe;
    this.#at = OBSERVED + pe * OBSERVED_BYTES;
    this.#memory = new Uint8Array(memory);
    this.#words = new Uint32Array(memory);
    this.#running = new Sums(1, memory, this.#at);
    this.#begin.state[0] = el;
    this.#begin.cycles[0] = now.cycles;
    this.#begin.instructions[0] = now.instructions;
    this.#running.copy(0, this.#begin, 0);
    new Float64Array(memory)[(this.#at + LOG_FIRST) >> 3] = start;
    this.#words[(this.#at + LOG_TIMED) >> 2] = log.timed ? 1 : 0;
    this.#open(0);
  }

  /** Events recorded, those of the future too. */
  get length(): number {
    this.#take();
    return this.#length;
  }

  /** Events up to now: the position to come back to with `seek`. */
  get position(): number {
    this.#take();
    return this.#cursor;
  }

  /** Number of the oldest event that is still there. */
  get oldest(): number {
    this.#take();
    return this.#chunks[0]?.number ?? this.#length;
  }

  /** Bytes. */
  get bytes(): number {
    return this.#chunks.length * this.#log.chunkBytes + this.#givenUp.length * SUMS_BYTES;
  }

  // --- What the core writes -------------------------------------------------------------------------------------------

  /** Takes in what the core has written since. */
  #take(): void {
    const events = this.#at + LOG_EVENTS;
    const cursor = this.#window + (this.#words[(this.#at + LOG_AT) >> 2] - events) / EVENT_BYTES;
    if (cursor === this.#cursor) return;
    if (this.#words[(this.#at + LOG_BLIND) >> 2]) this.#unproven = true;
    if (cursor > this.#length) {
      const chunk = this.#chunks[this.#chunks.length - 1];
      const from = events + (this.#length - this.#window) * EVENT_BYTES;
      const to = events + (cursor - this.#window) * EVENT_BYTES;
      const first = this.#length - chunk.number;
      chunk.bytes.set(this.#memory.subarray(from, to), first * EVENT_BYTES);
      if (this.#log.timed) {
        const times = this.#at + LOG_TIMES;
        const cycles = this.#memory.subarray(
          times + (this.#length - this.#window) * TIME_BYTES,
          times + (cursor - this.#window) * TIME_BYTES,
        );
        chunk.bytes.set(cycles, CHUNK_EVENTS + first * TIME_BYTES);
      }
      this.#log.core.addUpEvents(this.#pe, from, to);
      this.#length = cursor;
    }
    this.#cursor = cursor;
  }

  /** Lets the core go on with an event of this number. */
  #open(number: number): void {
    this.#cursor = number;
    const chunk = this.#chunkOf(number);
    // Behind the last chunk the window is at its end, so that the core asks for another one when there is an event.
    const isBehind = number === this.#length && chunk === undefined;
    this.#window = isBehind ? number - LOG_WINDOW : number - (number % LOG_WINDOW);
    const events = this.#at + LOG_EVENTS;
    const set = (field: number, value: number) => {
      this.#words[(this.#at + field) >> 2] = value;
    };
    let known = 0;
    if (chunk !== undefined) {
      known = Math.min(LOG_WINDOW, this.#length - this.#window);
      const from = (this.#window - chunk.number) * EVENT_BYTES;
      // The core compares all of an event but its cycles.
      this.#memory.set(chunk.bytes.subarray(from, from + known * EVENT_BYTES), events);
    } else if (!isBehind) {
      known = LOG_WINDOW;
    }
    set(LOG_AT, events + (number - this.#window) * EVENT_BYTES);
    set(LOG_KNOWN, events + known * EVENT_BYTES);
    set(LOG_BLIND, chunk === undefined && !isBehind ? 1 : 0);
    // What is known is compared, and the core asks for the next window at the end of this one.
    const isNew = number === this.#length && !isBehind;
    set(LOG_LIMIT, isNew ? events + LOG_WINDOW * EVENT_BYTES : 0);
  }

  /** The window is at its end, and the next event is after so many instructions. */
  full(instructions: number): void {
    this.#take();
    if (this.#cursor === this.#length && this.#cursor % CHUNK === 0) {
      this.#chunks.push(new Chunk(this.#cursor, instructions, this.#running, this.#log.room()));
    }
    this.#open(this.#cursor);
  }

  #chunkOf(number: number): Chunk | undefined {
    const first = this.#chunks[0]?.number;
    return first === undefined || number < first ? undefined : this.#chunks[((number - first) / CHUNK) | 0];
  }

  /** Instructions at which the oldest chunk with events begins; the newest is never given up. */
  get oldestChunk(): number {
    return this.#chunks.length < 2 ? Number.POSITIVE_INFINITY : this.#chunks[0].first;
  }

  /** Gives up the oldest events; returns where they were. */
  dropOldestChunk(): ArrayBuffer {
    const { number, first, sums, buffer } = this.#chunks.shift() as Chunk;
    this.#givenUp.push({ number, first, sums });
    if (this.#givenUp.length > MOST_GIVEN_UP) this.#givenUp = this.#givenUp.filter((_, index) => index % 2 === 0);
    // The core may be about to compare them.
    if (this.#window >= number && this.#window < number + CHUNK) {
      this.#take();
      this.#open(this.#cursor);
    }
    return buffer;
  }

  /** The PE was taken back, or forward, to where it had seen so many events. */
  seek(position: number): void {
    this.#take();
    this.#unproven = false;
    this.#open(Math.min(position, this.#length));
  }

  /** What was recorded beyond the cursor will not happen. False when the log had to begin anew. */
  cut(now: Now): boolean {
    this.#take();
    if (this.#cursor === this.#length) return true;
    const chunk = this.#chunkOf(this.#cursor);
    if (this.#unproven || chunk === undefined) {
      this.#log.restart();
      return false;
    }
    const at = this.#cursor - chunk.number;
    chunk.sumsBefore(at, this.#running);
    chunk.changed(at);
    this.#length = this.#cursor;
    while (this.#chunks.length > 0 && this.#chunks[this.#chunks.length - 1].number >= this.#length) this.#chunks.pop();
    this.#open(this.#cursor);
    this.#log.futureChanged(now.instructions);
    return true;
  }

  /** Drops a recorded future whose next event should have happened by now. */
  verify(now: Now): void {
    this.#take();
    if (this.#cursor >= this.#length) return;
    const next = this.#chunkOf(this.#cursor);
    if (next !== undefined && next.instructions(this.#cursor - next.number) < now.instructions) this.cut(now);
  }

  // --- Questions ------------------------------------------------------------------------------------------------------

  /** Number of the first event at or after a count of instructions. */
  find(instructions: number): number {
    this.#take();
    const chunk = lastBefore(this.#chunks, instructions);
    if (chunk === undefined) {
      const given = lastBefore(this.#givenUp, instructions);
      return given === undefined ? 0 : this.#endOf(given);
    }
    let first = 0;
    let last = Math.min(CHUNK, this.#length - chunk.number);
    while (first < last) {
      const middle = (first + last) >> 1;
      if (chunk.instructions(middle) < instructions) first = middle + 1;
      else last = middle;
    }
    return chunk.number + first;
  }

  /** The start of what follows a chunk that gave up its events. */
  #after(given: Start): Start | undefined {
    return this.#givenUp[this.#givenUp.indexOf(given) + 1] ?? this.#chunks[0];
  }

  #endOf(given: Start): number {
    return this.#after(given)?.number ?? this.#length;
  }

  /** An event that is still there. */
  event(number: number): LoggedException | undefined {
    this.#take();
    const chunk = number < this.#length ? this.#chunkOf(number) : undefined;
    if (chunk === undefined) return undefined;
    const at = number - chunk.number;
    const info = chunk.info(at);
    return {
      number,
      instructions: chunk.instructions(at),
      cycles: chunk.cycles(at),
      kind: kindOfRow(info & INFO_ROW),
      from: ((info >>> INFO_FROM_SHIFT) & 3) as ExceptionLevel,
      to: ((info >>> INFO_TO_SHIFT) & 3) as ExceptionLevel,
      class: classOfInfo(info),
      syndrome: chunk.syndrome(at),
      guest: (info & INFO_GUEST) !== 0,
      vmid: info >>> INFO_VMID_SHIFT,
    };
  }

  /** The level at a count of instructions, before an event there. */
  levelAt(instructions: number): ExceptionLevel {
    const number = this.find(instructions);
    const before = number === 0 ? undefined : this.event(number - 1);
    if (before) return before.to;
    if (number === 0) return (this.#begin.state[0] & 3) as ExceptionLevel;
    return ((this.#startAt(number)?.sums.state[0] ?? this.#running.state[0]) & 3) as ExceptionLevel;
  }

  #startAt(number: number): Start | undefined {
    return this.#chunks[0]?.number === number ? this.#chunks[0] : this.#givenUp.find(one => one.number === number);
  }

  /** Sums up to a count of instructions, an event there not included, into row 0 of `out`. */
  #sumsAt(instructions: number, end: Now, out: Sums): void {
    const number = this.find(instructions);
    if (number === 0) {
      out.copy(0, this.#begin, 0);
    } else {
      const chunk = this.#chunkOf(number - 1);
      if (chunk === undefined) {
        const given = lastBefore(this.#givenUp, instructions) as Start;
        this.#between(given.sums, this.#after(given)?.sums ?? this.#running, instructions, out);
        return;
      }
      chunk.sumsBefore(number - chunk.number, out);
    }
    if (instructions <= out.instructions[0]) return;
    // Inside of what follows the last event: in proportion.
    const next = this.event(number) ?? (end.instructions > out.instructions[0] ? end : undefined);
    if (!next) return;
    const share = (instructions - out.instructions[0]) / (next.instructions - out.instructions[0]);
    out.pass(instructions, out.cycles[0] + Math.min(1, share) * (next.cycles - out.cycles[0]));
  }

  /** Among events that were given up: in proportion. */
  #between(start: Sums, next: Sums, instructions: number, out: Sums): void {
    const length = next.instructions[0] - start.instructions[0];
    const share = length > 0 ? Math.min(1, Math.max(0, (instructions - start.instructions[0]) / length)) : 1;
    out.copy(0, start, 0);
    for (let n = 0; n < CLASS_COUNT; n++) {
      out.counts[n] += Math.round(share * (next.counts[n] - start.counts[n]));
      out.classCycles[n] += share * (next.classCycles[n] - start.classCycles[n]);
    }
    for (let n = 0; n < LEVELS; n++) out.levelCycles[n] += share * (next.levelCycles[n] - start.levelCycles[n]);
  }

  /** What happened between two counts of instructions; `end` is the end of what is known. */
  totals(from: number, to: number, end: Now): Totals {
    return this.buckets(from, to, 1, end)[0];
  }

  /** The same for equal parts of a stretch. */
  buckets(from: number, to: number, count: number, end: Now): Totals[] {
    const found: Totals[] = [];
    let before = new Sums(1);
    let after = new Sums(1);
    this.#sumsAt(from, end, before);
    for (let n = 1; n <= count; n++) {
      this.#sumsAt(from + ((to - from) * n) / count, end, after);
      found.push({
        counts: Float64Array.from(after.counts, (value, index) => value - before.counts[index]),
        classCycles: after.classCycles.map((value, index) => value - before.classCycles[index]),
        levelCycles: after.levelCycles.map((value, index) => value - before.levelCycles[index]),
      });
      [before, after] = [after, before];
    }
    return found;
  }
}

/** The last that begins before a count of instructions. */
function lastBefore<T extends Start>(starts: readonly T[], instructions: number): T | undefined {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle].first < instructions) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : starts[low - 1];
}

export interface ExceptionLogOptions {
  /** Bytes that events may take; the oldest are given up beyond it. */
  readonly limit: number;
}

const DEFAULTS: ExceptionLogOptions = { limit: 64 * 2 ** 20 };

/** What the log asks of the machine. */
export interface ExceptionLogHost {
  readonly pes: number;
  /** Cycles of a PE are not the instructions of the machine: there are other PEs, or costs. */
  readonly timed: boolean;
  readonly core: { readonly memory: WebAssembly.Memory } & Pick<Core, 'addUpEvents'>;
  /** Level and place in time of a PE now. */
  levelOf(pe: number): ExceptionLevel;
  now(pe: number): Now;
}

/** The exceptions of all PEs. */
export class ExceptionLog {
  readonly #host: ExceptionLogHost;
  readonly #limit: number;
  #pes: PeExceptionLog[] = [];
  #start = 0;
  #ends: Now[] = [];
  /** VTTBR_EL2 of each guest that ran, by VMID. */
  readonly guests = new Map<number, bigint>();
  /** Changes when something that was shown as recorded is no longer true. */
  generation = 0;

  constructor(host: ExceptionLogHost, options: Partial<ExceptionLogOptions> = {}) {
    this.#host = host;
    this.#limit = { ...DEFAULTS, ...options }.limit;
    this.restart();
  }

  get core(): ExceptionLogHost['core'] {
    return this.#host.core;
  }

  get timed(): boolean {
    return this.#host.timed;
  }

  /** Bytes of a chunk. */
  get chunkBytes(): number {
    return CHUNK_EVENTS + (this.timed ? CHUNK_TIMES : 0) + CHUNK_SUMS;
  }

  get pes(): readonly PeExceptionLog[] {
    return this.#pes;
  }

  /** Instructions of the machine at which the log begins. */
  get start(): number {
    return this.#start;
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#pes.reduce((sum, pe) => sum + pe.bytes, 0);
  }

  /** The furthest moment that is known of a PE. */
  end(pe: number): Now {
    const now = this.#host.now(pe);
    this.#pes[pe].verify(now);
    const known = this.#ends[pe];
    if (known === undefined || now.instructions >= known.instructions) this.#ends[pe] = now;
    return this.#ends[pe];
  }

  /** The core asks for another window for a PE. */
  full(pe: number, instructions: number): void {
    this.#pes[pe].full(instructions);
  }

  /** An event of a PE is another than the recorded one. False when it is not to be logged. */
  differs(pe: number): boolean {
    return this.#pes[pe].cut(this.#host.now(pe));
  }

  /** Before the machine leaves the present moment: how far the run got is kept. */
  settle(): void {
    for (const pe of this.#pes.keys()) this.end(pe);
  }

  /** Gives up the oldest events until there is room for a chunk; returns where its events go. */
  room(): ArrayBuffer {
    let free: ArrayBuffer | undefined;
    while (this.bytes + this.chunkBytes > this.#limit) {
      const oldest = this.#pes.reduce((a, b) => (b.oldestChunk < a.oldestChunk ? b : a));
      if (oldest.oldestChunk === Number.POSITIVE_INFINITY) break;
      free = oldest.dropOldestChunk();
    }
    return free ?? new ArrayBuffer(this.chunkBytes - CHUNK_SUMS);
  }

  futureChanged(now: number): void {
    this.generation++;
    this.#ends = this.#ends.map((end, pe) => (end.instructions > now ? this.#host.now(pe) : end));
  }

  /** Begins anew, here. */
  restart(): void {
    this.generation++;
    this.#start = this.#host.now(0).instructions;
    this.#pes = Array.from(
      { length: this.#host.pes },
      (_, pe) => new PeExceptionLog(this, pe, this.#host.levelOf(pe), this.#host.now(pe), this.#start),
    );
    this.#ends = [];
  }

  /** For a snapshot: how much of the log is past. */
  get positions(): readonly number[] {
    return this.#pes.map(pe => pe.position);
  }

  /** The machine went to a moment at which so much was past; undefined: before the log began. */
  seek(positions: readonly number[] | undefined): void {
    for (const [pe, log] of this.#pes.entries()) log.seek(positions?.[pe] ?? 0);
  }

  /** The user changed the machine: what follows is not what was recorded. */
  cut(): void {
    for (const [pe, log] of this.#pes.entries()) if (!log.cut(this.#host.now(pe))) return;
  }
}
