/**
 * A little machine behind the target interface, for tests of the adapter: one memory, two levels, and the dozen A64
 * instructions of `programs/hypervisor.S`. It starts at EL2 with ELR_EL2 at the symbol `guest`.
 */

import { isWanted } from '../../simulator/exception-event.ts';
import type { VirtualInterfaceState } from '../../simulator/gic/describe-virtual.ts';
import type {
  AddressSpace,
  BreakpointSpec,
  ExceptionEvent,
  ExceptionLevel,
  FieldValue,
  Interrupted,
  ListRegister,
  MachineConfig,
  MappedRange,
  Moment,
  PeView,
  RegisterInfo,
  RunOptions,
  StopReason,
  Target,
  TranslationRegime,
  WalkResult,
} from '../../simulator/target.ts';
import { ElfFile } from '../symbols/elf.ts';

const RAM = 0x40000000n;
const RAM_BYTES = 0x100000;
const UART = 0x09000000n;

const SYSTEM: readonly RegisterInfo[] = [
  { name: 'VBAR_EL1', group: 'EL1', width: 64, readable: true, writable: true },
  { name: 'ELR_EL1', group: 'EL1', width: 64, readable: true, writable: true },
  { name: 'SPSR_EL1', group: 'EL1', width: 64, readable: true, writable: true },
  { name: 'SP_EL1', group: 'EL1', width: 64, readable: true, writable: true },
  { name: 'HCR_EL2', group: 'EL2', width: 64, readable: true, writable: true },
  { name: 'VTTBR_EL2', group: 'EL2', width: 64, readable: true, writable: true },
  { name: 'VBAR_EL2', group: 'EL2', width: 64, readable: true, writable: true },
  { name: 'ELR_EL2', group: 'EL2', width: 64, readable: true, writable: true },
  { name: 'SPSR_EL2', group: 'EL2', width: 64, readable: true, writable: true },
  { name: 'ESR_EL2', group: 'EL2', width: 64, readable: true, writable: true },
  { name: 'SP_EL2', group: 'EL2', width: 64, readable: true, writable: true },
  { name: 'MIDR_EL1', group: 'ID', width: 64, readable: true, writable: false },
];

const FIELDS: Readonly<Record<string, readonly (readonly [name: string, msb: number, lsb: number])[]>> = {
  HCR_EL2: [
    ['NV2', 45, 45],
    ['E2H', 34, 34],
    ['TGE', 27, 27],
    ['VM', 0, 0],
  ],
  ESR_EL2: [
    ['EC', 31, 26],
    ['IL', 25, 25],
    ['ISS', 24, 0],
  ],
  PSTATE: [
    ['NZCV', 31, 28],
    ['EL', 3, 2],
    ['SP', 0, 0],
  ],
};

class FakePe implements PeView {
  readonly index: number;
  powered = true;
  waiting = false;
  el: ExceptionLevel = 2;
  pc = 0n;
  readonly x = new BigUint64Array(31);
  readonly system = new Map<string, bigint>();

  constructor(
    private readonly machine: FakeTarget,
    index: number,
  ) {
    this.index = index;
  }

  get cycles(): number {
    return this.machine.cycles / this.machine.pes.length;
  }

  get retired(): number {
    return this.machine.instructions;
  }

  readonly accesses = 0;

  get regime(): TranslationRegime {
    return this.el === 2 ? 'EL2' : 'EL1&0';
  }

  get vmid(): number | undefined {
    return this.el < 2 ? 3 : undefined;
  }

  get sp(): bigint {
    return this.system.get(`SP_EL${this.el}`) ?? 0n;
  }

  set sp(value: bigint) {
    this.system.set(`SP_EL${this.el}`, BigInt.asUintN(64, value));
  }

  readRegister(name: string): bigint {
    const upper = name.toUpperCase();
    const general = /^X(\d+)$/.exec(upper);
    if (general !== null && Number(general[1]) < 31) return this.x[Number(general[1])];
    if (upper === 'SP') return this.sp;
    if (upper === 'PC') return this.pc;
    if (upper === 'PSTATE') return BigInt((this.el << 2) | 1);
    if (upper === 'NZCV' || upper === 'FPCR' || upper === 'FPSR' || /^V([0-9]|[12]\d|3[01])$/.test(upper)) return 0n;
    if (upper === 'SP_EL0') return 0n;
    if (!SYSTEM.some(row => row.name === upper)) throw new Error(`There is no register ${name}.`);
    return this.system.get(upper) ?? 0n;
  }

