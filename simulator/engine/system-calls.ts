/**
 * What generated code calls out for: system registers with effects, system instructions, exceptions by instruction, and
 * traps. Whether an access is allowed, and what it reaches, is answered by `arch/traps` through the access tables.
 */

import type { Features } from '../arch/features.ts';
import { instructions, type RegisterRow, registers, writeMasks } from '../arch/registers/index.ts';
import {
  type Access,
  type Accessed,
  type AccessState,
  resolveAccess,
  resolveEncoding,
  translationControls,
  trapControlMask,
  trapControls,
} from '../arch/traps/index.ts';
import { accessedBy, accessRowCount, accessRowOf, operationRow } from './access-rows.ts';
import { AccessTables, type ControlWrite } from './access-tables.ts';
import { CALL_JUMP, CALL_LEAVE, CALL_NEXT, CALL_REFUSE } from './callout.ts';
import type { CallOut, Engine } from './engine.ts';
import {
  DAIF,
  EL,
  ENTRY_ALLOWED,
  ENTRY_ANSWER,
  ENTRY_BYTES,
  ENTRY_CORE,
  ENTRY_KIND,
  ENTRY_MEMORY,
  ENTRY_NOTHING,
  ENTRY_PLAIN,
  MODE_VNCR,
  PC,
  RECORD,
  RECORD_D,
  RECORD_IMM,
  SPSEL,
  WRITE_MASKS,
  X,
} from './layout.ts';
import { slotOf } from './pe-state.ts';
import { pstateFields } from './semantics/system.ts';
import { type Halves, nothing, type SpecialRegister, type SystemInstruction } from './system/special.ts';

const zeroBlock = accessRowOf(instructions.find(({ name }) => name === 'DC ZVA') as Accessed);

/** Classes of ESR_ELx.EC that are not in a trap rule. */
const EC_UNKNOWN = 0x00;
const EC_SVC = 0x15;
const EC_HVC = 0x16;
const EC_SMC = 0x17;
const EC_SYSTEM_REGISTER = 0x18;
const EC_BRK = 0x3c;
const IL = 1 << 25;

/** What the machine does for the PE. */
export interface SystemHost {
  readonly features: Features;
  /** Registers that are not plain storage, by name. */
  readonly special: ReadonlyMap<string, SpecialRegister>;
  /** System instructions by name. */
  readonly instructions: ReadonlyMap<string, SystemInstruction>;
  /** The instruction by which firmware is called that the machine itself answers. */
  readonly conduit: 'hvc' | 'smc' | undefined;
  /** A firmware call that the machine itself answers; false when it does not. PC is then already past it. */
  firmwareCall(conduit: 'hvc' | 'smc'): boolean;
  /** HLT: true when it was a semihosting call. */
  semihosting(immediate: number): boolean;
  /** WFI or WFE; true when the PE has to wait. */
  wait(kind: 'interrupt' | 'event', until: bigint | undefined): boolean;
  sendEvent(toAll: boolean): void;
  /** Stops the machine at an instruction that it has no semantics for. */
  unimplemented(word: number): void;
  /** Whether somebody has to be told of accesses to a register. */
  watchesRegister(row: RegisterRow): boolean;
  /** All that has to be told of a register that is watched: writes after which it has this value. */
  wantedValue(row: RegisterRow): ControlWrite['wanted'];
  registerAccessed(row: RegisterRow, write: boolean, value: bigint, old: bigint): void;
  /** The machine has to look at something before the next instruction. */
  mustLeave(): boolean;
}

/** Controls by which a hypervisor's own and its guests' trap contexts differ: TRAP_HASHED of them. */
const mostSwitched: ReadonlySet<string> = new Set(['HCR_EL2', 'CPTR_EL2', 'SCTLR_EL1']);

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

type Masks = ReturnType<typeof writeMasks>;
/** HCR_EL2.E2H, of the upper word. */
const E2H_HIGH = 1 << 2;

