/** Evaluates expressions on a stopped PE: variables of the frame, registers and their fields, symbols, memory of any space. */

import type { AddressSpace, PeView } from '../../simulator/target.ts';
import { spaceOf } from '../address.ts';
import { argumentAt } from '../symbols/call-sites.ts';
import { AT, TAG } from '../symbols/dwarf/constants.ts';
import { type ExpressionContext, evaluateLocation, type Location } from '../symbols/dwarf/expression.ts';
import type { Die } from '../symbols/dwarf/info.ts';
import { INT64, pointerTo, type Type, typeOf, UINT64, VOID } from '../symbols/dwarf/types.ts';
import type { Symbols, SymbolTable } from '../symbols/index.ts';
import { callerOf, type Frame, lookupAddress, type PhysicalFrame } from '../unwind.ts';
import {
  addressOf,
  dereference,
  elementOf,
  isScalar,
  load,
  memberOf,
  numeric,
  sliceOf,
  toNumber,
  type Value,
} from '../values.ts';
import { type Node, parseExpression } from './parse.ts';

export interface EvaluationContext {
  readonly pe: PeView;
  readonly symbols: Symbols;
  readonly frame?: Frame;
  /** Further names, such as `from.el` in the condition of an exception filter; asked before everything else. */
  readonly names?: ReadonlyMap<string, Value>;
}

export function number(value: bigint): Value {
  return { type: value < 0n ? INT64 : UINT64, scalar: BigInt.asUintN(64, value) };
}

// --- Registers ----------------------------------------------------------------------------------------------------

const GENERAL =
  /^(?:x([0-9]|[12][0-9]|30)|w([0-9]|[12][0-9]|30)|sp|wsp|lr|fp|pc|nzcv|pstate|cpsr|v([0-9]|[12][0-9]|3[01])|q([0-9]|[12][0-9]|3[01])|fpcr|fpsr)$/i;
const ALIASES: Readonly<Record<string, string>> = { LR: 'X30', FP: 'X29', CPSR: 'PSTATE' };

const WORD: Type = { ...UINT64, name: 'uint32_t', size: 4 };
const VECTOR: Type = { ...UINT64, name: 'uint128_t', size: 16 };

/** A register of the frame by name (any case); undefined for another name. */
export function registerValue(context: EvaluationContext, name: string): Value | undefined {
  const upper = name.toUpperCase();
  const { pe, frame } = context;
  const canonical = ALIASES[upper] ?? (/^Q\d+$/.test(upper) ? `V${upper.slice(1)}` : upper);
  const physical = frame?.physical;
  const unwound = /^[XW](\d+)$/.exec(canonical);
  const index = unwound !== null ? Number(unwound[1]) : canonical === 'SP' || canonical === 'WSP' ? 31 : -1;
  if (physical !== undefined && !physical.live) {
    if (canonical === 'PC') return { type: UINT64, scalar: physical.pc, register: 'PC' };
    if (index >= 0 && index <= 31) {
      const value = physical.registers[index];
      if (value === undefined) throw new Error(`${upper} of this frame is not known: its callees may have changed it.`);
      return upper.startsWith('W')
        ? { type: WORD, scalar: value & 0xffffffffn, register: upper }
        : { type: UINT64, scalar: value, register: upper };
    }
  }
  const narrow = /^(?:W\d+|WSP)$/.test(canonical);
  const read = narrow ? (canonical === 'WSP' ? 'SP' : `X${canonical.slice(1)}`) : canonical;
  const row = GENERAL.test(canonical)
    ? undefined
    : pe.systemRegisters().find(one => one.name.toUpperCase() === canonical);
  if (row === undefined && !GENERAL.test(canonical)) return undefined;
  if (row?.readable === false) {
    throw new Error(`${row.name} is not read here: it is write-only, or a read would change the machine.`);
  }
  const scalar = pe.readRegister(read);
  const type =
    narrow || canonical === 'NZCV' || canonical === 'FPCR' || canonical === 'FPSR'
      ? WORD
      : /^V\d+$/.test(canonical)
        ? VECTOR
        : UINT64;
  return {
    type,
    scalar: narrow ? scalar & 0xffffffffn : scalar,
    register: canonical,
    assign: value => pe.writeRegister(read, narrow ? value & 0xffffffffn : BigInt.asUintN(type.size * 8, value)),
  };
}

