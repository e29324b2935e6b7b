/** One PE as a debugger sees it: registers by name, memory by space, walks by the MMU itself. */

import { describeEsr } from './arch/esr.ts';
import type { Features } from './arch/features.ts';
import { byName, fieldsOf, instructions, isImplemented, type RegisterRow, registers } from './arch/registers/index.ts';
import { type Accessed, explain, operations, resolveAccess } from './arch/traps/index.ts';
import type { Engine } from './engine/engine.ts';
import {
  ACCESS_EXECUTE,
  ACCESS_READ,
  ACCESS_WRITE,
  ACCESSES,
  FAULT_S1PTW,
  FAULT_STAGE2,
  FPCR,
  FPSR,
  INTERRUPTED,
  INTERRUPTED_BYTES,
  INTERRUPTED_KIND,
  INTERRUPTED_PC,
  INTERRUPTED_SPSR,
  INTERRUPTED_X,
  LEFT_GUEST_BYTES,
  LEFT_GUESTS,
  LEFT_GUESTS_BYTES,
  LEFT_GUESTS_MAX,
  LEFT_ORDER,
  OBSERVED,
  OBSERVED_BYTES,
  PC,
  PERMIT_EXECUTE,
  PERMIT_READ,
  PERMIT_WRITE,
  SLOT_SP,
  SPSEL,
  TRACE,
  TRACE_ATTRIBUTES,
  TRACE_FAULT_FLAGS,
  TRACE_IPA,
  TRACE_PA,
  TRACE_PERMISSIONS,
  TRACE_STATUS,
} from './engine/layout.ts';
import { type PeState, slotOf } from './engine/pe-state.ts';
import type { SpecialRegister } from './engine/system/special.ts';
import { memoryType } from './memory/attributes.ts';
import { mappings } from './memory/mappings.ts';
import { staleTranslations } from './memory/stale.ts';
import { describeFault, readSteps } from './memory/trace.ts';
import type { PhysicalMemory } from './physical-memory.ts';
import type {
  AddressSpace,
  ExceptionLevel,
  FieldValue,
  Interrupted,
  MappedRange,
  PeView,
  RegisterInfo,
  StaleTranslation,
  TranslationRegime,
  WalkResult,
} from './target.ts';
import type { Input } from './timeline/input-log.ts';

/** What a PE's view needs of the machine. */
export interface PeHost {
  readonly engine: Engine;
  readonly features: Features;
  readonly special: ReadonlyMap<string, SpecialRegister>;
  readonly physical: PhysicalMemory;
  isPowered(pe: number): boolean;
  isWaiting(pe: number): boolean;
  /** Instructions that a PE has retired. */
  retired(pe: number): number;
  /** Modelled cycles that a PE has executed. */
  cycles(pe: number): number;
  /** Runs with this PE as the active one, whose state the core works on. */
  withActive<T>(pe: number, run: () => T): T;
  /** Writes a system register with its effects, of the active PE. */
  writeSystemRegister(row: RegisterRow, value: bigint): void;
  /** A debugger changed the machine: replay has to do it again. */
  changed(input: Input): void;
}

const REGIMES: readonly TranslationRegime[] = ['EL1&0', 'EL2', 'EL2&0', 'EL3'];
/** A level whose accesses go through a regime. */
const LEVEL_OF: Record<TranslationRegime, number> = { 'EL1&0': 1, EL2: 2, 'EL2&0': 2, EL3: 3 };

/** The fields of a syndrome by its class, and ISS as a whole for those who compare it. */
function syndromeFields(esr: bigint): readonly FieldValue[] {
  const { fields } = describeEsr(esr);
  const iss = { name: 'ISS', msb: 24, lsb: 0, value: esr & 0x1ffffffn };
  return fields.some(field => field.name === 'ISS') ? fields : [...fields.slice(0, 2), iss, ...fields.slice(2)];
}

