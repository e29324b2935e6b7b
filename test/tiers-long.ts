/**
 * The long form of the tests that compiled code is exact: boots real systems twice, with and without it, and compares the
 * state of all PEs at random instruction counts and all of RAM at the end. The machine that compiles runs in slices of other
 * lengths, and is taken back at times to run a stretch again. `npm run tiers -- [--seed S] [NAME...]`; ends with 1 at the
 * first difference, which it prints.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { imagePath, takeImages } from '../scripts/images.mjs';
import { drawCounts, TwoTiers } from '../simulator/engine/compiler/compare-tiers.ts';
import type { MachineConfig } from '../simulator/target.ts';

const MIB = 2 ** 20;
/** Instructions from one stretch that is run again to the next one, and how long they may be. */
const RETRACED = 250_000_000;
const LONGEST_RETRACE = 20_000_000;

interface System {
  readonly image: string;
  readonly initrd: string;
  readonly append?: string;
  readonly config?: Partial<MachineConfig>;
}

const systems: Readonly<Record<string, System>> = {
  'linux-6.1': { image: 'linux-bookworm', initrd: 'initramfs-poweroff.cpio' },
  'linux-6.1-2-pes': { image: 'linux-bookworm', initrd: 'initramfs-poweroff.cpio', config: { pes: 2 } },
  'linux-7.3': { image: 'linux-trixie-backports', initrd: 'initramfs-poweroff.cpio' },
  'kvm-6.1': { image: 'linux-bookworm', initrd: 'initramfs-kvm-bookworm.cpio' },
  'kvm-6.1-split': {
    image: 'linux-bookworm',
    initrd: 'initramfs-kvm-bookworm.cpio',
    config: { cpu: 'cortex-a57' },
  },
  'nested-7.3': {
    image: 'linux-trixie-backports',
    initrd: 'initramfs-nested.cpio',
    append: 'kvm-arm.mode=nested VMM="--el2 --memory 512"',
    config: { memory: 1536 * MIB },
  },
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' } } });
const seed = Number(values.seed ?? 1);
const unknown = positionals.find(name => !(name in systems));
if (!Number.isInteger(seed) || unknown !== undefined) {
  console.error(
    unknown === undefined
      ? `--seed takes a whole number, not "${values.seed}".`
      : `There is no system ${unknown}; there are ${Object.keys(systems).join(', ')}.`,
  );
  process.exit(2);
}
for (const name of positionals.length ? positionals : Object.keys(systems)) {
  const { image, initrd, append, config } = systems[name];
  takeImages([image, initrd]);
  const tiers = new TwoTiers(
    {
      ...{ cpu: 'max', features: [], gic: 3, pes: 1, memory: 512 * MIB, el: 2, semihosting: false },
      image: readFileSync(imagePath(image)),
      imageName: image,
      initrd: readFileSync(imagePath(initrd)),
      append: `console=ttyAMA0 quiet ${append ?? ''}`.trim(),
      ...config,
    },
    seed,
  );
  tiers.compiling.record({ limit: 128 * MIB });
  try {
    let compared = 0;
    let next = RETRACED;
    for (const count of drawCounts(seed)) {
      compared++;
      if (tiers.run(count).kind !== 'limit') break;
      if (tiers.compiling.instructions < next) continue;
      next += RETRACED;
      tiers.retrace(1 + ((count * 89) % LONGEST_RETRACE));
    }
    tiers.compareMemory();
    const { regions = 0, dropped = 0 } = tiers.compiling.engine.compiler?.statistics ?? {};
    console.log(
      `${name}: ${tiers.compiling.instructions} instructions, the same state at ${compared} counts; ` +
        `${regions} regions compiled, ${dropped} dropped.`,
    );
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exit(1);
  }
}