/** A field of a register value, by name in any case; dots and brackets of the name may be left out. */
export function fieldValue(pe: PeView, register: Value, name: string): Value | undefined {
  if (register.register === undefined || register.scalar === undefined) return undefined;
  const whole = register.scalar;
  const field = pe.fields(register.register, whole).find(one => one.name.toUpperCase() === name.toUpperCase());
  if (field === undefined) return undefined;
  const mask = ((1n << BigInt(field.msb - field.lsb + 1)) - 1n) << BigInt(field.lsb);
  return {
    type: UINT64,
    scalar: field.value,
    field: { register: register.register, msb: field.msb, lsb: field.lsb, name: field.name },
    ...(field.meaning === undefined ? {} : { meaning: field.meaning }),
    ...(register.assign === undefined
      ? {}
      : { assign: (value: bigint) => register.assign?.((whole & ~mask) | ((value << BigInt(field.lsb)) & mask)) }),
  };
}

// --- Variables ----------------------------------------------------------------------------------------------------

/** Parameters and variables of a frame; those of inner blocks first, so that they shadow the outer ones. */
export function frameVariables(frame: Frame): readonly Die[] {
  const { scope } = frame;
  if (scope === undefined) return [];
  const holders = [...[...scope.blocks].reverse(), scope.die];
  return holders.flatMap(holder =>
    [...holder.children()].filter(child => child.tag === TAG.variable || child.tag === TAG.formalParameter),
  );
}

/** The value of a variable in a frame. Throws a sentence when it is optimised out. */
export function variableValue(context: EvaluationContext, die: Die): Value {
  const type = typeOf(die.type);
  const constant = die.inherited(one => one.bigint(AT.constValue));
  if (constant !== undefined) return { type, scalar: BigInt.asUintN((type.size || 8) * 8, constant) };
  const { frame, pe, symbols } = context;
  const physical = frame?.physical;
  const own = symbols.tables.find(one => one.info === die.unit.info);
  const bias = own?.bias ?? physical?.table?.bias ?? 0n;
  const pc = physical === undefined ? 0n : lookupAddress(physical) - bias;
  const space = spaceOfImage(context, own);
  const expression = die.inherited(one => one.expression(AT.location, pc));
  if (expression === undefined) {
    // Declared here, and defined by an assembler or a linker script: the symbol table has it.
    const name = die.string(AT.linkageName) ?? die.name;
    const address = die.has(AT.declaration) && name !== undefined ? own?.symbol(name) : undefined;
    if (address === undefined) throw new Error('optimised out');
    return load(pe, { space, address }, type);
  }
  const location = evaluateLocation(expression, frameContext(symbols, pe, physical, die, space, bias));
  if (location === undefined) throw new Error('optimised out');
  const value = atLocation(context, location, type, space);
  return value.place === undefined ? { ...value, pointsInto: space } : value;
}

/** Callers that an argument is followed through, where each got it from the one before. */
const MOST_CALLERS = 16;

