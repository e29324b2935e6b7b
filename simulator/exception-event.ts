/**
 * What an exception is to those who watch. Most are looked at by a condition only, so that the one that was just taken is
 * read from the PE as it stands; a record of it is made for who keeps it.
 */

import { describeEsr, exceptionClassName } from './arch/esr.ts';
import type { Features } from './arch/features.ts';
import type { Engine } from './engine/engine.ts';
import { FETCH_PAGE, FETCH_RECORDS, PC, RECORD } from './engine/layout.ts';
import { slotOf } from './engine/pe-state.ts';
import type { BreakpointSpec, ExceptionEvent, ExceptionLevel, ExceptionSieve } from './target.ts';

type Type = ExceptionEvent['type'];

/** By the kinds that the core knows. */
export const EXCEPTION_TYPES = ['sync', 'irq', 'fiq', 'serror', 'eret'] as const satisfies readonly Type[];
/** ESR_ELx.EC of aborts, which have an address. */
const ABORTS = [0x20, 0x21, 0x24, 0x25];

const banked = (register: string) => [0, ...[1, 2, 3].map(el => slotOf(`${register}_EL${el}`))];
const ELR = banked('ELR');
const ESR = banked('ESR');
const FAR = banked('FAR');
const HPFAR = slotOf('HPFAR_EL2');

/** The exception of the active PE that is just being reported: good until its instruction is over. */
export class PresentException implements ExceptionEvent {
  pe = 0;
  from: ExceptionLevel = 0;
  to: ExceptionLevel = 0;
  type: Type = 'sync';
  readonly #engine: Engine;
  readonly #hasEl2: boolean;
  readonly #instructions: () => number;

  constructor(engine: Engine, features: Features, instructions: () => number) {
    this.#engine = engine;
    this.#hasEl2 = features.has('el2');
    this.#instructions = instructions;
  }

  /** The next one; `kind` as the core says it. */
  at(pe: number, kind: number, from: ExceptionLevel, to: ExceptionLevel): this {
    this.pe = pe;
    this.from = from;
    this.to = to;
    this.type = EXCEPTION_TYPES[kind];
    return this;
  }

  get kind(): 'taken' | 'return' {
    return this.type === 'eret' ? 'return' : 'taken';
  }

  get instructions(): number {
    return this.#instructions();
  }

  get #hasSyndrome(): boolean {
    return this.to > 0 && (this.type === 'sync' || this.type === 'serror');
  }

  get ec(): number | undefined {
    return this.#hasSyndrome ? this.#engine.u32[ESR[this.to] >> 2] >>> 26 : undefined;
  }

  get class(): string | undefined {
    const { ec } = this;
    return ec === undefined ? undefined : exceptionClassName(ec);
  }

  get esr(): bigint | undefined {
    return this.#hasSyndrome ? this.#engine.u64[ESR[this.to] >> 3] : undefined;
  }

  get text(): string | undefined {
    const { esr } = this;
    return esr === undefined ? undefined : describeEsr(esr).text;
  }

  get #isAbort(): boolean {
    return ABORTS.includes(this.ec ?? -1);
  }

  get far(): bigint | undefined {
    return this.#isAbort ? this.#engine.u64[FAR[this.to] >> 3] : undefined;
  }

  get hpfar(): bigint | undefined {
    return this.#hasEl2 && this.to === 2 && this.#isAbort ? this.#engine.u64[HPFAR >> 3] : undefined;
  }

  get pc(): bigint {
    const { u32, u64 } = this.#engine;
    if (this.type !== 'eret') return u64[ELR[this.to] >> 3];
    return u64[FETCH_PAGE >> 3] + BigInt((u32[RECORD >> 2] - u32[FETCH_RECORDS >> 2]) >> 2);
  }

  get target(): bigint {
    return this.#engine.u64[PC >> 3];
  }

  /** The same for good. */
  record(): ExceptionEvent {
    return new ExceptionRecord(this);
  }
}

class ExceptionRecord implements ExceptionEvent {
  readonly kind: ExceptionEvent['kind'];
  readonly pe: number;
  readonly instructions: number;
  readonly from: ExceptionLevel;
  readonly to: ExceptionLevel;
  readonly type: Type;
  readonly ec: number | undefined;
  readonly esr: bigint | undefined;
  readonly far: bigint | undefined;
  readonly hpfar: bigint | undefined;
  readonly pc: bigint;
  readonly target: bigint;

  constructor(event: ExceptionEvent) {
    this.kind = event.kind;
    this.pe = event.pe;
    this.instructions = event.instructions;
    this.from = event.from;
    this.to = event.to;
    this.type = event.type;
    this.ec = event.ec;
    this.esr = event.esr;
    this.far = event.far;
    this.hpfar = event.hpfar;
    this.pc = event.pc;
    this.target = event.target;
  }

  get class(): string | undefined {
    return this.ec === undefined ? undefined : exceptionClassName(this.ec);
  }

  get text(): string | undefined {
    return this.esr === undefined ? undefined : describeEsr(this.esr).text;
  }
}

/** As the core compares it. */
function passes(event: ExceptionEvent, { types, classes, from, to }: ExceptionSieve): boolean {
  if (types && !types.includes(event.type)) return false;
  if (classes && event.type === 'sync' && !classes.includes(event.ec as number)) return false;
  return (from?.includes(event.from) ?? true) && (to?.includes(event.to) ?? true);
}

/** Whether a breakpoint wants an exception. */
export function isWanted(event: ExceptionEvent, spec: BreakpointSpec & { readonly kind: 'exception' }): boolean {
  return (spec.sieves?.some(sieve => passes(event, sieve)) ?? true) && spec.match(event);
}
