/** Flattened device trees (Devicetree Specification 0.4, chapter 5): reading, writing, and patching one that a user gives. */

import { hex } from './device.ts';

/** Cells are 32-bit numbers; `true` is a property without a value. */
export type PropertyValue = string | readonly string[] | readonly number[] | Uint8Array | true;

export interface TreeNode {
  /** Empty for the root. */
  readonly name: string;
  readonly properties: Map<string, PropertyValue>;
  readonly children: TreeNode[];
}

export interface DeviceTree {
  readonly root: TreeNode;
  /** Memory that the tree asks to leave alone: address and size. */
  readonly reservations: readonly (readonly [bigint, bigint])[];
  readonly bootPe: number;
}

const MAGIC = 0xd00dfeed;
const HEADER_BYTES = 40;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const BEGIN_NODE = 1;
const END_NODE = 2;
const PROPERTY = 3;
const NOP = 4;
const END = 9;
const MAXIMUM_DEPTH = 64;

/** A node, its properties in the order given. */
export function node(
  name: string,
  properties: Readonly<Record<string, PropertyValue>>,
  children: readonly TreeNode[] = [],
): TreeNode {
  return { name, properties: new Map(Object.entries(properties)), children: [...children] };
}

/** A 64-bit address or size as two cells. */
export function cells64(value: number | bigint): [number, number] {
  const wide = BigInt(value);
  return [Number((wide >> 32n) & 0xffffffffn), Number(wide & 0xffffffffn)];
}

const encoder = new TextEncoder();

function encode(value: PropertyValue): Uint8Array {
  if (value === true) return new Uint8Array(0);
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return encoder.encode(`${value}\0`);
  if (value.length > 0 && typeof value[0] === 'string') return encoder.encode(value.map(text => `${text}\0`).join(''));
  const bytes = new Uint8Array(4 * value.length);
  const view = new DataView(bytes.buffer);
  for (const [index, cell] of (value as readonly number[]).entries()) view.setUint32(4 * index, cell);
  return bytes;
}

/** A growing big-endian buffer. */
class Writer {
  #bytes = new Uint8Array(4096);
  length = 0;

  #room(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const bigger = new Uint8Array(2 * (this.length + count));
    bigger.set(this.#bytes);
    this.#bytes = bigger;
  }

