/**
 * The interpreter that was generated when a bundle was built: to generate it anew takes a tenth of a second. Where the
 * sources run as they are there is none; scripts/prepare-interpreter.mjs puts one in the place of this file.
 */

export interface Prepared {
  /** Which one, see `interpreterKey` in engine.ts. */
  readonly key: string;
  /** Names of the handlers by number, apart by commas. */
  readonly names: string;
  readonly firstFunction: number;
  readonly firstRegion: number;
  /** The module, deflated, in base64. */
  readonly deflated: string;
}

export const prepared = undefined as Prepared | undefined;
