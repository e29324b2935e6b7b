/** `hyperstep run` and `hyperstep trace`: a machine without an editor. */

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { createTarget } from '../machine.ts';
import type { ExceptionEvent, StopReason, Target } from '../target.ts';
import { parseRunArguments, type RunArguments, UsageError } from './arguments.ts';
import { ConsoleScript } from './console-script.ts';

export const EXIT_OK = 0;
export const EXIT_USAGE = 2;
export const EXIT_LIMIT = 3;
export const EXIT_STOPPED = 4;

/** Instructions between two looks at the clock and at the console's script. */
const SLICE = 2_000_000;

interface Outcome {
  /** As `end` in the JSON report. */
  readonly end: string;
  readonly code: number;
  /** Said on standard error. */
  readonly message?: string;
}

export async function run(argv: readonly string[]): Promise<number> {
  const args = parseRunArguments(argv);
  const report = args.json === undefined ? undefined : openOutput(args.json, 'report');
  const target = boot(args);
  const counts = new Map<string, number>();
  if (args.json !== undefined) target.onException = event => count(counts, event);
  const started = performance.now();
  const outcome = await drive(target, args, started);
  const seconds = (performance.now() - started) / 1000;
  if (outcome.message) process.stderr.write(`${outcome.message}\n`);
  if (args.variables !== undefined && target.variables)
    writeFileSync(openOutput(args.variables, 'variables'), target.variables);
  if (report !== undefined) writeReport(report, target, outcome, seconds, counts);
  return outcome.code;
}

export async function trace(argv: readonly string[]): Promise<number> {
  const args = { ...parseRunArguments(argv), quiet: true };
  const target = boot(args);
  let lines: string[] = [];
  const flush = () => {
    const text = lines.join('');
    lines = [];
    return text === '' || process.stdout.write(text)
      ? Promise.resolve()
      : new Promise<void>(done => process.stdout.once('drain', done));
  };
  target.onException = event => void lines.push(`${describe(event)}\n`);
  const outcome = await drive(target, args, performance.now(), flush);
  await flush();
  if (outcome.message) process.stderr.write(`${outcome.message}\n`);
  return outcome.code;
}

function boot(args: RunArguments): Target {
  try {
    const target = createTarget(args.config);
    if (args.dumpDtb !== undefined && target.deviceTree) {
      writeFileSync(openOutput(args.dumpDtb, 'device tree'), target.deviceTree);
    }
    return target;
  } catch (error) {
    // What `createTarget` throws is a sentence about the configuration; anything else is a mistake of ours.
    if (error instanceof Error && error.constructor === Error) throw new UsageError(error.message);
    throw error;
  }
}

async function drive(
  target: Target,
  args: RunArguments,
  started: number,
  afterSlice = () => Promise.resolve(),
): Promise<Outcome> {
  const script = new ConsoleScript(args.script, bytes => target.sendConsole(bytes));
  target.onConsole = bytes => {
    script.receive(bytes);
    if (!args.quiet) process.stdout.write(bytes);
  };
  for (;;) {
    const left = args.maxInstructions - target.instructions;
    if (left <= 0) return limit(`${args.maxInstructions} instructions`, script);
    const stop = target.run({ instructions: Math.min(SLICE, left) });
    await afterSlice();
    if (script.fulfilled) return { end: 'expect', code: EXIT_OK };
    if (stop.kind !== 'limit') return ended(stop, script);
    if (performance.now() - started > args.timeout) return limit(`${args.timeout / 1000} seconds`, script);
  }
}

function limit(what: string, script: ConsoleScript): Outcome {
  const missing =
    script.waitingFor === undefined ? '' : ` The console has not said ${JSON.stringify(script.waitingFor)}.`;
  return { end: 'limit', code: EXIT_LIMIT, message: `Stopped after ${what}.${missing}` };
}

function ended(stop: StopReason, script: ConsoleScript): Outcome {
  const missing =
    script.waitingFor === undefined ? '' : ` The console has not said ${JSON.stringify(script.waitingFor)}.`;
  switch (stop.kind) {
    case 'poweroff':
    case 'reset':
      return missing
        ? { end: stop.kind, code: EXIT_STOPPED, message: `The guest ended by ${stop.kind}.${missing}` }
        : { end: stop.kind, code: EXIT_OK };
    case 'semihosting':
      return { end: stop.kind, code: stop.code };
    case 'unimplemented':
    case 'deadlock':
      return { end: stop.kind, code: EXIT_STOPPED, message: stop.message + missing };
    default:
      throw new Error(`The machine stopped for ${stop.kind}, which nobody asked for.`);
  }
}

function count(counts: Map<string, number>, event: ExceptionEvent): void {
  const name =
    event.kind === 'return' ? 'ERET' : event.type === 'sync' ? (event.class ?? 'Unknown') : event.type.toUpperCase();
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** One line of a trace: instruction count, PE, levels, class, what the syndrome says, PC. */
function describe(event: ExceptionEvent): string {
  const head = `${String(event.instructions).padStart(12)} PE${event.pe} EL${event.from}->EL${event.to}`;
  if (event.kind === 'return') return `${head} ERET pc=${hex(event.pc)} to=${hex(event.target)}`;
  const what =
    event.type === 'sync'
      ? `${event.class} esr=${hex(event.esr ?? 0n, 8)}${event.text ? ` (${event.text})` : ''}`
      : event.type.toUpperCase();
  const far = event.far === undefined ? '' : ` far=${hex(event.far)}`;
  const hpfar = event.hpfar === undefined ? '' : ` hpfar=${hex(event.hpfar)}`;
  return `${head} ${what}${far}${hpfar} pc=${hex(event.pc)} to=${hex(event.target)}`;
}

function hex(value: bigint, digits = 16): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

/** Opens a file to write before the run, so that a path that cannot be written to does not cost the run. */
function openOutput(path: string, what: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such folder' : code === 'EISDIR' ? 'it is a directory' : message;
    throw new UsageError(`The ${what} cannot be written to "${path}": ${reason}.`);
  }
}

function writeReport(
  file: number,
  target: Target,
  outcome: Outcome,
  seconds: number,
  counts: Map<string, number>,
): void {
  const report = {
    instructions: target.instructions,
    cycles: target.cycles,
    wallSeconds: seconds,
    mips: target.instructions / seconds / 1e6,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    end: outcome.end,
    exceptions: Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b))),
    pes: target.pes.map(pe => ({
      pc: hex(pe.pc),
      el: pe.el,
      x: Array.from({ length: 31 }, (_, n) => hex(pe.readRegister(`X${n}`))),
      registers: Object.fromEntries(
        [
          'SP',
          'PSTATE',
          ...pe
            .systemRegisters()
            .filter(r => r.readable)
            .map(r => r.name),
        ].map(name => [name, hex(pe.readRegister(name))]),
      ),
    })),
  };
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  closeSync(file);
}
