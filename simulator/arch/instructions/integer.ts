/** The instruction rows outside of FP and AdvSIMD data processing. */

import { branchRows } from './branches.ts';
import { dataProcessingImmediateRows } from './data-processing-immediate.ts';
import { dataProcessingRegisterRows } from './data-processing-register.ts';
import { loadStoreRows } from './loads-stores.ts';
import type { InstructionRow } from './row.ts';
import { systemRows } from './system.ts';

export const integerRows: readonly InstructionRow[] = [
  ...dataProcessingImmediateRows,
  ...dataProcessingRegisterRows,
  ...branchRows,
  ...systemRows,
  ...loadStoreRows,
];
