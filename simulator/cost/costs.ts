/** A profile in the form that the engine and the machine charge by. */

import type { EngineCosts } from '../engine/engine.ts';
import type { Handlers } from '../engine/semantics/handler.ts';
import { accessEvent, deviceEvent, instructionEvents } from './events.ts';
import type { CostEvent, CostProfile } from './profile.ts';

export interface Costs extends EngineCosts {
  /** Cycles of a PE in a second. */
  readonly frequency: number;
  /** An access to a device, by its physical address, besides the instruction. */
  device(pa: number, write: boolean): number;
}

export function costsOf(profile: CostProfile, handlers: Handlers, gic: 2 | 3): Costs {
  const of = (event: CostEvent) => profile.costs[event].cycles;
  return {
    frequency: profile.frequency,
    instruction: name =>
      instructionEvents(name, handlers[name]).reduce((sum, [event, count]) => sum + of(event) * count, 0),
    access: (row, write) => {
      const event = accessEvent(row, write);
      return event ? of(event) : 0;
    },
    vncr: write => of(write ? 'store' : 'load'),
    entry: () => of('exceptionEntry'),
    return: () => of('exceptionReturn'),
    walk: () => of('walk'),
    device: (pa, write) => of(deviceEvent(gic, pa, write)),
  };
}
