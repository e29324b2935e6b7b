/** Which general registers an instruction writes: read from the statements of its handler, so that nothing says it twice. */

import { usageOf } from './compiler/usage.ts';
import type { Ready } from './decoded-words.ts';
import { SLOT_SP } from './layout.ts';
import type { Handlers } from './semantics/handler.ts';

/** Handlers whose call-out may answer in X0: calls of firmware and of semihosting. */
const ANSWERS_IN_X0 = new Set(['hvc', 'smc', 'hlt']);
const LINK = 30;

/** Numbers of the registers that an instruction writes, 0 to 30 for X0 to X30 and 31 for the SP in use. */
export function writtenRegisters(ready: Ready, handlers: Handlers): ReadonlySet<number> {
  const handler = handlers[ready.handler];
  const written = new Set<number>();
  if (handler === undefined) return written;
  const { writes, link } = usageOf(handler);
  const operands = { rd: ready.rd, rn: ready.rn, rm: ready.rm, ra: ready.low };
  for (const operand of writes) {
    const slot = operands[operand] / 8;
    if (slot <= SLOT_SP) written.add(slot);
  }
  if (link) written.add(LINK);
  if (ANSWERS_IN_X0.has(ready.handler)) written.add(0);
  if (ready.handler === 'msr_spsel') written.add(SLOT_SP);
  return written;
}
