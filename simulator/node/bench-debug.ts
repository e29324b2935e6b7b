/**
 * `hyperstep bench --debug`: what it costs to be debugged, and how fast the past is. Times are CPU time of this process.
 * Machines with and without take turns by short stretches of the same run, so that other work on the computer hardly
 * changes a ratio; each ratio is the median of such pairs.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createTarget } from '../machine.ts';
import type { ExceptionSieve, MachineConfig, Moment, Target } from '../target.ts';
import { UsageError } from './arguments.ts';
import { symbolOffset, workloads } from './bench.ts';
import { debuggingPage } from './debugging-page.ts';
import { EXIT_OK } from './run.ts';

const MEMORY = 256 * 2 ** 20;
const SLICE = 10_000_000;
/** Instructions of a run whose past is visited, unless the user says otherwise. */
const DEFAULT_INSTRUCTIONS = 1_000_000_000;
const DEFAULT_KERNELS = ['integer', 'memory', 'svc', 'hvc', 'switch'];
/** Those whose past is visited: the fastest, the one that writes most, the one with most exceptions. */
const VISITED = ['integer', 'memory', 'switch'];
const PAIRS = 9;
/** CPU time of each of a pair. */
const PAIR_SECONDS = 0.06;
const VISITS = 20;
/** Instructions of a boot that are compared, and how often. */
const BOOTED = 300_000_000;
const BOOTS = 3;
/** A small budget, so that it is used up. */
const SMALL_LIMIT = 4 * 2 ** 20;

/** What a session does, one thing at a time and then all together. */
export const VARIANTS: readonly { readonly name: string; readonly change: (target: Target) => void }[] = [
  { name: 'breakpoints', change: setBreakpoints },
  { name: 'filters', change: setFilters },
  { name: 'snapshots', change: target => target.record() },
  { name: 'exception log', change: target => target.logExceptions({}) },
  {
    name: 'all',
    change: target => {
      setBreakpoints(target);
      setFilters(target);
      target.record();
      target.logExceptions({});
      // Stacks go on over exceptions.
      target.keepInterrupted = true;
    },
  },
];

/** Where no instruction is reached. */
const ELSEWHERE = 0x4f00_0000n;

function setBreakpoints(target: Target): void {
  for (let n = 0n; n < 8n; n++) target.addBreakpoint({ kind: 'instruction', address: ELSEWHERE + n * 0x1004n });
}

/** Taken to EL3, BRK at EL1 with a condition, list registers written: nothing of it happens. */
function setFilters(target: Target): void {
  const taken: ExceptionSieve['types'] = ['sync', 'irq', 'fiq', 'serror'];
  target.addBreakpoint({ kind: 'exception', sieves: [{ types: taken, to: [3] }], match: () => true });
  target.addBreakpoint({
    kind: 'exception',
    sieves: [{ types: ['sync'], classes: [0x3c], from: [1] }],
    match: event => target.pes[event.pe].readRegister('X0') === 0x84n,
  });
  target.addBreakpoint({ kind: 'system-register', name: 'ICH_LR0_EL2', access: 'write' });
}

/** A share of the speed without, in percent, by name of the variant. */
export interface SpeedRow {
  readonly name: string;
  readonly speeds: Readonly<Record<string, number>>;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is to be: at most, or at least. */
  readonly most?: number;
  readonly least?: number;
}

/** What debugging has to leave of the speed, and recording. */
export const LEAST_SPEED = 85;
export const LEAST_RECORDED = 90;

export interface DebugReport {
  readonly computer: string;
  readonly instructions: number;
  readonly rows: readonly SpeedRow[];
  readonly figures: readonly Figure[];
}

