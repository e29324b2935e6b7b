/**
 * Guests that do not run now. Where their hypervisor keeps their registers is its own affair; but the machine had them
 * when the guest was left, and the run can be taken back to that moment: so their stage 1 is shown as it was then.
 */

import type { Moment, PeView, Target } from '../simulator/target.ts';

/** When a guest was left last. */
export interface LastRun {
  readonly pe: number;
  /** Of the whole machine: the exception has been taken, and no instruction of the hypervisor has run. */
  readonly instructions: number;
}

/** Events of each PE that are looked at, the newest ones. */
const MOST_EVENTS = 20_000;

/** When each guest was left last before now, by VMID: those that the log of exceptions still has. */
export function lastRuns(target: Target): ReadonlyMap<number, LastRun> {
  const found = new Map<number, LastRun>();
  const log = target.exceptionLog;
  if (log === undefined || !target.recording) return found;
  for (const [pe, events] of log.pes.entries()) {
    log.end(pe);
    const newest = events.find(target.instructions + 1);
    const least = Math.max(events.oldest, newest - MOST_EVENTS);
    const missing = new Set(log.guests.keys());
    for (let number = newest - 1; number >= least && missing.size > 0; number--) {
      const event = events.event(number);
      if (event === undefined) break;
      const { guest, from, to, vmid, instructions } = event;
      if (!guest || to <= from || !missing.delete(vmid)) continue;
      const other = found.get(vmid);
      if (other === undefined || other.instructions < instructions) found.set(vmid, { pe, instructions });
    }
  }
  return found;
}

/** Goes back to where a guest was left last, looks, and comes back to now, also when it is given up. */
export function* asItLastRan<T>(target: Target, { pe, instructions }: LastRun, look: (pe: PeView) => T) {
  const now: Moment = target.moment;
  try {
    yield* target.travel({ ...now, instructions, taken: 0 });
    return look(target.pes[pe]);
  } finally {
    target.goTo(now);
  }
}
