/**
 * The stack of a PE: by call frame information where there is some, else by frame records (AAPCS64, section 6.2.3), and
 * across exceptions by ELR_ELx and SPSR_ELx of the level that handles one, read through the regime that was interrupted.
 */

import type { AddressSpace, ExceptionLevel, PeView, TranslationRegime } from '../simulator/target.ts';
import { stripPac } from './symbols/dwarf/frame.ts';
import type { Scope, Symbols, SymbolTable } from './symbols/index.ts';

const FP = 29;
const LR = 30;
const SP = 31;
const MOST_FRAMES = 1000;

export interface PhysicalFrame {
  readonly pe: PeView;
  readonly el: ExceptionLevel;
  readonly regime: TranslationRegime;
  readonly space: AddressSpace;
  readonly pc: bigint;
  /** X0 to X30 and SP (31); undefined where the value is lost. */
  readonly registers: readonly (bigint | undefined)[];
  /** The first frame of the PE: registers are live and can be written. */
  readonly live: boolean;
  /** The instruction at `pc` is the next one to run, so that its line is looked up as it is. */
  readonly exact: boolean;
  /** The exception that separates this frame from the one above it. */
  readonly boundary?: string;
  /** Nothing is known beyond it: its registers and translations are where only its hypervisor finds them. */
  readonly parked?: boolean;
  readonly table?: SymbolTable;
}

/** A frame as the user sees it: a physical frame or an inlined function in one. */
export interface Frame {
  readonly physical: PhysicalFrame;
  readonly scope?: Scope;
  readonly name: string;
  readonly path?: string;
  readonly line?: number;
  readonly column?: number;
  /** Of the file at `path`, when it was compiled. */
  readonly md5?: Uint8Array;
}

function word(data: Uint8Array | undefined, offset = 0): bigint | undefined {
  return data === undefined || data.length < offset + 8
    ? undefined
    : new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(offset, true);
}

/** The address by which a frame's line and function are found: a return address stands after its call. */
export function lookupAddress(frame: PhysicalFrame): bigint {
  return frame.exact ? frame.pc : frame.pc - 4n;
}

function tryRegister(pe: PeView, name: string): bigint | undefined {
  try {
    return pe.readRegister(name);
  } catch {
    return undefined;
  }
}

export function topFrame(pe: PeView, symbols: Symbols): PhysicalFrame {
  const registers = Array.from({ length: 31 }, (_, index) => pe.readRegister(`X${index}`));
  registers.push(pe.readRegister('SP'));
  return {
    pe,
    el: pe.el,
    regime: pe.regime,
    space: { kind: 'va', regime: pe.regime },
    pc: pe.pc,
    registers,
    live: true,
    exact: true,
    table: symbols.at(pe.pc, pe.regime),
  };
}

/** The frame that called this one, or that its exception interrupted; undefined at the end of the stack. */
export function callerOf(frame: PhysicalFrame, symbols: Symbols): PhysicalFrame | undefined {
  if (frame.parked) return undefined;
  if (!inVectors(frame)) {
    const caller = callerByCfi(frame, symbols) ?? callerByRecord(frame, symbols);
    if (caller !== undefined) return caller;
  }
  return interruptedBy(frame, symbols);
}

function withCaller(
  frame: PhysicalFrame,
  symbols: Symbols,
  pc: bigint,
  registers: (bigint | undefined)[],
  exact: boolean,
): PhysicalFrame {
  const { pe, el, regime, space } = frame;
  return { pe, el, regime, space, pc, registers, live: false, exact, table: symbols.at(exact ? pc : pc - 4n, regime) };
}

/** Callee-saved registers keep their value, the others are lost (AAPCS64, section 6.1.1). */
function calleeSaved(registers: readonly (bigint | undefined)[]): (bigint | undefined)[] {
  return registers.map((value, index) => (index >= 19 && index <= FP ? value : undefined));
}

function callerByCfi(frame: PhysicalFrame, symbols: Symbols): PhysicalFrame | undefined {
  const { table } = frame;
  if (table === undefined) return undefined;
  const unwound = table.frames.unwind(lookupAddress(frame) - table.bias, {
    register: number => frame.registers[number],
    read: (address, bytes) => frame.pe.read(frame.space, address, bytes),
    bias: table.bias,
  });
  if (unwound?.returnAddress === undefined || unwound.returnAddress === 0n) return undefined;
  const previous = frame.registers[SP];
  // A stack grows down; a caller below its callee is a damaged stack.
  if (previous !== undefined && unwound.cfa < previous) return undefined;
  if (unwound.returnAddress === frame.pc && unwound.cfa === previous) return undefined;
  const registers = calleeSaved(frame.registers);
  for (const [number, value] of unwound.registers) if (number <= SP) registers[number] = value;
  if (!isCode(frame, symbols, unwound.returnAddress)) return undefined;
  return withCaller(frame, symbols, unwound.returnAddress, registers, unwound.signalFrame);
}

