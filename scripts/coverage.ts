/**
 * Writes docs/coverage.md: what of the architecture is there, and what each part was tested against. Everything in it is
 * counted from the tables that the simulator and the tests use.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { featureNames, notModelled } from '../simulator/arch/features.ts';
import { branchRows } from '../simulator/arch/instructions/branches.ts';
import { dataProcessingImmediateRows } from '../simulator/arch/instructions/data-processing-immediate.ts';
import { dataProcessingRegisterRows } from '../simulator/arch/instructions/data-processing-register.ts';
import { exclusiveAtomicRows } from '../simulator/arch/instructions/exclusives-atomics.ts';
import { arithmeticRows } from '../simulator/arch/instructions/fp/arithmetic.ts';
import { conversionRows } from '../simulator/arch/instructions/fp/conversion.ts';
import { fpSimdRows } from '../simulator/arch/instructions/fp-simd.ts';
import { integerRows } from '../simulator/arch/instructions/integer.ts';
import { loadStoreRows } from '../simulator/arch/instructions/loads-stores.ts';
import { pointerAuthenticationRows } from '../simulator/arch/instructions/pointer-authentication.ts';
import type { InstructionRow } from '../simulator/arch/instructions/row.ts';
import { byElementRows } from '../simulator/arch/instructions/simd/by-element.ts';
import { cryptoRows } from '../simulator/arch/instructions/simd/crypto.ts';
import { moveRows } from '../simulator/arch/instructions/simd/move.ts';
import { shiftRows } from '../simulator/arch/instructions/simd/shift.ts';
import { threeDifferentRows } from '../simulator/arch/instructions/simd/three-different.ts';
import { threeSameRows } from '../simulator/arch/instructions/simd/three-same.ts';
import { twoRegisterRows } from '../simulator/arch/instructions/simd/two-register.ts';
import { structureRows } from '../simulator/arch/instructions/structures.ts';
import { systemRows } from '../simulator/arch/instructions/system.ts';
import { type Group, instructions, layoutOf, registers } from '../simulator/arch/registers/index.ts';
import { fineGrainedRules } from '../simulator/arch/traps/fineGrained.ts';
import { controlRules } from '../simulator/arch/traps/rules.ts';
import { fpSimdFamily, integerFamily } from '../test/differential/compare.ts';
import {
  accessDifferences,
  caseDifferences,
  identificationDifferences,
  type KnownDifference,
  modelDifferences,
  omissions,
  ownAlgorithm,
  textDifferences,
  wordDifferences,
} from '../test/differential/known-differences.ts';
import type { LongRun } from '../test/differential/long.ts';
import { defaults } from '../test/differential/sample.ts';
import { PROGRAMS } from '../test/guests/programs.ts';
import { GAPS, PROOFS } from '../test/proofs.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const coverageFile = join(root, 'docs/coverage.md');

const classes: readonly (readonly [string, readonly InstructionRow[]])[] = [
  ['Data processing, immediate', dataProcessingImmediateRows],
  ['Data processing, register', dataProcessingRegisterRows],
  ['Branches', branchRows],
  ['Pointer authentication', pointerAuthenticationRows],
  ['System, exceptions, hints and barriers', systemRows],
  ['Loads and stores', loadStoreRows],
  ['Exclusives and atomics', exclusiveAtomicRows],
  ['Loads and stores of structures', structureRows],
  ['Scalar floating point', arithmeticRows],
  ['Conversions', conversionRows],
  ['SIMD, three same', threeSameRows],
  ['SIMD, three different', threeDifferentRows],
  ['SIMD, two registers', twoRegisterRows],
  ['SIMD, moves and permutations', moveRows],
  ['SIMD, shifts', shiftRows],
  ['SIMD, by element', byElementRows],
  ['AES, SHA, SM3 and SM4', cryptoRows],
];

type Cell = string | number;
const count = (value: number): string => value.toLocaleString('en-US');
const cellText = (value: Cell): string => (typeof value === 'number' ? count(value) : value.replaceAll('|', '\\|'));

/** A table; columns of numbers are right-aligned. */
function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const align = head.map((_, n) => (typeof rows[0]?.[n] === 'number' ? '---:' : '---'));
  return [head, align, ...rows].map(cells => `| ${cells.map(cellText).join(' | ')} |`).join('\n');
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The recorded long runs. */
function longRuns(): readonly LongRun[] {
  const file = join(root, 'test/differential/long-run.json');
  return JSON.parse(readFileSync(file, 'utf8'));
}

