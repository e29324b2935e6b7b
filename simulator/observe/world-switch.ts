/**
 * One world switch under the magnifying glass: from the exit of a guest to its next entry, what ran at which level, and
 * every system register that was saved and restored, in order and with values. It replays the recorded stretch one
 * instruction at a time with observation on, so that the run itself pays nothing.
 *
 * A save is an MRS whose value is stored to memory as it is; a restore is an MSR whose value was loaded from there. A
 * save is needless when the place is written again before anybody has loaded it; a write is needless when the register
 * had that value already.
 */

import type { ExceptionLevel, SystemRegisterEvent } from '../target.ts';
import type { ExceptionLog, LoggedException } from './exception-log.ts';
import { moveOf, type Transfer, transferOf } from './transfers.ts';

/** An exit and the entry after it, as the log has them. */
export interface WorldSwitch {
  readonly pe: number;
  readonly exit: LoggedException;
  readonly entry: LoggedException;
}

const isExit = (event: LoggedException): boolean => event.guest && event.kind < 4 && event.from < 2 && event.to === 2;
const isEntry = (event: LoggedException): boolean =>
  event.guest && event.kind === 4 && event.from === 2 && event.to < 2;

/**
 * World switches of a PE that begin before a count of instructions, newest first. With `sameGuest` a switch ends where
 * the guest that left runs again, whatever other guests ran between: so a nested guest's exit counts in whole.
 */
export function worldSwitches(
  log: ExceptionLog,
  pe: number,
  before: number,
  limit: number,
  sameGuest = false,
): WorldSwitch[] {
  const events = log.pes[pe];
  const found: WorldSwitch[] = [];
  /** The next entry of each guest, and of any, on the way back. */
  const entries = new Map<number, LoggedException>();
  let any: LoggedException | undefined;
  const last = Math.min(events.length, events.find(before) + MOST_EVENTS) - 1;
  for (let number = last; number >= events.oldest && found.length < limit; number--) {
    const event = events.event(number);
    if (event === undefined) break;
    if (isEntry(event)) {
      entries.set(event.vmid, event);
      any = event;
    } else if (isExit(event)) {
      const entry = sameGuest ? entries.get(event.vmid) : any;
      if (entry && event.instructions < before) found.push({ pe, exit: event, entry });
      any = undefined;
      entries.delete(event.vmid);
    }
  }
  return found;
}

/** Events after a moment that an entry is looked for in. */
const MOST_EVENTS = 10_000;

export type AccessKind = 'save' | 'read' | 'restore' | 'write';

export interface RecordedAccess {
  readonly kind: AccessKind;
  /** The register that was reached: with HCR_EL2.E2H another one than the instruction names. */
  readonly register: string;
  /** Disassembly. */
  readonly instruction: string;
  readonly value: bigint;
  /** What a written register held before. */
  readonly old?: bigint;
  readonly level: ExceptionLevel;
  readonly pc: bigint;
  readonly function?: string;
  /** From the exit. */
  readonly instructions: number;
  readonly cycles: number;
  /** `same`: the register had that value. `unused`: overwritten in memory before anything loaded it. */
  readonly needless?: 'same' | 'unused';
}

/** What ran without a change of function. */
export interface RecordedPart {
  readonly name: string;
  /** From the exit. */
  readonly start: number;
  readonly instructions: number;
  readonly cycles: number;
}

/** What ran without a change of level. */
export interface RecordedSegment {
  readonly level: ExceptionLevel;
  /** Stage 2 was on: a guest, else the host or the hypervisor. */
  readonly guest: boolean;
  /** What began it. */
  readonly cause: string;
  /** Modelled cycles from the exit. */
  readonly start: number;
  readonly instructions: number;
  readonly cycles: number;
  readonly parts: readonly RecordedPart[];
}

export interface WorldSwitchRecording {
  readonly pe: number;
  readonly vmid: number;
  /** Counts of instructions of the machine. */
  readonly exitAt: number;
  readonly entryAt: number;
  readonly cause: string;
  readonly instructions: number;
  readonly cycles: number;
  readonly segments: readonly RecordedSegment[];
  readonly accesses: readonly RecordedAccess[];
  /** Switches after this one that were looked at to learn which saves are used. */
  readonly followed: number;
}

/** What a replay shows, instruction by instruction. */
export interface RetraceVisitor {
  /** Where the PE stands: how many instructions the machine is to run now, 0 to end the replay. */
  before(step: RetraceStep): number;
  accessed(event: SystemRegisterEvent): void;
  exception(kind: number, from: ExceptionLevel, to: ExceptionLevel): void;
  /** After these instructions. */
  after(step: RetraceStep): void;
}

