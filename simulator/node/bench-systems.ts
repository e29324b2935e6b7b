/**
 * `hyperstep bench --system`: what operations cost in the built-in systems, in modelled cycles, beside what was published.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { profileNamed } from '../cost/index.ts';
import { type SystemRow, systemNamed, systems } from '../hypervisors/systems.ts';
import { UsageError } from './arguments.ts';
import { type Measurement, measure } from './measure.ts';
import { resultsPage } from './results-page.ts';
import { filesOf } from './system-files.ts';

const DEFAULT_PROFILE = 'seattle';

/** One row of the table and of `--json`. */
export interface BenchRow {
  readonly system: string;
  readonly operation: string;
  readonly cycles: number;
  /** Exceptions that a guest took to EL2. */
  readonly traps: number;
  /** System registers read and written, and system instructions. */
  readonly accesses: number;
  /** Cycles; null where nothing was published of this on the hardware of the profile. */
  readonly published: number | null;
  readonly publishedTraps: number | null;
  /** Ours divided by the published. */
  readonly ratio: number | null;
}

/** Runs with `--system` or `--write-docs`; throws UsageError with a sentence for the user. */
export function benchSystems(argv: readonly string[]): number {
  const args = parse(argv);
  if (args.writeDocs !== undefined) {
    const page = resultsPage((profile, chosen) => rowsOf(chosen, profile));
    writeFileSync(args.writeDocs, page);
    return 0;
  }
  const rows = rowsOf(args.systems, args.profile);
  if (args.json) process.stdout.write(`${JSON.stringify({ profile: args.profile, rows }, null, 1)}\n`);
  else process.stdout.write(table(args.profile, rows));
  return 0;
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  let values: { system?: string; profile?: string; json?: boolean; 'write-docs'?: string };
  try {
    const options = { system: text, profile: text, json: { type: 'boolean' }, 'write-docs': text } as const;
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. "hyperstep help" lists the commands.`);
  }
  const names = (values.system ?? '').split(',').filter(name => name !== '');
  if (names.length === 0 && values['write-docs'] === undefined)
    throw new UsageError(`--system takes names of systems, such as kvm-arm/split; "all" means each.`);
  const { profile = DEFAULT_PROFILE } = values;
  sentence(() => profileNamed(profile));
  return {
    systems: names.includes('all') ? systems : names.map(name => sentence(() => systemNamed(name))),
    profile,
    json: values.json ?? false,
    writeDocs: values['write-docs'],
  };
}

/** What is thrown as a plain Error is a sentence for the user. */
function sentence<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && error.constructor === Error) throw new UsageError(error.message);
    throw error;
  }
}

/** Measures systems, one after the other. */
export function rowsOf(chosen: readonly SystemRow[], profile: string): BenchRow[] {
  return chosen.flatMap(row => {
    const measured = sentence(() => measure(row, filesOf(row), profile));
    return measured.map(result => benchRow(row, result, profile));
  });
}

function benchRow(row: SystemRow, result: Measurement, profile: string): BenchRow {
  const cell = row.published?.find(one => one.operation === result.operation && one.profile === profile);
  const cycles = Math.round(result.cycles);
  const published = cell?.cycles ?? null;
  return {
    system: row.name,
    operation: result.operation,
    cycles,
    traps: Number(result.traps.toFixed(1)),
    accesses: Number(result.accesses.toFixed(1)),
    published,
    publishedTraps: cell?.traps ?? null,
    ratio: published === null ? null : Number((cycles / published).toFixed(3)),
  };
}

const COLUMNS = ['system', 'operation', 'cycles', 'published', 'ratio', 'traps', 'registers'] as const;

function table(profile: string, rows: readonly BenchRow[]): string {
  const cells = rows.map(row => [
    row.system,
    row.operation,
    String(row.cycles),
    row.published === null ? '' : String(row.published),
    row.ratio === null ? '' : row.ratio.toFixed(2),
    row.publishedTraps === null ? String(row.traps) : `${row.traps} (${row.publishedTraps})`,
    String(row.accesses),
  ]);
  const widths = COLUMNS.map((title, column) => Math.max(title.length, ...cells.map(row => row[column].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd();
  const what = `Modelled cycles of PE 0 by the profile ${profile}`;
  return `${what}, for each operation; traps are exceptions from a guest to EL2.\n${[COLUMNS, ...cells].map(line).join('\n')}\n`;
}
