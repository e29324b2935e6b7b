// The TLB, the caches of contexts and access tables, and decoded records only save time: a run in which all of them are
// dropped again and again ends in the same state as one that keeps them. The programs are those that also run in QEMU.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RAM } from '../../simulator/engine/layout.ts';
import { Machine } from '../../simulator/machine.ts';
import type { PeView, StopReason } from '../../simulator/target.ts';
import { random } from '../differential/random.ts';
import { PROGRAMS } from '../guests/programs.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const built = join(root, 'build', 'guests');
const MEMORY = 32 * 2 ** 20;
const MOST_INSTRUCTIONS = 20_000_000;

interface End {
  readonly stop: StopReason['kind'];
  readonly instructions: number;
  readonly console: string;
  readonly registers: Readonly<Record<string, string>>;
  readonly memory: string;
}

/** A register in hexadecimal; a sentence for one whose read has an effect. */
function registerText(pe: PeView, name: string): string {
  try {
    return pe.readRegister(name).toString(16);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Runs an image to its end. `slice` gives the instructions after which everything is dropped; none without it. */
function runImage(image: string, el: 1 | 2 | 3, pes: number, slice?: () => number): End {
  const machine = new Machine({
    image: new Uint8Array(readFileSync(image)),
    imageName: image,
    cpu: 'max',
    features: [],
    gic: 3,
    pes,
    memory: MEMORY,
    el,
    semihosting: true,
  });
  const output: number[] = [];
  machine.onConsole = bytes => output.push(...bytes);
  let stop: StopReason = { kind: 'limit' };
  while (stop.kind === 'limit' && machine.instructions < MOST_INSTRUCTIONS) {
    stop = machine.run({ instructions: slice?.() ?? MOST_INSTRUCTIONS });
    if (!slice) continue;
    machine.engine.core.flushAll();
    machine.system.tables.clear();
  }
  const registers: Record<string, string> = {};
  const names = ['PC', 'PSTATE', 'SP', ...Array.from({ length: 31 }, (_, n) => `X${n}`), 'V0', 'V31', 'FPSR'];
  for (const pe of machine.pes) {
    for (const name of [...names, ...pe.systemRegisters().map(row => row.name)]) {
      registers[`${pe.index} ${name}`] = registerText(pe, name);
    }
  }
  const { u8 } = machine.engine;
  return {
    stop: stop.kind,
    instructions: machine.instructions,
    console: Buffer.from(output).toString('latin1'),
    registers,
    memory: createHash('sha256')
      .update(u8.subarray(RAM, RAM + MEMORY))
      .digest('hex'),
  };
}

function compare(image: string, el: 1 | 2 | 3, pes: number, stop: StopReason['kind']): void {
  const kept = runImage(image, el, pes);
  assert.equal(kept.stop, stop);
  for (const seed of [1, 2]) {
    const next = random(seed);
    const most = seed === 1 ? 100 : 5000;
    assert.deepEqual(
      runImage(image, el, pes, () => 1 + (next() % most)),
      kept,
    );
  }
}

for (const { name, el, pes = 1 } of PROGRAMS) {
  test(`a run of ${name} is the same with and without what the TLB keeps`, () => {
    mkdirSync(built, { recursive: true });
    const image = join(built, `${name}.elf`);
    const link = ['-nostdlib', '-static', '-Wl,--build-id=none', '-T', 'test/guests/guest.ld'];
    const { status, stderr } = spawnSync(
      'aarch64-linux-gnu-gcc',
      ['-g', ...link, `test/guests/${name}.S`, '-o', image],
      { cwd: root, encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    compare(image, el, pes, 'semihosting');
  });
}

test('a run of first light is the same with and without what the TLB keeps', () => {
  compare(join(root, 'simulator/hypervisors/first-light/first-light.elf'), 2, 1, 'poweroff');
});
