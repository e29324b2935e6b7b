/**
 * The long form of the tests that diagnostics are right, on the A64 assembly of Linux (Debian's package of its source).
 * Files as they are have to be without a problem. Their instructions that name only registers and numbers, as they are and
 * with one thing changed, are judged by GNU as too: nothing may be said about a line that it takes.
 *
 *   npm run corpus -- [--seed S] [--slips N] [FOLDER]     FOLDER is searched instead, also for what its files include
 *
 * Ends with 1 when something was said wrongly, and prints it.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Checker } from '../../extension/language-server/diagnostics.ts';
import { isOfAnotherArchitecture } from '../../extension/language-server/other-architectures.ts';
import { Project } from '../../extension/language-server/project.ts';
import { ownSuite, Suite } from '../../scripts/images-apt.mjs';
import { assemble, numbers, slip } from '../../simulator/arch/assembly/testing/gnu-as.ts';

const cache = path.join(import.meta.dirname, '../../.cache');

/** Linux's own assembly with the headers that it includes; takes 140 MB of Debian's archive once. */
function linuxSources(): string {
  const sources = path.join(cache, 'corpus');
  if (existsSync(path.join(sources, 'arch/arm64'))) return sources;
  const unpacked = new Suite(path.join(cache, 'apt'), ownSuite(), 'arm64').unpack('linux-source-6.1');
  const archive = path.join(unpacked, 'usr/src/linux-source-6.1.tar.xz');
  mkdirSync(sources, { recursive: true });
  const parts = ['*/arch/arm64/*', 'linux-source-6.1/include/*'];
  const { status } = spawnSync('tar', ['xf', archive, '-C', sources, '--strip-components=1', '--wildcards', ...parts]);
  if (status !== 0) throw new Error(`${archive} could not be unpacked: the packages tar and xz-utils are needed.`);
  rmSync(unpacked, { recursive: true });
  return sources;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, slips: { type: 'string', default: '40000' } },
});
const folder = path.resolve(positionals[0] ?? linuxSources());
const files = readdirSync(folder, { recursive: true })
  .map(name => path.join(folder, String(name)))
  .filter(name => /\.(h|inc|S|s|macro|a64)$/.test(name));
const uris = files.map(file => pathToFileURL(file).href);
const host = {
  read: async (uri: string) => {
    const file = fileURLToPath(uri);
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined;
  },
  find: async (glob: string) => (glob.includes('h,') ? uris : uris.filter(uri => /\.(S|s|a64)$/.test(uri))),
};
const includes = ['arch/arm64/include', 'include'].map(name => pathToFileURL(path.join(folder, name)).href);
const project = new Project(host, includes);

/** Registers, numbers, shifts and conditions: what stands for itself in any file. */
const PLAIN =
  /^([xwvqdshb]\d+\b|sp\b|wsp\b|[xw]zr\b|lr\b|#?-?(0x[\da-f]+|\d+)\b|[[\]!{},.\s-]|lsl\b|lsr\b|asr\b|[us]xt[bhwx]\b|[1248]*[bhsdq]\b)*$/i;

let wrong = 0;
let lines = 0;
const found = new Set<string>();
await project.loadWorkspace();
for (const uri of uris.filter(one => /\.[sS]$/.test(one) && !isOfAnotherArchitecture(one))) {
  const document = project.open(uri, readFileSync(fileURLToPath(uri), 'utf8'));
  await project.loadIncludes(document);
  for (const { line, text } of new Checker(project, undefined).check(document)) {
    console.log(`${path.relative(folder, fileURLToPath(uri))}:${line + 1}: ${text}`);
    wrong++;
  }
  lines += document.lines.length;
  for (const { statements } of document.lines) {
    for (const { kind, name, operands } of statements) {
      if (kind !== 'instruction' || !name || !/^[a-z][a-z\d.]*$/i.test(name.text)) continue;
      if (operands.text && PLAIN.test(operands.text)) found.add(`${name.text} ${operands.text}`.toLowerCase());
    }
  }
  project.close(uri);
}

// What no assembler takes as it stands is a macro of these files.
const taken = [...found];
const first = assemble(taken);
const good = taken.filter((_, n) => first.said[n] === undefined);
const next = numbers(Number(values.seed));
const slips = Array.from({ length: Number(values.slips) }, () => slip(good[next(good.length)], next));
const judged = [...new Set([...good, ...slips])];
const { said } = assemble(judged);
let refused = 0;
let caught = 0;
const alone = new Project({ read: async () => undefined, find: async () => [] });
const document = alone.open('file:///lines.S', judged.map(line => `\t${line}`).join('\n'));
const complaints = new Map(new Checker(alone, undefined).check(document).map(({ line, text }) => [line, text]));
judged.forEach((line, n) => {
  const complaint = complaints.get(n);
  if (said[n]?.startsWith('Error')) {
    refused++;
    if (complaint !== undefined) caught++;
  } else if (said[n] === undefined && complaint !== undefined) {
    console.log(`${line}: ${complaint} The assembler takes it.`);
    wrong++;
  }
});
console.log(
  `${lines} lines of files, ${judged.length} lines made of ${good.length} of their instructions: ${wrong} judged wrongly. ${caught} of ${refused} that the assembler refuses were marked.`,
);
if (wrong > 0 || good.length < 100) process.exitCode = 1;
