/** Where the adapter gets files from: the disk in Node, something else in a browser. */
export interface Files {
  /** Contents of a file. Rejects with a sentence when it cannot be read. */
  read(path: string): Promise<Uint8Array>;
  exists(path: string): Promise<boolean>;
}