export function benchDebug(argv: readonly string[]): number {
  const { instructions, kernels, writeDocs, boot } = parse(argv);
  const rows: SpeedRow[] = [];
  const figures: Figure[] = [];
  process.stdout.write(
    `${lineOf(
      'speed, % of that without',
      VARIANTS.map(({ name }) => name),
    )}\n`,
  );
  const tell = (row: SpeedRow): void => {
    rows.push(row);
    const cells = VARIANTS.map(({ name }) => row.speeds[name].toFixed(1));
    process.stdout.write(`${lineOf(row.name, cells)}${missedBy(row) ? '   MISSED' : ''}\n`);
  };
  const report = (figure: Figure): void => {
    figures.push(figure);
    process.stdout.write(`${figureLine(figure)}\n`);
  };
  for (const file of kernels) tell({ name: nameOf(file), speeds: speeds(() => machine(file)) });
  if (boot) tell({ name: 'Linux boot', speeds: bootSpeeds(boot) });
  process.stdout.write('\n');
  for (const file of kernels.filter(one => VISITED.includes(nameOf(one))))
    for (const figure of past(machine(file), nameOf(file), instructions)) report(figure);
  const [first] = kernels;
  const writer = kernels.find(file => nameOf(file) === 'memory') ?? first;
  report(memoryLimit(machine(writer)));
  report({
    name: 'register conditions of a breakpoint in a loop',
    value: conditions(machine(first)),
    unit: 'evaluations/s',
    least: 1e6,
  });
  const missed = figures.filter(isMissed).length + rows.filter(missedBy).length;
  process.stdout.write(missed ? `${missed} goals are missed.\n` : 'All goals are met.\n');
  if (writeDocs !== undefined) {
    const computer = `${cpus()[0]?.model.trim() ?? 'an unknown computer'}, Node ${process.versions.node}`;
    writeFileSync(writeDocs, debuggingPage({ computer, instructions, rows, figures }));
  }
  return EXIT_OK;
}

const nameOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1, -'.elf'.length);

export function isMissed({ value, most, least }: Figure): boolean {
  return (most !== undefined && value > most) || (least !== undefined && value < least);
}

export function missedBy({ speeds }: SpeedRow): boolean {
  return VARIANTS.some(({ name }) => speeds[name] < (name === 'snapshots' ? LEAST_RECORDED : LEAST_SPEED));
}

function lineOf(name: string, cells: readonly string[]): string {
  return `${name.padEnd(28)}${cells.map(cell => cell.padStart(15)).join('')}`;
}

export function goalOf({ most, least }: Figure): string {
  if (most !== undefined) return `at most ${most.toLocaleString('en')}`;
  return least !== undefined ? `at least ${least.toLocaleString('en')}` : '';
}

export function shownOf({ value }: Figure): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}

function figureLine(figure: Figure): string {
  const shown = `${shownOf(figure).padStart(14)} ${figure.unit.padEnd(16)}`;
  return `${figure.name.padEnd(56)}${shown}${goalOf(figure)}${isMissed(figure) ? '   MISSED' : ''}`;
}

interface Boot {
  readonly image: Uint8Array;
  readonly initrd?: Uint8Array;
}

