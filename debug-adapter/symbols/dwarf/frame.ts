/** Call frame information: `.debug_frame` and `.eh_frame` (DWARF 5, section 6.4; LSB, section 10.6 for `.eh_frame`). */

import { stringAt } from '../bytes.ts';
import type { ElfFile } from '../elf.ts';
import { evaluateLocation } from './expression.ts';
import { DwarfReader } from './reader.ts';

interface CommonEntry {
  readonly codeAlignment: bigint;
  readonly dataAlignment: bigint;
  readonly returnRegister: number;
  readonly instructions: Uint8Array;
  readonly fdeEncoding: number;
  readonly hasAugmentationData: boolean;
  readonly signalFrame: boolean;
}

interface FrameEntry {
  readonly low: bigint;
  readonly high: bigint;
  readonly common: CommonEntry;
  readonly instructions: Uint8Array;
}

type Rule =
  | { readonly kind: 'undefined' | 'same' }
  | { readonly kind: 'offset' | 'valueOffset'; readonly offset: bigint }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'expression' | 'valueExpression'; readonly expression: Uint8Array };

type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: bigint }
  | { readonly kind: 'expression'; readonly expression: Uint8Array };

interface Row {
  cfa: CfaRule | undefined;
  rules: Map<number, Rule>;
  /** The return address in its register is signed (AADWARF64, section 4.4.1). */
  signed: boolean;
}

export interface UnwindContext {
  register(number: number): bigint | undefined;
  read(address: bigint, bytes: number): Uint8Array | undefined;
  readonly bias: bigint;
}

export interface UnwoundFrame {
  readonly cfa: bigint;
  readonly returnAddress: bigint | undefined;
  /** Registers of the caller by DWARF number; those that are not in the map keep their value when callee-saved. */
  readonly registers: ReadonlyMap<number, bigint | undefined>;
  readonly signalFrame: boolean;
}

/** Bits 54:0 are the address and bit 55 chooses the half of the address space: what is above is a PAC. */
export function stripPac(address: bigint): bigint {
  return (address >> 55n) & 1n ? address | (0xffffn << 48n) : address & ((1n << 48n) - 1n);
}

export class CallFrames {
  private entries: readonly FrameEntry[] | undefined;

  constructor(private readonly elf: ElfFile) {}

  /** The caller's frame by the CFI of an unrelocated address; undefined where there is no CFI. */
  unwind(pc: bigint, context: UnwindContext): UnwoundFrame | undefined {
    const entry = this.find(pc);
    if (entry === undefined) return undefined;
    const row = this.rowAt(entry, pc);
    if (row?.cfa === undefined) return undefined;
    const cfa = this.cfaOf(row.cfa, context);
    if (cfa === undefined) return undefined;
    const registers = new Map<number, bigint | undefined>();
    for (const [register, rule] of row.rules) registers.set(register, ruleValue(rule, register, cfa, context));
    registers.set(31, cfa);
    const { returnRegister } = entry.common;
    let returnAddress = registers.has(returnRegister)
      ? registers.get(returnRegister)
      : context.register(returnRegister);
    if (returnAddress !== undefined && row.signed) returnAddress = stripPac(returnAddress);
    return { cfa, returnAddress, registers, signalFrame: entry.common.signalFrame };
  }

  /** The canonical frame address at an unrelocated address. */
  cfa(pc: bigint, context: UnwindContext): bigint | undefined {
    return this.unwind(pc, context)?.cfa;
  }

  private cfaOf(rule: CfaRule, context: UnwindContext): bigint | undefined {
    if (rule.kind === 'register') {
      const base = context.register(rule.register);
      return base === undefined ? undefined : BigInt.asUintN(64, base + rule.offset);
    }
    const location = evaluateLocation(rule.expression, context);
    return location?.kind === 'memory' ? location.address : undefined;
  }

