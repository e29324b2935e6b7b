/**
 * The host's side of the access tables (core/access-tables.ts): what an entry is, asked once for each trap context, and
 * the controls that make a context.
 */

import type { Core } from './core-api.ts';
import {
  CONSTANTS,
  CONSTANTS_END,
  CONTROL_BYTES,
  CONTROL_EFFECTS,
  CONTROL_KEEP,
  CONTROL_LEVELS,
  CONTROL_ONES,
  CONTROL_SLOT,
  CONTROL_TRAPS,
  CONTROL_VARIANT,
  CONTROL_WANTED,
  CONTROL_WANTED_MASK,
  CONTROL_WRITES,
  CONTROL_WRITES_END,
  ENTRY_ANSWER,
  ENTRY_BYTES,
  ENTRY_CONTROL,
  ENTRY_PLAIN,
  FP_ENTRY,
  PAUTH_ENTRY,
  TRAP_CONTROL_COUNT,
  TRAP_CONTROLS,
  TRAP_CONTROLS_MAX,
  TRAP_TABLE_BYTES,
  TRAPS,
  TRAPS_MAX,
  WRITE_ENTRY,
} from './layout.ts';

export { ENTRY_ALLOWED, ENTRY_BYTES, ENTRY_KIND, ENTRY_PLAIN, WRITE_ENTRY } from './layout.ts';

/** A control that answers depend on. */
export interface TrapControl {
  /** Address of its value. */
  readonly slot: number;
  readonly mask: bigint;
  /** For controls that are kept elsewhere: the value, for which the slot stands in, with the bits of the mask. */
  readonly value?: () => bigint;
}

/** A write of a control that the core does by itself: see CONTROL_* in layout.ts. */
export interface ControlWrite {
  readonly slot: number;
  readonly levels: number;
  readonly keep: bigint;
  readonly ones: bigint;
  readonly traps: bigint;
  readonly effects: bigint;
  /** For a register with another layout while a bit is set: that bit, and the masks then. */
  readonly variant?: { readonly bit: bigint; readonly keep: bigint; readonly ones: bigint };
  /** Writes after which the register has this value are the host's. */
  readonly wanted?: { readonly mask: bigint; readonly value: bigint };
}

export interface AccessTablesHost<Answer> {
  readonly core: Core;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  readonly rows: number;
  /** The row whose execution FP and AdvSIMD instructions need. */
  readonly fpRow: number;
  /** The row whose execution instructions need that use a key of pointer authentication. */
  readonly pauthRow: number;
  readonly controls: readonly TrapControl[];
  /** An entry without ENTRY_ANSWER, or an answer to keep. */
  answer(row: number, write: boolean): number | Answer;
  /** The trap that an answer is, as TRAPS has it, which the core takes by itself; 0n for another answer. */
  trap(answer: Answer): bigint;
}

export class AccessTables<Answer> {
  readonly answers: Answer[] = [];
  readonly #host: AccessTablesHost<Answer>;
  readonly #elsewhere: readonly TrapControl[];
  readonly #writes = new Map<string, number>();
  readonly #constants = new Map<bigint, number>();
  #nextWrite = CONTROL_WRITES;

  constructor(host: AccessTablesHost<Answer>) {
    const { u32, u64, controls } = host;
    this.#host = host;
    this.#elsewhere = controls.filter(control => control.value);
    if (controls.length > TRAP_CONTROLS_MAX)
      throw new Error(`${controls.length} trap controls do not fit: enlarge TRAP_CONTROLS in layout.ts.`);
    controls.forEach(({ slot, mask }, index) => {
      u32[(TRAP_CONTROLS >> 2) + index * 4] = slot;
      u64[(TRAP_CONTROLS >> 3) + index * 2 + 1] = mask;
    });
    u32[TRAP_CONTROL_COUNT >> 2] = controls.length;
    u32[TRAP_TABLE_BYTES >> 2] = host.rows * ENTRY_BYTES;
    u32[FP_ENTRY >> 2] = host.fpRow * ENTRY_BYTES;
    u32[PAUTH_ENTRY >> 2] = host.pauthRow * ENTRY_BYTES;
    this.controlsChanged();
  }