/** What an expression of an entry may ask in a frame. */
function frameContext(
  symbols: Symbols,
  pe: PeView,
  physical: PhysicalFrame | undefined,
  die: Die,
  space: AddressSpace,
  bias: bigint,
  depth = 0,
): ExpressionContext {
  const pc = physical === undefined ? 0n : lookupAddress(physical) - bias;
  const registers = physical?.registers ?? [];
  const read = (address: bigint, bytes: number): Uint8Array | undefined => pe.read(space, address, bytes);
  const base = { register: (index: number) => registers[index], read, bias };
  const cfa = (): bigint | undefined => {
    const found = physical?.table?.frames.cfa(pc, base);
    return found ?? (physical === undefined ? undefined : callerOf(physical, symbols)?.registers[31]);
  };
  const outermost = (): Die | undefined =>
    physical === undefined ? undefined : physical.table?.scopesAt(lookupAddress(physical))[0]?.die;
  return {
    ...base,
    cfa,
    indexedAddress: (index: number) => die.unit.indexedAddress(index),
    frameBase: () => {
      const outer = outermost()?.expression(AT.frameBase, pc);
      const location = outer === undefined ? undefined : evaluateLocation(outer, { ...base, cfa });
      if (location?.kind === 'memory') return location.address;
      return location?.kind === 'register' ? registers[location.register] : undefined;
    },
    entryValue: place => {
      const callee = outermost();
      const caller = physical === undefined || depth === MOST_CALLERS ? undefined : callerOf(physical, symbols);
      // What an exception interrupted has called nothing.
      if (callee === undefined || caller?.table === undefined || caller.exact) return undefined;
      const { table } = caller;
      const argument = argumentAt(table, caller.pc, callee, place);
      if (argument === undefined) return undefined;
      const context = frameContext(symbols, pe, caller, argument.die, caller.space, table.bias, depth + 1);
      const location = evaluateLocation(argument.expression, context);
      // The value is what the expression leaves on its stack, whether it says so or not.
      if (location?.kind === 'value') return location.value;
      return location?.kind === 'memory' ? location.address : undefined;
    },
  };
}

/**
 * Where the addresses of an image are meant. In a frame of the image that is where the frame is; elsewhere it is the
 * regime that the image is bound to, whatever runs at the moment. Throws a sentence when its guest is not there to be read.
 */
function spaceOfImage({ frame, pe, symbols }: EvaluationContext, table: SymbolTable | undefined): AddressSpace {
  const physical = frame?.physical;
  if (table?.regime === undefined || table === physical?.table) return physical?.space ?? { kind: 'va' };
  const guest = symbols.present('EL1&0').vmid;
  if (table.vmid !== undefined && table.vmid !== guest) {
    const now = guest === undefined ? 'no guest is loaded' : `the guest with VMID ${guest} is loaded`;
    throw new Error(`${table.name} belongs to the guest with VMID ${table.vmid}, and ${now}.`);
  }
  return table.regime.startsWith('EL2') ? (spaceOf('el2', pe) ?? { kind: 'va' }) : { kind: 'va', regime: table.regime };
}

function atLocation(context: EvaluationContext, location: Location, type: Type, space: AddressSpace): Value {
  const bits = BigInt((type.size || 8) * 8);
  switch (location.kind) {
    case 'memory':
      return load(context.pe, { space, address: location.address }, type);
    case 'value':
      return { type, scalar: BigInt.asUintN(Number(bits), location.value) };
    case 'bytes':
      return isScalar(type)
        ? { type, scalar: toNumber(location.bytes.subarray(0, type.size)) }
        : { type, bytes: location.bytes };
    case 'register': {
      const name =
        location.register >= 64
          ? `V${location.register - 64}`
          : location.register === 31
            ? 'SP'
            : `X${location.register}`;
      const register = registerValue(context, name);
      if (register?.scalar === undefined) throw new Error('optimised out');
      const { scalar, assign } = register;
      const mask = (1n << bits) - 1n;
      if (!isScalar(type))
        return {
          type,
          bytes: Uint8Array.from({ length: type.size }, (_, index) => Number((scalar >> BigInt(index * 8)) & 0xffn)),
        };
      return {
        type,
        scalar: scalar & mask,
        ...(assign === undefined ? {} : { assign: (value: bigint) => assign((scalar & ~mask) | (value & mask)) }),
      };
    }
    case 'pieces': {
      const bytes = new Uint8Array(type.size);
      let offset = 0;
      for (const piece of location.pieces) {
        if (piece.location === undefined) throw new Error('optimised out in part');
        const pieceType: Type = { kind: 'base', name: 'piece', size: piece.bytes };
        const value = atLocation(context, piece.location, pieceType, space).scalar ?? 0n;
        for (let index = 0; index < piece.bytes && offset < bytes.length; index++)
          bytes[offset++] = Number((value >> BigInt(index * 8)) & 0xffn);
      }
      return isScalar(type) ? { type, scalar: toNumber(bytes) } : { type, bytes };
    }
  }
}

