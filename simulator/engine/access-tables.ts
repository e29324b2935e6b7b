/**
 * Access tables: for each trap context (exception level, and every control bit that a trap rule looks at) what an
 * access to a system register, a system instruction or a trapped instruction does. The rules are those of `arch/traps`;
 * generated code reads their answer here as one word, and contexts that were seen before cost nothing to enter again.
 */

import { FP_ENABLED, TRAP_TABLE, TRAP_TABLE_CACHE, TRAP_TABLES, TRAP_TABLES_END } from './layout.ts';

/** Low bits of an entry. */
export const ENTRY_KIND = 7;
/** Not asked for yet in this context. */
export const ENTRY_UNKNOWN = 0;
/** The rest of the entry is the address of the register's value; no effect. */
export const ENTRY_PLAIN = 1;
/** The rest, shifted by 3, is an index of `answers`: an access with effects, or a trap. */
export const ENTRY_ANSWER = 2;
/** A trapped instruction is not trapped. */
export const ENTRY_ALLOWED = 3;

/** Rows have two entries: read (or execute) and write. */
export const ENTRY_BYTES = 8;
export const WRITE_ENTRY = 4;

const LEVELS = 4;

export interface AccessTablesHost<Answer> {
  readonly u32: Uint32Array;
  readonly rows: number;
  /** A key of all control bits that answers depend on, at an exception level. */
  contextKey(el: number): string;
  /** An entry without ENTRY_ANSWER, or an answer to keep. */
  answer(row: number, write: boolean): number | Answer;
  /** Whether FP and AdvSIMD instructions execute. */
  fpEnabled(): boolean;
  /** Present exception level. */
  el(): number;
}

export class AccessTables<Answer> {
  readonly #tables = new Map<string, number>();
  readonly #bytes: number;
  #next: number;
  readonly answers: Answer[] = [];

  constructor(readonly host: AccessTablesHost<Answer>) {
    this.#bytes = host.rows * ENTRY_BYTES;
    this.#next = TRAP_TABLES + this.#bytes;
    this.controlsChanged();
  }

  /** After a change of a control bit: every level has to find its table again. The first table stays empty for that. */
  controlsChanged(): void {
    const { u32 } = this.host;
    for (let el = 0; el < LEVELS; el++) {
      u32[(TRAP_TABLE_CACHE >> 2) + el * 2] = TRAP_TABLES;
      u32[(TRAP_TABLE_CACHE >> 2) + el * 2 + 1] = 0;
    }
    u32[TRAP_TABLE >> 2] = TRAP_TABLES;
    u32[FP_ENABLED >> 2] = 0;
  }

  /** Puts the table of the present context in place. */
  enter(): void {
    const { u32, host } = { u32: this.host.u32, host: this.host };
    if (u32[TRAP_TABLE >> 2] !== TRAP_TABLES) return;
    const el = host.el();
    const table = this.#tableFor(host.contextKey(el));
    const fp = host.fpEnabled() ? 1 : 0;
    const cached = (TRAP_TABLE_CACHE >> 2) + el * 2;
    u32[cached] = table;
    u32[cached + 1] = fp;
    u32[TRAP_TABLE >> 2] = table;
    u32[FP_ENABLED >> 2] = fp;
  }

  #tableFor(key: string): number {
    let table = this.#tables.get(key);
    if (table === undefined) {
      if (this.#next + this.#bytes > TRAP_TABLES_END) this.clear();
      table = this.#next;
      this.#next += this.#bytes;
      this.#tables.set(key, table);
    }
    return table;
  }

  /** Forgets every answer: what `answer` looks at besides the trap context has changed. */
  clear(): void {
    this.host.u32.fill(0, TRAP_TABLES >> 2, this.#next >> 2);
    this.#tables.clear();
    this.answers.length = 0;
    this.#next = TRAP_TABLES + this.#bytes;
    this.controlsChanged();
  }

  /** The entry of a row in the present context, asked for if it is new. */
  entry(row: number, write: boolean): number {
    this.enter();
    const { u32 } = this.host;
    const at = (u32[TRAP_TABLE >> 2] + row * ENTRY_BYTES + (write ? WRITE_ENTRY : 0)) >> 2;
    if (u32[at] === ENTRY_UNKNOWN) {
      const found = this.host.answer(row, write);
      u32[at] = typeof found === 'number' ? found : ENTRY_ANSWER | ((this.answers.push(found) - 1) << 3);
    }
    return u32[at];
  }
}
