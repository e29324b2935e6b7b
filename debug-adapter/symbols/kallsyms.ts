/**
 * The symbols that a Linux kernel keeps of itself, read out of its memory: a kernel without debug data has names all the
 * same, at the addresses where it runs, wherever KASLR or EFI have put it.
 *
 * The tables are those that scripts/kallsyms.c of Linux 5.x to 7.x writes: names, compressed by 256 tokens; a marker for
 * every 256th name; offsets from a base. Their order has changed over time, so each is found by what it must contain.
 */

import type { AddressSpace, PeView, TranslationRegime } from '../../simulator/target.ts';
import { buildElf, type PlainSymbol } from './build-elf.ts';
import { loadSymbols, type SymbolTable } from './index.ts';

export interface KernelSymbols {
  readonly table: SymbolTable;
  readonly count: number;
  /** What the kernel calls itself, such as `Linux version 6.1.0`. */
  readonly banner: string;
  /** Address of `_text`. */
  readonly text: bigint;
}

/** How far below and above its exception vectors a kernel may reach. */
const BELOW = 48 * 2 ** 20;
const ABOVE = 64 * 2 ** 20;
const CHUNK = 2 ** 20;
const PAGE = 4096;
const TOKENS = 256;
/** Names to a marker. */
const GROUP = 256;
/** Markers that are recognised as such, and bytes that may stand behind them. */
const LEAST_MARKERS = 16;
const MOST_ORDER = 2 ** 22;

/** Finds the kernel whose exception vectors a PE has. Throws a sentence when there is none. */
export function findKallsyms(pe: PeView): KernelSymbols {
  const regime: TranslationRegime = pe.regime === 'EL2&0' ? 'EL2&0' : 'EL1&0';
  const vectors = pe.readRegister(regime === 'EL1&0' ? 'VBAR_EL1' : 'VBAR_EL2');
  if (vectors >> 48n !== 0xffffn)
    throw new Error(
      `${regime === 'EL1&0' ? 'VBAR_EL1' : 'VBAR_EL2'} is 0x${vectors.toString(16)}: no Linux kernel runs there yet.`,
    );
  const image = readImage(pe, { kind: 'va', regime }, vectors);
  const found = parseKallsyms(image.bytes, image.base, vectors);
  if (found === undefined) throw new Error('No symbols of a Linux kernel were found around its exception vectors.');
  const text = found.find(symbol => symbol.name === '_text')?.address ?? found[0].address;
  const banner = bannerOf(image.bytes);
  const bytes = buildElf(found, text);
  const vmid = pe.vmid;
  const name = `${banner}${vmid === undefined ? '' : ` (VMID ${vmid})`}`;
  const table = loadSymbols(bytes, name, {
    regime,
    bias: 0n,
    fromMemory: true,
    ...(vmid === undefined ? {} : { vmid }),
  });
  return { table, count: found.length, banner, text };
}

/** The mapped memory around an address; holes read as zeros. */
function readImage(
  pe: PeView,
  space: AddressSpace,
  around: bigint,
): { readonly bytes: Uint8Array; readonly base: bigint } {
  const base = (around - BigInt(BELOW)) & ~BigInt(CHUNK - 1);
  const bytes = new Uint8Array(BELOW + ABOVE);
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const whole = pe.read(space, base + BigInt(at), CHUNK);
    if (whole !== undefined) {
      bytes.set(whole, at);
      continue;
    }
    for (let page = at; page < at + CHUNK; page += PAGE) {
      const data = pe.read(space, base + BigInt(page), PAGE);
      if (data !== undefined) bytes.set(data, page);
    }
  }
  return { bytes, base };
}

function bannerOf(bytes: Uint8Array): string {
  const at = indexOf(bytes, new TextEncoder().encode('Linux version '), 0);
  if (at < 0) return 'Linux';
  const text = new TextDecoder().decode(bytes.subarray(at, at + 64));
  return /^Linux version \S+/.exec(text)?.[0] ?? 'Linux';
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    let length = 1;
    while (length < wanted.length && bytes[at + length] === wanted[length]) length++;
    if (length === wanted.length) return at;
  }
  return -1;
}

/** Tokens of the digits stand for themselves and follow each other. */
const DIGITS = Uint8Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 0x30 + index / 2 : 0));

interface Layout {
  readonly tokens: readonly Uint8Array[];
  readonly tokenTable: number;
  /** Behind the index of the tokens. */
  readonly end: number;
}

/** The symbols in an image of a kernel; undefined when it has none. Addresses are those where the kernel runs. */
export function parseKallsyms(bytes: Uint8Array, base: bigint, vectors: bigint): readonly PlainSymbol[] | undefined {
  for (let at = indexOf(bytes, DIGITS, 0); at >= 0; at = indexOf(bytes, DIGITS, at + 1)) {
    const layout = tokensAround(bytes, at);
    const names = layout && namesBefore(bytes, layout);
    const symbols = names && place(bytes, base, layout, names, vectors);
    if (symbols !== undefined) return symbols;
  }
  return undefined;
}