  writeRegister(name: string, value: bigint): void {
    const upper = name.toUpperCase();
    const general = /^X(\d+)$/.exec(upper);
    if (general !== null) this.x[Number(general[1])] = value;
    else if (upper === 'SP') this.sp = value;
    else if (upper === 'PC') this.pc = value;
    else if (SYSTEM.find(row => row.name === upper)?.writable) this.system.set(upper, value);
    else throw new Error(`${name} cannot be written.`);
  }

  systemRegisters(): readonly RegisterInfo[] {
    return SYSTEM;
  }

  fields(name: string, value: bigint): readonly FieldValue[] {
    return (FIELDS[name.toUpperCase()] ?? []).map(([field, msb, lsb]) => {
      const bits = (value >> BigInt(lsb)) & ((1n << BigInt(msb - lsb + 1)) - 1n);
      return { name: field, msb, lsb, value: bits, ...(field === 'EC' && bits === 0x16n ? { meaning: 'HVC64' } : {}) };
    });
  }

  read(_space: AddressSpace, address: bigint, bytes: number): Uint8Array | undefined {
    return this.machine.memory(address, bytes)?.slice();
  }

  write(_space: AddressSpace, address: bigint, data: Uint8Array): boolean {
    const at = this.machine.memory(address, data.length);
    at?.set(data);
    return at !== undefined;
  }

  physicalAddress(_space: AddressSpace, address: bigint): bigint {
    return address;
  }

  walkIpa(address: bigint): WalkResult {
    return this.walk(address);
  }

  guestRegister(): undefined {
    return undefined;
  }

  readonly guests = new Map<number, bigint>();

  walk(address: bigint): WalkResult {
    const steps = [
      { stage: 1, level: 3, descriptorPa: 0x1000n, descriptor: address | 3n, kind: 'page', output: address },
    ] as const;
    return { steps, pa: address, readable: true, writable: true, executable: true, memoryType: 'Normal WB' };
  }

  explainAccess(name: string): string {
    throw new Error(`The fake knows no rules for ${name}.`);
  }

  taken: Interrupted | undefined;

  interrupted(): Interrupted | undefined {
    return this.taken;
  }

  staleTranslations(): [] {
    return [];
  }

  mappings(_stage: 1 | 2, _regime: TranslationRegime, limit: number): readonly MappedRange[] {
    return [
      { input: 0n, output: RAM, size: 0x1000n, level: 3, attributes: 'RW X Normal WB' },
      { input: 0x10000n, output: RAM + 0x10000n, size: 0x2000n, level: 3, attributes: 'RO X Normal WB' },
    ].slice(0, limit);
  }
}

export class FakeTarget implements Target {
  readonly pes: FakePe[];
  instructions = 0;
  readonly deviceTree = undefined;
  readonly variables = undefined;
  keepInterrupted = false;
  onException: ((event: ExceptionEvent) => void) | undefined;
  onConsole: ((bytes: Uint8Array) => void) | undefined;
  readonly exceptionLog = undefined;

  logExceptions(): void {}

  virtualInterface(): VirtualInterfaceState {
    return {
      enabled: false,
      priorityMask: 0,
      group0: false,
      group1: false,
      splitEoi: false,
      activePriorities: [],
      eoiCount: 0,
      maintenance: [],
      maintenanceUp: false,
    };
  }

  pendingInterrupts(): [] {
    return [];
  }

  interruptName(): undefined {
    return undefined;
  }

  worldSwitches(): [] {
    return [];
  }

  recordWorldSwitch(): never {
    throw new Error('The fake machine records nothing.');
  }

  /** What the debugger sent to the console of the guest. */
  received = '';
  private readonly ram = new Uint8Array(RAM_BYTES);
  private readonly elf: ElfFile;
  private readonly breakpoints = new Map<number, BreakpointSpec>();
  private nextId = 1;
  private pending: StopReason | undefined;

  constructor(private readonly config: MachineConfig) {
    this.elf = new ElfFile(config.image, config.imageName);
    this.pes = Array.from({ length: config.pes }, (_, index) => new FakePe(this, index));
    this.reset();
  }

  /** Breakpoints that are set at the moment. */
  get breakpointCount(): number {
    return this.breakpoints.size;
  }

  get cycles(): number {
    return this.instructions * 2;
  }

  memory(address: bigint, bytes: number): Uint8Array | undefined {
    const offset = address - RAM;
    return offset >= 0n && offset + BigInt(bytes) <= BigInt(RAM_BYTES)
      ? this.ram.subarray(Number(offset), Number(offset) + bytes)
      : undefined;
  }

  /** The fake forgets: time travel is tested on the machine itself. */
  readonly recording = undefined;

  record(): void {}

  get moment(): Moment {
    return { instructions: this.instructions, turns: 0, time: this.instructions, taken: 0 };
  }

  holdInterrupts(): void {}

