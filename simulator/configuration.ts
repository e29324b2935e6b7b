/** What a machine configuration comes to, or the sentence that says why it cannot be. */

import { createFeatures, type Features } from './arch/features.ts';
import { VIRT_MAP } from './board/virt-map.ts';
import { RAM } from './engine/layout.ts';
import type { MachineConfig } from './target.ts';

const MIB = 2 ** 20;

/** Without firmware of its own nothing runs above the level that the machine starts at. */
export function featuresOf(config: MachineConfig): Features {
  const absent = config.el === 3 ? [] : config.el === 2 ? ['-el3'] : ['-el3', '-el2'];
  const features = createFeatures(config.cpu, [...absent, ...(config.gic === 2 ? ['-gicv3'] : []), ...config.features]);
  if (config.el > 1 && !features.has(`el${config.el}`)) {
    throw new Error(`The machine starts at EL${config.el}, which the features leave out; start it lower.`);
  }
  if (features.has('gicv3') !== (config.gic === 3)) {
    throw new Error(`The machine has a GICv${config.gic}, which decides about gicv3: leave that out of the features.`);
  }
  return features;
}

/** Bytes of RAM, whole MiB. */
export function ramSize(bytes: number): number {
  const most = Math.floor((2 ** 32 - RAM - VIRT_MAP.flash0.size) / MIB);
  if (!(bytes >= MIB) || bytes > most * MIB) {
    throw new Error(`The machine has 1 MiB to ${most} MiB of memory, not ${Math.round(bytes / MIB)} MiB.`);
  }
  return Math.floor(bytes / MIB) * MIB;
}
