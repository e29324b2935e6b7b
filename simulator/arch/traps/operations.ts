import type { OperationRow } from './types.ts';

/** ISS.CV = 1 and ISS.COND = always, as every A64 instruction reports them. */
const ALWAYS = 0x1e0_0000;

/** ISS of a system register trap, with Rt left 0. `read` is 1 for MRS and SYSL. */
export function systemIss(
  row: { readonly op0: number; readonly op1: number; readonly crn: number; readonly crm: number; readonly op2: number },
  read: 0 | 1,
): number {
  return (row.op0 << 20) | (row.op2 << 17) | (row.op1 << 14) | (row.crn << 10) | (row.crm << 1) | read;
}

/** MSR DAIFSet and DAIFClr report Rt = 31; their CRm is the immediate, which the engine adds. QEMU 7.2 swaps Op1 and Op2. */
const daifImmediate = (op2: number) => systemIss({ op0: 0, op1: 3, crn: 4, crm: 0, op2 }, 0) | (31 << 5);

/** Instructions that are no system instructions by encoding but have trap controls (Arm ARM D1.3, D24.2.48). */
export const operations: readonly OperationRow[] = [
  { kind: 'operation', name: 'WFI', el: 0, ec: 0x01, iss: ALWAYS },
  { kind: 'operation', name: 'WFE', el: 0, ec: 0x01, iss: ALWAYS | 1 },
  { kind: 'operation', name: 'WFIT', el: 0, ec: 0x01, iss: ALWAYS | 2, feature: 'wfxt' },
  { kind: 'operation', name: 'WFET', el: 0, ec: 0x01, iss: ALWAYS | 3, feature: 'wfxt' },
  { kind: 'operation', name: 'SVC', el: 0, ec: 0x15, iss: 0 },
  { kind: 'operation', name: 'HVC', el: 1, ec: 0x16, iss: 0 },
  { kind: 'operation', name: 'SMC', el: 1, ec: 0x17, iss: 0 },
  { kind: 'operation', name: 'ERET', el: 1, ec: 0x1a, iss: 0 },
  { kind: 'operation', name: 'ERETAA', el: 1, ec: 0x1a, iss: 2, feature: 'pauth' },
  { kind: 'operation', name: 'ERETAB', el: 1, ec: 0x1a, iss: 3, feature: 'pauth' },
  // Any instruction that uses FP and AdvSIMD registers.
  { kind: 'operation', name: 'FP', el: 0, ec: 0x07, iss: ALWAYS },
  // Any instruction of pointer authentication that is not a NOP by SCTLR_ELx.
  { kind: 'operation', name: 'PAUTH', el: 0, ec: 0x09, iss: 0, feature: 'pauth' },
  { kind: 'operation', name: 'DAIFSet', el: 0, ec: 0x18, iss: daifImmediate(6) },
  { kind: 'operation', name: 'DAIFClr', el: 0, ec: 0x18, iss: daifImmediate(7) },
];

const byOperation = new Map(operations.map(row => [row.name.toUpperCase(), row]));

/** An operation by its name, in any case. */
export function operationByName(name: string): OperationRow | undefined {
  return byOperation.get(name.trim().toUpperCase());
}
