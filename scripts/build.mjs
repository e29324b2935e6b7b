// Builds what ships into dist/: the extension and the `hyperstep` program, which is also the debug adapter.
//
//   node scripts/build.mjs [--dev] [--watch]
//
// --dev adds source maps and keeps names readable. The simulator's core is compiled to WebAssembly first; its generated
// TypeScript file is bundled like any other.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { preparedInterpreter } from './prepare-interpreter.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dev = process.argv.includes('--dev');
const watch = process.argv.includes('--watch');

// Bundled CommonJS packages ask for Node's own modules through `require`, which an ES module does not have.
const requireForModules = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
].join('\n');

/** @type {esbuild.BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: dev ? 'linked' : false,
  minify: !dev,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [preparedInterpreter],
};

/** @type {esbuild.BuildOptions[]} */
const bundles = [
  {
    ...common,
    entryPoints: [
      'extension/webviews/timeline.ts',
      'extension/webviews/world-switch.ts',
      'extension/webviews/style.css',
    ],
    outdir: 'dist/webviews',
    platform: 'browser',
    format: 'iife',
  },
  {
    ...common,
    entryPoints: ['extension/activate-node.ts'],
    outfile: 'dist/extension.cjs',
    format: 'cjs',
    // The client of the language server is a file of its own, loaded with the first assembly file: activation is quicker.
    alias: { 'vscode-languageclient/node': './language-client.cjs' },
    external: ['vscode', './language-client.cjs'],
  },
  {
    ...common,
    entryPoints: ['vscode-languageclient/node'],
    outfile: 'dist/language-client.cjs',
    format: 'cjs',
    external: ['vscode'],
  },
  {
    ...common,
    entryPoints: ['extension/language-server/node.ts'],
    outfile: 'dist/language-server.cjs',
    format: 'cjs',
  },
  {
    ...common,
    entryPoints: ['extension/language-server/browser.ts'],
    outfile: 'dist/web/language-server.js',
    platform: 'browser',
    format: 'iife',
  },
  {
    ...common,
    entryPoints: ['extension/web/activate-web.ts'],
    outfile: 'dist/web/extension.cjs',
    platform: 'browser',
    format: 'cjs',
    external: ['vscode'],
  },
  {
    ...common,
    entryPoints: { 'debug-adapter': 'debug-adapter/worker.ts' },
    outdir: 'dist/web',
    platform: 'browser',
    format: 'iife',
  },
  {
    ...common,
    entryPoints: ['debug-adapter/bin.ts'],
    outfile: 'dist/hyperstep.mjs',
    format: 'esm',
    banner: { js: `#!/usr/bin/env node\n${requireForModules}` },
  },
];

const { status } = spawnSync(process.execPath, ['scripts/build-core.mjs'], { stdio: 'inherit', cwd: root });
if (status !== 0) process.exit(status ?? 1);

try {
  if (watch) {
    for (const bundle of bundles) await (await esbuild.context(bundle)).watch();
    console.log('Watching for changes; Ctrl+C ends.');
  } else {
    await Promise.all(bundles.map(bundle => esbuild.build(bundle)));
  }
} catch {
  process.exit(1); // esbuild has printed what and where.
}
