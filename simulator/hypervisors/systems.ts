/**
 * The built-in systems, one row each: what `hyperstep bench --system NAME` runs, on which machine, and what was published
 * of the hardware and software that the row stands for.
 *
 * A system measures itself: its guest calls `bench_begin(number, iterations)` before and `bench_end(number)` after each
 * measurement, on PE 0. A watcher outside counts between the two, see `simulator/node/measure.ts`.
 */

/** A number that was published of an operation. */
export interface PublishedCell {
  readonly operation: string;
  /** Name of the cost profile of the hardware it was measured on: cells of other profiles are not compared. */
  readonly profile: string;
  readonly cycles?: number;
  /** Exceptions from the guest to the hypervisor of the machine, for each operation. */
  readonly traps?: number;
  /** The publication. */
  readonly source: string;
}

export interface SystemRow {
  /** `family/design`. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** The ELF file, from the folder of this file. */
  readonly elf: string;
  /**
   * The ELF file of a guest hypervisor, from the same folder: the initrd of the machine. It is its guest then that measures,
   * and `bench_begin` and `bench_end` are in this file.
   */
  readonly guestHypervisor?: string;
  /** 32-bit variables of that file that are changed for a measurement. */
  readonly guestVariables?: Readonly<Record<string, number>>;
  /** What the machine has to be; what is left out is as `hyperstep run` has it, with 128 MiB of RAM. */
  readonly machine?: {
    readonly cpu?: string;
    readonly features?: readonly string[];
    readonly gic?: 2 | 3;
    /** 2 when left out: the measurement between two vCPUs needs two. */
    readonly pes?: number;
    readonly memory?: number;
    readonly el?: 1 | 2 | 3;
  };
  /** 32-bit variables of the ELF file that are changed before it is loaded, by name of the symbol. */
  readonly variables?: Readonly<Record<string, number>>;
  /** Names of the measurements by the number that the guest gives to bench_begin; MICRO_BENCHMARKS when left out. */
  readonly operations?: readonly string[];
  readonly published?: readonly PublishedCell[];
}

/** Those of kvm-arm/guest/guest-bench.c, in its order: what the guest does with its variable `guest_program` at 0. */
export const MICRO_BENCHMARKS: readonly string[] = ['hypercall', 'io-kernel', 'io-user', 'virtual-ipi', 'eoi', 'timer'];

/** The same of a nested guest, by the names that the publication has: a device there is one that the hypervisor emulates. */
export const NESTED_BENCHMARKS: readonly string[] = MICRO_BENCHMARKS.map(name =>
  name === 'io-kernel' ? 'device-io' : name,
);

/** Those of kvm-arm/guest/guest-workloads.c, numbered behind the others: what the guest does with `guest_program` at 1. */
export const WORKLOADS: readonly string[] = [
  'kernel-compile',
  'hackbench',
  'netperf-rr',
  'netperf-stream',
  'netperf-maerts',
  'apache',
  'memcached',
];

const SFO17 = 'Dall, Li, Nieh: To EL2, and Beyond! (Linaro Connect SFO17), AMD Seattle';

const ISCA16 =
  'Dall, Li, Lim, Nieh, Koloventzos: ARM Virtualization: Performance and Architectural Implications (ISCA 2016), X-Gene';
/** Of the split mode that read all VGIC state at each exit, in Linux before v4.6. */
const isca: readonly PublishedCell[] = Object.entries({ hypercall: 6500, 'io-kernel': 7370, 'virtual-ipi': 11557 }).map(
  ([operation, cycles]) => ({ operation, profile: 'x-gene', cycles, source: ISCA16 }),
);

function seattle(cycles: Readonly<Record<string, number>>): PublishedCell[] {
  return Object.entries(cycles).map(([operation, count]) => ({
    operation,
    profile: 'seattle',
    cycles: count,
    source: SFO17,
  }));
}

const NEVE = 'Lim, Dall, Li, Nieh, Zyngier: NEVE: Nested Virtualization Extensions for ARM (SOSP 2017), X-Gene';

/** Cycles and traps of a hypercall of a nested guest. */
function nestedHypercall(cycles: number, traps: number): PublishedCell[] {
  return [
    { operation: 'hypercall', profile: 'x-gene', cycles, traps, source: NEVE },
    { operation: 'eoi', profile: 'x-gene', traps: 0, source: NEVE },
  ];
}

/** A machine with nested virtualization, with each of the two guest hypervisors that were measured. */
function nested(
  name: string,
  machine: NonNullable<SystemRow['machine']>,
  helps: string,
  published?: PublishedCell[],
): SystemRow[] {
  const elf = 'nested/nested.elf';
  // One operation is as long as a hundred of a guest that is not nested.
  const guestVariables = { bench_divisor: 32 };
  return [
    {
      name: `nested/${name}`,
      description: `A guest hypervisor in split mode and its guest, with ${helps}.`,
      elf,
      guestHypervisor: 'kvm-arm/split-4.10.elf',
      operations: NESTED_BENCHMARKS,
      guestVariables,
      machine,
      published,
    },
    {
      name: `nested/${name}-vhe`,
      description: `A guest hypervisor with VHE and its guest, with ${helps}.`,
      elf,
      guestHypervisor: 'kvm-arm/vhe-4.10.elf',
      operations: NESTED_BENCHMARKS,
      guestVariables,
      machine,
    },
  ];
}

