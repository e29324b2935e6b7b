// The guest software of this repository: one row per ELF file. `sources` are compiled with the common flags of
// guests.mjs and `flags`, without FP and AdvSIMD registers unless
// `fp` is set, and linked by `script`. `rust` is the one source of a program in Rust, which tests of the debugger run.

const hypervisors = 'simulator/hypervisors';
const common = ['pl011.c', 'print.c', 'psci.c', 'tables.c'].map(name => `${hypervisors}/common/${name}`);

function inFolder(folder, names) {
  return names.split(' ').map(name => `${folder}/${name}`);
}

/** A workload of the benchmark, compiled as users compile; `fp` for those that use FP and AdvSIMD registers, `more` than its own source. */
function workload(name, { fp = false, more = [] } = {}) {
  const folder = 'simulator/bench';
  return {
    name: `bench-${name}`,
    sources: [
      ...inFolder(folder, 'start.S main.c'),
      ...common,
      ...[`${name}.c`, ...more].map(file => `${folder}/${file}`),
    ],
    // Loops stay as they are written: there is no library whose memcpy could take their place, nor one of atomics.
    flags: ['-O2', '-fno-math-errno', '-fno-tree-loop-distribute-patterns', '-mno-outline-atomics'],
    fp,
    script: `${folder}/bench.ld`,
    output: `${folder}/${name}.elf`,
  };
}

const kvmArmFolder = `${hypervisors}/kvm-arm`;
const kvmArmFlags = ['-march=armv8.1-a', '-mno-outline-atomics'];
/** What each design of KVM/ARM in miniature has. */
const kvmArmParts = [
  ...inFolder(kvmArmFolder, 'boot.S boot.c'),
  ...inFolder(
    `${kvmArmFolder}/host`,
    'main.c vectors.S tables.c gic.c syscalls.c run.c load.c exits.c psci-calls.c mmio.c system-registers.c ' +
      'vgic-mmio.c list-register.c vhost.c io-bus.c',
  ),
  ...inFolder(
    `${kvmArmFolder}/hyp`,
    'enter.S sysregs.c traps.c vgic-switch.c vgic-switch-v2.c timer-switch.c debug.c exit.c fp.c fp-registers.S tlb.c',
  ),
  ...inFolder(`${kvmArmFolder}/vmm`, 'vmm-entry.S vmm-main.c'),
  ...common,
];

/** The guest that measures, the same in all systems. */
const guestParts = inFolder(
  `${kvmArmFolder}/guest`,
  'guest-entry.S guest-main.c guest-mmu.c guest-interrupts.c guest-print.c guest-bench.c guest-workloads.c ' +
    'guest-processes.c guest-processes-entry.S guest-storm.c guest-checks.c',
);

/** One of the designs of KVM/ARM in miniature: `files` are its own, `defines` choose it (kvm-arm/design.h). */
function kvmArm(name, files, defines) {
  return {
    name: `kvm-arm-${name}`,
    sources: [
      ...kvmArmParts,
      ...inFolder(`${kvmArmFolder}/host`, 'stage2.c vmid.c timer.c'),
      ...inFolder(kvmArmFolder, files),
      ...guestParts,
    ],
    flags: [...kvmArmFlags, ...defines.map(define => `-D${define}`)],
    script: `${kvmArmFolder}/kvm-arm.ld`,
    output: `${kvmArmFolder}/${name}.elf`,
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
  {
    name: 'type1',
    sources: [
      ...inFolder(`${hypervisors}/type1`, 'vectors.S main.c run.c domain-switch.c dom0.c interrupts.c vmm-entry-hvc.S'),
      // Parts that do not depend on where the host is.
      ...inFolder(kvmArmFolder, 'boot.S boot.c vmm/vmm-main.c'),
      ...inFolder(
        `${kvmArmFolder}/host`,
        'tables.c stage2.c gic.c exits.c psci-calls.c mmio.c system-registers.c timer.c vgic-mmio.c vgic-new.c ' +
          'list-register.c vhost.c io-bus.c',
      ),
      ...inFolder(
        `${kvmArmFolder}/hyp`,
        'sysregs.c traps.c vgic-switch.c vgic-switch-v2.c timer-switch.c debug.c exit.c fp.c fp-registers.S',
      ),
      ...guestParts,
      ...common,
    ],
    flags: [...kvmArmFlags, '-DVHE=0', '-DTYPE1=1'],
    script: `${kvmArmFolder}/kvm-arm.ld`,
    output: `${hypervisors}/type1/type1.elf`,
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
  // KVM/ARM of Linux v4.10, which the published measurements of nesting used: `split` and `vhe` without what it no longer did.
  kvmArm('split-4.10', 'hyp/world-switch.c host/vgic-new.c', ['VHE=0', 'OPTIMISATIONS=STEPS_4_10_SPLIT']),
  kvmArm('vhe-4.10', 'hyp/world-switch.c hyp/world-switch-vhe.c host/vgic-new.c', [
    'VHE=1',
    'OPTIMISATIONS=STEPS_4_10_VHE',
  ]),
  {
    name: 'nested',
    sources: [
      ...kvmArmParts,
      ...inFolder(kvmArmFolder, 'hyp/world-switch.c host/vgic-new.c'),
      ...inFolder(
        `${hypervisors}/nested`,
        'nesting.c image.c levels.c exceptions.c forward.c registers.c memory.c interrupts.c timers.c at-el2.c observer.c ' +
          'probe.S',
      ),
    ],
    flags: [...kvmArmFlags, '-DVHE=0', '-DNESTED=1', '-DOPTIMISATIONS=STEPS_4_10_SPLIT'],
    script: `${hypervisors}/nested/nested.ld`,
    output: `${hypervisors}/nested/nested.elf`,
  },
  ...[
    'integer',
    'memory',
    'branches',
    'indirect',
    'sort',
    'hash',
    'text',
    'tree',
    'recursion',
    'interpreter',
    'atomics',
  ].map(name => workload(name)),
  ...['svc', 'hvc', 'switch', 'tlbi', 'mmio'].map(name => workload(name)),
  ...['fp', 'simd', 'matrix', 'image'].map(name => workload(name, { fp: true })),
  ...['nested', 'nv2'].map(name => workload(name, { more: ['nesting.S'] })),
  {
    name: 'shapes',
    rust: 'debug-adapter/testing/programs/shapes.rs',
    output: 'debug-adapter/testing/programs/shapes.elf',
  },
];