function callerByRecord(frame: PhysicalFrame, symbols: Symbols): PhysicalFrame | undefined {
  const fp = frame.registers[FP];
  const record = fp === undefined || fp === 0n || (fp & 7n) !== 0n ? undefined : frame.pe.read(frame.space, fp, 16);
  const previous = word(record);
  const saved = word(record, 8);
  const registers = calleeSaved(frame.registers);
  const lr = frame.registers[LR];
  if (frame.exact && lr !== undefined && lr !== 0n && !handlesExceptions(frame)) {
    // A function that has not stored its frame record yet, or never does, still has its return address in x30. Nobody
    // called what a vector branches to.
    const address = stripPac(lr);
    const own = symbols.at(frame.pc, frame.regime)?.functionAt(frame.pc)?.address;
    const target = symbols.at(address, frame.regime)?.functionAt(address - 4n)?.address;
    if (
      own !== undefined &&
      target !== undefined &&
      own !== target &&
      (saved === undefined || stripPac(saved) !== address)
    ) {
      registers[FP] = fp;
      registers[SP] = frame.registers[SP];
      return withCaller(frame, symbols, address, registers, false);
    }
  }
  if (fp === undefined || previous === undefined || saved === undefined || saved === 0n) return undefined;
  const sp = frame.registers[SP];
  if (sp !== undefined && fp < sp) return undefined;
  const address = stripPac(saved);
  if (!isCode(frame, symbols, address)) return undefined;
  registers[FP] = previous;
  registers[SP] = fp + 16n;
  return withCaller(frame, symbols, address, registers, false);
}

function isCode(frame: PhysicalFrame, symbols: Symbols, address: bigint): boolean {
  if ((address & 3n) !== 0n || frame.pe.read(frame.space, address - 4n, 4) === undefined) return false;
  // Where symbols are known for this regime, a return address lies in one of their images.
  return (
    symbols.at(lookupAddress(frame), frame.regime) === undefined || symbols.at(address - 4n, frame.regime) !== undefined
  );
}

/** In the vector table of its own level: nothing called this, an exception did. */
function inVectors(frame: PhysicalFrame): boolean {
  if (frame.el === 0) return false;
  const base = tryRegister(frame.pe, `VBAR_EL${frame.el}`);
  if (base === undefined || frame.pc < base || frame.pc >= base + 0x800n) return false;
  // A linker may put functions into the unused end of the table.
  const symbol = frame.table?.functionAt(lookupAddress(frame));
  return symbol === undefined || symbol.size === 0 || symbol.address <= base;
}

/** In the vector table, or in code that an entry of the table branches to. */
export function handlesExceptions(frame: PhysicalFrame): boolean {
  if (inVectors(frame)) return true;
  const base = tryRegister(frame.pe, `VBAR_EL${frame.el}`);
  const table = base === undefined ? undefined : frame.pe.read(frame.space, base, 0x800);
  if (base === undefined || table === undefined) return false;
  const low = frame.table?.functionAt(frame.pc - (frame.exact ? 0n : 4n))?.address;
  const words = new DataView(table.buffer, table.byteOffset, table.byteLength);
  for (let offset = 0; offset < 0x800; offset += 4) {
    const word = words.getUint32(offset, true);
    if ((word & 0x7c000000) !== 0x14000000) continue; // B and BL
    const target = BigInt.asUintN(64, base + BigInt(offset) + BigInt((word << 6) >> 6) * 4n);
    if (low === undefined ? target <= frame.pc && frame.pc < target + 0x1000n : target === low) return true;
  }
  return false;
}

const SPSR_M_EL = 2n;
const SPSR_M_AARCH32 = 1n << 4n;

/** The frame that an exception to this level interrupted, when ELR_ELx and SPSR_ELx tell of a lower level. */
function interruptedBy(frame: PhysicalFrame, symbols: Symbols): PhysicalFrame | undefined {
  const { pe, el } = frame;
  if (el === 0) return undefined;
  const elr = tryRegister(pe, `ELR_EL${el}`);
  const spsr = tryRegister(pe, `SPSR_EL${el}`);
  if (elr === undefined || spsr === undefined || (spsr & SPSR_M_AARCH32) !== 0n) return undefined;
  const from = Number((spsr >> SPSR_M_EL) & 3n) as ExceptionLevel;
  if (from === 1 && el === 1 && isVirtualEl2(pe)) return parkedBelow(frame, symbols, elr);
  // An exception within one level leaves ELR_ELx of the outer one in memory only: the chain ends here.
  if (from >= el) return undefined;
  // Start-up code has no caller either. ELR_ELx tells of what was interrupted where the vectors lead to this frame; and at
  // the end of a hypervisor's stack it tells of the guest that is loaded, for those that enter guests like functions.
  const vector = inVectors(frame);
  const taken = pe.interrupted(el);
  const same = taken?.pc === elr && taken.spsr === spsr;
  if (!vector && !(same && hasGuest(pe, el)) && !handlesExceptions(frame)) return undefined;
  const regime = lowerRegime(pe, from);
  const space: AddressSpace = { kind: 'va', regime };
  if (pe.read(space, elr, 4) === undefined) return undefined;
  const usesSpElx = (spsr & 1n) !== 0n && from !== 0;
  const registers: (bigint | undefined)[] = same ? [...taken.registers] : frame.registers.map(() => undefined);
  // Vector code seldom touches x29 before it is saved, so the handler's outermost frame still has the interrupted one.
  if (!same && vector) registers[FP] = frame.registers[FP];
  registers[SP] = tryRegister(pe, usesSpElx ? `SP_EL${from}` : 'SP_EL0');
  const esr = tryRegister(pe, `ESR_EL${el}`);
  const named =
    esr === undefined ? undefined : pe.fields(`ESR_EL${el}`, esr).find(field => field.name === 'EC')?.meaning;
  const why = taken?.interrupt ?? named;
  const boundary = `EL${from}${why === undefined ? '' : `, ${shortReason(why)}`}`;
  return {
    pe,
    el: from,
    regime,
    space,
    pc: elr,
    registers,
    live: false,
    exact: true,
    boundary,
    table: symbols.at(elr, regime),
  };
}

