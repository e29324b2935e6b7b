/**
 * Fine-grained traps (FEAT_FGT): a field of HFGRTR_EL2 and its kin has the name of what it traps, so the rules come from
 * the layouts. Only fields that stand for several registers are spelled out here.
 */
import { byName, instructions, layoutOf, type RegisterRow } from '../registers/index.ts';
import type { TrapRule } from './rules.ts';

const several: Readonly<Record<string, readonly string[]>> = {
  ICC_IGRPENn_EL1: ['ICC_IGRPEN0_EL1', 'ICC_IGRPEN1_EL1'],
  APIAKey: ['APIAKeyLo_EL1', 'APIAKeyHi_EL1'],
  APIBKey: ['APIBKeyLo_EL1', 'APIBKeyHi_EL1'],
  APDAKey: ['APDAKeyLo_EL1', 'APDAKeyHi_EL1'],
  APDBKey: ['APDBKeyLo_EL1', 'APDBKeyHi_EL1'],
  APGAKey: ['APGAKeyLo_EL1', 'APGAKeyHi_EL1'],
  PMCEIDn_EL0: ['PMCEID0_EL0', 'PMCEID1_EL0'],
  PMOVS: ['PMOVSSET_EL0', 'PMOVSCLR_EL0'],
  PMINTEN: ['PMINTENSET_EL1', 'PMINTENCLR_EL1'],
  PMCNTEN: ['PMCNTENSET_EL0', 'PMCNTENCLR_EL0'],
  PMEVTYPERn_EL0: ['PMEVTYPER*_EL0', 'PMXEVTYPER_EL0'],
  PMEVCNTRn_EL0: ['PMEVCNTR*_EL0', 'PMXEVCNTR_EL0'],
  DBGCLAIM: ['DBGCLAIMSET_EL1', 'DBGCLAIMCLR_EL1'],
  DBGWVRn_EL1: ['DBGWVR*_EL1'],
  DBGWCRn_EL1: ['DBGWCR*_EL1'],
  DBGBVRn_EL1: ['DBGBVR*_EL1'],
  DBGBCRn_EL1: ['DBGBCR*_EL1'],
  ERET: ['ERET', 'ERETAA', 'ERETAB'],
  SVC_EL0: ['SVC'],
  SVC_EL1: ['SVC'],
  ERX: [],
};

/** `DC CVAC` is the field DCCVAC. */
const instructionFields = new Map(instructions.map(row => [row.name.replace(' ', ''), row.name]));

function targetsOf(field: string): readonly string[] {
  if (several[field]) return several[field];
  const instruction = instructionFields.get(field);
  if (instruction) return [instruction];
  if (byName(field)) return [field];
  throw new Error(`The fine-grained trap ${field} names no register or instruction.`);
}

function rulesOf(control: string, direction: 'read' | 'write' | undefined): TrapRule[] {
  const row = byName(control) as RegisterRow;
  return layoutOf(row)
    .filter(field => field.fixed === undefined)
    .map(field => ({
      control,
      field: field.name,
      at: field.name === 'SVC_EL0' ? [0] : field.name === 'SVC_EL1' || field.name === 'ERET' ? [1] : [0, 1],
      to: 2,
      // A host's EL0 is spared; EL1 is always a guest's.
      when: ['guest', 'fineGrained'],
      direction,
      targets: targetsOf(field.name),
    }));
}

export function fineGrainedRules(): TrapRule[] {
  return [
    ...rulesOf('HFGITR_EL2', undefined),
    ...rulesOf('HFGRTR_EL2', 'read'),
    ...rulesOf('HFGWTR_EL2', 'write'),
    ...rulesOf('HDFGRTR_EL2', 'read'),
    ...rulesOf('HDFGWTR_EL2', 'write'),
  ];
}
