// Finds the files that a dynamically linked program needs: its loader and, over and over, the libraries that the ELF
// files name.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** Names of libraries and loader that an ELF file of any architecture asks for. */
function needed(file) {
  const { stdout, status } = spawnSync('readelf', ['--wide', '--dynamic', '--program-headers', file], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`readelf cannot read ${file}: install binutils.`);
  return [
    ...[...stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(match => match[1]),
    ...[...stdout.matchAll(/program interpreter: (.*)\]/g)].map(match => basename(match[1])),
  ];
}

/**
 * A map from the name of each library that `program` needs, the loader among them, to its file below `folder`, where
 * packages were unpacked. Throws a sentence when one is not there.
 */
export function librariesOf(program, folder) {
  const places = new Map();
  for (const name of readdirSync(folder, { recursive: true })) {
    // Links point within the folder or nowhere.
    if (/\.so(\.|$)/.test(name) && !places.has(basename(name))) places.set(basename(name), join(folder, name));
  }
  const found = new Map();
  const visit = file => {
    for (const name of needed(file)) {
      if (found.has(name)) continue;
      const library = places.get(name);
      if (!library || !statSync(library, { throwIfNoEntry: false }))
        throw new Error(`No package has ${name}, which ${relative(folder, file)} needs.`);
      found.set(name, library);
      visit(library);
    }
  };
  visit(program);
  return found;
}
