// What differs between the extension host of a desktop or a server, which is a Node, and that of a browser.

import type * as vscode from 'vscode';
import type { MakeClient } from './language/index.ts';

export interface Platform {
  readonly debugAdapters: vscode.DebugAdapterDescriptorFactory;
  readonly languageClient: MakeClient;
  /** The first bytes of a file, fewer at its end; undefined when it cannot be read. */
  readStart(file: vscode.Uri, bytes: number): Promise<Uint8Array | undefined>;
  /** How the debug adapter is told of a file. */
  pathOf(file: vscode.Uri): string;
  /** Whether a program of this name is on the PATH; never in a browser. */
  readonly findProgram: (name: string) => Promise<boolean>;
}