/** PSTATE as SPSR_ELx holds it (Arm ARM C5.2, SPSR_EL2). */
const PSTATE_FIELDS: readonly (readonly [name: string, msb: number, lsb?: number])[] = [
  ['N', 31],
  ['Z', 30],
  ['C', 29],
  ['V', 28],
  ['TCO', 25],
  ['DIT', 24],
  ['UAO', 23],
  ['PAN', 22],
  ['SS', 21],
  ['IL', 20],
  ['SSBS', 12],
  ['BTYPE', 11, 10],
  ['D', 9],
  ['A', 8],
  ['I', 7],
  ['F', 6],
  ['EL', 3, 2],
  ['SP', 0],
];

function pstateFields(pstate: bigint): readonly FieldValue[] {
  return PSTATE_FIELDS.map(([name, msb, lsb = msb]) => {
    const value = BigInt.asUintN(msb - lsb + 1, pstate >> BigInt(lsb));
    return { name, msb, lsb, value, ...(name === 'SP' ? { meaning: value ? 'SP_ELx' : 'SP_EL0' } : {}) };
  });
}

/** Of which a guest's translation is made (Arm ARM D8.1), in the order of the core: see LEFT_GUESTS. */
const LEFT_REGISTERS: readonly string[] = [
  ...['VTTBR_EL2', 'VTCR_EL2', 'HCR_EL2'],
  ...['SCTLR_EL1', 'TCR_EL1', 'TTBR0_EL1', 'TTBR1_EL1', 'MAIR_EL1'],
];

const INTERRUPTS = [undefined, 'IRQ', 'FIQ', 'SError'] as const;

export class Pe implements PeView {
  readonly #host: PeHost;
  readonly state: PeState;
  readonly index: number;
  readonly #registers: readonly RegisterInfo[];

  constructor(host: PeHost, state: PeState) {
    this.#host = host;
    this.state = state;
    this.index = state.index;
    this.#registers = registers
      .filter(row => isImplemented(row, host.features) && !row.alias && !row.options.shadowed)
      .map(row => this.#describe(row));
  }

  #describe(row: RegisterRow): RegisterInfo {
    const special = this.#host.special.get(row.name);
    return {
      name: row.name,
      group: row.group,
      width: row.options.width ?? 64,
      readable: row.read !== undefined && (!special?.read || special.value !== undefined),
      writable: row.write !== undefined,
      description: row.text,
    };
  }

  get powered(): boolean {
    return this.#host.isPowered(this.index);
  }

  get retired(): number {
    return this.#host.retired(this.index);
  }

  get cycles(): number {
    return this.#host.cycles(this.index);
  }

  get accesses(): number {
    return this.state.f64(ACCESSES);
  }

  get waiting(): boolean {
    return this.#host.isWaiting(this.index);
  }

  get el(): ExceptionLevel {
    return this.state.el;
  }

  get regime(): TranslationRegime {
    return this.#active(() => REGIMES[this.#host.engine.core.regimeOf(this.el)]);
  }

  get vmid(): number | undefined {
    if (this.regime !== 'EL1&0' || !this.#host.features.has('el2') || (this.state.register('HCR_EL2') & 1n) === 0n)
      return undefined;
    return this.#active(() => this.#host.engine.core.currentVmid());
  }

  get asid(): number | undefined {
    const regime = this.regime;
    if (regime === 'EL2' || regime === 'EL3') return undefined;
    return this.#active(() => this.#host.engine.core.currentAsid(REGIMES.indexOf(regime)));
  }

  get pc(): bigint {
    return this.state.u64(PC);
  }

  set pc(value: bigint) {
    this.state.setU64(PC, BigInt.asUintN(64, value));
    this.#changed('PC', value);
  }

  #active<T>(run: () => T): T {
    return this.#host.withActive(this.index, run);
  }

  readRegister(name: string): bigint {
    // Conditions of breakpoints ask by the same few names again and again.
    let read = this.#readers.get(name);
    if (read === undefined) {
      read = this.#reader(name);
      this.#readers.set(name, read);
    }
    return read();
  }

  readonly #readers = new Map<string, () => bigint>();

