/**
 * What a profile of the cycle model is: a cost for each kind of event, in cycles of the PE, and where the number is from.
 * Numbers come from measured primitives, never from the operation that is reported as a result.
 *
 * The model is a sum: what a PE does costs the same each time. There are no caches, no prediction and no overlap of
 * instructions; loads and stores are those that the first cache and the TLB answer.
 */

/** Kinds of events. `events.ts` says which instruction, register or device is of which kind. */
export const costEvents = [
  // Instructions.
  'integer',
  'multiply',
  'divide',
  'branch',
  'branchIndirect',
  'load',
  'store',
  'exclusive',
  'atomic',
  'fpSimd',
  'fpSimdLoad',
  'fpSimdStore',
  'pstate',
  'dmb',
  'dsb',
  'isb',
  // Exceptions and returns, whatever instruction makes them.
  'exceptionEntry',
  'exceptionReturn',
  /** A table walk that ends in a fault: no TLB keeps one. All other translations are taken to be in the TLB. */
  'walk',
  // System registers.
  'readId',
  'readEl0',
  'writeEl0',
  'readEl1',
  'writeEl1',
  'readEl2',
  'writeEl2',
  'readEl3',
  'writeEl3',
  'readTimer',
  'writeTimer',
  'readDebug',
  'writeDebug',
  'readPmu',
  'writePmu',
  /** The CPU interface: ICC_* and, for a guest, ICV_*. */
  'readCpuInterface',
  'writeCpuInterface',
  /** The virtual interface's control registers as the hypervisor sees them: ICH_*. */
  'readVirtualInterface',
  'writeVirtualInterface',
  // System instructions.
  'tlbi',
  'cacheMaintenance',
  'addressTranslation',
  // Devices in memory: the four parts of a GICv2, the distributor and redistributors of a GICv3 among them.
  'readDistributor',
  'writeDistributor',
  'readCpuInterfaceMmio',
  'writeCpuInterfaceMmio',
  'readVirtualInterfaceMmio',
  'writeVirtualInterfaceMmio',
  'readGuestInterfaceMmio',
  'writeGuestInterfaceMmio',
  'readDevice',
  'writeDevice',
] as const;

export type CostEvent = (typeof costEvents)[number];

export interface CostRow {
  readonly cycles: number;
  /** `measured`: a published measurement of this very thing. `derived`: arithmetic on one. `assumed`: neither. */
  readonly basis: 'measured' | 'derived' | 'assumed';
  /** The publication, and the arithmetic when there is one. */
  readonly source: string;
}

export interface CostProfile {
  readonly name: string;
  readonly hardware: string;
  /** How far to trust the profile as a whole, in a sentence or two. */
  readonly caveat: string;
  /** Cycles of a PE in a second. */
  readonly frequency: number;
  readonly costs: Readonly<Record<CostEvent, CostRow>>;
}
