import { access, readFile } from 'node:fs/promises';
import type { Files } from './files.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
};

/** Files of the disk. */
export const nodeFiles: Files = {
  async read(path) {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      throw new Error(`${path} cannot be read: ${REASONS[code] ?? (error as Error).message}.`);
    }
  },
  exists: path =>
    access(path).then(
      () => true,
      () => false,
    ),
};