export interface RetraceStep {
  readonly word: number;
  readonly pc: bigint;
  readonly level: ExceptionLevel;
  readonly guest: boolean;
  readonly instructions: number;
  readonly cycles: number;
  /** X0 to X30, and the stack pointer as 31. */
  register(n: number): bigint;
}

export interface WorldSwitchHost {
  readonly log: ExceptionLog;
  /** Replays from a count of instructions, and comes back to the present moment. */
  retrace(pe: number, from: number, visitor: RetraceVisitor): void;
  disassemble(word: number, address: bigint): string | undefined;
  /** What an exception is called. */
  describe(event: LoggedException): string;
}

/** Name of the function at an address; undefined where no symbol is known. */
export type FunctionName = (pc: bigint, level: ExceptionLevel, guest: boolean) => string | undefined;

/** Instructions that are looked at in all: a switch that is longer is cut. */
const MOST_STEPS = 400_000;
/** Later switches in which saved values may turn up. */
const MOST_FOLLOWED = 3;

type Origin = { readonly access: number } | { readonly address: bigint };

interface Segment extends RecordedSegment {
  instructions: number;
  cycles: number;
  parts: { name: string; start: number; instructions: number; cycles: number }[];
}

type Access = { -readonly [K in keyof RecordedAccess]: RecordedAccess[K] };

/** Follows values from system registers to memory and back. */
class Flow {
  readonly #origins: (Origin | undefined)[] = new Array(32);
  /** Saves by address that nobody has loaded yet. */
  readonly #saved = new Map<bigint, number>();
  readonly #accesses: Access[];

  constructor(accesses: Access[]) {
    this.#accesses = accesses;
  }

  /** Whether it is still open if some save is used. */
  get open(): boolean {
    return this.#saved.size > 0;
  }

  origin(register: number): Origin | undefined {
    return register === 31 ? undefined : this.#origins[register];
  }

  set(register: number, origin: Origin | undefined): void {
    if (register !== 31) this.#origins[register] = origin;
  }

  /** Before an instruction: where it loads and stores, while its base register has not changed. */
  prepare({ word, register }: RetraceStep): void {
    this.#transfer = transferOf(word, register);
  }

  #transfer: Transfer | undefined;

  /** After it. */
  step({ word }: RetraceStep): void {
    const move = moveOf(word);
    if (move) {
      this.set(move.to, this.origin(move.from));
      return;
    }
    const transfer = this.#transfer;
    if (transfer) {
      // A copy by SIMD registers may use what was saved, or overwrite it: neither is called needless.
      if (transfer.registers.length === 0) this.#forget(transfer.address, transfer.bytes);
      transfer.registers.forEach((number, index) => {
        const address = transfer.address + BigInt(index * transfer.bytes);
        if (transfer.load) this.#load(number, address);
        else this.#store(number, address);
      });
      return;
    }
    // MSR and MRS tell by themselves; of all others the destination is a new value.
    if ((word & 0xffc00000) >>> 0 !== 0xd5000000) this.set(word & 31, undefined);
  }

  #forget(address: bigint, bytes: number): void {
    for (const saved of this.#saved.keys())
      if (saved + 8n > address && saved < address + BigInt(bytes)) this.#saved.delete(saved);
  }

  #load(register: number, address: bigint): void {
    this.#saved.delete(address);
    this.set(register, { address });
  }

  #store(register: number, address: bigint): void {
    const lost = this.#saved.get(address);
    if (lost !== undefined) this.#accesses[lost].needless ??= 'unused';
    this.#saved.delete(address);
    const origin = this.origin(register);
    if (!origin || !('access' in origin)) return;
    this.#accesses[origin.access].kind = 'save';
    this.#saved.set(address, origin.access);
  }
}

class Recorder implements RetraceVisitor {
  readonly accesses: Access[] = [];
  readonly segments: Segment[] = [];
  readonly #flow = new Flow(this.accesses);
  readonly #host: WorldSwitchHost;
  readonly #switch: WorldSwitch;
  readonly #names: FunctionName;
  #state: 'before' | 'inside' | 'after' = 'before';
  #steps = 0;
  #entries = 0;
  #step: RetraceStep | undefined;
  #event: number;

  constructor(host: WorldSwitchHost, wanted: WorldSwitch, names: FunctionName) {
    this.#host = host;
    this.#switch = wanted;
    this.#names = names;
    this.#event = wanted.exit.number;
  }

  get followed(): number {
    return this.#entries;
  }

