// Types of images-apt.mjs for the tests.

/** The code name of the running Debian, such as `bookworm`. Throws a sentence on another system. */
export function ownSuite(): string;

/** Package lists of one suite for one architecture, in a folder of their own. */
export class Suite {
  constructor(root: string, suite: string, architecture: string);
  /** Downloads packages and returns the folder that they were unpacked into. Throws a sentence when it cannot. */
  unpack(...names: string[]): string;
}
