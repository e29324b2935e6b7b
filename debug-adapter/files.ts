import type { ByteSource } from './symbols/bytes.ts';

/** Where the adapter gets files from: the disk in Node, something else in a browser. */
export interface Files {
  /** Contents of a file. Rejects with a sentence when it cannot be read. */
  read(path: string): Promise<Uint8Array>;
  /** A file of which parts are read, for those that are large. Rejects with a sentence. */
  open(path: string): Promise<ByteSource>;
  exists(path: string): Promise<boolean>;
}
