/**
 * What exceptions were taken and returned from, for each PE, as a run goes: typed arrays in chunks, with sums at the
 * start of every block, so that a view of 10^9 instructions and one of a single world switch cost the same to answer.
 *
 * Memory is bounded: when the limit is reached the oldest chunk gives up its events and keeps its sums.
 *
 * Going back in time keeps the future. The run that follows makes the same events again, each is compared with what was
 * recorded, and at the first that differs (the user changed something in the past) the old future is dropped.
 */

import type { ExceptionLevel } from '../target.ts';
import { CLASS_COUNT, exceptionClass } from './exception-classes.ts';

const CHUNK = 8192;
const BLOCK = 128;
const BLOCKS = CHUNK / BLOCK;
const LEVELS = 4;

/** Bits of `info`. */
const KIND_MASK = 7;
const FROM_SHIFT = 3;
const TO_SHIFT = 5;
const GUEST = 1 << 7;
const CLASS_SHIFT = 8;
const VMID_SHIFT = 16;

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

  constructor(rows: number) {
    this.counts = new Uint32Array(rows * CLASS_COUNT);
    this.classCycles = new Float64Array(rows * CLASS_COUNT);
    this.levelCycles = new Float64Array(rows * LEVELS);
    this.cycles = new Float64Array(rows);
    this.instructions = new Float64Array(rows);
    this.state = new Uint32Array(rows);
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

  /** Row 0 after one more event. */
  add(instructions: number, cycles: number, info: number): void {
    this.pass(instructions, cycles);
    const kind = (info >>> CLASS_SHIFT) & 0xff;
    const to = (info >>> TO_SHIFT) & 3;
    let state = (this.state[0] & ~0xff) | to;
    if ((info & KIND_MASK) < 4 && to > 0) state = (state & ~(0xff << (to * 8))) | (kind << (to * 8));
    this.state[0] = state >>> 0;
    this.counts[kind]++;
  }
}

/** Kind (0 to 4: synchronous, IRQ, FIQ, SError, return), levels, class and guest of an event, in one word. */
function infoOf(kind: number, from: number, to: number, syndrome: number, guest: boolean, vmid: number): number {
  const levels = (from << FROM_SHIFT) | (to << TO_SHIFT);
  const kindOf = exceptionClass(kind, syndrome, to === 2, guest) << CLASS_SHIFT;
  return (kind | levels | (guest ? GUEST : 0) | kindOf | (vmid << VMID_SHIFT)) >>> 0;
}

interface Events {
  readonly instructions: Float64Array;
  readonly cycles: Float64Array;
  readonly info: Uint32Array;
  readonly syndrome: Uint32Array;
  /** A row for each block. */
  readonly sums: Sums;
}

const CHUNK_BYTES = CHUNK * 24 + BLOCKS * (CLASS_COUNT * 12 + LEVELS * 8 + 20);

interface Chunk {
  /** Sums before its first event. */
  readonly start: Sums;
  /** Instructions of its first event. */
  first: number;
  /** Undefined once they were given up. */
  events: Events | undefined;
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
  readonly #chunks: Chunk[] = [];
  readonly #log: ExceptionLog;
  /** Sums of all that is recorded, and of all before the cursor, are the same while nothing was taken back. */
  readonly #running = new Sums(1);
  readonly #begin = new Sums(1);
  #length = 0;
  #cursor = 0;
  /** Events that were passed by again without being compared, because they are given up. */
  #unproven = false;

  constructor(log: ExceptionLog, el: ExceptionLevel, now: Now) {
    this.#log = log;
    this.#running.state[0] = el;
    this.#running.cycles[0] = now.cycles;
    this.#running.instructions[0] = now.instructions;
    this.#begin.copy(0, this.#running, 0);
  }

  /** Events recorded, those of the future too. */
  get length(): number {
    return this.#length;
  }

  /** Events up to now: the position to come back to with `seek`. */
  get position(): number {
    return this.#cursor;
  }

  /** Number of the oldest event that is still there. */
  get oldest(): number {
    const chunk = this.#chunks.findIndex(one => one.events !== undefined);
    return chunk < 0 ? this.#length : chunk * CHUNK;
  }

  /** Bytes. */
  get bytes(): number {
    return this.#chunks.reduce((sum, { events }) => sum + (events ? CHUNK_BYTES : CHUNK_BYTES / BLOCKS), 0);
  }