  private find(pc: bigint): FrameEntry | undefined {
    this.entries ??= [...this.parse('.debug_frame', false), ...this.parse('.eh_frame', true)].sort((a, b) =>
      a.low < b.low ? -1 : a.low > b.low ? 1 : 0,
    );
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle].low <= pc) low = middle + 1;
      else high = middle;
    }
    const entry = this.entries[low - 1];
    return entry !== undefined && pc < entry.high ? entry : undefined;
  }

  private parse(sectionName: string, isEhFrame: boolean): FrameEntry[] {
    const section = this.elf.section(sectionName);
    if (section === undefined) return [];
    const bytes = this.elf.data(sectionName);
    const commons = new Map<number, CommonEntry | undefined>();
    const entries: FrameEntry[] = [];
    const common = (offset: number): CommonEntry | undefined => {
      if (!commons.has(offset)) commons.set(offset, readCommon(bytes, offset, isEhFrame, section.address));
      return commons.get(offset);
    };
    for (let offset = 0; offset + 8 <= bytes.length; ) {
      const reader = new DwarfReader(bytes, offset);
      const length = reader.initialLength();
      const start = reader.offset;
      const end = Math.min(start + length, bytes.length);
      offset = end;
      if (length === 0) continue; // terminator of .eh_frame
      const id = isEhFrame ? reader.u32() : reader.sectionOffset();
      const isCommon = isEhFrame ? id === 0 : id === (reader.wide ? Number(0xffffffffffffffffn) : 0xffffffff);
      if (isCommon) continue;
      const cie = common(isEhFrame ? start - id : id);
      if (cie === undefined) continue;
      const low = isEhFrame ? readEncoded(reader, cie.fdeEncoding, section.address) : reader.u64();
      const size = isEhFrame ? readEncoded(reader, cie.fdeEncoding & 0x0f, section.address) : reader.u64();
      if (cie.hasAugmentationData) reader.offset += reader.uleb();
      if (size > 0n && reader.offset <= end) {
        entries.push({ low, high: low + size, common: cie, instructions: bytes.subarray(reader.offset, end) });
      }
    }
    return entries;
  }

  private rowAt(entry: FrameEntry, pc: bigint): Row {
    const row: Row = { cfa: undefined, rules: new Map(), signed: false };
    execute(entry.common.instructions, entry.common, row, undefined, 0n, undefined);
    const initial: Row = { cfa: row.cfa, rules: new Map(row.rules), signed: row.signed };
    execute(entry.instructions, entry.common, row, initial, entry.low, pc);
    return row;
  }
}

function ruleValue(rule: Rule, register: number, cfa: bigint, context: UnwindContext): bigint | undefined {
  const load = (address: bigint): bigint | undefined => {
    const data = context.read(BigInt.asUintN(64, address), 8);
    return data === undefined ? undefined : new DwarfReader(data).u64();
  };
  switch (rule.kind) {
    case 'undefined':
      return undefined;
    case 'same':
      return context.register(register);
    case 'offset':
      return load(cfa + rule.offset);
    case 'valueOffset':
      return BigInt.asUintN(64, cfa + rule.offset);
    case 'register':
      return context.register(rule.register);
    case 'expression':
    case 'valueExpression': {
      const location = evaluateLocation(rule.expression, context, cfa);
      if (location?.kind !== 'memory') return undefined;
      return rule.kind === 'valueExpression' ? location.address : load(location.address);
    }
  }
}

function readCommon(
  bytes: Uint8Array,
  offset: number,
  isEhFrame: boolean,
  sectionAddress: bigint,
): CommonEntry | undefined {
  const start = new DwarfReader(bytes, offset);
  const length = start.initialLength();
  const reader = new DwarfReader(bytes, start.offset, Math.min(start.offset + length, bytes.length));
  reader.wide = start.wide;
  if (isEhFrame) reader.u32();
  else reader.sectionOffset();
  const version = reader.u8();
  if (version !== 1 && version !== 3 && version !== 4) return undefined;
  const augmentation = stringAt(bytes, reader.offset);
  reader.string();
  if (version === 4) {
    reader.u8(); // address size
    reader.u8(); // segment selector size
  }
  const codeAlignment = reader.ulebBig();
  const dataAlignment = reader.slebBig();
  const returnRegister = version === 1 ? reader.u8() : reader.uleb();
  let fdeEncoding = 0;
  let signalFrame = false;
  const hasAugmentationData = augmentation.startsWith('z');
  if (hasAugmentationData) {
    const end = reader.uleb() + reader.offset;
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') fdeEncoding = reader.u8();
      else if (letter === 'L') reader.u8();
      else if (letter === 'P') readEncoded(reader, reader.u8(), sectionAddress);
      else if (letter === 'S') signalFrame = true;
      else if (letter !== 'B' && letter !== 'G') break;
    }
    reader.offset = end;
  }
  const instructions = bytes.subarray(reader.offset, reader.end);
  return { codeAlignment, dataAlignment, returnRegister, instructions, fdeEncoding, hasAugmentationData, signalFrame };
}

