/**
 * What an access at EL1 means while HCR_EL2.NV is 1: FEAT_NV, FEAT_NV2 and the NEVE proposal (Arm ARM D8.12).
 * Ordinary traps have been checked before; what is left is memory, an EL1 register, or a trap.
 */
import { byName, type InstructionRow, type RegisterRow } from '../registers/index.ts';
import type { Access, AccessState, Because, Direction } from './types.ts';

/** How a guest hypervisor at EL1 is treated. */
export interface Nesting {
  readonly mode: 'nv' | 'nv2' | 'neve';
  /** HCR_EL2.NV1: the guest hypervisor does not use E2H. */
  readonly nv1: boolean;
}

const NV = 1n << 42n;
const NV1 = 1n << 43n;
const NV2 = 1n << 45n;

/** Undefined while HCR_EL2.NV is 0: NV1 and NV2 have no effect then. */
export function nestingOf(state: AccessState): Nesting | undefined {
  const { features } = state;
  if (!features.has('nv') || state.secure) return undefined;
  const hcr = state.reg('HCR_EL2');
  if ((hcr & NV) === 0n) return undefined;
  const nv1 = (hcr & NV1) !== 0n;
  if (features.has('nv2') && (hcr & NV2) !== 0n) return { mode: 'nv2', nv1 };
  if (features.has('neve') && (state.reg('VNCR_EL2') & 1n) !== 0n) return { mode: 'neve', nv1 };
  return { mode: 'nv', nv1 };
}

/**
 * EL2 registers that NEVE keeps in memory for reads and writes, as FEAT_NV2 does; those with a `neve` option are apart.
 * The paper calls them VM system registers.
 */
const neveDeferred: ReadonlySet<string> = new Set([
  'HCR_EL2',
  'HSTR_EL2',
  'TPIDR_EL2',
  'VMPIDR_EL2',
  'VNCR_EL2',
  'VPIDR_EL2',
  'VTCR_EL2',
  'VTTBR_EL2',
  'SP_EL1',
]);

function because(register: string, field: string, value: bigint): Because {
  return { register, field, value, text: `${register}.${field} is ${value}` };
}

const becauseNv = because('HCR_EL2', 'NV', 1n);
const becauseNv2 = because('HCR_EL2', 'NV2', 1n);
const becauseNeve = because('VNCR_EL2', 'Enable', 1n);

/**
 * The access that nesting makes of an access at EL1; undefined where it changes nothing. `trap` is the system register
 * trap of this access.
 */
export function nestedAccess(
  nesting: Nesting,
  row: RegisterRow | InstructionRow,
  direction: Direction,
  trap: (because: Because) => Access,
): Access | undefined {
  const privileged = row.op1 === 4 || row.op1 === 5;
  if (row.kind === 'instruction') return privileged ? trap(becauseNv) : undefined;
  if (nesting.mode === 'nv') return privileged ? trap(becauseNv) : undefined;
  const why = nesting.mode === 'nv2' ? becauseNv2 : becauseNeve;
  const memory = (offset: number): Access => ({ kind: 'memory', offset, because: why });
  const register = (name: string): Access => ({
    kind: 'register',
    row: byName(name) as RegisterRow,
    because: why,
  });

  if (row.alias !== undefined) {
    // A guest hypervisor with E2H reaches its guest's register through the _EL12 name.
    const offset = deferredOffset(byName(row.alias) as RegisterRow, nesting);
    return !nesting.nv1 && offset !== undefined ? memory(offset) : trap(becauseNv);
  }
  if (!privileged) {
    const offset = deferredOffset(row, nesting);
    if (offset === undefined) return undefined;
    // One without E2H, through the EL1 name. Registers without _EL12 name are always in memory.
    return row.options.e2h === undefined || nesting.nv1 ? memory(offset) : undefined;
  }
  if (row.options.nv2 !== undefined) return register(row.options.nv2);
  if (nesting.mode === 'nv2') return row.options.vncr === undefined ? trap(becauseNv) : memory(row.options.vncr);

  const { neve, vncr } = row.options;
  const offset = neve && 'offset' in neve && neve.offset !== undefined ? neve.offset : vncr;
  if (neve?.kind === 'el1' && !(neve.vheOnly && nesting.nv1)) return register(neve.register);
  if (neve?.kind === 'memory' && offset !== undefined) return memory(offset);
  if (neve !== undefined && offset !== undefined && direction === 'read') return memory(offset);
  if (neve === undefined && vncr !== undefined && neveDeferred.has(row.name)) return memory(vncr);
  return trap(becauseNv);
}

/** Offset of an EL1 or EL0 register in the page. NEVE has the system registers of EL1 there, and no timers. */
function deferredOffset(row: RegisterRow, nesting: Nesting): number | undefined {
  if (nesting.mode === 'neve' && (row.op1 !== 0 || row.options.e2h === undefined)) return undefined;
  return row.options.vncr;
}