function instructionSection(): string {
  const executed = new Set([...integerFamily.rows, ...fpSimdFamily.rows]);
  const fpSimd = new Set(fpSimdRows);
  const rows = classes.map(([name, all]) => {
    const run = all.filter(row => executed.has(row));
    const isFp = all.every(row => fpSimd.has(row));
    const cases = isFp ? defaults.fpSimdCases : defaults.integerCases;
    const words = isFp ? defaults.fpSimdWords : defaults.integerWords;
    return [name, all.length, run.length, run.length * cases, all.length * words] as const;
  });
  const total = ['All', ...[1, 2, 3, 4].map(n => sum(rows.map(row => row[n] as number)))];
  if (total[1] !== integerRows.length + fpSimdRows.length)
    throw new Error('A class of instruction rows is missing here.');
  const runs = longRuns();
  const ofAll = (key: 'cases' | 'wordsPerRow' | 'words' | 'leftOut') => count(sum(runs.map(run => run[key])));
  const long = `The recorded long runs (\`npm run difftest -- --seed S --record\`, with the seeds ${runs.map(({ seed }) => seed).join(' and ')}) executed ${ofAll('cases')} cases, at least ${ofAll('wordsPerRow')} words of each of ${count(Math.min(...runs.map(({ rows }) => rows)))} rows, and disassembled ${ofAll('words')} words. They found no difference but the known ones (${ofAll('leftOut')} cases left out).`;
  return `## Instructions

A row is an encoding: it decodes, disassembles, and has semantics. "Executed" are the rows that run as single
instructions at EL0 here and under qemu-aarch64 7.2, with registers, flags, FPSR and memory compared; operands reach the
corners of every format, FPCR has every rounding mode, FZ, FZ16, DN and AHP. "Cases" and "words" are those of every run
of the tests; each test draws the same ones unless it is given a seed. Rows that are not executed so change system state: the programs
below run them.

${table(['class', 'rows', 'executed against QEMU', 'cases', 'words against LLVM 14'], [...rows, total])}

Besides, ${count(defaults.randomIntegerWords)} words from outside of FP and SIMD data processing and ${count(defaults.randomFpSimdWords)} from inside are drawn without regard to
the tables: both sides reject them, or both print the same text.

${long}`;
}

const groupText: Readonly<Record<Group, string>> = {
  EL0: 'EL0',
  EL1: 'EL1',
  EL2: 'EL2',
  EL3: 'EL3',
  GIC: 'GIC CPU interface, physical and virtual',
  Timer: 'Generic timers',
  Debug: 'Debug',
  PMU: 'Performance monitors',
  ID: 'Identification',
};

function registerSection(): string {
  const groups = [...new Set(registers.map(row => row.group))];
  const rows = groups.map(group => {
    const own = registers.filter(row => row.group === group);
    const fields = sum(
      own.filter(row => !row.alias).map(row => layoutOf(row).filter(f => !/^RES[01]$/.test(f.name)).length),
    );
    const features = new Set(own.flatMap(row => row.options.feature?.split('|') ?? []));
    return [
      groupText[group],
      own.length,
      fields,
      own.filter(row => row.options.vncr !== undefined).length,
      [...features].sort().join(' '),
    ] as const;
  });
  const kinds = [...new Set(instructions.map(row => row.name.split(' ')[0]))].map(kind => {
    const own = instructions.filter(row => row.name.split(' ')[0] === kind);
    const features = new Set(own.flatMap(row => row.feature?.split('|') ?? []));
    return [kind, own.length, [...features].sort().join(' ')] as const;
  });
  return `## System registers

${table(['group', 'registers', 'fields', 'in the VNCR_EL2 page', 'features that bring some of them'], rows)}

${count(registers.length)} registers, \`_EL12\` and \`_EL02\` names among them. A PE can have ${featureNames.length} features. Not modelled, and UNDEFINED with a
name: ${Object.values(notModelled).join(', ')}.

## System instructions

${table(['kind', 'instructions', 'features that bring some of them'], kinds)}`;
}

