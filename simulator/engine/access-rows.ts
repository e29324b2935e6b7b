/** Numbers of what access tables have rows for: system registers by storage index, system instructions, operations. */

import { instructions, registers } from '../arch/registers/index.ts';
import { type Accessed, operations } from '../arch/traps/index.ts';

const rows: readonly Accessed[] = [...registers, ...instructions, ...operations];
const numbers = new Map(rows.map((row, index) => [row, index]));
const operationNumbers = new Map(operations.map(row => [row.name, numbers.get(row) as number]));

export const accessRowCount = rows.length;

export function accessRowOf(row: Accessed): number {
  return numbers.get(row) as number;
}

/** The row of an operation such as `HVC`; throws for a name without a row. */
export function operationRow(name: string): number {
  const number = operationNumbers.get(name);
  if (number === undefined) throw new Error(`There is no trap rule for an operation named ${name}.`);
  return number;
}

/** What a row number stands for. */
export function accessedBy(row: number): Accessed {
  return rows[row];
}
