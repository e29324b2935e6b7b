/**
 * The firmware that a board without an EL3 image answers for: PSCI 1.1 (DEN 0022) and the SMC Calling Convention 1.1
 * (DEN 0028). The conduit, HVC or SMC, is the machine's business.
 */

/** What firmware calls do to the machine. */
export interface FirmwareHost {
  /** Affinity of each PE as in MPIDR_EL1: Aff3 in bits 39:32, Aff2 to Aff0 in bits 23:0. */
  readonly affinities: readonly bigint[];
  isOn(pe: number): boolean;
  /** Starts a PE at `entry`, at the caller's level, with X0 = `context`. */
  powerOn(pe: number, entry: bigint, context: bigint): void;
  powerOff(pe: number): void;
  /** Waits for an interrupt, as WFI does. */
  suspend(pe: number): void;
  systemOff(): void;
  systemReset(): void;
  /** Whether code can run at a PA. */
  isExecutable(pa: bigint): boolean;
}

/** Return codes, PSCI section 5.2.2. */
export const PSCI = {
  SUCCESS: 0,
  NOT_SUPPORTED: -1,
  INVALID_PARAMETERS: -2,
  DENIED: -3,
  ALREADY_ON: -4,
  INVALID_ADDRESS: -9,
} as const;

const PSCI_VERSION = 0x1_0001;
const SMCCC_VERSION = 0x1_0001;
/** Bit 30 of a function id: the 64-bit convention, with 64-bit arguments. */
const SMC64 = 0x4000_0000;
const AFFINITY_MASK = 0xff_00ff_ffffn;

/** Undefined when the call does not return to its caller (CPU_OFF, SYSTEM_OFF, SYSTEM_RESET). */
type Call = (host: FirmwareHost, pe: number, x1: bigint, x2: bigint, x3: bigint) => number | undefined;

interface FunctionRow {
  readonly name: string;
  /** Function id of the 32-bit convention. */
  readonly id: number;
  /** Whether it also exists with 64-bit arguments. */
  readonly wide: boolean;
  readonly call: Call;
}

function peOf(host: FirmwareHost, affinity: bigint): number {
  return host.affinities.indexOf(affinity & AFFINITY_MASK);
}

export const FUNCTIONS: readonly FunctionRow[] = [
  { name: 'SMCCC_VERSION', id: 0x8000_0000, wide: false, call: () => SMCCC_VERSION },
  {
    name: 'SMCCC_ARCH_FEATURES',
    id: 0x8000_0001,
    wide: false,
    call: (_host, _pe, id) =>
      Number(id) === 0x8000_0000 || Number(id) === 0x8000_0001 ? PSCI.SUCCESS : PSCI.NOT_SUPPORTED,
  },
  { name: 'PSCI_VERSION', id: 0x8400_0000, wide: false, call: () => PSCI_VERSION },
  {
    name: 'CPU_SUSPEND',
    id: 0x8400_0001,
    wide: true,
    call: (host, pe) => {
      host.suspend(pe);
      return PSCI.SUCCESS;
    },
  },
  {
    name: 'CPU_OFF',
    id: 0x8400_0002,
    wide: false,
    call: (host, pe) => {
      host.powerOff(pe);
      return undefined;
    },
  },
  {
    name: 'CPU_ON',
    id: 0x8400_0003,
    wide: true,
    call: (host, _pe, affinity, entry, context) => {
      const target = peOf(host, affinity);
      if (target < 0) return PSCI.INVALID_PARAMETERS;
      if (host.isOn(target)) return PSCI.ALREADY_ON;
      if (!host.isExecutable(entry)) return PSCI.INVALID_ADDRESS;
      host.powerOn(target, entry, context);
      return PSCI.SUCCESS;
    },
  },
  {
    name: 'AFFINITY_INFO',
    id: 0x8400_0004,
    wide: true,
    call: (host, _pe, affinity, level) => {
      // Levels above 0 may be left out since PSCI 1.0.
      const target = level === 0n ? peOf(host, affinity) : -1;
      return target < 0 ? PSCI.INVALID_PARAMETERS : host.isOn(target) ? 0 : 1;
    },
  },
  // 2: no migration is needed, there is no trusted system.
  { name: 'MIGRATE_INFO_TYPE', id: 0x8400_0006, wide: false, call: () => 2 },
  {
    name: 'SYSTEM_OFF',
    id: 0x8400_0008,
    wide: false,
    call: host => {
      host.systemOff();
      return undefined;
    },
  },
  {
    name: 'SYSTEM_RESET',
    id: 0x8400_0009,
    wide: false,
    call: host => {
      host.systemReset();
      return undefined;
    },
  },
  {
    name: 'PSCI_FEATURES',
    id: 0x8400_000a,
    wide: false,
    call: (_host, _pe, id) => (findFunction(Number(id)) === undefined ? PSCI.NOT_SUPPORTED : PSCI.SUCCESS),
  },
];

const byId = new Map<number, FunctionRow>();
for (const row of FUNCTIONS) {
  byId.set(row.id, row);
  if (row.wide) byId.set((row.id | SMC64) >>> 0, row);
}

function findFunction(id: number): FunctionRow | undefined {
  return byId.get(id >>> 0);
}

/** Name of a firmware function, for traces. */
export function functionName(id: number): string | undefined {
  return findFunction(id)?.name;
}

/**
 * Answers a firmware call.
 *
 * @param x Values of X0 to X3 at the call.
 * @returns the new X0, sign-extended, or undefined when the calling PE does not go on.
 */
export function callFirmware(
  host: FirmwareHost,
  pe: number,
  x: readonly [bigint, bigint, bigint, bigint],
): bigint | undefined {
  const id = Number(x[0] & 0xffffffffn);
  const row = findFunction(id);
  if (row === undefined) return BigInt.asUintN(64, BigInt(PSCI.NOT_SUPPORTED));
  const width = id & SMC64 ? 64 : 32;
  const result = row.call(
    host,
    pe,
    BigInt.asUintN(width, x[1]),
    BigInt.asUintN(width, x[2]),
    BigInt.asUintN(width, x[3]),
  );
  return result === undefined ? undefined : BigInt.asUintN(64, BigInt(result));
}
