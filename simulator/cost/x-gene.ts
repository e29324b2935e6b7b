/**
 * APM X-Gene, 2.4 GHz, GICv2: the machine of which the parts of an exit were published one by one. For AMD Seattle only
 * whole operations were, so that a profile of it can only be this one with other assumptions.
 */

import type { CostProfile } from './profile.ts';

// None of these was checked against the papers themselves: they are recalled, or from the notes of others on them.
const BREAKDOWN = 'Dall et al., ARM Virtualization (ISCA 2016), Table III, recalled and not checked';
const NEVE = 'Lim et al., NEVE (SOSP 2017), section 5, from notes of others';

export const xGene: CostProfile = {
  name: 'x-gene',
  hardware: 'APM X-Gene, 2.4 GHz, GICv2',
  rows: [
    { event: 'instruction', cycles: 1, basis: 'assumed', source: 'One instruction a cycle.' },
    { event: 'exceptionEntry', cycles: 72, basis: 'measured', source: `${NEVE}: 68 to 76, the middle.` },
    { event: 'exceptionReturn', cycles: 65, basis: 'measured', source: `${NEVE}.` },
    { event: 'readEl1', cycles: 10, basis: 'derived', source: `${BREAKDOWN}: 230 for saving 23 registers.` },
    { event: 'writeEl1', cycles: 22, basis: 'derived', source: `${BREAKDOWN}: 511 for restoring 23 registers.` },
    { event: 'readEl2', cycles: 23, basis: 'derived', source: `${BREAKDOWN}: 92 for saving 4 registers.` },
    { event: 'writeEl2', cycles: 27, basis: 'derived', source: `${BREAKDOWN}: 107 for restoring 4 registers.` },
    { event: 'readTimer', cycles: 26, basis: 'derived', source: `${BREAKDOWN}: 104 for saving 4 registers.` },
    { event: 'writeTimer', cycles: 26, basis: 'derived', source: `${BREAKDOWN}: 106 for restoring 4 registers.` },
    {
      event: 'readVirtualInterface',
      cycles: 295,
      basis: 'derived',
      source: 'ISCA 2016, Table III, from notes of others: 3250 for saving the VGIC, taken as reads of 11 registers.',
    },
    {
      event: 'writeVirtualInterface',
      cycles: 20,
      basis: 'derived',
      source: `${BREAKDOWN}: 181 for restoring the VGIC, taken as writes of 9 registers.`,
    },
    {
      event: 'guestCpuInterface',
      cycles: 71,
      basis: 'measured',
      source: 'ISCA 2016, Table II, from notes of others: virtual IRQ completion.',
    },
  ],
};
