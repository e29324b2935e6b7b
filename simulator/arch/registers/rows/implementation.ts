import { type RegisterSpec, type RowOptions, reg } from '../notation.ts';
import { whole } from './shared.ts';

const cortex: RowOptions = { feature: 'cortexa57' };

/**
 * Implementation defined registers that firmware of Cortex-A57 and A72 touches (their technical reference manuals,
 * chapter 4). What they control is not modelled, so they only keep what was written.
 */
export const implementation: readonly RegisterSpec[] = [
  reg('L2CTLR_EL1', '3 1 11 0 2', 'rw1', 'L2 control.', whole('Value'), cortex),
  reg('L2ECTLR_EL1', '3 1 11 0 3', 'rw1', 'L2 extended control.', whole('Value'), cortex),
  reg('L2ACTLR_EL1', '3 1 15 0 0', 'rw1', 'L2 auxiliary control.', whole('Value'), cortex),
  reg('CPUACTLR_EL1', '3 1 15 2 0', 'rw1', 'Auxiliary control of the PE.', whole('Value'), cortex),
  reg('CPUECTLR_EL1', '3 1 15 2 1', 'rw1', 'Extended control of the PE.', whole('Value'), cortex),
  reg('CPUMERRSR_EL1', '3 1 15 2 2', 'rw1', 'Memory error syndrome of the PE.', whole('Value'), cortex),
  reg('L2MERRSR_EL1', '3 1 15 2 3', 'rw1', 'Memory error syndrome of L2.', whole('Value'), cortex),
  reg('CBAR_EL1', '3 1 15 3 0', 'r1', 'Base address of the peripherals: none.', '', { ...cortex, raz: true }),
];
