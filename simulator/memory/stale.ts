/** Entries of the TLB that disagree with the tables: of the present level of the active PE. */

import type { Engine } from '../engine/engine.ts';
import {
  CTX_DATA,
  INFO_FLAGS,
  INFO_PA,
  INFO_READ,
  INFO_WRITE,
  TLB,
  TLB_ANY,
  TLB_ENTRIES,
  TLB_INFO,
} from '../engine/layout.ts';
import type { StaleTranslation, WalkResult } from '../target.ts';

const ENTRY_BYTES = 32;
const CONTEXT_BITS = 12;

/** `walk` is the MMU's own, by the tables as they are now. */
export function staleTranslations(engine: Engine, walk: (va: bigint) => WalkResult): StaleTranslation[] {
  const { u64, u32 } = engine;
  const context = u64[CTX_DATA >> 3] & 0xfffn;
  const found: StaleTranslation[] = [];
  if (context === 0n) return found;
  for (let index = 0; index < TLB_ENTRIES; index++) {
    const tag = u64[(TLB + index * ENTRY_BYTES + TLB_ANY) >> 3];
    if ((tag & 0xfffn) !== context || tag === 0xffff_ffff_ffff_ffffn) continue;
    const va = (tag >> BigInt(CONTEXT_BITS)) << 12n;
    const info = TLB_INFO + index * ENTRY_BYTES;
    const pa = u64[(info + INFO_PA) >> 3] & ~0xfffn;
    const flags = u32[(info + INFO_FLAGS) >> 2];
    const present = walk(va);
    const tables = difference(present, pa, (flags & INFO_READ) !== 0, (flags & INFO_WRITE) !== 0);
    if (tables === undefined) continue;
    const permissions = `${flags & INFO_READ ? 'R' : '-'}${flags & INFO_WRITE ? 'W' : '-'}`;
    found.push({ va, pa, permissions, tables });
  }
  return found.sort((a, b) => (a.va < b.va ? -1 : 1));
}

function difference(now: WalkResult, pa: bigint, readable: boolean, writable: boolean): string | undefined {
  if (now.pa === undefined || now.fault !== undefined) return now.fault ?? 'not mapped';
  if ((now.pa & ~0xfffn) !== pa) return `mapped to 0x${(now.pa & ~0xfffn).toString(16)}`;
  if (readable && !now.readable) return 'not readable';
  if (writable && !now.writable) return 'not writable';
  return undefined;
}
