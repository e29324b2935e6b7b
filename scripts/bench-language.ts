/**
 * Measures what a keystroke costs in a file of 50,000 lines of assembly: the edit, and the judgement of the file after it.
 *
 *     npx tsx scripts/bench-language.ts [lines]
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { completionsAt } from '../extension/language-server/completion.ts';
import { Checker } from '../extension/language-server/diagnostics.ts';
import type { Document } from '../extension/language-server/document.ts';
import { constantHints } from '../extension/language-server/hints.ts';
import { outlineEntries, referencesAt } from '../extension/language-server/navigation.ts';
import { Project } from '../extension/language-server/project.ts';

const wanted = Number(process.argv[2] ?? 50_000);
const folder = path.join(import.meta.dirname, '../simulator/hypervisors');
const sources = readdirSync(folder, { recursive: true })
  .map(String)
  .filter(name => name.endsWith('.S'))
  .sort()
  .map(name => readFileSync(path.join(folder, name), 'utf8').replace(/^\s*#include.*$/gm, ''));

/** The assembly of the built-in systems over and over, with labels of its own each time. */
function source(): string {
  const lines: string[] = [];
  for (let n = 0; lines.length < wanted; n++) {
    const text = sources[n % sources.length].replace(/^([A-Za-z_]\w*):/gm, `$1_${n}:`);
    for (const line of text.split('\n')) lines.push(line);
  }
  return lines.slice(0, wanted).join('\n');
}

function measure<T>(what: string, run: () => T): T {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  console.log(`${what.padEnd(44)}${((user + system) / 1000).toFixed(1).padStart(9)} ms of CPU time`);
  return result;
}

const project = new Project({ read: async () => undefined, find: async () => [] });
const checker = new Checker(project, undefined);
const text = source();
const document: Document = measure(`open ${wanted} lines`, () => project.open('file:///large.S', text));
measure('judge them for the first time', () => checker.check(document));

const typed = '\tmsr hcr_el2, x0';
const line = wanted >> 1;
document.edit({ start: { line, character: 0 }, end: { line, character: 0 } }, '\n');
const edits: number[] = [];
const judgements: number[] = [];
const elapsed = (run: () => unknown): number => {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};
for (const [character, letter] of [...typed].entries()) {
  const place = { line, character };
  edits.push(elapsed(() => document.edit({ start: place, end: place }, letter)));
  judgements.push(elapsed(() => checker.check(document)));
}
const worst = (times: readonly number[]): string => Math.max(...times).toFixed(1);
const middle = (times: readonly number[]): string => [...times].sort((a, b) => a - b)[times.length >> 1].toFixed(1);
console.log(`a keystroke: the edit ${middle(edits)} ms (at worst ${worst(edits)})`);
console.log(`then to judge the file ${middle(judgements)} ms (at worst ${worst(judgements)})`);
measure('completion', () => completionsAt(project, document, { line, character: typed.length }));
measure('references', () =>
  referencesAt(project, document, { line: document.outline.definitions[0].line, character: 1 }),
);
measure('outline', () => outlineEntries(document));
measure('hints of 60 lines', () => constantHints(project, document, line - 30, line + 30));
