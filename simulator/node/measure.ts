/**
 * Measures a system: runs it to its end, and counts between the guest's calls of bench_begin and bench_end, from outside.
 */

import { MICRO_BENCHMARKS, type SystemRow } from '../hypervisors/systems.ts';
import { createTarget } from '../machine.ts';
import type { StopReason, Target } from '../target.ts';
import { elfSymbols } from './elf-symbols.ts';
import type { SystemFiles } from './system-files.ts';

/** What one operation of a guest cost on the measuring PE, on average. */
export interface Measurement {
  readonly operation: string;
  /** Modelled cycles that the PE executed. */
  readonly cycles: number;
  /** What the guest's own PMCCNTR_EL0 counted; undefined for a guest that does not print it. */
  readonly counted: number | undefined;
  /** Exceptions that a guest took to EL2, on any PE. */
  readonly traps: number;
  /** All exceptions of the measuring PE. */
  readonly exceptions: number;
  /** System registers read and written, and system instructions. */
  readonly accesses: number;
  readonly instructions: number;
}

/** More than any system needs. */
const LIMIT = 2_000_000_000;
const MEMORY = 128 << 20;
/** HCR_EL2.VM and TGE: while a guest runs, its stage 2 is on. */
const STAGE_2 = 1n;

/** Builds the machine of a row; `profile` is a name or undefined. Throws a sentence for what does not fit together. */
export function targetOf(row: SystemRow, { elf, guestHypervisor }: SystemFiles, profile: string | undefined): Target {
  const image = withVariables(elf, row.variables, row.name);
  const initrd = guestHypervisor && withVariables(guestHypervisor, row.guestVariables, row.name);
  const { cpu = 'max', features = [], gic = 3, pes = 2, memory = MEMORY, el = 2 } = row.machine ?? {};
  const machine = { cpu, features, gic, pes, memory, el, semihosting: false };
  return createTarget({
    ...machine,
    image,
    imageName: row.elf,
    ...(initrd === undefined ? {} : { initrd }),
    ...(profile === undefined ? {} : { profile }),
  });
}

/** A copy of an ELF file with initialised variables changed. */
function withVariables(elf: Uint8Array, variables: SystemRow['variables'] = {}, system: string): Uint8Array {
  const symbols = elfSymbols(elf);
  const image = elf.slice();
  for (const [name, value] of Object.entries(variables)) {
    const offset = symbols.get(name)?.offset;
    if (offset === undefined) throw new Error(`There is no initialised variable ${name}, which ${system} sets.`);
    new DataView(image.buffer).setUint32(offset, value, true);
  }
  return image;
}

/** Throws a sentence when the system does not come to its end. */
export function measure(row: SystemRow, files: SystemFiles, profile: string | undefined): readonly Measurement[] {
  const target = targetOf(row, files, profile);
  // Of nested guests the innermost measures.
  const symbols = elfSymbols(files.guestHypervisor ?? files.elf);
  const pe = target.pes[0];
  let console = '';
  target.onConsole = bytes => {
    console += new TextDecoder().decode(bytes);
  };
  const breakpointAt = (name: string) => {
    const symbol = symbols.get(name);
    if (!symbol) throw new Error(`${row.elf} has no symbol ${name}: nobody could tell where a measurement begins.`);
    return target.addBreakpoint({ kind: 'instruction', address: symbol.value, pe: 0 });
  };
  const begin = breakpointAt('bench_begin');
  breakpointAt('bench_end');
  let traps = 0;
  let exceptions = 0;
  target.onException = event => {
    if (event.kind !== 'taken') return;
    if (event.pe === 0) exceptions++;
    // What an interrupt costs the vCPU that it goes to belongs to the operation.
    if (event.to === 2 && event.from < 2 && target.pes[event.pe].readRegister('HCR_EL2') & STAGE_2) traps++;
  };
  const found: Omit<Measurement, 'counted'>[] = [];
  let started = { number: 0, iterations: 1, cycles: 0, accesses: 0, instructions: 0 };
  for (let stepOff = false; ; stepOff = true) {
    const stop = target.run({ instructions: LIMIT - target.instructions, stepOff });
    if (stop.kind !== 'breakpoint') {
      if (stop.kind !== 'poweroff') throw new Error(`${row.name} has not come to its end: ${why(stop)}\n${console}`);
      return found.map(result => ({ ...result, counted: countedBy(console, result.operation) }));
    }
    if (stop.ids.includes(begin)) {
      const number = Number(pe.readRegister('X0'));
      const iterations = Number(pe.readRegister('X1'));
      started = { number, iterations, cycles: pe.cycles, accesses: pe.accesses, instructions: target.instructions };
      [traps, exceptions] = [0, 0];
      continue;
    }
    const each = (count: number) => count / started.iterations;
    found.push({
      operation: (row.operations ?? MICRO_BENCHMARKS)[started.number] ?? `operation ${started.number}`,
      cycles: each(pe.cycles - started.cycles),
      traps: each(traps),
      exceptions: each(exceptions),
      accesses: each(pe.accesses - started.accesses),
      instructions: each(target.instructions - started.instructions),
    });
  }
}

function why(stop: StopReason): string {
  return 'message' in stop ? stop.message : `it stopped for ${stop.kind}.`;
}

/** Cycles that the guest says an operation took by its PMCCNTR_EL0. */
function countedBy(console: string, operation: string): number | undefined {
  const line = console.split('\n').find(text => text.startsWith(`${operation} `));
  const cycles = line && /\bcycles (\d+)/.exec(line)?.[1];
  return cycles === undefined ? undefined : Number(cycles);
}