  u32(value: number): void {
    this.#room(4);
    new DataView(this.#bytes.buffer).setUint32(this.length, value);
    this.length += 4;
  }

  /** Bytes, then zeros up to a multiple of 4. */
  padded(data: Uint8Array): void {
    const size = (data.length + 3) & ~3;
    this.#room(size);
    this.#bytes.set(data, this.length);
    this.length += size;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}

/** The tree as a blob of version 17. */
export function writeDeviceTree(tree: DeviceTree): Uint8Array {
  const structure = new Writer();
  const strings = new Map<string, number>();
  let stringBytes = 0;

  const write = ({ name, properties, children }: TreeNode): void => {
    structure.u32(BEGIN_NODE);
    structure.padded(encoder.encode(`${name}\0`));
    for (const [key, value] of properties) {
      let offset = strings.get(key);
      if (offset === undefined) {
        offset = stringBytes;
        strings.set(key, offset);
        stringBytes += encoder.encode(key).length + 1;
      }
      const data = encode(value);
      structure.u32(PROPERTY);
      structure.u32(data.length);
      structure.u32(offset);
      structure.padded(data);
    }
    for (const child of children) write(child);
    structure.u32(END_NODE);
  };
  write(tree.root);
  structure.u32(END);

  const reservationBytes = 16 * (tree.reservations.length + 1);
  const structureAt = HEADER_BYTES + reservationBytes;
  const stringsAt = structureAt + structure.length;
  const total = (stringsAt + stringBytes + 7) & ~7;
  const blob = new Uint8Array(total);
  const view = new DataView(blob.buffer);
  const header = [
    MAGIC,
    total,
    structureAt,
    stringsAt,
    HEADER_BYTES,
    VERSION,
    LAST_COMPATIBLE_VERSION,
    tree.bootPe,
    stringBytes,
    structure.length,
  ];
  for (const [index, value] of header.entries()) view.setUint32(4 * index, value);
  tree.reservations.forEach(([address, size], index) => {
    view.setBigUint64(HEADER_BYTES + 16 * index, address);
    view.setBigUint64(HEADER_BYTES + 16 * index + 8, size);
  });
  blob.set(structure.bytes, structureAt);
  blob.set(encoder.encode([...strings.keys()].map(key => `${key}\0`).join('')), stringsAt);
  return blob;
}

/** Reads a blob; throws a sentence when it is not a well-formed one. Property values come as bytes. */
export function readDeviceTree(blob: Uint8Array): DeviceTree {
  const fail = (what: string): never => {
    throw new Error(`The device tree ${what}.`);
  };
  if (blob.length < HEADER_BYTES)
    fail(`is too short: it has ${blob.length} bytes, and a header alone has ${HEADER_BYTES}`);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  const field = (index: number): number => view.getUint32(4 * index);
  if (field(0) !== MAGIC)
    fail(`does not begin with the magic number ${hex(MAGIC)}; compile a source file with dtc first`);
  const [total, structureAt, stringsAt, reservationsAt, version, compatible, bootPe] = [1, 2, 3, 4, 5, 6, 7].map(field);
  const stringBytes = field(8);
  if (total > blob.length) fail(`is truncated: its header says ${total} bytes, and there are ${blob.length}`);
  if (version < LAST_COMPATIBLE_VERSION || compatible > VERSION) {
    fail(
      `has version ${version} and is compatible with ${compatible}, but only ${LAST_COMPATIBLE_VERSION} and ${VERSION} are supported`,
    );
  }
  const inside = (at: number, length: number): number =>
    at + length > total ? fail(`is damaged: a part at offset ${hex(at)} reaches over its end`) : at;
  const u32 = (at: number): number => view.getUint32(inside(at, 4));
  const text = (at: number, limit: number): string => {
    const end = blob.indexOf(0, at);
    if (at > limit || end < 0 || end >= limit) fail(`is damaged: the name at offset ${hex(at)} has no end`);
    return new TextDecoder().decode(blob.subarray(at, end));
  };

  const reservations: [bigint, bigint][] = [];
  for (let at = reservationsAt; ; at += 16) {
    inside(at, 16);
    const pair: [bigint, bigint] = [view.getBigUint64(at), view.getBigUint64(at + 8)];
    if (pair[0] === 0n && pair[1] === 0n) break;
    reservations.push(pair);
  }

  const open: TreeNode[] = [];
  let root: TreeNode | undefined;
  for (let at = structureAt; ; ) {
    const token = u32(at);
    at += 4;
    if (token === BEGIN_NODE) {
      const name = text(at, total);
      at += (encoder.encode(name).length + 4) & ~3;
      const child = node(name, {});
      const parent = open.at(-1);
      if (parent !== undefined) parent.children.push(child);
      else if (root === undefined) root = child;
      else fail('is damaged: it has two roots');
      open.push(child);
      if (open.length > MAXIMUM_DEPTH) fail(`is nested deeper than ${MAXIMUM_DEPTH} nodes`);
    } else if (token === END_NODE) {
      if (open.pop() === undefined) fail(`is damaged: at offset ${hex(at - 4)} a node ends that never began`);
    } else if (token === PROPERTY) {
      const length = u32(at);
      const name = text(stringsAt + u32(at + 4), stringsAt + stringBytes);
      inside(at + 8, length);
      const owner = open.at(-1) ?? fail(`is damaged: the property ${name} is outside of every node`);
      owner.properties.set(name, blob.slice(at + 8, at + 8 + length));
      at += 8 + ((length + 3) & ~3);
    } else if (token === END) {
      if (root === undefined || open.length > 0) return fail('is damaged: it ends inside of a node');
      return { root, reservations, bootPe };
    } else if (token !== NOP) {
      fail(`is damaged: at offset ${hex(at - 4)} there is ${hex(token)} instead of a token`);
    }
  }
}

/** The child of a node by its name with or without the unit address. */
export function child(parent: TreeNode, name: string): TreeNode | undefined {
  return parent.children.find(node => node.name === name || node.name.split('@', 1)[0] === name);
}

/** What the loader knows only once everything has its place. */
export interface Chosen {
  readonly bootargs?: string;
  /** PA and bytes. */
  readonly initrd?: { readonly pa: number; readonly bytes: number };
  /** Kernel of the first guest of a hypervisor, with the guest's command line. */
  readonly guest?: { readonly pa: number; readonly bytes: number; readonly bootargs: string };
}

/** Puts the command line, the initrd and a hypervisor's first guest (Xen, "Device tree: booting") into /chosen. */
export function setChosen(tree: DeviceTree, chosen: Chosen): void {
  let target = child(tree.root, 'chosen');
  if (target === undefined) {
    target = node('chosen', {});
    tree.root.children.push(target);
  }
  if (chosen.bootargs !== undefined) target.properties.set('bootargs', chosen.bootargs);
  if (chosen.initrd !== undefined) {
    target.properties.set('linux,initrd-start', cells64(chosen.initrd.pa));
    target.properties.set('linux,initrd-end', cells64(chosen.initrd.pa + chosen.initrd.bytes));
  }
  if (chosen.guest !== undefined) {
    const { pa, bytes, bootargs } = chosen.guest;
    // Cells of an address and of a size are counted as those of the root.
    const cut = (value: number, property: string, otherwise: number): number[] =>
      cells64(value).slice(2 - Math.min(2, cellCount(tree.root, property, otherwise)));
    const others = target.children.filter(({ name }) => !name.startsWith('module@'));
    target.children.splice(
      0,
      target.children.length,
      ...others,
      node(`module@${pa.toString(16)}`, {
        compatible: ['multiboot,kernel', 'multiboot,module'],
        reg: [...cut(pa, '#address-cells', 2), ...cut(bytes, '#size-cells', 1)],
        bootargs,
      }),
    );
  }
}

/** Number in the cells of a property; 2 for addresses and 1 for sizes when a node does not say. */
function cellCount(owner: TreeNode, property: string, otherwise: number): number {
  const value = owner.properties.get(property);
  if (Array.isArray(value) && typeof value[0] === 'number') return value[0];
  if (!(value instanceof Uint8Array) || value.length !== 4) return otherwise;
  return new DataView(value.buffer, value.byteOffset).getUint32(0);
}

/** Makes the one memory node of a tree that was read say where RAM is. */
export function setMemory(tree: DeviceTree, base: number, bytes: number): void {
  tree.root.children.splice(
    0,
    tree.root.children.length,
    ...tree.root.children.filter(({ name }) => name !== 'memory' && !name.startsWith('memory@')),
  );
  const cut = (value: number, count: number): number[] => cells64(value).slice(2 - count);
  const reg = [
    ...cut(base, Math.min(2, cellCount(tree.root, '#address-cells', 2))),
    ...cut(bytes, Math.min(2, cellCount(tree.root, '#size-cells', 1))),
  ];
  tree.root.children.push(node(`memory@${base.toString(16)}`, { device_type: 'memory', reg }));
}
