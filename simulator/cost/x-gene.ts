/**
 * APM X-Gene, 2.4 GHz, GICv2: the machine of which the parts of an exit were published one by one. The columns of that table
 * add up to 88 % of a hypercall, which moves registers of the guest and of the host. So a column is a sum over both, where
 * both have the registers.
 */

import type { CostEvent, CostProfile, CostRow } from './profile.ts';

// None of these was checked against the papers themselves: they are recalled, or from the notes of others on them.
const BREAKDOWN = 'Dall et al., ARM Virtualization (ISCA 2016), Table III, recalled and not checked';
const NEVE = 'Lim et al., NEVE (SOSP 2017), section 5, from notes of others';

const assumed = (cycles: number, source: string): CostRow => ({ cycles, basis: 'assumed', source });
const derived = (cycles: number, source: string): CostRow => ({ cycles, basis: 'derived', source });
const measured = (cycles: number, source: string): CostRow => ({ cycles, basis: 'measured', source });

const ONE = assumed(1, 'One instruction a cycle.');
const READ_EL1 = derived(5, `${BREAKDOWN}: 230 for saving the 23 registers of the guest and of the host.`);
const WRITE_EL1 = derived(11, `${BREAKDOWN}: 511 for restoring the 23 registers of the guest and of the host.`);
const READ_EL2 = derived(12, `${BREAKDOWN}: 92 for saving the 4 controls of EL2 that guest and host each have.`);
const WRITE_EL2 = derived(13, `${BREAKDOWN}: 107 for restoring the 4 controls of guest and host.`);
const READ_TIMER = derived(26, `${BREAKDOWN}: 104 for saving 4 registers, which the guest alone has.`);
const WRITE_TIMER = derived(26, `${BREAKDOWN}: 106 for restoring 4 registers, which the guest alone has.`);
const READ_GICH = derived(295, 'ISCA 2016, Table III, from notes of others: 3250 for saving the VGIC by 11 reads.');
const WRITE_GICH = derived(20, `${BREAKDOWN}: 181 for restoring the VGIC by 9 writes, which are posted.`);
const GUEST = measured(71, 'ISCA 2016, Table II, from notes of others: virtual IRQ completion.');
const LIKE_GICH_READ = assumed(295, 'As a read of GICH: the same bus to the same controller.');
const LIKE_GICH_WRITE = assumed(20, 'As a write of GICH.');

const costs: Record<CostEvent, CostRow> = {
  integer: ONE,
  multiply: assumed(3, 'Latency of a multiplication.'),
  divide: assumed(12, 'Latency of a division of small numbers.'),
  branch: ONE,
  branchIndirect: ONE,
  load: ONE,
  store: ONE,
  exclusive: assumed(4, 'A line that is in the cache and owned.'),
  atomic: assumed(8, 'An exclusive load and store.'),
  fpSimd: ONE,
  fpSimdLoad: derived(9, `${BREAKDOWN}: 310 for restoring 32 registers of the guest and of the host by 32 pairs.`),
  fpSimdStore: derived(9, `${BREAKDOWN}: 282 for saving as many.`),
  pstate: assumed(1, 'As an instruction.'),
  dmb: assumed(4, 'Nothing to wait for.'),
  dsb: assumed(10, 'Nothing to wait for.'),
  isb: assumed(20, 'The pipeline fills anew.'),
  exceptionEntry: measured(72, `${NEVE}: 68 to 76, the middle.`),
  exceptionReturn: measured(65, `${NEVE}.`),
  walk: assumed(63, 'Three descriptors from a second-level cache, 21 cycles each.'),
  readId: READ_EL1,
  readEl0: READ_EL1,
  writeEl0: WRITE_EL1,
  readEl1: READ_EL1,
  writeEl1: WRITE_EL1,
  readEl2: READ_EL2,
  writeEl2: WRITE_EL2,
  readEl3: READ_EL2,
  writeEl3: WRITE_EL2,
  readTimer: READ_TIMER,
  writeTimer: WRITE_TIMER,
  readDebug: READ_EL1,
  writeDebug: WRITE_EL1,
  readPmu: READ_EL1,
  writePmu: WRITE_EL1,
  readCpuInterface: assumed(71, 'The machine has no GICv3: as the interface of the guest in memory.'),
  writeCpuInterface: assumed(71, 'The machine has no GICv3: as the interface of the guest in memory.'),
  readVirtualInterface: assumed(12, 'The machine has no GICv3: as another register of EL2.'),
  writeVirtualInterface: assumed(13, 'The machine has no GICv3: as another register of EL2.'),
  tlbi: assumed(20, 'One broadcast.'),
  cacheMaintenance: assumed(10, 'A line that is in the cache.'),
  addressTranslation: assumed(20, 'A walk whose descriptors are in the cache.'),
  readDistributor: LIKE_GICH_READ,
  writeDistributor: LIKE_GICH_WRITE,
  readCpuInterfaceMmio: LIKE_GICH_READ,
  writeCpuInterfaceMmio: LIKE_GICH_WRITE,
  readVirtualInterfaceMmio: READ_GICH,
  writeVirtualInterfaceMmio: WRITE_GICH,
  readGuestInterfaceMmio: GUEST,
  writeGuestInterfaceMmio: GUEST,
  readDevice: LIKE_GICH_READ,
  writeDevice: LIKE_GICH_WRITE,
};

export const xGene: CostProfile = {
  name: 'x-gene',
  hardware: 'APM X-Gene, 2.4 GHz, GICv2',
  caveat:
    'Register moves, traps and the VGIC are from the published breakdown of an exit, recalled or second-hand. What was ' +
    'published of moving general registers (152 and 184 cycles) is not used: instructions take one cycle each, without ' +
    'caches, prediction or overlap.',
  frequency: 2.4e9,
  costs,
};
