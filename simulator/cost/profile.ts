/**
 * What a profile of the cycle model is: a cost for each kind of event, in cycles of the PE, and where the number is from.
 * Numbers come from measured primitives, never from the operation that is reported as a result.
 */

export type CostEvent =
  | 'instruction'
  | 'exceptionEntry'
  | 'exceptionReturn'
  | 'readEl1'
  | 'writeEl1'
  | 'readEl2'
  | 'writeEl2'
  | 'readTimer'
  | 'writeTimer'
  /** The virtual interface's control registers as the hypervisor sees them: GICH_* of GICv2, ICH_* of GICv3. */
  | 'readVirtualInterface'
  | 'writeVirtualInterface'
  /** The guest's own access to its CPU interface. */
  | 'guestCpuInterface';

export interface CostRow {
  readonly event: CostEvent;
  readonly cycles: number;
  /** `measured`: a published measurement of this very thing. `derived`: arithmetic on one. `assumed`: neither. */
  readonly basis: 'measured' | 'derived' | 'assumed';
  /** The publication, and the arithmetic when there is one. */
  readonly source: string;
}

export interface CostProfile {
  readonly name: string;
  readonly hardware: string;
  readonly rows: readonly CostRow[];
}