// --- Names --------------------------------------------------------------------------------------------------------

/** Whether a plain name means a C variable here, and not a register of that name. */
export function isVariable(context: EvaluationContext, name: string): boolean {
  const { frame, symbols } = context;
  if (frame !== undefined && frameVariables(frame).some(one => one.name === name)) return true;
  return symbols.tables.some(table => table.entriesNamed(name).some(one => one.tag === TAG.variable));
}

function lookUp(context: EvaluationContext, name: string): Value | undefined {
  const given = context.names?.get(name);
  if (given !== undefined) return given;
  const { frame, symbols } = context;
  if (frame !== undefined) {
    const variables = frameVariables(frame);
    const die = variables.find(one => one.name === name);
    if (die !== undefined) return variableValue(context, die);
    // A member of the object whose method this is: C++ writes it without `this`.
    const self = variables.find(one => one.name === 'this');
    const member = self === undefined ? undefined : memberOfThis(context, self, name);
    if (member !== undefined) return member;
  }
  const regime = frame?.physical.regime ?? context.pe.regime;
  const own = frame?.physical.table;
  for (const table of own === undefined ? symbols.tables : [own, ...symbols.tables.filter(one => one !== own)]) {
    const near = frame === undefined ? undefined : table.unitAt(frame.physical.pc);
    const die = table.entriesNamed(name, near).find(one => one.tag === TAG.variable);
    if (die !== undefined) return variableValue(context, die);
  }
  const register = registerValue(context, name);
  if (register !== undefined) return register;
  const symbol = symbols.symbol(name, regime);
  if (symbol !== undefined) {
    const type = pointerTo({ ...VOID, kind: 'function', name: 'code' });
    const bound = symbol.table.regime !== undefined && symbol.table !== own;
    const space = bound ? spaceOfImage(context, symbol.table) : undefined;
    return {
      type,
      scalar: symbol.address,
      ...(space === undefined ? {} : { place: { space, address: symbol.address } }),
    };
  }
  for (const table of symbols.tables) {
    const near = frame === undefined ? undefined : table.unitAt(frame.physical.pc);
    for (const enumeration of near === undefined ? table.info.units() : [near]) {
      const die = [...enumeration.root.children()]
        .filter(one => one.tag === TAG.enumerationType)
        .flatMap(one => [...one.children()])
        .find(one => one.name === name);
      if (die !== undefined) return number(die.bigint(AT.constValue) ?? 0n);
    }
  }
  return undefined;
}

function memberOfThis(context: EvaluationContext, self: Die, name: string): Value | undefined {
  const type = typeOf(self.type).target?.();
  if (type?.members?.().some(member => member.name === name || member.isBase) !== true) return undefined;
  const pointer = variableValue(context, self);
  const space = pointer.place?.space ?? pointer.pointsInto ?? { kind: 'va' };
  return memberOf(context.pe, dereference(context.pe, pointer, space), name);
}

