/**
 * The machine: PEs that take turns on one engine, the board around them, modelled time, and why a run stops. A run is a
 * pure function of image, configuration and console input.
 *
 * Time counts instructions: one takes INSTRUCTION_NANOSECONDS of modelled time. With a cost profile it counts cycles. Whose
 * turn it is, is said by `turns.ts`.
 */

import type { Features } from './arch/features.ts';
import { Decoder } from './arch/instructions/decoder.ts';
import { instructionRows } from './arch/instructions/index.ts';
import { byName, isImplemented, registers, resetValue, sanitize } from './arch/registers/index.ts';
import { SCR_AFTER_FIRMWARE } from './arch/registers/reset.ts';
import { type AccessSize, COUNTER_FREQUENCY } from './board/device.ts';
import { interruptName } from './board/interrupt-names.ts';
import { planLoad, writeSegments } from './board/loader/loader.ts';
import type { LoadPlan } from './board/loader/plan.ts';
import { callFirmware } from './board/psci.ts';
import { Semihosting } from './board/semihosting.ts';
import { type Board, buildVirtBoard } from './board/virt.ts';
import { VIRT_MAP } from './board/virt-map.ts';
import { attachedDevices } from './board/virtio/attached.ts';
import type { VirtioConsole } from './board/virtio/console.ts';
import { Breakpoints } from './breakpoints.ts';
import { featuresOf, ramSize } from './configuration.ts';
import { type Costs, costsOf } from './cost/costs.ts';
import { profileNamed } from './cost/index.ts';
import { coreFeatures, physicalAddressBits } from './engine/core-features.ts';
import { ACTIVE_STATE, Engine } from './engine/engine.ts';
import { EXIT_BREAKPOINT, EXIT_BUDGET } from './engine/interpreter.ts';
import {
  BREAKPOINTS_ADDRESS,
  CYCLES,
  DAIF,
  EL,
  EXCLUSIVE_BYTES,
  EXIT_REQUEST,
  FEATURES,
  KNOWN_GUESTS,
  KNOWN_GUESTS_MAX,
  LOG_OTHERS,
  OBSERVE,
  OBSERVE_ALL,
  OBSERVE_INTERRUPTED,
  OBSERVE_LEVELS,
  OBSERVE_LOG,
  OBSERVED,
  OBSERVED_BYTES,
  PA_BITS,
  PAGE_FLAGS,
  PC,
  PE_INDEX,
  PE_STATE_BYTES,
  PSTATE_IL,
  RAM,
  RAM_BASE,
  SLOT_SP,
  SPSEL,
  TICK_TIME,
} from './engine/layout.ts';
import { PeState, slotOf } from './engine/pe-state.ts';
import { handlers, lowerings } from './engine/semantics/index.ts';
import { boardRegisters } from './engine/system/board-registers.ts';
import { maintenanceInstructions } from './engine/system/maintenance.ts';
import { PerformanceMonitors } from './engine/system/performance-monitors.ts';
import { pstateRegisters } from './engine/system/pstate.ts';
import type { SpecialRegister } from './engine/system/special.ts';
import { SystemCalls } from './engine/system-calls.ts';
import { captureTranslations, restoreTranslations, TRANSLATIONS_WORDS_MAX } from './engine/translations.ts';
import { PresentException } from './exception-event.ts';
import { describeVirtual, type VirtualInterfaceState } from './gic/describe-virtual.ts';
import type { PendingInterrupt } from './gic/gic.ts';
import { guestMemory } from './guest-memory.ts';
import { InterruptLines, type InterruptLinesState } from './interrupt-lines.ts';
import { MemoryRegions } from './memory-regions.ts';
import { describeLogged } from './observe/describe.ts';
import { writeExceptionClasses } from './observe/exception-classes.ts';
import { ExceptionLog, type ExceptionLogOptions } from './observe/exception-log.ts';
import {
  type FunctionName,
  type RetraceStep,
  type RetraceVisitor,
  recordWorldSwitch,
  type WorldSwitch,
  type WorldSwitchRecording,
  worldSwitches,
} from './observe/world-switch.ts';
import { Pe } from './pe.ts';
import { PhysicalMemory } from './physical-memory.ts';
import { Schedule } from './schedule.ts';
import { endStep, STEP_ACTIVE, STEP_PENDING } from './software-step.ts';
import type {
  BreakpointSpec,
  ChangedByDebugger,
  ExceptionEvent,
  ExceptionLevel,
  ListRegister,
  MachineConfig,
  Moment,
  RecordingOptions,
  RunOptions,
  StopReason,
  Target,
} from './target.ts';
import type { Input } from './timeline/input-log.ts';
import { Recorder, type RecorderHost } from './timeline/recorder.ts';
import { compareMoments, type Timeline } from './timeline/timeline.ts';
import { type Turn, Turns, type TurnsState } from './turns.ts';

/** Builds a machine and loads the image. Throws one sentence for a configuration or an image that cannot be. */
export function createTarget(config: MachineConfig): Target {
  return new Machine(config);
}

/** Instructions of a round. A single PE has nobody to share with. */
const QUANTUM = 20_000;
const LONE_QUANTUM = 2 ** 20;
/** With a cost profile: cycles of a round. Short, since how far apart PEs are is part of what one of them waits for another. */
const QUANTUM_CYCLES = 64;
/** About what the engine does on a fast computer, so that delays of a guest take about as long as they say. */
const INSTRUCTION_NANOSECONDS = 8;

/** Of the performance monitors, as the Base System Architecture recommends. */
const OVERFLOW_PPI = 23;
const VTTBR_SLOT = slotOf('VTTBR_EL2');
const HCR_VM = 1;
const HCR_VM_TGE = HCR_VM | (1 << 27);

/** A register by the name of the whole of it. */
function fullName(name: string): string {
  return name
    .toUpperCase()
    .replace(/^W(?=\d)/, 'X')
    .replace(/^LR$/, 'X30')
    .replace(/^FP$/, 'X29')
    .replace(/^WSP$/, 'SP');
}

const PE_STATE_WORDS = PE_STATE_BYTES / 4;

/** Everything but what the engine holds, for a snapshot. */
interface MachineState {
  readonly turns: TurnsState;
  readonly active: number;
  readonly retired: number;
  readonly taken: number;
  readonly lines: InterruptLinesState;
  readonly board: unknown;
  readonly typed: readonly number[];
  readonly only: number | undefined;
  /** What is kept of the guests of each PE. */
  readonly guests: readonly (Uint8Array | undefined)[];
  readonly semihosting: { readonly errno: number; readonly handles: readonly number[] };
  /** Events of the exception log that were past. */
  readonly logged: readonly number[] | undefined;
}

