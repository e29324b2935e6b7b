/** Values of the debuggee: where they are, how they are read, written and shown. */

import type { PeView } from '../simulator/target.ts';
import { formatPlace, hex, type Place } from './address.ts';
import { ATE } from './symbols/dwarf/constants.ts';
import { type Member, pointerTo, type Type } from './symbols/dwarf/types.ts';

export interface Value {
  readonly type: Type;
  /** Of a number, pointer or enumeration; raw bits, unsigned, as wide as the type. */
  readonly scalar?: bigint;
  /** Where it is in memory. */
  readonly place?: Place;
  /** Where pointers in it point to, for what is not in memory itself: a register of a frame has no regime of its own. */
  readonly pointsInto?: Place['space'];
  /** Contents of an aggregate that is not in memory. */
  readonly bytes?: Uint8Array;
  /** A register, whose fields are its members. */
  readonly register?: string;
  /** A field of a register. */
  readonly field?: { readonly register: string; readonly name: string; readonly msb: number; readonly lsb: number };
  /** What the architecture calls this value of a field. */
  readonly meaning?: string;
  /** Stores a scalar; undefined for what cannot be assigned. */
  readonly assign?: (value: bigint) => void;
}

export function toNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]);
  return value;
}

export function toBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => Number((value >> BigInt(index * 8)) & 0xffn));
}

export function isScalar(type: Type): boolean {
  return type.kind === 'base' || type.kind === 'pointer' || type.kind === 'enum';
}

export function isSigned(type: Type): boolean {
  return type.encoding === ATE.signed || type.encoding === ATE.signedChar;
}

/** The mathematical value of a scalar: signed types are extended. */
export function numeric(value: Value): bigint {
  if (value.scalar === undefined) throw new Error(`A value of type ${value.type.name} is not a number.`);
  return isSigned(value.type) && value.type.size > 0 ? BigInt.asIntN(value.type.size * 8, value.scalar) : value.scalar;
}

/** Reads what is at a place. Throws a sentence when there is no memory. */
export function load(
  pe: PeView,
  place: Place,
  type: Type,
  bits?: { readonly offset: number; readonly size: number },
): Value {
  if (!isScalar(type)) return { type, place };
  const first = bits === undefined ? 0 : Math.floor(bits.offset / 8);
  const size = bits === undefined ? type.size : Math.ceil((bits.offset + bits.size) / 8) - first;
  const at = { space: place.space, address: BigInt.asUintN(64, place.address + BigInt(first)) };
  const data = pe.read(at.space, at.address, size);
  if (data === undefined) throw new Error(`There is no memory at ${formatPlace(at, pe)}.`);
  const whole = toNumber(data);
  const shift = bits === undefined ? 0n : BigInt(bits.offset % 8);
  const width = BigInt(bits?.size ?? size * 8);
  const mask = (1n << width) - 1n;
  const raw = (whole >> shift) & mask;
  const scalar =
    bits !== undefined && isSigned(type) ? BigInt.asUintN(type.size * 8, BigInt.asIntN(bits.size, raw)) : raw;
  const assign = (value: bigint): void => {
    const now = pe.read(at.space, at.address, size);
    const before = now === undefined ? whole : toNumber(now);
    const merged = (before & ~(mask << shift)) | ((value & mask) << shift);
    if (!pe.write(at.space, at.address, toBytes(merged, size))) {
      throw new Error(`Memory at ${formatPlace(at, pe)} cannot be written: it is not mapped or a device.`);
    }
  };
  return { type, scalar, ...(bits === undefined ? { place } : {}), assign };
}

/** A part of an aggregate. */
function part(pe: PeView, value: Value, type: Type, offset: number, bits?: { offset: number; size: number }): Value {
  if (value.place !== undefined) {
    const base = bits === undefined ? BigInt(offset) : 0n;
    return load(pe, { space: value.place.space, address: BigInt.asUintN(64, value.place.address + base) }, type, bits);
  }
  const bytes = value.bytes?.subarray(offset, offset + type.size);
  if (bytes === undefined) throw new Error('The value is optimised out.');
  if (bits !== undefined) {
    const scalar = (toNumber(value.bytes ?? bytes) >> BigInt(bits.offset)) & ((1n << BigInt(bits.size)) - 1n);
    return { type, scalar };
  }
  const { pointsInto } = value;
  const more = pointsInto === undefined ? {} : { pointsInto };
  return isScalar(type) ? { type, scalar: toNumber(bytes), ...more } : { type, bytes, ...more };
}

/** The form that an enumeration with data has at the moment; undefined for other types. */
function formOf(pe: PeView, value: Value): Member | undefined {
  const variants = value.type.variants?.();
  if (variants === undefined) return undefined;
  const { discriminant, forms } = variants;
  if (discriminant === undefined) return forms[0]?.member;
  const { scalar } = part(pe, value, discriminant.type, discriminant.offset);
  const bits = discriminant.type.size * 8;
  const found = forms.find(one => one.value !== undefined && BigInt.asUintN(bits, one.value) === scalar);
  return (found ?? forms.find(one => one.value === undefined))?.member;
}

