/**
 * Breakpoints of the machine. An instruction breakpoint is a record that stops the interpreter, put wherever its VA is
 * found mapped when code is fetched; data breakpoints send the accesses of their page to the slow path; exception and
 * system register breakpoints are asked where such a thing happens. Nothing is polled.
 */

import { byName, type RegisterRow, storageOf } from './arch/registers/index.ts';
import { writtenRegisters } from './engine/destinations.ts';
import type { Engine } from './engine/engine.ts';
import {
  BREAKPOINTS_ADDRESS,
  EXCEPTION_ROWS,
  FETCH_HOOK,
  PAGE_FLAGS,
  PAGE_WATCH,
  PC,
  RAM,
  SIEVE,
} from './engine/layout.ts';
import { slotOf as storageSlot } from './engine/pe-state.ts';
import { handlers } from './engine/semantics/index.ts';
import { EXCEPTION_TYPES, isWanted } from './exception-event.ts';
import { exceptionRow } from './observe/exception-classes.ts';
import type { PhysicalMemory } from './physical-memory.ts';
import type {
  AddressSpace,
  BreakpointSpec,
  ExceptionEvent,
  ExceptionLevel,
  ExceptionSieve,
  PeView,
  StopReason,
  SystemRegisterEvent,
  WantedValue,
} from './target.ts';

export interface BreakpointHost {
  readonly engine: Engine;
  readonly pes: readonly PeView[];
  /** Whose turn it is. */
  readonly activePe: number;
  /** Some PE has an enabled breakpoint in its own registers (DBGBCR<n>_EL1). */
  readonly guestBreakpoints: boolean;
  readonly physical: PhysicalMemory;
  requestStop(stop: StopReason): void;
  /** Accesses to other system registers than before have to be reported. */
  watchedRegistersChanged(): void;
  /** Whether exceptions have to be reported may have changed. */
  observationChanged(): void;
  /** Asks the engine to come back behind the present instruction; nothing is reported. */
  leaveSoon(): void;
}

type Of<K extends BreakpointSpec['kind']> = Extract<BreakpointSpec, { kind: K }>;

export class Breakpoints {
  readonly #host: BreakpointHost;
  readonly #all = new Map<number, BreakpointSpec>();
  /** Host addresses of words that have a breakpoint record now, with the low bits of their VA. */
  readonly #placed = new Set<number>();
  /** An object, since conditions in loops make it asked for very often. */
  readonly #byKind: { [K in BreakpointSpec['kind']]?: [number, BreakpointSpec][] | undefined } = {};
  #next = 1;

  constructor(host: BreakpointHost) {
    this.#host = host;
  }

  #of<K extends BreakpointSpec['kind']>(kind: K): readonly [number, Of<K>][] {
    let entries = this.#byKind[kind];
    if (entries === undefined) {
      entries = [...this.#all].filter(([id, spec]) => spec.kind === kind && (this.#only?.has(id) ?? true));
      this.#byKind[kind] = entries;
    }
    return entries as [number, Of<K>][];
  }

  add(spec: BreakpointSpec): number {
    if (spec.kind === 'data' && (spec.bytes < 1 || spec.bytes > PAGE)) {
      throw new Error(`A data breakpoint covers 1 to ${PAGE} bytes, not ${spec.bytes}.`);
    }
    if (spec.kind === 'mapping' && (spec.bytes < 1 || spec.bytes > LONGEST_MAPPING)) {
      throw new Error(
        `The mapping of 1 byte to ${LONGEST_MAPPING >> 20} MiB can be watched, not of ${spec.bytes} bytes.`,
      );
    }
    if (spec.kind === 'system-register' && !byName(spec.name)) {
      throw new Error(`There is no system register named ${spec.name}.`);
    }
    if (spec.kind === 'register') slotOf(spec.name);
    const id = this.#next++;
    this.#all.set(id, isPlace(spec) ? { ...spec, pe: spec.pe ?? this.#host.activePe } : spec);
    this.#changed(spec.kind);
    return id;
  }

  remove(id: number): void {
    const spec = this.#all.get(id);
    if (!spec || !this.#all.delete(id)) return;
    this.#changed(spec.kind);
  }

  #changed(kind: BreakpointSpec['kind']): void {
    this.#byKind[kind] = undefined;
    if (kind === 'instruction') this.#placeInstructions();
    if (kind === 'data' || kind === 'mapping') {
      this.#placeWatches();
      this.#watchRegisters();
    }
    if (kind === 'exception') this.#placeSieve();
    if (kind === 'system-register') this.#watchRegisters();
    if (kind === 'register') this.#placeRegisters();
  }

