// The custom requests between the extension and the debug adapter. Addresses and register values are hexadecimal strings
// ("0x80000000"), because JSON has no 64-bit integers. A thread is a PE. Requests are answered while the machine is stopped
// only.

/** `hyperstep/listRegisters`: the list registers of a PE's virtual CPU interface. */
export interface ListRegistersArguments {
  readonly threadId: number;
}

export interface ListRegisterView {
  readonly index: number;
  readonly value: string;
  readonly state: 'invalid' | 'pending' | 'active' | 'pending+active';
  readonly virtualId: number;
  /** What the interrupt is on this board, such as `virtual timer`. */
  readonly virtualName?: string;
  readonly physicalId?: number;
  readonly priority: number;
  readonly group: 0 | 1;
  readonly hw: boolean;
}

export interface ListRegistersResponse {
  readonly registers: readonly ListRegisterView[];
}

/** `hyperstep/mappings`: what a stage of translation maps, adjacent equal entries merged. */
export interface MappingsArguments {
  readonly threadId: number;
  readonly stage: 1 | 2;
  /** Stage 1 only; the regime in use when missing. */
  readonly regime?: 'EL1&0' | 'EL2' | 'EL2&0' | 'EL3';
  /** At most so many ranges. */
  readonly limit: number;
}

export interface MappingView {
  readonly input: string;
  readonly output: string;
  /** Bytes. */
  readonly size: string;
  readonly level: number;
  /** Attributes in words, such as `RW X Normal WB`. */
  readonly attributes: string;
}

export interface MappingsResponse {
  /** False when the controls say that this stage does not translate. */
  readonly enabled: boolean;
  /** Stage 2: `VTTBR_EL2.VMID`. */
  readonly vmid?: number;
  /** Address of the first table. */
  readonly base?: string;
  readonly ranges: readonly MappingView[];
  /** True when there are more than `limit`. */
  readonly truncated: boolean;
}
