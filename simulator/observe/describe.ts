/** Events of the log in words. */

import { describeEsr } from '../arch/esr.ts';
import { EXCEPTION_CLASSES } from './exception-classes.ts';
import type { LoggedException } from './exception-log.ts';

/** Why an exception was taken, such as `HVC: immediate 0x0` or `IRQ`; `ERET` for a return. */
export function describeLogged(event: Pick<LoggedException, 'kind' | 'class' | 'syndrome'>): string {
  if (event.kind === 4) return 'ERET';
  if (event.kind !== 0) return EXCEPTION_CLASSES[event.class].label;
  return describeEsr(BigInt(event.syndrome)).text;
}
