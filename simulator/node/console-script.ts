/** Follows the console of a guest: waits for texts and types others, in the order given. */

import type { ScriptStep } from './arguments.ts';

export class ConsoleScript {
  readonly #steps: ScriptStep[];
  readonly #send: (bytes: Uint8Array) => void;
  #pending = '';

  constructor(steps: readonly ScriptStep[], send: (bytes: Uint8Array) => void) {
    this.#steps = [...steps];
    this.#send = send;
    this.#advance();
  }

  /** True once the last step is an expected text that has appeared. */
  get fulfilled(): boolean {
    return this.#hadExpect && this.#steps.length === 0;
  }

  /** The text that is waited for, if any. */
  get waitingFor(): string | undefined {
    const step = this.#steps[0];
    return step && 'expect' in step ? step.expect : undefined;
  }

  #hadExpect = false;

  /** Bytes from the guest. Text before a match is forgotten, so that each `expect` needs new output. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#pending += String.fromCharCode(byte);
    this.#advance();
    const step = this.#steps[0];
    const keep = step && 'expect' in step ? encoded(step.expect).length : 0;
    if (this.#pending.length > keep) this.#pending = keep ? this.#pending.slice(-keep) : '';
  }

  #advance(): void {
    for (let step = this.#steps[0]; step; step = this.#steps[0]) {
      if ('send' in step) {
        this.#send(new TextEncoder().encode(step.send));
      } else {
        const text = encoded(step.expect);
        const at = this.#pending.indexOf(text);
        if (at < 0) return;
        this.#pending = this.#pending.slice(at + text.length);
        this.#hadExpect = true;
      }
      this.#steps.shift();
    }
  }
}

/** The UTF-8 bytes of a text, one character each: the console is a stream of bytes. */
function encoded(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