const BASE_TYPES: Readonly<Record<string, Type>> = Object.fromEntries(
  (
    [
      ['char', 1, 8],
      ['signed char', 1, 6],
      ['unsigned char', 1, 8],
      ['short', 2, 5],
      ['unsigned short', 2, 7],
      ['int', 4, 5],
      ['unsigned', 4, 7],
      ['unsigned int', 4, 7],
      ['long', 8, 5],
      ['unsigned long', 8, 7],
      ['long long', 8, 5],
      ['unsigned long long', 8, 7],
      ['int8_t', 1, 5],
      ['uint8_t', 1, 7],
      ['int16_t', 2, 5],
      ['uint16_t', 2, 7],
      ['int32_t', 4, 5],
      ['uint32_t', 4, 7],
      ['int64_t', 8, 5],
      ['uint64_t', 8, 7],
      ['uintptr_t', 8, 7],
      ['size_t', 8, 7],
      ['u8', 1, 7],
      ['u16', 2, 7],
      ['u32', 4, 7],
      ['u64', 8, 7],
      ['float', 4, 4],
      ['double', 8, 4],
    ] as const
  ).map(([name, size, encoding]) => [name, { kind: 'base', name, size, encoding }]),
);

function typeNamed(context: EvaluationContext, words: string): Type {
  const plain = words
    .replace(/\b(const|volatile)\b/g, '')
    .trim()
    .replace(/\s+/g, ' ');
  if (plain === 'void') return VOID;
  const tagged = /^(struct|union|enum) (\w+)$/.exec(plain);
  const tags: readonly number[] =
    tagged === null
      ? [TAG.typedef, TAG.baseType, TAG.structureType, TAG.classType, TAG.enumerationType]
      : [tagged[1] === 'struct' ? TAG.structureType : tagged[1] === 'union' ? TAG.unionType : TAG.enumerationType];
  for (const table of context.symbols.tables) {
    const die = table.entriesNamed(tagged?.[2] ?? plain).find(one => tags.includes(one.tag));
    if (die !== undefined) return typeOf(die);
  }
  const base = BASE_TYPES[plain];
  if (base === undefined) throw new Error(`There is no type "${words}".`);
  return base;
}

// --- Evaluation ---------------------------------------------------------------------------------------------------

const ARITHMETIC: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0n ? divisionByZero() : a / b),
  '%': (a, b) => (b === 0n ? divisionByZero() : a % b),
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => (b < 0n || b > 127n ? 0n : a << b),
  '>>': (a, b) => (b < 0n || b > 127n ? 0n : a >> b),
  '==': (a, b) => BigInt(a === b),
  '!=': (a, b) => BigInt(a !== b),
  '<': (a, b) => BigInt(a < b),
  '>': (a, b) => BigInt(a > b),
  '<=': (a, b) => BigInt(a <= b),
  '>=': (a, b) => BigInt(a >= b),
};

function divisionByZero(): never {
  throw new Error('The expression divides by zero.');
}

function truth(value: Value): boolean {
  return numeric(value) !== 0n;
}

class Evaluator {
  constructor(
    private readonly context: EvaluationContext,
    private readonly assigned: ((left: Value) => void) | undefined,
  ) {}

  private get space(): AddressSpace {
    return this.context.frame?.physical.space ?? { kind: 'va' };
  }

  evaluate(node: Node): Value {
    switch (node.kind) {
      case 'number':
        return number(node.value);
      case 'text':
        return { type: VOID, meaning: node.value };
      case 'name':
        return this.named(node.name);
      case 'register': {
        const value = registerValue(this.context, node.name);
        if (value === undefined) throw new Error(`There is no register "${node.name}".`);
        return value;
      }
      case 'space':
        return this.inSpace(node.space, node.address);
      case 'unary':
        return this.unary(node.operator, node.operand);
      case 'binary':
        return this.binary(node.operator, node.left, node.right);
      case 'conditional':
        return this.evaluate(truth(this.evaluate(node.test)) ? node.yes : node.no);
      case 'assign':
        return this.assign(node.left, node.right);
      case 'member':
        return this.member(node);
      case 'index':
        return this.index(node.object, node.index);
      case 'cast':
        return this.cast(node);
      case 'size':
        return this.size(node);
    }
  }

  private named(name: string): Value {
    const value = lookUp(this.context, name);
    if (value === undefined) throw new Error(`"${name}" is no variable, register or symbol here.`);
    return value;
  }