  /** Lets only some breakpoints count, until it is called without ids. */
  only(ids?: readonly number[]): void {
    this.#only = ids && new Set(ids);
    for (const kind of ['instruction', 'data', 'mapping', 'exception', 'system-register', 'register'] as const)
      this.#changed(kind);
  }

  #only: ReadonlySet<number> | undefined;

  /** After the machine was loaded anew. */
  rearm(): void {
    this.#placeInstructions();
    this.#placeRegisters();
    this.#placeWatches();
    this.#placeSieve();
  }

  // --- Instructions -----------------------------------------------------------------------------------------------------

  #placeInstructions(): void {
    const { engine } = this.#host;
    for (const host of this.#placed) engine.records.clearBreakpoint(host);
    this.#placed.clear();
    const wanted = this.#host.guestBreakpoints || (!this.#suspended && this.#of('instruction').length > 0);
    engine.u32[FETCH_HOOK >> 2] = wanted ? 1 : 0;
    if (wanted) for (const { va, pa } of engine.records.fetchedPages()) this.fetched(va, pa);
  }

  /** The ITLB has taken in a page, or has it: its VA and its PA. */
  fetched(va: bigint, pa: bigint): void {
    const page = BigInt.asUintN(52, va >> 12n);
    if (!this.#suspended)
      for (const [, { address }] of this.#of('instruction')) if (address >> 12n === page) this.#place(address, pa);
    const { u32, u64 } = this.#host.engine;
    for (let left = u32[BREAKPOINTS_ADDRESS >> 2], n = 0; left !== 0; left >>= 1, n++) {
      if ((left & 1) === 0) continue;
      // The upper bits of DBGBVR extend the sign; the core compares what counts.
      const address = u64[(storageSlot('DBGBVR0_EL1') >> 3) + n] & ~3n;
      if (((address >> 12n) & GUEST_PAGE) === (page & GUEST_PAGE)) this.#place(address, pa);
    }
  }

  #place(address: bigint, pa: bigint): void {
    const page = this.#host.physical.hostOf(Number(pa & ~0xfffn));
    if (page === undefined) return;
    const host = page + Number(address & 0xffcn);
    if (this.#placed.has(host)) return;
    this.#placed.add(host);
    const { records } = this.#host.engine;
    records.setBreakpoint(host);
    if (address === this.#liftedAt) records.lift(host);
  }

  /** Breakpoint registers of a PE were written. */
  guestBreakpointsChanged(): void {
    this.#placeInstructions();
  }

  /** Ids of the instruction and register breakpoints that hold where a PE is. */
  at(pe: PeView): readonly number[] {
    const { pc } = pe;
    let ids: number[] = NO_IDS;
    for (const [id, spec] of this.#of('instruction')) {
      if (spec.address !== pc || (spec.pe !== undefined && spec.pe !== pe.index)) continue;
      if (spec.regime !== undefined && spec.regime !== pe.regime) continue;
      if (spec.vmid !== undefined && spec.vmid !== pe.vmid) continue;
      if (spec.match && !spec.match(pe)) continue;
      if (ids === NO_IDS) ids = [];
      ids.push(id);
    }
    const registers = this.#of('register');
    if (registers.length) {
      const written = this.#writtenAt(pe);
      for (const [id, spec] of registers) {
        if (!written.has(slotOf(spec.name)) || (spec.pe !== undefined && spec.pe !== pe.index)) continue;
        if (spec.match && !spec.match(pe)) continue;
        if (ids === NO_IDS) ids = [];
        ids.push(id);
      }
    }
    return ids;
  }

  /** Takes the records at a PC out of the way, for one instruction; `putBack` comes after it. */
  lift(pc: bigint): void {
    this.#liftedAt = pc;
    const { records } = this.#host.engine;
    const here = this.#of('register').length > 0 ? this.#hostAt(pc) : -1;
    if (here >= 0) records.lift(here);
    const offset = this.#host.engine.u32[PC >> 2] & 0xfff;
    // The page may be mapped more than once.
    for (const host of this.#placed) if ((host & 0xfff) === offset) records.lift(host);
  }

  putBack(): void {
    this.#liftedAt = undefined;
    this.#host.engine.records.putBack();
  }

  /** Its page may be fetched, and so its breakpoint be placed, by that very instruction. */
  #liftedAt: bigint | undefined;

  /** Runs without stopping at any breakpoint: on the way back to a moment. */
  suspended<T>(run: () => T): T {
    this.#suspended = true;
    const place = (): void => {
      this.#placeInstructions();
      this.#placeRegisters();
      this.#host.observationChanged();
    };
    place();
    try {
      return run();
    } finally {
      this.#suspended = false;
      place();
    }
  }

  #suspended = false;
  #exceptionLevels = 0;

  // --- General registers ------------------------------------------------------------------------------------------------

  #placeRegisters(): void {
    const slots = new Set(this.#of('register').map(([, { name }]) => slotOf(name)));
    const wanted = slots.size > 0 && !this.#suspended;
    this.#host.engine.records.stopAt(
      wanted ? ready => [...writtenRegisters(ready, handlers)].some(slot => slots.has(slot)) : undefined,
    );
  }

  /** Host address of the instruction at a PC of the active PE; -1 where there is none. */
  #hostAt(pc: bigint): number {
    const pa = this.#host.pes[this.#host.activePe].physicalAddress({ kind: 'va' }, pc);
    return (pa === undefined ? undefined : this.#host.physical.hostOf(Number(pa))) ?? -1;
  }

  #writtenAt(pe: PeView): ReadonlySet<number> {
    const host = this.#hostAt(pe.pc);
    return host < 0 ? new Set() : writtenRegisters(this.#host.engine.records.readyOf(host), handlers);
  }

  // --- Data -------------------------------------------------------------------------------------------------------------

  #watches: { readonly id: number; readonly pa: number; readonly bytes: number; readonly spec: Of<Place> }[] = [];
  /** Words of the tables that translate what is watched by VA or IPA, by page. */
  #entries = new Map<number, number[]>();
  /** One of them, or a register that says where the tables are, was written. */
  #moved = false;

  /** Where the bytes of a breakpoint are now, page by page, and the table entries that say so. */
  #pieces(spec: Of<Place>): { readonly pieces: { pa: number; bytes: number }[]; readonly entries: Set<number> } {
    const pieces: { pa: number; bytes: number }[] = [];
    const entries = new Set<number>();
    const { space } = spec;
    const pe = this.#host.pes[spec.pe ?? this.#host.activePe];
    for (let at = 0; at < spec.bytes; ) {
      const address = BigInt.asUintN(64, spec.address + BigInt(at));
      const bytes = Math.min(spec.bytes - at, PAGE - Number(address % BigInt(PAGE)));
      at += bytes;
      if (space.kind === 'pa') {
        pieces.push({ pa: Number(address), bytes });
        continue;
      }
      if (space.kind !== 'translated' && (space.kind === 'ipa' || space.vmid === undefined)) {
        const walk = space.kind === 'ipa' ? pe.walkIpa(address, space.vttbr) : pe.walk(address, space.regime);
        for (const { descriptorPa } of walk.steps) entries.add(Number(descriptorPa));
      }
      const pa = spec.kind === 'mapping' ? undefined : pe.physicalAddress(space, address);
      if (pa !== undefined) pieces.push({ pa: Number(pa), bytes });
    }
    return { pieces, entries };
  }

  #flags(pa: number): number | undefined {
    const host = this.#host.physical.hostOf(pa);
    return host === undefined ? undefined : PAGE_FLAGS + Math.floor((host - RAM) / PAGE);
  }

  #placeWatches(): void {
    const { engine } = this.#host;
    const mark = (pa: number, on: boolean): void => {
      const flags = this.#flags(pa);
      if (flags === undefined) return; // a device: its accesses are seen anyway
      if (!on) engine.u8[flags] &= ~PAGE_WATCH;
      else if ((engine.u8[flags] & PAGE_WATCH) === 0) {
        engine.u8[flags] |= PAGE_WATCH;
        engine.core.dropPageTags(flags - PAGE_FLAGS);
      }
    };
    for (const { pa } of this.#watches) mark(pa, false);
    for (const page of this.#entries.keys()) mark(page * PAGE, false);
    this.#watches = [];
    this.#entries = new Map();
    for (const [id, spec] of this.#places()) {
      const { pieces, entries } = this.#pieces(spec);
      for (const word of entries) {
        const page = Math.floor(word / PAGE);
        const words = this.#entries.get(page);
        if (words === undefined) this.#entries.set(page, [word]);
        else words.push(word);
      }
      const watched = spec.kind === 'data' ? pieces : [...entries].map(pa => ({ pa, bytes: 8 }));
      for (const { pa, bytes } of watched) this.#watches.push({ id, pa, bytes, spec });
    }
    for (const { pa } of this.#watches) mark(pa, true);
    for (const page of this.#entries.keys()) mark(page * PAGE, true);
  }

  #places(): readonly (readonly [number, Of<Place>])[] {
    return [...this.#of('data'), ...this.#of('mapping')];
  }

  /** Whether something is watched that tables and registers can move. */
  get #follows(): boolean {
    return this.#places().some(([, { space }]) => space.kind !== 'pa');
  }

  /** Before a run: a debugger, or the way to another moment, may have mapped a VA or an IPA elsewhere. */
  refresh(): void {
    this.#moved = false;
    if (this.#follows) this.#placeWatches();
  }

  /** Behind the instruction that has changed a mapping. */
  follow(): void {
    if (this.#moved) this.refresh();
  }

  #mayHaveMoved(): void {
    this.#moved = true;
    this.#host.leaveSoon();
  }

  /** An access of the active PE to a watched page, or to a device; or a write of a device, by its name. */
  watched(pa: number, size: number, write: boolean, by?: string): void {
    if (this.#suspended || !this.#watches.length) return;
    if (write && this.#entries.size > 0) {
      const pages = [Math.floor(pa / PAGE), Math.floor((pa + size - 1) / PAGE)];
      if (pages.some(page => this.#entries.get(page)?.some(word => pa < word + 8 && word < pa + size)))
        this.#mayHaveMoved();
    }
    const hits = this.#watches.filter(({ spec, pa: first, bytes }) => {
      if (pa >= first + bytes || first >= pa + size) return false;
      const access = spec.kind === 'mapping' ? 'write' : spec.access;
      return access === 'readWrite' || (access === 'write') === write;
    });
    if (!hits.length) return;
    const ids = [...new Set(hits.map(hit => hit.id))];
    const { activePe: pe } = this.#host;
    const { address } = hits[0].spec;
    this.#host.requestStop({ kind: 'watchpoint', pe, ids, address, write, ...(by === undefined ? {} : { by }) });
  }

  // --- System registers -------------------------------------------------------------------------------------------------

  /** Rows whose storage is watched. */
  readonly #registers = new Set<RegisterRow>();
  /** Those by which tables are found, while a VA or an IPA is watched. */
  readonly #translating = new Set<RegisterRow>();

  #watchRegisters(): void {
    this.#registers.clear();
    for (const [, { name }] of this.#of('system-register')) {
      const row = byName(name);
      if (row) this.#registers.add(storageOf(row));
    }
    this.#translating.clear();
    for (const [, { space }] of this.#places()) {
      for (const name of translatingRegisters(space)) {
        const row = byName(name);
        if (row) this.#translating.add(storageOf(row));
      }
    }
    this.#host.watchedRegistersChanged();
  }

  /** Whether MRS and MSR that reach a register have to be reported. */
  watchesRegister(row: RegisterRow): boolean {
    if (this.#registers.size === 0 && this.#translating.size === 0) return false;
    const storage = storageOf(row);
    return this.#registers.has(storage) || this.#translating.has(storage);
  }

  /** When it is enough to report writes of one value of a watched register: which. */
  wantedValue(row: RegisterRow): WantedValue | undefined {
    const storage = storageOf(row);
    if (this.#translating.has(storage)) return undefined;
    const specs = this.#of('system-register').filter(([, { name }]) => {
      const one = byName(name);
      return one !== undefined && storageOf(one) === storage;
    });
    const [, spec] = specs[0] ?? [];
    return specs.length === 1 && spec?.access === 'write' ? spec.wanted : undefined;
  }

  /** MRS or MSR of the active PE has reached a watched register. */
  accessed(row: RegisterRow, event: SystemRegisterEvent): void {
    if (this.#suspended) return;
    if (event.write && this.#translating.has(storageOf(row))) this.#mayHaveMoved();
    const ids = this.#of('system-register')
      .filter(([, spec]) => {
        if (spec.access !== 'readWrite' && (spec.access === 'write') !== event.write) return false;
        const wanted = byName(spec.name);
        return wanted !== undefined && storageOf(wanted) === storageOf(row) && (spec.match?.(event) ?? true);
      })
      .map(([id]) => id);
    if (ids.length) this.#host.requestStop({ kind: 'system-register', pe: event.pe, ids, event });
  }

  // --- Exceptions -------------------------------------------------------------------------------------------------------

  get wantsExceptions(): boolean {
    return !this.#suspended && this.#of('exception').length > 0;
  }

  /** Levels of exceptions that some breakpoint has to be asked about, a bit for each from and to. */
  get exceptionLevels(): number {
    return this.wantsExceptions ? this.#exceptionLevels : 0;
  }

  /** Tells the core which exceptions some breakpoint has to be asked about. */
  #placeSieve(): void {
    this.#exceptionLevels = 0;
    const { u16 } = this.#host.engine;
    u16.fill(0, SIEVE >> 1, (SIEVE >> 1) + EXCEPTION_ROWS);
    for (const [, { sieves = [{}] }] of this.#of('exception')) {
      for (const sieve of sieves) {
        const levels = levelsOf(sieve);
        for (const row of rowsOf(sieve)) u16[(SIEVE >> 1) + row] |= levels;
        this.#exceptionLevels |= levels;
      }
    }
    this.#host.observationChanged();
  }

  onException(event: ExceptionEvent): readonly number[] {
    let ids: number[] = NO_IDS;
    for (const [id, spec] of this.#of('exception')) {
      if (!isWanted(event, spec)) continue;
      if (ids === NO_IDS) ids = [];
      ids.push(id);
    }
    return ids;
  }
}

const LEVELS: readonly ExceptionLevel[] = [0, 1, 2, 3];

/** The levels of a sieve as a bit for each from and to: see SIEVE. */
function levelsOf({ from = LEVELS, to = LEVELS }: ExceptionSieve): number {
  let levels = 0;
  for (const a of from) for (const b of to) levels |= 1 << (4 * a + b);
  return levels;
}

/** The rows of SIEVE that a sieve concerns. */
function rowsOf({ types = EXCEPTION_TYPES, classes }: ExceptionSieve): readonly number[] {
  return types.flatMap(type => {
    const kind = EXCEPTION_TYPES.indexOf(type);
    const all = classes ?? Array.from({ length: 64 }, (_, ec) => ec);
    return kind === 0 ? all.map(ec => exceptionRow(kind, ec)) : [exceptionRow(kind, 0)];
  });
}

/** Number of a general register, 31 for SP. Throws a sentence for another name. */
function slotOf(name: string): number {
  const match = /^(?:[xw]([0-9]|[12][0-9]|30)|(w?sp)|(lr)|(fp))$/i.exec(name);
  if (match === null) throw new Error(`"${name}" is no general register: there are X0 to X30 and SP.`);
  return match[1] !== undefined ? Number(match[1]) : match[2] ? 31 : match[3] ? 30 : 29;
}

/** Breakpoints of what is somewhere in memory. */
type Place = 'data' | 'mapping';

function isPlace(spec: BreakpointSpec): spec is Of<Place> {
  return spec.kind === 'data' || spec.kind === 'mapping';
}

const PAGE = 4096;
const LONGEST_MAPPING = 16 << 20;
/** Registers that decide where translation tables are and how they are read (Arm ARM D8.2). */
const STAGE1_REGISTERS: Readonly<Record<number, readonly string[]>> = {
  1: ['SCTLR_EL1', 'TCR_EL1', 'TTBR0_EL1', 'TTBR1_EL1'],
  2: ['SCTLR_EL2', 'TCR_EL2', 'TTBR0_EL2', 'TTBR1_EL2', 'HCR_EL2'],
  3: ['SCTLR_EL3', 'TCR_EL3', 'TTBR0_EL3'],
};
const STAGE2_REGISTERS = ['HCR_EL2', 'VTCR_EL2', 'VTTBR_EL2'];

function translatingRegisters(space: AddressSpace): readonly string[] {
  // By tables of somebody who is not loaded; looked at before each run.
  if (space.kind === 'pa' || space.kind === 'translated' || (space.kind === 'va' && space.vmid !== undefined))
    return [];
  if (space.kind === 'ipa') return space.vttbr === undefined ? STAGE2_REGISTERS : ['VTCR_EL2'];
  const { regime } = space;
  if (regime === undefined) return [...Object.values(STAGE1_REGISTERS).flat(), ...STAGE2_REGISTERS];
  return regime === 'EL1&0'
    ? [...STAGE1_REGISTERS[1], ...STAGE2_REGISTERS]
    : STAGE1_REGISTERS[regime === 'EL3' ? 3 : 2];
}
/** Bits of a page number that every breakpoint compares: those of a VA of 48 bits. */
const GUEST_PAGE = (1n << 36n) - 1n;
const NO_IDS: number[] = [];
