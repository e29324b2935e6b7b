/** The ways to move on: continue, and the steps by instruction and by line. */

import type {
  BreakpointSpec,
  ExceptionLevel,
  PeView,
  RunOptions,
  StopReason,
  Target,
  TranslationRegime,
} from '../simulator/target.ts';
import type { Motion, Stop } from './runner.ts';
import { LEVELS, TAKEN } from './sieves.ts';
import type { Symbols } from './symbols/index.ts';
import { callerOf, handlesExceptions, topFrame } from './unwind.ts';

/** Runs until something else stops the machine. */
export class Continue implements Motion {
  private first = true;

  constructor(private readonly pe?: number) {}

  next(): Partial<RunOptions> {
    const stepOff = this.first;
    this.first = false;
    return { stepOff, ...(this.pe === undefined ? {} : { pe: this.pe }) };
  }

  after(): Stop | undefined {
    return undefined;
  }
}

/** Through places one after the other, each reached at one of its breakpoints. */
export class RunThrough implements Motion {
  private ids: readonly number[] = [];
  private reached = -1;
  private first = true;

  /** `over` is called when it ends, at the last place or at something else that stops the machine. */
  constructor(
    private readonly target: Target,
    private readonly places: readonly { readonly name: string; readonly specs: () => readonly BreakpointSpec[] }[],
    private readonly over: () => void,
  ) {
    this.go();
  }

  private go(): void {
    this.reached++;
    this.symbolsChanged();
  }

  symbolsChanged(): void {
    for (const id of this.ids) this.target.removeBreakpoint(id);
    this.ids = (this.places[this.reached]?.specs() ?? []).map(spec => this.target.addBreakpoint(spec));
  }

  get title(): string {
    return `Running to ${this.places[this.reached]?.name ?? 'the end'}`;
  }

  next(): Partial<RunOptions> {
    const stepOff = !this.first;
    this.first = false;
    return { stepOff };
  }

  owns(id: number): boolean {
    return this.ids.includes(id);
  }

  after(reason: StopReason): Stop | undefined {
    if (!('ids' in reason) || !reason.ids.some(id => this.owns(id))) return undefined;
    const { name } = this.places[this.reached];
    this.go();
    return this.reached < this.places.length
      ? undefined
      : { reason: 'entry', pe: reason.pe, description: `Arrived at ${name}` };
  }

  end(): void {
    for (const id of this.ids) this.target.removeBreakpoint(id);
    this.ids = [];
    this.over();
  }
}

// Instructions after which `next` waits for the return (Arm ARM C4.1): masks and values of A64 encodings.
const CALLS: readonly (readonly [mask: number, value: number])[] = [
  [0xfc000000, 0x94000000], // BL
  [0xfffffc1f, 0xd63f0000], // BLR
  [0xfefff800, 0xd63f0800], // BLRAA, BLRAAZ, BLRAB, BLRABZ
  [0xffe0001f, 0xd4000001], // SVC
  [0xffe0001f, 0xd4000002], // HVC
  [0xffe0001f, 0xd4000003], // SMC
];

function wordAt(pe: PeView): number | undefined {
  const data = pe.read({ kind: 'va' }, pe.pc, 4);
  return data === undefined ? undefined : new DataView(data.buffer, data.byteOffset).getUint32(0, true);
}

function isCall(word: number | undefined): boolean {
  return word !== undefined && CALLS.some(([mask, value]) => (word & mask) >>> 0 === value >>> 0);
}

/** Instructions of other PEs in one go while a step waits for its own PE. */
const MOST_OF_OTHERS = 100_000;

/** Where a PE stands before an instruction: an exception that it takes has returned when the PE stands there again. */
interface Stand {
  readonly pc: bigint;
  readonly sp: bigint;
  readonly el: ExceptionLevel;
  readonly vmid: number | undefined;
}

/** Base of the steps: knows its PE and keeps at most one place of its own to run to. */
export abstract class Step implements Motion {
  protected readonly pe: PeView;
  private temporary: number | undefined;
  private accepts: () => boolean = () => true;
  private first = true;
  /** Stops at exceptions that the next instruction takes, to its own level too, before the first one of the vector. */
  private taken: number | undefined;
  private before: Stand | undefined;
  /** Waits for the return of such an exception. */
  private returning = false;

