/**
 * What a debugger sees of the machine: the one interface between `debug-adapter` and `simulator`.
 * Everything here is synchronous and free of Node-only and of VS Code types, so that it also runs in a browser worker.
 */

import type { VirtualInterfaceState } from './gic/describe-virtual.ts';
import type { PendingInterrupt } from './gic/gic.ts';
import type { ExceptionLog, ExceptionLogOptions } from './observe/exception-log.ts';
import type { FunctionName, WorldSwitch, WorldSwitchRecording } from './observe/world-switch.ts';

export type ExceptionLevel = 0 | 1 | 2 | 3;

/** A translation regime (Arm ARM D8.1). EL1&0 belongs to the guest that `VTTBR_EL2.VMID` names while stage 2 is on. */
export type TranslationRegime = 'EL1&0' | 'EL2' | 'EL2&0' | 'EL3';

/** An address space that memory can be read in. `va` is the view of a PE in its present regime and EL. */
export type AddressSpace =
  /** With `vmid`, of a guest by its own tables of both stages, whether it runs or not: see `PeView.guestRegister`. */
  | { readonly kind: 'va'; readonly regime?: TranslationRegime; readonly vmid?: number }
  /** Of the guest that is loaded, or by another value of VTTBR_EL2: that of a guest that is not scheduled now. */
  | { readonly kind: 'ipa'; readonly vttbr?: bigint }
  | { readonly kind: 'pa' }
  /** By a translation that no hardware of this machine makes, such as that of a guest of a guest. */
  | {
      readonly kind: 'translated';
      /** How a debugger writes it. */
      readonly name: string;
      /** PA of an address. */
      readonly translate: (address: bigint) => bigint | undefined;
    };

/** One step of a translation table walk, recorded by the MMU itself. */
export interface WalkStep {
  readonly stage: 1 | 2;
  /** -1 to 3. */
  readonly level: number;
  /** Address of the descriptor: an IPA for stage 1 under stage 2, and the PA it was read from. */
  readonly descriptorIpa?: bigint;
  readonly descriptorPa: bigint;
  readonly descriptor: bigint;
  readonly kind: 'table' | 'block' | 'page' | 'invalid' | 'fault';
  /** Output address of this descriptor (next table or mapped block). */
  readonly output?: bigint;
}

export interface WalkResult {
  readonly steps: readonly WalkStep[];
  readonly ipa?: bigint;
  readonly pa?: bigint;
  /** Set when the walk faults: the sentence says stage, level and reason. */
  readonly fault?: string;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** Memory type in words, such as `Normal WB` or `Device-nGnRE`. */
  readonly memoryType?: string;
}

/** One mapped run of a translation table, adjacent entries with equal attributes merged. */
export interface MappedRange {
  readonly input: bigint;
  readonly output: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly level: number;
  /** Attributes in words, such as `RW X Normal WB`. */
  readonly attributes: string;
}

/** A page that the TLB translates and the tables do not, or otherwise: a TLBI is missing, or has not come yet. */
export interface StaleTranslation {
  readonly va: bigint;
  /** What the TLB says. */
  readonly pa: bigint;
  readonly permissions: string;
  /** What the tables say, in words. */
  readonly tables: string;
}

/** A decoded field of a system register. Bits are inclusive. */
export interface FieldValue {
  readonly name: string;
  readonly msb: number;
  readonly lsb: number;
  readonly value: bigint;
  /** What the value means, where the architecture names it. */
  readonly meaning?: string;
}

export interface RegisterInfo {
  readonly name: string;
  /** Group for display: `EL0` … `EL3`, `GIC`, `Timer`, `Debug`, `PMU`, `ID`. */
  readonly group: string;
  /** Bits. */
  readonly width: 32 | 64 | 128;
  /** False for a write-only register, and for one whose read has an effect (ICC_IAR1_EL1). */
  readonly readable: boolean;
  readonly writable: boolean;
  readonly description?: string;
}

