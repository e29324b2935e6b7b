/** Types of a program, as far as a debugger shows values by them. Built from entries on demand; recursive types are fine. */

import { AT, ATE, TAG } from './constants.ts';
import type { Die } from './info.ts';

export interface Member {
  readonly name: string;
  readonly type: Type;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** Bits from the start of the structure, and width, of a bit-field. */
  readonly bitOffset?: number;
  readonly bitSize?: number;
  /** A base class: its members are those of the class. */
  readonly isBase?: boolean;
}

/** The forms of an enumeration with data: which members there are depends on a discriminant. */
export interface Variants {
  /** Undefined where there is one form only. */
  readonly discriminant?: Member;
  /** Without a value: the form of all other values. */
  readonly forms: readonly { readonly value?: bigint; readonly member: Member }[];
}

export interface Type {
  readonly kind: 'base' | 'pointer' | 'struct' | 'array' | 'enum' | 'function' | 'void';
  /** As C writes it. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** DW_ATE of a base type. */
  readonly encoding?: number;
  /** What a pointer points to, an array holds, a function returns. */
  readonly target?: () => Type;
  readonly members?: () => readonly Member[];
  readonly variants?: () => Variants | undefined;
  readonly count?: number;
  readonly enumerators?: readonly { readonly name: string; readonly value: bigint }[];
}

export const VOID: Type = { kind: 'void', name: 'void', size: 0 };
export const UINT64: Type = { kind: 'base', name: 'unsigned long', size: 8, encoding: ATE.unsigned };
export const INT64: Type = { kind: 'base', name: 'long', size: 8, encoding: ATE.signed };

export function pointerTo(target: Type): Type {
  return {
    kind: 'pointer',
    name: `${target.name}${target.name.endsWith('*') ? '' : ' '}*`,
    size: 8,
    target: () => target,
  };
}

const cache = new WeakMap<object, Map<number, Type>>();

/** The type that an entry describes; typedefs and qualifiers keep their name and take the shape of what they name. */
export function typeOf(die: Die | undefined, depth = 0): Type {
  if (die === undefined || depth > 32) return VOID;
  let types = cache.get(die.unit.info);
  if (types === undefined) {
    types = new Map();
    cache.set(die.unit.info, types);
  }
  let type = types.get(die.offset);
  if (type === undefined) {
    type = build(die, depth);
    types.set(die.offset, type);
  }
  return type;
}

function build(die: Die, depth: number): Type {
  const name = die.name;
  const size = die.number(AT.byteSize) ?? 0;
  const target = (): Type => typeOf(die.type, depth + 1);
  switch (die.tag) {
    case TAG.baseType:
      return { kind: 'base', name: name ?? 'int', size, encoding: die.number(AT.encoding) };
    case TAG.pointerType:
    case TAG.referenceType:
    case TAG.rvalueReferenceType: {
      const to = die.type;
      const base = to === undefined ? 'void' : nameOf(to);
      // Rust gives its references and raw pointers names of their own.
      if (name !== undefined) return { kind: 'pointer', name, size: size || 8, target: () => typeOf(to) };
      return {
        kind: 'pointer',
        name: `${base}${base.endsWith('*') ? '' : ' '}${die.tag === TAG.pointerType ? '*' : die.tag === TAG.referenceType ? '&' : '&&'}`,
        size: size || 8,
        target: () => typeOf(to),
      };
    }
    case TAG.typedef:
      return { ...target(), name: nameOf(die) };
    case TAG.constType:
      return qualified(die, 'const', target());
    case TAG.volatileType:
      return qualified(die, 'volatile', target());
    case TAG.restrictType:
    case TAG.atomicType:
      return target();
    case TAG.structureType:
    case TAG.classType:
    case TAG.unionType: {
      if (die.has(AT.declaration))
        return definitionOf(die) ?? { kind: 'struct', name: nameOf(die), size: 0, members: () => [] };
      let members: readonly Member[] | undefined;
      return {
        ...(isC(die) ? {} : { variants: () => variantsOf(die) }),
        kind: 'struct',
        name: nameOf(die),
        size,
        members: () => {
          members ??= membersOf(die);
          return members;
        },
      };
    }
    case TAG.enumerationType: {
      const enumerators = [...die.children()]
        .filter(child => child.tag === TAG.enumerator)
        .map(child => ({ name: child.name ?? '', value: child.bigint(AT.constValue) ?? 0n }));
      return {
        kind: 'enum',
        name: nameOf(die),
        size: size || 4,
        encoding: die.number(AT.encoding) ?? ATE.unsigned,
        enumerators,
      };
    }
    case TAG.arrayType:
      return arrayOf(die, depth);
    case TAG.subroutineType:
    case TAG.subprogram:
      return { kind: 'function', name: nameOf(die), size: 0, target };
    default:
      return { kind: 'base', name: name ?? 'unknown', size, encoding: ATE.unsigned };
  }
}

function qualified(_die: Die, qualifier: string, type: Type): Type {
  return { ...type, name: type.kind === 'pointer' ? `${type.name} ${qualifier}` : `${qualifier} ${type.name}` };
}

/** C and assembly (DW_LANG of DWARF 5, section 7.12), in which tags have a name space of their own. */
const C_LANGUAGES = new Set([0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x8001]);

function isRust(die: Die): boolean {
  return die.unit.root.number(AT.language) === DW_LANG_RUST;
}

