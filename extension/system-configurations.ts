// Launch configurations of the systems that come with the extension: they run without a workspace and without a toolchain.

import { type SystemRow, systems } from '../simulator/hypervisors/systems.ts';

/** What a session of a built-in system is launched with. */
export interface SystemConfiguration extends Readonly<Record<string, unknown>> {
  readonly type: 'hyperstep';
  readonly request: 'launch';
  readonly name: string;
  readonly program: string;
}

/** The launch configuration of a row of the table; `root` is the folder of the extension, or of a clone, as a path or as a URI. */
export function systemConfiguration(row: SystemRow, root: string): SystemConfiguration {
  const { memory = 128 << 20, pes = 2, ...machine } = row.machine ?? {};
  const file = (elf: string) => `${root}/simulator/hypervisors/${elf}`;
  return {
    type: 'hyperstep',
    request: 'launch',
    name: `Hyperstep: ${row.name}`,
    program: file(row.elf),
    // The debug information names sources from there.
    cwd: root,
    ...machine,
    memory: `${memory >> 20}M`,
    pes,
    ...(row.variables ? { set: row.variables } : {}),
    ...(row.guestHypervisor
      ? { initrd: file(row.guestHypervisor), symbols: [{ file: file(row.guestHypervisor) }] }
      : {}),
    stopOnEntry: true,
  };
}

/** Those of all built-in systems. */
export function systemConfigurations(root: string): SystemConfiguration[] {
  return systems.map(row => systemConfiguration(row, root));
}

/** Their names and what they are, in the order of `systemConfigurations`. */
export const builtInSystems = systems.map(({ name, description }) => ({ name, description }));