  goTo(): void {
    throw new Error('This run is not recorded: start it with time travel to go back.');
  }

  // biome-ignore lint/correctness/useYield: it only refuses.
  *travel(): Generator<Moment, void> {
    this.goTo();
  }

  lastChange(): undefined {
    return undefined;
  }

  // biome-ignore lint/correctness/useYield: it only refuses.
  *reverseContinue(): Generator<Moment, StopReason> {
    throw new Error('This run is not recorded: start it with time travel to go back.');
  }

  reseed(): void {}

  reset(): void {
    this.ram.fill(0);
    this.instructions = 0;
    for (const segment of this.elf.segments) {
      const data = this.config.image.subarray(segment.offset, segment.offset + segment.fileSize);
      if (segment.type === 1) this.memory(segment.virtualAddress, data.length)?.set(data);
    }
    const symbol = (name: string): bigint => this.elf.symbols().find(one => one.name === name)?.value ?? 0n;
    for (const pe of this.pes) {
      pe.el = 2;
      pe.pc = this.elf.entry;
      pe.x.fill(0n);
      pe.system.clear();
      pe.system.set('VBAR_EL2', symbol('vectors'));
      pe.system.set('ELR_EL2', symbol('guest'));
      pe.system.set('SPSR_EL2', 5n);
      pe.system.set('SP_EL2', RAM + 0x80000n);
      pe.system.set('SP_EL1', RAM + 0xa0000n);
      pe.system.set('MIDR_EL1', 0x410fd0f0n);
      pe.system.set('HCR_EL2', 1n);
    }
  }

  sendConsole(bytes: Uint8Array): void {
    this.received += new TextDecoder().decode(bytes);
  }

  addBreakpoint(spec: BreakpointSpec): number {
    if (spec.kind === 'data' && spec.bytes > 64)
      throw new Error(`A data breakpoint over ${spec.bytes} bytes is too wide.`);
    this.breakpoints.set(this.nextId, spec);
    return this.nextId++;
  }

  removeBreakpoint(id: number): void {
    this.breakpoints.delete(id);
  }

  powerOff(pe: number): void {
    this.pes[pe].powered = false;
  }

  listRegisters(): readonly ListRegister[] {
    return [
      { index: 0, value: 0x50a000000000001bn, state: 'pending', virtualId: 27, priority: 0xa0, group: 1, hw: false },
      { index: 1, value: 0n, state: 'invalid', virtualId: 0, priority: 0, group: 0, hw: false },
    ];
  }

  disassemble(word: number): string | undefined {
    return word === 0xd503201f ? 'nop' : word === 0xd69f03e0 ? 'eret' : word === 0xd65f03c0 ? 'ret' : undefined;
  }

  run(options: RunOptions): StopReason {
    const pe = this.pes[options.pe ?? options.stepOf ?? 0];
    const instructions = options.stepOf === undefined ? options.instructions : 1;
    let { stepOff } = options;
    // The fake is slow on purpose: a slice of it ends soon.
    for (let count = 0; count < Math.min(instructions, 10_000); count++) {
      if (!stepOff) {
        const ids = this.matching(
          spec =>
            spec.kind === 'instruction' &&
            spec.address === pe.pc &&
            (spec.regime === undefined || spec.regime === pe.regime) &&
            (spec.match?.(pe) ?? true),
        );
        if (ids.length > 0) return { kind: 'breakpoint', pe: pe.index, ids };
      }
      stepOff = false;
      this.pending = undefined;
      const unknown = this.execute(pe);
      if (unknown !== undefined) return unknown;
      this.instructions++;
      if (this.pending !== undefined) return this.pending;
    }
    return { kind: 'limit' };
  }

  private matching(test: (spec: BreakpointSpec) => boolean): number[] {
    return [...this.breakpoints].filter(([, spec]) => test(spec)).map(([id]) => id);
  }

  private exception(pe: FakePe, event: Omit<ExceptionEvent, 'pe' | 'instructions'>): void {
    const whole: ExceptionEvent = { ...event, pe: pe.index, instructions: this.instructions };
    this.onException?.(whole);
    const ids = this.matching(spec => spec.kind === 'exception' && isWanted(whole, spec));
    if (ids.length > 0) this.pending = { kind: 'exception', pe: pe.index, ids, event: whole };
  }

  private access(pe: FakePe, address: bigint, write: boolean): void {
    const ids = this.matching(
      spec =>
        spec.kind === 'data' &&
        address < spec.address + BigInt(spec.bytes) &&
        address + 8n > spec.address &&
        (spec.access === 'readWrite' || spec.access === (write ? 'write' : 'read')),
    );
    if (ids.length > 0) this.pending = { kind: 'watchpoint', pe: pe.index, ids, address, write };
  }