/** The token table that has the digits at an offset, checked against the index behind it. */
function tokensAround(bytes: Uint8Array, digits: number): Layout | undefined {
  let start = digits;
  for (let count = 0; count < 0x30; count++) {
    let before = start - 2;
    while (before > 0 && bytes[before] !== 0) before--;
    if (start - before > 64) return undefined;
    start = before + 1;
  }
  const tokens: Uint8Array[] = [];
  const offsets: number[] = [];
  let end = start;
  for (let count = 0; count < TOKENS; count++) {
    const stop = bytes.indexOf(0, end);
    if (stop < 0 || stop === end || stop - end > 64) return undefined;
    offsets.push(end - start);
    tokens.push(bytes.subarray(end, stop));
    end = stop + 1;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = (end + 3) & ~3; index <= end + 16 && index + 2 * TOKENS <= bytes.length; index += 4) {
    if (offsets.every((offset, token) => view.getUint16(index + 2 * token, true) === offset))
      return { tokens, tokenTable: start, end: index + 2 * TOKENS };
  }
  return undefined;
}

interface Names {
  readonly names: readonly string[];
  /** Offset of the number of symbols. */
  readonly countAt: number;
}

function namesBefore(bytes: Uint8Array, layout: Layout): Names | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Markers ascend from 0. Between them and the tokens may stand the order of the names, three bytes each (Linux 6.2).
  const isMarker = (at: number): boolean => {
    const step = view.getUint32(at, true) - view.getUint32(at - 4, true);
    return step >= 2 * GROUP && step <= 128 * GROUP;
  };
  let last = (layout.tokenTable & ~3) - 4;
  for (const lowest = Math.max(4 * LEAST_MARKERS, last - MOST_ORDER); ; last -= 4) {
    if (last < lowest) return undefined;
    let run = 0;
    while (run < LEAST_MARKERS && isMarker(last - 4 * run)) run++;
    if (run === LEAST_MARKERS) break;
  }
  let first = last;
  while (first > 4 && isMarker(first)) first -= 4;
  const count = (last - first) / 4 + 1;
  if (view.getUint32(first, true) !== 0) return undefined;
  const markers = Array.from({ length: count }, (_, index) => view.getUint32(first + 4 * index, true));
  const least = markers[count - 1];
  // The names end before the markers; their number stands before them.
  for (let start = (first - least) & ~3; start > first - least - GROUP * 128 && start > 8; start -= 4) {
    for (const countAt of [start - 8, start - 4]) {
      const total = view.getUint32(countAt, true);
      if (Math.ceil(total / GROUP) !== count) continue;
      const names = readNames(bytes, start, total, markers, layout.tokens);
      if (names !== undefined) return { names, countAt };
    }
  }
  return undefined;
}

function readNames(
  bytes: Uint8Array,
  start: number,
  total: number,
  markers: readonly number[],
  tokens: readonly Uint8Array[],
): readonly string[] | undefined {
  // The lengths alone decide whether this is the table, before anything is expanded.
  const offsets: number[] = [];
  let at = start;
  for (let index = 0; index < total; index++) {
    if (index % GROUP === 0 && at - start !== markers[index / GROUP]) return undefined;
    offsets.push(at);
    let length = bytes[at++];
    if (length & 0x80) length = (length & 0x7f) | (bytes[at++] << 7);
    if (length === 0) return undefined;
    at += length;
  }
  const texts = tokens.map(token => String.fromCharCode(...token));
  return offsets.map(offset => {
    let from = offset;
    let length = bytes[from++];
    if (length & 0x80) length = (length & 0x7f) | (bytes[from++] << 7);
    let name = '';
    for (let index = 0; index < length; index++) name += texts[bytes[from + index]];
    return name;
  });
}

/**
 * Offsets stand before the number of symbols, or behind the index of the tokens (since Linux 6.4). They count from a base,
 * or each from where it stands itself (since Linux 7).
 */
function place(
  bytes: Uint8Array,
  base: bigint,
  layout: Layout,
  { names, countAt }: Names,
  vectors: bigint,
): readonly PlainSymbol[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = 4 * names.length;
  const own = names.findIndex(name => name.slice(1) === 'vectors');
  if (own < 0) return undefined;
  const fromBase = (at: number, index: number): number => view.getUint32(at + 4 * index, true);
  const fromItself = (at: number, index: number): number => at + 4 * index + view.getInt32(at + 4 * index, true);
  const places = [
    ...[8, 12, 16, 20, 24].map(gap => countAt - gap - length),
    ...[0, 4, 8, 12].map(gap => layout.end + gap),
  ];
  for (const at of places.map(one => one & ~3)) {
    if (at < 0 || at + length > bytes.length) continue;
    for (const read of [fromBase, fromItself]) {
      if (!ascends(names.length, index => read(at, index))) continue;
      const zero =
        read === fromItself ? base : (baseBehind(view, at + length, base) ?? vectors - BigInt(read(at, own)));
      return names.map((name, index) => ({
        type: name[0],
        name: name.slice(1),
        address: zero + BigInt(read(at, index)),
      }));
    }
  }
  return undefined;
}

/**
 * The base of offsets, which stands behind them, relocated as the kernel is. VBAR says less: while a guest runs, a host
 * with VHE has the vectors of KVM there.
 */
function baseBehind(view: DataView, end: number, image: bigint): bigint | undefined {
  for (let at = (end + 3) & ~3; at <= end + 12 && at + 8 <= view.byteLength; at += 4) {
    const value = view.getBigUint64(at, true);
    if (value >= image && value < image + BigInt(view.byteLength)) return value;
  }
  return undefined;
}

/** Whether numbers are addresses of one image in their order. */
function ascends(count: number, read: (index: number) => number): boolean {
  for (let index = 1; index < count; index += 97) if (read(index) < read(index - 1)) return false;
  const reach = read(count - 1) - read(0);
  return reach > PAGE && reach < BELOW + ABOVE;
}