type RegisterAccess = Extract<Access, { kind: 'register' }>;

/** Exception levels, a bit for each, where translation depends on a control. */
function levelsOf(control: string): number {
  if (control === 'SCR_EL3') return 0b1111;
  if (control === 'HCR_EL2') return 0b0111;
  if (control === 'VTTBR_EL2' || control === 'VTCR_EL2' || control.endsWith('_EL1')) return 0b0011;
  // EL0 belongs to EL2 while HCR_EL2.{E2H,TGE} = {1,1}.
  return control.endsWith('_EL2') ? 0b0101 : 0b1000;
}

function syndrome(ec: number, iss: number): bigint {
  return (BigInt(ec) << 26n) | BigInt(IL | iss);
}

export class SystemCalls {
  tables!: AccessTables<Access>;
  readonly callOuts: Readonly<Record<string, CallOut>>;
  readonly #slow: readonly CallOut[];
  readonly #hcr = slotOf('HCR_EL2');
  /** By E2H. */
  readonly #knownMasks: readonly Map<RegisterRow, Masks>[] = [new Map(), new Map()];
  readonly #hasVhe: boolean;
  #engine!: Engine;
  readonly #host: SystemHost;
  readonly #translation = new Set(translationControls);
  readonly #trapping = new Map(trapControls.map(name => [name, trapControlMask(name)]));

