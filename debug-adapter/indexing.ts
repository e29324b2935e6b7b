/** Reads the names in large images ahead of the first question about one, while the machine stands still. */

import type { Session } from './session.ts';
import { LARGE, type SymbolTable } from './symbols/index.ts';

/** Milliseconds of work at each turn of the event loop. */
const SLICE = 15;
/** Milliseconds between two changes of the progress bar. */
const PROGRESS_STEP = 250;

export class Indexing {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private work: { readonly table: SymbolTable; readonly steps: Generator<number, void> } | undefined;
  private readonly given = new Set<SymbolTable>();
  private bar: string | undefined;
  private shownAt = 0;
  private bars = 0;

  constructor(
    private readonly session: Session,
    private readonly large = LARGE,
  ) {}

  /** Goes on, or begins: called when the machine stops and when symbols are added. */
  resume(): void {
    if (this.timer !== undefined || !this.session.launched || this.session.machine.running) return;
    this.work ??= this.next();
    if (this.work !== undefined) this.timer = setTimeout(() => this.slice(), 0);
    else this.endBar();
  }

  /** For good: the end of the session. */
  end(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.work = undefined;
    this.endBar();
  }

  /** When the client cancels the progress bar with this id: a name that is asked for later is looked for then. */
  cancel(progressId: unknown): void {
    if (this.bar !== undefined && progressId === this.bar) this.end();
  }

  private next(): { table: SymbolTable; steps: Generator<number, void> } | undefined {
    const { tables } = this.session.machine.symbols;
    const table = tables.find(one => !this.given.has(one) && !one.index.complete && one.info.size > this.large);
    if (table === undefined) return undefined;
    // Once for each image, so that one that was cancelled or is damaged is not begun again.
    this.given.add(table);
    return { table, steps: table.index.build() };
  }

  private slice(): void {
    this.timer = undefined;
    const { work } = this;
    if (work === undefined) return;
    try {
      for (const start = performance.now(); performance.now() - start < SLICE; ) {
        const step = work.steps.next();
        if (step.done) {
          this.work = undefined;
          // Only now it is known where functions are inlined.
          this.session.resolveBreakpoints();
          break;
        }
        this.show(work.table, step.value);
      }
    } catch (error) {
      this.work = undefined;
      this.session.output('console', `Names in ${work.table.name} are not known: ${(error as Error).message}\n`);
    }
    this.resume();
  }

  private show(table: SymbolTable, part: number): void {
    const now = performance.now();
    if (!this.session.client.supportsProgressReporting || now - this.shownAt < PROGRESS_STEP) return;
    this.shownAt = now;
    const percentage = Math.floor(part * 100);
    if (this.bar === undefined) {
      this.bar = `hyperstep-names-${++this.bars}`;
      const title = `Reading names of ${table.name.slice(table.name.lastIndexOf('/') + 1)}`;
      this.session.event('progressStart', { progressId: this.bar, title, cancellable: true, percentage });
    } else this.session.event('progressUpdate', { progressId: this.bar, percentage });
  }

  private endBar(): void {
    if (this.bar !== undefined) this.session.event('progressEnd', { progressId: this.bar });
    this.bar = undefined;
  }
}
