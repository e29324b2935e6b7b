/** Code with named labels, so that a branch says where it goes instead of counting blocks. */

import { Code } from './wasm/module.ts';
import type { Type } from './wasm/opcodes.ts';

export class Scope {
  readonly code = new Code();
  readonly #labels: string[] = [];
  /** Index in `#labels` by name: there may be hundreds of blocks around a branch. */
  readonly #indices = new Map<string, number>();

  #enter(label: string): this {
    if (this.#indices.has(label)) throw new Error(`There is an enclosing block "${label}" already.`);
    this.#indices.set(label, this.#labels.push(label) - 1);
    return this;
  }

  block(label: string): this {
    this.code.block();
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
    return this.#labels.length - 1 - index;
  }

  br(label: string): this {
    this.code.br(this.depth(label));
    return this;
  }

  brIf(label: string): this {
    this.code.brIf(this.depth(label));
    return this;
  }
}
