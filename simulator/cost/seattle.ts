/**
 * AMD Seattle (Opteron A1100, Cortex-A57), 2.0 GHz, GICv2. Only whole operations were published of it, and those are what the
 * profile is compared with. So each part costs as many cycles as on X-Gene, a machine of the same time with the same
 * interrupt controller.
 */

import type { CostEvent, CostProfile, CostRow } from './profile.ts';
import { xGene } from './x-gene.ts';

const taken = Object.entries(xGene.costs).map(([event, row]): [string, CostRow] => [
  event,
  { ...row, basis: 'assumed', source: `As on X-Gene. ${row.source}` },
]);

export const seattle: CostProfile = {
  name: 'seattle',
  hardware: 'AMD Seattle B0 (Cortex-A57), 2.0 GHz, GICv2',
  caveat:
    'No part of an exit was published of this machine. Every cost is that of X-Gene, taken over as an assumption; ' +
    'only the frequency is its own.',
  frequency: 2.0e9,
  costs: Object.fromEntries(taken) as Record<CostEvent, CostRow>,
};
