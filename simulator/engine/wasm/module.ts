/** Writes WebAssembly modules: a byte buffer with the LEB128 forms, and the sections of a module. */

import { DROP, I64_CONST, LOCAL_GET, LOCAL_SET, loadCode, opcodes, storeCode, type Type, typeCode } from './opcodes.ts';

const encoder = new TextEncoder();

export class Bytes {
  #buffer: Uint8Array<ArrayBuffer>;
  length = 0;

  // Most bodies are short, and V8 keeps so small a buffer on its heap, where it costs nothing.
  constructor(capacity = 64) {
    this.#buffer = new Uint8Array(capacity);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 4, this.length + count));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
  }

  byte(value: number): this {
    if (this.length === this.#buffer.length) this.#reserve(1);
    this.#buffer[this.length++] = value;
    return this;
  }

  append(bytes: Bytes | Uint8Array): this {
    const added = bytes instanceof Bytes ? bytes.#buffer.subarray(0, bytes.length) : bytes;
    this.#reserve(added.length);
    this.#buffer.set(added, this.length);
    this.length += added.length;
    return this;
  }

  /** Appends a part of some bytes. */
  copy(bytes: Uint8Array, from: number, to: number): this {
    if (this.length + to - from > this.#buffer.length) this.#reserve(to - from);
    const buffer = this.#buffer;
    let { length } = this;
    // Such parts are short: a view of one would take longer than the copy.
    for (let at = from; at < to; at++) buffer[length++] = bytes[at];
    this.length = length;
    return this;
  }

  /** Puts two bytes in the place of others. */
  put(at: number, first: number, second: number): void {
    this.#buffer[at] = first;
    this.#buffer[at + 1] = second;
  }

  unsigned(value: number): this {
    if (value >= 0 && value < 128) return this.byte(value);
    let rest = value >>> 0;
    while (rest >= 128) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  signed32(value: number): this {
    let rest = value | 0;
    for (;;) {
      const low = rest & 127;
      rest >>= 7;
      if ((rest === 0 && !(low & 64)) || (rest === -1 && low & 64)) return this.byte(low);
      this.byte(low | 128);
    }
  }

  signed64(value: bigint): this {
    let rest = BigInt.asIntN(64, value);
    if (rest >= -0x80000000n && rest <= 0x7fffffffn) return this.signed32(Number(rest));
    for (;;) {
      const low = Number(rest & 127n);
      rest >>= 7n;
      if ((rest === 0n && !(low & 64)) || (rest === -1n && low & 64)) return this.byte(low);
      this.byte(low | 128);
    }
  }

  name(text: string): this {
    const bytes = encoder.encode(text);
    return this.unsigned(bytes.length).append(bytes);
  }

  slice(from: number, to: number): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(from, to);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.slice(0, this.length);
  }
}

/** The body of a function under construction. Instructions have the names of the WebAssembly text format. */
export class Code extends Bytes {
  /** What V8 is told of the `if`s and `br_if`s at these offsets: 1 for likely taken. */
  readonly hints: { readonly offset: number; readonly likely: 0 | 1 }[] = [];

  /** The `if` or `br_if` that comes next is hardly ever taken. */
  rarely(): this {
    this.hints.push({ offset: this.length, likely: 0 });
    return this;
  }

  /** The `if` or `br_if` that comes next is nearly always taken. */
  mostly(): this {
    this.hints.push({ offset: this.length, likely: 1 });
    return this;
  }

  op(name: string, lane?: number): this {
    const opcode = opcodes.get(name);
    if (!opcode) throw new Error(`WebAssembly has no instruction ${name}, or its row is missing.`);
    this.#code(opcode.code);
    return opcode.lane ? this.byte(lane ?? 0) : this;
  }

  #code(code: number): this {
    if (code > 0xffff) return this.byte(0xfd).unsigned(code & 0xfff);
    return code > 0xff ? this.byte(code >> 8).unsigned(code & 0xff) : this.byte(code);
  }

  i32(value: number): this {
    return this.byte(0x41).signed32(value);
  }

  /** A number has at most 32 bits. */
  i64(value: bigint | number): this {
    this.byte(I64_CONST);
    return typeof value === 'number' ? this.signed32(value) : this.signed64(value);
  }

  v128(low: bigint, high: bigint): this {
    this.byte(0xfd).unsigned(12);
    for (const half of [low, high]) {
      for (let shift = 0n; shift < 64n; shift += 8n) this.byte(Number((half >> shift) & 0xffn));
    }
    return this;
  }

  /** `i8x16.shuffle` with 16 lane numbers. */
  shuffle(lanes: readonly number[]): this {
    this.byte(0xfd).unsigned(13);
    for (const lane of lanes) this.byte(lane);
    return this;
  }

  get(local: number): this {
    return this.byte(LOCAL_GET).unsigned(local);
  }

  set(local: number): this {
    return this.byte(LOCAL_SET).unsigned(local);
  }

  tee(local: number): this {
    return this.byte(0x22).unsigned(local);
  }

  /** Loads from the address on the stack plus a constant offset. */
  load(type: Type, offset: number, bytes = size[type], signed = false): this {
    return this.#code(loadCode(type, bytes, signed))
      .unsigned(0)
      .unsigned(offset);
  }

  store(type: Type, offset: number, bytes = size[type]): this {
    return this.#code(storeCode(type, bytes)).unsigned(0).unsigned(offset);
  }

  block(result?: Type): this {
    return this.byte(0x02).byte(result ? typeCode[result] : 0x40);
  }

  loop(): this {
    return this.byte(0x03).byte(0x40);
  }

  if(result?: Type): this {
    return this.byte(0x04).byte(result ? typeCode[result] : 0x40);
  }

  else(): this {
    return this.byte(0x05);
  }

  end(): this {
    return this.byte(0x0b);
  }

  br(depth: number): this {
    return this.byte(0x0c).unsigned(depth);
  }

  brIf(depth: number): this {
    return this.byte(0x0d).unsigned(depth);
  }

  brTable(depths: readonly number[], otherwise: number): this {
    this.byte(0x0e).unsigned(depths.length);
    for (const depth of depths) this.unsigned(depth);
    return this.unsigned(otherwise);
  }

  return(): this {
    return this.byte(0x0f);
  }

  call(fn: number): this {
    return this.byte(0x10).unsigned(fn);
  }

  callIndirect(type: number, table = 0): this {
    return this.byte(0x11).unsigned(type).unsigned(table);
  }

  drop(): this {
    return this.byte(DROP);
  }

  select(): this {
    return this.byte(0x1b);
  }

  selectTyped(type: Type): this {
    return this.byte(0x1c).unsigned(1).byte(typeCode[type]);
  }

  unreachable(): this {
    return this.byte(0x00);
  }
}

const size: Record<Type, number> = { i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };

interface FunctionBody {
  readonly type: number;
  readonly locals: readonly Type[];
  readonly code: Code;
  readonly exported?: string;
}

/** About what a module has besides code and hints. */
const FRAME_BYTES = 1024;

/** A module that imports one memory and functions, and defines functions. Imports come before definitions. */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #imports = new Bytes();
  #importCount = 0;
  #importedFunctions = 0;
  readonly #functions: FunctionBody[] = [];
  readonly #elements: { offset: number; functions: readonly number[] }[] = [];
  #ownTable = 0;
  #tableName = '';

