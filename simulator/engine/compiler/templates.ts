/**
 * What the regions of a compiler share. Most instructions have a handler that was emitted before, for another instruction:
 * its code is a template, with gaps where operands, immediates and what is known of the flags make a difference. Temporaries
 * have the same locals in all regions, so they are no gaps.
 */

import type { Local, Operand } from '../ir.ts';
import type { Code } from '../wasm/module.ts';
import { type Type, typeCode } from '../wasm/opcodes.ts';

/** In the order of its parts: bytes, with registers filled in, and then what fills the gap after them. */
export interface Template<Emitter> {
  /** Without what fills the gaps. */
  readonly bytes: Uint8Array;
  readonly parts: readonly Part<Emitter>[];
  /** How many temporaries a region has to have for it. */
  readonly temporaries: number;
}

interface Part<Emitter> {
  /** Where its bytes end. */
  readonly end: number;
  /** Where in `bytes` accesses to registers are, two bytes each. */
  readonly registers: readonly RegisterAccess[];
  /** Blocks of the template around the gap. */
  readonly depth: number;
  readonly fill: Fill<Emitter> | undefined;
}

export interface RegisterAccess {
  readonly at: number;
  readonly operand: Operand;
  readonly write: boolean;
}

/** Emits what belongs into a gap, for the emitter's present instruction. It takes no temporaries: the template's may be in use. */
export type Fill<Emitter> = (emitter: Emitter) => void;

/** Takes down what is emitted for a handler for the first time. */
export class Recording<Emitter extends { readonly code: Code }> {
  readonly #bytes: number[] = [];
  readonly #parts: Part<Emitter>[] = [];
  #registers: RegisterAccess[] = [];
  /** Up to here all is taken down. */
  #offset: number;
  #hint: number;

  constructor(readonly code: Code) {
    this.#offset = code.length;
    this.#hint = code.hints.length;
  }

  /** The next two bytes access a register. */
  register(operand: Operand, write: boolean): void {
    this.#copy();
    this.#registers.push({ at: this.#bytes.length, operand, write });
  }

  /** Fills a gap and takes it down. */
  gap(emitter: Emitter, depth: number, fill: Fill<Emitter>): void {
    this.#copy();
    fill(emitter);
    this.#part(depth, fill);
    this.#offset = this.code.length;
    this.#hint = this.code.hints.length;
  }

  end(temporaries: number): Template<Emitter> {
    this.#copy();
    this.#part(0, undefined);
    return { bytes: Uint8Array.from(this.#bytes), parts: this.#parts, temporaries };
  }

  #part(depth: number, fill: Fill<Emitter> | undefined): void {
    this.#parts.push({ end: this.#bytes.length, registers: this.#registers, depth, fill });
    this.#registers = [];
  }

  /** Takes down what has been emitted since. A hint is a gap that gets no bytes. */
  #copy(): void {
    const { code } = this;
    for (const { offset, likely } of code.hints.slice(this.#hint)) {
      this.#copyTo(offset);
      this.#part(0, likely ? emitter => emitter.code.mostly() : emitter => emitter.code.rarely());
    }
    this.#hint = code.hints.length;
    this.#copyTo(code.length);
  }

  #copyTo(offset: number): void {
    this.#bytes.push(...this.code.slice(this.#offset, offset));
    this.#offset = offset;
  }
}

/** The locals of temporaries. The first of a type that an instruction asks for is the same one in each instruction. */
export class Temporaries {
  readonly types: Type[] = [];
  readonly #numbers: Record<Type, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  readonly #taken: Record<Type, number> = { i32: 0, i64: 0, f32: 0, f64: 0, v128: 0 };
  /** What the present instruction has taken, and the locals. */
  readonly #keys: number[] = [];
  readonly #locals: number[] = [];
  /** One more than the highest number that was taken since `release`, counted from the first. */
  #most = 0;

  constructor(readonly first: number) {}

  of({ type, id }: Local): number {
    return this.#get(type, id);
  }

  /** A local that one statement uses, by number. */
  scratch(type: Type, index: number): number {
    return this.#get(type, -(index * 128 + typeCode[type]));
  }

  #get(type: Type, key: number): number {
    const known = this.#keys.indexOf(key);
    if (known >= 0) return this.#locals[known];
    const numbers = this.#numbers[type];
    const nth = this.#taken[type]++;
    if (nth === numbers.length) numbers.push(this.types.push(type) - 1);
    this.#most = Math.max(this.#most, numbers[nth] + 1);
    this.#keys.push(key);
    return this.#locals[this.#locals.push(this.first + numbers[nth]) - 1];
  }

  /** Gives all back, for the next instruction. Returns how many temporaries there have to be for this one. */
  release(): number {
    const most = this.#most;
    if (!most) return 0;
    for (const type of Object.keys(this.#taken)) this.#taken[type as Type] = 0;
    this.#keys.length = 0;
    this.#locals.length = 0;
    this.#most = 0;
    return most;
  }
}