  constructor(host: SystemHost) {
    this.#host = host;
    this.#hasVhe = host.features.has('vhe');
    this.callOuts = {
      undefinedInstruction: () => this.#undefined(),
      registerWithoutRow: record => this.#withoutRow(record),
      unimplemented: record => this.#unimplemented(record),
      brk: record => this.#brk(record),
      hlt: record => this.#hlt(record),
      waitForInterrupt: record => this.#wait(record, 'interrupt'),
      waitForEvent: record => this.#wait(record, 'event'),
      sendEvent: () => this.#sendEvent(true),
      sendEventLocal: () => this.#sendEvent(false),
    };
    this.#slow = [
      record => this.#access(record),
      record => this.#pstateImmediate(record),
      record => this.#call(record, 'SVC', EC_SVC),
      record => this.#call(record, 'HVC', EC_HVC),
      record => this.#call(record, 'SMC', EC_SMC),
      record => this.#eret(record),
      () => this.#operationTrapped('FP'),
      () => this.#operationTrapped('PAUTH'),
    ];
  }

  /** What the core leaves to the host of a call-out, by the SLOW_* numbers of core/calls.ts. */
  slowCall(operation: number, record: number): number {
    return this.#slow[operation](record);
  }

  /** Once the engine is there, which needs the call-outs to begin with. */
  attach(engine: Engine): void {
    this.#engine = engine;
    this.tables = new AccessTables<Access>({
      core: engine.core,
      u32: engine.u32,
      u64: engine.u64,
      rows: accessRowCount,
      fpRow: operationRow('FP'),
      pauthRow: operationRow('PAUTH'),
      controls: [...this.#trapping]
        .sort(([a], [b]) => Number(mostSwitched.has(b)) - Number(mostSwitched.has(a)))
        .map(([name, mask]) => {
          const value = this.#host.special.get(name)?.value;
          return { slot: slotOf(name), mask, ...(value ? { value } : {}) };
        }),
      answer: (row, write) => this.#answer(row, write),
      trap: access => (access.kind === 'trap' ? (BigInt(access.to) << 32n) | syndrome(access.ec, access.iss) : 0n),
    });
    this.#writeMasks();
  }

  get #el(): 0 | 1 | 2 | 3 {
    return this.#engine.u32[EL >> 2] as 0 | 1 | 2 | 3;
  }

  get #pc(): bigint {
    return this.#engine.u64[PC >> 3];
  }

  set #pc(value: bigint) {
    this.#engine.u64[PC >> 3] = value;
  }

  /** DCZID_EL0 (Arm ARM): the block size, and DZP where DC ZVA would trap in the present state. */
  blockToZero(): bigint {
    const size = this.#engine.u64[slotOf('DCZID_EL0') >> 3] & 0xfn;
    return this.resolve(zeroBlock, true).kind === 'execute' ? size : size | 0x10n;
  }

  get #accessState(): AccessState {
    const engine = this.#engine;
    return {
      el: this.#el,
      features: this.#host.features,
      secure: this.#host.features.has('el3') && (engine.u64[slotOf('SCR_EL3') >> 3] & 1n) === 0n && this.#el !== 3,
      spSel: engine.u32[SPSEL >> 2],
      reg: name => this.#control(name),
    };
  }

  /** An encoding of MSR, MRS, SYS or SYSL that no row has: some of them trap all the same. */
  #withoutRow(record: number): number {
    const word = this.#engine.records.word(record);
    const bits = (msb: number, lsb: number) => (word >>> lsb) & ((1 << (msb - lsb + 1)) - 1);
    const fields = [bits(20, 19), bits(18, 16), bits(15, 12), bits(11, 8), bits(7, 5)] as const;
    const access = resolveEncoding(this.#accessState, ...fields, bits(21, 21) ? 'read' : 'write');
    if (access.kind === 'trap') return this.#trap(access.to, access.ec, access.iss | (bits(4, 0) << 5));
    return this.#undefined();
  }

  /** What an access does in the state of the active PE: the API behind "why did this trap?". */
  resolve(row: number, write: boolean): Access {
    return resolveAccess(
      this.#accessState,
      accessedBy(row),
      write || accessedBy(row).kind !== 'register' ? 'write' : 'read',
    );
  }

  #control(name: string): bigint {
    const special = this.#host.special.get(name);
    return special?.value ? special.value() : this.#engine.u64[slotOf(name) >> 3];
  }

  /** What the core can do by itself as an entry of the access table; otherwise the access. */
  #answer(number: number, write: boolean): number | Access {
    const access = this.resolve(number, write);
    const accessed = accessedBy(number);
    if (access.kind === 'execute') {
      if (accessed.kind === 'instruction') {
        if (accessed.name === 'DC ZVA') return ENTRY_ALLOWED;
        const instruction = this.#host.instructions.get(accessed.name);
        if (typeof instruction === 'number') return ENTRY_CORE | (instruction << 3);
        return instruction === nothing ? ENTRY_NOTHING : access;
      }
      const firmware =
        (accessed.name === 'HVC' || accessed.name === 'SMC') && this.#host.conduit === accessed.name.toLowerCase();
      return firmware ? access : ENTRY_ALLOWED;
    }
    if (access.kind === 'constant' && !write) return this.tables.constant(access.value) ?? access;
    // With a cost profile the host says what the access to memory costs.
    if (access.kind === 'memory' && !this.#engine.hasCosts) return ENTRY_MEMORY | (access.offset << 3);
    if (access.kind !== 'register') return access;
    const { row } = access;
    const watched = this.#host.watchesRegister(row);
    const wanted = watched ? this.#host.wantedValue(row) : undefined;
    if (watched && wanted === undefined) return access;
    const special = this.#host.special.get(row.name);
    if (write && wanted && special?.place) return access;
    if (special?.place) return special.place() | ENTRY_PLAIN;
    if (!write) {
      if (special?.core !== undefined) return ENTRY_CORE | (special.core << 3);
      if (special?.fixed && special.read) return this.tables.constant(special.read()) ?? access;
      return special?.read ? access : slotOf(row) | ENTRY_PLAIN;
    }
    if (special?.write) return access;
    const { keep, ones } = this.#masks(row);
    // The write mask that generated code applies is that of the register that the instruction names.
    const asNamed = row === accessed || row.options.storage !== undefined;
    const traps = this.#trapping.get(row.name) ?? 0n;
    const variant = row.options.whenSet ? 1n << BigInt(row.options.whenSet.bit) : 0n;
    const isPlain = asNamed && ones === 0n && traps === 0n && variant === 0n && !special?.after;
    if (isPlain && !wanted && !this.#translation.has(row.name)) return slotOf(row) | ENTRY_PLAIN;
    const effects = special?.after ? (special.effects ?? ALL_ONES) : 0n;
    return this.tables.controlWrite({
      slot: slotOf(row),
      levels: this.#translation.has(row.name) ? levelsOf(row.name) : 0,
      keep,
      ones,
      traps,
      effects,
      ...(variant ? { variant: { bit: variant, ...this.#masks(row, variant) } } : {}),
      ...(wanted ? { wanted } : {}),
    });
  }

  /** Bits that a write changes now, and those that are one. */
  #masks(row: RegisterRow, value = 0n): Masks {
    const { features } = this.#host;
    const e2h = this.#hasVhe && (this.#engine.u32[(this.#hcr >> 2) + 1] & E2H_HIGH) !== 0;
    if (row.options.whenSet) return writeMasks(row, { features, e2h }, value);
    const known = this.#knownMasks[e2h ? 1 : 0];
    let masks = known.get(row);
    if (!masks) {
      masks = writeMasks(row, { features, e2h });
      known.set(row, masks);
    }
    return masks;
  }

  #writeMasks(): void {
    for (const row of registers) {
      this.#engine.u64[(WRITE_MASKS >> 3) + row.index] = writeMasks(row, { features: this.#host.features }).keep;
    }
  }

  // --- Moves to and from system registers, system instructions --------------------------------------------------------

  #access(record: number): number {
    const { u32 } = this.#engine;
    const offset = u32[(record + RECORD_IMM) >> 2];
    const row = Math.floor(offset / ENTRY_BYTES);
    const write = (offset & 4) !== 0 || accessedBy(row).kind === 'instruction';
    const entry = this.tables.entry(row, write && accessedBy(row).kind === 'register');
    const register = (X >> 3) + (this.#engine.records.operand(record, RECORD_D) >> 3);
    // The core leaves the writes of controls that have effects.
    const access =
      (entry & ENTRY_KIND) === ENTRY_ANSWER
        ? this.tables.answers[entry >> 3]
        : (this.resolve(row, write) as RegisterAccess);
    switch (access.kind) {
      case 'register':
        this.#engine.chargeAccess(offset);
        return this.#registerAccess(access.row, register, write);
      case 'constant':
        this.#engine.chargeAccess(offset);
        if (!write) this.#engine.u64[register] = access.value;
        return CALL_NEXT;
      case 'memory':
        this.#engine.chargeVncr(write);
        return this.#vncr(access.offset, register, write);
      case 'execute':
        this.#engine.chargeAccess(offset);
        return this.#instruction(accessedBy(row).name, this.#engine.u64[register]);
      case 'undefined':
        return this.#undefined();
      case 'trap': {
        // Only the class of system registers says which general register it was, not that of FP.
        const number = access.ec === EC_SYSTEM_REGISTER ? Math.min(register - (X >> 3), 31) : 0;
        return this.#trap(access.to, access.ec, access.iss | (number << 5));
      }
    }
  }

  #registerAccess(row: RegisterRow, register: number, write: boolean): number {
    const special = this.#host.special.get(row.name);
    if (this.#host.watchesRegister(row)) {
      const old = this.#control(row.name);
      if (write) this.writeRegister(row, this.#engine.u64[register]);
      else this.#engine.u64[register] = special?.read ? special.read() : old;
      // What was written is what the register made of it.
      this.#host.registerAccessed(row, write, write ? this.#control(row.name) : this.#engine.u64[register], old);
      return this.#done();
    }
    if (special?.halves) return this.#halves(row, special.halves, register * 2, write);
    if (!write) {
      this.#engine.u64[register] = special?.read ? special.read() : this.#engine.u64[slotOf(row) >> 3];
      return CALL_NEXT;
    }
    this.writeRegister(row, this.#engine.u64[register]);
    return this.#done();
  }

  #halves(row: RegisterRow, halves: Halves, register: number, write: boolean): number {
    const { u32 } = this.#engine;
    if (!write) {
      u32[register] = halves.read();
      u32[register + 1] = halves.high();
      return CALL_NEXT;
    }
    halves.write(u32[register], u32[register + 1]);
    if (this.#trapping.has(row.name)) this.tables.controlChanged(slotOf(row));
    return this.#done();
  }

  /** Writes a register with its effects, by the rules of its row. */
  writeRegister(row: RegisterRow, value: bigint): void {
    const special = this.#host.special.get(row.name);
    if (special?.write) {
      special.write(value);
    } else {
      const { keep, ones } = this.#masks(row, value);
      this.#engine.u64[slotOf(row) >> 3] = (value & keep) | ones;
      special?.after?.();
    }
    if (this.#translation.has(row.name)) this.#engine.core.contextsChanged();
    if (this.#trapping.has(row.name)) this.tables.controlsChanged();
  }

  #vncr(offset: number, register: number, write: boolean): number {
    const { core, u64 } = this.#engine;
    const base = BigInt.asUintN(64, BigInt.asIntN(53, u64[slotOf('VNCR_EL2') >> 3]) & ~0xfffn);
    const address = base + BigInt(offset);
    let done: number;
    if (write) {
      this.#engine.bounce(u64[register]);
      done = core.storeSlow(address, 8, MODE_VNCR);
    } else {
      done = core.loadSlow(address, 8, MODE_VNCR);
      if (done) u64[register] = u64[done >>> 3];
    }
    if (done) return CALL_NEXT;
    core.takeAbort(this.#pc);
    return this.#jump();
  }

  #instruction(name: string, argument: bigint): number {
    const execute = this.#host.instructions.get(name);
    if (typeof execute !== 'function') {
      this.#host.unimplemented(this.#engine.records.word(this.#engine.u32[RECORD >> 2]));
      return CALL_REFUSE;
    }
    if (!execute(argument)) {
      this.#engine.core.takeAbort(this.#pc);
      return this.#jump();
    }
    return this.#done();
  }

  #pstateImmediate(record: number): number {
    const field = pstateFields[this.#engine.records.operand(record, RECORD_D)];
    const value = BigInt(this.#engine.u32[(record + RECORD_IMM) >> 2]);
    if (field.startsWith('DAIF')) {
      // Only EL0 comes here: SCTLR_EL1.UMA decides.
      const access = this.resolve(operationRow(field), true);
      if (access.kind === 'trap') return this.#trap(access.to, access.ec, access.iss | (Number(value >> 6n) << 1));
      if (access.kind === 'undefined') return this.#undefined();
      const { u32 } = this.#engine;
      if (field === 'DAIFSet') u32[DAIF >> 2] |= Number(value);
      else u32[DAIF >> 2] &= ~Number(value);
      return this.#done();
    }
    if (this.#el === 0) return this.#undefined();
    this.#host.special.get(field)?.write?.(value);
    return this.#done();
  }

  /** The instruction is complete; leaves if something wants to be looked at before the next one. */
  #done(): number {
    if (this.#engine.core.pendingInterrupt() === 0 && !this.#host.mustLeave()) return CALL_NEXT;
    this.#pc += 4n;
    return CALL_LEAVE;
  }

  /** PC was set by an exception or a return. */
  #jump(): number {
    return this.#engine.core.pendingInterrupt() !== 0 || this.#host.mustLeave() ? CALL_LEAVE : CALL_JUMP;
  }

  // --- Exceptions -----------------------------------------------------------------------------------------------------

  #trap(to: number, ec: number, iss: number): number {
    this.#engine.core.takeException(to, 0, syndrome(ec, iss), this.#pc);
    return this.#jump();
  }

  #undefined(): number {
    return this.#trap(this.#engine.core.defaultTarget(), EC_UNKNOWN, 0);
  }

  #operationTrapped(name: 'FP' | 'PAUTH'): number {
    const access = this.#operation(name);
    if (access?.kind === 'trap') return this.#trap(access.to, access.ec, access.iss);
    return this.#undefined();
  }

  #unimplemented(record: number): number {
    this.#host.unimplemented(this.#engine.records.word(record));
    return CALL_REFUSE;
  }

  /** Why an operation does not simply execute; undefined when it does. */
  #operation(name: string): Access | undefined {
    const entry = this.tables.entry(operationRow(name), false);
    return (entry & ENTRY_KIND) === ENTRY_ANSWER ? this.tables.answers[entry >> 3] : undefined;
  }

  #call(record: number, name: 'SVC' | 'HVC' | 'SMC', ec: number): number {
    const immediate = this.#engine.u32[(record + RECORD_IMM) >> 2];
    const access = this.#operation(name);
    if (access?.kind === 'trap') return this.#trap(access.to, access.ec, access.iss | immediate);
    if (name !== 'SVC' && this.#el !== 0) {
      const pc = this.#pc;
      this.#pc = pc + 4n;
      if (this.#host.firmwareCall(name === 'HVC' ? 'hvc' : 'smc')) return this.#jump();
      this.#pc = pc;
    }
    if (access?.kind === 'undefined') return this.#undefined();
    const to = name === 'SVC' ? this.#engine.core.defaultTarget() : name === 'HVC' ? Math.max(2, this.#el) : 3;
    this.#pc += 4n;
    return this.#trap(to, ec, immediate);
  }

  #brk(record: number): number {
    const immediate = this.#engine.u32[(record + RECORD_IMM) >> 2];
    const mdcr = this.#host.features.has('el2') ? this.#engine.u64[slotOf('MDCR_EL2') >> 3] : 0n;
    const to = this.#el < 2 && (mdcr & 0x100n) !== 0n ? 2 : this.#engine.core.defaultTarget();
    return this.#trap(to, EC_BRK, immediate);
  }

  #hlt(record: number): number {
    const immediate = this.#engine.u32[(record + RECORD_IMM) >> 2];
    // Halting debug is not enabled: HLT is UNDEFINED.
    return this.#host.semihosting(immediate) ? this.#done() : this.#undefined();
  }

  /** The core returns; what is left to the host is why it may not. */
  #eret(record: number): number {
    const row = accessedBy(this.#engine.u32[(record + RECORD_IMM + 4) >> 2] / ENTRY_BYTES);
    const access = this.#operation(row.name);
    return access?.kind === 'trap' ? this.#trap(access.to, access.ec, access.iss) : this.#undefined();
  }

  #wait(record: number, kind: 'interrupt' | 'event'): number {
    const word = this.#engine.records.word(record);
    const timed = (word & 0xfffff000) >>> 0 === 0xd5031000;
    const until = timed
      ? this.#engine.u64[(X >> 3) + (this.#engine.records.operand(record, RECORD_D) >> 3)]
      : undefined;
    const name = `${kind === 'interrupt' ? 'WFI' : 'WFE'}${timed ? 'T' : ''}`;
    const access = this.#operation(name);
    if (access?.kind === 'trap') return this.#trap(access.to, access.ec, access.iss);
    if (access?.kind === 'undefined') return this.#undefined();
    if (!this.#host.wait(kind, until)) return this.#done();
    this.#pc += 4n;
    return CALL_LEAVE;
  }

  #sendEvent(toAll: boolean): number {
    this.#host.sendEvent(toAll);
    return CALL_NEXT;
  }
}
