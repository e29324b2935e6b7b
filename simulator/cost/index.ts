/** The profiles that there are, by name. */

import type { CostProfile } from './profile.ts';
import { seattle } from './seattle.ts';
import { xGene } from './x-gene.ts';

export const profiles: readonly CostProfile[] = [seattle, xGene];

/** Throws a sentence for a name that there is not. */
export function profileNamed(name: string): CostProfile {
  const profile = profiles.find(candidate => candidate.name === name);
  if (!profile)
    throw new Error(`There is no cost profile "${name}"; there are ${profiles.map(one => one.name).join(' and ')}.`);
  return profile;
}
