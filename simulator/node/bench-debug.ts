/**
 * `hyperstep bench --debug`: what it costs to be debugged, and how fast the past is. Times are CPU time of this process,
 * and pairs alternate, so that other work on the computer hardly changes a ratio.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createTarget } from '../machine.ts';
import type { Moment, Target } from '../target.ts';
import { UsageError } from './arguments.ts';
import { symbolOffset, workloads } from './bench.ts';
import { EXIT_OK } from './run.ts';

const MEMORY = 256 * 2 ** 20;
const SLICE = 10_000_000;
/** Instructions of a run whose past is visited, unless the user says otherwise. */
const DEFAULT_INSTRUCTIONS = 1_000_000_000;
/** Instructions of each run that is compared with another. */
const COMPARED = 200_000_000;
const REPEATS = 5;
const VISITS = 20;
/** A small budget, so that it is used up. */
const SMALL_LIMIT = 4 * 2 ** 20;

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is to be: at most, or at least. */
  readonly most?: number;
  readonly least?: number;
}

export function benchDebug(argv: readonly string[]): number {
  const { instructions, kernels } = parse(argv);
  const figures: Figure[] = [];
  const report = (figure: Figure): void => {
    figures.push(figure);
    process.stdout.write(`${lineOf(figure)}\n`);
  };
  for (const file of kernels) {
    const name = file.slice(file.lastIndexOf('/') + 1, -'.elf'.length);
    const image = endless(file);
    const make = (): Target => machine(image, name);
    report({
      name: `${name}: recording slows a run by`,
      value: 100 * overhead(make, target => target.record()),
      unit: '%',
      most: 10,
    });
    report({
      name: `${name}: speed with breakpoints, filters and recording`,
      value: 100 / (1 + overhead(make, debugged)),
      unit: '%',
      least: 85,
    });
  }
  const image = endless(kernels[0]);
  for (const figure of past(machine(image, 'past'), instructions)) report(figure);
  for (const figure of memoryLimit(machine(endless(kernels.at(-1) as string), 'limit'))) report(figure);
  report({
    name: 'conditions of a hot loop',
    value: conditions(machine(image, 'conditions')),
    unit: 'evaluations/s',
    least: 1e6,
  });
  const missed = figures.filter(isMissed);
  process.stdout.write(
    missed.length
      ? `${missed.length} of ${figures.length} figures miss their goal.\n`
      : 'All figures meet their goals.\n',
  );
  return EXIT_OK;
}

function isMissed({ value, most, least }: Figure): boolean {
  return (most !== undefined && value > most) || (least !== undefined && value < least);
}

function lineOf(figure: Figure): string {
  const { name, value, unit, most, least } = figure;
  const goal =
    most !== undefined
      ? `at most ${most.toLocaleString('en')}`
      : least !== undefined
        ? `at least ${least.toLocaleString('en')}`
        : '';
  const shown = Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
  return `${name.padEnd(52)}${shown.padStart(14)} ${unit.padEnd(14)}${goal}${isMissed(figure) ? '   MISSED' : ''}`;
}