  /** `pa:0x1000` is a pointer into that space; its bytes are shown and read there. */
  private inSpace(prefix: string, address: Node): Value {
    const space = spaceOf(prefix, this.context.pe);
    if (space === undefined) throw new Error(`"${prefix}" is no address space.`);
    const at = BigInt.asUintN(64, numeric(this.evaluate(address)));
    return { type: pointerTo(UINT64), scalar: at, place: { space, address: at } };
  }

  private spaceOfPointer(value: Value): AddressSpace {
    if (value.type.kind !== 'pointer') return this.space;
    const { place } = value;
    // A pointer written with a space, or calculated from one, carries a place without being an lvalue; one that is stored
    // at a virtual address points into the same space.
    const carries = place !== undefined && (value.assign === undefined || place.space.kind === 'va');
    return carries ? place.space : (value.pointsInto ?? this.space);
  }

  private unary(operator: string, operand: Node): Value {
    const value = this.evaluate(operand);
    switch (operator) {
      case '*':
        if (value.type.kind === 'pointer' && value.type.target?.().kind !== 'function')
          return dereference(this.context.pe, value, this.spaceOfPointer(value));
        return load(this.context.pe, { space: this.space, address: BigInt.asUintN(64, numeric(value)) }, UINT64);
      case '&':
        return value.type.target?.().kind === 'function' ? value : addressOf(value);
      case '-':
        return number(-numeric(value));
      case '~':
        return number(BigInt.asUintN(64, ~numeric(value)));
      case '!':
        return number(BigInt(!truth(value)));
      default:
        return number(numeric(value));
    }
  }

  private binary(operator: string, leftNode: Node, rightNode: Node): Value {
    if (operator === '&&' || operator === '||') {
      const left = truth(this.evaluate(leftNode));
      return number(
        BigInt(operator === '&&' ? left && truth(this.evaluate(rightNode)) : left || truth(this.evaluate(rightNode))),
      );
    }
    if (operator === '==' || operator === '!=') {
      const equal = this.byMeaning(leftNode, rightNode) ?? this.byMeaning(rightNode, leftNode);
      if (equal !== undefined) return number(BigInt(equal === (operator === '==')));
    }
    const left = this.evaluate(leftNode);
    const right = this.evaluate(rightNode);
    const target = left.type.kind === 'pointer' ? left.type.target?.() : undefined;
    if (target !== undefined && (operator === '+' || operator === '-') && right.type.kind !== 'pointer') {
      const scale = BigInt(target.size || 1);
      const scalar = BigInt.asUintN(64, ARITHMETIC[operator](numeric(left), numeric(right) * scale));
      const space = this.spaceOfPointer(left);
      return { type: left.type, scalar, ...(space === this.space ? {} : { place: { space, address: scalar } }) };
    }
    return number(ARITHMETIC[operator](numeric(left), numeric(right)));
  }

  /** `esr.ec == HVC64`: a field compared with the name that the architecture gives its value. */
  private byMeaning(fieldNode: Node, nameNode: Node): boolean | undefined {
    const name = nameNode.kind === 'text' ? nameNode.value : nameNode.kind === 'name' ? nameNode.name : undefined;
    if (name === undefined) return undefined;
    if (nameNode.kind === 'name' && lookUp(this.context, name) !== undefined) return undefined;
    const { meaning } = this.evaluate(fieldNode);
    return meaning === undefined ? undefined : meaning.toUpperCase() === name.toUpperCase();
  }

  private assign(leftNode: Node, rightNode: Node): Value {
    if (this.assigned === undefined) throw new Error('This expression must not assign: use == to compare.');
    const left = this.evaluate(leftNode);
    if (left.assign === undefined) throw new Error('The left side of the assignment cannot be assigned.');
    left.assign(BigInt.asUintN((left.type.size || 8) * 8, numeric(this.evaluate(rightNode))));
    this.assigned(left);
    return this.evaluate(leftNode);
  }