/** Where an exception came from and went to; also an exception return (`kind: 'return'`). */
export interface ExceptionEvent {
  readonly kind: 'taken' | 'return';
  readonly pe: number;
  /** Instructions retired by the machine before this event. */
  readonly instructions: number;
  readonly from: ExceptionLevel;
  readonly to: ExceptionLevel;
  /** `sync`, `irq`, `fiq`, `serror`; for a return `eret`. */
  readonly type: 'sync' | 'irq' | 'fiq' | 'serror' | 'eret';
  /** Name of ESR_ELx.EC for a synchronous exception, such as `HVC64`. */
  readonly class?: string;
  readonly ec?: number;
  readonly esr?: bigint;
  /** What the syndrome says, in words. */
  readonly text?: string;
  readonly far?: bigint;
  readonly hpfar?: bigint;
  /** The instruction that took it, or the preferred return address of an interrupt. */
  readonly pc: bigint;
  /** Where execution goes on. */
  readonly target: bigint;
}

export interface SystemRegisterEvent {
  readonly pe: number;
  readonly name: string;
  readonly write: boolean;
  readonly value: bigint;
  readonly old?: bigint;
  readonly pc: bigint;
}

/** Why `run` came back. */
export type StopReason =
  | { readonly kind: 'limit' }
  | { readonly kind: 'breakpoint'; readonly pe: number; readonly ids: readonly number[] }
  | {
      readonly kind: 'watchpoint';
      readonly pe: number;
      readonly ids: readonly number[];
      readonly address: bigint;
      readonly write: boolean;
      /** What wrote instead of the instruction that has just run: the name of a device that masters the bus. */
      readonly by?: string;
    }
  | { readonly kind: 'exception'; readonly pe: number; readonly ids: readonly number[]; readonly event: ExceptionEvent }
  | {
      readonly kind: 'system-register';
      readonly pe: number;
      readonly ids: readonly number[];
      readonly event: SystemRegisterEvent;
    }
  | { readonly kind: 'poweroff' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'semihosting'; readonly code: number }
  | {
      readonly kind: 'unimplemented';
      readonly pe: number;
      readonly message: string;
      readonly pc: bigint;
      readonly word: number;
    }
  | { readonly kind: 'deadlock'; readonly message: string };

/** Exceptions by what costs nothing to compare: all others go by at full speed. What is left out is any. */
export interface ExceptionSieve {
  readonly types?: readonly ExceptionEvent['type'][];
  /** Values of ESR_ELx.EC of synchronous exceptions. */
  readonly classes?: readonly number[];
  readonly from?: readonly ExceptionLevel[];
  readonly to?: readonly ExceptionLevel[];
}

/** A stop that the machine makes by itself; compiled in or checked on the slow path, never polled. */
export type BreakpointSpec =
  | {
      readonly kind: 'instruction';
      readonly address: bigint;
      readonly regime?: TranslationRegime;
      readonly vmid?: number;
      readonly pe?: number;
      /** Asked before the stop, with the PE at the instruction; the run goes on at once when it says no. */
      readonly match?: (pe: PeView) => boolean;
    }
  | {
      /** Accesses to memory, by every PE and device. A VA or an IPA is followed wherever tables and registers map it. */
      readonly kind: 'data';
      readonly space: AddressSpace;
      readonly address: bigint;
      readonly bytes: number;
      readonly access: 'read' | 'write' | 'readWrite';
      /** Whose VA or IPA it is: the PE that is active when it is set if left out. */
      readonly pe?: number;
    }
  | {
      /** Writes of the table entries by which a range of VAs or IPAs is translated. */
      readonly kind: 'mapping';
      readonly space: AddressSpace;
      readonly address: bigint;
      readonly bytes: number;
      readonly pe?: number;
    }
  | {
      readonly kind: 'exception';
      /** What an exception or a return has to be, one of these; left out: anything. */
      readonly sieves?: readonly ExceptionSieve[];
      /** What has to hold besides. The event is good during the call. */
      readonly match: (event: ExceptionEvent) => boolean;
    }
  | {
      /** At every instruction that writes a general register or SP, before it runs. */
      readonly kind: 'register';
      readonly name: string;
      readonly pe?: number;
      readonly match?: (pe: PeView) => boolean;
    }
  | {
      readonly kind: 'system-register';
      readonly name: string;
      readonly access: 'read' | 'write' | 'readWrite';
      readonly match?: (event: SystemRegisterEvent) => boolean;
      /** Of writes: what `match` rules out by itself, so that the machine does not have to ask for every value. */
      readonly wanted?: WantedValue;
    };

/** Bits of a register that have a value; the value has no others. */
export interface WantedValue {
  readonly mask: bigint;
  readonly value: bigint;
}

/**
 * A moment of a run. Moments of one run are ordered; two with the same number of instructions differ by what happens
 * while all PEs wait.
 */