/** The members that a value has. */
export function membersOf(pe: PeView, value: Value): readonly Member[] {
  const members = value.type.members?.() ?? [];
  const form = formOf(pe, value);
  return form === undefined ? members : [...members, form];
}

/** The elements of a slice of Rust, which is a pointer and a length; undefined for other values. */
export function sliceOf(pe: PeView, value: Value): Value | undefined {
  if (value.type.kind !== 'struct' || !/^&(mut )?(\[.*\]|str)$/.test(value.type.name)) return undefined;
  const data = memberOf(pe, value, 'data_ptr');
  const length = memberOf(pe, value, 'length')?.scalar;
  const target = data?.type.target?.();
  if (data?.scalar === undefined || length === undefined || target === undefined) return undefined;
  const count = Number(length > 0xffff_ffffn ? 0n : length);
  const name = `[${target.name}; ${count}]`;
  const type: Type = { kind: 'array', name, size: target.size * count, count, target: () => target };
  const space = value.place?.space ?? value.pointsInto ?? { kind: 'va' };
  return { type, place: { space, address: data.scalar } };
}

/** A member of a structure by name; members of anonymous members and of base classes count. */
export function memberOf(pe: PeView, value: Value, name: string): Value | undefined {
  for (const member of membersOf(pe, value)) {
    const bits = member.bitSize === undefined ? undefined : { offset: member.bitOffset ?? 0, size: member.bitSize };
    if (member.name === name) return part(pe, value, member.type, member.offset, bits);
    if (member.name !== '' && !member.isBase) continue;
    const inner = memberOf(pe, part(pe, value, member.type, member.offset), name);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

export function elementOf(pe: PeView, value: Value, index: number): Value {
  const type = value.type.target?.();
  if (type === undefined) throw new Error(`A value of type ${value.type.name} has no elements.`);
  return part(pe, value, type, type.size * index);
}

/** What a pointer points to, in the space of the pointer itself or of the frame. */
export function dereference(pe: PeView, value: Value, space: Place['space']): Value {
  const type = value.type.target?.();
  if (value.type.kind !== 'pointer' || type === undefined || value.scalar === undefined) {
    throw new Error(`A value of type ${value.type.name} is no pointer.`);
  }
  return load(pe, { space, address: value.scalar }, type);
}

/** Number of children, split as DAP pages them. */
export function childCount(pe: PeView, value: Value): { readonly named: number; readonly indexed: number } {
  switch (value.type.kind) {
    case 'struct': {
      const elements = sliceOf(pe, value);
      if (elements !== undefined) return { named: 0, indexed: elements.type.count ?? 0 };
      return { named: membersOf(pe, value).length, indexed: 0 };
    }
    case 'array':
      return { named: 0, indexed: value.type.count ?? 0 };
    case 'pointer': {
      const target = value.type.target?.();
      const open = target !== undefined && target.kind !== 'void' && target.kind !== 'function' && value.scalar !== 0n;
      return { named: open ? 1 : 0, indexed: 0 };
    }
    default:
      return { named: 0, indexed: 0 };
  }
}

export interface FormatOptions {
  readonly hex?: boolean;
  /** As written behind an expression; wins over `hex`. */
  readonly style?: Style;
}

/** How scalars are written: hexadecimal, decimal, unsigned, octal, binary, as characters; `s` is the text at an address. */
export const STYLES = ['x', 'd', 'u', 'o', 'b', 'c', 's'] as const;
export type Style = (typeof STYLES)[number];

function styled(value: Value, scalar: bigint, style: Style): string {
  const bits = (value.type.size || 8) * 8;
  switch (style) {
    case 'x':
      return hex(scalar, bits / 4);
    case 'd':
      return String(BigInt.asIntN(bits, scalar));
    case 'o':
      return `0${scalar.toString(8)}`;
    case 'b':
      return `0b${scalar.toString(2).padStart(bits, '0')}`;
    case 'c':
      return `${scalar}${printable(scalar & 0xffn)}`;
    default:
      return String(scalar);
  }
}

const LONGEST_TEXT = 1024;

/** The text at an address, up to its end, byte by byte as memory allows. */
function textAt(pe: PeView, place: Place): string {
  const bytes: number[] = [];
  while (bytes.length < LONGEST_TEXT) {
    const address = BigInt.asUintN(64, place.address + BigInt(bytes.length));
    const [byte] = pe.read(place.space, address, 1) ?? [];
    if (byte === undefined && bytes.length === 0) throw new Error(`There is no memory at ${formatPlace(place, pe)}.`);
    if (byte === undefined || byte === 0) break;
    bytes.push(byte);
  }
  return JSON.stringify(new TextDecoder().decode(Uint8Array.from(bytes)));
}

function printable(code: bigint): string {
  return code >= 32n && code < 127n ? ` '${String.fromCharCode(Number(code))}'` : '';
}

/** A character of Unicode, where there is one of this number and it can be seen. */
function codePoint(code: number): string {
  const isCharacter = code >= 32 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && (code < 127 || code >= 160);
  return isCharacter ? ` '${String.fromCodePoint(code)}'` : '';
}

function float(bits: bigint, size: number): string | undefined {
  const bytes = toBytes(bits, size);
  const view = new DataView(bytes.buffer);
  return size === 8 ? String(view.getFloat64(0, true)) : size === 4 ? String(view.getFloat32(0, true)) : undefined;
}

/** Where a number leads: in the space that it was written with, else in the present one. */
function pointedTo({ place, assign }: Value, address: bigint): Place {
  return { space: assign === undefined && place !== undefined ? place.space : { kind: 'va' }, address };
}

/** A value in one line. */
export function formatValue(pe: PeView, value: Value, options: FormatOptions = {}): string {
  const { type, scalar } = value;
  const { style } = options;
  if (style === 's') {
    const place = scalar === undefined ? value.place : pointedTo(value, scalar);
    if (place !== undefined) return textAt(pe, place);
  } else if (style !== undefined && scalar !== undefined && type.size > 0) return styled(value, scalar, style);
  if (scalar === undefined) {
    if (type.kind === 'array') return `${type.name}${textOf(pe, value)}`;
    const form = formOf(pe, value);
    if (form !== undefined) return `${form.name}${formText(pe, value, form, options)}`;
    const slice = sliceOf(pe, value);
    if (slice !== undefined) return type.name.endsWith('str') ? quoted(pe, slice) : slice.type.name;
    return value.place === undefined ? type.name : `${type.name} at ${formatPlace(value.place, pe)}`;
  }
  if (value.register !== undefined) return hex(scalar, type.size * 2);
  if (value.meaning !== undefined) return `${hex(scalar)} (${value.meaning})`;
  if (type.kind === 'pointer') return hex(scalar, 16);
  if (type.kind === 'enum') {
    const found = type.enumerators?.find(one => BigInt.asUintN(type.size * 8, one.value) === scalar);
    return found === undefined ? String(scalar) : `${found.name} (${found.value})`;
  }
  if (type.encoding === ATE.float) return float(scalar, type.size) ?? hex(scalar);
  if (options.hex) return hex(scalar, type.size * 2);
  if (type.encoding === ATE.boolean) return scalar === 0n ? 'false' : 'true';
  const number = numeric(value);
  if (type.encoding === ATE.utf) return `${number}${codePoint(Number(number))}`;
  const isChar = type.encoding === ATE.signedChar || type.encoding === ATE.unsignedChar;
  return isChar ? `${number}${printable(scalar)}` : String(number);
}

/** What a form of an enumeration has, where that is one value which fits into a line; `__0` has no name in the source. */
function formText(pe: PeView, value: Value, form: Member, options: FormatOptions): string {
  const inner = part(pe, value, form.type, form.offset);
  const members = form.type.members?.() ?? [];
  if (members.length === 0) return '';
  const [{ name, type, offset }] = members;
  const isNamed = !name.startsWith('__');
  const only = members.length > 1 ? undefined : part(pe, inner, type, offset);
  const isShort = only?.scalar !== undefined || (only && (formOf(pe, only) ?? sliceOf(pe, only)) !== undefined);
  const text = only !== undefined && isShort ? formatValue(pe, only, options) : '...';
  if (!isNamed) return `(${text})`;
  return isShort ? ` { ${name}: ${text} }` : ' { ... }';
}

function quoted(pe: PeView, { type, place }: Value): string {
  const count = Math.min(type.count ?? 0, LONGEST_TEXT);
  const bytes = place === undefined || count === 0 ? new Uint8Array(0) : pe.read(place.space, place.address, count);
  if (bytes === undefined) return type.name;
  return JSON.stringify(new TextDecoder().decode(bytes)) + ((type.count ?? 0) > count ? '...' : '');
}

/** The text in an array of characters, quoted. */
function textOf(pe: PeView, value: Value): string {
  const element = value.type.target?.();
  const isText = element?.size === 1 && (element.encoding === ATE.signedChar || element.encoding === ATE.unsignedChar);
  const count = Math.min(value.type.count ?? 0, 64);
  if (!isText || count === 0) return '';
  const bytes = value.place === undefined ? value.bytes : pe.read(value.place.space, value.place.address, count);
  if (bytes === undefined) return '';
  const end = bytes.indexOf(0);
  return ` ${JSON.stringify(String.fromCharCode(...bytes.subarray(0, end < 0 ? count : Math.min(end, count))))}`;
}

export function addressOf(value: Value): Value {
  if (value.place === undefined) throw new Error('The value is not in memory and has no address.');
  // It carries its space, so that it leads back to the same place.
  return { type: pointerTo(value.type), scalar: value.place.address, place: value.place };
}