/** A pointer of `.eh_frame` (DW_EH_PE_*): absolute or relative to its own address. */
function readEncoded(reader: DwarfReader, encoding: number, sectionAddress: bigint): bigint {
  const place = sectionAddress + BigInt(reader.offset);
  const value = ((): bigint => {
    switch (encoding & 0x0f) {
      case 0x01:
        return reader.ulebBig();
      case 0x02:
        return reader.unsigned(2);
      case 0x03:
        return reader.unsigned(4);
      case 0x09:
        return reader.slebBig();
      case 0x0a:
        return reader.signed(2);
      case 0x0b:
        return reader.signed(4);
      default:
        return reader.u64();
    }
  })();
  return BigInt.asUintN(64, (encoding & 0x70) === 0x10 ? place + value : value);
}

/** Runs call frame instructions until the row of `pc` is complete. */
function execute(
  instructions: Uint8Array,
  common: CommonEntry,
  row: Row,
  initial: Row | undefined,
  low: bigint,
  pc: bigint | undefined,
): void {
  const reader = new DwarfReader(instructions);
  const saved: Row[] = [];
  let location = low;
  const offsetRule = (kind: 'offset' | 'valueOffset', register: number, factored: bigint): void => {
    row.rules.set(register, { kind, offset: factored * common.dataAlignment });
  };
  const restore = (register: number): void => {
    const rule = initial?.rules.get(register);
    if (rule === undefined) row.rules.delete(register);
    else row.rules.set(register, rule);
  };
  const cfaRegister = (): number => (row.cfa?.kind === 'register' ? row.cfa.register : 31);
  const cfaOffset = (): bigint => (row.cfa?.kind === 'register' ? row.cfa.offset : 0n);
  while (!reader.done) {
    const opcode = reader.u8();
    const operand = opcode & 0x3f;
    let advance: bigint | undefined;
    switch (opcode & 0xc0 ? opcode & 0xc0 : opcode) {
      case 0x40:
        advance = BigInt(operand);
        break;
      case 0x80:
        offsetRule('offset', operand, reader.ulebBig());
        break;
      case 0xc0:
        restore(operand);
        break;
      case 0x00:
        break;
      case 0x01:
        location = reader.u64();
        if (pc !== undefined && location > pc) return;
        break;
      case 0x02:
        advance = reader.unsigned(1);
        break;
      case 0x03:
        advance = reader.unsigned(2);
        break;
      case 0x04:
        advance = reader.unsigned(4);
        break;
      case 0x05:
        offsetRule('offset', reader.uleb(), reader.ulebBig());
        break;
      case 0x06:
        restore(reader.uleb());
        break;
      case 0x07:
        row.rules.set(reader.uleb(), { kind: 'undefined' });
        break;
      case 0x08:
        row.rules.set(reader.uleb(), { kind: 'same' });
        break;
      case 0x09:
        row.rules.set(reader.uleb(), { kind: 'register', register: reader.uleb() });
        break;
      case 0x0a:
        saved.push({ cfa: row.cfa, rules: new Map(row.rules), signed: row.signed });
        break;
      case 0x0b: {
        const last = saved.pop();
        if (last !== undefined) Object.assign(row, last);
        break;
      }
      case 0x0c:
        row.cfa = { kind: 'register', register: reader.uleb(), offset: reader.ulebBig() };
        break;
      case 0x0d:
        row.cfa = { kind: 'register', register: reader.uleb(), offset: cfaOffset() };
        break;
      case 0x0e:
        row.cfa = { kind: 'register', register: cfaRegister(), offset: reader.ulebBig() };
        break;
      case 0x0f:
        row.cfa = { kind: 'expression', expression: reader.block(reader.uleb()) };
        break;
      case 0x10:
        row.rules.set(reader.uleb(), { kind: 'expression', expression: reader.block(reader.uleb()) });
        break;
      case 0x11:
        offsetRule('offset', reader.uleb(), reader.slebBig());
        break;
      case 0x12:
        row.cfa = { kind: 'register', register: reader.uleb(), offset: reader.slebBig() * common.dataAlignment };
        break;
      case 0x13:
        row.cfa = { kind: 'register', register: cfaRegister(), offset: reader.slebBig() * common.dataAlignment };
        break;
      case 0x14:
        offsetRule('valueOffset', reader.uleb(), reader.ulebBig());
        break;
      case 0x15:
        offsetRule('valueOffset', reader.uleb(), reader.slebBig());
        break;
      case 0x16:
        row.rules.set(reader.uleb(), { kind: 'valueExpression', expression: reader.block(reader.uleb()) });
        break;
      case 0x2d: // DW_CFA_AARCH64_negate_ra_state
        row.signed = !row.signed;
        break;
      case 0x2e: // DW_CFA_GNU_args_size
        reader.uleb();
        break;
      default:
        return; // an unknown instruction: the row so far is the best there is
    }
    if (advance !== undefined) {
      location += advance * common.codeAlignment;
      if (pc !== undefined && location > pc) return;
    }
  }
}
