// Builds the extension and packs it: what a user installs, and what `npm start` and the tests of the window install.
//
//   node scripts/package.mjs    writes build/hyperstep.vsix and lists what is in it
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { build, fail, installDependencies, isMain, root, run } from './setup.mjs';

/** The packed extension. */
export const vsix = path.join(root, 'build/hyperstep.vsix');

/** Packs what scripts/build.mjs has built. */
export function pack() {
  mkdirSync(path.dirname(vsix), { recursive: true });
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  // Everything is bundled, so no package of node_modules belongs in; the README keeps its links as they are.
  const options = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', vsix];
  run(process.execPath, [vsce, 'package', ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
}

if (isMain(import.meta.url)) {
  try {
    installDependencies();
    build();
    pack();
  } catch (error) {
    fail(error);
  }
}
