// Starts the debug adapter as a process of its own, so that a busy machine never holds up the extension host.

import * as vscode from 'vscode';

export class AdapterFactory implements vscode.DebugAdapterDescriptorFactory {
  readonly #program: string;

  /** `program` is the bundled `hyperstep` command. */
  constructor(program: string) {
    this.#program = program;
  }

  createDebugAdapterDescriptor(): vscode.DebugAdapterDescriptor {
    // The runtime of the extension host is a Node of version 20 or later; on the desktop it is Electron's.
    const env = process.versions['electron'] ? { ELECTRON_RUN_AS_NODE: '1' } : undefined;
    return new vscode.DebugAdapterExecutable(process.execPath, [this.#program, 'dap'], env && { env });
  }
}