  /** With `over`, an exception that is taken on the way runs to its return. */
  constructor(
    protected readonly target: Target,
    protected readonly symbols: Symbols,
    protected readonly index: number,
    protected readonly over = false,
  ) {
    this.pe = target.pes[index];
  }

  get title(): string {
    return 'Stepping';
  }

  /** The other PEs stand until it is over; otherwise they go on while this one takes its instructions. */
  alone = false;
  private retired = -1;

  /** Interrupts wait while it goes instruction by instruction. What it runs over as a whole may be interrupted. */
  holdsInterrupts = false;

  next(): Partial<RunOptions> {
    if (this.holdsInterrupts) this.target.holdInterrupts(this.index, this.temporary === undefined);
    // Away from the instruction where the PE stands; from then on breakpoints of the user count.
    const stepOff = this.first;
    this.first = false;
    const pe = this.alone ? { pe: this.index } : {};
    this.retired = this.pe.retired;
    this.watchExceptions();
    if (this.temporary !== undefined) return { stepOff, ...pe };
    return { instructions: this.alone ? 1 : MOST_OF_OTHERS, stepOf: this.index, stepOff, ...pe };
  }

  owns(id: number): boolean {
    return id === this.temporary || id === this.taken;
  }

  after(reason: StopReason): Stop | undefined {
    if (this.temporary !== undefined) {
      const reached = 'ids' in reason && reason.ids.includes(this.temporary) && this.accepts();
      if (!reached) return undefined;
      const { returning, before } = this;
      this.end();
      // It was interrupted before the instruction, or the access that has faulted is done again.
      if (returning && this.pe.pc === before?.pc) return undefined;
    } else if ('ids' in reason && this.taken !== undefined && reason.ids.includes(this.taken)) {
      this.runToReturnTo(this.before as Stand);
      return undefined;
    } else if (reason.kind === 'limit' && this.pe.retired === this.retired) {
      return undefined; // it waits for an interrupt, or for its turn
    }
    return this.moved();
  }

  end(): void {
    this.target.holdInterrupts(this.index, false);
    for (const id of [this.temporary, this.taken]) if (id !== undefined) this.target.removeBreakpoint(id);
    this.temporary = undefined;
    this.taken = undefined;
    this.returning = false;
  }

  /** While it goes instruction by instruction: what it runs over as a whole takes exceptions and returns by itself. */
  private watchExceptions(): void {
    if (!this.over) return;
    if (this.temporary !== undefined) {
      if (this.taken !== undefined) this.target.removeBreakpoint(this.taken);
      this.taken = undefined;
      return;
    }
    const { pc, el, vmid } = this.pe;
    this.before = { pc, sp: this.pe.readRegister('SP'), el, vmid };
    this.taken ??= this.target.addBreakpoint({
      kind: 'exception',
      sieves: [{ types: TAKEN }],
      match: event => event.pe === this.index,
    });
  }

  /** The PE has arrived somewhere: a stop, or undefined after arranging the next move. */
  protected abstract moved(): Stop | undefined;

  protected stop(): Stop {
    return { reason: 'step', pe: this.index };
  }

  /** Runs to an address in the present regime, EL and guest, with the stack not lower than now. */
  protected runTo(address: bigint, lowestSp: bigint | undefined): void {
    const { el, regime, vmid } = this.pe;
    this.accepts = () => {
      if (this.pe.pc !== address || this.pe.el !== el || this.pe.vmid !== vmid) return false;
      return lowestSp === undefined || this.pe.readRegister('SP') >= lowestSp;
    };
    const guest = vmid === undefined ? {} : { vmid };
    this.temporary = this.target.addBreakpoint({ kind: 'instruction', address, regime, pe: this.index, ...guest });
  }

  /** Runs to the start of other code, wherever the stack is then. */
  protected runInto({ address, regime }: StepInPlace): void {
    this.accepts = () => this.pe.pc === address && this.pe.regime === regime;
    this.temporary = this.target.addBreakpoint({ kind: 'instruction', address, regime, pe: this.index });
  }

  /** Runs to the next exception return of this PE to a level below; with `same` also to its own, with the stack no lower. */
  protected runToReturn(same: boolean): void {
    const { el } = this.pe;
    const sp = this.pe.readRegister('SP');
    this.accepts = () => this.pe.el < el || this.pe.readRegister('SP') >= sp;
    this.temporary = this.target.addBreakpoint({
      kind: 'exception',
      sieves: [{ types: ['eret'], from: [el], to: LEVELS.filter(level => level < el || (same && level === el)) }],
      match: event => event.pe === this.index,
    });
  }

