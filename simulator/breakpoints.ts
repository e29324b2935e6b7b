/**
 * Breakpoints of the machine. An instruction breakpoint is a record that stops the interpreter, put wherever its VA is
 * found mapped when code is fetched; data breakpoints send the accesses of their page to the slow path; exception and
 * system register breakpoints are asked where such a thing happens. Nothing is polled.
 */

import type { Engine } from './engine/engine.ts';
import { FETCH_HOOK, ITLB, ITLB_ENTRIES, PAGE_FLAGS, PAGE_WATCH, RAM, RAM_BASE } from './engine/layout.ts';
import type { BreakpointSpec, ExceptionEvent, PeView, StopReason } from './target.ts';

export interface BreakpointHost {
  readonly engine: Engine;
  readonly pes: readonly PeView[];
  requestStop(stop: StopReason): void;
  /** Whether exceptions have to be reported may have changed. */
  observationChanged(): void;
}

type Of<K extends BreakpointSpec['kind']> = Extract<BreakpointSpec, { kind: K }>;

export class Breakpoints {
  readonly #host: BreakpointHost;
  readonly #all = new Map<number, BreakpointSpec>();
  /** Host addresses of words that have a breakpoint record now. */
  readonly #placed = new Set<number>();
  #next = 1;

  constructor(host: BreakpointHost) {
    this.#host = host;
  }

  #of<K extends BreakpointSpec['kind']>(kind: K): [number, Of<K>][] {
    return [...this.#all].filter((entry): entry is [number, Of<K>] => entry[1].kind === kind);
  }

  add(spec: BreakpointSpec): number {
    if (spec.kind === 'data' && (spec.bytes < 1 || spec.bytes > 4096)) {
      throw new Error(`A data breakpoint covers 1 to 4096 bytes, not ${spec.bytes}.`);
    }
    if (spec.kind === 'system-register') this.#host.pes[0].readRegister(spec.name);
    const id = this.#next++;
    this.#all.set(id, spec);
    this.#changed(spec.kind);
    return id;
  }

  remove(id: number): void {
    const spec = this.#all.get(id);
    if (!spec || !this.#all.delete(id)) return;
    this.#changed(spec.kind);
  }

  #changed(kind: BreakpointSpec['kind']): void {
    if (kind === 'instruction') this.#placeInstructions();
    if (kind === 'data') this.#placeWatches();
    if (kind === 'exception') this.#host.observationChanged();
  }

  /** After the machine was loaded anew. */
  rearm(): void {
    this.#placed.clear();
    this.#placeInstructions();
    this.#placeWatches();
    this.#host.observationChanged();
  }

  // --- Instructions -----------------------------------------------------------------------------------------------------

  #placeInstructions(): void {
    const { engine } = this.#host;
    for (const host of this.#placed) engine.records.clearBreakpoint(host);
    this.#placed.clear();
    engine.u32[FETCH_HOOK >> 2] = !this.#suspended && this.#of('instruction').length ? 1 : 0;
    // Pages are fetched anew, and each fetch is shown to `fetched`.
    engine.u8.fill(0xff, ITLB, ITLB + ITLB_ENTRIES * 16);
  }

  /** A page of code was entered: its VA and its PA. */
  fetched(va: bigint, pa: bigint): void {
    for (const [, spec] of this.#of('instruction')) {
      if (spec.address >> 12n !== BigInt.asUintN(64, va) >> 12n) continue;
      const host = Number(pa & ~0xfffn) - RAM_BASE + RAM + Number(spec.address & 0xffcn);
      if (this.#placed.has(host)) continue;
      this.#placed.add(host);
      this.#host.engine.records.setBreakpoint(host);
    }
  }

  /** Ids of the instruction breakpoints that hold where a PE is. */
  at(pe: PeView): number[] {
    return this.#of('instruction')
      .filter(([, spec]) => {
        if (spec.address !== pe.pc) return false;
        if (spec.pe !== undefined && spec.pe !== pe.index) return false;
        if (spec.regime !== undefined && spec.regime !== pe.regime) return false;
        return spec.vmid === undefined || spec.vmid === pe.vmid;
      })
      .map(([id]) => id);
  }

  /** Runs one instruction that may have a breakpoint. */
  stepOff(run: () => number): number {
    const { engine } = this.#host;
    for (const host of this.#placed) engine.records.clearBreakpoint(host);
    try {
      return run();
    } finally {
      for (const host of this.#placed) engine.records.setBreakpoint(host);
    }
  }

  /** Runs without stopping at any breakpoint: on the way back to a moment. */
  suspended(run: () => void): void {
    this.#suspended = true;
    this.#placeInstructions();
    try {
      run();
    } finally {
      this.#suspended = false;
      this.#placeInstructions();
    }
  }

  #suspended = false;

  // --- Data -------------------------------------------------------------------------------------------------------------

  #watches: { id: number; pa: number; spec: Of<'data'> }[] = [];

  #placeWatches(): void {
    const { engine, pes } = this.#host;
    for (const { pa } of this.#watches) engine.u8[PAGE_FLAGS + ((pa - RAM_BASE) >>> 12)] &= ~PAGE_WATCH;
    this.#watches = [];
    for (const [id, spec] of this.#of('data')) {
      const pa = physical(pes[0], spec);
      if (pa === undefined) continue;
      this.#watches.push({ id, pa, spec });
      const page = (pa - RAM_BASE) >>> 12;
      engine.u8[PAGE_FLAGS + page] |= PAGE_WATCH;
      engine.core.dropPageTags(page);
    }
  }

  /** An access to a watched page. */
  watched(pa: number, size: number, write: boolean): void {
    if (this.#suspended) return;
    const hits = this.#watches.filter(
      watch =>
        pa < watch.pa + watch.spec.bytes &&
        watch.pa < pa + size &&
        (watch.spec.access === 'readWrite' || (watch.spec.access === 'write') === write),
    );
    if (!hits.length) return;
    this.#host.requestStop({
      kind: 'watchpoint',
      pe: 0,
      ids: hits.map(hit => hit.id),
      address: hits[0].spec.address,
      write,
    });
  }

  // --- Exceptions -------------------------------------------------------------------------------------------------------

  get wantsExceptions(): boolean {
    return this.#of('exception').length > 0;
  }

  onException(event: ExceptionEvent): number[] {
    return this.#of('exception')
      .filter(([, spec]) => spec.match(event))
      .map(([id]) => id);
  }
}

function physical(pe: PeView, spec: Of<'data'>): number | undefined {
  switch (spec.space.kind) {
    case 'pa':
      return Number(spec.address);
    case 'ipa':
    case 'va': {
      const walk = spec.space.kind === 'va' ? pe.walk(spec.address, spec.space.regime) : undefined;
      return walk?.pa === undefined ? undefined : Number(walk.pa);
    }
  }
}
