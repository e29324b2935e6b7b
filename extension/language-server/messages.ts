/** What client and server say to each other beyond the language server protocol. */

/** Server to client: contents of a file, or null. */
export const READ_FILE = 'hyperstep/readFile';
/** Server to client: URIs of the files that match a glob pattern. */
export const FIND_FILES = 'hyperstep/findFiles';
/** Server to client: values of registers in the stopped machine. */
export const LIVE_VALUES = 'hyperstep/liveValues';
/** Server to client: what instructions of a file would do now. */
export const WOULD = 'hyperstep/would';
/** Client to server, without arguments: the machine stopped, went on or ended. */
export const MACHINE_CHANGED = 'hyperstep/machineChanged';

export interface ReadFileParams {
  readonly uri: string;
}
export interface FindFilesParams {
  readonly glob: string;
}
export interface LiveValuesParams {
  readonly registers: readonly string[];
}
/** Hexadecimal by name; null when no machine is stopped. */
export interface LiveValuesResult {
  readonly values: Readonly<Record<string, string>>;
  /** Which PE, and at which level it stands. */
  readonly from: string;
}
export interface WouldParams {
  /** The file that the instructions stand in. */
  readonly uri: string;
  /** Questions as the adapter takes them: `msr HCR_EL2`, `wfi`. */
  readonly questions: readonly string[];
}
/** An answer for each question, null where there is none; null when no stopped PE is in the file. */
export type WouldResult = readonly (string | null)[] | null;

export interface Settings {
  /** PE model whose registers are used; any when empty. */
  readonly cpu: string;
  readonly diagnostics: boolean;
  readonly inlayHints: boolean;
  /** Folders for includes, as URIs. */
  readonly includeFolders: readonly string[];
  /** The bundle of the user's language; English where it is missing. */
  readonly texts?: Readonly<Record<string, unknown>>;
}
