/** Values at reset that depend on the PE model or on which PE it is. */
import type { Features } from '../features.ts';
import { EVENT_COUNTERS } from './rows/pmu.ts';

/** MPIDR_EL1 of a PE: 16 PEs in a cluster, as a GICv3 without range selector can reach them. */
export function affinityOf(peIndex: number): bigint {
  return (BigInt(peIndex >> 4) << 8n) | BigInt(peIndex & 15);
}

/** Level 1: 32 KB each for instructions and data, 4 ways of 64 bytes. Level 2: 1 MB, 16 ways of 64 bytes. */
const caches: readonly { readonly selector: bigint; readonly sets: bigint; readonly ways: bigint }[] = [
  { selector: 0n, sets: 128n, ways: 4n },
  { selector: 1n, sets: 128n, ways: 4n },
  { selector: 2n, sets: 1024n, ways: 16n },
];

/** What CCSIDR_EL1 reads as while CSSELR_EL1 has this value; 0 for a cache that is not there. */
export function cacheSize(csselr: bigint): bigint {
  const cache = caches.find(one => one.selector === (csselr & 0xfn));
  return cache ? ((cache.sets - 1n) << 13n) | ((cache.ways - 1n) << 3n) | 2n : 0n;
}

/** Two levels, the first split; LoUIS and LoUU are 0 where caches need no maintenance to unification. */
function cacheLevels(coherent: boolean): bigint {
  const unification = coherent ? 0n : 1n;
  return (unification << 27n) | (2n << 24n) | (unification << 21n) | (4n << 3n) | 3n;
}

export function computedReset(name: string, features: Features, peIndex: number): bigint | undefined {
  switch (name) {
    case 'MIDR_EL1':
    case 'VPIDR_EL2':
      return features.midr;
    case 'MPIDR_EL1':
    case 'VMPIDR_EL2':
      return 0x8000_0000n | affinityOf(peIndex);
    case 'REVIDR_EL1':
      return features.revidr;
    case 'CTR_EL0':
      return 0x8444_c004n | (features.coherentCaches ? 0x3000_0000n : 0n);
    case 'CLIDR_EL1':
      return cacheLevels(features.coherentCaches);
    case 'CCSIDR_EL1':
      return cacheSize(0n);
    case 'MDCR_EL2':
      return features.has('pmuv3') ? BigInt(EVENT_COUNTERS) : 0n;
    // A PE without EL3 is in Non-secure state (Arm ARM D1.5).
    case 'SCR_EL3':
      return features.has('el3') ? 0x430n : 0x431n;
    default:
      return undefined;
  }
}

/**
 * SCR_EL3 as firmware leaves it that has handed over to a lower level: Non-secure state, HVC and SMC enabled, and no
 * feature kept from EL2. Bits of absent features are RES0.
 */
export const SCR_AFTER_FIRMWARE =
  0x431n | (1n << 8n) | (3n << 16n) | (1n << 25n) | (1n << 27n) | (1n << 28n) | (1n << 38n);
