/** The instruction rows outside of FP and AdvSIMD data processing. */

import { branchRows } from './branches.ts';
import { dataProcessingImmediateRows } from './data-processing-immediate.ts';
import { dataProcessingRegisterRows } from './data-processing-register.ts';
import { exclusiveAtomicRows } from './exclusives-atomics.ts';
import { loadStoreRows } from './loads-stores.ts';
import { pointerAuthenticationRows } from './pointer-authentication.ts';
import type { InstructionRow } from './row.ts';
import { structureRows } from './structures.ts';
import { systemRows } from './system.ts';

export const integerRows: readonly InstructionRow[] = [
  ...dataProcessingImmediateRows,
  ...dataProcessingRegisterRows,
  ...branchRows,
  // Hints of pointer authentication are narrower than the row of all hints in systemRows.
  ...pointerAuthenticationRows,
  ...systemRows,
  ...loadStoreRows,
  ...exclusiveAtomicRows,
  ...structureRows,
];
