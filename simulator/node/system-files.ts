/** The files of the built-in systems, in the package whether the program is bundled or not. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SystemRow } from '../hypervisors/systems.ts';
import { UsageError } from './arguments.ts';

export interface SystemFiles {
  readonly elf: Uint8Array;
  /** Its initrd, for a system with a guest hypervisor. */
  readonly guestHypervisor?: Uint8Array;
}

/** Throws a sentence when the installation has not got them. */
export function filesOf(row: SystemRow): SystemFiles {
  const elf = read(row.elf, row.name);
  return row.guestHypervisor === undefined ? { elf } : { elf, guestHypervisor: read(row.guestHypervisor, row.name) };
}

function read(name: string, system: string): Uint8Array {
  let root = path.dirname(fileURLToPath(import.meta.url));
  const file = path.join('simulator/hypervisors', name);
  while (!existsSync(path.join(root, file))) {
    if (path.dirname(root) === root)
      throw new UsageError(`${system} needs ${file}, which is not part of this installation: install it again.`);
    root = path.dirname(root);
  }
  return new Uint8Array(readFileSync(path.join(root, file)));
}