/** How far a PE may go on: to a number of instructions of the machine, and to a time of its own. */
interface Slice {
  readonly retired: number;
  readonly time: number;
}

export class Machine implements Target {
  readonly features: Features;
  readonly pes: readonly Pe[];
  readonly engine: Engine;
  readonly board: Board;
  readonly system: SystemCalls;
  readonly monitors: PerformanceMonitors;
  readonly deviceTree: Uint8Array;
  onConsole: ((bytes: Uint8Array) => void) | undefined;
  readonly #config: MachineConfig;
  readonly physical: PhysicalMemory;
  readonly #states: PeState[];
  readonly #turns: Turns;
  readonly #costs: Costs | undefined;
  /** Modelled time of a tick of the counter. */
  readonly #tickTime: number;
  readonly #plan: LoadPlan;
  readonly #decoder = new Decoder(instructionRows);
  readonly #special: Map<string, SpecialRegister>;
  readonly #breakpoints: Breakpoints;
  readonly #psci: 'hvc' | 'smc' | undefined;
  readonly #regions: MemoryRegions;
  readonly #lines: InterruptLines;
  #active = 0;
  #retired = 0;
  #running = false;
  #stop: StopReason | undefined;
  #keepInterrupted = false;
  #onException: ((event: ExceptionEvent) => void) | undefined;
  readonly #recorder: Recorder;
  /** Turns, accesses to devices and what else the engine has asked for: what is slow. */
  #hostCalls = 0;
  /** Input that came while an instruction was under way. */
  #arrived: Uint8Array[] = [];