/** EL1 plays EL2 for a guest hypervisor (FEAT_NV). */
function isVirtualEl2(pe: PeView): boolean {
  return ((tryRegister(pe, 'HCR_EL2') ?? 0n) & HCR_EL2_NV) !== 0n;
}

/** What a guest hypervisor at virtual EL2 has interrupted, or enters next: it is not on the PE, but its place has a name. */
function parkedBelow(frame: PhysicalFrame, symbols: Symbols, pc: bigint): PhysicalFrame | undefined {
  const { pe, regime, space } = frame;
  const table = symbols.at(pc, regime);
  if (table?.functionAt(pc) === undefined) return undefined;
  const registers = frame.registers.map(() => undefined);
  return {
    pe,
    el: 1,
    regime,
    space,
    pc,
    registers,
    live: false,
    exact: true,
    boundary: 'virtual EL1',
    parked: true,
    table,
  };
}

/** The first words of a reason: a frame has little room, and the details of the exception are elsewhere. */
function shortReason(why: string): string {
  const words = why.split(/[,:;(]/)[0].trim();
  return words.length <= 24 ? words : `${words.slice(0, 23).trimEnd()}…`;
}

/** At EL2 with stage 2 on: a guest is loaded. */
function hasGuest(pe: PeView, el: ExceptionLevel): boolean {
  return el === 2 && ((tryRegister(pe, 'HCR_EL2') ?? 0n) & HCR_EL2_VM) !== 0n;
}

const HCR_EL2_VM = 1n;
const HCR_EL2_NV = 1n << 42n;
const HCR_EL2_E2H = 1n << 34n;
const HCR_EL2_TGE = 1n << 27n;

function lowerRegime(pe: PeView, el: ExceptionLevel): TranslationRegime {
  const hcr = tryRegister(pe, 'HCR_EL2') ?? 0n;
  const host = (hcr & HCR_EL2_E2H) !== 0n;
  if (el === 2) return host ? 'EL2&0' : 'EL2';
  return el === 0 && host && (hcr & HCR_EL2_TGE) !== 0n ? 'EL2&0' : 'EL1&0';
}

function describe(physical: PhysicalFrame): Frame[] {
  const { table } = physical;
  const at = lookupAddress(physical);
  const symbol = table?.functionAt(at);
  const offset = symbol === undefined ? 0n : physical.pc - symbol.address;
  const label =
    symbol === undefined
      ? `0x${physical.pc.toString(16)}`
      : `${symbol.name}${offset === 0n ? '' : `+0x${offset.toString(16)}`}`;
  const row = table?.lineAt(at);
  let place: Pick<Frame, 'path' | 'line' | 'column' | 'md5'> =
    row === undefined
      ? {}
      : {
          path: row.path,
          line: row.line,
          ...(row.column > 0 ? { column: row.column } : {}),
          ...(row.md5 ? { md5: row.md5 } : {}),
        };
  const scopes = table?.scopesAt(at) ?? [];
  if (scopes.length === 0) return [{ physical, name: label, ...place }];
  const frames: Frame[] = [];
  for (const scope of [...scopes].reverse()) {
    frames.push({ physical, scope, name: scope.name, ...place });
    place = { path: scope.callPath ?? place.path, line: scope.callLine ?? place.line };
  }
  return frames;
}

/** The frame that a PE is in. */
export function innermost(pe: PeView, symbols: Symbols): Frame {
  return describe(topFrame(pe, symbols))[0];
}

/** The whole stack of a PE, innermost first. */
export function unwind(pe: PeView, symbols: Symbols): readonly Frame[] {
  const frames: Frame[] = [];
  let physical: PhysicalFrame | undefined = topFrame(pe, symbols);
  for (let count = 0; physical !== undefined && count < MOST_FRAMES; count++) {
    frames.push(...describe(physical));
    physical = callerOf(physical, symbols);
  }
  return frames;
}
