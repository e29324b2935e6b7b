/**
 * Semantics of LD1 to LD4 and ST1 to ST4. The records have the number of the first register as a plain number, since
 * the others follow it modulo 32, and Rm plus the low half of the immediate as what is added to the base.
 */

import type { Fields } from '../../arch/instructions/row.ts';
import {
  elementIndex,
  multipleBytes,
  multipleForms,
  type SingleForm,
  singleBytes,
  singleForms,
} from '../../arch/instructions/structures.ts';
import {
  bind,
  c32,
  c64,
  type Expr,
  immHigh,
  immLow,
  lane,
  load,
  local,
  memory,
  number,
  op,
  type Stmt,
  setMemory,
  setX,
  shuffle,
  signExtend,
  store,
  use,
  vector,
  when,
  x,
} from '../ir.ts';
import { V } from '../layout.ts';
import { type Handlers, type Lowered, type Lowerings, orSp, source } from './handler.ts';
import { elements } from './loads-stores.ts';
import { stackPointerMoved } from './stack-pointer.ts';

export const handlers: Handlers = {};
export const lowerings: Lowerings = {};

const define = (name: string, body: Stmt[]): void => {
  const writeback = setX('rn', op('i64.add', x('rn'), op('i64.add', x('rm'), signExtend(immLow))));
  const toSp = when(op('i32.eq', number('rn'), c32(orSp(31))), [stackPointerMoved(x('rn'))]);
  handlers[name] = { body: [...body, writeback, toSp], fp: true };
};

/** Offset of the i-th register of the list from V0. */
const registerOffset = (i: number): Expr =>
  op('i32.shl', op('i32.and', op('i32.add', number('rd'), c32(i)), c32(31)), c32(4));
const at = (offset: number): Expr => (offset ? op('i64.add', x('rn'), c64(offset)) : x('rn'));

// --- Whole registers ------------------------------------------------------------------------------------------------

/** A vector whose byte b is byte `from(b).byte` of one of up to four vectors. */
function gather(vectors: readonly Expr[], from: (b: number) => { vector: number; byte: number }): Expr {
  // Bytes are added from one vector after the other.
  let result: Expr | undefined;
  for (let i = 0; i < vectors.length; i++) {
    const lanes = Array.from({ length: 16 }, (_, b) => {
      const { vector: source, byte } = from(b);
      return source === i ? 16 + byte : b;
    });
    if (i === 0 && lanes.every((from, b) => from === 16 + b)) result = vectors[0];
    else if (lanes.some(from => from >= 16)) result = shuffle(result ?? vector(0n, 0n), vectors[i], lanes);
  }
  return result ?? vector(0n, 0n);
}

/** Where byte b of the i-th register is in memory, in structures of `count` elements of `size` bytes. */
const inMemory = (count: number, size: number, i: number, b: number): number =>
  (Math.floor(b / size) * count + i) * size + (b % size);

