// The guest software of this repository: one row per ELF file. `sources` are compiled with the common flags of
// guests.mjs and `flags`, without FP and AdvSIMD registers unless
// `fp` is set, and linked by `script`.

const hypervisors = 'simulator/hypervisors';
const common = ['pl011.c', 'print.c', 'psci.c', 'tables.c'].map(name => `${hypervisors}/common/${name}`);

function inFolder(folder, names) {
  return names.split(' ').map(name => `${folder}/${name}`);
}

/** A workload of the benchmark, compiled as users compile; `fp` for those that use FP and AdvSIMD registers. */
function workload(name, fp = false) {
  const folder = 'simulator/bench';
  return {
    name: `bench-${name}`,
    sources: [...inFolder(folder, 'start.S main.c'), ...common, `${folder}/${name}.c`],
    // Loops stay as they are written: there is no library whose memcpy could take their place.
    flags: ['-O2', '-fno-math-errno', '-fno-tree-loop-distribute-patterns'],
    fp,
    script: `${folder}/bench.ld`,
    output: `${folder}/${name}.elf`,
  };
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
  ...['integer', 'memory', 'branches', 'indirect', 'svc', 'hvc'].map(name => workload(name)),
  workload('fp', true),
  workload('simd', true),
];
