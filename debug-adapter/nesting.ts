/**
 * Who executes on a PE while a hypervisor runs guest hypervisors. The hypervisor tells it in a table, `nesting_levels`, of
 * four 16-bit numbers a row: the first and the last VMID, the level of nesting (1 for a guest hypervisor, 2 for its guests)
 * and the exception level that code at EL1 believes to be at. A row of zeros ends it; its address is physical.
 */

import type { PeView } from '../simulator/target.ts';
import type { Symbols } from './symbols/index.ts';

const ROW = 8;
const MOST_ROWS = 64;

/** Such as `L2 EL1`, `L1 virtual EL2` or `L0 EL2`; undefined where no image has such a table. */
export function nestingOf(pe: PeView, symbols: Symbols): string | undefined {
  const address = symbols.symbol('nesting_levels')?.address;
  if (address === undefined) return undefined;
  const { vmid } = pe;
  if (vmid === undefined) return `L0 EL${pe.el}`;
  for (let row = 0; row < MOST_ROWS; row++) {
    const bytes = pe.read({ kind: 'pa' }, address + BigInt(row * ROW), ROW);
    if (bytes === undefined) break;
    const view = new DataView(bytes.buffer, bytes.byteOffset, ROW);
    const [first, last, nesting, el] = [0, 2, 4, 6].map(offset => view.getUint16(offset, true));
    if (nesting === 0) break;
    if (vmid < first || vmid > last) continue;
    return pe.el === 1 && el !== 1 ? `L${nesting} virtual EL${el}` : `L${nesting} EL${pe.el}`;
  }
  return undefined;
}
