// What the performance monitors count of the PE, by event and exception level, while a counter is on: see
// system/performance-monitors.ts. Instructions and cycles are added up where a level is left, other events where they
// happen, so that nothing is counted on the straight path.

import {
  CYCLES,
  EL,
  EXIT_REQUEST,
  INSTRUCTION_TIME,
  PMU_EVENTS_EXIT,
  PMU_ON,
  PMU_SINCE,
  PMU_SINCE_CYCLES,
  PMU_TALLIES,
  REMAINING,
  RETIRED_END,
  TALLY_CYCLES,
  TALLY_DATA_ABORT,
  TALLY_FIQ,
  TALLY_HVC,
  TALLY_INSTRUCTION_ABORT,
  TALLY_INSTRUCTIONS,
  TALLY_IRQ,
  TALLY_RETURNS,
  TALLY_SMC,
  TALLY_SVC,
  TALLY_TAKEN,
  TALLY_UNDEFINED,
} from '../layout';

function add(event: u32, el: i32, count: f64): void {
  const tally: usize = PMU_TALLIES + (((event << 2) + u32(el)) << 3);
  store<f64>(tally, load<f64>(tally) + count);
}

/** An event happened at the present level. */
export function countEvent(event: u32): void {
  if (load<u32>(PMU_ON) == 0) return;
  add(event, load<i32>(EL), 1);
  // A counter of such events may have overflowed, and somebody wants an interrupt then.
  if (load<u32>(PMU_EVENTS_EXIT) != 0) store<u32>(EXIT_REQUEST, 1);
}

/**
 * Adds up what was executed at the present level since it was entered. `retires`: 1 when the instruction that is under
 * way belongs to it, -1 when that one ends in an exception and does not retire, 0 when there is none.
 */
export function countLevel(retires: i32): void {
  if (load<u32>(PMU_ON) == 0) return;
  const el = load<i32>(EL);
  const behind = load<f64>(RETIRED_END) - f64(load<i32>(REMAINING));
  const instructions = retires > 0 ? behind + 1 : behind;
  // Without costs an instruction takes a cycle, whether it retires or not.
  const cycles = load<f64>(INSTRUCTION_TIME) == 0 ? load<f64>(CYCLES) : retires != 0 ? behind + 1 : behind;
  add(TALLY_INSTRUCTIONS, el, instructions - load<f64>(PMU_SINCE));
  add(TALLY_CYCLES, el, cycles - load<f64>(PMU_SINCE_CYCLES));
  store<f64>(PMU_SINCE, retires != 0 ? behind + 1 : behind);
  store<f64>(PMU_SINCE_CYCLES, cycles);
}

/** An exception is about to be taken. `kind` as takeException() has it, `ec` for a synchronous one. */
export function countException(kind: i32, ec: u32): void {
  if (load<u32>(PMU_ON) == 0) return;
  // A call retires. A step, a breakpoint and an illegal state come before an instruction, and interrupts do.
  const call = ec >= 0x15 && ec <= 0x17;
  const before = (ec >= 0x30 && ec <= 0x33) || ec == 0x0e;
  countLevel(kind != 0 || before ? 0 : call ? 1 : -1);
  countEvent(TALLY_TAKEN);
  if (kind == 1) countEvent(TALLY_IRQ);
  else if (kind == 2) countEvent(TALLY_FIQ);
  else if (kind != 0) return;
  else if (ec == 0) countEvent(TALLY_UNDEFINED);
  else if (ec == 0x15) countEvent(TALLY_SVC);
  else if (ec == 0x16) countEvent(TALLY_HVC);
  else if (ec == 0x17) countEvent(TALLY_SMC);
  else if ((ec & 0x3e) == 0x20) countEvent(TALLY_INSTRUCTION_ABORT);
  else if ((ec & 0x3e) == 0x24) countEvent(TALLY_DATA_ABORT);
}

/** An exception return is about to happen. */
export function countReturn(): void {
  if (load<u32>(PMU_ON) == 0) return;
  countLevel(1);
  countEvent(TALLY_RETURNS);
}
