/** What goes over DAP beyond the standard: launch attributes and custom requests. The extension imports types from here. */

import type { VirtualInterfaceState } from '../simulator/gic/describe-virtual.ts';
import type { RecordedAccess, WorldSwitchRecording } from '../simulator/observe/world-switch.ts';
import type { ExceptionLevel, ListRegister, MappedRange, TranslationRegime, WalkStep } from '../simulator/target.ts';
import type { NestedStage } from './nested-walk.ts';

/** Classes of exceptions, by the index that answers give. */
export { EXCEPTION_CLASSES } from '../simulator/observe/exception-classes.ts';

export interface SymbolSource {
  /** Path of an ELF file. */
  readonly file: string;
  /** The regime in which the image is mapped; any when left out. */
  readonly regime?: TranslationRegime;
  /** Added to the addresses of the file: a number, or a string such as `0x40000000`. */
  readonly bias?: number | string;
  /** The guest that the image belongs to, by VTTBR_EL2.VMID; any when left out. */
  readonly vmid?: number;
  /** Base address of the translation tables in use where the image is mapped, as in TTBR0_ELx; any when left out. */
  readonly tableBase?: number | string;
}

/** Attributes of a launch configuration. */
export interface LaunchAttributes {
  /** Path of the image: ELF, Linux Image or flat binary. */
  readonly program: string;
  /** Where relative paths begin: those of these attributes, and those of source files in debug information. */
  readonly cwd?: string;
  /** PE model, such as `armv8.4`. */
  readonly cpu?: string;
  /** Single features on and off: `+nv2`, `-vhe`. */
  readonly features?: readonly string[];
  readonly gic?: 2 | 3;
  readonly pes?: number;
  /** Bytes, or a string with a unit: `512M`, `1G`. */
  readonly memory?: number | string;
  /** Level of the first instruction. */
  readonly el?: 1 | 2 | 3;
  readonly append?: string;
  readonly initrd?: string;
  readonly dtb?: string;
  /** Where a flat binary goes; a number, or a string such as `0x40080000`. */
  readonly loadAddress?: number | string;
  readonly semihosting?: boolean;
  /** 32-bit variables of an ELF image that have other values from the start, by name. */
  readonly set?: Readonly<Record<string, number>>;
  /** Instructions after which the next PE has its turn. */
  readonly quantum?: number;
  /** Lets turns vary in length, up to the quantum; races are searched and replayed by it. */
  readonly scheduleSeed?: number;
  /** Modelled time before which turns don't vary. */
  readonly scheduleFrom?: number;
  readonly stopOnEntry?: boolean;
  /** Functions to run to, one after the other, before the first stop: `trap`, or `split-4.10!trap` of one image. */
  readonly runTo?: readonly string[];
  /** Exception filters, by their ids, that stop this session from its first stop on, beside those of the client. */
  readonly exceptionFilters?: readonly string[];
  /** Keeps the run, so that it can be taken back; true when left out. */
  readonly timeTravel?: boolean;
  readonly symbols?: readonly SymbolSource[];
  /** Where the guest's console goes: `output` events (the default) or nowhere. */
  readonly console?: 'output' | 'none';
}

/** 64-bit numbers travel as strings such as `0x40080000`. */
export type Hex = string;

export interface PeArguments {
  /** Thread id; the PE that stopped last when left out. */
  readonly threadId?: number;
}

export type ListRegistersArguments = PeArguments;

export interface ListRegisterView extends Omit<ListRegister, 'value'> {
  readonly value: Hex;
  /** What the virtual interrupt is known as, such as `virtual timer`. */
  readonly virtualName?: string;
}

export interface ListRegistersResponse {
  readonly registers: readonly ListRegisterView[];
}

export interface MappingsArguments extends PeArguments {
  readonly stage: 1 | 2;
  /**
   * Another guest than the present one, of those that `hyperstep/regimes` names. Its stage 2 is that of now; its stage 1
   * is that of the moment when it was left last.
   */
  readonly vmid?: number;
  readonly regime?: TranslationRegime;
  /** At most this many ranges; 1000 when left out. */
  readonly limit?: number;
}