function parse(argv: readonly string[]) {
  let values: { instructions?: string; only?: string; 'write-docs'?: string; kernel?: string; initrd?: string };
  const text = { type: 'string' } as const;
  try {
    ({ values } = parseArgs({
      args: argv.filter(argument => argument !== '--debug'),
      options: { instructions: text, only: text, 'write-docs': text, kernel: text, initrd: text },
    }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. "hyperstep help" lists the commands.`);
  }
  const instructions = Number(values.instructions ?? DEFAULT_INSTRUCTIONS);
  if (!Number.isSafeInteger(instructions) || instructions < 1_000_000)
    throw new UsageError(`--instructions takes a whole number from a million on, not "${values.instructions}".`);
  const kernels = (values.only?.split(',') ?? DEFAULT_KERNELS).flatMap(name => workloads(name));
  const boot = values.kernel === undefined ? undefined : bootOf(values.kernel, values.initrd);
  return { instructions, kernels, writeDocs: values['write-docs'], boot };
}

function bootOf(kernel: string, initrd: string | undefined): Boot {
  for (const file of [kernel, ...(initrd === undefined ? [] : [initrd])])
    if (!existsSync(file)) throw new UsageError(`There is no file ${file}: name a kernel that can be booted.`);
  return { image: readFileSync(kernel), ...(initrd === undefined ? {} : { initrd: readFileSync(initrd) }) };
}

const COMMON = { features: [], gic: 3, pes: 1, el: 2, semihosting: false } as const;

/** A workload with so many rounds that no figure sees its end. */
function machine(file: string): Target {
  const image = Buffer.from(readFileSync(file));
  image.writeBigUInt64LE(1n << 40n, symbolOffset(image, 'bench_rounds', file));
  return createTarget({ ...COMMON, image, imageName: nameOf(file), cpu: 'cortex-a57', memory: MEMORY });
}

/** Runs so many instructions; returns seconds of CPU time. */
function seconds(target: Target, instructions: number): number {
  const end = target.instructions + instructions;
  return cpuTime(() => {
    while (target.instructions < end) {
      const stop = target.run({ instructions: Math.min(SLICE, end - target.instructions), stepOff: true });
      if (stop.kind !== 'limit' && !('ids' in stop)) break;
    }
  });
}

function cpuTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Speeds with each variant, in percent of that of a machine that is left alone. */
function speeds(make: () => Target): SpeedRow['speeds'] {
  const plain = make();
  const changed = VARIANTS.map(({ name, change }) => {
    const target = make();
    change(target);
    return { name, target, ratios: [] as number[] };
  });
  // Until the engine has compiled what is hot.
  const warmUp = 60_000_000;
  for (const target of [plain, ...changed.map(one => one.target)]) seconds(target, warmUp);
  const stretch = Math.max(1_000_000, Math.round((PAIR_SECONDS * SLICE) / seconds(plain, SLICE)));
  for (let pair = 0; pair < PAIRS; pair++) {
    for (const { target, ratios } of changed) {
      const order = pair % 2 === 0 ? [plain, target] : [target, plain];
      const times = order.map(one => seconds(one, stretch));
      ratios.push(pair % 2 === 0 ? times[0] / times[1] : times[1] / times[0]);
    }
  }
  return Object.fromEntries(changed.map(({ name, ratios }) => [name, 100 * median(ratios)]));
}

/** A boot is another program at each moment, so that each machine begins anew. */
function bootSpeeds({ image, initrd }: Boot): SpeedRow['speeds'] {
  const time = (change?: (target: Target) => void): number => {
    const config: MachineConfig = { ...COMMON, image, imageName: 'kernel', cpu: 'max', memory: 2 * MEMORY };
    const target = createTarget({ ...config, ...(initrd ? { initrd } : {}), append: 'quiet' });
    change?.(target);
    return seconds(target, BOOTED);
  };
  time();
  const ratio = (change: (target: Target) => void): number =>
    median(Array.from({ length: BOOTS }, () => time() / time(change)));
  return Object.fromEntries(VARIANTS.map(({ name, change }) => [name, 100 * ratio(change)]));
}

function* past(target: Target, name: string, instructions: number): Generator<Figure> {
  target.record();
  target.logExceptions({});
  seconds(target, instructions);
  const end = target.moment;
  const recording = target.recording as NonNullable<Target['recording']>;
  yield {
    name: `${name}: memory of ${recording.snapshots} snapshots`,
    value: recording.bytes / 2 ** 20,
    unit: 'MiB',
    most: 512,
  };
  // From the newest moment to the oldest: going back leaves nothing behind that is newer.
  const moments = randomShares(VISITS).map(share => Math.floor(end.instructions * share));
  const times: number[] = [];
  for (const moment of moments.sort((a, b) => b - a)) {
    const there: Moment = { ...end, instructions: moment, taken: 0 };
    target.goTo(there);
    times.push(1000 * cpuTime(() => target.goTo({ ...there, instructions: moment - 1, taken: 0 })));
  }
  yield { name: `${name}: step back, median of ${VISITS}`, value: median(times), unit: 'ms', most: 50 };
  yield { name: `${name}: step back, longest`, value: Math.max(...times), unit: 'ms', most: 50 };
  const searched = Math.floor(instructions / 4);
  target.goTo(recording.start);
  const there: Moment = { ...end, instructions: searched, taken: 0 };
  const replay = cpuTime(() => target.goTo(there));
  yield { name: `${name}: replay`, value: searched / replay / 1e6, unit: 'MIPS' };
  const id = target.addBreakpoint({ kind: 'instruction', address: ELSEWHERE });
  const scan = cpuTime(() => {
    const search = target.reverseContinue([id]);
    while (!search.next().done);
  });
  yield { name: `${name}: reverse continue`, value: searched / scan / 1e6, unit: 'MIPS' };
}

/** Shares of a run, the same each time. */
function randomShares(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / (2 ** 32 + 1);
  });
}

/** A budget that is used up has to hold. */
function memoryLimit(target: Target): Figure {
  target.record({ interval: 100_000, limit: SMALL_LIMIT });
  let most = 0;
  for (let slice = 0; slice < 50; slice++) {
    target.run({ instructions: 1_000_000 });
    most = Math.max(most, target.recording?.bytes ?? 0);
  }
  return {
    name: 'most memory of snapshots under a small limit',
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
  seconds(target, 60_000_000);
  const rate = (): number => {
    asked = 0;
    const time = seconds(target, SLICE);
    return asked / time;
  };
  return median(Array.from({ length: PAIRS }, rate));
}
