// The newer QEMU of the suite's backports, taken into `.cache/`: Debian's own has no nested virtualization.

import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ownSuite, Suite } from './images-apt.mjs';
import { root } from './setup.mjs';

/** The newer QEMU for this computer, without installing it: the libraries are those of the one that is installed. */
export function takeQemu() {
  const cache = join(root, '.cache', 'qemu-backports');
  const program = join(cache, 'usr/bin/qemu-system-aarch64');
  if (existsSync(program)) return program;
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  if (!architecture) throw new Error(`There is no row for Debian on ${process.arch}: name a QEMU with --qemu.`);
  const apt = join(root, '.cache', 'apt-host');
  const unpacked = new Suite(apt, `${ownSuite()}-backports`, architecture).unpack(
    'qemu-system-arm',
    'qemu-system-data',
  );
  rmSync(cache, { recursive: true, force: true });
  renameSync(unpacked, cache);
  return program;
}