export interface MappingView extends Omit<MappedRange, 'input' | 'output' | 'size'> {
  readonly input: Hex;
  readonly output: Hex;
  readonly size: Hex;
}

export interface MappingsResponse {
  readonly regime: TranslationRegime;
  /** False while the stage is off. */
  readonly enabled: boolean;
  /** VTTBR_EL2.VMID, for stage 2. */
  readonly vmid?: number;
  /** Base address of the tables. */
  readonly base?: Hex;
  readonly ranges: readonly MappingView[];
  /** More ranges are mapped than `limit` let through. */
  readonly truncated: boolean;
}

export interface WalkArguments extends PeArguments {
  /**
   * A number, an expression, or an address with a space such as `el1:0x1000`. An IPA, such as `ipa:0x80000000`, is one of
   * the nested guest where a guest hypervisor has one; else of the guest.
   */
  readonly address: string;
  readonly regime?: TranslationRegime;
  /** Another guest than the present one: its stage 2 for an IPA, else its stage 1 as it was when it was left last. */
  readonly vmid?: number;
  /** What names in the expression mean, and the regime when that is left out. */
  readonly frameId?: number;
}

type HexStep = Omit<WalkStep, 'descriptorIpa' | 'descriptorPa' | 'descriptor' | 'output'> & {
  readonly descriptorIpa?: Hex;
  readonly descriptorPa: Hex;
  readonly descriptor: Hex;
  readonly output?: Hex;
};

export interface WalkResponse {
  readonly steps: readonly HexStep[];
  readonly ipa?: Hex;
  readonly pa?: Hex;
  readonly fault?: string;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly memoryType?: string;
  /** Of an address of a nested guest: virtual stage 2, host stage 2 and shadow stage 2. */
  readonly nested?: readonly NestedStageView[];
}

/** One stage 2 that an address of a nested guest goes through. */
export interface NestedStageView extends Omit<NestedStage, 'input' | 'output' | 'steps'> {
  readonly input: Hex;
  readonly output?: Hex;
  readonly steps: readonly HexStep[];
}

/** `hyperstep/reverseToLevelChange`: back to the last exception that changed the level of a PE, or its return. */
export interface ReverseToLevelChangeArguments {
  readonly threadId: number;
}

/** `hyperstep/goTo`: to a moment of the recorded run, or to a mark. */
export interface GoToArguments {
  /** Instructions of the whole machine. */
  readonly instructions?: number;
  /** Name of a mark. */
  readonly mark?: string;
}

/** A moment of the run with a name. Marks stay until the session ends. */
export interface Mark {
  readonly name: string;
  /** Instructions of the whole machine. */
  readonly instructions: number;
}

/** `hyperstep/setMark`: names the present moment; the same name again moves the mark. */
export interface SetMarkArguments {
  readonly name: string;
}

export interface RemoveMarkArguments {
  readonly name: string;
}

export interface MarksResponse {
  /** By moment. */
  readonly marks: readonly Mark[];
}

/**
 * `hyperstep/lastWrite`: back to the instruction that wrote something last before now. A `stopped` event with the reason
 * `goto` follows: the PE stands at that instruction, which has not run yet, and `text` says what it wrote.
 */
export interface LastWriteArguments extends PeArguments {
  /**
   * A general register (`x19`, `sp`), a system register or a field of one (`hcr_el2.twi`), a list register (`lr3`), or an
   * expression with a place in memory (`vcpu->pc`, `ipa:0x80000000`).
   */
  readonly of: string;
  /** Of memory; the size of the expression when left out. */
  readonly bytes?: number;
}

/** `hyperstep/stepBackOut`: back to the call of the present function, or to where its exception was taken. */
export type StepBackOutArguments = PeArguments;

