/**
 * Asks machines what comes of every access (access-cases.ts): this one, and QEMU 10, whose answers are kept in
 * accesses-qemu10.json.gz, since Debian's own QEMU has no nested virtualization.
 *
 *   npm run accesses                       compares with the answers that are kept
 *   npm run accesses -- --record           takes QEMU 10 from the suite's backports and keeps its answers
 *   npm run accesses -- --qemu PROGRAM     compares with another QEMU
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { takeQemu } from '../../scripts/qemu.mjs';
import { createFeatures } from '../../simulator/arch/features.ts';
import type { RegisterRow } from '../../simulator/arch/registers/index.ts';
import { createTarget } from '../../simulator/machine.ts';
import { type AccessCase, accessCases } from './access-cases.ts';
import { accessProgram, readReport, valuesProgram } from './access-program.ts';
import { accessDifferences } from './known-differences.ts';

const LOAD_ADDRESS = 0x40080000;
const MEGABYTE = 2 ** 20;
const kept = join(dirname(fileURLToPath(import.meta.url)), 'accesses-qemu10.json.gz');

export type Report = ReadonlyMap<string, string>;

function command(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 100_000,
    maxBuffer: 64 * MEGABYTE,
  });
  if (error) throw new Error(`${program} could not be started: ${error.message}.`);
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  return stdout;
}

/** Builds a program and hands its file over. */
function withProgram<T>(text: string, use: (image: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'hyperstep-'));
  try {
    const source = join(folder, 'accesses.S');
    const image = join(folder, 'accesses.elf');
    writeFileSync(source, text);
    const link = ['-nostdlib', '-static', '-Wl,--build-id=none', `-Wl,-Ttext=0x${LOAD_ADDRESS.toString(16)}`];
    command('aarch64-linux-gnu-gcc', [...link, source, '-o', image]);
    return use(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a program from EL3 on here, and returns its console. */
function runHere(image: string, cpu: string): string {
  const output: Buffer[] = [];
  const target = createTarget({
    image: new Uint8Array(readFileSync(image)),
    imageName: 'accesses.elf',
    cpu,
    features: [],
    gic: 3,
    pes: 1,
    memory: 64 * MEGABYTE,
    el: 3,
    semihosting: true,
  });
  target.onConsole = bytes => {
    output.push(Buffer.from(bytes));
  };
  const stop = target.run({ instructions: 10 ** 9 });
  if (stop.kind !== 'semihosting') throw new Error(`The program of the accesses did not end: ${stop.kind}.`);
  return Buffer.concat(output).toString('latin1');
}

function runInQemu(program: string, image: string, cpu: string): string {
  const machine = ['-M', 'virt,gic-version=3,virtualization=on,secure=on', '-cpu', cpu, '-m', '64M', '-nic', 'none'];
  const quiet = ['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-semihosting'];
  return command(program, [...machine, ...quiet, '-kernel', image]);
}

/** What this machine answers. */
export function answersHere(cases: readonly AccessCase[], cpu = 'max'): Report {
  return readReport(
    cases,
    withProgram(accessProgram(cases), image => runHere(image, cpu)),
  );
}

/** What a QEMU answers. */
export function answersOf(program: string, cases: readonly AccessCase[], cpu = 'max'): Report {
  return readReport(
    cases,
    withProgram(accessProgram(cases), image => runInQemu(program, image, cpu)),
  );
}

/** Registers as EL3 reads them, here or in a QEMU, by name. */
export function valuesOf(program: string | undefined, cpu: string, rows: readonly RegisterRow[]): Map<string, bigint> {
  const output = withProgram(valuesProgram(rows), image =>
    program === undefined ? runHere(image, cpu) : runInQemu(program, image, cpu),
  );
  const lines = output.split('\n');
  return new Map(rows.map(({ name }, index) => [name, BigInt(`0x${lines[index]}`)]));
}

/** What QEMU 10 answered when it was asked. */
export function keptAnswers(): Report {
  return new Map(Object.entries(JSON.parse(gunzipSync(readFileSync(kept)).toString('utf8'))));
}

/** One line for each case in which two reports differ and no known difference says why. */
export function differences(cases: readonly AccessCase[], here: Report, oracle: Report): string[] {
  return cases
    .filter(one => here.get(one.name) !== oracle.get(one.name) && !accessDifferences.some(row => row.applies(one)))
    .map(({ name }) => `${name}: here ${here.get(name)}, QEMU ${oracle.get(name) ?? 'was not asked'}`);
}

export const allCases = (): AccessCase[] => accessCases(createFeatures('max'));

function main(): void {
  const { values } = parseArgs({ options: { record: { type: 'boolean' }, qemu: { type: 'string' } } });
  const cases = allCases();
  if (values.record) {
    const answers = answersOf(takeQemu(), cases);
    writeFileSync(kept, gzipSync(JSON.stringify(Object.fromEntries(answers)), { level: 9 }));
    console.log(`QEMU's answers to ${cases.length} accesses are kept in ${kept}.`);
    return;
  }
  const oracle = values.qemu === undefined ? keptAnswers() : answersOf(values.qemu, cases);
  const lines = differences(cases, answersHere(cases), oracle);
  console.log(lines.slice(0, 50).join('\n'));
  console.log(`${cases.length} accesses, ${lines.length} differences.`);
  process.exitCode = lines.length ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
