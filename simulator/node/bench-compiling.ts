/**
 * `hyperstep bench --compiling IMAGE [options of run]`: what it takes to compile while an image runs to its end. It runs
 * several times in one process: at first V8 interprets the compiler, later it has optimised it.
 */

import { writeFileSync } from 'node:fs';
import { STAGES, type Stage } from '../engine/compiler/compiler.ts';
import { createTarget, type Machine } from '../machine.ts';
import type { MachineConfig } from '../target.ts';
import { parseRunArguments, UsageError } from './arguments.ts';
import { EXIT_OK } from './run.ts';

/** Instructions between two returns of the engine. */
const SLICE = 10_000_000;
const RUNS = 3;
/** Stages that are the emitter's own: the others are V8's, or what has to be done for any code. */
export const EMITTING: readonly Stage[] = ['discover', 'structure', 'emit', 'build'];

/** What one run took. */
export interface CompilingRun {
  readonly modules: number;
  /** Of the guest, that were compiled. */
  readonly instructions: number;
  /** Bytes of all modules. */
  readonly bytes: number;
  /** Microseconds for each of the instructions. */
  readonly stages: Readonly<Record<Stage, number>>;
  /** Milliseconds of the host's clock that the machine stood still for one module. */
  readonly longest: number;
}

export function benchCompiling(argv: readonly string[]): number {
  const { config, json } = parseRunArguments(argv.filter(argument => argument !== '--compiling'));
  process.stdout.write(`${lineOf(['us/instruction', ...STAGES, 'emitter', 'longest hold'])}\n`);
  const runs: CompilingRun[] = [];
  for (let number = 1; number <= RUNS; number++) {
    const run = measureCompiling(config, clocks);
    runs.push(run);
    const times = [...STAGES.map(stage => run.stages[stage]), emitting(run)].map(time => time.toFixed(2));
    process.stdout.write(`${lineOf([`run ${number}`, ...times, `${run.longest.toFixed(1)} ms`])}\n`);
  }
  const [{ modules, instructions, bytes }] = runs;
  process.stdout.write(`${modules} modules of ${instructions} instructions, ${bytes} bytes.\n`);
  if (json !== undefined) writeFileSync(json, JSON.stringify({ node: process.versions.node, runs }));
  return EXIT_OK;
}

/** Microseconds for an instruction in all stages that are the emitter's. */
export function emitting({ stages }: CompilingRun): number {
  return EMITTING.reduce((sum, stage) => sum + stages[stage], 0);
}

/** Milliseconds. */
export interface Clocks {
  /** What the thread has worked, which other programs do not change; the host's clock where Node does not tell. */
  readonly work: () => number;
  readonly host: () => number;
}

const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
const host = (): number => performance.now();
const clocks: Clocks = {
  host,
  work: threadCpuUsage
    ? () => {
        const { user, system } = threadCpuUsage();
        return (user + system) / 1000;
      }
    : host,
};

/** Runs a machine to its end. */
export function measureCompiling(config: MachineConfig, { work, host }: Clocks): CompilingRun {
  const machine = createTarget({ ...config, tier: 1 }) as Machine;
  const { compiler } = machine.engine;
  if (!compiler) throw new UsageError('With a cost profile nothing is compiled: leave --profile out.');
  const spent = new Map<Stage, number>();
  let [begun, last, longest] = [0, 0, 0];
  compiler.onStage = ended => {
    if (ended) spent.set(ended, (spent.get(ended) ?? 0) + work() - last);
    else begun = host();
    last = work();
    longest = Math.max(longest, host() - begun);
  };
  let stop = machine.run({ instructions: SLICE });
  while (stop.kind === 'limit') stop = machine.run({ instructions: SLICE });
  if (stop.kind !== 'poweroff')
    throw new UsageError(`The run ended by ${stop.kind}${'message' in stop ? `: ${stop.message}` : '.'}`);
  const { modules, instructions, bytes } = compiler.statistics;
  const each = (stage: Stage) => ((spent.get(stage) ?? 0) * 1000) / Math.max(instructions, 1);
  const stages = Object.fromEntries(STAGES.map(stage => [stage, each(stage)])) as Record<Stage, number>;
  return { modules, instructions, bytes, stages, longest };
}

function lineOf([first, ...cells]: readonly string[]): string {
  return `${first.padEnd(16)}${cells.map(cell => cell.padStart(13)).join('')}`;
}