  /** After a change of a control bit by the host: every level of the active PE has to find its table again. */
  controlsChanged(): void {
    for (const { slot, mask, value } of this.#elsewhere) this.#host.u64[slot >> 3] = (value as () => bigint)() & mask;
    this.#host.core.accessTablesChanged();
  }

  /** After a write of a control that is kept elsewhere: as controlsChanged(), if a bit that matters has changed. */
  controlChanged(slot: number): void {
    const control = this.#elsewhere.find(one => one.slot === slot);
    const changed = control?.value ? (control.value() ^ this.#host.u64[slot >> 3]) & control.mask : 1n;
    if (changed) this.controlsChanged();
  }

  /** Forgets all answers: what they depend on besides the controls has changed. */
  clear(): void {
    this.#host.core.dropAccessTables();
  }

  /** For the core: an entry that is new. */
  ask(offset: number): number {
    const found = this.#host.answer(Math.floor(offset / ENTRY_BYTES), (offset & WRITE_ENTRY) !== 0);
    if (typeof found === 'number') return found;
    const index = this.answers.push(found) - 1;
    if (index < TRAPS_MAX) this.#host.u64[(TRAPS >> 3) + index] = this.#host.trap(found);
    return ENTRY_ANSWER | (index << 3);
  }

  /** For the core: no entry refers to an answer any more. */
  dropped(): void {
    this.answers.length = 0;
  }

  /** The entry of a row in the present context. */
  entry(row: number, write: boolean): number {
    return this.#host.core.accessEntry(row * ENTRY_BYTES + (write ? WRITE_ENTRY : 0)) >>> 0;
  }

  /** An entry for reads that give a constant; undefined when there are too many. */
  constant(value: bigint): number | undefined {
    let at = this.#constants.get(value);
    if (at === undefined) {
      at = CONSTANTS + this.#constants.size * 8;
      if (at === CONSTANTS_END) return undefined;
      this.#constants.set(value, at);
      this.#host.u64[at >> 3] = value;
    }
    return at | ENTRY_PLAIN;
  }

  /** An entry for a write that the core does by itself. */
  controlWrite(write: ControlWrite): number {
    const { slot, keep, ones, variant, wanted } = write;
    const key = [slot, keep, ones, variant?.keep, variant?.ones, wanted !== undefined].join();
    let at = this.#writes.get(key);
    if (at === undefined) {
      at = this.#nextWrite;
      this.#addWrite(write, variant?.bit ?? 0n);
      if (variant) this.#addWrite({ ...write, ...variant }, 0n);
      this.#writes.set(key, at);
    }
    // Another value than the last time: no entry of then is left. Nothing under no mask is never 1.
    this.#host.u64[(at + CONTROL_WANTED_MASK) >> 3] = wanted?.mask ?? 0n;
    this.#host.u64[(at + CONTROL_WANTED) >> 3] = wanted?.value ?? 1n;
    return at | ENTRY_CONTROL;
  }

  #addWrite({ slot, levels, keep, ones, traps, effects }: ControlWrite, variant: bigint): void {
    const { u32, u64 } = this.#host;
    const at = this.#nextWrite;
    this.#nextWrite += CONTROL_BYTES;
    if (this.#nextWrite > CONTROL_WRITES_END)
      throw new Error('The writes of controls do not fit: enlarge CONTROL_WRITES in layout.ts.');
    u32[(at + CONTROL_SLOT) >> 2] = slot;
    u32[(at + CONTROL_LEVELS) >> 2] = levels;
    u64[(at + CONTROL_KEEP) >> 3] = keep;
    u64[(at + CONTROL_ONES) >> 3] = ones;
    u64[(at + CONTROL_TRAPS) >> 3] = traps;
    u64[(at + CONTROL_EFFECTS) >> 3] = effects;
    u64[(at + CONTROL_VARIANT) >> 3] = variant;
  }
}