  /** One event: `info` as `infoOf` packs it. */
  append(instructions: number, cycles: number, info: number, syndrome: number): void {
    const number = this.#cursor;
    if (number < this.#length) {
      const { events } = this.#chunks[(number / CHUNK) | 0];
      const at = number % CHUNK;
      if (events === undefined) {
        this.#unproven = true;
        this.#cursor++;
        return;
      }
      if (events.instructions[at] === instructions && events.info[at] === info && events.syndrome[at] === syndrome) {
        this.#cursor++;
        return;
      }
      if (!this.cut({ instructions, cycles })) return;
    }
    const at = this.#length % CHUNK;
    if (at === 0) this.#newChunk(instructions);
    const events = this.#chunks[this.#chunks.length - 1].events as Events;
    if (at % BLOCK === 0) events.sums.copy(at / BLOCK, this.#running, 0);
    events.instructions[at] = instructions;
    events.cycles[at] = cycles;
    events.info[at] = info;
    events.syndrome[at] = syndrome;
    this.#running.add(instructions, cycles, info);
    this.#length++;
    this.#cursor++;
  }

  #newChunk(instructions: number): void {
    this.#log.makeRoom(CHUNK_BYTES);
    const start = new Sums(1);
    start.copy(0, this.#running, 0);
    this.#chunks.push({
      start,
      first: instructions,
      events: {
        instructions: new Float64Array(CHUNK),
        cycles: new Float64Array(CHUNK),
        info: new Uint32Array(CHUNK),
        syndrome: new Uint32Array(CHUNK),
        sums: new Sums(BLOCKS),
      },
    });
  }

  /** Instructions at which the oldest chunk with events begins; the newest is never given up. */
  get oldestChunk(): number {
    const index = this.#chunks.findIndex(one => one.events !== undefined);
    return index < 0 || index >= this.#chunks.length - 1 ? Number.POSITIVE_INFINITY : this.#chunks[index].first;
  }

  dropOldestChunk(): void {
    const chunk = this.#chunks.find(one => one.events !== undefined);
    if (chunk) chunk.events = undefined;
  }

  /** The PE was taken back, or forward, to where it had seen so many events. */
  seek(position: number): void {
    this.#cursor = Math.min(position, this.#length);
    this.#unproven = false;
  }

  /** What was recorded beyond the cursor will not happen. False when the log had to begin anew. */
  cut(now: Now): boolean {
    if (this.#cursor === this.#length) return true;
    const chunk = this.#chunks[(this.#cursor / CHUNK) | 0];
    if (this.#unproven || chunk.events === undefined) {
      this.#log.restart();
      return false;
    }
    const { events } = chunk;
    const at = this.#cursor % CHUNK;
    const block = (at / BLOCK) | 0;
    this.#running.copy(0, events.sums, block);
    for (let n = block * BLOCK; n < at; n++)
      this.#running.add(events.instructions[n], events.cycles[n], events.info[n]);
    this.#length = this.#cursor;
    this.#chunks.length = Math.ceil(this.#length / CHUNK);
    this.#log.futureChanged(now.instructions);
    return true;
  }

  /** Drops a recorded future whose next event should have happened by now. */
  verify(now: Now): void {
    if (this.#cursor >= this.#length) return;
    const next = this.#instructionsOf(this.#cursor);
    if (next !== undefined && next < now.instructions) this.cut(now);
  }

  #instructionsOf(number: number): number | undefined {
    return this.#chunks[(number / CHUNK) | 0]?.events?.instructions[number % CHUNK];
  }

  /** Number of the first event at or after a count of instructions. */
  find(instructions: number): number {
    let low = 0;
    let high = this.#chunks.length;
    // The last chunk whose first event is before it.
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#chunks[middle].first < instructions) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    const chunk = low - 1;
    const { events } = this.#chunks[chunk];
    const size = Math.min(CHUNK, this.#length - chunk * CHUNK);
    if (events === undefined) return chunk * CHUNK + size;
    let first = 0;
    let last = size;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (events.instructions[middle] < instructions) first = middle + 1;
      else last = middle;
    }
    return chunk * CHUNK + first;
  }

  /** An event that is still there. */
  event(number: number): LoggedException | undefined {
    const events = number < this.#length ? this.#chunks[(number / CHUNK) | 0]?.events : undefined;
    if (events === undefined) return undefined;
    const at = number % CHUNK;
    const info = events.info[at];
    return {
      number,
      instructions: events.instructions[at],
      cycles: events.cycles[at],
      kind: info & KIND_MASK,
      from: ((info >>> FROM_SHIFT) & 3) as ExceptionLevel,
      to: ((info >>> TO_SHIFT) & 3) as ExceptionLevel,
      class: (info >>> CLASS_SHIFT) & 0xff,
      syndrome: events.syndrome[at],
      guest: (info & GUEST) !== 0,
      vmid: info >>> VMID_SHIFT,
    };
  }

  /** The level at a count of instructions, before an event there. */
  levelAt(instructions: number): ExceptionLevel {
    const number = this.find(instructions);
    const before = number === 0 ? undefined : this.event(number - 1);
    if (before) return before.to;
    if (number === 0) return (this.#begin.state[0] & 3) as ExceptionLevel;
    return ((this.#chunks[Math.ceil(number / CHUNK)]?.start.state[0] ?? this.#running.state[0]) & 3) as ExceptionLevel;
  }

  /** Sums up to a count of instructions, an event there not included, into row 0 of `out`. */
  #sumsAt(instructions: number, end: Now, out: Sums): void {
    const number = this.find(instructions);
    if (number === 0) {
      out.copy(0, this.#begin, 0);
    } else {
      const chunk = this.#chunks[((number - 1) / CHUNK) | 0];
      if (chunk.events === undefined) {
        this.#between(chunk, this.#chunks[(((number - 1) / CHUNK) | 0) + 1]?.start ?? this.#running, instructions, out);
        return;
      }
      const at = ((number - 1) % CHUNK) + 1;
      const block = ((at - 1) / BLOCK) | 0;
      out.copy(0, chunk.events.sums, block);
      const { events } = chunk;
      for (let n = block * BLOCK; n < at; n++) out.add(events.instructions[n], events.cycles[n], events.info[n]);
    }
    if (instructions <= out.instructions[0]) return;
    // Inside of what follows the last event: in proportion.
    const next = this.event(number) ?? (end.instructions > out.instructions[0] ? end : undefined);
    if (!next) return;
    const share = (instructions - out.instructions[0]) / (next.instructions - out.instructions[0]);
    out.pass(instructions, out.cycles[0] + Math.min(1, share) * (next.cycles - out.cycles[0]));
  }

  /** In a chunk that gave up its events: in proportion. */
  #between(chunk: Chunk, next: Sums, instructions: number, out: Sums): void {
    const { start } = chunk;
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

export interface ExceptionLogOptions {
  /** Bytes that events may take; the oldest are given up beyond it. */
  readonly limit: number;
}

const DEFAULTS: ExceptionLogOptions = { limit: 64 * 2 ** 20 };

/** What the log asks of the machine. */
export interface ExceptionLogHost {
  readonly pes: number;
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

  /**
   * An exception of a PE, or its return, after so many instructions of the machine and modelled cycles of the PE: see
   * `LoggedException`. Nothing before the start of the log is taken in.
   */
  add(
    pe: number,
    instructions: number,
    cycles: number,
    kind: number,
    from: number,
    to: number,
    syndrome: number,
    guest: boolean,
    vmid: number,
  ): void {
    if (instructions < this.#start) return;
    this.#pes[pe].append(instructions, cycles, infoOf(kind, from, to, syndrome, guest, vmid), syndrome);
  }

  /** Before the machine leaves the present moment: how far the run got is kept. */
  settle(): void {
    for (const pe of this.#pes.keys()) this.end(pe);
  }

  /** Gives up the oldest events until there is room. */
  makeRoom(bytes: number): void {
    while (this.bytes + bytes > this.#limit) {
      const oldest = this.#pes.reduce((a, b) => (b.oldestChunk < a.oldestChunk ? b : a));
      if (oldest.oldestChunk === Number.POSITIVE_INFINITY) return;
      oldest.dropOldestChunk();
    }
  }

  futureChanged(now: number): void {
    this.generation++;
    this.#ends = this.#ends.map((end, pe) => (end.instructions > now ? this.#host.now(pe) : end));
  }

  /** Begins anew, here. */
  restart(): void {
    this.generation++;
    this.#pes = Array.from(
      { length: this.#host.pes },
      (_, pe) => new PeExceptionLog(this, this.#host.levelOf(pe), this.#host.now(pe)),
    );
    this.#start = this.#host.now(0).instructions;
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