  #reader(name: string): () => bigint {
    const plain = this.#general(name);
    if (plain) return plain.read;
    const row = this.#row(name);
    const special = this.#host.special.get(row.name);
    const value = special?.value;
    if (value) return () => this.#active(value);
    if (special?.read) throw new Error(`Reading ${row.name} has an effect, so a debugger does not read it.`);
    return () => this.state.register(row);
  }

  writeRegister(name: string, value: bigint): void {
    const plain = this.#general(name);
    if (plain) {
      plain.write(value);
      // The setter of PC says so itself.
      if (!/^pc$/i.test(name)) this.#changed(name, value);
      return;
    }
    const row = this.#row(name);
    if (row.write === undefined) throw new Error(`${row.name} is read-only.`);
    this.#active(() => this.#host.writeSystemRegister(row, value));
    this.#changed(row.name, value);
  }

  #changed(name: string, value: bigint): void {
    this.#host.changed({ kind: 'register', pe: this.index, name, value });
  }

  #row(name: string): RegisterRow {
    const row = byName(name);
    if (!row) throw new Error(`There is no register named ${name}.`);
    if (!isImplemented(row, this.#host.features))
      throw new Error(`This PE has no ${row.name}: it lacks the feature that brings it.`);
    return row;
  }

  /** General and SIMD registers, PC and PSTATE. */
  #general(name: string): { read: () => bigint; write: (value: bigint) => void } | undefined {
    const upper = name.toUpperCase();
    const { state } = this;
    const match = /^([XWVQDSHB])(\d{1,2})$/.exec(upper);
    if (match) {
      const [, kind, digits] = match;
      const n = Number(digits);
      if (n > (kind === 'X' || kind === 'W' ? 30 : 31)) return undefined;
      const bits = { X: 64, W: 32, V: 128, Q: 128, D: 64, S: 32, H: 16, B: 8 }[kind] as number;
      if (kind === 'X' || kind === 'W') {
        return {
          read: () => BigInt.asUintN(bits, state.x(n)),
          write: value => state.setX(n, BigInt.asUintN(bits, value)),
        };
      }
      return {
        read: () => BigInt.asUintN(bits, state.vector(n)),
        write: value => state.setVector(n, BigInt.asUintN(bits, value)),
      };
    }
    switch (upper) {
      case 'SP':
        return { read: () => state.x(SLOT_SP), write: value => state.setX(SLOT_SP, value) };
      case 'LR':
        return this.#general('X30');
      case 'PC':
        return { read: () => this.pc, write: value => (this.pc = value) };
      case 'FPCR':
      case 'FPSR': {
        const address = upper === 'FPCR' ? FPCR : FPSR;
        return {
          read: () => BigInt(state.u32(address)),
          write: value => state.setU32(address, Number(value & 0xffffffffn)),
        };
      }
      case 'PSTATE':
        return {
          read: () => this.#active(() => BigInt(this.#host.engine.core.readPstate() >>> 0)),
          write: value => this.#writePstate(value),
        };
      default:
        return undefined;
    }
  }

  /** Changes flags and masks, which have their places of SPSR_ELx; the level is changed by exceptions only. */
  #writePstate(value: bigint): void {
    this.#active(() => {
      for (const name of ['NZCV', 'DAIF', 'PAN', 'UAO', 'DIT', 'SSBS', 'TCO'] as const) {
        const row = byName(name);
        if (row && isImplemented(row, this.#host.features)) this.#host.special.get(name)?.write?.(value);
      }
    });
  }

  systemRegisters(): readonly RegisterInfo[] {
    return this.#registers;
  }

  fields(name: string, value: bigint): readonly FieldValue[] {
    // The layout of ISS depends on the class.
    if (/^esr_el[123]$/i.test(name)) return syndromeFields(value);
    if (/^pstate$/i.test(name)) return pstateFields(value);
    const row = byName(name);
    if (!row) return [];
    const e2h = this.#host.features.has('vhe') && ((this.state.register('HCR_EL2') >> 34n) & 1n) === 1n;
    return fieldsOf(row, value, { features: this.#host.features, e2h });
  }

  read(space: AddressSpace, address: bigint, bytes: number): Uint8Array | undefined {
    const result = new Uint8Array(bytes);
    return this.#pieces(space, address, bytes, (host, at, length) => {
      result.set(this.#host.engine.u8.subarray(host, host + length), at);
    })
      ? result
      : undefined;
  }

  write(space: AddressSpace, address: bigint, data: Uint8Array): boolean {
    // All or nothing: a first pass finds out whether every piece is memory that can be written.
    let writable = true;
    const memory = this.#pieces(space, address, data.length, host => {
      writable &&= this.#host.physical.isWritable(host);
    });
    if (!memory || !writable) return false;
    return this.#pieces(space, address, data.length, (host, at, length) => {
      const pa = BigInt(this.#host.physical.addressOf(host));
      this.#host.engine.core.beforeHostWrite(pa, length);
      this.#host.engine.u8.set(data.subarray(at, at + length), host);
      this.#host.changed({ kind: 'memory', pa, data: data.slice(at, at + length) });
    });
  }

  /** Visits the pieces of a range, none crossing a page, by host address. False at the first that is no memory. */
  #pieces(
    space: AddressSpace,
    address: bigint,
    bytes: number,
    visit: (host: number, at: number, length: number) => void,
  ): boolean {
    return this.#active(() => {
      for (let at = 0; at < bytes; ) {
        const here = BigInt.asUintN(64, address + BigInt(at));
        const length = Math.min(bytes - at, 4096 - Number(here & 0xfffn));
        const pa = this.#physical(space, here);
        const host = pa === undefined ? undefined : this.#host.physical.hostOf(Number(pa));
        if (host === undefined) return false;
        visit(host, at, length);
        at += length;
      }
      return true;
    });
  }

  explainAccess(name: string, direction: 'read' | 'write', level: ExceptionLevel): string {
    const upper = name.toUpperCase();
    const row: Accessed | undefined =
      operations.find(one => one.name.toUpperCase() === upper) ??
      instructions.find(one => one.name.toUpperCase() === upper) ??
      byName(name);
    if (!row) throw new Error(`"${name}" is no system register and no instruction that a control can trap.`);
    const { features } = this.#host;
    const secure = features.has('el3') && level !== 3 && (this.state.register('SCR_EL3') & 1n) === 0n;
    const reg = (control: string): bigint => this.readRegister(control);
    const state = { el: level, features, secure, spSel: this.state.u32(SPSEL), reg };
    return explain(resolveAccess(state, row, direction), { row, direction, el: level });
  }

  /** PA of an address of a space, device or memory; undefined where it does not translate. */
  physicalAddress(space: AddressSpace, address: bigint): bigint | undefined {
    return this.#active(() => this.#physical(space, address));
  }

  /** Where the core keeps what an exception to a level has interrupted. */
  #keptAt(level: ExceptionLevel): number {
    return OBSERVED + this.index * OBSERVED_BYTES + INTERRUPTED + (level - 1) * INTERRUPTED_BYTES;
  }

  interrupted(level: ExceptionLevel): Interrupted | undefined {
    const { u32, u64 } = this.#host.engine;
    const kept = this.#keptAt(level);
    const kind = level > 0 ? u32[(kept + INTERRUPTED_KIND) >> 2] : 0;
    if (kind === 0) return undefined;
    const first = (kept + INTERRUPTED_X) >> 3;
    return {
      pc: u64[(kept + INTERRUPTED_PC) >> 3],
      spsr: u64[(kept + INTERRUPTED_SPSR) >> 3],
      registers: [...u64.subarray(first, first + 31)],
      interrupt: INTERRUPTS[kind - 1],
    };
  }

  /** VTTBR_EL2 of a guest of this PE. */
  addGuest(vttbr: bigint): void {
    this.#guests.set(Number(vttbr >> 48n), vttbr);
  }

  /** After a reset. */
  forgetInterrupted(): void {
    const { u8, u32 } = this.#host.engine;
    this.#guests.clear();
    u8.fill(0, this.#leftAt, this.#leftAt + LEFT_GUESTS_BYTES);
    for (const level of [1, 2, 3] as const) u32[(this.#keptAt(level) + INTERRUPTED_KIND) >> 2] = 0;
  }

  /** Where the core keeps the registers that guests are left with. */
  get #leftAt(): number {
    return LEFT_GUESTS + this.index * LEFT_GUESTS_BYTES;
  }

  guestRegister(vmid: number, name: string): bigint | undefined {
    const index = LEFT_REGISTERS.indexOf(name);
    if (index < 0) throw new Error(`${name} is not kept of guests: there are ${LEFT_REGISTERS.join(', ')}.`);
    if (this.vmid === vmid) return this.state.register(name);
    const { u64 } = this.#host.engine;
    const kept = (this.#leftAt + (vmid % LEFT_GUESTS_MAX) * LEFT_GUEST_BYTES) >> 3;
    // Guests whose VMIDs end alike share a place.
    return this.#order(vmid) > 0 && u64[kept] >> 48n === BigInt(vmid) ? u64[kept + index] : undefined;
  }

  /** Greater for the guest that was left later; 0 for one that was not left. */
  #order(vmid: number): number {
    return this.#host.engine.u32[(this.#leftAt + LEFT_ORDER + (vmid % LEFT_GUESTS_MAX) * 4) >> 2];
  }

  /** What is kept of guests, for a snapshot; undefined while there are none. */
  captureGuests(): Uint8Array | undefined {
    return this.#guests.size === 0
      ? undefined
      : this.#host.engine.u8.slice(this.#leftAt, this.#leftAt + LEFT_GUESTS_BYTES);
  }

  restoreGuests(kept: Uint8Array | undefined): void {
    const { u8 } = this.#host.engine;
    if (kept) u8.set(kept, this.#leftAt);
    else u8.fill(0, this.#leftAt, this.#leftAt + LEFT_GUESTS_BYTES);
  }

  /** PA of an address of a space; undefined where it does not translate. */
  #physical(space: AddressSpace, address: bigint): bigint | undefined {
    const { u64 } = this.#host.engine;
    if (space.kind === 'pa') return address;
    if (space.kind === 'translated') return space.translate(address);
    if (space.kind === 'va' && space.vmid !== undefined) {
      return this.#inGuest(space.vmid, () => this.#physical({ kind: 'va', regime: 'EL1&0' }, address));
    }
    // Without stage 2 and without tables for it, an IPA is a PA.
    if (space.kind === 'ipa' && space.vttbr === undefined && !this.#hasStage2) return address;
    const good =
      space.kind === 'ipa'
        ? this.#translateIpa(address, space.vttbr)
        : this.#translate(address, ACCESS_READ, space.regime) || this.#translate(address, ACCESS_EXECUTE, space.regime);
    return good ? u64[(TRACE + TRACE_PA) >> 3] : undefined;
  }

  /** Runs as if a guest were loaded, which nothing but the walks in it sees. Undefined for a guest that was never left. */
  #inGuest<T>(vmid: number, run: () => T): T | undefined {
    if (this.vmid === vmid) return run();
    const values = LEFT_REGISTERS.map(name => this.guestRegister(vmid, name));
    if (values.includes(undefined)) return undefined;
    const present = LEFT_REGISTERS.map(name => this.state.register(name));
    const load = (all: readonly (bigint | undefined)[]): void => {
      for (const [index, name] of LEFT_REGISTERS.entries()) this.state.setRegister(name, all[index] as bigint);
    };
    load(values);
    try {
      return run();
    } finally {
      load(present);
    }
  }

  get #hasStage2(): boolean {
    if (!this.#host.features.has('el2')) return false;
    return (this.state.register('HCR_EL2') & 1n) !== 0n || this.state.register('VTTBR_EL2') !== 0n;
  }

  /** As if VTTBR_EL2 held another value, which nothing but this walk sees. */
  #translateIpa(address: bigint, vttbr: bigint | undefined): number {
    const { core } = this.#host.engine;
    if (vttbr === undefined) return core.translateIpa(address);
    const present = this.state.register('VTTBR_EL2');
    this.state.setRegister('VTTBR_EL2', vttbr);
    try {
      return core.translateIpa(address);
    } finally {
      this.state.setRegister('VTTBR_EL2', present);
    }
  }

  walkIpa(address: bigint, vttbr?: bigint): WalkResult {
    return this.#active(() => {
      const { u32, u64, i32 } = this.#host.engine;
      if (vttbr === undefined && !this.#hasStage2) {
        return { steps: [], ipa: address, pa: address, readable: true, writable: true, executable: true };
      }
      const good = this.#translateIpa(address, vttbr);
      const steps = readSteps(this.#host.engine);
      const permissions = good ? u32[(TRACE + TRACE_PERMISSIONS) >> 2] : 0;
      const allowed = {
        readable: (permissions & PERMIT_READ) !== 0,
        writable: (permissions & PERMIT_WRITE) !== 0,
        executable: (permissions & PERMIT_EXECUTE) !== 0,
      };
      if (!good) return { ...allowed, steps, fault: describeFault(i32[(TRACE + TRACE_STATUS) >> 2], true, false) };
      const attributes = memoryType(u32[(TRACE + TRACE_ATTRIBUTES) >> 2]);
      return { ...allowed, steps, ipa: address, pa: u64[(TRACE + TRACE_PA) >> 3], memoryType: attributes };
    });
  }

  get guests(): ReadonlyMap<number, bigint> {
    return new Map([...this.#guests].sort(([a], [b]) => this.#order(a) - this.#order(b)));
  }

  readonly #guests = new Map<number, bigint>();

  #translate(address: bigint, access: number, regime: TranslationRegime | undefined): number {
    const el = regime === undefined ? this.el : LEVEL_OF[regime];
    return this.#host.engine.core.translate(address, access, el, 0);
  }

  walk(address: bigint, regime?: TranslationRegime): WalkResult {
    return this.#active(() => {
      const { u32, u64, i32 } = this.#host.engine;
      let permissions = 0;
      let good = 0;
      // The last walk that succeeds is the one shown; permissions are those of all three accesses.
      for (const [access, permit] of [
        [ACCESS_WRITE, PERMIT_WRITE],
        [ACCESS_EXECUTE, PERMIT_EXECUTE],
        [ACCESS_READ, PERMIT_READ],
      ] as const) {
        good = this.#translate(address, access, regime);
        if (good && u32[(TRACE + TRACE_PERMISSIONS) >> 2] & permit) permissions |= permit;
      }
      const common = {
        steps: readSteps(this.#host.engine),
        readable: (permissions & PERMIT_READ) !== 0,
        writable: (permissions & PERMIT_WRITE) !== 0,
        executable: (permissions & PERMIT_EXECUTE) !== 0,
      };
      if (!good) {
        const faults = u32[(TRACE + TRACE_FAULT_FLAGS) >> 2];
        const status = i32[(TRACE + TRACE_STATUS) >> 2];
        return { ...common, fault: describeFault(status, (faults & FAULT_STAGE2) !== 0, (faults & FAULT_S1PTW) !== 0) };
      }
      return {
        ...common,
        ipa: u64[(TRACE + TRACE_IPA) >> 3],
        pa: u64[(TRACE + TRACE_PA) >> 3],
        memoryType: memoryType(u32[(TRACE + TRACE_ATTRIBUTES) >> 2]),
      };
    });
  }

  mappings(stage: 1 | 2, regime: TranslationRegime, limit: number, vttbr?: bigint): readonly MappedRange[] {
    const { engine } = this.#host;
    return this.#active(() => {
      if (vttbr === undefined) return mappings(engine, stage, regime, limit);
      // The walk of the MMU itself, with the tables of a guest that is not there now.
      const slot = slotOf('VTTBR_EL2') >> 3;
      const present = engine.u64[slot];
      engine.u64[slot] = vttbr;
      engine.core.contextsChanged();
      try {
        return mappings(engine, stage, regime, limit);
      } finally {
        engine.u64[slot] = present;
        engine.core.contextsChanged();
      }
    });
  }

  staleTranslations(): readonly StaleTranslation[] {
    return this.#active(() => staleTranslations(this.#host.engine, address => this.walk(address)));
  }
}
