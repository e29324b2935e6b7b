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

/** One of the designs of KVM/ARM in miniature: `files` are its own, `defines` choose it (kvm-arm/design.h). */
function kvmArm(name, files, defines) {
  const folder = `${hypervisors}/kvm-arm`;
  return {
    name: `kvm-arm-${name}`,
    sources: [
      ...inFolder(folder, 'boot.S boot.c'),
      ...inFolder(
        `${folder}/host`,
        'main.c vectors.S tables.c stage2.c gic.c syscalls.c run.c load.c vmid.c exits.c psci-calls.c mmio.c ' +
          'system-registers.c timer.c vgic-mmio.c list-register.c',
      ),
      ...inFolder(
        `${folder}/hyp`,
        'enter.S sysregs.c traps.c vgic-switch.c vgic-switch-v2.c timer-switch.c debug.c exit.c fp.c fp-registers.S tlb.c',
      ),
      ...inFolder(folder, files),
      ...inFolder(`${folder}/vmm`, 'vmm-entry.S vmm-main.c'),
      ...inFolder(
        `${folder}/guest`,
        'guest-entry.S guest-main.c guest-mmu.c guest-interrupts.c guest-print.c guest-bench.c',
      ),
      ...common,
    ],
    flags: ['-march=armv8.1-a', '-mno-outline-atomics', ...defines.map(define => `-D${define}`)],
    script: `${folder}/kvm-arm.ld`,
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
  kvmArm('split', 'hyp/world-switch.c host/vgic-new.c', ['VHE=0']),
  kvmArm('split-vgic-old', 'hyp/world-switch.c host/vgic-old.c', ['VHE=0']),
  kvmArm('vhe-opt-vgic-old', 'hyp/world-switch.c hyp/world-switch-vhe.c host/vgic-old.c', [
    'VHE=1',
    'OPTIMISATIONS=STEPS_ALL',
  ]),
  kvmArm('split-asm', 'hyp/world-switch-asm.S host/vgic-new.c', ['VHE=0']),
  kvmArm('vhe', 'hyp/world-switch.c host/vgic-new.c', ['VHE=1']),
  kvmArm('vhe-opt', 'hyp/world-switch.c hyp/world-switch-vhe.c host/vgic-new.c', ['VHE=1', 'OPTIMISATIONS=STEPS_ALL']),
  ...['integer', 'memory', 'branches', 'indirect', 'svc', 'hvc', 'switch'].map(name => workload(name)),
  workload('fp', true),
  workload('simd', true),
];