  constructor(config: MachineConfig) {
    this.#config = config;
    this.features = featuresOf(config);
    this.#psci = config.el === 3 ? undefined : config.el === 2 ? 'smc' : 'hvc';
    const ramBytes = ramSize(config.memory);
    const alone = config.pes === 1 && config.scheduleSeed === undefined;
    this.#costs =
      config.profile === undefined ? undefined : costsOf(profileNamed(config.profile), handlers, config.gic);
    this.#tickTime = (this.#costs?.frequency ?? 1e9 / INSTRUCTION_NANOSECONDS) / COUNTER_FREQUENCY;
    const quantum = alone ? LONE_QUANTUM : this.#costs ? QUANTUM_CYCLES : QUANTUM;
    const schedule = new Schedule(config.quantum ?? quantum, config.scheduleSeed, config.scheduleFrom);
    this.#turns = new Turns(config.pes, schedule, {
      wakes: pe => this.#wakes(pe),
      nextDeadline: pe => this.#nextDeadline(pe),
      update: pe => this.#updateTime(pe),
    });
    const memory = guestMemory(
      () => this.engine,
      ramBytes,
      (pa, length, by) => this.#breakpoints?.watched(pa, length, true, by),
    );
    const attached = attachedDevices(config);
    this.#virtioConsole = attached.console;
    this.board = buildVirtBoard(
      {
        gic: config.gic,
        pes: config.pes,
        memory: ramBytes,
        psci: this.#psci,
        el2: this.features.has('el2'),
        vhe: this.features.has('vhe'),
        pmu: this.features.has('pmuv3'),
        virtio: attached.backends,
        secure: config.el === 3,
        listRegisters: this.features.has('lrs16') ? 16 : this.features.has('lrs8') ? 8 : 4,
      },
      {
        clock: { ticks: pe => this.#ticks(pe) },
        lines: { setLines: (pe, irq, fiq, virq, vfiq) => this.#setLines(pe, irq, fiq, virq, vfiq) },
        memory,
        activePe: () => this.#active,
        virtualOffset: pe => (this.features.has('el2') ? this.#states[pe].register('CNTVOFF_EL2') : 0n),
        physicalOffset: pe => this.#physicalOffset(pe),
        powerOff: () => this.requestStop({ kind: 'poweroff' }),
        reset: () => this.requestStop({ kind: 'reset' }),
      },
    );
    this.#plan = planLoad({
      image: config.image,
      imageName: config.imageName,
      memory: ramBytes,
      tree: this.board.tree,
      ...(config.initrd ? { initrd: config.initrd } : {}),
      ...(config.guestKernel ? { guestKernel: config.guestKernel } : {}),
      ...(config.guestAppend === undefined ? {} : { guestAppend: config.guestAppend }),
      ...(config.append === undefined ? {} : { append: config.append }),
      ...(config.dtb ? { dtb: config.dtb } : {}),
      ...(config.variables ? { variables: config.variables } : {}),
      secureRam: config.el === 3,
      ...(config.loadAddress === undefined ? {} : { loadAddress: config.loadAddress }),
    });
    this.deviceTree = this.#plan.deviceTree.blob;
    this.physical = new PhysicalMemory(ramBytes, {
      secureRam: config.el === 3,
      // Flash that code runs from has its contents in the engine's memory.
      flash: this.#plan.segments.some(segment => segment.pa < VIRT_MAP.flash1.base),
    });
    const machine = this;
    this.monitors = new PerformanceMonitors({
      get engine() {
        return machine.engine;
      },
      features: this.features,
      setInterrupt: pending => this.board.gic.setPpi(this.#active, OVERFLOW_PPI, pending),
      deadlineChanged: () => this.deadlineChanged(),
    });
    this.#special = new Map(
      [...pstateRegisters(() => this.engine, this.features), ...boardRegisters(this, () => this.#active)].map(
        ([name, special]) => [byName(name)?.name ?? name, special],
      ),
    );
    this.#special.set('DCZID_EL0', { read: () => this.system.blockToZero(), fixed: true });
    this.#semihost = this.#semihostingOf();
    this.system = this.#systemCalls();
    this.engine = this.#createEngine();
    this.#states = Array.from({ length: config.pes }, (_, index) => new PeState(this.engine, index));
    this.#lines = new InterruptLines(this.#states, this.features);
    this.#regions = new MemoryRegions(this.engine, this.physical, this.board.flash);
    this.system.attach(this.engine);
    this.#breakpoints = new Breakpoints(this);
    this.#present = new PresentException(this.engine, this.features, () => this.instructions);
    writeExceptionClasses(this.engine.u8);
    this.#recorder = new Recorder(this.#recorderHost());
    const host = {
      engine: this.engine,
      features: this.features,
      special: this.#special,
      physical: this.physical,
      isPowered: (pe: number) => this.#turns.all[pe].powered,
      isWaiting: (pe: number) => this.#turns.all[pe].waiting,
      retired: (pe: number) => this.#retiredBy(pe),
      cycles: (pe: number) => this.#cycles(pe),
      withActive: <T>(pe: number, run: () => T) => this.withActive(pe, run),
      writeSystemRegister: (row: Parameters<SystemCalls['writeRegister']>[0], value: bigint) =>
        this.system.writeRegister(row, value),
      // Semihosting changes memory by the same way, but as part of the run.
      changed: (input: Input) => {
        if (!this.#running) this.#recorder.log(input);
      },
    };
    this.pes = this.#states.map(state => new Pe(host, state));
    for (const uart of [this.board.uart, this.board.secure?.uart])
      if (uart) uart.onOutput = byte => this.#output(Uint8Array.of(byte));
    if (this.#virtioConsole) this.#virtioConsole.onOutput = bytes => this.#output(bytes);
    this.#initialBoard = structuredClone(this.board.snapshot());
    this.#load();
  }

  readonly #initialBoard: unknown;
  readonly #virtioConsole: VirtioConsole | undefined;
  readonly #semihost: Semihosting;
  /** What was typed and no semihosting call has read yet. */
  #typed: number[] = [];

  get variables(): Uint8Array | undefined {
    const given = this.#config.variables;
    return given && this.board.flash[1].contents(0, given.length);
  }

  // --- Construction ---------------------------------------------------------------------------------------------------

  #createEngine(): Engine {
    const engine = new Engine(
      this.physical.bytes,
      handlers,
      {
        decoder: this.#decoder,
        lowerings,
        hasFeature: name => this.features.has(name.replace(/^FEAT_/, '').toLowerCase()),
      },
      {
        callOuts: this.system.callOuts,
        accessEntry: offset => this.system.tables.ask(offset),
        accessTablesDropped: () => this.system.tables.dropped(),
        slowCall: (operation, record) => {
          this.#hostCalls++;
          return this.system.slowCall(operation, record);
        },
        deviceRead: (pa, size, at) => this.#deviceRead(pa, size as AccessSize, at),
        deviceWrite: (pa, size, value, at) => this.#deviceWrite(pa, size as AccessSize, value, at),
        watch: (low, high, size, write) =>
          this.#breakpoints.watched((high >>> 0) * 2 ** 32 + (low >>> 0), size, write !== 0),
        firstWrite: page => this.#recorder.timeline?.firstWrite(page),
        observed: (kind, from, to) => this.#observed(kind, from as ExceptionLevel, to as ExceptionLevel),
        logFull: instructions => this.#exceptionLog?.full(this.#active, instructions),
        logDiffers: () => (this.#exceptionLog?.differs(this.#active) ? 1 : 0),
        guestSeen: () => this.#guestSeen(),
        fetched: (va, pa) => this.#breakpoints.fetched(va, pa),
      },
      {
        tier1: this.#config.tier !== 0,
        hot: this.#config.hot,
        codeBytes: this.#config.codeBytes,
        costs: this.#costs,
      },
    );
    engine.u32[FEATURES >> 2] = coreFeatures(this.features);
    engine.f64[TICK_TIME >> 3] = this.#tickTime;
    engine.u32[PA_BITS >> 2] = physicalAddressBits(this.features);
    return engine;
  }

  #systemCalls(): SystemCalls {
    return new SystemCalls({
      features: this.features,
      special: this.#special,
      instructions: maintenanceInstructions(() => this.engine),
      conduit: this.#psci,
      firmwareCall: conduit => this.#firmwareCall(conduit),
      semihosting: immediate => this.#semihosting(immediate),
      wait: (kind, until) => this.#wait(kind, until),
      sendEvent: toAll => {
        for (const [pe, turn] of this.#turns.all.entries()) if (toAll || pe === this.#active) turn.event = true;
      },
      unimplemented: word => this.#unimplemented(word),
      watchesRegister: row => this.#retracing !== undefined || this.#breakpoints.watchesRegister(row),
      wantedValue: row => (this.#retracing === undefined ? this.#breakpoints.wantedValue(row) : undefined),
      registerAccessed: (row, write, value, old) => {
        const { name } = row;
        const pc = this.engine.u64[PC >> 3];
        const event = { pe: this.#active, name, write, value, old, pc };
        if (!this.#retracing) this.#breakpoints.accessed(row, event);
        else if (this.#retracing.pe === this.#active) this.#retracing.visitor.accessed(event);
      },
      mustLeave: () => this.#stop !== undefined || this.engine.u32[EXIT_REQUEST >> 2] !== 0,
    });
  }

  // --- Reset ----------------------------------------------------------------------------------------------------------

  reseed(seed: number): void {
    this.#turns.reseed(seed);
  }

  reset(): void {
    const { engine } = this;
    engine.u8.fill(0, RAM, RAM + this.physical.writableBytes);
    engine.core.flushAll();
    engine.records.clear();
    engine.u8.fill(0, PAGE_FLAGS, PAGE_FLAGS + (this.physical.writableBytes >> 12));
    this.board.restore(structuredClone(this.#initialBoard));
    const recorded = this.recording !== undefined;
    this.#load();
    if (recorded) this.record();
    this.#forgetGuests();
    this.#exceptionLog?.guests.clear();
    this.#exceptionLog?.restart();
  }

  #load(): void {
    this.#turns.reset();
    this.#retired = 0;
    this.#taken = 0;
    this.#stop = undefined;
    this.#recorder.stop();
    this.#typed = [];
    this.#lines.reset();
    this.engine.u8.fill(0, ACTIVE_STATE, ACTIVE_STATE + PE_STATE_BYTES);
    this.#active = -1;
    for (const state of this.#states) {
      state.offset = state.parked - ACTIVE_STATE;
      this.engine.u8.fill(0, state.parked, state.parked + PE_STATE_BYTES);
    }
    this.#regions.announce();
    this.engine.core.flushAll();
    writeSegments(this.#plan, (pa, data) => this.#regions.load(pa, data));
    for (const pe of this.#states.keys())
      this.#startPe(pe, BigInt(this.#plan.entry), pe === 0 ? BigInt(this.#plan.x0) : 0n);
    // With firmware of its own, or as PSCI says: the others wait until they are called.
    for (const [pe, turn] of this.#turns.all.entries()) turn.powered = pe === 0 || this.#psci === undefined;
    this.#activate(0);
    this.#forgetGuests();
    for (const pe of this.pes) pe.forgetInterrupted();
    this.#breakpoints.rearm();
  }

  /** Registers after a reset, the level that the configuration says, PC and X0. */
  #startPe(pe: number, entry: bigint, x0: bigint, level: number = this.#config.el): void {
    const state = this.#states[pe];
    this.withActive(pe, () => {
      for (const row of registers) {
        if (!row.alias && isImplemented(row, this.features)) state.setRegister(row, resetValue(row, this.features, pe));
      }
      for (let n = 0; n <= 33; n++) state.setX(n, 0n);
      state.setX(0, x0);
      state.setRegister('CNTFRQ_EL0', BigInt(COUNTER_FREQUENCY));
      const affinity = 0x8000_0000n | BigInt(this.board.affinities[pe]);
      state.setRegister('MPIDR_EL1', affinity);
      if (this.features.has('el2')) state.setRegister('VMPIDR_EL2', affinity);
      const scr = byName('SCR_EL3');
      if (scr && this.features.has('el3') && this.#config.el < 3)
        state.setRegister('SCR_EL3', sanitize(scr, SCR_AFTER_FIRMWARE, { features: this.features }));
      state.setU32(PE_INDEX, pe);
      state.setU32(EL, level);
      state.setU32(SPSEL, 1);
      state.setU32(DAIF, 0x3c0);
      state.setU32(PSTATE_IL, 0);
      state.setU64(PC, entry);
      this.engine.core.contextsChanged();
      this.system.tables.controlsChanged();
    });
    this.#lines.update(pe);
  }

  // --- Time travel ----------------------------------------------------------------------------------------------------

  /** Keeps snapshots from here on, so that the run can be taken back. */
  record(options: Partial<RecordingOptions> = {}): void {
    this.#recorder.record(options);
  }

  get recording(): Timeline | undefined {
    return this.#recorder.timeline;
  }

  get moment(): Moment {
    return {
      instructions: this.#retired,
      turns: this.#turns.ended,
      time: this.#turns.all[this.#turns.present].time,
      taken: this.#taken,
    };
  }

  goTo(moment: Moment): void {
    this.#exceptionLog?.settle();
    this.#recorder.goTo(moment);
  }

  travel(moment: Moment): Generator<Moment, void> {
    this.#exceptionLog?.settle();
    return this.#recorder.travel(moment);
  }

  reverseContinue(only?: readonly number[], orNow?: boolean): Generator<Moment, StopReason> {
    this.#exceptionLog?.settle();
    return this.#recorder.reverseContinue(only, orNow);
  }

  lastChange(of: ChangedByDebugger): Moment | undefined {
    return this.#recorder.lastInput(input => {
      if ('pa' in of)
        return (
          input.kind === 'memory' && input.pa < of.pa + BigInt(of.bytes) && of.pa < input.pa + BigInt(input.data.length)
        );
      return input.kind === 'register' && input.pe === of.pe && fullName(input.name) === fullName(of.register);
    });
  }

  #recorderHost(): RecorderHost {
    const machine = this;
    return {
      engine: this.engine,
      ramBytes: this.physical.writableBytes,
      breakpoints: this.#breakpoints,
      get moment() {
        return machine.moment;
      },
      get hostCalls() {
        return machine.#hostCalls;
      },
      captureEngine: () => this.#captureEngine(),
      capture: () => this.#capture(),
      restore: (state, engine) => this.#restore(state as MachineState, engine),
      run: options => this.run(options),
      takeInterrupt: () => {
        this.#stopsAtInterrupt = true;
        this.run({ instructions: 1 });
        this.#stopsAtInterrupt = false;
      },
      apply: input => this.#apply(input),
      observationChanged: () => this.observationChanged(),
    };
  }

  /** Input of a recorded run comes in again. */
  #apply(input: Input): void {
    switch (input.kind) {
      case 'console':
        this.#type(input.bytes);
        break;
      case 'register':
        this.pes[input.pe].writeRegister(input.name, input.value);
        break;
      case 'memory':
        this.pes[0].write({ kind: 'pa' }, input.pa, input.data);
        break;
      case 'hold':
        this.holdInterrupts(input.pe, input.hold);
        break;
      case 'only':
        this.#only = input.pe;
        break;
      case 'power-off':
        this.powerOff(input.pe);
    }
  }

  /** States of the PEs, then what the TLBs hold. */
  #captureEngine(): Uint32Array {
    const translations = this.#states.length * PE_STATE_WORDS;
    this.#captured ??= new Uint32Array(translations + TRANSLATIONS_WORDS_MAX);
    for (const [pe, { offset }] of this.#states.entries()) {
      const at = (ACTIVE_STATE + offset) >> 2;
      this.#captured.set(this.engine.u32.subarray(at, at + PE_STATE_WORDS), pe * PE_STATE_WORDS);
    }
    return this.#captured.subarray(0, captureTranslations(this.engine, this.#captured, translations));
  }

  #captured: Uint32Array | undefined;

  #capture(): MachineState {
    return {
      turns: this.#turns.capture(),
      active: this.#active,
      retired: this.#retired,
      taken: this.#taken,
      lines: this.#lines.capture(),
      board: this.board.snapshot(),
      typed: [...this.#typed],
      only: this.#only,
      guests: this.pes.map(pe => pe.captureGuests()),
      semihosting: { errno: this.#semihost.errno, handles: [...this.#semihost.handles] },
      logged: this.#exceptionLog?.positions,
    };
  }

  #restore(saved: MachineState, engine: Uint32Array): void {
    this.#turns.restore(saved.turns);
    this.#retired = saved.retired;
    this.#taken = saved.taken;
    this.#stop = undefined;
    for (const [pe, state] of this.#states.entries()) {
      state.offset = pe === saved.active ? 0 : state.parked - ACTIVE_STATE;
      const held = engine.subarray(pe * PE_STATE_WORDS, (pe + 1) * PE_STATE_WORDS);
      this.engine.u32.set(held, (ACTIVE_STATE + state.offset) >> 2);
    }
    this.#active = saved.active;
    this.#lines.restore(saved.lines);
    this.#typed = [...saved.typed];
    this.#only = saved.only;
    for (const [pe, kept] of saved.guests.entries()) this.pes[pe].restoreGuests(kept);
    this.#semihost.errno = saved.semihosting.errno;
    this.#semihost.handles = new Set(saved.semihosting.handles);
    this.#exceptionLog?.seek(saved.logged);
    this.#regions.restoring(() => this.board.restore(saved.board));
    restoreTranslations(this.engine, engine, this.#states.length * PE_STATE_WORDS);
    // PEs have to find their contexts again, and access tables of then may be gone.
    for (const pe of this.#states.keys()) {
      this.withActive(pe, () => {
        this.engine.core.contextsChanged();
        this.system.tables.controlsChanged();
        this.engine.core.debugChanged();
      });
      this.#lines.update(pe);
    }
    this.#breakpoints.guestBreakpointsChanged();
    this.observationChanged();
  }

  // --- Turns ----------------------------------------------------------------------------------------------------------

  #activate(pe: number): void {
    if (pe === this.#active) return;
    if (this.#active >= 0) {
      const leaving = this.#states[this.#active];
      this.engine.copyState(ACTIVE_STATE, leaving.parked);
      leaving.offset = leaving.parked - ACTIVE_STATE;
    }
    const entering = this.#states[pe];
    this.engine.copyState(entering.parked, ACTIVE_STATE);
    entering.offset = 0;
    this.#active = pe;
    this.engine.core.activatePe();
    this.observationChanged();
  }

  withActive<T>(pe: number, run: () => T): T {
    const before = this.#active;
    this.#activate(pe);
    try {
      return run();
    } finally {
      if (before >= 0) this.#activate(before);
    }
  }

  /** Instructions retired by all PEs. */
  get instructions(): number {
    return this.#retired + (this.#running ? this.engine.executed : 0);
  }

  get cycles(): number {
    return this.pes.reduce((sum, { cycles }) => sum + cycles, 0);
  }

  /** Modelled time of a PE: instructions, or cycles with a cost profile. */
  #time(pe: number): number {
    return this.#turns.all[pe].time + (this.#runs(pe) ? this.engine.elapsed : 0);
  }

  /** Modelled cycles that a PE has executed. */
  #cycles(pe: number): number {
    return this.#costs ? this.#states[pe].f64(CYCLES) : this.#retiredBy(pe);
  }

  #retiredBy(pe: number): number {
    return this.#turns.all[pe].retired + (this.#runs(pe) ? this.engine.executed : 0);
  }

  #runs(pe: number): boolean {
    return this.#running && pe === this.#active;
  }

  run(options: RunOptions): StopReason {
    const until = this.#retired + options.instructions;
    const { stepOf } = options;
    const stepped = stepOf === undefined ? undefined : this.#turns.all[stepOf];
    const enough = (stepped?.retired ?? 0) + 1;
    if (!this.#recorder.silent) this.#runOnly(options.pe);
    this.#breakpoints.refresh();
    let stepOff = options.stepOff ?? false;
    this.#stop = undefined;
    for (;;) {
      if (until <= this.#retired || stepped?.retired === enough) return { kind: 'limit' };
      const mine = stepOf === undefined || this.#turns.present === stepOf;
      const most = mine && stepped ? 1 : until - this.#retired;
      const left = Math.min(most, this.#recorder.untilInput(this.#retired));
      this.#recorder.timeline?.advance();
      if (this.#arrived.length || this.#recorder.inputWaiting) this.#takeInput();
      // Input may be written to memory by a device.
      if (this.#stop) return this.#takeStop() as StopReason;
      const only = this.#only;
      if (!this.#turns.isOver(only)) {
        this.#activate(this.#turns.present);
        const stop = this.#advance(this.#turns.all[this.#turns.present], left, stepOff && mine);
        if (mine) stepOff = false;
        if (stop) return stop;
      }
      if (this.#turns.isOver(only) && !this.#nextTurn(only)) {
        return {
          kind: 'deadlock',
          message: 'Every PE waits for an interrupt, and no timer is armed that could raise one.',
        };
      }
    }
  }

  /** Lets the other PEs stand from here on, or none. In the past, who stood then stands again if nothing else is said. */
  #runOnly(pe: number | undefined): void {
    if (this.#states.length === 1 || pe === this.#only) return;
    const { timeline } = this.#recorder;
    if (pe === undefined && timeline && compareMoments(this.moment, timeline.end) < 0) return;
    this.#recorder.log({ kind: 'only', pe });
    this.#only = pe;
  }

  /** The PE that runs while the others stand. */
  #only: number | undefined;

  /** The next PE, or the next round. False when nothing can happen any more. */
  #nextTurn(only: number | undefined): boolean {
    if (!this.#turns.next(only)) return false;
    if (this.#states.length === 1) return true;
    this.#activate(this.#turns.present);
    // Between their turns PEs see each other's stores, so a reservation does not outlive one.
    this.engine.u32[EXCLUSIVE_BYTES >> 2] = 0;
    return true;
  }

  #updateTime(pe: number): void {
    this.board.update(pe, this.#ticks(pe));
  }

  /** An interrupt is pending, masked or not, or the time is over: WFI ends. */
  #wakes(pe: number): boolean {
    const { until } = this.#turns.all[pe];
    return this.#lines.isPending(pe) || (until !== undefined && this.#ticks(pe) >= until);
  }

  #ticks(pe: number): number {
    return Math.floor(this.#time(pe) / this.#tickTime);
  }

  /** Modelled time at which something is due: a timer, or the end of WFIT. */
  #nextDeadline(pe: number): number | undefined {
    const { waiting, until } = this.#turns.all[pe];
    const due = this.board.nextDeadline(pe);
    const ticks = waiting && until !== undefined ? Math.min(until, due ?? until) : due;
    return ticks === undefined ? undefined : Math.ceil(ticks * this.#tickTime);
  }

  /** Runs the active PE for some of its round, at most `most` instructions. */
  #advance(turn: Turn, most: number, stepOff: boolean): StopReason | undefined {
    const pe = this.#active;
    this.#hostCalls++;
    this.#updateTime(pe);
    const deadline = this.#nextDeadline(pe) ?? Number.POSITIVE_INFINITY;
    const end = Math.min(this.#turns.end, Math.max(turn.time + 1, deadline));
    if (turn.waiting) {
      if (!this.#wakes(pe)) {
        turn.time = end;
        return undefined;
      }
      turn.waiting = false;
      turn.until = undefined;
    }
    const { cycles } = this.engine;
    const taken = this.engine.core.takeInterrupt();
    turn.time += this.engine.cycles - cycles;
    if (taken) {
      const stop = this.#tookBetween();
      // What came in when the PE stood here the first time comes in now.
      if (stop || this.#recorder.inputWaiting) return stop;
    }
    const step = this.engine.core.stepState();
    if (step === STEP_PENDING) {
      this.engine.core.takeStep(0);
      return this.#tookBetween();
    }
    // Elsewhere a breakpoint of the guest is a record.
    if ((step || stepOff) && this.engine.core.takeBreakpoint()) return this.#tookBetween();
    const stepped = step === STEP_ACTIVE ? this.#wordAtPc() : undefined;
    const retired = this.#retired;
    // A counter that raises an interrupt does so at the very instruction.
    const { room } = this.monitors;
    const slice = {
      retired: retired + (step ? 1 : Math.min(most, room)),
      time: Math.max(Math.min(end, turn.time + room), turn.time + 1),
    };
    const exit = stepOff ? this.#stepOff(turn) : this.#execute(turn, slice);
    if (exit === EXIT_BREAKPOINT) {
      const stop = this.#breakpoint(turn, slice);
      if (stop) return stop;
    }
    this.monitors.sync();
    if (stepped !== undefined && this.#retired !== retired) endStep(this.engine, stepped);
    return this.#stop ? this.#takeStop() : undefined;
  }

  /** An exception was taken between two instructions. */
  #tookBetween(): StopReason | undefined {
    this.#taken++;
    return this.#takeStop() ?? (this.#stopsAtInterrupt ? { kind: 'limit' } : undefined);
  }

  /** Exceptions taken since the last instruction. */
  #taken = 0;
  #stopsAtInterrupt = false;

  /** The instruction that is next; 0 where none can be fetched. */
  #wordAtPc(): number {
    const pe = this.pes[this.#active];
    const bytes = pe.read({ kind: 'va' }, pe.pc, 4);
    return bytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
  }

  #execute(turn: Turn, slice: Slice): number {
    this.#running = true;
    const { executed, elapsed, exit } = this.engine.run(
      slice.retired - this.#retired,
      turn.time,
      slice.time - turn.time,
    );
    this.#running = false;
    this.#retired += executed;
    if (executed) this.#taken = 0;
    turn.retired += executed;
    turn.time += elapsed;
    this.#breakpoints.follow();
    return exit;
  }

  #takeStop(): StopReason | undefined {
    const stop = this.#stop;
    this.#stop = undefined;
    return stop;
  }

  /** The instruction at PC, whatever breakpoint is on it. */
  #stepOff(turn: Turn): number {
    this.#breakpoints.lift(this.engine.u64[PC >> 3]);
    try {
      return this.#execute(turn, { retired: this.#retired + 1, time: Number.POSITIVE_INFINITY });
    } finally {
      this.#breakpoints.putBack();
    }
  }

  /**
   * The PE has run into a breakpoint record. A stop if one of its breakpoints holds; an exception if one of the guest's
   * own does. Otherwise it goes on here to the end of its slice, since a condition in a loop is asked very often.
   */
  #breakpoint(turn: Turn, slice: Slice): StopReason | undefined {
    const pe = this.pes[this.#active];
    const over = () => this.#retired >= slice.retired || turn.time >= slice.time || this.#turns.isOver();
    for (;;) {
      const ids = this.#breakpoints.at(pe);
      if (ids.length) return { kind: 'breakpoint', pe: this.#active, ids };
      if (over()) return undefined;
      if (this.engine.core.takeBreakpoint()) return this.#tookBetween();
      if (this.#stepOff(turn) !== EXIT_BUDGET || this.#stop || over()) break;
      if (this.#execute(turn, slice) !== EXIT_BREAKPOINT) break;
    }
    return this.#stop ? this.#takeStop() : undefined;
  }

  get activePe(): number {
    return this.#active;
  }

  watchedRegistersChanged(): void {
    this.system.tables.clear();
  }

  /** Asks the running engine to stop after the present instruction. */
  requestStop(stop: StopReason): void {
    this.#stop ??= stop;
    this.engine.u32[EXIT_REQUEST >> 2] = 1;
  }

  leaveSoon(): void {
    this.engine.u32[EXIT_REQUEST >> 2] = 1;
  }

  // --- Devices and lines ----------------------------------------------------------------------------------------------

  /** What a device gives, -1 for a hole. No read changes a deadline or memory. */
  #deviceRead(pa: number, size: AccessSize, at: number): number {
    this.#hostCalls++;
    this.#breakpoints.watched(pa, size, false);
    if (this.#costs && at === 0) this.engine.charge(this.#costs.device(pa, false));
    const value = this.board.bus.read(pa, size);
    return value === undefined ? -1 : value >>> 0;
  }

  #deviceWrite(pa: number, size: AccessSize, value: number, at: number): number {
    this.#hostCalls++;
    this.#breakpoints.watched(pa, size, true);
    if (this.#costs && at === 0) this.engine.charge(this.#costs.device(pa, true));
    const { bus } = this.board;
    const region = bus.find(pa);
    if (region === undefined) return 0;
    if (!region.device.contained) this.engine.u32[EXIT_REQUEST >> 2] = 1;
    region.device.write(pa - region.base, size, value);
    return 1;
  }

  #setLines(pe: number, irq: boolean, fiq: boolean, virq: boolean, vfiq: boolean): void {
    const isNew = this.#lines?.set(pe, irq, fiq, virq, vfiq);
    if (!this.#running || pe === this.#active || !isNew) return;
    this.#turns.interrupted(pe, this.#time(this.#active));
    this.engine.u32[EXIT_REQUEST >> 2] = 1;
  }

  /** A physical SError becomes pending at a PE; `iss` is what ESR_ELx.ISS will say. */
  raiseSError(pe: number, iss: number): void {
    this.#lines.raiseSError(pe, iss);
    this.engine.u32[EXIT_REQUEST >> 2] = 1;
  }

  stepChanged(): void {
    this.#lines.update(this.#active);
    this.deadlineChanged();
  }

  get guestBreakpoints(): boolean {
    return this.#states.some(state => state.u32(BREAKPOINTS_ADDRESS) !== 0);
  }

  debugChanged(): void {
    const { core, u32 } = this.engine;
    const before = u32[BREAKPOINTS_ADDRESS >> 2];
    core.debugChanged();
    if (before || u32[BREAKPOINTS_ADDRESS >> 2]) this.#breakpoints.guestBreakpointsChanged();
    this.deadlineChanged();
  }

  /** A timer was set: the slice has to end where it is due. */
  deadlineChanged(): void {
    this.engine.u32[EXIT_REQUEST >> 2] = 1;
  }

  /** HCR_EL2 of the active PE was written. */
  virtualLinesChanged(): void {
    this.#lines.update(this.#active);
  }

  /** CNTPOFF_EL2 where it applies (Arm ARM, FEAT_ECV). */
  #physicalOffset(pe: number): bigint {
    if (!this.features.has('ecv')) return 0n;
    const state = this.#states[pe];
    const enabled = !this.features.has('el3') || (state.register('SCR_EL3') & (1n << 28n)) !== 0n;
    const hcr = state.register('HCR_EL2');
    const host = (hcr & (1n << 34n)) !== 0n && (hcr & (1n << 27n)) !== 0n;
    if (!enabled || host || (state.register('CNTHCTL_EL2') & (1n << 12n)) === 0n) return 0n;
    return state.register('CNTPOFF_EL2');
  }

  #output(bytes: Uint8Array): void {
    if (!this.#recorder.silent) this.onConsole?.(bytes);
  }

  /** Input arrives between two instructions. Typing in the past begins another future. */
  sendConsole(bytes: Uint8Array): void {
    this.#arrived.push(bytes.slice());
    if (this.#running) this.engine.u32[EXIT_REQUEST >> 2] = 1;
    else this.#takeInput();
  }

  #takeInput(): void {
    this.#recorder.applyDue();
    for (const bytes of this.#arrived.splice(0)) {
      this.#recorder.log({ kind: 'console', bytes });
      this.#type(bytes);
    }
  }

  #type(bytes: Uint8Array): void {
    // Semihosting has a console of its own, for programs that ask for it.
    if (this.#config.semihosting) this.#typed.push(...bytes);
    if (this.#virtioConsole?.listening) this.#virtioConsole.send(bytes);
    else this.board.uart.send(bytes);
  }

  // --- What instructions ask of the machine -----------------------------------------------------------------------------

  #firmwareCall(conduit: 'hvc' | 'smc'): boolean {
    if (conduit !== this.#psci) return false;
    const state = this.#states[this.#active];
    const result = callFirmware(
      {
        affinities: this.board.affinities.map(BigInt),
        isOn: pe => this.#turns.all[pe].powered,
        powerOn: (pe, entry, context) => {
          this.#startPe(pe, entry, context);
          Object.assign(this.#turns.all[pe], { powered: true, waiting: false, time: this.#time(this.#active) });
        },
        powerOff: pe => {
          this.#turns.all[pe].powered = false;
          this.engine.u32[EXIT_REQUEST >> 2] = 1;
        },
        suspend: pe => {
          this.#turns.all[pe].waiting = true;
          this.engine.u32[EXIT_REQUEST >> 2] = 1;
        },
        systemOff: () => this.requestStop({ kind: 'poweroff' }),
        systemReset: () => this.requestStop({ kind: 'reset' }),
        isExecutable: pa => pa >= BigInt(RAM_BASE) && pa < BigInt(RAM_BASE + this.physical.ram.size),
      },
      this.#active,
      [state.x(0), state.x(1), state.x(2), state.x(3)],
    );
    if (result !== undefined) state.setX(0, result);
    return true;
  }

  #semihosting(immediate: number): boolean {
    if (!this.#config.semihosting || immediate !== 0xf000) return false;
    const state = this.#states[this.#active];
    const result = this.#semihost.call(Number(state.x(0) & 0xffffffffn), state.x(1));
    if (result !== undefined) state.setX(0, result);
    return true;
  }

  #semihostingOf(): Semihosting {
    const pe = () => this.pes[this.#active];
    const top = BigInt(RAM_BASE + this.physical.ram.size);
    return new Semihosting({
      readMemory: (va, bytes) => pe().read({ kind: 'va' }, va, bytes),
      writeMemory: (va, data) => pe().write({ kind: 'va' }, va, data),
      console: bytes => this.#output(bytes),
      readConsole: () => this.#typed.shift(),
      centiseconds: () => Math.floor((this.#ticks(this.#active) * 100) / COUNTER_FREQUENCY),
      ticks: () => BigInt(this.#ticks(this.#active)),
      tickFrequency: COUNTER_FREQUENCY,
      exit: code => this.requestStop({ kind: 'semihosting', code }),
      commandLine: [this.#config.imageName, this.#config.append].filter(part => part !== undefined).join(' '),
      heap: [0n, 0n, 0n, top],
    });
  }

  /** `until` is a value of CNTVCT_EL0. WFET may end at any time, as WFE. */
  #wait(kind: 'interrupt' | 'event', until: bigint | undefined): boolean {
    const turn = this.#turns.all[this.#active];
    if (kind === 'interrupt') {
      if (this.#wakes(this.#active)) return false;
      if (until !== undefined) {
        const now = this.pes[this.#active].readRegister('CNTVCT_EL0');
        if (now >= until) return false;
        turn.until = this.#ticks(this.#active) + Number(until - now);
      }
      turn.waiting = true;
      return true;
    }
    if (turn.event) {
      turn.event = false;
      return false;
    }
    // WFE may end at any time: it gives the rest of the round to the others.
    if (this.#states.length === 1) return false;
    turn.time = this.#turns.end - this.engine.elapsed;
    return true;
  }

  #unimplemented(word: number): void {
    const pc = this.engine.u64[PC >> 3];
    const decoded = this.#decoder.decode(word);
    const what = decoded
      ? `${decoded.row.id} (${decoded.row.asm(decoded.fields, pc)})`
      : 'an encoding that no row knows';
    this.requestStop({
      kind: 'unimplemented',
      pe: this.#active,
      pc,
      word,
      message: `PE ${this.#active} met 0x${word.toString(16).padStart(8, '0')} at 0x${pc.toString(16)}: ${what} is not implemented.`,
    });
  }

  // --- Observation ----------------------------------------------------------------------------------------------------

  get onException(): ((event: ExceptionEvent) => void) | undefined {
    return this.#onException;
  }

  set onException(listener: ((event: ExceptionEvent) => void) | undefined) {
    this.#onException = listener;
    this.observationChanged();
  }

  /** Somebody wants to be told of every exception. */
  get #reporting(): boolean {
    return (this.#onException !== undefined && !this.#recorder.silent) || this.#retracing !== undefined;
  }

  /** Tells the core what to do with the exceptions of the active PE. */
  observationChanged(): void {
    if (this.#active < 0) return;
    const log = this.#exceptionLog ? OBSERVE_LOG : 0;
    const interrupted = this.#keepInterrupted ? OBSERVE_INTERRUPTED : 0;
    const asked = this.#reporting
      ? OBSERVE_ALL | (0xffff << OBSERVE_LEVELS)
      : this.#breakpoints.exceptionLevels << OBSERVE_LEVELS;
    this.engine.u32[OBSERVE >> 2] = log | interrupted | asked;
    const others = this.#retired - this.#turns.all[this.#active].retired;
    this.engine.f64[(OBSERVED + this.#active * OBSERVED_BYTES + LOG_OTHERS) >> 3] = others;
  }

  get keepInterrupted(): boolean {
    return this.#keepInterrupted;
  }

  set keepInterrupted(keep: boolean) {
    this.#keepInterrupted = keep;
    this.#forgetGuests();
    this.observationChanged();
  }

  /** The core took an exception (kind 0 to 3) or returned from one (4) that somebody may want. */
  #observed(kind: number, from: ExceptionLevel, to: ExceptionLevel): void {
    if (this.#retracing?.pe === this.#active) this.#retracing.visitor.exception(kind, from, to);
    if (this.#onException && !this.#recorder.silent) this.#onException(this.#event(kind, from, to));
    if (!this.#breakpoints.wantsExceptions) return;
    const ids = this.#breakpoints.onException(this.#present.at(this.#active, kind, from, to));
    if (!ids.length) return;
    this.requestStop({ kind: 'exception', pe: this.#active, ids, event: this.#event(kind, from, to) });
  }

  /** A guest of the active PE is entered or left for the first time, or after another one with the same VMID. */
  #guestSeen(): void {
    const vttbr = this.engine.u64[VTTBR_SLOT >> 3];
    if (this.#keepInterrupted) this.pes[this.#active].addGuest(vttbr);
    this.#exceptionLog?.guests.set(Number(vttbr >> 48n), vttbr);
  }

  #forgetGuests(): void {
    for (const pe of this.#states.keys()) {
      const known = OBSERVED + pe * OBSERVED_BYTES + KNOWN_GUESTS;
      this.engine.u8.fill(0, known, known + KNOWN_GUESTS_MAX * 8);
    }
  }

  get exceptionLog(): ExceptionLog | undefined {
    return this.#exceptionLog;
  }

  logExceptions(options: Partial<ExceptionLogOptions> | undefined): void {
    const host = {
      pes: this.pes.length,
      timed: this.pes.length > 1 || this.#costs !== undefined,
      core: { memory: this.engine.memory, addUpEvents: this.engine.core.addUpEvents },
      levelOf: (pe: number) => this.pes[pe].el,
      now: (pe: number) => ({ instructions: this.instructions, cycles: this.#cycles(pe) }),
    };
    this.#exceptionLog = options && new ExceptionLog(host, options);
    this.#forgetGuests();
    this.observationChanged();
  }

  #retracing: { readonly pe: number; readonly visitor: RetraceVisitor } | undefined;

  worldSwitches(pe: number, before: number, limit: number, sameGuest = false): readonly WorldSwitch[] {
    return this.#exceptionLog ? worldSwitches(this.#exceptionLog, pe, before, limit, sameGuest) : [];
  }

  recordWorldSwitch(wanted: WorldSwitch, names: FunctionName): WorldSwitchRecording {
    const log = this.#exceptionLog;
    if (!log || !this.recording)
      throw new Error('This run is not recorded: start it with time travel to look into a world switch.');
    return recordWorldSwitch(
      {
        log,
        retrace: (pe, from, visitor) => this.#retrace(pe, from, visitor),
        disassemble: (word, address) => this.disassemble(word, address),
        describe: event => describeLogged(event),
      },
      wanted,
      names,
    );
  }

  /** Runs a recorded stretch of one PE once more under observation, and comes back to the present moment. */
  #retrace(pe: number, from: number, visitor: RetraceVisitor): void {
    const now = this.moment;
    const state = this.#states[pe];
    const register = (n: number): bigint => state.x(n === 31 ? SLOT_SP : n);
    const stand = (): RetraceStep => {
      const { pc, el: level } = this.pes[pe];
      const hcr = this.features.has('el2') ? Number(BigInt.asUintN(32, state.register('HCR_EL2'))) : 0;
      const guest = level < 2 && (hcr & HCR_VM_TGE) === HCR_VM;
      const bytes = this.pes[pe].read({ kind: 'va' }, pc, 4);
      const word = bytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
      return { word, pc, level, guest, instructions: this.instructions, cycles: this.#cycles(pe), register };
    };
    this.goTo({ ...now, instructions: from, taken: 0 });
    this.#retracing = { pe, visitor };
    this.watchedRegistersChanged();
    this.observationChanged();
    try {
      this.#recorder.silently(() =>
        this.#breakpoints.suspended(() => {
          while (this.#retired < now.instructions) {
            const count = visitor.before(stand());
            if (count === 0) break;
            this.run({ instructions: Math.min(count, now.instructions - this.#retired) });
            visitor.after(stand());
          }
        }),
      );
    } finally {
      this.#retracing = undefined;
      this.watchedRegistersChanged();
      this.observationChanged();
      this.goTo(now);
    }
  }

  #exceptionLog: ExceptionLog | undefined;

  readonly #present: PresentException;

  /** The exception that was just taken or returned from, for who keeps it. */
  #event(kind: number, from: ExceptionLevel, to: ExceptionLevel): ExceptionEvent {
    return this.#present.at(this.#active, kind, from, to).record();
  }

  addBreakpoint(spec: BreakpointSpec): number {
    return this.#breakpoints.add(spec);
  }

  removeBreakpoint(id: number): void {
    this.#breakpoints.remove(id);
  }

  holdInterrupts(pe: number, hold: boolean): void {
    if (this.#lines.isHeld(pe) === hold) return;
    this.#recorder.log({ kind: 'hold', pe, hold });
    this.#lines.hold(pe, hold);
  }

  powerOff(pe: number): void {
    this.#recorder.log({ kind: 'power-off', pe });
    Object.assign(this.#turns.all[pe], { powered: false, waiting: false });
  }

  listRegisters(pe: number): readonly ListRegister[] {
    return this.board.gic.listRegisters(pe);
  }

  virtualInterface(pe: number): VirtualInterfaceState {
    const view = this.pes[pe];
    const hcr = this.features.has('el2') ? view.readRegister('HCR_EL2') : 0n;
    const status =
      view.el < 2 || !this.features.has('el2') ? view.readRegister('PSTATE') : view.readRegister('SPSR_EL2');
    const delivery = { imo: (hcr & (1n << 4n)) !== 0n, level: view.el, masked: (status & (1n << 7n)) !== 0n };
    return describeVirtual(this.board.gic.virtual[pe], delivery);
  }

  pendingInterrupts(pe: number): readonly (PendingInterrupt & { readonly name?: string })[] {
    return this.board.gic.pending(pe).map(one => {
      const name = interruptName(one.intid);
      return name === undefined ? one : { ...one, name };
    });
  }

  interruptName(intid: number): string | undefined {
    return interruptName(intid);
  }

  disassemble(word: number, address: bigint): string | undefined {
    const decoded = this.#decoder.decode(word);
    return decoded?.row.asm(decoded.fields, address);
  }
}
