/**
 * The record of an exception, made at every one while somebody watches. Most are looked at by a filter only, so that
 * the words for a syndrome are put together when somebody reads them.
 */

import { describeEsr, exceptionClassName } from './arch/esr.ts';
import type { ExceptionEvent, ExceptionLevel } from './target.ts';

type Type = ExceptionEvent['type'];

/** ESR_ELx.EC of aborts, which have an address. */
const ABORTS = [0x20, 0x21, 0x24, 0x25];

export class ExceptionRecord implements ExceptionEvent {
  readonly kind: 'taken' | 'return';
  readonly ec: number | undefined;

  constructor(
    readonly pe: number,
    readonly instructions: number,
    readonly from: ExceptionLevel,
    readonly to: ExceptionLevel,
    readonly type: Type,
    readonly pc: bigint,
    readonly target: bigint,
    readonly esr?: bigint,
    readonly far?: bigint,
    readonly hpfar?: bigint,
  ) {
    this.kind = type === 'eret' ? 'return' : 'taken';
    this.ec = esr === undefined ? undefined : classOf(esr);
  }

  get class(): string | undefined {
    return this.ec === undefined ? undefined : exceptionClassName(this.ec);
  }

  get text(): string | undefined {
    return this.esr === undefined ? undefined : describeEsr(this.esr).text;
  }
}

/** ESR_ELx.EC. */
export function classOf(esr: bigint): number {
  return (Number(BigInt.asUintN(32, esr)) >>> 26) & 0x3f;
}

export function isAbort(ec: number): boolean {
  return ABORTS.includes(ec);
}