  type(args: readonly Type[], results: readonly Type[]): number {
    const key = `${args.join(',')}:${results.join(',')}`;
    const known = this.#types.indexOf(key);
    return known >= 0 ? known : this.#types.push(key) - 1;
  }

  importFunction(module: string, name: string, type: number): number {
    this.#imports.name(module).name(name).byte(0x00).unsigned(type);
    this.#importCount++;
    return this.#importedFunctions++;
  }

  importMemory(module: string, name: string): void {
    this.#imports.name(module).name(name).byte(0x02).byte(0x00).unsigned(1);
    this.#importCount++;
  }

  importTable(module: string, name: string): void {
    this.#imports.name(module).name(name).byte(0x01).byte(0x70).byte(0x00).unsigned(1);
    this.#importCount++;
  }

  /** A table of functions of this module's own, as table 0. */
  table(entries: number, exported: string): void {
    this.#ownTable = entries;
    this.#tableName = exported;
  }

  /** Returns the function's index. Parameters are the first locals; `locals` are those after them. */
  function(body: FunctionBody): number {
    return this.#importedFunctions + this.#functions.push(body) - 1;
  }

  elements(offset: number, functions: readonly number[]): void {
    this.#elements.push({ offset, functions });
  }

  build(): Uint8Array<ArrayBuffer> {
    let room = FRAME_BYTES;
    for (const { code } of this.#functions) room += code.length + code.hints.length * 4;
    const out = new Bytes(room).append(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const section = (id: number, content: Bytes) => out.byte(id).unsigned(content.length).append(content);
    const vector = (items: readonly unknown[], write: (to: Bytes, item: never) => void, capacity?: number) => {
      const content = new Bytes(capacity).unsigned(items.length);
      for (const item of items) write(content, item as never);
      return content;
    };
    section(
      1,
      vector(this.#types, (to, key: string) => {
        const [args, results] = key.split(':').map(side => (side ? (side.split(',') as Type[]) : []));
        to.byte(0x60);
        for (const side of [args, results]) {
          to.unsigned(side.length);
          for (const type of side) to.byte(typeCode[type]);
        }
      }),
    );
    section(2, new Bytes().unsigned(this.#importCount).append(this.#imports));
    section(
      3,
      vector(this.#functions, (to, body: FunctionBody) => void to.unsigned(body.type)),
    );
    if (this.#ownTable) section(4, new Bytes().unsigned(1).byte(0x70).byte(0).unsigned(this.#ownTable));
    const exports: { name: string; kind: number; index: number }[] = [];
    this.#functions.forEach((body, index) => {
      if (body.exported) exports.push({ name: body.exported, kind: 0, index: this.#importedFunctions + index });
    });
    if (this.#ownTable) exports.push({ name: this.#tableName, kind: 1, index: 0 });
    section(
      7,
      vector(exports, (to, item: (typeof exports)[number]) => {
        to.name(item.name).byte(item.kind).unsigned(item.index);
      }),
    );
    if (this.#elements.length) {
      section(
        9,
        vector(this.#elements, (to, item: { offset: number; functions: readonly number[] }) => {
          to.unsigned(0).byte(0x41).signed32(item.offset).byte(0x0b).unsigned(item.functions.length);
          for (const fn of item.functions) to.unsigned(fn);
        }),
      );
    }
    const locals = this.#functions.map(body => localDeclarations(body.locals));
    const hinted = [...this.#functions.entries()].filter(([, body]) => body.code.hints.length);
    // WebAssembly branch hinting: offsets are from the start of the function's body, declarations included.
    if (hinted.length) {
      const content = new Bytes().name('metadata.code.branch_hint').unsigned(hinted.length);
      for (const [index, { code }] of hinted) {
        content.unsigned(this.#importedFunctions + index).unsigned(code.hints.length);
        for (const { offset, likely } of code.hints)
          content
            .unsigned(locals[index].length + offset)
            .unsigned(1)
            .byte(likely);
      }
      section(0, content);
    }
    section(
      10,
      vector(
        [...this.#functions.entries()],
        (to, [index, body]: [number, FunctionBody]) => {
          to.unsigned(locals[index].length + body.code.length)
            .append(locals[index])
            .append(body.code);
        },
        room,
      ),
    );
    return out.bytes();
  }
}

function localDeclarations(types: readonly Type[]): Bytes {
  const ends: number[] = [];
  for (let end = 1; end <= types.length; end++) if (types[end] !== types[end - 1]) ends.push(end);
  const content = new Bytes().unsigned(ends.length);
  let begin = 0;
  for (const end of ends) {
    content.unsigned(end - begin).byte(typeCode[types[begin]]);
    begin = end;
  }
  return content;
}
