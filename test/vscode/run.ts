// Runs the suite in the real VS Code, or only the files whose names begin with an argument: in the executable that
// VSCODE_EXECUTABLE names, else in the workbench that `npm run setup` installed. Needs Node 22 or later, as @vscode/test-electron does.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import * as esbuild from 'esbuild';
import { repository } from './workbench/paths.ts';

const wanted = process.argv.slice(2);
const chosen = (name: string) => wanted.length === 0 || wanted.some(one => name.startsWith(one));
const suite = path.join(import.meta.dirname, 'suite');
const outdir = path.join(repository, 'build/vscode-suite');

fs.rmSync(outdir, { recursive: true, force: true });
await esbuild.build({
  entryPoints: fs
    .readdirSync(suite)
    .filter(name => name === 'index.ts' || (name.endsWith('.test.ts') && chosen(name)))
    .map(name => path.join(suite, name)),
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode', 'mocha'],
  sourcemap: 'inline',
});

process.env['HYPERSTEP_NODE'] = process.execPath;
process.env['HYPERSTEP_SCREENSHOTS'] ??= path.join(repository, 'build/screenshots');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hyperstep-suite-'));
try {
  await runTests({
    vscodeExecutablePath: process.env['VSCODE_EXECUTABLE'] ?? path.join(import.meta.dirname, 'workbench/code'),
    extensionDevelopmentPath: repository,
    extensionTestsPath: path.join(outdir, 'index.cjs'),
    launchArgs: [
      path.join(repository, 'simulator/hypervisors/first-light'),
      '--user-data-dir',
      path.join(scratch, 'data'),
      '--extensions-dir',
      path.join(scratch, 'extensions'),
      '--disable-extensions',
    ],
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  fs.rmSync(scratch, { recursive: true, force: true });
}