  private member(node: Node & { kind: 'member' }): Value {
    // Dotted names such as `from.el` are given as a whole.
    if (node.object.kind === 'name') {
      const whole = this.context.names?.get(`${node.object.name}.${node.name}`);
      if (whole !== undefined) return whole;
    }
    const { pe } = this.context;
    let object = this.evaluate(node.object);
    const field = fieldValue(pe, object, node.name);
    if (field !== undefined) return field;
    if (object.type.kind === 'pointer') object = dereference(pe, object, this.spaceOfPointer(object));
    const member = memberOf(pe, object, node.name);
    if (member === undefined) {
      throw new Error(
        `${object.register ?? object.type.name} has no ${object.register === undefined ? 'member' : 'field'} "${node.name}".`,
      );
    }
    return member;
  }

  private index(objectNode: Node, indexNode: Node): Value {
    const { pe } = this.context;
    const object = this.evaluate(objectNode);
    const index = numeric(this.evaluate(indexNode));
    const elements = sliceOf(pe, object) ?? object;
    if (elements.type.kind === 'array') return elementOf(pe, elements, Number(index));
    const type = object.type.target?.();
    if (type === undefined) throw new Error(`A value of type ${object.type.name} has no elements.`);
    const scalar = BigInt.asUintN(64, numeric(object) + index * BigInt(type.size));
    return load(pe, { space: this.spaceOfPointer(object), address: scalar }, type);
  }

  private size({ type, stars = 0, operand }: Node & { kind: 'size' }): Value {
    if (operand !== undefined) return number(BigInt(this.evaluate(operand).type.size));
    if (stars > 0) return number(8n);
    // A variable in parentheses looks like a type.
    const isName = type !== undefined && !type.includes(' ') && isVariable(this.context, type);
    return number(BigInt((isName ? this.named(type) : { type: typeNamed(this.context, type ?? '') }).type.size));
  }

  private cast(node: Node & { kind: 'cast' }): Value {
    let type = typeNamed(this.context, node.type);
    for (let count = 0; count < node.stars; count++) type = pointerTo(type);
    const value = this.evaluate(node.operand);
    if (!isScalar(type)) throw new Error(`A cast to ${type.name} is not possible.`);
    const space = this.spaceOfPointer(value);
    const source =
      value.scalar === undefined && value.type.kind === 'array' ? (value.place?.address ?? 0n) : numeric(value);
    const scalar = BigInt.asUintN(type.size * 8, source);
    return {
      type,
      scalar,
      ...(type.kind === 'pointer' && space !== this.space ? { place: { space, address: scalar } } : {}),
    };
  }
}

/** Evaluates an expression. Throws a sentence. Assignments are refused unless somebody wants to know of them. */
export function evaluateExpression(
  source: string | Node,
  context: EvaluationContext,
  assigned?: (left: Value) => void,
): Value {
  return new Evaluator(context, assigned).evaluate(typeof source === 'string' ? parseExpression(source) : source);
}

/** So many values from where an expression leads on: `vcpu->regs,31`, `(char *)x0,64`, `el2:0x1000,16`. */
export function asArray(value: Value, count: number, context: EvaluationContext): Value {
  const { type, place, scalar } = value;
  const space = context.frame?.physical.space ?? { kind: 'va' };
  const element = type.kind === 'pointer' || type.kind === 'array' ? type.target?.() : type;
  const isAddress = type.kind === 'pointer' && scalar !== undefined;
  // A pointer that was written with a space carries it; one that lies in memory is read there and leads elsewhere.
  const at = isAddress ? { space: value.assign === undefined && place ? place.space : space, address: scalar } : place;
  if (element === undefined || element.size === 0 || at === undefined)
    throw new Error(`A value of type ${type.name} does not lead to a row of values.`);
  const name = `${element.name}[${count}]`;
  return { type: { kind: 'array', name, size: element.size * count, count, target: () => element }, place: at };
}

export function isTrue(value: Value): boolean {
  return truth(value);
}