/** A system whose guest runs the workloads. */
function workloads(name: string, elf: string): SystemRow {
  return {
    name: `${name}-workloads`,
    description: `${name} with guests whose exits come in the mix of applications; guest-workloads.c says which.`,
    elf,
    variables: { guest_program: 1 },
    operations: [...MICRO_BENCHMARKS, ...WORKLOADS],
  };
}

export const systems: readonly SystemRow[] = [
  {
    name: 'kvm-arm/split',
    description: 'Host kernel at EL1, hypervisor code at EL2: two world switches for each exit.',
    elf: 'kvm-arm/split.elf',
    published: seattle({ hypercall: 3181, 'io-kernel': 3992, 'io-user': 6665, 'virtual-ipi': 14155 }),
  },
  {
    name: 'kvm-arm/split-asm',
    description: 'Split mode with its world switches by hand.',
    elf: 'kvm-arm/split-asm.elf',
  },
  {
    name: 'kvm-arm/vhe',
    description: 'Host kernel at EL2 with HCR_EL2.E2H, which still does all the work of split mode.',
    elf: 'kvm-arm/vhe.elf',
    published: seattle({ hypercall: 3045 }),
  },
  {
    name: 'kvm-arm/vhe-opt',
    description: 'Host kernel at EL2 with every step of the redesign.',
    elf: 'kvm-arm/vhe-opt.elf',
    published: seattle({ hypercall: 752, 'io-kernel': 1604, 'io-user': 7630, 'virtual-ipi': 2526 }),
  },
  {
    name: 'kvm-arm/split-vgic-old',
    description: 'Split mode with the VGIC of bitmaps under one lock.',
    elf: 'kvm-arm/split-vgic-old.elf',
  },
  {
    name: 'kvm-arm/vhe-opt-vgic-old',
    description: 'The redesign with the VGIC of bitmaps under one lock.',
    elf: 'kvm-arm/vhe-opt-vgic-old.elf',
  },
  {
    name: 'kvm-arm/split-4.10',
    description:
      'Split mode as in Linux v4.10, which leaves empty list registers alone: the VM that nesting is compared with.',
    elf: 'kvm-arm/split-4.10.elf',
    published: nestedHypercall(2729, 1),
  },
  {
    name: 'kvm-arm/split-gicv2',
    description: 'Split mode on GICv2, whose VGIC state is read and written in memory at each exit.',
    elf: 'kvm-arm/split.elf',
    machine: { gic: 2 },
    published: isca,
  },
  {
    name: 'kvm-arm/split-gicv2-empty',
    description: 'Split mode on GICv2, which leaves empty list registers alone, as Linux does since v4.6.',
    elf: 'kvm-arm/split-4.10.elf',
    machine: { gic: 2 },
    published: seattle({ hypercall: 3181, 'io-kernel': 3992, 'io-user': 6665, 'virtual-ipi': 14155 }),
  },
  {
    name: 'kvm-arm/vhe-gicv2-empty',
    description: 'A host at EL2 with all the work of split mode, on GICv2, which leaves empty list registers alone.',
    elf: 'kvm-arm/vhe-opt.elf',
    machine: { gic: 2 },
    variables: { optimisations: 0x80 },
    published: seattle({ hypercall: 3045 }),
  },
  {
    name: 'kvm-arm/vhe-opt-gicv2',
    description: 'The redesign on GICv2.',
    elf: 'kvm-arm/vhe-opt.elf',
    machine: { gic: 2 },
    published: seattle({ hypercall: 752, 'io-kernel': 1604, 'io-user': 7630, 'virtual-ipi': 2526 }),
  },
  {
    name: 'kvm-arm/vhe-4.10',
    description: 'A host at EL2 as in Linux v4.10, before the redesign.',
    elf: 'kvm-arm/vhe-4.10.elf',
  },
  workloads('kvm-arm/split', 'kvm-arm/split.elf'),
  workloads('kvm-arm/vhe-opt', 'kvm-arm/vhe-opt.elf'),
  workloads('type1', 'type1/type1.elf'),
  {
    name: 'type1',
    description: "A standalone hypervisor at EL2, in Xen's shape: what it does not do itself is another VM's, dom0's.",
    elf: 'type1/type1.elf',
    published: [
      { operation: 'hypercall', profile: 'x-gene', cycles: 376, source: ISCA16 },
      { operation: 'io-kernel', profile: 'x-gene', cycles: 1356, source: ISCA16 },
      { operation: 'virtual-ipi', profile: 'x-gene', cycles: 5978, source: ISCA16 },
    ],
  },
  ...nested(
    'armv8.3',
    { cpu: 'armv8.3-a' },
    'FEAT_NV: each access to a register of EL2 traps',
    nestedHypercall(422_720, 126),
  ),
  ...nested(
    'neve',
    { cpu: 'armv8.3-a', features: ['+neve'] },
    'the proposal NEVE: registers of EL2 in memory and in EL1 registers',
    nestedHypercall(92_385, 15),
  ),
  ...nested('nv2', { cpu: 'armv8.4-a' }, 'FEAT_NV2: registers of EL2 in memory'),
];

/** The row of a name; throws a sentence for one that there is not. */
export function systemNamed(name: string): SystemRow {
  const row = systems.find(candidate => candidate.name === name);
  if (!row) throw new Error(`There is no system "${name}"; there are ${systems.map(one => one.name).join(', ')}.`);
  return row;
}