/** `hyperstep/stopWhen`: a breakpoint that no list of the editor shows, such as a panel's "break when this changes". */
export interface StopWhenArguments extends PeArguments {
  /** As in `hyperstep/lastWrite`; also `stage2:0x80000000+0x1000`, a range of IPAs whose translation changes. */
  readonly of: string;
  /** `change` when left out: a write that leaves another value than before. */
  readonly on?: 'change' | 'write' | 'read' | 'access';
  readonly bytes?: number;
  readonly condition?: string;
  readonly hitCondition?: string;
  readonly logMessage?: string;
}

export interface StopWhenResponse {
  readonly id: number;
  readonly description: string;
}

export interface DropStopArguments {
  readonly id: number;
}

/** `hyperstep/stepping`: how steps treat interrupts. What is left out stays as it is. */
export interface SteppingArguments {
  /** `held`: a step does not go into an interrupt, which is taken when the machine goes on. */
  readonly interrupts?: 'taken' | 'held';
}

export interface SteppingResponse {
  readonly interrupts: 'taken' | 'held';
}

/** `hyperstep/why`: the rule and the bit behind the last exception, and who set that bit. */
export interface WhyResponse {
  readonly text: string;
  /** The instruction that wrote the deciding register last, where a recording knows it. */
  readonly setBy?: {
    readonly register: string;
    readonly pc: Hex;
    /** Of the whole machine, when it was about to run. */
    readonly instructions: number;
    readonly text: string;
    readonly path?: string;
    readonly line?: number;
  };
}

/** `hyperstep/addSymbols`: as a row of the launch attribute `symbols`, while the session goes on. */
export interface AddSymbolsResponse {
  readonly module: string;
}

export interface ConsoleArguments {
  /** Sent to the guest's UART as UTF-8. */
  readonly text: string;
}

export interface ExceptionsArguments {
  /** Turns recording on or off; left out, it stays as it is. */
  readonly record?: boolean;
  /** Only the newest so many; 1000 when left out. */
  readonly limit?: number;
}

export interface ExceptionRecord {
  readonly kind: 'taken' | 'return';
  readonly pe: number;
  readonly instructions: number;
  readonly from: ExceptionLevel;
  readonly to: ExceptionLevel;
  readonly type: string;
  readonly class?: string;
  readonly esr?: Hex;
  readonly far?: Hex;
  readonly hpfar?: Hex;
  readonly pc: Hex;
  readonly target: Hex;
}

export interface ExceptionsResponse {
  readonly recording: boolean;
  /** Oldest first. */
  readonly exceptions: readonly ExceptionRecord[];
}

export interface MachineResponse {
  readonly running: boolean;
  readonly instructions: number;
  readonly cycles: number;
  readonly pes: readonly PeState[];
}

export interface PeState {
  readonly threadId: number;
  readonly index: number;
  readonly powered: boolean;
  readonly waiting: boolean;
  readonly el: ExceptionLevel;
  /** Whose level it is, where a host tells of its guest hypervisors: `L2 EL1`, `L1 virtual EL2`. */
  readonly place?: string;
  readonly regime: TranslationRegime;
  readonly vmid?: number;
  readonly asid?: number;
  readonly pc: Hex;
  /** The function at PC, where symbols know it. */
  readonly function?: string;
  /** Modelled cycles of this PE. */
  readonly cycles: number;
  readonly security: 'secure' | 'non-secure';
  /** The most urgent first, also those that are disabled or masked. */
  readonly pending: readonly {
    readonly intid: number;
    readonly name?: string;
    readonly priority: number;
    readonly group: 0 | 1;
    readonly enabled: boolean;
    readonly active: boolean;
  }[];
  readonly timers: readonly TimerState[];
}

export interface TimerState {
  /** Such as `CNTV`, and in words. */
  readonly name: string;
  readonly title: string;
  readonly enabled: boolean;
  /** Its interrupt is kept from the GIC. */
  readonly masked: boolean;
  /** The condition is met. */
  readonly fired: boolean;
  /** Ticks of the counter until it fires, and modelled nanoseconds; negative when it is over. */
  readonly ticks: number;
  readonly nanoseconds: number;
}

/** `hyperstep/virtualInterface`: the virtual interface of a PE. */
export interface VirtualInterfaceResponse extends VirtualInterfaceState {
  /** Of the interrupt that is next. */
  readonly nextName?: string;
}