  private load(address: bigint): bigint {
    const data = this.memory(address, 8);
    return data === undefined ? 0n : new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
  }

  private store(address: bigint, value: bigint): void {
    const data = this.memory(address, 8);
    if (data !== undefined) new DataView(data.buffer, data.byteOffset).setBigUint64(0, value, true);
  }

  /** Executes one instruction; a stop for an encoding that the fake does not know. */
  private execute(pe: FakePe): StopReason | undefined {
    const code = this.memory(pe.pc, 4);
    const word = code === undefined ? 0 : new DataView(code.buffer, code.byteOffset).getUint32(0, true);
    const d = word & 31;
    const n = (word >> 5) & 31;
    const t2 = (word >> 10) & 31;
    const imm12 = BigInt((word >> 10) & 0xfff);
    const get = (index: number): bigint => (index === 31 ? pe.sp : pe.x[index]);
    const set = (index: number, value: bigint): void => {
      if (index === 31) pe.sp = value;
      else pe.x[index] = BigInt.asUintN(64, value);
    };
    const pair = BigInt((word << 10) >> 25) * 8n;
    const { pc } = pe;
    let next = pc + 4n;
    if (word >>> 23 === 0x1a5)
      pe.x[d] = BigInt((word >> 5) & 0xffff) << BigInt(((word >> 21) & 3) * 16); // MOVZ
    else if (word >>> 22 === 0x244)
      set(d, get(n) + imm12); // ADD (immediate)
    else if (word >>> 26 === 0x05)
      next = pc + BigInt((word << 6) >> 6) * 4n; // B
    else if (word >>> 26 === 0x25) {
      pe.x[30] = next; // BL
      next = pc + BigInt((word << 6) >> 6) * 4n;
    } else if (word === 0xd65f03c0 >>> 0)
      next = pe.x[30]; // RET
    else if (word >>> 22 === 0x2a6) {
      pe.sp = get(n) + pair; // STP, pre-index
      this.store(pe.sp, pe.x[d]);
      this.store(pe.sp + 8n, pe.x[t2]);
    } else if (word >>> 22 === 0x2a3) {
      pe.x[d] = this.load(pe.sp); // LDP, post-index
      pe.x[t2] = this.load(pe.sp + 8n);
      pe.sp += pair;
    } else if ((word & 0x9f000000) === 0x10000000) {
      pe.x[d] = pc + BigInt((((word << 8) >> 13) << 2) | ((word >> 29) & 3)); // ADR
    } else if (word >>> 22 === 0x3e5) {
      this.access(pe, get(n) + imm12 * 8n, false);
      pe.x[d] = this.load(get(n) + imm12 * 8n); // LDR
    } else if (word >>> 22 === 0x3e4) {
      this.access(pe, get(n) + imm12 * 8n, true);
      this.store(get(n) + imm12 * 8n, pe.x[d]); // STR
    } else if (word >>> 22 === 0xe4) {
      if (get(n) === UART) this.onConsole?.(Uint8Array.of(Number(pe.x[d] & 0xffn))); // STRB
    } else if ((word & 0xffe0001f) >>> 0 === 0xd4000002) {
      const esr = 0x5a000000n | BigInt((word >> 5) & 0xffff); // HVC
      pe.system.set('ELR_EL2', next);
      pe.system.set('SPSR_EL2', BigInt((pe.el << 2) | 1));
      pe.system.set('ESR_EL2', esr);
      const from = pe.el;
      pe.taken = { pc: next, spsr: BigInt((from << 2) | 1), registers: [...pe.x] };
      pe.el = 2;
      next = (pe.system.get('VBAR_EL2') ?? 0n) + (from < 2 ? 0x400n : 0x200n);
      pe.pc = next;
      this.exception(pe, { kind: 'taken', from, to: 2, type: 'sync', class: 'HVC64', ec: 0x16, esr, pc, target: next });
    } else if (word === 0xd69f03e0 >>> 0) {
      const from = pe.el; // ERET
      pe.el = Number(((pe.system.get(`SPSR_EL${from}`) ?? 0n) >> 2n) & 3n) as ExceptionLevel;
      next = pe.system.get(`ELR_EL${from}`) ?? 0n;
      pe.pc = next;
      this.exception(pe, { kind: 'return', from, to: pe.el, type: 'eret', pc, target: next });
    } else if (word !== 0xd503201f >>> 0) {
      const message = `The fake does not know the instruction 0x${word.toString(16).padStart(8, '0')} at 0x${pc.toString(16)}.`;
      return { kind: 'unimplemented', pe: pe.index, message, pc, word };
    }
    pe.pc = next;
    return undefined;
  }
}
