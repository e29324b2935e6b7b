/** Code with named labels, so that a branch says where it goes instead of counting blocks. */

import { Code } from './wasm/module.ts';
import type { Type } from './wasm/opcodes.ts';

export class Scope {
  readonly code = new Code();
  readonly #labels: string[] = [];

  block(label: string): this {
    this.code.block();
    this.#labels.push(label);
    return this;
  }

  loop(label: string): this {
    this.code.loop();
    this.#labels.push(label);
    return this;
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
    this.#labels.pop();
    this.code.end();
    return this;
  }

  depth(label: string): number {
    const index = this.#labels.lastIndexOf(label);
    if (index < 0) throw new Error(`There is no enclosing block "${label}".`);
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
