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

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'build', 'guests');

type Level = 1 | 2 | 3;

/** Each program and the level that it starts at. */
const PROGRAMS: readonly { readonly name: string; readonly el: Level; readonly what: string }[] = [
  { name: 'calls', el: 3, what: 'SVC, HVC, SMC and illegal returns between all levels' },
  { name: 'traps', el: 2, what: 'traps from EL1 by the controls of EL2' },
  { name: 'stage1', el: 1, what: 'faults of stage 1 and answers of AT' },
  { name: 'stage2', el: 2, what: 'faults of stage 2 with their syndrome and IPA' },
  { name: 'timers', el: 2, what: 'timers through the GIC, WFI and virtual IRQs' },
];

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

/** QEMU with a clock that counts instructions, so that its timers are as repeatable as ours. */
function runInQemu(image: string, el: Level): string {
  return run('qemu-system-aarch64', [
    ...['-M', QEMU_MACHINE[el], '-cpu', 'max', '-m', '128M', '-nic', 'none', '-icount', 'shift=0,sleep=off'],
    ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-semihosting', '-kernel', image],
  ]);
}

function runHere(image: string, el: Level): { console: string; end: string } {
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
    '--semihosting',
    ...limits,
  ];
  const output = run(process.execPath, [hyperstep, ...args, '--json', json]);
  return { console: output, end: JSON.parse(readFileSync(json, 'utf8')).end };
}

function compare(image: string, el: Level, end: string): void {
  const expected = runInQemu(image, el);
  assert.notEqual(expected, '', 'QEMU printed nothing: there is nothing to compare with');
  const actual = runHere(image, el);
  assert.deepEqual(actual.console.split('\n'), expected.split('\n'));
  assert.equal(actual.end, end);
}

before(() => mkdirSync(built, { recursive: true }));

for (const { name, el, what } of PROGRAMS) {
  test(`reports the same as QEMU: ${what}`, () => {
    const image = join(built, `${name}.elf`);
    const link = ['-nostdlib', '-static', '-Wl,--build-id=none', '-T', 'test/guests/guest.ld'];
    run('aarch64-linux-gnu-gcc', ['-g', ...link, `test/guests/${name}.S`, '-o', image]);
    compare(image, el, 'semihosting');
  });
}

test('first light runs its guest as in QEMU', () => {
  compare(join(root, 'simulator/hypervisors/first-light/first-light.elf'), 2, 'poweroff');
});