  /**
   * Runs to the return from the level that has just taken an exception to where this PE stood: by its stack, since a
   * handler may leave an instruction out.
   */
  private runToReturnTo({ el, sp, vmid }: Stand): void {
    this.returning = true;
    this.accepts = () => this.pe.el === el && this.pe.vmid === vmid && this.pe.readRegister('SP') === sp;
    this.temporary = this.target.addBreakpoint({
      kind: 'exception',
      sieves: [{ types: ['eret'], from: [this.pe.el], to: [el] }],
      match: event => event.pe === this.index,
    });
  }
}

/** One instruction; with `over`, a call or an exception runs to its return. */
export class StepInstruction extends Step {
  constructor(target: Target, symbols: Symbols, index: number, over: boolean) {
    super(target, symbols, index, over);
    if (over && isCall(wordAt(this.pe))) this.runTo(this.pe.pc + 4n, this.pe.readRegister('SP'));
  }

  protected override moved(): Stop {
    return this.stop();
  }
}

/** To the start of another source line; with `over`, calls and exceptions on the way run to their return. */
export class StepLine extends Step {
  private readonly line: { readonly path: string; readonly line: number } | undefined;
  private readonly functionLow: bigint | undefined;
  private readonly el: number;
  private readonly startSp: bigint;

  constructor(target: Target, symbols: Symbols, index: number, over: boolean) {
    super(target, symbols, index, over);
    const { pe } = this;
    const table = symbols.at(pe.pc, pe.regime);
    this.line = table?.lineAt(pe.pc);
    this.functionLow = this.functionAt();
    this.el = pe.el;
    this.startSp = pe.readRegister('SP');
    this.prepare();
  }

  private functionAt(): bigint | undefined {
    const table = this.symbols.at(this.pe.pc, this.pe.regime);
    return table?.scopesAt(this.pe.pc)[0]?.low ?? table?.functionAt(this.pe.pc)?.address;
  }

  /** Before the next instruction: run over it if it calls and we do not follow. */
  private prepare(): void {
    if (this.over && isCall(wordAt(this.pe))) this.runTo(this.pe.pc + 4n, this.pe.readRegister('SP'));
  }

  protected override moved(): Stop | undefined {
    const { pe } = this;
    // Without line information a line is an instruction.
    if (this.line === undefined) return this.stop();
    const table = this.symbols.at(pe.pc, pe.regime);
    const row = table?.lineAt(pe.pc);
    const low = this.functionAt();
    if (pe.el === this.el && low === this.functionLow && low !== undefined) {
      const sameLine = row !== undefined && row.line === this.line.line && row.path === this.line.path;
      if (row !== undefined && !sameLine && row.isStatement && row.low === pe.pc) return this.stop();
      this.prepare();
      return undefined;
    }
    if (pe.el !== this.el) return this.stop();
    const entered = low !== undefined && pe.pc === low && pe.readRegister('SP') <= this.startSp;
    if (!entered) {
      // Back in a caller, or jumped elsewhere.
      if (row !== undefined) return this.stop();
      return this.leave();
    }
    if (this.over) return this.leave();
    const body = table?.afterPrologue(pe.pc) ?? pe.pc;
    if (row === undefined) return this.leave();
    if (body === pe.pc) return this.stop();
    this.landing = body;
    this.runTo(body, undefined);
    return undefined;
  }

  private landing: bigint | undefined;

  override after(reason: StopReason): Stop | undefined {
    const { landing } = this;
    if (landing !== undefined && this.pe.pc === landing) {
      this.end();
      return this.stop();
    }
    return super.after(reason);
  }

  /** Out of a function without lines, back to where it was called. */
  private leave(): Stop | undefined {
    const caller = callerOf(topFrame(this.pe, this.symbols), this.symbols);
    if (caller === undefined || caller.boundary !== undefined) return this.stop();
    this.runTo(caller.pc, undefined);
    return undefined;
  }
}

