// The system half of the architecture against another implementation: every program in test/guests/ prints what it sees
// of exceptions, traps, translation, timers and interrupts, and has to print the same here and in QEMU, byte for byte.
// First light, our own hypervisor, is one more such program.
//
// Needs Debian's qemu-system-arm, and gcc-aarch64-linux-gnu for the programs; where either is missing the tests fail and
// say so, because a comparison that did not happen is no result.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildGuest, keptReport } from './guests/kept.ts';
import { type Deviation, type Level, PROGRAMS, type Program } from './guests/programs.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'build', 'guests');

/** QEMU starts at the highest level that its board has. */
const QEMU_MACHINE: Record<Level, string> = {
  1: 'virt,gic-version=3',
  2: 'virt,gic-version=3,virtualization=on',
  3: 'virt,gic-version=3,virtualization=on,secure=on',
};

/** Runs a program to its end and returns its console. */
function run(program: string, args: readonly string[]): string {
  const result = spawnSync(program, args, { encoding: 'utf8', cwd: root, timeout: 60_000, maxBuffer: 1 << 24 });
  assert.equal(result.error, undefined, `cannot run ${program}: ${result.error?.message}`);
  assert.equal(
    result.status,
    0,
    `${program} ${args.join(' ')} ended with ${result.status ?? result.signal}: ${result.stderr}\n${result.stdout}`,
  );
  return result.stdout;
}

/**
 * QEMU with a clock that counts instructions, so that its timers are as repeatable as ours. With several PEs that clock
 * stands still while they wait for each other.
 */
function runInQemu(image: string, el: Level, pes: number): string {
  const clock = pes === 1 ? ['-icount', 'shift=0,sleep=off'] : ['-smp', String(pes)];
  return run('qemu-system-aarch64', [
    ...['-M', QEMU_MACHINE[el], '-cpu', 'max', '-m', '128M', '-nic', 'none', ...clock],
    ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-semihosting', '-kernel', image],
  ]);
}

function runHere(image: string, el: Level, pes: number): { console: string; end: string } {
  const json = join(built, `${image.split('/').at(-1)}.json`);
  const hyperstep = join(root, 'dist', 'hyperstep.mjs');
  const limits = ['--max-instructions', '100000000', '--timeout', '50'];
  const args = [
    'run',
    image,
    '--cpu',
    'max',
    '--gic',
    '3',
    '--memory',
    '128M',
    '--el',
    String(el),
    '--pes',
    String(pes),
    '--semihosting',
    ...limits,
  ];
  const output = run(process.execPath, [hyperstep, ...args, '--json', json]);
  return { console: output, end: JSON.parse(readFileSync(json, 'utf8')).end };
}

/** QEMU's output as it would be without its known deviations, each of which has to be there. */
function correct(output: string, deviations: readonly Deviation[]): string {
  return deviations.reduce((text, { qemu, arm, why }) => {
    assert.match(text, qemu, `QEMU no longer shows that ${why}: drop the deviation.`);
    return text.replace(new RegExp(qemu, 'g'), arm);
  }, output);
}

type Comparison = Omit<Program, 'name' | 'what'> & { readonly report?: string };

function compare(image: string, end: string, { el, pes = 1, deviations = [], report }: Comparison): void {
  const expected = correct(report ?? runInQemu(image, el, pes), deviations);
  assert.notEqual(expected, '', 'QEMU printed nothing: there is nothing to compare with');
  const actual = runHere(image, el, pes);
  assert.deepEqual(actual.console.split('\n'), expected.split('\n'));
  assert.equal(actual.end, end);
}

before(() => mkdirSync(built, { recursive: true }));

for (const program of PROGRAMS) {
  const { name, what } = program;
  test(`reports the same as QEMU: ${what}`, () => {
    const image = join(built, `${name}.elf`);
    buildGuest(name, image);
    compare(image, 'semihosting', program.kept ? { ...program, report: keptReport(name) } : program);
  });
}

test('first light runs its guest as in QEMU', () => {
  compare(join(root, 'simulator/hypervisors/first-light/first-light.elf'), 'poweroff', { el: 2 });
});
