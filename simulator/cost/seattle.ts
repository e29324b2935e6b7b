/** AMD Seattle (Opteron A1100, Cortex-A57), 2.0 GHz, GICv2. Only whole operations were published of it. */

import type { CostProfile } from './profile.ts';
import { xGene } from './x-gene.ts';

export const seattle: CostProfile = {
  name: 'seattle',
  hardware: 'AMD Seattle B0 (Cortex-A57), 2.0 GHz, GICv2',
  frequency: 2.0e9,
  costs: xGene.costs,
};
