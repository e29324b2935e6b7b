// Runs every test, on a fresh machine too: installs what is missing, builds, runs each runner, and ends with one line that
// counts tests over all of them.
//
//   npm test                  everything
//   npm test -- unit vscode   these runners only: checks, unit, e2e, vscode, ui
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pack } from './package.mjs';
import {
  build,
  fail,
  installDebianPackages,
  installDependencies,
  installWorkbench,
  root,
  run,
  workbenchNode,
} from './setup.mjs';

const results = path.join(root, 'build/test-results');
const binary = name => path.join(root, 'node_modules/.bin', name);

/** Files below a folder whose names end so, as paths from the root. */
function files(folder, ending) {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { recursive: true })
    .map(name => path.join(folder, name))
    .filter(name => name.endsWith(ending) && !name.includes('node_modules'))
    .sort();
}

/** Runs a program; true when it ends with 0. */
function succeeds(program, args, env = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) console.error(`${program} could not be started: ${error.message}.`);
  return status === 0;
}

/** A check that passes or fails as a whole counts as one test. */
function check(program, args) {
  return succeeds(program, args) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

const sum = counts =>
  counts.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), { passed: 0, failed: 0 });

/** Runs test files with node:test. A runner that ends badly without a failed test counts as one failure. */
function nodeTest(name, testFiles, { node = process.execPath, concurrency = 2, loader = ['--import', 'tsx'] } = {}) {
  if (testFiles.length === 0) return { passed: 0, failed: 0 };
  const tap = path.join(results, `${name}.tap`);
  const args = [
    ...loader,
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${tap}`,
    ...testFiles,
  ];
  const ok = succeeds(node, args);
  const text = existsSync(tap) ? readFileSync(tap, 'utf8') : '';
  const count = word => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  return { passed: count('pass'), failed: ok ? failed : Math.max(1, failed) };
}

function vscodeSuite() {
  const file = path.join(results, 'vscode.json');
  const ok = succeeds(workbenchNode, ['test/vscode/run.ts'], { HYPERSTEP_RESULTS: file });
  const { passed, failed } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: 0 };
  return { passed, failed: ok ? failed : Math.max(1, failed) };
}

const unitFiles = () =>
  ['simulator', 'debug-adapter', 'extension', 'scripts'].flatMap(folder => files(folder, '.test.ts'));
const endToEndFiles = () => files('test', '.test.ts').filter(name => !name.startsWith(path.join('test', 'vscode')));

/** In this order: the quick ones first. */
const runners = {
  checks: () =>
    sum([
      check(binary('biome'), ['ci', '--colors=off', '.']),
      check(binary('tsc'), ['--noEmit', '-p', 'tsconfig.json']),
    ]),
  unit: () => nodeTest('unit', unitFiles()),
  e2e: () => nodeTest('e2e', endToEndFiles(), { concurrency: 1 }),
  vscode: vscodeSuite,
  ui: () => nodeTest('ui', files('test/vscode/ui', '.test.ts'), { node: workbenchNode, concurrency: 1, loader: [] }),
};

const chosen = process.argv.slice(2);
const unknown = chosen.find(name => !(name in runners));
if (unknown) fail(new Error(`There is no runner ${unknown}: choose from ${Object.keys(runners).join(', ')}.`));
const wanted = Object.keys(runners).filter(name => chosen.length === 0 || chosen.includes(name));
const needs = (...names) => names.some(name => wanted.includes(name));

try {
  installDependencies();
  if (needs('unit', 'e2e')) installDebianPackages('comparison');
  if (needs('vscode', 'ui')) {
    installDebianPackages('window');
    installWorkbench();
  }
  build();
  if (needs('ui')) pack();
  if (needs('unit', 'e2e', 'vscode', 'ui')) run(process.execPath, ['scripts/images.mjs']);
} catch (error) {
  fail(error);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
const counts = wanted.map(name => {
  console.log(`\n== ${name} ==`);
  const started = Date.now();
  const { passed, failed } = runners[name]();
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`== ${name}: ${passed} passed, ${failed} failed, ${seconds} s ==`);
  // A runner that found nothing to run is broken, not content.
  return passed + failed === 0 ? { passed: 0, failed: 1 } : { passed, failed };
});
console.log('\nPassed and failed by runner:');
for (const [index, name] of wanted.entries()) {
  console.log(`  ${name.padEnd(8)} ${counts[index].passed} passed, ${counts[index].failed} failed`);
}
const { passed, failed } = sum(counts);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
