/** The virtio devices that a machine configuration asks for, in the order of their slots. */

import type { MachineConfig } from '../../target.ts';
import { VirtioBlock } from './block.ts';
import { VirtioConsole } from './console.ts';
import type { VirtioBackend } from './mmio.ts';
import { VirtioNet } from './net.ts';

export interface AttachedDevices {
  readonly backends: readonly VirtioBackend[];
  readonly console: VirtioConsole | undefined;
}

/** Throws a sentence for a disk image that cannot be one. */
export function attachedDevices(config: Pick<MachineConfig, 'disks' | 'network' | 'virtioConsole'>): AttachedDevices {
  const console = config.virtioConsole ? new VirtioConsole() : undefined;
  return {
    backends: [
      ...(config.disks ?? []).map(({ image, name }) => new VirtioBlock(image, name)),
      ...(config.network ? [new VirtioNet()] : []),
      ...(console === undefined ? [] : [console]),
    ],
    console,
  };
}