function parse(argv: readonly string[]): { readonly instructions: number; readonly kernels: readonly string[] } {
  let values: { instructions?: string; only?: string };
  try {
    ({ values } = parseArgs({
      args: argv.filter(argument => argument !== '--debug'),
      options: { instructions: { type: 'string' }, only: { type: 'string' } },
    }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. "hyperstep help" lists the commands.`);
  }
  const instructions = Number(values.instructions ?? DEFAULT_INSTRUCTIONS);
  if (!Number.isSafeInteger(instructions) || instructions < 1_000_000)
    throw new UsageError(`--instructions takes a whole number from a million on, not "${values.instructions}".`);
  const names = values.only?.split(',') ?? ['integer', 'switch', 'memory'];
  return { instructions, kernels: names.flatMap(name => workloads(name)) };
}

/** A workload with so many rounds that no figure sees its end. */
function endless(file: string): Uint8Array {
  const image = Buffer.from(readFileSync(file));
  image.writeBigUInt64LE(1n << 40n, symbolOffset(image, 'bench_rounds', file));
  return image;
}

function machine(image: Uint8Array, imageName: string): Target {
  return createTarget({
    image,
    imageName,
    cpu: 'cortex-a57',
    features: [],
    gic: 3,
    pes: 1,
    memory: MEMORY,
    el: 2,
    semihosting: false,
  });
}

/** Runs so many instructions; returns seconds of CPU time. */
function seconds(target: Target, instructions: number): number {
  const end = target.instructions + instructions;
  const before = process.cpuUsage();
  while (target.instructions < end) {
    const stop = target.run({ instructions: Math.min(SLICE, end - target.instructions), stepOff: true });
    if (stop.kind !== 'limit' && !('ids' in stop)) break;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** How much longer a run takes after a change, as a share: the median of alternating pairs. */
function overhead(make: () => Target, change: (target: Target) => void): number {
  const ratios: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const time = (changed: boolean): number => {
      const target = make();
      if (changed) change(target);
      seconds(target, COMPARED / 10);
      return seconds(target, COMPARED);
    };
    const [first, second] = repeat % 2 === 0 ? [time(false), time(true)] : [time(true), time(false)].reverse();
    ratios.push(second / first);
  }
  return median(ratios) - 1;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** As a session has it: recorded, stacks over exceptions kept, a breakpoint elsewhere and filters that do not match. */
function debugged(target: Target): void {
  target.record();
  target.keepInterrupted = true;
  target.addBreakpoint({ kind: 'instruction', address: 0x4f00_0000n });
  target.addBreakpoint({ kind: 'exception', match: event => event.kind === 'taken' && event.to === 3 });
  target.addBreakpoint({ kind: 'system-register', name: 'VTTBR_EL2', access: 'write' });
}

function* past(target: Target, instructions: number): Generator<Figure> {
  target.record();
  const forward = seconds(target, instructions) / target.instructions;
  const end = target.moment;
  yield { name: 'a run for the past', value: target.instructions, unit: 'instructions' };
  const recording = target.recording as NonNullable<Target['recording']>;
  yield { name: 'its snapshots', value: recording.snapshots, unit: '' };
  yield { name: 'their memory', value: recording.bytes / 2 ** 20, unit: 'MiB', most: 512 };
  // From the newest moment to the oldest: going back leaves nothing behind that is newer.
  const times: number[] = [];
  for (let visit = VISITS; visit > 0; visit--) {
    const moment: Moment = { ...end, instructions: Math.floor((end.instructions * visit) / (VISITS + 1)) };
    target.goTo(moment);
    const before = performance.now();
    target.goTo({ ...moment, instructions: moment.instructions - 1 });
    times.push(performance.now() - before);
  }
  yield { name: 'step back, median', value: median(times), unit: 'ms', most: 50 };
  yield { name: 'step back, longest', value: Math.max(...times), unit: 'ms', most: 50 };
  seconds(target, Math.floor(instructions / 4));
  const searched = target.instructions;
  const id = target.addBreakpoint({ kind: 'instruction', address: 0x4f00_0000n });
  const before = process.cpuUsage();
  const search = target.reverseContinue([id]);
  while (!search.next().done);
  const { user, system } = process.cpuUsage(before);
  const scanning = (user + system) / 1e6 / searched;
  yield { name: 'reverse continue against replay', value: (100 * forward) / scanning, unit: '%' };
}

/** A budget that is used up has to hold. */
function* memoryLimit(target: Target): Generator<Figure> {
  target.record({ interval: 100_000, limit: SMALL_LIMIT });
  let most = 0;
  for (let slice = 0; slice < 50; slice++) {
    target.run({ instructions: 1_000_000 });
    most = Math.max(most, target.recording?.bytes ?? 0);
  }
  yield {
    name: 'memory of snapshots with a small limit',
    value: most / 2 ** 20,
    unit: 'MiB',
    most: SMALL_LIMIT / 2 ** 20,
  };
}

/** A register condition at the instruction of a loop that is met most often. */
function conditions(target: Target): number {
  seconds(target, 10_000_000);
  const met = new Map<bigint, number>();
  for (let step = 0; step < 3000; step++) {
    target.run({ instructions: 1 });
    const { pc } = target.pes[0];
    met.set(pc, (met.get(pc) ?? 0) + 1);
  }
  const [address] = [...met].sort((a, b) => b[1] - a[1])[0];
  let asked = 0;
  target.addBreakpoint({
    kind: 'instruction',
    address,
    match: pe => {
      asked++;
      return pe.readRegister('X0') === 0xdead_beefn;
    },
  });
  // As with all figures, after the engine has warmed up.
  seconds(target, 20_000_000);
  asked = 0;
  const time = seconds(target, 20_000_000);
  return asked / time;
}
