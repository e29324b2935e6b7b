/**
 * Who executes on a PE while a hypervisor runs guest hypervisors. The hypervisor tells it in a table, `nesting_levels`, of
 * four 16-bit numbers a row: the first and the last VMID, the level of nesting (1 for a guest hypervisor, 2 for its guests)
 * and the exception level that code at EL1 believes to be at. A row of zeros ends it; its address is physical.
 */

import type { PeView } from '../simulator/target.ts';
import type { Symbols } from './symbols/index.ts';

const ROW = 8;
const MOST_ROWS = 64;

export interface NestingRow {
  /** VMIDs, the last one included. */
  readonly first: number;
  readonly last: number;
  readonly nesting: number;
  readonly el: number;
}

/** The rows of the table; undefined where no image has one. */
function tableOf(pe: PeView, symbols: Symbols): readonly NestingRow[] | undefined {
  const address = symbols.symbol('nesting_levels')?.address;
  if (address === undefined) return undefined;
  const rows: NestingRow[] = [];
  while (rows.length < MOST_ROWS) {
    const bytes = pe.read({ kind: 'pa' }, address + BigInt(rows.length * ROW), ROW);
    if (bytes === undefined) break;
    const view = new DataView(bytes.buffer, bytes.byteOffset, ROW);
    const [first, last, nesting, el] = [0, 2, 4, 6].map(offset => view.getUint16(offset, true));
    if (nesting === 0) break;
    rows.push({ first, last, nesting, el });
  }
  return rows;
}

export function nestingRows(pe: PeView, symbols: Symbols): readonly NestingRow[] {
  return tableOf(pe, symbols) ?? [];
}

function guestLevel(rows: readonly NestingRow[], vmid: number, el: number): string | undefined {
  const row = rows.find(({ first, last }) => vmid >= first && vmid <= last);
  if (row === undefined) return undefined;
  return el === 1 && row.el !== 1 ? `L${row.nesting} virtual EL${row.el}` : `L${row.nesting} EL${el}`;
}

/** Such as `L2 EL1`, `L1 virtual EL2` or `L0 EL2`; undefined where no image has such a table. */
export function nestingOf(pe: PeView, symbols: Symbols): string | undefined {
  const rows = tableOf(pe, symbols);
  if (rows === undefined) return undefined;
  return pe.vmid === undefined ? `L0 EL${pe.el}` : guestLevel(rows, pe.vmid, pe.el);
}

const HCR_EL2_VM = 1n;

/** The same for what a PE at EL2 has interrupted, or returns to, at a lower level; undefined where nobody knows. */
export function nestingBelow(pe: PeView, symbols: Symbols, el: number): string | undefined {
  const rows = tableOf(pe, symbols);
  if (rows === undefined || el > 1) return undefined;
  if ((pe.readRegister('HCR_EL2') & HCR_EL2_VM) === 0n) return `L0 EL${el}`;
  return guestLevel(rows, Number(pe.readRegister('VTTBR_EL2') >> 48n), el);
}