/** `hyperstep/regimes`: translations that there are. */
export interface RegimesResponse {
  readonly regimes: readonly {
    readonly stage: 1 | 2;
    readonly regime: TranslationRegime;
    /** Of stage 2; and of stage 1 of a guest that does not run now. */
    readonly vmid?: number;
    /** Of such a guest: instructions of the machine when it was left last, which is when its stage 1 is from. */
    readonly at?: number;
    readonly enabled: boolean;
    /** What the PE uses at its present level. */
    readonly inUse: boolean;
    readonly base?: Hex;
  }[];
}

/** `hyperstep/staleTranslations`: what the TLB holds of the present level and the tables do not. */
export interface StaleTranslationsResponse {
  readonly entries: readonly {
    readonly va: Hex;
    readonly pa: Hex;
    readonly permissions: string;
    readonly tables: string;
  }[];
}

/** `hyperstep/documentation`: of a register, as Markdown. */
export interface DocumentationArguments extends PeArguments {
  readonly name: string;
}

export interface DocumentationResponse {
  readonly name: string;
  readonly markdown: string;
}

/** `hyperstep/toLevelChange`: on to the next exception that changes the level of a PE, or its return. */
export type ToLevelChangeArguments = PeArguments;

/** `hyperstep/timeline`: what happened between two counts of instructions, in equal parts. */
export interface TimelineArguments {
  /** Left out: the whole run. */
  readonly from?: number;
  readonly to?: number;
  /** Parts; where a PE has fewer events than that, they are given one by one. 0: only how far the run got. */
  readonly parts: number;
}

export interface TimelineLane {
  readonly pe: number;
  /** Level at `from`. */
  readonly level: ExceptionLevel;
  /** Four numbers for each part: modelled cycles at EL0 to EL3. Empty when `events` is there. */
  readonly levels: readonly number[];
  /** Exceptions by part: number of the part, index into the classes, count, and again. */
  readonly classes: readonly number[];
  /** Instructions, modelled cycles, class, level from, level to, VMID (-1: no guest) of each event, and again. */
  readonly events?: readonly number[];
}

export interface TimelineResponse {
  /** Where the log begins, the present moment, and the furthest moment that is known: instructions of the machine. */
  readonly start: number;
  readonly now: number;
  readonly end: number;
  /** Changes when what was answered before is no longer true. */
  readonly generation: number;
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly TimelineLane[];
}

/** `hyperstep/timelineEvents`: single events of a PE, by number. */
export interface TimelineEventsArguments extends PeArguments {
  /** Number of the first one; or, with `at`, the first at or after a count of instructions. */
  readonly first?: number;
  readonly at?: number;
  readonly count: number;
}

export interface TimelineEvent {
  readonly number: number;
  readonly instructions: number;
  readonly cycles: number;
  readonly from: ExceptionLevel;
  readonly to: ExceptionLevel;
  /** Key of the class, such as `hvc`; `return` for a return. */
  readonly class: string;
  /** Why, in words. */
  readonly reason: string;
  readonly vmid?: number;
}

export interface TimelineEventsResponse {
  /** Events of that PE in all, and the first that is still kept. */
  readonly total: number;
  readonly oldest: number;
  readonly events: readonly TimelineEvent[];
}

/** `hyperstep/timelineStatistics`: exceptions by class. */
export interface TimelineStatisticsArguments {
  readonly from?: number;
  readonly to?: number;
}

export interface TimelineStatisticsResponse {
  readonly from: number;
  readonly to: number;
  readonly pes: readonly {
    readonly pe: number;
    /** Modelled cycles at EL0 to EL3. */
    readonly levels: readonly number[];
    /** Those that happened; cycles are those at the level that took the exception, until it returned. */
    readonly classes: readonly { readonly class: string; readonly count: number; readonly cycles: number }[];
  }[];
}