function isC(die: Die): boolean {
  return C_LANGUAGES.has(die.unit.root.number(AT.language) ?? 0x0c);
}

const DW_LANG_RUST = 0x1c;

/** A name with the namespaces and classes around it, as C++ and Rust write it. */
function qualifiedName(die: Die): string {
  const name = die.name ?? '{...}';
  // What is defined outside of its class is declared within it.
  return isC(die) ? name : (die.reference(AT.specification) ?? die).holder + name;
}

/** The name of a type without its shape, so that a structure which points to itself has an end. */
function nameOf(die: Die, depth = 0): string {
  if (depth > 16) return 'void';
  const inner = (): string => (die.type === undefined ? 'void' : nameOf(die.type, depth + 1));
  switch (die.tag) {
    case TAG.structureType:
    case TAG.classType:
      return `${isC(die) ? 'struct ' : ''}${qualifiedName(die)}`;
    case TAG.unionType:
      return `${isC(die) ? 'union ' : ''}${qualifiedName(die)}`;
    case TAG.enumerationType:
      return `${isC(die) ? 'enum ' : ''}${qualifiedName(die)}`;
    case TAG.typedef:
      return qualifiedName(die);
    case TAG.pointerType: {
      if (die.name !== undefined) return die.name;
      const base = inner();
      return `${base}${base.endsWith('*') ? '' : ' '}*`;
    }
    case TAG.referenceType:
    case TAG.rvalueReferenceType:
      return `${inner()} ${die.tag === TAG.referenceType ? '&' : '&&'}`;
    case TAG.constType:
      return `const ${inner()}`;
    case TAG.volatileType:
      return `volatile ${inner()}`;
    case TAG.arrayType:
      return isRust(die) ? `[${inner()}]` : `${inner()}[]`;
    case TAG.subroutineType:
    case TAG.subprogram:
      return `${inner()} ()`;
    default:
      return die.name ?? inner();
  }
}

/** The full entry of a structure that is only declared here, in the same unit or another one. */
function definitionOf(die: Die): Type | undefined {
  const name = die.name;
  if (name === undefined) return undefined;
  const full = qualifiedName(die);
  for (const other of full === name ? die.unit.root.children() : []) {
    if (other.tag === die.tag && other.offset !== die.offset && !other.has(AT.declaration) && other.name === name)
      return typeOf(other);
  }
  const elsewhere = die.unit.info.definition?.(full, die.tag);
  return elsewhere === undefined ? undefined : typeOf(elsewhere);
}

function variantsOf(die: Die): Variants | undefined {
  for (const part of die.children()) {
    if (part.tag !== TAG.variantPart) continue;
    const discriminant = part.reference(AT.discriminant);
    const forms: { value?: bigint; member: Member }[] = [];
    for (const variant of part.children()) {
      if (variant.tag !== TAG.variant) continue;
      const value = variant.bigint(AT.discriminantValue);
      for (const member of membersOf(variant)) forms.push({ ...(value === undefined ? {} : { value }), member });
    }
    const place =
      discriminant === undefined
        ? undefined
        : { name: '', type: typeOf(discriminant.type), offset: discriminant.number(AT.dataMemberLocation) ?? 0 };
    return { ...(place === undefined ? {} : { discriminant: place }), forms };
  }
  return undefined;
}

function membersOf(die: Die): Member[] {
  const members: Member[] = [];
  for (const child of die.children()) {
    if (child.tag === TAG.inheritance) {
      const type = typeOf(child.type);
      const offset = child.number(AT.dataMemberLocation);
      // The place of a virtual base is in the table of virtual functions.
      if (offset !== undefined) members.push({ name: child.type?.name ?? type.name, type, offset, isBase: true });
      continue;
    }
    if (child.tag !== TAG.member || child.has(AT.external)) continue;
    const type = typeOf(child.type);
    const offset = child.number(AT.dataMemberLocation) ?? 0;
    const bitSize = child.number(AT.bitSize);
    let bitOffset = child.number(AT.dataBitOffset);
    const legacy = child.number(AT.bitOffset);
    if (bitSize !== undefined && bitOffset === undefined) {
      // DW_AT_bit_offset of DWARF 2 counts from the most significant bit of the storage unit.
      const storage = (child.number(AT.byteSize) ?? type.size) * 8;
      bitOffset = offset * 8 + (legacy === undefined ? 0 : storage - legacy - bitSize);
    }
    members.push({ name: child.name ?? '', type, offset, ...(bitSize !== undefined ? { bitOffset, bitSize } : {}) });
  }
  return members;
}

function arrayOf(die: Die, depth: number): Type {
  const element = typeOf(die.type, depth + 1);
  const counts: number[] = [];
  for (const child of die.children()) {
    if (child.tag !== TAG.subrangeType) continue;
    const upper = child.number(AT.upperBound);
    counts.push(child.number(AT.count) ?? (upper === undefined || upper < 0 || upper > 2 ** 40 ? 0 : upper + 1));
  }
  if (counts.length === 0) counts.push(0);
  let type = element;
  let suffix = '';
  for (const count of counts.reverse()) {
    const inner = type;
    suffix = `[${count === 0 ? '' : count}]${suffix}`;
    const name = isRust(die) ? `[${inner.name}; ${count}]` : `${element.name}${suffix}`;
    type = { kind: 'array', name, size: inner.size * count, count, target: () => inner };
  }
  return type;
}
