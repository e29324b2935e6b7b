// The guest software of this repository: one row per ELF file. `sources` are compiled with the common flags of
// guests.mjs and `flags`, and linked by `script`.

const hypervisors = 'simulator/hypervisors';
const common = ['pl011.c', 'print.c', 'psci.c', 'tables.c'].map(name => `${hypervisors}/common/${name}`);

function inFolder(folder, names) {
  return names.split(' ').map(name => `${folder}/${name}`);
}

export const GUESTS = [
  {
    name: 'first-light',
    sources: [
      ...inFolder(
        `${hypervisors}/first-light`,
        'boot.S vectors.S main.c exits.c stage1.c stage2.c gic.c vgic.c uart.c guest-entry.S guest.c',
      ),
      ...common,
    ],
    script: `${hypervisors}/common/hypervisor.ld`,
    output: `${hypervisors}/first-light/first-light.elf`,
  },
];