for (const [structure, registers] of [
  [1, 1],
  [1, 2],
  [1, 3],
  [1, 4],
  [2, 2],
  [3, 3],
  [4, 4],
] as const) {
  for (const width of [8, 16]) {
    for (const size of [1, 2, 4, 8]) {
      if (structure > 1 && size === 8 && width === 8) continue;
      const name = `${structure}x${registers}_${size}_${width}`;
      const total = registers * width;
      const chunks = Array.from({ length: Math.ceil(total / 16) }, (_, i) => ({
        offset: i * 16,
        bytes: Math.min(16, total - i * 16),
      }));
      /** Place in memory of a byte of a register: LD1 fills one register after the other. */
      const place = (i: number, b: number): number =>
        structure === 1 ? i * width + b : inMemory(structure, size, i, b);

      const loaded: Stmt[] = [];
      const parts = chunks.map(({ offset, bytes }) => {
        const value = local(bytes === 16 ? 'v128' : 'i64');
        loaded.push(load(value, at(offset), bytes, false, elements(size)));
        return bytes === 16 ? use(value) : op('i64x2.splat', use(value));
      });
      const written = Array.from({ length: registers }, (_, i): Stmt[] => {
        const value = gather(parts, b => ({ vector: place(i, b) >> 4, byte: place(i, b) & 15 }));
        if (width === 16) return [setMemory(registerOffset(i), value, V)];
        const [low, compute] = bind(lane('i64x2.extract_lane', 0, value));
        return [compute, setMemory(registerOffset(i), low, V), setMemory(registerOffset(i), c64(0), V + 8)];
      });
      define(`ld${name}`, [...loaded, ...written.flat()]);

      const sources: Stmt[] = [];
      const values = Array.from({ length: registers }, (_, i) => {
        const [value, compute] = bind(memory('v128', registerOffset(i), V));
        sources.push(compute);
        return value;
      });
      /** For each byte of memory, the register and byte that it comes from. */
      const origins: { vector: number; byte: number }[] = [];
      for (let i = 0; i < registers; i++) {
        for (let b = 0; b < width; b++) origins[place(i, b)] = { vector: i, byte: b };
      }
      const stores = chunks.map(({ offset, bytes }) => {
        const value = gather(values, b => origins[offset + b] ?? { vector: 0, byte: b });
        return store(at(offset), bytes === 16 ? value : lane('i64x2.extract_lane', 0, value), bytes, elements(size));
      });
      define(`st${name}`, [...sources, ...stores]);
    }
  }
}

for (const form of multipleForms) {
  const lower = (f: Fields, post: boolean): Lowered => ({
    handler: `${form.load ? 'ld' : 'st'}${form.structure}x${form.registers}_${1 << f.size}_${f.Q ? 16 : 8}`,
    rd: f.Rt,
    rn: orSp(f.Rn),
    rm: source(post ? f.Rm : 31),
    imm: post && f.Rm === 31 ? multipleBytes(form, f) : 0,
  });
  lowerings[form.id] = f => lower(f, false);
  lowerings[`${form.id}_post`] = f => lower(f, true);
}

// --- Single elements ------------------------------------------------------------------------------------------------

/** Offset of the element, whose number is in the high half of the immediate, in the i-th register. */
const elementOffset = (i: number, size: number): Expr =>
  op('i32.add', registerOffset(i), op('i32.mul', immHigh, c32(size)));

for (const registers of [1, 2, 3, 4]) {
  for (const size of [1, 2, 4, 8]) {
    const type = size === 8 ? 'i64' : 'i32';
    const all = Array.from({ length: registers }, (_, i) => i);
    const values = all.map(() => local(type));
    const loads = all.map(i => load(values[i], at(i * size), size));
    const lanes = all.map(i => setMemory(elementOffset(i, size), use(values[i]), V, size));
    define(`ld${registers}_lane${size}`, [...loads, ...lanes]);
    define(
      `st${registers}_lane${size}`,
      all.map(i => store(at(i * size), memory(type, elementOffset(i, size), V, size), size)),
    );
    const shape = { 1: 'i8x16', 2: 'i16x8', 4: 'i32x4', 8: 'i64x2' }[size];
    const copies = all.map(i => setMemory(registerOffset(i), op(`${shape}.splat`, use(values[i])), V));
    define(`ld${registers}r_${size}_16`, [...loads, ...copies]);
    const clear = all.map(i => setMemory(registerOffset(i), c64(0), V + 8));
    define(`ld${registers}r_${size}_8`, [...loads, ...copies, ...clear]);
  }
}

function lowerSingle(form: SingleForm, f: Fields, post: boolean): Lowered {
  const size = 1 << (form.scale ?? f.size);
  const handler = form.replicate
    ? `ld${form.registers}r_${size}_${f.Q ? 16 : 8}`
    : `${form.load ? 'ld' : 'st'}${form.registers}_lane${size}`;
  return {
    handler,
    rd: f.Rt,
    rn: orSp(f.Rn),
    rm: source(post ? f.Rm : 31),
    imm: post && f.Rm === 31 ? singleBytes(form, f) : 0,
    high: form.replicate ? 0 : elementIndex(form, f),
  };
}
for (const form of singleForms) {
  lowerings[form.id] = f => lowerSingle(form, f, false);
  lowerings[`${form.id}_post`] = f => lowerSingle(form, f, true);
}