function trapSection(): string {
  const rules = [...controlRules, ...fineGrainedRules()];
  const controls = [...new Set(rules.map(rule => rule.control))].sort();
  const rows = controls.map(control => {
    const own = rules.filter(rule => rule.control === control);
    const fields = [...new Set(own.flatMap(rule => rule.field))];
    const shown =
      fields.length > 24 ? `${fields.slice(0, 6).join(' ')} and ${fields.length - 6} more` : fields.join(' ');
    return [control, own.length, [...new Set(own.map(rule => `EL${rule.to}`))].sort().join(', '), shown] as const;
  });
  return `## Traps

${table(['control', 'rules', 'to', 'fields'], rows)}

HSTR_EL2 traps accesses of AArch32 only, and CPTR_EL2.TTA trace registers only: there is neither.`;
}

function proofSection(): string {
  for (const { file, test } of PROOFS) {
    const text = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
    if (!["test('", 'test(`'].some(call => text.includes(call + test)))
      throw new Error(`${file} has no test "${test}".`);
  }
  const rows = PROOFS.map(({ part, what, oracle, cases, file }) => [part, what, oracle, cases, `\`${file}\``]);
  const programs = PROGRAMS.map(({ name, el, what }) => [`\`test/guests/${name}.S\``, `EL${el}`, what]);
  return `## What proves it

Instructions are above. The rest:

${table(['part', 'what', 'oracle', 'cases', 'where'], rows)}

These programs print what they see of exceptions and registers, and print the same, byte for byte, here and in
qemu-system-aarch64 7.2 (\`test/differential-system.test.ts\`); \`nested.S\` prints what QEMU 10.0 printed, which is kept
beside it:

${table(['program', 'starts at', 'what'], programs)}`;
}

function differenceSection(): string {
  const list = (of: string, differences: readonly KnownDifference[]): (readonly Cell[])[] =>
    differences.map(({ about, oracle, here }) => [of, about, oracle, here]);
  const programs = PROGRAMS.flatMap(({ name, kept, deviations = [] }) =>
    deviations.map(({ why, rule, arm, qemu }): readonly Cell[] => [
      kept ? 'QEMU 10' : 'QEMU 7.2',
      `\`${name}.S\``,
      `\`${qemu.source}\`: ${why}.`,
      `\`${arm}\`: ${rule}.`,
    ]),
  );
  return `## Open differences

Everything in which an oracle and Hyperstep differ, with the reason. The tests leave out these and nothing else.

${table(
  ['oracle', 'about', 'oracle says', 'here'],
  [
    ...list('qemu-aarch64 7.2', [...caseDifferences, ownAlgorithm]),
    ...list('LLVM 14', [...wordDifferences, ...textDifferences]),
    ...list('QEMU 10', accessDifferences),
    ...list('QEMU 7.2', [...omissions, ...modelDifferences, ...identificationDifferences]),
    ...programs,
  ],
)}`;
}

function gapSection(): string {
  return `## What is missing

${table(
  ['what', 'instead'],
  GAPS.map(({ what, instead }) => [what, instead]),
)}`;
}

/** The whole document. Throws a sentence when a table names a test that is not there. */
export function coverage(): string {
  return `<!-- Written by npm run docs:coverage from the tables. Edits are lost. -->

# Coverage

What of the Arm architecture the simulated PE has, and what each part was tested against.

${[instructionSection(), registerSection(), trapSection(), proofSection(), differenceSection(), gapSection()].join('\n\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(dirname(coverageFile), { recursive: true });
  writeFileSync(coverageFile, coverage());
}
