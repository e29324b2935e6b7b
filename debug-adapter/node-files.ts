import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import type { Files } from './files.ts';
import { type ByteSource, sourceOf } from './symbols/bytes.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'permission is denied',
};

function cannotRead(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new Error(`${path} cannot be read: ${REASONS[code] ?? (error as Error).message}.`);
}

/** Files up to this are read as a whole, so that they may be built anew while a session goes on. */
const SMALL = 2 ** 25;

/** Descriptors are closed when nobody has the file any more. */
const forgotten = new FinalizationRegistry<number>(descriptor => closeSync(descriptor));

function openLarge(path: string, descriptor: number, size: number): ByteSource {
  const source: ByteSource = {
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
        if (count === 0) throw new Error(`${path} has become shorter since it was opened: restart the session.`);
        filled += count;
      }
      return bytes;
    },
  };
  forgotten.register(source, descriptor);
  return source;
}

/** Files of the disk. */
export const nodeFiles: Files = {
  async read(path) {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      throw cannotRead(path, error);
    }
  },
  async open(path) {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r');
      const { size } = fstatSync(descriptor);
      if (size > SMALL) return openLarge(path, descriptor, size);
    } catch (error) {
      throw cannotRead(path, error);
    }
    closeSync(descriptor);
    return sourceOf(await this.read(path));
  },
  exists: path =>
    access(path).then(
      () => true,
      () => false,
    ),
};