/** Out of the present function, or out of an exception handler by its return. */
export class StepOut extends Step {
  constructor(target: Target, symbols: Symbols, index: number) {
    super(target, symbols, index);
    const frame = topFrame(this.pe, symbols);
    const caller = callerOf(frame, symbols);
    if (caller !== undefined && caller.boundary === undefined)
      this.runTo(caller.pc, caller.registers[31] ?? frame.registers[31]);
    else if (this.pe.el > 0) this.runToReturn(handlesExceptions(frame));
    else throw new Error('This function has no caller to step out to.');
  }

  protected override moved(): Stop {
    return this.stop();
  }
}

/** Where a step can go into: code at an address, in the regime that it runs in. */
export interface StepInPlace {
  readonly address: bigint;
  readonly regime: TranslationRegime;
  /** The vector of an exception that the present line raises, not a function. */
  readonly vector: boolean;
}

const SVC_HVC_SMC: Readonly<Record<number, readonly [name: string, lowest: ExceptionLevel]>> = {
  1: ['SVC', 1],
  2: ['HVC', 2],
  3: ['SMC', 3],
};

/** Offset of the vector for a synchronous exception (Arm ARM D1.3.1.4), from the level itself or from a lower one. */
const VECTOR_SAME = 0x200n;
const VECTOR_LOWER = 0x400n;
const LONGEST_LINE = 256;

/** What the rest of the present line calls: functions by BL, and vectors by SVC, HVC and SMC. */
export function stepInTargets(
  pe: PeView,
  symbols: Symbols,
): readonly (StepInPlace & { readonly label: string; readonly line?: number })[] {
  const table = symbols.at(pe.pc, pe.regime);
  const line = table?.lineAt(pe.pc);
  const found: (StepInPlace & { label: string; line?: number })[] = [];
  for (let at = pe.pc, count = 0; count < LONGEST_LINE; at += 4n, count++) {
    const row = table?.lineAt(at);
    if (count > 0 && (row === undefined || row.line !== line?.line || row.path !== line.path)) break;
    const data = pe.read({ kind: 'va' }, at, 4);
    if (data === undefined) break;
    const word = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
    const place = word >>> 26 === 0x25 ? called(pe, symbols, at, word) : raised(pe, symbols, word);
    if (place !== undefined && !found.some(one => one.address === place.address)) found.push(place);
  }
  return found;
}

function called(
  pe: PeView,
  symbols: Symbols,
  at: bigint,
  word: number,
): StepInPlace & { label: string; line?: number } {
  const address = BigInt.asUintN(64, at + BigInt((word << 6) >> 6) * 4n);
  const table = symbols.at(address, pe.regime);
  const line = table?.lineAt(address)?.line;
  const label = table?.functionAt(address)?.name ?? `0x${address.toString(16)}`;
  return {
    address: table?.afterPrologue(address) ?? address,
    regime: pe.regime,
    vector: false,
    label,
    ...(line === undefined ? {} : { line }),
  };
}

function raised(pe: PeView, symbols: Symbols, word: number): (StepInPlace & { label: string }) | undefined {
  if ((word & 0xffe00000) >>> 0 !== 0xd4000000) return undefined;
  const [name, lowest] = SVC_HVC_SMC[word & 31] ?? [];
  if (name === undefined || lowest === undefined) return undefined;
  const level = Math.max(lowest, pe.el) as ExceptionLevel;
  let base: bigint;
  try {
    base = pe.readRegister(`VBAR_EL${level}`) & ~0x7ffn;
  } catch {
    return undefined; // a PE without that level
  }
  const address = base + (level === pe.el ? VECTOR_SAME : VECTOR_LOWER);
  const regime: TranslationRegime = level === 1 ? 'EL1&0' : level === 3 ? 'EL3' : el2(pe);
  const symbol = symbols.at(address, regime)?.functionAt(address);
  const where = symbol === undefined ? `0x${address.toString(16)}` : symbol.name;
  return { address, regime, vector: true, label: `${name}: ${where} at EL${level}` };
}

function el2(pe: PeView): TranslationRegime {
  return (pe.readRegister('HCR_EL2') & (1n << 34n)) !== 0n ? 'EL2&0' : 'EL2';
}

/** Into one of the places that the present line calls; calls before it run to their return. */
export class StepInto extends Step {
  constructor(target: Target, symbols: Symbols, index: number, place: StepInPlace) {
    super(target, symbols, index);
    this.runInto(place);
  }

  protected override moved(): Stop {
    return this.stop();
  }
}