  before(step: RetraceStep): number {
    this.#step = step;
    this.#flow.prepare(step);
    if (this.#steps++ >= MOST_STEPS) return 0;
    if (this.#state !== 'after' || !step.guest) return 1;
    // What a guest does is of no interest: on to its next exit, if saved values may still turn up.
    const next = this.#host.log.pes[this.#switch.pe].event(this.#event + 1);
    if (!this.#flow.open || this.#entries >= MOST_FOLLOWED || !next) return 0;
    this.#step = undefined;
    return Math.max(1, next.instructions - step.instructions);
  }

  exception(_kind: number, from: ExceptionLevel, to: ExceptionLevel): void {
    const { exit, entry } = this.#switch;
    const log = this.#host.log.pes[this.#switch.pe];
    const step = this.#step;
    if (this.#state === 'before') {
      if (step && step.instructions < exit.instructions) return;
      // The replay may begin with an earlier exception of the same instruction.
      const first = log.event(this.#event);
      if (!first || first.from !== from || first.to !== to) return;
      this.#state = 'inside';
    } else {
      this.#event++;
    }
    const event = log.event(this.#event);
    if (!event) return;
    if (this.#state === 'after') {
      if (isEntry(event)) this.#entries++;
      return;
    }
    if (event.number >= entry.number) {
      this.#state = 'after';
      return;
    }
    this.segments.push({
      level: to,
      guest: event.guest && to < 2,
      cause: this.#host.describe(event),
      start: event.cycles - exit.cycles,
      instructions: 0,
      cycles: 0,
      parts: [],
    });
  }

  accessed(event: SystemRegisterEvent): void {
    if (this.#state === 'before' || !this.#step) return;
    const { word, pc, level, guest, instructions, cycles } = this.#step;
    const register = word & 31;
    const origin = this.#flow.origin(register);
    if (this.#state === 'after') {
      // Only what becomes of values that were saved is still of interest.
      if (!event.write) this.#flow.set(register, undefined);
      return;
    }
    const { exit } = this.#switch;
    const name = this.#names(pc, level, guest);
    this.accesses.push({
      kind: event.write ? (origin && 'address' in origin ? 'restore' : 'write') : 'read',
      register: event.name,
      instruction: this.#host.disassemble(word, pc) ?? '',
      value: event.value,
      ...(event.write && event.old !== undefined ? { old: event.old } : {}),
      level,
      pc,
      ...(name === undefined ? {} : { function: name }),
      instructions: instructions - exit.instructions,
      cycles: cycles - exit.cycles,
      ...(event.write && event.old === event.value ? { needless: 'same' } : {}),
    });
    if (!event.write) this.#flow.set(register, { access: this.accesses.length - 1 });
  }

  after(step: RetraceStep): void {
    const before = this.#step;
    if (!before || this.#state === 'before') return;
    this.#flow.step(before);
    const segment = this.segments.at(-1);
    if (this.#state !== 'inside' || !segment) return;
    const instructions = step.instructions - before.instructions;
    const cycles = step.cycles - before.cycles;
    if (instructions === 0 && cycles === 0) return;
    // What takes an exception belongs to the segment that it begins, as its cycles do.
    segment.instructions += instructions;
    segment.cycles += cycles;
    const name = this.#names(before.pc, before.level, before.guest) ?? `0x${(before.pc & ~0xfffn).toString(16)}`;
    const part = segment.parts.at(-1);
    if (part?.name === name) {
      part.instructions += instructions;
      part.cycles += cycles;
    } else {
      segment.parts.push({ name, start: before.cycles - this.#switch.exit.cycles, instructions, cycles });
    }
  }
}

/** Records a world switch of the log. `names` tells functions apart, which a machine knows nothing of. */
export function recordWorldSwitch(
  host: WorldSwitchHost,
  wanted: WorldSwitch,
  names: FunctionName,
): WorldSwitchRecording {
  const { pe, exit, entry } = wanted;
  const recorder = new Recorder(host, wanted, names);
  host.retrace(pe, exit.instructions, recorder);
  // The log knows the exact length of each level's stay.
  const events = host.log.pes[pe];
  const segments = recorder.segments.map((segment, index) => {
    const begin = events.event(exit.number + index);
    const end = events.event(exit.number + index + 1);
    if (!begin || !end) return segment;
    return { ...segment, cycles: end.cycles - begin.cycles, instructions: end.instructions - begin.instructions };
  });
  return {
    pe,
    vmid: exit.vmid,
    exitAt: exit.instructions,
    entryAt: entry.instructions,
    cause: host.describe(exit),
    instructions: entry.instructions - exit.instructions,
    cycles: entry.cycles - exit.cycles,
    segments,
    accesses: recorder.accesses,
    followed: recorder.followed,
  };
}
