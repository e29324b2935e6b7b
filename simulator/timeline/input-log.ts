/** Everything that came into a recorded run from outside, with the moment it came in: what replay has to do again. */

import type { Moment } from '../target.ts';
import { compareMoments } from './timeline.ts';

/** What comes from outside: typing, and a debugger's own changes. */
export type Input =
  | { readonly kind: 'console'; readonly bytes: Uint8Array }
  | { readonly kind: 'register'; readonly pe: number; readonly name: string; readonly value: bigint }
  | { readonly kind: 'memory'; readonly pa: bigint; readonly data: Uint8Array }
  | { readonly kind: 'hold'; readonly pe: number; readonly hold: boolean }
  /** Only this PE runs from here on; all of them when it is undefined. */
  | { readonly kind: 'only'; readonly pe: number | undefined }
  | { readonly kind: 'power-off'; readonly pe: number };

export class InputLog {
  readonly #entries: { readonly at: Moment; readonly input: Input }[] = [];
  /** The first entry that has not come in yet, in the present pass over the run. */
  #next = 0;

  /** Logs what comes in now. In the past it begins another future: what came later is dropped. */
  add(at: Moment, input: Input): void {
    this.#entries.length = this.#next;
    this.#entries.push({ at, input });
    this.#next++;
  }

  /** The next logged input that is due at a moment, once; undefined when there is none. */
  takeDue(moment: Moment): Input | undefined {
    const next = this.#entries[this.#next];
    if (next === undefined || compareMoments(next.at, moment) > 0) return undefined;
    this.#next++;
    return next.input;
  }

  /** The run was taken back to a moment: what came in at it or later is to come again. */
  rewind(moment: Moment): void {
    const next = this.#entries.findIndex(({ at }) => compareMoments(at, moment) >= 0);
    this.#next = next < 0 ? this.#entries.length : next;
  }

  /** The moment of the last one that has come in already and is like this; undefined without one. */
  last(isLike: (input: Input) => boolean): Moment | undefined {
    for (let index = this.#next - 1; index >= 0; index--)
      if (isLike(this.#entries[index].input)) return this.#entries[index].at;
    return undefined;
  }

  /** Whether something is still to come. */
  get waiting(): boolean {
    return this.#next < this.#entries.length;
  }

  /** Instructions of the machine until the next input is due; infinite without one. */
  untilNext(instructions: number): number {
    const next = this.#entries[this.#next];
    return next === undefined ? Number.POSITIVE_INFINITY : Math.max(1, next.at.instructions - instructions);
  }

  clear(): void {
    this.#entries.length = 0;
    this.#next = 0;
  }
}
