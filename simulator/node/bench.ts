/**
 * `hyperstep bench`: speed of the engine on the workloads of simulator/bench, alternating with QEMU on the same files
 * in the same run.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createTarget } from '../machine.ts';
import { UsageError } from './arguments.ts';
import { benchCompiling } from './bench-compiling.ts';
import { benchDebug } from './bench-debug.ts';
import { benchSystems } from './bench-systems.ts';
import { elfSymbols } from './elf-symbols.ts';
import { EXIT_OK } from './run.ts';

/** The order in which workloads are shown; others follow by name. */
const order = [
  ...['integer', 'memory', 'branches', 'indirect', 'fp', 'simd'],
  ...['sort', 'hash', 'text', 'tree', 'recursion', 'interpreter', 'atomics', 'matrix', 'image'],
  ...['svc', 'hvc', 'switch', 'nested', 'nv2', 'tlbi', 'mmio'],
];
/** The three loops that always run against QEMU if it is there. */
const loops = ['integer', 'memory', 'branches'];
/** A round of these is one operation: an exception and its return, TLB maintenance, an access to a device. */
const operations = new Set(['svc', 'hvc', 'switch', 'nested', 'nv2', 'tlbi', 'mmio']);
/** Need FEAT_NV2, and so a QEMU that has it. */
const nesting = new Set(['nested', 'nv2']);
const FIRST_NESTING_QEMU = 9;

const QEMU = 'qemu-system-aarch64';
const QEMU_ARGUMENTS = [
  ...['-machine', 'virt,virtualization=on,gic-version=3', '-m', '256M'],
  ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-net', 'none'],
];
const MEMORY = 256 * 2 ** 20;
/** Instructions between two returns of the engine. */
const SLICE = 10_000_000;
/** Share of the work that a workload was written for (about 10^9 instructions) unless the user says otherwise. */
const DEFAULT_SCALE = '0.25';

/**
 * A single operation is measured by a run of so long, whose rounds follow from a run of the usual number: what an engine does
 * until it has optimised its code would be most of a run of 2 million exceptions. Times `--scale`.
 */
const OPERATION_SECONDS = 2;

/** What a run of one workload gave. */
interface Measured {
  readonly seconds: number;
  /** What it printed: name, rounds and checksum. */
  readonly text: string;
}

interface Result {
  readonly name: string;
  readonly rounds: number;
  readonly instructions: number;
  readonly seconds: number;
  readonly mips: number;
  readonly checksum: string;
  /** Of one operation, in the workloads that do one again and again. */
  readonly nanoseconds?: number;
  /** In the order of the QEMUs; null for one that lacks what the workload needs. */
  readonly qemu: readonly (Compared | null)[];
}

interface Compared {
  readonly seconds: number;
  readonly mips: number;
  readonly nanoseconds?: number;
  /** Our speed divided by QEMU's. */
  readonly ratio: number;
}

interface Qemu {
  readonly program: string;
  /** What it calls itself. */
  readonly version: string;
}

export async function bench(argv: readonly string[]): Promise<number> {
  if (argv.includes('--debug')) return benchDebug(argv);
  if (argv.includes('--compiling')) return benchCompiling(argv);
  if (argv.some(argument => /^--(system|profile|write-docs)(=|$)/.test(argument))) return benchSystems(argv);
  const args = parse(argv);
  const kernels = workloads(args.only);
  const qemus = await findQemus(args.qemu);
  if (args.against && !qemus.length)
    throw new UsageError(
      `${args.qemu.join(' and ')} cannot be started: install Debian's package qemu-system-arm, name another program with --qemu, or leave --against out.`,
    );
  const compared = (name: string) => (args.against || loops.includes(name) ? qemus : []);
  process.stdout.write(
    `Node ${process.versions.node}; ${qemus.map(({ version }) => version).join('; ') || `${QEMU} is not on the PATH, so these are our figures only`}.\n`,
  );
  process.stdout.write(`${row(['kernel', 'instructions', 'MIPS', 'QEMU MIPS', 'ratio', 'operation'])}\n`);
  const results: Result[] = [];
  for (const file of kernels) {
    const result = await measure(file, args, compared(path.basename(file, '.elf')));
    results.push(result);
    for (const line of lines(result)) process.stdout.write(`${row(line)}\n`);
  }
  for (const [index, { version }] of qemus.entries()) {
    const ratios = results.flatMap(result => result.qemu[index]?.ratio ?? []);
    if (ratios.length < 2) continue;
    const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    process.stdout.write(`Geometric mean of the ratios to ${version}: ${mean.toFixed(2)}.\n`);
  }
  if (args.json !== undefined)
    writeJson(args.json, {
      node: process.versions.node,
      v8: process.versions.v8,
      qemu: qemus.map(({ version }) => version),
      results,
    });
  return EXIT_OK;
}

