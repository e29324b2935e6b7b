/** Sets of registers that rules name with `@`, and lists that several rules share. */
import type { Accessed } from './types.ts';

export const debugCommunication: readonly string[] = ['MDCCSR_EL0', 'DBGDTR_EL0', 'DBGDTRRX_EL0', 'DBGDTRTX_EL0'];

/** What MDCR_ELx.TDA traps. */
export const debugRegisters: readonly string[] = [
  ...debugCommunication,
  'OSDTRRX_EL1',
  'OSDTRTX_EL1',
  'OSECCR_EL1',
  'MDCCINT_EL1',
  'MDSCR_EL1',
  'DBGBVR*_EL1',
  'DBGBCR*_EL1',
  'DBGWVR*_EL1',
  'DBGWCR*_EL1',
  'DBGCLAIM*_EL1',
  'DBGAUTHSTATUS_EL1',
];

/** What MDCR_ELx.TDOSA traps. */
export const debugLocked: readonly string[] = ['OSLAR_EL1', 'OSLSR_EL1', 'OSDLR_EL1', 'DBGPRCR_EL1'];

const group0 = /^ICC_(IAR0|EOIR0|HPPIR0|BPR0|AP0R\d|IGRPEN0)_EL1$/;
const group1 = /^ICC_(IAR1|EOIR1|HPPIR1|BPR1|AP1R\d|IGRPEN1)_EL1$/;
const common = /^ICC_(PMR|CTLR|DIR|RPR)_EL1$/;
const sgi = /^ICC_A?SGI[01]R_EL1$/;

const sets: Readonly<Record<string, (row: Accessed) => boolean>> = {
  FeatureSpace: isFeatureSpace,
  ImplementationDefined: row => row.kind !== 'operation' && isImplementationDefined(row.op0, row.crn),
  PMU: row => row.kind === 'register' && row.group === 'PMU',
  GicGroup0: row => group0.test(row.name),
  GicGroup1: row => group1.test(row.name),
  GicCommon: row => common.test(row.name),
  GicSgi: row => sgi.test(row.name),
  // ICC_SRE_EL1 itself stays accessible.
  GicInterface: row => [group0, group1, common, sgi].some(pattern => pattern.test(row.name)),
};

/** The feature ID registers, named and reserved: op0 3, op1 0, CRn 0, CRm 1 to 7. */
export function isFeatureSpace(row: Accessed): boolean {
  return row.kind === 'register' && row.op0 === 3 && row.op1 === 0 && row.crn === 0 && row.crm !== 0;
}

/** CRn 11 and 15 of SYS, MSR and MRS are for the implementation. */
export function isImplementationDefined(op0: number, crn: number): boolean {
  return (op0 === 3 || op0 === 1) && (crn === 11 || crn === 15);
}

/** Whether a target of a rule is the name of one row. */
export function isName(target: string): boolean {
  return !/[@*?]/.test(target);
}

/** Whether a target of a rule means this row: a name, a name with `*` and `?`, or `@` and a set. */
export function matchesTarget(target: string, row: Accessed): boolean {
  if (target.startsWith('@')) return sets[target.slice(1)](row);
  if (!/[*?]/.test(target)) return target === row.name;
  return pattern(target).test(row.name);
}

const patterns = new Map<string, RegExp>();

function pattern(target: string): RegExp {
  let found = patterns.get(target);
  if (!found) {
    found = new RegExp(`^${target.replace(/[*?]/g, mark => (mark === '*' ? '\\w*' : '\\w'))}$`);
    patterns.set(target, found);
  }
  return found;
}