export interface Moment {
  /** Instructions retired by all PEs. */
  readonly instructions: number;
  /** Turns of PEs that are over. */
  readonly turns: number;
  /** Modelled time of the PE whose turn it is. */
  readonly time: number;
  /**
   * Interrupts and the like that were taken since the last instruction: between two instructions a PE stands before one
   * or at its vector. 0 with another number of instructions.
   */
  readonly taken: number;
}

/** What a debugger may have changed. General registers are X0 to X30, SP and PC. */
export type ChangedByDebugger =
  | { readonly pe: number; readonly register: string }
  | { readonly pa: bigint; readonly bytes: number };

/** How a run is kept for time travel. */
export interface RecordingOptions {
  /** Instructions between two snapshots. */
  readonly interval: number;
  /** Bytes that saved pages may take; when they are used up, snapshots are thinned out. */
  readonly limit: number;
}

/** What a recording has. */
export interface Recording {
  readonly start: Moment;
  readonly end: Moment;
  readonly snapshots: number;
  /** Bytes that snapshots hold of RAM. */
  readonly bytes: number;
}

export interface RunOptions {
  /** Stop after this many more instructions of the whole machine. */
  readonly instructions: number;
  /**
   * Run only this PE, and let the others stand. In a recorded run it is part of the recording: in the past, a run without
   * it lets those stand that stood the first time.
   */
  readonly pe?: number;
  /** Stop after one more instruction of this PE, while all run: `instructions` is how many they may take for it. */
  readonly stepOf?: number;
  /** Do not report a breakpoint at the very first instruction (continue from a breakpoint). */
  readonly stepOff?: boolean;
}

/** State of a PE at the moment when an exception was taken. */
export interface Interrupted {
  /** ELR_ELx and SPSR_ELx of the level that took it: another value there now means another guest or thread. */
  readonly pc: bigint;
  readonly spsr: bigint;
  /** X0 to X30. */
  readonly registers: readonly bigint[];
  /** `IRQ`, `FIQ` or `SError`; undefined for a synchronous exception, which ESR_ELx describes. */
  readonly interrupt?: 'IRQ' | 'FIQ' | 'SError';
}

/** One PE as the debugger sees it. Values of registers are unsigned. */
export interface PeView {
  readonly index: number;
  readonly powered: boolean;
  /** In WFI or WFE. */
  readonly waiting: boolean;
  /** Instructions that this PE has retired. */
  readonly retired: number;
  /**
   * Modelled cycles that this PE has executed, as PMCCNTR_EL0 counts them: by the cost profile of the machine, and as many
   * as instructions without one.
   */
  readonly cycles: number;
  /** System registers that this PE has read and written, and system instructions, with a cost profile; 0 without. */
  readonly accesses: number;
  readonly el: ExceptionLevel;
  readonly regime: TranslationRegime;
  /** `VTTBR_EL2.VMID` while a stage-2 regime is in use at the present EL. */
  readonly vmid?: number;
  readonly asid?: number;
  pc: bigint;
  /** SP, X0 to X30, PC, PSTATE and its fields, NZCV, V0 to V31, FPCR, FPSR and every system register, by its name in the Arm ARM (any case). */
  readRegister(name: string): bigint;
  /** Takes effect as a write by the architecture would. Throws a sentence for an unknown or read-only name. */
  writeRegister(name: string, value: bigint): void;
  /** System registers that this PE has, in table order. */
  systemRegisters(): readonly RegisterInfo[];
  /** Fields of a register at a value, most significant first; the layout follows HCR_EL2.E2H where it has two. */
  fields(name: string, value: bigint): readonly FieldValue[];
  /** Bytes of memory without side effects; undefined where unmapped or a device. */
  read(space: AddressSpace, address: bigint, bytes: number): Uint8Array | undefined;
  /** Writes RAM (code caches follow). False where unmapped or a device. */
  write(space: AddressSpace, address: bigint, data: Uint8Array): boolean;
  /** PA of an address of a space, device or memory; undefined where it does not translate. */
  physicalAddress(space: AddressSpace, address: bigint): bigint | undefined;
  /** The stage-2 walk of an IPA, by the present VTTBR_EL2 or another value of it, without side effects. */
  walkIpa(address: bigint, vttbr?: bigint): WalkResult;
  /**
   * A register of the translation of a guest: as it is while the guest runs, else as it was when the guest was left last
   * while `Target.keepInterrupted` was set. Undefined for a guest that has not been left. There are SCTLR_EL1, TCR_EL1,
   * TTBR0_EL1, TTBR1_EL1, MAIR_EL1, HCR_EL2, VTCR_EL2 and VTTBR_EL2.
   */
  guestRegister(vmid: number, name: string): bigint | undefined;
  /**
   * VTTBR_EL2 of guests that have run on this PE while `Target.keepInterrupted` is set, by VMID: the latest of each, and
   * the guest that ran last is the last one.
   */
  readonly guests: ReadonlyMap<number, bigint>;
  /** The walk of the MMU, without side effects. */
  walk(address: bigint, regime?: TranslationRegime): WalkResult;
  /**
   * What the last exception taken to a level from a lower one interrupted, as it was then. Kept while
   * `Target.keepInterrupted` is set.
   */
  interrupted(level: ExceptionLevel): Interrupted | undefined;
  /**
   * What an access to a system register, a system instruction or a trapped instruction (`WFI`, `HVC`, `FP`) does at a
   * level in the present state, and which bit decides it, in a sentence. Throws a sentence for an unknown name.
   */
  explainAccess(name: string, direction: 'read' | 'write', level: ExceptionLevel): string;
  /** Every mapping of a stage: stage 1 of a regime, or stage 2 by VTTBR_EL2 or the value given. At most `limit` ranges. */
  mappings(stage: 1 | 2, regime: TranslationRegime, limit: number, vttbr?: bigint): readonly MappedRange[];
  /** Translations of the present level that the TLB holds and the tables no longer have, or have otherwise. */
  staleTranslations(): readonly StaleTranslation[];
}

