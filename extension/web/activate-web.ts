// Entry of the extension in the extension host of a browser: the machine runs in a worker, with no server at all.

import * as vscode from 'vscode';
import { type HyperstepApi, register } from '../activate.ts';
import { browserClient } from '../language/client-browser.ts';
import { WorkerAdapter } from './adapter.ts';

async function readStart(file: vscode.Uri, bytes: number): Promise<Uint8Array | undefined> {
  try {
    return (await vscode.workspace.fs.readFile(file)).subarray(0, bytes);
  } catch {
    return undefined;
  }
}

export function activate(context: vscode.ExtensionContext): HyperstepApi {
  const script = vscode.Uri.joinPath(context.extensionUri, 'dist/web/debug-adapter.js');
  return register(context, {
    debugAdapters: {
      createDebugAdapterDescriptor: () => new vscode.DebugAdapterInlineImplementation(new WorkerAdapter(script)),
    },
    languageClient: browserClient(context.extensionUri),
    readStart,
    pathOf: file => file.toString(),
    findProgram: async () => false,
  });
}
