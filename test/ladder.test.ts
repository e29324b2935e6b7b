// The rungs of the ladder that are fast enough for every run of the tests: real software, unmodified from Debian's
// packages, from power-on to a milestone that only a working machine reaches.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { imagePath, takeImages, USERSPACE_LINE, VMM_LINE } from '../scripts/images.mjs';
import { createTarget } from '../simulator/machine.ts';
import { ConsoleScript } from '../simulator/node/console-script.ts';
import type { MachineConfig, StopReason } from '../simulator/target.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MIB = 2 ** 20;

interface Rung {
  readonly image: string;
  readonly config?: Partial<MachineConfig>;
  readonly script?: ConstructorParameters<typeof ConsoleScript>[0];
  /** Instructions that are more than enough. */
  readonly most: number;
}

interface Result {
  readonly console: string;
  readonly instructions: number;
  /** Undefined when the script ended the run. */
  readonly stop: StopReason | undefined;
}

/** Runs until the last step of the script or the end of the guest. */
function climb({ image, config, script = [], most }: Rung): Result {
  const target = createTarget({
    image: readFileSync(image),
    imageName: image,
    cpu: 'max',
    features: [],
    gic: 3,
    pes: 1,
    memory: 512 * MIB,
    el: 2,
    semihosting: false,
    ...config,
  });
  let console = '';
  const steps = new ConsoleScript(script, bytes => target.sendConsole(bytes));
  target.onConsole = bytes => {
    for (const byte of bytes) console += String.fromCharCode(byte);
    steps.receive(bytes);
  };
  while (target.instructions < most) {
    const stop = target.run({ instructions: 1_000_000 });
    if (steps.fulfilled) return { console, instructions: target.instructions, stop: undefined };
    if (stop.kind !== 'limit') return { console, instructions: target.instructions, stop };
  }
  assert.fail(`No end within ${most} instructions; the console said:\n${console.slice(-2000)}`);
}

function linux(initrd: string): Pick<Rung, 'image' | 'config' | 'most'> {
  takeImages(['linux-bookworm', initrd]);
  return {
    image: imagePath('linux-bookworm'),
    config: { initrd: readFileSync(imagePath(initrd)), append: 'console=ttyAMA0' },
    most: 3e9,
  };
}

test('first light: the guest of our own hypervisor ends, and both runs are the same', () => {
  const image = join(root, 'simulator/hypervisors/first-light/first-light.elf');
  const first = climb({ image, most: 1e8 });
  assert.deepEqual(first.stop, { kind: 'poweroff' });
  assert.match(first.console, /guest \| /);
  assert.deepEqual(climb({ image, most: 1e8 }), first);
});

test('U-Boot runs a command that is typed at its prompt', () => {
  takeImages(['u-boot.bin']);
  const { stop } = climb({
    image: imagePath('u-boot.bin'),
    script: [
      { expect: 'Hit any key' },
      { send: '\r' },
      { expect: '=> ' },
      { send: 'setexpr answer 6 * 7; echo answer=$answer\r' },
      { expect: 'answer=2a' },
    ],
    most: 1e9,
  });
  assert.equal(stop, undefined);
});

test('Linux 6.1 at EL2 starts KVM, runs init and powers off', () => {
  const { stop, console } = climb(linux('initramfs-poweroff.cpio'));
  assert.deepEqual(stop, { kind: 'poweroff' });
  assert.match(console, /VHE mode initialized successfully/);
  assert.ok(console.includes(USERSPACE_LINE));
});

test('the shell of Linux runs a typed command', () => {
  const { stop } = climb({
    ...linux('initramfs-shell.cpio'),
    script: [{ expect: '# ' }, { send: 'echo $((6 * 7))-seen\r' }, { expect: '42-seen' }],
  });
  assert.equal(stop, undefined);
});

test('KVM runs a guest to its init and its end', () => {
  const { stop, console } = climb(linux('initramfs-kvm-bookworm.cpio'));
  assert.deepEqual(stop, { kind: 'poweroff' });
  // The host's and the guest's, whose console is the host's.
  assert.equal(console.split(USERSPACE_LINE).length - 1, 2, console);
  assert.ok(console.includes(`${VMM_LINE} 0`), console);
});