export interface ListRegister {
  readonly index: number;
  readonly value: bigint;
  readonly state: 'invalid' | 'pending' | 'active' | 'pending+active';
  readonly virtualId: number;
  readonly physicalId?: number;
  readonly priority: number;
  readonly group: 0 | 1;
  readonly hw: boolean;
}

export interface Target {
  readonly pes: readonly PeView[];
  /** Instructions retired by all PEs. */
  readonly instructions: number;
  /** Modelled cycles that all PEs have executed. */
  readonly cycles: number;
  /** The device tree that the guest was given. */
  readonly deviceTree: Uint8Array | undefined;
  /** The second flash bank as the guest has left it, as many bytes as `MachineConfig.variables` gave. */
  readonly variables: Uint8Array | undefined;
  /** Keep what exceptions interrupt, for `PeView.interrupted`. Off at first. */
  keepInterrupted: boolean;
  /** Called for every exception taken and returned from while set; nothing is recorded when undefined. */
  onException: ((event: ExceptionEvent) => void) | undefined;
  /** Exceptions as they were taken and returned from, while `logExceptions` keeps them. */
  readonly exceptionLog: ExceptionLog | undefined;
  /** Keeps exceptions from here on, in bounded memory; undefined ends it. */
  logExceptions(options: Partial<ExceptionLogOptions> | undefined): void;
  /** World switches in the log that begin before a count of instructions, newest first. */
  worldSwitches(pe: number, before: number, limit: number, sameGuest?: boolean): readonly WorldSwitch[];
  /** Replays one and records what it does; comes back to the present moment. Throws a sentence without a recording. */
  recordWorldSwitch(wanted: WorldSwitch, names: FunctionName): WorldSwitchRecording;
  /** Bytes that the guest sent to its console. */
  onConsole: ((bytes: Uint8Array) => void) | undefined;
  sendConsole(bytes: Uint8Array): void;
  run(options: RunOptions): StopReason;
  /** Returns an id for `removeBreakpoint` and for `StopReason.ids`. Throws a sentence when it cannot be set. */
  addBreakpoint(spec: BreakpointSpec): number;
  removeBreakpoint(id: number): void;
  listRegisters(pe: number): readonly ListRegister[];
  /** The virtual interface of a PE in words. */
  virtualInterface(pe: number): VirtualInterfaceState;
  /** Interrupts that are pending at a PE, the most urgent first, also those that are disabled or masked. */
  pendingInterrupts(pe: number): readonly (PendingInterrupt & { readonly name?: string })[];
  /** What an INTID is known as, such as `virtual timer`. */
  interruptName(intid: number): string | undefined;
  /** Keeps the interrupts of a PE from it, or lets them come. They stay pending, and end WFI as ever. */
  holdInterrupts(pe: number, hold: boolean): void;
  /** Switches a PE off, as CPU_OFF of PSCI would; another one may switch it on again. */
  powerOff(pe: number): void;
  /** Disassembly of one word at an address; undefined for an unallocated encoding. */
  disassemble(word: number, address: bigint): string | undefined;
  /**
   * From the next round on the run takes the course of another `MachineConfig.scheduleSeed`. For searches, together with
   * `goTo`: seeds that differ only after `scheduleFrom` have the run up to there in common.
   */
  reseed(seed: number): void;
  /** Back to the state right after loading. A recorded run is recorded anew. */
  reset(): void;
  /** Keeps the run from here on, so that it can be taken back. */
  record(options?: Partial<RecordingOptions>): void;
  readonly recording: Recording | undefined;
  /**
   * When a debugger has changed a register of a PE, or bytes of memory, for the last time before now, in the run that is
   * recorded; undefined when it has not.
   */
  lastChange(of: ChangedByDebugger): Moment | undefined;
  readonly moment: Moment;
  /** Goes to a moment of the recorded run, or forward to it. Nothing stops it. Throws a sentence without a recording. */
  goTo(moment: Moment): void;
  /** The same in steps, for long ways: yields where it is. The machine stands on the way when it is given up. */
  travel(moment: Moment): Generator<Moment, void>;
  /**
   * Goes back to the last moment before this one at which a breakpoint stopped, or would have stopped, the run; to the
   * start of the recording when there is none, and then returns `limit`. Yields before each stretch that is searched,
   * newest first; a caller that ends the iteration early is put back to where it began. With `only`, other breakpoints
   * do not count; with `orNow`, a stop behind the instruction that has just run does.
   */
  reverseContinue(only?: readonly number[], orNow?: boolean): Generator<Moment, StopReason>;
}

