/** Code with named labels, so that a branch says where it goes instead of counting blocks. */

import { Code } from './wasm/module.ts';
import type { Type } from './wasm/opcodes.ts';

export class Scope {
  readonly code: Code;
  readonly #labels: string[] = [];
  /** Index in `#labels` by name: there may be hundreds of blocks around a branch. */
  readonly #indices = new Map<string, number>();

  /** `bytes` are what the code is likely to have. */
  constructor(bytes?: number) {
    this.code = new Code(bytes);
  }

  #enter(label: string): this {
    if (this.#indices.has(label)) throw new Error(`There is an enclosing block "${label}" already.`);
    this.#indices.set(label, this.#labels.push(label) - 1);
    return this;
  }

  block(label: string, result?: Type): this {
    this.code.block(result);
    return this.#enter(label);
  }

  loop(label: string): this {
    this.code.loop();
    return this.#enter(label);
  }

  if(result?: Type): this {
    this.code.if(result);
    this.#labels.push('');
    return this;
  }

  else(): this {
    this.code.else();
    return this;
  }

  end(): this {
    this.#indices.delete(this.#labels.pop() ?? '');
    this.code.end();
    return this;
  }

  depth(label: string): number {
    const index = this.#indices.get(label);
    if (index === undefined) throw new Error(`There is no enclosing block "${label}".`);
    return this.level - 1 - index;
  }

  /** How many blocks there are around the present place. */
  get level(): number {
    return this.#labels.length + this.#others;
  }

  /** Emits where there are so many blocks around that this scope has not begun; they have no labels. */
  inside<T>(others: number, emit: (argument: T) => void, argument: T): void {
    this.#others = others;
    emit(argument);
    this.#others = 0;
  }

  #others = 0;

  br(label: string): this {
    this.code.br(this.depth(label));
    return this;
  }

  brIf(label: string): this {
    this.code.brIf(this.depth(label));
    return this;
  }
}