interface Arguments {
  readonly against: boolean;
  readonly only: string | undefined;
  readonly json: string | undefined;
  readonly qemu: readonly string[];
  readonly scale: number;
  readonly repeats: number;
  /** 0 measures the interpreter alone. */
  readonly tier: 0 | 1;
}

function parse(argv: readonly string[]): Arguments {
  let values: {
    against?: string;
    only?: string;
    json?: string;
    scale?: string;
    repeats?: string;
    qemu?: string;
    tier?: string;
  };
  try {
    const text = { type: 'string' } as const;
    ({ values } = parseArgs({
      args: [...argv],
      options: { against: text, only: text, json: text, scale: text, repeats: text, qemu: text, tier: text },
    }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. "hyperstep help" lists the commands.`);
  }
  if (values.against !== undefined && values.against !== 'qemu')
    throw new UsageError(`--against takes qemu, not "${values.against}".`);
  const scale = Number(values.scale ?? DEFAULT_SCALE);
  if (!(scale > 0 && scale <= 100))
    throw new UsageError(`--scale takes a number above 0 and up to 100, not "${values.scale}".`);
  const repeats = Number(values.repeats ?? '3');
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 1000) {
    throw new UsageError(`--repeats takes a whole number from 1 to 1000, not "${values.repeats}".`);
  }
  if (values.tier !== undefined && !/^[01]$/.test(values.tier))
    throw new UsageError(`--tier takes 0 or 1, not "${values.tier}".`);
  const tier = values.tier === '0' ? 0 : 1;
  const qemu = (values.qemu ?? QEMU).split(',').filter(program => program !== '');
  return { against: values.against !== undefined, only: values.only, json: values.json, qemu, scale, repeats, tier };
}

/** The ELF files, in this folder of the package whether the program is bundled or not. */
export function workloads(only: string | undefined): string[] {
  let root = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(root, 'simulator/bench'))) {
    if (path.dirname(root) === root)
      throw new UsageError(
        'The workloads are not part of this installation: run the benchmark from a clone of the repository.',
      );
    root = path.dirname(root);
  }
  const folder = path.join(root, 'simulator/bench');
  const names = readdirSync(folder)
    .filter(file => file.endsWith('.elf'))
    .map(file => path.basename(file, '.elf'));
  const place = (name: string) => order.indexOf(name) + 1 || order.length + 1;
  names.sort((a, b) => place(a) - place(b) || a.localeCompare(b));
  if (only !== undefined && !names.includes(only))
    throw new UsageError(`There is no workload "${only}"; there are ${names.join(', ')}.`);
  return names.filter(name => only === undefined || name === only).map(name => path.join(folder, `${name}.elf`));
}

async function measure(file: string, { scale, repeats, tier }: Arguments, qemus: readonly Qemu[]): Promise<Result> {
  const name = path.basename(file, '.elf');
  const image = readFileSync(file);
  const at = symbolOffset(image, 'bench_rounds', file);
  const rounds = Math.max(1, Math.round(Number(image.readBigUInt64LE(at)) * scale));
  const sized = (count: number) => {
    const copy = Buffer.from(image);
    copy.writeBigUInt64LE(BigInt(count), at);
    return copy;
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'hyperstep-bench-'));
  try {
    const sizedFile = path.join(folder, 'sized.elf');
    const here = (count: number) => runHere(sized(count), name, tier);
    const inQemu = (program: string, count: number) => {
      writeFileSync(sizedFile, sized(count));
      return runInQemu(program, sizedFile, name);
    };
    /** How many times as long a run has to be, by what it took. */
    const longer = (seconds: number) =>
      operations.has(name) ? Math.max(1, Math.ceil((OPERATION_SECONDS * scale) / Math.max(seconds, 1e-2))) : 1;
    const ours: number[] = [];
    const theirs: number[][] = qemus.map(() => []);
    let instructions = 0;
    let text = '';
    for (let repeat = 0; repeat < repeats; repeat++) {
      const run = here(rounds);
      ({ instructions, text } = run);
      const times = longer(run.seconds);
      ours.push(times === 1 ? run.seconds : here(rounds * times).seconds / times);
      for (const [index, { program, version }] of qemus.entries()) {
        if (!canRun(name, version)) continue;
        const start = await inQemu(program, 1);
        const other = await inQemu(program, rounds);
        if (other.text !== text)
          throw new UsageError(`${version} and this engine disagree on ${name}: "${other.text}" and "${text}".`);
        const times = longer(other.seconds - start.seconds);
        const whole = times === 1 ? other : await inQemu(program, rounds * times);
        theirs[index].push(Math.max((whole.seconds - start.seconds) / times, 1e-6));
      }
    }
    const seconds = median(ours);
    const each = (time: number) => (operations.has(name) ? { nanoseconds: (time / rounds) * 1e9 } : {});
    const speed = (time: number) => ({ seconds: time, mips: instructions / time / 1e6, ...each(time) });
    const compared = (time: number) => ({ ...speed(time), ratio: time / seconds });
    return {
      name,
      rounds,
      instructions,
      checksum: /checksum (\w+)/.exec(text)?.[1] ?? '',
      ...speed(seconds),
      qemu: theirs.map(times => (times.length ? compared(median(times)) : null)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From the first instruction to power-off. */
function runHere(image: Uint8Array, name: string, tier: 0 | 1): Measured & { instructions: number } {
  const target = createTarget({
    image,
    imageName: name,
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: MEMORY,
    el: 2,
    semihosting: false,
    tier,
  });
  let text = '';
  target.onConsole = bytes => {
    text += Buffer.from(bytes).toString('latin1');
  };
  const started = performance.now();
  let stop = target.run({ instructions: SLICE });
  while (stop.kind === 'limit') stop = target.run({ instructions: SLICE });
  const seconds = (performance.now() - started) / 1000;
  if (stop.kind !== 'poweroff')
    throw new UsageError(`The workload ${name} ended by ${stop.kind}${'message' in stop ? `: ${stop.message}` : '.'}`);
  return { seconds, text: text.trim(), instructions: target.instructions };
}

function canRun(name: string, qemuVersion: string): boolean {
  return !nesting.has(name) || Number(/version (\d+)/.exec(qemuVersion)?.[1]) >= FIRST_NESTING_QEMU;
}

/** From the start of the process to its end. */
function runInQemu(program: string, file: string, name: string): Promise<Measured> {
  return new Promise((done, fail) => {
    const started = performance.now();
    const options = [...QEMU_ARGUMENTS, '-cpu', nesting.has(name) ? 'max' : 'cortex-a57', '-kernel', file];
    const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString('latin1');
    });
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString();
    });
    child.on('error', fail);
    child.on('close', code => {
      if (code !== 0) fail(new UsageError(`${program} ended with ${code}: ${errors.trim().split('\n')[0]}`));
      else done({ seconds: (performance.now() - started) / 1000, text: text.trim() });
    });
  });
}

/** Those of the programs that can be started. */
async function findQemus(programs: readonly string[]): Promise<readonly Qemu[]> {
  const versions = await Promise.all(programs.map(qemuVersion));
  return programs.flatMap((program, index) => {
    const version = versions[index];
    return version === undefined ? [] : [{ program, version }];
  });
}

/** What a QEMU calls itself; undefined when there is none. */
function qemuVersion(program: string): Promise<string | undefined> {
  return new Promise(done => {
    const child = spawn(program, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
    });
    child.on('error', () => done(undefined));
    child.on('close', code => done(code === 0 ? text.split('\n')[0].trim() : undefined));
  });
}

/** Offset in an ELF file of what a symbol names. */
export function symbolOffset(elf: Buffer, symbol: string, file: string): number {
  const offset = elfSymbols(elf).get(symbol)?.offset;
  if (offset === undefined)
    throw new UsageError(`${file} has no symbol ${symbol}: build it again from the sources beside it.`);
  return offset;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A line for each QEMU, or one. */
function lines({ name, instructions, mips, nanoseconds, qemu }: Result): string[][] {
  const own = [name, String(instructions), mips.toFixed(1)];
  const first = nanoseconds === undefined ? '' : `${nanoseconds.toFixed(0)} ns`;
  if (!qemu.length) return [[...own, '', '', first]];
  return qemu.map((other, index) => {
    if (!other) return [...(index ? ['', '', ''] : own), '-', '-', index ? '' : first];
    const operation = other.nanoseconds === undefined ? '' : `${first} (QEMU ${other.nanoseconds.toFixed(0)} ns)`;
    return [...(index ? ['', '', ''] : own), other.mips.toFixed(1), other.ratio.toFixed(2), operation];
  });
}

function row([first, ...rest]: readonly string[]): string {
  return `${first.padEnd(10)}${rest.map((cell, index) => (index < 4 ? cell.padStart(14) : `   ${cell}`)).join('')}`.trimEnd();
}

function writeJson(file: string, report: unknown): void {
  try {
    writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  } catch (error) {
    throw new UsageError(`The report cannot be written to "${file}": ${(error as Error).message}.`);
  }
}