/** What `createTarget` in `simulator/machine.ts` takes; a launch configuration and the command line both become one. */
export interface MachineConfig {
  /** Contents of the image file. */
  readonly image: Uint8Array;
  /** For messages. */
  readonly imageName: string;
  readonly cpu: string;
  /** Single features on and off, such as `+nv2` or `-vhe`. */
  readonly features: readonly string[];
  readonly gic: 2 | 3;
  readonly pes: number;
  /** Instructions of a round in which PEs take turns. */
  readonly quantum?: number;
  /** Lets the lengths of rounds vary, up to the quantum. */
  readonly scheduleSeed?: number;
  /** Modelled time of a PE before which rounds are equal in spite of a seed, as in `Moment.time`. */
  readonly scheduleFrom?: number;
  /** Bytes. */
  readonly memory: number;
  /** Level at which the first instruction runs. */
  readonly el: 1 | 2 | 3;
  readonly append?: string;
  readonly initrd?: Uint8Array;
  /** Kernel of the first guest of an image that is a hypervisor, such as Xen's dom0; the initrd is the guest's then. */
  readonly guestKernel?: Uint8Array;
  /** Command line of that kernel. */
  readonly guestAppend?: string;
  readonly dtb?: Uint8Array;
  /**
   * Disks in virtio slots, from the first slot on. Images are never changed: what the guest writes lasts as long as the
   * machine.
   */
  readonly disks?: readonly { readonly name: string; readonly image: Uint8Array }[];
  /** A virtio network card on a network that answers ARP, DHCP and ping. */
  readonly network?: boolean;
  /** A virtio console beside the UART. Input goes to it once the guest listens there. */
  readonly virtioConsole?: boolean;
  /** Contents of the second flash bank, where UEFI firmware keeps its variables. */
  readonly variables?: Uint8Array;
  /** Where a flat binary goes, for one that does not start from flash. */
  readonly loadAddress?: number;
  readonly semihosting: boolean;
  /**
   * Cost profile by which cycles are modelled, and time after them: `seattle` or `x-gene`. Instructions are interpreted then.
   * Without one a cycle is an instruction.
   */
  readonly profile?: string;
  /** 0: instructions are interpreted; 1, or left out: hot ones are compiled. The machine does the same either way. */
  readonly tier?: 0 | 1;
  /** Branches to a place before it is compiled, for tests. */
  readonly hot?: number;
  /** Bytes of compiled code that are kept, for tests: when they are used up, the oldest goes. */
  readonly codeBytes?: number;
}