/** `hyperstep/worldSwitches`: the last ones before now, newest first. */
export interface WorldSwitchesArguments extends PeArguments {
  readonly limit?: number;
  /** A switch ends where the guest that left runs again, not at the entry of any guest. */
  readonly sameGuest?: boolean;
  /** Before this count of instructions; now when left out. */
  readonly before?: number;
}

export interface WorldSwitchView {
  /** Numbers of the two events in the log of the PE. */
  readonly exit: number;
  readonly entry: number;
  readonly pe: number;
  readonly vmid: number;
  readonly cause: string;
  /** Instructions of the machine at the exit. */
  readonly at: number;
  readonly instructions: number;
  readonly cycles: number;
}

export interface WorldSwitchesResponse {
  readonly pe: number;
  readonly switches: readonly WorldSwitchView[];
}

/** `hyperstep/worldSwitch`: one of them, replayed under observation. */
export interface WorldSwitchArguments extends PeArguments {
  readonly exit: number;
  readonly entry: number;
}

type HexAccess = Omit<RecordedAccess, 'value' | 'old' | 'pc'> & {
  readonly value: Hex;
  readonly old?: Hex;
  readonly pc: Hex;
};

export interface WorldSwitchResponse extends Omit<WorldSwitchRecording, 'accesses'> {
  readonly accesses: readonly HexAccess[];
}

/** Custom requests: arguments and the body of the response, by command. */
export interface CustomRequests {
  'hyperstep/virtualInterface': { arguments: PeArguments; body: VirtualInterfaceResponse };
  'hyperstep/regimes': { arguments: PeArguments; body: RegimesResponse };
  'hyperstep/staleTranslations': { arguments: PeArguments; body: StaleTranslationsResponse };
  'hyperstep/documentation': { arguments: DocumentationArguments; body: DocumentationResponse };
  'hyperstep/toLevelChange': { arguments: ToLevelChangeArguments; body: undefined };
  'hyperstep/timeline': { arguments: TimelineArguments; body: TimelineResponse };
  'hyperstep/timelineEvents': { arguments: TimelineEventsArguments; body: TimelineEventsResponse };
  'hyperstep/timelineStatistics': { arguments: TimelineStatisticsArguments; body: TimelineStatisticsResponse };
  'hyperstep/worldSwitches': { arguments: WorldSwitchesArguments; body: WorldSwitchesResponse };
  'hyperstep/worldSwitch': { arguments: WorldSwitchArguments; body: WorldSwitchResponse };
  'hyperstep/listRegisters': { arguments: ListRegistersArguments; body: ListRegistersResponse };
  'hyperstep/mappings': { arguments: MappingsArguments; body: MappingsResponse };
  'hyperstep/walk': { arguments: WalkArguments; body: WalkResponse };
  'hyperstep/console': { arguments: ConsoleArguments; body: Record<string, never> };
  'hyperstep/exceptions': { arguments: ExceptionsArguments; body: ExceptionsResponse };
  'hyperstep/machine': { arguments: Record<string, never>; body: MachineResponse };
  'hyperstep/reverseToLevelChange': { arguments: ReverseToLevelChangeArguments; body: undefined };
  'hyperstep/stepBackOut': { arguments: StepBackOutArguments; body: undefined };
  'hyperstep/lastWrite': { arguments: LastWriteArguments; body: undefined };
  'hyperstep/goTo': { arguments: GoToArguments; body: undefined };
  'hyperstep/setMark': { arguments: SetMarkArguments; body: MarksResponse };
  'hyperstep/removeMark': { arguments: RemoveMarkArguments; body: MarksResponse };
  'hyperstep/marks': { arguments: Record<string, never>; body: MarksResponse };
  'hyperstep/stopWhen': { arguments: StopWhenArguments; body: StopWhenResponse };
  'hyperstep/dropStop': { arguments: DropStopArguments; body: undefined };
  'hyperstep/stepping': { arguments: SteppingArguments; body: SteppingResponse };
  'hyperstep/why': { arguments: PeArguments; body: WhyResponse };
  'hyperstep/addSymbols': { arguments: SymbolSource; body: AddSymbolsResponse };
}
